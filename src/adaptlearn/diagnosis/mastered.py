"""Wrong answers after mastery: whether students differ in them, and whether they come in bouts.

References
----------
J. Beck (2005). Engagement tracing: using response times to model student disengagement. Artificial
Intelligence in Education 2005, 88-95, for students who at times do not try.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.diagnosis.answers import Answers, Skills
from adaptlearn.diagnosis.estimates import Estimate, difference_of_ratios, ratio_of_sums, sums_by
from adaptlearn.numerics import Bools, Floats, Ints

MASTERED = 0.98
"""P(known) from which the model counts a skill as mastered."""
NEARLY = 0.95
"""P(known) from which answers are looked at for bouts: they need more answers, and less mastery."""
_NEAR = 5  # answers this close to each other may share a bout


class SpreadEvidence(NamedTuple):
    """How much students differ in their wrong answers after mastery.

    Attributes
    ----------
    spread : Estimate
        The variance of students' error rates, as a share of the squared mean rate.
    dispersion : float
        The mean of (O - E)²/V over students: 1 if the model holds.
    observed, expected : float
        Wrong answers in all.
    guess : float
        The model's P(guess), the mean over answers.
    answers, students : int
    """

    spread: Estimate
    dispersion: float
    observed: float
    expected: float
    guess: float
    answers: int
    students: int


class BoutEvidence(NamedTuple):
    """How alike a student's adjacent answers after mastery are, beyond answers further apart.

    Attributes
    ----------
    excess : Estimate
        The correlation of adjacent answers less that of answers 3 to 12 apart.
    answers, students : int
        Answers with an adjacent one.
    """

    excess: Estimate
    answers: int
    students: int


class _Late(NamedTuple):
    """Some answers, by student and then time; all of shape (n,)."""

    student: Ints
    place: Ints  # of the answer among all of the student's
    chain: Ints
    wrong: Floats
    expected: Floats


def _late(answers: Answers, skills: Skills, known: Floats, chosen: Bools) -> _Late:
    rows = np.flatnonzero(chosen)
    chain = answers.chains.chain
    owner = answers.student[chain]
    order = np.lexsort((answers.moment, owner))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows = rows[np.argsort(place[rows], kind="stable")]
    of = skills.take(answers.skill[chain[rows]])
    p = known[rows]
    expected = p * of.slip + (1 - p) * (1 - of.guess)
    return _Late(
        owner[rows], place[rows], chain[rows], (~answers.right[rows]).astype(float), expected
    )


def spread_evidence(answers: Answers, skills: Skills, known: Floats) -> SpreadEvidence:
    """Compare each student's wrong answers at mastered skills with the model's.

    Answers that are close in time are left out of the variance, so that bouts of slips do not
    look like differences between students.

    Parameters
    ----------
    answers : Answers
    skills : Skills
    known : float array, shape (n,)
        P(known) before each answer.
    """
    guess = float(skills.take(answers.skill).guess[answers.chains.chain].mean())
    late = _late(answers, skills, known, known >= MASTERED)
    n = answers.n_students
    observed, expected, variance = (
        sums_by(late.student, values, n)
        for values in (late.wrong, late.expected, late.expected * (1 - late.expected))
    )
    there = variance > 0
    if not there.any():
        return SpreadEvidence(Estimate(np.nan, np.nan), np.nan, 0.0, 0.0, guess, 0, 0)
    usual = np.minimum(late.expected * observed.sum() / expected.sum(), 1.0)
    residual = late.wrong - usual
    part, whole = (sums_by(late.student, values, n) ** 2 for values in (residual, usual))
    for lag in range(_NEAR + 1):
        early, later = _pairs(late.student, lag)
        times, owner = 1 if lag == 0 else 2, late.student[early]
        part -= times * sums_by(owner, residual[early] * residual[later], n)
        whole -= times * sums_by(owner, usual[early] * usual[later], n)
    return SpreadEvidence(
        ratio_of_sums(part, whole),
        float(np.mean((observed - expected)[there] ** 2 / variance[there])),
        float(observed.sum()),
        float(expected.sum()),
        guess,
        len(late.student),
        int(there.sum()),
    )


def _pairs(owner: Ints, lag: int) -> tuple[Ints, Ints]:
    early = np.flatnonzero(owner[: len(owner) - lag] == owner[lag:])
    return early, early + lag


def bout_evidence(answers: Answers, skills: Skills, known: Floats) -> BoutEvidence:
    """Correlate adjacent answers after mastery.

    P(known) is held from the first time at which it is .95 or more: a slip lowers it, and the
    answers after a slip would be missing otherwise.

    Parameters
    ----------
    answers, skills, known
        As in `spread_evidence`.
    """
    held = _held(answers, skills, known)
    late = _late(answers, skills, held, held >= NEARLY)
    n = answers.n_students
    if not len(late.student):
        return BoutEvidence(Estimate(np.nan, np.nan), 0, 0)
    residual = late.wrong - late.expected * late.wrong.sum() / late.expected.sum()
    residual /= max(float(np.sqrt(np.mean(residual**2))), 1e-12)
    sums = np.zeros((2, 2, 2, n))  # near or far; same skill or not; products, pairs
    for lag in range(1, 13):
        early, later = _pairs(late.student, lag)
        apart = late.place[later] - late.place[early]
        same = late.chain[early] == late.chain[later]
        for far, close in enumerate((apart == 1, (apart >= 3) & (apart <= 12))):
            for kind, alike in enumerate((~same, same)):
                rows = close & alike
                owner = late.student[early[rows]]
                sums[far, kind, 0] += sums_by(
                    owner, residual[early[rows]] * residual[later[rows]], n
                )
                sums[far, kind, 1] += np.bincount(owner, minlength=n)
    return _excess(sums)


def _excess(sums: Floats) -> BoutEvidence:
    total = sums.sum(axis=3)
    usable = (total[:, :, 1] > 0).all(axis=0)
    near, far = sums[0][usable], sums[1][usable]
    pairs = near[:, 1].sum()
    if not pairs:
        return BoutEvidence(Estimate(np.nan, np.nan), 0, 0)
    # Far pairs count as often as near ones do, for the same skill and for different skills.
    weight = (near[:, 1].sum(axis=1) / far[:, 1].sum(axis=1))[:, None]
    far_part, far_whole = ((far[:, end] * weight).sum(axis=0) for end in (0, 1))
    excess = difference_of_ratios(near[:, 0].sum(axis=0), near[:, 1].sum(axis=0),
                                  far_part, far_whole)  # fmt: skip
    return BoutEvidence(excess, int(pairs), int((near[:, 1].sum(axis=0) > 0).sum()))


def _held(answers: Answers, skills: Skills, known: Floats) -> Floats:
    """P(known) as it was foreseen when it first was high; nan before that."""
    chain, starts = answers.chains.chain, answers.chains.starts
    place = np.where(known >= NEARLY, np.arange(len(known)), len(known))
    first = np.minimum.reduceat(place, starts[:-1])
    since = np.arange(len(known)) - first[chain]
    there = since >= 0
    learn = skills.learn[answers.skill[chain]]
    at = known[np.minimum(first, len(known) - 1)][chain]
    return np.where(there, 1 - (1 - at) * (1 - learn) ** np.maximum(since, 0), np.nan)
