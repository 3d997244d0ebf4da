"""Rows of one holder after another, so that histories are counted of a whole log at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Floats, Ints, bounds_of, stable_group

_FEW = 16  # chains that go on when the rest of each is filtered by itself


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

    def laid(self, first: NDArray[np.float64], values: Floats) -> Floats:
        """Each chain's first numbers, shape (n_chains, lead), and then its rows' values."""
        lead = first.shape[1]
        starts = self.starts(lead)
        flat = np.empty(starts[-1])
        flat[starts[:-1, None] + np.arange(lead)] = first
        flat[starts[self.chain[self.rows]] + lead + self.before[self.rows]] = values[self.rows]
        return flat


def summed(rows: Floats, chains: Chains, values: Floats) -> Floats:
    """The sums before each row of whole numbers; `rows`, shape (n_chains,), take the last."""
    starts = chains.starts(1)
    total = np.append(0.0, np.cumsum(chains.laid(rows[:, None], values)))
    sums = total[1:] - np.repeat(total[starts[:-1]], np.diff(starts))
    return _read(rows, chains, sums)


def faded(rows: Floats, chains: Chains, values: Floats, decay: float) -> Floats:
    """As `summed`, each value worth `decay` times the next one."""
    from scipy.signal import lfilter

    starts = chains.starts(1)
    flat = chains.laid(rows[:, None], values)
    longest_first = np.argsort(-chains.lengths, kind="stable")
    at, left = starts[:-1][longest_first], chains.lengths[longest_first]
    level = 1
    going = int(np.searchsorted(-left, -1, side="right"))
    while going >= _FEW:
        here = at[:going] + level
        flat[here] += decay * flat[here - 1]
        level += 1
        going = int(np.searchsorted(-left, -level, side="right"))
    for start, length in zip(at[:going].tolist(), left[:going].tolist(), strict=True):
        rest = slice(start + level, start + length + 1)
        carried = [decay * flat[start + level - 1]]
        flat[rest] = lfilter([1.0], [1.0, -decay], flat[rest], zi=carried)[0]
    return _read(rows, chains, flat)


def _read(rows: Floats, chains: Chains, series: Floats) -> Floats:
    starts = chains.starts(1)
    rows[:] = series[starts[1:] - 1]
    return np.asarray(series[starts[chains.chain] + chains.before])
