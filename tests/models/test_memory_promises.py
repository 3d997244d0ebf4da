"""What models of memory promise beside what every model does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from tests.models.students import TRUTH, answers, with_items, with_times

import adaptlearn
from adaptlearn.errors import DataWarning, ResponseDataError
from adaptlearn.models.memory import FSRS, FSRS_DEFAULTS, HalfLifeRegression

MODELS = [
    FSRS(),
    FSRS(card="skill"),
    FSRS(parameters=FSRS_DEFAULTS, whole_days=True, guess=0.2, slip=0.1),
    HalfLifeRegression(),
    HalfLifeRegression(card="skill", loss="squared", guess=0),
]


def log_of(*args, **how):
    """Answers on items, 40 minutes apart."""
    return with_times(with_items(answers(*args, **how)))


@pytest.fixture(scope="module", params=MODELS, ids=repr)
def model(request):
    return clone(request.param).fit(log_of(500, 8, seed=1, forget=0.05))


def test_saved_and_loaded_it_remembers_the_same(model, tmp_path):
    model.save(tmp_path / "model")
    again: Any = adaptlearn.load(tmp_path / "model")
    log = log_of(30, 5, seed=5)
    np.testing.assert_array_equal(again.mastery(log).value, model.mastery(log).value)
    keys = (model.items_ if model.card_ == "item" else model.skills_).tolist()
    state = model.update_state(model.init_state(30), log)
    restored = again.update_state(again.init_state(30), log)
    for one in (0.9, 0.5):
        np.testing.assert_array_equal(
            again.interval(restored, np.arange(30), keys, retention=one),
            model.interval(state, np.arange(30), keys, retention=one),
        )
    for name in ("guess_", "slip_", "log_loss_", "n_iter_", "converged_", "card_"):
        assert getattr(again, name) == getattr(model, name)


@pytest.mark.parametrize("delay", [0.0, 3600.0, 5e6])
def test_predict_state_is_the_next_row_of_the_batch(model, delay):
    log = log_of(30, 5, seed=5)
    state = model.update_state(model.init_state(30), log)
    moment = log["time"][-1] + delay
    for skill in TRUTH:
        for item in (2, 99):
            following = {
                "student": np.append(log["student"], np.arange(30)),
                "skill": np.append(log["skill"], [skill] * 30),
                "correct": np.append(log["correct"], np.ones(30, int)),
                "item": np.append(log["item"], [item] * 30),
                "time": np.append(log["time"], [moment] * 30),
            }
            asked = model.predict_state(
                state,
                np.arange(30),
                [skill] * 30,
                items=None if item == 99 else [item] * 30,
                time=moment,
            )
            batch = model.predict_proba(following)[-30:, 1]
            np.testing.assert_allclose(asked, batch, atol=1e-14)


def test_the_unseen_is_predicted_as_documented(model):
    new = {"student": ["zoe"], "skill": ["add"], "correct": [1], "time": [5.0], "item": [0]}
    known = model.predict_proba({**new, "student": ["a"], "correct": [0]})
    np.testing.assert_array_equal(model.predict_proba(new), known)
    strange = {**new, "skill": ["juggling"], "item": [77]}
    with pytest.warns(DataWarning, match="'juggling'"):
        first = model.predict_proba(strange)[0, 1]
    columns = log_of(500, 8, seed=1, forget=0.05)  # what it was fitted to
    met, right = set(), []
    for student, card, correct in zip(
        columns["student"], columns[model.card_], columns["correct"], strict=True
    ):
        if (student, card) not in met:
            met.add((student, card))
            right.append(correct)
    assert first == pytest.approx((sum(right) + 2) / (len(right) + 4))


def test_a_log_without_times_is_refused(model):
    timeless = with_items(answers(20, 3, seed=2))
    for refused in (clone(model).fit, model.predict_proba, model.mastery):
        with pytest.raises(ResponseDataError, match="has no times"):
            refused(timeless)
    with pytest.raises(ResponseDataError, match="has no times"):
        model.update_state(model.init_state(20), timeless)
