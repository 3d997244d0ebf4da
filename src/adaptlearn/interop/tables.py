"""Tables of other programs, files or frames, as columns whose gaps are marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from os import PathLike
from typing import Any, cast

import numpy as np

from adaptlearn.labels import is_missing
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.files.lines import CSVLines, open_csv
from adaptlearn.responses.files.texts import decimals, integers
from adaptlearn.responses.frames import Column, Frame
from adaptlearn.responses.labelled import objects
from adaptlearn.validation import some

# DataShop writes a dot for what it does not know.
_GAPS = frozenset({"", ".", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"})
_UNDECODED = re.compile("[\udc80-\udcff]")
_UNDATED = re.compile(r"\s*[0-9]+(:[0-9]+){1,2}(\.[0-9]+)?\s*")


class Table:
    """A file or a frame, as columns whose gaps are marked.

    Parameters
    ----------
    source : path of a text file with tabs or commas; or what `Frame` opens

    Attributes
    ----------
    names : list of str
        Of the columns, in order.
    """

    def __init__(self, source: Any) -> None:
        self._path = source if isinstance(source, (str, PathLike)) else None
        if self._path is not None:
            with _opened(self._path) as lines:
                self.names = lines.names
        else:
            self._frame = Frame(source)
            self.names = self._frame.names

    def columns(self, names: Sequence[str], problems: list[str]) -> dict[str, Column]:
        """Named columns; those that cannot be read are problems.

        Texts that mark a gap become None, and a column of texts becomes one of integers or
        floats if every text is written as one (``007`` is not): a file and its frames, with or
        without types, are read alike.
        """
        if self._path is None:
            columns = cast("dict[str, Column]", self._frame.read(names, problems))
        else:
            with _opened(self._path) as lines:
                columns = _texts(lines, list(dict.fromkeys(names)), problems)
        return {name: _typed(_with_gaps(column)) for name, column in columns.items()}


def _opened(path: str | PathLike[str]) -> AbstractContextManager[CSVLines]:
    # Bytes that are not UTF-8 matter only in columns that are used.
    return open_csv(
        path,
        separator=lambda header: "\t" if "\t" in header else ",",
        undecoded="surrogateescape",
    )


def _texts(lines: CSVLines, wanted: list[str], problems: list[str]) -> dict[str, Column]:
    have = some(lines.names, 40)
    problems += [
        f"column {name!r} is there {lines.names.count(name)} times; the columns are {have}"
        for name in wanted
        if lines.names.count(name) != 1
    ]
    read = lines.texts([name for name in wanted if name in lines.names], problems)
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
    if not set(values) - {None}:
        return column
    numbers = integers(values)
    if numbers is None:
        numbers = decimals(values)
    return column if numbers is None else numbers


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
