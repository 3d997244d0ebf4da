"""Evaluation: metrics, intervals over students, honest splits, closer looks at errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.cross_validation.comparison import CrossValidation as CrossValidation
    from adaptlearn.evaluation.cross_validation.comparison import Differences as Differences
    from adaptlearn.evaluation.cross_validation.cross_validation import (
        cross_validate as cross_validate,
    )
    from adaptlearn.evaluation.cross_validation.splits import ForwardSplit as ForwardSplit
    from adaptlearn.evaluation.diagnostics.calibration import CalibrationCurve as CalibrationCurve
    from adaptlearn.evaluation.diagnostics.calibration import calibration_curve as calibration_curve
    from adaptlearn.evaluation.diagnostics.groups import GroupErrors as GroupErrors
    from adaptlearn.evaluation.diagnostics.groups import group_errors as group_errors
    from adaptlearn.evaluation.diagnostics.leakage import LeakageCheck as LeakageCheck
    from adaptlearn.evaluation.diagnostics.leakage import check_leakage as check_leakage
    from adaptlearn.evaluation.diagnostics.learning_curves import LearningCurve as LearningCurve
    from adaptlearn.evaluation.diagnostics.learning_curves import learning_curve as learning_curve
    from adaptlearn.evaluation.experiments import SampleSize as SampleSize
    from adaptlearn.evaluation.experiments import power as power
    from adaptlearn.evaluation.experiments import sample_size as sample_size
    from adaptlearn.evaluation.metrics import accuracy as accuracy
    from adaptlearn.evaluation.metrics import auc as auc
    from adaptlearn.evaluation.metrics import calibration_error as calibration_error
    from adaptlearn.evaluation.metrics import log_loss as log_loss
    from adaptlearn.evaluation.metrics import rmse as rmse
    from adaptlearn.evaluation.off_policy.decisions import LoggedDecisions as LoggedDecisions
    from adaptlearn.evaluation.off_policy.values import OffPolicyValue as OffPolicyValue
    from adaptlearn.evaluation.off_policy.values import off_policy_return as off_policy_return
    from adaptlearn.evaluation.off_policy.values import off_policy_value as off_policy_value
    from adaptlearn.evaluation.results import Estimate as Estimate
    from adaptlearn.evaluation.results import Estimates as Estimates
    from adaptlearn.evaluation.results import Evaluation as Evaluation
    from adaptlearn.evaluation.scoring import evaluate as evaluate
    from adaptlearn.evaluation.thresholds.calibration import (
        calibrate_threshold as calibrate_threshold,
    )
    from adaptlearn.evaluation.thresholds.later_answers import later_correct as later_correct
    from adaptlearn.evaluation.thresholds.results import ErrorRates as ErrorRates
    from adaptlearn.evaluation.thresholds.results import GroupThreshold as GroupThreshold
    from adaptlearn.evaluation.thresholds.results import MasteryThresholds as MasteryThresholds
    from adaptlearn.evaluation.thresholds.results import ThresholdCurve as ThresholdCurve

_HOMES = {
    "CalibrationCurve": "diagnostics.calibration",
    "CrossValidation": "cross_validation.comparison",
    "Differences": "cross_validation.comparison",
    "ErrorRates": "thresholds.results",
    "Estimate": "results",
    "Estimates": "results",
    "Evaluation": "results",
    "ForwardSplit": "cross_validation.splits",
    "GroupErrors": "diagnostics.groups",
    "GroupThreshold": "thresholds.results",
    "LeakageCheck": "diagnostics.leakage",
    "LearningCurve": "diagnostics.learning_curves",
    "LoggedDecisions": "off_policy.decisions",
    "MasteryThresholds": "thresholds.results",
    "OffPolicyValue": "off_policy.values",
    "SampleSize": "experiments",
    "ThresholdCurve": "thresholds.results",
    "accuracy": "metrics",
    "auc": "metrics",
    "calibrate_threshold": "thresholds.calibration",
    "calibration_curve": "diagnostics.calibration",
    "calibration_error": "metrics",
    "check_leakage": "diagnostics.leakage",
    "cross_validate": "cross_validation.cross_validation",
    "evaluate": "scoring",
    "group_errors": "diagnostics.groups",
    "later_correct": "thresholds.later_answers",
    "learning_curve": "diagnostics.learning_curves",
    "log_loss": "metrics",
    "off_policy_return": "off_policy.values",
    "off_policy_value": "off_policy.values",
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
