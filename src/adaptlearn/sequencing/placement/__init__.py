"""A short diagnostic that finds where a student stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.placement.placement import Placement as Placement
    from adaptlearn.sequencing.placement.placement import Session as Session
    from adaptlearn.sequencing.placement.placement import Simulated as Simulated
    from adaptlearn.sequencing.placement.result import PlacementResult as PlacementResult

_HOMES = {
    "Placement": "placement",
    "PlacementResult": "result",
    "Session": "placement",
    "Simulated": "placement",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
