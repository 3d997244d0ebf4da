"""Several packages as one: of all rows with one id, the one that was changed last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adaptlearn.errors import RosterError
from adaptlearn.interop.oneroster.cells import moment_of
from adaptlearn.interop.oneroster.rows import Table
from adaptlearn.interop.report import Note, note
from adaptlearn.numerics import Floats, Ints, stable_group
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.files.texts import Texts, TextStore


def merged(
    file: str, packages: Sequence[tuple[str, Table]], notes: list[Note], problems: list[str]
) -> Table:
    """One file of several packages, by name; the first is the whole, the others hold changes."""
    table = _joined([one for _, one in packages])
    of_package = np.repeat(np.arange(len(packages)), [len(one) for _, one in packages])
    names = [name for name, _ in packages]
    stamps = _stamps(table)
    undated = (of_package > 0) & np.isnan(stamps)
    if undated.any():
        problems.append(
            f"{file}: {rows_text(table.rows[undated])} of {names[of_package[undated][0]]} have no "
            "dateLastModified; without it, nobody knows which change came last"
        )
    if "sourcedId" not in table.columns:
        return table
    ids = _codes(table.columns["sourcedId"])
    sizes = np.bincount(ids, minlength=1)
    if sizes.max(initial=0) <= 1:
        return table
    keep = np.ones(len(table), bool)
    order, bounds = stable_group(ids, len(sizes))
    repeated: list[int] = []
    for one in np.flatnonzero(sizes > 1).tolist():
        rows = order[bounds[one] : bounds[one + 1]]
        last, fault = _last_of(table, rows, of_package[rows], stamps[rows])
        if fault:
            where = sorted({names[place] for place in of_package[rows].tolist()})
            label = table.columns["sourcedId"].distinct[table.columns["sourcedId"].codes[rows[0]]]
            problems.append(
                f"{file}: {fault} {label!r} differ: {rows_text(table.rows[rows])}"
                + (f" of {' and '.join(where)}" if len(names) > 1 else "")
            )
        keep[rows] = False
        keep[last] = True
        if len(set(of_package[rows].tolist())) < len(rows):
            repeated += table.rows[rows[1:]].tolist()
    if repeated and not problems:
        text = f"{rows_text(np.array(repeated))} repeat an earlier row"
        notes.append(note(file, "skipped", text, np.array(repeated)))
    return table.take(keep)


def _last_of(table: Table, rows: Ints, of_package: Ints, stamps: Floats) -> tuple[int, str]:
    """Of rows with one id, the one that counts, and what is wrong with them."""
    content = [tuple(one.codes[row] for one in table.columns.values()) for row in rows.tolist()]
    for package in set(of_package.tolist()):
        inside = [content[place] for place in np.flatnonzero(of_package == package).tolist()]
        if len(set(inside)) > 1:
            return int(rows[0]), "rows with sourcedId"
    dated = np.where(np.isnan(stamps), -np.inf, stamps)
    latest = np.flatnonzero(dated == dated.max())
    if len({content[place] for place in latest.tolist()}) > 1:
        return int(rows[0]), "rows with one date and sourcedId"
    return int(rows[latest[0]]), ""


def _joined(tables: Sequence[Table]) -> Table:
    """Rows of several tables, one after the other; a column that one lacks is empty there."""
    if len(tables) == 1:
        return tables[0]
    columns = {}
    for name in dict.fromkeys(name for table in tables for name in table.columns):
        store = TextStore()
        for table in tables:
            column = table.columns.get(name)
            store.add([""] * len(table) if column is None else column.tolist())
        columns[name] = store.column()
    return Table(columns, np.concatenate([table.rows for table in tables]))


def _codes(column: Texts) -> Ints:
    """Numbers of the texts; one text has one number."""
    number = {text: place for place, text in enumerate(dict.fromkeys(column.distinct))}
    numbers = np.fromiter(map(number.__getitem__, column.distinct), np.intp, len(column.distinct))
    return np.asarray(numbers[column.codes])


def _stamps(table: Table) -> Floats:
    """The time of each row's last change; nan where it is not told."""
    column = table.columns.get("dateLastModified")
    if column is None:
        return np.full(len(table), np.nan)
    by_text = [moment_of(text) for text in column.distinct]
    return np.array([np.nan if one is None else one for one in by_text], float)[column.codes]


def all_merged(
    packages: Sequence[tuple[str, dict[str, Table]]], notes: list[Note]
) -> dict[str, Table]:
    """Every file of several packages, by name.

    Raises
    ------
    RosterError
        Two rows with one id contradict each other, or a change has no date.
    """
    problems: list[str] = []
    files = dict.fromkeys(file for _, tables in packages for file in tables)
    tables = {
        file: merged(
            file, [(name, own[file]) for name, own in packages if file in own], notes, problems
        )
        for file in files
    }
    if problems:
        raise RosterError("OneRoster package", problems)
    return tables
