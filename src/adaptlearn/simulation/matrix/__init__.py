"""Policies against simulated students, as one matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation.matrix.equity import WorstGroup as WorstGroup
    from adaptlearn.simulation.matrix.statistics import Intervals as Intervals
    from adaptlearn.simulation.matrix.statistics import RankStability as RankStability
    from adaptlearn.simulation.matrix.statistics import WorstCase as WorstCase

_HOMES = {
    "Intervals": "statistics",
    "RankStability": "statistics",
    "WorstCase": "statistics",
    "WorstGroup": "equity",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
