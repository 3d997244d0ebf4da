"""Evaluation: metrics, intervals over students, cross-validation by student."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.folds import CrossValidation as CrossValidation
    from adaptlearn.evaluation.folds import cross_validate as cross_validate
    from adaptlearn.evaluation.metrics import accuracy as accuracy
    from adaptlearn.evaluation.metrics import auc as auc
    from adaptlearn.evaluation.metrics import calibration_error as calibration_error
    from adaptlearn.evaluation.metrics import log_loss as log_loss
    from adaptlearn.evaluation.metrics import rmse as rmse
    from adaptlearn.evaluation.results import Estimate as Estimate
    from adaptlearn.evaluation.results import Evaluation as Evaluation
    from adaptlearn.evaluation.scoring import evaluate as evaluate

_HOMES = {
    "CrossValidation": "folds",
    "Estimate": "results",
    "Evaluation": "results",
    "accuracy": "metrics",
    "auc": "metrics",
    "calibration_error": "metrics",
    "cross_validate": "folds",
    "evaluate": "scoring",
    "log_loss": "metrics",
    "rmse": "metrics",
}

__all__ = [
    "CrossValidation",
    "Estimate",
    "Evaluation",
    "accuracy",
    "auc",
    "calibration_error",
    "cross_validate",
    "evaluate",
    "log_loss",
    "rmse",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
