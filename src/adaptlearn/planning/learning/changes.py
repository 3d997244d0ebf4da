"""What moved between two plans, and which answers moved it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.labels import plain
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.learning.arrays import Weeks
from adaptlearn.wording import counted

_NAMED = 3  # skills in a reason


class Compared(NamedTuple):
    """A plan of some students as it is compared; rows are students.

    Attributes
    ----------
    dates : datetime64 array, shape (n_students, n_targets)
        NaT for a day after the calendar's last.
    asked, met : bool arrays of the same shape
    next : list of list of label
        The lessons of each student's first week with lessons.
    mastery : float array, shape (n_students, n_skills)
    answers : int array of the same shape
    waived : bool array of the same shape
    """

    dates: NDArray[np.datetime64]
    asked: Bools
    met: Bools
    next: list[list[Any]]
    mastery: Floats
    answers: Ints
    waived: Bools


class Names(NamedTuple):
    """What the rows and columns of the tables are called."""

    students: NDArray[Any]
    targets: list[str]
    members: Bools
    skills: NDArray[Any]


def next_lessons(weeks: Weeks, lessons: NDArray[Any], n_students: int) -> list[list[Any]]:
    """The lessons of each student's first week with lessons, in their order."""
    coming: list[list[Any]] = [[] for _ in range(n_students)]
    first: dict[int, int] = {}
    for row, week, lesson in zip(*(one.tolist() for one in weeks[:3]), strict=True):
        if first.setdefault(row, week) == week:
            coming[row].append(plain(lessons[lesson]))
    return coming


def changes(old: Compared, new: Compared, names: Names) -> dict[str, NDArray[Any]]:
    """One row for each date, waived skill or next lesson that differs.

    Returns
    -------
    dict of str to array
        The columns are ``student``, ``what`` (``"date"``, ``"waived"``, ``"no longer waived"`` or
        ``"next lessons"``), ``name``, ``before``, ``now``, ``days`` (later by so many; NaN if one
        of the days is after the calendar) and ``because``: the answers since then on the skills
        concerned, or those on other skills, which took or gave time.
    """
    rows: list[tuple[Any, ...]] = []
    for row in range(len(names.students)):
        told = [*_dates(old, new, names, row), *_skills(old, new, names, row)]
        if old.next[row] != new.next[row]:
            before, now = (", ".join(map(str, each[row])) for each in (old.next, new.next))
            why = _because(old, new, names, row, np.ones(len(names.skills), bool))
            told.append(("next lessons", "", before, now, np.nan, why))
        rows += [(plain(names.students[row]), *one) for one in told]
    head = ("student", "what", "name", "before", "now", "days", "because")
    columns = [*zip(*rows, strict=True)] or [()] * len(head)
    return {
        name: np.array(column, float) if name == "days" else np.fromiter(column, object, len(rows))
        for name, column in zip(head, columns, strict=True)
    }


def _dates(old: Compared, new: Compared, names: Names, row: int) -> list[tuple[Any, ...]]:
    found = []
    for target in np.flatnonzero(old.asked[row] & new.asked[row]).tolist():
        before, now = (_date(plan, row, target) for plan in (old, new))
        if before == now:
            continue
        days = new.dates[row, target] - old.dates[row, target]
        known = not (np.isnat(days) or new.met[row, target] or old.met[row, target])
        texts = before, now, float(days.astype(int)) if known else np.nan
        why = _because(old, new, names, row, names.members[target])
        found.append(("date", names.targets[target], *texts, why))
    return found


def _date(plan: Compared, row: int, target: int) -> str:
    if plan.met[row, target]:
        return "met"
    day = plan.dates[row, target]
    return "later" if np.isnat(day) else str(day)


def _skills(old: Compared, new: Compared, names: Names, row: int) -> list[tuple[Any, ...]]:
    found = []
    for skill in np.flatnonzero(old.waived[row] != new.waived[row]):
        what = "waived" if new.waived[row, skill] else "no longer waived"
        levels = [f"{table[row, skill]:.2f}" for table in (old.mastery, new.mastery)]
        only = np.arange(len(names.skills)) == skill
        why = _because(old, new, names, row, only)
        found.append((what, str(plain(names.skills[skill])), *levels, np.nan, why))
    return found


def _because(old: Compared, new: Compared, names: Names, row: int, skills: Bools) -> str:
    """The answers that came in between, first of all those on some skills."""
    more = new.answers[row] - old.answers[row]
    about = np.flatnonzero(skills & (more > 0))
    if not len(about):
        about = np.flatnonzero(more > 0)
        if not len(about):
            return "no new answers: time has passed, or the plan was made otherwise"
    moved = np.abs(new.mastery[row, about] - old.mastery[row, about])
    most = about[np.argsort(-moved, kind="stable")]
    told = [
        f"{counted(int(more[k]), 'answer')} on {plain(names.skills[k])} "
        f"({old.mastery[row, k]:.2f} to {new.mastery[row, k]:.2f})"
        for k in most[:_NAMED]
    ]
    rest = len(most) - _NAMED
    return "; ".join(told) + (f"; and {counted(rest, 'other skill')}" if rest > 0 else "")
