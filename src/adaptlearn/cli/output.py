"""What the commands print: tables and JSON to one stream, everything else to the other."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from adaptlearn.cli.progress import clear_line
from adaptlearn.errors import AdaptLearnWarning
from adaptlearn.files import write_text
from adaptlearn.media import spreadsheet_cell, terminal_text
from adaptlearn.tables import text_table

ROWS = (
    "(rows are counted from 0, the first one below the header; in a spreadsheet, whose header is "
    "row 1, add 2)"
)


def say(text: str) -> None:
    """A message for the person at the terminal."""
    clear_line()
    _write(sys.stderr, text)


def show(text: str) -> None:
    """A result."""
    _write(sys.stdout, text)


def show_json(value: Any) -> None:
    """A result for a program; numbers that JSON lacks become null."""
    show(to_json(value))


def _write(stream: TextIO, text: str) -> None:
    text = terminal_text(text, lines=True)
    try:
        print(text, file=stream)
    except UnicodeEncodeError:  # a terminal of few letters shows ? for the others
        encoding = stream.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), file=stream)


def to_json(value: Any) -> str:
    """JSON text of dicts, lists, arrays and numbers."""
    text = json.dumps(plain(value), indent=2, allow_nan=False)
    return text.replace("\x7f", "\\u007f")  # the one control character that JSON may hold as it is


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
    right = [
        bool(rows) and all(isinstance(row[k], (int, float)) for row in rows)
        for k in range(len(head))
    ]
    body = [[_cell(value) for value in row] for row in rows]
    return text_table(head, body, right=right, rule=True, width=width)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    return " ".join(str(value).split())  # a line break in a label would break the table


def _values(column: Any) -> list[Any]:
    values: list[Any] = column.tolist() if hasattr(column, "tolist") else column
    return values


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


def write_csv(path: Path, columns: Mapping[str, Any]) -> None:
    """Write columns of equal length; no name in them is a formula to a spreadsheet."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(columns)
    for row in zip(*map(_values, columns.values()), strict=True):
        writer.writerow(map(spreadsheet_cell, row))
    write_text(path, stream.getvalue())
