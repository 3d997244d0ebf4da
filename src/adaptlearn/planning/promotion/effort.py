"""Expected minutes until standards are met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.numerics import Bools, Floats
from adaptlearn.planning.promotion.demands import Demand
from adaptlearn.planning.promotion.standing import Standing
from adaptlearn.sequencing.goals import expected_opportunities


class Course(NamedTuple):
    """What a curriculum says of the skills of standards.

    Attributes
    ----------
    members : sparse array, shape (n_demands, n_skills)
        The skills of each standard.
    before : sparse array, shape (n_skills, n_skills)
        Row k marks what comes before skill k, directly or not.
    minutes : float array, shape (n_skills,)
        Of the shortest lesson on each skill; inf where there is none.
    """

    members: csr_array
    before: csr_array
    minutes: Floats


class Effort(NamedTuple):
    """What is still to be done.

    Attributes
    ----------
    skills : float array, shape (n_students, n_skills)
        Minutes until each skill is known well enough, without what comes before it.
    through : float array, shape (n_students, n_skills)
        The same with what comes before it.
    extra : float array, shape (n_students, n_demands)
        Minutes for answers, days and reviews that the practice above does not bring.
    alone : float array, shape (n_students, n_demands)
        Minutes of each standard that is not met, if nothing else is practised.
    """

    skills: Floats
    through: Floats
    extra: Floats
    alone: Floats


def effort_of(
    demands: Sequence[Demand],
    course: Course,
    standing: Standing,
    *,
    level: Floats,
    target: Floats,
    learn: Floats,
) -> Effort:
    """Minutes that each skill and each standard still takes.

    Parameters
    ----------
    demands : sequence of Demand
    course : Course
    standing : Standing
    level : float array, shape (n_students, n_skills)
        What is believed of each skill; 1 where it is granted.
    target : float array that broadcasts to the same shape
        The level from which a skill needs no more practice.
    learn : float array, shape (n_skills,)
        P(learning) of each skill from one opportunity.
    """
    chances = np.where(level < target, expected_opportunities(level, learn, target), 0.0)
    own = np.where(chances > 0, chances * np.where(chances > 0, course.minutes, 0.0), 0.0)
    through = np.where(own > 0, own + (course.before @ own.T).T, 0.0)
    planned = np.asarray((course.members @ chances.T).T)
    extra, alone = np.empty(planned.shape), np.empty(planned.shape)
    for place, one in enumerate(demands):
        lacks = np.maximum(
            one.settings.answers - standing.answers[:, place],
            one.settings.days - standing.days[:, place],
        )
        lacks = np.maximum(lacks, ~standing.retained[:, place])
        rest = np.maximum(lacks - planned[:, place], 0.0)
        each = course.minutes[one.skills].min()
        extra[:, place] = np.where(rest > 0, rest * np.where(rest > 0, each, 0.0), 0.0)
        ways = np.sort(through[:, one.skills], axis=1)[:, : one.need]
        alone[:, place] = np.where(standing.met[:, place], 0.0, ways.sum(axis=1) + extra[:, place])
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
    for place, one in enumerate(demands):
        asked = missing[:, [place]]
        if one.need < len(one.skills):  # the skills that take the fewest minutes
            order = np.argsort(effort.through[:, one.skills], axis=1, kind="stable")
            asked = asked & (np.argsort(order, axis=1, kind="stable") < one.need)
        wanted[:, one.skills] |= asked
    wanted &= effort.skills > 0
    wanted |= (course.before.T @ wanted.T.astype(np.float32)).T > 0
    own = np.where(wanted, effort.skills, 0.0).sum(axis=1)
    return np.asarray(own + np.where(missing, effort.extra, 0.0).sum(axis=1))
