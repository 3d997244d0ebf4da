"""The policies that others are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from adaptlearn.simulation.course import Course
from adaptlearn.simulation.teachers.estimators import (
    Oracle,
    in_a_row,
    knowledge_tracing,
    learning_progress,
    moving_average,
    seat_time,
)
from adaptlearn.simulation.teachers.policies import (
    ArrayPolicy,
    any_lesson,
    equally,
    highest,
    in_order,
    open_lessons,
    unfinished_lessons,
)


def baselines(
    course: Course, *, parameters: Mapping[str, ArrayLike] | None = None
) -> dict[str, ArrayPolicy]:
    """Simple policies by name, with which you can compare your own policy.

    ``random``: the student gets any lesson, until the time is over. ``fixed_order``: the student
    gives ten answers on each skill, right or wrong, in the curriculum's order.
    ``random_in_fringe``: the student gets random lessons that the student is ready for; a skill is
    mastered after three right answers in a row. ``three_in_a_row``: lessons come in the
    curriculum's order; a skill is mastered after three right answers in a row. ``moving_average``:
    lessons come in the curriculum's order; a skill is mastered if the moving average of its answers
    reaches .9. ``knowledge_tracing``: the lesson nearest to mastery comes first; a skill is
    mastered if P(known), computed with the given parameters, reaches .95. ``zpdes``: lessons on
    which success grows most are the most probable; a skill is mastered after three right answers in
    a row. ``oracle``: lessons come in the curriculum's order; a skill is mastered as soon as the
    student really knows it.

    Parameters
    ----------
    course : Course
    parameters : mapping of str to float or array, shape (n_skills,), optional
        The parameters ``prior``, ``learn``, ``guess``, ``slip`` and ``forget`` for
        ``knowledge_tracing``. Other entries are not read.

    Returns
    -------
    dict of str to ArrayPolicy
    """
    names = ("prior", "learn", "guess", "slip", "forget")
    known: dict[str, Any] = {k: v for k, v in (parameters or {}).items() if k in names}
    tracing = knowledge_tracing(course.n_skills, **known)
    policies = (
        ArrayPolicy("random", seat_time(10**4), any_lesson, equally),
        ArrayPolicy("fixed_order", seat_time(10), unfinished_lessons, in_order),
        ArrayPolicy("random_in_fringe", in_a_row(3), open_lessons, equally),
        ArrayPolicy("three_in_a_row", in_a_row(3), open_lessons, in_order),
        ArrayPolicy("moving_average", moving_average(0.9), open_lessons, in_order),
        ArrayPolicy("knowledge_tracing", tracing, open_lessons, highest),
        ArrayPolicy("zpdes", learning_progress(3), open_lessons, highest, 0.2),
        ArrayPolicy("oracle", Oracle(), open_lessons, in_order),
    )
    return {policy.name: policy for policy in policies}
