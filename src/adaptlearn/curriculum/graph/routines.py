"""Prerequisite graphs as pure functions over sparse arrays.

Nodes are ``0 … n - 1``; row k of a sparse array holds the nodes that come directly before k.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.sparse.csgraph import connected_components

from adaptlearn.curriculum.graph.bits import all_marked, has_bit, own_bits
from adaptlearn.curriculum.graph.matrices import incidence, row, sealed
from adaptlearn.curriculum.graph.requirements import Attaining, Requirements, without_groups
from adaptlearn.errors import CurriculumError
from adaptlearn.numerics import Bits, Bools, Floats, Ints

# Dense work arrays stay below this many cells (at four bytes each: 64 MB).
_CELLS = 1 << 24
_PAIRS = 1 << 28  # of nodes, in a closure: 2 GB


def topological_order(requirements: Requirements) -> Ints:
    """Nodes so ordered that each can be attained from those before it; ties keep node order.

    Parameters
    ----------
    requirements : Requirements
        Of which every node can be attained.

    Returns
    -------
    integer array, shape (n,)
    """
    front = Attaining(requirements)
    front.advance()
    return np.array(front.order, np.intp)


def depths(requirements: Requirements) -> Ints:
    """How many steps come before each node, when all that can be attained is at each step."""
    front = Attaining(requirements, by_step=True)
    front.advance()
    return np.array(front.step, np.intp)


def reachable(edges: csr_array, *starts: int) -> Ints:
    """The nodes that can be reached from some, these not among them, ascending."""
    found = np.zeros(edges.shape[0], bool)
    waiting = [*starts]
    found[waiting] = True
    while waiting:
        node = waiting.pop()
        others = edges.indices[edges.indptr[node] : edges.indptr[node + 1]]
        fresh = others[~found[others]]
        found[fresh] = True
        waiting.extend(fresh.tolist())
    found[[*starts]] = False
    return np.flatnonzero(found)


def closure(before: csr_array) -> csr_array:
    """All pairs that a path joins, as a sparse 0/1 matrix; no node is joined to itself.

    Parameters
    ----------
    before : sparse 0/1 array, shape (n, n)
        May have cycles.

    Raises
    ------
    CurriculumError
        There are too many pairs.

    Notes
    -----
    A node's set is a row of bits, for a block of columns at a time: its neighbours, and the
    union of their rows. The nodes of a strong component share one.
    """
    n = before.shape[0]
    n_parts, part = connected_components(before, directed=True, connection="strong")
    source = np.repeat(np.arange(n), np.diff(before.indptr))
    across = part[source] != part[before.indices]
    condensed = incidence(part[source[across]], part[before.indices[across]], (n_parts, n_parts))
    order = topological_order(without_groups(condensed)).tolist()
    width = max(8, 4 * _CELLS // max(1, n_parts) * 8)
    blocks: list[csr_array] = []
    for start in range(0, n, width):
        here = np.arange(start, min(n, start + width))
        bits = own_bits(part[here], (n_parts, len(here)))
        for node in order:
            others = condensed.indices[condensed.indptr[node] : condensed.indptr[node + 1]]
            if len(others):
                bits[node] |= np.bitwise_or.reduce(bits[others], axis=0)
        blocks.append(_of_bits(bits, part, here, _PAIRS - sum(block.nnz for block in blocks)))
    return blocks[0] if len(blocks) == 1 else sealed(csr_array(hstack(blocks, format="csr")))


def _of_bits(bits: Bits, part: Ints, columns: Ints, most: int) -> csr_array:
    """A 0/1 matrix from the bits of each node's component, without the diagonal."""
    n, width = len(part), len(columns)
    step = max(1, _CELLS // width)
    counts, indices, total = [], [], 0
    numbers = np.arange(width, dtype=np.int32)
    for start in range(0, n, step):
        rows = np.arange(start, min(n, start + step))
        marks = np.unpackbits(bits[part[rows]], axis=1, count=width).view(np.bool_)
        inside = (rows >= columns[0]) & (rows <= columns[-1])
        marks[inside, rows[inside] - columns[0]] = False
        counts.append(marks.sum(axis=1, dtype=np.int64))
        total += int(counts[-1].sum())
        if total > most:
            problem = (
                f"{n:,} skills with more than {_PAIRS:,} pairs of one that comes before another"
            )
            remedy = "ask for the ancestors of one skill at a time, or take a part of the skills"
            raise CurriculumError("curriculum", [f"{problem} are too many at once; {remedy}"])
        indices.append(np.broadcast_to(numbers, marks.shape)[marks])
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    found = np.concatenate(indices)
    if len(found) < 2**31:
        starts = starts.astype(np.int32)  # of the type of `found`: else SciPy would copy both
    return sealed(csr_array((np.ones(len(found), np.int32), found, starts), (n, width)), True)


def required_bits(requirements: Requirements) -> Bits:
    """The nodes that no way to a node avoids, itself among them, as rows of bits.

    They are those of the nodes it needs, and of each group those that all its alternatives
    share.

    Parameters
    ----------
    requirements : Requirements
        Of which every node can be attained; alternatives may lie on cycles.

    Returns
    -------
    uint8 array, shape (n, n_bytes)
        As `numpy.packbits` packs the columns.
    """
    n = requirements.all_of.shape[0]
    own = own_bits(np.arange(n), (n, n))
    order = topological_order(without_groups(may_need(requirements)))
    if len(order) == n:
        bits = own.copy()
        _require(requirements, order, own, bits)
    else:  # with cycles: the largest sets that agree, found from above
        order = topological_order(requirements)
        bits, before = np.full_like(own, 255), own
        while not np.array_equal(before, bits):
            before = bits.copy()
            _require(requirements, order, own, bits)
    bits.flags.writeable = False
    return bits


def _require(requirements: Requirements, order: Ints, own: Bits, bits: Bits) -> None:
    """Renew every node's bits, in this order, from those of what it needs."""
    all_of, groups, groups_of = requirements
    at, group_at, member_at = all_of.indptr, groups_of.indptr.tolist(), groups.indptr
    for node in order.tolist():
        found = own[node]
        others = all_of.indices[at[node] : at[node + 1]]
        if len(others):
            found = found | np.bitwise_or.reduce(bits[others], axis=0)
        for group in groups_of.indices[group_at[node] : group_at[node + 1]].tolist():
            members = groups.indices[member_at[group] : member_at[group + 1]]
            found = found | np.bitwise_and.reduce(bits[members], axis=0)
        bits[node] = found


def redundant(requirements: Requirements, bits: Bits) -> tuple[Bools, Bools]:
    """Which edges, and which groups of alternatives, follow from the rest.

    Of a graph without alternatives the other edges are its transitive reduction.

    Parameters
    ----------
    requirements : Requirements
    bits : uint8 array, shape (n, n_bytes)
        Its `required_bits`.

    Returns
    -------
    edges : bool array, shape (all_of.nnz,)
    groups : bool array, shape (n_groups,)
        Those that the edges imply, and those that hold another group of the same row.
    """
    all_of, groups, groups_of = requirements
    n = all_of.shape[0]
    at = all_of.indptr
    group = np.zeros(groups.shape[0], bool)
    shared = all_marked(groups, bits)
    implied = np.zeros_like(bits)
    for node in np.flatnonzero(np.diff(at) + np.diff(groups_of.indptr) > 1).tolist():
        direct, asked = all_of.indices[at[node] : at[node + 1]], row(groups_of, node)
        through = bits[direct]
        through[np.arange(len(direct)), direct >> 3] &= ~(128 >> (direct & 7)).astype(np.uint8)
        implied[node] = np.bitwise_or.reduce(through, axis=0)
        if asked:
            by_edges = np.bitwise_or.reduce(bits[direct], axis=0)
            sets = [set(row(groups, number)) for number in asked]
            for number, members in zip(asked, sets, strict=True):
                met = any(by_edges[one >> 3] >> (7 - (one & 7)) & 1 for one in members)
                group[number] = met or any(other < members for other in sets)
            # Of an edge and a group that imply each other the edge stays.
            kept = [number for number in asked if not group[number]]
            implied[node] |= np.bitwise_or.reduce(shared[kept], axis=0)
    return has_bit(implied, np.repeat(np.arange(n), np.diff(at)), all_of.indices), group


def may_need(requirements: Requirements) -> csr_array:
    """The plain graph of all that a node needs, each or as one of several."""
    all_of, groups, _ = requirements
    owner = np.repeat(requirements.owner, np.diff(groups.indptr))
    rows = np.repeat(np.arange(all_of.shape[0]), np.diff(all_of.indptr))
    pairs = np.unique(
        np.stack([np.concatenate([rows, owner]),
                  np.concatenate([all_of.indices, groups.indices])]),
        axis=1,
    )  # fmt: skip
    return incidence(pairs[0], pairs[1], all_of.shape)


def best_products(weight: csr_array) -> csr_array:
    """The greatest product of weights over all paths between two nodes.

    Parameters
    ----------
    weight : sparse float array, shape (n, n)
        Row k holds the weights of edges from k; no cycle.

    Returns
    -------
    sparse float array, shape (n, n)
        Row k holds all nodes that a path from k leads to.
    """
    n = weight.shape[0]
    columns: list[Ints] = [np.zeros(0, np.intp)] * n
    values: list[Floats] = [np.zeros(0)] * n
    for node in topological_order(without_groups(weight)).tolist():
        first, last = weight.indptr[node : node + 2]
        if first == last:
            continue
        direct, factors = weight.indices[first:last], weight.data[first:last]
        to = np.concatenate([direct, *(columns[other] for other in direct)])
        product = np.concatenate(
            [factors, *(f * values[o] for f, o in zip(factors, direct, strict=True))]
        )
        by_node = np.argsort(to, kind="stable")
        starts = np.flatnonzero(np.diff(to[by_node], prepend=-1))
        columns[node] = to[by_node][starts]
        values[node] = np.maximum.reduceat(product[by_node], starts)
    rows = np.repeat(np.arange(n), [len(to) for to in columns])
    return sealed(csr_array((np.concatenate(values), (rows, np.concatenate(columns))), (n, n)))
