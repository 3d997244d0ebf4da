"""A tracker's practice of a batch in one pass, against a loop over single answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.models import students
from tests.models.test_contract import MODELS, TIMED

from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models import AFM, BKT, Elo
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.models.sequential import tracer
from adaptlearn.tracking.record import DECAY

TRAINING = students.with_times(students.with_items(students.answers(60, 4, seed=1, forget=0.05)))
SKILLS = sorted(set(TRAINING["skill"]))


def a_log(n: int = 90, *, several: bool = True) -> ResponseLog:
    """Rows in no order: one student of many answers and some of few, exposures, new labels."""
    rng = np.random.default_rng(0)
    labels = [*SKILLS, "odd", "even"]
    skill = [[labels[k]] for k in rng.choice(5, n, p=[0.3, 0.3, 0.3, 0.05, 0.05])]
    if several:
        for one in skill[::4]:
            one += [label for label in rng.permutation(SKILLS)[:2].tolist() if label not in one]
    correct = rng.integers(0, 2, n).astype(float)
    correct[rng.random(n) < 0.15] = np.nan
    columns: dict[str, Any] = {
        "student": np.where(rng.random(n) < 0.6, 7, rng.integers(0, 7, n)),
        "skill": skill,
        "correct": correct,
        "time": 1e9 + np.floor(np.cumsum(rng.exponential(30, n))) * 1000,
        "item": rng.choice([*range(6), 999], n),
    }
    shuffled = rng.permutation(n)
    columns = {name: [values[row] for row in shuffled] for name, values in columns.items()}
    return ResponseLog.from_frame(columns, unanswered="exposure")


def one_by_one(model: KnowledgeTracer, log: ResponseLog) -> tuple[Any, Any, dict[Any, list[float]]]:
    """Estimates before and after each entry, and what is recorded of each student and skill."""
    state = model.init_state(8)
    state.clock = log.clock
    assert log.time is not None
    rows = np.arange(len(log)) if log.chronological is None else log.chronological
    owner = np.arange(len(log)) if log.skill_rows is None else log.skill_rows
    before, after = np.empty(len(owner)), np.empty(len(owner))
    record: dict[Any, list[float]] = {}
    for row in rows.tolist():
        entries = np.flatnonzero(owner == row)
        student, answer = int(log.student.values[row]), int(log.correct[row])
        who, skills = [student] * len(entries), log.skill.values[entries].tolist()
        before[entries] = model.predict_state(state, who, skills)
        model.update_state(state, log[[row]])
        after[entries] = model.predict_state(state, who, skills)
        for entry, skill in zip(entries.tolist(), skills, strict=True):
            own = record.setdefault((student, skill), [0.0, 0.0, 0.0, 1.0, 1, 0.0])
            own[5] = float(log.time[row])
            if answer < 0:
                continue
            own[0] += answer
            own[1] = own[1] + 1 if answer else 0.0
            own[2] = DECAY * own[2] + (1 - DECAY) * answer
            own[3] = 0.5 * own[3] + 0.5 * abs(after[entry] - before[entry])
            own[4] = int("1" + (bin(int(own[4]))[3:] + str(answer))[-8:], 2)
    return before, after, record


# Rows of several skills are rounded in another way along one student than among many.
CASES = [
    pytest.param(kind, several, id=f"{kind!r}-{several}")
    for kind in MODELS + TIMED
    for several in (False, True)
    if not (several and kind.get_params().get("multi_skill") == "conjunctive")
]


@pytest.mark.parametrize(("kind", "several"), CASES)
@pytest.mark.filterwarnings("ignore")
def test_a_batch_leaves_what_its_answers_leave_one_by_one(kind: Any, several: bool) -> None:
    model, log = fitted(kind), a_log(several=several)
    before, after, record = one_by_one(model, log)
    found = model.update_with_estimates(model.init_state(8), log)
    np.testing.assert_array_equal(found.before, before)
    np.testing.assert_array_equal(found.after, after)
    tracker = MasteryTracker(model, practice=True).update(log)
    for part in (tracker, MasteryTracker(model, practice=True)):
        if not len(part):  # the same, going on from a state
            rows = np.arange(len(log)) if log.chronological is None else log.chronological
            part.update(log[rows[:33]]).update(log[rows[33:]])
        table = part.practice(range(8))
        assert table is not None
        column = {label: place for place, label in enumerate(part.skills.tolist())}
        at = tuple(zip(*((student, column[skill]) for student, skill in record), strict=True))
        for values, expected in zip(table, zip(*record.values(), strict=True), strict=True):
            np.testing.assert_array_equal(values[at], expected)
        assert np.sum(table.recent > 1) == sum(own[4] > 1 for own in record.values())


@pytest.mark.parametrize("kind", [AFM(), Elo(alpha=1.0, beta=0.05)], ids=repr)
@pytest.mark.filterwarnings("ignore")
def test_large_batches_go_by_blocks_of_students(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, log = fitted(kind), a_log()
    whole = model.update_with_estimates(model.init_state(8), log)
    monkeypatch.setattr(tracer, "_ROWS_AT_ONCE", 20)
    state = model.init_state(8)
    blocks = model.update_with_estimates(state, log)
    for one, other in zip(whole, blocks, strict=True):
        np.testing.assert_array_equal(one, other)
    assert state.n_answers == model.update_state(model.init_state(8), log).n_answers


def test_a_batch_costs_no_round_for_each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("answers were asked about one by one")

    monkeypatch.setattr(KnowledgeTracer, "predict_state", never)
    individual = BKT(forgetting=True, ability=True, recency=True, difficulty=True, lag=True)
    for kind in (BKT(n_init=2), BKT(student_classes=2, n_init=2), individual, Elo(), AFM()):
        MasteryTracker(fitted(kind), practice=True).update(TRAINING)


def test_many_equal_answers_settle_an_estimate() -> None:
    model, n = fitted(BKT(n_init=2)), 3000
    same = {"student": ["x"] * n, "skill": [SKILLS[0]] * n, "correct": [1] * n}
    whole = MasteryTracker(model, practice=True).update(same)
    parts, log = MasteryTracker(model, practice=True), ResponseLog.from_frame(same)
    for lo in range(0, n, 50):
        parts.update(log[lo : lo + 50])
        table = parts.practice()
        assert table is not None
        assert lo < 50 or table.change[0, 0] < 1e-9
    for one, other in zip(whole.practice() or (), parts.practice() or (), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_error_in_the_middle_leaves_nothing_behind() -> None:
    certain = {"skill": ["a"], "prior": [0.4], "learn": [0.0], "guess": [0.0], "slip": [0.0]}
    tracker = MasteryTracker(BKT.from_parameters(certain), practice=True)
    tracker.update({"student": ["x"], "skill": ["a"], "correct": [1]})
    before = tracker.mastery(["x", "y"]).value, *(tracker.practice(["x", "y"]) or ())
    with pytest.raises(ImpossibleHistoryError, match="row 2"):
        tracker.update({"student": ["y", "x", "x"], "skill": ["a"] * 3, "correct": [1, 1, 0]})
    after = tracker.mastery(["x", "y"]).value, *(tracker.practice(["x", "y"]) or ())
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert tracker.students.tolist() == ["x"]


_FITTED: dict[str, KnowledgeTracer] = {}


def fitted(kind: Any) -> KnowledgeTracer:
    """Each model, fitted once."""
    if repr(kind) not in _FITTED:
        _FITTED[repr(kind)] = type(kind)(**kind.get_params()).fit(TRAINING)
    return _FITTED[repr(kind)]
