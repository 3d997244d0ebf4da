"""One class and its slots as arrays, and the linear constraints that its limits are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.numerics import Bools, Floats, Ints

FREE = -1  # the skill of a slot without one


class Week(NamedTuple):
    """One class and its slots: n students, m slots, k skills.

    Attributes
    ----------
    need : float array, shape (n, k)
    tutors : bool array, shape (n, k), or None
        Who can tutor a skill, if each group needs a tutor.
    smallest, largest : int arrays, shape (m,)
        The sizes that a group may have, unless the slot is empty.
    time : int array, shape (m,)
        Slots of one time exclude each other for a student.
    allowed : bool array, shape (m, k)
        The skills that a slot may be on.
    station : bool array, shape (m,)
        Slots without a skill that all share.
    at_least, at_most : int
        How many slots each student gets.
    together : tuple of int arrays
        Rows of students who sit in the same slots.
    apart : int array, shape (n_pairs, 2)
        Rows of students who never sit in the same slot.
    pinned, barred : bool arrays, shape (n, m)
        Who sits in a slot for certain, and who does not.
    covered : int
        How many students must have a slot, where `at_least` is 0.
    """

    need: Floats
    tutors: Bools | None
    smallest: Ints
    largest: Ints
    time: Ints
    allowed: Bools
    station: Bools
    at_least: int
    at_most: int
    together: tuple[Ints, ...]
    apart: Ints
    pinned: Bools
    barred: Bools
    covered: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """How many students and slots there are."""
        return self.pinned.shape[0], self.pinned.shape[1]


class Rows:
    """Rows of linear constraints, ``low <= A v <= high``, and how many variables v has."""

    def __init__(self, n_variables: int) -> None:
        self.n_variables = n_variables
        self._n = 0
        self._parts: list[tuple[Ints, Ints, Floats]] = []
        self._low: list[Floats] = []
        self._high: list[Floats] = []

    def variables(self, n: int) -> Ints:
        """The places of new variables."""
        self.n_variables += n
        return np.arange(self.n_variables - n, self.n_variables)

    def add(self, low: Floats | float, high: Floats | float, *terms: tuple[Ints, Any]) -> None:
        """Add rows.

        Parameters
        ----------
        low, high : float, or float array of shape (n_rows,)
        *terms : tuple of int array and float or float array
            Variables, shape (n_rows, any number), and what multiplies them.
        """
        n_rows = len(terms[0][0])
        for columns, factor in terms:
            row = np.repeat(np.arange(n_rows) + self._n, columns.size // max(n_rows, 1))
            data = np.broadcast_to(np.asarray(factor, np.float64), columns.shape)
            self._parts.append((row, columns.ravel(), data.ravel()))
        self._low.append(np.broadcast_to(np.asarray(low, np.float64), (n_rows,)))
        self._high.append(np.broadcast_to(np.asarray(high, np.float64), (n_rows,)))
        self._n += n_rows

    def matrix(self) -> tuple[csr_array, Floats, Floats]:
        """A, low and high."""
        row, column, data = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        shape = (self._n, self.n_variables)
        # The oldest SciPy's solver takes places of 32 bits only.
        places = row.astype(np.int32), column.astype(np.int32)
        return (
            csr_array((data, places), shape=shape),
            np.concatenate(self._low),
            np.concatenate(self._high),
        )


def rows_of(week: Week) -> tuple[Rows, Ints, Ints]:
    """The limits that do not depend on the skills.

    Returns
    -------
    rows : Rows
    seat : int array, shape (n, m)
        The variables that say who sits where.
    used : int array, shape (m,)
        The variables that say which slots have a group.
    """
    n, m = week.shape
    rows = Rows(0)
    seat, used = rows.variables(n * m).reshape(n, m), rows.variables(m)
    rows.add(week.at_least, week.at_most, (seat, 1.0))
    rows.add(-np.inf, 0.0, (seat.T, 1.0), (used[:, None], -week.largest[:, None]))
    small = np.flatnonzero(week.smallest > 0)
    if len(small):
        rows.add(
            0.0, np.inf, (seat.T[small], 1.0), (used[small, None], -week.smallest[small, None])
        )
    if len(np.unique(week.time)) < m:
        for time in np.flatnonzero(np.bincount(week.time) > 1):
            rows.add(-np.inf, 1.0, (seat[:, week.time == time], 1.0))
    for group in week.together:
        for other in group[1:]:
            rows.add(0.0, 0.0, (seat[group[0]][:, None], 1.0), (seat[other][:, None], -1.0))
    for one, other in week.apart:
        rows.add(-np.inf, 1.0, (seat[one][:, None], 1.0), (seat[other][:, None], 1.0))
    if week.covered:
        has = rows.variables(n)
        rows.add(0.0, np.inf, (seat, 1.0), (has[:, None], -1.0))
        rows.add(week.covered, np.inf, (has[None], 1.0))
    return rows, seat, used
