"""The student bootstrap: how much a number would move with other students.

Answers of one student are alike, so the unit that is drawn is the student: a resample is an
integer weight per student (Field & Welsh 2007, the cluster bootstrap). Nothing is copied or
sorted again. Means are a product of weights and per-student sums; ranking and calibration
need the weighted tally of the resample, two sparse products away.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.metrics import (
    METRICS,
    Tally,
    answer_losses,
    tally_auc,
    tally_calibration,
)
from adaptlearn.numerics import Floats, Ints

_BLOCK = 4_000_000  # weights, or resampled means, held at a time: 32 MB


def student_weights(
    n_students: int, n_resamples: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Blocks of resamples, drawn with replacement: how often each student was drawn.

    Yields
    ------
    float array, shape (n_block, n_students)
        Rows add up to `n_students`; the blocks hold `n_resamples` rows in all.
    """
    rows = max(1, _BLOCK // n_students)
    for first in range(0, n_resamples, rows):
        block = np.empty((min(rows, n_resamples - first), n_students))
        for weights in block:
            drawn = rng.integers(n_students, size=n_students)
            weights[:] = np.bincount(drawn, minlength=n_students)
        yield block


def bootstrap_metrics(
    correct: Floats,
    predicted: Floats,
    student: Ints,
    n_resamples: int,
    rng: np.random.Generator,
) -> dict[str, Floats]:
    """Every metric in every resample of students.

    Parameters
    ----------
    correct, predicted : float arrays, shape (n,)
        Answers of 0 and 1, and probabilities.
    student : integer array, shape (n,)
        Students as ``0 … n_students - 1``, each with at least one answer.
    n_resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to float array, shape (n_resamples,)
        By metric; AUC is nan in a resample whose answers are all alike.

    References
    ----------
    Field & Welsh (2007), Bootstrapping clustered data. Journal of the Royal Statistical
    Society B 69(3).
    """
    from scipy.sparse import csr_array

    n_students = int(student.max()) + 1
    means = np.stack(
        [
            np.ones(len(correct)),
            answer_losses(correct, predicted),
            (correct - predicted) ** 2,
            (predicted >= 0.5) == (correct == 1),
        ]
    )
    sums = np.stack([np.bincount(student, values, n_students) for values in means], axis=1)
    values, place = np.unique(predicted, return_inverse=True)
    shape = (len(values), n_students)
    right, wrong = (
        csr_array((np.ones(rows.sum()), (place[rows], student[rows])), shape=shape)
        for rows in (correct == 1, correct == 0)
    )
    blocks: dict[str, list[Floats]] = {name: [] for name in METRICS}
    for weights in student_weights(n_students, n_resamples, rng):
        n, loss, square, hit = (weights @ sums).T
        ranked = np.empty((len(weights), 2))
        for row, drawn in zip(ranked, weights, strict=True):
            counts = Tally(values, right @ drawn, wrong @ drawn)
            row[:] = tally_auc(counts), tally_calibration(counts)
        blocks["auc"].append(ranked[:, 0])
        blocks["log_loss"].append(loss / n)
        blocks["rmse"].append(np.sqrt(square / n))
        blocks["accuracy"].append(hit / n)
        blocks["calibration_error"].append(ranked[:, 1])
    return {name: np.concatenate(parts) for name, parts in blocks.items()}


class CellMeans(NamedTuple):
    """Means within cells, with their intervals over students.

    Attributes
    ----------
    n, n_students : integer arrays, shape (n_cells,)
        Values and students of each cell.
    mean, lower, upper : float arrays, shape (n_values, n_cells)
        nan where a cell is empty; ends of intervals are nan below two students, too.
    """

    n: NDArray[np.int64]
    n_students: NDArray[np.int64]
    mean: Floats
    lower: Floats
    upper: Floats


def cell_means(
    values: Sequence[Floats],
    cell: Ints,
    student: Ints,
    n_cells: int,
    *,
    n_bootstrap: int,
    confidence: float,
    random_state: int | np.random.Generator | None,
) -> CellMeans:
    """Means of several quantities within cells: bins, groups, opportunities.

    Parameters
    ----------
    values : sequence of float arrays, each of shape (n,)
        What is averaged, one quantity after the other.
    cell : integer array, shape (n,)
        The cell of each value, in ``0 … n_cells - 1``.
    student : integer array, shape (n,)
        Students as ``0 … n_students - 1``.
    n_cells : int
    n_bootstrap, confidence, random_state
        As in `evaluate`; the intervals are percentiles.
    """
    from scipy.sparse import csr_array

    n_students = int(student.max(initial=-1)) + 1
    counts, *totals = (
        csr_array((quantity, (student, cell)), shape=(n_students, n_cells)).tocsc()
        for quantity in (np.ones(len(cell)), *values)
    )
    n = np.bincount(cell, minlength=n_cells)
    sums = np.stack([np.bincount(cell, quantity, n_cells) for quantity in values])
    met = np.diff(counts.indptr).astype(np.int64)
    ends = np.full((2, len(values), n_cells), np.nan)
    width = max(1, _BLOCK // max(n_bootstrap, 1))
    seed = int(np.random.default_rng(random_state).integers(2**31))
    for first in range(0, n_cells if n_bootstrap else 0, width):
        part = slice(first, min(first + width, n_cells))
        # The same seed again: every block of cells sees the same students drawn.
        drawn = student_weights(n_students, n_bootstrap, np.random.default_rng(seed))
        means = _resampled(drawn, counts[:, part], [total[:, part] for total in totals])
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="All-NaN slice")
            ends[:, :, part] = np.nanquantile(means, tails, axis=1)
    ends[:, :, met < 2] = np.nan
    return CellMeans(n, met, sums / np.where(n, n, np.nan), ends[0], ends[1])


def _resampled(drawn: Iterator[Floats], counts: Any, totals: Sequence[Any]) -> Floats:
    """Means in each resample, shape (n_values, n_resamples, n_cells)."""
    blocks = []
    for weights in drawn:
        n = weights @ counts
        n[n == 0] = np.nan  # none of the cell's students was drawn
        blocks.append(np.stack([(weights @ total) / n for total in totals]))
    return np.concatenate(blocks, axis=1)


def rate_interval(found: CellMeans, row: int, confidence: float) -> tuple[Floats, Floats]:
    """The interval of a mean of zeros and ones, nowhere shorter than the binomial one.

    Where a cell's few answers are all alike, resampling shows no variation at all. Wilson's
    interval, which takes answers to be independent, is then the least that can be said.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22.
    """
    z = normal_quantile(confidence)
    n = np.where(found.n, found.n, np.nan)
    rate = found.mean[row]
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(rate * (1 - rate) / n + (z / (2 * n)) ** 2)
    # Rounding must not carry an end past the rate itself: 0 stays within, 1 too.
    lower = np.maximum(0, np.minimum(found.lower[row], middle - half))
    return lower, np.minimum(1, np.maximum(found.upper[row], middle + half))


def normal_quantile(confidence: float) -> float:
    """Standard errors to either side that hold a share of a normal distribution."""
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))
