"""CSV and Parquet files as columns, with whatever is installed.

What a CSV file's columns are is decided here, in one way whichever package read the text.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
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
        self._fields = csv.reader(chain([first], stream), delimiter=separator, strict=True)
        self.subject = name_of(source)
        self.separator = separator
        self.names: list[str] = []

    @property
    def number(self) -> int:
        """Of the line that was read last, from 1."""
        return self._fields.line_num

    def read_header(self) -> None:
        """Read `names`, before all else."""
        self.names = next(self._fields)

    def texts(self, wanted: Sequence[str], problems: list[str]) -> Texts:
        """Named columns, line by line; lines of another width are problems, by number."""
        places = [self.names.index(name) for name in wanted]
        columns: list[list[str]] = [[] for _ in wanted]
        stored: dict[str, str] = {}  # one text per distinct value: files repeat themselves
        wrong: list[str] = []
        n_wrong = 0
        before = self.number
        for fields in self._fields:
            if self.number > before + 1 and self._holds_rows(fields):
                problems.append(
                    f"lines {before + 1} to {self.number}: a quoted field runs over them and holds "
                    "what look like rows; close its quotation mark, or write it twice"
                )
            before = self.number
            if len(fields) == len(self.names):
                for column, place in zip(columns, places, strict=True):
                    field = fields[place]
                    column.append(stored.setdefault(field, field))
            elif fields:  # else a blank line
                n_wrong += 1
                if n_wrong <= 5:
                    wrong.append(
                        f"line {self.number} has {len(fields)} "
                        f"field{'' if len(fields) == 1 else 's'}, the header {len(self.names)}"
                    )
        problems += wrong
        if n_wrong > 5:
            problems.append(f"so have {n_wrong - 5} more lines another number of fields")
        return dict(zip(wanted, columns, strict=True))

    def _holds_rows(self, fields: list[str]) -> bool:
        """Whether one of the fields has swallowed rows, as after an unmatched quotation mark."""
        width = len(self.names) - 1
        for field in fields:
            breaks, found = field.rstrip("\r\n").count("\n"), field.count(self.separator)
            # Prose may hold commas, but seldom a tab, or just as many commas as rows would.
            if breaks and found and (self.separator == "\t" or found == breaks * width):
                return True
        return False

    def texts_fast(self, wanted: Sequence[str]) -> Texts:
        """The same with a package that reads files fast, if one is installed; problems raise."""
        texts = None if self._path is None else csv_texts(self._path, self.separator, wanted)
        # A row of several lines is looked at closely: a quotation mark may not be closed.
        if texts and len(next(iter(texts.values()))) + 1 < _count_of_lines(self._path):
            texts = None
        if texts is None:
            problems: list[str] = []
            texts = self.texts(wanted, problems)
            if problems:
                raise ResponseDataError(self.subject, problems)
        return texts


def _count_of_lines(path: str | None) -> int:
    if path is None:
        return 0
    with Path(path).open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))


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
            raise ResponseDataError(subject, [f"line {lines.number}: {why}"]) from None


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
