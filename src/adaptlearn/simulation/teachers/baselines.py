"""The policies that others are compared with.

References
----------
- B. Clement, D. Roy, P.-Y. Oudeyer, M. Lopes (2015). Multi-armed bandits for intelligent tutoring
  systems. Journal of Educational Data Mining 7(2), 20-48 (ZPDES).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.teachers.estimators import (
    Oracle,
    empirical_success,
    in_a_row,
    knowledge_tracing,
    learning_progress,
    moving_average,
    seat_time,
)
from adaptlearn.simulation.teachers.policies import (
    ArrayPolicy,
    View,
    any_lesson,
    equally,
    highest,
    in_order,
    open_lessons,
    unfinished_lessons,
)
from adaptlearn.simulation.teachers.price import stopping
from adaptlearn.validation import some

_PARAMETERS = ("prior", "learn", "guess", "slip", "forget")
_EXPLORE = 0.2  # the share of lessons that the bandit draws without regard to their weights


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
    tracing = knowledge_tracing(course.n_skills, **_known(parameters))
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


CONSTANTS: dict[str, tuple[float, ...]] = {
    "in_a_row": (1, 2, 3, 4, 5, 6, 8, 10, 13),
    "moving_average": (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97),
    "knowledge_tracing": (
        0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999,
        0.9999, 0.99999,
    ),
    "stopping": (10, 30, 60, 100, 200, 300, 600, 1000, 3000, 10_000),
    "random_stopping": (10, 30, 60, 100, 200, 300, 600, 1000, 3000, 10_000),
    "bandit": (3 / 6, 4 / 6, 5 / 6, 1),
}  # fmt: skip
"""The names that `baseline` takes, and for each the values of its constant that tuning tries."""


def baseline(
    name: str,
    constant: float,
    course: Course,
    *,
    parameters: Mapping[str, ArrayLike] | None = None,
) -> ArrayPolicy:
    """Make a baseline with a constant, which you can tune (see `tuned_constants`).

    ``in_a_row``: ``three_in_a_row`` of `baselines`, but the constant is the number of right answers
    in a row for mastery. ``moving_average``: as in `baselines`; the constant is the average that a
    skill needs for mastery. ``knowledge_tracing``: as in `baselines`; the constant is the P(known)
    that a skill needs for mastery. ``stopping``: the lessons of ``knowledge_tracing``, but teaching
    of a skill ends by the rule `stopping`; the constant is the price of an unknown skill, in
    minutes. ``random_stopping``: random lessons that the student is ready for; teaching of a skill
    ends by the rule `stopping`. ``bandit``: ZPDES (Clement et al., 2015); the constant is the share
    of right answers for mastery, among the last six answers on a skill.

    ZPDES in the paper of Clement et al. chooses one exercise at a time, and experts determine when
    an exercise may be chosen. The baseline ``bandit`` chooses one lesson at a time, and the
    curriculum determines which lessons are open. The policy ``zpdes`` of `baselines` differs from
    the paper in three more points. It does not remember weights. ``zpdes`` draws lessons by
    softmax, instead of in proportion to the weights with a uniform part. With ``zpdes``, a skill is
    mastered after three right answers in a row.

    Parameters
    ----------
    name : str
        One of `CONSTANTS`.
    constant : float
    course : Course
    parameters : mapping of str to float or array, shape (n_skills,), optional
        As in `baselines`.

    Returns
    -------
    ArrayPolicy

    Raises
    ------
    ParameterError
        The error is raised if the name is unknown or the constant is out of range.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course
    >>> from adaptlearn.simulation.teachers import baseline
    >>> course = Course.of(Curriculum.from_dict({"skills": ["add", "draw"]}))
    >>> baseline("knowledge_tracing", 0.98, course).name
    'knowledge_tracing:0.98'
    """
    if name not in CONSTANTS:
        raise ParameterError(
            "baseline", [f"no baseline {name!r} with a constant; there are {some(CONSTANTS, 20)}"]
        )
    known = _known(parameters)
    make: dict[str, Callable[[], tuple[Any, ...]]] = {
        "in_a_row": lambda: (in_a_row(_whole(constant)), open_lessons, in_order),
        "moving_average": lambda: (moving_average(constant), open_lessons, in_order),
        "knowledge_tracing": lambda: (
            knowledge_tracing(course.n_skills, **known, threshold=constant), open_lessons, highest
        ),
        "stopping": lambda: (stopping(course, price=constant, **known), open_lessons, highest),
        "random_stopping": lambda: (
            stopping(course, price=constant, **known), open_lessons, equally
        ),
        "bandit": lambda: (empirical_success(constant), open_lessons, _in_proportion, 1.0),
    }  # fmt: skip
    return ArrayPolicy(f"{name}:{constant:g}", *make[name]())


def _known(parameters: Mapping[str, ArrayLike] | None) -> dict[str, Any]:
    return {name: value for name, value in (parameters or {}).items() if name in _PARAMETERS}


def _whole(number: Any) -> Any:
    """A whole number as an int; others stay, for `in_a_row` to refuse."""
    return int(number) if number == number // 1 else number


def _in_proportion(view: View) -> Floats:
    """Logarithms of probabilities in proportion to the values, with a uniform part.

    A softmax with temperature 1 draws with these probabilities.
    """
    eligible = open_lessons(view)
    weight = view.lesson_mean(view.value) * eligible
    total, number = weight.sum(axis=1, keepdims=True), eligible.sum(axis=1, keepdims=True)
    even = eligible / np.maximum(number, 1)
    share = np.where(total > 0, weight / np.where(total > 0, total, 1), even)
    p = (1 - _EXPLORE) * share + _EXPLORE * even
    return np.log(np.where(eligible, p, 1.0))
