"""Several skills per response: a list, a separated text, an item's row of a Q-matrix."""

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError, ResponseDataError

read: Any = ResponseLog.from_frame  # also given what its types forbid

SETS = [["b", "a"], ["c"], ["a", "c", "a"], ["b", "a"]]
ENTRIES = ["b", "a", "c", "a", "c", "b", "a"]  # a skill named twice counts once
ROWS = [0, 0, 1, 2, 2, 3, 3]


def frame(**columns):
    return {"student": [1, 2, 1, 2], "correct": [1, 0, 1, 1], **columns}


def entries(log):
    assert log.skill_rows is not None
    assert log.skill_rows.dtype == np.int32
    return log.skill.values.tolist(), log.skill_rows.tolist()


def problems(given, **options):
    with pytest.raises(ResponseDataError) as caught:
        read(given, **options)
    return caught.value.problems


@pytest.mark.parametrize(
    "make",
    [
        dict,
        pd.DataFrame,
        pl.DataFrame,
        pl.LazyFrame,
        pa.table,
        lambda columns: duckdb.from_arrow(pa.table(columns)),
        lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    ],
)
def test_a_list_column_of_any_frame(make):
    log = read(make(frame(skill=SETS)))
    assert entries(log) == (ENTRIES, ROWS)
    assert log.skill.labels.tolist() == ["a", "b", "c"]
    assert len(log) == 4


def test_lists_of_one_length_and_lists_of_integers():
    log = read(frame(skill=[[3, 1], [1, 2], [2, 3], [1, 3]]))
    assert entries(log) == ([3, 1, 1, 2, 2, 3, 1, 3], [0, 0, 1, 1, 2, 2, 3, 3])
    arrays = [np.array(skills) for skills in ([3, 1], [1, 2], [2, 3], [1, 3])]
    assert entries(read(frame(skill=arrays))) == entries(log)
    fixed = pl.Series([[3, 1], [1, 2], [2, 3], [1, 3]], dtype=pl.Array(pl.Int64, 2))
    assert entries(read(frame(skill=fixed))) == entries(log)
    assert entries(read(pl.DataFrame(frame(skill=fixed)))) == entries(log)


def test_lists_of_one_skill_are_one_skill_per_response():
    log = read(frame(skill=[["a"], ["b", "b"], ["a"], ("c",)]))
    assert log.skill_rows is None
    assert log.skill.values.tolist() == ["a", "b", "a", "c"]


def test_sets_and_tuples_are_lists_too_and_sets_come_in_one_order():
    skills = [{"b", "a", "c"}, ("a",), frozenset("ab"), {"c"}]
    expected = (["a", "b", "c", "a", "a", "b", "c"], [0, 0, 0, 1, 2, 2, 3])
    assert entries(read(frame(skill=skills))) == expected


@pytest.mark.parametrize("separator", ["|", "++", ".", "~~", "(", "\\", "[a-c]", "^", " "])
@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, pa.table])
def test_a_separator_is_taken_literally(separator, make):
    texts = [separator.join(skills) for skills in SETS]
    log = read(make(frame(skill=texts)), skill_separator=separator)
    assert entries(log) == (ENTRIES, ROWS)


def test_skill_names_with_characters_that_mean_something_to_a_regex():
    names = ["a+b", "(x|y)*", "[0-9]", "\\d$", "^.?", "{2}"]
    texts = [f"{one}; {two}" for one, two in zip(names, names[1:] + names[:1], strict=True)]
    given = {"student": [1] * 6, "skill": texts, "correct": [1] * 6}
    log = read(given, skill_separator=";")
    assert log.skill.labels.tolist() == sorted(names)
    assert entries(log)[0][:4] == ["a+b", "(x|y)*", "(x|y)*", "[0-9]"]
    log = read({**given, "skill": names})
    assert log.skill.values.tolist() == names


def test_space_around_a_separated_name_is_no_part_of_it():
    log = read(frame(skill=["a, b", "b ,a", " a", "b"]), skill_separator=",")
    assert entries(log) == (["a", "b", "b", "a", "a", "b"], [0, 0, 1, 1, 2, 3])


def test_without_a_separator_a_text_is_one_skill():
    log = read(frame(skill=["a|b", "a", "b", "a|b"]))
    assert log.skill_rows is None
    assert log.skill.labels.tolist() == ["a", "a|b", "b"]


def test_an_empty_name_between_separators_is_refused():
    assert problems(frame(skill=["a|b", "a||b", "|a", "c"]), skill_separator="|") == (
        "column 'skill': 2 rows (rows 1, 2) with an empty skill name, as 'a||b', '|a'",
    )


def test_a_separator_where_there_is_nothing_to_separate():
    assert problems(frame(skill=[1, 2, 3, 4]), skill_separator="|") == (
        "column 'skill': skill_separator needs text, the column holds integers",
    )
    assert problems(frame(skill=SETS), skill_separator="|") == (
        "column 'skill': skill_separator needs text, the column holds lists",
    )


@pytest.mark.parametrize("separator", ["", 3])
def test_a_separator_that_is_none(separator):
    with pytest.raises(ParameterError, match=r"skill_separator must be a text, not empty, got"):
        read(frame(skill=list("abca")), skill_separator=separator)


