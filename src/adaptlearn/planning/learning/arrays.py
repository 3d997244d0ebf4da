"""A learning plan as arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.sequencing.policies.candidates import Purpose

PURPOSES = tuple(purpose.name.lower() for purpose in Purpose)


class Weeks(NamedTuple):
    """Lessons by week, sorted by student, week and beginning; all of shape (n_entries,).

    Attributes
    ----------
    student, week, lesson : int arrays
        The student's row, the place of the week, the position of the lesson.
    purpose : int array
        A `Purpose`.
    minutes : float array
        Of the week's free minutes.
    """

    student: Ints
    week: Ints
    lesson: Ints
    purpose: Ints
    minutes: Floats


class Expected(NamedTuple):
    """When targets are expected to be reached; arrays of shape (n_students, n_targets).

    Attributes
    ----------
    asked : bool array
        Whether the target lies in the student's course or goals.
    met : bool array
        Whether it is reached now.
    lower, median, upper : float arrays
        Minutes of the calendar; inf if the target is never reached.
    """

    asked: Bools
    met: Bools
    lower: Floats
    median: Floats
    upper: Floats


class Evidence(NamedTuple):
    """What was known when the plan was made; arrays of shape (n_students, n_skills).

    Attributes
    ----------
    mastery : float array
    answers : int array
    mastered, granted, wanted : bool arrays
    needs_teacher : bool array
        Whether practice no longer helps and a teacher should look.
    days : int array or None
        On how many days the student answered, if responses were given.
    """

    mastery: Floats
    answers: Ints
    mastered: Bools
    granted: Bools
    wanted: Bools
    needs_teacher: Bools
    days: Ints | None


def rows_of(table: Any, rows: Any) -> Any:
    """The rows of an array, or of each array of a tuple; None stays None."""
    if isinstance(table, tuple):
        return type(table)(*(rows_of(part, rows) for part in table))
    return None if table is None else table[rows]
