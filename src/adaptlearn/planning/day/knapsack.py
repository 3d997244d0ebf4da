"""The best day of every student at once: a knapsack per kind, joined under floors and caps.

References
----------
- R. Bellman (1957). Dynamic Programming. Princeton University Press.
- H. Kellerer, U. Pferschy, D. Pisinger (2004). Knapsack Problems. Springer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints, bounds_of
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
        self._tree, self._n = tree, len(open_)
        self._most_device = limits.device if device else 0
        self._bags: list[tuple[_Bag, _Bag | None]] = []
        usable = open_ & (offers.lesson >= 0)
        for leaf in tree.leaves:
            of_leaf = usable & np.isin(offers.kind, leaf.kinds)
            if device:
                off, on = of_leaf & ~offers.device, of_leaf & offers.device
                screens = _Bag(on, offers, min(leaf.cap, limits.device))
                self._bags.append((_Bag(off, offers, leaf.cap), screens))
            else:
                self._bags.append((_Bag(of_leaf, offers, leaf.cap), None))
        self._tables: list[Floats] = []
        some = [kind for leaf in tree.leaves for kind in leaf.kinds]
        self._floors_of_none = float(limits.floors.sum() - limits.floors[some].sum())

    def solve(self, penalty: float) -> Floats:
        """The best worth of each student."""
        for leaf, (bag, screens) in zip(self._tree.leaves, self._bags, strict=True):
            table = bag.table[:, None]
            if screens is not None:
                table = _joined(table, _diagonal(screens.table), leaf.cap)
            if leaf.floor:
                below = np.maximum(leaf.floor - np.arange(len(table)), 0)
                table = table - penalty * below[:, None, None]
            self._tables.append(table)
        for left, right, cap in self._tree.joins:
            pair = self._tables[left], self._tables[right]
            self._tables.append(_joined(*pair, cap, self._most_device))
        lost = penalty * self._floors_of_none
        if not self._tables:  # no kind may stand anywhere
            return np.full(self._n, -lost)
        whole = self._tables[-1].reshape(-1, self._n)
        self._best = whole.argmax(axis=0)
        return np.asarray(whole[self._best, np.arange(self._n)] - lost)

    def trace(self, chosen: Bools) -> None:
        """Mark what was chosen, from the last table back to the first."""
        if not self._tables:
            return
        at = {len(self._tables) - 1: divmod(self._best, self._tables[-1].shape[1])}
        n_leaves = len(self._bags)
        for place in range(len(self._tables) - 1, n_leaves - 1, -1):
            left, right, _ = self._tree.joins[place - n_leaves]
            tables = self._tables[left], self._tables[right], self._tables[place]
            at[left], at[right] = _parted(*tables, *at[place])
        for leaf, (bag, screens) in enumerate(self._bags):
            steps, on = at[leaf]
            if screens is not None:
                screens.trace(on, chosen)
                steps = steps - on
            bag.trace(steps, chosen)


class _Bag:
    """A knapsack over some lessons of each student.

    Attributes
    ----------
    table : float array, shape (cap + 1, n)
        The best value of lessons that take exactly so many steps; -inf if no lessons do.
    """

    def __init__(self, mine: Bools, offers: Offers, cap: int) -> None:
        n = len(mine)
        mine = mine & (offers.steps <= cap)
        self._taken: list[tuple[Ints, Ints, Ints, Bools]] = []
        padded = np.full((2 * cap + 1, n), -np.inf)
        self.table = padded[cap:]
        self.table[0] = 0.0
        count = mine.sum(axis=1)
        row, place = np.nonzero(mine)
        order = np.full((n, int(count.max(initial=0))), -1)
        order[row, np.arange(len(row)) - bounds_of(count)[:-1].repeat(count)] = place
        self._from = np.arange(cap, 2 * cap + 1)[:, None] * n + np.arange(n)
        self._at, self._offer = np.empty_like(self._from), np.empty(self.table.shape)
        for column_of in order.T:
            column = np.flatnonzero(column_of >= 0)
            self._add(padded.reshape(-1), column, column_of[column], offers)

    def _add(self, flat: Floats, column: Ints, place: Ints, offers: Offers) -> None:
        n, high = self.table.shape[1], len(self.table)
        at, offer = self._at[:, : len(column)], self._offer[:, : len(column)]
        size = offers.steps[column, place].astype(np.intp)
        whole = len(column) == n
        np.subtract(self._from if whole else self._from[:, column], size * n, out=at)
        if whole:
            np.take(flat, at, out=offer, mode="clip")  # in bounds: clipping only skips a check
        else:
            offer = flat.take(at)
        offer += offers.value[column, place]
        now = self.table if whole else self.table[:, column]
        taken = np.empty((high, len(column)), bool)
        np.greater(offer, now, out=taken)
        if whole:
            np.maximum(now, offer, out=now)
        else:
            self.table[:, column] = np.maximum(now, offer, out=offer)
        self._taken.append((column, place, size, taken))

    def trace(self, steps: Ints, chosen: Bools) -> None:
        """Mark the lessons that make up so many steps of each student."""
        left = steps.copy()
        for column, place, size, taken in reversed(self._taken):
            now = taken[left[column], np.arange(len(column))]
            mine = column[now]
            chosen[mine, place[now]] = True
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
    left: Floats, right: Floats, whole: Floats, steps: Ints, on: Ints
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
