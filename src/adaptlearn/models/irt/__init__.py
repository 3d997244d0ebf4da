"""Item response theory: one ability per student, a difficulty and a discrimination per item."""

from adaptlearn.models.irt.estimator import IRT
from adaptlearn.models.irt.rasch import Rasch

__all__ = ["IRT", "Rasch"]
