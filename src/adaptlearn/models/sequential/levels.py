"""The pass along responses that predicts and updates, one response of every student at a time.

A model reads what is remembered of a student, of the student on the skill, and of the student on
the item; then the answer changes what is remembered. The batch prediction of a log, the update
of a live state and a question about the next response are this one pass, so that they cannot
differ.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.sequential.encoding import QUESTION, Encoded
from adaptlearn.numerics import Floats, Ints, bounds_of, places_of


class Level(NamedTuple):
    """Responses of different students that a model reads together.

    Attributes
    ----------
    skill : int array, shape (n_entries,)
        For each entry (a response and one of its skills), the position of the skill. If the model
        does not know a skill, its position comes after the model's skills.
    item : int array, shape (n,)
        Positions of items; -1 for a response without an item.
    time : float array, shape (n,), or None
        Times in seconds.
    correct : int8 array, shape (n,)
        1 for a right answer, 0 for a wrong answer, -1 for an exposure, and `encoding.QUESTION`,
        which must change nothing. A model's `_look` must not use `correct`.
    starts : int array, shape (n,), or None
        For each response, the position at which its entries (one for each skill) begin; None if
        every response has exactly one entry.
    owner : int array, shape (n_entries,), or None
        For each entry (a response and one of its skills), the position of its response in the
        level. `owner` is None if every response has exactly one entry.
    extra : float array, shape (n, n_extra)
        Numbers that a model prepared for each response before the pass; by default there are none.
    """

    skill: Ints
    item: Ints
    time: Floats | None
    correct: NDArray[np.int8]
    starts: Ints | None
    owner: Ints | None
    extra: Floats

    def by_entry(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Repeat the value of each response, once for each of its skills."""
        return values if self.owner is None else values[self.owner]

    def total(self, values: Floats) -> Floats:
        """For each response, the sum of the values of its skills."""
        return values if self.starts is None else np.add.reduceat(values, self.starts, axis=0)

    def mean(self, values: Floats) -> Floats:
        """For each response, the mean of the values of its skills."""
        if self.starts is None or self.owner is None:
            return values
        sizes = np.bincount(self.owner)
        return self.total(values) / sizes.reshape(-1, *(1,) * (values.ndim - 1))


class Memory(NamedTuple):
    """What a model stores about students, as rows of numbers; all 0 before the first answer.

    Attributes
    ----------
    student : float array, shape (n, n_student)
    pair : float array, shape (n_entries, n_pair)
        For each response, the numbers for the student on each skill of the response.
    item : float array, shape (n, n_item)
        For each response, the numbers for the student on the item of the response.
    """

    student: Floats
    pair: Floats
    item: Floats


NARROW = 16
"""Levels of fewer responses are better followed student by student, where a model can."""


def narrow_from(bounds: Ints, width: int = NARROW) -> int:
    """The first level of few responses: levels never grow, so all later ones have few too."""
    return int(np.searchsorted(-np.diff(bounds), -width, side="right"))


def rest_of_each(bounds: Ints, first: int) -> list[Ints]:
    """Of every student who has responses from a level on, their places, in order."""
    starts, sizes = bounds[first:-1], np.diff(bounds[first:])
    n_students = int(sizes[0]) if len(sizes) else 0
    return [starts[: int(np.sum(sizes > number))] + number for number in range(n_students)]


def level_of(encoded: Encoded, rows: Ints | None = None) -> tuple[Level, Ints]:
    """Some responses, or all, as one level; and the places of their entries."""
    at = np.arange(len(encoded.rows)) if rows is None else rows
    starts, owner, entries = None, None, at
    if encoded.starts is not None:
        begin, sizes = encoded.starts[at], encoded.starts[at + 1] - encoded.starts[at]
        entries, starts = places_of(begin, sizes), bounds_of(sizes)[:-1]
        owner = np.repeat(np.arange(len(at)), sizes)
    level = Level(
        skill=encoded.skill[entries],
        item=encoded.item[at],
        time=None if encoded.time is None else encoded.time[at],
        correct=encoded.correct[at],
        starts=starts,
        owner=owner,
        extra=np.empty((len(at), 0)),
    )
    return level, entries


Look = Callable[[Level, Memory], Floats]
Learn = Callable[[Level, Memory], None]


def scan(
    encoded: Encoded,
    memory: Memory,
    *,
    extra: Floats | None = None,
    look: Look | None = None,
    learn: Learn | None = None,
    width: int = 0,
    by_entry: bool = False,
    n_levels: int | None = None,
) -> Floats:
    """Go along responses, level by level.

    Parameters
    ----------
    encoded : Encoded
    memory : Memory
        Rows of students, pairs and pairs with items, by their number in `encoded`. With
        `learn`, it is changed in place.
    extra : float array, shape (n, n_extra), optional
        Of each response, in the order of `encoded`.
    look : callable, optional
        From a level and its memory to what is read, shape (n, width), or with `by_entry`
        (n_entries, width). It changes nothing.
    learn : callable, optional
        Changes the memory's rows in place by the answers.
    width : int
    by_entry : bool
        Whether each skill of a response is read by itself.
    n_levels : int, optional
        Stop after so many; what is read of the rest is not filled in.

    Returns
    -------
    float array, shape (n, width), or (n_entries, width)
        In the order of `encoded`.
    """
    n = len(encoded.rows)
    n_found = len(encoded.skill) if by_entry else n
    found = np.empty((n_found, width if look is not None else 0))
    given = np.empty((n, 0)) if extra is None else extra
    bounds, starts = encoded.bounds.tolist(), encoded.starts
    bounds = bounds if n_levels is None else bounds[: n_levels + 1]
    with_items = memory.item.shape[1] > 0
    for lo, hi in pairwise(bounds):
        entries = slice(lo, hi) if starts is None else slice(int(starts[lo]), int(starts[hi]))
        inner = None if starts is None else starts[lo:hi] - starts[lo]
        owner = None
        if starts is not None:
            owner = np.repeat(np.arange(hi - lo), np.diff(starts[lo : hi + 1]))
        level = Level(
            skill=encoded.skill[entries],
            item=encoded.item[lo:hi],
            time=None if encoded.time is None else encoded.time[lo:hi],
            correct=encoded.correct[lo:hi],
            starts=inner,
            owner=owner,
            extra=given[lo:hi],
        )
        pair, item = encoded.pair[entries], encoded.item_pair[lo:hi]
        here = Memory(
            memory.student[: hi - lo],
            memory.pair.take(pair, axis=0),
            memory.item.take(item, axis=0) if with_items else memory.item[:0],
        )
        if look is not None:
            found[entries if by_entry else slice(lo, hi)] = look(level, here)
        if learn is not None and level.correct[0] != QUESTION:  # questions fill whole levels
            learn(level, here)
            memory.pair[pair] = here.pair
            if with_items:
                memory.item[item] = here.item
    return found
