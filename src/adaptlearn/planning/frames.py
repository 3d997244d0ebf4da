"""Results of plans as columns, and as a frame of a dataframe library."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.labels import plain
from adaptlearn.responses.frames import frame_of
from adaptlearn.tables import Parts, Printed, ends

_SHOWN = 20


class Tabled(Printed):
    """A result that prints as a small table, and whose rows any dataframe library can take."""

    def table(self) -> dict[str, NDArray[Any]]:
        """The rows as columns, for any dataframe library."""
        raise NotImplementedError

    def to_frame(self, library: str | None = None) -> Any:
        """The rows as a dataframe of pandas, Polars or PyArrow.

        Parameters
        ----------
        library : {"pandas", "polars", "pyarrow"}, optional
            By default the first of these that is installed.
        """
        return frame_of(self.table(), library)


class Rows(Tabled):
    """Rows of a plan, as columns of equal length; `print` shows the first and the last."""

    def __init__(self, caption: str, columns: dict[str, NDArray[Any]]) -> None:
        self._caption, self._columns = caption, columns

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def table(self) -> dict[str, NDArray[Any]]:
        """The rows as columns, for any dataframe library."""
        return dict(self._columns)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as plain values, as JSON can store them; a day as a text, or None."""
        columns = [[_value(one) for one in column] for column in self._columns.values()]
        return [dict(zip(self._columns, row, strict=True)) for row in zip(*columns, strict=True)]

    def _parts(self) -> Parts:
        rows = [
            ["…"] * len(self._columns)
            if place is None
            else [_text(column[place]) for column in self._columns.values()]
            for place in ends(len(self), _SHOWN)
        ]
        return Parts(f"{self._caption}: {len(self):,} rows", [*self._columns], rows, [])

    def __repr__(self) -> str:
        return str(self)


def _value(one: Any) -> Any:
    if isinstance(one, np.datetime64):
        return None if np.isnat(one) else str(one)
    value = plain(one)
    return None if isinstance(value, float) and np.isnan(value) else value


def _text(one: Any) -> str:
    value = _value(one)
    if value is None:
        return "later" if isinstance(one, np.datetime64) else ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
