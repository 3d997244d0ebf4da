"""Cycles of prerequisites: what closes them, and what must go so that every skill has a way in.

An edge ``(a, b)`` says that ``a`` comes before ``b``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from adaptlearn.curriculum.graph.matrices import incidence
from adaptlearn.curriculum.graph.requirements import Attaining, Requirements


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
            low, high = place[second], place[first]
            came_from = self._reach(second, self._after, lambda node: place[node] <= high, first)
            if first in came_from:
                return (*_trace(came_from, first), second)
            behind = self._reach(first, self._before, lambda node: place[node] >= low)
            self._reorder(behind, came_from)
        self._after.setdefault(first, []).append(second)
        self._before.setdefault(second, []).append(first)
        return None

    @staticmethod
    def _reach(
        start: int, edges: dict[int, list[int]], within: Any, end: int = -1
    ) -> dict[int, int]:
        """Nodes reached breadth first up to the end, each with the node it was reached from."""
        came_from = {start: start}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for other in edges.get(node, ()):
                if other not in came_from and within(other):
                    came_from[other] = node
                    if other == end:
                        return came_from
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


class Blockage(NamedTuple):
    """A group of alternatives that leaves no way in.

    Attributes
    ----------
    group : int
    path : tuple of int
        Nodes that wait for each other, each for the one before it, the first repeated at the
        end.
    """

    group: int
    path: tuple[int, ...]


def blocking_groups(requirements: Requirements) -> list[Blockage]:
    """The groups of alternatives that must go, so that every node can be attained.

    A cycle through alternatives is no fault as long as each of its nodes has another way. Where
    nodes are left that all wait for each other, the last group on such a cycle goes, until none
    are left. The set is minimal: putting any one of them back blocks a node again.

    Parameters
    ----------
    requirements : Requirements
        Of which `all_of` alone must have no cycle.
    """
    front = Attaining(requirements)
    front.advance()
    if not front.blocked():
        return []
    # Nodes of different strong components never wait for each other in a circle: one by one,
    # many small cycles cost what they hold, not the square of their number.
    all_of, groups, groups_of = requirements
    needs = csr_array(all_of + groups_of @ groups)
    n_parts, part = connected_components(needs, directed=True, connection="strong")
    of_part = np.split(np.argsort(part, kind="stable"), np.cumsum(np.bincount(part))[:-1])
    blocked = np.zeros(n_parts, bool)
    blocked[part[front.blocked()]] = True
    sizes = np.bincount(part)
    loops = np.zeros(n_parts, bool)
    loops[part[needs.diagonal() > 0]] = True
    found = []
    for number in np.flatnonzero(blocked & ((sizes > 1) | loops)).tolist():
        nodes = of_part[number]
        own = groups_of[nodes].indices
        inner = np.sort(own[np.diff(groups.indptr)[own] == np.diff(groups[own][:, nodes].indptr)])
        inside = Requirements(
            csr_array(all_of[nodes][:, nodes]),
            csr_array(groups[inner][:, nodes]),
            csr_array(groups_of[nodes][:, inner]),
        )
        found += [
            Blockage(int(inner[group]), tuple(nodes[list(path)].tolist()))
            for group, path in _blocking_within(inside)
        ]
    return sorted(found)


def _blocking_within(requirements: Requirements) -> list[Blockage]:
    found: dict[int, Blockage] = {}
    front = Attaining(requirements)
    front.advance()
    while front.blocked():
        groups, path = _waiting_cycle(front)
        last = max(groups)
        found[last] = Blockage(last, path)
        front.waive(last)
        front.advance()
    for group in sorted(found):
        again = Attaining(requirements)
        for other in found:
            if other != group:
                again.waive(other)
        again.advance()
        if not again.blocked():
            del found[group]
    return [found[group] for group in sorted(found)]


def _waiting_cycle(front: Attaining) -> tuple[list[int], tuple[int, ...]]:
    """Groups and nodes along a cycle of nodes that wait for each other."""
    node = front.blocked()[0]
    seen: dict[int, int] = {}
    path: list[int] = []
    groups: list[int] = []
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node, group = front.waits_for(node)
        groups.append(group)
    start = seen[node]
    cycle = [*path[start:], node]
    return [group for group in groups[start:] if group >= 0], tuple(reversed(cycle))
