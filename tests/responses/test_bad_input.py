# ruff: noqa: DTZ001 - times without a zone are the subject
"""What is refused, and the words it is refused with: every problem at once, rows from 0."""

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.responses import as_log

read: Any = ResponseLog.from_frame  # also given what its types forbid

GOOD = {"student": [1, 1, 2], "skill": ["a", "b", "a"], "correct": [1, 0, 1]}
SEVERAL = "give all of them a zone, or none"
ONE = "every response needs one"


def problems(columns, **options):
    with pytest.raises(ResponseDataError) as caught:
        read(columns, **options)
    text = str(caught.value)
    assert text.startswith("response log: ")
    assert all(f"\n  - {problem}" in text for problem in caught.value.problems)
    return list(caught.value.problems)


def test_every_missing_column_is_named_and_what_there_is():
    assert problems({"pupil": [1], "correct": [1]}, time="at", extra=["class"]) == [
        f"column {name!r} is missing; the columns are 'pupil', 'correct'"
        for name in ("student", "skill", "at", "class")
    ]
    assert problems(pl.DataFrame({"x": [1]}), student="pupil", skill="kc", correct="y") == [
        f"column {name!r} is missing; the columns are 'x'" for name in ("pupil", "y", "kc")
    ]
    assert problems({}) == [
        f"column {name!r} is missing; the columns are none"
        for name in ("student", "correct", "skill")
    ]


def test_every_problem_of_every_column_comes_in_one_error():
    found = problems(
        {
            "student": [None, 2, "x"],
            "correct": [1, 0.7, None],
            "item": [1.5, 2.5, 3.5],
            "time": [0, np.inf, np.nan],
            "id": [True, False, True],
        }
    )
    assert found == [
        "column 'skill' is missing; the columns are 'student', 'correct', 'item', 'time', 'id'",
        "column 'student': 1 row (row 0) missing; every response needs one",
        "column 'student': mixes int in 1 row (row 1) and str in 1 row (row 2); "
        "make them all strings or all integers",
        "column 'item': holds floating-point numbers; expected integers or strings",
        "column 'id': holds bool values; expected integers or strings",
        "column 'correct': 1 row (row 1) neither 0 nor 1 (such as 0.7)",
        "column 'correct': 1 row (row 2) missing; if these are exposures (a lesson read, no "
        'answer asked), say unanswered="exposure"',
        "column 'time': 1 row (row 2) missing; with a time column every row has one",
        "column 'time': 1 row (row 1) infinite; expected finite seconds",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.nan, "1 row (row 2) missing; if these are exposures"),
        (None, "1 row (row 2) missing; if these are exposures"),
        (np.inf, "1 row (row 2) neither 0 nor 1 (such as inf)"),
        (-np.inf, "1 row (row 2) neither 0 nor 1 (such as -inf)"),
        (0.7, "1 row (row 2) neither 0 nor 1 (such as 0.7)"),
        (2, "1 row (row 2) neither 0 nor 1 (such as 2"),
        (-1, "1 row (row 2) neither 0 nor 1 (such as -1"),
        (1 + 1e-9, "1 row (row 2) neither 0 nor 1 (such as 1.000000001"),
        (10**400, "1 row (row 2) neither 0 nor 1 (such as inf)"),
        ("yes", "1 row (row 2) hold text or objects; expected 0 or 1"),
        ("1", "1 row (row 2) hold text or objects; expected 0 or 1"),
        ("", "1 row (row 2) hold text or objects; expected 0 or 1"),
        (decimal.Decimal(1), "1 row (row 2) hold text or objects; expected 0 or 1"),
        (np.timedelta64(1, "s"), "1 row (row 2) hold text or objects; expected 0 or 1"),
        (np.complex128(1), "1 row (row 2) hold text or objects; expected 0 or 1"),
    ],
)
def test_what_correct_may_not_be(value, said):
    columns = {**GOOD, "correct": [1, 0, value]}
    frames: list[Any] = [columns, {**columns, "correct": np.array([1, 0, value], object)}]
    if value is None or isinstance(value, float):
        frames += [pl.DataFrame(columns, strict=False), pd.DataFrame(columns)]
    for given in frames:
        (problem,) = problems(given)
        assert problem.startswith(f"column 'correct': {said}")


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (["yes", "no", "yes"], "3 rows (rows 0, 1, 2) hold text or objects; expected 0 or 1"),
        (np.array(["yes", "no", "no"]), "holds text such as 'yes' in 3 rows (rows 0, 1, 2);"),
        (np.array([0, 1, 1], "M8[s]"), "holds dates such as datetime.datetime(1970, 1, 1, 0, 0)"),
        (np.array([0, 1, 1], complex), "holds complex128 such as 0j in 3 rows"),
        (np.array([0, 200, 3], np.uint8), "2 rows (rows 1, 2) neither 0 nor 1 (such as 200)"),
        (np.array([0, np.nan, 3], np.float16), "1 row (row 2) neither 0 nor 1 (such as 3.0)"),
    ],
)
def test_columns_of_correct_that_hold_something_else(column, said):
    assert problems({**GOOD, "correct": column})[0].startswith(f"column 'correct': {said}")


