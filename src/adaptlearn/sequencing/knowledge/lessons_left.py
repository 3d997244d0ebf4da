"""How many lessons a skill still takes until it counts as mastered: mean and variance.

A student either knows a skill or does not, answers as Bayesian knowledge tracing says, and the
belief P(known) follows the answers. The number of lessons until the belief reaches the threshold is
the time to absorption of a Markov chain over beliefs.

References
----------
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural
  knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- J. Kemeny, J. Snell (1960). Finite Markov chains. Van Nostrand (times to absorption).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Floats
from adaptlearn.sequencing.knowledge.stopping import GRID, Rates, lesson_table

_TOGETHER = 32  # skills whose tables are held at once


class LessonsLeft(NamedTuple):
    """How many lessons each skill still takes; both of shape (n_students, n_skills).

    Attributes
    ----------
    mean, variance : float arrays
        0 for a skill that counts as mastered; inf if practice never reaches the threshold.
    """

    mean: Floats
    variance: Floats


def lessons_until(rates: Rates, thresholds: Floats, belief: Floats, n_items: int) -> LessonsLeft:
    """How many lessons it takes until beliefs that are below their thresholds reach them.

    Parameters
    ----------
    rates : Rates
        P(learn) above 0.
    thresholds : float array, shape (n_skills,)
    belief : float array, shape (n_students, n_skills)
    n_items : int
        Answers in a lesson; the student does whole lessons.

    Examples
    --------
    >>> one = Rates(*(np.array([p]) for p in (0.2, 0.0, 0.2, 0.1)))
    >>> found = lessons_until(one, np.array([0.95]), np.array([[0.3]]), 1)
    >>> found.mean.round(1).tolist(), found.variance.round(1).tolist()
    ([[6.5]], [[17.9]])
    """
    numbers = np.ascontiguousarray([*rates, thresholds], np.float64)
    curves = _curves(numbers.tobytes(), n_items)
    mean, variance = (
        np.stack([np.interp(belief[:, at], GRID, curve[at]) for at in range(len(curve))], axis=1)
        for curve in curves
    )
    # A belief next to its threshold lies between a point that takes a lesson and one that does not.
    return LessonsLeft(np.maximum(mean, 1.0), np.maximum(variance, 0.0))


@lru_cache(maxsize=4)  # many blocks of students ask for the same skills
def _curves(numbers: bytes, n_items: int) -> tuple[Floats, Floats]:
    """Mean and variance from each belief of `GRID`, of shape (n_skills, n_grid).

    Parameters
    ----------
    numbers : bytes
        Of the rates and the thresholds, a row each.
    n_items : int
    """
    *rates, thresholds = np.frombuffer(numbers).reshape(len(Rates._fields) + 1, -1)
    mean, variance = np.empty((2, len(thresholds), len(GRID)))
    for start in range(0, len(thresholds), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        table = lesson_table(Rates(*(rate[part] for rate in rates)), n_items)
        below = thresholds[part, None] > GRID
        inner = np.eye(len(GRID)) - table * (below[:, :, None] & below[:, None, :])
        first = np.linalg.solve(inner, below[:, :, None].astype(float))
        second = np.linalg.solve(inner, 2 * first - below[:, :, None])  # E T² of a whole number
        mean[part] = first[..., 0]
        variance[part] = second[..., 0] - mean[part] ** 2
    return mean, variance
