"""Prerequisites as graphs, with students as bits: arrays in, arrays out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.curriculum.graph.bits import pack as pack
    from adaptlearn.curriculum.graph.bits import unpack as unpack
    from adaptlearn.curriculum.graph.lessons import Standing as Standing
    from adaptlearn.curriculum.graph.requirements import Requirements as Requirements

_HOMES = {
    "Requirements": "requirements",
    "Standing": "lessons",
    "pack": "bits",
    "unpack": "bits",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