@pytest.mark.parametrize(
    "column", [[True, False, True], [1.0, 0.0, 1.0], [1, False, 1.0], [np.int8(1), 0, np.True_]]
)
def test_zeros_and_ones_of_every_kind_are_answers(column):
    assert read({**GOOD, "correct": column}).correct.tolist() == [1, 0, 1]


def test_rows_without_an_answer_are_accepted_only_as_exposures():
    for columns in (
        {**GOOD, "correct": [1, None, 0]},
        {**GOOD, "correct": [1, np.nan, 0]},
        pl.DataFrame({**GOOD, "correct": [True, None, False]}),
        pd.DataFrame({**GOOD, "correct": pd.array([1, None, 0], "Int8")}),
    ):
        assert 'say unanswered="exposure"' in problems(columns)[0]
        log = read(columns, unanswered="exposure")
        assert log.correct.tolist() == [1, -1, 0]
        assert log.answered.tolist() == [True, False, True]
        assert repr(log) == "ResponseLog(3 responses, 2 students, 2 skills, 1 exposure)"
    columns = {**GOOD, "correct": [1, 0.7, None]}
    assert problems(columns, unanswered="exposure") == [
        "column 'correct': 1 row (row 1) neither 0 nor 1 (such as 0.7)"
    ]
    assert problems({**GOOD, "correct": [1, -1, 0]}, unanswered="exposure")


def test_what_unanswered_may_be():
    with pytest.raises(ParameterError) as caught:
        read(GOOD, unanswered="drop", extra="class")
    assert caught.value.problems == (
        "unanswered must be one of 'refuse', 'exposure', got 'drop'",
        "extra must be a list of names, got the text 'class'",
    )


