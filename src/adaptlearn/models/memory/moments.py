"""Times that are asked for, against those of the last reviews."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.errors import StateError
from adaptlearn.models.memory.reviews import DAY
from adaptlearn.models.state import asked_seconds
from adaptlearn.numerics import Floats


def days_since(last: Floats, time: Any) -> Floats:
    """Days from each card's last review to a time; nan where there was none."""
    days = (asked_seconds(time, last.shape) - last) / DAY
    refuse_the_past(days)
    return np.asarray(days)


def refuse_the_past(since: Floats) -> None:
    """Refuse times before a last review: a state knows the present only (`StateError`)."""
    if (since < 0).any():
        raise StateError(
            f"{int((since < 0).sum())} cards were reviewed after the time that is asked for; "
            "a state knows the present, not the past"
        )
