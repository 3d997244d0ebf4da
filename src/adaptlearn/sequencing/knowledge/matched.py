"""A tracker's tables in a curriculum's order: what is known of students, before any criterion."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import CurriculumError, DataWarning, StateError, warn
from adaptlearn.labels import Label, label_array, near_spellings, plain
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.tracker import Tracker
from adaptlearn.tracking.practice import Practice
from adaptlearn.validation import some


class Match(NamedTuple):
    """Where a curriculum's skills stand among a tracker's.

    Attributes
    ----------
    skills : array
        The tracker's.
    column : int array, shape (n_skills,)
        Of each of the curriculum's skills; -1 where the tracker does not know it.
    as_tracked : bool
        Whether the two are the same, in the same order.
    """

    skills: NDArray[Any]
    column: NDArray[np.intp]
    as_tracked: bool

    @classmethod
    def of(cls, curriculum: Curriculum, skills: NDArray[Any]) -> Match:
        """By label."""
        known = {plain(skill): column for column, skill in enumerate(skills)}
        column = np.array([known.get(skill, -1) for skill in curriculum.skills.tolist()], np.intp)
        return cls(skills, column, np.array_equal(column, np.arange(len(skills))))

    def is_of(self, skills: NDArray[Any]) -> bool:
        """Whether these are the tracker's skills still."""
        return skills is self.skills or np.array_equal(skills, self.skills)

    def by_curriculum(self, table: NDArray[Any], nothing: float = 0) -> NDArray[Any]:
        """The tracker's columns in the curriculum's order; `nothing` where it has none."""
        if self.as_tracked:
            return np.asarray(table)
        columns: NDArray[Any] = np.asarray(table)[..., self.column]
        columns[..., self.column < 0] = nothing
        return columns


class MatchedTracker:
    """A tracker whose skills are matched with a curriculum's by label.

    A skill that students begin to practise later is known from then on.

    Raises
    ------
    CurriculumError
        The tracker knows no skill of the curriculum.
    """

    def __init__(self, curriculum: Curriculum, tracker: Tracker) -> None:
        self._curriculum, self._tracker = curriculum, tracker
        self._last = Match.of(curriculum, tracker.skills)
        unknown, known = self.unknown, [plain(skill) for skill in self._last.skills]
        if len(unknown) == len(curriculum.skills):
            raise CurriculumError(
                "curriculum and tracker",
                [
                    f"no skill of the curriculum ({some(unknown)}) is known to the tracker"
                    f"{near_spellings(unknown[0], known)}; its skills are {some(known) or 'none'}"
                ],
            )
        if len(unknown):
            warn(
                f"{len(unknown)} of {len(curriculum.skills)} skills of the curriculum are unknown "
                f"to the tracker and count as not mastered: {some(unknown)}",
                DataWarning,
            )

    @property
    def unknown(self) -> tuple[Label, ...]:
        """Skills of the curriculum that the tracker does not know at this moment."""
        column = self._match(self._tracker.skills).column
        return tuple(self._curriculum.skills[column < 0].tolist())

    def _match(self, skills: NDArray[Any]) -> Match:
        last = self._last
        if not last.is_of(skills):
            self._last = last = Match.of(self._curriculum, skills)
        return last

    def context(self, labels: list[Label], now: float | None) -> Context:
        """What the tracker says of some students.

        Raises
        ------
        StateError
            The tracker's mastery has other skills than the tracker.
        """
        tracker = self._tracker
        optional = ("practice", "learning_rates", "skill_rates")
        practice, learning, rates = (getattr(tracker, name, None) for name in optional)
        # Another thread's update may bring a skill between two questions: all are asked again.
        while True:
            match = self._match(tracker.skills)
            table, counts = tracker.mastery(labels), tracker.counts(labels)
            practised = None if practice is None else practice(labels)
            learn = None if learning is None else learning()
            of_skills = None if rates is None else rates()
            if match.is_of(tracker.skills):
                break
        if not match.is_of(table.skills):
            raise StateError("the tracker's mastery has other skills than the tracker says")
        mastery = match.by_curriculum(table.value)
        if np.isnan(mastery.min(initial=0.0)):  # of nan and a number, nan
            mastery = np.nan_to_num(mastery, nan=0.0)
        lower = getattr(table, "lower", None)
        return Context(
            curriculum=self._curriculum,
            students=label_array(labels),
            mastery=mastery,
            kind=table.kind,
            p_correct=mastery if table.kind == "predicted" else None,
            counts=match.by_curriculum(counts),
            lower=None if lower is None else match.by_curriculum(lower),
            learn=None if learn is None else match.by_curriculum(learn),
            rates=None
            if of_skills is None
            else {
                name: match.by_curriculum(np.asarray(values, np.float64), np.nan)
                for name, values in of_skills.items()
            },
            now=now,
            **_practice(practised, match, now),
        )


def _practice(found: Practice | None, match: Match, now: float | None) -> dict[str, Any]:
    """What the tracker keeps of practice, and the time since then."""
    if found is None:
        return {}
    practice = Practice(*map(match.by_curriculum, found, (0, 0, 0, 1, 1, np.nan)))
    if now is None:
        return {"practice": practice}
    return {"practice": practice, "time_since": np.maximum(now - practice.last_time, 0.0)}
