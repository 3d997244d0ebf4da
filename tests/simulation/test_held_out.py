"""The simulators kept apart from tuning: misconceptions and sessions, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import kstest, norm

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import (
    Course,
    baselines,
    held_out_simulators,
    random_course,
    run_episode,
    simulators,
)
from adaptlearn.simulation.students import MisconceptionLearners, SessionLearners

HELD_OUT = ("misconceptions", "sessions")
DAY = 86_400.0
N = 40_000
ZERO = np.zeros(N, int)


def margin(n: int) -> float:
    """A rate of n draws lies within it of its probability but once in 10^5 tests."""
    return 4.5 * 0.5 / np.sqrt(n)


def test_they_share_no_family_with_the_others():
    course = random_course(4)
    held_out = held_out_simulators(course)
    assert {name: made.family for name, made in held_out.items()} == {
        name: name for name in HELD_OUT
    }
    assert not {made.family for made in simulators(course).values()} & set(HELD_OUT)


def test_they_follow_the_curriculum():
    graph = {
        "skills": ["a", "b", "c", "d"],
        "prerequisites": [["a", "c"], ["c", "b"], ["a", "d"], ["c", "d"]],
    }
    made: dict[str, Any] = held_out_simulators(Course.of(Curriculum.from_dict(graph)))
    assert made["misconceptions"].parents.tolist() == [[4, 4], [2, 4], [0, 4], [0, 2]]
    # b and d need c; c and d need a.
    assert made["sessions"].similar.tolist() == [[4, 4], [3, 4], [3, 4], [1, 2]]


def test_misconceptions_follow_their_chain():
    simulator = MisconceptionLearners(
        1, prior=0.1, held=0.4, learn=0.3, acquire=0.25, unlearn=0.15, relapse=0, guess=0.2,
        misled_guess=0.05, slip=0.1, differences=None,
    )  # fmt: skip
    rng = np.random.default_rng(18)
    students: Any = simulator.start(N, rng)
    state = np.array([0.9 * 0.6, 0.9 * 0.4, 0.1])
    acquired = 0.8 * 0.7 * 0.25
    step = np.array([[0.7 - acquired, acquired, 0.3], [0, 0.85, 0.15], [0, 0, 1]])
    p_right = np.array([0.2, 0.05, 0.9])
    for _ in range(8):
        assert students.knows().mean() == pytest.approx(state[2], abs=margin(N))
        p = students.p_correct(ZERO)
        for each, share in zip(p_right, state, strict=True):
            assert (p == each).mean() == pytest.approx(share, abs=margin(N))
        right = students.answer(ZERO, rng).mean()
        assert right == pytest.approx(state @ p_right, abs=margin(N))
        state = state @ step


def test_who_lucks_out_acquires_no_misconception():
    simulator = MisconceptionLearners(
        1, prior=0, held=0, learn=0, acquire=0.6, guess=0.5, misled_guess=0, differences=None
    )
    rng = np.random.default_rng(19)
    students = simulator.start(N, rng)
    right = students.answer(ZERO, rng)
    misled = students.p_correct(ZERO) == 0
    assert not misled[right].any()
    assert misled[~right].mean() == pytest.approx(0.6, abs=margin((~right).sum()))


def test_only_what_was_a_misconception_comes_back_at_its_rate():
    simulator = MisconceptionLearners(
        1, prior=0, held=0.5, learn=1, unlearn=0.5, relapse=0.1, guess=0.2, misled_guess=0,
        differences=None,
    )  # fmt: skip
    rng = np.random.default_rng(20)
    students = simulator.start(N, rng)
    misled = students.p_correct(ZERO) == 0
    students.answer(ZERO, rng)
    corrected = misled & students.knows()[:, 0]
    assert corrected.sum() / misled.sum() == pytest.approx(0.5, abs=margin(misled.sum()))
    for days in (3, 10, 30):
        after = students.later(days * DAY)
        known = after.knows()[:, 0]
        share = np.exp(-0.1 * days)
        assert known[corrected].mean() == pytest.approx(share, abs=margin(corrected.sum()))
        assert known[~misled].all()
        # Back means wrong answers, and that it can be corrected once more.
        back = corrected & ~known
        assert (after.p_correct(ZERO)[back] == 0).all()
        after.answer(ZERO, rng)
        assert after.knows()[back, 0].mean() == pytest.approx(0.5, abs=margin(back.sum()))
        # ... for as long as at the first time.
        again = back & after.knows()[:, 0]
        kept = after.later(days * DAY).knows()[again, 0].mean()
        assert kept == pytest.approx(share, abs=margin(again.sum()))


def test_correcting_and_learning_need_the_basis():
    simulator = MisconceptionLearners(
        2, prior=[0.5, 0], held=[0.5, 0.5], learn=0.8, acquire=0, unlearn=0.4, unready=0.25,
        misled_guess=0, prerequisites=[(0, 1)], differences=None,
    )  # fmt: skip
    rng = np.random.default_rng(21)
    students = simulator.start(N, rng)
    basis = students.knows()[:, 0]
    misled = students.p_correct(ZERO + 1) == 0
    students.answer(ZERO + 1, rng)
    known = students.knows()[:, 1]
    for held, rate in ((misled, 0.4), (~misled, 0.8)):
        for ready, factor in ((basis, 1), (~basis, 0.25)):
            among = held & ready
            assert known[among].mean() == pytest.approx(rate * factor, abs=margin(among.sum()))


def test_gains_are_a_share_of_what_is_left():
    simulator = SessionLearners(
        1, strength=0.2, gain=0.1, chance=0, steep=8, guess=0.25, slip=0.05, form=0, fatigue=0.02,
        differences=None,
    )  # fmt: skip
    rng = np.random.default_rng(22)
    students, skill = simulator.start(1, rng), np.array([0])
    for answers in range(40):
        strength = 1 - 0.8 * 0.9**answers
        known = expit(8 * (strength - 0.5))
        assert students.knowledge()[0, 0] == pytest.approx(known)
        tired = expit(8 * (strength - 0.5) - 0.02 * (answers % 10))
        assert students.p_correct(skill)[0] == pytest.approx(0.25 + 0.7 * tired)
        students.answer(skill, rng)
        students.wait(DAY if answers % 10 == 9 else 120)


def test_similar_practice_undoes_what_is_of_the_same_session():
    simulator = SessionLearners(
        3, strength=0, gain=0.5, interference=0.2, similar=[(0, 1)], differences=None
    )
    left = {}
    for pause in (5.9 * 3600, 6 * 3600):
        rng = np.random.default_rng(23)
        students = simulator.start(1, rng)
        students.answer(np.array([0]), rng)
        students.wait(pause)
        for skill in (1, 2, 1, 1):
            students.answer(np.array([skill]), rng)
        left[pause] = students.strength()[0].tolist()
    assert left[5.9 * 3600] == pytest.approx([0.5 * 0.8**3, 0.875, 0.5])
    assert left[6 * 3600] == pytest.approx([0.5, 0.875, 0.5])


def test_good_and_bad_days_follow_one_another_as_they_say():
    simulator = SessionLearners(
        1, strength=0.5, gain=0, guess=0, slip=0, chance=0, form=0.7, form_kept=0.6, fatigue=0,
        differences=None,
    )  # fmt: skip
    rng = np.random.default_rng(24)
    students = simulator.start(N, rng)
    forms = []
    for _ in range(3):
        forms.append(logit(students.p_correct(ZERO)))
        students.answer(ZERO, rng)
        students.wait(3600)
        students.answer(ZERO, rng)
        # The same form for the whole session.
        np.testing.assert_allclose(logit(students.p_correct(ZERO)), forms[-1])
        students.wait(2 * DAY - 3600)
    for form in forms:
        assert kstest(form, norm(scale=0.7).cdf).pvalue > 1e-4
    for first, second, apart in ((0, 1, 2), (1, 2, 2), (0, 2, 4)):
        found = np.corrcoef(forms[first], forms[second])[0, 1]
        assert found == pytest.approx(0.6**apart, abs=4.5 / np.sqrt(N))
    # What counts as known is the average day's.
    assert (students.knowledge() == 0.5).all()


@pytest.mark.parametrize("name", HELD_OUT)
def test_most_skills_take_some_answers_and_not_many(name):
    # Each a skill without prerequisites; of who does not know it at the start.
    alone = Course.of(Curriculum.from_dict({"skills": list(range(20)), "prerequisites": []}))
    rng = np.random.default_rng(24)
    students, skills = held_out_simulators(alone)[name].start(4000, rng), np.arange(4000) % 20
    rows = np.arange(4000)
    knew = students.knows()[rows, skills]
    after = []
    for _ in range(30):
        students.answer(skills, rng)
        after.append(students.knows()[rows, skills])
    first = np.argmax([*after, np.ones(4000, bool)], axis=0) + 1
    assert 3 <= np.median(first[~knew]) <= 10
    assert (first[~knew] <= 30).mean() > 0.9


@pytest.mark.parametrize("name", HELD_OUT)
def test_episodes_run(name):
    course = random_course(4)
    episode = run_episode(
        held_out_simulators(course)[name], baselines(course)["fixed_order"], course,
        n_students=10, budget=60,
    )  # fmt: skip
    assert episode.retention.shape == (2, 10, 4)
    assert np.isfinite(episode.retention).all()


def test_arguments_are_checked_at_once():
    misled: Any = MisconceptionLearners
    with pytest.raises(ParameterError) as caught:
        misled(2, prior=-1, relapse=[0.1], slip="low", unready=2)
    assert [problem.split()[0] for problem in caught.value.problems] == [
        "unready", "prior", "slip", "relapse"
    ]  # fmt: skip
    for order in ({"misled_guess": [0.1, 0.3]}, {"slip": [0.4, 0.9]}):
        with pytest.raises(ParameterError, match="not so for skills 1"):
            misled(2, **order)
    sessions: Any = SessionLearners
    with pytest.raises(ParameterError) as caught:
        sessions(2, chance=-1, steep=0, interference=2, form=-1, form_kept=1, fatigue=-1, level=1)
    assert len(caught.value.problems) == 7
    with pytest.raises(ParameterError, match="at most 1; not so for skills 0"):
        sessions(2, guess=[0.8, 0.3], slip=0.3)
    with pytest.raises(ParameterError, match="numbered from 0 to 1"):
        misled(2, prerequisites=[(0, 2)])
    with pytest.raises(ParameterError, match="numbered from 0 to 1"):
        sessions(2, similar=[(0, 2)])
