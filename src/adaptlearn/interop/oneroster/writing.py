"""A roster, and mastery by standard, written as a OneRoster 1.2 export."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from adaptlearn.errors import RosterError
from adaptlearn.files import write_bytes
from adaptlearn.interop.oneroster.cells import quoted
from adaptlearn.interop.oneroster.layout import COMMON, LAYOUTS, OTHERS
from adaptlearn.interop.oneroster.manifest import MANIFEST
from adaptlearn.interop.oneroster.results import Result, result_tables
from adaptlearn.interop.oneroster.roster import Roster

_USER_NAMES = ("username", "givenName", "familyName")
Rows = Iterable[Sequence[str]]


def write_oneroster(
    path: str | PathLike[str],
    roster: Roster | None = None,
    results: Iterable[Result] = (),
    *,
    source: str = "adaptlearn",
) -> None:
    """Write a roster, or mastery by standard, or both, as a OneRoster 1.2 CSV export.

    Parameters
    ----------
    path : path
        A folder, which is made if it does not exist; or a zip archive, if the name ends in
        ``.zip``. An export that is there already is not overwritten.
    roster : Roster, optional
    results : iterable of Result, optional
        They become ``lineItems.csv`` (one for each class and standard), ``results.csv`` and
        ``resultLearningObjectiveIds.csv``.
    source : str, default "adaptlearn"
        The name of the system, for the manifest.

    Raises
    ------
    RosterError
        The error is raised if there is something at `path` already, or if a result names a student
        or a class that the roster does not contain, or if its mastery is not from 0 to 1.

    Notes
    -----
    A spreadsheet may run a cell that begins with ``=``, ``+``, ``-`` or ``@``. Such a cell gets an
    apostrophe before it, unless it is a number. `read_oneroster` takes the apostrophe away.
    """
    target = Path(path)
    if target.is_dir() and any(target.iterdir()):
        raise RosterError(str(path), ["the folder is not empty; write to another one"])
    if target.exists() and not target.is_dir():
        raise RosterError(str(path), ["the file exists; write to another one"])
    contents: dict[str, bytes] = {}
    if roster is not None:
        contents |= {file: _bytes(_table(roster, file)) for file in LAYOUTS}
    listed = list(results)
    if listed:
        contents |= {file: _bytes(rows) for file, rows in result_tables(listed, roster).items()}
    contents = {MANIFEST: _bytes(_manifest(contents, source)), **contents}
    if target.suffix.casefold() == ".zip":
        write_bytes(target, _archive(contents))
        return
    target.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        write_bytes(target / file, content)


def _table(roster: Roster, file: str) -> Rows:
    table = roster.tables[file].columns()
    if file == "users.csv":  # required, though nobody kept them
        n = len(roster.users)
        table |= {name: [""] * n for name in _USER_NAMES if name not in table}  # type: ignore[misc]
    first = [name for name in COMMON if name in table]
    names = [*first, *(name for name in table if name not in first)]
    yield names
    yield from zip(*(list(table[name]) for name in names), strict=True)


def _manifest(contents: Mapping[str, Any], source: str) -> Rows:
    yield "propertyName", "value"
    yield "manifest.version", "1.0"
    yield "oneroster.version", "1.2"
    for file in sorted((*LAYOUTS, *OTHERS), key=str.casefold):
        mode = "bulk" if file in contents else "absent"
        yield f"file.{file.removesuffix('.csv')}", mode
    yield "source.systemName", source
    yield "source.systemCode", source


def _bytes(rows: Rows) -> bytes:
    """CSV as RFC 4180 has it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow(map(quoted, row))
    return text.getvalue().encode("utf-8", "surrogatepass")


def _archive(contents: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in contents.items():
            # Always the same bytes for the same content.
            archive.writestr(zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0)), content)
    return packed.getvalue()
