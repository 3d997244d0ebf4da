from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.pages import Page
from tests.sequencing.fakes import chain

from adaptlearn import Curriculum
from adaptlearn.errors import CurriculumError, DataWarning, ParameterError, UnknownLabelError

FAULTY: dict[str, Any] = {
    "skills": ["a", "b", "c", "d", "e", "b"],
    "prerequisites": [
        ["a", "b"],
        ["b", "a"],
        ["c", "c"],
        ["c", "d"],
        ["c", "d"],
        ["d", "e"],
        ["e", "c"],
        ["a", "zz"],
    ],
    "lessons": [
        {"lesson": "L1", "skills": ["a"], "minutes": 20},
        {"lesson": "L1", "skills": ["b"]},
        {"lesson": "L2", "skills": ["b", "nope"], "minutes": -1},
        {"lesson": "L3", "skills": []},
        {"lesson": "L4", "skills": ["c"], "minutes": math.nan},
    ],
    "items": [
        {"item": "q1", "skills": ["a"]},
        {"item": "q1", "skills": ["a"]},
        {"item": "q2", "skills": ["gone"]},
    ],
}
PROBLEMS = (
    "skill 'b' is listed 2 times (entries 1, 5)",
    "prerequisite 'a' -> 'zz' has an end that is no skill: 'zz'",
    "skill 'c' is its own prerequisite",
    "prerequisite 'c' -> 'd' is listed 2 times",
    "prerequisites form a cycle: a -> b -> a",
    "prerequisites form a cycle: c -> d -> e -> c",
    "lesson 'L1' is listed 2 times (entries 0, 1)",
    "lesson 'L2' teaches 'nope', which is no skill",
    "lesson 'L2' has minutes -1; expected a number above 0",
    "lesson 'L3' teaches no known skill",
    "lesson 'L4' has minutes nan; expected a number above 0",
    "item 'q1' is listed 2 times (entries 0, 1)",
    "item 'q2' exercises 'gone', which is no skill",
    "item 'q2' exercises no known skill",
)


def test_every_fault_is_reported_at_once() -> None:
    with pytest.raises(CurriculumError) as caught:
        Curriculum.from_dict(FAULTY)
    assert sorted(caught.value.problems) == sorted(PROBLEMS)
    assert "14 problems" in str(caught.value)


def test_repaired_drops_what_breaks_it_and_says_so() -> None:
    mended = Curriculum.repaired(FAULTY)
    assert sorted(repair.problem for repair in mended.repairs) == sorted(PROBLEMS)
    assert mended.skills.tolist() == ["a", "b", "c", "d", "e"]
    assert mended.to_dict()["prerequisites"] == [["a", "b"], ["c", "d"], ["d", "e"]]
    assert mended.to_dict()["lessons"] == [
        {"lesson": "L1", "skills": ["a"], "minutes": 20.0},
        {"lesson": "L2", "skills": ["b"]},
        {"lesson": "L4", "skills": ["c"]},
    ]
    assert mended.to_dict()["items"] == [{"item": "q1", "skills": ["a"]}]
    said = {str(repair) for repair in mended.repairs if repair.kind == "cycle"}
    assert said == {
        "prerequisites form a cycle: a -> b -> a: "
        "dropped 'b' -> 'a', the last of them to be listed",
        "prerequisites form a cycle: c -> d -> e -> c: "
        "dropped 'e' -> 'c', the last of them to be listed",
    }


def test_a_sound_curriculum_needs_no_repair() -> None:
    assert Curriculum.repaired(chain().to_dict()).repairs == ()
    assert Curriculum.repaired(chain().to_json()) == chain()


