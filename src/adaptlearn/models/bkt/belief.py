"""What is believed of a student on a skill, and how it changes: both P(known) and P(not known).

After forty right answers 1 - P(known) is nothing but rounding, and after some hundreds P(not known)
is no number any more; yet wrong answers make it likely again. So both are carried, and one that
is too small is held by its logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.entries import EXPOSURE, RIGHT
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.numerics import Bools, Floats, Ints

TINY = 1e-280
"""A belief below this is held by its logarithm."""


class Beliefs(NamedTuple):
    """P(known) and P(not known), of one shape; a number below 0 is a logarithm.

    A logarithm stands for a probability of less than 1e-280, and 0 for one of exactly 0.
    """

    known: Floats
    unknown: Floats

    @classmethod
    def of(cls, p_known: Floats) -> Beliefs:
        """Both, where only P(known) is told."""
        return cls(p_known, 1 - p_known)

    @classmethod
    def restored(cls, known: Floats, unknown: Floats | None) -> Beliefs:
        """What a file holds; one that was written before P(not known) was kept has only the first.

        Raises
        ------
        ValueError
            They are not of one another.
        """
        known = known.astype(np.float64)
        beliefs = cls.of(known) if unknown is None else cls(known, unknown.astype(np.float64))
        between = [(values < 0) & (values > np.log(TINY)) for values in beliefs]
        both = beliefs.p_known + np.maximum(beliefs.unknown, 0.0)
        if np.any(between) or np.any(np.abs(both - 1) > 1e-9):
            raise ValueError("P(known) and P(not known) do not sum to 1")
        return beliefs

    @classmethod
    def side_by_side(cls, columns: Sequence[Beliefs]) -> Beliefs:
        """Those of classes of students, as columns."""
        return cls(
            np.stack([one.known for one in columns], axis=1),
            np.stack([one.unknown for one in columns], axis=1),
        )

    @property
    def p_known(self) -> Floats:
        """P(known) as a probability."""
        return np.maximum(self.known, 0.0)

    def take(self, index: Ints | slice) -> Beliefs:
        """Some of them."""
        return Beliefs(self.known[index], self.unknown[index])

    def put(self, index: Ints, other: Beliefs) -> None:
        """Replace some of them."""
        self.known[index], self.unknown[index] = other

    def far(self) -> Bools:
        """Where one of the two is a logarithm."""
        return (self.known < 0) | (self.unknown < 0)


def next_opportunity(after: Beliefs, learn: Floats, forget: Floats) -> Beliefs:
    """Beliefs when the next response begins, from those after the last one."""
    known, unknown = after
    moved = Beliefs(known * (1 - forget) + unknown * learn, unknown * (1 - learn) + known * forget)
    if _any_logarithm(after):
        at = np.flatnonzero(after.far())
        some, stays = _logarithms(after.take(at)), (1 - forget[at], 1 - learn[at])
        with np.errstate(divide="ignore"):
            kept = Beliefs(some.known + np.log(stays[0]), some.unknown + np.log(stays[1]))
            gone = Beliefs(some.known + np.log(forget[at]), some.unknown + np.log(learn[at]))
        ahead = np.logaddexp(kept.known, gone.unknown), np.logaddexp(kept.unknown, gone.known)
        moved.put(at, _held(Beliefs(*ahead)))
    return moved


def answered(
    begun: Beliefs, answer: Ints, here: Parameters, *, exposures: bool
) -> tuple[Beliefs, tuple[Floats, Floats], Bools]:
    """Beliefs after responses; P(correct) and P(wrong) before them; and whether they were possible.

    Parameters
    ----------
    begun : Beliefs
        As the responses begin.
    answer : int array
        `WRONG`, `RIGHT` or, only with `exposures`, `EXPOSURE`.
    here : Parameters
        Those of each response.
    """
    right, logarithms = answer == RIGHT, _any_logarithm(begun)
    known, unknown = begun
    if logarithms:
        known, unknown = np.maximum(known, 0.0), np.maximum(unknown, 0.0)
    missed, guessed = known * here.slip, unknown * here.guess
    hit, astray = known - missed, unknown - guessed
    joint, other = np.where(right, hit, missed), np.where(right, guessed, astray)
    scale = joint + other
    possible = scale > 0
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: the caller names it
        joint /= scale
        other /= scale
    after = Beliefs(joint, other)
    if logarithms:
        _answer_logarithms(begun, right, here, after, possible)
    for values in after:
        if len(values) and values.min() < TINY:
            at = np.flatnonzero((values > 0) & (values < TINY))
            values[at] = np.log(values[at])
    if exposures:  # nothing is learnt of the state
        unseen = np.flatnonzero(answer == EXPOSURE)
        after.put(unseen, begun.take(unseen))
        possible[unseen] = True
    return after, (hit + guessed, missed + astray), possible


def _answer_logarithms(
    begun: Beliefs, right: Bools, here: Parameters, after: Beliefs, possible: Bools
) -> None:
    """The beliefs that are logarithms, and those beside them, after an answer."""
    at = np.flatnonzero(begun.far())
    some, right = _logarithms(begun.take(at)), right[at]
    guess, slip = here.guess[at], here.slip[at]
    with np.errstate(divide="ignore", invalid="ignore"):
        known = some.known + np.log(np.where(right, 1 - slip, slip))
        unknown = some.unknown + np.log(np.where(right, guess, 1 - guess))
        scale = np.logaddexp(known, unknown)
        after.put(at, _held(Beliefs(known - scale, unknown - scale)))
    possible[at] = scale > -np.inf


def _any_logarithm(beliefs: Beliefs) -> bool:
    return len(beliefs.known) > 0 and min(beliefs.known.min(), beliefs.unknown.min()) < 0


def _logarithms(beliefs: Beliefs) -> Beliefs:
    with np.errstate(divide="ignore"):
        return Beliefs(*(np.where(b < 0, b, np.log(np.maximum(b, 0.0))) for b in beliefs))


def _held(logarithms: Beliefs) -> Beliefs:
    return Beliefs(
        *(np.where((log < np.log(TINY)) & (log > -np.inf), log, np.exp(log)) for log in logarithms)
    )
