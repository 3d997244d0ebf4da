"""Junyi Academy's problem logs as response logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, NamedTuple

import numpy as np

from adaptlearn.datasets.events import Events, Joining, Skills, answers_in, refuse, skills_in, tidy
from adaptlearn.datasets.formats import refuse_header
from adaptlearn.datasets.tables import Table, as_labels, as_seconds
from adaptlearn.errors import ResponseDataError
from adaptlearn.labels import is_missing
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.frames import Column
from adaptlearn.responses.labelled import objects
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import OneOf, check_parameters, some

_READER = "read_junyi"
_WORDS = {"true": 1, "false": 0}


class _Layout(NamedTuple):
    names: Mapping[str, str]  # of each role; an exercise is the skill unless another is wanted
    hint: str
    exercise: str  # in the table of exercises
    title: str  # of that table


_OF_2015 = _Layout(
    {"student": "user_id", "correct": "correct", "skill": "exercise", "time": "time_done"},
    "hint_used",
    "name",
    "junyi_Exercise_table.csv",
)
_OF_2020 = _Layout(
    {
        "student": "uuid",
        "correct": "is_correct",
        "skill": "ucid",
        "time": "timestamp_TW",
        "item": "upid",
    },
    "is_hint_used",
    "ucid",
    "Info_Content.csv",
)
_TYPE = "problem_type"


def read_junyi(
    source: Any | str | PathLike[str],
    *,
    skill: str | None = None,
    exercises: Any | str | PathLike[str] | None = None,
    hinted: Literal["wrong", "drop"] = "wrong",
    extra: Sequence[str] = (),
    without_skill: Literal["drop", "refuse"] = "drop",
) -> ResponseLog:
    """Read a response log from a problem log of Junyi Academy (2015 or 2020).

    Parameters
    ----------
    source : path, or frame
        For 2015, the file ``junyi_ProblemLog_original.csv``, with ``user_id``, ``exercise``,
        ``time_done`` and ``correct``. For 2020, the file ``Log_Problem.csv``, with ``uuid``,
        ``ucid``, ``upid``, ``timestamp_TW`` and ``is_correct``. For a large file, a frame is much
        faster than a path.
    skill : str, optional
        The column of skills, in the log or in `exercises`. By default the exercise is the skill:
        ``exercise`` in 2015, ``ucid`` in 2020.
    exercises : path, or frame, optional
        A table that assigns each exercise to larger groups. For 2015, pass
        ``junyi_Exercise_table.csv``, which allows ``skill="topic"`` and ``skill="area"``. For 2020,
        pass ``Info_Content.csv``, which allows ``skill="level4_id"`` and the levels above.
    hinted : {"wrong", "drop"}
        What to do with answers for which the student took a hint. ``"wrong"`` counts answers with a
        hint as wrong, as the files do (``correct`` is false if the student took a hint). ``"drop"``
        leaves them out.
    extra : sequence of str
        Further columns that the log keeps, such as ``"time_taken"``.
    without_skill : {"drop", "refuse"}
        What to do with answers to exercises that have no skill in `exercises`. ``"drop"`` leaves
        out answers to exercises without a skill, and a warning says how many. ``"refuse"`` raises
        an error.

    Returns
    -------
    ResponseLog
        A log with one row per problem, in the order of the file. Items are problems. In 2020 an
        item is the ``upid``; in 2015 an item is the exercise and its ``problem_type``, as
        ``"exercise / type"``. For 2015, times in the log are in seconds (in the file, in
        microseconds). The times of 2020 are rounded to a quarter of an hour. If answers of a
        student have the same time, they keep the order of the rows in the file.

    Raises
    ------
    ResponseDataError
        The error lists every problem: missing columns, missing values, answers that are neither
        true nor false, times that cannot be read.
    ParameterError
        The error is raised if an argument is not valid.
    OSError
        The error is raised if the file does not exist, or if you have no permission to read it.

    Warns
    -----
    DataWarning
        A warning appears if the reader left rows out. The warning says how many rows were left out,
        and which rows (counted from 0 below the header). If the file of 2020 contains answers that
        look repeated because their times are rounded, a second warning reports these answers.

    References
    ----------
    H.-S. Chang, H.-J. Hsu, K.-T. Chen (2015). Modeling exercise relationships in e-learning:
    a unified approach. EDM.

    P. Pojen, M.-E. Hsieh, T.-Y. Tzeng (2020). Junyi Academy online learning activity dataset.

    Examples
    --------
    >>> log = read_junyi({
    ...     "user_id": [12, 12, 7], "exercise": ["adding_1", "adding_1", "adding_2"],
    ...     "problem_type": ["0", "1", "0"], "hint_used": [False, True, False],
    ...     "time_done": [1420000000000000, 1420000030000000, 1420000100000000],
    ...     "correct": [True, False, True],
    ... })
    >>> log
    ResponseLog(3 responses, 2 students, 2 skills, 3 items)
    >>> log.correct.tolist(), log.item.labels.tolist()
    ([1, 0, 1], ['adding_1 / 0', 'adding_1 / 1', 'adding_2 / 0'])
    """
    check_parameters(
        _READER,
        {"hinted": hinted, "without_skill": without_skill},
        {
            "hinted": (OneOf(("wrong", "drop")),),
            "without_skill": (OneOf(("drop", "refuse")),),
        },
    )
    problems: list[str] = []
    table = Table(source)
    layout = _OF_2020 if "uuid" in table.names else _OF_2015
    names = dict(layout.names)
    exercise = names["skill"]
    typed = layout is _OF_2015 and _TYPE in table.names
    skill = skill or exercise
    own = skill == exercise or skill in table.names
    used = [*names.values(), *([skill] if own else []), *([_TYPE] if typed else [])]
    used += [layout.hint] if hinted == "drop" else []
    columns = table.columns([*used, *extra], problems)
    if not own and exercises is None:
        problems.append(
            f"no column {skill!r}; give the table that has it, as exercises={layout.title!r}"
        )
    refuse_header(_READER, table, problems)

    if layout is _OF_2015:
        names["item"] = f"{exercise} / {_TYPE}" if typed else exercise
        columns[names["item"]] = _items(columns[exercise], columns.get(_TYPE))
        columns[names["time"]] = as_seconds(columns[names["time"]], names["time"], 10**6, problems)
    else:
        columns[names["time"]] = _without_zone(columns[names["time"]])
    tidy(columns, names, problems, remedy="")
    if own:
        names["skill"] = skill
        skills = skills_in(columns[skill], skill, None, problems)
    else:
        names["skill"] = f"{skill} of the exercise"
        skill_of = _exercises(exercises, layout, skill)
        skills = [skill_of.get(found, ()) for found in columns[exercise].tolist()]
    name = names["correct"]
    columns[name] = answers_in(columns[name], name, _WORDS, "refuse", problems)
    hints = np.zeros(len(skills), bool)
    if hinted == "drop":
        hints = answers_in(columns[layout.hint], layout.hint, _WORDS, "refuse", problems) == 1
    refuse(table.called(_READER), problems)

    rows = np.arange(len(skills))
    joining = Joining(_READER, columns, names, Events(rows, rows), skills, table=table)
    joining.drop(hints, "with a hint, left out (hinted='wrong' counts it as wrong)")
    joining.drop_without_skill(without_skill)
    return joining.log(extra=extra)


def _items(exercises: Column, types: Column | None) -> Column:
    """The problem of each row, by its exercise and its type where it has one."""
    if types is None:
        return exercises
    pairs = zip(exercises.tolist(), as_labels(types).tolist(), strict=True)
    return objects(
        [exercise if is_missing(kind) else f"{exercise} / {kind}" for exercise, kind in pairs]
    )


def _without_zone(column: Column) -> Column:
    """Texts such as ``2018-09-01 08:15:00 UTC`` as the clock in Taiwan that their column names."""
    if column.dtype.kind != "O":
        return column
    return objects([v.removesuffix(" UTC") if isinstance(v, str) else v for v in column.tolist()])


def _exercises(exercises: Any, layout: _Layout, skill: str) -> dict[Any, Skills]:
    """The skills of each exercise, none where its row has a gap."""
    problems: list[str] = []
    table = Table(exercises)
    columns = table.columns([layout.exercise, skill], problems)
    if problems:
        problems.append(f"the columns of `exercises` are {some(table.names, 30)}")
        raise ResponseDataError(table.called(f"{_READER}, exercises"), problems)
    skills = skills_in(columns[skill], skill, None, problems)
    of: dict[Any, Skills] = {}
    unlike = [
        row
        for row, (exercise, found) in enumerate(
            zip(columns[layout.exercise].tolist(), skills, strict=True)
        )
        if of.setdefault(exercise, found) != found
    ]
    if unlike:
        problems.append(
            f"column {skill!r}: {rows_text(np.array(unlike))} with another value than an earlier "
            "row of the same exercise"
        )
    refuse(table.called(f"{_READER}, exercises"), problems)
    return of
