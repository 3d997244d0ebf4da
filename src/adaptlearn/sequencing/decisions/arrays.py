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

    ``CLOCK``: the last answer is dated later than the decision. ``STUCK``: practice of a skill
    leads nowhere; ``TEACHER``: and a teacher should look. ``EVIDENCE``: what the lesson builds on
    is taken as known on few answers.
    """

    CLOCK = 0
    STUCK = 1
    TEACHER = 2
    EVIDENCE = 3


class Columns(NamedTuple):
    """Decisions as arrays, with an entry for each; ragged arrays are cut by bounds.

    The order is by student, as you asked for them, then by rank.

    Attributes
    ----------
    student, lesson : integer arrays, shape (n,)
        Places among the students asked for and among the lessons; -1 for no lesson.
    rank, n_candidates, n_tied, n_waiting : integer arrays, shape (n,)
        `n_waiting`: lessons that may be given too, and come after these.
    purpose : integer array, shape (n,)
        A `Purpose`; -1 for no lesson.
    code : object array, shape (n,)
        The reason's code, a text each.
    n_unmastered : integer array, shape (n,)
        Skills not mastered, if there is no lesson and the policy knows; otherwise -1.
    pin : integer array, shape (n,)
        The override that chose; -1 if the policy chose.
    score, propensity, error, draw : float arrays, shape (n,)
    candidate_bounds : integer array, shape (n + 1,)
    candidate, candidate_score, candidate_propensity : arrays, shape (n_kept,)
    skill_bounds : integer array, shape (n + 1,)
    skill_mastery, skill_mastered, skill_ready, skill_answers, skill_recent : arrays
        Of the skills each chosen lesson teaches, shape (n_taught,); `skill_ready`: known well
        enough for what comes after; `skill_recent` as `Practice` holds it, or 0.
    override_bounds : integer array, shape (n + 1,)
    override : integer array
        Overrides that counted for the student.
    alert_bounds : integer array, shape (n + 1,)
    alert_code, alert_skill, alert_number : arrays
        What to know besides: an `AlertKind`, the place of a skill (or -1), and how many answers
        (of a clock: seconds).
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
                  "candidate_propensity", "skill_mastery", "alert_number")  # fmt: skip
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
        """The same decisions, grouped by student; those of a student keep their order."""
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
        "skill_mastery", "skill_mastered", "skill_ready", "skill_answers", "skill_recent",
    ),
    "override_bounds": ("override",),
    "alert_bounds": ("alert_code", "alert_skill", "alert_number"),
}  # fmt: skip
