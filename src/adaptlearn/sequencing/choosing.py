"""From scores to choices: the best lesson, and the exact probability that it was drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Sums of the same numbers in another order differ by this much, relatively.
_ROUNDING = 1e-12


class Picks(NamedTuple):
    """One choice per student.

    Attributes
    ----------
    lesson : integer array, shape (n_students,)
        -1 where there was nothing to choose from.
    score : float array, shape (n_students,)
    n_candidates, n_tied : integer arrays, shape (n_students,)
        Every tied lesson had the probability 1 / n_tied, every other 0.
    kept : bool array, shape (n_students, n_lessons)
        The tied lessons, and the best of the others.
    tied : bool array, shape (n_students, n_lessons)
    """

    lesson: Ints
    score: Floats
    n_candidates: Ints
    n_tied: Ints
    kept: Bools
    tied: Bools


def pick(value: Floats, draw: Floats, runners_up: int) -> Picks:
    """Choose each student's best lesson, a tie by a uniform draw.

    Parameters
    ----------
    value : float array, shape (n_students, n_lessons)
        Scores; minus infinity where a lesson may not be chosen.
    draw : float array, shape (n_students,)
        Uniform in [0, 1). Of the tied lessons, in order, number ``floor(draw * n_tied)`` wins.
    runners_up : int
        How many of the others to keep.

    Examples
    --------
    >>> import numpy as np
    >>> picks = pick(np.array([[0.2, 0.7, 0.7, -np.inf]]), np.array([0.6]), 1)
    >>> picks.lesson.tolist(), picks.n_tied.tolist(), picks.kept.tolist()
    ([2], [2], [[True, True, True, False]])
    """
    candidates = np.isfinite(value)
    best = value.max(axis=1)
    margin = _ROUNDING * np.maximum(1.0, np.abs(best))
    tied = candidates & (value >= (best - margin)[:, None])
    n_tied = tied.sum(axis=1)
    chosen = np.flatnonzero(n_tied)
    _, tied_lesson = np.nonzero(tied)
    begins = np.cumsum(n_tied) - n_tied
    lesson = np.full(len(value), -1)
    lesson[chosen] = tied_lesson[(begins + (draw * n_tied).astype(np.intp))[chosen]]
    score = np.full(len(value), np.nan)
    score[chosen] = value[chosen, lesson[chosen]]
    kept = tied | _highest(np.where(tied, -np.inf, value), runners_up)
    return Picks(lesson, score, candidates.sum(axis=1), n_tied, kept, tied)


def _highest(value: Floats, n: int) -> Bools:
    """Mark the `n` highest finite values of each row."""
    marked = np.zeros(value.shape, bool)
    n = min(n, value.shape[1])
    if n:
        best = np.argpartition(-value, n - 1, axis=1)[:, :n]
        np.put_along_axis(marked, best, values=True, axis=1)
    return marked & np.isfinite(value)
