"""What students did on each skill, beside what a model makes of it: streaks, averages, times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats


class Practice(NamedTuple):
    """What students did on each skill; fields of shape (n_students, n_skills).

    All are 0 before the first answer, except where noted.

    Attributes
    ----------
    right : float array
        Right answers.
    streak : float array
        Right answers in a row up to now.
    average : float array
        Exponential moving average of the answers, from 0.
    change : float array
        Moving average of how far each answer moved the model's estimate. It is 1 before the first.
    recent : int array
        The last eight answers as bits after a leading 1; the latest is the lowest bit. ``0b1`` is
        no answer, ``0b101`` is wrong, then right.
    last_time : float array
        Seconds; nan before the first answer.
    """

    right: Floats
    streak: Floats
    average: Floats
    change: Floats
    recent: NDArray[np.int64]
    last_time: Floats
