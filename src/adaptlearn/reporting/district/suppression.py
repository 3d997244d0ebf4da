"""Which groups a public page leaves out, so that nobody works out what it hides.

A page shows counts of groups, and totals of these counts. Whoever reads it can look for all
numbers of students that fit what it shows. `hidden_groups` does the same, with linear programmes,
and hides further groups until the answer is never close. Secondary cell suppression is described
in Hundepool et al., *Statistical Disclosure Control* (Wiley, 2012), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, kron, vstack

from adaptlearn.curriculum.graph.matrices import incidence
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.reporting.district.steps import FEWEST, steps_of

_WIDE = 5  # from the smallest to the largest number that fits, in a group below ten
_TOGETHER = 3  # programmes that look at many counts at once, before one looks at each
_ROWS = 8  # looked at together, at most
_SHORT = 20  # hidden students that one more place to change to is worth
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Groups:
    """Groups of students, and what adds up to what.

    Attributes
    ----------
    counts : int array, shape (n_groups, n_statuses)
        Students by status.
    small : bool array, shape (n_groups,)
        Groups of fewer than ten students.
    cells : sparse 0/1 array, shape (n_groups, n_cells)
        The smallest groups, the cells, that each group is the sum of.
    cell_groups : int array, shape (n_cells,)
        The group that each cell is.
    equal : sparse array of 1 and -1, shape (n_equal, n_cells)
        Sums of cells that are equal, because they are the same students.
    table, row, column : int arrays, shape (n_cells,)
        Where each cell stands: cells of one table, row and column stand below and beside each
        other, and rows are those of all tables.
    """

    counts: Ints
    small: Bools
    cells: csr_array
    cell_groups: Ints
    equal: csr_array
    table: Ints
    row: Ints
    column: Ints


def hidden_groups(groups: Groups, hidden: Bools, known: Bools) -> Bools:
    """Hide further groups until no hidden count can be worked out.

    Of the groups with fewer than ten students, each count (of students, and of students with a
    status) can be told from the page only to a range of six numbers or more. Of all others, no
    count that the page does not show is certain. This also holds if somebody knows which of the
    hidden groups have fewer than ten students.

    Parameters
    ----------
    groups : Groups
    hidden : bool array, shape (n_groups,)
        Groups that are hidden in any case. All small groups are, and the cells of hidden totals.
    known : bool array, shape (n_groups,)
        Groups whose number of students is known, also if they are hidden.

    Returns
    -------
    bool array, shape (n_groups,)
    """
    ranges = _Ranges(groups, hidden | groups.small, known)
    rows = int(groups.row.max()) + 1
    for row in range(rows):
        _Rows(ranges, [row]).make_safe()
    # What is left is of all rows together, and a total that is hidden now is hidden from each row.
    every = np.arange(len(hidden))
    while (open_ := ranges.open(every)).size:
        inside = groups.cells[[open_[0] // ranges.least.shape[1]]].indices
        secret = ranges.hidden[groups.cell_groups[inside]]
        first = np.unique(groups.row[inside[np.argsort(~secret, kind="stable")][:_ROWS]])
        _Rows(ranges, first.tolist()).make_safe(totals=True)
    return ranges.hidden


class _Ranges:
    """The smallest and the largest counts that are known to fit the page.

    The more is hidden, the more fits: what has once been found stays true.
    """

    def __init__(self, groups: Groups, hidden: Bools, known: Bools) -> None:
        self.groups, self.known = groups, known
        self.hidden, self.unlisted = hidden.copy(), np.zeros(len(hidden), bool)
        self.hide(np.flatnonzero(hidden))
        counts = groups.counts.astype(float)
        # Of each group: the number of its students, then those of each status.
        self.least = np.column_stack([counts.sum(axis=1), counts])
        self.most = self.least.copy()
        self._lost = np.zeros(self.least.shape, bool)
        by_row = incidence(np.arange(len(groups.row)), groups.row, (len(groups.row),) * 2)
        self.total = np.diff(csr_array(groups.cells @ by_row).indptr) > 1  # of several rows

    def hide(self, rows: Ints) -> None:
        """Hide groups; the cells of a hidden total are not even listed."""
        self.hidden[rows] = True
        cells = self.groups.cells[rows]
        total = np.flatnonzero(~np.isin(rows, self.groups.cell_groups))
        inside = self.groups.cell_groups[np.unique(cells[total].indices)]
        self.hidden[inside] = self.unlisted[inside] = True

    def lose(self, group: int, count: int) -> None:
        """Give up a count that an earlier page has told."""
        self._lost[group, count] = True

    def see(self, rows: Ints, values: Floats) -> None:
        """Take in counts of some groups that fit the page, as whole numbers."""
        self.least[rows] = np.minimum(self.least[rows], np.ceil(values - _ROUNDING))
        self.most[rows] = np.maximum(self.most[rows], np.floor(values + _ROUNDING))

    def open(self, rows: Ints) -> Ints:
        """Of some groups' counts, those for which no wide range has been found yet."""
        need = np.where(self.groups.small[rows], _WIDE, 1)[:, None]
        need = np.repeat(need, self.least.shape[1], axis=1)
        need[~self.hidden[rows] | self.known[rows], 0] = 0
        narrow = self.most[rows] - self.least[rows] < need
        return np.flatnonzero((narrow & ~self._lost[rows]).ravel())


