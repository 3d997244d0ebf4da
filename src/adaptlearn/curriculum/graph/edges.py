"""Edges between skills that contradict nothing, as sparse arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from adaptlearn.curriculum.graph.matrices import incidence
from adaptlearn.curriculum.graph.requirements import Requirements

Edge = tuple[int, int]


class Group(NamedTuple):
    """Alternative prerequisites of a skill, as places among the skills, ascending."""

    members: tuple[int, ...]
    skill: int


class SoundEdges(NamedTuple):
    """Edges that contradict nothing: pairs of a prerequisite and a skill, and alternatives."""

    edges: list[Edge]
    groups: list[Group]


def in_order(groups: Iterable[Group]) -> list[Group]:
    """Alternatives in one order, whatever order they were listed in."""
    return sorted(groups, key=lambda group: (group.skill, group.members))


def requirements_of(n_skills: int, sound: SoundEdges) -> Requirements:
    """Edges and alternatives as sparse arrays, alternatives in the order given."""
    edges, groups = sound
    number = [number for number, group in enumerate(groups) for _ in group.members]
    members = [member for group in groups for member in group.members]
    return Requirements(
        incidence([skill for _, skill in edges], [before for before, _ in edges],
                  (n_skills, n_skills)),
        incidence(number, members, (len(groups), n_skills)),
        incidence([group.skill for group in groups], range(len(groups)), (n_skills, len(groups))),
    )  # fmt: skip