def test_a_near_spelling_is_named() -> None:
    with pytest.raises(
        CurriculumError, match=r"'fractoins', which is no skill \(did you mean 'fractions'\?\)"
    ):
        Curriculum.from_dict({"skills": ["fractions"], "lessons": {"L": ["fractoins"]}})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "there is no skill"),
        ({"skills": ["a"], "lessons": []}, "there is no lesson"),
        ({"skills": ["a", 1]}, "1 labels are integers (such as 1), 1 are strings"),
        ({"skills": 3}, "skills is a int; expected a list"),
        ({"skills": ["a"], "version": 2}, "format version 2"),
        ({"skills": ["a"], "format": "other"}, "its format is 'other'"),
    ],
)
def test_what_cannot_be_mended_is_refused(content: dict[str, Any], message: str) -> None:
    for make in (Curriculum.from_dict, Curriculum.repaired):
        with pytest.raises(CurriculumError) as caught:
            make(content)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message", "remedy"),
    [
        ({"skills": ["a", None]}, "skills row 1: skill is None", "dropped the row"),
        ({"skills": ["a", True]}, "skills row 1: skill is True", "dropped the row"),
        ({"skills": ["a", ""]}, "skills row 1: skill is ''", "dropped the row"),
        ({"skills": ["a"], "prerequisites": [["a"]]}, "row 0: is ['a']", "dropped the row"),
        ({"skills": ["a"], "prereqs": []}, "key 'prereqs' is not one of", "ignored it"),
        (
            {"skills": ["a"], "lessons": [{"lesson": 1, "skills": "a", "minuts": 3}]},
            "key 'minuts' is not one of",
            "ignored it",
        ),
        (
            {"skills": ["a"], "lessons": [{"lesson": 1, "skills": ["a", "a"]}]},
            "lesson 1 names a skill twice",
            "kept it once",
        ),
        (
            {"skills": ["a"], "lessons": [{"lesson": 1, "skills": "a", "minutes": None}]},
            "lesson 1 has minutes nan",
            "left its minutes unknown",
        ),
        (
            {"skills": ["a"], "lessons": [{"lesson": 1, "skills": "a", "minutes": True}]},
            "lesson 1 has minutes True",
            "left its minutes unknown",
        ),
        (
            {"skills": ["a"], "items": [{"item": 1, "skills": [1.5]}]},
            "item 1 names 1.5 as a skill",
            "dropped the row",
        ),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_read(content: dict[str, Any], message: str, remedy: str) -> None:
    with pytest.raises(CurriculumError) as caught:
        Curriculum.from_dict(content)
    assert any(message in problem for problem in caught.value.problems)
    (repair,) = Curriculum.repaired(content).repairs
    assert message in repair.problem
    assert repair.remedy == remedy


def test_the_short_forms_mean_the_same() -> None:
    short = Curriculum.from_dict(
        {
            "skills": {"a": "Adding", "b": "Doubling"},
            "prerequisites": {"b": ["a"], "a": []},
            "lessons": {"L": ["a", "b"]},
            "items": {"q": "a"},
        }
    )
    long = Curriculum.from_dict(
        {
            "skills": [{"skill": "a", "title": "Adding"}, {"skill": "b", "title": "Doubling"}],
            "prerequisites": [{"prerequisite": "a", "skill": "b"}],
            "lessons": [{"lesson": "L", "skills": ["b", "a"]}],
            "items": [{"item": "q", "skills": ["a"]}],
        }
    )
    assert short == long
    assert hash(short) == hash(long)
    assert short.skill_titles == ("Adding", "Doubling")


def test_without_lessons_there_is_one_per_skill() -> None:
    school = Curriculum.from_dict({"skills": {"a": "Adding", "b": "Doubling"}})
    assert school.lessons.tolist() == ["a", "b"]
    assert school.lesson_titles == ("Adding", "Doubling")
    assert np.isnan(school.minutes).all()
    assert school.skills_of("b").tolist() == ["b"]


FRAMES = {
    "skills": {"skill": ["a", "b"], "title": ["Adding", "Doubling"]},
    "prerequisites": {"prerequisite": ["a"], "skill": ["b"]},
    "lessons": {"lesson": ["L", "M", "L"], "skill": ["a", "b", "b"], "minutes": [5.0, 7.5, 5.0]},
    "items": {"item": [10, 11], "skill": ["a", "b"]},
}


def make_duckdb(columns: dict[str, Any]) -> Any:
    import duckdb

    return duckdb.from_arrow(pa.table(columns))


@pytest.mark.parametrize(
    "make", [dict, pd.DataFrame, pl.DataFrame, lambda c: pl.DataFrame(c).lazy(), pa.table,
             make_duckdb],
    ids=["dict", "pandas", "polars", "lazy", "pyarrow", "duckdb"],
)  # fmt: skip
def test_any_frame_reads_the_same(make: Any) -> None:
    school = Curriculum.from_frames(**{name: make(table) for name, table in FRAMES.items()})
    assert school.to_dict() == {
        "format": "adaptlearn-curriculum",
        "version": 1,
        "skills": [{"skill": "a", "title": "Adding"}, {"skill": "b", "title": "Doubling"}],
        "prerequisites": [["a", "b"]],
        "lessons": [
            {"lesson": "L", "skills": ["a", "b"], "minutes": 5.0},
            {"lesson": "M", "skills": ["b"], "minutes": 7.5},
        ],
        "items": [{"item": 10, "skills": ["a"]}, {"item": 11, "skills": ["b"]}],
    }


def test_frames_with_other_names_lists_and_separators() -> None:
    school = Curriculum.from_frames(
        skills=pd.DataFrame({"name": ["a", "b"], "colour": ["red", "blue"]}),
        lessons=pd.DataFrame({"lesson": ["L"], "kcs": ["a; b"]}),
        items=pl.DataFrame({"item": [1], "skills": [["b", "a"]]}),
        columns={"skills": {"skill": "name"}, "lessons": {"skills": "kcs"}},
        skill_separator=";",
    )
    assert school.skills_of("L").tolist() == ["a", "b"]
    assert school.exercises.toarray().tolist() == [[1, 1]]


def test_all_tables_problems_come_together() -> None:
    with pytest.raises(CurriculumError) as caught:
        Curriculum.from_frames(
            skills={"name": ["a"]},
            prerequisites={"from": ["a"], "to": ["b"]},
            lessons={"lesson": ["L"], "minutes": [1]},
        )
    text = str(caught.value)
    for column in ("'skill'", "'prerequisite'", "'skills'"):
        assert f"column {column} is missing" in text
    with pytest.raises(CurriculumError, match="column 'named' is missing"):
        Curriculum.from_frames(skills={"name": ["a"]}, columns={"skills": {"title": "named"}})
    with pytest.raises(ParameterError, match=r"no table 'skill'.*\n.*no role 'name'"):
        Curriculum.from_frames(
            skills={"skill": ["a"]}, columns={"skill": {}, "skills": {"name": "x"}}
        )


def test_rows_of_one_lesson_that_disagree() -> None:
    lessons = {"lesson": ["L", "L"], "skill": ["a", "b"], "minutes": [5, 6], "title": ["x", None]}
    with pytest.raises(CurriculumError) as caught:
        Curriculum.from_frames(lessons=lessons)
    assert caught.value.problems == (
        "lessons row 1: lesson 'L' has title None, before 'x'",
        "lessons row 1: lesson 'L' has minutes 6, before 5",
    )
    assert Curriculum.from_frames(lessons=lessons, repair=True).minutes.tolist() == [5.0]


def test_a_byte_order_mark_is_reported_and_read() -> None:
    skills = pl.DataFrame({"\ufeffskill": ["a", "b"]})
    with pytest.raises(CurriculumError, match="begins with a byte-order mark"):
        Curriculum.from_frames(skills=skills)
    mended = Curriculum.from_frames(skills=skills, repair=True)
    assert mended.skills.tolist() == ["a", "b"]
    assert mended.repairs[0].kind == "byte-order mark"


@pytest.mark.parametrize("title", ["?物線直覺 1", "#NAME?", "caf\ufffd", "na?ve sums"])
def test_damaged_titles_are_warned_about_and_kept(title: str) -> None:
    with pytest.warns(DataWarning, match="1 titles hold characters") as caught:
        school = Curriculum.from_dict({"skills": {"a": title, "b": "What is a limit? (2)"}})
    assert caught[0].filename == __file__
    assert school.skill_titles[0] == title
    with pytest.warns(DataWarning) as caught:
        Curriculum.repaired({"skills": {"a": title}})
    assert caught[0].filename == __file__


def test_json_from_text_and_file(tmp_path: Path) -> None:
    school = Curriculum.from_dict(
        {"skills": {"a": "加法", "b": "Б"}, "prerequisites": [["a", "b"]], "lessons": {"L": "a"}}
    )
    path = tmp_path / "school.json"
    path.write_text("\ufeff" + school.to_json(indent=1), encoding="utf-8")
    assert Curriculum.from_json(path) == school
    assert Curriculum.from_json(str(path)) == school
    assert Curriculum.from_json("\ufeff \n" + school.to_json()) == school
    assert Curriculum.repaired(path).repairs == ()
    numbered = Curriculum.from_dict({"skills": [3, 1], "prerequisites": [[3, 1]]})
    assert Curriculum.from_json(numbered.to_json()).skills.tolist() == [3, 1]


def test_json_faults(tmp_path: Path) -> None:
    path, other = tmp_path / "latin.json", tmp_path / "list.json"
    path.write_bytes('{"skills": ["é"]}'.encode("latin-1"))
    other.write_text("[]")
    with pytest.raises(CurriculumError, match="not whole JSON"):
        Curriculum.from_json('{"skills": [')
    with pytest.raises(CurriculumError, match="not whole JSON in UTF-8"):
        Curriculum.from_json(path)
    with pytest.raises(CurriculumError, match="holds a list"):
        Curriculum.from_json(other)
    with pytest.raises(FileNotFoundError):
        Curriculum.from_json(tmp_path / "absent.json")
    with pytest.raises(CurriculumError, match="key 'L' stands twice"):
        Curriculum.from_json('{"skills": ["a"], "lessons": {"L": ["a"], "L": ["a"]}}')


def test_the_fingerprint_is_of_the_content() -> None:
    content = chain().to_dict()
    again = json.loads(json.dumps(content))
    again["prerequisites"].reverse()
    assert Curriculum.from_dict(again).fingerprint == chain().fingerprint
    again["prerequisites"].pop()
    assert Curriculum.from_dict(again).fingerprint != chain().fingerprint


def test_queries_by_hand() -> None:
    school = chain()  # skills: count, add, multiply, measure
    assert school.ancestors("multiply").tolist() == ["count", "add"]
    assert school.ancestors("count").tolist() == []
    assert school.descendants("count").tolist() == ["add", "multiply", "measure"]
    assert school.topological_order.tolist() == ["count", "add", "multiply", "measure"]
    assert school.depth.tolist() == [0, 1, 2, 1]
    mastered = [[False] * 4, [True, False, False, True], [True, True, True, True]]
    assert school.outer_fringe(mastered).tolist() == [
        [True, False, False, False],
        [False, True, False, False],
        [False, False, False, False],
    ]
    with pytest.raises(UnknownLabelError, match="did you mean 'measure'"):
        school.ancestors("mesure")


def test_ties_of_the_topological_order_follow_the_input() -> None:
    school = Curriculum.from_dict({"skills": ["d", "c", "b", "a"], "prerequisites": [["a", "d"]]})
    assert school.topological_order.tolist() == ["c", "b", "a", "d"]


def test_a_lesson_may_teach_its_own_prerequisites() -> None:
    school = Curriculum.from_dict(
        {
            "prerequisites": [["a", "b"], ["x", "b"]],
            "lessons": {"both": ["a", "b"], "only_b": ["b"], "only_x": ["x"]},
        }
    )  # skills: a, b, x
    assert school.open_lessons(
        np.array([[False, False, False], [False, False, True], [True, False, True], [True] * 3])
    ).tolist() == [
        [False, False, True],
        [True, False, False],
        [True, True, False],
        [False, False, False],
    ]


def test_many_unmastered_prerequisites_do_not_wrap_around() -> None:
    # 256 and 65,536 are 0 in one and two bytes.
    for n in (256, 65_536):
        school = Curriculum.from_dict(
            {"skills": list(range(n + 1)), "prerequisites": [(k, n) for k in range(n)]}
        )
        fringe = school.outer_fringe(np.zeros((1, n + 1), bool))
        assert fringe.sum() == n
        assert not fringe[0, n]


def test_students_are_counted_in_blocks_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    mastered = np.random.default_rng(0).random((57, 4)) < 0.5
    content = {**chain().to_dict(), "standards": {"S": ["count", "add"], "T": ["measure"]}}
    standards = Curriculum.from_dict(content).standards
    whole = standards.share(mastered)
    assert whole[:, 0].tolist() == (mastered[:, :2].sum(axis=1) / 2).tolist()
    monkeypatch.setattr("adaptlearn.curriculum.outline._CELLS", 20)
    assert (standards.share(mastered) == whole).all()


@pytest.mark.parametrize("n_students", [0, 1, 7, 8, 9, 57])
def test_any_number_of_students_is_told_apart(n_students: int) -> None:
    mastered = np.random.default_rng(n_students).random((n_students, 4)) < 0.5
    content = {**chain().to_dict(), "standards": {"S": ["count", "add"], "T": ["measure"]}}
    school = Curriculum.from_dict(content)
    asks: tuple[Any, ...] = (
        school.outer_fringe,
        school.open_lessons,
        school.standards.finished,
        school.standards.share,
    )
    for ask in asks:
        answer = ask(mastered)
        assert len(answer) == n_students
        for row in range(n_students):
            assert (ask(mastered[row : row + 1])[0] == answer[row]).all()


@pytest.mark.parametrize("wrong", [[[0.5] * 4], [True] * 4, [[True] * 3], [[1, 0, 1, 0]]])
def test_mastered_must_be_bool_and_of_the_right_shape(wrong: Any) -> None:
    with pytest.raises(ParameterError, match="bool array of shape"):
        chain().outer_fringe(wrong)


def test_arrays_are_read_only() -> None:
    school = chain()
    for array in (school.skills, school.lessons, school.minutes, school.prerequisites.data):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[0]


def test_each_reader_repairs_what_it_is_asked_to(tmp_path: Path) -> None:
    loop = {"skills": ["a", "b"], "prerequisites": [["a", "b"], ["b", "a"]]}
    path = tmp_path / "loop.json"
    path.write_text(json.dumps(loop), encoding="utf-8")
    edges = {"prerequisite": ["a", "b"], "skill": ["b", "a"]}
    tables: dict[str, Any] = {"skills": {"skill": ["a", "b"]}, "prerequisites": edges}
    mended = [
        Curriculum.from_dict(loop, repair=True),
        Curriculum.from_json(path, repair=True),
        Curriculum.from_frames(**tables, repair=True),
        Curriculum.repaired(loop),
        Curriculum.repaired(path),
    ]
    for school in mended:
        assert school == mended[0]
        assert [repair.kind for repair in school.repairs] == ["cycle"]
    strict: list[Callable[[], Curriculum]] = [
        lambda: Curriculum.from_dict(loop),
        lambda: Curriculum.from_json(path),
        lambda: Curriculum.from_frames(**tables),
    ]
    for read in strict:
        with pytest.raises(CurriculumError, match="form a cycle"):
            read()


def test_a_notebook_shows_how_many_skills_stand_on_each_level() -> None:
    edges = [[k, k + 1] for k in range(30)]
    content = {"skills": ["<i>", "b"], "prerequisites": [["<i>", "b"]], "items": {"q": ["b"]}}
    page = Page(Curriculum.from_dict(content)._repr_html_())
    assert "2 skills · 1 prerequisite · 2 lessons · 1 item" in page.text
    assert page.text.splitlines()[-6:] == ["0", "1", "<i>", "1", "1", "b"]
    assert "i" not in page.tags
    assert Page(Curriculum.from_dict({"prerequisites": edges})._repr_html_()).tags.count("tr") == 14
