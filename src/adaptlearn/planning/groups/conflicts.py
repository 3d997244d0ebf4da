"""Why demands cannot be met: a smallest set of limits that conflict, in words.

A set of limits conflicts if no seating keeps all of them. A smallest one is found by implicit
hitting sets: a smallest set that meets every *correction set* found so far (limits whose removal
leaves a seating) either conflicts, and is the answer, or is grown until nothing more can be added;
the limits that remain are a new correction set.

References
----------
- A. Ignatiev, A. Previti, M. Liffiton, J. Marques-Silva (2015). Smallest MUS extraction with
  minimal hitting set dualization. Principles and Practice of Constraint Programming, 173-182.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from adaptlearn.labels import Label
from adaptlearn.numerics import Ints
from adaptlearn.planning.groups.seating import feasible
from adaptlearn.planning.groups.week import Week
from adaptlearn.wording import counted, listed


class Limit(NamedTuple):
    """One limit of a week.

    Attributes
    ----------
    kind : str
    which : int
        The number of the group, the pair or the slot; 0 if there is one limit of the kind.
    """

    kind: str
    which: int = 0


class Names(NamedTuple):
    """Labels of the rows and columns of a week."""

    students: Sequence[Label]
    slots: Sequence[Label]


def limits_of(week: Week) -> list[Limit]:
    """The limits of a week that can be in conflict."""
    m = week.shape[1]
    single = {
        "at_least": week.at_least > 0,
        "at_most": week.at_most < m,
        "largest": True,
        "smallest": bool((week.smallest > 1).any()),
        "times": len(np.unique(week.time)) < m,
        "tutors": week.tutors is not None,
    }
    return [
        *(Limit(kind) for kind, given in single.items() if given),
        *(Limit("together", group) for group in range(len(week.together))),
        *(Limit("apart", pair) for pair in range(len(week.apart))),
        *(Limit("fixed", int(slot)) for slot in np.flatnonzero(week.pinned.any(axis=0))),
        *(Limit("barred", int(slot)) for slot in np.flatnonzero(week.barred.any(axis=0))),
    ]


def with_limits(week: Week, kept: Collection[Limit]) -> Week:
    """The week without the limits that are not kept."""
    n, m = week.shape
    kinds = {limit.kind for limit in kept}

    def numbers(kind: str) -> list[int]:
        return sorted(limit.which for limit in kept if limit.kind == kind)

    fixed, barred = np.zeros(m, bool), np.zeros(m, bool)
    fixed[numbers("fixed")] = True
    barred[numbers("barred")] = True
    return week._replace(
        at_least=week.at_least if "at_least" in kinds else 0,
        at_most=week.at_most if "at_most" in kinds else m,
        largest=week.largest if "largest" in kinds else np.full(m, n),
        smallest=week.smallest if "smallest" in kinds else np.zeros(m, np.int64),
        time=week.time if "times" in kinds else np.arange(m),
        tutors=week.tutors if "tutors" in kinds else None,
        together=tuple(week.together[group] for group in numbers("together")),
        apart=week.apart[numbers("apart")],
        pinned=week.pinned & fixed,
        barred=week.barred & barred,
        covered=0,
    )


def smallest_conflict(week: Week) -> list[Limit]:
    """A smallest set of limits that no seating keeps.

    Parameters
    ----------
    week : Week
        Without a seating that keeps all limits.
    """
    limits = limits_of(week)

    def conflict(places: Collection[int]) -> bool:
        return feasible(with_limits(week, [limits[place] for place in places])) is None

    corrections: list[list[int]] = []
    while True:
        chosen = _hitting(corrections, len(limits))
        if conflict(chosen):
            return [limits[place] for place in chosen]
        for place in range(len(limits)):
            if place not in chosen and not conflict([*chosen, place]):
                chosen.append(place)
        corrections.append([place for place in range(len(limits)) if place not in chosen])


def _hitting(sets: list[list[int]], n: int) -> list[int]:
    """A smallest set of numbers below n that has one of each set."""
    if not sets:
        return []
    rows = np.zeros((len(sets), n))
    for row, members in zip(rows, sets, strict=True):
        row[members] = 1
    found = milp(
        np.ones(n),
        integrality=np.ones(n, np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, 1, np.inf),
    )
    return [int(place) for place in np.flatnonzero(np.asarray(found.x) > 0.5)]


def explained(week: Week, names: Names) -> str:
    """The smallest conflict of a week in words, for an error."""
    limits = smallest_conflict(week)
    kept = with_limits(week, limits)
    kinds = {limit.kind for limit in limits}
    n, m = week.shape
    # Of the sizes only those that matter are named.
    for name, loose in (("largest", n), ("smallest", 0)):
        for slot in range(m) if name in kinds else ():
            sizes = getattr(kept, name).copy()
            sizes[slot] = loose
            looser = kept._replace(**{name: sizes})
            if feasible(looser) is None:
                kept = looser
    said = [_said(limit, kept, week, names) for limit in limits]
    if kinds == {"at_least"}:
        said.append(f"the week has {counted(m, 'slot')}")
    return "; ".join(said)


def _said(limit: Limit, kept: Week, week: Week, names: Names) -> str:
    """One limit in words; `kept` is the week with those sizes only that matter."""
    n, m = week.shape
    kind, which = limit
    if kind == "largest":
        return _largest(kept, week, names)
    if kind == "smallest":
        return _smallest(kept, names)
    if kind in ("together", "apart"):
        return f"{_those(getattr(week, kind)[which], names)} stay {kind}"
    if kind in ("fixed", "barred"):
        rows = np.flatnonzero((week.pinned if kind == "fixed" else week.barred)[:, which])
        be, done = "is" if len(rows) == 1 else "are", "fixed in"
        if kind == "barred":
            be, done = "was" if len(rows) == 1 else "were", "moved out of"
        return f"{_those(rows, names)} {be} {done} {names.slots[which]!r}"
    least = "one slot" if week.at_least == 1 else f"{week.at_least} slots"
    times = counted(len(np.unique(week.time)), "time")
    return {
        "at_least": f"{counted(n, 'student')} need{'s' * (n == 1)} at least {least}",
        "at_most": f"a student sits in at most {counted(week.at_most, 'slot')}",
        "times": f"a student is in one place at a time ({counted(m, 'slot')} at {times})",
        "tutors": "each group needs a student who has mastered its skill",
    }[kind]


def _largest(kept: Week, week: Week, names: Names) -> str:
    n, m = week.shape
    slots = np.flatnonzero(kept.largest < n)
    sizes = kept.largest[slots]
    if len(slots) < m or sizes.sum() >= week.at_least * n:
        return "; ".join(
            f"{names.slots[slot]!r} holds at most {counted(int(week.largest[slot]), 'student')}"
            for slot in slots.tolist()
        )
    seats = "seats" if sizes.max() > 1 else "seat"
    hold = "holds" if m == 1 else "hold"
    if len({*sizes.tolist()}) == 1:
        by = "×"  # noqa: RUF001 - the sign of multiplication is meant
        return f"{counted(m, 'slot')} {by} {sizes[0]} {seats} {hold} {sizes.sum()}"
    return f"{counted(m, 'slot')} of {sizes.min()} to {sizes.max()} seats {hold} {sizes.sum()}"


def _smallest(kept: Week, names: Names) -> str:
    slots = np.flatnonzero(kept.smallest > 0)
    sizes = kept.smallest[slots]
    if len(slots) > 3 and len({*sizes.tolist()}) == 1:
        return f"each of {len(slots)} slots needs at least {counted(int(sizes[0]), 'student')}"
    return "; ".join(
        f"{names.slots[slot]!r} needs at least {counted(size, 'student')}"
        for slot, size in zip(slots.tolist(), sizes.tolist(), strict=True)
    )


def _those(rows: Ints, names: Names) -> str:
    return listed(repr(names.students[row]) for row in rows.tolist())
