"""CSV and Parquet files as columns, with whatever is installed.

What a CSV file's columns are is decided here, in one way whichever package read the text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any, Literal, TextIO, cast

import numpy as np

from adaptlearn.errors import ResponseDataError
from adaptlearn.numerics import Floats
from adaptlearn.responses.engines import Texts, csv_texts, parquet_frame, parquet_names
from adaptlearn.responses.frames import Column
from adaptlearn.responses.labelled import objects
from adaptlearn.validation import some

Source = str | PathLike[str] | TextIO
Row = list[str]
Roles = Mapping[str, str | Literal[False] | None]

GAPS = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})
"""What stands for a missing answer or time."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)?\.[0-9]+|-?(0|[1-9][0-9]*)\.?")
# No two parts of a pattern match the same letters: else a long cell is tried in all its splits.
_NUMBER = re.compile(r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")
# Nothing that a log takes has as many digits; Python itself refuses integers of 4,300.
_DIGITS = 400
# A field may be long where it is not used; Python's own limit is 128 kB.
_LONGEST = 2**31 - 1
_limit = Lock()
_usual: list[int] = []  # csv's own limit, once for each file that is being read
_CLOSELY = 20_000  # letters of rows that are looked at closely
_REMEDY = "close the one before it, or write a mark within a quoted field twice"
_SWALLOWED = (
    "a quoted field runs over them and holds what look like rows; close its quotation mark, or "
    "write it twice; a text that is meant has to stand on one line"
)
_TRUTH = {"true": True, "false": False}


def name_of(source: Source) -> str:
    """What messages call a file."""
    if isinstance(source, (str, PathLike)):
        return str(source)
    return str(getattr(source, "name", "the file"))


def read_file(
    source: Source,
    roles: Roles,
    *,
    extra: Sequence[str] = (),
    text: Sequence[str] = (),
    remedy: str,
) -> tuple[Any, dict[str, str]]:
    """The columns of a log, as a frame, and which of them plays which role.

    Parameters
    ----------
    source : path of a ``.parquet`` or ``.pq`` file or of a CSV file, or an open text file
    roles : mapping of role to column
        False leaves a role out; None takes the column that has the role's name, if there is
        one.
    extra : sequence of str
        Further columns.
    text : sequence of str
        Columns of a CSV file that stay text, though all values may be whole numbers.
    remedy : str
        How the caller would say which column plays a ``{role}``, for messages.

    Raises
    ------
    ResponseDataError
        Lists every problem of the header, or of the lines.
    MissingDependency
        Nothing is installed that reads Parquet.
    OSError
        There is no such file, or it may not be read.
    """

    def chosen(names: Sequence[str], subject: str) -> dict[str, str]:
        problems: list[str] = []
        columns = _columns_of_roles(names, roles, remedy, problems)
        for name in dict.fromkeys(extra):
            problems += _faults(names, name, "extra") if name not in columns.values() else []
        read = {*columns.values(), *extra}
        problems += [
            f"column {name!r} (text) is none of those that are read"
            for name in text
            if name not in read
        ]
        if problems:
            problems[-1] += f"; the columns are {some(names, 30)}"
            raise ResponseDataError(subject, problems)
        return columns

    if isinstance(source, (str, PathLike)) and Path(source).suffix.lower() in (".parquet", ".pq"):
        path = str(source)
        Path(path).open("rb").close()  # an error of the system says best what is wrong
        columns = chosen(parquet_names(path), path)
        return parquet_frame(path, _distinct(columns, extra)), columns
    with open_csv(source) as lines:
        columns = chosen(lines.names, lines.subject)
        texts = lines.texts_fast(_distinct(columns, extra))
    role_of = {name: role for role, name in columns.items()}
    frame = {
        name: _values_of(role_of.get(name), values, name in text) for name, values in texts.items()
    }
    return frame, columns


def _columns_of_roles(
    names: Sequence[str], roles: Roles, remedy: str, problems: list[str]
) -> dict[str, str]:
    """Which column plays which role."""
    columns: dict[str, str] = {}
    for role, given in roles.items():
        if given is False or (given is None and role not in names):
            continue
        columns[role] = name = role if given is None else given
        hint = f"; say which one it is with {remedy.format(role=role)}" if name == role else ""
        problems += _faults(names, name, role, hint)
    twice = {name for name in columns.values() if list(columns.values()).count(name) > 1}
    problems += [f"column {name!r} is given two roles" for name in sorted(twice)]
    return columns


def _faults(names: Sequence[str], name: str, role: str, hint: str = "") -> list[str]:
    count = names.count(name)
    if not count:
        return [f"column {name!r} ({role}) is missing{hint}"]
    return [f"column {name!r} ({role}) stands {count} times"] if count > 1 else []


def _distinct(columns: Mapping[str, str], extra: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*columns.values(), *extra]))


