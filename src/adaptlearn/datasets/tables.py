"""Tables of other programs, files or frames, as columns whose gaps are marked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np

from adaptlearn.labels import is_missing
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.files.lines import CSVLines, open_csv
from adaptlearn.responses.files.texts import decimals, integers
from adaptlearn.responses.frames import Column, Frame
from adaptlearn.responses.labelled import objects
from adaptlearn.validation import some

LEAVE_TIMES_OUT = "; time=False leaves the times out"
# DataShop writes a dot for what it does not know.
_GAPS = frozenset({"", ".", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"})
_UNDECODED = re.compile("[\udc80-\udcff]")
_WHOLE = re.compile(r"-?[0-9]{1,18}(\.0*)?")
_UNDATED = re.compile(r"\s*[0-9]+(:[0-9]+){1,2}(\.[0-9]+)?\s*")


class Table:
    """A file, several that continue each other, or a frame, as columns whose gaps are marked.

    Parameters
    ----------
    source : path of a text file with tabs or commas; list of such; or what `Frame` opens

    Attributes
    ----------
    names : list of str
        Of the columns, in order, those of the first file. Of a name that a file has several
        times, the second is ``"name.1"``, the third ``"name.2"``.
    """

    def __init__(self, source: Any) -> None:
        self._paths = [source] if isinstance(source, (str, PathLike)) else None
        if isinstance(source, (list, tuple)):
            self._paths = list(source)
        self._starts = np.zeros(1, np.intp)  # the row with which each file begins
        if self._paths is not None:
            with _opened(self._paths[0]) as (lines, _):
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
        if self._paths is None:
            columns = cast("dict[str, Column]", self._frame.read(names, problems))
        else:
            texts: dict[str, list[str]] = {name: [] for name in names}
            starts = [0]
            for path in self._paths:
                found: list[str] = []
                with _opened(path) as (lines, header):
                    read = _texts(lines, header, list(texts), found)
                problems += [f"{Path(path).name}: {problem}" for problem in found] * self.several
                problems += found * (not self.several)
                for name, column in read.items():
                    texts[name] += column
                starts.append(max(map(len, texts.values()), default=0))
            self._starts = np.array(starts[:-1])
            columns = {name: objects(column) for name, column in texts.items()}
        return {name: _typed(_with_gaps(column)) for name, column in columns.items()}

    @property
    def several(self) -> bool:
        """Whether the rows come from several files."""
        return self._paths is not None and len(self._paths) > 1

    def called(self, reader: str) -> str:
        """What errors call a reader of this table."""
        paths = self._paths or []
        return ", ".join([reader, *(Path(path).name for path in paths)][: 1 if self.several else 2])

    def file_of(self, n_rows: int) -> Ints:
        """The file of each row that `columns` read, shape (n_rows,), by its place in the list."""
        return np.searchsorted(self._starts, np.arange(n_rows), side="right") - 1

    def where(self, rows: Ints) -> str:
        """How many rows, and the first of them; of several files, with their names."""
        if not self.several or self._paths is None:
            return rows_text(rows)
        first = rows[:5].tolist()
        files = (np.searchsorted(self._starts, first, side="right") - 1).tolist()
        told = ", ".join(
            f"{Path(self._paths[file]).name} row {row - self._starts[file]}"
            for file, row in zip(files, first, strict=True)
        )
        more = ", …" if len(rows) > 5 else ""
        return f"1 row ({told})" if len(rows) == 1 else f"{len(rows)} rows ({told}{more})"


@contextmanager
def _opened(path: str | PathLike[str]) -> Iterator[tuple[CSVLines, list[str]]]:
    """The lines, whose names are numbered where the header, which is the second, repeats them."""
    # Bytes that are not UTF-8 matter only in columns that are used.
    with open_csv(
        path,
        separator=lambda header: "\t" if "\t" in header else ",",
        undecoded="surrogateescape",
    ) as lines:
        header, lines.names = lines.names, _numbered(lines.names)
        yield lines, header


def _numbered(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        numbered.append(f"{name}.{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return numbered


def _texts(
    lines: CSVLines, header: list[str], wanted: list[str], problems: list[str]
) -> dict[str, list[str]]:
    have = some(lines.names, 40)
    problems += [
        f"column {name!r} is there {header.count(name)} times; the columns are {have}"
        for name in wanted
        if name not in lines.names or (header.count(name) > 1 and f"{name}.1" not in wanted)
    ]
    read = lines.texts([name for name in wanted if name in lines.names], problems)
    for name, column in read.items():
        _check_decoded(column, name, problems)
    return read


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


def as_moments(
    column: Column, name: str, problems: list[str], remedy: str = LEAVE_TIMES_OUT
) -> Column:
    """Texts of ISO 8601 as datetimes; other texts are problems, other values stay."""
    if column.dtype.kind != "O":
        return column
    values = column.tolist()
    moment_of = {text: _moment(text) for text in {v for v in values if isinstance(v, str)}}
    bad = [row for row, value in enumerate(values) if moment_of.get(value, 0) is None]
    if bad:
        problems.append(
            f"column {name!r}: {rows_text(np.array(bad))} such as {values[bad[0]]!r}; expected "
            f"date and time as in '2012-09-28 15:11:27'{remedy}"
        )
    moments = [moment_of.get(value, value) for value in values]
    if all(isinstance(moment, datetime) and moment.tzinfo is None for moment in moments):
        return np.array(moments, "datetime64[us]")
    return objects(moments)


def as_seconds(
    column: Column,
    name: str,
    per_second: int,
    problems: list[str],
    where: Callable[[Ints], str] = rows_text,
) -> Floats:
    """Counts of a part of a second, milliseconds say, as seconds; all else is a problem."""
    values = column.tolist()
    counts = [_count(value) for value in values]
    bad = [row for row, count in enumerate(counts) if count is None]
    if bad:
        problems.append(
            f"column {name!r}: {where(np.array(bad))} such as {values[bad[0]]!r}; "
            f"expected whole numbers, {per_second:,} of them to a second"
        )
        return np.zeros(len(values))
    return np.array(counts, np.float64) / per_second


def _count(value: Any) -> float | None:
    """A whole number, or a text of one; one text that is none makes a column one of texts."""
    if isinstance(value, str):
        value = float(value) if _WHOLE.fullmatch(value) else None
    return value if isinstance(value, (int, float)) and value == value // 1 else None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
