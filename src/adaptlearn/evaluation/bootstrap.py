"""The student bootstrap: how much a number would move with other students.

Answers of one student are alike, so the unit that is drawn is the student: a resample is an
integer weight per student (Field & Welsh 2007, the cluster bootstrap). Nothing is copied or
sorted again. Means are a product of weights and per-student sums; ranking and calibration
need the weighted tally of the resample, two sparse products away.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.custom_metrics import Metric, value_or_nan
from adaptlearn.evaluation.intervals import Ends, Scale, student_interval
from adaptlearn.evaluation.metrics import (
    METRICS,
    Tally,
    answer_losses,
    tally_auc,
    tally_calibration,
)
from adaptlearn.numerics import Floats, Ints
from adaptlearn.randomness import Randomness, generator_of

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
    *,
    own: Mapping[str, Metric] | None = None,
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
    own : mapping of str to function, optional
        Metrics of the caller's: each is called once for each resample, with the rows repeated.

    Returns
    -------
    dict of str to float array, shape (n_resamples,)
        By metric; AUC is nan in a resample whose answers are all alike, and so is what a metric
        of the caller's refuses.

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
    own = own or {}
    blocks: dict[str, list[Floats]] = {name: [] for name in (*METRICS, *own)}
    rows = np.arange(len(correct))
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
        for drawn in weights if own else ():
            again = np.repeat(rows, drawn[student].astype(np.intp))
            for name, metric in own.items():
                value = value_or_nan(name, metric, correct[again], predicted[again])
                blocks[name].append(np.array([value]))
    return {name: np.concatenate(parts) for name, parts in blocks.items()}


class CellMeans(NamedTuple):
    """Means within cells, and how much resampling students moves them.

    Attributes
    ----------
    n, n_students : integer arrays, shape (n_cells,)
        Values and students of each cell.
    effective : float array, shape (n_cells,)
        Students as `effective_students` counts them.
    mean, spread : float arrays, shape (n_values, n_cells)
        Means, nan where a cell is empty; their standard deviations over resamples, nan without
        resamples and below two students.
    """

    n: NDArray[np.int64]
    n_students: NDArray[np.int64]
    effective: Floats
    mean: Floats
    spread: Floats

    def interval(self, row: int, confidence: float, scale: Scale = "plain") -> Ends:
        """Of one of the quantities, over students."""
        return student_interval(self.mean[row], self.spread[row], self.effective, confidence, scale)


def cell_means(
    values: Sequence[Floats],
    cell: Ints,
    student: Ints,
    n_cells: int,
    *,
    n_bootstrap: int,
    random_state: Randomness,
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
    n_bootstrap, random_state
        As in `evaluate`.
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
    squares = np.asarray((counts * counts).sum(axis=0), np.float64)
    effective = np.divide(n * 1.0 * n, squares, out=np.full(n_cells, np.nan), where=squares > 0)
    spread = np.full((len(values), n_cells), np.nan)
    width = max(1, _BLOCK // max(n_bootstrap, 1))
    seed = int(generator_of(random_state).integers(2**31))
    for first in range(0, n_cells if n_bootstrap > 1 else 0, width):
        part = slice(first, min(first + width, n_cells))
        # The same seed again: every block of cells sees the same students drawn.
        drawn = student_weights(n_students, n_bootstrap, np.random.default_rng(seed))
        means = _resampled(drawn, counts[:, part], [total[:, part] for total in totals])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Degrees of freedom")
            spread[:, part] = np.nanstd(means, axis=1)
    spread[:, met < 2] = np.nan
    return CellMeans(n, met, effective, sums / np.where(n, n, np.nan), spread)


def _resampled(drawn: Iterator[Floats], counts: Any, totals: Sequence[Any]) -> Floats:
    """Means in each resample, shape (n_values, n_resamples, n_cells)."""
    blocks = []
    for weights in drawn:
        n = weights @ counts
        n[n == 0] = np.nan  # none of the cell's students was drawn
        blocks.append(np.stack([(weights @ total) / n for total in totals]))
    return np.concatenate(blocks, axis=1)
