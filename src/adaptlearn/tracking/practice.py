"""What students did on each skill, beside what a model makes of it: streaks, averages, times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats


class Practice(NamedTuple):
    """What students did on each skill; fields of shape (n_students, n_skills).

    Zero before the first answer unless said otherwise.

    Attributes
    ----------
    right : float array
        Right answers.
    streak : float array
        Right answers in a row, up to now.
    average : float array
        Exponential moving average of the answers, from 0.
    change : float array
        Moving average of how far an answer moved the model's estimate; 1 before any.
    recent : int array
        The last eight answers as bits, the latest lowest, beneath a leading 1: ``0b1`` for
        none, ``0b101`` for wrong, then right.
    last_time : float array
        Seconds; nan where there is none.
    """

    right: Floats
    streak: Floats
    average: Floats
    change: Floats
    recent: NDArray[np.int64]
    last_time: Floats
