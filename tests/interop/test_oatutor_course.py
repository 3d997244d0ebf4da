from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import Data

from adaptlearn import Curriculum
from adaptlearn.curriculum import audit_curriculum
from adaptlearn.errors import CurriculumError, DataWarning, ParameterError, UnknownLabelError
from adaptlearn.interop import from_oatutor_courses


def lesson(label: str, *skills: str, topics: str = "", **thresholds: float) -> dict[str, Any]:
    objectives = {**dict.fromkeys(skills, 0.85), **thresholds}
    return {"id": label, "name": f"Lesson {label}", "topics": topics, "allowRecycle": True,
            "learningObjectives": objectives}  # fmt: skip


PLANS = [
    {
        "courseName": "One",
        "lessons": [
            lesson("1", "a", "b", topics="- Beginning"),
            lesson("2", "a"),
            lesson("3", "c", b=0.95),
            lesson("4", "d"),
        ],
    },
    {"courseName": "Two", "lessons": [lesson("5", "e", "f"), lesson("4", "d")]},
]
STEPS = {"p1a": ["a"], "p1b": ["c", "d"], "p2a": ["e", "zz"], "p3a": ["zz"]}


def test_one_course_keeps_order_thresholds_and_steps() -> None:
    school = from_oatutor_courses(PLANS, STEPS, courses="One")
    assert school.skills.tolist() == ["a", "b", "c", "d"]
    assert school.thresholds.tolist() == [0.85, 0.95, 0.85, 0.85]
    assert school.lessons.tolist() == ["1", "2", "3", "4"]
    assert school.lesson_titles[:2] == ("Lesson 1: Beginning", "Lesson 2")
    assert school.lesson_kinds == ("instruction", "practice", "instruction", "instruction")
    assert school.to_dict()["prerequisites"] == [["a", "c"], ["b", "c"], ["c", "d"]]
    assert school.to_dict()["items"] == [
        {"item": "p1a", "skills": ["a"]},
        {"item": "p1b", "skills": ["c", "d"]},
    ]
    assert school.courses.labels.tolist() == ["One"]
    assert school.units.labels.tolist() == [("One", str(k)) for k in range(1, 5)]
    assert school.units.titles[0] == "Lesson 1: Beginning"
    assert school.units.skills_of(("One", "3")).tolist() == ["b", "c"]


def test_a_skill_of_two_courses_can_be_reached_through_either() -> None:
    school = from_oatutor_courses(PLANS)
    assert school.lessons.tolist() == ["1", "2", "3", "4", "5"]
    # d comes after c in the one course, after e and f in the other: c, or e and f.
    place = {skill: code for code, skill in enumerate(school.skills.tolist())}
    for known, ready in (("c", True), ("ef", True), ("e", False), ("f", False), ("abe", False)):
        mastered = np.zeros((1, 6), bool)
        mastered[0, [place[skill] for skill in known]] = True
        assert school.outer_fringe(mastered)[0, place["d"]] == ready, known
    assert school.courses.skills_of("Two").tolist() == ["d", "e", "f"]


def test_a_course_that_begins_with_a_skill_asks_for_nothing() -> None:
    plans = [*PLANS, {"courseName": "Three", "lessons": [lesson("6", "d")]}]
    assert from_oatutor_courses(plans).ancestors("d").tolist() == []


def test_orders_that_contradict_each_other_are_alternatives() -> None:
    plans = [
        {"courseName": "Up", "lessons": [lesson("1", "a"), lesson("2", "b"), lesson("3", "c")]},
        {"courseName": "Down", "lessons": [lesson("3", "c"), lesson("2", "b"), lesson("1", "a")]},
    ]
    school = from_oatutor_courses(plans)
    start = np.zeros((1, 3), bool)
    assert school.skills[school.outer_fringe(start)[0]].tolist() == ["a", "c"]
    assert school.ancestors("b").tolist() == ["a", "c"]
    assert school.ancestors("b", required=True).tolist() == []


def test_without_order_there_are_no_prerequisites() -> None:
    school = from_oatutor_courses(PLANS, order="none")
    assert school.prerequisites.nnz == 0
    assert school.alternatives.shape == (0, 6)
    assert school.lessons.tolist() == from_oatutor_courses(PLANS).lessons.tolist()


def test_one_lesson_with_two_contents_is_two_lessons() -> None:
    plans = [*PLANS, {"courseName": "Three", "lessons": [lesson("1", "a"), lesson("9", "g")]}]
    school = from_oatutor_courses(plans)
    assert school.lessons.tolist()[-2:] == ["1 (Three)", "9"]
    assert school.skills_of("1").tolist() == ["a", "b"]
    assert school.skills_of("1 (Three)").tolist() == ["a"]


def test_skills_without_a_name_are_dropped_aloud() -> None:
    plans = [{"courseName": "C", "lessons": [lesson("1", "a", ""), lesson("2", "")]}]
    with pytest.warns(DataWarning, match="2 lessons and 1 steps have a skill without") as caught:
        school = from_oatutor_courses(plans, {"s": [""], "t": ["a"]})
    assert caught[0].filename == __file__
    assert school.lessons.tolist() == ["1"]
    assert school.items.tolist() == ["t"]
    assert plans[0]["lessons"][1]["learningObjectives"] == {"": 0.85}  # type: ignore[index]


