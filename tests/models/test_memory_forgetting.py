"""Forgetting on top of any model; and what practice tells of a test days later."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from tests.models.reviewed import slope_of

from adaptlearn import ResponseLog
from adaptlearn.errors import NotFittedError, ParameterError, ResponseDataError
from adaptlearn.models import PFA
from adaptlearn.models.memory import (
    FSRS,
    FSRS_DEFAULTS,
    ForgettingCurve,
    HalfLifeRegression,
    lags,
)
from adaptlearn.models.memory.forgetting import curve_loss


def test_the_gradient_of_the_curve_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    base, lag = rng.normal(size=200), rng.exponential(1e5, 200)
    right = rng.integers(0, 2, 200).astype(np.float64)
    at = np.array([0.3, 0.8, 0.4, 7.0])
    _, gradient = curve_loss(at, base, lag, right)
    by_differences = slope_of(lambda point: curve_loss(point, base, lag, right)[0], at)
    np.testing.assert_allclose(gradient, by_differences, rtol=1e-6)


def test_lags_are_since_the_last_practice():
    log: dict[str, Any] = {
        "student": [1, 1, 2, 1, 1],
        "skill": [["a"], ["a", "b"], ["a"], ["b"], ["a", "b"]],
        "item": [5, 6, 5, 5, 6],
        "correct": [1, 0, 1, 1, 0],
        "time": [0.0, 10.0, 20.0, 30.0, 70.0],
    }
    np.testing.assert_array_equal(lags(log), [np.nan, 10.0, np.nan, 20.0, 40.0])
    np.testing.assert_array_equal(lags(log, by="item"), [np.nan, np.nan, np.nan, 30.0, 60.0])
    order = [4, 2, 0, 3, 1]
    mixed = {name: [column[row] for row in order] for name, column in log.items()}
    np.testing.assert_array_equal(lags(mixed, by="item"), lags(log, by="item")[order])
    del log["time"], log["item"]
    with pytest.raises(ResponseDataError, match=r"no times(.|\n)*no items"):
        lags(log, by="item")
    deck: Any = "deck"
    with pytest.raises(ParameterError, match="'skill', got 'deck'"):
        lags(log, by=deck)


def test_a_planted_curve_is_recovered():
    rng = np.random.default_rng(1)
    base, lag = rng.normal(size=20_000), 10 ** rng.uniform(0, 6.5, 20_000)
    p = expit(0.3 + 0.9 * base - 0.4 * np.log1p(lag / 600))
    curve = ForgettingCurve().fit(base, lag, rng.random(20_000) < p)
    assert curve.offset_ == pytest.approx(0.3, abs=0.15)
    assert curve.scale_ == pytest.approx(0.9, abs=0.06)
    assert curve.rate_ == pytest.approx(0.4, abs=0.03)
    assert np.log(curve.time_ / 600) == pytest.approx(0, abs=0.5)
    np.testing.assert_allclose(curve.predict(base, lag), p, atol=0.03)
    new = np.full(3, np.nan)
    np.testing.assert_allclose(logit(curve.predict([-1.0, 0.0, 2.0], new)), [-1.0, 0.0, 2.0])
    with pytest.raises(NotFittedError):
        ForgettingCurve().predict([0.0], [1.0])
    with pytest.raises(ParameterError, match=r"penalty(.|\n)*finite(.|\n)*0 or more(.|\n)*0 and 1"):
        ForgettingCurve(penalty=-1).fit([np.inf], [-1.0], [2])


@pytest.fixture(scope="module")
def cloze(data):
    """Practice and, after a delay, a test of statistics sentences; students by fifths."""
    with data("cloze", "responses.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] != "STUDY"]
    log = ResponseLog.from_frame(
        {
            "student": [int(row["student"]) for row in rows],
            "skill": [row["kc_cluster"] for row in rows],
            "item": [row["item"] for row in rows],
            "time": np.array([row["time"] for row in rows], "datetime64[s]"),
            "correct": [int(row["outcome"] == "CORRECT") for row in rows],
        }
    )
    test = np.array([row["phase"] == "posttest" for row in rows])
    return log, test, log.student.values % 5 == 4


def log_loss(p, correct):
    return float(-np.log(np.where(correct == 1, p, 1 - p)).mean())


@pytest.mark.slow
def test_practice_tells_the_test_of_students_held_out(cloze):
    log, test, held_out = cloze
    practice, new = log[~held_out & ~test], log[held_out]
    posttest = test[held_out]
    correct = new.correct[posttest]
    # The constant knows the share of right answers in the test of the training students.
    constant = log_loss(log.correct[~held_out & test].mean(), correct)
    # Half an hour of practice does not tell how FSRS goes on: its published parameters do.
    for model, gain in ((HalfLifeRegression(), 0.11), (FSRS(parameters=FSRS_DEFAULTS), 0.06)):
        p = model.fit(practice).predict_proba(new)[posttest, 1]
        assert log_loss(p, correct) < constant - gain
    p = FSRS().fit(log[~held_out]).predict_proba(new)[posttest, 1]
    assert log_loss(p, correct) < constant - 0.11


@pytest.mark.slow
def test_fitted_parameters_tell_more_than_the_published_ones(cloze):
    log, _, held_out = cloze
    new = log[held_out]
    again = ~np.isnan(lags(new, by="item"))
    fitted, published = (
        log_loss(model.fit(log[~held_out]).predict_proba(new)[again, 1], new.correct[again])
        for model in (FSRS(), FSRS(parameters=FSRS_DEFAULTS))
    )
    assert fitted < published - 0.04


def test_a_forgetting_curve_improves_what_knows_no_time(cloze):
    log, test, held_out = cloze
    model = PFA(counts="log").fit(log[~held_out & ~test])
    below = logit(model.predict_proba(log)[:, 1])
    lag = lags(log)
    timeless = np.where(np.isnan(lag), np.nan, 0.0)  # only offset and scale are left to fit
    # Fitted to the test of training students, which the model below has not seen.
    seen, new = ~held_out & test, held_out & test
    with_time, without = (
        log_loss(
            ForgettingCurve()
            .fit(below[seen], lags_[seen], log.correct[seen])
            .predict(below[new], lags_[new]),
            log.correct[new],
        )
        for lags_ in (lag, timeless)
    )
    assert with_time < without - 0.01
