"""One sequence followed in plain numbers: where few are left, arrays cost more calls than work.

The results are those of `adaptlearn.models.bkt.belief`, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.belief import TINY, Beliefs, answered, next_opportunity
from adaptlearn.models.bkt.entries import EXPOSURE, RIGHT
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.numerics import Ints

_LOG_TINY = float(np.log(TINY))


class Followed(NamedTuple):
    """What following a sequence finds.

    Attributes
    ----------
    known, unknown : float
        After the last response, as `Beliefs` holds them.
    p_correct : list of float
        Before each response.
    impossible : int
        The first response that its parameters rule out, which is where it stops; -1 without.
    """

    known: float
    unknown: float
    p_correct: list[float]
    impossible: int


def follow(
    known: float, unknown: float, answers: Ints, here: Parameters, *, begins: bool
) -> Followed:
    """Predict and update along one sequence.

    Parameters
    ----------
    known, unknown : float
        Before it, as `Beliefs` holds them.
    answers : int array, shape (n,)
        `WRONG`, `RIGHT` or `EXPOSURE`.
    here : Parameters
        Of each response, learn and forget of the transition into it; fields of shape (n,), or
        (1,) where they stay the same.
    begins : bool
        Whether the first response is the sequence's: there is no transition into it.

    Examples
    --------
    >>> here = Parameters(*(np.array([value]) for value in (0.4, 0.5, 0.0, 0.2, 0.1)))
    >>> found = follow(0.4, 0.6, np.array([1, 0]), here, begins=True)
    >>> np.round(found.p_correct, 3).tolist(), round(found.known, 3)
    ([0.48, 0.8], 0.438)
    """
    expected: list[float] = []
    for answer, learn, forget, guess, slip in _responses(answers, here, begins=begins):
        if known < 0 or unknown < 0:
            response = learn, forget, guess, slip
            step = _beside_certainty if max(known, unknown) == 1 else _with_arrays
            known, unknown, right = step(known, unknown, answer, response)
            if right < 0:
                return Followed(known, unknown, expected, len(expected))
            expected.append(right)
            continue
        begun, other = (
            known * (1 - forget) + unknown * learn,
            unknown * (1 - learn) + known * forget,
        )
        missed, guessed = begun * slip, other * guess
        hit = begun - missed
        expected.append(hit + guessed)
        if answer == EXPOSURE:
            known, unknown = begun, other
            continue
        if answer == RIGHT:
            joint, rest = hit, guessed
        else:
            joint, rest = missed, other - guessed
        scale = joint + rest
        if not scale > 0:
            return Followed(known, unknown, expected[:-1], len(expected) - 1)
        known, unknown = joint / scale, rest / scale
        if 0 < known < TINY:
            known = _log(known)
        if 0 < unknown < TINY:
            unknown = _log(unknown)
    return Followed(known, unknown, expected, -1)


def _responses(
    answers: Ints, here: Parameters, *, begins: bool
) -> Iterator[tuple[int, float, float, float, float]]:
    """Each answer, with learn, forget, guess and slip."""
    fields = [field.tolist() for field in (here.learn, here.forget, here.guess, here.slip)]
    along: list[Iterator[float]] = [
        iter(values) if len(values) == len(answers) else repeat(values[0]) for values in fields
    ]
    if begins:
        for moves in along[:2]:
            next(moves)
        along[:2] = [chain((0.0,), moves) for moves in along[:2]]
    return zip(answers.tolist(), *along, strict=False)


_Response = tuple[float, float, float, float]


def _beside_certainty(
    known: float, unknown: float, answer: int, response: _Response
) -> tuple[float, float, float]:
    """One response while a belief is 1 and the other a logarithm, which stays one if it can.

    Returns
    -------
    known, unknown, p_correct : float
        After the response, and before it; P(correct) is -1 where the response was impossible.
    """
    learn, forget, guess, slip = response
    by = (1 - guess, guess, 1.0)[answer], (slip, 1 - slip, 1.0)[answer]
    if unknown < 0:
        far, stays, comes, right = unknown, 1 - learn, forget, 1 - slip
    else:
        far, stays, comes, right, by = known, 1 - forget, learn, guess, by[::-1]
    if comes == 0 and min(stays, *by) > 0:
        far += _log(stays)
        if answer != EXPOSURE:
            far = far + _log(by[0]) - _log(by[1])
        if far < _LOG_TINY:
            return (1.0, far, right) if unknown < 0 else (far, 1.0, right)
    return _with_arrays(known, unknown, answer, response)


def _with_arrays(
    known: float, unknown: float, answer: int, response: _Response
) -> tuple[float, float, float]:
    """One response by the functions for arrays."""
    learn, forget, guess, slip = (np.array([value]) for value in response)
    begun = next_opportunity(Beliefs(np.array([known]), np.array([unknown])), learn, forget)
    here = Parameters(learn, learn, forget, guess, slip)
    after, right, possible = answered(begun, np.array([answer]), here, exposures=True)
    known, unknown = (float(values[0]) for values in after)
    return known, unknown, float(right[0]) if possible[0] else -1.0


@lru_cache(maxsize=1 << 12)
def _log(value: float) -> float:
    """NumPy's logarithm, which need not be that of `math` to the last bit."""
    return float(np.log(value))
