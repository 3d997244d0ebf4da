"""From frames, plain records or JSON to the raw parts of a curriculum."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from adaptlearn.errors import CurriculumError, ParameterError, ProblemsError
from adaptlearn.responses.frames import column_names, columns_of
from adaptlearn.validation import some

Label = int | str
_Row = TypeVar("_Row")

FORMAT = "adaptlearn-curriculum"
VERSION = 1
TABLES: dict[str, tuple[str, ...]] = {
    "skills": ("skill", "title"),
    "prerequisites": ("prerequisite", "skill"),
    "lessons": ("lesson", "skills", "title", "minutes"),
    "items": ("item", "skills"),
}
_REQUIRED = {
    "skills": ("skill",),
    "prerequisites": ("prerequisite", "skill"),
    "lessons": ("lesson", "skills"),
    "items": ("item", "skills"),
}
_BOM = "\ufeff"


class Repair(NamedTuple):
    """A fault of a curriculum and what mends it.

    Attributes
    ----------
    kind : str
        ``"duplicate"``, ``"self-loop"``, ``"dangling"``, ``"cycle"``, ``"unknown skill"``,
        ``"teaches nothing"``, ``"exercises nothing"``, ``"minutes"``, ``"conflict"``,
        ``"unknown key"``, ``"byte-order mark"`` or ``"malformed"``.
    problem : str
        What is wrong, and where.
    remedy : str
        What `Curriculum.repaired` does about it.
    """

    kind: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}: {self.remedy}"


class RawUnit(NamedTuple):
    """A lesson or an item as it was read."""

    label: Label
    skills: list[Label]
    title: str | None = None
    minutes: Any = None


@dataclass
class Draft:
    """The parts of a curriculum before they are checked against each other.

    `fatal` holds what no repair can mend, `faults` what was wrong with single rows.
    """

    skills: list[tuple[Label, str | None]] | None = None
    edges: list[tuple[Label, Label]] = field(default_factory=list)
    lessons: list[RawUnit] | None = None
    items: list[RawUnit] = field(default_factory=list)
    faults: list[Repair] = field(default_factory=list)
    fatal: list[str] = field(default_factory=list)


def read_frames(
    tables: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, str]] | None,
    skill_separator: str | None,
) -> Draft:
    """Read dataframes (or lists of records), one per table; None is a table left out."""
    columns = columns or {}
    wrong = [f"columns: no table {name!r}; there are {some(TABLES)}" for name in columns
             if name not in TABLES]  # fmt: skip
    wrong += [
        f"columns[{table!r}]: no role {role!r}; there are {some(TABLES[table])}"
        for table, roles in columns.items()
        for role in roles
        if role not in TABLES.get(table, roles) and role != "skill"
    ]
    if wrong:
        raise ParameterError("Curriculum", wrong)
    draft = Draft()
    plain: dict[str, Any] = {}
    for table, given in tables.items():
        if given is None or isinstance(given, (list, tuple)):
            plain[table] = given
            continue
        try:
            plain[table] = _frame_records(given, table, columns.get(table, {}), draft)
        except ProblemsError as error:
            draft.fatal.extend(f"{table}: {problem}" for problem in error.problems)
    _read_tables(plain, draft, skill_separator)
    return draft


def read_mapping(content: Mapping[str, Any]) -> Draft:
    """Read plain lists and mappings under the names of the tables."""
    draft = Draft()
    if content.get("format", FORMAT) != FORMAT:
        draft.fatal.append(f"its format is {content['format']!r}; expected {FORMAT!r}")
    version = content.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        draft.fatal.append(
            f"format version {version!r} is not one this library reads (up to {VERSION})"
        )
    known = ("format", "version", *TABLES)
    draft.faults.extend(
        Repair("unknown key", f"key {key!r} is not one of {some(known, 9)}", "ignored it")
        for key in content
        if key not in known
    )
    _read_tables(content, draft, None)
    return draft


def read_json(source: str | os.PathLike[str]) -> Draft:
    """Read JSON from a text (one that starts with a brace) or from the file at a path."""
    text = source if isinstance(source, str) and source.lstrip(_BOM + " \t\r\n")[:1] == "{" else ""
    name = "curriculum" if text else os.fspath(source)
    repeated: list[str] = []

    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in pairs:
            if key in content:
                repeated.append(key)
            else:
                content[key] = value
        return content

    try:
        text = text or Path(source).read_bytes().decode("utf-8-sig")
        content = json.loads(text.lstrip(_BOM), object_pairs_hook=without_repeats)
    except ValueError as error:  # of the text or of its encoding
        raise CurriculumError(name, [f"is not whole JSON in UTF-8 ({error})"]) from None
    if not isinstance(content, dict):
        raise CurriculumError(name, [f"holds a {type(content).__name__}; expected an object"])
    draft = read_mapping(content)
    draft.faults.extend(
        Repair("duplicate", f"key {key!r} stands twice in one JSON object", "kept the first")
        for key in repeated
    )
    return draft


def _frame_records(
    frame: Any, table: str, names: Mapping[str, str], draft: Draft
) -> list[dict[str, Any]]:
    # A file read as plain UTF-8 leaves the byte-order mark on its first column's name.
    actual = {name.lstrip(_BOM): name for name in column_names(frame)}
    for name, found in actual.items():
        if name != found:
            problem = f"{table}: column {found!r} begins with a byte-order mark"
            draft.faults.append(Repair("byte-order mark", problem, f"read it as {name!r}"))
    roles = {role: names.get(role, role) for role in TABLES[table]}
    long = "skills" in roles and roles["skills"] not in actual
    singular = names.get("skill", "skill")
    if long and singular in actual:
        roles["skills"] = singular
    else:
        long = False
    required = {roles[role] for role in _REQUIRED[table]} | set(names.values())
    wanted = {role: name for role, name in roles.items() if name in actual or name in required}
    read = columns_of(frame, [actual.get(name, name) for name in wanted.values()], table)
    arrays = [read[actual[name]].tolist() for name in wanted.values()]
    records = [dict(zip(wanted, row, strict=True)) for row in zip(*arrays, strict=True)]
    return _gather(records, table, draft) if long else records


def _gather(records: list[dict[str, Any]], table: str, draft: Draft) -> list[dict[str, Any]]:
    """One record per lesson or item from one row per pair with a skill."""
    role = TABLES[table][0]
    gathered: dict[Any, dict[str, Any]] = {}
    for number, record in enumerate(records):
        label = as_label(record[role])
        # Rows without a label stay apart; they are reported one by one.
        key = (None, number) if label is None else (type(label), label)
        first = gathered.setdefault(key, {**record, "skills": []})
        first["skills"].append(record["skills"])
        for name in ("title", "minutes"):
            given, before = record.get(name), first.get(name)
            # A value that is not equal to itself is a gap, and two gaps agree.
            if given != before and (given == given or before == before):  # noqa: PLR0124
                problem = f"{table} row {number}: {role} {label!r} has {name} {given!r}, before "
                draft.faults.append(Repair("conflict", problem + repr(before), f"kept {before!r}"))
    return list(gathered.values())


def _read_tables(content: Mapping[str, Any], draft: Draft, separator: str | None) -> None:
    reader = _Reader(draft, separator)
    given = {table: content.get(table) for table in TABLES}
    if given["skills"] is not None:
        draft.skills = reader.rows("skills", given["skills"], reader.skill)
    if given["prerequisites"] is not None:
        draft.edges = reader.rows("prerequisites", given["prerequisites"], reader.edge)
    if given["lessons"] is not None:
        draft.lessons = reader.rows("lessons", given["lessons"], reader.unit)
    if given["items"] is not None:
        draft.items = reader.rows("items", given["items"], reader.unit)


class _Reader:
    """Reads rows one by one; what it cannot read it reports and leaves out."""

    def __init__(self, draft: Draft, separator: str | None) -> None:
        self._draft = draft
        self._separator = separator

    def rows(self, table: str, given: Any, read: Callable[[Any, str, str], _Row]) -> list[_Row]:
        if isinstance(given, Mapping):
            given = _mapping_rows(given, table)
        if not isinstance(given, Iterable) or isinstance(given, (str, bytes)):
            self._draft.fatal.append(f"{table} is a {type(given).__name__}; expected a list")
            return []
        found = []
        for number, raw in enumerate(given):
            where = f"{table} row {number}"
            try:
                found.append(read(raw, table, where))
            except _MalformedError as error:
                fault = Repair("malformed", f"{where}: {error}", "dropped the row")
                self._draft.faults.append(fault)
        return found

    def skill(self, raw: Any, table: str, where: str) -> tuple[Label, str | None]:
        record = self._record(raw if isinstance(raw, Mapping) else {"skill": raw}, table, where)
        return _label(record, "skill"), _title(record)

    def edge(self, raw: Any, table: str, where: str) -> tuple[Label, Label]:
        if isinstance(raw, Sequence) and not isinstance(raw, str) and len(raw) == 2:
            raw = dict(zip(TABLES[table], raw, strict=True))
        record = self._record(raw, table, where)
        return _label(record, "prerequisite"), _label(record, "skill")

    def unit(self, raw: Any, table: str, where: str) -> RawUnit:
        record = self._record(raw, table, where)
        role = TABLES[table][0]
        label = _label(record, role)
        skills = []
        for value in self._split(record.get("skills")):
            skill = as_label(value)
            if skill is None:
                raise _MalformedError(f"{role} {label!r} names {value!r} as a skill")
            skills.append(skill)
        minutes = record.get("minutes")
        if "minutes" in record and minutes is None:
            minutes = math.nan  # a gap; who does not know the minutes leaves them out
        return RawUnit(label, skills, _title(record), minutes)

    def _split(self, cell: Any) -> list[Any]:
        values = _as_list(cell)
        if self._separator is None:
            return values
        parts: list[Any] = []
        for value in values:
            if isinstance(value, str):
                parts.extend(part.strip() for part in value.split(self._separator))
            else:
                parts.append(value)
        return parts

    def _record(self, raw: Any, table: str, where: str) -> Mapping[str, Any]:
        if not isinstance(raw, Mapping):
            raise _MalformedError(f"is {raw!r}; expected an object with {some(_REQUIRED[table])}")
        known = TABLES[table]
        self._draft.faults.extend(
            Repair("unknown key", f"{where}: key {key!r} is not one of {some(known)}", "ignored it")
            for key in raw
            if key not in known
        )
        return raw


class _MalformedError(Exception):
    """A row that cannot be read."""


def _mapping_rows(given: Mapping[Any, Any], table: str) -> list[Any]:
    """Rows of the short forms: skill to title, skill to prerequisites, lesson to skills."""
    if table == "prerequisites":
        return [
            (before, skill)
            for skill, all_before in given.items()
            for before in _as_list(all_before)
        ]
    first, second = TABLES[table][:2]
    return [{first: key, second: value} for key, value in given.items()]


def _label(record: Mapping[str, Any], role: str) -> Label:
    label = as_label(record.get(role))
    if label is None:
        raise _MalformedError(f"{role} is {record.get(role)!r}; expected an integer or a string")
    return label


def _title(record: Mapping[str, Any]) -> str | None:
    title = record.get("title")
    return None if title is None or title != title else str(title)  # noqa: PLR0124 (a gap: NaN)


def _as_list(value: Any) -> list[Any]:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return []
    if isinstance(value, np.ndarray):
        return list(value.tolist())
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)):
        return list(value)
    return [value]


def as_label(value: Any) -> Label | None:
    """A label as a plain ``int`` or ``str``; None for what is neither, or empty."""
    if isinstance(value, str) and value:
        return str(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    return None
