"""Metrics of predicted probabilities, as functions of arrays.

Ranking and calibration depend on the log only through a *tally*: how many answers at each
distinct prediction were correct, and how many were wrong. Ties are thereby handled exactly,
row order cannot matter, and resampling students only changes the counts of a tally whose
predictions were sorted once.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats
from adaptlearn.validation import Interval, check_parameters

METRICS = ("auc", "log_loss", "rmse", "accuracy", "calibration_error")
"""Names of the metrics, in the order tables show them."""

_SMALLEST = float(np.finfo(np.float64).eps)
_N_BINS = 10


class Scored(NamedTuple):
    """Checked input of a metric: answers, predictions and weights of equal length."""

    correct: Floats
    predicted: Floats
    weight: Floats


class Tally(NamedTuple):
    """Correct and wrong answers at each distinct prediction, in rising order."""

    predicted: Floats
    right: Floats
    wrong: Floats


def checked(correct: ArrayLike, predicted: ArrayLike, sample_weight: ArrayLike | None) -> Scored:
    """Arrays of one length, answers of 0 and 1, probabilities, weights that weigh something."""
    y, p = np.asarray(correct, np.float64), np.asarray(predicted, np.float64)
    w = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    shapes = {"correct": y.shape, "predicted": p.shape, "sample_weight": w.shape}
    if y.ndim != 1 or y.size == 0 or len(set(shapes.values())) > 1:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ParameterError("metric", [f"arrays of one length, at least 1, expected; got {found}"])
    problems = []
    if bad := np.count_nonzero((y != 0) & (y != 1)):
        problems.append(f"correct must be 0 or 1; {bad} of {len(y)} values are not")
    if bad := np.count_nonzero(~((p >= 0) & (p <= 1))):
        problems.append(f"predicted must be a probability; {bad} of {len(p)} values are not")
    if not (np.isfinite(w) & (w >= 0)).all() or not w.sum() > 0:
        problems.append("sample_weight must be finite and at least 0, with a sum above 0")
    if problems:
        raise ParameterError("metric", problems)
    return Scored(y, p, w)


def tally(scored: Scored) -> Tally:
    """Add up the weights of right and wrong answers at each distinct prediction."""
    values, place = np.unique(scored.predicted, return_inverse=True)
    right, wrong = (
        np.bincount(place, scored.weight * answer, len(values)).astype(np.float64)
        for answer in (scored.correct, 1 - scored.correct)
    )
    return Tally(values, right, wrong)


def _dot(a: Floats, b: Floats) -> float:
    # Not BLAS: waking its threads for a product this short costs more than the product.
    return float(np.einsum("i,i", a, b))


def auc(
    correct: ArrayLike, predicted: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Area under the ROC curve: how well predictions rank right answers above wrong answers.

    The AUC is the probability that a random correct answer has a higher prediction than a random
    wrong answer (Hanley & McNeil 1982). A pair of answers with equal predictions counts one half.
    An AUC of 1 is perfect, an AUC of .5 is chance.

    Parameters
    ----------
    correct : array of 0 and 1, shape (n,)
    predicted : array, shape (n,)
        Probabilities of a correct answer.
    sample_weight : array, shape (n,), optional
        The weights of the answers; by default, all weights are 1.

    Returns
    -------
    float
        In [0, 1]. The AUC is nan if all answers (with positive weight) are equal, because then
        there is nothing to rank.

    Raises
    ------
    ParameterError
        The error is raised if arrays have different lengths or are empty, or if values are out of
        range.

    References
    ----------
    Hanley & McNeil (1982), The meaning and use of the area under a receiver operating
    characteristic (ROC) curve. Radiology 143(1).

    Examples
    --------
    >>> auc([0, 0, 1, 1], [.1, .4, .35, .8])
    0.75
    """
    return tally_auc(tally(checked(correct, predicted, sample_weight)))


def tally_auc(counts: Tally) -> float:
    """`auc` of a tally."""
    right, wrong = float(counts.right.sum()), float(counts.wrong.sum())
    if right <= 0 or wrong <= 0:
        return float("nan")
    # Wrong answers predicted lower than each right one, and half of those predicted the same.
    pairs = _dot(counts.right, np.cumsum(counts.wrong)) - _dot(counts.right, counts.wrong) / 2
    return float(pairs / (right * wrong))


