"""Which lessons which students may be given, eight students to the byte.

What students have mastered is a bit per student and skill. Held with the students side by side in
bytes, one operation on a row answers a question for all of them, and a curriculum's edges are
gone through once per block of students.
"""

from __future__ import annotations

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


def own_bits(rows: Ints, shape: tuple[int, int]) -> Bits:
    """Rows of bits, of which column j is set in row ``rows[j]``."""
    bits = np.zeros((shape[0], -(-shape[1] // 8)), np.uint8)
    column = np.arange(shape[1])
    np.bitwise_or.at(bits, (rows, column >> 3), (128 >> (column & 7)).astype(np.uint8))
    return bits


def has_bit(bits: Bits, rows: Ints, columns: Ints) -> Bools:
    """Whether these columns are set in these rows, pair by pair."""
    return np.asarray(bits[rows, columns >> 3] >> (7 - (columns & 7)).astype(np.uint8) & 1 == 1)
