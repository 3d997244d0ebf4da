"""Days of practice: who has practised a day's minutes goes on the next day."""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Floats, Ints
from adaptlearn.simulation.students.base import DAY, Students

ROUNDING = 1e-9
"""Minutes: sums of an item's time may miss a whole budget, or day, by so much."""


class Clock:
    """The time of each student: who has practised a day's minutes goes on the next day.

    Attributes
    ----------
    seconds : float array, shape (n,)
        Since the first practice, nights included.
    """

    def __init__(self, students: Students, minutes_per_day: float) -> None:
        self._students, self._minutes_per_day = students, minutes_per_day
        self._today = np.zeros(students.n)
        self._nights, self._ended = np.zeros(students.n, np.intp), 0
        self.seconds = np.zeros(students.n)

    def practise(self, rows: Ints, minutes: Floats) -> Floats:
        """Some students practise; the seconds at which they are done."""
        self._today[rows] += minutes
        self._pass(rows, 60 * minutes)
        return self.seconds[rows]

    def sleep(self, rows: Ints) -> None:
        """Whose time for today is over goes on a day after today's practice began."""
        done = rows[self._today[rows] >= self._minutes_per_day - ROUNDING]
        if len(done):
            self._night(done)

    def end_day(self, rows: Ints) -> bool:
        """A planned day ends for some students; whether its minutes were enough for all of them.

        Who has practised all minutes of the day has slept already.
        """
        self._ended += 1
        nights = self._nights[rows]
        tired = (nights > self._ended) | ((nights == self._ended) & (self._today[rows] > 0))
        self._night(rows[nights < self._ended])
        return not tired.any()

    def latest(self, rows: Ints) -> float:
        """The seconds of the student who is furthest on."""
        return float(self.seconds[rows].max())

    def _night(self, rows: Ints) -> None:
        self._pass(rows, np.maximum(DAY - 60 * self._today[rows], 0.0))
        self._today[rows] = 0.0
        self._nights[rows] += 1

    def _pass(self, rows: Ints, seconds: Floats) -> None:
        self.seconds[rows] += seconds
        self._students.wait(seconds, rows)
