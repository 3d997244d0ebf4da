"""Results as small tables: text for a terminal, HTML for a notebook, LaTeX for a paper."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from adaptlearn.media import Markup, html_text, latex_text, terminal_text

if TYPE_CHECKING:  # commands that only print need no NumPy
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
        lines = [caption, text_table(head, rows), *note_lines(notes)]
        return terminal_text("\n".join(lines), lines=True)

    def _repr_html_(self) -> str:
        caption, head, rows, notes = self._parts()
        return html_table(caption, head, rows, note_lines(notes))

    def to_latex(self) -> str:
        """A ``tabular`` for a paper that uses the package *booktabs*; every text is escaped.

        Put the ``tabular`` inside a ``table`` environment in your paper. The caption and the notes
        are LaTeX comments.
        """
        caption, head, rows, notes = self._parts()
        return latex_table(caption, head, rows, note_lines(notes))


def number(value: float, *, signed: bool = False) -> str:
    """Four decimals, or *undefined*; four digits and an exponent from ten million on."""
    if math.isnan(value):
        return "undefined"
    form = ".4f" if abs(value) < 1e7 else ".3e"
    return f"{value:{'+' if signed else ''}{form}}"


def plain_columns(columns: Mapping[str, NDArray[Any]]) -> dict[str, list[Any]]:
    """Columns as lists, ready for JSON: None in place of nan."""
    return {
        name: [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - nan alone differs from itself
        for name, column in columns.items()
    }


def text_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[bool] | None = None,
    rule: bool = False,
    width: int | None = None,
) -> str:
    """Aligned columns, as text that is safe in a terminal (see `terminal_text`).

    Parameters
    ----------
    head : sequence of str
    rows : sequence of rows of str
    right : sequence of bool, optional
        Which columns stand to the right; by default all but the first.
    rule : bool
        Whether a line of dashes stands under the head.
    width : int, optional
        Where to wrap the last column; by default every row is one line.
    """
    first, *lines = ([*map(terminal_text, row)] for row in (head, *rows))
    widths = [max(map(display_width, column)) for column in zip(first, *lines, strict=True)]
    if width is not None:
        last = max(width - sum(widths[:-1]) - 2 * len(widths[:-1]), 30)
        lines = [line for row in lines for line in _wrapped(row, last)]
        widths[-1] = min(widths[-1], last)
    under = [["-" * width for width in widths]] if rule else []
    return "\n".join(aligned([first, *under, *lines], widths, right))


def aligned(
    rows: Iterable[Sequence[str]],
    widths: Sequence[int] | None = None,
    right: Sequence[bool] | None = None,
) -> list[str]:
    """Rows as lines of text, their cells padded to a column's width (see `text_table`)."""
    lines = [[*map(terminal_text, row)] for row in rows]
    if widths is None:
        widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    sides = [column > 0 for column in range(len(widths))] if right is None else right
    return [
        "  ".join(
            " " * (width - display_width(cell)) + cell
            if to_right
            else cell + " " * (width - display_width(cell))
            for cell, width, to_right in zip(line, widths, sides, strict=True)
        ).rstrip()
        for line in lines
    ]


def _wrapped(cells: Sequence[str], width: int) -> Iterator[list[str]]:
    """A row as several lines, the last cell in pieces of a width."""
    pieces = textwrap.wrap(cells[-1], width) or [""]
    yield [*cells[:-1], pieces[0]]
    for piece in pieces[1:]:
        yield [*[""] * (len(cells) - 1), piece]


def display_width(text: str) -> int:
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


def note_lines(notes: Iterable[str]) -> list[str]:
    """Notes as lines under a text table."""
    return [f"note: {note}" for note in notes]


def ends(n: int, most: int) -> list[int | None]:
    """Places of the first and the last of many, with None for the gap between them.

    Examples
    --------
    >>> ends(3, 4), ends(9, 4)
    ([0, 1, 2], [0, 1, None, 7, 8])
    """
    if n <= most:
        return [*range(n)]
    return [*range(most - most // 2), None, *range(n - most // 2, n)]


def latex_table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Iterable[str] = (),
    *,
    bold: Sequence[Sequence[bool]] | None = None,
) -> str:
    r"""A table for a paper: see `Printed.to_latex`.

    Parameters
    ----------
    caption : str
    head : sequence of str
    rows : sequence of rows of str
    notes : iterable of str
    bold : sequence of rows of bool, optional
        Which cells are in bold.

    Examples
    --------
    >>> print(latex_table("Fit", ["model", "AUC"], [["best_lr", "0.7712"]]))
    % Fit
    \begin{tabular}{lr}
    \toprule
    model & AUC \\
    \midrule
    best\_lr & 0.7712 \\
    \bottomrule
    \end{tabular}
    """

    def line(cells: Iterable[str]) -> str:
        text = " & ".join(cells)
        # TeX would read a bracket or an asterisk as a part of the line break above it.
        return ("{}" if text.startswith(("[", "*")) else "") + text + r" \\"

    marks = bold or [[False] * len(head)] * len(rows)
    body = [
        line(
            rf"\textbf{{{latex_text(cell)}}}" if marked else latex_text(cell)
            for cell, marked in zip(row, marked_row, strict=True)
        )
        for row, marked_row in zip(rows, marks, strict=True)
    ]
    above, *below = (f"% {' '.join(terminal_text(text).split())}" for text in (caption, *notes))
    return "\n".join(
        [
            above,
            rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            r"\toprule",
            line(map(latex_text, head)),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *below,
        ]
    )


def html_table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    notes: Iterable[str] = (),
    *,
    prose: bool = False,
) -> str:
    """A table for a notebook; every text is escaped, `Markup` excepted.

    Parameters
    ----------
    caption : str
    head : sequence of str
    rows : iterable of rows of str
    notes : iterable of str
        Paragraphs under the table.
    prose : bool
        Whether cells hold sentences: they then stand to the left and at the top, where notebooks
        put numbers to the right and in the middle.
    """
    style = ' style="text-align:left;vertical-align:top"' if prose else ""

    def line(cells: Sequence[str], tag: str) -> str:
        inner = (f"<{tag}{style}>{html_text(cell)}</{tag}>" for cell in cells)
        return f"<tr>{''.join(inner)}</tr>"

    titled = f"<caption>{html_text(caption)}</caption>" if caption else ""
    body = "".join(line(row, "td") for row in rows)
    below = "".join(f"<p>{html_text(note)}</p>" for note in notes)
    return f"<table>{titled}<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>{below}"


def html_card(title: str, facts: Sequence[str], *below: str) -> str:
    """What a notebook shows of an object.

    Text and bars have the notebook's own colours, whether it is light or dark.

    Parameters
    ----------
    title : str
    facts : sequence of str
        They stand in one line.
    *below : str
        HTML, such as that of `html_table` and `html_folded`.
    """
    line = "<br>" + " · ".join(map(html_text, facts)) if facts else ""
    return f"<div><p><b>{html_text(title)}</b>{line}</p>{''.join(below)}</div>"


def html_folded(title: str, inner: str) -> str:
    """HTML that is shown when its title is clicked."""
    return f"<details><summary>{html_text(title)}</summary>{inner}</details>"


def html_bar(share: float) -> Markup:
    """A bar that is filled as far as a share, 0 to 1, says; empty where it is nan."""
    filled = 0.0 if math.isnan(share) else min(max(share, 0.0), 1.0)
    return Markup(
        '<div style="width:8em;height:.7em;border:1px solid;opacity:.6">'
        f'<div style="width:{filled:.1%};height:100%;background:currentColor"></div></div>'
    )
