"""FSRS-6 along the reviews of one card, in plain numbers.

The equations are those of `equations`. Arrays of one number cost the same as arrays of hundreds:
a card whose level few others reach is followed faster without. With NumPy's functions what comes
out is the same as of arrays, to the last bit; with those of `math` it is sooner there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.models.memory.equations import (
    AGAIN,
    DIFFICULTY,
    EASY,
    GOOD,
    HARD,
    STABILITY,
    curvature,
    first_difficulty,
    first_review,
)
from adaptlearn.numerics import Floats


class Course(NamedTuple):
    """A card after each of its reviews."""

    stability: list[float]
    difficulty: list[float]


class Follower:
    """The equations with one set of parameters.

    Parameters
    ----------
    w : float array, shape (21,)
    """

    def __init__(self, w: Floats) -> None:
        ratings = np.arange(AGAIN, EASY + 1)
        self._w: list[float] = w.tolist()
        self._bend = curvature(w)
        # By rating, from 1.
        self._soon = [0.0, *np.exp(w[17] * (ratings - GOOD + w[18])).tolist()]
        self._favour = [1.0] * (EASY + 1)
        self._favour[HARD], self._favour[EASY] = self._w[15], self._w[16]
        self._first = [[0.0, *values.tolist()] for values in first_review(ratings, w)]
        self._ease, self._easiest = float(np.exp(w[8])), float(first_difficulty(EASY, w))
        self._limit = float(np.exp(-w[17] * w[18]))

    def follow(
        self,
        stability: float,
        difficulty: float,
        days: Sequence[float],
        ratings: Sequence[int],
    ) -> Course:
        """Follow a card; one of stability 0 has not been reviewed yet."""
        w, bend = self._w, self._bend
        power, exp, expm1 = np.power, np.exp, np.expm1  # not math's: the same bits as of arrays
        (lowest, highest), (easiest, hardest) = STABILITY, DIFFICULTY
        course = Course([], [])
        for since, rating in zip(days, ratings, strict=True):
            if stability == 0:
                stability, difficulty = (values[rating] for values in self._first)
            else:
                if since < 1:
                    factor = self._soon[rating] * float(power(stability, -w[19]))
                    stability *= factor if rating == AGAIN else max(factor, 1.0)
                else:
                    recall = float(power(1 + bend * since / stability, -w[20]))
                    if rating == AGAIN:
                        left = w[11] * float(power(difficulty, -w[12]))
                        left = left * (float(power(stability + 1, w[13])) - 1)
                        left = left * float(exp(w[14] * (1 - recall)))
                        stability = min(left, stability * self._limit)
                    else:
                        gain = self._ease * (11 - difficulty) * float(power(stability, -w[9]))
                        gain = gain * float(expm1(w[10] * (1 - recall)))
                        stability = stability * (1 + gain * self._favour[rating])
                stability = min(max(stability, lowest), highest)
                moved = difficulty - (10 - difficulty) * w[6] * (rating - GOOD) / 9
                difficulty = w[7] * self._easiest + (1 - w[7]) * moved
                difficulty = min(max(difficulty, easiest), hardest)
            course.stability.append(stability)
            course.difficulty.append(difficulty)
        return course
