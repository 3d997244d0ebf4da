"""Which lessons which students may be given, eight students to the byte.

What students have mastered is a bit per student and skill. Held with the students side by side in
bytes, one operation on a row answers a question for all of them, and a curriculum's edges are
gone through once per block of students.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.numerics import Bits, Bools, Ints


def pack(marks: Bools) -> Bits:
    """Marks of shape (n_students, n) as bits of shape (n, n_bytes)."""
    return np.ascontiguousarray(np.packbits(marks, axis=0).T)


def unpack(bits: Bits, n_students: int) -> Bools:
    """Bits of shape (n, n_bytes) as marks of shape (n_students, n)."""
    return np.unpackbits(bits, axis=1, count=n_students).view(np.bool_).T


def any_of(members: csr_array, bits: Bits) -> Bits:
    """For each row of a 0/1 matrix, whether one of its members is marked; rows without: no."""
    found = np.zeros((members.shape[0], bits.shape[1]), np.uint8)
    sizes = np.diff(members.indptr)
    filled = np.flatnonzero(sizes)
    if len(filled):
        starts = members.indptr[filled]
        found[filled] = np.bitwise_or.reduceat(bits[members.indices], starts, axis=0)
    return found


class Pairs(NamedTuple):
    """Students and lessons that go together, by student, then by lesson.

    Attributes
    ----------
    student, lesson : int arrays, shape (n_pairs,)
        Rows of the block, and places of lessons.
    """

    student: Ints
    lesson: Ints


def pairs_of(bits: Bits, n_students: int) -> Pairs:
    """The marked pairs of lessons' bits."""
    marks = np.ascontiguousarray(unpack(bits, n_students))
    student, lesson = np.divmod(np.flatnonzero(marks), marks.shape[1])
    return Pairs(student, lesson)


def pairs_of_table(eligible: Any) -> Pairs:
    """The marked pairs of a bool table, shape (n_students, n_lessons)."""
    return Pairs(*np.nonzero(eligible))
