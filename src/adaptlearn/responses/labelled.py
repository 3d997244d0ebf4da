"""How columns are held: labels stored once each, or objects as they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Labelled(NamedTuple):
    """A column of labels, which stores each distinct label once.

    Attributes
    ----------
    codes : int32 array, shape (n,)
        For each row, the position of its label in `labels`.
    labels : array, shape (n_labels,)
        The distinct labels, sorted: integers, or objects that are all ``str``.
    """

    codes: NDArray[np.int32]
    labels: NDArray[Any]

    @property
    def values(self) -> NDArray[Any]:
        """The original column: one label per row."""
        return self.labels[self.codes]


def objects(values: list[Any] | NDArray[Any]) -> NDArray[np.object_]:
    """A list as an array of just these objects, whatever they are."""
    column = np.empty(len(values), object)
    column[:] = values
    return column