class CSVLines:
    """The lines of an open CSV file below its header; `open_csv` makes it.

    Attributes
    ----------
    subject : str
        What messages call the file.
    separator : str
    names : list of str
        The header.
    """

    def __init__(self, source: Source, stream: TextIO, first: str, separator: str) -> None:
        self._path = str(source) if isinstance(source, (str, PathLike)) else None
        self._lines: list[str] = []  # of the row that is being read
        self._fields = csv.reader(self._kept(first, stream), delimiter=separator, strict=True)
        self.subject = name_of(source)
        self.separator = separator
        self.names: list[str] = []

    def _kept(self, first: str, stream: TextIO) -> Iterator[str]:
        for line in chain([first], stream):
            self._lines.append(line)
            yield line

    @property
    def place(self) -> str:
        """The line, or the lines, of the row that is being read."""
        last = self._fields.line_num
        first = last - len(self._lines) + 1
        return f"line {last}" if first >= last else f"lines {first} to {last}"

    def read_header(self) -> None:
        """Read `names`, before all else."""
        self.names = next(self._fields)
        if any(rows_if_edited(self._lines, self.separator, len(self.names))):
            raise ResponseDataError(self.subject, [f"{self.place}: {_SWALLOWED}"])

    def texts(self, wanted: Sequence[str], problems: list[str]) -> Texts:
        """Named columns, line by line; lines of another width are problems, by number."""
        places = [self.names.index(name) for name in wanted]
        columns: list[list[str]] = [[] for _ in wanted]
        stored: dict[str, str] = {}  # one text per distinct value: files repeat themselves
        wrong: list[str] = []
        n_wrong = 0
        supposed: list[tuple[str, list[list[Row]]]] = []
        self._lines.clear()
        for fields in self._fields:
            if len(self._lines) > 1:
                found = list(rows_if_edited(self._lines, self.separator, len(self.names)))
                supposed += [(self.place, found)] if found else []
            self._lines.clear()
            if len(fields) == len(self.names):
                for column, place in zip(columns, places, strict=True):
                    field = fields[place]
                    column.append(stored.setdefault(field, field))
            elif fields:  # else a blank line
                n_wrong += 1
                if n_wrong <= 5:
                    wrong.append(
                        f"line {self._fields.line_num} has {len(fields)} "
                        f"field{'' if len(fields) == 1 else 's'}, the header {len(self.names)}"
                    )
        # Prose may hold as many commas as a row, but seldom an answer where the rows have theirs.
        answers = [
            place
            for place, column in zip(places, columns, strict=True)
            if supposed and not any(map(_is_text, set(column)))
        ]
        problems += [
            f"{lines}: {_SWALLOWED}"
            for lines, readings in supposed
            if any(
                not any(_is_text(row[place]) for row in rows for place in answers)
                for rows in readings
            )
        ]
        problems += wrong
        if n_wrong > 5:
            problems.append(f"so have {n_wrong - 5} more lines another number of fields")
        return dict(zip(wanted, columns, strict=True))

    def texts_fast(self, wanted: Sequence[str]) -> Texts:
        """The same with a package that reads files fast, if one is installed; problems raise."""
        texts = None
        if self._path is not None:
            n_rows = _count_of_plain_rows(self._path, self.separator, len(self.names))
            texts = csv_texts(self._path, self.separator, wanted) if n_rows else None
            if texts and len(next(iter(texts.values()))) != n_rows:
                texts = None
        if texts is None:
            problems: list[str] = []
            texts = self.texts(wanted, problems)
            if problems:
                raise ResponseDataError(self.subject, problems)
        return texts


def rows_if_edited(lines: list[str], separator: str, width: int) -> Iterator[list[Row]]:
    """The rows that the lines of one row would be with one quotation mark more, or less.

    A mark that is not closed swallows rows up to a mark below. The last of them is whole where it
    begins, and those above it are whole without the mark, or with the one that is missing.
    """
    for n in range(1, len(lines)):
        rest = lines[n:]
        last = _rows_of(rest, separator, 1)
        if not last or len(last[0]) != width or _rows_of(rest, separator, 2) != last:
            continue
        above = "".join(lines[:n])
        if len(above) > _CLOSELY:
            yield last
            continue
        for edited in _edited(above, separator):
            rows = _rows_of(io.StringIO(edited, newline=""), separator)
            if rows and all(len(row) == width for row in rows):
                yield rows + last


def _rows_of(lines: Iterable[str], separator: str, n: int | None = None) -> list[Row]:
    """The first rows that are not blank; none at all if these are no CSV."""
    try:
        reader = csv.reader(lines, delimiter=separator, strict=True)
        return list(islice(filter(None, reader), n))
    except csv.Error:
        return []


def _edited(text: str, separator: str) -> Iterator[str]:
    """The text without one of its marks, or with one more where one can have been lost."""
    for place, letter in enumerate(text):
        if letter == '"':
            yield text[:place] + text[place + 1 :]
        if place == 0 or {letter, text[place - 1]} & {'"', separator, "\r", "\n"}:
            yield text[:place] + '"' + text[place:]


