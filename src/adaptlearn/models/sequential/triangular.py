"""Linear recursions of any shape, in compiled code: each unknown rests on some that stand before.

A student's ability rests on the one before it, a belief on the last of its own skill, and both on
each other. Step by step in Python that is slow, and for arrays it is too short. As equations they
are one sparse triangular system, which a loop of compiled code goes through once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats, Ints, bounds_of, stable_group

Places = slice | Ints

Part = tuple[Ints, Ints]
"""Some terms of the equations: the unknown of each, and the earlier one that it rests on."""

Given = tuple[Places, Floats]
"""Right-hand sides, and of which unknowns."""


class Triangular:
    """Equations ``x[i] = right[i] + sum of value * x[j]``, each ``j`` before ``i``.

    Its arrays are used again for each new set of values: new ones would cost as much as the way
    through them. So it is not for several threads.

    Parameters
    ----------
    n : int
        Unknowns.
    parts : list of Part
        The terms.

    Examples
    --------
    A running sum, and twice what the sum was one step before:

    >>> total, twice = np.array([0, 2, 4]), np.array([3, 5])
    >>> system = Triangular(6, [(total[1:], total[:-1]), (twice, total[:-1])])
    >>> forth = system.forth.put([1.0, 2.0])
    >>> forth.solve([(total, np.array([1.0, 10, 100]))]).tolist()
    [1.0, 0.0, 11.0, 2.0, 111.0, 22.0]

    Backwards: how the sum of all unknowns rises with the right-hand side of each.

    >>> back = system.back.put([1.0, 2.0])
    >>> back.solve([(slice(None), np.ones(6))]).tolist()
    [7.0, 1.0, 4.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, n: int, parts: Sequence[Part]) -> None:
        targets = np.concatenate([target for target, _ in parts])
        order, first = stable_group(targets, n)
        sources = np.concatenate([source for _, source in parts])[order].astype(np.int32)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        bounds = bounds_of(np.array([len(target) for target, _ in parts])).tolist()
        places = [regular(rank[lo:hi]) for lo, hi in pairwise(bounds)]
        starts = first.astype(np.int32)
        self.n = n
        self.forth = _Way(places, starts, sources, back=False)
        # Last first: then each unknown is complete when its turn comes to be passed on.
        self.back = _Way(places, starts[-1] - starts[::-1], n - 1 - sources[::-1], back=True)


class _Way:
    """One way through the equations: from the first unknown, or from the last."""

    def __init__(
        self,
        places: list[Places],
        starts: NDArray[np.int32],
        sources: NDArray[np.int32],
        *,
        back: bool,
    ) -> None:
        self._places, self._starts, self._sources, self._back = places, starts, sources, back
        self._terms = self._found = np.empty(0)

    @property
    def given(self) -> bool:
        """Whether it holds values."""
        return len(self._found) > 0

    def put(self, values: Sequence[Floats | float]) -> _Way:
        """Take the values of each part's terms, or of the first parts' only; itself."""
        if not self.given:
            self._terms, self._found = np.empty(len(self._sources)), np.empty(len(self._starts) - 1)
        along = self._terms[::-1] if self._back else self._terms
        for place, value in zip(self._places, values, strict=False):
            along[place] = value
        return self

    def solve(self, right: Sequence[Given]) -> Floats:
        """The unknowns; the next call overwrites them."""
        along = self._found[::-1] if self._back else self._found
        along[:] = 0.0
        for place, value in right:
            along[place] = value
        if not _in_place():
            along[:] = self._by_factors()
            return along
        from scipy.sparse import _sparsetools

        multiply = _sparsetools.csc_matvec if self._back else _sparsetools.csr_matvec
        n = len(along)
        multiply(n, n, self._starts, self._sources, self._terms, self._found, self._found)
        return along

    def _by_factors(self) -> Floats:
        """The same by a public function, which takes ten times as long or more."""
        from scipy.sparse import csc_matrix, csr_matrix, identity
        from scipy.sparse.linalg import spsolve_triangular

        n = len(self._found)
        layout = csc_matrix if self._back else csr_matrix
        matrix = layout((self._terms, self._sources, self._starts), shape=(n, n))
        whole = csr_matrix(identity(n) - matrix)
        found = spsolve_triangular(whole, self._found, lower=True, unit_diagonal=True)
        return np.asarray(found[::-1] if self._back else found)


def regular(places: Ints) -> Places:
    """Evenly spaced places as a slice, through which values go several times faster."""
    if len(places) < 2:
        return places
    step = int(places[1] - places[0])
    if step > 0 and np.all(np.diff(places) == step):
        return slice(int(places[0]), int(places[-1]) + 1, step)
    return places


@lru_cache(maxsize=1)
def _in_place() -> bool:
    """Whether SciPy's product of matrix and vector may add to the vector that it reads.

    It goes row by row, so that each row finds the sums of those before it: that is how the system
    is solved. SciPy does not promise it; this is the test.
    """
    try:
        from scipy.sparse._sparsetools import csc_matvec, csr_matvec
    except ImportError:
        return False
    starts, one = np.array([0, 0, 1, 2], np.int32), np.ones(3)
    forward, back = np.array([1.0, 0, 0]), np.array([1.0, 0, 0])
    csr_matvec(3, 3, starts, np.array([0, 1], np.int32), one[:2], forward, forward)
    csc_matvec(3, 3, starts[[1, 2, 3, 3]], np.array([1, 2], np.int32), one[:2], back, back)
    return bool(np.all(forward == one) and np.all(back == one))
