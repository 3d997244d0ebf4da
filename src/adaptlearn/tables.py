"""Results as small tables: text for a terminal, HTML for a notebook."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from numpy.typing import NDArray


class Parts(NamedTuple):
    """A result as it is shown."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    notes: Iterable[str]


class Printed:
    """A result that prints as a small table, and that notebooks show as one."""

    def _parts(self) -> Parts:
        raise NotImplementedError

    def __str__(self) -> str:
        caption, head, rows, notes = self._parts()
        return "\n".join([caption, text_table(head, rows), *note_lines(notes)])

    def _repr_html_(self) -> str:
        return html_table(*self._parts())


def number(value: float) -> str:
    """Four decimals, or *undefined*."""
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def plain_columns(columns: Mapping[str, NDArray[Any]]) -> dict[str, list[Any]]:
    """Columns as lists, ready for JSON: None in place of nan."""
    return {
        name: [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - nan alone differs from itself
        for name, column in columns.items()
    }


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns, the first to the left, the others to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def note_lines(notes: Iterable[str]) -> list[str]:
    """Notes as lines under a text table."""
    return [f"note: {note}" for note in notes]


def html_table(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], notes: Iterable[str]
) -> str:
    """The same table for a notebook; every text is escaped."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    below = "".join(f"<p>{escape(note)}</p>" for note in note_lines(notes))
    return (
        f"<table><caption>{escape(caption)}</caption><thead>{line(head, 'th')}</thead>"
        f"<tbody>{body}</tbody></table>{below}"
    )
