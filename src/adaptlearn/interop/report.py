"""What a reader of another program's files did with their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from adaptlearn.numerics import Ints
from adaptlearn.tables import Parts, Printed
from adaptlearn.wording import counted


class Note(NamedTuple):
    """What a reader found in a file.

    Attributes
    ----------
    file : str
    outcome : {"skipped", "warning"}
        Skipped: the result does not contain these rows. Warning: the result contains them, but the
        reader had to decide something, or left a value out.
    rows : int array
        Row numbers, counted from 0 below the header; empty if the note is about the whole file.
    text : str
        One sentence, with the number of rows and the reason.
    """

    file: str
    outcome: Literal["skipped", "warning"]
    rows: Ints
    text: str


def note(
    file: str, outcome: Literal["skipped", "warning"], text: str, rows: Ints | None = None
) -> Note:
    """A note about rows, or about a whole file."""
    return Note(file, outcome, np.zeros(0, np.intp) if rows is None else rows, text)


@dataclass(frozen=True, eq=False)
class ReadReport(Printed):
    """What a reader did with each file: rows read, rows skipped and why, warnings.

    Attributes
    ----------
    reader : str
    n_rows, n_kept : mapping of str to int
        For each file, the number of its rows, and how many of them the result contains.
    notes : tuple of Note
    """

    reader: str
    n_rows: Mapping[str, int]
    n_kept: Mapping[str, int]
    notes: tuple[Note, ...]

    def _outcomes(self, outcome: str) -> Iterator[str]:
        return (f"{one.file}: {one.text}" for one in self.notes if one.outcome == outcome)

    @property
    def skipped(self) -> tuple[str, ...]:
        """A sentence for each reason why rows are not in the result."""
        return tuple(self._outcomes("skipped"))

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each thing that may not be as its author meant it."""
        return tuple(self._outcomes("warning"))

    def __repr__(self) -> str:
        read, kept = sum(self.n_rows.values()), sum(self.n_kept.values())
        return f"ReadReport({self.reader}: {read:,} rows read, {kept:,} kept)"

    def _parts(self) -> Parts:
        rows = [[file, f"{n:,}", f"{self.n_kept[file]:,}"] for file, n in self.n_rows.items()]
        found = [f"{one.outcome}: {one.file}: {one.text}" for one in self.notes]
        title = f"{self.reader}: {counted(sum(self.n_rows.values()), 'row')}"
        return Parts(title, ["file", "rows", "kept"], rows, found)
