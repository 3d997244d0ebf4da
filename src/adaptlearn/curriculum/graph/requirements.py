"""What each node needs first: all of some nodes, and one of each of several groups.

Such an AND/OR graph generalises a prerequisite graph as a surmise system does a surmise relation
(Doignon & Falmagne, 1999, *Knowledge Spaces*, chapter 3): a skill may have several ways in.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.curriculum.graph.bits import all_marked, any_of
from adaptlearn.curriculum.graph.matrices import incidence, row
from adaptlearn.numerics import Bits, Ints


class Requirements(NamedTuple):
    """Which nodes (skills) each row (a skill or a lesson) needs.

    Attributes
    ----------
    all_of : sparse 0/1 array, shape (n_rows, n)
        Row k marks nodes that row k needs; row k needs all of these nodes.
    groups : sparse 0/1 array, shape (n_groups, n)
        Row g marks the alternatives of group g; one of these alternatives is enough. No group is
        empty.
    groups_of : sparse 0/1 array, shape (n_rows, n_groups)
        Row k marks the groups of row k; row k needs one node of each of these groups. Each group of
        alternatives belongs to exactly one row (a skill or a lesson).
    """

    all_of: csr_array
    groups: csr_array
    groups_of: csr_array

    @property
    def owner(self) -> Ints:
        """The row that needs each group, shape (n_groups,)."""
        owner = np.empty(self.groups.shape[0], np.intp)
        owner[self.groups_of.indices] = np.repeat(
            np.arange(self.groups_of.shape[0]), np.diff(self.groups_of.indptr)
        )
        return owner


def without_groups(before: csr_array) -> Requirements:
    """A plain graph as requirements without alternatives."""
    n = before.shape[0]
    return Requirements(before, incidence([], [], (0, n)), incidence([], [], (n, 0)))


class Attaining:
    """Nodes are attained one after the other, each once all that it needs is.

    Parameters
    ----------
    requirements : Requirements
        With as many rows as nodes.
    by_step : bool
        In which order: nodes that need fewer steps first, or, by default, always the lowest
        number that can be attained.

    Attributes
    ----------
    order : list of int
        Nodes as they were attained.
    step : list of int
        With `by_step`: how many steps come before each node, when all that can be attained is
        at each step; -1 of nodes that are not attained.
    """

    def __init__(self, requirements: Requirements, *, by_step: bool = False) -> None:
        self._requirements = requirements
        self._after = requirements.all_of.T.tocsr()
        self._in = requirements.groups.T.tocsr()
        self._owner = requirements.owner.tolist()
        self._by_step = by_step
        sizes = np.diff(requirements.all_of.indptr) + np.diff(requirements.groups_of.indptr)
        self._waiting: list[int] = sizes.tolist()
        self._met = [False] * len(self._owner)
        self._ready = [(0, node) for node, count in enumerate(self._waiting) if count == 0]
        self.order: list[int] = []
        self.step = [-1] * len(self._waiting)

    def advance(self) -> None:
        """Attain all that can be."""
        after, after_at = self._after.indices.tolist(), self._after.indptr.tolist()
        groups, groups_at = self._in.indices.tolist(), self._in.indptr.tolist()
        while self._ready:
            rank, node = heapq.heappop(self._ready)
            self.order.append(node)
            self.step[node] = rank
            for other in after[after_at[node] : after_at[node + 1]]:
                self._settle(other, rank)
            for group in groups[groups_at[node] : groups_at[node + 1]]:
                self._meet(group, rank)

    def waive(self, group: int) -> None:
        """Ask for a group no more."""
        self._meet(group, -1)

    def _meet(self, group: int, rank: int) -> None:
        if not self._met[group]:
            self._met[group] = True
            self._settle(self._owner[group], rank)

    def _settle(self, node: int, rank: int) -> None:
        self._waiting[node] -= 1
        if self._waiting[node] == 0:
            heapq.heappush(self._ready, (rank + 1 if self._by_step else 0, node))

    def blocked(self) -> list[int]:
        """Nodes that were not attained, ascending."""
        return [node for node, step in enumerate(self.step) if step < 0]

    def waits_for(self, node: int) -> tuple[int, int]:
        """A blocked node that a blocked node needs, and the group it is in (-1: none)."""
        all_of, groups, groups_of = self._requirements
        for need in row(all_of, node):
            if self.step[need] < 0:
                return need, -1
        group = next(group for group in row(groups_of, node) if not self._met[group])
        return row(groups, group)[0], group


def unmet(requirements: Requirements, missing: Bits) -> Bits:
    """Whether each row lacks something it needs, eight students to the byte.

    Parameters
    ----------
    requirements : Requirements
    missing : uint8 array, shape (n, n_bytes)
        A bit per student, as `pack` packs them.

    Returns
    -------
    uint8 array, shape (n_rows, n_bytes)
    """
    all_of, groups, groups_of = requirements
    lacking = any_of(all_of, missing)
    if groups.shape[0]:
        lacking |= any_of(groups_of, all_marked(groups, missing))
    return lacking
