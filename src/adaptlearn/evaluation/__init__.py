"""Evaluation: metrics, intervals over students, honest splits, closer looks at errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.calibration import CalibrationCurve as CalibrationCurve
    from adaptlearn.evaluation.calibration import calibration_curve as calibration_curve
    from adaptlearn.evaluation.comparison import CrossValidation as CrossValidation
    from adaptlearn.evaluation.comparison import Differences as Differences
    from adaptlearn.evaluation.folds import cross_validate as cross_validate
    from adaptlearn.evaluation.groups import GroupErrors as GroupErrors
    from adaptlearn.evaluation.groups import group_errors as group_errors
    from adaptlearn.evaluation.leakage import LeakageCheck as LeakageCheck
    from adaptlearn.evaluation.leakage import check_leakage as check_leakage
    from adaptlearn.evaluation.learning import LearningCurve as LearningCurve
    from adaptlearn.evaluation.learning import learning_curve as learning_curve
    from adaptlearn.evaluation.metrics import accuracy as accuracy
    from adaptlearn.evaluation.metrics import auc as auc
    from adaptlearn.evaluation.metrics import calibration_error as calibration_error
    from adaptlearn.evaluation.metrics import log_loss as log_loss
    from adaptlearn.evaluation.metrics import rmse as rmse
    from adaptlearn.evaluation.results import Estimate as Estimate
    from adaptlearn.evaluation.results import Estimates as Estimates
    from adaptlearn.evaluation.results import Evaluation as Evaluation
    from adaptlearn.evaluation.scoring import evaluate as evaluate
    from adaptlearn.evaluation.splits import ForwardSplit as ForwardSplit

_HOMES = {
    "CalibrationCurve": "calibration",
    "CrossValidation": "comparison",
    "Differences": "comparison",
    "Estimate": "results",
    "Estimates": "results",
    "Evaluation": "results",
    "ForwardSplit": "splits",
    "GroupErrors": "groups",
    "LeakageCheck": "leakage",
    "LearningCurve": "learning",
    "accuracy": "metrics",
    "auc": "metrics",
    "calibration_curve": "calibration",
    "calibration_error": "metrics",
    "check_leakage": "leakage",
    "cross_validate": "folds",
    "evaluate": "scoring",
    "group_errors": "groups",
    "learning_curve": "learning",
    "log_loss": "metrics",
    "rmse": "metrics",
    "plots": "",
}

__all__ = [
    "CalibrationCurve",
    "CrossValidation",
    "Differences",
    "Estimate",
    "Estimates",
    "Evaluation",
    "ForwardSplit",
    "GroupErrors",
    "LeakageCheck",
    "LearningCurve",
    "accuracy",
    "auc",
    "calibration_curve",
    "calibration_error",
    "check_leakage",
    "cross_validate",
    "evaluate",
    "group_errors",
    "learning_curve",
    "log_loss",
    "plots",
    "rmse",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
