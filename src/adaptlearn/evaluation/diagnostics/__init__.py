"""Closer looks at a model's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.diagnostics.calibration import CalibrationCurve as CalibrationCurve
    from adaptlearn.evaluation.diagnostics.calibration import plot_calibration as plot_calibration
    from adaptlearn.evaluation.diagnostics.groups import GroupErrors as GroupErrors
    from adaptlearn.evaluation.diagnostics.groups import plot_gaps as plot_gaps
    from adaptlearn.evaluation.diagnostics.leakage import LeakageCheck as LeakageCheck
    from adaptlearn.evaluation.diagnostics.learning_curves import LearningCurve as LearningCurve
    from adaptlearn.evaluation.diagnostics.learning_curves import (
        plot_learning_curve as plot_learning_curve,
    )

_HOMES = {
    "CalibrationCurve": "calibration",
    "GroupErrors": "groups",
    "LeakageCheck": "leakage",
    "LearningCurve": "learning_curves",
    "plot_calibration": "calibration",
    "plot_gaps": "groups",
    "plot_learning_curve": "learning_curves",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
