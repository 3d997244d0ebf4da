"""Light estimators against plain loops, and the library's tracker in their place."""

import numpy as np
import pytest

from adaptlearn import Curriculum, MasteryTracker
from adaptlearn.errors import DataWarning, ParameterError
from adaptlearn.models import BKT
from adaptlearn.simulation import Course, TwoState
from adaptlearn.simulation.teachers import (
    Oracle,
    Tracked,
    empirical_success,
    in_a_row,
    knowledge_tracing,
    learning_progress,
    moving_average,
    seat_time,
)

COURSE = Course.of(Curriculum.from_dict({"skills": ["b", "a"]}))
PARAMETERS = {"prior": [0.3, 0.2], "learn": [0.1, 0.3], "guess": [0.2, 0.25], "slip": [0.1, 0.05]}


def ends_right(answers, n):
    return len(answers) >= n and all(answers[-n:])


def average(answers):
    value = 0.0
    for right in answers:
        value = 0.7 * value + 0.3 * right
    return value


def progress(answers, window):
    last = answers[-window:]
    if len(last) < 2:
        return 1.0
    half = len(last) // 2
    early, late = last[: len(last) - half], last[len(last) - half :]
    return max(0.0, sum(late) / len(late) - sum(early) / len(early))


def weight(answers, window):
    value = 1.0
    for n in range(1, len(answers) + 1):
        last = ([False] * window + answers[:n])[-window:]
        early, late = last[: window // 2], last[window // 2 :]
        value = max(0.0, 0.8 * value + 0.5 * (sum(late) - sum(early)) / (window // 2))
    return value


def known(answers, skill, forget=0.0):
    p, learn, guess, slip = (PARAMETERS[name][skill] for name in PARAMETERS)
    for right in answers:
        if_known, if_not = (1 - slip, guess) if right else (slip, 1 - guess)
        seen = p * if_known / (p * if_known + (1 - p) * if_not)
        p = seen * (1 - forget) + (1 - seen) * learn
    return p


def streak(answers):
    return next((n for n, right in enumerate(reversed(answers)) if not right), len(answers))


CASES = {
    "in_a_row": (in_a_row(3), lambda past, _: (min(streak(past) / 3, 1), ends_right(past, 3))),
    "moving_average": (
        moving_average(0.6, decay=0.7),
        lambda past, _: (average(past), average(past) >= 0.6),
    ),
    "seat_time": (seat_time(5), lambda past, _: (min(len(past) / 5, 1), len(past) >= 5)),
    "learning_progress": (
        learning_progress(2, window=6),
        lambda past, _: (progress(past, 6), ends_right(past, 2)),
    ),
    "empirical_success": (
        empirical_success(2 / 4, window=4, keep=0.8, gain=0.5),
        lambda past, _: (weight(past, 4), sum(past[-4:]) >= 2),
    ),
    "knowledge_tracing": (
        knowledge_tracing(2, **PARAMETERS, forget=0.02, threshold=0.9),
        lambda past, skill: (known(past, skill, 0.02), known(past, skill, 0.02) >= 0.9),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_equals_a_plain_loop(name):
    estimator, alone = CASES[name]
    rng = np.random.default_rng(0)
    n = 40
    belief = estimator.start(COURSE, TwoState(2).start(n, rng))
    past: list[list[list[bool]]] = [[[], []] for _ in range(n)]
    for step in range(15):
        rows = np.flatnonzero(rng.random(n) < 0.7)
        skills, correct = rng.integers(2, size=len(rows)), rng.random(len(rows)) < 0.6
        belief.update(rows, skills, correct, np.full(len(rows), float(step)))
        for row, skill, right in zip(rows, skills, correct, strict=True):
            past[row][skill].append(bool(right))
        some = np.arange(n) if step % 2 else np.arange(0, n, 3)
        value, mastered = belief.estimate(some)
        expected = [[alone(past[row][skill], skill) for skill in range(2)] for row in some]
        np.testing.assert_allclose(value, np.array(expected)[..., 0], atol=1e-12)
        np.testing.assert_array_equal(mastered, np.array(expected)[..., 1].astype(bool))


def test_an_answer_that_is_ruled_out_says_nothing():
    sure = knowledge_tracing(2, prior=1, learn=0, slip=0)
    belief = sure.start(COURSE, TwoState(2).start(1, np.random.default_rng(0)))
    belief.update(np.array([0]), np.array([0]), np.array([False]), np.zeros(1))
    assert belief.estimate(np.array([0])).value[0, 0] == 1


def test_the_oracle_sees_the_truth():
    rng = np.random.default_rng(1)
    students = TwoState(2, prior=0.5).start(30, rng)
    belief = Oracle().start(COURSE, students)
    rows = np.array([4, 7, 20])
    np.testing.assert_array_equal(belief.estimate(rows).mastered, students.knows()[rows])


def test_an_oracle_may_have_to_look_first():
    students = TwoState(2, prior=1).start(3, np.random.default_rng(0))
    belief = Oracle(unpractised=[0.3, 0.6]).start(COURSE, students)
    everybody = np.arange(3)
    assert not belief.estimate(everybody).mastered.any()
    answers = np.array([0, 2]), np.array([1, 0]), np.array([True, False]), np.zeros(2)
    belief.update(*answers)
    seen = belief.estimate(everybody)
    assert seen.value.tolist() == [[0.3, 1.0], [0.3, 0.6], [1.0, 0.6]]
    assert seen.mastered.tolist() == [[False, True], [False, False], [True, False]]
    assert belief.estimate(everybody[2:]).value.tolist() == [[1.0, 0.6]]


@pytest.mark.parametrize("unpractised", [[0.3, np.nan], [0.3] * 3, 1.1])
def test_what_an_oracle_believes_before_is_a_probability_for_each_skill(unpractised):
    students = TwoState(2).start(1, np.random.default_rng(0))
    with pytest.raises(ParameterError, match=r"Oracle.*\n.*unpractised must be .* \[0, 1\]"):
        Oracle(unpractised=unpractised).start(COURSE, students)


def test_a_tracker_believes_what_its_model_does():
    model = BKT.from_parameters(
        {"skill": ["a", "b"], **{k: v[::-1] for k, v in PARAMETERS.items()}}
    )
    students = TwoState(2).start(20, np.random.default_rng(2))
    tracked = Tracked(lambda: MasteryTracker(model), threshold=0.8).start(COURSE, students)
    light = knowledge_tracing(2, **PARAMETERS, threshold=0.8).start(COURSE, students)
    rng, rows = np.random.default_rng(3), np.arange(20)
    for step in range(6):
        skills, correct = rng.integers(2, size=20), rng.random(20) < 0.7
        for belief in (tracked, light):
            belief.update(rows, skills, correct, np.full(20, float(step)))
        if step % 2:
            mine, other = tracked.estimate(rows[3:]), light.estimate(rows[3:])
            np.testing.assert_allclose(mine.value, other.value, atol=1e-12)
            np.testing.assert_array_equal(mine.mastered, other.mastered)


def test_skills_a_tracker_does_not_know_stay_at_nothing():
    model = BKT.from_parameters({"skill": ["a"], **{k: v[1:] for k, v in PARAMETERS.items()}})
    students = TwoState(2).start(3, np.random.default_rng(2))
    belief = Tracked(lambda: MasteryTracker(model)).start(COURSE, students)
    assert belief.estimate(np.arange(3)).value.tolist() == [[0, 0.2]] * 3
    none = np.empty(0, np.int64)
    belief.update(none, none, none.astype(bool), none.astype(float))  # of items without a skill
    assert belief.estimate(np.arange(3)).value.tolist() == [[0, 0.2]] * 3
    stranger = Course.of(Curriculum.from_dict({"skills": ["x", "y"]}))
    with pytest.raises(ParameterError, match="knows no skill"):
        Tracked(lambda: MasteryTracker(model)).start(stranger, students)


def test_a_skill_that_is_practised_is_estimated_from_then_on():
    model = BKT.from_parameters({"skill": ["a"], **{k: v[1:] for k, v in PARAMETERS.items()}})
    students, rows = TwoState(2).start(3, np.random.default_rng(2)), np.arange(3)
    belief = Tracked(lambda: MasteryTracker(model)).start(COURSE, students)
    belief.update(rows, rows * 0, np.array([True, True, False]), np.zeros(3))
    with pytest.warns(DataWarning, match="'b'"):
        first, _, last = belief.estimate(rows).value.tolist()
    assert first[0] > last[0] > 0
    assert first[1] == last[1] == 0.2


def test_a_tracker_of_another_run_is_refused():
    model = BKT.from_parameters({"skill": ["b", "a"], **PARAMETERS})
    tracker = MasteryTracker(model)
    tracked = Tracked(lambda: tracker)
    students = TwoState(2).start(3, np.random.default_rng(2))
    belief, rows = tracked.start(COURSE, students), np.arange(3)
    belief.update(rows, np.zeros(3, int), np.ones(3, bool), np.zeros(3))
    belief.estimate(rows)
    with pytest.raises(ParameterError, match=r"Tracked.*\n.*make a new tracker in the function"):
        tracked.start(COURSE, students)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: in_a_row(0), "n must be"),
        (lambda: seat_time(-1), "n must be"),
        (lambda: moving_average(1.2, decay=1), "2 problems"),
        (lambda: learning_progress(0, window=1), "2 problems"),
        (lambda: empirical_success(0, window=5, keep=2, gain=-1), "4 problems"),
        (lambda: knowledge_tracing(2, threshold=0), "threshold must be"),
        (lambda: knowledge_tracing(2, prior=[0.1], slip=-1), "2 problems"),
        (lambda: Tracked(lambda: None, threshold=2), "threshold must be"),
    ],
)
def test_arguments_are_checked(make, said):
    with pytest.raises(ParameterError, match=said):
        make()
