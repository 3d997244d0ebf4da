"""Names made safe for what shows them: a terminal, a page, a picture, a paper, a spreadsheet.

Names of students, skills and lessons come from outside, and a medium may take a part of one for a
command: a terminal obeys escape sequences, a page markup, a picture and a paper TeX, a spreadsheet
formulas.
"""

from __future__ import annotations

import re
from typing import Any

# What no reader sees: control characters (of which terminals obey some), line and paragraph
# separators, what turns the order of the letters round, and halves of characters.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSEEN_IN_LINES = re.compile(_UNSEEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
_HTML = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
_HTML[ord("'")] = "&#x27;"
_LATEX = {ord(letter): f"\\{letter}" for letter in "&%$#_{}"} | {
    ord(letter): f"\\text{name}{{}}"
    for letter, name in {
        "\\": "backslash",
        "~": "asciitilde",
        "^": "asciicircum",
        "<": "less",
        ">": "greater",
        "|": "bar",
    }.items()
}
_MINUS = re.compile(r"(?<![^\s\[(])-(?=[0-9])")
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def terminal_text(text: object, *, lines: bool = False) -> str:
    r"""A text without anything that a terminal would obey: that is written out, as Python does.

    Parameters
    ----------
    text : object
    lines : bool
        Whether it is more than a name, with line breaks and tabs of its own, which stay.

    Examples
    --------
    >>> print(terminal_text("ann\x1b[2J"))
    ann\x1b[2J
    """
    text = str(text)
    if text.isprintable():
        return text
    return (_UNSEEN_IN_LINES if lines else _UNSEEN).sub(_written_out, text)


class Markup(str):
    """HTML that is shown as it is: what it quotes is escaped already (see `html_text`)."""

    __slots__ = ()

    def __html__(self) -> str:
        """Itself, for templates that escape texts."""
        return self


def html_text(text: object) -> Markup:
    """A text as HTML, unless it is HTML already."""
    if isinstance(text, Markup):
        return text
    return Markup(terminal_text(text, lines=True).translate(_HTML))


def latex_text(text: object) -> str:
    r"""A text in one line of a LaTeX document; numbers below 0 get a minus, not a hyphen.

    Examples
    --------
    >>> print(latex_text("50% of $x_1$"), latex_text("-0.5"))
    50\% of \$x\_1\$ $-$0.5
    """
    return _MINUS.sub("$-$", " ".join(terminal_text(text).split()).translate(_LATEX))


def picture_text(text: object, width: int = 60) -> str:
    r"""A name as matplotlib draws it letter by letter, cut where it is long.

    One that begins with an underscore gets a space before it: legends leave such names out.

    Parameters
    ----------
    text : object
    width : int
        Letters that are drawn, at most.

    Examples
    --------
    >>> print(picture_text("$x_{$"))
    \$x_{\$
    """
    name = terminal_text(text)
    if len(name) > width:
        name = name[: width - 1] + "…"
    return (" " * name.startswith("_") + name).replace("$", r"\$")


def spreadsheet_cell(value: Any) -> Any:
    """A value for a CSV file: a text that a spreadsheet would run gets an apostrophe before it.

    Examples
    --------
    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("-3"), spreadsheet_cell(-0.5)
    ("'=1+1", '-3', -0.5)
    """
    if not isinstance(value, str):
        return value
    text = terminal_text(value)
    runs = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if runs else text


def _written_out(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]
