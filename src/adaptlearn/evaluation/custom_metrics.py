"""Metrics of the caller's own: functions of answers and predictions, checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.metrics import METRICS
from adaptlearn.numerics import Floats

Metric = Callable[[Floats, Floats], float]
"""Of answers of 0 and 1 and probabilities of a correct one, both of shape (n,)."""

_TAKEN = frozenset({*METRICS, "model", "fold", "fit_time", "predict_time", "group", "n", "gap",
                    "n_students", "observed", "predicted"})  # fmt: skip


def checked_metrics(subject: str, metrics: Any) -> dict[str, Metric]:
    """The caller's metrics by name; none for None.

    Raises
    ------
    ParameterError
        If it is no mapping of names to functions, or a name is one of the results' own.
    """
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        wanted = "metrics must be a mapping of name to function(answers, predictions)"
        raise ParameterError(subject, [f"{wanted}, got {type(metrics).__name__}"])
    problems = []
    for name, metric in metrics.items():
        if not isinstance(name, str) or not name:
            problems.append(f"names of metrics must be text, got {name!r}")
        elif name in _TAKEN:
            problems.append(f"a metric named {name!r} would hide the results' own; rename it")
        if not callable(metric):
            problems.append(f"metric {name!r} must be a function(answers, predictions)")
    if problems:
        raise ParameterError(subject, problems)
    return dict(metrics)


def metric_value(name: str, metric: Metric, correct: Floats, predicted: Floats) -> float:
    """One metric of copies of the arrays; nan where it is undefined.

    Raises
    ------
    ParameterError
        If it returns anything but one number.
    """
    value: Any = metric(correct.copy(), predicted.copy())
    if hasattr(value, "item") and getattr(value, "size", 0) == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real) or math.isinf(value):
        shown = f"{type(value).__name__} {value!r}"[:80]
        raise ParameterError(f"metric {name!r}", [f"it must return one number, got {shown}"])
    return float(value)


def value_or_nan(name: str, metric: Metric, correct: Floats, predicted: Floats) -> float:
    """`metric_value` of a part of the answers: nan where the metric refuses that part."""
    try:
        return metric_value(name, metric, correct, predicted)
    except (ArithmeticError, ParameterError, ValueError):
        # What suits all answers need not suit a few: they may all be alike.
        return float("nan")
