"""Results of evaluations: numbers with intervals, as text, HTML or plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.metrics import METRICS
from adaptlearn.media import terminal_text
from adaptlearn.numerics import Floats
from adaptlearn.tables import Parts, Printed, number
from adaptlearn.wording import counted

TITLES = {
    "auc": "AUC",
    "log_loss": "log loss",
    "rmse": "RMSE",
    "accuracy": "accuracy",
    "calibration_error": "calibration error",
}


def interval_title(confidence: float) -> str:
    """The head of a column of intervals."""
    return f"{confidence * 100:g}% interval"


@dataclass(frozen=True)
class Estimate:
    """A metric with its confidence interval; a number that cannot be computed is nan.

    Attributes
    ----------
    value : float
        The value of the metric on the log, without resampling.
    lower, upper : float
        The ends of the confidence interval over students.
    """

    value: float
    lower: float
    upper: float

    def __str__(self) -> str:
        if math.isnan(self.value) or math.isnan(self.lower):
            return number(self.value)
        return f"{number(self.value)} [{number(self.lower)}, {number(self.upper)}]"

    def interval(self, *, signed: bool = False) -> str:
        """Both ends of the interval as text; a dash if there is no interval.

        The ends of the interval of a difference have a sign.
        """
        if math.isnan(self.lower):
            return "-"
        return " to ".join(number(end, signed=signed) for end in (self.lower, self.upper))

    def to_dict(self) -> dict[str, float | None]:
        """``value``, ``lower`` and ``upper`` as a dict, with None in place of nan for JSON."""
        return {name: None if math.isnan(value) else value for name, value in vars(self).items()}


class Estimates(NamedTuple):
    """One number per group with its confidence interval, as arrays of shape (n_groups,).

    Attributes
    ----------
    value : float array
    lower, upper : float arrays
        The ends of the confidence intervals over students; nan if they cannot be computed.
    """

    value: Floats
    lower: Floats
    upper: Floats

    def at(self, place: int) -> Estimate:
        """The estimate of one group, with its interval."""
        return Estimate(*(float(numbers[place]) for numbers in self))

    def columns(self, name: str) -> dict[str, Floats]:
        """Three columns for a table: the estimate, and the two ends of its interval."""
        return {name: self.value, f"{name}_lower": self.lower, f"{name}_upper": self.upper}


@dataclass(frozen=True)
class Evaluation(Printed):
    """How well a model's one-step-ahead predictions fit the answers of a log.

    Printing shows a small table, also in notebooks; ``to_latex()`` returns the table for a paper.

    Attributes
    ----------
    model : str
        The model's name.
    auc, log_loss, rmse, accuracy, calibration_error : Estimate
        The functions `auc`, `log_loss`, `rmse`, `accuracy` and `calibration_error` explain these
        metrics.
    n_responses : int
        How many predictions were scored.
    n_students : int
        How many students have a scored prediction.
    fraction_correct : float
        The share of right answers among the scored answers. A model that always predicts *correct*
        has the accuracy `fraction_correct`.
    confidence : float
        The coverage of the intervals; for example, .95 for 95 %.
    n_bootstrap : int
        The number of resamples of students for the intervals.
    notes : tuple of str
        Notes on the numbers, for example why a metric is undefined, or which rows were left out.
    effective_students : float
        The effective number of students. If all students had the same number of answers,
        `effective_students` students would give as much information as the log. The intervals use
        this number. The effective number is below `n_students` if a few students gave most of the
        answers.
    custom : dict of str to Estimate
        Your own metrics, by name.
    groups : GroupErrors or None
        The table of errors per group, if you passed ``by``; otherwise None.
    """

    model: str
    auc: Estimate
    log_loss: Estimate
    rmse: Estimate
    accuracy: Estimate
    calibration_error: Estimate
    n_responses: int
    n_students: int
    fraction_correct: float
    confidence: float
    n_bootstrap: int
    notes: tuple[str, ...] = ()
    effective_students: float = float("nan")
    custom: Mapping[str, Estimate] = field(default_factory=dict, hash=False)
    groups: Any = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        told = f"AUC {number(self.auc.value)}, log loss {number(self.log_loss.value)}"
        students = counted(self.n_students, "student")
        return f"Evaluation({terminal_text(self.model)}: {told}; {students})"

    def metrics(self) -> dict[str, Estimate]:
        """The estimates by name; your own metrics come last."""
        return {**{name: getattr(self, name) for name in METRICS}, **self.custom}

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per metric, as columns for any dataframe library.

        ``model``, ``metric``, ``value``, ``lower``, ``upper``.
        """
        found = self.metrics()
        return {
            "model": np.full(len(found), self.model),
            "metric": np.array([*found]),
            **{
                what: np.array([getattr(estimate, what) for estimate in found.values()])
                for what in ("value", "lower", "upper")
            },
        }

    def to_dict(self) -> dict[str, Any]:
        """The result as a dict that can be stored as JSON."""
        groups = {} if self.groups is None else {"groups": self.groups.to_dict()}
        return {
            "model": self.model,
            "n_responses": self.n_responses,
            "n_students": self.n_students,
            "effective_students": self.effective_students,
            "fraction_correct": self.fraction_correct,
            "confidence": self.confidence,
            "n_bootstrap": self.n_bootstrap,
            "metrics": {name: estimate.to_dict() for name, estimate in self.metrics().items()},
            "notes": list(self.notes),
            **groups,
        }

    def _parts(self) -> Parts:
        return Parts(
            f"{self.model}: {self.n_responses:,} responses, "
            f"{counted(self.n_students, 'student')}, "
            f"{self.fraction_correct:.1%} correct",
            ["metric", "value", interval_title(self.confidence)],
            [
                [TITLES.get(name, name), number(estimate.value), estimate.interval()]
                for name, estimate in self.metrics().items()
            ],
            self.notes,
        )