def log_loss(
    correct: ArrayLike, predicted: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Mean negative log-likelihood of the answers, in nats; lower is better.

    Predictions are first clipped to ``[eps, 1 - eps]`` with eps = 2.2e-16, as in scikit-learn. So a
    wrong prediction of 0 or 1 adds 36 nats, not infinity.

    Parameters
    ----------
    correct, predicted, sample_weight
        As in `auc`.

    Returns
    -------
    float
        A number of at least 0. If all predictions are one half, the log loss is ln 2 = .693.

    Examples
    --------
    >>> round(log_loss([1, 0], [.8, .4]), 4)
    0.367
    """
    scored = checked(correct, predicted, sample_weight)
    return float(np.average(answer_losses(scored.correct, scored.predicted), weights=scored.weight))


def answer_losses(correct: Floats, predicted: Floats) -> Floats:
    """Negative log-likelihood of each answer, in nats."""
    p = np.clip(predicted, _SMALLEST, 1 - _SMALLEST)
    return -np.log(np.where(correct == 1, p, 1 - p))


def rmse(
    correct: ArrayLike, predicted: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """The root mean squared difference between answers and predictions.

    The RMSE is the square root of the Brier score.

    Parameters
    ----------
    correct, predicted, sample_weight
        As in `auc`.

    Returns
    -------
    float
        A number in [0, 1]; lower is better.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability. Monthly
    Weather Review 78(1).

    Examples
    --------
    >>> round(rmse([1, 0], [.9, .3]), 4)
    0.2236
    """
    y, p, w = checked(correct, predicted, sample_weight)
    return float(np.sqrt(np.average((y - p) ** 2, weights=w)))


def accuracy(
    correct: ArrayLike, predicted: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """The fraction of right predictions; a prediction of at least one half means *correct*.

    Compare the accuracy with the fraction of correct answers. If you predict *correct* for every
    answer, without any model, the accuracy equals the fraction of correct answers.

    Parameters
    ----------
    correct, predicted, sample_weight
        As in `auc`.

    Returns
    -------
    float
        A number in [0, 1]; higher is better.

    Examples
    --------
    >>> accuracy([1, 0, 1], [.9, .3, .4])
    0.6666666666666666
    """
    y, p, w = checked(correct, predicted, sample_weight)
    return float(np.average((p >= 0.5) == (y == 1), weights=w))


def calibration_error(
    correct: ArrayLike,
    predicted: ArrayLike,
    *,
    n_bins: int = _N_BINS,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Expected calibration error (ECE): how far predicted rates are from observed rates.

    The predictions are sorted and cut into bins. For each bin, the difference |fraction correct -
    mean prediction| is computed. The error is the mean of these differences over answers:

        ECE = sum over bins of (weight of bin / weight) * abs(mean(correct) - mean(predicted))

    The formula is from Naeini et al. (2015), applied to the probability of a correct answer. The
    error of Guo et al. (2017) is a different number, because its bins sort the answers by the
    probability of the more likely answer. Bins have equal weight (Nguyen & O'Connor 2015), not
    equal width. Equal predictions are always in the same bin: the bin that contains the middle of
    their weight. So if many predictions are equal, bins can have unequal weight, and some bins may
    be empty.

    Parameters
    ----------
    correct, predicted, sample_weight
        As in `auc`.
    n_bins : int, default 10
        Number of bins, at least 1.

    Returns
    -------
    float
        A number in [0, 1]; lower is better. In a finite log, even perfect predictions have an error
        above 0, by chance alone: about ``0.8 * sqrt(n_bins * p * (1 - p) / n)``, for n answers of
        which the share p is right.

    References
    ----------
    Naeini, Cooper & Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian
    binning, AAAI. Nguyen & O'Connor (2015), Posterior calibration and exploratory analysis
    for natural language processing models, EMNLP. Guo, Pleiss, Sun & Weinberger (2017), On
    calibration of modern neural networks, ICML.

    Examples
    --------
    >>> calibration_error([1, 1, 0, 1], [.5, .5, .75, .75], n_bins=2)
    0.375
    """
    check_parameters("metric", {"n_bins": n_bins}, {"n_bins": [Interval(1, 2**31, integer=True)]})
    return tally_calibration(tally(checked(correct, predicted, sample_weight)), n_bins)


def bin_edges(counts: Tally, n_bins: int) -> list[int]:
    """Where bins of about equal mass begin among a tally's predictions; the first is 0.

    Shape ``n_bins``, not falling: a bin that begins where the next one does is empty.
    """
    mass = counts.right + counts.wrong
    through = np.cumsum(mass)
    aims = through[-1] * np.arange(1, n_bins) / n_bins
    # The first prediction that reaches an edge stays above it unless most of its mass is below.
    at = np.searchsorted(through, aims)
    at += through[at] - mass[at] / 2 < aims
    return [0, *at.tolist()]


def tally_calibration(counts: Tally, n_bins: int = _N_BINS) -> float:
    """`calibration_error` of a tally."""
    predicted, right, wrong = counts
    gap = 0.0
    for first, end in pairwise([*bin_edges(counts, n_bins), len(predicted)]):
        part = slice(first, end)
        p, r, w = predicted[part], right[part], wrong[part]
        gap += abs(float(r.sum()) - _dot(p, r) - _dot(p, w))
    return gap / float(right.sum() + wrong.sum())


def all_metrics(correct: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """Every metric, by its name; arguments as in `auc`."""
    metrics = (auc, log_loss, rmse, accuracy, calibration_error)
    return {name: metric(correct, predicted) for name, metric in zip(METRICS, metrics, strict=True)}
