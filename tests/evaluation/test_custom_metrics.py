"""Metrics of the caller's own, and tables per skill: in one evaluation, and in comparisons."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.metrics import brier_score_loss, roc_auc_score

from adaptlearn import ResponseLog, cross_validate, evaluate
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import group_errors
from adaptlearn.evaluation.metrics import auc


class Given(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Predicts the log's own column ``p``, to a power."""

    def __init__(self, power=1.0):
        self.power = power

    def fit(self, log, y=None):
        return self

    def predict_proba(self, log):
        p = log.extra["p"] ** self.power
        return np.stack([1 - p, p], axis=1)


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    rng = np.random.default_rng(1)
    n = 800
    p = rng.beta(3, 2, n)
    correct = (rng.random(n) < p).astype(float)
    correct[::10] = np.nan
    columns = {
        "student": rng.integers(20, size=n),
        "skill": rng.integers(3, size=n),
        "correct": correct,
        "p": p,
        "class": rng.integers(2, size=n),
    }
    return ResponseLog.from_frame(columns, extra=["p", "class"], unanswered="exposure")


def bias(correct: Any, p: Any) -> float:
    """Predicted above observed, on average."""
    return float(p.mean() - correct.mean())


METRICS = {"bias": bias, "brier": brier_score_loss}


def test_it_has_a_value_and_an_interval(log):
    result = evaluate(Given(), log, metrics=METRICS)
    answered = log.answered
    correct, p = log.correct[answered], log.extra["p"][answered]
    assert result.custom["bias"].value == pytest.approx(bias(correct, p), abs=1e-12)
    assert result.custom["brier"].value == pytest.approx(result.rmse.value**2, abs=1e-12)
    for estimate in result.custom.values():
        assert estimate.lower < estimate.value < estimate.upper
    # Resampled with the very same students as the others: the Brier score is the square of RMSE.
    width = result.custom["brier"].upper - result.custom["brier"].lower
    own = result.rmse.upper**2 - result.rmse.lower**2
    assert width == pytest.approx(own, rel=0.02)
    assert list(result.metrics())[-2:] == ["bias", "brier"]
    assert [line.split()[0] for line in str(result).splitlines()[-3:-1]] == ["bias", "brier"]
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["metrics"]["bias"]["value"] == result.custom["bias"].value


def test_the_others_are_as_without_it(log):
    without, result = evaluate(Given(), log), evaluate(Given(), log, metrics=METRICS)
    assert {name: result.metrics()[name] for name in without.metrics()} == without.metrics()


def test_it_cannot_change_what_is_scored(log):
    def greedy(correct: Any, p: Any) -> float:
        correct[:] = 1
        p[:] = 1
        return 0.0

    result = evaluate(Given(), log, metrics={"greedy": greedy, "bias": bias}, n_bootstrap=20)
    expected = evaluate(Given(), log, metrics={"bias": bias}, n_bootstrap=20)
    assert result.auc == expected.auc
    assert result.custom["bias"] == expected.custom["bias"]


def test_what_is_undefined_in_some_resamples_is_left_out_and_said(log):
    def picky(correct: Any, p: Any) -> float:
        if not (correct[p < 0.08] == 1).any():
            raise ValueError("not enough of them")
        return float(correct.mean())

    result = evaluate(Given(), log, metrics={"picky": picky}, n_bootstrap=300)
    notes = [note for note in result.notes if "picky" in note]
    assert len(notes) == 1
    assert "of 300 resamples, in which it is undefined" in notes[0]

    def never(correct: Any, p: Any) -> float:
        return float("nan")

    result = evaluate(Given(), log, metrics={"never": never}, n_bootstrap=20)
    assert np.isnan(result.custom["never"].value)
    assert result.to_dict()["metrics"]["never"]["value"] is None


def test_models_are_compared_by_it(log):
    models = {"plain": Given(), "low": Given(2.0)}
    result = cross_validate(models, log, cv=4, metrics=METRICS, n_bootstrap=100)
    for name in models:
        answered = log.answered
        p = result.predictions[name][answered]
        expected = bias(log.correct[answered], p)
        assert result.pooled[name].custom["bias"].value == pytest.approx(expected, abs=1e-12)
        first = result.test_rows[0][answered[result.test_rows[0]]]
        assert result.folds[name]["bias"][0] == pytest.approx(
            bias(log.correct[first], result.predictions[name][first]), abs=1e-12
        )
    assert len(result.table()["brier"]) == 8
    difference = result.differences("plain").estimates["low"]["bias"]
    assert difference.lower < difference.value < difference.upper < 0
    assert "brier" in str(result).splitlines()[1]
    assert "bias" in str(result.differences())
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["models"]["low"]["folds"][
        "bias"
    ]
    ax = result.plot(metric="bias")
    assert ax.get_xlabel().startswith("bias")
    with pytest.raises(ParameterError, match=r"no metric 'gain'; there are 'auc', .* 'brier'"):
        result.plot(metric="gain")


