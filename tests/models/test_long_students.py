"""A student of many answers among students of few: followed in another way, predicted the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adaptlearn.models import FSRS, Elo, HalfLifeRegression
from adaptlearn.models.sequential.levels import NARROW
from adaptlearn.responses import ResponseLog

MODELS = {
    "Elo": Elo(alpha=0.5, beta=0.05),
    "Elo without offsets": Elo(alpha=0.5, beta=0.05, skill_offsets=False),
    "FSRS": FSRS(max_iter=5, tol=0.1),
    "FSRS of skills": FSRS(card="skill", max_iter=5, tol=0.1),
    "FSRS in whole days": FSRS(whole_days=True, max_iter=5, tol=0.1),
    "HalfLifeRegression": HalfLifeRegression(max_iter=50, tol=0.1),
    "HalfLifeRegression of skills": HalfLifeRegression(card="skill", max_iter=50, tol=0.1),
}
N_LONG, N_SHORT = 160, 6


def log_of(seed=0, *, skills=1, items=True, exposures=False):
    """Two long students among 20 short ones; of every third response some skills."""
    rng = np.random.default_rng(seed)
    student = np.concatenate((np.repeat([20, 21], N_LONG), np.repeat(np.arange(20), N_SHORT)))
    student = rng.permutation(student)
    n = len(student)
    item = rng.integers(0, 12, n)
    skill = [[(i + k) % 5 for k in range(skills if i % 3 == 0 else 1)] for i in item.tolist()]
    correct = rng.integers(0, 2, n).astype(float)
    correct[rng.random(n) < 0.15 * exposures] = np.nan
    frame = {
        "student": student,
        "skill": skill,
        "correct": correct,
        "time": 3e7 * seed + np.cumsum(rng.exponential(np.where(rng.random(n) < 0.5, 9e4, 90.0))),
    }
    if items:
        frame["item"] = item
    return ResponseLog.from_frame(frame, unanswered="exposure" if exposures else "refuse")


LOGS: dict[str, dict[str, Any]] = {
    "one skill each": {},
    "two skills": {"skills": 2, "exposures": True},
    "four skills": {"skills": 4},
    "no items": {"items": False, "exposures": True},
}


def served(model, first, second):
    """What is predicted of two logs, one after the other, and what is remembered of them."""
    state = model.init_state(first.n_students)
    model.update_state(state, first)
    ahead = model.predict_proba(second, state=state)
    model.update_state(state, second)
    arrays = state.to_arrays()
    return [model.predict_proba(first), ahead, model.mastery(first).value, *arrays.values()]


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("name", MODELS)
def test_few_students_are_predicted_as_among_many(name, log, monkeypatch):
    model, first = MODELS[name], log_of(**LOGS[log])
    later = log_of(1, **LOGS[log])
    model.fit(first)
    found = served(model, first, later)
    monkeypatch.setattr(type(model), "_few", 0)
    for mine, plain in zip(found, served(model, first, later), strict=True):
        np.testing.assert_array_equal(mine, plain)


@pytest.mark.parametrize("name", MODELS)
def test_one_student_costs_no_level_for_each_answer(name, monkeypatch):
    model, log, calls = MODELS[name], log_of(), []
    model.fit(log)
    look = type(model)._look

    def counted(self, level, memory):
        calls.append(len(level.item))
        return look(self, level, memory)

    monkeypatch.setattr(type(model), "_look", counted)
    model.predict_proba(log)
    model.update_state(model.init_state(log.n_students), log)
    assert len(calls) < N_LONG // 2
    assert all(size >= NARROW for size in calls)
