"""Rows of a curriculum's tables, read one by one into raw parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from adaptlearn.curriculum.content.draft import (
    Draft,
    RawCourseUnit,
    RawEdge,
    RawEncompassing,
    RawSkill,
    RawStandard,
    RawUnit,
    Repair,
)
from adaptlearn.labels import Label, as_label, is_missing
from adaptlearn.validation import some

_Row = TypeVar("_Row")

TABLES: dict[str, tuple[str, ...]] = {
    "skills": ("skill", "title", "threshold"),
    "prerequisites": ("prerequisite", "skill", "group"),
    "encompasses": ("skill", "encompassed", "weight"),
    "lessons": ("lesson", "skills", "title", "minutes", "kind", "difficulty", "tags", "mode"),
    "items": ("item", "skills"),
    "standards": ("standard", "skills", "title", "grade"),
    "courses": ("course", "unit", "standards", "skills", "title", "unit_title", "grade"),
}
REQUIRED = {
    "skills": ("skill",),
    "prerequisites": ("prerequisite", "skill"),
    "encompasses": ("skill", "encompassed", "weight"),
    "lessons": ("lesson", "skills"),
    "items": ("item", "skills"),
    "standards": ("standard", "skills"),
    "courses": ("course",),
}
_COURSE = ("course", "title", "grade", "units")
_UNIT = ("unit", "title", "standards", "skills")


def read_tables(content: Mapping[str, Any], draft: Draft, separator: str | None) -> None:
    """Read plain lists and mappings, by table, into a draft."""
    reader = _Reader(draft, separator)
    given = {table: content.get(table) for table in TABLES}
    if given["skills"] is not None:
        draft.skills = reader.rows("skills", given["skills"], reader.skill)
    if given["prerequisites"] is not None:
        draft.edges = reader.rows("prerequisites", given["prerequisites"], reader.edge)
    if given["encompasses"] is not None:
        draft.encompasses = reader.rows("encompasses", given["encompasses"], reader.encompassing)
    if given["lessons"] is not None:
        draft.lessons = reader.rows("lessons", given["lessons"], reader.unit)
    if given["items"] is not None:
        draft.items = reader.rows("items", given["items"], reader.unit)
    if given["standards"] is not None:
        draft.standards = reader.rows("standards", given["standards"], reader.standard)
    if given["courses"] is not None:
        parts = reader.rows("courses", given["courses"], reader.course)
        draft.courses = [unit for units in parts for unit in units]


class _Reader:
    """Reads rows one by one; what it cannot read it reports and leaves out."""

    def __init__(self, draft: Draft, separator: str | None) -> None:
        self._draft = draft
        self._separator = separator

    def rows(self, table: str, given: Any, read: Callable[[Any, str, int], _Row]) -> list[_Row]:
        if isinstance(given, Mapping) and not is_view_of_edges(given):
            given = _mapping_rows(given, table)
        if not isinstance(given, Iterable) or isinstance(given, (str, bytes)):
            self._draft.fatal.append(f"{table} is a {type(given).__name__}; expected a list")
            return []
        found = []
        for number, raw in enumerate(given):
            try:
                found.append(read(raw, table, number))
            except _MalformedError as error:
                fault = Repair("malformed", f"{table} row {number}: {error}", "dropped the row")
                self._draft.faults.append(fault)
        return found

    def skill(self, raw: Any, table: str, number: int) -> RawSkill:
        if not isinstance(raw, Mapping):
            return RawSkill(_checked_label(raw, "skill"))
        record = self._record(raw, table, number)
        return RawSkill(_label(record, "skill"), _title(record), given_or_none(record, "threshold"))

    def edge(self, raw: Any, table: str, number: int) -> RawEdge:
        if _is_row(raw, 2):
            (before, skill), grouped = raw, False
        else:
            record = self._record(raw, table, number)
            before, skill = record.get("prerequisite"), record.get("skill")
            grouped = given_or_none(record, "group") is not None
        if isinstance(before, (list, tuple, np.ndarray)):
            several = tuple(_checked_label(one, "prerequisite") for one in before)
            if not several:
                raise _MalformedError("prerequisite is an empty list; expected alternatives")
            return RawEdge(several, _checked_label(skill, "skill"), True)
        one = _checked_label(before, "prerequisite")
        return RawEdge((one,), _checked_label(skill, "skill"), grouped)

    def encompassing(self, raw: Any, table: str, number: int) -> RawEncompassing:
        if _is_row(raw, 3):
            raw = dict(zip(TABLES[table], raw, strict=True))
        record = self._record(raw, table, number)
        return RawEncompassing(
            _label(record, "skill"), _label(record, "encompassed"), record.get("weight")
        )

    def unit(self, raw: Any, table: str, number: int) -> RawUnit:
        record = self._record(raw, table, number)
        role = TABLES[table][0]
        label = _label(record, role)
        skills = self._labels(record, "skills", f"{role} {label!r}")
        minutes = given_or_none(record, "minutes")
        if "minutes" in record and minutes is None:
            minutes = math.nan  # a gap; who does not know the minutes leaves them out
        kind, difficulty = given_or_none(record, "kind"), given_or_none(record, "difficulty")
        tags = tuple(self._split(record.get("tags")))
        mode = given_or_none(record, "mode")
        return RawUnit(label, skills, _title(record), minutes, kind, difficulty, tags, mode)

    def standard(self, raw: Any, table: str, number: int) -> RawStandard:
        record = self._record(raw, table, number)
        label = _label(record, "standard")
        skills = self._labels(record, "skills", f"standard {label!r}")
        return RawStandard(label, skills, _title(record), given_or_none(record, "grade"))

    def course(self, raw: Any, table: str, number: int) -> list[RawCourseUnit]:
        """A course with its units, or one unit of a course."""
        if not isinstance(raw, Mapping) or "units" not in raw:
            return [self._course_unit(self._record(raw, table, number))]
        record = self._record(raw, table, number, _COURSE)
        course = _label(record, "course")
        if isinstance(record["units"], (str, Mapping)) or not isinstance(record["units"], Iterable):
            raise _MalformedError(
                f"course {course!r} has units {record['units']!r}; expected a list"
            )
        shared = {
            "course": course,
            "title": _title(record),
            "grade": given_or_none(record, "grade"),
        }
        found = []
        for part in record["units"]:
            unit = self._record(part, table, number, _UNIT)
            kept = {"unit": _label(unit, "unit"), "unit_title": _title(unit)}
            lists = {name: unit.get(name) for name in ("standards", "skills")}
            found.append(self._course_unit({**shared, **kept, **lists}))
        return found

    def _course_unit(self, record: Mapping[str, Any]) -> RawCourseUnit:
        course = _label(record, "course")
        unit = course if given_or_none(record, "unit") is None else _label(record, "unit")
        name = f"unit {unit!r} of course {course!r}"
        return RawCourseUnit(
            course,
            unit,
            self._labels(record, "standards", name),
            self._labels(record, "skills", name),
            _title(record),
            _title(record, "unit_title"),
            given_or_none(record, "grade"),
        )

    def _labels(self, record: Mapping[str, Any], role: str, whose: str) -> list[Label]:
        found = []
        for value in self._split(record.get(role)):
            label = as_label(value)
            if label is None:
                raise _MalformedError(f"{whose} names {value!r} as a {role[:-1]}")
            found.append(label)
        return found

    def _split(self, cell: Any) -> list[Any]:
        values = as_list(cell)
        if self._separator is None:
            return values
        parts: list[Any] = []
        for value in values:
            if isinstance(value, str):
                parts.extend(part.strip() for part in value.split(self._separator))
            else:
                parts.append(value)
        return parts

    def _record(
        self, raw: Any, table: str, number: int, known: tuple[str, ...] = ()
    ) -> Mapping[str, Any]:
        if not isinstance(raw, Mapping):
            raise _MalformedError(f"is {raw!r}; expected an object with {some(REQUIRED[table])}")
        known = known or TABLES[table]
        for key in raw:
            if key not in known:
                problem = f"{table} row {number}: key {key!r} is not one of {some(known, 9)}"
                self._draft.faults.append(Repair("unknown key", problem, "ignored it"))
        return raw


class _MalformedError(Exception):
    """A row that cannot be read."""


def _is_row(raw: Any, length: int) -> bool:
    return (
        isinstance(raw, (Sequence, np.ndarray)) and not isinstance(raw, str) and len(raw) == length
    )


def is_view_of_edges(given: Any) -> bool:
    """Whether it maps pairs to attributes, as networkx's views of edges do: its keys are rows."""
    return (
        isinstance(given, Mapping) and bool(given) and all(isinstance(key, tuple) for key in given)
    )


