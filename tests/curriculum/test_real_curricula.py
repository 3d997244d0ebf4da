"""Two published prerequisite graphs, faults included."""

from __future__ import annotations

import json
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from tests.conftest import Data
from tests.sequencing.fakes import FakeTracker

from adaptlearn import Curriculum, Sequencer
from adaptlearn.curriculum import audit_curriculum
from adaptlearn.errors import CurriculumError, DataWarning
from adaptlearn.interop import from_oatutor_courses
from adaptlearn.sequencing import Goals
from adaptlearn.sequencing.policies import MasteryThreshold

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
        school = Curriculum.from_frames(**junyi, columns=COLUMNS, repair=True)
    assert {repair.problem for repair in school.repairs} == JUNYI_FAULTS | {BOM_FAULT}
    assert school.skills.shape == (835,)
    assert school.prerequisites.nnz == 978
    assert Curriculum.from_json(school.to_json().replace("?物", "拋物")).repairs == ()


@pytest.mark.filterwarnings("ignore:3 titles")
def test_students_walk_junyi_from_its_start_to_its_end(junyi: dict[str, Any]) -> None:
    school = Curriculum.from_frames(**junyi, columns=COLUMNS, repair=True)
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
            assert (known[row, before] >= 0.8).all()
            assert known[row, code] < 0.999
            known[row, code] = rng.choice([0.5, 0.9, 0.9995])
    known[:] = 0.9
    (decision,) = sequencer.recommend(0)
    assert decision.reason.code == "confirm"
    known[:] = 0.9995
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
    school = Curriculum.from_frames(**tables, columns=columns, repair=True)
    assert [repair.kind for repair in school.repairs] == ["dangling"] * 21
    assert school.prerequisites.nnz == 988 - 21
    assert len(school.topological_order) == 393


@pytest.mark.filterwarnings("ignore:3 titles")
def test_what_follows_from_the_rest_of_junyi(junyi: dict[str, Any]) -> None:
    school = Curriculum.from_frames(**junyi, columns=COLUMNS, repair=True)
    oracle = nx.DiGraph(school.to_dict()["prerequisites"])
    reduced = nx.transitive_reduction(oracle)
    audit = audit_curriculum(school)
    assert set(audit["redundant"].labels) == set(oracle.edges) - set(reduced.edges)
    assert audit["redundant"].count == 84
    largest = max(nx.weakly_connected_components(oracle), key=len)
    assert set(audit["islands"].labels) == set(school.skills.tolist()) - largest


@pytest.mark.filterwarnings("ignore:3 titles")
def test_alternatives_reach_the_sequencer(junyi: dict[str, Any]) -> None:
    """Each skill with two prerequisites or more asks for one of them: students go further."""
    content = Curriculum.from_frames(**junyi, columns=COLUMNS, repair=True).to_dict()
    needs: dict[str, list[str]] = {}
    for before, skill in content["prerequisites"]:
        needs.setdefault(skill, []).append(before)
    ways = [[before if len(before) > 1 else before[0], skill] for skill, before in needs.items()]
    school = Curriculum.from_dict({**content, "prerequisites": ways})
    assert school.alternatives.shape[0] > 100
    known = np.random.default_rng(4).choice([0.1, 0.99], (60, 835))
    open_ = school.open_lessons(known >= 0.95)
    tracker = FakeTracker(school.skills.tolist(), known)
    sequencer = Sequencer(school, tracker, MasteryThreshold(), random_state=1)
    for row, decision in enumerate(sequencer.recommend(range(60))):
        assert open_[row, school.lesson_index.code(decision.lesson)]
        candidates = {school.lesson_index.code(one.lesson) for one in decision.candidates}
        assert candidates <= set(np.flatnonzero(open_[row]).tolist())
        assert decision.n_candidates == open_[row].sum()


def needs(school: Curriculum, skills: list[int]) -> list[list[int]]:
    """What must come before these skills: of each list one."""
    direct = [[int(before)] for before in school.prerequisites[skills].indices]
    groups = school.alternatives_of[skills].indices
    return [*direct, *(school.alternatives[[group]].indices.tolist() for group in groups)]


def walk(school: Curriculum, n_students: int, seed: int, **options: Any) -> list[dict[Any, int]]:
    """Students follow the default policy to its end; how often each was given each lesson.

    Every lesson may lift what it teaches to probably known, or to mastered, or fail.
    """
    rng = np.random.default_rng(seed)
    known = np.full((n_students, len(school.skills)), 0.1)
    tracker = FakeTracker(school.skills.tolist(), known)
    sequencer = Sequencer(school, tracker, random_state=seed, **options)
    given = [dict[Any, int]() for _ in range(n_students)]
    going = np.arange(n_students)
    for _ in range(8 * len(school.lessons)):
        decisions = sequencer.recommend(going.tolist())
        for decision in decisions:
            student = int(decision.student)
            if decision.lesson is None:
                assert decision.reason.code in ("all_mastered", "goal_reached")
                continue
            taught = school.skill_index.codes(school.skills_of(decision.lesson).tolist())
            to_learn = [skill for skill in taught if known[student, skill] < 0.999]
            assert to_learn
            for ways in needs(school, to_learn):
                assert set(ways) & set(taught) or (known[student, ways] >= 0.8).any()
            confirms = bool((known[student, taught] >= 0.8).all())
            assert (decision.reason.code == "confirm") == confirms
            known[student, taught] = np.maximum(
                known[student, taught], rng.choice([0.1, 0.9, 0.9995], p=[0.2, 0.4, 0.4])
            )
            given[student][decision.lesson] = given[student].get(decision.lesson, 0) + 1
        finished = [one.student for one in decisions if one.lesson is None]
        going = going[~np.isin(going, finished)]
        if not len(going):
            return given
    raise AssertionError("students are still on their way")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:1 lessons and 0 steps")
def test_every_published_oatutor_course_is_followed_to_its_end(data: Data) -> None:
    plans = data("curricula", "oatutor_course_plans.json")
    names = [plan["courseName"] for plan in json.loads(plans.read_text(encoding="utf-8"))]
    assert len(names) == 18
    for seed, name in enumerate(names):
        school = from_oatutor_courses(plans, courses=name)
        for given in walk(school, n_students=4, seed=seed):
            taught = {skill for lesson in given for skill in school.skills_of(lesson).tolist()}
            assert taught == set(school.skills.tolist()), name


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:2 lessons and 0 steps")
def test_one_oatutor_course_among_all_is_a_goal(data: Data) -> None:
    """Of a thousand skills with several ways in, the student learns what the course asks for."""
    school = from_oatutor_courses(data("curricula", "oatutor_course_plans.json"))
    name = school.courses.labels[9]
    asked = school.courses.skills_of(name).tolist()
    goals = Goals(school, default=asked)
    needed = set(school.skills[goals.weights([0])[0] > 0].tolist())
    (given,) = walk(school, n_students=1, seed=3, goals=goals)
    taught = {skill for lesson in given for skill in school.skills_of(lesson).tolist()}
    assert set(asked) <= taught
    assert all(needed & set(school.skills_of(lesson).tolist()) for lesson in given)
    assert len(given) < len(school.lessons)
