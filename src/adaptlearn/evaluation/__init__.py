"""Evaluation: metrics, intervals over students, honest splits, closer looks at errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.cross_validation.cross_validation import (
        cross_validate as cross_validate,
    )
    from adaptlearn.evaluation.cross_validation.splits import ForwardSplit as ForwardSplit
    from adaptlearn.evaluation.cross_validation.splits import StudentSplit as StudentSplit
    from adaptlearn.evaluation.diagnostics.calibration import calibration_curve as calibration_curve
    from adaptlearn.evaluation.diagnostics.groups import group_errors as group_errors
    from adaptlearn.evaluation.diagnostics.leakage import check_leakage as check_leakage
    from adaptlearn.evaluation.diagnostics.learning_curves import learning_curve as learning_curve
    from adaptlearn.evaluation.experiments import power as power
    from adaptlearn.evaluation.experiments import sample_size as sample_size
    from adaptlearn.evaluation.metrics import accuracy as accuracy
    from adaptlearn.evaluation.metrics import auc as auc
    from adaptlearn.evaluation.metrics import calibration_error as calibration_error
    from adaptlearn.evaluation.metrics import log_loss as log_loss
    from adaptlearn.evaluation.metrics import rmse as rmse
    from adaptlearn.evaluation.off_policy.decisions import LoggedDecisions as LoggedDecisions
    from adaptlearn.evaluation.off_policy.values import off_policy_return as off_policy_return
    from adaptlearn.evaluation.off_policy.values import off_policy_value as off_policy_value
    from adaptlearn.evaluation.scoring import evaluate as evaluate
    from adaptlearn.evaluation.thresholds.calibration import (
        calibrate_threshold as calibrate_threshold,
    )
    from adaptlearn.evaluation.thresholds.later_answers import later_correct as later_correct

_HOMES = {
    "ForwardSplit": "cross_validation.splits",
    "LoggedDecisions": "off_policy.decisions",
    "StudentSplit": "cross_validation.splits",
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
    # What results are made of, and their pictures, is public where it is.
    **dict.fromkeys(
        (
            "cross_validation",
            "diagnostics",
            "experiments",
            "off_policy",
            "plots",
            "results",
            "thresholds",
        ),
        "",
    ),
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *(name for name, home in _HOMES.items() if home),
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
