"""Times that are asked for, against those of the last reviews."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.errors import ParameterError, StateError
from adaptlearn.models.memory.reviews import DAY
from adaptlearn.numerics import Floats


def days_since(last: Floats, time: Any) -> Floats:
    """Days from each card's last review to a time; nan where there was none."""
    moments = np.asarray(time)
    if moments.dtype.kind not in "iuf" or not np.isfinite(moments).all():
        raise ParameterError("time", [f"expected finite numbers of seconds, got {time!r}"])
    days = (np.broadcast_to(moments, last.shape) - last) / DAY
    refuse_the_past(days)
    return np.asarray(days)


def refuse_the_past(since: Floats) -> None:
    """Refuse times before a last review: a state knows the present only (`StateError`)."""
    if (since < 0).any():
        raise StateError(
            f"{int((since < 0).sum())} cards were reviewed after the time that is asked for; "
            "a state knows the present, not the past"
        )
