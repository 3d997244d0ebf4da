"""Elo ratings of students and items."""

from adaptlearn.models.elo.estimator import Elo

__all__ = ["Elo"]