@pytest.mark.parametrize("role", ["student", "skill", "item", "id"])
@pytest.mark.parametrize(
    ("column", "said"),
    [
        (["a", None, "c"], ["1 row (row 1) missing; " + ONE]),
        (["a", np.nan, pd.NA], ["2 rows (rows 1, 2) missing; " + ONE]),
        ([1, None, 3], ["1 row (row 1) missing; " + ONE]),
        (["a", "", ""], ["empty text in 2 rows (rows 1, 2); " + ONE]),
        (["a", "", None], ["empty text in 1 row (row 1); e", "1 row (row 2) missing; " + ONE]),
        ([1, "a", 2], ["mixes int in 2 rows (rows 0, 2) and str in 1 row (row 1); make them all"]),
        ([0.5, "a", 2], ["float in 1 row (row 0); expected integers or", "mixes int in 1 row"]),
        ([1.0, 2.0, 3.0], ["holds floating-point numbers; expected integers or strings"]),
        ([True, False, True], ["holds bool values; expected integers or strings"]),
        ([1, True, 2], ["bool in 1 row (row 1); expected integers or strings"]),
        ([1, np.True_, 2], ["bool"]),
        (np.array([b"a", b"b", b"c"]), ["holds |S1 values; expected integers or strings"]),
        (["a", b"b", "c"], ["bytes in 1 row (row 1); expected integers or strings"]),
        ([2**63, 1, 2], ["holds integers beyond 64 bits; use strings"]),
        ([2**64, 1, 2], ["holds integers beyond 64 bits; use strings"]),
        ([-(2**63) - 1, 1, 2], ["holds integers beyond 64 bits; use strings"]),
        (np.array([np.uint64(2**63), 1, 2], object), ["holds integers beyond 64 bits; use"]),
        ([dt.date(2024, 1, 1)] * 3, ["date in 3 rows (rows 0, 1, 2); expected integers or"]),
        ([np.timedelta64(1, "s"), 1, 2], ["timedelta64 in 1 row (row 0); expected integers"]),
        ([{"a": 1}, "a", "b"], ["dict in 1 row (row 0); expected integers or strings"]),
    ],
)
def test_what_labels_may_not_be(role, column, said):
    found = problems({**GOOD, role: column})
    assert len(found) == len(said)
    for text in said:
        assert any(problem.startswith(f"column {role!r}: {text}") for problem in found), found


def test_a_float_column_with_gaps_says_where_they_are_and_why_it_is_one():
    frame = pd.DataFrame({**GOOD, "student": [1, None, 2]})
    assert problems(frame) == [
        "column 'student': 1 row (row 1) missing; every response needs one",
        "column 'student': holds floating-point numbers; expected integers or strings "
        "(gaps turn integers into floats in some dataframes)",
    ]


def test_the_column_is_named_as_the_caller_named_it():
    frame = pl.DataFrame({"pupil": ["x", None], "kc": ["", "b"], "outcome": [1, 2]})
    assert problems(frame, student="pupil", skill="kc", correct="outcome") == [
        "column 'pupil' (student): 1 row (row 1) missing; every response needs one",
        "column 'outcome': 1 row (row 1) neither 0 nor 1 (such as 2)",
        "column 'kc' (skill): empty text in 1 row (row 0); every response needs one",
    ]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_rows_are_counted_from_zero_whatever_the_index_and_only_the_first_are_listed(frame):
    columns = {"student": ["a"] * 9, "skill": ["a"] * 9, "correct": [1, 2, 1] + [2] * 6}
    given = frame(columns)
    if frame is pd.DataFrame:
        given.index = range(100, 109)
    assert problems(given) == [
        "column 'correct': 7 rows (rows 1, 3, 4, 5, 6, …) neither 0 nor 1 (such as 2)"
    ]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([0, None, 2], ["1 row (row 1) missing; with a time column every row has one"]),
        ([0, np.nan, 2], ["1 row (row 1) missing; with a time"]),
        (np.array(["2024", "NaT", "2025"], "M8[s]"), ["1 row (row 1) missing; with a time"]),
        (
            [np.datetime64("2024", "s"), np.datetime64("NaT", "s"), None],
            ["2 rows (rows 1, 2) missing"],
        ),
        ([0, np.inf, -np.inf], ["2 rows (rows 1, 2) infinite; expected finite seconds"]),
        (
            ["01/31/2024 08:00"] * 3,
            ["str in 3 rows (rows 0, 1, 2); expected seconds or datetimes (in a file: ISO 8601"],
        ),
        (["2024-01-01"] * 3, ["str in 3 rows (rows 0, 1, 2); expected seconds or datetimes"]),
        (np.array(["2024"] * 3), ["holds text such as '2024'; expected seconds or datetimes"]),
        ([True, False, True], ["holds bool such as True; expected seconds or datetimes"]),
        ([0, "1", 2], ["str in 1 row (row 1); expected seconds or datetimes"]),
        ([dt.time(8)] * 3, ["time in 3 rows (rows 0, 1, 2); expected seconds or datetimes"]),
        ([2**53, 0, 1], ["integers beyond 2**53 cannot be held exactly as seconds; give"]),
        ([-(2**53), 0, 1], ["integers beyond 2**53 cannot be held exactly as seconds; give"]),
        (np.array([2**63, 1, 2], np.uint64), ["integers beyond 2**53 cannot be held exactly"]),
        ([2**60, None, 2], ["an integer beyond 2**53 in 1 row (row 0); expected", "1 row (row 1)"]),
        (
            [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None],
            ["datetimes without a time zone in 1 row (row 0) beside datetimes with one", "1 row"],
        ),
        ([dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), 3], ["datetimes w", "sec"]),
        ([dt.datetime(2024, 1, 1), 5, 6.5], ["seconds in 2 rows (rows 1, 2) beside datetimes"]),
    ],
)
def test_what_times_may_not_be(column, said):
    found = problems({**GOOD, "time": column})
    assert len(found) == len(said)
    for text in said:
        assert any(problem.startswith(f"column 'time': {text}") for problem in found), found


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_null_times_of_frames(frame):
    for column in (
        [dt.datetime(2024, 1, 1), None, dt.datetime(2024, 1, 2)],
        [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None, dt.datetime(2024, 1, 2, tzinfo=dt.UTC)],
        [dt.date(2024, 1, 1), None, dt.date(2024, 1, 2)],
        [1, None, 2],
    ):
        (problem,) = problems(frame({**GOOD, "time": column}))
        assert problem.startswith("column 'time': 1 row (row 1) missing")


