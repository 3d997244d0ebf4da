"""Prerequisite graphs as pure functions over integer edges.

Nodes are ``0 … n - 1``. An edge ``(a, b)`` says that ``a`` comes before ``b``.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Bools = NDArray[np.bool_]
Ints = NDArray[np.integer[Any]]

# Dense work arrays stay below this many cells (at four bytes each: 64 MB).
_CELLS = 1 << 24


class Cycle(NamedTuple):
    """An edge that closes a cycle with edges before it.

    Attributes
    ----------
    edge : int
        The closing edge's place among the edges given.
    path : tuple of int
        The nodes along a shortest such cycle, the first repeated at the end; the last step
        is the closing edge.
    """

    edge: int
    path: tuple[int, ...]


def incidence(rows: Sequence[int] | Ints, columns: Sequence[int] | Ints, shape: Any) -> csr_array:
    """A sparse 0/1 matrix with read-only arrays."""
    # int32: counts of ones are summed in this type, and a narrower one would wrap around.
    ones = np.ones(len(rows), np.int32)
    matrix = csr_array((ones, (np.asarray(rows, np.intp), np.asarray(columns, np.intp))), shape)
    matrix.sum_duplicates()
    matrix.sort_indices()
    for part in (matrix.data, matrix.indices, matrix.indptr):
        part.flags.writeable = False
    return matrix


def closing_edges(n: int, edges: Sequence[tuple[int, int]]) -> list[Cycle]:
    """The edges that must go, so that the rest has no cycle.

    Edges are taken in the order given, and one that would close a cycle with those kept so
    far is named and left out. The set is minimal: putting any one of them back closes its
    cycle again.

    Notes
    -----
    Edges between strong components lie on no cycle, so only those inside one are looked at.
    There, a topological order is kept up to date as edges come in (Pearce & Kelly, 2007, "A
    dynamic topological sort algorithm for directed acyclic graphs"): each edge looks only at
    the nodes between its two ends in that order.

    Examples
    --------
    >>> closing_edges(3, [(0, 1), (1, 2), (2, 0)])
    [Cycle(edge=2, path=(0, 1, 2, 0))]
    """
    if not edges:
        return []
    ends = np.asarray(edges, np.intp)
    _, component = connected_components(
        incidence(ends[:, 0], ends[:, 1], (n, n)), directed=True, connection="strong"
    )
    inside = np.flatnonzero(component[ends[:, 0]] == component[ends[:, 1]])
    order = _GrowingOrder(n)
    cycles = []
    for edge in inside.tolist():
        path = order.add(*edges[edge])
        if path is not None:
            cycles.append(Cycle(edge, path))
    return cycles


class _GrowingOrder:
    """A topological order of the nodes that edges are added to, one by one."""

    def __init__(self, n: int) -> None:
        self._place = list(range(n))
        self._after: dict[int, list[int]] = {}
        self._before: dict[int, list[int]] = {}

    def add(self, first: int, second: int) -> tuple[int, ...] | None:
        """Add an edge; if it closes a cycle, leave it out and return the cycle's path."""
        place = self._place
        if place[first] <= place[second]:
            if first == second:
                return (first, first)
        else:
            came_from = self._reach(second, self._after, lambda node: place[node] <= place[first])
            if first in came_from:
                return (*_trace(came_from, first), second)
            behind = self._reach(first, self._before, lambda node: place[node] >= place[second])
            self._reorder(behind, came_from)
        self._after.setdefault(first, []).append(second)
        self._before.setdefault(second, []).append(first)
        return None

    @staticmethod
    def _reach(start: int, edges: dict[int, list[int]], within: Any) -> dict[int, int]:
        """Nodes reached breadth first, each with the node it was reached from."""
        came_from = {start: start}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for other in edges.get(node, ()):
                if other not in came_from and within(other):
                    came_from[other] = node
                    queue.append(other)
        return came_from

    def _reorder(self, behind: Iterable[int], ahead: Iterable[int]) -> None:
        """Share out the places of both groups, all of `behind` before all of `ahead`."""
        place = self._place
        nodes = sorted(behind, key=place.__getitem__) + sorted(ahead, key=place.__getitem__)
        for node, free in zip(nodes, sorted(place[node] for node in nodes), strict=True):
            place[node] = free


def _trace(came_from: dict[int, int], end: int) -> tuple[int, ...]:
    path = [end]
    while came_from[path[-1]] != path[-1]:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))


