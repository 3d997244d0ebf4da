"""The best plan with seats, by mixed-integer linear programming (HiGHS)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import coo_array

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.day.branching import Problem
from adaptlearn.planning.day.seats import Seats, Shared

_LARGEST = 30_000  # lessons that could be chosen


def best_plan(problem: Problem, seats: Seats, open_: Bools) -> Shared:
    """The best days that share seats.

    A variable says for each offer whether it is chosen; for an offer that needs a seat, one for
    each block. Minutes of other lessons may be in several blocks: a variable for each student, kind
    and block says how many.

    Raises
    ------
    ParameterError
        The error is raised if there are too many students, or if the solver finds no best plan.
    """
    if open_.sum() > _LARGEST:
        raise ParameterError(
            "plan_day",
            [
                f"exact=True with {int(open_.sum()):,} lessons that students could be given; it is "
                f"for a class or a school, up to {_LARGEST:,}: plan school by school, lower "
                "`candidates`, or leave it out (`gap` then says how near the plan is)"
            ],
        )
    return _Model(problem, seats, open_).solve()


class _Model:
    """Rows and columns of the linear programme."""

    def __init__(self, problem: Problem, seats: Seats, open_: Bools) -> None:
        self._problem, self._seats, self._shape = problem, seats, open_.shape
        self._rows: list[tuple[Ints, Ints, Floats]] = []
        self._low: list[Floats] = []
        self._high: list[Floats] = []
        self._n_rows = 0
        n, n_blocks = len(open_), len(problem.days[0].rooms)
        self._rooms = np.array([limits.rooms for limits in problem.days])[problem.day]
        allowed = problem.days[0].allowed
        n_kinds = len(allowed)
        need = seats.resource >= 0
        self._free_row, self._free_place = np.nonzero(open_ & ~need)
        row, place = np.nonzero(open_ & need)
        fits = allowed[problem.offers.kind[row, place]]
        which, self._block = np.nonzero(fits)
        self._seat_row, self._seat_place = row[which], place[which]
        self._n_free, self._n_seat = len(self._free_row), len(which)
        # Then minutes by student, kind and block, then what is missing to floors.
        self._spread = self._n_free + self._n_seat
        self._short = self._spread + n * n_kinds * n_blocks
        self._n = self._short + n * n_kinds
        self._sizes = n, n_kinds, n_blocks

    def _add(  # noqa: PLR0917 - the parts of a linear constraint
        self, rows: Ints, columns: Ints, values: Any, n: int, low: Any, high: Any
    ) -> None:
        """More rows of the programme, numbered from 0."""
        data = np.broadcast_to(np.asarray(values, float), rows.shape)
        self._rows.append((rows + self._n_rows, columns, data))
        self._low.append(np.broadcast_to(np.asarray(low, float), n))
        self._high.append(np.broadcast_to(np.asarray(high, float), n))
        self._n_rows += n

    def solve(self) -> Shared:
        """The best plan."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        self._blocks()
        self._kinds()
        self._others()
        row, column, value = map(np.concatenate, zip(*self._rows, strict=True))
        matrix = coo_array((value, (row, column)), shape=(self._n_rows, self._n)).tocsc()
        # Older SciPy's HiGHS reads only short indices.
        matrix.indptr, matrix.indices = (
            part.astype(np.int32) for part in (matrix.indptr, matrix.indices)
        )
        worth = np.zeros(self._n)
        value_of = self._problem.offers.value
        worth[: self._n_free] = value_of[self._free_row, self._free_place]
        worth[self._n_free : self._spread] = value_of[self._seat_row, self._seat_place]
        worth[self._short :] = -self._problem.penalty
        n_kinds = self._sizes[1]
        floors = np.array([limits.floors for limits in self._problem.days])[self._problem.day]
        high = np.ones(self._n)
        high[self._spread : self._short] = np.repeat(self._rooms, n_kinds, axis=0).ravel()
        high[self._short :] = floors.ravel()
        whole = np.zeros(self._n, np.intp)
        whole[: self._spread] = 1
        limits = LinearConstraint(matrix, np.concatenate(self._low), np.concatenate(self._high))
        bounds = Bounds(np.zeros(self._n), high)
        # The presolve of older HiGHS damages a few sound programmes: it then calls them infeasible,
        # or gives values that break a limit.
        for presolve in (True, False):
            options: Any = {"mip_rel_gap": 1e-6, "presolve": presolve}
            found = milp(
                -worth, integrality=whole, bounds=bounds, constraints=limits, options=options
            )
            if found.x is not None and _fits(matrix @ found.x, limits):
                break
        else:
            raise ParameterError("plan_day", [f"exact=True: the solver gave up ({found.message})"])
        taken = found.x[: self._spread] > 0.5
        chosen, seated = np.zeros(self._shape, bool), np.full(self._shape, -1)
        free, seat = taken[: self._n_free], taken[self._n_free :]
        chosen[self._free_row[free], self._free_place[free]] = True
        at = self._seat_row[seat], self._seat_place[seat]
        chosen[at], seated[at] = True, self._block[seat]
        return Shared(chosen, seated, -float(found.mip_dual_bound))

    def _columns(self) -> tuple[Ints, Ints, Ints]:
        """Of every choice the student, the place of the offer, and the column."""
        row = np.concatenate([self._free_row, self._seat_row])
        place = np.concatenate([self._free_place, self._seat_place])
        return row, place, np.arange(self._spread)

    def _blocks(self) -> None:
        """Minutes fit the blocks that allow their kinds."""
        n, n_kinds, n_blocks = self._sizes
        offers, allowed = self._problem.offers, self._problem.days[0].allowed
        steps = offers.steps[self._free_row, self._free_place]
        kind = offers.kind[self._free_row, self._free_place]
        cell = np.arange(n * n_kinds * n_blocks)
        student, rest = np.divmod(cell, n_kinds * n_blocks)
        of_kind, block = np.divmod(rest, n_blocks)
        may = allowed[of_kind, block]
        # What is spread over blocks is what lessons of the kind take.
        self._add(
            np.concatenate([self._free_row * n_kinds + kind, (cell // n_blocks)[may]]),
            np.concatenate([np.arange(self._n_free), self._spread + cell[may]]),
            np.concatenate([steps, np.full(may.sum(), -1.0)]), n * n_kinds, 0, 0,
        )  # fmt: skip
        seat_steps = offers.steps[self._seat_row, self._seat_place]
        of_seats = self._seat_row * n_blocks + self._block
        self._add(
            np.concatenate([of_seats, (student * n_blocks + block)[may]]),
            np.concatenate([self._n_free + np.arange(self._n_seat), self._spread + cell[may]]),
            np.concatenate([seat_steps, np.ones(may.sum())]), n * n_blocks, 0, self._rooms.ravel(),
        )  # fmt: skip

    def _kinds(self) -> None:
        """Floors and caps of kinds."""
        n, n_kinds, _ = self._sizes
        row, place, column = self._columns()
        offers, days = self._problem.offers, self._problem.days
        steps, kind = offers.steps[row, place], offers.kind[row, place]
        caps = np.array([limits.caps for limits in days])[self._problem.day]
        floors = np.array([limits.floors for limits in days])[self._problem.day]
        cell = row * n_kinds + kind
        self._add(cell, column, steps, n * n_kinds, 0, caps.ravel())
        every = np.arange(n * n_kinds)
        self._add(
            np.concatenate([cell, every]), np.concatenate([column, self._short + every]),
            np.concatenate([steps, np.ones(len(every))]), n * n_kinds, floors.ravel(), np.inf,
        )  # fmt: skip

    def _others(self) -> None:
        """Caps of devices and skills, seats, and that no lesson comes twice."""
        n, _, n_blocks = self._sizes
        problem, seats = self._problem, self._seats
        row, place, column = self._columns()
        steps, on = problem.offers.steps[row, place], problem.offers.device[row, place]
        device = np.array([limits.device for limits in problem.days])[problem.day]
        self._add(row[on], column[on], steps[on], n, 0, device)
        teaches = problem.teaches
        lesson = problem.offers.lesson[row, place]
        sizes = teaches.indptr[lesson + 1] - teaches.indptr[lesson]
        entry = np.arange(len(row)).repeat(sizes)
        first = np.repeat(teaches.indptr[lesson], sizes)
        within = np.arange(len(entry)) - np.repeat(sizes.cumsum() - sizes, sizes)
        key = row[entry] * teaches.shape[1] + teaches.indices[first + within]
        distinct, number = np.unique(key, return_inverse=True)
        held = problem.held
        left = np.full(len(distinct), float(problem.days[0].skill))
        for student, skill, much in zip(*held, strict=True):
            left[distinct == student * teaches.shape[1] + skill] -= much
        self._add(number, column[entry], steps[entry], len(distinct), 0, left)
        resource = seats.resource[self._seat_row, self._seat_place]
        seat = self._n_free + np.arange(self._n_seat)
        self._add(resource * n_blocks + self._block, seat, 1, seats.free.size, 0,
                  seats.free.ravel())  # fmt: skip
        offer = self._seat_row * self._shape[1] + self._seat_place
        once, number = np.unique(offer, return_inverse=True)
        self._add(number, seat, 1, len(once), 0, 1)


def _fits(given: Floats, limits: Any) -> bool:
    """Whether rows keep their limits, but for rounding."""
    slack = 1e-5 * np.maximum(1.0, np.abs(given))
    return bool(((given >= limits.lb - slack) & (given <= limits.ub + slack)).all())
