"""Metrics against scikit-learn, plain definitions, and repeated rows."""

import numpy as np
import pytest
from sklearn import metrics as reference
from tests.conftest import trials

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import accuracy, auc, calibration_error, log_loss, rmse

ALL = [auc, log_loss, rmse, accuracy, calibration_error]


def answers(rng, n=400, decimals=None):
    predicted = rng.beta(3, 2, size=n)
    if decimals is not None:
        predicted = predicted.round(decimals)
    return (rng.random(n) < predicted).astype(int), predicted


@pytest.mark.parametrize("decimals", [None, 2, 1, 0], ids="ties to {} decimals".format)
@pytest.mark.parametrize("weighted", [False, True])
def test_equal_scikit_learn(decimals, weighted):
    rng = np.random.default_rng(1)
    for _ in range(5):
        y, p = answers(rng, decimals=decimals)
        w = rng.integers(0, 4, size=len(y)) if weighted else None
        kept = slice(None) if w is None else w > 0
        skl = {"sample_weight": None if w is None else w[kept]}
        both = y[kept], p[kept]
        assert auc(y, p, sample_weight=w) == pytest.approx(
            reference.roc_auc_score(*both, **skl), abs=1e-12
        )
        assert log_loss(y, p, sample_weight=w) == pytest.approx(
            reference.log_loss(*both, **skl, labels=[0, 1]), abs=1e-12
        )
        assert rmse(y, p, sample_weight=w) ** 2 == pytest.approx(
            reference.brier_score_loss(*both, **skl), abs=1e-12
        )
        assert accuracy(y, p, sample_weight=w) == pytest.approx(
            reference.accuracy_score(y[kept], p[kept] >= 0.5, **skl), abs=1e-12
        )


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("decimals", [None, 1])
def test_a_weight_is_a_repetition_and_order_is_nothing(metric, decimals):
    rng = np.random.default_rng(2)
    y, p = answers(rng, 200, decimals)
    w = rng.integers(0, 5, size=len(y))
    repeated = rng.permutation(np.repeat(np.arange(len(y)), w))
    assert metric(y, p, sample_weight=w) == pytest.approx(
        metric(y[repeated], p[repeated]), abs=1e-12
    )


def test_calibration_error_is_its_definition():
    y, p = answers(np.random.default_rng(3), 1000)
    order = np.argsort(p)
    bins = np.split(order, 10)  # a hundred answers each
    expected = np.mean([abs(y[rows].mean() - p[rows].mean()) for rows in bins])
    assert calibration_error(y, p) == pytest.approx(expected, abs=1e-12)
    assert calibration_error(y, p, n_bins=1) == pytest.approx(abs(y.mean() - p.mean()), abs=1e-12)


def test_calibration_error_never_parts_equal_predictions():
    # By middle of mass: .2 holds 0 to .6, middle .3, first bin; .9 holds the rest, second bin.
    y, p = np.array([1, 0, 0, 0, 0, 0, 1, 1, 1, 0]), np.repeat([0.2, 0.9], [6, 4])
    expected = 0.6 * abs(1 / 6 - 0.2) + 0.4 * abs(3 / 4 - 0.9)
    assert calibration_error(y, p, n_bins=2) == pytest.approx(expected, abs=1e-12)


@pytest.mark.trials
def test_calibration_error_matches_a_plain_loop_with_ties_and_weights():
    rng = np.random.default_rng(4)
    for _ in range(trials(2000)):
        y, p = answers(rng, 30, 1)
        w = rng.integers(0, 3, size=len(y))
        if not w.sum():
            continue
        n_bins = int(rng.integers(1, 8))
        gaps, below = np.zeros(n_bins), 0
        for value in np.unique(p):
            here = p == value
            mass = w[here].sum()
            place = int(n_bins * (2 * below + mass) // (2 * w.sum()))  # whole numbers: exact
            gaps[min(place, n_bins - 1)] += (w[here] * (y[here] - value)).sum()
            below += mass
        expected = np.abs(gaps).sum() / w.sum()
        result = calibration_error(y, p, n_bins=n_bins, sample_weight=w)
        assert result == pytest.approx(expected, abs=1e-9)


def test_chance_level_of_the_calibration_error_is_as_documented():
    rng = np.random.default_rng(5)
    p = np.full(5000, 0.6) + rng.uniform(-1e-3, 1e-3, 5000)
    found = np.mean([calibration_error(rng.random(5000) < p, p) for _ in range(200)])
    assert found == pytest.approx(0.8 * np.sqrt(10 * 0.6 * 0.4 / 5000), rel=0.05)


def test_one_class_has_no_ranking():
    assert np.isnan(auc([1, 1], [0.2, 0.4]))
    assert np.isnan(auc([1, 0], [0.2, 0.4], sample_weight=[1, 0]))


def test_certain_failures_are_finite():
    assert log_loss([1, 0], [0.0, 1.0]) == pytest.approx(-np.log(np.finfo(float).eps))


@pytest.mark.parametrize(
    ("correct", "predicted", "weight", "says"),
    [
        ([1, 0], [0.5], None, "arrays of one length, at least 1, expected"),
        ([], [], None, "arrays of one length, at least 1, expected"),
        ([[1, 0]], [[0.5, 0.5]], None, "arrays of one length"),
        ([1, 0], [0.5, 0.5], [1], "sample_weight (1,)"),
        ([1, 0.7, -1], [0.5] * 3, None, "correct must be 0 or 1; 2 of 3 values are not"),
        ([1, 0], [1.5, np.nan], None, "predicted must be a probability; 2 of 2 values are not"),
        ([1, 0], [0.5, 0.5], [1, -1], "sample_weight must be finite and at least 0"),
        ([1, 0], [0.5, 0.5], [0, 0], "with a sum above 0"),
    ],
)
@pytest.mark.parametrize("metric", ALL)
def test_bad_input_is_named(metric, correct, predicted, weight, says):
    with pytest.raises(ParameterError) as caught:
        metric(correct, predicted, sample_weight=weight)
    assert says in str(caught.value)


def test_all_problems_come_at_once():
    with pytest.raises(ParameterError) as caught:
        auc([2, 0], [1.5, 0.5], sample_weight=[np.inf, 1])
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("n_bins", [0, 2.5, True])
def test_bins_are_counted(n_bins):
    with pytest.raises(ParameterError, match="n_bins must be an integer in"):
        calibration_error([1, 0], [0.5, 0.5], n_bins=n_bins)
