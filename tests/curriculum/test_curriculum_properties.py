"""Random graphs, with networkx to compare with."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn import Curriculum
from adaptlearn.errors import CurriculumError

Edges = list[tuple[int, int]]
N = 9
edges_of_any_graph = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=3 * N
)


def graph(edges: Edges) -> nx.DiGraph:
    made = nx.DiGraph()
    made.add_nodes_from(range(N))
    made.add_edges_from(edges)
    return made


def mended(edges: Edges) -> Curriculum:
    return Curriculum.repaired({"skills": list(range(N)), "prerequisites": edges})


def kept(school: Curriculum) -> set[tuple[int, int]]:
    return {(a, b) for a, b in school.to_dict()["prerequisites"]}


def cycle_paths(school: Curriculum) -> list[list[int]]:
    return [
        [int(node) for node in repair.problem.partition(": ")[2].split(" -> ")]
        for repair in school.repairs
        if repair.kind == "cycle"
    ]


@given(edges_of_any_graph)
def test_repaired_is_acyclic_and_drops_no_more_than_it_must(edges: Edges) -> None:
    school = mended(edges)
    left = kept(school)
    assert nx.is_directed_acyclic_graph(graph(sorted(left)))
    dropped = {(a, b) for a, b in edges if a != b} - left
    paths = cycle_paths(school)
    assert dropped == {(path[-2], path[-1]) for path in paths}
    for edge in dropped:
        # Minimal: any one of them back, and there is a cycle again.
        assert not nx.is_directed_acyclic_graph(graph([*left, edge]))


@given(edges_of_any_graph)
def test_named_cycles_are_cycles_of_the_input_and_shortest(edges: Edges) -> None:
    first = {edge: place for place, edge in reversed(list(enumerate(edges)))}
    given_edges, left = set(edges), kept(mended(edges))
    for path in cycle_paths(mended(edges)):
        steps = list(pairwise(path))
        assert set(steps) <= given_edges
        assert len(set(path)) == len(path) - 1
        assert path[0] == path[-1]
        # The last step closes it, and was listed after all the others.
        assert max(steps, key=first.__getitem__) == steps[-1]
        before = graph([edge for edge in left if first[edge] < first[steps[-1]]])
        assert nx.shortest_path_length(before, path[0], path[-2]) == len(path) - 2


@given(edges_of_any_graph)
def test_sound_exactly_when_nothing_was_repaired(edges: Edges) -> None:
    school = mended(edges)
    content = {"skills": list(range(N)), "prerequisites": edges}
    if school.repairs:
        with pytest.raises(CurriculumError) as caught:
            Curriculum.from_dict(content)
        assert caught.value.problems == tuple(repair.problem for repair in school.repairs)
    else:
        assert Curriculum.from_dict(content) == school
    assert Curriculum.from_dict(school.to_dict()) == school


@given(edges_of_any_graph)
def test_ancestors_descendants_and_order(edges: Edges) -> None:
    school = mended(edges)
    oracle = graph(sorted(kept(school)))
    for skill in range(N):
        assert set(school.ancestors(skill).tolist()) == nx.ancestors(oracle, skill)
        assert set(school.descendants(skill).tolist()) == nx.descendants(oracle, skill)
        row = school.ancestry[[skill]].toarray()[0]
        assert set(np.flatnonzero(row).tolist()) == nx.ancestors(oracle, skill)
    assert school.topological_order.tolist() == list(nx.lexicographical_topological_sort(oracle))
    for depth, layer in enumerate(nx.topological_generations(oracle)):
        assert set(np.flatnonzero(school.depth == depth).tolist()) == set(layer)


@settings(max_examples=trials(600))
@given(
    edges_of_any_graph,
    st.lists(st.lists(st.integers(0, N - 1), min_size=1, max_size=4), min_size=1, max_size=6),
    st.integers(0, 2**32 - 1),
)
def test_fringe_and_open_lessons_equal_brute_force(
    edges: Edges, lessons: list[list[int]], seed: int
) -> None:
    school = Curriculum.repaired(
        {
            "skills": list(range(N)),
            "prerequisites": edges,
            "lessons": [
                {"lesson": name, "skills": sorted(set(skills))}
                for name, skills in enumerate(lessons)
            ],
        }
    )
    mastered = np.random.default_rng(seed).random((7, N)) < 0.6
    before: dict[int, set[int]] = {skill: set() for skill in range(N)}
    for a, b in kept(school):
        before[b].add(a)
    fringe, open_ = school.outer_fringe(mastered), school.open_lessons(mastered)
    for row, known in enumerate(map(set, map(np.flatnonzero, mastered))):
        for skill in range(N):
            assert fringe[row, skill] == (skill not in known and before[skill] <= known)
        for lesson, skills in enumerate(lessons):
            new = set(skills) - known
            ready = all(before[skill] <= known | set(skills) for skill in new)
            assert open_[row, lesson] == (bool(new) and ready)
            if open_[row, lesson]:
                assert fringe[row, sorted(new)].any()
