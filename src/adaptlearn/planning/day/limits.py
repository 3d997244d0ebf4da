"""What a day may hold: minutes of blocks, floors and caps of kinds in steps; levels of lessons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.numerics import Bools, Floats, Ints

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


class Leaf(NamedTuple):
    """Kinds that one knapsack holds: a kind with a floor or a cap, or all others of some blocks.

    Attributes
    ----------
    kinds : list of int
    cap : int
        The most steps.
    floor : int
        The least steps; 0 if there are several kinds.
    """

    kinds: list[int]
    cap: int
    floor: int


class Join(NamedTuple):
    """Two tables of a dynamic programme become one, of at most `cap` steps."""

    left: int
    right: int
    cap: int


class Tree(NamedTuple):
    """In which order the tables of knapsacks are joined, and how far.

    Attributes
    ----------
    leaves : list of Leaf
    joins : list of Join
        Tables are numbered: first those of the leaves, then those that the joins make, in order.
    groups : list of list of int
        Kinds that share blocks; inner groups come first.
    whole : bool
        Whether the tree says everything about the blocks. Else kinds overlap in a way that no tree
        holds, and what it permits may not fit the blocks.
    """

    leaves: list[Leaf]
    joins: list[Join]
    groups: list[list[int]]
    whole: bool


def tree_of(limits: Limits) -> Tree:
    """The joins that keep minutes within blocks.

    A set of kinds that may stand in the same blocks shares the minutes of these blocks. Where such
    sets of blocks are nested or apart, it is enough that the lessons within each set take no more
    than its minutes (Hall, 1935). Sets that cross are widened to their union, which permits too
    much; `overfull` finds where.
    """
    sets, whole = _nested(limits)
    leaves: list[Leaf] = []
    groups: list[list[int]] = []
    ordered = sorted({*sets.values()}, key=lambda blocks: (len(blocks), sorted(blocks)))
    rooms = {blocks: int(limits.rooms[[*blocks]].sum()) for blocks in ordered}
    of_group: list[list[int]] = []
    for blocks in ordered:
        kinds = [kind for kind, its in sets.items() if its == blocks]
        groups.append(kinds)
        bound = [kind for kind in kinds
                 if limits.floors[kind] > 0 or limits.caps[kind] < rooms[blocks]]  # fmt: skip
        parts = [[kind] for kind in bound]
        parts += [free] if (free := [kind for kind in kinds if kind not in bound]) else []
        of_group.append([*range(len(leaves), len(leaves) + len(parts))])
        for part in parts:
            floor = int(limits.floors[part[0]]) if len(part) == 1 else 0
            cap = min(int(limits.caps[part].max()), rooms[blocks])
            leaves.append(Leaf(part, cap, floor))
    joins: list[Join] = []
    tops: list[tuple[frozenset[int], int, int]] = []  # blocks, table, most steps
    for blocks, own in zip(ordered, of_group, strict=True):
        inner = [(table, most) for its, table, most in tops if its <= blocks]
        tops = [top for top in tops if not top[0] <= blocks]
        parts_of = [*inner, *((leaf, leaves[leaf].cap) for leaf in own)]
        tops.append((blocks, *_joined(parts_of, rooms[blocks], joins, len(leaves))))
    _joined([(table, most) for _, table, most in tops], limits.total, joins, len(leaves))
    return Tree(leaves, joins, groups, whole)


def _nested(limits: Limits) -> tuple[dict[int, frozenset[int]], bool]:
    """The blocks of each kind, widened until they are nested or apart; whether none had to be."""
    allowed = limits.allowed & (limits.rooms > 0) & (limits.caps > 0)[:, None]
    sets = {
        kind: frozenset(np.flatnonzero(allowed[kind]).tolist())
        for kind in np.flatnonzero(allowed.any(axis=1)).tolist()
    }
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
    return sets, whole


def _joined(
    parts: Sequence[tuple[int, int]], room: int, joins: list[Join], n_leaves: int
) -> tuple[int, int]:
    """Join tables one after the other: the last table, and its most steps."""
    if not parts:
        return 0, 0
    table, most = parts[0]
    for right, more in parts[1:]:
        most = min(most + more, room)
        joins.append(Join(table, right, most))
        table = n_leaves + len(joins) - 1
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


def kind_of(curriculum: Curriculum) -> Ints:
    """The place of each lesson's kind in `KINDS`, shape (n_lessons,)."""
    return np.array([KINDS.index(kind) for kind in curriculum.lesson_kinds], np.intp)


def levels_of(curriculum: Curriculum) -> tuple[Floats, Floats]:
    """The lowest level at which each lesson is offered, and the highest, shape (n_lessons,).

    The level of a skill is the grade of the standards that ask for it, or of the courses if no
    standard with a grade does. A lesson is as high as the highest of its skills. What has no grade
    is for all levels.
    """
    n_skills = len(curriculum.skills)
    low, high = np.full(n_skills, np.nan), np.full(n_skills, np.nan)
    for groups in (curriculum.courses, curriculum.standards):
        known = np.isfinite(groups.grades.sum(axis=1))
        row, skill = groups.skills.nonzero()
        row, skill = row[known[row]], skill[known[row]]
        least, most = np.full(n_skills, np.inf), np.full(n_skills, -np.inf)
        np.minimum.at(least, skill, groups.grades[row, 0])
        np.maximum.at(most, skill, groups.grades[row, 1])
        told = np.isfinite(least)
        low[told], high[told] = least[told], most[told]
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    lesson, skill = curriculum.teaches.nonzero()
    lowest, highest = (
        np.full(len(curriculum.lessons), -np.inf),
        np.full(len(curriculum.lessons), np.inf),
    )
    np.maximum.at(lowest, lesson, low[skill])
    np.minimum.at(highest, lesson, high[skill])
    return lowest, np.maximum(lowest, highest)


def inside(curriculum: Curriculum, student: Ints, lesson: Ints, spans: Floats) -> Bools:
    """Whether lessons are inside the level spans of students."""
    low, high = levels_of(curriculum)
    return np.asarray((low[lesson] <= spans[student, 1]) & (high[lesson] >= spans[student, 0]))
