"""How good an item would be, and the exact probability that it is given: functions over arrays.

References
----------
- F. Lord (1980). Applications of Item Response Theory to Practical Testing Problems. Erlbaum.
- J. Sympson, R. Hetter (1985). Controlling item-exposure rates in computerized adaptive testing.
  Proceedings of the 27th annual meeting of the Military Testing Association, 973-977.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints

_DIGITS = 9  # scores that agree so far are tied
_NODES = 64  # exact for ties of up to 128 items whose acceptance differs


def information(p_correct: Floats, discrimination: Floats | float = 1.0) -> Floats:
    """Fisher information of an answer about ability, a² p (1 - p) (Lord, 1980)."""
    found: Floats = np.square(discrimination) * p_correct * (1 - p_correct)
    return found


def nearness(p_correct: Floats, target: float, width: float = 0.1) -> Floats:
    """How near P(correct) is to the target: a bell curve around the target, with width `width`."""
    found: Floats = np.exp(-0.5 * np.square((p_correct - target) / width))
    return found


def rarity(given: Ints) -> Floats:
    """The score 1 / (1 + n) of an item that was given n times: rare items have high scores."""
    return np.asarray(1 / (1 + np.asarray(given, np.float64)))


def acceptance(reached: Floats, n_students: int, cap: float) -> Floats:
    """The probability of accepting an item, which limits the item's share of students to `cap`.

    The probability is Sympson & Hetter's exposure parameter: cap / P(reached), but at most 1. The
    exposure parameter is estimated from the choices so far instead of from a simulation. An item is
    *reached* if all items before it were refused. The number of times that an item was reached is
    estimated by a sum over all choices so far. For each choice, the sum contains the item's
    propensity divided by the item's probability of acceptance.

    Parameters
    ----------
    reached : float array, shape (n_items,)
    n_students : int
    cap : float
    """
    rate = np.asarray(reached, np.float64) / max(n_students, 1)
    found: Floats = np.minimum(1.0, cap / np.maximum(rate, cap))
    return found


def item_propensities(score: Floats, eligible: Bools, accept: Floats | None = None) -> Floats:
    """The exact probability that each item is chosen.

    The algorithm tries the items one by one, from the best score down. Items with equal scores are
    in random order. An item is accepted with the probability in `accept`; if it is refused, the
    next item is tried. After the last item, the algorithm starts again with the best item. Without
    `accept`, the item with the best score wins, and items with equal best scores are equally
    probable.

    Parameters
    ----------
    score : float array, shape (n_students, n_items)
    eligible : bool array of the same shape
    accept : float array, shape (n_items,), optional
        The probability that each item is accepted, in (0, 1].

    Returns
    -------
    float array, shape (n_students, n_items)
        Each row sums to 1; a row without eligible items contains only 0.

    Notes
    -----
    Among items with equal scores, each item gets a uniform random time u. An item is given if no
    item with an earlier time was accepted. The probability is ``a_i ∫ Π_j (1 - a_j u) du``, with
    the product over the other items. Gauss-Legendre quadrature integrates this polynomial exactly.

    Examples
    --------
    >>> import numpy as np
    >>> score = np.array([[0.2, 0.25, 0.25]])
    >>> item_propensities(score, np.ones((1, 3), bool)).tolist()
    [[0.0, 0.5, 0.5]]
    >>> item_propensities(score, np.ones((1, 3), bool), np.array([1.0, 0.5, 0.5])).tolist()
    [[0.25, 0.375, 0.375]]
    """
    rounded = np.round(score, _DIGITS)
    if accept is None:
        best = np.where(eligible, rounded, -np.inf).max(axis=1, initial=-np.inf, keepdims=True)
        tied = eligible & (rounded == best)
        return np.asarray(tied / np.maximum(tied.sum(axis=1, keepdims=True), 1))
    propensity = np.zeros(score.shape)
    for row, values, open_ in zip(propensity, rounded, eligible, strict=True):
        left = 1.0  # P(nobody was given an item yet)
        for value in np.unique(values[open_])[::-1]:
            tied = np.flatnonzero(open_ & (values == value))
            row[tied] = left * _first_accepted(accept[tied])
            left *= float(np.prod(1 - accept[tied]))
        if left < 1:
            row[:] = row / (1 - left)
    return propensity


def _first_accepted(accept: Floats) -> Floats:
    """P(each is the first to be accepted), in random order."""
    nodes, weights = np.polynomial.legendre.leggauss(min((len(accept) + 1) // 2, _NODES))
    refused = 1 - accept[:, None] * (nodes + 1) / 2
    # An acceptance of 1 makes the last factor small, never 0: the nodes lie inside.
    others = np.prod(refused, axis=0) / refused
    share: Floats = accept * (others @ weights) / 2
    total = 1 - np.prod(1 - accept)
    return np.asarray(share * (total / share.sum()))


class Drawn(NamedTuple):
    """An item for each student.

    Attributes
    ----------
    item : int array, shape (n_students,)
        The column of the item; -1 if the student had no eligible item.
    propensity : float array, shape (n_students,)
        The probability that this item was drawn; 0 if no item was drawn.
    """

    item: Ints
    propensity: Floats


def draw_items(propensity: Floats, rng: np.random.Generator) -> Drawn:
    """Draw an item for each student, with one uniform random number per student.

    Examples
    --------
    >>> import numpy as np
    >>> draw_items(np.array([[0.0, 1.0], [0.0, 0.0]]), np.random.default_rng(0)).item.tolist()
    [1, -1]
    """
    running = np.cumsum(propensity, axis=1)
    whole = running[:, -1:] if propensity.shape[1] else np.zeros((len(propensity), 1))
    target = rng.random((len(propensity), 1)) * whole
    possible = (running > target) & (propensity > 0)
    item = np.where(possible.any(axis=1), possible.argmax(axis=1), -1)
    taken = np.take_along_axis(propensity, np.maximum(item, 0)[:, None], axis=1)[:, 0]
    return Drawn(item, np.where(item >= 0, taken, 0.0))
