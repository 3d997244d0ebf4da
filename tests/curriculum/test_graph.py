"""Graphs with alternatives, against networkx and against brute force."""

from __future__ import annotations

import itertools
from time import process_time
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn import Curriculum
from adaptlearn.curriculum import audit_curriculum
from adaptlearn.curriculum.graph import routines as graph
from adaptlearn.curriculum.graph.bits import all_marked, any_of, pack, unpack
from adaptlearn.curriculum.graph.matrices import incidence
from adaptlearn.curriculum.picture.layout import layered
from adaptlearn.errors import CurriculumError

N = 7
node = st.integers(0, N - 1)
edges_lists = st.lists(st.tuples(node, node), max_size=12)
groups_lists = st.lists(
    st.tuples(st.lists(node, min_size=2, max_size=3, unique=True), node), max_size=6
)


def mended(edges: Any, groups: Any, **more: Any) -> Curriculum:
    return Curriculum.repaired(
        {"skills": list(range(N)), "prerequisites": [*edges, *groups], **more}
    )


Needs = tuple[dict[int, set[int]], dict[int, list[set[int]]]]


def needs_of(school: Curriculum) -> Needs:
    """What each skill needs, read from what is written out."""
    plain: dict[int, set[int]] = {skill: set() for skill in range(N)}
    groups: dict[int, list[set[int]]] = {skill: [] for skill in range(N)}
    for before, skill in school.to_dict()["prerequisites"]:
        if isinstance(before, list):
            groups[skill].append(set(before))
        else:
            plain[skill].add(before)
    return plain, groups


def is_ready(needs: Needs, skill: int, known: set[int]) -> bool:
    plain, groups = needs
    return plain[skill] <= known and all(group & known for group in groups[skill])


def attainable(needs: Needs, without: int = -1) -> set[int]:
    known: set[int] = set()
    while True:
        fresh = {
            skill
            for skill in range(N)
            if skill not in known and skill != without and is_ready(needs, skill, known)
        }
        if not fresh:
            return known
        known |= fresh


@settings(deadline=None)
@given(edges_lists, groups_lists)
def test_every_skill_of_a_curriculum_can_be_attained(edges: Any, groups: Any) -> None:
    school = mended(edges, groups)
    needs = needs_of(school)
    assert attainable(needs) == set(range(N))
    known: set[int] = set()
    for skill in school.topological_order.tolist():
        assert is_ready(needs, skill, known)
        known.add(skill)
    assert Curriculum.from_json(school.to_json()) == school


@settings(deadline=None)
@given(edges_lists, groups_lists)
def test_no_group_is_dropped_that_could_stay(edges: Any, groups: Any) -> None:
    school = mended(edges, groups)
    kept = school.to_dict()["prerequisites"]
    for members, skill in groups:
        ways = sorted(set(members) - {skill})
        if len(ways) > 1 and [ways, skill] not in kept:
            with pytest.raises(CurriculumError, match="leaves no other way"):
                Curriculum.from_dict(
                    {"skills": list(range(N)), "prerequisites": [*kept, [ways, skill]]}
                )


def taught_at_random(rng: np.random.Generator) -> list[list[int]]:
    return [sorted(set(rng.integers(0, N, rng.integers(1, 4)).tolist())) for _ in range(5)]


