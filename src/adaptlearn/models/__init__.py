"""Knowledge-tracing models.

A family is a folder: `bkt`, `elo`, `irt`, `logistic`, `memory`, `recurrent`, `boosting`. What they
share is in `base`, `mastery` and `state`, in `sequential` (models that advance with every
response) and in `features`. `registry` is the table of all models, `wiring` joins families,
`checks` says whether a model keeps what all of them promise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names
from adaptlearn.models.registry import model_homes

if TYPE_CHECKING:
    from adaptlearn.models.base import KnowledgeTracer as KnowledgeTracer
    from adaptlearn.models.bkt import BKT as BKT
    from adaptlearn.models.elo import Elo as Elo
    from adaptlearn.models.estimates import Estimates as Estimates
    from adaptlearn.models.irt import IRT as IRT
    from adaptlearn.models.irt import Rasch as Rasch
    from adaptlearn.models.logistic import AFM as AFM
    from adaptlearn.models.logistic import DAS3H as DAS3H
    from adaptlearn.models.logistic import DASH as DASH
    from adaptlearn.models.logistic import PFA as PFA
    from adaptlearn.models.logistic import RPFA as RPFA
    from adaptlearn.models.logistic import BestLR as BestLR
    from adaptlearn.models.mastery import Mastery as Mastery
    from adaptlearn.models.memory import FSRS as FSRS
    from adaptlearn.models.memory import HalfLifeRegression as HalfLifeRegression
    from adaptlearn.models.recurrent import LinearRecurrentTracer as LinearRecurrentTracer
    from adaptlearn.models.registry import load as load
    from adaptlearn.models.state import StudentState as StudentState
    from adaptlearn.models.wiring import BoostedTracer as BoostedTracer

_HOMES = {
    **model_homes(),
    "Estimates": "estimates",
    "KnowledgeTracer": "base",
    "Mastery": "mastery",
    "StudentState": "state",
    "load": "registry",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
