"""Lessons on the graph of skills: which are open to whom."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.curriculum.graph.bits import any_of
from adaptlearn.curriculum.graph.matrices import incidence, sealed
from adaptlearn.curriculum.graph.requirements import Requirements, unmet
from adaptlearn.numerics import Bits


class Doors(NamedTuple):
    """What must be open before each lesson, by its *entries*: its pairs with a skill it teaches.

    Attributes
    ----------
    needs : sparse 0/1 array, shape (n_entries, n_skills)
        The prerequisites of the entry's skill that its lesson does not itself teach.
    groups : sparse 0/1 array, shape (n_groups, n_skills)
        Alternatives, of none of which the lesson itself teaches one.
    groups_of : sparse 0/1 array, shape (n_entries, n_groups)
        Which groups each entry needs one of each of.
    entries : sparse 0/1 array, shape (n_lessons, n_entries)
        Which entries each lesson has.
    """

    needs: csr_array
    groups: csr_array
    groups_of: csr_array
    entries: csr_array

    @property
    def requirements(self) -> Requirements:
        """What each entry needs."""
        return Requirements(self.needs, self.groups, self.groups_of)


def doors_of(teaches: csr_array, requirements: Requirements) -> Doors:
    """Lay out the prerequisites that lessons have from outside (see `Doors`)."""
    n_lessons, n_skills = teaches.shape
    lesson = np.repeat(np.arange(n_lessons), np.diff(teaches.indptr))
    # A lesson and a skill in one number, to look up whether the one teaches the other.
    taught = lesson * n_skills + teaches.indices
    needs = requirements.all_of[teaches.indices]
    entry = np.repeat(np.arange(teaches.nnz), np.diff(needs.indptr))
    outside = ~np.isin(lesson[entry] * n_skills + needs.indices, taught)
    asked = requirements.groups_of[teaches.indices]
    asks = np.repeat(np.arange(teaches.nnz), np.diff(asked.indptr))
    groups = requirements.groups[asked.indices]
    member_of = np.repeat(np.arange(len(asks)), np.diff(groups.indptr))
    inside = np.isin(lesson[asks][member_of] * n_skills + groups.indices, taught)
    kept = np.flatnonzero(np.bincount(member_of, inside, len(asks)) == 0)
    return Doors(
        incidence(entry[outside], needs.indices[outside], (teaches.nnz, n_skills)),
        sealed(csr_array(groups[kept])),
        incidence(asks[kept], np.arange(len(kept)), (teaches.nnz, len(kept))),
        incidence(lesson, np.arange(teaches.nnz), (n_lessons, teaches.nnz)),
    )


class Standing:
    """Which lessons are unfinished, open and ready, as bits of shape (n_lessons, n_bytes).

    `unfinished`, `open` and `ready` are computed when you first read them.

    Parameters
    ----------
    teaches : sparse 0/1 array, shape (n_lessons, n_skills)
    doors : Doors
    missing : uint8 array, shape (n_skills, n_bytes)
        The skills that are not mastered, as bits: one bit per student, in the form that `pack`
        returns.
    unready : uint8 array, shape (n_skills, n_bytes), optional
        The skills that a student does not know well enough to start other skills that need them, in
        the same form as `missing`. By default, the array `missing` is used.
    """

    def __init__(
        self, teaches: csr_array, doors: Doors, missing: Bits, unready: Bits | None = None
    ) -> None:
        self._teaches = teaches
        self._doors = doors
        self._missing = missing
        self._unready = missing if unready is None else unready

    @cached_property
    def _waits(self) -> Bits:
        """Whether the skill of each entry waits for something outside its lesson."""
        return unmet(self._doors.requirements, self._unready)

    @cached_property
    def unfinished(self) -> Bits:
        """Whether the lesson teaches a skill that is not mastered."""
        return any_of(self._teaches, self._missing)

    @cached_property
    def open(self) -> Bits:
        """Whether it is unfinished, and its unmastered skills need only known or own skills."""
        shut = any_of(self._doors.entries, self._waits & self._missing[self._teaches.indices])
        return self.unfinished & ~shut

    @cached_property
    def ready(self) -> Bits:
        """Whether its skills, mastered or not, need only known skills or skills of the lesson."""
        return ~any_of(self._doors.entries, self._waits)
