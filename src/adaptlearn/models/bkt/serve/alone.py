"""One sequence followed in plain numbers: where few are left, arrays cost more calls than work.

The results are those of `adaptlearn.models.bkt.belief`, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, cycle
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
    ([0.48, 0.812], 0.467)
    """
    expected: list[float] = []
    tell, far = expected.append, known < 0 or unknown < 0
    for answer, response in zip(answers.tolist(), _responses(here, begins=begins), strict=False):
        learn, forget, guess, slip, stay, keep = response
        if far:
            step = _beside_certainty if max(known, unknown) == 1 else _with_arrays
            known, unknown, right = step(known, unknown, answer, response)
            if right < 0:
                return Followed(known, unknown, expected, len(expected))
            tell(right)
            far = known < 0 or unknown < 0
            continue
        begun, other = known * keep + unknown * learn, unknown * stay + known * forget
        missed, guessed = begun * slip, other * guess
        hit = begun - missed
        if answer == RIGHT:
            joint, rest = hit, guessed
        elif answer == EXPOSURE:
            known, unknown = begun, other
            tell(hit + guessed)
            continue
        else:
            joint, rest = missed, other - guessed
        scale = joint + rest
        if not scale > 0:
            return Followed(known, unknown, expected, len(expected))
        tell(hit + guessed)
        known, unknown = joint / scale, rest / scale
        if known < TINY or unknown < TINY:
            known = _log(known) if 0 < known < TINY else known
            unknown = _log(unknown) if 0 < unknown < TINY else unknown
            far = known < 0 or unknown < 0
    return Followed(known, unknown, expected, -1)


_Response = tuple[float, float, float, float, float, float]


def _responses(here: Parameters, *, begins: bool) -> Iterator[_Response]:
    """Of each response learn, forget, guess and slip, 1 - learn and 1 - forget."""
    fields = (here.learn, here.forget, here.guess, here.slip, 1 - here.learn, 1 - here.forget)
    each = zip(*(field.tolist() for field in fields), strict=True)
    along: Iterator[_Response] = cycle(each) if len(here.guess) == 1 else each
    if begins:
        _, _, guess, slip, _, _ = next(along)
        along = chain(((0.0, 0.0, guess, slip, 1.0, 1.0),), along)
    return along


def _beside_certainty(
    known: float, unknown: float, answer: int, response: _Response
) -> tuple[float, float, float]:
    """One response while a belief is 1 and the other a logarithm, which stays one if it can.

    Returns
    -------
    known, unknown, p_correct : float
        After the response, and before it; P(correct) is -1 where the response was impossible.
    """
    learn, forget, guess, slip, stay, keep = response
    by = (1 - guess, guess, 1.0)[answer], (slip, 1 - slip, 1.0)[answer]
    if unknown < 0:
        far, stays, comes, right = unknown, stay, forget, 1 - slip
    else:
        far, stays, comes, right, by = known, keep, learn, guess, by[::-1]
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
    learn, forget, guess, slip = (np.array([value]) for value in response[:4])
    begun = next_opportunity(Beliefs(np.array([known]), np.array([unknown])), learn, forget)
    here = Parameters(learn, learn, forget, guess, slip)
    after, right, possible = answered(begun, np.array([answer]), here, exposures=True)
    known, unknown = (float(values[0]) for values in after)
    return known, unknown, float(right[0]) if possible[0] else -1.0


@lru_cache(maxsize=1 << 12)
def _log(value: float) -> float:
    """NumPy's logarithm, which need not be that of `math` to the last bit."""
    return float(np.log(value))
