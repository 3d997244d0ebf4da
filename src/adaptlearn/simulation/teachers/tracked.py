"""The library's models as estimators of simulated students, through their trackers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.sequencing.knowledge.matched import Match
from adaptlearn.sequencing.knowledge.tracker import Tracker
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.students.base import Students
from adaptlearn.simulation.teachers.estimators import Judgement
from adaptlearn.validation import Interval, check_parameters

_PROBABILITY = Interval(0.0, 1.0, closed="right")


class Tracked:
    """Use one of the library's models as an estimator, through a tracker.

    Parameters
    ----------
    tracker : callable
        A function that returns a new tracker at each call, for example ``lambda:
        MasteryTracker(model)``. The function must return a tracker that has no students. The
        tracker's skills are matched with the curriculum's skills by label. A skill that the tracker
        does not know has the value 0 until a student practises it.
    threshold : float, default 0.95
        A skill counts as mastered if its mastery is at least this number.
    name : str, default "tracked"
    family : str, optional
        The kind of the model's equations: ``"bkt"``, ``"logistic"`` or ``"memory"``.
    """

    def __init__(
        self,
        tracker: Callable[[], Any],
        *,
        threshold: float = 0.95,
        name: str = "tracked",
        family: str | None = None,
    ) -> None:
        check_parameters("Tracked", {"threshold": threshold}, {"threshold": [_PROBABILITY]})
        self._tracker, self._threshold = tracker, threshold
        self.name, self.family = name, family

    def start(self, course: Course, students: Students) -> _Tracking:  # noqa: ARG002 - the protocol's
        """Make the belief about the students of an episode before their first answer."""
        return _Tracking(self._tracker(), course, self._threshold)


class _Tracking:
    def __init__(self, tracker: Tracker, course: Course, threshold: float) -> None:
        self._tracker, self._threshold = tracker, threshold
        self.log = AnswerBuffer(tracker, course, "Tracked")
        self._curriculum = course.curriculum
        self._match = Match.of(self._curriculum, tracker.skills)
        if (self._match.column < 0).all():
            raise ParameterError("Tracked", ["the tracker knows no skill of the curriculum"])

    def update(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:
        self.log.add(rows, skills, correct, time)

    def estimate(self, rows: Ints) -> Judgement:
        self.log.flush()
        table = self._tracker.mastery(rows.tolist())
        if not self._match.is_of(table.skills):  # one that was practised first
            self._match = Match.of(self._curriculum, table.skills)
        value = np.nan_to_num(self._match.by_curriculum(table.value), nan=0.0)
        return Judgement(value, value >= self._threshold)


class AnswerBuffer:
    """Answers on their way to a tracker: taken in at once before it is next asked.

    Parameters
    ----------
    tracker : MasteryTracker
        Or a `Tracker` whose ``update`` takes columns ``student``, ``skill``, ``correct``, ``time``.
        A new one: students of another run would pass for those of this one.
    course : Course
    owner : str
        Whose tracker it is, for the error.

    Raises
    ------
    ParameterError
        The tracker knows students already.
    """

    def __init__(self, tracker: Any, course: Course, owner: str) -> None:
        if len(tracker.students):
            raise ParameterError(
                owner,
                ["the tracker knows students already: make a new tracker in the function"],
            )
        self._tracker, self._skills = tracker, course.curriculum.skills
        self._parts: list[tuple[NDArray[Any], ...]] = []

    def add(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:
        """Keep one answer of each of some students; of an item without a skill there is none."""
        if len(rows):
            self._parts.append((rows, skills, correct, time))

    def flush(self) -> None:
        """Hand over what was kept."""
        if not self._parts:
            return
        columns = zip(*self._parts, strict=True)
        rows, skills, correct, time = (np.concatenate(column) for column in columns)
        self._parts = []
        self._tracker.update(
            {
                "student": rows,
                "skill": self._skills[skills],
                "correct": correct.astype(np.int8),
                "time": time,
            }
        )