def _count_of_plain_rows(path: str, separator: str, width: int) -> int:
    """Lines below the header, if every line is one row of `width` fields to any reader; else 0.

    Packages disagree about marks that are not closed, and about lines with too few fields.
    """
    n_lines = n_separators = 0
    part = b"\n"
    with Path(path).open("rb") as file:
        while more := file.read(1 << 20):
            part = more + file.read(1) if more.endswith(b"\r") else more
            if b'"' in part or part.count(b"\r") != part.count(b"\r\n"):
                return 0
            n_lines += part.count(b"\n")
            n_separators += part.count(separator.encode())
    n_lines += not part.endswith(b"\n")
    return n_lines - 1 if n_separators == n_lines * (width - 1) else 0


def most_frequent_separator(header: str) -> str:
    """Comma, semicolon or tab, whichever a header has most of."""
    return max(",;\t", key=header.count)


@contextmanager
def open_csv(
    source: Source,
    *,
    separator: Callable[[str], str] = most_frequent_separator,
    undecoded: Literal["strict", "surrogateescape"] = "strict",
) -> Iterator[CSVLines]:
    """Open a CSV file, and say what is wrong with it in the library's errors.

    Parameters
    ----------
    source : path, or open text file
    separator : callable
        From the first line to what separates its fields.
    undecoded : {"strict", "surrogateescape"}
        Whether bytes that are not UTF-8 are an error, or are kept as the codec's surrogates.

    Raises
    ------
    ResponseDataError
        It has no header, is not in UTF-8, or is not CSV.
    OSError
        There is no such file, or it may not be read.
    """
    with _stream(source, undecoded) as stream, _long_fields():
        subject = name_of(source)
        try:
            first = stream.readline()
            if not first.strip():
                raise ResponseDataError(subject, ["has no header: its first line is empty"])
            lines = CSVLines(source, stream, first, separator(first))
            lines.read_header()
            yield lines
        except UnicodeDecodeError as error:
            found = f"byte 0x{error.object[error.start]:02x}"
            problem = f"is not text in UTF-8 ({found}); save it as UTF-8, or as Parquet"
            raise ResponseDataError(subject, [problem]) from None
        except csv.Error as error:
            why = str(error)
            if why == "unexpected end of data":
                why = "the file ends within a quoted field; a quotation mark is not closed"
            elif "expected after" in why:
                why = f"text follows a closing quotation mark; {_REMEDY}"
            raise ResponseDataError(subject, [f"{lines.place}: {why}"]) from None


@contextmanager
def _long_fields() -> Iterator[None]:
    """With fields of any length. The limit is the process's: the last thread puts it back."""
    with _limit:
        _usual.append(_usual[0] if _usual else csv.field_size_limit(_LONGEST))
    try:
        yield
    finally:
        with _limit:
            usual = _usual.pop()
            if not _usual:
                csv.field_size_limit(usual)


@contextmanager
def _stream(source: Source, undecoded: str) -> Iterator[TextIO]:
    if not isinstance(source, (str, PathLike)):
        yield source
        return
    with Path(source).open(encoding="utf-8-sig", errors=undecoded, newline="") as stream:
        yield stream


def _values_of(role: str | None, texts: list[str], as_text: bool) -> Any:
    if role == "correct":
        return _translated(texts, _answer)
    if role == "time":
        return _translated(texts, _time)
    values = _with_gaps(texts)
    if as_text:
        return values
    found: Any = integers(values)
    if found is None and role is None:
        found = decimals(values)
    return values if found is None else found


def _with_gaps(texts: list[str]) -> Sequence[str | None]:
    # Only an empty field is missing: a student may be called NA.
    return [text or None for text in texts] if "" in texts else texts


def integers(texts: Sequence[str | None]) -> Column | None:
    """Integers if every text is written as one, ``007`` and ``+7`` are not; else None."""
    distinct = cast("set[str]", set(texts) - {None})
    if not all(len(text) <= _DIGITS and _INTEGER.fullmatch(text) for text in distinct):
        return None
    number_of: dict[str | None, int] = {text: int(text) for text in distinct}
    if not all(-(2**63) <= number < 2**63 for number in number_of.values()):
        return None
    if None in texts:
        return objects([number_of.get(text) for text in texts])
    return np.fromiter(map(number_of.__getitem__, texts), np.int64, len(texts))


def decimals(texts: Sequence[str | None]) -> Floats | None:
    """Floats if every text is a plain decimal number, nan for None; else None."""
    if not all(map(_DECIMAL.fullmatch, cast("set[str]", set(texts) - {None}))):
        return None
    return np.array([np.nan if text is None else float(text) for text in texts])


def _translated(texts: list[str], read: Callable[[str], Any]) -> list[Any]:
    value_of = {text: None if text in GAPS else read(text) for text in set(texts)}
    return [value_of[text] for text in texts]


def _answer(text: str) -> bool | float | str:
    return _TRUTH.get(text.lower(), _number(text))


def _is_text(text: str) -> bool:
    """Whether it is no answer, and no gap."""
    return text not in GAPS and isinstance(_answer(text), str)


def _number(text: str) -> float | str:
    """A number, or the text itself: what a log does not take is refused where it is checked."""
    if len(text) <= _DIGITS and _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _time(text: str) -> datetime | float | str:
    """Seconds, or a date and time of ISO 8601."""
    number = _number(text)
    if not isinstance(number, str):
        return number
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
