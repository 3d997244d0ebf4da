"""Student state: what many students know, kept up to date in O(1) per answer."""

from adaptlearn.tracking.tracker import MasteryTracker

__all__ = ["MasteryTracker"]
