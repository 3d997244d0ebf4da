"""What a page calls a student's knowledge of a skill or a standard: one of five words.

The words follow from the student's answers alone, so that they are the same on every page, however
often pages are made.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.numerics import Bools, Floats, Ints, stable_group

_ANSWERS = 2  # that have to agree before a status changes


class Status(IntEnum):
    """How far a student is with a skill or a standard.

    Examples
    --------
    >>> [(status.word, status.letter) for status in Status][-1]
    ('due for review', 'R')
    """

    NOT_BEGUN = 0
    LEARNING = 1
    NEARLY = 2
    MASTERED = 3
    DUE = 4

    @property
    def word(self) -> str:
        """Its English word; pages take theirs from `TEMPLATES`."""
        return _LOOKS[self][0]

    @property
    def letter(self) -> str:
        """The letter that stands on its shape."""
        return _LOOKS[self][1]

    @property
    def shape(self) -> str:
        """The shape that shows it beside its letter and its colour."""
        return _LOOKS[self][2]

    @property
    def band(self) -> int:
        """0 low, 1 middle, 2 high."""
        return (0, 0, 1, 2, 2)[self]


_LOOKS = (
    ("not begun", "B", "dotted square"),
    ("learning", "L", "square"),
    ("nearly", "N", "arch"),
    ("mastered", "M", "circle"),
    ("due for review", "R", "diamond"),
)


class Steps(NamedTuple):
    """The estimates from which a skill is nearly mastered, and from which it is mastered.

    Attributes
    ----------
    nearly, mastered : float arrays, shape (n_answers,)
    """

    nearly: Floats
    mastered: Floats

    def levels(self, estimate: Floats) -> Ints:
        """1 learning, 2 nearly or 3 mastered by each estimate."""
        return np.asarray(1 + (estimate >= self.nearly) + (estimate >= self.mastered))


def followed(
    pair: Ints, before: Floats, after: Floats, *, up: Steps, down: Steps, n_pairs: int
) -> Ints:
    """The status of each pair of student and skill after its answers, one answer after the other.

    A status changes only after two answers since its last change, and only if these two agree: one
    answer changes nothing, and the first answer alone begins nothing. What is mastered becomes due
    for review if two answers in a row speak against it, and it is lost only if the two answers
    after these do so, too.

    Parameters
    ----------
    pair : int array, shape (n_answers,)
        The pair of each answer, in the order of the answers.
    before, after : float arrays, shape (n_answers,)
        The estimate before and after each answer.
    up, down : Steps
        The estimates from which a status is given, and those below which it is taken back.
    n_pairs : int

    Returns
    -------
    int array, shape (n_pairs,)
        0 for pairs without answers.

    Examples
    --------
    >>> import numpy as np
    >>> def status(*levels):
    ...     after, n = np.array(levels), len(levels)
    ...     steps = Steps(np.full(n, 0.6), np.full(n, 0.9))
    ...     pair = np.zeros(n, int)
    ...     return Status(followed(pair, after, after, up=steps, down=steps, n_pairs=1)[0]).word
    >>> status(0.7), status(0.7, 0.95), status(0.7, 0.95, 0.95, 0.95)
    ('not begun', 'nearly', 'mastered')
    """
    rows, bounds = stable_group(pair, n_pairs)
    lengths = np.diff(bounds)
    gives, keeps = up.levels(after), down.levels(after)
    status, since = np.zeros(n_pairs, np.int64), np.ones(n_pairs, np.int64)
    begun = np.flatnonzero(lengths)
    first = rows[bounds[begun]]
    # Placed as mastered before the first answer.
    status[begun] = np.where(before[first] >= up.mastered[first], Status.MASTERED, 0)
    order = np.argsort(-lengths, kind="stable")
    for step in range(1, int(lengths.max(initial=0))):
        here = order[: np.searchsorted(-lengths[order], -step)]
        last, now = rows[bounds[here] + step - 1], rows[bounds[here] + step]
        low, high = np.minimum(gives[last], gives[now]), np.maximum(keeps[last], keeps[now])
        old, since[here] = status[here], since[here] + 1
        new = np.where(since[here] < _ANSWERS, old, _after_two(old, low, high))
        status[here] = new
        since[here[new != old]] = 0
    return status


def _after_two(status: Ints, low: Ints, high: Ints) -> Ints:
    """What two answers make of a status that both lead to `low` at least, and to `high` at most."""
    below, due = high < Status.MASTERED, status == Status.DUE
    found = np.where(low > status, low, np.minimum(status, high))
    found = np.where((status == Status.MASTERED) & below, Status.DUE, found)
    reviewed = np.where(low == Status.MASTERED, Status.MASTERED, np.where(below, high, Status.DUE))
    return np.asarray(np.where(due, reviewed, found))


def of_groups(status: Ints, members: csr_array) -> Ints:
    """The status of standards by those of their skills.

    A standard is mastered if all of its skills are, and due for review if one of these is due. It
    is nearly mastered if no skill is further away than that.

    Parameters
    ----------
    status : int array, shape (n_students, n_skills)
    members : sparse 0/1 array, shape (n_groups, n_skills)

    Returns
    -------
    int array, shape (n_students, n_groups)

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> members = csr_array(np.array([[1, 1, 0], [0, 1, 1]]))
    >>> of_groups(np.array([[3, 4, 0], [3, 2, 3], [0, 0, 0]]), members).tolist()
    [[4, 1], [2, 2], [0, 0]]
    """
    size = np.diff(members.indptr)

    def how_many(marked: Bools) -> Ints:
        return np.asarray((members @ marked.T.astype(np.int32)).T)

    begun = how_many(status > Status.NOT_BEGUN) > 0
    close = how_many(status >= Status.NEARLY) == size
    known = how_many(status >= Status.MASTERED) == size
    due = how_many(status == Status.DUE) > 0
    found = begun.astype(np.int64) + (begun & close) + (begun & known) + (begun & known & due)
    return np.asarray(found)
