"""What the commands print: tables and JSON to one stream, everything else to the other."""

from __future__ import annotations

import json
import math
import shutil
import sys
import textwrap
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from adaptlearn.errors import AdaptLearnWarning


def say(text: str) -> None:
    """A message for the person at the terminal."""
    _write(sys.stderr, text)


def show(text: str) -> None:
    """A result."""
    _write(sys.stdout, text)


def show_json(value: Any) -> None:
    """A result for a program; numbers that JSON lacks become null."""
    show(to_json(value))


def _write(stream: TextIO, text: str) -> None:
    try:
        print(text, file=stream)
    except UnicodeEncodeError:  # a terminal of few letters shows ? for the others
        encoding = stream.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), file=stream)


def to_json(value: Any) -> str:
    """JSON text of dicts, lists, arrays and numbers."""
    return json.dumps(plain(value), indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """Arrays as lists, NumPy's numbers as Python's, nan and infinities as None."""
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def table(head: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None = None) -> str:
    """Aligned columns: numbers to the right, everything else to the left.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of rows
        Floats are shown with three decimals, nan as a dash.
    width : int, optional
        Where to wrap the last column; by default every row is one line.
    """
    body = [[_cell(value) for value in row] for row in rows]
    right = [
        bool(rows) and all(isinstance(row[k], (int, float)) for row in rows)
        for k in range(len(head))
    ]
    widths = [max(_width(line[k]) for line in (head, *body)) for k in range(len(head))]
    if width is not None:
        last = max(width - sum(widths[:-1]) - 2 * len(widths[:-1]), 30)
        body = [line for cells in body for line in _wrapped(cells, last)]
        widths[-1] = min(widths[-1], last)

    def line(cells: Sequence[str]) -> str:
        padded = (
            " " * (width - _width(cell)) + cell if number else cell + " " * (width - _width(cell))
            for cell, width, number in zip(cells, widths, right, strict=True)
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, body)])


def _wrapped(cells: Sequence[str], width: int) -> Iterator[list[str]]:
    """A row as several lines, the last cell in pieces of a width."""
    pieces = textwrap.wrap(cells[-1], width) or [""]
    yield [*cells[:-1], pieces[0]]
    for piece in pieces[1:]:
        yield [*[""] * (len(cells) - 1), piece]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    return " ".join(str(value).split())  # a line break in a label would break the table


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: East Asian letters take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(letter)
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )


def terminal_width() -> int | None:
    """The width of the terminal results go to; None for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def heading(text: str) -> str:
    """A line that begins a part of a longer output."""
    return f"\n== {text}"


@contextmanager
def show_warnings() -> Iterator[None]:
    """Say each of the library's warnings once, in one line."""
    said: set[str] = set()

    def one_line(message: Warning | str, *_: Any, **__: Any) -> None:
        text = " ".join(str(message).split())
        if text not in said:
            said.add(text)
            say(f"warning: {text}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", AdaptLearnWarning)
        warnings.showwarning = one_line
        yield