def test_files_and_everything_wrong_with_them_at_once(tmp_path: Path) -> None:
    path, model = tmp_path / "coursePlans.json", tmp_path / "skillModel.json"
    path.write_text(json.dumps(PLANS))
    model.write_text(json.dumps(STEPS))
    assert from_oatutor_courses(path, str(model)) == from_oatutor_courses(PLANS, STEPS)
    wrong: list[Any] = [
        3,
        {"courseName": "A", "lessons": [{"id": "x"}, lesson("1", a=85), lesson("1", "b")]},
        {"courseName": "A", "lessons": []},
    ]
    path.write_text(json.dumps(wrong))
    model.write_text('{"s": ["a"], "s": "a"}')
    with pytest.raises(CurriculumError) as caught:
        from_oatutor_courses(path, model)
    assert caught.value.problems == (
        "course 0: expected a mapping with 'courseName' and 'lessons'",
        "course 'A', lesson 0: expected a mapping with 'id' and 'learningObjectives'",
        "course 'A', lesson 1: 'a' has 85; expected a number in (0, 1]",
        "course 'A', lesson 2: '1' stands there before",
        "course 2: 'A' stands there before",
        "'s' stands there more than once",
    )
    path.write_text("[{")
    with pytest.raises(CurriculumError, match="plans: is not whole JSON"):
        from_oatutor_courses(path)
    for source, said in (({}, "expected a list of courses"), ([], "there are no courses")):
        with pytest.raises(CurriculumError, match=said):
            from_oatutor_courses(source)
    with pytest.raises(CurriculumError, match="expected a list of skills for step 's'"):
        from_oatutor_courses(PLANS, {"s": "a"})


def test_unknown_names_and_words() -> None:
    with pytest.raises(UnknownLabelError, match=r"'Tow' \(did you mean 'Two'\?\)"):
        from_oatutor_courses(PLANS, courses=["One", "Tow"])
    with pytest.raises(UnknownLabelError, match="none is named"):
        from_oatutor_courses(PLANS, courses=[])
    with pytest.raises(ParameterError, match="order must be one of"):
        from_oatutor_courses(PLANS, order="alphabet")


def test_orders_that_come_to_too_many_groups_are_refused() -> None:
    plans = [
        {"courseName": f"C{k}", "lessons": [
            lesson(f"{k}.1", *(f"{k}{letter}" for letter in "abcdefgh")), lesson(f"{k}.2", "end")]}
        for k in range(4)
    ]  # fmt: skip
    with pytest.raises(ParameterError, match=r"4096 groups of alternatives for skill 'end'"):
        from_oatutor_courses(plans)
    assert len(from_oatutor_courses(plans, order="none").skills) == 33


@pytest.mark.filterwarnings("ignore:2 lessons and 2 steps")
def test_all_published_courses(data: Data) -> None:
    sources = (data("curricula", "oatutor_course_plans.json"),
               data("curricula", "oatutor_skill_model.json"))  # fmt: skip
    school = from_oatutor_courses(*sources)
    assert (len(school.courses), len(school.units)) == (18, 626)
    assert (len(school.skills), len(school.items)) == (1232, 16362)
    assert set(school.thresholds.tolist()) == {0.85}
    assert audit_curriculum(school).ok
    assert Curriculum.from_json(school.to_json()) == school
    # Who follows one course from its start is never shut out of it.
    plan = json.loads(sources[0].read_text())[9]
    place = school.skill_index.place
    known = np.zeros((1, len(school.skills)), bool)
    for one in plan["lessons"]:
        taught = [place[skill] for skill in one["learningObjectives"]]
        if not known[0, taught].all():
            assert school.open_lessons(known)[0, school.lesson_index.place[one["id"]]]
        known[0, taught] = True
    row = school.courses.index.code(plan["courseName"])
    assert school.courses.finished(known)[0, row]


def test_one_published_course_is_a_sequence(data: Data) -> None:
    with pytest.warns(DataWarning, match="0 lessons and 2 steps"):
        school = from_oatutor_courses(
            data("curricula", "oatutor_course_plans.json"),
            data("curricula", "oatutor_skill_model.json"),
            courses="OpenStax: Elementary Algebra",
        )
    assert (len(school.lessons), len(school.skills), len(school.items)) == (71, 201, 4396)
    assert school.depth.max() == 70
    assert audit_curriculum(school).codes == ()


def test_no_alternative_could_be_spared() -> None:
    plans = [
        {"courseName": name, "lessons": [lesson(f"{name}1", *skills), lesson(f"{name}2", "end")]}
        for name, skills in {"One": "ab", "Two": "bc", "Three": "bd"}.items()
    ]
    groups = from_oatutor_courses(plans).to_dict()["prerequisites"]
    # Each course asks for b; and a, c or d with it.
    assert groups == [["b", "end"], [["a", "c", "d"], "end"]]


def test_courses_whose_orders_come_to_too_much_in_all_are_refused() -> None:
    ends = [f"end{k}" for k in range(100)]
    plans = [
        {
            "courseName": name,
            "lessons": [
                lesson(f"{name}1", *(f"{name}{k}" for k in range(40))),
                lesson(f"{name}2", *ends),
            ],
        }
        for name in ("One", "Two")
    ]
    with pytest.raises(ParameterError, match="more than 100000 prerequisites; read fewer courses"):
        from_oatutor_courses(plans)
