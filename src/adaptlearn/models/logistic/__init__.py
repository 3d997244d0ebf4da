"""Logistic regressions on a student's history, from AFM to Best-LR.

A model is a recipe of `terms` over a `history` of counters; `design` makes of a log the matrix
that is fitted to, `solution` finds the weights. `tracer` fits and serves any recipe, `estimators`
and `windows` are the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.logistic.estimators import AFM as AFM
    from adaptlearn.models.logistic.estimators import PFA as PFA
    from adaptlearn.models.logistic.estimators import RPFA as RPFA
    from adaptlearn.models.logistic.estimators import BestLR as BestLR
    from adaptlearn.models.logistic.windows import DAS3H as DAS3H
    from adaptlearn.models.logistic.windows import DASH as DASH

_HOMES = {
    "AFM": "estimators",
    "BestLR": "estimators",
    "DAS3H": "windows",
    "DASH": "windows",
    "PFA": "estimators",
    "RPFA": "estimators",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
