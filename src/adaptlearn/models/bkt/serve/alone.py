"""One sequence followed in plain numbers: where few are left, arrays cost more calls than work.

The results are those of `adaptlearn.models.bkt.belief`, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from struct import pack
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
    impossible : int
        The first response that its parameters rule out, which is where it stops; -1 without.
    """

    known: float
    unknown: float
    impossible: int


def follow(
    known: float, unknown: float, answers: Ints, here: Parameters, into: Floats, *, begins: bool
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
    into : float array, shape (n_wanted, n)
        What is wanted is written here, up to an impossible response: P(correct) and P(wrong)
        before each response; and, after it, what `known` and `unknown` are.
    begins : bool
        Whether the first response is the sequence's: there is no transition into it.

    Examples
    --------
    >>> here = Parameters(*(np.array([value]) for value in (0.4, 0.5, 0.0, 0.2, 0.1)))
    >>> p_correct = np.empty((1, 2))
    >>> found = follow(0.4, 0.6, np.array([1, 0]), here, p_correct, begins=True)
    >>> np.round(p_correct[0], 3).tolist(), round(found.known, 3)
    ([0.48, 0.812], 0.467)
    """
    n, at, size = len(answers), 0, _FIRST
    told, responses = answers.tolist(), _responses(here, n, begins=begins)
    while at < n:
        if known < 0 or unknown < 0:
            step = _beside_certainty if max(known, unknown) == 1 else _with_arrays
            known, unknown, *chances = step(known, unknown, told[at], responses[at])
            if chances[0] < 0:
                return Followed(known, unknown, at)
            into[:, at] = (*chances, known, unknown)[: len(into)]
            at += 1
            continue
        now = slice(at, at + size)
        found = _in_range(known, unknown, _runs(here, responses[now], told[now]))
        lost = _NOWHERE
        if found.min() < TINY:
            answered_there = answers[now][: len(found) - 1] != EXPOSURE
            small = (found[1:] > 0) & (found[1:] < TINY)
            lost = np.flatnonzero(small.any(axis=1) & answered_there)
        done = int(lost[0]) + 1 if len(lost) else len(found) - 1
        now = slice(at, at + done)
        _expect(found[:done].T, here, now, into[:2, now])
        if begins and at == 0 and done and len(into):
            missed, guessed = known * responses[0][5], unknown * responses[0][4]
            into[:2, 0] = (known - missed + guessed, missed + (unknown - guessed))[: len(into)]
        known, unknown = (_log(b) if 0 < b < TINY else b for b in found[done].tolist())
        at += done
        if len(into) > 2:
            into[2:, now] = found[1 : done + 1].T
            if len(lost):
                into[2:, at - 1] = known, unknown  # by logarithms
        if not len(lost) and done < min(size, n - at + done):
            return Followed(known, unknown, at)
        size = min(2 * size, _MOST) if not len(lost) else _AGAIN
    return Followed(known, unknown, -1)


_NOWHERE = np.empty(0, np.int64)

_Response = tuple[float, float, float, float, float, float]
"""Of a response 1 - learn, 1 - forget, learn, forget, guess and slip."""

_FIRST, _MOST, _AGAIN = 2048, 8192, 32
"""Responses that are followed before it is looked whether a belief has become too small: at first,
at most, and after one has."""


def _responses(here: Parameters, n: int, *, begins: bool) -> list[_Response]:
    fields = (1 - here.learn, 1 - here.forget, here.learn, here.forget, here.guess, here.slip)
    found = [*zip(*(field.tolist() for field in fields), strict=True)]
    if len(found) == 1:
        found *= n
    if begins and n:
        found[0] = (1.0, 1.0, 0.0, 0.0, *found[0][4:])
    return found


def _runs(
    here: Parameters, responses: list[_Response], answers: list[int]
) -> Iterable[tuple[_Response, Iterable[int]]]:
    """The answers to responses that are alike, and what those are: to unpack it once is quicker."""
    if len(here.learn) > 1:
        return zip(responses, zip(answers, strict=True), strict=True)
    # Only into the first response there may be no transition.
    return (responses[0], answers[:1]), (responses[-1], answers[1:])


def _in_range(
    known: float, unknown: float, runs: Iterable[tuple[_Response, Iterable[int]]]
) -> Floats:
    """Beliefs before some responses and after the last, shape (n + 1, 2), as far as possible."""
    found = [known, unknown]
    tell = found.append
    try:
        for (stay, keep, learn, forget, guess, slip), told in runs:
            for answer in told:
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
    # A third of the time that NumPy takes to read a list of floats.
    return np.frombuffer(pack(f"{len(found)}d", *found)).reshape(-1, 2)


def _expect(before: Floats, here: Parameters, rows: slice, into: Floats) -> None:
    """P(correct), and P(wrong) if it is wanted, of some responses from the beliefs before them."""
    if not len(into):
        return
    learn, forget, guess, slip = (
        field if len(field) == 1 else field[rows]
        for field in (here.learn, here.forget, here.guess, here.slip)
    )
    known, unknown = before
    begun, other = known * (1 - forget) + unknown * learn, unknown * (1 - learn) + known * forget
    missed, guessed = begun * slip, other * guess
    np.add(begun - missed, guessed, out=into[0])
    if len(into) > 1:
        np.add(missed, other - guessed, out=into[1])


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
