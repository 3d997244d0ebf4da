"""Mastery thresholds, from what came after mastery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.thresholds.results import ErrorRates as ErrorRates
    from adaptlearn.evaluation.thresholds.results import GroupThreshold as GroupThreshold
    from adaptlearn.evaluation.thresholds.results import (
        ThresholdCalibration as ThresholdCalibration,
    )
    from adaptlearn.evaluation.thresholds.results import ThresholdCurve as ThresholdCurve

_HOMES = {
    "ErrorRates": "results",
    "GroupThreshold": "results",
    "ThresholdCalibration": "results",
    "ThresholdCurve": "results",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
