"""What a plan leads to: the goal, standards, units and courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, label_list, near_spellings, refuse_other_kind
from adaptlearn.numerics import Bools
from adaptlearn.validation import some

GOAL = "goal"


class Targets(NamedTuple):
    """Groups of skills; the first is the goal of each student.

    Attributes
    ----------
    kinds : tuple of str
        ``"goal"``, ``"standard"``, ``"unit"`` or ``"course"``.
    labels : tuple
        A unit's label is a pair (course, unit).
    members : bool array, shape (n_targets, n_skills)
        All skills, for the goal.
    """

    kinds: tuple[str, ...]
    labels: tuple[Any, ...]
    members: Bools


def targets_of(curriculum: Curriculum) -> Targets:
    """The goal, and what the curriculum names."""
    kinds, labels = [GOAL], [GOAL]
    members = [np.ones((1, len(curriculum.skills)), bool)]
    for kind in ("standard", "unit", "course"):
        groups = getattr(curriculum, f"{kind}s")
        kinds += [kind] * len(groups)
        labels += groups.labels.tolist()
        members.append(groups.skills.toarray() > 0)
    return Targets(tuple(kinds), tuple(labels), np.concatenate(members))


def whole_of(targets: Targets, wanted: Bools) -> Bools:
    """Whether each target is all that a student aims at, shape (n_students, n_targets)."""
    outside = wanted.astype(np.float32) @ ~targets.members.T
    return np.asarray(outside == 0)


def spans_of(curriculum: Curriculum, students: Sequence[Label], course: Any) -> Bools | None:
    """The skills in which each student's lessons stay, shape (n_students, n_skills).

    None if `course` is None: nothing is out of bounds.

    Raises
    ------
    ParameterError
        The error lists every unknown course and every student without one.
    """
    if course is None:
        return None
    courses = curriculum.courses
    if not len(courses):
        raise ParameterError("learning_plan", ["course is given, but the curriculum has none"])
    if isinstance(course, Mapping):
        refuse_other_kind(label_list([*course], "student with a course"), students, "student")
        without = [student for student in students if student not in course]
        problems = [f"no course for {some(without)}"] if without else []
        given = [course.get(student, ()) for student in students]
    else:
        problems, given = [], [course] * len(students)
    of_student = [label_list(own, "course") for own in given]
    known = courses.index.place
    unknown = dict.fromkeys(one for own in of_student for one in own if one not in known)
    problems += [f"no course {one!r}{near_spellings(one, known)}" for one in unknown]
    if problems:
        raise ParameterError("learning_plan", problems)
    table = np.zeros((len(students), len(courses)), np.float32)
    for row, own in enumerate(of_student):
        table[row, [known[one] for one in own]] = 1.0
    return np.asarray((courses.skills.T @ table.T).T > 0)
