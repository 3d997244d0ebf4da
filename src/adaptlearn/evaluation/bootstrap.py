"""The student bootstrap: how much a metric would move with other students.

Answers of one student are alike, so the unit that is drawn is the student: a resample is an
integer weight per student (Field & Welsh 2007, the cluster bootstrap). Nothing is copied or
sorted again. Means are a product of weights and per-student sums; ranking and calibration
need the weighted tally of the resample, two sparse products away.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.metrics import (
    METRICS,
    Floats,
    Tally,
    answer_losses,
    tally_auc,
    tally_calibration,
)

_BLOCK = 4_000_000  # weights held at a time: 32 MB


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
    student: NDArray[np.integer],
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