class _Rows:
    """Rows of the tables, and other rows with whose cells their cells are confused."""

    def __init__(self, ranges: _Ranges, rows: list[int]) -> None:
        self._ranges, self._own, self._rows = ranges, rows, rows.copy()
        self._random = np.random.default_rng(rows)

    def make_safe(self, totals: bool = False) -> None:
        """Hide what has to be hidden, so that every hidden count of these rows is safe.

        `totals`: and those of what is the sum of all rows.
        """
        ranges, groups = self._ranges, self._ranges.groups
        own = np.flatnonzero(np.isin(groups.row, self._own))
        for cell in own[groups.small[groups.cell_groups[own]]]:
            self._hide_corners(cell)
        attack = self._attack(totals)
        for _ in range(_TOGETHER):
            attack.try_all(self._random)
        while (open_ := attack.open()).size:
            place, count = divmod(int(open_[0]), ranges.least.shape[1])
            group = int(attack.rows[place])
            used = attack.try_one(open_[0])
            if open_[0] in attack.open():
                self._widen(group, count, attack.rows, used)
                attack = self._attack(totals)

    def _widen(self, group: int, count: int, among: Ints, used: Bools) -> None:
        """Look at more rows, or hide more, because a count can be worked out."""
        ranges = self._ranges
        cell = np.flatnonzero(ranges.groups.cell_groups == group)
        if len(self._rows) < _ROWS:
            if cell.size and ranges.hidden[group] and self._hide_corners(int(cell[0])):
                return
            rows = np.arange(self._own[0], self._own[0] + int(ranges.groups.row.max()) + 1)
            others = rows[~np.isin(rows % len(rows), self._rows)] % len(rows)
            if others.size:
                self._rows.append(int(others[0]))
                return
        hide = self._next(group, among, used)
        if hide is None:
            ranges.lose(group, count)
        else:
            ranges.hide(hide)

    def _attack(self, totals: bool) -> _Attack:
        cells = np.flatnonzero(np.isin(self._ranges.groups.row, self._rows))
        return _Attack(self._ranges, cells, self._own, totals)

    def _hide_corners(self, cell: int) -> bool:
        """Hide three cells that make a rectangle with a cell: students could change places.

        Of all rectangles that hide something more, or whose other row has not been looked at, it
        is the one in which few students are hidden and many could change places; False if there
        is none.
        """
        groups, hidden = self._ranges.groups, self._ranges.hidden[self._ranges.groups.cell_groups]
        table = groups.table == groups.table[cell]
        beside = np.flatnonzero(table & (groups.row == groups.row[cell]))
        beside = beside[beside != cell]
        below = np.flatnonzero(table & (groups.column == groups.column[cell]))
        below = below[below != cell]
        places = np.full((groups.row.max() + 1, groups.column.max() + 1), -1)
        places[groups.row[table], groups.column[table]] = np.flatnonzero(table)
        across = places[groups.row[below][:, None], groups.column[beside]]
        new = ~np.isin(groups.row[below], self._rows)
        counts = groups.counts[groups.cell_groups]
        sizes = np.where(hidden, 0, counts.sum(axis=1))
        price = sizes[beside] + sizes[below][:, None] + sizes[across]
        useless = (across < 0) | ((price == 0) & ~new[:, None])
        if useless.all():
            return False
        more = np.minimum(counts[beside], counts[below][:, None])
        fewer = np.minimum(counts[cell], counts[across])
        short = np.maximum(_WIDE - more - fewer, 0).sum(axis=2)
        cost = np.where(useless, np.inf, price + _SHORT * short)
        there, here = np.unravel_index(np.argmin(cost), cost.shape)
        corners = np.array([beside[here], below[there], across[there, here]])
        self._ranges.hide(groups.cell_groups[corners])
        if new[there]:
            self._rows.append(int(groups.row[below[there]]))
        return True

    def _next(self, group: int, rows: Ints, used: Bools) -> Ints | None:
        """Of the shown groups whose figures an attack used, the smallest of the attacked kind.

        A cell that is part of a used total counts as used. If no group of this kind is left, it is
        one of the other kind; None if nothing is shown.
        """
        groups, shown = self._ranges.groups, ~self._ranges.hidden
        held = rows[used & shown[rows]]
        inside = groups.cell_groups[np.unique(groups.cells[held].indices)]
        cells = np.intersect1d(groups.cell_groups, held)
        totals = np.setdiff1d(held, groups.cell_groups)
        first = (cells, np.intersect1d(inside, rows))
        kinds = (*first, totals) if group in groups.cell_groups else (totals, *first)
        for candidates in (*kinds, rows):
            left = candidates[shown[candidates]]
            if left.size:
                smallest = np.argmin(groups.counts[left].sum(axis=1))
                return np.asarray(left[[smallest]])
        return None


