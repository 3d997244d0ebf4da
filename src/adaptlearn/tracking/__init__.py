"""Student state: what many students know, kept up to date in O(1) per answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.tracking.practice import Practice as Practice
    from adaptlearn.tracking.tracker import MasteryTracker as MasteryTracker

_HOMES = {"MasteryTracker": "tracker", "Practice": "practice"}

__all__ = ["MasteryTracker", "Practice"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
