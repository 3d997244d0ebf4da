"""Repeated events: warned of with their count, dropped on demand; contradictions are refused."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning, ResponseDataError

read: Any = ResponseLog.from_frame  # also given what its types forbid

BASE = {
    "student": ["x", "x", "y", "x", "x", "x"],
    "skill": ["a", "a", "a", "a", "b", "a"],
    "correct": [1, 1, 1, 1, 1, 0],
    "time": [5, 5, 5, 6, 5, 5],
}


def warned(columns, said, **options):
    with pytest.warns(DataWarning, match=said) as caught:
        log = read(columns, **options)
    assert [warning.filename for warning in caught] == [__file__]
    return log


def kept(log):
    return log.without_duplicates().extra["row"].tolist()


def numbered(columns):
    return {**columns, "row": np.arange(len(columns["student"]))}, {"extra": ["row"]}


def test_a_row_repeats_when_student_skill_answer_and_time_do():
    columns, options = numbered(BASE)
    log = warned(columns, r"^1 row \(row 1\) repeat a student, skill, item, answer and", **options)
    assert len(log) == 6
    assert kept(log) == [0, 2, 3, 4, 5]


def test_another_item_is_another_event():
    columns = {**BASE, "item": [1, 2, 1, 1, 1, 1]}
    assert len(read(columns).without_duplicates()) == 6
    columns = {**BASE, "item": [2, 2, 1, 1, 1, 1]}
    assert len(warned(columns, r"1 row \(row 1\)").without_duplicates()) == 5


def test_the_first_of_several_stays_wherever_they_stand():
    columns, options = numbered(
        {
            "student": [1, 2, 1, 2, 1, 1],
            "skill": ["a"] * 6,
            "correct": [1, 0, 1, 0, 1, 1],
            "time": [9, 1, 3, 1, 9, 9],
        }
    )
    log = warned(columns, r"^3 rows \(rows 3, 4, 5\) repeat", **options)
    assert kept(log) == [0, 1, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kept(log.without_duplicates()) == [0, 1, 2]


def test_exposures_repeat_too():
    columns = {"student": [1, 1], "skill": ["a", "a"], "correct": [None, None], "time": [1, 1]}
    assert len(warned(columns, r"1 row", unanswered="exposure").without_duplicates()) == 1


def test_practice_without_times_is_no_repetition():
    columns = {"student": [1] * 4, "skill": ["a"] * 4, "correct": [1] * 4, "item": [3] * 4}
    log = read(columns)
    assert log.without_duplicates() is log


def test_a_response_of_several_skills_repeats_as_a_whole_or_not_at_all():
    columns, options = numbered(
        {
            "student": [1, 1, 1, 1, 1, 2],
            "skill": [["a"], ["a", "b"], ["b", "a"], ["b"], ["a"], ["a", "b"]],
            "correct": [1, 1, 1, 1, 0, 1],
            "time": [7, 7, 7, 7, 7, 7],
        }
    )
    log = warned(columns, r"^1 row \(row 2\) repeat", **options)
    assert kept(log) == [0, 1, 3, 4, 5]
    apart = {name: values[:2] for name, values in columns.items()}
    assert kept(read(apart, **options)) == [0, 1]


events = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.frozensets(st.sampled_from("abc"), min_size=1),
        st.integers(0, 1),
        st.integers(0, 2),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=25,
)


@given(events, st.booleans())
def test_what_is_dropped_is_what_came_before(rows, with_items):
    student, skill, correct, time, item = map(list, zip(*rows, strict=True))
    columns, options = numbered(
        {"student": student, "skill": skill, "correct": correct, "time": time}
    )
    if with_items:
        columns["item"] = item
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        log = read(columns, **options)
    seen, first = set(), []
    for row, event in enumerate(rows):
        key = event if with_items else event[:4]
        if key not in seen:
            first.append(row)
        seen.add(key)
    assert kept(log) == first


def test_the_same_id_twice_is_one_event():
    columns, options = numbered(
        {
            "student": [1, 2, 1, 1],
            "skill": [["a", "b"], ["a"], ["b", "a"], ["a"]],
            "correct": [1, 0, 1, 1],
            "item": [4, 5, 4, 4],
            "time": [1, 2, 1, 1],
            "id": ["e", "f", "e", "g"],
        }
    )
    log = warned(columns, r"^1 row \(row 2\) repeat an id seen before and are kept", **options)
    assert kept(log) == [0, 1, 3]


def test_with_ids_the_same_answer_at_the_same_time_is_another_event():
    log = read({**BASE, "id": range(6)})
    assert log.without_duplicates() is log


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ({"student": [1, 2, 2, 2]}, "student"),
        ({"correct": [1, 1, 0, 1]}, "answer"),
        ({"skill": ["a", "b", "c", "b"]}, "skill; several skills of one response belong in one"),
        ({"skill": [["a"], ["b"], ["a", "b"], ["b"]]}, "skill; several skills of one response"),
        ({"item": [3, 4, 5, 4]}, "item"),
        ({"time": [0, 1, 2, 1]}, "time"),
    ],
)
def test_an_id_that_comes_back_with_something_else_is_refused(column, name):
    columns = {
        "student": [1, 2, 1, 2],
        "skill": ["a", "b", "a", "b"],
        "correct": [1, 1, 1, 1],
        "item": [3, 4, 3, 4],
        "time": [0, 1, 0, 1],
        "event": [11, 12, 11, 12],
    }
    assert len(warned(columns, r"2 rows \(rows 2, 3\)", id="event")) == 4
    with pytest.raises(ResponseDataError) as caught:
        read({**columns, **column}, id="event")
    (problem,) = caught.value.problems

    expected = "column 'event': 1 row (row 2) repeat an id with another "
    assert problem.startswith(expected + name)
