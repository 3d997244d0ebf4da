"""The limits of a week that a seating does not keep, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adaptlearn.numerics import Bools, Ints
from adaptlearn.planning.groups.conflicts import Names
from adaptlearn.planning.groups.week import FREE, Week
from adaptlearn.wording import counted, listed


def broken_limits(week: Week, seat: Bools, skill: Ints, names: Names) -> Iterator[str]:
    """One sentence for each limit that does not hold.

    Parameters
    ----------
    week : Week
    seat : bool array, shape (n, m)
    skill : int array, shape (m,)
    names : Names
    """
    for slot in range(len(names.slots)):
        yield from _of_slot(week, seat[:, slot], skill[slot], slot, names)
    yield from _of_students(week, seat, names)
    yield from _of_company(week, seat, names)


def _of_slot(week: Week, seat: Bools, skill: int, slot: int, names: Names) -> Iterator[str]:
    label, size = repr(names.slots[slot]), int(seat.sum())
    held = counted(size, "student")
    if size > week.largest[slot]:
        yield f"{label} holds {held}; at most {week.largest[slot]} may sit there"
    if 0 < size < week.smallest[slot]:
        yield f"{label} holds {held}; at least {week.smallest[slot]} are needed"
    alone = week.tutors is not None and (skill == FREE or not week.tutors[seat, skill].any())
    if alone and size and not week.station[slot]:
        yield f"{label} has no student who has mastered its skill"
    missing, still = week.pinned[:, slot] & ~seat, week.barred[:, slot] & seat
    if missing.any():
        yield f"not in {label}: {_those(missing, names)}"
    if still.any():
        yield f"still in {label}: {_those(still, names)}"


def _of_students(week: Week, seat: Bools, names: Names) -> Iterator[str]:
    own = seat.sum(axis=1)
    few, many = own < week.at_least, own > week.at_most
    if few.any():
        yield f"fewer than {counted(week.at_least, 'slot')}: {_those(few, names)}"
    if many.any():
        yield f"more than {counted(week.at_most, 'slot')}: {_those(many, names)}"
    for time in np.flatnonzero(np.bincount(week.time) > 1):
        slots = week.time == time
        several = seat[:, slots].sum(axis=1) > 1
        if several.any():
            at = listed(repr(names.slots[slot]) for slot in np.flatnonzero(slots).tolist())
            yield f"in several places at a time ({at}): {_those(several, names)}"


def _of_company(week: Week, seat: Bools, names: Names) -> Iterator[str]:
    for group in week.together:
        if (seat[group] != seat[group[0]]).any():
            yield f"not together in all slots: {_those(group, names)}"
    for pair in week.apart:
        for slot in np.flatnonzero(seat[pair].all(axis=0)).tolist():
            yield f"not apart in {names.slots[slot]!r}: {_those(pair, names)}"


def _those(rows: Ints | Bools, names: Names) -> str:
    chosen = np.arange(len(names.students))[rows]
    return listed(repr(names.students[row]) for row in chosen.tolist())
