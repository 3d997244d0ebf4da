"""Tables of the Item Response Warehouse, read as response logs and written from them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.datasets.events import Events, Joining, Skills, answers_in, refuse, skills_in, tidy
from adaptlearn.datasets.formats import refuse_header
from adaptlearn.datasets.tables import Table
from adaptlearn.errors import ResponseDataError
from adaptlearn.files import write_text
from adaptlearn.labels import is_missing
from adaptlearn.numerics import Floats
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.frames import Column
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import Interval, OneOf, check_parameters, some

_READER, _WRITER = "read_irw", "write_irw"
_STUDENT, _ITEM, _RESPONSE, _TIME = "id", "item", "resp", "date"
_ONE_SKILL = "the whole file"
_Q_MATRIX = re.compile("qmatrix.*", re.IGNORECASE | re.DOTALL)
# Columns that the standard knows; others are covariates, and begin with `cov_`.
_STANDARD = re.compile("rt|wave|treat|rater|process|item_family|(item)?cov_.*|trial_.*", re.DOTALL)


def read_irw(
    source: Any | str | PathLike[str],
    *,
    skill: str | None = None,
    right_from: float | None = None,
    extra: Sequence[str] = (),
    without_skill: Literal["drop", "refuse"] = "drop",
) -> ResponseLog:
    """Read a response log from a table of the Item Response Warehouse (IRW).

    Parameters
    ----------
    source : path, or frame
        A table in the standard of the IRW. Each row is a response, with ``id`` (the student),
        ``item`` and ``resp`` (a number). Many tables also have ``date`` (seconds), ``rt`` (seconds)
        and further columns.
    skill : str, optional
        The column of skills, such as ``"item"``. By default the skills of a row are the names of
        the ``qmatrix...`` columns that contain 1 in the row. If there are no ``qmatrix...``
        columns, all items have the same skill, ``"the whole file"``.
    right_from : float, optional
        Responses of at least `right_from` are right; lower responses are wrong. You need
        `right_from` if responses are not 0 and 1, for example on a scale from 1 to 5.
    extra : sequence of str
        Further columns that the log keeps, such as ``"rt"``, ``"wave"`` or a column ``"cov_..."``.
    without_skill : {"drop", "refuse"}
        What to do with responses that have 0 in all columns of skills. ``"drop"`` leaves out
        responses without a skill, and a warning says how many. ``"refuse"`` raises an error.

    Returns
    -------
    ResponseLog
        A log with one row per response, in the order of the table. The reader leaves out rows
        without a response.

    Raises
    ------
    ResponseDataError
        The error lists every problem: missing columns, missing values, responses other than 0 and
        1.
    ParameterError
        The error is raised if an argument is not valid.
    OSError
        The error is raised if the file does not exist, or if you have no permission to read it.

    Warns
    -----
    DataWarning
        The warning says how many rows were left out, and which rows (counted from 0 below the
        header). If you pass `right_from`, a warning says from which number on responses count as
        right.

    See Also
    --------
    write_irw : Writes a log as a table of the IRW.

    References
    ----------
    B. Domingue et al. (2025). An introduction to the Item Response Warehouse (IRW): a resource
    for enhancing data usage in psychometrics. Behavior Research Methods 57.

    Examples
    --------
    >>> table = {"id": [1, 1, 2, 2], "item": ["a", "b", "a", "b"], "resp": [1, 0, 1, 1],
    ...          "qmatrix1": [1, 1, 1, 1], "qmatrix2": [0, 1, 0, 1]}
    >>> log = read_irw(table)
    >>> log, log.skill.labels.tolist()
    (ResponseLog(4 responses, 2 students, 2 skills, 2 items), ['qmatrix1', 'qmatrix2'])
    """
    check_parameters(
        _READER,
        {"right_from": right_from, "without_skill": without_skill},
        {
            "right_from": (OneOf((None,)), Interval(-1e9, 1e9)),
            "without_skill": (OneOf(("drop", "refuse")),),
        },
    )
    problems: list[str] = []
    table = Table(source)
    names = {"student": _STUDENT, "correct": _RESPONSE, "item": _ITEM}
    names |= {"time": _TIME} if _TIME in table.names else {}
    matrix = [name for name in table.names if _Q_MATRIX.fullmatch(name)] if skill is None else []
    used = [*names.values(), *matrix, *([skill] if skill else [])]
    columns = table.columns([*used, *extra], problems)
    refuse_header(_READER, table, problems)

    tidy(columns, names, problems, remedy="")
    names["skill"] = skill or ", ".join(matrix) or _ONE_SKILL
    if skill:
        skills = skills_in(columns[skill], skill, None, problems)
    elif matrix:
        skills = _skills_of(columns, matrix, problems)
    else:
        skills = [(_ONE_SKILL,)] * len(columns[_STUDENT])
    columns[_RESPONSE] = _answers(columns[_RESPONSE], right_from, problems)
    refuse(table.called(_READER), problems)

    rows = np.arange(len(skills))
    silent = np.isnan(columns[_RESPONSE])
    columns[_RESPONSE][silent] = 0
    joining = Joining(_READER, columns, names, Events(rows, rows), skills, table=table)
    joining.drop(silent, "without a response, left out")
    if right_from is not None:
        joining.note(np.flatnonzero(~silent), f"right from {right_from:g} on and wrong below")
    joining.drop_without_skill(without_skill)
    return joining.log(extra=extra)


def _skills_of(columns: dict[str, Column], names: list[str], problems: list[str]) -> list[Skills]:
    marks = [answers_in(columns[name], name, {}, "exposure", problems) for name in names]
    return [
        tuple(name for name, mark in zip(names, row, strict=True) if mark == 1)
        for row in zip(*(mark.tolist() for mark in marks), strict=True)
    ]


def _answers(column: Column, right_from: float | None, problems: list[str]) -> Floats:
    """1, 0, and NaN for a gap."""
    values = column.tolist()
    bad = [
        row for row, v in enumerate(values) if not (is_missing(v) or isinstance(v, (int, float)))
    ]
    if bad:
        problems.append(
            f"column {_RESPONSE!r}: {rows_text(np.array(bad))} such as {values[bad[0]]!r}; "
            "expected numbers"
        )
        return np.zeros(len(values))
    numbers = np.array([np.nan if is_missing(value) else float(value) for value in values])
    if right_from is not None:
        return np.where(np.isnan(numbers), np.nan, numbers >= right_from)
    other = np.flatnonzero(~np.isin(numbers, (0, 1)) & ~np.isnan(numbers))
    if len(other):
        problems.append(
            f"column {_RESPONSE!r}: {rows_text(other)} neither 0 nor 1 (such as "
            f"{some(numbers[other[:1]])}); say from which number on a response is right: "
            f"right_from={np.nanmax(numbers):g}"
        )
    return numbers


def write_irw(log: ResponseLog, path: str | PathLike[str], *, q_matrix: bool = True) -> None:
    """Write a response log as a table in the standard of the Item Response Warehouse (IRW).

    Parameters
    ----------
    log : ResponseLog
        A log with items.
    path : path
        The file to write: a CSV file in UTF-8.
    q_matrix : bool
        Whether to write each item's skills as columns ``qmatrix1``, ``qmatrix2``, ..., in the order
        of ``log.skill.labels``. The file does not contain the names of the skills, because the
        standard has no column for these names. If the log has only one skill, the file has no
        ``qmatrix`` columns.

    Raises
    ------
    ResponseDataError
        The error is raised if the log has no items, or if an item has different skills in different
        rows.
    OSError
        The error is raised if the file cannot be written.

    Notes
    -----
    Columns: ``id``, ``item``, ``resp`` (``NA`` for an exposure), ``date`` (seconds, if the log has
    times), the skills, and the log's further columns. If the standard does not contain the name of
    a further column, its name becomes ``cov_NAME``.

    See Also
    --------
    read_irw : Reads a table of the IRW as a log.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from adaptlearn import ResponseLog
    >>> log = ResponseLog.from_frame({
    ...     "student": ["ann", "bob"], "item": ["7+5", "7+5"], "skill": ["carry", "carry"],
    ...     "correct": [1, 0], "time": [60.0, 75.5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_irw(log, Path(folder, "sums.csv"))
    ...     print(Path(folder, "sums.csv").read_text())
    id,item,resp,date
    ann,7+5,1,60
    bob,7+5,0,75.5
    <BLANKLINE>
    """
    if log.item is None:
        problem = "it has no items; read it with item='...', the column that names the questions"
        raise ResponseDataError(_WRITER, [problem])
    columns: dict[str, list[Any]] = {
        _STUDENT: log.student.values.tolist(),
        _ITEM: log.item.values.tolist(),
        _RESPONSE: ["NA" if answer < 0 else answer for answer in log.correct.tolist()],
    }
    if log.time is not None:
        columns[_TIME] = [f"{time:.6f}".rstrip("0").rstrip(".") for time in log.time.tolist()]
    if q_matrix and log.n_skills > 1:
        marks = _item_skills(log)[log.item.codes]
        columns |= {f"qmatrix{k + 1}": marks[:, k].tolist() for k in range(log.n_skills)}
    for name, column in log.extra.items():
        known = _STANDARD.fullmatch(name) is not None
        columns[name if known else f"cov_{name}"] = [
            "NA" if is_missing(value) else value for value in column.tolist()
        ]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    write_text(path, stream.getvalue())


def _item_skills(log: ResponseLog) -> NDArray[np.int8]:
    """Which skills each item has, shape (n_items, n_skills)."""
    assert log.item is not None
    rows = np.arange(len(log)) if log.skill_rows is None else log.skill_rows
    marks = np.zeros((len(log.item.labels), log.n_skills), np.int8)
    marks[log.item.codes[rows], log.skill.codes] = 1
    n_skills = np.bincount(rows, minlength=len(log))
    unlike = n_skills != marks.sum(axis=1)[log.item.codes]
    if unlike.any():
        items = np.unique(log.item.codes[unlike])
        raise ResponseDataError(
            _WRITER,
            [
                f"{len(items)} items (such as {some(log.item.labels[items[:1]])}) have other "
                "skills in some rows than in others, which no Q-matrix of items can hold; "
                "q_matrix=False leaves the skills out"
            ],
        )
    return marks
