"""Results of plans as columns, and as a frame of a dataframe library."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from adaptlearn.responses.frames import frame_of
from adaptlearn.tables import Printed


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