def topological_order(before: csr_array) -> Ints:
    """Nodes in an order that puts each after those before it; ties keep node order.

    Parameters
    ----------
    before : sparse array, shape (n, n)
        Row b holds the nodes that come directly before b. Must have no cycle.

    Returns
    -------
    integer array, shape (n,)
    """
    after = before.T.tocsr()
    starts, others = after.indptr.tolist(), after.indices.tolist()
    waiting = np.diff(before.indptr).tolist()
    ready = [node for node, count in enumerate(waiting) if count == 0]
    order = []
    while ready:
        node = heapq.heappop(ready)
        order.append(node)
        for other in others[starts[node] : starts[node + 1]]:
            waiting[other] -= 1
            if waiting[other] == 0:
                heapq.heappush(ready, other)
    return np.array(order, np.intp)


def depths(before: csr_array, order: Ints) -> Ints:
    """How many nodes the longest chain before each node has, shape (n,)."""
    starts, others = before.indptr.tolist(), before.indices.tolist()
    depth = [0] * len(order)
    for node in order.tolist():
        for other in others[starts[node] : starts[node + 1]]:
            depth[node] = max(depth[node], depth[other] + 1)
    return np.array(depth, np.intp)


def reachable(edges: csr_array, start: int) -> Ints:
    """The nodes that can be reached from one node, itself not among them, ascending."""
    found = np.zeros(edges.shape[0], bool)
    fresh = np.array([start])
    while len(fresh):
        fresh = np.unique(np.concatenate([_row(edges, node) for node in fresh.tolist()]))
        fresh = fresh[~found[fresh]]
        found[fresh] = True
    return np.flatnonzero(found)


def _row(matrix: csr_array, row: int) -> Ints:
    columns: Ints = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return columns


def closure(edges: csr_array) -> csr_array:
    """All pairs that a path joins, as a sparse 0/1 matrix; paths double in length per step."""
    total = edges.copy()
    while True:
        longer = total + total @ total
        longer.data = np.ones_like(longer.data)
        if longer.nnz == total.nnz:
            return total
        total = longer


class Doors(NamedTuple):
    """What must be open before each lesson, by its *entries*: its pairs with a skill it teaches.

    Attributes
    ----------
    needs : sparse 0/1 array, shape (n_entries, n_skills)
        The prerequisites of the entry's skill that its lesson does not itself teach.
    entries : sparse 0/1 array, shape (n_lessons, n_entries)
        Which entries each lesson has.
    """

    needs: csr_array
    entries: csr_array


def doors(teaches: csr_array, before: csr_array) -> Doors:
    """Lay out the prerequisites that lessons have from outside (see `Doors`)."""
    n_lessons, n_skills = teaches.shape
    lesson = np.repeat(np.arange(n_lessons), np.diff(teaches.indptr))
    needs = before[teaches.indices]
    entry = np.repeat(np.arange(teaches.nnz), np.diff(needs.indptr))
    # A lesson and a skill in one number, to look up whether the one teaches the other.
    needed = lesson[entry] * n_skills + needs.indices
    outside = ~np.isin(needed, lesson * n_skills + teaches.indices)
    return Doors(
        incidence(entry[outside], needs.indices[outside], (teaches.nnz, n_skills)),
        incidence(lesson, np.arange(teaches.nnz), (n_lessons, teaches.nnz)),
    )


def count_marked(members: csr_array, marked: Bools) -> NDArray[np.int32]:
    """How many of each row's members are marked, for many markings at once.

    Parameters
    ----------
    members : sparse 0/1 array, shape (n_rows, n)
    marked : bool array, shape (n_students, n)

    Returns
    -------
    int32 array, shape (n_students, n_rows)
    """
    counts = np.empty((len(marked), members.shape[0]), np.int32)
    step = max(1, _CELLS // max(1, *members.shape))
    for start in range(0, len(marked), step):
        counts[start : start + step] = (members @ marked[start : start + step].T).T
    return counts
