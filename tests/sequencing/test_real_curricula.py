"""Two published prerequisite graphs, faults included."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from tests.conftest import Data
from tests.sequencing.fakes import FakeTracker

from adaptlearn import Curriculum, Sequencer
from adaptlearn.errors import CurriculumError, DataWarning

COLUMNS = {
    "skills": {"skill": "name", "title": "pretty_display_name"},
    "prerequisites": {"skill": "exercise"},
}
JUNYI_FAULTS = {
    "skill 'matrix_mul_two' is listed 2 times (entries 193, 229)",
    "skill 'matrix_app_fruit_oil' is listed 2 times (entries 605, 633)",
    "skill 'proportions_1' is its own prerequisite",
    "skill 'number_sense_length_l1' is its own prerequisite",
    "prerequisite 'matrix_add_sub_3' -> 'matrix_mul_two' is listed 4 times",
    "prerequisite 'matrix_mul_scalar' -> 'matrix_app_fruit_oil' is listed 4 times",
    "prerequisite 'writing_proportions' -> 'ratio' is listed 2 times",
    "prerequisites form a cycle: adding_and_subtracting_radicals -> "
    "radical_multiplication_and_division -> simplifying_radicals -> "
    "adding_and_subtracting_radicals",
}
BOM_FAULT = r"skills: column '\ufeffname' begins with a byte-order mark"


@pytest.fixture(name="junyi")
def read_junyi(data: Data) -> dict[str, Any]:
    """As a careless reader gets it: the byte-order mark stays on the first column's name."""
    exercises = pd.read_csv(data("curricula", "junyi_exercises.csv"), encoding="utf-8-sig")
    raw = data("curricula", "junyi_exercises.csv").read_text(encoding="utf-8")
    exercises = exercises.rename(columns={"name": raw.partition(",")[0]})
    return {
        "skills": exercises,
        "prerequisites": pd.read_csv(data("curricula", "junyi_edges.csv")),
    }


def test_every_fault_of_junyi_is_reported_then_repaired(junyi: dict[str, Any]) -> None:
    with pytest.raises(CurriculumError) as caught:
        Curriculum.from_frames(**junyi, columns=COLUMNS)
    assert set(caught.value.problems) == JUNYI_FAULTS | {BOM_FAULT}
    assert len(caught.value.problems) == 9
    with pytest.warns(DataWarning, match=r"3 titles hold characters .* '\?物線直覺 1'"):
        school = Curriculum.repaired(**junyi, columns=COLUMNS)
    assert {repair.problem for repair in school.repairs} == JUNYI_FAULTS | {BOM_FAULT}
    assert school.skills.shape == (835,)
    assert school.prerequisites.nnz == 978
    assert Curriculum.from_json(school.to_json().replace("?物", "拋物")).repairs == ()


@pytest.mark.filterwarnings("ignore:3 titles")
def test_students_walk_junyi_from_its_start_to_its_end(junyi: dict[str, Any]) -> None:
    school = Curriculum.repaired(**junyi, columns=COLUMNS)
    known = np.zeros((40, 835))
    tracker = FakeTracker(school.skills.tolist(), known)
    sequencer = Sequencer(school, tracker, random_state=1)
    rng = np.random.default_rng(2)
    for _ in range(60):
        decisions = sequencer.recommend(range(40))
        for row, decision in enumerate(decisions):
            assert decision.lesson is not None
            code = school.skill_index.code(decision.lesson)
            before = school.prerequisites[[code]].indices
            assert (known[row, before] >= 0.95).all()
            assert known[row, code] < 0.95
            known[row, code] = rng.choice([0.5, 0.99])
    known[:] = 0.99
    assert {decision.reason.code for decision in sequencer.recommend(range(40))} == {"all_mastered"}


def test_the_dangling_ends_of_metacademy(data: Data) -> None:
    tables: dict[str, Any] = {
        "skills": pd.read_csv(data("curricula", "metacademy_concepts.csv")),
        "prerequisites": pd.read_csv(data("curricula", "metacademy_edges.csv")),
    }
    columns = {"skills": {"skill": "concept"}, "prerequisites": {"skill": "concept"}}
    with pytest.raises(CurriculumError) as caught:
        Curriculum.from_frames(**tables, columns=columns)
    assert len(caught.value.problems) == 21
    assert all("has an end that is no skill" in problem for problem in caught.value.problems)
    assert "'random variables' (did you mean 'random_variables'?)" in str(caught.value)
    school = Curriculum.repaired(**tables, columns=columns)
    assert [repair.kind for repair in school.repairs] == ["dangling"] * 21
    assert school.prerequisites.nnz == 988 - 21
    assert len(school.topological_order) == 393


@pytest.mark.filterwarnings("ignore:3 titles")
def test_what_follows_from_the_rest_of_junyi(junyi: dict[str, Any]) -> None:
    school = Curriculum.repaired(**junyi, columns=COLUMNS)
    oracle = nx.DiGraph(school.to_dict()["prerequisites"])
    reduced = nx.transitive_reduction(oracle)
    audit = school.audit()
    assert set(audit["redundant"].labels) == set(oracle.edges) - set(reduced.edges)
    assert audit["redundant"].count == 84
    largest = max(nx.weakly_connected_components(oracle), key=len)
    assert set(audit["islands"].labels) == set(school.skills.tolist()) - largest


@pytest.mark.filterwarnings("ignore:3 titles")
def test_alternatives_reach_the_sequencer(junyi: dict[str, Any]) -> None:
    """Each skill with two prerequisites or more asks for one of them: students go further."""
    content = Curriculum.repaired(**junyi, columns=COLUMNS).to_dict()
    needs: dict[str, list[str]] = {}
    for before, skill in content["prerequisites"]:
        needs.setdefault(skill, []).append(before)
    ways = [[before if len(before) > 1 else before[0], skill] for skill, before in needs.items()]
    school = Curriculum.from_dict({**content, "prerequisites": ways})
    assert school.alternatives.shape[0] > 100
    known = np.random.default_rng(4).choice([0.1, 0.99], (60, 835))
    open_ = school.open_lessons(known >= 0.95)
    sequencer = Sequencer(school, FakeTracker(school.skills.tolist(), known), random_state=1)
    for row, decision in enumerate(sequencer.recommend(range(60))):
        assert open_[row, school.lesson_index.code(decision.lesson)]
        candidates = {school.lesson_index.code(one.lesson) for one in decision.candidates}
        assert candidates <= set(np.flatnonzero(open_[row]).tolist())
        assert decision.n_candidates == open_[row].sum()
