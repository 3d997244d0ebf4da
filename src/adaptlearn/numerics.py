"""Array routines that several rooms share: linear-time grouping and a table keyed by integers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# The library's array types: of any shape, of the kind that the name says.
Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]
Bits = NDArray[np.uint8]  # eight yes or no to the byte

# Odd numbers with well mixed bits: 2**64 over the golden ratio, and two of xxHash's primes.
_MULTIPLIERS = tuple(
    np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
)

_FEW = 1 << 10  # rows that are sorted sooner than SciPy makes a matrix of them


def stable_group(keys: Ints, n_keys: int) -> tuple[Ints, Ints]:
    """Order rows by an integer key, rows of one key in their given order, in linear time.

    A counting sort, several times faster than a comparison sort of the same keys. SciPy
    holds one in compiled code: the change of a sparse matrix from columns to rows.

    Parameters
    ----------
    keys : integer array, shape (n,)
        Values in ``0 … n_keys - 1``.
    n_keys : int
        The size of the key space; memory is linear in it.

    Returns
    -------
    order : integer array, shape (n,)
        Row numbers, grouped by key.
    starts : integer array, shape (n_keys + 1,)
        Where each key's rows begin in `order`.

    Examples
    --------
    >>> import numpy as np
    >>> order, starts = stable_group(np.array([1, 0, 1, 0]), 2)
    >>> order.tolist(), starts.tolist()
    ([1, 3, 0, 2], [0, 2, 4])
    """
    n = len(keys)
    index = np.int32 if max(n, n_keys) < 2**31 - 1 else np.int64
    if n < _FEW:
        counts = np.bincount(keys, minlength=n_keys)
        return np.argsort(keys, kind="stable").astype(index), bounds_of(counts).astype(index)
    from scipy.sparse import csc_array

    parts: Any = (
        np.empty(n, np.int8),
        keys.astype(index, copy=False),
        np.arange(n + 1, dtype=index),
    )
    one_per_column = csc_array(parts, shape=(n_keys, n))
    by_row = one_per_column.tocsr()
    return by_row.indices, by_row.indptr


class Sequences(NamedTuple):
    """Rows gathered into chains, one per pair of keys that occurs.

    Attributes
    ----------
    order : integer array, shape (n,)
        Row numbers, chain after chain, each chain in the order given.
    starts, lengths : integer arrays, shape (n_chains,)
        Where a chain begins in `order`, and how many rows it has.
    major, minor : integer arrays, shape (n_chains,)
        Each chain's pair of keys; chains are sorted by (major, minor).
    """

    order: Ints
    starts: Ints
    lengths: Ints
    major: Ints
    minor: Ints


def group_pairs(
    major: Ints, n_major: int, minor: Ints, n_minor: int, order: Ints | None = None
) -> Sequences:
    """Gather rows into chains by a pair of keys.

    Parameters
    ----------
    major, minor : integer arrays, shape (n,)
        The two keys of each row, in ``0 … n_major - 1`` and ``0 … n_minor - 1``.
    n_major, n_minor : int
        Sizes of the key spaces.
    order : integer array, shape (n,), optional
        The order rows are to keep within a chain; their given order by default.
    """
    n = len(major)
    if n_major * n_minor <= 4 * n + 4096:
        keys = minor if n_major == 1 else (major.astype(np.int64) * n_minor + minor)
        rows, bounds = stable_group(keys if order is None else keys[order], n_major * n_minor)
        counts = np.diff(bounds)
        present = np.flatnonzero(counts)
        lengths, starts = counts[present], bounds[:-1][present]
        first_major, first_minor = np.divmod(present, n_minor)
    else:
        # The table of all pairs would be mostly empty: group by one key, then by the other.
        rows, _ = stable_group(minor if order is None else minor[order], n_minor)
        within = rows if order is None else order[rows]
        again, _ = stable_group(major[within], n_major)
        rows = rows[again]
        sorted_rows = rows if order is None else order[rows]
        a, b = major[sorted_rows], minor[sorted_rows]
        new = np.ones(n, bool)
        new[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
        starts = np.flatnonzero(new)
        lengths = np.diff(np.append(starts, n))
        first_major, first_minor = a[starts], b[starts]
    final = rows if order is None else order[rows]
    return Sequences(final, starts, lengths, first_major, first_minor)


def longest_first(sequences: Sequences) -> tuple[Ints, Ints]:
    """Chains ordered by length, longest first, and how many reach each level.

    Returns
    -------
    chains : integer array, shape (n_chains,)
        Chain numbers; ties keep their order.
    reach : integer array, shape (longest,)
        ``reach[t]`` chains have more than ``t`` rows: the first that many of `chains`.
    """
    lengths = sequences.lengths
    longest = int(lengths.max(initial=0))
    chains, bounds = stable_group(longest - lengths, longest + 1)
    return chains, bounds[1 : longest + 1][::-1]


class KeyTable:
    """Slots for integer keys, found and made for many keys at once (open addressing).

    Finding, adding and removing a key cost O(1) on average; the table doubles as it fills. The
    length is that of the slots, those that were given up included.

    Attributes
    ----------
    keys : int64 array, shape (n_slots,)
        The keys in the order they were added: a key's slot is its place here.
    n_removed : int
        The slots that were given up.
    """

    _FREE, _REMOVED = -1, -2

    def __init__(self) -> None:
        self._keys = np.empty(16, np.int64)
        self._n = 0
        self.n_removed = 0
        self._table = self._free_table(64)

    @classmethod
    def _free_table(cls, size: int) -> Ints:
        """Room for slot numbers by hash, a power of two; most of what a table takes of memory."""
        # Half of it at most is used, so that the largest slot number is below half its size.
        kind: Any = np.int32 if size <= 1 << 32 else np.int64
        return np.full(size, cls._FREE, kind)

    def __len__(self) -> int:
        return self._n

    @property
    def keys(self) -> NDArray[np.int64]:
        """The key of each slot, shape (n_slots,); of one that was given up, the key it had."""
        return self._keys[: self._n]

    @property
    def slots(self) -> NDArray[np.int64]:
        """The slots whose keys are held, ascending."""
        if not self.n_removed:
            return np.arange(self._n)
        return np.sort(self._table[self._table >= 0]).astype(np.int64)

    def find(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slot of each key; -1 where it is not held. Keys may repeat."""
        mask = len(self._table) - 1
        places = self._hash(keys)
        slots = self._table[places].astype(np.int64)
        pending = self._elsewhere(slots, keys)
        keys, places = keys[pending], places[pending]
        while len(pending):
            places = (places + 1) & mask
            slots[pending] = held = self._table[places]
            go_on = self._elsewhere(held, keys)
            pending, keys, places = pending[go_on], keys[go_on], places[go_on]
        return slots

    def _elsewhere(self, held: Ints, keys: NDArray[np.int64]) -> Ints:
        """The keys that can only be held further on; `held`: the slots at their places."""
        other = (held == self._REMOVED) | (self._keys[held] != keys)
        return np.flatnonzero(other & (held != self._FREE))

    def add(
        self, keys: NDArray[np.int64], slots: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """The slot of each key, made where it is not yet held. `keys` must be distinct.

        `slots` may give what `find` has found for them.
        """
        slots = self.find(keys) if slots is None else slots.copy()
        new = np.flatnonzero(slots < 0)
        if len(new):
            first, self._n = self._n, self._n + len(new)
            if self._n > len(self._keys):
                grown = np.empty(max(self._n, 2 * len(self._keys)), np.int64)
                grown[:first] = self._keys[:first]
                self._keys = grown
            self._keys[first : self._n] = keys[new]
            slots[new] = np.arange(first, self._n)
            if 2 * self._n > len(self._table):
                held: Ints = np.concatenate((self._table[self._table >= 0], slots[new]))
                self._table = self._free_table(1 << int(4 * self._n - 1).bit_length())
                self._place(held)
            else:
                self._place(slots[new])
        return slots

    def remove(self, slots: Ints) -> None:
        """Give up distinct slots whose keys are held: no slot moves, and none is used again."""
        places = self._hash(self._keys[slots])
        mask = len(self._table) - 1
        astray = np.flatnonzero(self._table[places] != slots)
        while len(astray):
            places[astray] = (places[astray] + 1) & mask
            astray = astray[self._table[places[astray]] != slots[astray]]
        self._table[places] = self._REMOVED
        self.n_removed += len(slots)

    def _hash(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        # Fibonacci hashing: the high bits of a product with 2**64 / golden ratio.
        mixed = keys.astype(np.uint64) * _MULTIPLIERS[0]
        bits = len(self._table).bit_length() - 1
        return (mixed >> np.uint64(64 - bits)).astype(np.int64)

    def _place(self, slots: Ints) -> None:
        places = self._hash(self._keys[slots])
        mask = len(self._table) - 1
        while len(slots):
            free = self._table[places] < 0  # or given up: the keys are nowhere else
            self._table[places[free]] = slots[free]
            # Of several that wrote to one place the last stays; the others go on.
            lost = self._table[places] != slots
            slots, places = slots[lost], (places[lost] + 1) & mask


def distinct(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct values, sorted, and each row's place among them.

    What ``np.unique`` gives with ``return_inverse``, several times faster where values repeat:
    rows are hashed into buckets, each bucket keeps one of its values, and only the rows that
    hold another go on to the next round.

    Examples
    --------
    >>> import numpy as np
    >>> labels, codes = distinct(np.array([70, -5, 70]))
    >>> labels.tolist(), codes.tolist()
    ([-5, 70], [1, 0, 1])
    """
    bits = max(8, min(22, len(values).bit_length()))
    codes = np.empty(len(values), np.int64)
    found: list[NDArray[np.int64]] = []
    n_found = 0
    pending: Any = slice(None)  # rows without a code
    for odd in _MULTIPLIERS:
        rest = values[pending]
        if not len(rest):
            break
        bucket = (rest.astype(np.uint64) * odd >> np.uint64(64 - bits)).astype(np.int64)
        keeper = np.empty(1 << bits, np.int64)
        used = np.zeros(1 << bits, bool)
        keeper[bucket], used[bucket] = rest, True
        number = np.cumsum(used) + (n_found - 1)
        kept = keeper[bucket] == rest
        found.append(keeper[used])
        n_found += len(found[-1])
        if kept.all():
            codes[pending] = number[bucket]
            pending = slice(0, 0)
        else:
            rows = np.arange(len(values))[pending]
            codes[rows[kept]] = number[bucket[kept]]
            pending = rows[~kept]
    rest = values[pending]
    if len(rest):
        labels, places = np.unique(rest, return_inverse=True)
        codes[pending] = places + n_found
        found.append(labels)
    everything = np.concatenate(found) if found else values[:0]
    order = np.argsort(everything)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return everything[order], place[codes]


def bounds_of(lengths: Ints) -> Ints:
    """Where each of some runs of these lengths begins, and where the last ends."""
    bounds = np.zeros(len(lengths) + 1, np.int64)
    np.add.accumulate(lengths, out=bounds[1:])
    return bounds


def places_of(starts: Ints, lengths: Ints) -> Ints:
    """The places of some runs, one run after the other.

    Examples
    --------
    >>> places_of(np.array([7, 2]), np.array([3, 2])).tolist()
    [7, 8, 9, 2, 3]
    """
    ends: Ints = lengths.cumsum()
    n = int(ends[-1]) if len(ends) else 0
    first: Ints = starts - ends + lengths
    return np.arange(n) + first.repeat(lengths)


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """One array over another of its shape; nan where the second is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> ratio(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, nan]
    """
    none = np.full(part.shape, np.nan)
    return np.asarray(np.divide(part, whole, out=none, where=whole > 0))


def dot(left: Floats, right: Floats) -> float:
    """The sum of products of two flat arrays, by one thread.

    The operator ``@`` hands long arrays to several threads, which takes longer than the sum where
    cores are busy, and whose last digits depend on how many there are.

    Examples
    --------
    >>> import numpy as np
    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float(np.einsum("i,i->", left, right))
