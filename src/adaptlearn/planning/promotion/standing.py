"""How students stand to standards, by arrays: probability, evidence, retention, minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.promotion.demands import Demand
from adaptlearn.planning.promotion.known import least_of_enough, probability_of_enough


class Standing(NamedTuple):
    """How students stand to standards; arrays of shape (n_students, n_demands).

    Attributes
    ----------
    known : float array
        P(the required share of the skills is known).
    answers, days : int arrays
        Answers on the skills, and days with such answers.
    retained : bool array
        Whether the required share of the skills is retained.
    granted : bool array
        Whether teachers granted the required share of the skills, or the standard itself.
    met : bool array
        Whether the standard is met.
    """

    known: Floats
    answers: Ints
    days: Ints
    retained: Bools
    granted: Bools
    met: Bools


class Evidence(NamedTuple):
    """What a log, or a tracker, shows of standards.

    Attributes
    ----------
    answers, days : int arrays, shape (n_students, n_demands)
        Answers on the skills of each standard, and days with such answers.
    retained : sequence of bool arrays, shape (n_skills, n_students)
        For each demand, the skills that are retained.
    """

    answers: Ints
    days: Ints
    retained: Sequence[Bools]


def standing_of(
    demands: Sequence[Demand],
    kind: str,
    level: Floats,
    shown: Evidence,
    *,
    granted: Bools,
    granted_whole: Bools,
) -> Standing:
    """Put together what is known of standards.

    Parameters
    ----------
    demands : sequence of Demand
    kind : {"latent", "predicted"}
        Of `level`: P(known) or P(correct).
    level : float array, shape (n_skills, n_students)
        The probability, or its lower bound, of each skill; 1 where it is granted.
    shown : Evidence
    granted : bool array, shape (n_skills, n_students)
        Skills that teachers granted.
    granted_whole : bool array, shape (n_students, n_demands)
        Standards that teachers granted.
    """
    answers, days, retained = shown
    shape = (len(answers), len(demands))
    enough = probability_of_enough if kind == "latent" else least_of_enough
    share: Floats = np.empty(shape, order="F")
    kept, given, met = (np.empty(shape, bool, order="F") for _ in range(3))
    for place, one in enumerate(demands):
        asked = one.settings
        share[:, place] = enough(level[one.skills], one.need)
        by_grant = granted[one.skills].sum(axis=0) >= one.need
        given[:, place] = granted_whole[:, place] | by_grant
        theirs = (retained[place][one.skills] | granted[one.skills]).sum(axis=0) >= one.need
        kept[:, place] = theirs | (asked.review_after is None)
        met[:, place] = given[:, place] | (
            (share[:, place] >= asked.confidence)
            & (answers[:, place] >= asked.answers)
            & (days[:, place] >= asked.days)
            & kept[:, place]
        )
    return Standing(share, answers, days, kept, given, met)
