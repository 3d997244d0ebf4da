"""The numerics of the linear recurrent model, against finite differences and a plain reference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from tests.models.recurrent_oracle import Reference

from adaptlearn import ResponseLog
from adaptlearn.models import LinearRecurrentTracer
from adaptlearn.models.recurrent.descent import (
    Settings,
    batch_of,
    fit,
    predict,
    rates_of,
    surprises,
)
from adaptlearn.models.recurrent.recurrence import (
    Bank,
    Tables,
    logits,
    loss_and_gradient,
    states,
    states_gradient,
)
from adaptlearn.models.recurrent.responses import responses_of

BANK = Bank(np.array([0.0, 0.6, 1.0]), 2, 3.0)


def events(n_students=12, seed=0, n_items=5, several=True, exposures=True):
    """Rows (student, skills, item, correct) of students whose logs differ in length."""
    rng = np.random.default_rng(seed)
    left = {student: int(rng.integers(1, 15)) for student in range(n_students)}
    rows = []
    while any(left.values()):
        student = int(rng.choice([s for s, n in left.items() if n]))
        left[student] -= 1
        size = int(rng.integers(1, 4)) if several else 1
        skills = [str(skill) for skill in rng.choice(["a", "b", "c", "d"], size, replace=False)]
        item = int(rng.integers(n_items)) if n_items else None
        correct = (
            None
            if exposures and rng.random() < 0.1
            else int(rng.random() < (0.85, 0.35)[student % 2])
        )
        rows.append((student, skills, item, correct))
    return rows


def log_of(rows):
    columns = {
        "student": [row[0] for row in rows],
        "skill": [row[1] for row in rows],
        "correct": np.array([np.nan if row[3] is None else row[3] for row in rows]),
    }
    if rows[0][2] is not None:
        columns["item"] = [row[2] for row in rows]
    return ResponseLog.from_frame(columns, unanswered="exposure")


def some_responses(**how):
    log = log_of(events(exposures=False, **how))
    items = [] if log.item is None else log.item.labels.tolist()
    return responses_of(log, log.skill.labels.tolist(), items)[0]


def random_tables(responses, bank, seed=0):
    rng = np.random.default_rng(seed)
    n_skills, n_history = responses.skills.shape[1], responses.history.shape[1]
    return Tables(
        rng.normal(size=(n_skills + responses.n_items + 1, 1 + bank.width + n_history)),
        rng.normal(size=(3 * (n_skills + 1), bank.width)),
    )


@pytest.mark.parametrize("n_items", [0, 5])
def test_the_gradient_is_that_of_the_loss(n_items):
    responses = some_responses(n_items=n_items)
    batch = batch_of(responses, rates_of(responses), BANK, np.float64)
    tables = random_tables(responses, BANK)
    loss, gradient = loss_and_gradient(batch, BANK, tables)
    p = expit(logits(batch, BANK, tables))
    by_hand = -np.sum(np.where(responses.correct == 1, np.log(p), np.log1p(-p)))
    np.testing.assert_allclose(loss, by_hand)
    rng = np.random.default_rng(1)
    for table, slope in zip(tables, gradient, strict=True):
        assert slope.shape == table.shape
        assert np.count_nonzero(slope) > 0.5 * slope.size
        for _ in range(60):
            place = tuple(int(rng.integers(size)) for size in table.shape)
            kept, h = table[place], 1e-5
            around = []
            for moved in (kept + h, kept - h):
                table[place] = moved
                around.append(loss_and_gradient(batch, BANK, tables)[0])
            table[place] = kept
            assert slope[place] == pytest.approx((around[0] - around[1]) / (2 * h), abs=1e-6)


def test_the_backward_recursion_is_the_transpose_of_the_forward_one():
    responses = some_responses()
    batch = batch_of(responses, rates_of(responses), BANK, np.float64)
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(len(responses.correct), BANK.width)) for _ in range(2))
    forward, backward = states(batch, BANK.decay, a), states_gradient(batch, BANK.decay, b)
    assert np.sum(forward * b) == pytest.approx(np.sum(a * backward))


@pytest.mark.parametrize("n_items", [0, 5])
def test_a_fitted_model_predicts_what_the_plain_reference_does(n_items):
    training = events(40, seed=1, n_items=n_items)
    model = LinearRecurrentTracer(decays=(0.0, 0.6, 1.0), rank=2, n_epochs=8)
    model.fit(log_of(training))
    rows = events(15, seed=2, n_items=n_items + 2 if n_items else 0)  # items it does not know
    expected = Reference(model).logits(rows)
    found = model.decision_function(log_of(rows))
    np.testing.assert_allclose(found, expected, atol=1e-10)
    assert np.std(found) > 0.05


def test_an_unknown_skill_is_read_and_written_by_what_all_share():
    model = LinearRecurrentTracer(decays=(0.6,), rank=2, n_epochs=8).fit(log_of(events(40)))
    rows = [("s", ["new", "a"], 0, 1), ("s", ["new"], 1, 1), ("s", ["b"], None, 0)] * 2
    rows = [(student, skills, 99 if item is None else item, y) for student, skills, item, y in rows]
    with pytest.warns(UserWarning, match="'new'"):
        found = model.decision_function(log_of(rows))
    np.testing.assert_allclose(found, Reference(model).logits(rows), atol=1e-10)


def test_a_log_without_items_is_read_by_a_model_that_knows_some():
    model = LinearRecurrentTracer(decays=(0.6,), rank=2, n_epochs=8).fit(log_of(events(40)))
    rows = [(student, skills, None, y) for student, skills, _, y in events(10, seed=4)]
    found = model.decision_function(log_of(rows))
    np.testing.assert_allclose(found, Reference(model).logits(rows), atol=1e-10)


def test_an_item_that_was_only_shown_is_not_known():
    training = [*events(40), ("shown", ["a"], "only shown", None)]
    training = [(str(student), skills, str(item), y) for student, skills, item, y in training]
    model = LinearRecurrentTracer(decays=(0.6,), rank=2, n_epochs=8).fit(log_of(training))
    assert "only shown" in model.items_
    state = model.init_state(1)
    p = model.predict_state(state, [0] * 2, ["a"] * 2, items=["only shown", "never heard of"])
    assert p[0] == p[1]
    rows = [("s", ["a"], "only shown", y) for y in (1, 0, 1)]
    found = model.decision_function(log_of(rows))
    np.testing.assert_allclose(found, Reference(model).logits(rows), atol=1e-10)


def test_what_a_fold_has_not_seen_it_does_not_know():
    rows = events(40, exposures=False, several=False)
    # Students apart, on an item of their own, half of the time on a skill of their own.
    rows += [
        (student + 100, ["new"] if n % 2 else skills, 77, y)
        for n, (student, skills, _, y) in enumerate(rows[:50])
    ]
    log = log_of(rows)
    skills = log.skill.labels.tolist()
    responses, _ = responses_of(log, skills, log.item.labels.tolist())
    new = responses.item == responses.n_items - 1
    settings = Settings(BANK, 4.0, 8.0, 50.0, 10.0, 5, 0.02, 0)
    found = fit(responses.of(~new), settings)
    n, k = len(skills), skills.index("new")
    assert not found.tables.read[k].any()
    assert not found.tables.write[k : 3 * n : n].any()
    held = responses.of(new)
    nameless = held._replace(item=np.full(len(held.item), -1))
    logit = predict(held, found, BANK)
    np.testing.assert_array_equal(logit, predict(nameless, found, BANK))
    assert np.ptp(logit) > 0


def test_what_was_fitted_predicts_as_what_is_served():
    log = log_of(events(60, seed=3, exposures=False))
    model = LinearRecurrentTracer(n_epochs=4).fit(log)
    responses, encoded = responses_of(log, model.skills_.tolist(), model.items_.tolist())
    found = encoded.in_rows(predict(responses, model._parameters, model._server.bank))
    np.testing.assert_allclose(found, model.decision_function(log), atol=1e-10)


def test_rates_are_shrunk_and_surprise_is_measured_from_them():
    responses = some_responses(n_students=30, several=False)
    rates = rates_of(responses)
    right, n = responses.correct.sum(), len(responses.correct)
    assert rates.overall == pytest.approx((right + 1) / (n + 2))
    of_a = responses.skills.toarray()[:, 0] == 1
    skill = (responses.correct[of_a].sum() + 5 * rates.overall) / (of_a.sum() + 5)
    assert rates.skill[0] == pytest.approx(skill)
    of_item = responses.item == 2
    usual = (responses.skills @ rates.skill)[of_item].mean()
    item = (responses.correct[of_item].sum() + 5 * usual) / (of_item.sum() + 5)
    assert rates.item[2] == pytest.approx(item)
    np.testing.assert_allclose(
        surprises(responses, rates), responses.correct - rates.item[responses.item]
    )


def test_the_fit_nears_a_minimum_of_the_penalised_loss():
    """From what was fitted, a quasi-Newton search has little left to win."""
    responses = some_responses(n_students=200)
    settings = Settings(
        BANK,
        skill_penalty=6.0,
        item_penalty=15.0,
        history_penalty=40.0,
        scarcity=100.0,
        n_epochs=60,
        learning_rate=0.02,
        seed=0,
    )
    found = fit(responses, settings)
    history, slopes = responses.history, slice(1 + BANK.width, None)
    centre, spread = history.mean(axis=0), history.std(axis=0)
    responses = responses._replace(history=(history - centre) / spread)
    batch = batch_of(responses, found.rates, BANK, np.float64)

    n_skills, n_items = responses.skills.shape[1], responses.n_items
    width, n_history = BANK.width, history.shape[1]
    counts = np.bincount(responses.item, minlength=n_items)
    scarce = 1 + 100.0 / counts[:, None]
    row = np.array([1.0] + [6.0] * width + [40.0] * n_history)
    of_item = np.array([1.0] + [15.0] * width + [40.0] * n_history)
    shared = np.array([0.0] + [0.1] * (width + n_history))
    prices = Tables(
        np.concatenate((np.tile(row, (n_skills, 1)), scarce * of_item, shared[None])),
        np.concatenate((np.full((3 * n_skills, width), 6.0), np.full((3, width), 0.1))),
    )
    start = Tables(*(table.copy() for table in found.tables))
    start.read[:, 0] += start.read[:, slopes] @ centre
    start.read[:, slopes] *= spread
    sizes = start.read.shape, start.write.shape

    def objective(flat):
        cut = start.read.size
        tables = Tables(flat[:cut].reshape(sizes[0]), flat[cut:].reshape(sizes[1]))
        loss, slope = loss_and_gradient(batch, BANK, tables)
        for table, price in zip(tables, prices, strict=True):
            loss += 0.5 * float(np.sum(price * table**2))
        slopes = [g + p * t for g, p, t in zip(slope, prices, tables, strict=True)]
        return loss, np.concatenate([slope.ravel() for slope in slopes])

    flat = np.concatenate([table.ravel() for table in start])
    fitted = objective(flat)[0]
    best = minimize(objective, flat, jac=True, method="L-BFGS-B", options={"maxiter": 150}).fun
    rate = responses.correct.mean()
    plain = len(responses.correct) * -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    assert fitted - best < 0.05 * (plain - best)


def test_each_penalty_shrinks_its_own_rows():
    responses = some_responses(n_students=200, n_items=20)
    bank = Bank(np.array([0.6]), 2, 3.0)
    base = {
        "skill_penalty": 2.0,
        "item_penalty": 2.0,
        "history_penalty": 2.0,
        "scarcity": 0.0,
        "n_epochs": 30,
        "learning_rate": 0.02,
        "seed": 0,
    }

    def sizes(**changed):
        read, write = fit(responses, Settings(bank=bank, **{**base, **changed})).tables
        skills, items = read[:4], read[4:-1]
        return {
            "skill_penalty": np.abs(skills[:, 1:3]).mean() + np.abs(write[:-3]).mean(),
            "item_penalty": np.abs(items[:, 1:3]).mean(),
            "history_penalty": np.abs(items[:, 3:]).mean() + np.abs(skills[:, 3:]).mean(),
            "shared": np.abs(read[-1]).mean(),
        }

    plain = sizes()
    for name in ("skill_penalty", "item_penalty", "history_penalty"):
        found = sizes(**{name: 500.0})
        assert found[name] < 0.3 * plain[name]
        for other in {*plain} - {name}:
            assert found[other] > 0.5 * plain[other]
    scarce = sizes(scarcity=1e5)
    assert scarce["item_penalty"] < 0.2 * plain["item_penalty"]
    assert scarce["skill_penalty"] > 0.5 * plain["skill_penalty"]
