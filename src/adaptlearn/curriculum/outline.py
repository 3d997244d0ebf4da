"""Standards, units and courses: named groups of skills, and who has finished them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.curriculum.graph.bits import any_of, check_mastered, pack, unpack
from adaptlearn.curriculum.graph.matrices import incidence, row
from adaptlearn.labels import Label, LabelIndex, label_array
from adaptlearn.numerics import Bools, Floats, Ints

# Dense work arrays stay below this many cells (at four bytes each: 64 MB).
_CELLS = 1 << 24
_GRADES = (-1, 20)
_NAMED = {"PK": -1, "K": 0}
_GRADE = r"(PK|K|\d{1,2})"
_BAND = re.compile(rf"{_GRADE}(?:\s*[-\u2013]\s*{_GRADE})?", re.IGNORECASE)


class Standard(NamedTuple):
    """A standard without faults; `grade` holds its lowest and highest, NaN where unknown."""

    label: Label
    skills: list[Label]
    title: str
    grade: tuple[float, float]


class Unit(NamedTuple):
    """A unit of a course: its standards, and skills of its own."""

    label: Label
    title: str
    standards: list[Label]
    skills: list[Label]


class Course(NamedTuple):
    """A course without faults."""

    label: Label
    title: str
    grade: tuple[float, float]
    units: list[Unit]


def as_grades(value: Any) -> tuple[float, float] | None:
    """The lowest and highest of the grades that are meant; None where none can be.

    Kindergarten is 0, and what comes before it -1.

    Examples
    --------
    >>> as_grades(5), as_grades("K"), as_grades("9-12"), as_grades("fifth")
    ((5.0, 5.0), (0.0, 0.0), (9.0, 12.0), None)
    """
    if isinstance(value, str):
        found = _BAND.fullmatch(value.strip())
        if found is None:
            return None
        low, high = (_NAMED.get(end.upper(), end) for end in
                     (found[1], found[2] or found[1]))  # fmt: skip
        ends = (float(low), float(high))
    elif isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        if not _GRADES[0] <= value <= _GRADES[1]:  # an integer may be beyond any float
            return None
        ends = (float(value), float(value))
    else:
        return None
    whole = all(end == math.floor(end) for end in ends if math.isfinite(end))
    inside = _GRADES[0] <= ends[0] <= ends[1] <= _GRADES[1]
    return ends if whole and inside else None


def grade_text(grade: Sequence[float]) -> int | str | None:
    """Grades as they are written; `as_grades` reads them back."""
    low, high = grade
    if math.isnan(low):
        return None
    if low == high:
        return int(low)
    return "-".join("PK" if end < 0 else "K" if end == 0 else f"{end:g}" for end in (low, high))


class SkillGroups:
    """Named groups of skills: the standards, the units or the courses of a curriculum.

    Attributes
    ----------
    labels : array, shape (n_groups,)
        The label of a unit is a pair (course, unit), because two courses may have units of the same
        name.
    titles : tuple of str
    grades : float array, shape (n_groups, 2)
        The lowest and the highest grade of each group; NaN if unknown. Kindergarten is 0. A unit
        has the grades of its course.
    skills : sparse 0/1 array, shape (n_groups, n_skills)
    """

    def __init__(
        self,
        what: str,
        *,
        labels: Sequence[Any],
        titles: Sequence[str],
        grades: Sequence[tuple[float, float]],
        skills: csr_array,
        skill_labels: NDArray[Any],
    ) -> None:
        self._what = what
        self._skill_labels = skill_labels
        self.labels = label_array(labels)
        self.titles = tuple(titles)
        self.grades: Floats = np.array(grades, np.float64).reshape(-1, 2)
        self.grades.flags.writeable = False
        self.skills = skills
        self.index = LabelIndex(what, self.labels)

    def __len__(self) -> int:
        return len(self.titles)

    def __repr__(self) -> str:
        return f"<{len(self)} {self._what}{'' if len(self) == 1 else 's'}>"

    def skills_of(self, label: Any) -> NDArray[Any]:
        """Labels of the skills of one group, in the curriculum's order.

        Raises
        ------
        UnknownLabelError
        """
        found: NDArray[Any] = self._skill_labels[row(self.skills, self.index.code(label))]
        return found

    def of_grade(self, grade: int) -> Ints:
        """The positions of the groups that are for a given grade.

        A group for a band of grades, such as 9 to 12, counts for each grade of the band.
        """
        low, high = self.grades.T
        return np.flatnonzero((low <= grade) & (grade <= high))

    def share(self, mastered: Any) -> Floats:
        """The share of each group's skills that each student has mastered.

        Parameters
        ----------
        mastered : bool array, shape (n_students, n_skills)

        Returns
        -------
        float array, shape (n_students, n_groups)
        """
        counts = _count_marked(self.skills, check_mastered(mastered, len(self._skill_labels)))
        return np.asarray(counts / np.diff(self.skills.indptr))

    def finished(self, mastered: Any) -> Bools:
        """Whether each student has mastered each group, shape (n_students, n_groups)."""
        missing = ~check_mastered(mastered, len(self._skill_labels))
        return unpack(~any_of(self.skills, pack(missing)), len(missing))


class Outline(NamedTuple):
    """The standards, units and courses of a curriculum.

    Attributes
    ----------
    standards, units, courses : SkillGroups
    unit_standards : sparse 0/1 array, shape (n_units, n_standards)
    unit_skills : sparse 0/1 array, shape (n_units, n_skills)
        The skills that each unit lists directly, in addition to the skills of the unit's standards.
    unit_course : int array, shape (n_units,)
        For each unit, the position of its course in `courses`.
    """

    standards: SkillGroups
    units: SkillGroups
    courses: SkillGroups
    unit_standards: csr_array
    unit_skills: csr_array
    unit_course: Ints


def outline_of(
    standards: Sequence[Standard],
    courses: Sequence[Course],
    skill_labels: NDArray[Any],
    skill_index: LabelIndex,
) -> Outline:
    """Lay out standards, units and courses over skills."""
    n_skills = len(skill_labels)
    asked = _members([one.skills for one in standards], skill_index.place, n_skills)
    units = [(course, unit) for course in courses for unit in course.units]
    number = {standard.label: place for place, standard in enumerate(standards)}
    unit_standards = _members([unit.standards for _, unit in units], number, len(standards))
    own = _members([unit.skills for _, unit in units], skill_index.place, n_skills)
    of_units = _union(unit_standards @ asked + own)
    unit_course = np.repeat(np.arange(len(courses)), [len(course.units) for course in courses])
    in_course = incidence(unit_course, np.arange(len(units)), (len(courses), len(units)))
    return Outline(
        SkillGroups(
            "standard",
            labels=[one.label for one in standards],
            titles=[one.title for one in standards],
            grades=[one.grade for one in standards],
            skills=asked,
            skill_labels=skill_labels,
        ),
        SkillGroups(
            "unit",
            labels=[(course.label, unit.label) for course, unit in units],
            titles=[unit.title for _, unit in units],
            grades=[course.grade for course, _ in units],
            skills=of_units,
            skill_labels=skill_labels,
        ),
        SkillGroups(
            "course",
            labels=[one.label for one in courses],
            titles=[one.title for one in courses],
            grades=[one.grade for one in courses],
            skills=_union(in_course @ of_units),
            skill_labels=skill_labels,
        ),
        unit_standards,
        own,
        unit_course,
    )


def _members(lists: Sequence[Sequence[Label]], place: dict[Any, int], n: int) -> csr_array:
    rows = [row for row, labels in enumerate(lists) for _ in labels]
    return incidence(rows, [place[label] for labels in lists for label in labels],
                           (len(lists), n))  # fmt: skip


def _union(counts: csr_array) -> csr_array:
    """Where counts are not 0, as a 0/1 matrix."""
    rows, columns = counts.nonzero()
    return incidence(rows, columns, counts.shape)


def _count_marked(members: csr_array, marked: Bools) -> NDArray[np.int32]:
    """How many of each row's members are marked, for many markings at once.

    Parameters
    ----------
    members : sparse 0/1 array, shape (n_rows, n)
    marked : bool array, shape (n_students, n)

    Returns
    -------
    int32 array, shape (n_students, n_rows)
    """
    counts = np.empty((len(marked), members.shape[0]), np.int32)
    step = max(1, _CELLS // max(1, *members.shape))
    for start in range(0, len(marked), step):
        counts[start : start + step] = (members @ marked[start : start + step].T).T
    return counts
