"""DataShop's exports as response logs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from os import PathLike
from typing import Any, Literal

import numpy as np

from adaptlearn.datasets.events import (
    Events,
    Joining,
    answers_in,
    events_of,
    refuse,
    skills_in,
    tidy,
)
from adaptlearn.datasets.formats import refuse_header
from adaptlearn.datasets.tables import Table, as_labels, is_undated
from adaptlearn.labels import is_missing
from adaptlearn.numerics import Bools
from adaptlearn.responses.columns import read_labels, rows_text
from adaptlearn.responses.frames import Column
from adaptlearn.responses.labelled import objects
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import OneOf, check_parameters, some

_SUBJECT = "read_datashop"
_STUDENT, _PROBLEM, _STEP = "Anon Student Id", "Problem Name", "Step Name"
_HIERARCHY, _VIEW, _TIME = "Problem Hierarchy", "Problem View", "First Transaction Time"
_OUTCOMES = ("First Attempt", "Correct First Attempt", "Outcome")
_ANSWERS = {"correct": 1, "incorrect": 0, "hint": 0}
# Of the names that an export repeats, pandas and `Table` number the later ones, Polars marks them.
_MODEL = re.compile(r"KC ?\((.*)\)(?:\.[0-9]+|_duplicated_[0-9]+)?")
# Of transactions.
_EACH, _ATTEMPT, _MOMENT = "Transaction Id", "Attempt At Step", "Time"


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
    """Read a response log from an export of DataShop, or from the KDD Cup 2010.

    The reader accepts exports of student steps and exports of transactions. *Student steps*: a row
    is the work of one student at one step of a problem; the first attempt is the answer.
    *Transactions*: a row is one attempt or one request for a hint; the first row at each step is
    the response. You get the same answers from an export of student steps and from an export of
    transactions.

    Parameters
    ----------
    source : path, or frame
        A file as it was exported, with tabs or with commas. The source can also be a pandas,
        Polars, PyArrow or DuckDB frame, or a mapping of str to array, with the same columns as the
        file. These columns are required: ``Anon Student Id``, ``Problem Name``, ``Step Name``, an
        outcome and a model of knowledge components. The reader also uses ``Row``, ``Problem
        Hierarchy``, ``Problem View`` and ``First Transaction Time`` if they exist. From
        transactions, the reader uses ``Row``, ``Transaction Id``, ``Attempt At Step`` and ``Time``.
    kc_model : str
        The name of the model of knowledge components, as it is in the parentheses of a column's
        name. For example, ``"Default"`` reads the skills from the column ``KC (Default)`` or
        ``KC(Default)``. If a step has several skills, ``~~`` separates the skills in an export of
        student steps. In an export of transactions, each skill of a step has its own column, and
        these columns have the same name.
    outcome : str, optional
        The column of answers: ``correct``, ``incorrect`` and ``hint`` (which counts as
        wrong, as in DataShop's learning curves), or 1 and 0. By default the answers come from
        ``First Attempt`` or ``Correct First Attempt``, or from ``Outcome`` for transactions.
    item : {"step", "problem", False}
        What an item is: a step of a problem, a whole problem, or nothing. A step is labelled
        ``"problem / step"``, because steps of different problems may have the same name.
    time : str or False, optional
        The column of times: datetimes, or texts in ISO 8601. By default the times come from ``First
        Transaction Time``, or from ``Time`` for transactions, if the values have a date. If times
        have no date, such as ``18:05.0``, the reader ignores these times and gives a warning. False
        leaves times out.
    id : str or False, optional
        The column with the numbers of the rows. The row numbers decide the order of responses that
        have the same time. Without times, the row numbers decide the order of all responses. By
        default the row numbers come from ``Row``, if this column exists.
    extra : sequence of str
        Further columns that the log keeps, such as ``"Step Duration (sec)"``. If a response has
        several rows, the log keeps the values of the first row.
    without_skill : {"drop", "refuse"}
        What to do with steps without a knowledge component. ``"drop"`` leaves out steps without a
        knowledge component, and a warning says how many. ``"refuse"`` raises an error.
    unanswered : {"refuse", "exposure"}
        What a student step without an outcome means; see `ResponseLog.from_frame`. The reader
        leaves out transactions without an outcome, such as a tutor's message.

    Returns
    -------
    ResponseLog
        A log with one row per response, in the order of the export. Rows with the same student,
        problem (and its position in the hierarchy), view, step and time are one response. Exports
        repeat a step for each of its skills. If you exported several samples (parts of a data set),
        exports also repeat a step for each sample. Transactions with the same ``Transaction Id``
        are one response.

    Raises
    ------
    ResponseDataError
        The error lists every problem: missing columns (with the names of the available models),
        missing values, unknown outcomes, times that cannot be read, rows of one response that
        contradict each other.
    ParameterError
        The error is raised if an argument is not valid.

    Warns
    -----
    DataWarning
        A warning appears if the reader joined rows, left rows out, or ignored times. Each warning
        says how many rows it is about, and which rows (counted from 0 below the header).

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
    names = {"student": _STUDENT} | _chosen(available, problems, outcome=outcome, time=time, id=id)
    models = _models(available)
    if kc_model not in models:
        problems.append(f"no column 'KC ({kc_model})'; kc_model may be: {some(models) or 'none'}")
    components = models.get(kc_model, [])
    transactions = names.get("correct") == "Outcome"
    useful = [_EACH, _ATTEMPT] if transactions else [_HIERARCHY, _VIEW, _TIME]
    told = [name for name in useful if name in available]
    wanted = [*names.values(), *components, _PROBLEM, _STEP, *told, *extra]
    columns = table.columns(wanted, problems)
    refuse_header(_SUBJECT, table, problems)

    others = _beside_first_attempts(columns, names["correct"]) if transactions else {}
    unused = np.any([*others.values(), np.zeros(len(columns[_STUDENT]), bool)], axis=0)
    for name in (_PROBLEM, _STEP, *names.values()):
        _fill(columns, name, unused, 0 if name == names["correct"] else None)
    undated = "time" in names and time is None and is_undated(columns[names["time"]])
    clock = names.pop("time") if undated else ""
    if item == "step":
        names["item"] = f"{_PROBLEM} / {_STEP}"
        columns[names["item"]] = _steps(columns, problems)
    elif item:
        names["item"] = _PROBLEM
    tidy(columns, names, problems)
    names["skill"] = components[0]
    found = [skills_in(columns[name], name, "~~", problems) for name in components]
    skills = [tuple(dict.fromkeys(chain(*row))) for row in zip(*found, strict=True)]
    name = names["correct"]
    columns[name] = answers_in(columns[name], name, _ANSWERS, unanswered, problems)
    refuse(table.called(_SUBJECT), problems)

    events = _transactions(columns) if transactions else _events(columns, told)
    joining = Joining(_SUBJECT, columns, names, events, skills, table=table)
    joining.agree("correct")
    _check_numbers(joining)
    if undated:
        joining.note(np.arange(len(skills)), _no_clock(clock, columns[clock], "id" in names))
    for fate, rows in others.items():
        joining.drop(rows, fate)
    joining.drop_without_skill(without_skill)
    return joining.log(extra=extra, unanswered=unanswered)


def _models(available: list[str]) -> dict[str, list[str]]:
    """The columns of each model of knowledge components."""
    models: dict[str, list[str]] = {}
    for name in available:
        if found := _MODEL.fullmatch(name):
            models.setdefault(found[1], []).append(name)
    return models


def _chosen(
    available: list[str],
    problems: list[str],
    *,
    outcome: str | None,
    time: str | Literal[False] | None,
    id: str | Literal[False] | None,  # noqa: A002
) -> dict[str, str]:
    """The columns of outcome, time and id, by what the caller wants and what there is."""
    names = {}
    outcomes = [outcome] if outcome else [name for name in _OUTCOMES if name in available]
    if outcomes:
        names["correct"] = outcomes[0]
    else:
        problems.append(f"no column of outcomes; expected one of {some(_OUTCOMES)}")
    moment = _MOMENT if names.get("correct") == "Outcome" else _TIME
    for role, wanted, usual in (("time", time, moment), ("id", id, "Row")):
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


def _beside_first_attempts(columns: dict[str, Column], outcome: str) -> dict[str, Bools]:
    """Transactions that are no response, as masks by what they are."""
    none = np.array([is_missing(value) for value in columns[outcome].tolist()], bool)
    others = {"without an outcome, left out": none}
    if _ATTEMPT in columns:
        attempts = columns[_ATTEMPT].tolist()
        gaps = np.array([is_missing(attempt) for attempt in attempts], bool)
        if not gaps.all():  # a column that nobody filled says nothing
            later = np.array([attempt != 1 for attempt in attempts], bool)
            others["at no step that counts its attempts, left out"] = gaps & ~none
            others["a later attempt at its step, left out"] = later & ~gaps & ~none
    return others


def _fill(columns: dict[str, Column], name: str, unused: Bools, value: Any) -> None:
    """A value for the gaps of a column in rows that will be left out: None takes any of its own."""
    values = columns[name].tolist()
    gaps = [row for row in np.flatnonzero(unused).tolist() if is_missing(values[row])]
    if gaps:
        if value is None:
            value = next((own for own in values if not is_missing(own)), None)
        for row in gaps:
            values[row] = value
        columns[name] = objects(values)


def _transactions(columns: dict[str, Column]) -> Events:
    """Rows of one transaction: an export of several samples repeats it for each."""
    rows = np.arange(len(columns[_STUDENT]))
    if _EACH not in columns or any(map(is_missing, columns[_EACH].tolist())):
        return Events(rows, rows)
    return events_of([columns[_EACH]])


def _events(columns: dict[str, Column], told: Sequence[str]) -> Events:
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


def _no_clock(name: str, column: Column, numbered: bool) -> str:
    example = next(value for value in column.tolist() if value is not None)
    order = "the numbers of the rows give" if numbered else "the place of the rows gives"
    return f"{name!r} has no date ({example!r}) and is not used; {order} the order"
