"""A log's entries: one for each skill of each response, gathered into sequences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Ints, Sequences


def of_entries(sequences: Sequences, values: Ints) -> NDArray[np.int64]:
    """Values by sequence, as those of the entries in their given order."""
    entries = np.empty(len(sequences.order), np.int64)
    entries[sequences.order] = np.repeat(values, sequences.lengths)
    return entries


def dense(codes: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The codes that occur, ascending, and each code's place among them."""
    present = np.flatnonzero(np.bincount(codes))
    place = np.zeros(int(present[-1]) + 1, np.int64)
    place[present] = np.arange(len(present))
    return present, place[codes]