def _mapping_rows(given: Mapping[Any, Any], table: str) -> list[Any]:
    """Rows of the short forms: skill to title, skill to prerequisites, lesson to skills."""
    if table == "prerequisites":
        return [
            (before, skill) for skill, all_before in given.items() for before in as_list(all_before)
        ]
    if table == "encompasses":
        return [
            (skill, part, weight)
            for skill, parts in given.items()
            for part, weight in (parts.items() if isinstance(parts, Mapping) else [(parts, None)])
        ]
    first, second = TABLES[table][:2]
    if table == "courses":
        second = "units"
    return [{first: key, second: value} for key, value in given.items()]


def _label(record: Mapping[str, Any], role: str) -> Label:
    return _checked_label(record.get(role), role)


def _checked_label(value: Any, role: str) -> Label:
    label = as_label(value)
    if label is None:
        raise _MalformedError(f"{role} is {value!r}; expected an integer or a string")
    return label


def _title(record: Mapping[str, Any], role: str = "title") -> str | None:
    title = given_or_none(record, role)
    return None if title is None else str(title)


def given_or_none(record: Mapping[str, Any], role: str) -> Any:
    """A value of a record; None for a gap, whichever mark a dataframe has for it."""
    value = record.get(role)
    return None if is_missing(value) else value


def as_list(value: Any) -> list[Any]:
    """A cell's values: those of a list, one of anything else, none of a gap."""
    if is_missing(value):
        return []
    if isinstance(value, np.ndarray):
        return list(value.tolist())
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)):
        return list(value)
    return [value]
