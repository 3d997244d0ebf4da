"""Later answers on a skill: a stand-in for the truth that a log of real students lacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats
from adaptlearn.validation import (
    Interval,
    OneOf,
    check_parameters,
    label_problems,
    shape_problems,
    value_problems,
)

_SUBJECT = "later_correct"


def later_correct(
    student: ArrayLike,
    skill: ArrayLike,
    correct: ArrayLike,
    *,
    k: int = 3,
    at_least: int | None = None,
    order: ArrayLike | None = None,
) -> Floats:
    """For each answer, how well the student did in the next `k` answers on the same skill.

    Parameters
    ----------
    student, skill : arrays, shape (n,)
    correct : array, shape (n,)
        The answers: 1 for right, 0 for wrong.
    k : int, default 3
        How many of the answers after each row are used.
    at_least : int, optional
        If you pass `at_least`, the result is 1 if at least this many of the `k` answers are right,
        and 0 otherwise. By default, the result is the fraction of right answers among the `k`
        answers.
    order : array, shape (n,), optional
        Times or numbers that sort each student's answers. Answers with equal values of `order` stay
        in the order of the rows. Without `order`, all answers are in the order of the rows.

    Returns
    -------
    float array, shape (n,)
        A number in [0, 1] for each row; nan if fewer than `k` answers follow the row.

    Raises
    ------
    ParameterError
        The error is raised if columns have different lengths, if answers are not 0 or 1, or if an
        argument is out of range.

    Notes
    -----
    The result measures what students do, not what they know. A student who knows the skill may
    slip, and a student who does not know it may guess. So even a perfect estimate of mastery seems
    wrong as often as students slip. Students also learn from the `k` answers themselves, and learn
    more if `k` is large. The measure exists only for students who continued to practise. If
    practice ended at a threshold, the measure says nothing about students above the threshold.
    Students who continued differ from students who stopped.

    Examples
    --------
    >>> later_correct(["ann"] * 4, ["add"] * 4, [0, 1, 1, 0], k=2)
    array([1. , 0.5, nan, nan])
    """
    check_parameters(
        _SUBJECT,
        {"k": k, "at_least": at_least},
        {
            "k": [Interval(1, 1_000_000, integer=True)],
            "at_least": [Interval(1, 1_000_000, integer=True), OneOf((None,))],
        },
        [f"at_least must not exceed k, got {at_least} of {k}"]
        if at_least is not None and at_least > k
        else [],
    )
    right = np.asarray(correct, np.float64)
    labels = {"student": np.asarray(student), "skill": np.asarray(skill)}
    labels["order"] = np.zeros(right.shape) if order is None else np.asarray(order)
    problems = shape_problems({"correct": right, **labels})
    if not problems:
        rows = np.arange(len(right))
        wrong = ~np.isin(right, [0, 1])
        problems = value_problems({"correct must hold 0 and 1": wrong}, rows)
        problems += label_problems(labels, rows)
    if problems:
        raise ParameterError(_SUBJECT, problems)
    who, what, when = (np.unique(values, return_inverse=True)[1] for values in labels.values())
    place = np.lexsort((when, what, who))
    run = np.column_stack([who, what])[place]
    total = np.concatenate([[0.0], np.cumsum(right[place])])
    here = np.arange(len(right) - k)  # the last k answers of all have no k answers after them
    follows = here[(run[here] == run[here + k]).all(axis=1)]
    later = np.full(len(right), np.nan)
    found = total[follows + k + 1] - total[follows + 1]
    later[place[follows]] = found / k if at_least is None else found >= at_least
    return later
