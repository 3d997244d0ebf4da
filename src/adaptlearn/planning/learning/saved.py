"""Learning plans as plain values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import LabelIndex, label_list, saved_labels
from adaptlearn.numerics import Floats
from adaptlearn.planning.learning.arrays import PURPOSES, Evidence, Expected, Weeks
from adaptlearn.planning.learning.calendar import Calendar
from adaptlearn.planning.learning.targets import targets_of
from adaptlearn.serialization import part_of
from adaptlearn.validation import Interval, Numbers, number_array

FORMAT = "adaptlearn-learning-plan"
_SUBJECT = "a learning plan"
_COLUMNS = ("student", "week", "lesson", "purpose", "minutes")
_FLAG = (0.0, 1.0, True)  # lowest, highest, whole
_COUNT = (0.0, 1e9, True)
_MINUTES = (0.0, 1e9, False)
_EXPECTED = {"asked": _FLAG, "met": _FLAG, **dict.fromkeys(("lower", "median", "upper"), _MINUTES)}
_EVIDENCE = {
    "mastery": (0.0, 1.0, False), "answers": _COUNT, "days": _COUNT,
    **dict.fromkeys(("mastered", "granted", "wanted", "needs_teacher"), _FLAG),
}  # fmt: skip


def listed(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays as lists that JSON can store; None stands for never, and days are texts."""
    return {name: None if table is None else _list_of(table) for name, table in tables.items()}


def _list_of(table: Any) -> Any:
    if table.dtype.kind == "M":
        return [*map(str, table)]
    if table.dtype == bool:
        return table.astype(int).tolist()
    if table.dtype.kind != "f" or not np.isinf(table).any():
        return table.tolist()
    never: Any = np.where(np.isinf(table), None, table.astype(object))
    return never.tolist()


def parts_of(content: Mapping[str, Any], curriculum: Curriculum) -> dict[str, Any]:
    """What a plan is made of, from `LearningPlan.to_dict`.

    Raises
    ------
    ParameterError
        Lists everything that is missing or of the wrong kind.
    """
    if content.get("curriculum") != curriculum.fingerprint:
        told = "it is of another curriculum; pass the curriculum that it was made with"
        raise ParameterError(_SUBJECT, [told])
    problems: list[str] = []
    students: list[Any] = part_of(problems, saved_labels, content.get("students"), "students") or []
    targets = targets_of(curriculum)
    tables: dict[str, Any] = {
        "days": None,
        "pace": part_of(problems, _numbers, content, "pace", (len(students),), (1e-9, 1e9, False)),
    }
    for name, kinds, shape in (
        ("expected", _EXPECTED, (len(students), len(targets.kinds))),
        ("evidence", _EVIDENCE, (len(students), len(curriculum.skills))),
    ):
        part: Any = content.get(name)
        held: dict[str, Any] = part if isinstance(part, dict) else {}
        for own, kind in kinds.items():
            if own != "days" or held.get(own) is not None:
                tables[own] = part_of(problems, _numbers, held, own, shape, kind)
    calendar = part_of(problems, _calendar, content.get("calendar"))
    n_items = content.get("n_items")
    if not Interval(1, 12, integer=True).accepts(n_items):
        problems.append(f"n_items is {n_items!r}; expected {Interval(1, 12, integer=True)}")
    weeks = None
    if calendar is not None:
        weeks = part_of(problems, _weeks, content.get("lessons"), calendar, students, curriculum)
    if problems:
        raise ParameterError(_SUBJECT, problems)
    for name in ("lower", "median", "upper"):
        tables[name] = np.nan_to_num(tables[name], nan=np.inf)
    return {
        "students": students,
        "calendar": calendar,
        "weeks": weeks,
        "targets": targets,
        "expected": Expected(**{name: tables[name] for name in _EXPECTED}),
        "evidence": Evidence(**{name: tables[name] for name in _EVIDENCE}),
        "pace": tables["pace"],
        "n_items": n_items,
    }


def _numbers(
    held: Mapping[str, Any], name: str, shape: tuple[int, ...], kind: tuple[float, float, bool]
) -> Any:
    low, high, whole = kind
    expected = Numbers(shape, low, high, gaps=kind is _MINUTES, whole=whole)
    if not shape[0]:
        return np.zeros(shape, bool if kind is _FLAG else int if whole else float)
    array = number_array(held.get(name), name, expected)
    return array.astype(bool) if kind is _FLAG else array


def _calendar(given: Any) -> Calendar:
    if not isinstance(given, dict):
        raise ValueError("calendar is missing")
    try:
        return Calendar(**given)
    except TypeError as error:
        raise ValueError(f"calendar: {error}") from None


def _weeks(given: Any, calendar: Calendar, students: list[Any], curriculum: Curriculum) -> Weeks:
    table: dict[str, Any] = given if isinstance(given, dict) else {}
    columns = [table.get(name) for name in _COLUMNS]
    sizes = [len(column) if isinstance(column, list) else -1 for column in columns]
    if min(sizes) < 0 or len({*sizes}) > 1:
        raise ValueError(f"lessons is not a table of columns of one length: {', '.join(_COLUMNS)}")
    who, week, lesson, purpose, _ = columns
    monday = LabelIndex("week", [str(day) for day in calendar.week_starts()[0]])
    minutes: Floats = np.zeros(0)
    if sizes[0]:
        minutes = number_array(table["minutes"], "minutes", Numbers((sizes[0],), 0.0))
    places = (
        LabelIndex("student", students).codes(who),
        monday.codes(week),
        curriculum.lesson_index.codes(label_list(lesson, "lesson")),
        LabelIndex("purpose", PURPOSES).codes(purpose),
    )
    student, at, which, what = (np.array(codes, np.intp) for codes in places)
    return Weeks(student, at, which, what.astype(np.int8), minutes)
