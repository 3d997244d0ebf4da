"""Who is left out of a roster, and references that lead nowhere."""

from __future__ import annotations

import numpy as np

from adaptlearn.errors import RosterError
from adaptlearn.interop.oneroster.layout import LAYOUTS
from adaptlearn.interop.oneroster.rows import Table
from adaptlearn.interop.report import Note, note
from adaptlearn.numerics import Bools
from adaptlearn.responses.columns import rows_text
from adaptlearn.validation import some

# Without what these name, the row says nothing.
_NEEDED = {
    ("enrollments.csv", "classSourcedId"),
    ("enrollments.csv", "userSourcedId"),
    ("roles.csv", "userSourcedId"),
}


def without_left_out(
    tables: dict[str, Table], notes: list[Note]
) -> tuple[dict[str, Table], dict[str, set[str]]]:
    """The tables without rows that do not count, and the ids of those rows."""
    kept, left_out = {}, {}
    for file, table in tables.items():
        gone = np.zeros(len(table), bool)
        for name, word in (
            ("status", "tobedeleted"),
            ("status", "inactive"),
            ("enabledUser", "false"),
        ):
            found = table.where(name, word.__eq__) & ~gone
            gone |= found
            if found.any():
                text = f"{name} is {word!r} in {rows_text(table.rows[found])}"
                notes.append(note(file, "skipped", text, table.rows[found]))
        ids = table.take(gone).columns.get("sourcedId")
        left_out[file] = set() if ids is None else set(ids.tolist())
        kept[file] = table.take(~gone) if gone.any() else table
    return kept, left_out


def checked_references(
    tables: dict[str, Table], left_out: dict[str, set[str]], notes: list[Note]
) -> dict[str, Table]:
    """The tables without rows that need what is not there.

    Raises
    ------
    RosterError
        An organisation, or a session, is above itself.
    """
    problems = [
        f"{file}: {text}"
        for file in ("orgs.csv", "academicSessions.csv")
        if file in tables
        for text in _circles(tables[file])
    ]
    if problems:
        raise RosterError("OneRoster package", problems)
    checked = dict(tables)
    for file, layout in LAYOUTS.items():
        for name, target in layout.references.items():
            table = checked.get(file)
            if table is None or name not in table.columns:
                continue
            if target not in checked:
                notes += _unchecked(table, file, name, target)
                continue
            known = set(checked[target].columns["sourcedId"].tolist())
            gone = left_out.get(target, set())
            drop, found = _check(table, file, (name, target), known, gone)
            notes += found
            if drop.any():
                checked[file] = table.take(~drop)
    return checked


def _unchecked(table: Table, file: str, name: str, target: str) -> list[Note]:
    found = table.where(name, bool)
    rows = table.rows[found]
    text = f"{target} is absent: {name!r} is unchecked in {rows_text(rows)}"
    return [note(file, "warning", text, rows)] if found.any() else []


def _check(
    table: Table, file: str, reference: tuple[str, str], known: set[str], gone: set[str]
) -> tuple[Bools, list[Note]]:
    """The rows that need what is not there, and what is found; `gone`: ids that were left out."""
    name, target = reference
    several, needed = name in LAYOUTS[file].lists, (file, name) in _NEEDED
    drop, notes = np.zeros(len(table), bool), []

    def missing(text: str) -> set[str]:
        parts = text.split(",") if several else [text]
        return {part for part in parts if part and part not in known}

    for where, wanted in (("unknown to", False), ("left out of", True)):

        def holds(text: str, wanted: bool = wanted) -> bool:
            found = missing(text)
            return bool(found) and (found <= gone) is wanted

        found = table.where(name, holds)
        if not found.any() or (wanted and not needed):
            continue
        texts = set(table.take(found).columns[name].tolist())
        values = some(sorted(set().union(*map(missing, texts))))
        rows = table.rows[found]
        text = f"column {name!r}: {where} {target} in {rows_text(rows)}: {values}"
        text += "; these rows are left out" if needed and not wanted else ""
        notes.append(note(file, "skipped" if wanted else "warning", text, rows))
        drop |= found if needed else False
    return drop, notes


def _circles(table: Table) -> list[str]:
    """Rows that are their own ancestors."""
    if "parentSourcedId" not in table.columns:
        return []
    ids = table.columns["sourcedId"].tolist()
    parents = table.columns["parentSourcedId"].tolist()
    parent_of = dict(zip(ids, parents, strict=True))
    row_of = dict(zip(ids, table.rows.tolist(), strict=True))
    told: list[str] = []
    done: set[str] = set()
    for start in ids:
        path: dict[str, None] = {}
        at = start
        while at in parent_of and at not in done and at not in path:
            path[at] = None
            at = parent_of[at]
        if at in path:
            ring = [*list(path)[list(path).index(at) :], at]
            rows = rows_text(np.array(sorted(row_of[one] for one in set(ring))))
            told.append(f"{rows}: {' is below '.join(map(repr, ring))}")
        done.update(path)
    return told
