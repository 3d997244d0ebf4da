"""One sequence followed in plain numbers: where few are left, arrays cost more calls than work.

The results are those of `adaptlearn.models.bkt.belief`, to the last bit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.belief import TINY, Beliefs, answered, next_opportunity
from adaptlearn.models.bkt.entries import EXPOSURE, RIGHT
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.numerics import Floats, Ints

_LOG_TINY = float(np.log(TINY))


class Followed(NamedTuple):
    """What following a sequence finds.

    Attributes
    ----------
    known, unknown : float
        After the last response, as `Beliefs` holds them.
    chances, beliefs : float arrays, shape (2, n)
        P(correct) and P(wrong) before each response; and after it, what `known` and `unknown` are.
        Both up to an impossible response.
    impossible : int
        The first response that its parameters rule out, which is where it stops; -1 without.
    """

    known: float
    unknown: float
    chances: Floats
    beliefs: Floats
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
    >>> np.round(found.chances[0], 3).tolist(), round(found.known, 3)
    ([0.48, 0.812], 0.467)
    """
    n, at, size = len(answers), 0, _FIRST
    expected, after = np.empty((2, n)), np.empty((2, n))
    told, responses = answers.tolist(), _responses(here, n, begins=begins)
    while at < n:
        if known < 0 or unknown < 0:
            step = _beside_certainty if max(known, unknown) == 1 else _with_arrays
            known, unknown, *chances = step(known, unknown, told[at], responses[at])
            if chances[0] < 0:
                return Followed(known, unknown, expected, after, at)
            expected[:, at], after[:, at] = chances, (known, unknown)
            at += 1
            continue
        found = _in_range(known, unknown, told[at : at + size], responses[at : at + size])
        lost = np.flatnonzero(((found[1:] > 0) & (found[1:] < TINY)).any(axis=1))
        done = int(lost[0]) + 1 if len(lost) else len(found) - 1
        expected[:, at : at + done] = _expected(found[:done].T, here, slice(at, at + done))
        if begins and at == 0 and done:
            begun = here._replace(learn=_NONE, forget=_NONE)
            expected[:, :1] = _expected(found[:1].T, begun, slice(1))
        known, unknown = (_log(b) if 0 < b < TINY else b for b in found[done].tolist())
        after[:, at : at + done] = found[1 : done + 1].T
        at += done
        if len(lost):
            after[:, at - 1] = known, unknown  # by logarithms
        if not len(lost) and done < min(size, n - at + done):
            return Followed(known, unknown, expected, after, at)
        size = min(2 * size, _MOST) if not len(lost) else _AGAIN
    return Followed(known, unknown, expected, after, -1)


_Response = tuple[float, float, float, float, float, float]
"""Of a response 1 - learn, 1 - forget, learn, forget, guess and slip."""

_FIRST, _MOST, _AGAIN = 1024, 8192, 32
"""Responses that are followed before it is looked whether a belief has become too small: at first,
at most, and after one has."""

_NONE = np.zeros(1)


def _responses(here: Parameters, n: int, *, begins: bool) -> list[_Response]:
    fields = (1 - here.learn, 1 - here.forget, here.learn, here.forget, here.guess, here.slip)
    found = [*zip(*(field.tolist() for field in fields), strict=True)]
    if len(found) == 1:
        found *= n
    if begins and n:
        found[0] = (1.0, 1.0, 0.0, 0.0, *found[0][4:])
    return found


def _in_range(
    known: float, unknown: float, answers: list[int], responses: list[_Response]
) -> Floats:
    """Beliefs before some responses and after the last, shape (n + 1, 2), as far as possible."""
    found = [known, unknown]
    tell = found.append
    try:
        for answer, (stay, keep, learn, forget, guess, slip) in zip(
            answers, responses, strict=True
        ):
            if forget:
                begun, other = known * keep + unknown * learn, unknown * stay + known * forget
            else:
                begun, other = known + unknown * learn, unknown * stay
            if answer == RIGHT:
                joint, rest = begun - begun * slip, other * guess
            elif answer == EXPOSURE:
                known, unknown = begun, other
                tell(known)
                tell(unknown)
                continue
            else:
                joint, rest = begun * slip, other - other * guess
            scale = joint + rest
            known, unknown = joint / scale, rest / scale
            tell(known)
            tell(unknown)
    except ZeroDivisionError:  # an answer that is impossible
        pass
    return np.array(found).reshape(-1, 2)


def _expected(before: Floats, here: Parameters, rows: slice) -> Floats:
    """P(correct) and P(wrong) of some responses, from the beliefs after those before them."""
    learn, forget, guess, slip = (
        field if len(field) == 1 else field[rows]
        for field in (here.learn, here.forget, here.guess, here.slip)
    )
    known, unknown = before
    begun, other = known * (1 - forget) + unknown * learn, unknown * (1 - learn) + known * forget
    missed, guessed = begun * slip, other * guess
    return np.stack((begun - missed + guessed, missed + (other - guessed)))


def _beside_certainty(
    known: float, unknown: float, answer: int, response: _Response
) -> tuple[float, float, float, float]:
    """One response while a belief is 1 and the other a logarithm, which stays one if it can.

    Returns
    -------
    known, unknown, p_correct, p_wrong : float
        After the response, and before it; P(correct) is -1 where the response was impossible.
    """
    stay, keep, learn, forget, guess, slip = response
    by = (1 - guess, guess, 1.0)[answer], (slip, 1 - slip, 1.0)[answer]
    if unknown < 0:
        far, stays, comes, chances = unknown, stay, forget, (1 - slip, slip)
    else:
        far, stays, comes, chances, by = known, keep, learn, (guess, 1 - guess), by[::-1]
    if comes == 0 and min(stays, *by) > 0:
        far += _log(stays)
        if answer != EXPOSURE:
            far = far + _log(by[0]) - _log(by[1])
        if far < _LOG_TINY:
            return (1.0, far, *chances) if unknown < 0 else (far, 1.0, *chances)
    return _with_arrays(known, unknown, answer, response)


def _with_arrays(
    known: float, unknown: float, answer: int, response: _Response
) -> tuple[float, float, float, float]:
    """One response by the functions for arrays."""
    learn, forget, guess, slip = (np.array([value]) for value in response[2:])
    begun = next_opportunity(Beliefs(np.array([known]), np.array([unknown])), learn, forget)
    here = Parameters(learn, learn, forget, guess, slip)
    after, chances, possible = answered(begun, np.array([answer]), here, exposures=True)
    known, unknown, right, wrong = (float(values[0]) for values in (*after, *chances))
    return known, unknown, right if possible[0] else -1.0, wrong


@lru_cache(maxsize=1 << 12)
def _log(value: float) -> float:
    """NumPy's logarithm, which need not be that of `math` to the last bit."""
    return float(np.log(value))
