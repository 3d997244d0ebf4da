"""A tracker's tables in a curriculum's order: what is known of students, before any criterion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import CurriculumError, DataWarning, StateError, warn
from adaptlearn.labels import Label, label_array, near_spellings, plain
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.tracker import Tracker
from adaptlearn.tracking.practice import Practice
from adaptlearn.validation import some


class MatchedTracker:
    """A tracker whose skills are matched with a curriculum's by label.

    Attributes
    ----------
    unknown : tuple of label
        Skills of the curriculum that the tracker does not know: a warning names them.

    Raises
    ------
    CurriculumError
        The tracker knows no skill of the curriculum.
    """

    def __init__(self, curriculum: Curriculum, tracker: Tracker) -> None:
        self._curriculum, self._tracker = curriculum, tracker
        known = {plain(skill): column for column, skill in enumerate(tracker.skills)}
        columns = [known.get(skill, -1) for skill in curriculum.skills.tolist()]
        self._source = np.array(columns, np.intp)
        self._as_tracked = np.array_equal(self._source, np.arange(len(tracker.skills)))
        unknown = curriculum.skills[self._source < 0]
        self.unknown: tuple[Label, ...] = tuple(unknown.tolist())
        if len(unknown) == len(columns):
            raise CurriculumError(
                "curriculum and tracker",
                [
                    f"no skill of the curriculum ({some(unknown)}) is known to the tracker"
                    f"{near_spellings(unknown[0], known)}; its skills are {some(known) or 'none'}"
                ],
            )
        if len(unknown):
            warn(
                f"{len(unknown)} of {len(columns)} skills of the curriculum are unknown to the "
                f"tracker and count as not mastered: {some(unknown)}",
                DataWarning,
            )

    def context(self, labels: list[Label], now: float | None) -> Context:
        """What the tracker says of some students.

        Raises
        ------
        StateError
            The tracker's mastery has other skills than the tracker.
        """
        tracker = self._tracker
        table = tracker.mastery(labels)
        if table.skills is not tracker.skills and not np.array_equal(table.skills, tracker.skills):
            raise StateError("the tracker's mastery has other skills than the tracker says")
        mastery = self._by_curriculum(table.value)
        if np.isnan(mastery).any():
            mastery = np.nan_to_num(mastery, nan=0.0)
        lower = getattr(table, "lower", None)
        return Context(
            curriculum=self._curriculum,
            students=label_array(labels),
            mastery=mastery,
            kind=table.kind,
            p_correct=mastery if table.kind == "predicted" else None,
            counts=self._by_curriculum(tracker.counts(labels)),
            lower=None if lower is None else self._by_curriculum(lower),
            now=now,
            **self._practice(labels, now),
        )

    def _practice(self, labels: list[Label], now: float | None) -> dict[str, Any]:
        """What the tracker can say beyond mastery and counts."""
        known: dict[str, Any] = {}
        practice = getattr(self._tracker, "practice", None)
        found = None if practice is None else practice(labels)
        if found is not None:
            tables = map(self._by_curriculum, found, (0, 0, 0, 1, 1, np.nan))
            known["practice"] = Practice(*tables)
            if now is not None:
                known["time_since"] = np.maximum(now - known["practice"].last_time, 0.0)
        rates = getattr(self._tracker, "learning_rates", None)
        learn = None if rates is None else rates()
        if learn is not None:
            known["learn"] = self._by_curriculum(np.asarray(learn)[None])[0]
        return known

    def _by_curriculum(self, table: NDArray[Any], nothing: float = 0) -> NDArray[Any]:
        """The tracker's columns in the curriculum's order; `nothing` where it has none."""
        if self._as_tracked:
            return np.asarray(table)
        columns: NDArray[Any] = np.asarray(table)[:, self._source]
        columns[:, self._source < 0] = nothing
        return columns