def test_a_fold_that_a_metric_refuses_is_nan():
    student = np.repeat(np.arange(6), 3)
    log = ResponseLog.from_frame(
        {
            "student": student,
            "skill": np.ones(18, int),
            "correct": (student % 2 == 0).astype(int),
            "p": np.linspace(0.1, 0.9, 18),
        },
        extra=["p"],
    )

    def area(correct: Any, p: Any) -> float:
        if len(set(correct.tolist())) < 2:
            raise ValueError("one class")
        return float(roc_auc_score(correct, p))

    folds = [(np.flatnonzero(student != k), np.flatnonzero(student == k)) for k in range(6)]
    result = cross_validate(Given(), log, cv=folds, metrics={"area": area}, n_bootstrap=50)
    assert np.isnan(result.folds["Given"]["area"]).all()
    expected = auc(log.correct, result.predictions["Given"])
    assert result.pooled["Given"].custom["area"].value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ([bias], "a mapping of name to function(answers, predictions), got list"),
        ({1: bias}, "names of metrics must be text, got 1"),
        ({"auc": bias}, "a metric named 'auc' would hide"),
        ({"fit_time": bias}, "a metric named 'fit_time' would hide"),
        ({"mine": 3}, "metric 'mine' must be a function"),
        ({"mine": lambda correct, p: p}, "metric 'mine': 1 problem\n  - it must return one number"),
        ({"mine": lambda correct, p: None}, "it must return one number, got NoneType None"),
        ({"mine": lambda correct, p: "x"}, "it must return one number, got str 'x'"),
        ({"mine": lambda correct, p: np.inf}, "it must return one number, got float inf"),
    ],
)
def test_what_is_no_metric_is_refused_by_name(log, metrics, says):
    for call in (evaluate, cross_validate, _by_group):
        with pytest.raises(ParameterError) as caught:
            call(Given(), log, metrics=metrics)
        if call is not _by_group or "mine" not in metrics or metrics["mine"] == 3:
            assert says in str(caught.value)


def _by_group(model: Any, log: ResponseLog, metrics: Any) -> Any:
    found = group_errors(log, log.extra["p"], metrics=metrics)
    if all(np.isnan(values).all() for values in found.custom.values()):
        raise ParameterError("group_errors", ["nothing came of it"])
    return found


def test_an_error_of_a_metric_on_all_answers_is_shown(log):
    def broken(correct: Any, p: Any) -> float:
        raise RuntimeError("no metric today")

    with pytest.raises(RuntimeError, match="no metric today"):
        evaluate(Given(), log, metrics={"broken": broken})


# ---- tables per skill -----------------------------------------------------------------------


def test_an_evaluation_has_a_table_per_skill(log):
    result = evaluate(Given(), log, by="skill", metrics=METRICS, n_bootstrap=50)
    expected = group_errors(log, log.extra["p"], metrics=METRICS, n_bootstrap=50)
    for name, column in expected.table().items():
        np.testing.assert_array_equal(result.groups.table()[name], column)
    answered = log.answered & (log.skill.codes == 1)
    assert result.groups.custom["bias"][1] == pytest.approx(
        bias(log.correct[answered], log.extra["p"][answered]), abs=1e-12
    )
    assert str(result.groups).splitlines()[1].split()[-2:] == ["bias", "brier"]
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["groups"]["by"] == "skill"
    assert "groups" not in evaluate(Given(), log, n_bootstrap=0).to_dict()
    assert evaluate(Given(), log, n_bootstrap=0).groups is None
    by_class = evaluate(Given(), log, by=log.extra["class"], n_bootstrap=0).groups
    assert by_class.groups.tolist() == [0, 1]


def test_a_comparison_has_a_table_per_model_and_skill(log):
    models = {"plain": Given(), "low": Given(2.0)}
    result = cross_validate(models, log, cv=4, by="skill", n_bootstrap=50)
    assert result.ranked().groups.keys() == models.keys()
    table = result.group_table()
    assert table["model"].tolist() == ["plain"] * 3 + ["low"] * 3
    assert table["group"].tolist() == [0, 1, 2] * 2
    expected = group_errors(log, result.predictions["low"], n_bootstrap=0)
    np.testing.assert_array_equal(table["log_loss"][3:], expected.log_loss.value)
    assert (
        json.loads(json.dumps(result.to_dict(), allow_nan=False))["groups"]["low"]["by"] == "skill"
    )
    with pytest.raises(ParameterError, match="by="):
        cross_validate(models, log, cv=4, n_bootstrap=0).group_table()
    with pytest.raises(ParameterError, match="no column 'colour'"):
        evaluate(Given(), log, by="colour")
