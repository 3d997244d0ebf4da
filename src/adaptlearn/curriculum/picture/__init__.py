"""A curriculum drawn as a graph in layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.curriculum.picture.picture import plot_curriculum as plot_curriculum

_HOMES = {
    "plot_curriculum": "picture",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
