"""Shares as a public page gives them: in steps that hold ten students or more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Ints

FEWEST = 10  # students of a group that is shown
_NUMBERS = 10  # of students that fit a step, at least
_OPEN = 5  # from the smallest to the largest number that all shares of a group together allow
_STEPS = (1, 5, 10, 20, 25, 50, 100)  # per cent
_BOUND = 5  # per cent: no end of the scale is given more closely


class Steps(NamedTuple):
    """Between which per cents shares lie, and between which counts.

    Attributes
    ----------
    from_, below : int arrays, shape (n, n_statuses)
        Per cents: a share is at least `from_` and smaller than `below`; 100 belongs to its step.
    low, high : int arrays, shape (n, n_statuses)
        The smallest and the largest number of students whose share lies between these.
    """

    from_: Ints
    below: Ints
    low: Ints
    high: Ints


def steps_of(counts: Ints) -> Steps:
    """The step of each share.

    Steps are 1, 5, 10, 20, 25 or 50 per cent wide: the smallest of these that holds ten students
    or more, and whose shares do not tell each other because all of them add up to 100. If there is
    no such step, as below 20 students, a share lies between 0 and 100 per cent.
    A share below 5 or from 95 per cent on is never given more closely than that.

    Parameters
    ----------
    counts : int array, shape (n, n_statuses)

    Examples
    --------
    >>> import numpy as np
    >>> steps = steps_of(np.array([[7, 13, 20, 0, 0], [3, 990, 7, 0, 0]]))
    >>> steps.from_.tolist(), steps.below.tolist()
    ([[0, 25, 50, 0, 0], [0, 95, 0, 0, 0]], [[25, 50, 75, 25, 25], [5, 100, 5, 5, 5]])
    >>> steps.low[0].tolist(), steps.high[0].tolist()
    ([0, 10, 20, 0, 0], [9, 19, 29, 9, 9])
    """
    n = counts.sum(axis=1, keepdims=True)
    found = _in_steps(counts, _STEPS[-1])
    for step in _STEPS[-2::-1]:
        finer = _in_steps(counts, step)
        enough = (n * step >= 100 * _NUMBERS) & _uncertain(finer, n)
        found = Steps(*(np.where(enough, *parts) for parts in zip(finer, found, strict=True)))
    return found


def _in_steps(counts: Ints, step: int) -> Steps:
    """Shares in steps of one width."""
    n = counts.sum(axis=1, keepdims=True)
    place = np.minimum(100 * counts // np.maximum(n * step, 1), 100 // step - 1)
    from_, below = place * step, (place + 1) * step
    bottom, top, end = below <= _BOUND, from_ >= 100 - _BOUND, max(step, _BOUND)
    from_ = np.where(bottom, 0, np.where(top, 100 - end, from_))
    below = np.where(bottom, end, np.where(top, 100, below))
    low = -(-from_ * n // 100)
    high = np.where(below == 100, n, -(-below * n // 100) - 1)
    return Steps(from_, below, low, high)


def _uncertain(steps: Steps, n: Ints) -> Bools:
    """Whether the shares of a group, which add up to all of it, leave each count open."""
    least, most = steps.low.sum(axis=1, keepdims=True), steps.high.sum(axis=1, keepdims=True)
    smallest = np.maximum(steps.low, n - (most - steps.high))
    largest = np.minimum(steps.high, n - (least - steps.low))
    return np.asarray((largest - smallest >= _OPEN).all(axis=1, keepdims=True))
