"""Memory: what is forgotten between reviews, and when a review is due."""

from adaptlearn.models.memory.forgetting import ForgettingCurve, lags
from adaptlearn.models.memory.fsrs import FSRS, FSRS_DEFAULTS
from adaptlearn.models.memory.halflife import HalfLifeRegression

__all__ = ["FSRS", "FSRS_DEFAULTS", "ForgettingCurve", "HalfLifeRegression", "lags"]
