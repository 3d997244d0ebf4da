"""Expected minutes until standards are met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.numerics import Bools, Floats
from adaptlearn.planning.promotion.demands import Demand, membership
from adaptlearn.planning.promotion.standing import Standing
from adaptlearn.sequencing.knowledge.lessons import minutes_of_skills

Singles = NDArray[np.float32]

_DENSE = 4096  # skills up to which a table of skills and skills is multiplied as it is


class Course(NamedTuple):
    """What a curriculum says of the skills of standards.

    Attributes
    ----------
    members : sparse array, shape (n_demands, n_skills)
        The skills of each standard.
    before : array or sparse array, shape (n_skills, n_skills)
        Row k marks what comes before skill k, directly or not.
    minutes : float array, shape (n_skills,)
        Of the shortest lesson on each skill; inf where there is none.
    """

    members: csr_array
    before: Any
    minutes: Floats

    @classmethod
    def of(cls, curriculum: Curriculum, demands: Sequence[Demand]) -> Course:
        """The course of a curriculum."""
        before: Any = csr_array(curriculum.ancestry).astype(np.float32)
        if before.shape[0] <= _DENSE:
            before = before.toarray()
        members = membership(demands, len(curriculum.skills))
        return cls(members, before, minutes_of_skills(curriculum))


class Effort(NamedTuple):
    """What is still to be done; a row for each skill or standard, a column for each student.

    Attributes
    ----------
    skills : float array, shape (n_skills, n_students)
        Minutes until each skill is known well enough, without what comes before it.
    through : float array, shape (n_skills, n_students)
        The same with what comes before it.
    extra : float array, shape (n_demands, n_students)
        Minutes for answers, days and reviews that the practice above does not bring.
    alone : float array, shape (n_demands, n_students)
        Minutes of each standard that is not met, if nothing else is practised.
    """

    skills: Singles
    through: Singles
    extra: Singles
    alone: Singles


def effort_of(
    demands: Sequence[Demand],
    course: Course,
    standing: Standing,
    *,
    lessons: Floats,
    n_items: int,
) -> Effort:
    """Minutes that each skill and each standard still takes.

    Parameters
    ----------
    demands : sequence of Demand
    course : Course
    standing : Standing
    lessons : float array, shape (n_skills, n_students)
        How many lessons each skill still takes: 0 if it needs no more practice, inf if practice
        never ends.
    n_items : int
        Answers in a lesson.
    """
    # A skill without a lesson, or without end, takes no minutes here, and is marked where needed.
    shut = (lessons > 0) & (np.isinf(lessons) | np.isinf(course.minutes)[:, None])
    chances = np.where(shut, 0.0, lessons).astype(np.float32)
    minutes = np.where(np.isinf(course.minutes), 0.0, course.minutes).astype(np.float32)
    own: Any = chances * minutes[:, None]
    through: Singles = own + course.before @ own
    if shut.any():
        own[shut] = np.inf
        through[(shut + course.before @ shut.astype(np.float32)) > 0] = np.inf
    through[lessons <= 0] = 0
    planned = course.members @ chances * n_items  # answers
    extra, alone = np.empty_like(planned), np.empty_like(planned)
    for place, one in enumerate(demands):
        asked, own_minutes = one.settings, course.minutes[one.skills].min()
        lacks = np.maximum(
            asked.answers - standing.answers[:, place], asked.days - standing.days[:, place]
        )
        lacks = np.maximum(lacks, ~standing.retained[:, place])
        rest = np.maximum(lacks - planned[place], 0.0)
        extra[place] = 0.0
        np.multiply(rest, own_minutes / n_items, where=rest > 0, out=extra[place])
        ways = through[one.skills]
        if one.need < len(ways):
            ways = np.sort(ways, axis=0)[: one.need]
        alone[place] = np.where(standing.met[:, place], 0.0, ways.sum(axis=0) + extra[place])
    return Effort(own, through, extra, alone)


def minutes_of(demands: Sequence[Demand], course: Course, effort: Effort, missing: Bools) -> Floats:
    """Minutes until all missing standards are met; what several of them need counts once.

    Parameters
    ----------
    demands, course, effort
    missing : bool array, shape (n_students, n_demands)

    Returns
    -------
    float array, shape (n_students,)
    """
    wanted = np.zeros(effort.skills.shape, bool)
    minutes = np.zeros(len(missing))
    for place, one in enumerate(demands):
        asked = missing[:, place]
        minutes += np.where(asked, effort.extra[place], 0.0)
        if one.need < len(one.skills):  # the skills that take the fewest minutes
            order = np.argsort(effort.through[one.skills], axis=0, kind="stable")
            wanted[one.skills] |= asked & (np.argsort(order, axis=0, kind="stable") < one.need)
        else:
            wanted[one.skills] |= asked
    wanted &= effort.skills > 0
    wanted |= (course.before.T @ wanted.astype(np.float32)) > 0
    return np.asarray(minutes + np.where(wanted, effort.skills, 0.0).sum(axis=0))
