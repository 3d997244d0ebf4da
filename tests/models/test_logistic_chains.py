"""A whole log counted at once gives what the answers give one by one, and costs few steps."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from adaptlearn.models import DAS3H, DASH, PFA, RPFA
from adaptlearn.models.features.counters import Answers
from adaptlearn.models.features.table import HOLDERS
from adaptlearn.models.logistic import tracer
from adaptlearn.models.logistic.history import (
    OPPORTUNITIES,
    TALLY,
    History,
    decayed,
    windows,
)
from adaptlearn.models.sequential.encoding import Names, encode
from adaptlearn.models.sequential.levels import NARROW, Level, Memory, scan
from adaptlearn.numerics import Floats
from adaptlearn.responses import ResponseLog


def log_of(n_students, n=600, *, several=False):
    rng = np.random.default_rng(n_students)
    item = rng.integers(0, 30, n)
    skill = [[i % 4, 4 + i % 3] if several and i % 2 else [i % 4] for i in item.tolist()]
    correct = rng.integers(0, 2, n).astype(float)
    correct[rng.random(n) < 0.1] = np.nan
    frame = {
        "student": np.arange(n) % n_students,
        "item": item,
        "skill": skill,
        "correct": correct,
        "time": np.cumsum(rng.exponential(900.0, n)),
    }
    return ResponseLog.from_frame(frame, unanswered="exposure")


def learn(history, level, memory):
    """One answer after the other, in place: what each counter says of itself."""
    for holder, rows in zip(HOLDERS, memory, strict=True):
        by_entry = holder == "skill" and level.owner is not None
        which = level.owner if by_entry else np.arange(len(level.correct))
        answered = level.correct[which] >= 0
        for counter, place in history._kept[holder]:
            told = answered | (counter == OPPORTUNITIES)
            correct, unused = level.correct[which][told].astype(float), np.zeros(told.sum())
            some = rows[told, place]
            time = level.time[which][told]
            counter.learn(some, Answers(correct, unused, unused, unused, unused, time))
            rows[told, place] = some


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("n_students", [1, 5, 60])
def test_counted_at_once_is_counted_one_by_one(n_students, several):
    kept = (TALLY, OPPORTUNITIES, decayed(0.8), windows((3600.0, 36000.0), 7))
    history = History({"student": kept, "skill": kept, "item": kept})
    log = log_of(n_students, several=several)
    encoded = encode(log, Names.of(log.skill.labels.tolist(), log.item.labels.tolist()))
    at_once, by_levels = history.blank(encoded), history.blank(encoded)
    for _ in range(2):  # the second time from what the first has left
        found: list[dict[str, Floats]] = []

        def look(level: Level, memory: Memory, found=found):
            found.append(history.read(level, memory))
            return np.empty((len(level.item), 0))

        scan(encoded, by_levels, look=look, learn=partial(learn, history))
        columns = history.along(encoded, at_once)
        for name, values in columns.items():
            np.testing.assert_array_equal(values, np.concatenate([one[name] for one in found]))
        for left, right in zip(at_once, by_levels, strict=True):
            np.testing.assert_array_equal(left, right)
        moved = None if encoded.time is None else encoded.time + 1e6
        encoded = encoded._replace(time=moved)


@pytest.mark.parametrize("model", [PFA(), RPFA(), DASH(), DAS3H()], ids=lambda m: type(m).__name__)
def test_one_student_costs_no_step_for_each_answer(model, monkeypatch):
    calls = []
    chance = tracer.LogisticTracer._chance

    def counted(self, read):
        calls.append(len(read))
        return chance(self, read)

    log = log_of(3)
    model.fit(log)
    monkeypatch.setattr(tracer.LogisticTracer, "_chance", counted)
    together = model.predict_proba(log)
    assert len(calls) <= NARROW
    state = model.update_state(model.init_state(3), log)
    monkeypatch.undo()
    rows = np.arange(len(log))
    alone = model.init_state(3)
    for some in np.array_split(rows, 7):
        model.update_state(alone, log[some])
    assert together.shape == (len(log), 2)
    # Keys stand in the order they came; abilities rest on all that was counted.
    left, right = state.to_arrays()["student"], alone.to_arrays()["student"]
    np.testing.assert_array_equal(left, right)
