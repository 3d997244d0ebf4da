"""What students did on each skill, beside what a model makes of it: streaks, averages, times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats


class Practice(NamedTuple):
    """What students did on each skill; arrays of shape (n_students, n_skills).

    Before the first answer all values are 0, except for `change`, `recent` and `last_time`.

    Attributes
    ----------
    right : float array
        The number of right answers.
    streak : float array
        The number of right answers in a row, up to the latest answer.
    average : float array
        The exponential moving average of the answers, which starts at 0.
    change : float array
        A running average of the change in the model's estimate after each answer. `change` is 1
        before the first answer.
    recent : int array
        The last eight answers as bits after a leading 1; the latest answer is the lowest bit.
        ``0b1`` means no answer. ``0b101`` means a wrong answer, then a right answer.
    last_time : float array
        The time of the last answer in seconds; nan before the first answer.
    """

    right: Floats
    streak: Floats
    average: Floats
    change: Floats
    recent: NDArray[np.int64]
    last_time: Floats
