"""Questions among the responses of a log: what a model expects before and after each of them.

A question is a response that leaves nothing behind: it is read as any other, and the memory stays
as it is. One pass along responses and questions finds what would be asked for after every single
response.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.sequential.encoding import KEY_BITS, NO_ITEM, QUESTION, Encoded
from adaptlearn.numerics import Bools, Floats, Ints, bounds_of, places_of


class Questioned(NamedTuple):
    """Responses with questions on each of their skills, before and after them.

    A level holds questions alone, or responses alone. A question names no item. The question before
    a response is of the time of the student's response before that; the question after a response
    is of the response's own time.

    Attributes
    ----------
    encoded : Encoded
        Students and pairs have the numbers that they have without questions. Pairs of student and
        item may have others at their end.
    before, after : int arrays, shape (n_entries,)
        For each entry of the responses alone, its questions: their places in `encoded`.
    """

    encoded: Encoded
    before: Ints
    after: Ints

    @classmethod
    def of(cls, responses: Encoded, last_time: Floats) -> Questioned:
        """Put questions between responses.

        Parameters
        ----------
        responses : Encoded
        last_time : float array, shape (n_students,)
            The time of each student's last response before these; -inf without one.
        """
        bounds, sizes = responses.bounds[:-1], np.diff(responses.bounds)
        n_skills = np.ones(len(responses.rows), np.int64)
        if responses.starts is not None:
            n_skills = np.diff(responses.starts)
        # All students of a level are asked equally often: a skill may be asked about again.
        times = np.maximum.reduceat(n_skills, bounds)
        turns = 2 * times + 1
        level = np.repeat(np.arange(len(sizes)), turns)
        turn = np.arange(len(level)) - np.repeat(bounds_of(turns)[:-1] + times, turns)
        encoded = _laid_out(responses, last_time, level, turn)

        owner = np.arange(len(n_skills)) if responses.starts is None else None
        skill = np.zeros(len(n_skills), np.int64)
        if owner is None:
            owner = np.repeat(np.arange(len(n_skills)), n_skills)
            skill = np.arange(len(owner)) - np.repeat(bounds_of(n_skills)[:-1], n_skills)
        level = np.repeat(np.arange(len(sizes)), sizes)[owner]
        begin = bounds_of(turns * sizes)[level] + owner - bounds[level]
        before = begin + skill * sizes[level]
        return cls(encoded, before, before + (times[level] + 1) * sizes[level])


def _laid_out(responses: Encoded, last_time: Floats, level: Ints, turn: Ints) -> Encoded:
    """Responses and questions.

    Parameters
    ----------
    responses : Encoded
    last_time : float array, shape (n_students,)
    level, turn : int arrays, shape (n_levels,)
        Of each level to come, the level of the responses, and whether these come (0), or how many
        questions before (-1 is the last) or after (1 is the first).
    """
    sizes = np.diff(responses.bounds)[level]
    source = places_of(responses.bounds[level], sizes)
    turn = np.repeat(turn, sizes)
    given = turn == 0
    entry, starts = source, None
    if responses.starts is not None:
        n_skills = np.diff(responses.starts)[source]
        times = np.repeat(np.bincount(level) // 2, np.bincount(level))
        which = np.where(turn < 0, turn + np.repeat(times, sizes), turn - 1)
        begin = responses.starts[source] + np.where(given, 0, np.minimum(which, n_skills - 1))
        n_entries = np.where(given, n_skills, 1)
        entry, starts = places_of(begin, n_entries), bounds_of(n_entries)
    time = responses.time
    if time is not None:
        time = np.where(turn < 0, _earlier(responses, time, last_time)[source], time[source])
    item_pair, item_pairs = _item_pairs(responses, source, given)
    return responses._replace(
        rows=responses.rows[source],
        bounds=bounds_of(sizes),
        item=np.where(given, responses.item[source], -1),
        time=time,
        correct=np.where(given, responses.correct[source], np.int8(QUESTION)),
        skill=responses.skill[entry],
        starts=starts,
        pair=responses.pair[entry],
        item_pair=item_pair,
        item_pairs=item_pairs,
    )


def _earlier(responses: Encoded, time: Floats, last_time: Floats) -> Floats:
    """The time of the response before each; who has none has no history, and any time will do."""
    sizes = np.diff(responses.bounds)
    earlier, first = time.copy(), int(sizes[0])
    earlier[:first] = np.where(np.isfinite(last_time), last_time, time[:first])
    later = np.arange(first, len(time))
    earlier[first:] = time[later - np.repeat(sizes[:-1], sizes[1:])]
    return earlier


def _item_pairs(responses: Encoded, source: Ints, given: Bools) -> tuple[Ints, NDArray[np.int64]]:
    """The number of each pair of student and item, and the keys of these pairs."""
    pairs, pair = responses.item_pairs, responses.item_pair[source]
    if not len(pairs) or responses.item[0] < 0:  # of none, or of no item already
        return pair, pairs
    nameless = (np.arange(len(responses.students), dtype=np.int64) << KEY_BITS) | NO_ITEM
    of_student = len(pairs) + responses.student[source]
    return np.where(given, pair, of_student), np.concatenate((pairs, nameless))
