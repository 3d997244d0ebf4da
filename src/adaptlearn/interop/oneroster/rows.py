"""One file of a roster as columns of texts; every row is accounted for."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import compress, islice
from typing import IO

import numpy as np

from adaptlearn.errors import ResponseDataError, RosterError
from adaptlearn.interop.report import Note, note
from adaptlearn.numerics import Bools, Ints
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.files.recognition import HEAD, kind_of
from adaptlearn.responses.files.texts import Texts, TextStore
from adaptlearn.validation import some

_BATCH = 4096
_EXTENSIONS = ("metadata.", "ext_")


class Table:
    """Columns of texts of one length.

    Attributes
    ----------
    columns : dict of str to Texts
    rows : int array
        The number of each row in its file, counted from 0 below the header.
    """

    def __init__(self, columns: dict[str, Texts], rows: Ints) -> None:
        self.columns = columns
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, kept: Bools | Ints) -> Table:
        """Some of the rows."""
        columns = {
            name: Texts(column.codes[kept], column.distinct)
            for name, column in self.columns.items()
        }
        return Table(columns, self.rows[kept])

    def where(self, name: str, holds: Callable[[str], bool]) -> Bools:
        """The rows whose cell of a column holds something; none without the column."""
        column = self.columns.get(name)
        if column is None:
            return np.zeros(len(self), bool)
        by_text = np.fromiter(map(holds, column.distinct), bool, len(column.distinct))
        return np.asarray(by_text[column.codes])

    def with_texts(self, name: str, of: Callable[[str], str]) -> None:
        """Write each cell of a column anew."""
        column = self.columns[name]
        self.columns[name] = Texts(column.codes, [of(text) for text in column.distinct])


def read_table(
    stream: IO[bytes],
    file: str,
    known: Sequence[str],
    *,
    extensions: bool,
    undo: Callable[[str], str],
    notes: list[Note],
) -> Table:
    """Read the known columns of a CSV file.

    Parameters
    ----------
    known : sequence of str
        The columns that the file may have; the others are left out, with a note.
    extensions : bool
        Whether columns of extensions are kept.
    undo : callable
        What gives a cell back as it was before it was quoted for spreadsheets.

    Raises
    ------
    RosterError
        It is no CSV in UTF-8, or two columns have one name.
    """
    buffer = io.BufferedReader(stream, HEAD)  # type: ignore[type-var]
    try:
        kind = kind_of(buffer.peek(HEAD), file)
    except ResponseDataError as error:
        raise RosterError(file, error.problems) from None
    if kind != "text":
        raise RosterError(file, [f"is {kind}, not CSV"])
    text = io.TextIOWrapper(buffer, encoding="utf-8-sig", newline="")
    lines = csv.reader(text, strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        places = _places(header, file, known, extensions=extensions, notes=notes)
        return _rows(lines, file, header, places, undo=undo, notes=notes)
    except csv.Error as error:
        raise RosterError(file, [f"line {lines.line_num}: {error}"]) from None
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x}"
        near = f"near line {lines.line_num + 1}"
        raise RosterError(file, [f"is not text in UTF-8 ({found} {near})"]) from None
    finally:
        text.detach()
        buffer.detach()


def _places(
    header: list[str], file: str, known: Sequence[str], *, extensions: bool, notes: list[Note]
) -> dict[str, int]:
    """Where each known column stands; a misspelt one counts as the nearest that is missing."""
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise RosterError(file, [f"column {name!r} stands more than once" for name in twice])
    places = {name: header.index(name) for name in known if name in header}
    missing = {name.casefold(): name for name in known if name not in header}
    unknown = []
    for place, name in enumerate(header):
        if name in places or not name:
            continue
        if name.startswith(_EXTENSIONS):
            if extensions:
                places[name] = place
            continue
        near = get_close_matches(name.casefold(), missing, n=1, cutoff=0.85)
        if near:
            meant = missing.pop(near[0])
            places[meant] = place
            notes.append(note(file, "warning", f"column {name!r} is read as {meant!r}"))
        else:
            unknown.append(name)
    if unknown:
        notes.append(note(file, "warning", f"columns that are not kept: {some(unknown, 10)}"))
    return places


def _rows(
    lines: Iterable[list[str]],
    file: str,
    header: list[str],
    places: Mapping[str, int],
    *,
    undo: Callable[[str], str],
    notes: list[Note],
) -> Table:
    """The rows, with empty cells where a row is short; a row that is too long is left out."""
    stores = {name: TextStore() for name in places}
    width, n = len(header), 0
    none = np.zeros(0, np.intp)
    kept, short, long = [none], [none], [none]  # the numbers of rows
    lines = filter(None, lines)  # without blank lines
    while batch := list(islice(lines, _BATCH)):
        numbers = np.arange(n, n + len(batch))
        n += len(batch)
        if set(map(len, batch)) != {width}:
            fits = np.array([not any(row[width:]) for row in batch])
            long.append(numbers[~fits])
            batch, numbers = list(compress(batch, fits)), numbers[fits]
            lacking = np.array([any(header[len(row) :]) for row in batch], bool)
            short.append(numbers[lacking])
            batch = [(row + [""] * width)[:width] for row in batch]
        kept.append(numbers)
        columns = list(zip(*batch, strict=True)) or [()] * width
        for name, place in places.items():
            stores[name].add(columns[place])
    lacking, wide = np.concatenate(short), np.concatenate(long)
    if len(lacking):
        text = f"fewer cells than the header in {rows_text(lacking)}; those cells count as empty"
        notes.append(note(file, "warning", text, lacking))
    if len(wide):
        text = f"more cells than the header's {width} in {rows_text(wide)}; "
        text += "perhaps a comma stands there without quotes"
        notes.append(note(file, "skipped", text, wide))
    read = {name: store.column() for name, store in stores.items()}
    table = Table(read, np.concatenate(kept))
    for name, column in read.items():
        if any(text.startswith("'") for text in column.distinct):
            table.with_texts(name, undo)
    return table