@pytest.mark.parametrize(
    "q_matrix",
    [
        {7: ["b", "a"], 8: "c", 9: ("a", "c", "a"), 1000: ["unused", 5, None]},
        {np.int64(7): np.array(["b", "a"]), 8: ["c"], 9: ["a", "c"]},
        {"item": [7, 8, 9, 7, 9], "skill": ["b", "c", "a", "a", "c"]},
        pd.DataFrame({"item": [7, 8, 9, 7, 9], "skill": ["b", "c", "a", "a", "c"]}),
        pl.DataFrame({"item": [7, 8, 9, 7, 9], "skill": ["b", "c", "a", "a", "c"]}),
        pa.table({"item": [7, 8, 9, 7, 9], "skill": ["b", "c", "a", "a", "c"]}),
    ],
)
def test_a_q_matrix_gives_each_item_its_skills(q_matrix):
    log = read(frame(item=[7, 8, 9, 7]), q_matrix=q_matrix)
    assert entries(log) == (ENTRIES, ROWS)
    assert log.item.values.tolist() == [7, 8, 9, 7]


def test_a_q_matrix_takes_the_place_of_the_skill_column_and_items_of_another_name():
    given = frame(problem=list("xyxy"), skill=[None] * 4)
    log = read(given, item="problem", q_matrix={"x": 1, "y": {2}})
    assert log.skill_rows is None
    assert log.skill.values.tolist() == [1, 2, 1, 2]


def test_items_that_a_q_matrix_leaves_out():
    given = frame(item=[7, 8, 9, 8])
    expected = ("q_matrix: no skill for item 8, 9",)
    assert problems(given, q_matrix={7: ["a"], 9: []}) == expected
    assert problems(given, q_matrix={7: "a", 8: None, 9: float("nan")}) == expected
    frame_with_gaps = pl.DataFrame({"item": [7, 8, 9, 9], "skill": ["a", None, None, "b"]})
    assert problems(given, q_matrix=frame_with_gaps) == expected
    assert problems(frame(item=list("7897")), q_matrix={7: "a"}) == (
        "q_matrix: no skill for item '7', '8', '9'",
    )


def test_a_q_matrix_without_an_item_column():
    assert problems(frame(skill=SETS), q_matrix={7: "a"}) == (
        "column 'item' is missing; the columns are 'student', 'correct', 'skill'",
    )


def test_what_a_q_matrix_may_not_hold():
    given = frame(item=[7, 8, 9, 8])
    assert set(problems(given, q_matrix={7: "a", 8: 3, 9: [0.5, ""]})) == {
        "q_matrix: mixes int in the skills of item 8 and str in the skills of item 7; "
        "make them all strings or all integers",
        "q_matrix: empty text in the skills of item 9; expected integers or strings",
        "q_matrix: float in the skills of item 9; expected integers or strings",
    }
    assert problems(given, q_matrix=pl.DataFrame({"item": [7], "kc": ["a"]})) == (
        "q_matrix: column 'skill' is missing; the columns are 'item', 'kc'",
    )
    (problem,) = problems(given, q_matrix=[1, 2])
    assert problem.startswith("q_matrix: a builtins.list is not a dataframe")


def test_problems_of_a_q_matrix_stand_beside_those_of_the_columns():
    given = {"student": [None, 1], "correct": [3, 1], "item": [7, 8]}
    found = problems(given, q_matrix={7: "a"})
    assert [problem.split(":")[0] for problem in found] == [
        "column 'student'",
        "column 'correct'",
        "q_matrix",
    ]
    (problem,) = problems(frame(item=[1.5, 2, 3, 4]), q_matrix={7: "a"})
    assert problem.startswith("column 'item'")


def test_arguments_that_contradict_a_q_matrix():
    with pytest.raises(ParameterError) as caught:
        read(frame(), q_matrix={1: "a"}, item=False, skill_separator="|")
    assert caught.value.problems == (
        "skill_separator is for a skill column; q_matrix takes its place",
        "q_matrix needs items; item=False leaves them out",
    )


def test_what_lists_of_skills_may_not_hold():
    given = frame(skill=[["a", None], [1, 2], ["a", ["b"]], []])
    assert set(problems(given)) == {
        "column 'skill': 2 rows (rows 0, 3) missing; every response needs one",
        "column 'skill': mixes int in 1 row (row 1) and str in 2 rows (rows 0, 2); "
        "make them all strings or all integers",
        "column 'skill': list in 1 row (row 2); expected integers or strings",
    }
    given = frame(skill=[["a"], "b", None, ["", "c"]])
    assert set(problems(given)) == {
        "column 'skill': 1 row (row 2) missing; every response needs one",
        "column 'skill': empty text in 1 row (row 3); expected integers or strings",
        "column 'skill': 1 row (row 1) not a list, beside rows that are; give lists throughout",
    }
    (problem,) = problems(frame(skill=[[1], [2**64], [2], [3]]))
    assert problem == "column 'skill': holds integers beyond 64 bits; use strings"


def test_the_row_numbers_of_lists_are_those_of_the_frame():
    lists = [["a", "b", "c"]] * 3 + [["d", None]] + [["a"]] * 3 + [["e", 5]]
    given = {"student": [1] * 8, "skill": lists, "correct": [1] * 8}
    first, second = problems(given)
    assert first.startswith("column 'skill': 1 row (row 3) missing")
    assert "int in 1 row (row 7)" in second


def test_parts_of_a_log_with_several_skills():
    log = read(frame(skill=SETS, item=[1, 2, 3, 4]))
    part = log[[2, 1, 2]]
    assert entries(part) == (["a", "c", "c", "a", "c"], [0, 0, 1, 2, 2])
    assert part.skill.labels.tolist() == ["a", "b", "c"]
    assert log[[1]].skill_rows is None
    assert log[[1]].skill.values.tolist() == ["c"]
    empty = log[[]]
    assert len(empty) == len(empty.skill.codes) == 0
    assert len(empty[:]) == 0
    assert len(empty.sequences.order) == 0
    assert repr(empty) == "ResponseLog(0 responses, 2 students, 3 skills, 4 items)"
