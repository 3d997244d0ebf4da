"""Sparse 0/1 matrices with read-only arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.numerics import Ints


def incidence(rows: Sequence[int] | Ints, columns: Sequence[int] | Ints, shape: Any) -> csr_array:
    """A sparse 0/1 matrix with read-only arrays."""
    # int32: counts of ones are summed in this type, and a narrower one would wrap around.
    ones = np.ones(len(rows), np.int32)
    return sealed(csr_array((ones, (_codes(rows), _codes(columns))), shape))


def weights(
    rows: Sequence[int], columns: Sequence[int], values: Sequence[float], shape: Any
) -> csr_array:
    """A sparse matrix of numbers with read-only arrays; each pair stands once."""
    return sealed(
        csr_array((np.asarray(values, np.float64), (_codes(rows), _codes(columns))), shape)
    )


def _codes(values: Sequence[int] | Ints) -> Ints:
    return np.asarray(values, np.intp)


def sealed(matrix: csr_array, canonical: bool = False) -> csr_array:
    """With read-only arrays, each entry once, columns ascending; `canonical`: it is so already."""
    if canonical:
        matrix.has_canonical_format = matrix.has_sorted_indices = True
    matrix.sum_duplicates()
    for part in (matrix.data, matrix.indices, matrix.indptr):
        part.flags.writeable = False
    return matrix


def transposed(matrix: csr_array) -> csr_array:
    """Rows as columns, with read-only arrays."""
    return sealed(csr_array(matrix.T.tocsr()))


def row(matrix: csr_array, number: int) -> list[int]:
    """The columns of one row."""
    found: list[int] = matrix.indices[matrix.indptr[number] : matrix.indptr[number + 1]].tolist()
    return found
