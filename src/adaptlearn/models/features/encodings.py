"""Rates of recurring situations: how often other students answered right in the very same one.

A situation is an integer key: a skill and the student's last outcomes on it; the item before,
its outcome, and this item. Its rate is shrunk toward what the skill or item has anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.features.counters import RECENT
from adaptlearn.models.sequential.encoding import KEY_BITS
from adaptlearn.numerics import Floats, distinct


class Encoding(NamedTuple):
    """A feature: the share of right answers of training students in the same situation.

    Attributes
    ----------
    name, group : str
    inputs : tuple of str
        The names of the columns that are the arguments of `key`, in the order of the arguments.
    key : callable
        A function that takes the columns and returns the key of the situation: a non-negative
        number below 2**53. It must be possible to pickle the function `key`.
    prior : str
        The name of the column that contains the prior: the rate toward which a situation's rate is
        shrunk.
    formula : str
    weight : float
        The weight of the prior, as a number of answers.
    """

    name: str
    group: str
    inputs: tuple[str, ...]
    key: Callable[..., Floats]
    prior: str
    formula: str
    weight: float = 2.0


def last(code: Floats, n: int) -> Floats:
    """The last `n` outcomes of a code of more, in the same notation: below ``2**(n + 1)``."""
    return np.where(code >= 2**n, 2**n + code % 2**n, np.maximum(code, 1))


def unbroken(place: Floats, before: Floats, series: Floats) -> Floats:
    """How many answers in a row, the latest among them, were on the skill."""
    return np.where((before == place) & (place > 0), series, 0)


def _up_to(thing: Floats, count: Floats, *, limit: int) -> Floats:
    return thing * (limit + 1) + np.minimum(count, limit)


def _recent(thing: Floats, recent: Floats, *, n: int) -> Floats:
    return thing * 2.0 ** (n + 1) + last(recent, n)


def _recent_count(skill: Floats, recent: Floats, answers: Floats) -> Floats:
    return (skill * 16 + last(recent, 3)) * 8 + np.minimum(answers, 7)


def _two_recents(skill: Floats, recent: Floats, of_all: Floats) -> Floats:
    return (skill * 16 + last(recent, 3)) * 16 + last(of_all, 3)


def _in_series(thing: Floats, place: Floats, before: Floats, series: Floats) -> Floats:
    return thing * 16 + np.minimum(unbroken(place, before, series), 15)


def _recent_in_series(
    skill: Floats, recent: Floats, place: Floats, before: Floats, series: Floats
) -> Floats:
    position = np.minimum(unbroken(place, before, series), 7)
    return (skill * 2.0 ** (RECENT + 1) + recent) * 8 + position


def _transition(thing: Floats, before: Floats, recent: Floats) -> Floats:
    return (before * 2 + recent % 2) * _PLACES + thing


def _following(thing: Floats, before: Floats) -> Floats:
    return before * _PLACES + thing


def _arrival(skill: Floats, before: Floats, recent: Floats, answers: Floats) -> Floats:
    return ((before * 16 + last(recent, 3)) * 4 + np.minimum(answers, 3)) * _PLACES + skill


_PLACES = 2.0**KEY_BITS
_SERIES = ("student.answers", "skill.place", "skill.series")


def _table() -> Iterator[Encoding]:
    def of_skill(
        name: str, group: str, more: tuple[str, ...], key: Callable[..., Floats], formula: str
    ) -> Encoding:
        return Encoding(name, group, ("now.skill", *more), key, "now.skill_rate", formula)

    def of_item(
        name: str, group: str, more: tuple[str, ...], key: Callable[..., Floats], formula: str
    ) -> Encoding:
        return Encoding(name, group, ("now.item", *more), key, "now.item_rate", formula)

    recent, answers, of_all = "skill.recent", "skill.answers", "student.recent"
    skill_before, item_before = "student.last_skill", "student.last_item"
    yield of_skill(
        "skill_recent_3_count",
        "patterns",
        (recent, answers),
        _recent_count,
        "skill, its last three outcomes, answers on it up to 7",
    )
    yield of_skill(
        "skill_recent_5",
        "patterns",
        (recent,),
        partial(_recent, n=5),
        "skill, its last five outcomes",
    )
    yield of_skill(
        "skill_student_recent",
        "patterns",
        (recent, of_all),
        _two_recents,
        "skill, its last three outcomes, the last three of all",
    )
    yield of_skill(
        "skill_in_series", "patterns", _SERIES, _in_series, "skill, position in a series of it"
    )
    yield of_skill(
        "skill_recent_in_series",
        "patterns",
        (recent, *_SERIES),
        _recent_in_series,
        "skill, its last five outcomes, position in a series of it",
    )
    yield of_item(
        "item_recent",
        "patterns",
        ("item.recent",),
        partial(_recent, n=3),
        "item, its last three outcomes",
    )
    yield of_item(
        "item_skill_recent",
        "patterns",
        (recent,),
        partial(_recent, n=2),
        "item, the last two outcomes on the skill",
    )
    yield of_item(
        "item_in_series", "patterns", _SERIES, _in_series, "item, position in a series of the skill"
    )
    yield of_item(
        "item_opportunity",
        "patterns",
        (answers,),
        partial(_up_to, limit=15),
        "item, answers on the skill",
    )
    yield of_skill(
        "skill_transition",
        "transitions",
        (skill_before, of_all),
        _transition,
        "skill before, its outcome, this skill",
    )
    yield of_skill(
        "skill_following", "transitions", (skill_before,), _following, "skill before, this skill"
    )
    yield of_skill(
        "skill_arrival",
        "transitions",
        (skill_before, of_all, answers),
        _arrival,
        "skill before, the last three outcomes of all, this skill, answers on it up to 3",
    )
    yield of_item(
        "item_transition",
        "transitions",
        (item_before, of_all),
        _transition,
        "item before, its outcome, this item",
    )
    yield of_item(
        "item_following", "transitions", (item_before,), _following, "item before, this item"
    )
    yield of_item(
        "item_after", "transitions", (of_all,), partial(_recent, n=1), "outcome before, this item"
    )


ENCODINGS: dict[str, Encoding] = {encoding.name: encoding for encoding in _table()}
"""The encodings by name."""


class SituationRates(NamedTuple):
    """The number of answers and of right answers in each situation, from the training log.

    Attributes
    ----------
    keys : int array, shape (n,), sorted
    right, answers : float arrays, shape (n,)
    """

    keys: NDArray[np.int64]
    right: Floats
    answers: Floats

    def rate(self, keys: NDArray[np.int64], prior: Floats, weight: float) -> Floats:
        """The shrunk rate of each key; if a key never occurred, its rate is the prior."""
        if not len(self.keys):
            return prior
        slot = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = self.keys[slot] == keys
        right = np.where(known, self.right[slot], 0)
        answers = np.where(known, self.answers[slot], 0)
        return (right + weight * prior) / (answers + weight)


class Counted(NamedTuple):
    """Situations of a training log, and for each response the counts of the other folds."""

    whole: SituationRates
    right: Floats
    answers: Floats


def count_situations(
    keys: NDArray[np.int64], correct: NDArray[np.int8], fold: NDArray[np.int64], n_folds: int
) -> Counted:
    """Count situations in training responses, and for each without its own fold of students.

    Parameters
    ----------
    keys, correct, fold : arrays, shape (n,)
        Rows with `correct` below 0 count for nothing.
    n_folds : int
    """
    found, slot = distinct(keys)
    cell = slot * n_folds + fold
    answered = correct >= 0
    cells = len(found) * n_folds
    right = np.bincount(cell[correct > 0], minlength=cells).astype(np.float64)
    answers = np.bincount(cell[answered], minlength=cells).astype(np.float64)
    all_right = right.reshape(-1, n_folds).sum(axis=1)
    all_answers = answers.reshape(-1, n_folds).sum(axis=1)
    return Counted(
        SituationRates(found, all_right, all_answers),
        all_right[slot] - right[cell],
        all_answers[slot] - answers[cell],
    )
