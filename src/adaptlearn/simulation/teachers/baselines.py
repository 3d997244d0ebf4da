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
    """Policies to compare with, by name.

    ``random``: any lesson, until time is over. ``fixed_order``: ten answers on each skill, right or
    wrong, in the curriculum's order. ``random_in_fringe``: any lesson that the student is ready
    for, until three right answers in a row. ``three_in_a_row`` and ``moving_average``: lessons in
    the curriculum's order; the student moves on after three right answers in a row, or at a moving
    average of .9. ``knowledge_tracing``: the skill nearest to mastery first; the student moves on
    at P(known) of .95, computed with the given parameters. ``zpdes``: the lesson on which success
    grows most, with some exploration, until three right answers in a row. ``oracle``: lessons in
    the curriculum's order; the student moves on as soon as the skill is really known.

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
