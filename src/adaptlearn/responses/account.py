"""What became of the rows and columns of a file on its way to a log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from adaptlearn.numerics import Ints
from adaptlearn.tables import html_card, html_table


class Fate(NamedTuple):
    """What became of some rows.

    Attributes
    ----------
    rows : int array
        Counted from 0 below the header; of several files, through all of them.
    outcome : {"joined", "left out", "kept"}
        Joined: part of the response of an earlier row. Kept: a response, but something about
        it was decided.
    text : str
        The sentence: how many rows, the first of them, and why.
    """

    rows: Ints
    outcome: Literal["joined", "left out", "kept"]
    text: str


@dataclass(frozen=True, eq=False)
class Account:
    """What became of the rows and columns of a file on its way to a log: `ResponseLog.account`.

    Every row is a response, or is joined to one, or is left out.

    Attributes
    ----------
    reader : str
    n_rows, n_responses : int
        What was read, and what the log holds.
    fates : tuple of Fate
        Of the rows that are not simply a response.
    columns : mapping of str to str
        From the parts of the log (``"student"``, ``"skill"``, ...) to the columns of the file.

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
        """The rows that were left out, in order."""
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
