"""What evaluation asks of a model: probabilities, checked."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats
from adaptlearn.responses import ResponseLog


class Predicts(Protocol):
    """All that evaluation asks of a fitted model."""

    def predict_proba(self, log: ResponseLog, /) -> NDArray[np.floating]:
        """P(wrong) and P(correct) of each row before its answer, shape (n, 2)."""
        ...


def predictions(model: Predicts, log: ResponseLog, name: str) -> Floats:
    """P(correct) of every row, shape (n,), checked where there is an answer.

    Raises
    ------
    ParameterError
        If the model's prediction is not of shape (n, 2), or holds other than probabilities.
    """
    both = np.asarray(model.predict_proba(log), np.float64)
    if both.shape != (len(log), 2):
        raise ParameterError(
            f"predictions of {name}",
            [f"predict_proba must return shape ({len(log)}, 2), got {both.shape}"],
        )
    predicted = both[:, 1]
    wrong = np.flatnonzero(log.answered & ~((predicted >= 0) & (predicted <= 1)))
    if len(wrong):
        raise ParameterError(
            f"predictions of {name}",
            [
                f"{len(wrong)} of {len(log)} are not probabilities, first "
                f"{predicted[wrong[0]]} in row {wrong[0]}"
            ],
        )
    return predicted
