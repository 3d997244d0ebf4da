"""The canonical order of events: one order for one set, whoever computes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Floats, Ints


class Ordered(NamedTuple):
    """Rows in canonical order.

    Attributes
    ----------
    order : int array, shape (n,)
        The rows by student, and within a student in canonical order.
    moment : float array, shape (n,)
        The time that counts for each row, in the rows' own order.
    raised : bool array, shape (n,)
        Whether that is later than the row says, because its device had told a later time before.
    """

    order: Ints
    moment: Floats
    raised: Bools


def canonical(  # noqa: PLR0917 - the keys of the order, in their order
    student: Ints,
    device: Sequence[str],
    seq: Sequence[int],
    time: Floats,
    ids: Sequence[str],
    floor: Floats | None = None,
) -> Ordered:
    """The order of rows by student, time, device, sequence number and id.

    A device's events come in the order of their sequence numbers (then times, then ids), and no
    time counts as lower than an earlier one of the same student's device: a clock that jumps back
    is raised to the last time.

    Parameters
    ----------
    student : int array, shape (n,)
        A code for each row.
    device, seq, ids : sequences of length n
    time : float array, shape (n,)
        Seconds.
    floor : float array, shape (n,), optional
        Of each row, the time that its student's device had reached before these rows.

    Returns
    -------
    Ordered
    """
    rank = ranks(device)
    number = np.fromiter(seq, np.int64, len(seq))
    keys: tuple[NDArray[Any], ...] = (time, number, rank, student)
    by_device = np.lexsort(keys)
    tied = np.ones(max(len(time) - 1, 0), bool)
    for key in keys:
        tied &= key[by_device[1:]] == key[by_device[:-1]]
    last: Ints = np.zeros(len(time), np.int64)
    if tied.any():  # only then ids decide, and texts take long to sort
        last = ranks(ids)
        by_device = np.lexsort((last, *keys))
    moment = _never_falling(
        by_device, student, rank, time if floor is None else np.maximum(time, floor)
    )
    return Ordered(np.lexsort((last, time, number, rank, moment, student)), moment, moment > time)


def ranks(texts: Sequence[str]) -> Ints:
    """The place of each text among the distinct ones, sorted."""
    place = {text: rank for rank, text in enumerate(sorted(set(texts)))}
    return np.fromiter((place[text] for text in texts), np.int64, len(texts))


def _never_falling(by_device: Ints, student: Ints, device: Ints, time: Floats) -> Floats:
    """Times, each raised to the latest before it of the same student's device."""
    told = time[by_device]
    same = (student[by_device[1:]] == student[by_device[:-1]]) & (
        device[by_device[1:]] == device[by_device[:-1]]
    )
    falls = np.flatnonzero(same & (told[1:] < told[:-1]))
    if not len(falls):
        return time
    starts = np.append(0, np.flatnonzero(~same) + 1)
    ends = np.append(starts[1:], len(told))
    for part in np.unique(np.searchsorted(starts, falls, side="right") - 1).tolist():
        np.maximum.accumulate(told[starts[part] : ends[part]], out=told[starts[part] : ends[part]])
    moment: Floats = np.empty_like(time)
    moment[by_device] = told
    return moment
