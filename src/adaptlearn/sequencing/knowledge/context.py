"""The data that a policy may read about a block of students."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.tracking.practice import Practice

MasteryKind = Literal["latent", "predicted"]


@dataclass(frozen=True)
class Context:
    """The data that a policy may read about a block of students.

    Attributes
    ----------
    curriculum : Curriculum
        The curriculum. The curriculum's skills, in order, are the columns of all arrays of shape
        (n_students, n_skills).
    students : array, shape (n_students,)
        The labels of the students, one per row.
    mastery : float array, shape (n_students, n_skills)
        The mastery of each skill, as a probability; 0 for skills that the model does not know.
    kind : {"latent", "predicted"}
        Which probability `mastery` is: P(known) or P(correct).
    p_correct : float array of the same shape, or None
        P(correct) on the skill's items if `kind` is ``"predicted"``; 0 for skills that the model
        does not know.
    counts : integer array of the same shape
        How many answers the student has given on each skill.
    time_since : float array of the same shape, or None
        Seconds since the student last practised the skill; None if the tracker keeps no times.
    lower : float array of the same shape, or None
        The lower end of the interval of `mastery`, if the model computes intervals.
    lessons_done : int array, shape (n_students, n_lessons), or None
        How often each student did each lesson, if you pass `lessons_done` to the sequencer.
    practice : Practice or None
        The students' practice, if the tracker keeps it.
    mastered : bool array of the same shape, or None
        Whether the skill counts as mastered, by the criterion or because a teacher granted it.
    ready : bool array of the same shape, or None
        Whether the student knows the skill well enough to learn the skills that build on it. If
        `ready` is None, only mastered skills are known well enough.
    goal : float array of the same shape, or None
        The weight of each skill for the student's goals; 0 if the goals do not need the skill.
    retention : float array of the same shape, or None
        P(recall) now of each learnt skill, if there is a review schedule.
    urgency : float array of the same shape, or None
        How urgently a mastered skill needs review; 0 if no review is due.
    unreviewed, reviewed : float arrays of the same shape, or None
        P(recall) of each learnt skill at a later time, without a review and with a review now. The
        context has the two arrays if reviews have a price (`PricedReviews`).
    stuck : bool array of the same shape, or None
        Whether the student is stuck on the skill, which means that practice no longer helps.
    needs_teacher : bool array of the same shape, or None
        Whether the student is stuck on the skill and a teacher should help.
    bout : int
        A student is stuck on a skill after this many answers on the skill without mastery.
    granted : bool array of the same shape, or None
        Whether a teacher granted the skill as mastered.
    learn : float array, shape (n_skills,), or None
        P(learning the skill from one opportunity), if the model has this probability.
    rates : mapping of str to float array, shape (n_skills,), or None
        P(learn), P(forget), P(guess) and P(slip) of each skill, under the names ``"learn"``,
        ``"forget"``, ``"guess"`` and ``"slip"``, if the model has them; nan for skills that the
        model does not know.
    threshold : float, float array of shape (n_skills,) or (n_students, n_skills), or None
        The mastery from which each skill counts as mastered, if the policy has a threshold.
    now : float or None
        The time of the decisions, in seconds.
    clock : {"seconds", "naive", "aware"} or None
        Whether `now` was given in seconds, as a datetime without a zone, or as a datetime with a
        zone.
    """

    curriculum: Curriculum
    students: NDArray[Any]
    mastery: Floats
    kind: MasteryKind
    p_correct: Floats | None = None
    counts: NDArray[np.int64] | None = None
    time_since: Floats | None = None
    lower: Floats | None = None
    lessons_done: Ints | None = None
    practice: Practice | None = None
    mastered: Bools | None = None
    ready: Bools | None = None
    goal: Floats | None = None
    retention: Floats | None = None
    urgency: Floats | None = None
    unreviewed: Floats | None = None
    reviewed: Floats | None = None
    stuck: Bools | None = None
    needs_teacher: Bools | None = None
    bout: int = 10
    granted: Bools | None = None
    learn: Floats | None = None
    rates: Mapping[str, Floats] | None = None
    threshold: Floats | float | None = None
    now: float | None = None
    clock: str | None = None


def mark(context: Context, **parts: Any) -> None:
    """Fill in, in place, what follows from the rest of a context.

    For whoever makes the context, before anyone else has it: reviews and criteria read what is
    known so far, and say what else is.
    """
    for name, value in parts.items():
        object.__setattr__(context, name, value)  # frozen for all others


def last_answers(context: Context, *keepers: Any) -> Floats:
    """The time of each student's last answer as far as anything knows it, shape (n_students,).

    Parameters
    ----------
    context : Context
    *keepers : object
        Trackers and memories; those that have ``last_times(students)`` are asked.

    Returns
    -------
    float array
        Seconds; -inf where there is none.
    """
    last = np.full(len(context.students), -np.inf)
    if context.practice is not None:
        times = np.where(context.practice.recent > 0, context.practice.last_time, np.nan)
        last = np.fmax.reduce(times, axis=1, initial=-np.inf)
    for keeper in keepers:
        ask = getattr(keeper, "last_times", None)
        if ask is not None:
            last = np.fmax(last, ask(context.students.tolist()))
    return np.asarray(last)
