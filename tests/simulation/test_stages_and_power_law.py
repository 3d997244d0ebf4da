"""Students whose skills grow in stages or by the power law of practice, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import (
    Course,
    baselines,
    run_episode,
    simulators,
)
from adaptlearn.simulation.students import Disengaging, PowerLawLearners, StageLearners

KINDS = ("stages", "power_law")
N = 40_000


def margin(n: int) -> float:
    """A rate of n draws lies within it of its probability but once in 10^5 tests."""
    return 4.5 * 0.5 / np.sqrt(n)


def test_they_follow_the_curriculum():
    graph = {"skills": ["a", "b", "c"], "prerequisites": [["a", "c"], ["c", "b"]]}
    made: dict[str, Any] = simulators(Course.of(Curriculum.from_dict(graph)))
    assert made["stages"].parents.tolist() == [[3], [2], [0]]
    students = made["power_law"].start(1, np.random.default_rng(17))
    before = students.knowledge()
    students.answer(np.array([0]), np.random.default_rng(17))
    assert (students.knowledge() > before).tolist() == [[True, False, True]]


def test_stages_follow_their_chain():
    simulator = StageLearners(
        1, prior=0.1, prior_shaky=0.3, grasp=0.4, settle=0.5, fall_back=0.3, guess=0.2, shaky=0.6,
        slip=0.1, differences=None,
    )  # fmt: skip
    rng = np.random.default_rng(18)
    students = simulator.start(N, rng)
    stage = np.array([0.9 * 0.7, 0.9 * 0.3, 0.1])
    onward, back = 0.6 * 0.5, 0.4 * 0.3
    step = np.array([[0.6, 0.4, 0], [back, 1 - onward - back, onward], [0, 0, 1]])
    for _ in range(8):
        knowledge = students.knowledge()[:, 0]
        for value, share in zip((0, 0.5, 1), stage, strict=True):
            assert (knowledge == value).mean() == pytest.approx(share, abs=margin(N))
        np.testing.assert_array_equal(students.knows()[:, 0], knowledge == 1)
        right = students.answer(np.zeros(N, int), rng).mean()
        assert right == pytest.approx(stage @ [0.2, 0.6, 0.9], abs=margin(N))
        stage = stage @ step


def test_what_is_shaky_settles_after_success_and_falls_back_after_an_error():
    simulator = StageLearners(
        1, prior=0, prior_shaky=1, settle=0.7, fall_back=0.4, guess=0, shaky=0.5, differences=None
    )
    rng = np.random.default_rng(19)
    students = simulator.start(N, rng)
    right = students.answer(np.zeros(N, int), rng)
    knowledge = students.knowledge()[:, 0]
    for among, end, share in ((right, 1, 0.7), (~right, 0, 0.4)):
        moved = knowledge[among] != 0.5
        assert set(knowledge[among][moved]) == {end}
        assert moved.mean() == pytest.approx(share, abs=margin(among.sum()))


def test_only_what_is_fluent_is_a_basis():
    simulator = StageLearners(
        2, prior=[0.3, 0], prior_shaky=[0.5, 0], grasp=[0.9, 0.8], settle=1, unready=0.25,
        prerequisites=[(0, 1)], differences=None,
    )  # fmt: skip
    rng = np.random.default_rng(20)
    students = simulator.start(N, rng)
    basis = students.knowledge()[:, 0]
    students.answer(np.ones(N, int), rng)
    grasped = students.knowledge()[:, 1] == 0.5
    for stage, rate in ((0, 0.2), (0.5, 0.2), (1, 0.8)):
        among = basis == stage
        assert grasped[among].mean() == pytest.approx(rate, abs=margin(among.sum()))


def test_errors_above_the_floor_fall_on_a_line_in_logarithms():
    simulator = PowerLawLearners(
        1, error=0.8, slip=0.1, rate=0.7, experience=0, differences=None
    )  # fmt: skip
    rng = np.random.default_rng(21)
    students, skill = simulator.start(1, rng), np.array([0])
    errors = []
    for _ in range(30):
        errors.append(1 - students.p_correct(skill)[0])
        students.answer(skill, rng)
    line = np.log(0.7) - 0.7 * np.log(np.arange(1, 31))
    np.testing.assert_allclose(np.log(np.array(errors) - 0.1), line)


def test_practice_carries_over_to_what_builds_on_it():
    simulator = PowerLawLearners(
        4, error=1, slip=0, experience=0, transfer=0.6, prerequisites=[(0, 2), (1, 2), (2, 3)],
        differences=None,
    )  # fmt: skip
    rng = np.random.default_rng(22)
    students = simulator.start(1, rng)
    for skill, times in ((0, 5), (2, 2)):
        for _ in range(times):
            students.answer(np.array([skill]), rng)
    # Of two prerequisites each counts half, of one the whole; never backwards, nor two steps on.
    practice = np.array([5, 0, 2 + 5 * 0.6 / 2, 2 * 0.6])
    np.testing.assert_allclose(students.knowledge()[0], 1 - 1 / (1 + practice))


@pytest.mark.parametrize("tries", [True, False])
def test_episodes_note_what_practice_of_another_skill_made_known(tries):
    course = Course.of(Curriculum.from_dict({"skills": ["a", "b"], "prerequisites": [["a", "b"]]}))
    made: Any = PowerLawLearners(
        2, experience=0, transfer=1, prerequisites=[(0, 1)], differences=None
    )
    students = made if tries else Disengaging(made, leave=0)
    episode = run_episode(students, baselines(course)["fixed_order"], course, n_students=5)
    # Each answer on the first counts as much for the second.
    after = episode.known_after[:, 0]
    assert (after > 0).all()
    np.testing.assert_array_equal(episode.known_after[:, 1], after)
    np.testing.assert_array_equal(episode.known_at[:, 1], episode.known_at[:, 0])
    np.testing.assert_array_equal(episode.known_answers[:, 1], episode.answers[:, 1])


def test_what_students_bring_is_log_normal():
    simulator = PowerLawLearners(1, error=1, slip=0, experience=2, chance=0.5, differences=None)
    students = simulator.start(N, np.random.default_rng(23))
    brought = np.log(1 / (1 - students.knowledge()[:, 0]) - 1)
    assert brought.mean() == pytest.approx(np.log(2), abs=0.02)
    assert brought.std() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", KINDS)
def test_most_skills_take_some_answers_and_not_many(name):
    # Each a skill without prerequisites; of who does not know it at the start.
    alone = Course.of(Curriculum.from_dict({"skills": list(range(20)), "prerequisites": []}))
    rng = np.random.default_rng(24)
    students, skills = simulators(alone)[name].start(4000, rng), np.arange(4000) % 20
    rows = np.arange(4000)
    knew = students.knows()[rows, skills]
    after = []
    for _ in range(30):
        students.answer(skills, rng)
        after.append(students.knows()[rows, skills])
    first = np.argmax([*after, np.ones(4000, bool)], axis=0) + 1
    assert 3 <= np.median(first[~knew]) <= 10
    assert (first[~knew] <= 30).mean() > 0.9


def test_arguments_are_checked_at_once():
    stages: Any = StageLearners
    with pytest.raises(ParameterError) as caught:
        stages(2, prior=-1, grasp=[0.1], slip="low")
    assert [problem.split()[0] for problem in caught.value.problems] == ["prior", "grasp", "slip"]
    for order in ({"guess": [0.2, 0.7]}, {"slip": [0.4, 0.5]}, {"shaky": [0.2, 0.1]}):
        with pytest.raises(ParameterError, match="not so for skills 1"):
            stages(2, **order)
    with pytest.raises(ParameterError, match="unready must be"):
        stages(2, unready=2)
    power: Any = PowerLawLearners
    with pytest.raises(ParameterError) as caught:
        power(2, chance=-1, transfer=2, shape="line", level=1)
    assert len(caught.value.problems) == 4
    with pytest.raises(ParameterError) as caught:
        power(2, error=2, slip=-1, rate=-1, experience=[1])
    assert len(caught.value.problems) == 4
    with pytest.raises(ParameterError, match="slip must be at most error; not so for skills 0"):
        power(2, error=[0.1, 0.3], slip=0.2)
    for kind in (stages, power):
        with pytest.raises(ParameterError, match="numbered from 0 to 1"):
            kind(2, prerequisites=[(0, 2)])
