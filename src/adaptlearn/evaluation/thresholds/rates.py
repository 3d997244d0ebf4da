"""Error rates over thresholds as array functions: tallies, resamples, the choice of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.evaluation.bootstrap import student_weights
from adaptlearn.evaluation.intervals import rate_interval
from adaptlearn.evaluation.results import Estimates
from adaptlearn.numerics import Bools, Floats, Ints

_LEAST_ERRORS = 5  # expected at the wanted rate, before a rate counts


class Rows(NamedTuple):
    """What is known of each estimate.

    Attributes
    ----------
    place : integer array, shape (n,)
        How many of the rising thresholds the estimate reaches, ``0 … n_thresholds``.
    truth : float array, shape (n,)
    student, group : integer arrays, shape (n,)
        As ``0 … n_students - 1`` and ``0 … n_groups - 1``.
    n_groups, n_thresholds : int
    """

    place: Ints
    truth: Floats
    student: Ints
    group: Ints
    n_groups: int
    n_thresholds: int

    @property
    def cell(self) -> Ints:
        """Group and place as one number."""
        return self.group * (self.n_thresholds + 1) + self.place

    def n_students(self, row: int) -> int:
        """Students of a group as `Sides` counts them: 0 for all, then from 1."""
        return len(np.unique(self.student[self.group == row - 1] if row else self.student))


class Sides(NamedTuple):
    """Estimates to either side of each threshold, and how much of them is mastered.

    All students together come first, then the groups.

    Attributes
    ----------
    declared, practised : float arrays, shape (..., 1 + n_groups, n_thresholds)
        Estimates at or above, and below.
    declared_known, practised_known : float arrays, shape (..., 1 + n_groups, n_thresholds)
    """

    declared: Floats
    practised: Floats
    declared_known: Floats
    practised_known: Floats

    @property
    def false_mastery(self) -> Floats:
        """Share of the declared that is not mastered; nan where nothing is declared."""
        # Sums that come of differences: rounding is not to carry a rate below 0.
        return np.maximum(0, 1 - _share(self.declared_known, self.declared))

    @property
    def needless_practice(self) -> Floats:
        """Share of the practised that is mastered; nan where nothing is practised."""
        return np.minimum(1, _share(self.practised_known, self.practised))

    def of(self, groups: int | slice) -> Sides:
        """Those of one group, or of some."""
        return Sides(*(each[..., groups, :] for each in self))

    def at(self, places: Ints) -> Sides:
        """Summed over groups, with a threshold for each."""
        return Sides(*(each[..., np.arange(len(places)), places].sum(-1) for each in self))


def _share(part: Floats, whole: Floats) -> Floats:
    share: Floats = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return share


def sides(n: Floats, known: Floats) -> Sides:
    """From counts per group and place, shape (..., n_groups, n_thresholds + 1)."""
    n, known = (np.concatenate([of.sum(-2, keepdims=True), of], axis=-2) for of in (n, known))
    below, below_known = np.cumsum(n, axis=-1), np.cumsum(known, axis=-1)
    return Sides(
        below[..., -1:] - below[..., :-1],
        below[..., :-1],
        below_known[..., -1:] - below_known[..., :-1],
        below_known[..., :-1],
    )


def observed_sides(rows: Rows) -> Sides:
    """Of the estimates as they are, shape (1 + n_groups, n_thresholds)."""
    shape = (rows.n_groups, rows.n_thresholds + 1)
    n, known = (
        np.bincount(rows.cell, values, shape[0] * shape[1]).reshape(shape).astype(np.float64)
        for values in (np.ones(len(rows.truth)), rows.truth)
    )
    return sides(n, known)


def resampled_sides(rows: Rows, n_resamples: int, rng: np.random.Generator) -> Sides:
    """Of resamples of students, shape (n_resamples, 1 + n_groups, n_thresholds)."""
    from scipy.sparse import csr_array

    n_students = int(rows.student.max()) + 1
    shape = (rows.n_groups, rows.n_thresholds + 1)
    size = (n_students, shape[0] * shape[1])
    columns: list[Any] = [
        csr_array((values, (rows.student, rows.cell)), shape=size)
        for values in (np.ones(len(rows.truth)), rows.truth)
    ]
    drawn = np.empty((2, n_resamples, *shape))
    first = 0
    for weights in student_weights(n_students, n_resamples, rng):
        block = slice(first, first + len(weights))
        for each, of in zip(drawn, columns, strict=True):
            each[block] = (weights @ of).reshape((-1, *shape))
        first = block.stop
    return sides(*drawn)


def students_at_sides(rows: Rows) -> tuple[Ints, Ints]:
    """Students with an estimate declared, and practised, shape (1 + n_groups, n_thresholds)."""
    width = rows.n_thresholds + 1
    parts = [
        _reach(rows.student, np.zeros_like(rows.group), rows.place, 1, width),
        _reach(rows.student, rows.group, rows.place, rows.n_groups, width),
    ]
    most, least = (np.cumsum(np.concatenate(pair), axis=1) for pair in zip(*parts, strict=True))
    return most[:, -1:] - most[:, :-1], least[:, :-1]


def _reach(student: Ints, group: Ints, place: Ints, n_groups: int, width: int) -> tuple[Ints, Ints]:
    """How many students of a group have each place for their highest, and for their lowest."""
    order = np.lexsort((place, group, student))
    pair = (student * n_groups + group)[order]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    last = np.append(first[1:], len(pair)) - 1
    highest, lowest = (
        np.bincount(
            group[order[ends]] * width + place[order[ends]], minlength=n_groups * width
        ).reshape(n_groups, width)
        for ends in (last, first)
    )
    return highest, lowest


class Side(NamedTuple):
    """What a criterion speaks of, and which way it is lenient.

    Attributes
    ----------
    rate, size : callables
        From `Sides`: the rate, and how many estimates it is of.
    students : int
        Where `students_at_sides` has theirs.
    lowest : bool
        Whether the lowest of the thresholds that keep the rate is wanted, or the highest.
    beyond : float
        The threshold that errs on the other side only.
    words : str
        What has happened to these estimates.
    """

    rate: Callable[[Sides], Floats]
    size: Callable[[Sides], Floats]
    students: int
    lowest: bool
    beyond: float
    words: str

    def least(self, wanted: float) -> float:
        """How many estimates a rate must be of, to count."""
        return _LEAST_ERRORS / wanted


SIDES = {
    "false_mastery": Side(
        rate=lambda found: found.false_mastery,
        size=lambda found: found.declared,
        students=0,
        lowest=True,
        beyond=1.0,
        words="declared mastered",
    ),
    "needless_practice": Side(
        rate=lambda found: found.needless_practice,
        size=lambda found: found.practised,
        students=1,
        lowest=False,
        beyond=0.0,
        words="still practised",
    ),
}
"""By criterion."""

CRITERIA = tuple(SIDES)


def enough(
    found: Sides, students: tuple[Ints, Ints], criterion: str, wanted: float, min_students: int
) -> Bools:
    """Whether each rate is of enough students and estimates to count."""
    side = SIDES[criterion]
    several = side.size(found) >= side.least(wanted)
    return several & (students[side.students] >= min_students)


def chosen(found: Sides, counts: Bools, criterion: str, wanted: float) -> Ints:
    """Place of the first threshold, from below or from above, that keeps the rate; or -1.

    From that end rates are of many estimates, and their chance fluctuations small.
    """
    side = SIDES[criterion]
    keeps = (side.rate(found) <= wanted) & counts
    last = keeps.shape[-1] - 1
    ahead = np.argmax(keeps, axis=-1)
    place = ahead if side.lowest else last - np.argmax(keeps[..., ::-1], axis=-1)
    return np.where(keeps.any(axis=-1), place, -1)


def rate_estimates(
    criterion: str, found: Sides, drawn: Sides, students: tuple[Ints, Ints], confidence: float
) -> Estimates:
    """A rate with its interval over students, nowhere shorter than Wilson's."""
    side = SIDES[criterion]
    rate, resamples = side.rate(found), side.rate(drawn)
    spread = np.full(rate.shape, np.nan)
    # A resample may leave nothing on a side of which there is little: it says nothing then.
    said = (~np.isnan(resamples)).sum(axis=0) > 1
    spread[said] = np.nanstd(resamples[:, said], axis=0)
    n = side.size(found)
    lower, upper = rate_interval(rate, spread, students[side.students] * 1.0, n, confidence)
    return Estimates(rate, lower, upper)
