"""Answers as ratings of a review."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ResponseDataError
from adaptlearn.models.memory.equations import AGAIN, EASY, GOOD
from adaptlearn.responses import ResponseLog
from adaptlearn.responses.columns import rows_text


def ratings_of(log: ResponseLog) -> NDArray[np.int8]:
    """The rating of each row, shape (n,): 1 to 4, and -1 for an exposure.

    An extra column ``rating`` gives them; without, a right answer is Good, a wrong one Again.

    Raises
    ------
    ResponseDataError
        The column holds something else, or contradicts the answers.
    """
    answered = log.answered
    rated = np.where(log.correct == 1, GOOD, AGAIN)
    if "rating" in log.extra:
        given = log.extra["rating"]
        if given.dtype.kind not in "iuf":
            raise ResponseDataError(
                "response log", [f"column 'rating': holds {given.dtype} values; expected 1 to 4"]
            )
        _check(given, log)
        rated = np.where(answered, given, AGAIN).astype(np.int64)
    return np.where(answered, rated, -1).astype(np.int8)


def _check(given: NDArray[np.generic], log: ResponseLog) -> None:
    valid = np.isin(given, np.arange(AGAIN, EASY + 1))
    outside = np.flatnonzero(log.answered & ~valid)
    against = np.flatnonzero(log.answered & valid & ((given == AGAIN) != (log.correct == 0)))
    problems = []
    if len(outside):
        problems.append(f"column 'rating': {rows_text(outside)} hold none of 1, 2, 3, 4")
    if len(against):
        problems.append(
            f"column 'rating': {rows_text(against)} contradict 'correct'; expected 1 for a wrong "
            "answer, 2 to 4 for a right one"
        )
    if problems:
        raise ResponseDataError("response log", problems)
