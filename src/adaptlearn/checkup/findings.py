"""What a check hands back: findings, as text, as a table, in a notebook."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.media import Markup, html_text, terminal_text
from adaptlearn.numerics import Ints
from adaptlearn.tables import html_table
from adaptlearn.wording import counted

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

# Legible on white and on black.
_COLOURS = {"error": "#d13438", "warning": "#b8730a", "note": "#4a7fb5"}


def no_rows() -> NDArray[np.int64]:
    """For findings that concern labels or whole columns."""
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Finding:
    """A finding of a check: one thing that you should know about a log.

    Attributes
    ----------
    code : str
        A short name of the finding, which stays the same in all versions of the library.
    severity : {"error", "warning", "note"}
        *error*: results from the log would be wrong. *warning*: part of the log cannot be used
        without a change, or is probably not what you meant. *note*: worth knowing.
    found : str
        What the check found: how many labels or rows, which ones, and where in the log.
    consequence : str
        What the finding means for knowledge tracing.
    remedy : str
        What you can do about the finding.
    column : str
        The column that the finding is about: its role, such as ``"skill"``, or the name of a
        further column.
    count : int
        The number of labels, rows or columns that the finding is about.
    labels : tuple
        If the finding is about labels of `column`: all labels that the finding is about.
    rows : integer array
        If the finding is about rows: all rows that the finding is about, counted from 0.
    """

    code: str
    severity: Severity
    found: str
    consequence: str
    remedy: str
    column: str
    count: int
    labels: tuple[Any, ...] = ()
    rows: Ints = field(default_factory=no_rows, repr=False)

    def __str__(self) -> str:
        return "\n".join(self.lines(80))

    def lines(self, width: int) -> list[str]:
        """The finding as wrapped lines of text."""
        parts = (("", self.found), ("so: ", self.consequence), ("do: ", self.remedy))
        lines = [f"{self.severity:<7}  {self.code}"]
        for name, text in parts:
            lines += textwrap.wrap(
                terminal_text(name + text, lines=True),
                width,
                initial_indent=" " * 9,
                subsequent_indent=" " * (9 + len(name)),
                break_long_words=False,
                break_on_hyphens=False,
            )
        return lines


class Checkup:
    """The findings of one log, the most severe first.

    `print` shows the checkup as text, and a notebook shows it as a table. You can loop over a
    checkup to get its findings one by one. ``checkup["code"]`` is the finding whose code is
    ``"code"``. ``"code" in checkup`` says whether the checkup has a finding with the code
    ``"code"``.

    Parameters
    ----------
    subject : str
        A short text that says what the check looked at.
    findings : iterable of Finding

    Attributes
    ----------
    subject : str
    findings : tuple of Finding
    """

    def __init__(self, subject: str, findings: Iterable[Finding]) -> None:
        self.subject = subject
        self.findings = tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity)))

    @property
    def ok(self) -> bool:
        """Whether the log is free of *errors*: no finding makes results wrong."""
        return not any(finding.severity == "error" for finding in self)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the findings."""
        return tuple(finding.code for finding in self)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __bool__(self) -> bool:
        return True  # a checkup that found nothing is still one; `ok` says how it went

    def __contains__(self, code: object) -> bool:
        return code in self.codes

    def __getitem__(self, code: str) -> Finding:
        for finding in self:
            if finding.code == code:
                return finding
        raise KeyError(f"{code!r} was not found; found were {', '.join(self.codes) or 'none'}")

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per finding, as columns for any dataframe library."""
        names = ("severity", "code", "column", "count", "found", "consequence", "remedy")
        return {
            name: np.array(
                [getattr(finding, name) for finding in self], int if name == "count" else str
            )
            for name in names
        }

    def to_dict(self) -> dict[str, Any]:
        """The findings as a dict for JSON, with at most 20 labels and 20 rows per finding."""
        names = ("code", "severity", "found", "consequence", "remedy", "column", "count")
        return {
            "subject": self.subject,
            "ok": self.ok,
            "findings": [
                {name: getattr(finding, name) for name in names}
                | {
                    "first_labels": list(finding.labels[:20]),
                    "first_rows": finding.rows[:20].tolist(),
                }
                for finding in self
            ],
        }

    def to_text(self, width: int = 80) -> str:
        """The findings as text, in lines of at most `width` characters."""
        blocks = ["\n".join(finding.lines(max(width, 40))) for finding in self]
        about = f"{terminal_text(self.subject)}\n{self._counts()}"
        return "\n\n".join([about, *blocks])

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._counts()})"

    def _counts(self) -> str:
        numbers = [
            (severity, sum(finding.severity == severity for finding in self))
            for severity in SEVERITIES
        ]
        return ", ".join(counted(n, severity) for severity, n in numbers if n) or "nothing found"

    def _repr_html_(self) -> str:
        about = f"<p><b>{html_text(self.subject)}</b><br>{self._counts()}</p>"
        if not len(self):
            return about
        head = ("", "what was found", "what it does", "what to do")
        return about + html_table("", head, map(_html_cells, self), prose=True)


def _html_cells(finding: Finding) -> list[str]:
    colour = _COLOURS[finding.severity]
    mark = Markup(
        f'<div style="white-space:nowrap;border-left:4px solid {colour};padding-left:6px">'
        f'<b style="color:{colour}">{finding.severity}</b>'
        f"<br><code>{html_text(finding.code)}</code></div>"
    )
    return [mark, *map(_html_text, (finding.found, finding.consequence, finding.remedy))]


def _html_text(text: str) -> Markup:
    """What stands between backticks as code; long names are broken, not cut."""
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html_text(text))
    return Markup(
        f'<div style="max-width:26em;white-space:normal;overflow-wrap:anywhere">{words}</div>'
    )
