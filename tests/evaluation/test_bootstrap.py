"""The student bootstrap equals scoring each resample by itself."""

import numpy as np
import pytest

from adaptlearn.evaluation import accuracy, auc, bootstrap, calibration_error, log_loss, rmse
from adaptlearn.evaluation.bootstrap import bootstrap_metrics, student_weights

METRICS = {
    "auc": auc,
    "log_loss": log_loss,
    "rmse": rmse,
    "accuracy": accuracy,
    "calibration_error": calibration_error,
}


def school(rng, n_students=20, n=300, decimals=None):
    student = np.concatenate([np.arange(n_students), rng.integers(n_students, size=n - n_students)])
    predicted = rng.beta(3, 2, size=n)
    predicted = predicted if decimals is None else predicted.round(decimals)
    return (rng.random(n) < predicted).astype(float), predicted, student


@pytest.mark.parametrize("decimals", [None, 1])
def test_each_resample_is_the_metric_of_the_resampled_log(decimals):
    correct, predicted, student = school(np.random.default_rng(1), decimals=decimals)
    found = bootstrap_metrics(correct, predicted, student, 30, np.random.default_rng(7))
    (weights,) = student_weights(20, 30, np.random.default_rng(7))
    for name, metric in METRICS.items():
        expected = [metric(correct, predicted, sample_weight=drawn[student]) for drawn in weights]
        np.testing.assert_allclose(found[name], expected, atol=1e-12)


def test_weights_are_draws_with_replacement():
    weights = np.concatenate(list(student_weights(7, 4000, np.random.default_rng(2))))
    assert weights.shape == (4000, 7)
    assert (weights.sum(axis=1) == 7).all()
    # Each weight is binomial(7, 1/7): mean 1, variance 6/7; 5 standard errors of each.
    assert np.abs(weights.mean(axis=0) - 1).max() < 5 * np.sqrt(6 / 7 / 4000)
    assert weights.var() == pytest.approx(6 / 7, abs=0.05)


def test_blocks_do_not_change_the_draws(monkeypatch):
    whole = np.concatenate(list(student_weights(11, 25, np.random.default_rng(3))))
    monkeypatch.setattr(bootstrap, "_BLOCK", 40)
    blocks = list(student_weights(11, 25, np.random.default_rng(3)))
    assert [len(block) for block in blocks] == [3] * 8 + [1]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_a_resample_of_one_class_has_no_auc_and_all_else():
    correct = np.array([0.0, 0.0, 1.0, 1.0])
    found = bootstrap_metrics(
        correct,
        np.array([0.2, 0.3, 0.6, 0.7]),
        np.array([0, 0, 1, 1]),
        200,
        np.random.default_rng(4),
    )
    # Half of the resamples draw one of the two students twice.
    assert 70 <= np.isnan(found["auc"]).sum() <= 130
    assert np.isfinite(found["log_loss"]).all()


def test_intervals_are_of_students_not_of_answers():
    # Students who differ make answers alike within a student: the spread must be that of the
    # students' means, far more than that of as many independent answers.
    rng = np.random.default_rng(5)
    ability = rng.random(50)
    student = np.repeat(np.arange(50), 100)
    correct = (rng.random(5000) < ability[student]).astype(float)
    found = bootstrap_metrics(correct, np.full(5000, 0.7), student, 2000, rng)
    means = np.bincount(student, correct) / 100
    assert found["accuracy"].std() == pytest.approx(means.std() / np.sqrt(50), rel=0.08)
