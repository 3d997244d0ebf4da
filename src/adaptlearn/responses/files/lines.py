"""The lines of a CSV file, as columns of texts; every line is accounted for."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from os import PathLike, fstat
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Literal, NamedTuple, TextIO, cast

from adaptlearn.errors import AdaptLearnWarning, MissingDependency, ResponseDataError, warn
from adaptlearn.responses.engines import csv_texts
from adaptlearn.responses.files.recognition import HEAD, SAVE, Kind, kind_of, unpacked
from adaptlearn.responses.files.separators import declared_separator, separator_of
from adaptlearn.responses.files.texts import Texts, TextStore, is_no_answer

Source = str | PathLike[str] | TextIO | BinaryIO
Row = list[str]
OnRead = Callable[[int, int], None]
"""Told how many of how many bytes of a file are read."""

# A field may be long where it is not used; Python's own limit is 128 kB.
_LONGEST = 2**31 - 1
_limit = Lock()
_usual: list[int] = []  # csv's own limit, once for each file that is being read
_BATCH = 512  # lines that are read at once: more at a time make work for the garbage collector
_LARGE = 100_000_000  # bytes from which a faster package is worth a word
_FASTER = "in half the time"
_CLOSELY = 20_000  # letters of rows that are looked at closely
_REMEDY = "close the one before it, or write a mark within a quoted field twice"
_SWALLOWED = (
    "a quoted field runs over them and holds what look like rows; close its quotation mark, or "
    "write it twice; a text that is meant has to stand on one line"
)


def name_of(source: Source) -> str:
    """What messages call a file."""
    if isinstance(source, (str, PathLike)):
        return str(source)
    return str(getattr(source, "name", "the file"))


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

    def __init__(
        self,
        text: TextIO,
        *,
        first: str,
        n_above: int,
        separator: str,
        file: _File,
        on_read: OnRead,
    ) -> None:
        self._text: Iterator[str] = chain([first], text)
        self._file, self._on_read, self._n_above = file, on_read, n_above
        self._line = n_above  # how many are read
        self._lines: list[str] = []  # of the row that is being read
        self.subject = file.name
        self.separator = separator
        self.names: list[str] = []

    def _handed(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self._line += 1
            self._lines.append(line)
            yield line

    def _reader(self, lines: Iterable[str]) -> Iterator[Row]:
        return csv.reader(lines, delimiter=self.separator, strict=True)

    @property
    def place(self) -> str:
        """The line, or the lines, of the row that is being read."""
        first = self._line - len(self._lines) + 1
        return f"line {self._line}" if first >= self._line else f"lines {first} to {self._line}"

    def read_header(self) -> None:
        """Read `names`, before all else."""
        self.names = next(self._reader(self._handed(self._text)))
        if any(rows_if_edited(self._lines, self.separator, len(self.names))):
            raise ResponseDataError(self.subject, [f"{self.place}: {_SWALLOWED}"])

    def texts(self, wanted: Sequence[str], problems: list[str]) -> dict[str, list[str]]:
        """Named columns, line by line; lines of another width are problems, by number."""
        return {name: column.tolist() for name, column in self._columns(wanted, problems).items()}

    def _columns(self, wanted: Sequence[str], problems: list[str]) -> dict[str, Texts]:
        places = [self.names.index(name) for name in wanted]
        stores = [TextStore() for _ in wanted]
        doubts = _Doubts()
        while lines := list(islice(self._text, _BATCH)):
            rows = self._plain_rows(lines)
            if rows is None:
                rows = self._careful_rows(lines, doubts)
            else:
                self._line += len(lines)
            fields = list(zip(*rows, strict=True))
            for store, place in zip(stores, places, strict=True):
                store.add(fields[place] if fields else ())
            self._on_read(self._file.place(), self._file.size)
        columns = {name: store.column() for name, store in zip(wanted, stores, strict=True)}
        # Prose may hold as many commas as a row, but seldom an answer where the rows have theirs.
        answers = [
            place
            for place, column in zip(places, columns.values(), strict=True)
            if doubts.swallowed and not any(map(is_no_answer, column.distinct))
        ]
        problems += doubts.problems(answers, len(self.names))
        return columns

    def _plain_rows(self, lines: list[str]) -> list[Row] | None:
        """The rows, where each line is one to any reader; else None."""
        if any('"' in line for line in lines):
            return None
        try:
            rows = list(filter(None, self._reader(lines)))  # without blank lines
        except csv.Error:
            return None
        return rows if set(map(len, rows)) <= {len(self.names)} else None

    def _careful_rows(self, lines: list[str], doubts: _Doubts) -> list[Row]:
        """The rows that begin in these lines, one by one."""
        end = self._line + len(lines)
        width = len(self.names)
        rows = []
        self._lines.clear()
        for fields in self._reader(self._handed(chain(lines, self._text))):
            if len(self._lines) > 1:
                found = list(rows_if_edited(self._lines, self.separator, width))
                doubts.swallowed += [(self.place, found)] if found else []
            self._lines.clear()
            if len(fields) == width:
                rows.append(fields)
            elif fields:  # else a blank line
                doubts.widths.append((self._line, len(fields)))
            if self._line >= end:
                break
        return rows

    def columns(self, wanted: Sequence[str]) -> dict[str, Texts]:
        """Named columns, with a package that reads files fast where that can be; problems raise."""
        columns = self._columns_fast(wanted)
        if columns is None:
            problems: list[str] = []
            columns = self._columns(wanted, problems)
            if problems:
                raise ResponseDataError(self.subject, problems)
        self._on_read(self._file.size, self._file.size)
        return columns

    def _columns_fast(self, wanted: Sequence[str]) -> dict[str, Texts] | None:
        file, mark = self._file, self.separator
        if not file.again or self._n_above or not mark.isascii():
            return None
        with file.reopened() as stream:
            n_rows = _count_of_plain_rows(stream, mark, len(self.names))
        if not n_rows:
            return None
        try:
            with file.reopened() as stream:
                # Of a file that is not packed, they map the path into memory.
                found = csv_texts(file.name if file.kind == "text" else stream, mark, wanted)
        except MissingDependency as missing:
            if file.size >= _LARGE:
                what = f"{self.subject}: reading {file.size / 1e6:,.0f} MB {_FASTER}"
                warn(str(MissingDependency(what, missing.package)), AdaptLearnWarning)
            return None
        if found is None or len(next(iter(found.values()))) != n_rows:
            return None
        return {name: Texts.of(found.pop(name)) for name in wanted}


class _File(NamedTuple):
    """What the lines come from.

    Attributes
    ----------
    name : str
    kind : {"text", "gzip", "zst"}
    size : int
        Bytes; 0 where it has none.
    place : callable
        How many bytes are read.
    again : bool
        Whether it can be opened once more, by its name.
    """

    name: str
    kind: Kind
    size: int
    place: Callable[[], int]
    again: bool

    @contextmanager
    def reopened(self) -> Iterator[BinaryIO]:
        with Path(self.name).open("rb") as file, unpacked(file, self.kind, self.name) as stream:
            yield stream


class _Doubts:
    """What is odd about lines.

    Attributes
    ----------
    widths : list of (int, int)
        Lines that are no rows, and how many fields they have.
    swallowed : list of (str, list)
        Rows of several lines, and the rows that each may be instead.
    """

    def __init__(self) -> None:
        self.widths: list[tuple[int, int]] = []
        self.swallowed: list[tuple[str, list[list[Row]]]] = []

    def problems(self, answers: Sequence[int], width: int) -> list[str]:
        """One sentence per problem; `answers` are the places of columns that hold answers."""
        told = [
            f"{lines}: {_SWALLOWED}"
            for lines, readings in self.swallowed
            if any(
                not any(is_no_answer(row[place]) for row in rows for place in answers)
                for rows in readings
            )
        ]
        told += [
            f"line {line} has {n} field{'' if n == 1 else 's'}, the header {width}"
            for line, n in self.widths[:5]
        ]
        if (more := len(self.widths) - 5) > 0:
            told.append(f"so have {more} more lines another number of fields")
        return told


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


def _count_of_plain_rows(file: BinaryIO, separator: str, width: int) -> int:
    """Lines below the header, if every line is one row of `width` fields to any reader; else 0.

    Packages disagree about marks that are not closed, and about lines with too few fields.
    """
    n_lines = n_separators = 0
    part = b"\n"
    while more := file.read(1 << 20):
        part = more + file.read(1) if more.endswith(b"\r") else more
        if b'"' in part or part.count(b"\r") != part.count(b"\r\n"):
            return 0
        n_lines += part.count(b"\n")
        n_separators += part.count(separator.encode())
    n_lines += not part.endswith(b"\n")
    return n_lines - 1 if n_separators == n_lines * (width - 1) else 0


def _nobody(done: int, total: int) -> None:
    """Tell nobody."""


@contextmanager
def open_csv(
    source: Source,
    *,
    separator: Callable[[str], str] = separator_of,
    undecoded: Literal["strict", "surrogateescape"] = "strict",
    on_read: OnRead | None = None,
) -> Iterator[CSVLines]:
    """Open a CSV file, packed or not, and say what is wrong with it in the library's errors.

    Parameters
    ----------
    source : path, or open file
    separator : callable
        From the header to what separates its fields; `ValueError` says why that is not known. A
        first line such as ``sep=;`` goes before it.
    undecoded : {"strict", "surrogateescape"}
        Whether bytes that are not UTF-8 are an error, or are kept as the codec's surrogates.
    on_read : callable, optional
        Called with the bytes read and the bytes of the file, where it has a size.

    Raises
    ------
    ResponseDataError
        It has no header, is not in UTF-8, is damaged, or is not CSV.
    MissingDependency
        Nothing is installed that unpacks it.
    OSError
        There is no such file, or it may not be read.
    """
    with ExitStack() as stack:
        stack.enter_context(_long_fields())
        file, text = _opened(source, undecoded, stack)
        subject = file.name
        try:
            first, n_above = text.readline(), 0
            if declared := declared_separator(first):
                first, n_above = text.readline(), 1
            if not first.strip():
                raise ResponseDataError(subject, ["has no header: its first line is empty"])
            kind_of(first.encode("utf-8", "surrogatepass"), subject)
            told = on_read if on_read and file.size else _nobody
            told(0, file.size)
            try:
                mark = declared or separator(first)
            except ValueError as error:
                raise ResponseDataError(subject, [str(error)]) from None
            lines = CSVLines(
                text, first=first, n_above=n_above, separator=mark, file=file, on_read=told
            )
            lines.read_header()
            yield lines
        except UnicodeDecodeError as error:
            found = f"byte 0x{error.object[error.start]:02x}"
            problem = f"is not text in UTF-8 ({found}), as Excel's plain CSV is not; {SAVE}"
            raise ResponseDataError(subject, [problem]) from None
        except csv.Error as error:
            why = str(error)
            if why == "unexpected end of data":
                why = "the file ends within a quoted field; a quotation mark is not closed"
            elif "expected after" in why:
                why = f"text follows a closing quotation mark; {_REMEDY}"
            raise ResponseDataError(subject, [f"{lines.place}: {why}"]) from None


def _opened(source: Source, undecoded: str, stack: ExitStack) -> tuple[_File, TextIO]:
    """A file, and its text; what the caller opened stays open."""
    name = name_of(source)
    if isinstance(source, (str, PathLike)):
        opened = Path(source).open("rb", buffering=HEAD)  # noqa: SIM115 - the stack closes it
        raw: Any = stack.enter_context(opened)
    elif not isinstance(source.read(0), bytes):
        return _File(name, "text", 0, int, again=False), cast("TextIO", source)
    else:
        raw = stack.enter_context(io.BufferedReader(_Borrowed(source), HEAD))
    kind = kind_of(raw.peek(HEAD), name)
    if kind == "Parquet":
        raise ResponseDataError(name, ["is Parquet, which is read by the name of its file only"])
    stream = stack.enter_context(unpacked(raw, kind, name))
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors=undecoded, newline="")
    stack.enter_context(text)
    if isinstance(source, (str, PathLike)) and Path(source).is_file():
        return _File(name, kind, fstat(raw.fileno()).st_size, raw.tell, again=True), text
    return _File(name, kind, 0, int, again=False), text


class _Borrowed(io.RawIOBase):
    """The bytes of a caller's file, which stays open whoever closes this."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._file.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


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
