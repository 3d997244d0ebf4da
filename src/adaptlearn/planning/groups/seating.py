"""Who sits in which slot: a transportation problem, solved by HiGHS.

With one skill per slot and nothing else than sizes, times, and slots per student, the constraints
are those of a flow through a network, and every vertex of the linear programme is whole (Hoffman
and Kruskal, 1956). So the linear programme is tried first. If its vertex is not whole, because of
students who stay together or apart, tutors, or slots that stay empty, the mixed integer programme
is solved.

References
----------
- A. Hoffman, J. Kruskal (1956). Integral boundary points of convex polyhedra. In: Linear
  inequalities and related systems, 223-246. Princeton University Press.
- Q. Huangfu, J. Hall (2018). Parallelizing the dual revised simplex method. Mathematical
  Programming Computation 10, 119-142 (HiGHS).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.groups.week import FREE, Rows, Week, rows_of

_WHOLE = 1e-6  # a number this near to a whole one is that


class Seating(NamedTuple):
    """Who sits where, and on what.

    Attributes
    ----------
    seat : bool array, shape (n, m)
    skill : int array, shape (m,)
        The skill of each slot; `FREE` if it has none.
    value : float
        The need that is met.
    """

    seat: Bools
    skill: Ints
    value: float


def met(need: Floats, seat: Bools, skill: Ints) -> Floats:
    """The need that each seat meets, shape (n, m).

    A need counts once a week: in the first of several slots on one skill.
    """
    value = np.zeros(seat.shape)
    on = skill != FREE
    value[:, on] = np.where(seat[:, on], need[:, skill[on]], 0.0)
    for one in _repeated(skill):
        slots = np.flatnonzero(skill == one)
        before = np.cumsum(seat[:, slots], axis=1) > 1
        value[:, slots] = np.where(before, 0.0, value[:, slots])
    return value


def _repeated(skill: Ints) -> Ints:
    on = skill[skill != FREE]
    labels, times = np.unique(on, return_counts=True)
    return np.asarray(labels[times > 1])


def resettled(week: Week, skill: Ints, before: Bools) -> tuple[Seating, int] | None:
    """The seating with the fewest moves from another one; of these, the one that meets most need.

    The skills stay as they are. If no seating has a tutor for each of them, those that fewest moves
    need are taken instead.

    Returns
    -------
    seating : Seating
    moves : int
        For each student, the seats that were left or the seats that were taken, whichever are
        more; summed over students.
    """
    found = _with_fewest_moves(week, skill, before)
    if found is None and week.tutors is not None:
        free = _with_free_skills(week, before=before, skill=skill)
        found = None if free is None else _with_fewest_moves(week, free[1], before)
    return found


def _with_fewest_moves(week: Week, skill: Ints, before: Bools) -> tuple[Seating, int] | None:
    rows, seat, used = rows_of(week)
    moved = _moves(rows, seat, before)
    gain = _with_skills(week, skill, rows, seat, used)
    fewest = np.zeros(rows.n_variables)
    fewest[moved] = -1.0
    found = _best(week, rows, fewest, seat, used, unbounded=moved)
    if found is None:
        return None
    moves = round(float(found[moved].sum()))
    rows.add(-np.inf, moves, (moved[None], 1.0))
    found = _best(week, rows, gain, seat, used, unbounded=moved)
    assert found is not None
    return _seating(week, found[seat] > 0.5, skill), moves


def _moves(rows: Rows, seat: Ints, before: Bools) -> Ints:
    """The variables that count the moves of each student."""
    moved = rows.variables(len(seat))
    left = before.astype(np.float64)
    rows.add(0.0, np.inf, (moved[:, None], 1.0), (seat, left - 1.0))  # not below seats taken
    rows.add(left.sum(axis=1), np.inf, (moved[:, None], 1.0), (seat, left))  # nor below those left
    return moved


def _seating(week: Week, seat: Bools, skill: Ints) -> Seating:
    return Seating(seat, skill, float(met(week.need, seat, skill).sum()))


def seated(week: Week, skill: Ints) -> Seating | None:
    """The seating that meets most need with one skill given per slot; None if there is none."""
    rows, seat, used = rows_of(week)
    gain = _with_skills(week, skill, rows, seat, used)
    found = _best(week, rows, gain, seat, used)
    if found is None:
        return None
    return _seating(week, found[seat] > 0.5, skill)


def _with_skills(week: Week, skill: Ints, rows: Rows, seat: Ints, used: Ints) -> Floats:
    """The rows that skills add, and what each variable is worth."""
    on = np.flatnonzero(skill != FREE)
    worth = np.zeros(seat.shape)
    worth[:, on] = week.need[:, skill[on]]
    counted: list[tuple[Ints, Floats]] = []
    for one in _repeated(skill):
        slots, who = np.flatnonzero(skill == one), np.flatnonzero(week.need[:, one] > 0)
        if len(who):
            once = rows.variables(len(who))
            rows.add(0.0, np.inf, (seat[np.ix_(who, slots)], 1.0), (once[:, None], -1.0))
            counted.append((once, week.need[who, one]))
        worth[:, slots] = 0.0
    if week.tutors is not None:
        for slot in on:
            able = np.flatnonzero(week.tutors[:, skill[slot]])
            rows.add(0.0, np.inf, (seat[able, slot][None], 1.0), (used[[slot], None], -1.0))
        idle = used[(skill == FREE) & ~week.station]  # a group without a skill has no tutor
        if len(idle):
            rows.add(0.0, 0.0, (idle[:, None], 1.0))
    gain = np.zeros(rows.n_variables)
    gain[seat] = worth
    for once, value in counted:
        gain[once] = value
    return gain


def feasible(week: Week) -> Seating | None:
    """Any seating that keeps all limits, with skills to match; None if there is none."""
    found = _with_free_skills(week)
    return None if found is None else _seating(week, *found)


def most_covered(week: Week) -> int:
    """How many students can have a slot at the same time."""
    found = _with_free_skills(week._replace(at_least=0, covered=0), cover=True)
    return 0 if found is None else int(found[0].any(axis=1).sum())


def _with_free_skills(
    week: Week, *, cover: bool = False, before: Bools | None = None, skill: Ints | None = None
) -> tuple[Bools, Ints] | None:
    """A seating with the skills to match; None if there is none.

    With `cover`, one that gives most students a slot; with `before`, one with the fewest moves
    from there, and of these one that keeps most of the skills given.
    """
    n, m = week.shape
    rows, seat, used = rows_of(week)
    slots, skills = np.nonzero(week.allowed)
    on = rows.variables(len(slots))
    if week.tutors is not None:
        for slot in np.flatnonzero(~week.station):
            rows.add(0.0, 0.0, (on[slots == slot][None], 1.0), (used[[slot], None], -1.0))
        for which, slot, one in zip(on, slots, skills, strict=True):
            able = np.flatnonzero(week.tutors[:, one])
            rows.add(0.0, np.inf, (seat[able, slot][None], 1.0), (np.array([[which]]), -1.0))
    aims: list[tuple[Ints, float]] = []
    moved = None
    if cover:
        has = rows.variables(n)
        rows.add(0.0, np.inf, (seat, 1.0), (has[:, None], -1.0))
        aims.append((has, 1.0))
    if before is not None and skill is not None:
        moved = _moves(rows, seat, before)
        aims += [(moved, -1.0), (on[skills == skill[slots]], 0.5 / m)]
    gain = np.zeros(rows.n_variables)
    for variables, value in aims:
        gain[variables] = value
    found = _best(week, rows, gain, seat, used, whole=on, unbounded=moved)
    if found is None:
        return None
    codes = np.full(m, FREE)
    chosen = found[on] > 0.5
    codes[slots[chosen]] = skills[chosen]
    if week.tutors is None:  # any skill that is allowed
        codes[slots] = skills
    return found[seat] > 0.5, codes


def _best(
    week: Week,
    rows: Rows,
    gain: Floats,
    seat: Ints,
    used: Ints,
    *,
    whole: Ints | None = None,
    unbounded: Ints | None = None,
) -> Floats | None:
    """The values of all variables where their gain is highest; None if no values fit.

    `whole` holds variables that are 0 or 1 besides `seat` and `used`; the others may be any
    number from 0 to 1, and those in `unbounded` any number.
    """
    matrix, low, high = rows.matrix()
    floor, ceiling = np.zeros(rows.n_variables), np.ones(rows.n_variables)
    floor[seat[week.pinned]] = 1.0
    ceiling[seat[week.barred]] = 0.0
    if (floor > ceiling).any():
        return None
    if unbounded is not None:
        ceiling[unbounded] = np.inf
    parts = [seat.ravel(), used, *([] if whole is None else [whole])]
    integers = np.concatenate(parts)
    whole_ones = np.isin(np.arange(len(gain)), integers)
    # The presolve of HiGHS 1.2 (in SciPy 1.11) damages some whole problems: it then calls them
    # infeasible, or gives values that break a limit.
    for integral, presolve in ((False, True), (True, True), (True, False)):
        found = milp(
            -gain,
            integrality=(whole_ones & integral).astype(np.int64),
            bounds=Bounds(floor, ceiling),
            constraints=LinearConstraint(matrix, low, high),
            options={"mip_rel_gap": 0.0, "presolve": presolve},
        )
        if found.status == 2:
            if not integral:  # and so with whole numbers
                return None
            continue
        assert found.success, found.message
        values = np.asarray(found.x, np.float64)
        if integral:
            values[integers] = values[integers].round()
        if whole is None:  # a slot counts as used if and only if somebody sits there
            values[used] = values[seat].max(axis=0, initial=0.0)
        if _fits(values, integers, (matrix @ values, low, high)):
            return values
        assert presolve, "the solver breaks its own limits"
    return None


def _fits(values: Floats, integers: Ints, rows: tuple[Floats, Floats, Floats]) -> bool:
    """Whether values are whole and keep all rows."""
    given, low, high = rows
    return bool(
        (np.abs(values[integers] - values[integers].round()) < _WHOLE).all()
        and (given >= low - 1e-5).all()
        and (given <= high + 1e-5).all()
    )
