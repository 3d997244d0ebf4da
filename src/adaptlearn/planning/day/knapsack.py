"""The best day of every student at once: a knapsack per kind, joined under floors and caps.

References
----------
- R. Bellman (1957). Dynamic Programming. Princeton University Press.
- H. Kellerer, U. Pferschy, D. Pisinger (2004). Knapsack Problems. Springer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.day.limits import Limits, Tree, tree_of

_STUDENTS = 2048  # at a time: their tables stay in the processor's cache


class Offers(NamedTuple):
    """The lessons that each student may be given; a row per student, filled up with -1.

    Attributes
    ----------
    lesson : int array, shape (n, n_offers)
        Places in the curriculum; -1 where there is no more.
    steps : int array
        The steps that each lesson takes; at least 1.
    value : float array
    kind : int array
        The place of each lesson's kind in `KINDS`. In each row, kinds are in order, and within a
        kind lessons at a device come last.
    device : bool array
    """

    lesson: Ints
    steps: Ints
    value: Floats
    kind: Ints
    device: Bools

    def take(self, rows: Ints | Bools | slice) -> Offers:
        """Some of the rows."""
        tables: list[Any] = [table[rows] for table in self]
        return Offers(*tables)


class Days(NamedTuple):
    """A day for each row of offers.

    Attributes
    ----------
    chosen : bool array, shape (n, n_offers)
    worth : float array, shape (n,)
        The value of what is chosen, less `penalty` for each step below a floor.
    """

    chosen: Bools
    worth: Floats


def best_days(
    offers: Offers, open_: Bools, limits: Limits, penalty: float, *, device: bool
) -> Days:
    """The best choice of lessons for each row: exact, but for skills and for kinds that cross.

    Parameters
    ----------
    offers : Offers
    open_ : bool array, shape (n, n_offers)
        Which of the offers may be chosen.
    limits : Limits
    penalty : float
        What one step below a floor costs.
    device : bool
        Whether the cap on device minutes is kept; without it, the tables are smaller.

    Notes
    -----
    ``f(t)`` is the best value of lessons of one kind that take exactly ``t`` steps. Two tables are
    joined by ``h(t) = max over s of f(t - s) + g(s)``. With the cap on device minutes, tables have
    a second dimension, the steps at a device.
    """
    tree = tree_of(limits)
    chosen = np.zeros(open_.shape, bool)
    worth = np.empty(len(open_))
    for start in range(0, len(open_), _STUDENTS):
        part = slice(start, start + _STUDENTS)
        programme = _Programme(offers.take(part), open_[part], limits, tree, device)
        worth[part] = programme.solve(penalty)
        programme.trace(chosen[part])
    return Days(chosen, worth)


class _Programme:
    """The tables of some students, kept to find what was chosen."""

    def __init__(
        self, offers: Offers, open_: Bools, limits: Limits, tree: Tree, device: bool
    ) -> None:
        self._limits, self._tree = limits, tree
        self._most_device = limits.device if device else 0
        self._n = len(open_)
        value = np.where(open_, offers.value, -np.inf)
        self._bags: list[tuple[_Bag, _Bag | None]] = []
        present = offers.lesson >= 0
        for kind, cap in enumerate(tree.caps.tolist()):
            of_kind = present & (offers.kind == kind)
            if device:
                off, on = of_kind & ~offers.device, of_kind & offers.device
                screens = _Bag(on, offers.steps, value, min(cap, limits.device))
                self._bags.append((_Bag(off, offers.steps, value, cap), screens))
            else:
                self._bags.append((_Bag(of_kind, offers.steps, value, cap), None))
        self._tables: list[Floats] = []

    def solve(self, penalty: float) -> Floats:
        """The best worth of each student."""
        for kind, (bag, screens) in enumerate(self._bags):
            table = bag.table[:, None]
            if screens is not None:
                table = _joined(table, _diagonal(screens.table), len(bag.table) - 1)
            below = np.maximum(self._limits.floors[kind] - np.arange(len(table)), 0)
            self._tables.append(table - penalty * below[:, None, None])
        for left, right, cap in self._tree.joins:
            self._tables.append(_joined(self._tables[left], self._tables[right], cap,
                                        self._most_device))  # fmt: skip
        self._last = len(self._tables) - 1 if self._tree.joins else self._only()
        whole = self._tables[self._last].reshape(-1, self._n)
        self._best = whole.argmax(axis=0)
        return np.asarray(whole[self._best, np.arange(self._n)])

    def _only(self) -> int:
        """The one kind that is in the day, if no tables were joined."""
        return int(self._tree.caps.argmax())

    def trace(self, chosen: Bools) -> None:
        """Mark what was chosen, from the last table back to the first."""
        width = self._tables[self._last].shape[1]
        at: dict[int, tuple[Ints, Ints]] = {self._last: divmod(self._best, width)}
        n_kinds = len(self._bags)
        for place in range(len(self._tree.joins) - 1, -1, -1):
            left, right, _ = self._tree.joins[place]
            at[left], at[right] = _parted(
                self._tables[left], self._tables[right], *at[n_kinds + place],
                self._tables[n_kinds + place],
            )  # fmt: skip
        for kind, (bag, screens) in enumerate(self._bags):
            if kind not in at:
                continue
            steps, on = at[kind]
            if screens is not None:
                screens.trace(on, chosen)
                steps = steps - on
            bag.trace(steps, chosen)


class _Bag:
    """A knapsack over the lessons of one kind.

    Attributes
    ----------
    table : float array, shape (cap + 1, n)
        The best value of lessons that take exactly so many steps; -inf if no lessons do.
    """

    def __init__(self, mine: Bools, steps: Ints, value: Floats, cap: int) -> None:
        n = len(mine)
        self._first = mine.argmax(axis=1)  # a kind's lessons stand together
        count = mine.sum(axis=1)
        self._taken: list[tuple[int, Ints, Ints, Bools]] = []
        padded = np.full((2 * cap + 1, n), -np.inf)
        self.table = padded[cap:]
        self.table[0] = 0.0
        for place in range(int(count.max(initial=0)) if cap else 0):
            column = np.flatnonzero(count > place)
            at = column, self._first[column] + place
            size, worth = steps[at], value[at]
            fits = (size <= cap) & (worth > -np.inf)
            if not fits.all():
                column, size, worth = column[fits], size[fits], worth[fits]
            if len(column):
                self._add(padded, place, column, size.astype(np.intp), worth)

    def _add(self, padded: Floats, place: int, column: Ints, size: Ints, worth: Floats) -> None:
        cap, n = len(self.table) - 1, padded.shape[1]
        base = np.arange(cap, 2 * cap + 1)[:, None] * n + column
        flat = padded.reshape(-1)
        offer = flat.take(base - size * n)
        offer += worth
        if len(column) == n:
            taken = offer > self.table
            np.maximum(self.table, offer, out=self.table)
        else:
            now = self.table[:, column]
            taken = offer > now
            self.table[:, column] = np.maximum(now, offer)
        self._taken.append((place, column, size, taken))

    def trace(self, steps: Ints, chosen: Bools) -> None:
        """Mark the lessons that make up so many steps of each student."""
        left = steps.copy()
        for place, column, size, taken in reversed(self._taken):
            now = taken[left[column], np.arange(len(column))]
            mine = column[now]
            chosen[mine, self._first[mine] + place] = True
            left[mine] -= size[now]


def _diagonal(table: Floats) -> Floats:
    """A table of lessons that are all at a device: as many steps at a device as steps."""
    n = len(table)
    wide = np.full((n, *table.shape), -np.inf)
    wide[np.arange(n), np.arange(n)] = table
    return wide


def _joined(left: Floats, right: Floats, cap: int, most: int | None = None) -> Floats:
    """The best of two tables together, shape (cap + 1, device cap + 1, n)."""
    most = right.shape[1] - 1 if most is None else most
    width = min(most, left.shape[1] + right.shape[1] - 2) + 1
    out = np.full((cap + 1, width, left.shape[2]), -np.inf)
    offer = np.empty_like(left)
    for steps, on in np.ndindex(right.shape[:2]):
        high, wide = min(cap + 1 - steps, len(left)), min(width - on, left.shape[1])
        if on > steps or high <= 0 or wide <= 0:
            continue
        part = offer[:high, :wide]
        np.add(left[:high, :wide], right[steps, on], out=part)
        view = out[steps : steps + high, on : on + wide]
        np.maximum(view, part, out=view)
    return out


def _parted(
    left: Floats, right: Floats, steps: Ints, on: Ints, whole: Floats
) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """Of which entries of two tables an entry of the table that joins them was made."""
    column = np.arange(len(steps))
    goal = whole[steps, on, column]
    found = np.zeros((2, len(steps)), np.intp)
    open_ = column
    for of_right, on_right in np.ndindex(right.shape[:2]):
        of_left, on_left = steps[open_] - of_right, on[open_] - on_right
        inside = (of_left >= 0) & (of_left < len(left)) & (on_left >= 0)
        inside &= on_left < left.shape[1]
        some = open_[inside]
        made = left[of_left[inside], on_left[inside], some] + right[of_right, on_right, some]
        hit = made == goal[some]
        found[:, some[hit]] = np.array([[of_right], [on_right]])
        done = np.zeros(len(steps), bool)
        done[some[hit]] = True
        open_ = open_[~done[open_]]
        if not len(open_):
            break
    return (steps - found[0], on - found[1]), (found[0], found[1])
