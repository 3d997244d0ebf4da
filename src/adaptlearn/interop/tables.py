"""Tables of other programs, files or frames, as columns whose gaps are marked."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np

from adaptlearn.errors import ResponseDataError
from adaptlearn.responses.columns import is_missing, rows_text
from adaptlearn.responses.frames import Column, Frame, column_names
from adaptlearn.responses.labelled import objects
from adaptlearn.validation import some

# DataShop writes a dot for what it does not know.
_GAPS = frozenset({"", ".", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"})
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)?\.[0-9]+|-?(0|[1-9][0-9]*)\.?")
_UNDECODED = re.compile("[\udc80-\udcff]")
_UNDATED = re.compile(r"\s*[0-9]+(:[0-9]+){1,2}(\.[0-9]+)?\s*")


def names_in(source: Any) -> list[str]:
    """The names of a file's or a frame's columns, in order."""
    if not isinstance(source, (str, PathLike)):
        return column_names(source)
    with _lines(Path(source)) as lines:
        return cast("list[str]", next(lines))


def columns_in(source: Any, names: Sequence[str], problems: list[str]) -> dict[str, Column]:
    """Named columns of a file or a frame; those that cannot be read are problems.

    Texts that mark a gap become None, and a column of texts becomes one of integers or floats
    if every text is written as one (``007`` is not): a file and its frames, with or without
    types, are read alike.
    """
    if isinstance(source, (str, PathLike)):
        columns = _texts(Path(source), list(dict.fromkeys(names)), problems)
    else:
        columns = cast("dict[str, Column]", Frame.of(source).read(names, problems))
    return {name: _typed(_with_gaps(column)) for name, column in columns.items()}


@contextmanager
def _lines(path: Path) -> Iterator[Any]:
    """A reader of the file's lines, the header first."""
    # Bytes that are not UTF-8 matter only in columns that are used.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        first = stream.readline()
        if not first.strip():
            raise ResponseDataError(str(path), ["has no header: its first line is empty"])
        separator = "\t" if "\t" in first else ","
        lines = csv.reader(chain([first], stream), delimiter=separator, strict=True)
        try:
            yield lines
        except csv.Error as error:
            raise ResponseDataError(
                str(path), [f"line {lines.line_num}: {error}; or give a frame"]
            ) from None


def _texts(path: Path, wanted: list[str], problems: list[str]) -> dict[str, Column]:
    with _lines(path) as lines:
        header: list[str] = next(lines)
        have = some(header, 40)
        problems += [
            f"column {name!r} is there {header.count(name)} times; the columns are {have}"
            for name in wanted
            if header.count(name) != 1
        ]
        wanted = [name for name in wanted if name in header]
        places = [header.index(name) for name in wanted]
        columns: list[list[str]] = [[] for _ in wanted]
        stored: dict[str, str] = {}  # one text per distinct value: files repeat themselves
        wrong = []
        for fields in lines:
            if len(fields) == len(header):
                for column, place in zip(columns, places, strict=True):
                    column.append(stored.setdefault(fields[place], fields[place]))
            elif fields:  # else a blank line
                wrong.append((lines.line_num, len(fields)))
    if wrong:
        told = some(f"line {line} has {width}" for line, width in wrong)
        problems.append(f"the header has {len(header)} fields, but {told}")
    read = dict(zip(wanted, columns, strict=True))
    for name, column in read.items():
        _check_decoded(column, name, problems)
    return {name: objects(column) for name, column in read.items()}


def _check_decoded(texts: list[str], name: str, problems: list[str]) -> None:
    foreign = {text for text in set(texts) if _UNDECODED.search(text)}
    if foreign:
        rows = np.array([row for row, text in enumerate(texts) if text in foreign])
        problems.append(
            f"column {name!r}: {rows_text(rows)} not in UTF-8; read the file into a frame, "
            "with its encoding"
        )


def _with_gaps(column: Column) -> Column:
    if column.dtype.kind not in "OU":
        return column
    return objects([None if _is_gap(value) else value for value in column.tolist()])


def _is_gap(value: Any) -> bool:
    return value.strip() in _GAPS if isinstance(value, str) else is_missing(value)


def _typed(column: Column) -> Column:
    if column.dtype.kind != "O":
        return column
    values = column.tolist()
    if not set(map(type, values)) <= {str, type(None)}:
        return column
    distinct = set(values) - {None}
    if not distinct:
        return column
    if all(map(_INTEGER.fullmatch, distinct)):
        numbers = {text: int(text) for text in distinct}
        if None in values:
            return objects([numbers.get(text) for text in values])
        return np.fromiter(map(numbers.__getitem__, values), np.int64, len(values))
    if all(map(_DECIMAL.fullmatch, distinct)):
        return np.array([np.nan if text is None else float(text) for text in values])
    return column


def as_labels(column: Column) -> Column:
    """Whole floats, which dataframes make of integers with gaps, as integers again."""
    if column.dtype.kind != "f":
        return column
    gaps = np.isnan(column)
    if not np.all(gaps | ((column == np.floor(column)) & (np.abs(column) < 2**53))):
        return column
    if not gaps.any():
        return column.astype(np.int64)
    return objects([None if gap else int(value) for value, gap in zip(column, gaps, strict=True)])


def is_undated(column: Column) -> bool:
    """Whether all values are texts such as ``"18:05.0"``: a time, but of no day."""
    values = set(column.tolist()) - {None} if column.dtype.kind == "O" else set()
    return bool(values) and all(
        isinstance(value, str) and _UNDATED.fullmatch(value) for value in values
    )


def as_moments(column: Column, name: str, problems: list[str]) -> Column:
    """Texts of ISO 8601 as datetimes; other texts are problems, other values stay."""
    if column.dtype.kind != "O":
        return column
    values = column.tolist()
    moment_of = {text: _moment(text) for text in {v for v in values if isinstance(v, str)}}
    bad = [row for row, value in enumerate(values) if moment_of.get(value, 0) is None]
    if bad:
        problems.append(
            f"column {name!r}: {rows_text(np.array(bad))} such as {values[bad[0]]!r}; expected "
            "date and time as in '2012-09-28 15:11:27'; time=False leaves the times out"
        )
    return objects([moment_of.get(value, value) for value in values])


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