def test_an_empty_log():
    empty: dict[str, list[int]] = {"student": [], "skill": [], "correct": []}
    said = "it has no rows; expected at least one response"
    for columns in (empty, pd.DataFrame(empty), pl.DataFrame(empty), pl.LazyFrame(empty)):
        assert problems(columns) == [said]
    missing, nothing = problems({"student": [], "correct": []})
    assert (missing[:25], nothing) == ("column 'skill' is missing", said)


def test_one_response_is_a_log():
    log = read({"student": ["x"], "skill": ["a"], "correct": [1], "time": [0]})
    assert repr(log) == "ResponseLog(1 response, 1 student, 1 skill)"
    assert log.chronological is None
    assert [part.tolist() for part in log.sequences] == [[0], [0], [1], [0], [0]]


def test_columns_of_different_length_or_dimension():
    columns = {"student": np.zeros((3, 1), int), "skill": ["a", "b"], "correct": [1, 0, 5]}
    assert problems({**columns, "class": np.array(3)}, extra=["class"]) == [
        "column 'student' has 2 dimensions; one is expected",
        "column 'class' has 0 dimensions; one is expected",
        "columns differ in length: 'correct' has 3, 'skill' has 2",
        "column 'correct': 1 row (row 2) neither 0 nor 1 (such as 5)",
    ]


@pytest.mark.parametrize("column", ["add", b"add", {"a", "b"}, {"a": 1}, 3, 1.5])
def test_what_is_no_column(column):
    name = type(column).__name__
    columns = {"student": [1, 2, 3], "skill": column, "correct": [1, 1, 0]}
    assert problems(columns) == [f"column 'skill' is of type {name}; expected a list or an array"]


def test_other_sequences_are_columns():
    columns = {"student": range(3), "skill": ("a", "b", "a"), "correct": iter([1, 0, 1])}
    log = read(columns)
    assert log.student.values.tolist() == [0, 1, 2]
    assert log.correct.tolist() == [1, 0, 1]


def test_the_frame_given_to_a_model_is_read_by_the_standard_names():
    log = as_log(GOOD)
    assert as_log(log) is log
    assert log.skill.values.tolist() == ["a", "b", "a"]
    with pytest.raises(ResponseDataError, match="'skill' is missing"):
        as_log({"student": [1], "correct": [1]})
