"""The distinct answer histories of every skill, shared by the students who have them.

Two students with the same answers so far on a skill are believed to know the same. The
histories of a skill therefore form a prefix trie, and whatever is computed from a history is
computed once per node, weighted by the students who passed it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats, Ints, Sequences, longest_first
from adaptlearn.responses import ResponseLog

WRONG, RIGHT, EXPOSURE = 0, 1, 2
"""Symbols of a history: the answers, and a lesson without one."""


def history_symbols(log: ResponseLog) -> NDArray[np.int8]:
    """The symbol of each entry of a log."""
    answers = log.correct if log.skill_rows is None else log.correct[log.skill_rows]
    return np.where(answers < 0, np.int8(EXPOSURE), answers)


class PrefixTrie(NamedTuple):
    """A forest of histories, level by level; a child has one response more than its parent.

    Attributes
    ----------
    group : int array, shape (n_nodes,)
        The parameter set (skill) of the node.
    symbol : int8 array, shape (n_nodes,)
        The last response of the history: `WRONG`, `RIGHT` or `EXPOSURE`.
    weight, end : float arrays, shape (n_nodes,)
        Sequences that pass the node, and those that end there.
    levels : int array, shape (depth + 1,)
        Nodes of level ``t`` are ``levels[t] : levels[t + 1]``; within a level they are in
        order of their parents.
    parent : int array, shape (n_nodes,)
        The parent's node number; -1 at level 0.
    inner : int array, shape (n_inner,)
        Nodes that have children, ascending.
    first_child : int array, shape (n_inner,)
        The first child of each of them; the children of one node stand together.
    inner_levels : int array, shape (depth + 1,)
        Inner nodes of level ``t`` are ``inner[inner_levels[t] : inner_levels[t + 1]]``.
    n_groups : int
    """

    group: Ints
    symbol: NDArray[np.int8]
    weight: Floats
    end: Floats
    levels: Ints
    parent: Ints
    inner: Ints
    first_child: Ints
    inner_levels: Ints
    n_groups: int

    @property
    def n_nodes(self) -> int:
        """Distinct histories."""
        return len(self.symbol)

    @property
    def depth(self) -> int:
        """The longest history."""
        return len(self.levels) - 1

    def pooled(self) -> PrefixTrie:
        """The same histories under one common parameter set."""
        return self._replace(group=np.zeros_like(self.group), n_groups=1)

    def restrict(self, groups: Ints) -> PrefixTrie:
        """The histories of some groups, which are renumbered ``0, 1, …`` as listed."""
        renumbered = np.full(self.n_groups, -1, np.int64)
        renumbered[groups] = np.arange(len(groups))
        keep = renumbered[self.group] >= 0
        kept_before = np.concatenate(([0], np.cumsum(keep)))
        levels = kept_before[self.levels]
        levels = levels[: int(np.argmax(levels == levels[-1])) + 1]
        top = self.levels[1]
        parent = np.concatenate(
            (self.parent[:top][keep[:top]], kept_before[self.parent[top:][keep[top:]]])
        )
        return _assemble(
            group=renumbered[self.group[keep]],
            symbol=self.symbol[keep],
            weight=self.weight[keep],
            levels=levels,
            parent=parent,
            n_groups=len(groups),
        )


def build_trie(
    sequences: Sequences, symbols: NDArray[np.int8], groups: Ints, n_groups: int
) -> PrefixTrie:
    """Build the trie of all sequences at once, a level at a time, without sorting.

    A child's key is ``parent * n_symbols + symbol``; one ``bincount`` finds the children that
    exist, and how many sequences pass each.

    Parameters
    ----------
    sequences : Sequences
        At least one; see `adaptlearn.numerics.group_pairs`.
    symbols : int8 array, shape (n_rows,)
        The symbol of each row that ``sequences.order`` refers to.
    groups : int array, shape (n_sequences,)
        Each sequence's group, ``0 … n_groups - 1``, each of which occurs.
    n_groups : int
    """
    chains, reach = longest_first(sequences)
    starts = sequences.starts[chains]
    ordered = symbols[sequences.order]
    n_symbols = 3 if len(ordered) and ordered.max() == EXPOSURE else 2
    at = groups[chains].astype(np.int64)  # each chain's node, numbered within its level
    n_parents = n_groups
    level_groups: Ints = np.arange(n_groups)
    parts: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("group", "symbol", "weight", "parent")
    }
    levels = [0]
    for level, m in enumerate(reach):
        key = at[:m] * n_symbols
        key += ordered[starts[:m] + level]
        counts = np.bincount(key, minlength=n_parents * n_symbols)
        present = np.flatnonzero(counts)
        number = np.empty(len(counts), np.int64)
        number[present] = np.arange(len(present))
        at = number[key]
        parent, symbol = np.divmod(present, n_symbols)
        level_groups = level_groups[parent]
        parts["group"].append(level_groups)
        parts["symbol"].append(symbol.astype(np.int8))
        parts["weight"].append(counts[present].astype(np.float64))
        parts["parent"].append(parent + levels[-2] if level else np.full_like(parent, -1))
        levels.append(levels[-1] + len(present))
        n_parents = len(present)
    joined: dict[str, Any] = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return _assemble(**joined, levels=np.array(levels), n_groups=n_groups)


def _assemble(
    *,
    group: Ints,
    symbol: NDArray[np.int8],
    weight: Floats,
    levels: Ints,
    parent: Ints,
    n_groups: int,
) -> PrefixTrie:
    """Complete a trie with what follows from its nodes and their parents."""
    top = int(levels[1])
    above = parent[top:]
    first = np.ones(len(above), bool)
    first[1:] = above[1:] != above[:-1]
    end = weight.copy()
    if len(above):
        end -= np.bincount(above, weights=weight[top:], minlength=len(weight))
    inner = above[first]
    return PrefixTrie(
        group=group,
        symbol=symbol,
        weight=weight,
        end=end,
        levels=levels,
        parent=parent,
        inner=inner,
        first_child=np.flatnonzero(first) + top,
        inner_levels=np.searchsorted(inner, levels),
        n_groups=n_groups,
    )
