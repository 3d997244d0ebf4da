"""The parts of a curriculum: read from frames and JSON, checked against each other, written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.curriculum.content.draft import Repair as Repair

_HOMES = {
    "Repair": "draft",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
