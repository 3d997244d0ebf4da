"""Chosen lessons as stretches of minutes in blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Ints, bounds_of
from adaptlearn.planning.day.limits import Limits, tree_of


class Stretches(NamedTuple):
    """Lessons in blocks; an entry for each lesson and block, by student, block and time.

    Attributes
    ----------
    student : int array, shape (n,)
    place : int array, shape (n,)
        The place of the lesson among the student's offers.
    block : int array, shape (n,)
    first, steps : int arrays, shape (n,)
        The first step within the block, and how many.
    """

    student: Ints
    place: Ints
    block: Ints
    first: Ints
    steps: Ints


def in_blocks(
    chosen: Bools, steps: Ints, kind: Ints, limits: Limits, *, seated: Ints, used: Ints
) -> tuple[Stretches, Ints]:
    """Put each student's lessons into blocks; a lesson may go on after a break.

    Lessons with a block of their own come first. Then, from the kinds with the fewest blocks to
    those with the most, whole lessons are put where they fit, longest first; what fits nowhere as a
    whole is parted.

    Parameters
    ----------
    chosen : bool array, shape (n, n_offers)
    steps, kind : int arrays of the same shape
    limits : Limits
    seated : int array of the same shape
        The block in which a lesson must be; -1 for any.
    used : int array, shape (n, n_blocks)
        The steps of each block that are not free.

    Returns
    -------
    Stretches
    left : int array, shape (n, n_blocks)
        The free steps of each block.
    """
    # Few offers are chosen: tables of those alone are small.
    row, offer = np.nonzero(chosen)
    count = chosen.sum(axis=1)
    nth = np.arange(len(row)) - bounds_of(count)[:-1].repeat(count)
    offer_of = np.zeros((len(chosen), int(count.max(initial=0))), np.intp)
    offer_of[row, nth] = offer
    chosen = np.arange(offer_of.shape[1]) < count[:, None]
    steps, kind, seated = (
        np.take_along_axis(table, offer_of, 1) for table in (steps, kind, seated)
    )
    left = limits.rooms - used
    part = np.zeros((*chosen.shape, len(limits.rooms)), np.int16)
    student, place = np.nonzero(chosen & (seated >= 0))
    at = seated[student, place]
    part[student, place, at] = steps[student, place]
    np.subtract.at(left, (student, at), steps[student, place])
    tree = tree_of(limits)
    for kinds in tree.groups:
        mine = chosen & (seated < 0) & np.isin(kind, kinds)
        for whole in (True, False):
            _fill(mine, steps, kind, limits.allowed, left, part, whole=whole)
    if not tree.whole:
        _rearrange(chosen, steps, kind, limits, left, part)
    student, place, block = np.nonzero(part)
    # Within a block, what takes longest comes first.
    size = part[student, place, block].astype(np.intp)
    order = np.lexsort((place, -size, block, student))
    student, place, block, size = (table[order] for table in (student, place, block, size))
    ends = size.cumsum()
    key = student * len(limits.rooms) + block
    new = np.append(True, key[1:] != key[:-1])[: len(key)]
    start = np.maximum.accumulate(np.where(new, ends - size, 0))
    first = ends - size - start + used[student, block]
    return Stretches(student, offer_of[student, place], block, first, size), left


def _fill(  # noqa: PLR0917 - tables of one day
    mine: Bools, steps: Ints, kind: Ints, allowed: Bools, left: Ints, part: Ints, *, whole: bool
) -> None:
    """Put lessons into blocks with room, for all students lesson by lesson."""
    missing = np.where(mine, steps - part.sum(axis=2), 0)
    order = np.argsort(-missing, axis=1, kind="stable")
    for turn in range(int((missing > 0).sum(axis=1).max(initial=0))):
        student = np.flatnonzero(missing[np.arange(len(mine)), order[:, turn]] > 0)
        place = order[student, turn]
        want = missing[student, place]
        for block in range(left.shape[1]):
            room = np.where(allowed[kind[student, place], block], left[student, block], 0)
            put = np.where(room >= want, want, 0) if whole else np.minimum(room, want)
            part[student, place, block] += put.astype(np.int16)
            left[student, block] -= put
            want = want - put


def _rearrange(  # noqa: PLR0917 - tables of one day
    chosen: Bools, steps: Ints, kind: Ints, limits: Limits, left: Ints, part: Ints
) -> None:
    """Where kinds cross, make room for what fits nowhere: one step moves to another block.

    Augmenting paths (Ford & Fulkerson, 1956): there is one as long as Hall's condition holds.
    """
    missing = np.where(chosen, steps - part.sum(axis=2), 0)
    for student in np.flatnonzero(missing.any(axis=1)).tolist():
        for place in np.flatnonzero(missing[student]).tolist():
            for _ in range(int(missing[student, place])):
                _augment(student, place, kind[student], limits, left, part)


def _augment(  # noqa: PLR0917 - tables of one day
    student: int, place: int, kind: Ints, limits: Limits, left: Ints, part: Ints
) -> None:
    """Put one more step of a lesson somewhere, along a shortest path of moves."""
    paths: dict[int, list[tuple[int, int]]] = {
        int(block): [(place, int(block))] for block in np.flatnonzero(limits.allowed[kind[place]])
    }
    queue = [*paths]
    for block in queue:
        if left[student, block] > 0:
            for mover, target in paths[block]:
                part[student, mover, target] += 1
            for (mover, _), (_, source) in zip(paths[block][1:], paths[block][:-1], strict=True):
                part[student, mover, source] -= 1
            left[student, block] -= 1
            return
        for mover in np.flatnonzero(part[student, :, block]).tolist():
            for target in np.flatnonzero(limits.allowed[kind[mover]]).tolist():
                if target not in paths:
                    paths[target] = [*paths[block], (mover, target)]
                    queue.append(target)
