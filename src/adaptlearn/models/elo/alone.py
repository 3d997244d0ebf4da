"""One student's ratings along many answers, in plain numbers.

Arrays of one number cost the same as arrays of hundreds: a student who is followed alone is
followed faster without. What comes out is the same, to the last bit.
"""

from __future__ import annotations

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
    easiness : list of lists of float
        Of each response's skills: minus their difficulties.
    item : list of float
        What the item adds to the difficulty.
    pairs : list of lists of int, or None
        The student's offset on each skill, by its row; None where students have none.
    """

    correct: list[int]
    easiness: list[list[float]]
    item: list[float]
    pairs: list[list[int]] | None


def follow(answered: Answered, student: Floats, offsets: Floats, step: Floats) -> Floats:
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
    """
    alpha, beta = step.tolist()
    ability, n_ability = student.tolist()
    offset, n_offset = offsets[:, :1].ravel().tolist(), offsets[:, 1:].ravel().tolist()
    found = []
    every = answered.pairs if answered.pairs is not None else [[]] * len(answered.correct)
    rows = zip(answered.correct, answered.easiness, answered.item, every, strict=True)
    for correct, easiness, item, pairs in rows:
        balance = easiness
        if pairs:
            balance = [offset[pair] + easy for pair, easy in zip(pairs, easiness, strict=True)]
        log_odds = ability + _mean(balance) - item
        found.append(log_odds)
        if correct < 0:
            continue
        surprise = correct - float(expit(log_odds))
        ability += alpha / (1 + beta * n_ability) * surprise
        n_ability += 1
        for pair in pairs:
            offset[pair] += alpha / (1 + beta * n_offset[pair]) * surprise
            n_offset[pair] += 1
    student[:] = ability, n_ability
    if answered.pairs is not None:
        offsets[:, 0], offsets[:, 1] = offset, n_offset
    return np.array(found)


def _mean(values: list[float]) -> float:
    """As of the skills of a response: `Level.mean`, which adds up in NumPy's order."""
    if len(values) == 1:
        return values[0]
    if len(values) == 2:
        return (values[0] + values[1]) / 2
    return float(np.add.reduceat(np.array(values), [0])[0]) / len(values)
