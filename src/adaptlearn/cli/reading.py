"""Files to response logs.

What a CSV file's columns are is decided here, in one way whichever package read the text.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from adaptlearn.errors import ResponseDataError
from adaptlearn.responses import ResponseLog
from adaptlearn.responses.engines import Texts, csv_texts, parquet_frame, parquet_names
from adaptlearn.validation import some

REQUIRED = ("student", "skill", "correct")
OPTIONAL = ("item", "time", "id")
GAPS = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")
_TRUTH = {"true": True, "false": False}


def read_log(source: str, options: Namespace, *, text_skills: bool = False) -> ResponseLog:
    """Read a log by the name of its file and the column options of a command.

    Parameters
    ----------
    source : str
        Path of a ``.parquet`` file or of a CSV file; ``-`` for CSV on standard input.
    options : argparse.Namespace
        With ``student``, ``skill``, ``correct``, ``item``, ``time``, ``id``,
        ``skill_separator`` and ``unanswered``.
    text_skills : bool
        Keep a CSV file's skills as text, even if all are integers: for a model that knows
        its skills by text.

    Raises
    ------
    ResponseDataError
        Lists every problem, with rows counted from 0 below the header.
    MissingDependency
        Nothing is installed that reads Parquet.
    OSError
        There is no such file, or it may not be read.
    """
    if Path(source).suffix.lower() in (".parquet", ".pq"):
        Path(source).open("rb").close()  # an error of the system says best what is wrong
        columns = _chosen(parquet_names(source), options, source)
        frame = parquet_frame(source, list(columns.values()))
    else:
        texts, columns = _read_csv(source, options)
        as_text = text_skills or options.skill_separator is not None
        frame = {name: _values_of(role, texts[name], as_text) for role, name in columns.items()}
    roles: dict[str, Any] = {role: columns.get(role, False) for role in (*REQUIRED, *OPTIONAL)}
    try:
        return ResponseLog.from_frame(
            frame,
            **roles,
            skill_separator=options.skill_separator,
            unanswered=options.unanswered,
        )
    except ResponseDataError as error:
        raise ResponseDataError(source, error.problems) from None


def _chosen(names: Sequence[str], options: Namespace, source: str) -> dict[str, str]:
    """Which column plays which role."""
    problems = []
    columns: dict[str, str] = {}
    for role in (*REQUIRED, *OPTIONAL):
        given = getattr(options, role)
        if given is False or (given is None and role not in names):
            continue
        name = role if given is None else given
        if name not in names:
            hint = f"; say which one it is with --{role} COL" if name == role else ""
            problems.append(f"column {name!r} ({role}) is missing{hint}")
        elif names.count(name) > 1:
            problems.append(f"column {name!r} ({role}) stands {names.count(name)} times")
        columns[role] = name
    twice = {name for name in columns.values() if list(columns.values()).count(name) > 1}
    problems += [f"column {name!r} is given two roles" for name in sorted(twice)]
    if problems:
        problems[-1] += f"; the columns are {some(names, 30)}"
        raise ResponseDataError(source, problems)
    return columns


@contextmanager
def _opened(source: str) -> Iterator[TextIO]:
    if source == "-":
        stream = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        try:
            yield stream
        finally:
            stream.detach()  # standard input stays open
    else:
        with Path(source).open(encoding="utf-8-sig", newline="") as stream:
            yield stream


def _read_csv(source: str, options: Namespace) -> tuple[Texts, dict[str, str]]:
    with _opened(source) as stream:
        try:
            first = stream.readline()
            if not first.strip():
                raise ResponseDataError(source, ["has no header: its first line is empty"])
            separator = max(",;\t", key=first.count)
            lines = csv.reader(chain([first], stream), delimiter=separator, strict=True)
            names = next(lines)
            columns = _chosen(names, options, source)
            wanted = list(columns.values())
            texts = None if source == "-" else csv_texts(source, separator, wanted)
            if texts is None:
                texts = _collect(lines, names, wanted, source)
        except UnicodeDecodeError as error:
            found = f"byte 0x{error.object[error.start]:02x}"
            raise ResponseDataError(
                source, [f"is not text in UTF-8 ({found}); save it as UTF-8, or as Parquet"]
            ) from None
        except csv.Error as error:
            why = str(error)
            if why == "unexpected end of data":
                why = "the file ends within a quoted field; a quotation mark is not closed"
            raise ResponseDataError(source, [f"line {lines.line_num}: {why}"]) from None
    return texts, columns


def _collect(lines: Any, names: list[str], wanted: list[str], source: str) -> Texts:
    """The wanted columns, line by line; lines of another width are reported by number."""
    places = [names.index(name) for name in wanted]
    columns: list[list[str]] = [[] for _ in wanted]
    stored: dict[str, str] = {}  # one text per distinct value: files repeat themselves
    wrong: list[str] = []
    n_wrong = 0
    for fields in lines:
        if len(fields) == len(names):
            for column, place in zip(columns, places, strict=True):
                field = fields[place]
                column.append(stored.setdefault(field, field))
        elif fields:  # else a blank line
            n_wrong += 1
            if n_wrong <= 5:
                wrong.append(
                    f"line {lines.line_num} has {len(fields)} "
                    f"field{'' if len(fields) == 1 else 's'}, the header {len(names)}"
                )
    if wrong:
        more = [f"so have {n_wrong - 5} more lines another number of fields"] * (n_wrong > 5)
        raise ResponseDataError(source, wrong + more)
    return dict(zip(wanted, columns, strict=True))


def _values_of(role: str, texts: list[str], text_skills: bool) -> Any:
    if role == "correct":
        return _translated(texts, _answer)
    if role == "time":
        return _translated(texts, _time)
    return _labels(texts, role == "skill" and text_skills)


def _labels(texts: list[str], as_text: bool) -> Any:
    """Integers if every value is written as one, ``007`` and ``+7`` are not; else text."""
    distinct = set(texts)
    gaps = "" in distinct
    distinct.discard("")
    if not as_text and all(map(_INTEGER.fullmatch, distinct)):
        number_of = {text: int(text) for text in distinct}
        if all(-(2**63) <= number < 2**63 for number in number_of.values()):
            if not gaps:
                return np.fromiter(map(number_of.__getitem__, texts), np.int64, len(texts))
            return [number_of.get(text) for text in texts]
    return [text or None for text in texts] if gaps else texts


def _translated(texts: list[str], read: Callable[[str], Any]) -> list[Any]:
    value_of = {text: None if text in GAPS else read(text) for text in set(texts)}
    return [value_of[text] for text in texts]


def _answer(text: str) -> bool | float | str:
    return _TRUTH.get(text.lower(), _number(text))


def _number(text: str) -> float | str:
    """A number, or the text itself: what a log does not take is refused where it is checked."""
    if _INTEGER.fullmatch(text):
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
