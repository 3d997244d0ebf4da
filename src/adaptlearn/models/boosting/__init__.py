"""Boosted trees over history features."""

from adaptlearn.models.boosting.tracer import FeatureBoosting

__all__ = ["FeatureBoosting"]
