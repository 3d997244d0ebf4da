"""Forming groups: for one class, or for every class of a district."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label
from adaptlearn.numerics import Ints
from adaptlearn.planning.groups.conflicts import Names, explained
from adaptlearn.planning.groups.demands import (
    By,
    Demands,
    Search,
    read_demands,
    rows_of_class,
    week_of,
)
from adaptlearn.planning.groups.groups import Groups, proposal
from adaptlearn.planning.groups.needs import Needs
from adaptlearn.planning.groups.opening import exchanged, opened
from adaptlearn.planning.groups.seating import most_covered
from adaptlearn.planning.groups.slots import Slot
from adaptlearn.progress import report

Together = Iterable[Iterable[Label]]
Fixed = Mapping[Any, Iterable[Label] | Label]  # a mapping's keys are of its own kind only


def form_groups(
    needs: Needs,
    slots: Iterable[Slot | Mapping[str, Any]],
    *,
    by: By = "shared",
    at_least: int = 1,
    at_most: int = 2,
    together: Together = (),
    apart: Together = (),
    fixed: Fixed | None = None,
    search: Search = "exchange",
) -> Groups:
    """Propose who of a class sits in which slot of the week, and on which skill.

    The groups meet as much need as possible within the limits. A need counts once a week.

    Parameters
    ----------
    needs : Needs
        What each student of the class needs next.
    slots : sequence of Slot, or of mappings with the fields of a Slot
    by : {"shared", "complement"}, default "shared"
        ``"shared"``: students who need the same skill sit together. ``"complement"``: each group
        also has a student who has mastered the skill and can tutor the others.
    at_least, at_most : int, default 1 and 2
        How many slots each student gets in the week. With ``at_least=0``, the proposal first
        gives a slot to as many students as possible, and then meets as much need as possible.
    together : sequence of sequences of students
        Students who sit in the same slots.
    apart : sequence of sequences of students
        Students of whom no two sit in the same slot.
    fixed : mapping of slot to students, optional
        Students who must sit in a slot. Other students may join them, up to the slot's size.
    search : {"exchange", "greedy"}, default "exchange"
        ``"greedy"`` gives one slot after another a skill, and then seats the students as well as
        possible. ``"exchange"`` then tries other skills for the slots, as long as a change meets
        more need. It takes some hundred times as long.

    Returns
    -------
    Groups

    Raises
    ------
    ParameterError
        The error lists everything that is wrong with the arguments. If the limits conflict, it
        names a smallest set of limits that conflict.

    Examples
    --------
    >>> needs = Needs(
    ...     ["ann", "ben", "cat", "dan"],
    ...     ["add", "divide"],
    ...     [[0.9, 0], [0.8, 0], [0, 0.7], [0.1, 0.6]],
    ... )
    >>> week = [Slot("Monday", smallest=2, largest=2), Slot("Friday", smallest=2, largest=2)]
    >>> print(form_groups(needs, week, at_most=1))
    4 students in 2 slots: need met 3.00
    slot    leader   skill  need  students
    Monday             add  1.70  ann, ben
    Friday          divide  1.30  cat, dan
    """
    demands = read_demands(
        "form_groups", needs, slots, by=by, at_least=at_least, at_most=at_most,
        together=together, apart=apart, fixed=fixed, search=search,
    )  # fmt: skip
    found = _formed(needs, np.arange(len(needs)), demands, search)
    if isinstance(found, str):
        raise ParameterError("form_groups", [found], _REMEDY)
    return found


def form_class_groups(
    needs: Needs,
    slots: Iterable[Slot | Mapping[str, Any]],
    classes: Mapping[Any, Iterable[Label]],
    *,
    search: Search = "greedy",
    **options: Any,
) -> dict[Label, Groups]:
    """Propose the groups of each class of a school or a district.

    Parameters
    ----------
    needs : Needs
        What each student of all classes needs next.
    slots : sequence of Slot, or of mappings with the fields of a Slot
        The slots that each class has.
    classes : mapping of class to students
        A student is in at most one class.
    search : {"greedy", "exchange"}, default "greedy"
        As in `form_groups`.
    **options
        `by`, `at_least`, `at_most`, `together`, `apart` and `fixed`, as in `form_groups`. Students
        who stay together, or are fixed in a slot, must be in one class.

    Returns
    -------
    dict of class to Groups

    Raises
    ------
    ParameterError
        The error lists everything that is wrong with the arguments. If the limits conflict in some
        classes, it names each of these classes and a smallest set of limits that conflict there.

    Examples
    --------
    >>> needs = Needs(["ann", "ben", "cat", "dan"], ["add"], [[0.9], [0.8], [0.7], [0]])
    >>> pairs = [Slot("Monday", smallest=1, largest=2)]
    >>> school = form_class_groups(needs, pairs, {"1a": ["ann", "ben"], "1b": ["cat", "dan"]})
    >>> [round(groups.value, 1) for groups in school.values()]
    [1.7, 0.7]
    """
    problems: list[str] = []
    rows = rows_of_class(needs, classes, problems)
    demands = read_demands(
        "form_class_groups", needs, slots, search=search, more=problems, classes=rows, **options
    )
    formed, refused = {}, []
    for done, (label, asked) in enumerate(demands.by_class(rows).items(), 1):
        found = _formed(needs, rows[label], asked, search)
        if isinstance(found, str):
            refused.append(f"class {label!r}: {found}")
        else:
            formed[label] = found
        report("forming groups", "classes", done, len(rows))
    if refused:
        raise ParameterError("form_class_groups", refused, _REMEDY)
    return formed


_REMEDY = "Change one of these limits."


def _formed(needs: Needs, rows: Ints, demands: Demands, search: Search) -> Groups | str:
    """The groups of some students, or the limits that conflict."""
    week, columns = week_of(needs, rows, demands)
    if week.at_least == 0:
        week = week._replace(covered=most_covered(week))
    seating = opened(week)
    students = needs.students[rows]
    if seating is None:
        names = Names(students.tolist(), [slot.label for slot in demands.slots])
        return f"these limits conflict: {explained(week, names)}"
    if search == "exchange":
        seating = exchanged(week, seating)
    return proposal(students, demands.slots, week, seating, tuple(needs.skills[columns].tolist()))
