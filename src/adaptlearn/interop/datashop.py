"""DataShop's student-step exports as response logs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np

from adaptlearn.interop.events import Events, Joining, events_of, refuse, skills_in, tidy
from adaptlearn.interop.tables import Table, as_labels, is_undated
from adaptlearn.numerics import Floats
from adaptlearn.responses.columns import read_correct, read_labels, rows_text
from adaptlearn.responses.frames import Column
from adaptlearn.responses.labelled import objects
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import OneOf, check_parameters, some

_SUBJECT = "read_datashop"
_STUDENT, _PROBLEM, _STEP = "Anon Student Id", "Problem Name", "Step Name"
_HIERARCHY, _VIEW, _TIME = "Problem Hierarchy", "Problem View", "First Transaction Time"
_OUTCOMES = ("First Attempt", "Correct First Attempt")
_ANSWERS = {"correct": 1, "incorrect": 0, "hint": 0}
_MODEL = re.compile(r"KC ?\((.*)\)")


def read_datashop(
    source: Any | str | PathLike[str],
    *,
    kc_model: str = "Default",
    outcome: str | None = None,
    item: Literal["step", "problem", False] = "step",
    time: str | Literal[False] | None = None,
    id: str | Literal[False] | None = None,  # noqa: A002 - as in `ResponseLog.from_frame`
    extra: Sequence[str] = (),
    without_skill: Literal["drop", "refuse"] = "drop",
    unanswered: Literal["refuse", "exposure"] = "refuse",
) -> ResponseLog:
    """A response log of a student-step export of DataShop, or of the KDD Cup 2010.

    A row of such an export is what one student did at one step of a problem; the answer is
    that of the first attempt.

    Parameters
    ----------
    source : path, or frame
        A file as it was exported, with tabs or with commas; or a pandas, Polars, PyArrow or
        DuckDB frame, or a mapping of str to array, with the same columns. Needed are
        ``Anon Student Id``, ``Problem Name``, ``Step Name``, an outcome and a model of
        knowledge components; used are ``Row``, ``Problem Hierarchy``, ``Problem View`` and
        ``First Transaction Time`` where they exist.
    kc_model : str
        The name in parentheses: ``"Default"`` takes the skills from ``KC (Default)`` or
        ``KC(Default)``. Between several skills of a step stands ``~~``.
    outcome : str, optional
        The column of answers: ``correct``, ``incorrect`` and ``hint`` (which counts as
        wrong, as in DataShop's learning curves), or 1 and 0. By default ``First Attempt``,
        else ``Correct First Attempt``.
    item : {"step", "problem", False}
        What an item is: a step of a problem, labelled ``"problem / step"``, for steps of
        different problems share names; a whole problem; or nothing.
    time : str or False, optional
        The column of times, datetimes or texts of ISO 8601. By default
        ``First Transaction Time``, if its values have a date: times such as ``18:05.0`` are
        no clock, are not used, and a warning says so. False leaves times out.
    id : str or False, optional
        The column that numbers the rows, which orders responses at the same time, or all
        where there are no times. By default ``Row`` where it exists.
    extra : sequence of str
        Further columns to keep, such as ``"Step Duration (sec)"``. Of a response written in
        several rows, the first row's value is kept.
    without_skill : {"drop", "refuse"}
        What happens to steps without a knowledge component: they are left out, and counted
        in a warning; or they are an error.
    unanswered : {"refuse", "exposure"}
        As in `ResponseLog.from_frame`: what a row without an outcome is.

    Returns
    -------
    ResponseLog
        One row per response, in the order of the export. Rows of one student, problem (with
        its place in the hierarchy), view, step and time are one response: exports repeat a
        step for each of its skills, or for each sample that was chosen.

    Raises
    ------
    ResponseDataError
        Lists every problem: missing columns (and which models there are), gaps, other
        outcomes, times that cannot be read, rows of one response that contradict each other.
    ParameterError
        Arguments that cannot be meant.

    Warns
    -----
    DataWarning
        Rows were joined or left out, or times were not used: each with how many and which
        rows (counted from 0 below the header).

    References
    ----------
    K. Koedinger, R. Baker, K. Cunningham, A. Skogsholm, B. Leber, J. Stamper (2010). A data
    repository for the EDM community: the PSLC DataShop. Handbook of Educational Data Mining.

    Examples
    --------
    >>> log = read_datashop({
    ...     "Anon Student Id": ["Stu_1", "Stu_1", "Stu_2"],
    ...     "Problem Name": ["pizza", "pizza", "pizza"],
    ...     "Step Name": ["cut", "share", "cut"],
    ...     "First Transaction Time": ["2024-03-01 08:00:07.0", "2024-03-01 08:00:31.0",
    ...                                "2024-03-01 09:12:00.0"],
    ...     "First Attempt": ["incorrect", "correct", "hint"],
    ...     "KC (Default)": ["halves", "halves~~fair shares", "halves"],
    ... })
    >>> log
    ResponseLog(3 responses, 2 students, 2 skills, 2 items)
    >>> log.correct.tolist(), log.item.labels.tolist()
    ([0, 1, 0], ['pizza / cut', 'pizza / share'])
    """
    check_parameters(
        _SUBJECT,
        {"item": item, "without_skill": without_skill, "unanswered": unanswered},
        {
            "item": (OneOf(("step", "problem", False)),),
            "without_skill": (OneOf(("drop", "refuse")),),
            "unanswered": (OneOf(("refuse", "exposure")),),
        },
    )
    problems: list[str] = []
    table = Table(source)
    available = table.names
    names = {"student": _STUDENT} | _chosen(
        available, problems, kc_model=kc_model, outcome=outcome, time=time, id=id
    )
    told = [name for name in (_HIERARCHY, _VIEW, _TIME) if name in available]
    columns = table.columns([*names.values(), _PROBLEM, _STEP, *told, *extra], problems)
    refuse(_SUBJECT, problems)

    undated = "time" in names and time is None and is_undated(columns[_TIME])
    if undated:
        del names["time"]
    if item == "step":
        names["item"] = f"{_PROBLEM} / {_STEP}"
        columns[names["item"]] = _steps(columns, problems)
    elif item:
        names["item"] = _PROBLEM
    tidy(columns, names, problems)
    skills = skills_in(columns[names["skill"]], names["skill"], "~~", problems)
    name = names["correct"]
    columns[name] = _answers(columns[name], name, unanswered, problems)
    refuse(_SUBJECT, problems)

    joining = Joining(_SUBJECT, columns, names, _events(columns, told), skills)
    joining.agree("correct")
    _check_numbers(joining)
    if undated:
        joining.note(np.arange(len(columns[_TIME])), _no_clock(columns[_TIME], "id" in names))
    joining.drop_without_skill(without_skill)
    return joining.log(extra=extra, unanswered=unanswered)


def _chosen(
    available: list[str],
    problems: list[str],
    *,
    kc_model: str,
    outcome: str | None,
    time: str | Literal[False] | None,
    id: str | Literal[False] | None,  # noqa: A002
) -> dict[str, str]:
    """The columns of skill, outcome, time and id, by what the caller wants and what there is."""
    names = {}
    models = {found[1]: name for name in available if (found := _MODEL.fullmatch(name))}
    if kc_model in models:
        names["skill"] = models[kc_model]
    else:
        problems.append(f"no column 'KC ({kc_model})'; kc_model may be: {some(models) or 'none'}")
    outcomes = [outcome] if outcome else [name for name in _OUTCOMES if name in available]
    if outcomes:
        names["correct"] = outcomes[0]
    else:
        problems.append(f"no column of outcomes; expected one of {some(_OUTCOMES)}")
    for role, wanted, usual in (("time", time, _TIME), ("id", id, "Row")):
        if wanted:
            names[role] = wanted
        elif wanted is None and usual in available:
            names[role] = usual
    return names


def _steps(columns: dict[str, Column], problems: list[str]) -> Column:
    parts = [as_labels(columns[name]) for name in (_PROBLEM, _STEP)]
    for part, name in zip(parts, (_PROBLEM, _STEP), strict=True):
        read_labels(part, "item", name, problems)
    pairs = list(zip(*(part.tolist() for part in parts), strict=True))
    label_of = {pair: f"{pair[0]} / {pair[1]}" for pair in pairs}
    if len(set(label_of.values())) < len(label_of):
        problems.append(
            f"columns {_PROBLEM!r} and {_STEP!r}: different pairs make the same 'problem / step'"
        )
    return objects([label_of[pair] for pair in pairs])


def _answers(column: Column, name: str, unanswered: str, problems: list[str]) -> Floats:
    """1, 0, and NaN for an exposure."""
    if column.dtype.kind == "O":
        values = column.tolist()
        read = [_ANSWERS.get(v.strip().lower(), v) if isinstance(v, str) else v for v in values]
        bad = [row for row, value in enumerate(read) if isinstance(value, str)]
        if bad:
            problems.append(
                f"column {name!r}: {rows_text(np.array(bad))} such as {values[bad[0]]!r}; "
                f"expected {some(_ANSWERS)}, or 1 and 0"
            )
            return np.zeros(len(column))
        column = objects(read)
    answers = read_correct(column, name, unanswered, problems).astype(np.float64)
    answers[answers < 0] = np.nan
    return answers


def _events(columns: dict[str, Column], told: list[str]) -> Events:
    """The response each row belongs to."""
    if not {_VIEW, _TIME} & set(told):  # nothing tells a row that is there twice from practice
        rows = np.arange(len(columns[_STUDENT]))
        return Events(rows, rows)
    return events_of([as_labels(columns[name]) for name in (_STUDENT, _PROBLEM, _STEP, *told)])


def _check_numbers(joining: Joining) -> None:
    name = joining.names.get("id")
    if name is not None:
        first = joining.events.first
        _, place = np.unique(events_of([joining.columns[name][first]]).of_row, return_index=True)
        again = np.delete(first, place)
        if len(again):
            joining.problems.append(
                f"column {name!r}: {rows_text(again)} with the number of another response; "
                "number the rows of joined exports anew, or leave them out with id=False"
            )


def _no_clock(column: Column, numbered: bool) -> str:
    example = next(value for value in column.tolist() if value is not None)
    order = "the numbers of the rows give" if numbered else "the place of the rows gives"
    return f"{_TIME!r} has no date ({example!r}) and is not used; {order} the order"
