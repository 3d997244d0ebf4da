"""Rows of one holder after another, so that histories are counted of a whole log at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Floats, Ints, bounds_of, stable_group

_SHORT = 1 << 15  # numbers that are filtered one by one
_LONG = 64  # rows of a chain after which the rest of each is filtered by itself


class Chains(NamedTuple):
    """The rows of a log by holder: by student, by student and skill, by student and item.

    Attributes
    ----------
    chain : int array, shape (n,)
        The holder of each row.
    before : int array, shape (n,)
        How many rows that count its holder has before it.
    rows : int array, shape (n_counting,)
        Those that count.
    lengths : int array, shape (n_chains,)
        How many rows of each holder count.
    """

    chain: Ints
    before: Ints
    rows: Ints
    lengths: Ints

    @classmethod
    def of(cls, chain: Ints, n_chains: int, counts: Bools) -> Chains:
        """From the holder of each row, and whether the row counts."""
        order, starts = stable_group(chain, n_chains)
        told = counts[order]
        total = bounds_of(told.astype(np.int64))
        before = np.empty(len(chain), np.int64)
        before[order] = total[:-1] - np.repeat(total[starts[:-1]], np.diff(starts))
        return cls(chain, before, order[told], np.diff(total[starts]))

    def starts(self, lead: int) -> Ints:
        """Where each chain begins, and the last ends, when `lead` numbers stand before its rows."""
        return bounds_of(self.lengths + lead)

    def places(self, lead: int) -> Ints:
        """Where the rows that count stand then, in the order of `rows`."""
        return self.starts(lead)[self.chain[self.rows]] + lead + self.before[self.rows]

    def laid(self, first: Floats, values: Floats) -> Floats:
        """Each chain's first numbers, and then its rows' values.

        Parameters
        ----------
        first : float array, shape (n_chains, lead) or (n_chains, lead, k)
        values : float array, shape (n,) or (n, k)
        """
        lead = first.shape[1]
        starts = self.starts(lead)
        flat = np.empty((int(starts[-1]), *values.shape[1:]))
        flat[starts[:-1, None] + np.arange(lead)] = first
        flat[self.places(lead)] = values[self.rows]
        return flat

    def n_wide(self, few: int) -> int:
        """How many levels there are that so many chains reach."""
        if len(self.lengths) < few:
            return 0
        return int(np.partition(self.lengths, -few)[-few])

    def passes(self, lead: int, n_levels: int) -> tuple[Iterator[Ints], list[slice]]:
        """The way along all chains: some levels of many, then the rest of each.

        Parameters
        ----------
        lead : int
        n_levels : int

        Returns
        -------
        levels : iterator of int arrays
            Where the first row of every chain stands, where the second of every chain, ….
        rest : list of slices
            What stands after these levels, chain by chain.
        """
        longest_first = np.argsort(-self.lengths, kind="stable")
        longest_first = longest_first[self.lengths[longest_first] > 0]
        at, lengths = self.starts(lead)[longest_first] + lead, self.lengths[longest_first]
        reach = np.searchsorted(-lengths, -np.arange(1, n_levels + 1), side="right").tolist()
        n_longer = int(np.searchsorted(-lengths, -n_levels, side="left"))
        first, last = at[:n_longer] + n_levels, at[:n_longer] + lengths[:n_longer]
        rest = [slice(lo, hi) for lo, hi in zip(first.tolist(), last.tolist(), strict=True)]
        return (at[:going] + level for level, going in enumerate(reach)), rest


def summed(rows: Floats, chains: Chains, values: Floats) -> Floats:
    """The sums before each row of whole numbers; `rows`, shape (n_chains,), take the last."""
    starts = chains.starts(1)
    total = np.append(0.0, np.cumsum(chains.laid(rows[:, None], values)))
    sums = total[1:] - np.repeat(total[starts[:-1]], np.diff(starts))
    return _read(rows, chains, sums)


def latest(rows: Floats, chains: Chains, values: Floats) -> Floats:
    """The value of the row before each; `rows`, shape (n_chains,), have and take the last."""
    return _read(rows, chains, chains.laid(rows[:, None], values))


def faded(rows: Floats, chains: Chains, values: Floats, decay: float) -> Floats:
    """As `summed`, each value worth `decay` times the next one.

    Parameters
    ----------
    rows : float array, shape (n_chains,) or (n_chains, k)
    chains : Chains
    values : float array, shape (n,) or (n, k)
    decay : float
    """
    flat = chains.laid(rows[:, None], values)
    levels, rest = chains.passes(1, min(chains.n_wide(1), _LONG))
    for here in levels:
        flat[here] += decay * flat[here - 1]
    for part in rest:
        flat[part] = filtered(flat[part], flat[part.start - 1], decay)
    return _read(rows, chains, flat)


def filtered(values: NDArray[Any], before: NDArray[Any], decay: float) -> NDArray[Any]:
    """Each value and `decay` times what was found of the one before, shape (n,) or (n, k)."""
    dtype = values.dtype
    if values.ndim == 1 and dtype == np.float64 and len(values) < _SHORT:
        # Plain numbers: SciPy's filter takes longer to be called, and much longer to be imported.
        numbers = [float(before), *values.tolist()]
        course = accumulate(numbers, lambda last, new: new + decay * last)
        return np.array(list(islice(course, 1, None)))
    from scipy.signal import lfilter

    weights = np.array([1.0, 0.0], dtype), np.array([1.0, -decay], dtype)
    carried = np.asarray(np.asarray(decay, dtype) * before, dtype)[None]
    found, _ = lfilter(*weights, values, axis=0, zi=carried)
    return np.asarray(found)


def _read(rows: Floats, chains: Chains, series: Floats) -> Floats:
    starts = chains.starts(1)
    rows[:] = series[starts[1:] - 1]
    return np.asarray(series[starts[chains.chain] + chains.before])
