"""The kinds and the levels of a curriculum's lessons, as a day sees them."""

from __future__ import annotations

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.day.limits import KINDS


def kind_of(curriculum: Curriculum) -> Ints:
    """The place of each lesson's kind in `KINDS`, shape (n_lessons,)."""
    return np.array([KINDS.index(kind) for kind in curriculum.lesson_kinds], np.intp)


def levels_of(curriculum: Curriculum) -> tuple[Floats, Floats]:
    """The lowest level at which each lesson is offered, and the highest, shape (n_lessons,).

    The level of a skill is the grade of the standards that ask for it, or of the courses if no
    standard with a grade does. A lesson is as high as the highest of its skills. What has no grade
    is for all levels.
    """
    n_skills = len(curriculum.skills)
    low, high = np.full(n_skills, np.nan), np.full(n_skills, np.nan)
    for groups in (curriculum.courses, curriculum.standards):
        known = np.isfinite(groups.grades.sum(axis=1))
        row, skill = groups.skills.nonzero()
        row, skill = row[known[row]], skill[known[row]]
        least, most = np.full(n_skills, np.inf), np.full(n_skills, -np.inf)
        np.minimum.at(least, skill, groups.grades[row, 0])
        np.maximum.at(most, skill, groups.grades[row, 1])
        told = np.isfinite(least)
        low[told], high[told] = least[told], most[told]
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    lesson, skill = curriculum.teaches.nonzero()
    lowest, highest = (
        np.full(len(curriculum.lessons), -np.inf),
        np.full(len(curriculum.lessons), np.inf),
    )
    np.maximum.at(lowest, lesson, low[skill])
    np.minimum.at(highest, lesson, high[skill])
    return lowest, np.maximum(lowest, highest)


def inside(curriculum: Curriculum, student: Ints, lesson: Ints, spans: Floats) -> Bools:
    """Whether lessons are inside the level spans of students."""
    low, high = levels_of(curriculum)
    return np.asarray((low[lesson] <= spans[student, 1]) & (high[lesson] >= spans[student, 0]))
