"""What students have mastered, or what is joined to what, as bits: eight columns to the byte.

Mastery is a bit per student and skill. Held with the students side by side in bytes, one operation
on a row answers a question for all of them, and a curriculum's edges are gone through once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bits, Bools, Ints

_LONG = 8  # rows of which one member at a time is not worth a round of its own


def check_mastered(mastered: Any, n_skills: int) -> Bools:
    """Marks of shape (n_students, n_skills), or `ParameterError`."""
    array = np.asarray(mastered)
    if array.dtype != np.bool_ or array.ndim != 2 or array.shape[1] != n_skills:
        raise ParameterError(
            "Curriculum",
            [
                f"mastered must be a bool array of shape (n_students, {n_skills}), "
                f"got {array.dtype} of shape {array.shape}"
            ],
        )
    return array


def pack(marks: Bools) -> Bits:
    """Pack booleans of shape (n_students, n) into bits of shape (n, n_bytes)."""
    return np.packbits(np.ascontiguousarray(marks.T), axis=1)


def unpack(bits: Bits, n_students: int) -> Bools:
    """Unpack bits of shape (n, n_bytes) into booleans of shape (n_students, n)."""
    return np.unpackbits(bits, axis=1, count=n_students).view(np.bool_).T


def any_of(members: csr_array, bits: Bits) -> Bits:
    """For each row of a 0/1 matrix, whether one of its members is marked; rows without: no."""
    return _over_members(np.bitwise_or, members, bits)


def all_marked(members: csr_array, bits: Bits) -> Bits:
    """For each row of a 0/1 matrix without empty rows, whether all its members are marked.

    Parameters
    ----------
    members : sparse 0/1 array, shape (n_rows, n)
    bits : uint8 array, shape (n, n_bytes)
        A bit per student.

    Returns
    -------
    uint8 array, shape (n_rows, n_bytes)
    """
    return _over_members(np.bitwise_and, members, bits)


def _over_members(of: np.ufunc, members: csr_array, bits: Bits) -> Bits:
    """The bits of each row's members, joined by `of`; 0 for rows without members."""
    starts, sizes = members.indptr[:-1], members.indptr[1:] - members.indptr[:-1]
    found, rows = np.zeros((len(sizes), bits.shape[1]), np.uint8), sizes.nonzero()[0]
    if bits.shape[1] == 1:
        if len(rows):
            found[rows, 0] = of.reduceat(bits.take(members.indices), starts[rows])
        return found
    # `reduceat` takes 80 times as long as this on rows of some hundred bytes: first the first
    # member of all rows, then the second of all that have one; the few long rows one by one.
    found[rows] = bits.take(members.indices[starts[rows]], axis=0)
    place, rows = 1, rows[sizes[rows] > 1]
    while len(rows) > _LONG:
        found[rows] = of(found[rows], bits.take(members.indices[starts[rows] + place], axis=0))
        place, rows = place + 1, rows[sizes[rows] > place + 1]
    for row in rows.tolist():
        rest = members.indices[starts[row] + place : starts[row] + sizes[row]]
        found[row] = of(found[row], of.reduce(bits[rest], axis=0))
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
