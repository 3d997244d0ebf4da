"""The order of a log's rows in time."""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Ints
from adaptlearn.responses import ResponseLog


def chronological_places(log: ResponseLog) -> Ints:
    """Each row's place in the order of time, then id, then row."""
    order = log.chronological
    place = np.arange(len(log))
    if order is not None:
        place[order] = np.arange(len(log))
    return place
