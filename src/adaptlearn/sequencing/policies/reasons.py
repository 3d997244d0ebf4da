"""Why a lesson was chosen: codes, and the words for them.

A policy gives a code for every choice as it is made, for many students at once. The sentences are
templates over the codes: see `adaptlearn.sequencing.policies.Policy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.sequencing.policies.candidates import Candidates, Purpose

CODES = {
    Purpose.REVIEW: "review_due",
    Purpose.REMEDIATION: "remediation",
    Purpose.ENRICHMENT: "enrichment",
}
"""Codes of reasons that follow from what a lesson is for."""

OF_OTHERS = frozenset(("review", "backlog", "remediation", "enrichment", "not_stuck"))
"""Scorers that say nothing of why one new lesson comes before another."""

_PROBABLE = 0.5

SENTENCES: Mapping[str, str] = {
    "review_due": "Time to review {title}: it keeps {skills} fresh.{recall}",
    "remediation": "Back to {title}: the student has trouble with what builds on {skills}.",
    "enrichment": "{title} is open as an extra.",
    "confirm": "{title} checks what is probably known but not yet mastered: {unmastered}.{worth}",
    "": "Ready for {title}: everything before it is {known}.{teaches}{worth}",
    "(only)": "It is the only open lesson.",
    "(best)": "It has the best score of {n_candidates} open lessons.",
    "(tied)": "It was drawn from {n_tied} lessons with the same score.",
}
"""The words for a `WeightedPolicy`'s codes."""

SCORE_ALONE: Mapping[str, str] = {
    "(only)": "{title} is the only lesson that may be given.",
    "(best)": (
        "{title} has the highest score ({score}) of {n_candidates} lessons that may be given."
    ),
    "(tied)": (
        "{title} has the highest score ({score}) of {n_candidates} lessons that may be given. "
        "It was drawn from {n_tied} with that score."
    ),
}
"""The words for a policy that has none of its own."""


@dataclass(frozen=True)
class Choices:
    """The chosen lessons, one per student, for which the policy gives reasons.

    Attributes
    ----------
    lessons : Candidates
        The chosen lessons, with the data of `Candidates`.
    score : float array, shape (n,)
    n_candidates, n_tied : int arrays, shape (n,)
        How many lessons the student could have been given, and how many of these lessons had the
        best score.
    """

    lessons: Candidates
    score: Floats
    n_candidates: Ints
    n_tied: Ints

    def __len__(self) -> int:
        return len(self.score)


def codes_of(choices: Choices, leading: str) -> NDArray[Any]:
    """The codes for choices of the library's own policies, shape (n,).

    That of a new lesson that stands out is the name of the heaviest scorer, `leading`; of one
    whose skills are all mastered or probably known, and enough to go on, it is ``"confirm"``.
    """
    code = np.full(len(choices), "ready", object)
    code[(choices.n_tied == 1) & (choices.n_candidates > 1)] = leading
    if choices.lessons.context.ready is not None:  # else only what is mastered is enough
        code[_confirms(choices.lessons)] = "confirm"
    purposes = choices.lessons.purpose
    for purpose, word in CODES.items() if purposes.any() else ():  # mostly all are new lessons
        code[purposes == purpose] = word
    return code


def _confirms(lessons: Candidates) -> Bools:
    """Whether all that a lesson teaches is ready, and some of it not mastered.

    A policy may be content with less than that something is more probably known than not.
    """
    assert lessons.context.ready is not None
    ready = lessons.of_skills(lessons.context.ready).astype(np.bool_)
    mastery = lessons.of_skills(lessons.context.mastery).astype(np.float64)
    sure = lessons.total(~(ready & (mastery >= _PROBABLE))) == 0
    return np.asarray(sure & (lessons.total(lessons.missing) > 0)) if sure.any() else sure
