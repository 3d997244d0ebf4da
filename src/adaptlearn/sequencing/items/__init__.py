"""The next item inside a lesson."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.sequencing.items.next_item import ItemChoice as ItemChoice
    from adaptlearn.sequencing.items.next_item import NextItem as NextItem
    from adaptlearn.sequencing.items.propensities import Drawn as Drawn
    from adaptlearn.sequencing.items.propensities import acceptance as acceptance
    from adaptlearn.sequencing.items.propensities import draw_items as draw_items
    from adaptlearn.sequencing.items.propensities import information as information
    from adaptlearn.sequencing.items.propensities import item_propensities as item_propensities
    from adaptlearn.sequencing.items.propensities import nearness as nearness
    from adaptlearn.sequencing.items.propensities import rarity as rarity

_HOMES = {
    "Drawn": "propensities",
    "ItemChoice": "next_item",
    "NextItem": "next_item",
    "acceptance": "propensities",
    "draw_items": "propensities",
    "information": "propensities",
    "item_propensities": "propensities",
    "nearness": "propensities",
    "rarity": "propensities",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
