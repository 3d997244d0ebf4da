"""The distinct answer histories of every skill, shared by the students who have them.

Two students with the same answers so far on a skill are believed to know the same. The
histories of a skill therefore form a prefix trie, and whatever is computed from a history is
computed once per node, weighted by the students who passed it.

Deep down hardly anything is shared. There every sequence goes on in nodes of its own, and where
few sequences are left, stretches of each are held together, so that a few very long histories
do not cost a step of Python per response.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.entries import EXPOSURE
from adaptlearn.models.bkt.parameters import Cells
from adaptlearn.numerics import Floats, Ints, Sequences, distinct, longest_first

_SHARED = 0.6
"""Sequences go on alone once they number fewer than the nodes they pass divided by this."""

_FEW = 192
"""With fewer sequences than this left, a level costs more calls than arithmetic."""

_TELLING = 8
"""Answers of a history that tell one set of parameters from another."""

_STRETCH = 256
"""Responses of one sequence that are solved as one system: their numbers mostly stay in range."""

_WORTH = 4096
"""Nodes that a system should have, to be worth the calls it takes."""


class Alphabet(NamedTuple):
    """What distinguishes one response from another within a history.

    Attributes
    ----------
    symbol : integer array, shape (n_rows,)
        Each row's symbol, ``0 … n_symbols - 1``.
    answer : int8 array, shape (n_symbols,)
        `WRONG`, `RIGHT` or `EXPOSURE`.
    cells, owner : tuple of (int array or None), one per field of `Parameters`
        For each symbol, shape (n_symbols,), the cell of the parameter: of learn and forget for
        the transition *into* the response, of prior where it is a sequence's first; and the
        group of every cell. None where the cells are the groups.
    """

    symbol: Ints
    answer: NDArray[np.int8]
    cells: tuple[Ints | None, ...] = (None,) * len(Cells._fields)
    owner: tuple[Ints | None, ...] = (None,) * len(Cells._fields)


def answers_only(answers: NDArray[np.int8]) -> Alphabet:
    """The alphabet of histories without classes."""
    n_symbols = 3 if len(answers) and answers.max() == EXPOSURE else 2
    return Alphabet(answers, np.arange(n_symbols, dtype=np.int8))


class PrefixTrie(NamedTuple):
    """A forest of histories, level by level, then stretches of single sequences.

    Attributes
    ----------
    group : int array, shape (n_nodes,)
        The skill of the node.
    answer : int8 array, shape (n_nodes,)
        The last response of the history: `WRONG`, `RIGHT` or `EXPOSURE`.
    cells : Cells, fields of shape (n_nodes,)
        Which cell of each parameter applies to the node; of prior at level 0, of learn and
        forget from level 1 on.
    weight, end : float arrays, shape (n_nodes,)
        Students who pass the node, and those whose history ends there.
    parent : int array, shape (n_nodes,)
        The parent's node number; -1 at level 0.
    levels : int array, shape (depth + 1,)
        Nodes of level ``t`` are ``levels[t] : levels[t + 1]``.
    shared : int
        In levels below this one, children stand in order of their parents. In the level of
        this number each sequence begins to have nodes of its own, in any order; in every later
        one the nodes continue the first nodes of the level before.
    stretches : int array, shape (n_blocks + 1,)
        Nodes of block ``b`` are ``stretches[b] : stretches[b + 1]``; within a block a node
        follows the one before, unless its parent lies before the block.
    owner : Cells
        The group of every cell.
    n_groups : int
    """

    group: Ints
    answer: NDArray[np.int8]
    cells: Cells
    weight: Floats
    end: Floats
    parent: Ints
    levels: Ints
    shared: int
    stretches: Ints
    owner: Cells
    n_groups: int

    @property
    def n_nodes(self) -> int:
        """Distinct histories (and, deep down, those of single sequences)."""
        return len(self.answer)

    @property
    def top(self) -> int:
        """Nodes at level 0."""
        return int(self.levels[1])

    def opportunities(self) -> NDArray[np.int64]:
        """The number of answers, exposures left out, up to each node, shape (n_nodes,)."""
        return self.along((self.answer != EXPOSURE).astype(np.int64))

    def along(self, values: NDArray[Any]) -> NDArray[Any]:
        """Of each node the sum of `values` from its root to itself, on the last axis.

        `values` is changed, and returned.
        """
        for lo, hi in pairwise(self.levels.tolist()[1:]):
            values[..., lo:hi] += values[..., self.parent[lo:hi]]
        for lo, hi in pairwise(self.stretches.tolist()):
            heads = np.flatnonzero(self.parent[lo:hi] < lo)
            own = values[..., lo + heads]
            running = np.cumsum(values[..., lo:hi], axis=-1)
            before = values[..., self.parent[lo + heads]] - running[..., heads] + own
            lengths = np.diff(heads, append=hi - lo)
            values[..., lo:hi] = running + np.repeat(before, lengths, axis=-1)
        return values

    def pooled(self) -> PrefixTrie:
        """The same histories under one common parameter set."""
        none = np.zeros_like(self.group)
        return self._replace(
            group=none, cells=Cells.same(none), owner=Cells.same(np.zeros(1, np.int64)), n_groups=1
        )

    def shallow(self, n_nodes: int) -> PrefixTrie:
        """The first levels, of about that many nodes: every history cut at the same length.

        The whole where it is no larger, or where so few levels would be left that they tell
        little.
        """
        widths = np.diff(self.levels).astype(np.float64)
        for level in range(self.shared, len(widths)):
            widths[level] = self.weight[self.levels[level] : self.levels[level + 1]].sum()
        total = widths.sum() + self.weight[self.levels[-1] :].sum()
        depth = int(np.searchsorted(np.cumsum(widths), n_nodes, "right"))
        if total <= n_nodes or depth < _TELLING:
            return self
        kept = slice(int(self.levels[depth]))
        weight, parent = self.weight[kept], self.parent[kept]
        below = weight[self.top :], parent[self.top :]
        # Fields that are one array stay so.
        cut = {id(field): field[kept] for field in self.cells}
        return self._replace(
            group=self.group[kept],
            answer=self.answer[kept],
            cells=Cells(*(cut[id(field)] for field in self.cells)),
            weight=weight,
            end=weight - np.bincount(below[1], below[0], len(weight)),
            parent=parent,
            levels=self.levels[: depth + 1],
            stretches=self.stretches[:0],
        )

    def cells_of(self, groups: Ints) -> Cells:
        """The cells of some groups; those cells then go with the trie of `restrict`."""
        wanted = np.zeros(self.n_groups, bool)
        wanted[groups] = True
        return Cells(*(np.flatnonzero(wanted[owner]) for owner in self.owner))

    def restrict(self, groups: Ints) -> PrefixTrie:
        """The histories of some groups (ascending), which are renumbered ``0, 1, …``."""
        renumbered = np.full(self.n_groups, -1, np.int64)
        renumbered[groups] = np.arange(len(groups))
        keep = renumbered[self.group] >= 0
        before = np.concatenate(([0], np.cumsum(keep)))
        parent = self.parent[keep]
        parent[parent >= 0] = before[parent[parent >= 0]]
        levels, stretches = before[self.levels], np.unique(before[self.stretches])
        levels = levels[: int(np.argmax(levels == levels[-1])) + 1]
        kept_cells = self.cells_of(groups)
        cells, owner = [], []
        # Where all fields share one numbering, so do the restricted ones.
        done: dict[tuple[int, int], tuple[Ints, Ints]] = {}
        for index, kept, group in zip(self.cells, kept_cells, self.owner, strict=True):
            key = (id(index), id(group))
            if key not in done:
                # Of transitions there may be no cell: then every node says 0, and none is asked.
                place = np.zeros(max(len(group), 1), np.int64)
                place[kept] = np.arange(len(kept))
                done[key] = place[index[keep]], renumbered[group[kept]]
            cells.append(done[key][0])
            owner.append(done[key][1])
        return self._replace(
            group=renumbered[self.group[keep]],
            answer=self.answer[keep],
            cells=Cells(*cells),
            weight=self.weight[keep],
            end=self.end[..., keep],
            parent=parent,
            levels=levels,
            stretches=stretches if len(stretches) > 1 else stretches[:0],
            owner=Cells(*owner),
            n_groups=len(groups),
        )


def build_trie(
    sequences: Sequences,
    alphabet: Alphabet,
    groups: Ints,
    n_groups: int,
    counts: Ints | None = None,
) -> PrefixTrie:
    """Build the trie of all sequences at once, a level at a time, without sorting.

    A child's key is ``parent * n_symbols + symbol``; one ``bincount`` finds the children that
    exist, and how many students pass each. Where that table would be mostly empty the keys are
    hashed.

    Parameters
    ----------
    sequences : Sequences
        At least one; see `adaptlearn.numerics.group_pairs`.
    alphabet : Alphabet
        Of the rows that ``sequences.order`` refers to.
    groups : int array, shape (n_sequences,)
        Each sequence's group, ``0 … n_groups - 1``, each of which occurs.
    n_groups : int
    counts : integer array, shape (n_sequences,), optional
        How many students have each sequence; by default each is one student's.
    """
    return build_traced_trie(sequences, alphabet, groups, n_groups, counts)[0]


def build_traced_trie(
    sequences: Sequences,
    alphabet: Alphabet,
    groups: Ints,
    n_groups: int,
    counts: Ints | None = None,
) -> tuple[PrefixTrie, NDArray[np.int64]]:
    """The same trie, and the node with which each sequence ends, shape (n_sequences,)."""
    chains, reach = longest_first(sequences)
    starts = sequences.starts[chains]
    ordered = alphabet.symbol[sequences.order]
    weights = None if counts is None else counts[chains].astype(np.float64)
    growth = _Growth(groups[chains], n_groups, len(alphabet.answer), weights)
    # Students, not sequences, tell how to go on: from counts the trie is that of the rows.
    students = reach if weights is None else np.cumsum(weights)[reach - 1]
    # Level 0 is always shared: there the groups part.
    thin = int(np.argmax(np.append(students[1:] < _FEW, True))) + 1
    alone = thin
    for level, m in enumerate(reach[:thin].tolist()):
        symbols = ordered[starts[:m] + level]
        if level and level < alone and growth.width > _SHARED * students[level]:
            alone = level
        if level < alone:
            growth.share(symbols)
        else:
            growth.alone(symbols)
    lengths = sequences.lengths[chains]
    stretches = []
    begin = thin
    while begin < len(reach):
        m = int(reach[begin])
        step = max(_STRETCH, _WORTH // m)
        stretches.append(growth.n_nodes)
        growth.stretch(ordered, starts[:m] + begin, np.minimum(lengths[:m] - begin, step))
        begin += step
    if stretches:
        stretches.append(growth.n_nodes)
    ends = np.empty(len(chains), np.int64)
    ends[chains] = growth.last
    return growth.finish(alphabet, alone, stretches), ends


class _Growth:
    """A trie in the making: the sequences still alive are the first of all, longest first."""

    def __init__(self, groups: Ints, n_groups: int, n_symbols: int, weights: Floats | None) -> None:
        self.groups, self.n_groups, self.n_symbols = groups, n_groups, n_symbols
        self.weights = np.ones(len(groups)) if weights is None else weights
        self.counted = weights is not None
        self.at = groups.astype(np.int64)  # each sequence's node, within its level or block
        self.last = np.empty(len(groups), np.int64)  # each sequence's last node so far, of all
        self.width = n_groups  # nodes of the level above
        self.groups_above: Ints = np.arange(n_groups)
        self.offset = 0  # of that level among all nodes
        self.levels = [0]
        self.n_nodes = 0
        self.parts: dict[str, list[Any]] = {n: [] for n in ("group", "symbol", "weight", "parent")}

    def share(self, symbols: Ints) -> None:
        """The next level: one node for all sequences with the same parent and symbol."""
        m = len(symbols)
        key = self.at[:m] * self.n_symbols
        key += symbols
        space = self.width * self.n_symbols
        if space <= 4 * m + 4096:
            sizes = np.bincount(key, minlength=space)
            present = np.flatnonzero(sizes)
            number = np.empty(space, np.int64)
            number[present] = np.arange(len(present))
            at, sizes = number[key], sizes[present]
        else:
            present, at = distinct(key)
            sizes = np.bincount(at, minlength=len(present))
        if self.counted:
            sizes = np.bincount(at, self.weights[:m], len(present))
        self.last[:m] = self.n_nodes + at
        parent, symbol = np.divmod(present, self.n_symbols)
        self.groups_above = self.groups_above[parent]
        self._append(self.groups_above, symbol, sizes.astype(np.float64), parent + self.offset)
        self.at, self.width = at, len(present)
        self._close_level()

    def alone(self, symbols: Ints) -> None:
        """The next level: a node for every sequence."""
        m = len(symbols)
        self.last[:m] = self.n_nodes + np.arange(m)
        self._append(self.groups[:m], symbols, self.weights[:m], self.at[:m] + self.offset)
        self.at = np.arange(m)
        self._close_level()

    def stretch(self, ordered: Ints, starts: Ints, lengths: Ints) -> None:
        """The next responses of every sequence that is left, one sequence after another."""
        m, first = len(starts), self.n_nodes
        heads = np.cumsum(lengths) - lengths
        steps = np.arange(int(lengths.sum())) - np.repeat(heads, lengths)
        parent = np.arange(first - 1, first - 1 + len(steps))
        parent[heads] = self.at[:m] + self.offset
        self._append(
            np.repeat(self.groups[:m], lengths),
            ordered[np.repeat(starts, lengths) + steps],
            np.repeat(self.weights[:m], lengths),
            parent,
        )
        self.at, self.offset = heads + lengths - 1, first
        self.last[:m] = first + self.at

    def _append(self, group: Ints, symbol: Ints, weight: Floats, parent: Ints) -> None:
        for name, array in zip(self.parts, (group, symbol, weight, parent), strict=True):
            self.parts[name].append(array)
        self.n_nodes += len(group)

    def _close_level(self) -> None:
        self.offset = self.levels[-1]
        self.levels.append(self.n_nodes)

    def finish(self, alphabet: Alphabet, shared: int, stretches: list[int]) -> PrefixTrie:
        """The trie, with what follows from its nodes and their parents."""
        joined = {name: np.concatenate(arrays) for name, arrays in self.parts.items()}
        group, symbol = joined["group"], joined["symbol"]
        groups = np.arange(self.n_groups)
        # Fields with one numbering share its array: that is how it is seen to be one.
        looked_up = {id(table): table[symbol] for table in alphabet.cells if table is not None}
        cells = Cells(*(group if t is None else looked_up[id(t)] for t in alphabet.cells))
        owner = Cells(*(groups if table is None else table for table in alphabet.owner))
        weight, parent, top = joined["weight"], joined["parent"], self.levels[1]
        parent[:top] = -1
        below: Floats = np.bincount(parent[top:], weight[top:], len(weight)).astype(np.float64)
        return PrefixTrie(
            group=group,
            answer=alphabet.answer[symbol],
            cells=cells,
            weight=weight,
            end=weight - below,
            parent=parent,
            levels=np.array(self.levels),
            shared=shared,
            stretches=np.array(stretches, np.int64),
            owner=owner,
            n_groups=self.n_groups,
        )