@settings(deadline=None)
@given(edges_lists, groups_lists, st.integers(0, 2**32 - 1))
def test_fringe_and_open_lessons_equal_brute_force(edges: Any, groups: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    taught = taught_at_random(rng)
    school = mended(edges, groups, lessons=dict(enumerate(taught)))
    needs = needs_of(school)
    mastered = rng.random((9, N)) < 0.5
    fringe, open_ = school.outer_fringe(mastered), school.open_lessons(mastered)
    for row, known in enumerate(set(np.flatnonzero(marks).tolist()) for marks in mastered):
        for skill in range(N):
            assert fringe[row, skill] == (skill not in known and is_ready(needs, skill, known))
        for lesson, skills in enumerate(taught):
            new = set(skills) - known
            ready = all(is_ready(needs, skill, known | set(skills)) for skill in new)
            assert open_[row, lesson] == (bool(new) and ready)


@settings(deadline=None)
@given(edges_lists, groups_lists, st.integers(0, 2**32 - 1))
def test_lessons_stand_as_brute_force_says(edges: Any, groups: Any, seed: int) -> None:
    """Also where less than mastery is enough for what comes after."""
    rng = np.random.default_rng(seed)
    taught = taught_at_random(rng)
    school = mended(edges, groups, lessons=dict(enumerate(taught)))
    needs = needs_of(school)
    mastered = rng.random((9, N)) < 0.5
    enough = mastered | (rng.random((9, N)) < 0.3)
    for known, standing in (
        (mastered, school.standing(pack(~mastered))),
        (enough, school.standing(pack(~mastered), pack(~enough))),
    ):
        bits = (standing.unfinished, standing.open, standing.ready)
        unfinished, opened, ready = (unpack(one, len(mastered)) for one in bits)
        for row, lesson in itertools.product(range(len(mastered)), range(len(taught))):
            have = set(np.flatnonzero(known[row]).tolist()) | set(taught[lesson])
            fit = {skill: is_ready(needs, skill, have) for skill in taught[lesson]}
            new = [skill for skill in taught[lesson] if not mastered[row, skill]]
            assert unfinished[row, lesson] == bool(new)
            assert opened[row, lesson] == (bool(new) and all(fit[skill] for skill in new))
            assert ready[row, lesson] == all(fit.values())


@settings(deadline=None)
@given(edges_lists, groups_lists)
def test_required_ancestors_are_those_without_which_nothing_goes(edges: Any, groups: Any) -> None:
    school = mended(edges, groups)
    needs = needs_of(school)
    bits = np.unpackbits(school.required_bits, axis=1, count=N).astype(bool)
    for gone in range(N):
        lost = set(range(N)) - attainable(needs, gone)
        assert set(np.flatnonzero(bits[:, gone]).tolist()) == lost
    for skill in range(N):
        required = set(school.ancestors(skill, required=True).tolist())
        assert required == set(np.flatnonzero(bits[skill]).tolist()) - {skill}
        assert required <= set(school.ancestors(skill).tolist())


@settings(deadline=None)
@given(edges_lists, groups_lists)
def test_closure_equals_networkx_alternatives_and_cycles_included(edges: Any, groups: Any) -> None:
    school = mended(edges, groups)
    plain, ways = needs_of(school)
    oracle = nx.DiGraph()
    oracle.add_nodes_from(range(N))
    for skill in range(N):
        for before in plain[skill].union(*ways[skill]):
            oracle.add_edge(before, skill)
    rows = school.ancestry.toarray().astype(bool)
    for skill in range(N):
        assert set(np.flatnonzero(rows[skill]).tolist()) == nx.ancestors(oracle, skill)
        assert set(school.ancestors(skill).tolist()) == nx.ancestors(oracle, skill)
        assert set(school.descendants(skill).tolist()) == nx.descendants(oracle, skill)


@pytest.mark.parametrize("cells", [1 << 24, 40])
def test_more_pairs_than_memory_holds_are_refused(
    monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    monkeypatch.setattr(graph, "_CELLS", cells)
    monkeypatch.setattr(graph, "_PAIRS", 45)
    for n in (10, 11):
        chain = Curriculum.from_dict({"prerequisites": [(k, k + 1) for k in range(n - 1)]})
        if n == 10:
            assert chain.ancestry.nnz == 45
        else:
            with pytest.raises(CurriculumError, match=r"more than 45 pairs.*one skill at a time"):
                chain.ancestry  # noqa: B018
            assert len(chain.ancestors(10)) == 10


def test_a_dense_knot_of_cycles_costs_what_its_edges_do() -> None:
    places = itertools.permutations(range(120), 2)
    edges = [pair for _, pair in sorted((hash((pair, 1)), pair) for pair in places)]
    begin = process_time()
    school = Curriculum.repaired({"prerequisites": edges})
    assert process_time() - begin < 2
    assert len(school.repairs) == len(edges) // 2


def test_closure_in_blocks_of_columns_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    edges = [(a, b) for a, b in rng.integers(0, 60, (150, 2)).tolist() if a < b]
    school = Curriculum.from_dict({"skills": list(range(60)), "prerequisites": sorted(set(edges))})
    whole = school.ancestry
    monkeypatch.setattr(graph, "_CELLS", 25)
    parts = graph.closure(school.may_need)
    assert (whole.toarray() == parts.toarray()).all()
    assert parts.nnz == whole.nnz > 150


@settings(deadline=None)
@given(edges_lists)
def test_what_is_not_redundant_is_the_transitive_reduction(edges: Any) -> None:
    school = mended(edges, [])
    oracle = nx.DiGraph(school.to_dict()["prerequisites"])
    redundant = set(oracle.edges) - set(nx.transitive_reduction(oracle).edges)
    audit = audit_curriculum(school)
    assert (set(audit["redundant"].labels) if "redundant" in audit else set()) == redundant


@settings(deadline=None, max_examples=trials(500))
@given(edges_lists, groups_lists)
def test_redundant_edges_and_groups_change_nothing(edges: Any, groups: Any) -> None:
    school = mended(edges, groups)
    audit = audit_curriculum(school)
    dropped = set(audit["redundant"].labels) if "redundant" in audit else set()
    _, idle = graph.redundant(school.requirements, school.required_bits)
    ways = [
        school.skills[row].tolist() for row in map(np.flatnonzero, school.alternatives.toarray())
    ]
    owners = school.requirements.owner.tolist()
    gone = [[way, owner] for way, owner, is_idle in zip(ways, owners, idle, strict=True) if is_idle]
    left = [
        one for one in school.to_dict()["prerequisites"]
        if not (isinstance(one[0], int) and tuple(one) in dropped) and one not in gone
    ]  # fmt: skip
    smaller = Curriculum.from_dict({"skills": list(range(N)), "prerequisites": left})
    # The states that can be reached, one skill after the other, stay the same.
    states = {frozenset[int]()}
    for _ in range(N):
        marks = np.array([[skill in state for skill in range(N)] for state in states])
        fringe = school.outer_fringe(marks)
        assert (fringe == smaller.outer_fringe(marks)).all()
        states = {state | {int(skill)} for state, row in zip(states, fringe, strict=True)
                  for skill in np.flatnonzero(row)}  # fmt: skip


@settings(deadline=None)
@given(edges_lists, groups_lists, node, node, st.integers(0, 2**32 - 1))
def test_one_more_prerequisite_never_enlarges_the_fringe(
    edges: Any, groups: Any, before: int, skill: int, seed: int
) -> None:
    school = mended(edges, groups)
    pairs = school.to_dict()["prerequisites"]
    if before == skill or [before, skill] in pairs:
        return
    try:
        more = Curriculum.from_dict(
            {"skills": list(range(N)), "prerequisites": [*pairs, [before, skill]]}
        )
    except CurriculumError:
        return  # it closes a cycle
    mastered = np.random.default_rng(seed).random((20, N)) < 0.5
    assert (more.outer_fringe(mastered) <= school.outer_fringe(mastered)).all()
    assert (more.open_lessons(mastered) <= school.open_lessons(mastered)).all()


def test_alternatives_by_hand() -> None:
    # d needs a, and b or c.
    school = Curriculum.from_dict(
        {"skills": list("abcd"), "prerequisites": [["a", "d"], [["c", "b"], "d"]]}
    )
    for known, ready in (("", False), ("a", False), ("b", False), ("ab", True), ("ac", True)):
        mastered = np.array([[skill in known for skill in "abcd"]])
        assert school.outer_fringe(mastered)[0, 3] == ready, known
        assert school.open_lessons(mastered)[0, 3] == ready, known
    assert school.ancestors("d").tolist() == ["a", "b", "c"]
    assert school.ancestors("d", required=True).tolist() == ["a"]
    assert school.depth.tolist() == [0, 0, 0, 1]
    assert school.alternatives.toarray().tolist() == [[0, 1, 1, 0]]
    assert school.alternatives_of.toarray().tolist() == [[0], [0], [0], [1]]


def test_a_cycle_through_alternatives_that_leaves_another_way_is_legal() -> None:
    # Fractions or decimals first: either opens the other, sharing opens fractions.
    school = Curriculum.from_dict(
        {
            "prerequisites": [
                [["sharing", "decimals"], "fractions"],
                [["fractions", "money"], "decimals"],
            ]
        }
    )
    assert school.topological_order.tolist() == ["sharing", "fractions", "decimals", "money"]
    assert school.ancestors("fractions").tolist() == ["sharing", "decimals", "money"]
    assert school.ancestors("fractions", required=True).tolist() == []
    assert school.depth.tolist() == [0, 1, 1, 0]


def test_a_group_stays_that_another_drop_makes_harmless() -> None:
    # a waits for b or c, b for a; c for d or e, and both of these for c. Once c is free, so is a.
    prerequisites = [[["b", "c"], "a"], ["a", "b"], [["d", "e"], "c"], ["c", "d"], ["d", "e"]]
    school = Curriculum.repaired({"skills": list("abcde"), "prerequisites": prerequisites})
    assert [repair.remedy for repair in school.repairs] == ["dropped 'd' or 'e' -> 'c'"]
    assert school.topological_order.tolist() == ["c", "a", "b", "d", "e"]


def best_by_enumeration(weights: dict[tuple[int, int], float]) -> np.ndarray:
    found = np.zeros((N, N))
    oracle = nx.DiGraph(list(weights))
    for first, last in itertools.permutations(oracle.nodes, 2):
        for path in nx.all_simple_paths(oracle, first, last):
            product = float(np.prod([weights[pair] for pair in itertools.pairwise(path)]))
            found[first, last] = max(found[first, last], product)
    return found


@settings(deadline=None)
@given(st.lists(st.tuples(node, node, st.integers(1, 4)), max_size=10))
def test_implicit_credit_is_the_best_product_over_all_paths(triples: Any) -> None:
    school = Curriculum.repaired(
        {
            "skills": list(range(N)),
            "encompasses": [(a, b, quarter / 4) for a, b, quarter in triples],
        }
    )
    weights = {(a, b): w for a, b, w in school.to_dict().get("encompasses", [])}
    credit = school.implicit_credit
    assert np.allclose(credit.toarray(), best_by_enumeration(weights))
    assert (credit.data > 0).all()
    assert Curriculum.from_dict(school.to_dict()) == school


@settings(deadline=None)
@given(st.lists(st.tuples(node, node), max_size=14), st.integers(0, 99))
def test_a_layout_keeps_nodes_apart_and_edges_in_their_columns(edges: Any, seed: int) -> None:
    layer = np.random.default_rng(seed).integers(0, 4, N)
    pairs = [(a, b) for a, b in edges if layer[a] < layer[b]]
    made = layered(layer, pairs)
    for number in range(4):
        places = np.sort(made.place[layer == number])
        assert (np.diff(places) >= 1 - 1e-9).all()
    for (a, b), stops in zip(pairs, made.stops, strict=True):
        assert [x for x, _ in stops] == list(range(layer[a], layer[b] + 1))
        assert stops[0][1] == made.place[a]
        assert stops[-1][1] == made.place[b]


def test_a_layout_of_two_crossed_chains_uncrosses_them() -> None:
    made = layered(np.array([0, 0, 1, 1]), [(0, 3), (1, 2)])
    assert (made.place[0] < made.place[1]) == (made.place[3] < made.place[2])


@pytest.mark.parametrize("n_students", [1, 5, 40])
def test_members_are_joined_in_short_rows_long_rows_and_none(n_students: int) -> None:
    rng = np.random.default_rng(0)
    marks = rng.random((30, n_students)) < 0.5
    members = [
        sorted({*rng.integers(30, size=k % 4 if k < 40 else 25).tolist()}) for k in range(44)
    ]
    for rows in (members, [some for some in members if some]):
        row = np.repeat(np.arange(len(rows)), [*map(len, rows)])
        matrix = incidence(row, [*itertools.chain(*rows)], (len(rows), 30))
        bits = np.packbits(marks, axis=1)
        found = np.unpackbits(any_of(matrix, bits), axis=1, count=n_students)
        expected = [marks[skills].any(axis=0) for skills in rows]
        np.testing.assert_array_equal(found, np.array(expected))
    both = np.unpackbits(all_marked(matrix, bits), axis=1, count=n_students)
    np.testing.assert_array_equal(both, np.array([marks[skills].all(axis=0) for skills in rows]))
