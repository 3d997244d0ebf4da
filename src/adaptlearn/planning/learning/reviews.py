"""When mastered skills will be due for review, as far as that can be seen now."""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.learning.calendar import Calendar
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.review_schedule import (
    DAY,
    ReviewSchedule,
    half_life,
    moment_of_look,
    recall_of,
)

_WEEK = 7


class DueReviews:
    """When mastered skills are due, in minutes since the beginning of the plan.

    The first review of a skill that is mastered now is due in the first week in which the
    schedule's P(recall) is below its target. Later ones, and those of skills that are mastered on
    the way, follow the formula `half_life`, for as many right answers as were given by then.

    Parameters
    ----------
    schedule : ReviewSchedule
    context : Context
    calendar : Calendar
    n_items : int
        Answers in a lesson.
    """

    def __init__(
        self, schedule: ReviewSchedule, context: Context, calendar: Calendar, n_items: int
    ) -> None:
        assert context.counts is not None
        self._calendar, self._n_items, self._retention = calendar, n_items, schedule.retention
        self._right = (
            context.counts if context.practice is None else context.practice.right
        ).astype(np.float64)
        self._due = np.full(context.mastery.shape, np.inf)
        if context.now is None:
            return
        now = moment_of_look(context, schedule.memory)
        span = (calendar.days[-1] - calendar.days[0]).astype(int)
        for days in range(int(span), -1, -_WEEK):
            recall = recall_of(context, schedule.memory, now + days * DAY)
            with np.errstate(invalid="ignore"):
                self._due[recall < schedule.retention] = self._minutes(np.array(days))

    def _minutes(self, days: Ints) -> Floats:
        """Minutes of the calendar before so many days have passed."""
        return self._calendar.minutes_before(self._calendar.days[0] + days.astype("timedelta64[D]"))

    def due(self, rows: Ints, clock: Floats) -> Bools:
        """Which skills are due now, shape (n_rows, n_skills)."""
        return np.asarray(self._due[rows] <= clock[:, None])

    def done(self, row: Ints, skill: Ints, clock: Floats) -> None:
        """Take note of practice of skills that are mastered now."""
        if not len(row):
            return
        self._right[row, skill] += self._n_items
        # P(recall) halves in a half-life; from there to the target.
        wait = half_life(self._right[row, skill], np.zeros(len(row)))
        wait *= np.log(self._retention) / np.log(0.5)
        today = self._calendar.date_after(clock) - self._calendar.days[0]
        gone = np.isnat(today)
        days = np.where(gone, 0, today.astype(np.int64)) + np.ceil(wait).astype(np.int64)
        self._due[row, skill] = np.where(gone, np.inf, self._minutes(days))
