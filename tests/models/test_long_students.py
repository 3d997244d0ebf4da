"""A student of many answers among students of few: followed in another way, predicted the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adaptlearn.models import (
    FSRS,
    IRT,
    BoostedTracer,
    Elo,
    HalfLifeRegression,
    LinearRecurrentTracer,
    Rasch,
)
from adaptlearn.models.features import training
from adaptlearn.models.features.difficulty import count_rates
from adaptlearn.models.features.plan import Plan
from adaptlearn.models.irt import posterior
from adaptlearn.models.recurrent import recurrence
from adaptlearn.models.recurrent.descent import batch_of, rates_of
from adaptlearn.models.recurrent.history import (
    ITEM_WIDTH,
    N_HISTORY,
    PAIR_WIDTH,
    follow_history,
    learn_history,
    look_history,
)
from adaptlearn.models.recurrent.recurrence import Bank, states, states_gradient
from adaptlearn.models.recurrent.responses import responses_of
from adaptlearn.models.sequential.chains import filtered
from adaptlearn.models.sequential.encoding import Names, encode
from adaptlearn.models.sequential.levels import NARROW, Memory, scan
from adaptlearn.numerics import Floats
from adaptlearn.responses import ResponseLog

MODELS = {
    "Elo": Elo(alpha=0.5, beta=0.05),
    "Elo without offsets": Elo(alpha=0.5, beta=0.05, skill_offsets=False),
    "FSRS": FSRS(max_iter=5, tol=0.1),
    "FSRS of skills": FSRS(card="skill", max_iter=5, tol=0.1),
    "FSRS in whole days": FSRS(whole_days=True, max_iter=5, tol=0.1),
    "HalfLifeRegression": HalfLifeRegression(max_iter=50, tol=0.1),
    "HalfLifeRegression of skills": HalfLifeRegression(card="skill", max_iter=50, tol=0.1),
    "IRT": IRT(n_points=31, uncertainty=False),
    "Rasch": Rasch(n_points=31, uncertainty=False),
    "LinearRecurrentTracer": LinearRecurrentTracer(n_epochs=2),
    "BoostedTracer": BoostedTracer(inputs=(), lean_on=(), max_iter=10, n_seeds=1),
}
N_LONG, N_SHORT = 160, 6


def log_of(seed=0, *, after=0.0, skills=1, items=True, exposures=False):
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
        "time": after + np.cumsum(rng.exponential(np.where(rng.random(n) < 0.5, 9e4, 90.0))),
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


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.IdentificationWarning")  # answers at random
@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("name", MODELS)
def test_few_students_are_predicted_as_among_many(name, log, monkeypatch):
    monkeypatch.setattr(posterior, "_TABLED", 50)
    monkeypatch.setattr(posterior, "_AT_ONCE", 7)
    model, first = MODELS[name], log_of(**LOGS[log])
    later = log_of(1, after=float(first.time.max()) + 2000.0, **LOGS[log])
    model.fit(first)
    found = served(model, first, later)
    monkeypatch.setattr(type(model), "_few", 0)
    for mine, plain in zip(found, served(model, first, later), strict=True):
        np.testing.assert_array_equal(mine, plain)


@pytest.mark.filterwarnings("ignore::adaptlearn.errors.IdentificationWarning")  # answers at random
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


def both_ways(plan, log, later, rates, memories):
    """What is read of two logs: level by level, and of all at once."""
    found: tuple[list[Floats], list[Floats]] = ([], [])
    for one in (log, later):
        encoded = encode(one, Names.of(log.skill.labels.tolist(), log.item.labels.tolist()))
        fold = np.arange(len(one), dtype=float)[:, None] % 2
        extra = fold if len(rates.base) > 1 else None
        found[0].append(
            scan(
                encoded,
                memories[0],
                extra=extra,
                look=lambda level, memory: plan.look(level, memory, rates),
                learn=lambda level, memory: plan.learn(level, memory, rates),
                width=plan.n_read,
                by_entry=True,
            )
        )
        found[1].append(plan.follow(encoded, memories[1], rates, extra))
    return found


@pytest.mark.parametrize("seconds", [0.0, 20_000.0, 3e7])
@pytest.mark.parametrize("log", ["one skill each", "two skills", "four skills"])
def test_features_of_all_answers_at_once_are_those_level_by_level(log, seconds):
    first = log_of(1, **LOGS[log])
    later = log_of(2, after=float(first.time.max()) + seconds, **LOGS[log])
    plan = Plan("all", items=True, times=True)
    encoded = encode(first, Names.of(first.skill.labels.tolist(), first.item.labels.tolist()))
    folds = np.arange(len(first)) % 2
    rates_by_fold = count_rates(encoded, folds, 2, 5, 12)
    for rates in (rates_by_fold, rates_by_fold.whole):
        # Enough for the pairs of either log: they need not be the same ones here.
        shapes = zip((len(encoded.students), 200, 400), plan.widths, strict=True)
        plainly = Memory(*(np.zeros(shape) for shape in shapes))
        memories = plainly, Memory(*(rows.copy() for rows in plainly))
        for plain, mine in zip(*both_ways(plan, first, later, rates, memories), strict=True):
            np.testing.assert_array_equal(mine, plain)
        for plain, mine in zip(*memories, strict=True):
            np.testing.assert_array_equal(mine, plain)


def test_training_features_of_few_are_those_level_by_level(monkeypatch):
    log = log_of(skills=2, exposures=True)
    plan = Plan("all", items=True, times=True)
    encoded = encode(log, Names.of(log.skill.labels.tolist(), log.item.labels.tolist()))
    fold = encoded.student.astype(np.int64) % 3

    def found():
        return training.training_features(plan, encoded, fold, n_folds=3, n_skills=5, n_items=12)

    at_once = found().matrix
    monkeypatch.setattr(training, "FEW", 0)
    np.testing.assert_array_equal(at_once, found().matrix)


@pytest.mark.parametrize("skills", [1, 3])
def test_a_history_is_that_level_by_level(skills):
    log = log_of(skills=skills, exposures=True)
    encoded = encode(log, Names.of(log.skill.labels.tolist(), log.item.labels.tolist()))
    plain, mine = (
        Memory(
            np.zeros((len(encoded.students), 1)),
            np.zeros((len(encoded.pairs), PAIR_WIDTH)),
            np.zeros((len(encoded.item_pairs), ITEM_WIDTH)),
        )
        for _ in range(2)
    )
    for _ in range(2):
        found = scan(encoded, plain, look=look_history, learn=learn_history, width=N_HISTORY)
        np.testing.assert_array_equal(follow_history(encoded, mine), found)
        for left, right in zip(mine, plain, strict=True):
            np.testing.assert_array_equal(left, right)


def test_recurrent_sums_of_few_are_those_level_by_level(monkeypatch):
    log = log_of()
    responses, _ = responses_of(log, log.skill.labels.tolist(), log.item.labels.tolist())
    bank = Bank(np.array([0.0, 0.5, 1.0]), 2, 1.0)
    batch = batch_of(responses, rates_of(responses), bank)
    rng = np.random.default_rng(0)
    written = rng.normal(size=(len(log), bank.width)).astype(np.float32)
    decay = bank.decay.astype(np.float32)
    plain = states(batch, decay, written), states_gradient(batch, decay, written)
    monkeypatch.setattr(recurrence, "_MANY", 10)
    found = states(batch, decay, written), states_gradient(batch, decay, written)
    for mine, one in zip(found, plain, strict=True):
        np.testing.assert_array_equal(mine, one)


@pytest.mark.parametrize("n", [1, 2, 500])
def test_numbers_one_by_one_are_those_of_the_filter(n, monkeypatch):
    rng = np.random.default_rng(n)
    values, before = rng.normal(size=n), rng.normal(size=1)[0]
    plain = filtered(values, before, 0.9)
    monkeypatch.setattr("adaptlearn.models.sequential.chains._SHORT", 0)
    np.testing.assert_array_equal(plain, filtered(values, before, 0.9))
    np.testing.assert_array_equal(plain[-1:], filtered(values[-1:], ([before, *plain])[-2], 0.9))
