"""How often skills and items are answered correctly, by all students but those of a fold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import Level
from adaptlearn.numerics import Bools, Floats, Ints

SKILL_WEIGHT, ITEM_WEIGHT = 5.0, 3.0
"""How many answers the rate of all is worth to a skill's, and a skill's to its item's."""


class Rates(NamedTuple):
    """Counts of all answers and of right answers; each row leaves out one fold of students.

    Attributes
    ----------
    skill, item : float arrays, shape (n_folds + 1, n + 1, 2)
        The number of answers and the number of right answers for each skill or item. Row f leaves
        out the students of fold f; the last row leaves out nobody. The last position on the second
        axis is for skills or items that are unknown.
    base : float array, shape (n_folds + 1,)
        The share of right answers among all answers.
    """

    skill: Floats
    item: Floats
    base: Floats

    @classmethod
    def of(cls, skill: Floats, item: Floats) -> Rates:
        """Build the rates from counts by skill and by item."""
        answers, right = np.moveaxis(skill.sum(axis=1), -1, 0)
        return cls(skill, item, (right + 1) / (answers + 2))

    @property
    def whole(self) -> Rates:
        """The rates over all students only, without the rows that leave out a fold."""
        return Rates(self.skill[-1:], self.item[-1:], self.base[-1:])


class Outlook(NamedTuple):
    """What is known of responses before anything of their student's history.

    Attributes
    ----------
    skill, item : int arrays, shape (n_entries,)
        Places; the unknown and the unnamed have the place after all others.
    skill_rate, skill_answers, item_rate, item_answers : float arrays, shape (n_entries,)
        The rate of the entry's skill; that of the item is shrunk toward the mean rate of the
        response's skills. Answers are those the rates rest on.
    """

    skill: Ints
    item: Ints
    skill_rate: Floats
    skill_answers: Floats
    item_rate: Floats
    item_answers: Floats


def count_rates(
    encoded: Encoded, fold: NDArray[np.int64], n_folds: int, n_skills: int, n_items: int
) -> Rates:
    """Count answers by skill and item; `fold` gives each response's, shape (n,)."""
    answered = encoded.correct >= 0
    right = encoded.correct > 0
    item = np.where(encoded.item < 0, n_items, encoded.item)

    def counts(places: Ints, of: NDArray[np.int64], which: Bools, n: int) -> Ints:
        cells = of[which] * (n + 1) + places[which]
        return np.bincount(cells, minlength=n_folds * (n + 1)).reshape(n_folds, n + 1)

    def leaving_out(places: Ints, entry: bool, n: int) -> Floats:
        of = encoded.entries_of(fold) if entry else fold
        masks = [encoded.entries_of(m) if entry else m for m in (answered, right)]
        own = np.stack([counts(places, of, mask, n) for mask in masks], axis=-1).astype(np.float64)
        total = own.sum(axis=0)
        return np.concatenate((total - own, total[None]))

    return Rates.of(leaving_out(encoded.skill, True, n_skills), leaving_out(item, False, n_items))


def outlook(level: Level, rates: Rates) -> Outlook:
    """Look up a level's responses; their folds are the first column of its `extra`, if any."""
    fold = level.extra[:, 0].astype(np.int64) if level.extra.shape[1] else -1
    n_skills, n_items = rates.skill.shape[1] - 1, rates.item.shape[1] - 1
    skill = np.minimum(level.skill, n_skills)
    item = np.where((level.item < 0) | (level.item > n_items), n_items, level.item)
    of_entries = fold if level.owner is None or np.ndim(fold) == 0 else np.take(fold, level.owner)
    of_skill = rates.skill[of_entries, skill]
    skill_rate = (of_skill[:, 1] + SKILL_WEIGHT * rates.base[of_entries]) / (
        of_skill[:, 0] + SKILL_WEIGHT
    )
    of_item = rates.item[fold, item]
    # All responses without a known item are no item whose answers could be counted.
    of_item = np.where((item < n_items)[:, None], of_item, 0)
    item_rate = (of_item[:, 1] + ITEM_WEIGHT * level.mean(skill_rate)) / (
        of_item[:, 0] + ITEM_WEIGHT
    )
    if level.owner is not None:
        item, item_rate, of_item = item[level.owner], item_rate[level.owner], of_item[level.owner]
    return Outlook(skill, item, skill_rate, of_skill[:, 0], item_rate, of_item[:, 0])
