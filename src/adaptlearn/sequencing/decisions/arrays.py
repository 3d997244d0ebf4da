"""Decisions as arrays: what many choices hold before anyone looks at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Floats, Ints, bounds_of, places_of


class AlertKind(IntEnum):
    """The kinds of alerts.

    ``CLOCK``: the time of the student's last answer is later than the time of the decision.
    ``STUCK``: practice of a skill no longer helps. ``TEACHER``: practice of a skill no longer
    helps, and a teacher should help the student. ``EVIDENCE``: the lesson builds on a skill that
    counts as known after few answers.
    """

    CLOCK = 0
    STUCK = 1
    TEACHER = 2
    EVIDENCE = 3


class Columns(NamedTuple):
    """Decisions as arrays, with one entry per decision.

    The decisions are in the order of the students that you passed; decisions of one student are in
    the order of rank. Some arrays have several entries per decision. The array named ``…_bounds``
    contains the limits of the entries of each decision: decision ``i`` has the entries
    ``bounds[i]:bounds[i + 1]``.

    Attributes
    ----------
    student, lesson : integer arrays, shape (n,)
        The position of the student among the students that you passed, and of the lesson among the
        curriculum's lessons; -1 if there is no lesson.
    rank, n_candidates, n_tied, n_waiting : integer arrays, shape (n,)
        `n_waiting` is the number of lessons that the student may also do, but only after the
        candidates.
    purpose : integer array, shape (n,)
        A value of `Purpose`; -1 if there is no lesson.
    code : object array, shape (n,)
        The code of each reason, as text.
    n_unmastered : integer array, shape (n,)
        For a decision without a lesson, the number of skills that are not mastered. `n_unmastered`
        is -1 if there is a lesson, or if the policy has no criterion for mastery.
    pin : integer array, shape (n,)
        The position of the override that chose the lesson; -1 if the policy chose.
    score, propensity, error, draw : float arrays, shape (n,)
    candidate_bounds : integer array, shape (n + 1,)
    candidate, candidate_score, candidate_propensity : arrays, shape (n_kept,)
    skill_bounds : integer array, shape (n + 1,)
    skill_mastery, skill_mastered, skill_ready, skill_threshold : arrays
    skill_unreviewed, skill_reviewed, skill_answers, skill_recent : arrays
        The skills that each chosen lesson teaches, shape (n_taught,). `skill_ready` says whether
        the student knows the skill well enough to learn the skills that build on it.
        `skill_threshold` is the mastery from which the skill counts as mastered; nan if the policy
        has no threshold. `skill_unreviewed` and `skill_reviewed` are P(recall) at the horizon of
        `PricedReviews`, without and with a review; nan if reviews have no price. `skill_recent`
        contains the latest answers, coded as in `Practice`; 0 if the tracker does not keep the
        answers.
    override_bounds : integer array, shape (n + 1,)
    override : integer array
        The positions of the overrides that applied to the student.
    alert_bounds : integer array, shape (n + 1,)
    alert_code, alert_skill, alert_number : arrays
        The `AlertKind`, the position of the skill (-1 if the alert is not about a skill), and the
        number of answers. For the kind ``CLOCK``, `alert_number` contains seconds instead of the
        number of answers.
    """

    student: Ints
    lesson: Ints
    rank: Ints
    n_candidates: Ints
    n_tied: Ints
    n_waiting: Ints
    purpose: Ints
    code: NDArray[Any]
    n_unmastered: Ints
    pin: Ints
    score: Floats
    propensity: Floats
    error: Floats
    draw: Floats
    candidate_bounds: Ints
    candidate: Ints
    candidate_score: Floats
    candidate_propensity: Floats
    skill_bounds: Ints
    skill_mastery: Floats
    skill_mastered: Bools
    skill_ready: Bools
    skill_threshold: Floats
    skill_unreviewed: Floats
    skill_reviewed: Floats
    skill_answers: Ints
    skill_recent: Ints
    override_bounds: Ints
    override: Ints
    alert_bounds: Ints
    alert_code: Ints
    alert_skill: Ints
    alert_number: Floats

    @classmethod
    def empty(cls) -> Columns:
        """No decisions."""
        floats = ("score", "propensity", "error", "draw", "candidate_score",
                  "candidate_propensity", "skill_mastery", "skill_threshold",
                  "skill_unreviewed", "skill_reviewed", "alert_number")  # fmt: skip
        bools = ("skill_mastered", "skill_ready")
        kinds: dict[str, Any] = {**dict.fromkeys(floats, float), **dict.fromkeys(bools, bool)}
        kinds["code"] = object
        return cls(
            **{
                name: np.zeros(int(name.endswith("_bounds")), kinds.get(name, np.intp))
                for name in cls._fields
            }
        )

    @classmethod
    def joined(cls, parts: Sequence[Columns]) -> Columns:
        """Several runs of decisions, joined."""
        if len(parts) == 1:
            return parts[0]
        joined: dict[str, NDArray[Any]] = {}
        for name in cls._fields:
            arrays = [getattr(part, name) for part in parts]
            if name.endswith("_bounds"):
                lengths = [np.diff(bounds) for bounds in arrays]
                joined[name] = bounds_of(np.concatenate(lengths))
            else:
                joined[name] = np.concatenate(arrays)
        return cls(**joined)

    def by_student(self) -> Columns:
        """The decisions, grouped by student. The decisions of one student keep their order."""
        if (self.student[1:] >= self.student[:-1]).all():
            return self
        order = np.argsort(self.student, kind="stable")
        taken: dict[str, NDArray[Any]] = {}
        for bounds, names in _RAGGED.items():
            starts, sizes = getattr(self, bounds)[:-1][order], np.diff(getattr(self, bounds))[order]
            taken[bounds], place = bounds_of(sizes), places_of(starts, sizes)
            taken |= {name: getattr(self, name)[place] for name in names}
        rest = {name: getattr(self, name)[order] for name in self._fields if name not in taken}
        return Columns(**taken, **rest)


# The ragged columns, by what cuts them.
_RAGGED = {
    "candidate_bounds": ("candidate", "candidate_score", "candidate_propensity"),
    "skill_bounds": (
        "skill_mastery", "skill_mastered", "skill_ready", "skill_threshold", "skill_unreviewed",
        "skill_reviewed", "skill_answers", "skill_recent",
    ),
    "override_bounds": ("override",),
    "alert_bounds": ("alert_code", "alert_skill", "alert_number"),
}  # fmt: skip
