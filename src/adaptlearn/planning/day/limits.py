"""What a day may hold: minutes of blocks, floors and caps of kinds, as numbers of steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Ints

KINDS = ("instruction", "practice", "review", "remediation", "enrichment", "elective", "assessment")
"""The kinds of lessons in a day. A lesson that the policy gives as a review or for remediation is
of that kind, whatever the curriculum calls it."""


class Limits(NamedTuple):
    """The limits of one day, the same for all students that are solved together; in steps.

    Attributes
    ----------
    rooms : int array, shape (n_blocks,)
        The free steps of each block.
    allowed : bool array, shape (n_kinds, n_blocks)
    floors, caps : int arrays, shape (n_kinds,)
    device : int
        The cap on steps at a device.
    skill : int
        The cap on steps on one skill.
    """

    rooms: Ints
    allowed: Bools
    floors: Ints
    caps: Ints
    device: int
    skill: int

    @property
    def total(self) -> int:
        """The free steps of the day."""
        return int(self.rooms.sum())


class Pin(NamedTuple):
    """A lesson in a block of a student, as a teacher wants it; all are places but `steps`."""

    student: int
    lesson: int
    block: int
    steps: int


class Join(NamedTuple):
    """Two tables of a dynamic programme become one, of at most `cap` steps."""

    left: int
    right: int
    cap: int


class Tree(NamedTuple):
    """In which order the tables of kinds are joined, and how far.

    Attributes
    ----------
    caps : int array, shape (n_kinds,)
        The most steps of each kind.
    joins : list of Join
        Tables are numbered: first those of the kinds, then those that the joins make, in order.
    groups : list of (list of int, bool array of shape (n_blocks,))
        Kinds with the blocks that they share; inner groups come first.
    whole : bool
        Whether the tree says everything about the blocks. Else kinds overlap in a way that no tree
        holds, and what it permits may not fit the blocks.
    """

    caps: Ints
    joins: list[Join]
    groups: list[tuple[list[int], Bools]]
    whole: bool


def tree_of(limits: Limits) -> Tree:
    """The joins that keep minutes within blocks.

    A set of kinds that may stand in the same blocks shares the minutes of these blocks. Where such
    sets of blocks are nested or apart, it is enough that the lessons within each set take no more
    than its minutes (Hall, 1935). Sets that cross are widened to their union, which permits too
    much; `overfull` finds where.
    """
    n_kinds, used = len(limits.caps), [*np.flatnonzero(limits.caps > 0)]
    allowed = limits.allowed & (limits.rooms > 0)
    sets = {int(kind): frozenset(np.flatnonzero(allowed[kind]).tolist()) for kind in used}
    whole = True
    while crossing := [
        (one, other)
        for one in sets.values()
        for other in sets.values()
        if one & other and not one <= other and not other <= one
    ]:
        whole = False
        union = crossing[0][0] | crossing[0][1]
        sets = {kind: union if own in crossing[0] else own for kind, own in sets.items()}
    caps = np.zeros(n_kinds, np.intp)
    for kind, own in sets.items():
        caps[kind] = min(int(limits.caps[kind]), int(limits.rooms[[*own]].sum()))
    joins: list[Join] = []
    groups: list[tuple[list[int], Bools]] = []
    tops: list[tuple[frozenset[int], int, int]] = []  # blocks, table, most steps
    for blocks in sorted({*sets.values()}, key=lambda blocks: (len(blocks), sorted(blocks))):
        room = int(limits.rooms[[*blocks]].sum())
        mine = [kind for kind, its in sets.items() if its == blocks]
        inner = [top for top in tops if top[0] <= blocks]
        tops = [top for top in tops if not top[0] <= blocks]
        parts = [*((table, most) for _, table, most in inner), *((kind, int(caps[kind]))
                 for kind in mine)]  # fmt: skip
        tops.append((blocks, *_joined(parts, room, joins, n_kinds)))
        groups.append((mine, np.isin(np.arange(len(limits.rooms)), [*blocks])))
    _joined([(table, most) for _, table, most in tops], limits.total, joins, n_kinds)
    return Tree(caps, joins, groups, whole)


def _joined(
    parts: Sequence[tuple[int, int]], room: int, joins: list[Join], n_kinds: int
) -> tuple[int, int]:
    """Join tables one after the other: the last table, and its most steps."""
    if not parts:
        return 0, 0
    table, most = parts[0]
    for right, more in parts[1:]:
        most = min(most + more, room)
        joins.append(Join(table, right, most))
        table = n_kinds + len(joins) - 1
    return table, most


def shared_blocks(days: Sequence[Limits]) -> tuple[Bools, Bools]:
    """Sets of kinds that can stand in no other blocks than these.

    Lessons fit the blocks if and only if each of these sets takes no more than the minutes of its
    blocks (Hall's condition, for minutes).

    Parameters
    ----------
    days : sequence of Limits
        Days whose blocks allow the same kinds.

    Returns
    -------
    kinds : bool array, shape (n_sets, n_kinds)
    blocks : bool array, shape (n_sets, n_blocks)
    """
    some_room = np.any([limits.rooms > 0 for limits in days], axis=0)
    wanted = np.any([limits.caps > 0 for limits in days], axis=0)
    allowed = days[0].allowed & some_room & wanted[:, None]
    found: set[tuple[bool, ...]] = set()
    for own in {tuple(row) for row in allowed.tolist() if any(row)}:
        found |= {own, *(tuple(np.logical_or(own, other).tolist()) for other in found)}
    blocks = np.array(sorted(found), bool).reshape(-1, allowed.shape[1])
    kinds = ~(allowed[None] & ~blocks[:, None]).any(axis=2) & allowed.any(axis=1)
    return kinds, blocks


def overfull(limits: Limits, steps: Ints) -> tuple[Ints, Bools]:
    """Students whose kinds take more than the blocks that these kinds may stand in.

    Parameters
    ----------
    limits : Limits
    steps : int array, shape (n, n_kinds)

    Returns
    -------
    rows : int array
    kinds : bool array, shape (n_rows, n_kinds)
        For each of these students, a set of kinds that is too much for its blocks.
    """
    kinds, blocks = shared_blocks([limits])
    excess = steps @ kinds.T - blocks @ limits.rooms
    rows = np.flatnonzero((excess > 0).any(axis=1))
    return rows, kinds[excess[rows].argmax(axis=1)]
