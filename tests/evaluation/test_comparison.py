"""Paired differences: the same answers, the same resamples of students."""

import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import accuracy, auc, cross_validate, log_loss, rmse


class Tilted(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Predicts the log's column ``p``, blurred."""

    def __init__(self, blur=0.0):
        self.blur = blur

    def fit(self, log, y=None):
        return self

    def predict_proba(self, log):
        noise = np.sin(1000 * log.extra["p"]) * self.blur
        p = np.clip(log.extra["p"] + noise, 0.01, 0.99)
        return np.stack([1 - p, p], axis=1)


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(2)
    student = np.repeat(np.arange(60), 20)
    p = np.clip(rng.beta(3, 2, len(student)) + rng.normal(0, 0.1, 60)[student], 0.02, 0.98)
    correct = (rng.random(len(student)) < p).astype(int)
    columns = {"student": student, "skill": np.ones(len(p), int), "correct": correct, "p": p}
    return ResponseLog.from_frame(columns, extra=["p"])


@pytest.fixture(scope="module")
def result(log):
    models = {"blurred": Tilted(0.2), "sharp": Tilted(), "hardly": Tilted(0.05)}
    return cross_validate(models, log, n_bootstrap=300)


def test_a_difference_is_that_of_the_pooled_metrics(log, result):
    found = result.differences()
    assert found.reference == result.best == "sharp"
    assert list(found.estimates) == ["blurred", "hardly"]
    for name, metrics in found.estimates.items():
        for metric in (auc, log_loss, rmse, accuracy):
            one, other = (metric(log.correct, result.predictions[n]) for n in (name, "sharp"))
            assert metrics[metric.__name__].value == pytest.approx(one - other, abs=1e-12)


def test_pairing_makes_intervals_short_and_signs_opposite(result):
    found = result.differences().estimates["hardly"]["auc"]
    assert found.lower < found.value < found.upper
    own = result.pooled["sharp"].auc
    assert found.upper - found.lower < 0.3 * (own.upper - own.lower)
    back = result.differences("hardly").estimates["sharp"]["auc"]
    assert (back.value, back.lower, back.upper) == pytest.approx(
        (-found.value, -found.upper, -found.lower), abs=1e-12
    )
    blurred = result.differences().estimates["blurred"]
    assert blurred["auc"].upper < 0 < blurred["log_loss"].lower


def test_a_model_does_not_differ_from_itself(log):
    result = cross_validate({"a": Tilted(), "b": Tilted()}, log, cv=2, n_bootstrap=20)
    (estimates,) = result.differences("a").estimates.values()
    assert all((e.value, e.lower, e.upper) == (0, 0, 0) for e in estimates.values())


def test_the_order_is_that_of_auc(result):
    ranked = result.ranked()
    assert list(ranked.pooled) == list(ranked.folds) == ["sharp", "hardly", "blurred"]
    assert ranked.differences().to_dict() == result.ranked().differences().to_dict()
    assert [line.split()[0] for line in str(ranked).splitlines()[2:]] == list(ranked.pooled)


def test_where_auc_is_undefined_log_loss_decides(log):
    right = log[log.correct == 1]
    result = cross_validate({"blurred": Tilted(0.2), "sharp": Tilted()}, right, cv=2, n_bootstrap=5)
    best = min(result.pooled, key=lambda name: result.pooled[name].log_loss.value)
    assert result.best == best
    (estimates,) = result.differences().estimates.values()
    assert np.isnan(estimates["auc"].value)
    assert "nan" not in str(result.differences())


def test_without_resamples_there_is_no_interval(log):
    result = cross_validate({"a": Tilted(), "b": Tilted(0.2)}, log, cv=2, n_bootstrap=0)
    found = result.differences().estimates["b"]["auc"]
    assert found.value < 0
    assert np.isnan(found.lower)


def test_an_unknown_reference_is_named(result):
    with pytest.raises(ParameterError, match=r"no model 'shrap'; there are 'blurred', 'sharp'"):
        result.differences("shrap")


def test_text_html_plain_data_and_table(log, result):
    found = result.differences()
    lines = str(found).splitlines()
    assert lines[0] == "difference to sharp, on the same answers"
    assert f"{found.estimates['blurred']['auc'].value:+.4f}" in lines[2]
    assert found._repr_html_().count("<tr>") == 3
    assert repr(found) == "PairedDifferences(blurred, hardly; to sharp)"
    table = found.table()
    assert table["model"].tolist() == ["blurred"] * 4 + ["hardly"] * 4
    assert table["difference"][0] == found.estimates["blurred"]["auc"].value
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["best"] == "sharp"
    assert plain["differences"] == json.loads(json.dumps(found.to_dict()))
    alone = cross_validate(Tilted(), log, cv=2, n_bootstrap=5).differences()
    assert len(alone.table()["difference"]) == 0
    assert alone.to_dict()["models"] == {}
