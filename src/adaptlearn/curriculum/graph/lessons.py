"""Lessons on the graph of skills: which are open to whom."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.curriculum.graph.bits import any_of
from adaptlearn.curriculum.graph.requirements import (
    Requirements,
    unmet_bits,
)
from adaptlearn.curriculum.graph.routines import _sealed, incidence
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


def doors(teaches: csr_array, requirements: Requirements) -> Doors:
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
        _sealed(csr_array(groups[kept])),
        incidence(asks[kept], np.arange(len(kept)), (teaches.nnz, len(kept))),
        incidence(lesson, np.arange(teaches.nnz), (n_lessons, teaches.nnz)),
    )


class Standing(NamedTuple):
    """How lessons stand to students, as bits of shape (n_lessons, n_bytes).

    Attributes
    ----------
    unfinished : it teaches a skill that is not mastered
    open : unfinished, and all that its unmastered skills need is known or taught by itself
    ready : all that its skills need, mastered or not, is known or taught by itself
    """

    unfinished: Bits
    open: Bits
    ready: Bits


def standing(
    teaches: csr_array, doors: Doors, missing: Bits, unready: Bits | None = None
) -> Standing:
    """How lessons stand to students who miss these skills, shape (n_skills, n_bytes).

    `unready` are those not known well enough for what comes after: by default, all that miss.
    """
    unmet = unmet_bits(doors.requirements, missing if unready is None else unready)
    unfinished = any_of(teaches, missing)
    shut = any_of(doors.entries, unmet & missing[teaches.indices])
    return Standing(unfinished, unfinished & ~shut, ~any_of(doors.entries, unmet))
