"""A simulated school and its response log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation.school.school import School as School

_HOMES = {
    "School": "school",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
