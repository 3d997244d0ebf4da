"""The Gymnasium environment."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import Course, TwoState, run_episode, simulators
from adaptlearn.simulation.gym import TutoringEnv
from adaptlearn.simulation.students import StabilityMemory
from adaptlearn.simulation.teachers import (
    ArrayPolicy,
    Judgement,
    Oracle,
    moving_average,
    unfinished_lessons,
)

COURSE = Course.of(Curriculum.from_dict({"prerequisites": [["a", "b"], ["b", "c"]]}), n_items=2)
SURE = TwoState(3, prior=0, learn=1, guess=0, slip=0)


@pytest.mark.parametrize("name", simulators(COURSE))
def test_gymnasium_finds_no_fault(name):
    # There is nothing to render.
    check_env(TutoringEnv(simulators(COURSE)[name], COURSE, budget=60), skip_render_check=True)


def test_an_episode_step_by_step():
    env = TutoringEnv(SURE, COURSE, estimator=moving_average(0.4, decay=0.5), budget=20)
    observation, info = env.reset(seed=1)
    assert observation.tolist() == [0, 0, 0, 1]
    assert info["action_mask"].tolist() == [1, 0, 0]
    observation, reward, terminated, truncated, info = env.step(0)
    # Wrong, then learnt, then right.
    assert observation.tolist() == pytest.approx([0.5, 0, 0, 0.8])
    assert (reward, terminated, truncated) == (1.0, False, False)
    assert info["action_mask"].tolist() == [0, 1, 0]
    assert info["knows"].tolist() == [True, False, False]
    assert info["minutes"] == 4
    assert env.step(0)[1] == 0
    env.step(1)
    *_, terminated, truncated, info = env.step(2)
    assert info["knows"].all()
    assert terminated
    assert not truncated


def test_who_knows_all_when_time_is_over_has_succeeded():
    env = TutoringEnv(SURE, COURSE, budget=12)
    env.reset(seed=0)
    ends = [env.step(lesson)[2:4] for lesson in range(3)]
    assert ends == [(False, False), (False, False), (True, False)]


def test_memories_fade_while_others_are_practised():
    quick = StabilityMemory(3, prior=0, learn=1, first=0.001, slip=0, differences=None)
    env = TutoringEnv(quick, COURSE, estimator=Oracle())
    env.reset(seed=0)
    for _ in range(3):
        fresh = env.step(0)[0][0]
    assert env.step(1)[0][0] < fresh


class Watch:
    """Mastered is what it is told; keeps the times of the answers it sees."""

    name, family = "watch", None

    def __init__(self, mastered=()):
        self.mastered, self.times = [*mastered], []

    def start(self, course, students):
        self.n_skills = course.n_skills
        return self

    def update(self, rows, skills, correct, time):
        self.times += time.tolist()

    def estimate(self, rows):
        value = np.zeros((len(rows), self.n_skills))
        value[:, self.mastered] = 1
        return Judgement(value, value > 0)


@pytest.mark.parametrize("minutes_per_day", [{}, {"minutes_per_day": 9}])
def test_days_are_those_of_an_episode(minutes_per_day):
    # Lessons of 4 minutes: a day may end in the middle of one.
    policy = ArrayPolicy("always the first", Watch([1, 2]), unfinished_lessons)
    episode = run_episode(
        SURE, policy, COURSE, n_students=1, budget=200, **minutes_per_day, record=True
    )
    watch = Watch()
    env = TutoringEnv(SURE, COURSE, estimator=watch, budget=200, **minutes_per_day)
    env.reset(seed=0)
    for _ in range(50):
        *_, info = env.step(0)
    assert info["minutes"] == 200
    assert episode.responses is not None
    assert watch.times == episode.responses.time.tolist()


def test_what_fades_overnight_is_taken_off_the_reward():
    quick = StabilityMemory(3, prior=0, learn=1, first=0.01, slip=0, differences=None)
    rewards = {}
    for minutes_per_day in (4, 40):
        env = TutoringEnv(quick, COURSE, minutes_per_day=minutes_per_day)
        env.reset(seed=0)
        rewards[minutes_per_day] = [env.step(lesson)[1] for lesson in (0, 1)]
    assert rewards == {4: [0, 0], 40: [1, 1]}


def test_where_no_lesson_is_open_all_are():
    watch = Watch([0])
    env = TutoringEnv(SURE, COURSE, estimator=watch)
    assert env.reset(seed=0)[1]["action_mask"].tolist() == [0, 1, 0]
    watch.mastered = [0, 1, 2]
    *_, terminated, _, info = env.step(1)
    assert not terminated
    mask = info["action_mask"]
    assert (mask.tolist(), mask.dtype) == ([1, 1, 1], np.int8)
    assert {env.action_space.sample(mask) for _ in range(50)} == {0, 1, 2}


def test_time_is_over():
    never = TwoState(3, prior=0, learn=0)
    env = TutoringEnv(never, COURSE, budget=7)
    env.reset(seed=1)
    assert env.step(0)[2:4] == (False, False)
    observation, reward, terminated, truncated, info = env.step(0)
    assert (reward, terminated, truncated) == (0, False, True)
    assert info["minutes"] == 6
    assert observation[-1] == pytest.approx(1 / 7)


def test_seeds_reproduce():
    env = TutoringEnv(TwoState(3), COURSE, estimator=Oracle())

    def run(seed):
        env.reset(seed=seed)
        return np.array([env.step(step % 3)[0] for step in range(9)])

    np.testing.assert_array_equal(run(5), run(5))
    assert not np.array_equal(run(5), run(6))


def test_what_has_no_tag_is_not_seen():
    env = TutoringEnv(SURE, COURSE.with_missing_tags(1.0))
    env.reset(seed=0)
    observation, reward, *_ = env.step(0)
    assert observation[:3].tolist() == [0, 0, 0]
    assert reward == 1


def test_arguments_are_checked():
    with pytest.raises(ParameterError) as caught:
        TutoringEnv(TwoState(2), COURSE, budget=0, minutes_per_day=1441)
    assert len(caught.value.problems) == 3
    env = TutoringEnv(SURE, COURSE)
    env.reset(seed=0)
    with pytest.raises(ParameterError, match="no lesson 3"):
        env.step(3)
