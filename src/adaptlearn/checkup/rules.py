"""The rules that a log is checked by, and the public check."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

from adaptlearn.checkup.clock import times_like_dates, times_of_another_unit, times_out_of_range
from adaptlearn.checkup.columns import (
    constant_columns,
    items_and_skills,
    names_alike,
    names_of_gaps,
    rare_items,
    telling_columns,
)
from adaptlearn.checkup.facts import Facts
from adaptlearn.checkup.findings import Checkup, Finding
from adaptlearn.checkup.order import (
    backward_rows,
    numbers_as_text,
    order_unknown,
    sorted_by_answer,
    sorted_by_label,
    tied_times,
)
from adaptlearn.checkup.rows import expanded_rows, exposures, histories_twice, repeated_events
from adaptlearn.checkup.skills import inseparable_skills, lopsided_skills, unidentified_skills
from adaptlearn.checkup.students import (
    copied_answers,
    one_answer_students,
    unlikely_students,
)
from adaptlearn.errors import DataWarning
from adaptlearn.responses import as_log

# Within a severity, findings come in this order.
RULES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    expanded_rows,
    histories_twice,
    repeated_events,
    times_of_another_unit,
    times_like_dates,
    times_out_of_range,
    sorted_by_answer,
    numbers_as_text,
    backward_rows,
    tied_times,
    sorted_by_label,
    order_unknown,
    names_of_gaps,
    names_alike,
    items_and_skills,
    telling_columns,
    constant_columns,
    inseparable_skills,
    unidentified_skills,
    lopsided_skills,
    copied_answers,
    one_answer_students,
    unlikely_students,
    rare_items,
    exposures,
)


def check(log: Any) -> Checkup:
    """Find what is wrong or missing in a response log, before you fit a model to the log.

    A readable log may still be wrong, or contain too little information. The answers may not
    identify the parameters of a skill. A log may contain one response as several rows. The rows may
    be in an order in which students cannot have answered. Times may be in milliseconds. Each
    finding says what the check found, what the finding means for knowledge tracing, and what you
    can do about it. The check does not change the log.

    Parameters
    ----------
    log : ResponseLog or frame
        A log, or a frame with the standard column names. If you read the log with further columns
        (``extra``), the check includes these columns.

    Returns
    -------
    Checkup
        The findings, errors first. `print` shows the checkup as text, and a notebook shows it as a
        table. ``checkup.table()`` returns columns for a dataframe. ``checkup.ok`` is True if no
        finding is an error.

    Raises
    ------
    ResponseDataError
        The error is raised if the frame cannot be read as a log.

    Notes
    -----
    A skill is *unidentified* for the same reasons as in `BKT`. It has no answers or one answer. Its
    answers are all right or all wrong. No student has more than two answers on it. It has fewer
    than ten students. Two answers per student are not enough: four parameters need four free
    proportions of histories, but histories of two answers have three free proportions.

    Examples
    --------
    >>> import adaptlearn
    >>> checkup = adaptlearn.check({
    ...     "student": ["ann", "ann", "bob", "bob"] * 30,
    ...     "skill": ["add", "carry"] * 60,
    ...     "item": ["7+5"] * 120,
    ...     "correct": [1, 1, 0, 0] * 30,
    ... })
    >>> checkup.ok, checkup["expanded-rows"].severity
    (False, 'error')
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # repeats are among the findings
        facts = Facts(as_log(log))
    return Checkup(repr(facts.log), (finding for rule in RULES for finding in rule(facts)))
