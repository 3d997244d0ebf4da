"""What a caller asks of groups: checked once, then read as arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np

from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.labels import Label, label_list, label_problem, near_spellings
from adaptlearn.numerics import Ints
from adaptlearn.planning.groups.needs import Needs
from adaptlearn.planning.groups.slots import Slot, read_slots
from adaptlearn.planning.groups.week import Week
from adaptlearn.validation import Interval, OneOf
from adaptlearn.wording import listed

By = Literal["shared", "complement"]
Search = Literal["exchange", "greedy"]


class Demands(NamedTuple):
    """What holds for all groups of a week; students are rows of the needs.

    Attributes
    ----------
    slots : tuple of Slot
    by : {"shared", "complement"}
    at_least, at_most : int
    together, apart : tuple of tuple of int
        Those who stay together, and pairs who stay apart.
    fixed : mapping of int to tuple of int
        For each slot, who sits there.
    """

    slots: tuple[Slot, ...]
    by: By
    at_least: int
    at_most: int
    together: tuple[tuple[int, ...], ...]
    apart: tuple[tuple[int, ...], ...]
    fixed: Mapping[int, tuple[int, ...]]

    def by_class(self, classes: Mapping[Label, Ints]) -> dict[Label, Demands]:
        """The demands on each class, whose students get new numbers in their order."""
        at = {
            row: (label, number)
            for label, rows in classes.items()
            for number, row in enumerate(rows.tolist())
        }

        def split(group: tuple[int, ...]) -> dict[Label, tuple[int, ...]]:
            parts: dict[Label, tuple[int, ...]] = {}
            for label, number in (at[row] for row in group if row in at):
                parts[label] = (*parts.get(label, ()), number)
            return parts

        together: dict[Label, list[tuple[int, ...]]] = {label: [] for label in classes}
        apart: dict[Label, list[tuple[int, ...]]] = {label: [] for label in classes}
        fixed: dict[Label, dict[int, tuple[int, ...]]] = {label: {} for label in classes}
        for groups, found in ((self.together, together), (self.apart, apart)):
            for label, mine in (part for group in groups for part in split(group).items()):
                if len(mine) > 1:
                    found[label].append(mine)
        for slot, group in self.fixed.items():
            for label, mine in split(group).items():
                fixed[label][slot] = mine
        return {
            label: self._replace(
                together=tuple(together[label]), apart=tuple(apart[label]), fixed=fixed[label]
            )
            for label in classes
        }


def read_demands(
    subject: str,
    needs: Any,
    slots: Any,
    *,
    search: Any,
    by: Any = "shared",
    at_least: Any = 1,
    at_most: Any = 2,
    together: Any = (),
    apart: Any = (),
    fixed: Any = None,
    more: Iterable[str] = (),
    classes: Mapping[Any, Ints] | None = None,
) -> Demands:
    """Check what a caller gave, and read it; one error lists all problems.

    Raises
    ------
    ParameterError
    """
    problems: list[str] = []
    if not isinstance(needs, Needs):
        problems.append(f"needs is a {type(needs).__name__}; expected Needs")
        needs = Needs([], [], np.zeros((0, 0)))
    elif not len(needs):
        problems.append("there are no students; the needs are empty")
    read = read_slots(slots, problems)
    for name, value, allowed in (
        ("by", by, OneOf(("shared", "complement"))),
        ("search", search, OneOf(("exchange", "greedy"))),
        ("at_least", at_least, Interval(0, math.inf, integer=True)),
        ("at_most", at_most, Interval(1, math.inf, integer=True)),
    ):
        if not allowed.accepts(value):
            problems.append(f"{name} must be {allowed}, got {value!r}")
    if by == "complement" and needs.mastered is None and len(needs):
        problems.append(
            'by="complement" needs to know what is mastered; Needs.of(sequencer, students) does'
        )
    if not problems and at_least > at_most:
        problems.append(
            f"at_least is {at_least} and at_most is {at_most}; at_least must not be the larger one"
        )
    known = {*needs.skills.tolist()}
    for slot in read:
        skills = slot.skills if isinstance(slot.skills, tuple) else ()
        problems += [
            f"slot {slot.label!r}: unknown skill {skill!r}{near_spellings(skill, needs.skills)}"
            for skill in skills
            if not label_problem(skill) and skill not in known
        ]
    groups = _groups(needs, together, "together", problems)
    pairs = [
        pair
        for group in _groups(needs, apart, "apart", problems)
        for pair in combinations(group, 2)
    ]
    places = _fixed(needs, read, fixed, problems)
    problems += [*_torn(needs, groups, pairs), *more]
    if classes is not None:
        problems += _parted(needs, classes, groups, places)
    if problems:
        raise ParameterError(subject, problems)
    return Demands(
        tuple(read), by, int(at_least), int(at_most), tuple(groups), tuple(pairs), places
    )


def _rows(needs: Needs, labels: Any, what: str, problems: list[str]) -> tuple[int, ...]:
    """Rows of students; those who are unknown go to the problems."""
    try:
        given = label_list(labels, "student")
    except UnknownLabelError as error:
        problems += [f"{what}: {problem}" for problem in error.problems]
        return ()
    place = needs.student_index.place
    problems += [
        f"{what}: unknown student {label!r}{near_spellings(label, place)}"
        for label in given
        if label not in place
    ]
    return tuple(dict.fromkeys(place[label] for label in given if label in place))


def _groups(needs: Needs, given: Any, name: str, problems: list[str]) -> list[tuple[int, ...]]:
    if isinstance(given, (str, bytes, Mapping)) or not hasattr(given, "__iter__"):
        problems.append(f"{name} is {given!r:.80}; expected a list of lists of students")
        return []
    found = []
    for place, group in enumerate(given):
        before = len(problems)
        rows = _rows(needs, group, f"{name} (place {place})", problems)
        if len(problems) == before and len(rows) < 2:
            problems.append(f"{name} (place {place}): {group!r:.80} is not two or more students")
        found.append(rows)
    return [rows for rows in found if len(rows) > 1]


def _fixed(
    needs: Needs, slots: Sequence[Slot], given: Any, problems: list[str]
) -> dict[int, tuple[int, ...]]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        problems.append(
            f"fixed is a {type(given).__name__}; expected a mapping of slot to students"
        )
        return {}
    place = {slot.label: at for at, slot in enumerate(slots)}
    found = {}
    for label, students in given.items():
        rows = _rows(needs, students, f"fixed in {label!r}", problems)
        if label in place:
            found[place[label]] = rows
        else:
            problems.append(f"fixed: unknown slot {label!r}{near_spellings(label, place)}")
    return found


def _torn(
    needs: Needs, together: Sequence[tuple[int, ...]], apart: Sequence[tuple[int, ...]]
) -> Iterable[str]:
    """Pairs who stay apart, and whom the fewest groups keep together."""
    of_student: dict[int, list[int]] = {}
    for number, group in enumerate(together):
        for student in group:
            of_student.setdefault(student, []).append(number)
    for one, other in apart:
        came: dict[int, tuple[int, ...]] = {one: ()}  # by which groups each is reached
        front = [one]
        for student in front:  # grows
            for number in of_student.get(student, ()):
                near = [row for row in together[number] if row not in came]
                came |= dict.fromkeys(near, (*came[student], number))
                front += near
        if other in came:
            chain = [together[number] for number in came[other]]
            kept = "; ".join(f"{_named(needs, group)} stay together" for group in chain)
            yield f"these limits conflict: {kept}; {_named(needs, (one, other))} stay apart"


def rows_of_class(needs: Any, classes: Any, problems: list[str]) -> dict[Label, Ints]:
    """The rows of each class's students; a student has one class at most."""
    if not isinstance(needs, Needs):
        return {}
    if not isinstance(classes, Mapping):
        problems.append(
            f"classes is a {type(classes).__name__}; expected a mapping of class to students"
        )
        return {}
    if not classes:
        problems.append("there are no classes; give at least one")
    found: dict[Label, Ints] = {}
    of_row: dict[int, Any] = {}
    for label, students in classes.items():
        rows = _rows(needs, students, f"class {label!r}", problems)
        if not rows:
            problems.append(f"class {label!r} is empty")
        problems += [
            f"student {_named(needs, (row,))} is in the classes {of_row[row]!r} and {label!r}"
            for row in rows
            if of_row.setdefault(row, label) != label
        ]
        found[label] = np.array(rows, np.int64)
    return found


