"""From frames, plain records or JSON to the raw parts of a curriculum."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from adaptlearn.curriculum.content.draft import Draft, Repair
from adaptlearn.curriculum.content.rows import (
    REQUIRED,
    TABLES,
    as_list,
    given_or_none,
    is_view_of_edges,
    read_tables,
)
from adaptlearn.errors import CurriculumError, ParameterError, ProblemsError
from adaptlearn.labels import as_label, is_missing
from adaptlearn.responses.frames import column_names, columns_of
from adaptlearn.serialization import parse_json, read_limited
from adaptlearn.validation import some

FORMAT = "adaptlearn-curriculum"
VERSION = 1
_SINGULAR = {"skill": "skills", "standard": "standards"}
_BOM = "\ufeff"


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
        if role not in (*TABLES.get(table, roles), *_SINGULAR)
    ]
    if wrong:
        raise ParameterError("Curriculum", wrong)
    draft = Draft()
    plain: dict[str, Any] = {}
    for table, given in tables.items():
        if given is None or isinstance(given, (list, tuple)) or is_view_of_edges(given):
            plain[table] = given
            continue
        try:
            plain[table] = _frame_records(given, table, columns.get(table, {}), draft)
        except ProblemsError as error:
            draft.fatal.extend(f"{table}: {problem}" for problem in error.problems)
    read_tables(plain, draft, skill_separator)
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
        Repair("unknown key", f"key {key!r} is not one of {some(known, 12)}", "ignored it")
        for key in content
        if key not in known
    )
    read_tables(content, draft, None)
    return draft


def read_json(source: str | os.PathLike[str]) -> Draft:
    """Read JSON from a text (one that starts with a brace) or from the file at a path."""
    text = source if isinstance(source, str) and source.lstrip(_BOM + " \t\r\n")[:1] == "{" else ""
    name = "curriculum" if text else os.fspath(source)
    repeated: list[str] = []
    try:
        content = parse_json(text.lstrip(_BOM) or read_limited(source), repeated=repeated)
    except ValueError as error:
        raise CurriculumError(name, [str(error)]) from None
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
    singular = {}  # lists that are given with one entry to the row
    for one, several in _SINGULAR.items():
        name = names.get(one, one)
        if several in roles and roles[several] not in actual and name in actual:
            singular[several] = roles[several] = name
    required = {roles[role] for role in REQUIRED[table]} | set(names.values())
    wanted = {role: name for role, name in roles.items() if name in actual or name in required}
    read = columns_of(frame, [actual.get(name, name) for name in wanted.values()], table)
    arrays = [read[actual[name]].tolist() for name in wanted.values()]
    records = [dict(zip(wanted, row, strict=True)) for row in zip(*arrays, strict=True)]
    if table == "prerequisites":
        return _alternatives(records)
    return _gather(records, table, list(singular), draft) if singular else records


def _gather(
    records: list[dict[str, Any]], table: str, lists: list[str], draft: Draft
) -> list[dict[str, Any]]:
    """One record per lesson, item, standard or unit from one row per entry of its lists."""
    roles = ("course", "unit") if table == "courses" else TABLES[table][:1]
    gathered: dict[Any, dict[str, Any]] = {}
    for number, record in enumerate(records):
        labels = [as_label(record.get(role)) for role in roles]
        # Rows without a label stay apart; they are reported one by one.
        key = (None, number) if labels[0] is None else tuple((type(one), one) for one in labels)
        first = gathered.setdefault(key, {**record, **{name: [] for name in lists}})
        for name in lists:
            # A unit may have skills of its own beside its standards: what it lacks is a gap.
            if len(lists) == 1 or given_or_none(record, name) is not None:
                first[name].append(record[name])
        for name in [name for name in record if name not in (*roles, *lists)]:
            given, before = record[name], first[name]
            if not _agree(given, before):
                whose = f"{roles[0]} {labels[0]!r}"
                problem = f"{table} row {number}: {whose} has {name} {given!r}, before {before!r}"
                draft.faults.append(Repair("conflict", problem, f"kept {before!r}"))
    return list(gathered.values())


def _agree(one: Any, other: Any) -> bool:
    """Whether two cells hold the same; two gaps do."""
    return as_list(one) == as_list(other) and is_missing(one) == is_missing(other)


def _alternatives(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Prerequisites that share a skill and a group, as the alternatives of one record."""
    gathered: list[dict[str, Any]] = []
    first: dict[Any, dict[str, Any]] = {}
    for record in records:
        group = given_or_none(record, "group")
        key = None if group is None else (as_label(record["skill"]), group)
        if key in first:
            first[key]["prerequisite"].append(record["prerequisite"])
        elif key is None:
            gathered.append(record)
        else:
            first[key] = {**record, "prerequisite": [record["prerequisite"]]}
            gathered.append(first[key])
    return gathered
