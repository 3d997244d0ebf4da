"""Students, skills, items and ids: integers or texts, each told apart exactly."""

import enum
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import ResponseDataError

read: Any = ResponseLog.from_frame  # also given what its types forbid


def stored(column):
    labels = column.labels.tolist()
    return labels, list(map(type, labels)), column.codes.tolist(), str(column.codes.dtype)


def test_integers_of_every_width_are_read_alike():
    values = np.array([100, -100, 0, 100])
    for kind in (np.int8, np.int16, np.int32, np.int64):
        log = read({"student": values.astype(kind), "skill": values, "correct": np.ones(4, kind)})
        assert log.student.values.tolist() == [100, -100, 0, 100]
        assert log.student.codes.tolist() == [2, 0, 1, 2]
    for unsigned in (np.uint8, np.uint16, np.uint32, np.uint64):
        counts = abs(values).astype(unsigned)
        log = read({"student": counts, "skill": counts, "correct": counts // 100})
        assert log.student.values.tolist() == [100, 100, 0, 100]
        assert log.correct.tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize("n_between", [0, 300])
def test_small_integers_whose_difference_is_not_small(n_between):
    values = np.concatenate([[-128, 127], np.arange(-100, 100).repeat(n_between)]).astype(np.int8)
    log = read({"student": values, "skill": values, "correct": values > 0})
    np.testing.assert_array_equal(log.student.values, values)


@pytest.mark.parametrize("values", [[2**63 - 1, 2**63 - 2], [-(2**63), 2**63 - 1], [-(2**63), 0]])
def test_integers_at_the_ends_of_64_bits(values):
    log = read({"student": values, "skill": [0, 0], "correct": [0, 1]})
    assert log.student.values.tolist() == values


def test_texts_are_told_apart_to_the_last_character():
    names: Any = [
        "a",
        "a ",
        " a",
        "A",
        "a\0",
        "a\0\0",
        "á",
        "a\u0301",
        "💡",
        "a\nb",
        "0",
        "00",
        "*",
    ]
    for column in (
        names,
        list(map(np.str_, names)),
        np.array(names, object),
        pd.Series(names),
        pd.Series(names, dtype=object),
        pd.Series(names, dtype="string[python]"),
        pd.Series(pd.Categorical.from_codes(range(len(names)), names)),
        pl.Series(names),
        pl.Series(names).cast(pl.Categorical),
        pa.array(names),
    ):
        frame = {"student": column, "skill": column, "correct": [1] * len(names)}
        assert read(frame).student.values.tolist() == names
    for table in (pd.DataFrame, pl.DataFrame, pa.table):
        log = read(table({"student": names, "skill": names, "correct": [1] * len(names)}))
        assert log.student.values.tolist() == log.skill.values.tolist() == names
        assert set(map(type, log.student.labels.tolist())) == {str}


def test_fixed_width_texts_of_numpy():
    names = np.array(["bob", "ann", "bob"])
    log = read({"student": names, "skill": names, "correct": [1, 0, 1]})
    assert stored(log.student) == (["ann", "bob"], [str] * 2, [1, 0, 1], "int32")


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="NumPy before 2.0")
def test_variable_width_texts_of_numpy():
    kind = np.dtypes.StringDType(na_object=None)
    column = np.array(["bob", "ann", "a\0"], kind)
    frame = {"student": column, "skill": [1, 1, 1], "correct": [1, 0, 1]}
    assert read(frame).student.values.tolist() == ["bob", "ann", "a\0"]
    frame["student"] = np.array(["bob", None, "a"], kind)
    with pytest.raises(ResponseDataError, match=r"'student': 1 row \(row 1\) missing"):
        read(frame)


def test_texts_of_an_enumeration_count_as_their_values():
    class Skill(str, enum.Enum):  # noqa: UP042 - StrEnum says its value, this kind its name
        ADD = "add"

    frame = {"student": [1, 2], "skill": [Skill.ADD, "add"], "correct": [1, 0]}
    assert stored(read(frame).skill) == (["add"], [str], [0, 0], "int32")


def test_categories_that_are_integers_stay_integers():
    frame = pd.DataFrame({"student": [30, 4, 30], "skill": ["a"] * 3, "correct": [1, 0, 1]})
    frame["student"] = frame["student"].astype("category")
    assert read(frame).student.labels.tolist() == [4, 30]
    frame["student"] = pd.Series([30, None, 4], dtype="Int64").astype("category")
    with pytest.raises(ResponseDataError) as caught:
        read(frame)
    assert caught.value.problems == (
        "column 'student': 1 row (row 1) missing; every response needs one",
    )


def test_gaps_in_categories_are_seen():
    values = ["a", None, "b"]
    for column in (
        pd.Series(values, dtype="category"),
        pl.Series(values, dtype=pl.Categorical),
        pl.Series(values, dtype=pl.Enum(["b", "a"])),
        pa.array(values).dictionary_encode(),
    ):
        frame = {"student": column, "skill": [1, 1, 1], "correct": [1, 0, 1]}
        tables = {pd.Series: pd.DataFrame, pl.Series: pl.DataFrame}
        for given in (frame, tables.get(type(column), pa.table)(frame)):
            with pytest.raises(ResponseDataError, match=r"'student': 1 row \(row 1\) missing"):
                read(given)
