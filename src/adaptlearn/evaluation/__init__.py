"""Evaluation: metrics, intervals over students, honest splits, closer looks at errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.calibration import CalibrationCurve as CalibrationCurve
    from adaptlearn.evaluation.calibration import calibration_curve as calibration_curve
    from adaptlearn.evaluation.comparison import CrossValidation as CrossValidation
    from adaptlearn.evaluation.comparison import Differences as Differences
    from adaptlearn.evaluation.experiments import SampleSize as SampleSize
    from adaptlearn.evaluation.experiments import power as power
    from adaptlearn.evaluation.experiments import sample_size as sample_size
    from adaptlearn.evaluation.folds import cross_validate as cross_validate
    from adaptlearn.evaluation.groups import GroupErrors as GroupErrors
    from adaptlearn.evaluation.groups import group_errors as group_errors
    from adaptlearn.evaluation.later import later_correct as later_correct
    from adaptlearn.evaluation.leakage import LeakageCheck as LeakageCheck
    from adaptlearn.evaluation.leakage import check_leakage as check_leakage
    from adaptlearn.evaluation.learning import LearningCurve as LearningCurve
    from adaptlearn.evaluation.learning import learning_curve as learning_curve
    from adaptlearn.evaluation.logged import LoggedDecisions as LoggedDecisions
    from adaptlearn.evaluation.metrics import accuracy as accuracy
    from adaptlearn.evaluation.metrics import auc as auc
    from adaptlearn.evaluation.metrics import calibration_error as calibration_error
    from adaptlearn.evaluation.metrics import log_loss as log_loss
    from adaptlearn.evaluation.metrics import rmse as rmse
    from adaptlearn.evaluation.off_policy import OffPolicyValue as OffPolicyValue
    from adaptlearn.evaluation.off_policy import off_policy_return as off_policy_return
    from adaptlearn.evaluation.off_policy import off_policy_value as off_policy_value
    from adaptlearn.evaluation.results import Estimate as Estimate
    from adaptlearn.evaluation.results import Estimates as Estimates
    from adaptlearn.evaluation.results import Evaluation as Evaluation
    from adaptlearn.evaluation.scoring import evaluate as evaluate
    from adaptlearn.evaluation.splits import ForwardSplit as ForwardSplit
    from adaptlearn.evaluation.threshold_results import ErrorRates as ErrorRates
    from adaptlearn.evaluation.threshold_results import GroupThreshold as GroupThreshold
    from adaptlearn.evaluation.threshold_results import MasteryThresholds as MasteryThresholds
    from adaptlearn.evaluation.threshold_results import ThresholdCurve as ThresholdCurve
    from adaptlearn.evaluation.thresholds import calibrate_threshold as calibrate_threshold

_HOMES = {
    "CalibrationCurve": "calibration",
    "CrossValidation": "comparison",
    "Differences": "comparison",
    "ErrorRates": "threshold_results",
    "Estimate": "results",
    "Estimates": "results",
    "Evaluation": "results",
    "ForwardSplit": "splits",
    "GroupErrors": "groups",
    "GroupThreshold": "threshold_results",
    "LeakageCheck": "leakage",
    "LearningCurve": "learning",
    "LoggedDecisions": "logged",
    "MasteryThresholds": "threshold_results",
    "OffPolicyValue": "off_policy",
    "SampleSize": "experiments",
    "ThresholdCurve": "threshold_results",
    "accuracy": "metrics",
    "auc": "metrics",
    "calibrate_threshold": "thresholds",
    "calibration_curve": "calibration",
    "calibration_error": "metrics",
    "check_leakage": "leakage",
    "cross_validate": "folds",
    "evaluate": "scoring",
    "group_errors": "groups",
    "later_correct": "later",
    "learning_curve": "learning",
    "log_loss": "metrics",
    "off_policy_return": "off_policy",
    "off_policy_value": "off_policy",
    "power": "experiments",
    "rmse": "metrics",
    "sample_size": "experiments",
    "plots": "",
}

__all__ = [
    "CalibrationCurve",
    "CrossValidation",
    "Differences",
    "ErrorRates",
    "Estimate",
    "Estimates",
    "Evaluation",
    "ForwardSplit",
    "GroupErrors",
    "GroupThreshold",
    "LeakageCheck",
    "LearningCurve",
    "LoggedDecisions",
    "MasteryThresholds",
    "OffPolicyValue",
    "SampleSize",
    "ThresholdCurve",
    "accuracy",
    "auc",
    "calibrate_threshold",
    "calibration_curve",
    "calibration_error",
    "check_leakage",
    "cross_validate",
    "evaluate",
    "group_errors",
    "later_correct",
    "learning_curve",
    "log_loss",
    "off_policy_return",
    "off_policy_value",
    "plots",
    "power",
    "rmse",
    "sample_size",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
