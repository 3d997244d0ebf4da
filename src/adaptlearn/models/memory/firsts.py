"""P(correct) on a card that a student meets for the first time: there is no memory to ask."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.models.memory.equations import AGAIN
from adaptlearn.models.memory.reviews import CardKind, Reviews
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import Level
from adaptlearn.numerics import Floats, Ints, distinct

_SHIFT = 32  # a skill and an item as one number
_WEIGHT = 4.0  # of the average, in answers


class Firsts(NamedTuple):
    """Shares of right answers at first sight, drawn toward the average.

    Attributes
    ----------
    item : float array, shape (n_items,)
        Empty where cards are skills.
    skill : float array, shape (n_skills + 1,)
        The last one is the average.
    """

    item: Floats
    skill: Floats

    def of_codes(self, code: Ints, level: Level, card: CardKind) -> Floats:
        """Of the cards of a level; an unknown item is as hard as its skills, on average."""
        if card == "skill":
            return self.skill[np.minimum(code, len(self.skill) - 1)]
        of_skill = level.mean(self.skill[np.minimum(level.skill, len(self.skill) - 1)])
        known = (code >= 0) & (code < len(self.item))
        return np.where(known, np.append(self.item, 0)[np.where(known, code, -1)], of_skill)

    def of_reviews(self, reviews: Reviews, card: CardKind) -> Floats:
        """Of the first reviews of a training log, shape (n_first,)."""
        table = self.item if card == "item" else self.skill
        return table[reviews.code[: reviews.n_first]]


def firsts_of(
    encoded: Encoded, reviews: Reviews, card: CardKind, n_skills: int, n_items: int
) -> Firsts:
    """Count the first reviews of a training log."""
    right = (reviews.rating[: reviews.n_first] > AGAIN).astype(np.float64)
    code, row = reviews.code[: reviews.n_first], reviews.row[: reviews.n_first]
    overall = (right.sum() + _WEIGHT / 2) / (len(right) + _WEIGHT)
    if card == "skill":
        return Firsts(np.zeros(0), np.append(_drawn(code, right, overall, n_skills), overall))
    by_row = np.full(len(encoded.rows), np.nan)
    by_row[row] = right
    of_entries = encoded.entries_of(by_row)
    told = ~np.isnan(of_entries)
    of_skill = _drawn(encoded.skill[told], of_entries[told], overall, n_skills)
    # An item is drawn toward the first of its skills.
    first_skill = encoded.skill if encoded.starts is None else encoded.skill[encoded.starts[:-1]]
    prior = np.full(n_items, overall)
    prior[encoded.item] = of_skill[first_skill]
    return Firsts(_drawn(code, right, prior, n_items), np.append(of_skill, overall))


def _drawn(code: Ints, right: Floats, prior: Floats | float, n: int) -> Floats:
    total = np.bincount(code, weights=right, minlength=n)
    return (total + _WEIGHT * prior) / (np.bincount(code, minlength=n) + _WEIGHT)


def links_of(encoded: Encoded) -> Ints:
    """The pairs of skill and item that occur, shape (n_links, 2), sorted."""
    item = encoded.entries_of(encoded.item).astype(np.int64)
    pairs, _ = distinct((encoded.skill.astype(np.int64) << _SHIFT) | item)
    return np.stack((pairs >> _SHIFT, pairs & ((1 << _SHIFT) - 1)), axis=1)


def check_links(links: Ints, n_skills: int, n_items: int) -> None:
    """Refuse what `links_of` cannot have found (`ValueError`)."""
    skill, item = links.T.astype(np.int64)
    sorted_once = np.all(np.diff((skill << _SHIFT) | item) > 0)
    if not sorted_once or set(skill.tolist()) != set(range(n_skills)) or item.max() >= n_items:
        raise ValueError("links are not sorted pairs of a skill and an item, some of every skill")
