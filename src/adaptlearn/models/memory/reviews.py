"""The reviews of cards in a log, level by level: every card's first, every card's second, …."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.numerics import Floats, Ints, group_pairs, longest_first

CardKind = Literal["item", "skill"]

DAY = 86400.0
"""Seconds."""


class Reviews(NamedTuple):
    """Answers as reviews of cards, in level-major order.

    A card is an item, or a skill, of one student. Cards are numbered by how many reviews they
    have, most first: those of a level are the first of all.

    Attributes
    ----------
    row : int array, shape (n,)
        The response that each review belongs to, by its place in the encoded log. One with
        several skills is a review of the card of each.
    code : int array, shape (n,)
        The item or skill.
    days : float array, shape (n,)
        Since the card's last review; 0 at the first.
    rating : int array, shape (n,)
        1 to 4.
    bounds : list of int, n_levels + 1
        Where each level begins.
    """

    row: Ints
    code: Ints
    days: Floats
    rating: Ints
    bounds: list[int]

    @property
    def n_first(self) -> int:
        """How many reviews are a card's first: they stand before all others."""
        return self.bounds[1] if len(self.bounds) > 1 else 0


def reviews_of(encoded: Encoded, card: CardKind) -> Reviews:
    """The reviews in a log whose answers are ratings.

    Parameters
    ----------
    encoded : Encoded
        With times, and in place of answers ratings; exposures (-1) are left out.
    card : {"item", "skill"}
    """
    assert encoded.time is not None
    rows = np.arange(len(encoded.rows))
    if card == "item":
        row, code, pair, n_pairs = rows, encoded.item, encoded.item_pair, len(encoded.item_pairs)
    else:
        row, code = encoded.entries_of(rows), encoded.skill
        pair, n_pairs = encoded.pair, len(encoded.pairs)
    rated = np.flatnonzero(encoded.correct[row] >= 0)
    # Entries stand in each student's order of time, and so do those of a card.
    chains = group_pairs(np.zeros(len(rated), np.int64), 1, pair[rated], max(n_pairs, 1))
    longest, reach = longest_first(chains)
    starts = chains.starts[longest]
    places = [starts[:n] + level for level, n in enumerate(reach.tolist())]
    entry = rated[chains.order[np.concatenate(places)]] if places else rated
    bounds = [0, *np.cumsum(reach).tolist()]
    time = encoded.time[row[rated[chains.order]]]
    since = np.zeros(len(rated))  # card by card
    since[1:] = np.diff(time) / DAY
    since[chains.starts] = 0
    days = since[np.concatenate(places)] if places else since
    return Reviews(row[entry], code[entry], days, encoded.correct[row[entry]].astype(int), bounds)
