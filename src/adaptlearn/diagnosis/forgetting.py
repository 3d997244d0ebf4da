"""Errors on the return to a skill after a night, beside errors on the same day.

References
----------
Y. Qiu, Y. Qi, H. Lu, Z. Pardos, N. Heffernan (2011). Does time matter? Modeling the effect of time
with Bayesian knowledge tracing. EDM 2011, 139-148.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.diagnosis.answers import Answers, Skills
from adaptlearn.diagnosis.estimates import Estimate, ratio_of_sums, sums_by
from adaptlearn.numerics import Floats, Ints

NIGHT = 6 * 3600.0
"""Seconds between two answers on a skill from which the second one is a return."""
_BELIEFS = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)


class ReturnEvidence(NamedTuple):
    """What is lost between two days.

    Attributes
    ----------
    lost : Estimate
        The share of known skills that is lost, beyond what the same histories lose within a day.
    answers, students : int
        Answers on return, and the students who gave them.
    """

    lost: Estimate
    answers: int
    students: int


def return_evidence(answers: Answers, skills: Skills, known: Floats) -> ReturnEvidence:
    """Compare the first answer after a night with answers on the same day.

    If a share f of known skills is lost, P(wrong) rises by f P(known) (1 - slip - guess). f is
    estimated by weighted least squares. An answer is compared only with answers of the same day
    that have a similar P(known) and the same two answers before: students often end a day with
    errors, and these also predict errors if nothing is lost.

    Parameters
    ----------
    answers : Answers
        With times.
    skills : Skills
    known : float array, shape (n,)
        P(known) before each answer.
    """
    seconds = answers.seconds
    assert seconds is not None
    chain = answers.chains.chain
    first = answers.chains.starts[:-1]
    gap = np.diff(seconds, prepend=0.0)
    gap[first] = np.nan
    of = skills.take(answers.skill[chain])
    wrong = known * of.slip + (1 - known) * (1 - of.guess)
    moved = known * (1 - of.slip - of.guess)
    weight = moved / (wrong * (1 - wrong))
    kind = _histories(answers, known)
    same_day, back = gap < NIGHT, gap >= NIGHT
    residual, n_kinds = ~answers.right - wrong, int(kind.max()) + 1
    part, whole = (
        sums_by(kind[same_day], values[same_day], n_kinds)
        for values in (residual * weight, moved * weight)
    )
    usual = part / np.where(whole > 0, whole, 1.0)
    back &= whole[kind] > 0
    owner, n = answers.student[chain][back], answers.n_students
    lost = ((residual - usual[kind] * moved) * weight)[back]
    share = ratio_of_sums(sums_by(owner, lost, n), sums_by(owner, (moved * weight)[back], n))
    return ReturnEvidence(share, int(back.sum()), len(np.unique(owner)))


def _histories(answers: Answers, known: Floats) -> Ints:
    """A number for P(known) and the two answers before, shape (n,)."""
    place = np.arange(len(known)) - answers.chains.starts[:-1][answers.chains.chain]
    kind = np.searchsorted(np.array(_BELIEFS), known)
    for back in (1, 2):
        before = np.zeros(len(known), np.int64)
        before[back:] = answers.right[:-back] + 1
        kind = 3 * kind + np.where(place >= back, before, 0)
    return kind
