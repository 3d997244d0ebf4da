"""Bayesian Knowledge Tracing."""

from adaptlearn.models.bkt.estimator import BKT
from adaptlearn.models.bkt.state import BKTState

__all__ = ["BKT", "BKTState"]
