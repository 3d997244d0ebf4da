"""Which of hundreds of candidates can be among a student's best: the others need no exact score.

Where nothing is asked of what comes before a lesson, nearly every lesson is a candidate. A bound in
single precision leaves out those that cannot be chosen, nor be recorded as runners-up.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.numerics import Bits, Floats, Ints
from adaptlearn.sequencing.knowledge.context import Context

_GROUPS = 32  # the n-th best of so many groups' best is at most the n-th best of all
_MANY = 64  # candidates a student, from which on a bound is worth its time
_SURE = 1e-4  # relative: more than single precision loses in a sum of a thousand positive terms


def near_best(context: Context, bits: Bits, n: int, order: float | None) -> Bits:
    """Leave out lessons that cannot be among a student's `n` best by gain per minute and order.

    Parameters
    ----------
    context : Context
        With `mastered`.
    bits : uint8 array, shape (n_lessons, n_bytes)
        The candidates: one bit per student, as `pack` packs them.
    n : int
    order : float or None
        The weight of the curriculum's order as a share of the weight of the gain per minute; None
        if the order alone decides.

    Returns
    -------
    uint8 array, shape (n_lessons, n_bytes)
        All candidates of students who are stuck or have done lessons: more than scores decides
        about these.
    """
    n_students, few = len(context.students), bits[:, :8]
    many = _MANY * min(n_students, 64)
    # Of fewer than eight students each byte marks at most so many.
    if np.count_nonzero(few) * min(n_students, 8) <= many or n > _GROUPS:
        return bits
    if np.unpackbits(few).sum() <= many:
        return bits
    width = 8 * bits.shape[1]
    if order is None:
        first_most = np.arange(len(bits), 0, -1, dtype=np.float32)
        key = np.repeat(first_most[:, None], width, axis=1)
    else:
        key = _gains(context, width)
    # What cannot be chosen has the key 0; mostly it has that already.
    shut = np.flatnonzero((np.packbits(key > 0, axis=1) & ~bits).any(axis=1))
    key[shut] *= np.unpackbits(bits[shut], axis=1)
    best = _best_of_groups(key)
    bound = np.partition(best, _GROUPS - n, axis=0)[_GROUPS - n]
    if order is not None:
        bound = bound * (1 - _SURE) - order * (1 + _SURE) * best.max(axis=0)
    if not np.isfinite(bound).all():
        return bits
    concerned = np.zeros(width, bool)
    for table in (context.stuck, context.lessons_done):
        if table is not None:
            concerned[:n_students] |= table.any(axis=1)
    return bits & np.packbits((key >= bound) | concerned, axis=1)


def counts_of(bits: Bits, n_students: int) -> Ints:
    """How many lessons are marked for each student, shape (n_students,)."""
    marks = np.unpackbits(bits, axis=1)
    total = np.zeros(marks.shape[1], np.intp)
    for start in range(0, len(marks), 255):  # sums of eight bytes at once, of which none overflows
        total += marks[start : start + 255].view(np.uint64).sum(axis=0).view(np.uint8)
    return total[:n_students]


def _gains(context: Context, width: int) -> NDArray[np.float32]:
    """The gain per minute of each lesson, shape (n_lessons, width), as `gain_per_minute` says."""
    assert context.mastered is not None
    unknown = 1 - context.mastery
    unknown[context.mastered] = 0.0
    if context.goal is not None:
        unknown *= context.goal
    by_skill = np.zeros((unknown.shape[1], width), np.float32)
    by_skill[:, : len(unknown)] = unknown.T
    teaches = context.curriculum.teaches
    learn = np.broadcast_to(0.15 if context.learn is None else context.learn, len(by_skill))
    a_minute = np.repeat(1 / minutes_of_lessons(context.curriculum), np.diff(teaches.indptr))
    share = (learn[teaches.indices] * a_minute).astype(np.float32)
    by_lesson = csr_array((share, teaches.indices, teaches.indptr), teaches.shape)
    return np.asarray(by_lesson @ by_skill)


@lru_cache(maxsize=16)
def minutes_of_lessons(curriculum: Curriculum) -> Floats:
    """The minutes of each lesson; the mean of the known ones where unknown, or 1 if none is."""
    known = curriculum.minutes
    given = ~np.isnan(known)
    usual = float(known[given].mean()) if given.any() else 1.0
    minutes = np.where(given, known, usual)
    minutes.flags.writeable = False  # the same for all who ask
    return minutes


def _best_of_groups(key: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest key of every group of lessons, shape (_GROUPS, n); 0 of an empty group."""
    best = np.zeros((_GROUPS, key.shape[1]), np.float32)
    whole = len(key) // _GROUPS * _GROUPS
    if whole:
        key[:whole].reshape(-1, _GROUPS, key.shape[1]).max(axis=0, out=best)
    rest = key[whole:]
    best[: len(rest)] = np.maximum(best[: len(rest)], rest)
    return best
