"""What opens on promotion: the next course's frontier, what carries over, what is to be asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError, ProblemsError
from adaptlearn.labels import Label, label_array
from adaptlearn.numerics import Bools
from adaptlearn.planning.blocks import blocks_of
from adaptlearn.planning.frames import Tabled
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.tables import Parts, ends
from adaptlearn.validation import Interval, check_parameters
from adaptlearn.wording import counted, listed, quoted

_ROWS = 12  # that are shown


@dataclass(frozen=True, eq=False, repr=False)
class CourseOpening(Tabled):
    """Where students begin in their next course; `print` shows a table.

    Attributes
    ----------
    course : label
    students : array, shape (n_students,)
    skills : array, shape (n_skills,)
        The skills of the course, and what comes before them, in the curriculum's order.
    own : bool array, shape (n_skills,)
        The skills of the course itself.
    carries_over : bool array, shape (n_students, n_skills)
        Skills that already count as mastered.
    frontier : bool array, shape (n_students, n_skills)
        Skills that the student can begin with: not mastered, and all their prerequisites are.
    to_ask : bool array, shape (n_students, n_skills)
        Skills that a placement would have to ask about: not mastered, and neither probably known
        nor probably unknown.
    """

    course: Label
    students: NDArray[Any]
    skills: NDArray[Any]
    own: Bools
    carries_over: Bools
    frontier: Bools
    to_ask: Bools

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per student and skill, as columns for any dataframe library."""
        n_students, n_skills = self.frontier.shape
        return {
            "student": np.repeat(self.students, n_skills),
            "skill": np.tile(self.skills, n_students),
            "own": np.tile(self.own, n_students),
            **{name: getattr(self, name).ravel() for name in _STATES},
        }

    def to_dict(self) -> dict[str, Any]:
        """The lists of skills of each student, as plain values that JSON can store."""
        return {
            "course": self.course,
            "students": [
                {
                    "student": student,
                    **{name: self.skills[getattr(self, name)[row]].tolist() for name in _STATES},
                }
                for row, student in enumerate(self.students.tolist())
            ],
        }

    def _parts(self) -> Parts:
        head = ["student", "begins with", "carries over", "to ask"]
        order = ("frontier", "carries_over", "to_ask")
        rows = [
            ["…"] * len(head)
            if row is None
            else [str(self.students[row]), *(self._cell(name, row) for name in order)]
            for row in ends(len(self.students), _ROWS)
        ]
        n = counted(len(self.students), "student")
        caption = f"the course {quoted(self.course)} opens for {n}"
        return Parts(caption, head, rows, [])

    def _cell(self, name: str, row: int) -> str:
        labels = [str(one) for one in self.skills[getattr(self, name)[row]]]
        return listed(labels) or "-" if len(labels) <= 3 else f"{len(labels)} skills"

    def __repr__(self) -> str:
        return str(self)


_STATES = ("carries_over", "frontier", "to_ask")


def course_opening(
    sequencer: Sequencer,
    students: Iterable[Label] | Label,
    course: Label,
    *,
    confidence: float = 0.9,
    now: float | datetime | None = None,
) -> CourseOpening:
    """Show where students begin if a course opens for them, for example in mid-year.

    Parameters
    ----------
    sequencer : Sequencer
        Its policy says what counts as mastered.
    students : sequence of labels, or one label
    course : label
        A course of the curriculum: the next year's, or a college's.
    confidence : float, default 0.9
        A placement would ask about a skill whose mastery lies between ``1 - confidence`` and
        `confidence`, as `Placement` does.
    now : float or datetime, optional

    Raises
    ------
    ParameterError
        The error lists all problems: a course that the curriculum does not have, unknown students,
        a policy without a criterion of mastery, a `confidence` out of range.

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.planning import course_opening
    >>> school = Curriculum.from_dict({
    ...     "prerequisites": [["add", "multiply"], ["multiply", "divide"]],
    ...     "courses": [{"course": "math 5", "units": [{"unit": "1", "skills":
    ...                                                 ["multiply", "divide"]}]}],
    ... })
    >>> model = BKT.from_parameters({"skill": ["add", "multiply", "divide"],
    ...     "prior": [.3, .2, .05], "learn": [.2] * 3, "guess": [.2] * 3, "slip": [.1] * 3})
    >>> log = {"student": ["ann"] * 6, "skill": ["add"] * 6, "correct": [1] * 6}
    >>> sequencer = Sequencer(school, MasteryTracker(model).update(log), random_state=0)
    >>> print(course_opening(sequencer, "ann", "math 5"))
    the course "math 5" opens for 1 student
    student  begins with  carries over    to ask
    ann         multiply           add  multiply
    """
    labels, place = _checked(sequencer, students, course, confidence)
    curriculum = sequencer.curriculum
    own = np.asarray(curriculum.courses.skills[[place]].toarray()[0] > 0)
    asked = own | (curriculum.ancestry[np.flatnonzero(own)].sum(axis=0) > 0)
    at = np.flatnonzero(asked)
    found: list[tuple[Bools, Bools, Bools]] = []
    for block in blocks_of(labels, len(curriculum.skills)):
        context = sequencer.context(block, now)
        assert context.mastered is not None
        level = context.mastery
        unsure = (level > 1 - confidence) & (level < confidence) & ~context.mastered
        fringe = curriculum.outer_fringe(context.mastered)
        found.append((context.mastered[:, at], fringe[:, at], unsure[:, at]))
    mastered, fringe, unsure = (np.concatenate(one) for one in zip(*found, strict=True))
    skills = curriculum.skills[at]
    return CourseOpening(course, label_array(labels), skills, own[at], mastered, fringe, unsure)


def _checked(
    sequencer: Any, students: Iterable[Label] | Label, course: Label, confidence: float
) -> tuple[list[Label], int]:
    """The students and the place of the course; one error lists all problems."""
    if not isinstance(sequencer, Sequencer):
        kind = type(sequencer).__name__
        raise ParameterError("course_opening", [f"sequencer is a {kind}; expected a Sequencer"])
    problems, labels, place = [], [], -1
    try:
        labels = sequencer.checked_students(students)
        problems += [] if labels else ["students is empty; name at least one"]
    except ProblemsError as error:
        problems += [f"{error.subject}: {problem}" for problem in error.problems]
    try:
        place = sequencer.curriculum.courses.index.code(course)
    except ProblemsError as error:
        problems += [f"{error.subject}: {problem}" for problem in error.problems]
    if sequencer.policy.criterion is None:
        problems.append("the sequencer's policy has no criterion of mastery; pass one that has")
    allowed = [Interval(0.5, 1, closed="neither")]
    check_parameters(
        "course_opening", {"confidence": confidence}, {"confidence": allowed}, problems
    )
    return labels, place
