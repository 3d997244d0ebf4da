"""Of what was planned for a week, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label
from adaptlearn.numerics import Floats, Ints, places_of
from adaptlearn.planning.learning.arrays import Weeks
from adaptlearn.planning.learning.calendar import Dates
from adaptlearn.planning.learning.days import answers_of
from adaptlearn.responses.log import ResponseLog
from adaptlearn.sequencing.knowledge.lessons import minutes_of_skills, usual_minutes
from adaptlearn.tracking.clock import DAY


def share_done(planned: Floats, done: Floats) -> Floats:
    """The share of the planned minutes that were done, shape (n_students,); nan if none were.

    Each skill counts up to the minutes that were planned for it: practice of other skills does not
    make up for what was left out.

    Parameters
    ----------
    planned, done : float arrays, shape (n_students, n_skills)
        Minutes.

    Examples
    --------
    >>> share_done(np.array([[30.0, 10.0]]), np.array([[20.0, 40.0]])).tolist()
    [0.75]
    """
    whole = planned.sum(axis=1)
    both = np.minimum(planned, done).sum(axis=1)
    found = np.full(len(whole), np.nan)
    np.divide(both, whole, out=found, where=whole > 0)
    return found


def week_of(starts: Dates, day: date | None) -> int:
    """The place of the week of a day; of the first week without one.

    Raises
    ------
    ParameterError
        No week with minutes has the day.
    """
    if day is None:
        return 0
    asked = np.datetime64(day)
    place = int(np.searchsorted(starts, asked, side="right")) - 1
    if place < 0 or asked >= starts[place] + 7:
        told = (
            f"no week with minutes has the day {asked}; they begin on {starts[0]} to {starts[-1]}"
        )
        raise ParameterError("LearningPlan.followed", [told])
    return place


def minutes_planned(weeks: Weeks, place: int, curriculum: Curriculum, n_students: int) -> Floats:
    """Minutes planned for a week, shape (n_students, n_skills); skills of a lesson share them."""
    taught, at = curriculum.teaches, np.flatnonzero(weeks.week == place)
    first = taught.indptr[weeks.lesson[at]]
    sizes = taught.indptr[weeks.lesson[at] + 1] - first
    skill = taught.indices[places_of(first, sizes)]
    minutes = np.repeat(weeks.minutes[at] / sizes, sizes)
    shape = n_students, len(curriculum.skills)
    return _summed(np.repeat(weeks.student[at], sizes), skill, minutes, shape)


def minutes_done(
    log: ResponseLog, students: Sequence[Label], curriculum: Curriculum, monday: Any, n_items: int
) -> Floats:
    """Minutes of the answers of the week from a Monday on, shape (n_students, n_skills)."""
    student, skill, time, _ = answers_of(log, students, curriculum.skills.tolist())
    day = np.floor(time / DAY).astype(np.int64).astype("datetime64[D]")
    here = (day >= monday) & (day < monday + 7)
    student, skill = student[here], skill[here]
    each = minutes_of_skills(curriculum, usual_minutes(curriculum)) / n_items
    each[np.isinf(each)] = 0.0  # of a skill without a lesson
    return _summed(student, skill, each[skill], (len(students), len(curriculum.skills)))


def _summed(student: Ints, skill: Ints, minutes: Floats, shape: tuple[int, int]) -> Floats:
    found = np.bincount(student * shape[1] + skill, minutes, shape[0] * shape[1])
    return np.asarray(found.reshape(shape), np.float64)
