"""The scored answers of a log: what every closer look at predictions starts from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.validation import some


class Answers(NamedTuple):
    """Answers with their predictions.

    Attributes
    ----------
    log : ResponseLog
    rows : integer array, shape (n,)
        The rows of the log that are scored.
    correct, predicted : float arrays, shape (n,)
    student : integer array, shape (n,)
        Students as ``0 … n_students - 1``.
    """

    log: ResponseLog
    rows: Ints
    correct: Floats
    predicted: Floats
    student: Ints


def scored_answers(log: Any, predicted: ArrayLike, subject: str) -> Answers:
    """Check predictions against a log, and take the rows that can be scored.

    Parameters
    ----------
    log : ResponseLog, or a frame with the standard column names
    predicted : array, shape (n_responses,)
        P(correct) of each row; nan where nothing was predicted.
    subject : str
        Who asks, for error messages.

    Raises
    ------
    ParameterError
        `predicted` is of another length, or holds other than probabilities.
    ResponseDataError
        No answer has a prediction.
    """
    if told := _no_predictions(log, predicted):
        raise ParameterError(subject, [told])
    log = as_log(log)
    p = np.asarray(predicted, np.float64)
    if p.shape != (len(log),):
        hint = "; of what predict_proba returns, take column 1" * (p.shape == (len(log), 2))
        raise ParameterError(
            subject, [f"predicted must be of shape ({len(log)},), as the log, got {p.shape}{hint}"]
        )
    asked = log.answered & ~np.isnan(p)
    wrong = np.flatnonzero(asked & ~((p >= 0) & (p <= 1)))
    if len(wrong):
        first = f"first {p[wrong[0]]} in row {wrong[0]}"
        raise ParameterError(
            subject, [f"predicted must hold probabilities; {len(wrong)} are not, {first}"]
        )
    rows = np.flatnonzero(asked)
    if not len(rows):
        raise ResponseDataError(subject, ["no answer of the log has a prediction"])
    _, student = np.unique(log.student.codes[rows], return_inverse=True)
    return Answers(log, rows, log.correct[rows].astype(np.float64), p[rows], student)


def _no_predictions(log: Any, predicted: Any) -> str:
    """What to give in place of something that cannot be predictions; empty where it may be."""
    if isinstance(predicted, ResponseLog) and not isinstance(log, ResponseLog):
        return "the log comes first, then the predictions"
    if hasattr(predicted, "predict_proba"):
        name = type(predicted).__name__
        return (
            f"{name} is a model; give its predict_proba(log)[:, 1], "
            "or the predictions of cross_validate"
        )
    if isinstance(predicted, Mapping):
        return f"predictions of several models, {some(predicted, 5)}; give those of one"
    return ""
