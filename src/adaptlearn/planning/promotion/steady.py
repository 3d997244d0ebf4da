"""What was met stays met until two answers say otherwise: no label changes on one answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.labels import Label
from adaptlearn.numerics import Bools, Ints
from adaptlearn.planning.promotion.report import PromotionReport

_ANSWERS = 2  # that have to come before something is lost


class Earlier(NamedTuple):
    """What an earlier report said of the students of this one.

    Attributes
    ----------
    met : bool array, shape (n_students, n_demands)
        False for students whom it did not have.
    answers : int array, shape (n_students, n_demands)
    """

    met: Bools
    answers: Ints

    @classmethod
    def of(cls, report: PromotionReport, students: Sequence[Label]) -> Earlier:
        """In the order of other students."""
        place = {student: row for row, student in enumerate(report.students.tolist())}
        rows = np.array([place.get(student, -1) for student in students], np.intp)
        there = (rows >= 0)[:, None]
        return cls(report.met[rows] & there, np.where(there, report.answers[rows], 0))

    def part(self, start: int, n: int) -> Earlier:
        """Of some students in a row."""
        return Earlier(self.met[start : start + n], self.answers[start : start + n])


def held(met: Bools, answers: Ints, earlier: Earlier) -> Bools:
    """What is met only because it was met before, and fewer than two answers came since.

    Parameters
    ----------
    met, answers : arrays, shape (n_students, n_demands)
        Whether each standard is met by itself now, and how many answers there are.
    earlier : Earlier

    Returns
    -------
    bool array, shape (n_students, n_demands)

    Examples
    --------
    >>> import numpy as np
    >>> before = Earlier(np.array([[True, True]]), np.array([[6, 6]]))
    >>> held(np.array([[False, False]]), np.array([[7, 8]]), before).tolist()
    [[True, False]]
    """
    return np.asarray(~met & earlier.met & (answers - earlier.answers < _ANSWERS))
