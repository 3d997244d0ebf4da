"""A OneRoster export, read into a roster."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from os import PathLike
from typing import NamedTuple

from adaptlearn.errors import RosterError
from adaptlearn.interop.oneroster.cells import checked_cells, unquoted
from adaptlearn.interop.oneroster.layout import COMMON, LAYOUTS, OF_1_1, OF_1_2
from adaptlearn.interop.oneroster.manifest import (
    MANIFEST,
    Manifest,
    read_manifest,
    required_columns,
    required_files,
)
from adaptlearn.interop.oneroster.merging import all_merged
from adaptlearn.interop.oneroster.references import checked_references, without_left_out
from adaptlearn.interop.oneroster.roles import named_roles, with_roles
from adaptlearn.interop.oneroster.roster import Roster
from adaptlearn.interop.oneroster.rows import Table, read_table
from adaptlearn.interop.oneroster.sources import Source
from adaptlearn.interop.report import Note, ReadReport, note
from adaptlearn.labels import near_spellings
from adaptlearn.responses.files.texts import Texts
from adaptlearn.validation import Interval, check_parameters

Path = str | PathLike[str]


class Package(NamedTuple):
    """One export as it was read.

    Attributes
    ----------
    name : str
    manifest : Manifest
    tables : dict of str to Table
    """

    name: str
    manifest: Manifest
    tables: dict[str, Table]


def read_oneroster(
    path: Path,
    *,
    deltas: Sequence[Path] = (),
    personal: bool = False,
    extensions: bool = False,
    strict: bool = False,
    max_bytes: int = 2 << 30,
) -> Roster:
    """Read a OneRoster CSV export, version 1.1 or 1.2, as a roster.

    The reader finds columns by name, in any order. It leaves out rows that the export marks as
    deleted, inactive rows, and users that are not enabled. It counts them in the report. If a row
    refers to a row that does not exist, the reader keeps it with a warning. It leaves out an
    enrollment without its user or its class. The reader changes no file.

    Parameters
    ----------
    path : path
        A folder with CSV files, or a zip archive of them.
    deltas : sequence of paths, optional
        Exports with changes only, in any order. Of all rows with one `sourcedId`, the roster
        contains the row with the latest ``dateLastModified``.
    personal : bool, default False
        Whether to keep names, user names, mail addresses, telephone numbers and passwords.
    extensions : bool, default False
        Whether to keep columns that begin with ``metadata.`` or ``ext_``.
    strict : bool, default False
        Whether warnings are errors. The error then lists all of them.
    max_bytes : int, default 2 GiB
        The largest number of bytes that the unpacked files of one export may have.

    Returns
    -------
    Roster
        ``roster.report`` says what became of each row.

    Raises
    ------
    RosterError
        The error is raised if an export is not a folder or zip archive of CSV files, if its version
        is not supported, or if a file or a column is missing. It is also raised if two rows with
        one `sourcedId` differ, or if an organisation is its own ancestor. It lists every problem.

    References
    ----------
    1EdTech (2022). OneRoster 1.2 CSV Binding. 1EdTech Consortium, final release.

    Examples
    --------
    >>> roster = read_oneroster("export.zip")  # doctest: +SKIP
    >>> roster.classes.to_frame("polars")  # doctest: +SKIP
    """
    check_parameters(
        "read_oneroster",
        {"max_bytes": max_bytes},
        {"max_bytes": [Interval(1, 2**63, integer=True)]},
    )
    notes: list[Note] = []
    wanted = _Wanted(personal, extensions, max_bytes)
    packages = [
        _package(one, wanted, notes, whole=place == 0) for place, one in enumerate([path, *deltas])
    ]
    versions = sorted({one.manifest.version for one in packages})
    if len(versions) > 1:
        problem = f"the exports have versions {' and '.join(versions)}; all must have one"
        raise RosterError(str(path), [problem])
    n_rows = {
        file: sum(len(one.tables[file]) for one in packages if file in one.tables)
        for file in LAYOUTS
        if any(file in one.tables for one in packages)
    }
    tables = all_merged([(one.name, one.tables) for one in packages], notes)
    tables, left_out = without_left_out(tables, notes)
    tables = with_roles(tables, versions[0])
    tables = checked_references(tables, left_out, notes)
    n_kept = {file: len(tables[file]) for file in n_rows}
    report = ReadReport("read_oneroster", n_rows, n_kept, tuple(notes))
    if strict and report.warnings:
        raise RosterError(str(path), list(report.warnings), "strict=False reads it with a report")
    return Roster(versions[0], tables, report)


class _Wanted(NamedTuple):
    """Which columns are kept, and how large an export may be."""

    personal: bool
    extensions: bool
    max_bytes: int


def _package(path: Path, wanted: _Wanted, notes: list[Note], *, whole: bool) -> Package:
    """One export; `whole`: it must hold a whole roster."""
    with closing(Source(path, wanted.max_bytes)) as source:
        manifest = _manifest(source, notes)
        problems = []
        if whole:
            problems = [
                f"{name} is missing"
                for name in required_files(manifest)
                if name not in manifest.modes
            ]
        tables = {}
        for file in manifest.modes:
            try:
                tables[file] = _table(source, file, manifest, wanted, notes)
            except RosterError as error:
                problems += [
                    one if one.startswith(file) else f"{file}: {one}" for one in error.problems
                ]
        if problems:
            raise RosterError(source.name, problems)
        return Package(source.name, manifest, tables)


def _manifest(source: Source, notes: list[Note]) -> Manifest:
    table = None
    if MANIFEST in source.files:
        table = _read(source, MANIFEST, ("propertyName", "value"), [])
        missing = [name for name in ("propertyName", "value") if name not in table.columns]
        if missing:
            raise RosterError(
                source.name, [f"{MANIFEST}: column {name!r} is missing" for name in missing]
            )

    def has_roles_in_users() -> bool:
        if "users.csv" not in source.files:
            return False
        with suppress(RosterError):  # told when the file is read
            return "role" in _read(source, "users.csv", ("role",), []).columns
        return False

    return read_manifest(table, source.files, has_roles_in_users, notes)


def _read(
    source: Source,
    file: str,
    known: Sequence[str],
    notes: list[Note],
    *,
    extensions: bool = False,
) -> Table:
    with source.opened(file.casefold()) as stream:
        return read_table(stream, file, known, extensions=extensions, undo=unquoted, notes=notes)


def _table(
    source: Source, file: str, manifest: Manifest, wanted: _Wanted, notes: list[Note]
) -> Table:
    layout = LAYOUTS[file]
    needed = required_columns(file, manifest.version)
    versions = (*OF_1_1.get(file, ()), *OF_1_2.get(file, ()))
    known = dict.fromkeys((*COMMON, *layout.kept, *needed, *layout.personal, *versions))
    table = _read(source, file, list(known), notes, extensions=wanted.extensions)
    missing = [name for name in needed if name not in table.columns]
    if missing:
        there = list(table.columns)
        told = [f"column {name!r} is missing{near_spellings(name, there)}" for name in missing]
        if len(table):
            raise RosterError(file, told)
        notes += [note(file, "warning", f"{one}, and no row") for one in told]
        table.columns.update({name: Texts.of([]) for name in missing})
    table = checked_cells(table, file, layout, notes)
    if file == "roles.csv":
        table = named_roles(table)
    if not wanted.personal:
        for name in layout.personal:
            table.columns.pop(name, None)
    return table
