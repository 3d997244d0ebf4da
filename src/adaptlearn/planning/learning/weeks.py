"""Steps of a walk, put into the weeks of a calendar."""

from __future__ import annotations

import numpy as np

from adaptlearn.planning.learning.arrays import Weeks
from adaptlearn.planning.learning.calendar import Calendar
from adaptlearn.planning.learning.walk import Walk


def weeks_of(way: Walk, calendar: Calendar) -> Weeks:
    """The minutes of each lesson in each week; those after the calendar's end are left out.

    A step that crosses the end of a week is cut there, so no week has more than its minutes.
    """
    bounds = calendar.week_starts()[1]
    n_weeks = len(bounds) - 1
    # A step of no minutes belongs to the week in which it begins.
    first = np.searchsorted(bounds, way.start, side="right") - 1
    last = np.maximum(np.searchsorted(bounds, way.end, side="left") - 1, first)
    last = np.minimum(last, n_weeks - 1)
    pieces = np.maximum(last - first + 1, 0)
    step = np.repeat(np.arange(len(first)), pieces)
    week = np.arange(len(step)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + first[step]
    minutes = np.minimum(way.end[step], bounds[week + 1]) - np.maximum(
        way.start[step], bounds[week]
    )
    keys = np.stack([way.student[step], week, way.lesson[step], way.purpose[step]], axis=1)
    kinds, begins, kind = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    total = np.bincount(kind.ravel(), minutes, len(kinds)).astype(np.float64)
    order = np.lexsort((begins, kinds[:, 1], kinds[:, 0]))
    student, week, lesson, purpose = kinds[order].T
    return Weeks(student, week, lesson, purpose, total[order])