class _Attack:
    """What fits a page, if the cells outside some rows are what they are."""

    def __init__(self, ranges: _Ranges, block: Ints, own: list[int], totals: bool) -> None:
        groups = ranges.groups
        self.ranges = ranges
        cells = csr_array(groups.cells[:, block])
        self.rows = np.flatnonzero(np.diff(cells.indptr))
        self.cell_rows = np.searchsorted(self.rows, groups.cell_groups[block])
        n_statuses = groups.counts.shape[1]
        one, each = csr_array(np.ones((1, n_statuses))), csr_array(np.eye(n_statuses))
        self.sums = csr_array(kron(cells[self.rows], one, format="csr"))
        self.parts = csr_array(kron(cells[self.rows], each, format="csr"))
        equal = csr_array(groups.equal[:, block])
        equal = equal[np.flatnonzero(np.diff(equal.indptr))]
        self.equal = csr_array(kron(equal, each, format="csr"))
        self.truth = groups.counts[groups.cell_groups[block]].ravel().astype(float)
        both = csr_array(np.vstack([np.ones(n_statuses), np.eye(n_statuses)]))
        self._targets = csr_array(kron(cells[self.rows], both, format="csr"))
        values = (self._targets @ self.truth).reshape(len(self.rows), -1)
        counts = groups.counts[self.rows]
        self._outside = np.column_stack([counts.sum(axis=1), counts]) - values
        # Other rows have their turn, with rows of their own choice, and so have the sums of all.
        others = groups.cell_groups[block[~np.isin(groups.row[block], own)]]
        self._later = np.isin(self.rows, others) & (groups.small | ~ranges.hidden)[self.rows]
        self._later |= ranges.total[self.rows] & (not totals)
        self._programme = _Programme(self)

    def open(self) -> Ints:
        """Counts for which no wide range has been found yet."""
        found = self.ranges.open(self.rows)
        return np.asarray(found[~self._later[found // self._outside.shape[1]]])

    def try_all(self, random: np.random.Generator) -> None:
        """Move all open counts at once, each one up or down."""
        goal = np.zeros(self._targets.shape[0])
        open_ = self.open()
        goal[open_] = random.choice([-1.0, 1.0], len(open_)) * random.uniform(0.1, 1, len(open_))
        self._see(self._programme.furthest(self._targets.T @ goal))
        self._see(self._programme.furthest(self._targets.T @ -goal))

    def try_one(self, count: int) -> Bools:
        """Move one count up and down as far as it goes; the groups whose figures hold it back."""
        goal = self._targets[[count]].toarray().ravel()
        self._see(self._programme.furthest(goal))
        used = self._programme.used
        self._see(self._programme.furthest(-goal))
        return used | self._programme.used

    def _see(self, world: Floats | None) -> None:
        if world is not None:
            inside = (self._targets @ world).reshape(self._outside.shape)
            self.ranges.see(self.rows, inside + self._outside)


class _Programme:
    """The linear programme of what fits a page.

    Attributes
    ----------
    used : bool array, shape (n_rows,)
        Groups whose figures held the last answer back.
    """

    def __init__(self, attack: _Attack) -> None:
        ranges, rows, truth = attack.ranges, attack.rows, attack.truth
        counts = ranges.groups.counts[rows]
        n, secret = counts.sum(axis=1), ranges.hidden[rows]
        outside = counts - (attack.parts @ truth).reshape(counts.shape)
        others = outside.sum(axis=1)
        steps = steps_of(counts)
        exact = ~secret | ranges.known[rows]
        fewest = np.where(ranges.unlisted[rows], 0, np.where(n < FEWEST, 1, FEWEST))
        least = np.where(exact, n, fewest) - others
        most = np.where(exact, n, np.where(n < FEWEST, FEWEST - 1, np.inf)) - others
        low, high = steps.low - outside, steps.high - outside
        cell = attack.cell_rows  # their counts are bounds of the variables, not sums
        self._bounds = np.column_stack(
            [
                np.where(secret[cell][:, None], 0, low[cell]).ravel(),
                # No count that fits is without end, also where no total is shown.
                np.where(secret[cell][:, None], 2.0 * (FEWEST + truth.sum()), high[cell]).ravel(),
            ]
        )
        self._n_rows, self._statuses, self._cells = len(rows), counts.shape[1], cell
        total = ~secret
        total[cell] = False
        shown = np.flatnonzero(np.repeat(total, self._statuses))
        sums = csr_array(vstack([attack.sums, attack.parts[shown]], format="csr"))
        owner = np.concatenate([np.arange(len(rows)), shown // self._statuses])
        low = np.concatenate([least, low.ravel()[shown]])
        high = np.concatenate([most, high.ravel()[shown]])
        fixed, free = np.flatnonzero(low == high), np.flatnonzero(low < high)
        bounded = free[np.isfinite(high[free])]
        self._a_eq = vstack([sums[fixed], attack.equal], format="csr")
        self._b_eq = np.concatenate([low[fixed], np.zeros(attack.equal.shape[0])])
        self._a_ub = vstack([sums[bounded], -sums[free]], format="csr")
        self._b_ub = np.concatenate([high[bounded], -low[free]])
        self._fixed, self._free = owner[fixed], np.concatenate([owner[bounded], owner[free]])
        self.used = np.zeros(self._n_rows, bool)

    def furthest(self, goal: Floats) -> Floats | None:
        """The numbers of students that fit the page and go furthest toward a goal.

        `None`: the solver found none, and what was known before is all that is known.
        """
        solved: Any = linprog  # its annotations know no sparse matrices
        found = solved(
            -goal,
            A_ub=self._a_ub,
            b_ub=self._b_ub,
            A_eq=self._a_eq,
            b_eq=self._b_eq,
            bounds=self._bounds,
            method="highs",
        )
        self.used = np.zeros(self._n_rows, bool)
        if found.x is None:
            return None
        held = np.abs(found.lower.marginals) + np.abs(found.upper.marginals)
        in_cells = held.reshape(-1, self._statuses).max(axis=1)
        self.used[self._cells[in_cells > _ROUNDING]] = True
        self.used[self._free[np.abs(found.ineqlin.marginals) > _ROUNDING]] = True
        equal = np.abs(found.eqlin.marginals[: len(self._fixed)])
        self.used[self._fixed[equal > _ROUNDING]] = True
        return np.asarray(found.x)
