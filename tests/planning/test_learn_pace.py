"""Paces learned from earlier students: their errors, and the intervals that follow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT
from adaptlearn.planning import Calendar, Pace, learn_pace, learning_plan
from adaptlearn.planning.learning.learn_pace import quantiles_with_losses
from adaptlearn.simulation import SequencerPolicy, TwoState, run_episode
from adaptlearn.simulation.course import Course

LEVELS = (0.1, 0.5, 0.9)


def with_losses(values: list[int], seen: list[bool], level: float) -> float:
    """The quantile of Kaplan and Meier, value by value."""
    left = 1.0
    for value in sorted(set(values)):
        at_risk = sum(other >= value for other in values)
        left *= 1 - sum(v == value and s for v, s in zip(values, seen, strict=True)) / at_risk
        if 1 - left >= level - 1e-9:
            return float(value)
    return float(max(values))


@settings(max_examples=trials(1000))
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=30))
def test_quantiles_with_losses_are_those_of_kaplan_and_meier(rows: list[tuple[int, bool]]) -> None:
    values, seen = map(list, zip(*rows, strict=True))
    found = quantiles_with_losses(np.array(values, float), np.array(seen), LEVELS)
    assert found == tuple(with_losses(values, seen, level) for level in LEVELS)


def class_of(n: int, seed: int, learn: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Answers of simulated students who learn at a rate, and minutes until all is mastered."""
    course = Course.of(CURRICULUM)
    policy = SequencerPolicy(
        lambda curriculum: Sequencer(
            curriculum, MasteryTracker(MODEL), new_students=True, random_state=0,
            wheel_spinning=None,
        )
    )  # fmt: skip
    students = TwoState(5, prior=0.3, learn=learn, guess=0.2, slip=0.1)
    episode = run_episode(
        students, policy, course, n_students=n, seeds=[seed], budget=900, record=True
    )
    said = episode.responses
    assert said is not None
    log = {
        "student": said.student,
        "skill": course.curriculum.skills[said.tag],
        "correct": said.correct.astype(int),
        "time": said.time,
    }
    return log, episode.declared_at.max(axis=1)


SKILLS = ["a", "b", "c", "d", "e"]
CURRICULUM = Curriculum.from_dict(
    {"lessons": [{"lesson": k, "skills": [k], "minutes": 10} for k in SKILLS]}
)
MODEL = BKT.from_parameters(
    {"skill": SKILLS, "prior": [0.3] * 5, "learn": [0.2] * 5, "guess": [0.2] * 5, "slip": [0.1] * 5}
)
YEAR = Calendar("2026-09-01", "2027-06-11", 1)  # so that days are minutes


def share_held(pace: Pace | None, minutes: np.ndarray) -> float:
    sequencer = Sequencer(CURRICULUM, MasteryTracker(MODEL), new_students=True)
    expected = learning_plan(sequencer, list(range(len(minutes))), YEAR, pace=pace).expected
    held = (expected.lower[:, 0] <= minutes) & (minutes <= expected.upper[:, 0])
    return float(held.mean())


@pytest.mark.slow
def test_a_learned_pace_corrects_a_model_that_is_wrong() -> None:
    """Students learn at a quarter of the rate that the model says."""
    earlier, _ = class_of(100, 100, 0.05)
    _, minutes = class_of(100, 101, 0.05)
    blank = Sequencer(CURRICULUM, MasteryTracker(MODEL))
    pace = learn_pace(blank, earlier)
    assert share_held(None, minutes) < 0.7
    assert share_held(pace, minutes) == pytest.approx(0.8, abs=0.1)
    assert Pace(**pace.to_dict()) == pace


def test_the_order_of_the_answers_in_the_log_does_not_count() -> None:
    log, _ = class_of(22, 100, 0.2)
    mixed = np.random.default_rng(0).permutation(len(log["student"]))
    blank = Sequencer(CURRICULUM, MasteryTracker(MODEL))
    shuffled = {name: column[mixed] for name, column in log.items()}
    assert learn_pace(blank, log) == learn_pace(blank, shuffled)


def test_faults() -> None:
    blank = Sequencer(CURRICULUM, MasteryTracker(MODEL))
    log = {"student": ["ann"], "skill": ["a"], "correct": [1], "time": [0.0]}
    with pytest.raises(ParameterError, match="1 student in responses; expected 20 or more"):
        learn_pace(blank, log)
    with pytest.raises(ParameterError) as caught:
        learn_pace(CURRICULUM, log, share=80)  # type: ignore[arg-type]
    assert caught.value.problems == (
        "share must be a number in (0, 1), got 80",
        "sequencer is a Curriculum; expected a Sequencer",
    )
    never = {
        "student": [f"s{k}" for k in range(30)],
        "skill": ["a"] * 30,
        "correct": [1] * 30,
        "time": [0.0] * 30,
    }
    with pytest.raises(ParameterError, match="no student reached a target"):
        learn_pace(blank, never)
