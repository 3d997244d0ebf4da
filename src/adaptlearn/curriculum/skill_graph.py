"""The graph of skills: what comes before what, and what is practised along with what."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.curriculum.graph import routines
from adaptlearn.curriculum.graph.bits import check_mastered, has_bit, pack, unpack
from adaptlearn.curriculum.graph.edges import Edge, SoundEdges, in_order, requirements_of
from adaptlearn.curriculum.graph.matrices import transposed, weights
from adaptlearn.curriculum.graph.requirements import Requirements, unmet
from adaptlearn.labels import Label, LabelIndex, label_array
from adaptlearn.numerics import Bits, Bools, Ints


class SkillGraph:
    """The skills of a curriculum and the edges between them; see `Curriculum`.

    Attributes
    ----------
    skills : array, shape (n_skills,)
    requirements : Requirements
        `prerequisites`, `alternatives` and `alternatives_of` together.
    prerequisites : sparse 0/1 array, shape (n_skills, n_skills)
    alternatives : sparse 0/1 array, shape (n_groups, n_skills)
    alternatives_of : sparse 0/1 array, shape (n_skills, n_groups)
    encompasses : sparse float array, shape (n_skills, n_skills)
    """

    def __init__(
        self, labels: list[Label], prerequisites: SoundEdges, encompasses: dict[Edge, float]
    ) -> None:
        self.skills = label_array(labels)
        n = len(labels)
        edges, groups = prerequisites
        self.requirements: Requirements = requirements_of(n, SoundEdges(edges, in_order(groups)))
        self.prerequisites, self.alternatives, self.alternatives_of = self.requirements
        self.encompasses = weights(
            [skill for skill, _ in encompasses],
            [part for _, part in encompasses],
            list(encompasses.values()),
            (n, n),
        )

    @cached_property
    def skill_index(self) -> LabelIndex:
        """The position of each skill, by label."""
        return LabelIndex("skill", self.skills)

    def outer_fringe(self, mastered: Any) -> Bools:
        """Which skills students are ready to learn.

        These are the skills that are not mastered, but whose prerequisites are all mastered. Of
        each group of alternatives, at least one must be mastered.

        Parameters
        ----------
        mastered : bool array, shape (n_students, n_skills)

        Returns
        -------
        bool array, shape (n_students, n_skills)
        """
        known = self._checked(mastered)
        missing = pack(~known)
        return unpack(missing & ~unmet(self.requirements, missing), len(known))

    @cached_property
    def may_need(self) -> csr_array:
        """Row k marks all direct prerequisites of skill k, including alternatives."""
        return routines.may_need(self.requirements)

    @cached_property
    def required_by(self) -> csr_array:
        """Row k marks the skills that need skill k directly, including as an alternative."""
        return transposed(self.may_need)

    @cached_property
    def implicit_credit(self) -> csr_array:
        """How much practice of one skill counts for others: `encompasses` over all its paths.

        A sparse float array, shape (n_skills, n_skills). Row k covers each skill that skill k
        encompasses, directly or not: its entry is the greatest product of weights over all paths
        from k to this skill. The diagonal is left out, because a skill's own practice counts in
        full.
        """
        return routines.best_products(self.encompasses)

    def _checked(self, mastered: Any) -> Bools:
        return check_mastered(mastered, len(self.skills))

    def ancestors(self, skill: Label, *, required: bool = False) -> NDArray[Any]:
        """All skills that come before a skill, directly or not, in `skills` order.

        Parameters
        ----------
        skill : label
        required : bool
            Leave out skills that are not necessary, because alternatives allow another way to the
            skill.
        """
        code = self.skill_index.code(skill)
        before = routines.reachable(self.may_need, code)
        if required:
            bits = self.required_bits[code][None]
            before = before[has_bit(bits, np.zeros(len(before), np.intp), before)]
        found: NDArray[Any] = self.skills[before]
        return found

    def descendants(self, skill: Label) -> NDArray[Any]:
        """All skills that build on a skill, directly or not, in `skills` order."""
        code = self.skill_index.code(skill)
        after = routines.reachable(self.required_by, code)
        found: NDArray[Any] = self.skills[after]
        return found

    @cached_property
    def ancestry(self) -> csr_array:
        """`ancestors` of all skills at once: a sparse 0/1 array, row k for skill k.

        Memory is linear in the number of pairs. In a long chain, this number is quadratic in the
        number of skills. For a few skills of a huge curriculum, use `ancestors`, which needs less
        memory. More than 268 million pairs (a chain of 23,000 skills) are refused with a
        `CurriculumError`.
        """
        return routines.closure(self.may_need)

    @cached_property
    def required_bits(self) -> Bits:
        """The skills that each skill always needs, including the skill itself, as bits.

        A uint8 array, shape (n_skills, ceil(n_skills / 8)), as `numpy.packbits` packs columns.
        """
        return routines.required_bits(self.requirements)

    @property
    def topological_order(self) -> NDArray[Any]:
        """Skills in an order in which students can learn them; ties are in `skills` order."""
        order: NDArray[Any] = self.skills[routines.topological_order(self.requirements)]
        return order

    @cached_property
    def depth(self) -> Ints:
        """How many steps come before each skill, shape (n_skills,).

        In each step, a student learns every skill that can be learnt. Without alternatives, the
        number is the length of the longest chain of prerequisites.
        """
        return routines.depths(self.requirements)