def _parted(
    needs: Needs,
    classes: Mapping[Any, Ints],
    together: Iterable[tuple[int, ...]],
    fixed: Mapping[int, tuple[int, ...]],
) -> Iterable[str]:
    """Those who stay together and are of different classes; those who are fixed and of none."""
    of_row = {row: label for label, rows in classes.items() for row in rows.tolist()}
    for group in together:
        labels = dict.fromkeys(of_row.get(row) for row in group)
        if len(labels) > 1:
            yield f"{_named(needs, group)} stay together, and are of {len(labels)} classes"
    for group in fixed.values():
        if none := tuple(row for row in group if row not in of_row):
            yield f"fixed, and in no class: {_named(needs, none)}"


def _named(needs: Needs, rows: tuple[int, ...]) -> str:
    return listed(repr(label) for label in needs.students[list(rows)].tolist())


def week_of(needs: Needs, rows: Ints, demands: Demands) -> tuple[Week, Ints]:
    """The week of some students, and the columns of the needs that are its skills.

    Parameters
    ----------
    needs : Needs
    rows : int array, shape (n,)
    demands : Demands
        Of these students, by their place in `rows`.
    """
    slots, value = demands.slots, needs.value[rows]
    n, m = len(rows), len(slots)
    place = {skill: at for at, skill in enumerate(needs.skills.tolist())}
    asked = {skill for slot in slots for skill in slot.skills or ()}
    wanted = value.max(axis=0, initial=0.0) > 0
    if demands.by == "complement":
        assert needs.mastered is not None
        wanted |= needs.mastered[rows].any(axis=0)  # a group of those who are tutors is allowed
    wanted[[place[skill] for skill in asked]] = True
    columns = np.flatnonzero(wanted)
    column = {int(at): number for number, at in enumerate(columns)}
    allowed = np.ones((m, len(columns)), bool)
    for at, slot in enumerate(slots):
        if slot.skills is not None:
            allowed[at] = False
            allowed[at, [column[place[skill]] for skill in slot.skills]] = True
    times: dict[Any, int] = {}
    time = [  # a slot without a time is at a time of its own
        times.setdefault((at,) if slot.time is None else slot.time, len(times))
        for at, slot in enumerate(slots)
    ]
    pinned = np.zeros((n, m), bool)
    for at, group in demands.fixed.items():
        pinned[list(group), at] = True
    tutors = None if demands.by == "shared" else needs.mastered
    week = Week(
        need=value[:, columns].astype(np.float64),
        tutors=None if tutors is None else tutors[rows][:, columns],
        smallest=np.array([slot.smallest for slot in slots]),
        largest=np.array([slot.largest for slot in slots]),
        time=np.array(time),
        allowed=allowed,
        station=np.array([slot.is_station for slot in slots]),
        at_least=demands.at_least,
        at_most=min(demands.at_most, m),
        together=tuple(np.array(group) for group in demands.together),
        apart=np.array(demands.apart, np.int64).reshape(-1, 2),
        pinned=pinned,
        barred=np.zeros((n, m), bool),
    )
    return week, columns
