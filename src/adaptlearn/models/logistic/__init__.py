"""Logistic regressions on a student's history, from AFM to Best-LR."""

from adaptlearn.models.logistic.estimators import AFM, PFA, RPFA, BestLR
from adaptlearn.models.logistic.windowed import DAS3H, DASH

__all__ = ["AFM", "DAS3H", "DASH", "PFA", "RPFA", "BestLR"]
