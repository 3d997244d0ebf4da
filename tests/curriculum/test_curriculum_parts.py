"""Alternatives, encompassings, standards, courses, kinds of lessons: read, checked, asked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from adaptlearn import Curriculum
from adaptlearn.curriculum.outline import as_grades, grade_text
from adaptlearn.errors import CurriculumError, ParameterError, UnknownLabelError

SKILLS = ["a", "b", "c"]


def only_fault(content: dict[str, Any]) -> tuple[str, str]:
    """The one problem of a curriculum, and how it is mended."""
    with pytest.raises(CurriculumError) as caught:
        Curriculum.from_dict(content)
    (repair,) = Curriculum.repaired(content).repairs
    assert caught.value.problems == (repair.problem,)
    return repair.problem, repair.remedy


@pytest.mark.parametrize(
    ("prerequisites", "problem", "remedy", "left"),
    [
        (
            [[["a"], "c"]],
            "prerequisite 'a' -> 'c' has one alternative; expected two or more",
            "took it as a prerequisite",
            [["a", "c"]],
        ),
        (
            [[["a", "a", "b"], "c"]],
            "prerequisite 'a' or 'a' or 'b' -> 'c' names a skill twice",
            "kept it once",
            [[["a", "b"], "c"]],
        ),
        (
            [[["a", "b", "c"], "c"]],
            "skill 'c' is among its own alternatives",
            "took it off the list",
            [[["a", "b"], "c"]],
        ),
        (
            [[["a", "zz"], "c"]],
            "prerequisite 'a' or 'zz' -> 'c' has an end that is no skill: 'zz'",
            "took it off the list",
            [["a", "c"]],
        ),
        (
            [[["a", "b"], "zz"]],
            "prerequisite 'a' or 'b' -> 'zz' has an end that is no skill: 'zz'",
            "dropped it",
            [],
        ),
        (
            [[["a", "b"], "c"], [["b", "a"], "c"]],
            "prerequisite 'a' or 'b' -> 'c' is listed 2 times",
            "kept one",
            [[["a", "b"], "c"]],
        ),
        (
            [["c", "a"], ["c", "b"], [["a", "b"], "c"]],
            "prerequisites form a cycle that leaves no other way: a -> c -> a",
            "dropped 'a' or 'b' -> 'c'",
            [["c", "a"], ["c", "b"]],
        ),
        (
            [[[], "c"]],
            "prerequisites row 0: prerequisite is an empty list; expected alternatives",
            "dropped the row",
            [],
        ),
        (
            [[["a", None], "c"]],
            "prerequisites row 0: prerequisite is None; expected an integer or a string",
            "dropped the row",
            [],
        ),
    ],
)
def test_faults_of_alternatives(
    prerequisites: Any, problem: str, remedy: str, left: list[Any]
) -> None:
    content = {"skills": SKILLS, "prerequisites": prerequisites}
    assert only_fault(content) == (problem, remedy)
    assert Curriculum.repaired(content).to_dict()["prerequisites"] == left


def test_alternatives_in_every_form_are_the_same() -> None:
    pairs = Curriculum.from_dict(
        {"skills": [*SKILLS, "d"], "prerequisites": [["a", "d"], [["b", "c"], "d"]]}
    )
    forms: list[Any] = [
        {"d": ["a", ["c", "b"]]},
        [
            {"prerequisite": ["b", "c"], "skill": "d"},
            {"prerequisite": "a", "skill": "d"},
        ],
    ]
    for form in forms:
        assert Curriculum.from_dict({"skills": [*SKILLS, "d"], "prerequisites": form}) == pairs
    columns: dict[str, Any] = {
        "prerequisite": ["a", "b", "c"], "skill": ["d"] * 3, "group": [None, "x", "x"]
    }  # fmt: skip
    skills = {"skill": [*SKILLS, "d"]}
    for make in (pd.DataFrame, pl.DataFrame, pa.table):
        assert Curriculum.from_frames(skills=skills, prerequisites=make(columns)) == pairs
    numbered = pd.DataFrame({**columns, "group": [np.nan, 1, 1]})
    assert Curriculum.from_frames(skills=skills, prerequisites=numbered) == pairs
    lists = pl.DataFrame({"prerequisite": [["b", "c"]], "skill": ["d"]})
    made = Curriculum.from_frames(skills=skills, prerequisites=lists)
    assert made.alternatives.toarray().tolist() == [[0, 1, 1, 0]]


def test_a_group_of_one_row_is_a_fault() -> None:
    with pytest.raises(CurriculumError, match="has one alternative"):
        Curriculum.from_frames(prerequisites={"prerequisite": ["a"], "skill": ["b"], "group": [1]})


@pytest.mark.parametrize(
    ("weight", "said"), [(0, "0"), (1.5, "1.5"), (math.nan, "nan"), (None, "None"), ("1", "'1'"),
                         (True, "True")]
)  # fmt: skip
def test_weights_out_of_range(weight: Any, said: str) -> None:
    problem, remedy = only_fault({"skills": SKILLS, "encompasses": [["a", "b", weight]]})
    expected = f"encompassing 'a' -> 'b' has weight {said}; expected a number in (0, 1]"
    assert (problem, remedy) == (expected, "dropped it")


@pytest.mark.parametrize(
    ("encompasses", "problem"),
    [
        ([["a", "a", 0.5]], "skill 'a' encompasses itself"),
        ([["a", "zz", 0.5]], "encompassing 'a' -> 'zz' has an end that is no skill: 'zz'"),
        ([["a", "b", 0.5], ["a", "b", 0.6]], "encompassing 'a' -> 'b' is listed 2 times"),
        (
            [["a", "b", 1], ["b", "c", 1], ["c", "a", 1]],
            "encompassings form a cycle: a -> b -> c -> a",
        ),
        ([["a", "b"]], "encompasses row 0: is ['a', 'b']; expected an object with "
                       "'skill', 'encompassed', 'weight'"),
    ],
)  # fmt: skip
def test_faults_of_encompassings(encompasses: Any, problem: str) -> None:
    assert only_fault({"skills": SKILLS, "encompasses": encompasses})[0] == problem


def test_credit_flows_down_by_products() -> None:
    content = {
        "encompasses": {"divide": {"subtract": 0.5, "multiply": 0.8}, "multiply": {"add": 0.5}}
    }
    school = Curriculum.from_dict(content)
    assert school.skills.tolist() == ["divide", "subtract", "multiply", "add"]
    assert school.implicit_credit.toarray().tolist() == [
        [0, 0.5, 0.8, 0.4],
        [0, 0, 0, 0],
        [0, 0, 0, 0.5],
        [0, 0, 0, 0],
    ]
    frames = Curriculum.from_frames(
        encompasses={
            "skill": ["divide", "divide", "multiply"],
            "encompassed": ["subtract", "multiply", "add"],
            "weight": [0.5, 0.8, 0.5],
        }
    )
    assert frames == school
    with pytest.raises(ValueError, match="read-only"):
        school.encompasses.data[0] = 1


@pytest.mark.parametrize(
    ("lesson", "problem", "remedy"),
    [
        ({"kind": "lecture"}, "lesson 'L' is of kind 'lecture'; expected one of 'instruction', "
         "'practice', 'review', 'assessment', 'enrichment', 'elective'", "took it for instruction"),
        ({"difficulty": 1.2}, "lesson 'L' has difficulty 1.2; expected a number in [0, 1]",
         "left its difficulty unknown"),
        ({"minutes": math.inf}, "lesson 'L' has minutes inf; expected a number above 0",
         "left its minutes unknown"),
        ({"minutes": 0}, "lesson 'L' has minutes 0; expected a number above 0",
         "left its minutes unknown"),
        ({"mode": "tablet"}, "lesson 'L' has mode 'tablet'; expected one of 'device', 'teacher', "
         "'group', 'offline'", "took it for device"),
        ({"tags": ["x", 3]}, "lesson 'L' has tags ['x', 3]; expected texts", "kept those that are"),
    ],
)  # fmt: skip
def test_faults_of_lessons(lesson: Any, problem: str, remedy: str) -> None:
    content = {"lessons": [{"lesson": "L", "skills": ["a"], **lesson}]}
    assert only_fault(content) == (problem, remedy)


@pytest.mark.parametrize("threshold", [0, 1.01, "high"])
def test_thresholds_out_of_range(threshold: Any) -> None:
    content = {"skills": [{"skill": "a", "threshold": threshold}]}
    expected = f"skill 'a' has threshold {threshold!r}; expected a number in (0, 1]"
    assert only_fault(content)[0] == expected


def test_lessons_keep_kind_difficulty_and_tags() -> None:
    lessons = pd.DataFrame(
        {
            "lesson": ["L", "M"],
            "skills": ["a;b", "b"],
            "kind": ["practice", None],
            "difficulty": [0.25, np.nan],
            "tags": ["video; group", None],
        }
    )
    school = Curriculum.from_frames(lessons=lessons, skill_separator=";")
    assert school.lesson_kinds == ("practice", "instruction")
    assert school.lesson_tags == (("video", "group"), ())
    assert school.difficulty.tolist()[0] == 0.25
    assert math.isnan(school.difficulty[1])
    assert school.lessons_of_kind("practice", "review").tolist() == [True, False]
    assert school.to_dict()["lessons"] == [
        {"lesson": "L", "skills": ["a", "b"], "kind": "practice", "difficulty": 0.25,
         "tags": ["video", "group"]},
        {"lesson": "M", "skills": ["b"]},
    ]  # fmt: skip
    assert Curriculum.from_json(school.to_json()) == school
    with pytest.raises(ParameterError, match="kind must be one of"):
        school.lessons_of_kind("lecture")


def test_electives_are_those_of_two_kinds() -> None:
    kinds = ["instruction", "elective", "enrichment", "review"]
    school = Curriculum.from_dict(
        {"lessons": [{"lesson": kind, "skills": ["a"], "kind": kind} for kind in kinds]}
    )
    assert school.is_elective.tolist() == [False, True, True, False]


MATHS: dict[str, Any] = {
    "skills": [{"skill": "a", "threshold": 0.9}, "b", "c", "d"],
    "standards": [
        {"standard": "K.CC.1", "skills": ["a"], "title": "Count", "grade": "K"},
        {"standard": "HS.1", "skills": ["b", "c"], "grade": "9-12"},
    ],
    "courses": [
        {
            "course": "M1",
            "title": "Maths one",
            "grade": 9,
            "units": [
                {"unit": "start", "title": "Starting", "standards": ["K.CC.1"]},
                {"unit": "more", "standards": ["HS.1"], "skills": ["d", "b"]},
            ],
        },
        {"course": "M2", "units": [{"unit": "start", "standards": ["HS.1"]}]},
    ],
}


def test_courses_hold_units_standards_and_skills() -> None:
    school = Curriculum.from_dict(MATHS)
    assert school.standards.labels.tolist() == ["K.CC.1", "HS.1"]
    assert school.standards.titles == ("Count", "HS.1")
    assert school.standards.grades.tolist() == [[0, 0], [9, 12]]
    assert school.standards.of_grade(10).tolist() == [1]
    assert school.standards.skills_of("HS.1").tolist() == ["b", "c"]
    assert school.units.labels.tolist() == [("M1", "start"), ("M1", "more"), ("M2", "start")]
    assert school.units.skills_of(("M1", "more")).tolist() == ["b", "c", "d"]
    assert school.courses.titles == ("Maths one", "M2")
    assert school.courses.skills_of("M1").tolist() == ["a", "b", "c", "d"]
    assert school.courses.skills_of("M2").tolist() == ["b", "c"]
    assert school.outline.unit_course.tolist() == [0, 0, 1]
    assert school.outline.unit_standards.toarray().tolist() == [[1, 0], [0, 1], [0, 1]]
    assert school.thresholds[0] == 0.9
    assert np.isnan(school.thresholds[1:]).all()
    assert repr(school.standards) == "<2 standards>"
    with pytest.raises(UnknownLabelError, match=r"'HS.2' \(did you mean 'HS.1'\?\)"):
        school.standards.skills_of("HS.2")
    again = Curriculum.from_json(school.to_json())
    assert again == school
    assert again.units.labels.tolist() == school.units.labels.tolist()


def test_who_has_finished_what() -> None:
    school = Curriculum.from_dict(MATHS)
    mastered = np.array([[True, True, False, True], [True] * 4, [False] * 4])
    assert school.standards.finished(mastered).tolist() == [
        [True, False], [True, True], [False, False]
    ]  # fmt: skip
    assert school.standards.share(mastered).tolist() == [[1, 0.5], [1, 1], [0, 0]]
    assert school.courses.finished(mastered).tolist() == [
        [False, False], [True, True], [False, False]
    ]  # fmt: skip
    assert school.courses.share(mastered)[0].tolist() == [0.75, 0.5]
    assert school.units.finished(mastered)[0].tolist() == [True, False, False]
    with pytest.raises(ParameterError, match="bool array of shape"):
        school.standards.finished(mastered[0])
    with pytest.raises(ParameterError, match="bool array of shape"):
        school.standards.share(mastered * 0.5)


def test_standards_and_courses_from_frames() -> None:
    standards = {
        "standard": ["K.CC.1", "HS.1", "HS.1"],
        "skill": ["a", "b", "c"],
        "title": ["Count", None, None],
        "grade": ["K", "9-12", "9-12"],
    }
    courses = pl.DataFrame(
        {
            "course": ["M1", "M1", "M1", "M1", "M2"],
            "unit": ["start", "more", "more", "more", "start"],
            "standard": ["K.CC.1", "HS.1", None, None, "HS.1"],
            "skill": [None, None, "d", "b", None],
            "title": ["Maths one"] * 4 + [None],
            "unit_title": ["Starting", None, None, None, None],
            "grade": [9, 9, 9, 9, None],
        }
    )
    skills = {"skill": ["a", "b", "c", "d"], "threshold": [0.9, None, None, None]}
    made = Curriculum.from_frames(
        skills=pd.DataFrame(skills), standards=pa.table(standards), courses=courses
    )
    assert made == Curriculum.from_dict(MATHS)
    listed = pl.DataFrame({"course": ["M"], "standards": ["K.CC.1;HS.1"]})
    made = Curriculum.from_frames(
        standards=pd.DataFrame(standards), courses=listed, skill_separator=";"
    )
    assert made.units.labels.tolist() == [("M", "M")]
    assert made.courses.skills_of("M").tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"standards": {"S": ["zz"]}}, "standard 'S' asks for 'zz', which is no skill"),
        (
            {"standards": [{"standard": "S", "skills": ["a"], "grade": "fifth"}]},
            "standard 'S' has grade 'fifth'; expected an integer from -1 to 20, 'PK', 'K', or a "
            "band such as '9-12'",
        ),
        (
            {"standards": [{"standard": "S", "skills": ["a"]}] * 2},
            "standard 'S' is listed 2 times (entries 0, 1)",
        ),
        (
            {"courses": [{"course": "C", "units": [{"unit": "U", "standards": ["S"]}]}]},
            "unit 'U' of course 'C' names 'S', which is no standard",
        ),
        (
            {"courses": [{"course": "C", "units": [{"unit": "U", "skills": ["a"]}] * 2}]},
            "unit 'U' of course 'C' is listed twice",
        ),
        (
            {"courses": [{"course": "C", "units": [{"unit": "U"}]}]},
            "unit 'U' of course 'C' asks for no known standard or skill",
        ),
        ({"courses": [{"course": "C", "units": 3}]}, "course 'C' has units 3; expected a list"),
        (
            {"courses": [{"course": "C", "units": [{"unit": "U", "skills": ["a"], "x": 1}]}]},
            "courses row 0: key 'x' is not one of 'unit', 'title', 'standards', 'skills'",
        ),
        (
            {"courses": [{"course": "C", "grade": 99, "units": [{"unit": "U", "skills": "a"}]}]},
            "course 'C' has grade 99; expected an integer from -1 to 20",
        ),
    ],
)
def test_faults_of_standards_and_courses(part: dict[str, Any], problem: str) -> None:
    content = {"skills": SKILLS, **part}
    with pytest.raises(CurriculumError) as caught:
        Curriculum.from_dict(content)
    assert any(problem in one for one in caught.value.problems), caught.value
    mended = Curriculum.repaired(content)
    assert {repair.problem for repair in mended.repairs} == set(caught.value.problems)
    assert Curriculum.from_dict(mended.to_dict()) == mended


def test_labels_of_standards_are_of_one_kind() -> None:
    with pytest.raises(CurriculumError, match="standards: 1 labels are integers"):
        Curriculum.from_dict({"skills": ["a"], "standards": {"S": ["a"], 3: ["a"]}})


@pytest.mark.parametrize(
    ("value", "grades", "written"),
    [(5, (5, 5), 5), (5.0, (5, 5), 5), ("k", (0, 0), 0), ("PK", (-1, -1), -1), ("3", (3, 3), 3),
     ("9-12", (9, 12), "9-12"), ("K\u20132", (0, 2), "K-2"), ("PK-K", (-1, 0), "PK-K"),
     (np.int64(7), (7, 7), 7)],
)  # fmt: skip
def test_grades_read_and_written(value: Any, grades: Any, written: Any) -> None:
    assert as_grades(value) == grades
    assert grade_text(grades) == written
    assert as_grades(written) == grades


@pytest.mark.parametrize("value", [21, -2, 5.5, "12-9", "", "five", True, math.nan, [5], "100"])
def test_what_is_no_grade(value: Any) -> None:
    assert as_grades(value) is None


def test_plain_curricula_are_written_as_before() -> None:
    written = Curriculum.from_dict({"prerequisites": [["a", "b"]]}).to_dict()
    assert list(written) == ["format", "version", "skills", "prerequisites", "lessons", "items"]


def test_derived_arrays_are_read_only_too() -> None:
    school = Curriculum.from_dict({**MATHS, "prerequisites": [["a", "b"], [["b", "c"], "d"]]})
    sparse = (school.alternatives, school.alternatives_of, school.may_need, school.required_by,
              school.ancestry, school.implicit_credit, school.encompasses,
              school.standards.skills, school.courses.skills)  # fmt: skip
    arrays = [part for one in sparse for part in (one.data, one.indices, one.indptr)]
    arrays += [school.required_bits, school.thresholds, school.difficulty, school.courses.grades]
    assert not any(array.flags.writeable for array in arrays)


def test_a_unit_is_asked_for_by_course_and_name() -> None:
    with pytest.raises(UnknownLabelError, match="labels are pairs here, this is a string"):
        Curriculum.from_dict(MATHS).units.skills_of("start")
