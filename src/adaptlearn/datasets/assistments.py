"""ASSISTments' problem logs as response logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np

from adaptlearn.datasets.events import Joining, events_of, refuse, skills_in, tidy
from adaptlearn.datasets.formats import refuse_header
from adaptlearn.datasets.tables import Table
from adaptlearn.labels import is_missing
from adaptlearn.numerics import Bools, Floats
from adaptlearn.responses.columns import read_correct, rows_text
from adaptlearn.responses.frames import Column
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import Interval, OneOf, check_parameters, some

_SUBJECT = "read_assistments"
_CORRECT, _ORIGINAL = "correct", "original"
# Per role, by which names the layouts of the years know it; the first that exists is taken.
_USUAL = {
    "student": ("user_id", "studentId"),
    "skill": ("skill_id", "skill_name", "skill", "sequence_id"),
    "id": ("order_id", "problem_log_id", "log_id", "actionId"),
    "item": ("problem_id", "problemId"),
    "time": ("start_time", "startTime"),
}
_NO_SKILL = "noskill"  # what the file of 2017 writes where a problem has none


def read_assistments(
    source: Any | str | PathLike[str],
    *,
    skill: str | None = None,
    skill_separator: str | None = None,
    item: str | Literal[False] | None = None,
    time: str | Literal[False] | None = None,
    id: str | None = None,  # noqa: A002 - as in `ResponseLog.from_frame`
    extra: Sequence[str] = (),
    scaffolding: Literal["drop", "keep"] = "drop",
    partial_credit: Literal["refuse", "drop"] | float = "refuse",
    without_skill: Literal["drop", "refuse"] = "drop",
    unanswered: Literal["refuse", "exposure"] = "refuse",
) -> ResponseLog:
    """Read a response log from an ASSISTments data set, in the layout of the published files.

    Parameters
    ----------
    source : path, or frame
        A file as it was published. The source can also be a pandas, Polars, PyArrow or DuckDB
        frame, or a mapping of str to array, with the same columns as the file. The columns
        ``user_id``, ``correct``, a column of skills and a column of ids are required. For a large
        file, a frame is much faster than a path.
    skill : str, optional
        The column of skills. By default the reader uses the first of the columns ``skill_id``,
        ``skill_name``, ``skill`` and ``sequence_id`` that exists. In the 2015 file, ``sequence_id``
        is the skill.
    skill_separator : str, optional
        The text that separates several skills in one row. By default the separator is ``"_"`` if
        the skills come from ``skill_id``, as in the collapsed file of 2009. For other columns of
        skills, there is no separator by default.
    item : str or False, optional
        The column of items, by default ``problem_id`` or ``problemId`` if the column exists.
    time : str or False, optional
        The column of times: datetimes, texts in ISO 8601, or seconds. By default the times come
        from ``start_time`` or ``startTime`` (when the problem was shown), if the file has this
        column. The files of 2009 and 2015 have no column of times.
    id : str, optional
        The column that identifies a response. The ids decide the order of responses that have the
        same time. Without times, the ids decide the order of all responses. By default the ids come
        from ``order_id``, ``problem_log_id``, ``log_id`` or ``actionId``.
    extra : sequence of str
        Further columns that the log keeps, such as ``"ms_first_response"``. If a response has
        several rows, the log keeps the values of the first row.
    scaffolding : {"drop", "keep"}
        Whether to leave out scaffolding questions (rows in which ``original`` is 0). Scaffolding
        questions split a problem into steps after the student failed the problem. So an earlier
        answer decides which students get scaffolding questions. Xiong et al. leave scaffolding
        questions out; some benchmarks keep them.
    partial_credit : {"refuse", "drop"} or float in (0, 1]
        What to do with answers between 0 and 1. ``"refuse"`` raises an error, and ``"drop"`` leaves
        out answers between 0 and 1. If `partial_credit` is a number, answers count as right from
        this number on, so 1.0 counts all answers between 0 and 1 as wrong.
    without_skill : {"drop", "refuse"}
        What to do with responses without a skill. ``"drop"`` leaves out responses without a skill,
        and a warning says how many. ``"refuse"`` raises an error.
    unanswered : {"refuse", "exposure"}
        What a row without a value in ``correct`` means; see `ResponseLog.from_frame`.

    Returns
    -------
    ResponseLog
        A log with one row per id, in the order in which the ids first occur. Rows with the same id
        are one response. The files of 2009 have one row per skill of a response, and the first file
        of 2009 also repeats rows.

    Raises
    ------
    ResponseDataError
        The error lists every problem: missing columns, missing values, partial credit, times that
        cannot be read, rows of one response that contradict each other.
    ParameterError
        The error is raised if an argument is not valid.

    Warns
    -----
    DataWarning
        A warning appears if the reader joined rows, left rows out, or decided whether answers
        between 0 and 1 are right. Each warning says how many rows it is about, and which rows
        (counted from 0 below the header).

    References
    ----------
    M. Feng, N. Heffernan, K. Koedinger (2009). Addressing the assessment challenge with an
    online system that tutors as it assesses. User Modeling and User-Adapted Interaction.

    X. Xiong, S. Zhao, E. Van Inwegen, J. Beck (2016). Going deeper with deep knowledge
    tracing. EDM: on repeated rows, scaffolding and rows per skill in the file of 2009.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     log = read_assistments({
    ...         "order_id": [31, 32, 32, 33], "user_id": [7, 7, 7, 7],
    ...         "problem_id": [501, 502, 502, 503], "original": [1, 1, 1, 0],
    ...         "skill_id": [10, 10, 13, 10], "correct": [1, 0, 0, 1],
    ...     })
    >>> log
    ResponseLog(2 responses, 1 student, 2 skills, 2 items)
    >>> print(caught[0].message)
    read_assistments: 4 rows became 2 responses
      - 1 row (row 2): a further skill, joined to its response
      - 1 row (row 3): scaffolding, left out (scaffolding='keep' keeps it)
    """
    check_parameters(
        _SUBJECT,
        {
            "scaffolding": scaffolding,
            "partial_credit": partial_credit,
            "without_skill": without_skill,
            "unanswered": unanswered,
        },
        {
            "scaffolding": (OneOf(("drop", "keep")),),
            "partial_credit": (OneOf(("refuse", "drop")), Interval(0, 1, "right")),
            "without_skill": (OneOf(("drop", "refuse")),),
            "unanswered": (OneOf(("refuse", "exposure")),),
        },
        others=["skill_separator must not be empty"] if skill_separator == "" else [],
    )
    problems: list[str] = []
    table = Table(source)
    available = table.names
    names = _chosen(available, {"skill": skill, "id": id, "item": item, "time": time}, problems)
    original = [_ORIGINAL] if scaffolding == "drop" and _ORIGINAL in available else []
    columns = table.columns([*names.values(), *original, *extra], problems)
    refuse_header(_SUBJECT, table, problems)

    tidy(columns, names, problems)
    of_id = names["skill"] == "skill_id"
    separator = skill_separator or ("_" if of_id else None)
    skills = skills_in(columns[names["skill"]], names["skill"], separator, problems, numbers=of_id)
    skills = [() if found == (_NO_SKILL,) else found for found in skills]
    credit, partial = _credit(columns[_CORRECT], partial_credit, unanswered, problems)
    columns[_CORRECT] = credit
    scaffold = np.zeros(len(partial), bool)
    if original:
        asked = read_correct(columns[_ORIGINAL], _ORIGINAL, "exposure", problems)
        gaps = np.flatnonzero([is_missing(value) for value in columns[_ORIGINAL].tolist()])
        if len(gaps):
            problems.append(
                f"column {_ORIGINAL!r}: {rows_text(gaps)} missing, so that nobody knows whether "
                "these are scaffolding; give 1 or 0, or scaffolding='keep'"
            )
        scaffold = asked == 0
    refuse(table.called(_SUBJECT), problems)

    events = events_of([columns[names["id"]]])
    joining = Joining(_SUBJECT, columns, names, events, skills, table=table)
    for role in ("student", "item", "correct"):
        joining.agree(role)
    joining.drop(scaffold, "scaffolding, left out (scaffolding='keep' keeps it)")
    if partial_credit == "drop":
        joining.drop(partial, "partial credit, left out")
    joining.drop_without_skill(without_skill)
    decided = joining.events.first[joining.keep & partial[joining.events.first]]
    joining.note(decided, f"partial credit, right from {partial_credit} on and wrong below")
    return joining.log(extra=extra, unanswered=unanswered)


def _chosen(
    available: list[str], wanted: Mapping[str, str | bool | None], problems: list[str]
) -> dict[str, str]:
    """The column of each role: the one wanted, or the first usual one that exists."""
    names = {"student": _USUAL["student"][0], "correct": _CORRECT}
    for role, usual in _USUAL.items():
        found = [name for name in usual if name in available]
        if isinstance(choice := wanted.get(role), str):
            names[role] = choice
        elif choice is None and found:
            names[role] = found[0]
        elif role in ("skill", "id"):
            problems.append(
                f"no column of the {role}; expected one of {some(usual)}, or {role}='...'"
            )
    return names


def _credit(
    column: Column, choice: str | float, unanswered: str, problems: list[str]
) -> tuple[Floats, Bools]:
    """1, 0, and NaN for an exposure; and where it was between 0 and 1."""
    partial = np.array(
        [isinstance(value, float) and 0 < value < 1 for value in column.tolist()], bool
    )
    if choice == "refuse" and partial.any():
        rows = np.flatnonzero(partial)
        problems.append(
            f"column {_CORRECT!r}: {rows_text(rows)} with partial credit such as "
            f"{some(column[rows[:1]])}; partial_credit='drop' leaves them out, partial_credit=1.0 "
            "counts them as wrong, a lower number as right from there on"
        )
    column = column.copy()
    column[partial] = column[partial] >= (1.0 if isinstance(choice, str) else choice)
    answers = read_correct(column, _CORRECT, unanswered, problems).astype(np.float64)
    answers[answers < 0] = np.nan
    return answers, partial
