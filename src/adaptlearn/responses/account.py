"""What became of the rows and columns of a file on its way to a log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from adaptlearn.numerics import Ints
from adaptlearn.tables import html_card, html_table


class Fate(NamedTuple):
    """What a reader did with some rows of a file.

    Attributes
    ----------
    rows : int array
        Row numbers, counted from 0 below the header. With several files, the count of rows
        continues from file to file.
    outcome : {"joined", "left out", "kept"}
        Joined: the row is part of the response of an earlier row. Left out: the log does not
        contain the row. Kept: the row is a response, but the reader had to decide something about
        the row.
    text : str
        One sentence that says how many rows there are, which row is the first, and what the reason
        is.
    """

    rows: Ints
    outcome: Literal["joined", "left out", "kept"]
    text: str


@dataclass(frozen=True, eq=False)
class Account:
    """What a reader did with the rows and columns of a file; `ResponseLog.account` stores it.

    Every row of the file is a response, or is joined to the response of an earlier row, or is left
    out.

    Attributes
    ----------
    reader : str
    n_rows, n_responses : int
        The number of rows in the file, and the number of responses in the log.
    fates : tuple of Fate
        One `Fate` for each reason why a row of the file is not simply one response.
    columns : mapping of str to str
        For each part of the log (``"student"``, ``"skill"``, ...), the file's column from which the
        part comes.

    Examples
    --------
    >>> from adaptlearn.datasets import read_irw
    >>> log = read_irw({"id": [1, 1, 2], "item": ["a", "b", "a"], "resp": [1, 0, 1]})
    >>> print(log.account)
    read_irw: 3 rows became 3 responses
    student is 'id', skill is 'the whole file', correct is 'resp', item is 'item'
    """

    reader: str
    n_rows: int
    n_responses: int
    fates: tuple[Fate, ...]
    columns: Mapping[str, str]

    @property
    def left_out(self) -> Ints:
        """The rows that the reader left out, in order."""
        rows = [fate.rows for fate in self.fates if fate.outcome == "left out"]
        return np.sort(np.concatenate(rows)) if rows else np.zeros(0, np.intp)

    @property
    def summary(self) -> str:
        """How many rows became how many responses, and a line for each fate."""
        lines = "".join(f"\n  - {fate.text}" for fate in self.fates)
        return f"{self.reader}: {self.n_rows:,} rows became {self.n_responses:,} responses{lines}"

    def __repr__(self) -> str:
        rows, responses = f"{self.n_rows:,} rows", f"{self.n_responses:,} responses"
        return f"Account({self.reader}, {rows}, {responses})"

    def _repr_html_(self) -> str:
        fates = [[fate.outcome, fate.text] for fate in self.fates]
        columns = [[role, str(name)] for role, name in self.columns.items()]
        title = f"{self.reader}: {self.n_rows:,} rows became {self.n_responses:,} responses"
        below = html_table("", ["outcome", "rows"], fates, prose=True) if fates else ""
        return html_card(title, [], below, html_table("", ["of the log", "column"], columns))

    def __str__(self) -> str:
        columns = ", ".join(f"{role} is {name!r}" for role, name in self.columns.items())
        return f"{self.summary}\n{columns}"
