"""Elo ratings: every answer is a game between a student and an item.

`rating` goes along a log and chooses how fast ratings move; `estimator` is the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.models.elo.estimator import Elo as Elo

_HOMES = {
    "Elo": "estimator",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
