"""One student's ratings along many answers, in plain numbers.

Arrays of one number cost the same as arrays of hundreds: a student who is followed alone is
followed faster without. What comes out is the same, to the last bit.
"""

from __future__ import annotations

from itertools import repeat
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from adaptlearn.numerics import Floats


class Answered(NamedTuple):
    """A student's responses in order.

    Attributes
    ----------
    correct : list of int
        1, 0, and -1 for an exposure.
    item : list of float
        What the item adds to the difficulty.
    easiness : list of float
        Of each response's first skill: minus its difficulty.
    pair : list of int
        The student's offset on that skill, by its row; any where students have no offsets.
    others : list of lists of (int, float), or None
        Pairs and easiness of each response's other skills; None where every response has one.
    """

    correct: list[int]
    item: list[float]
    easiness: list[float]
    pair: list[int]
    others: list[list[tuple[int, float]]] | None


def follow(
    answered: Answered, student: Floats, offsets: Floats, step: Floats, *, moving: bool
) -> Floats:
    """The log odds before each response; ratings and counts change in place.

    Parameters
    ----------
    answered : Answered
    student : float array, shape (2,)
        Ability, and the answers it rests on.
    offsets : float array, shape (n_pairs, 2)
        Likewise.
    step : float array, shape (2,)
        alpha and beta.
    moving : bool
        Whether offsets move; otherwise they are 0.
    """
    alpha, beta = step.tolist()
    ability, n_ability = student.tolist()
    offset, n_offset = offsets[:, 0].tolist(), offsets[:, 1].tolist()
    found = []
    others = repeat(()) if answered.others is None else answered.others
    for correct, item, easy, pair, more in zip(*answered[:4], others, strict=False):
        balance = offset[pair] + easy
        if more:
            balance = _mean([balance, *(offset[other] + easier for other, easier in more)])
        log_odds = ability + balance - item
        found.append(log_odds)
        if correct < 0:
            continue
        surprise = correct - float(expit(log_odds))
        ability += alpha / (1 + beta * n_ability) * surprise
        n_ability += 1
        if moving:
            count = n_offset[pair]
            offset[pair] += alpha / (1 + beta * count) * surprise
            n_offset[pair] = count + 1
            for other, _ in more:
                offset[other] += alpha / (1 + beta * n_offset[other]) * surprise
                n_offset[other] += 1
    student[:] = ability, n_ability
    offsets[:, 0], offsets[:, 1] = offset, n_offset
    return np.array(found)


def _mean(values: list[float]) -> float:
    """As of the skills of a response: `Level.mean`, which adds up in NumPy's order."""
    if len(values) == 2:
        return (values[0] + values[1]) / 2
    return float(np.add.reduceat(np.array(values), [0])[0]) / len(values)
