"""Every kind of frame gives the same log, stays as it was, and shares nothing with it."""

import copy
import datetime as dt
import subprocess
import sys
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import MissingDependency, ParameterError, ResponseDataError
from adaptlearn.responses.frames import columns_of, frame_of
from adaptlearn.responses.labelled import Labelled

read: Any = ResponseLog.from_frame  # also given what its types forbid

START = dt.datetime(2024, 3, 1, 8, tzinfo=dt.UTC)
COLUMNS: dict[str, Any] = {
    "student": ["ann", "bob", "ann", "Ça va", "bob"],
    "skill": ["+", "÷", "+", "a|b", "÷"],
    "correct": [1, 0, 0, 1, 1],
    "item": [7, -3, 7, 7, 12],
    "time": [START + dt.timedelta(minutes=m) for m in (0, 1, 3, 2, 4)],
    "id": [10, 11, 12, 13, 14],
    "class": ["x", "y", "x", "z", "y"],
}
NAIVE = [moment.replace(tzinfo=None) for moment in COLUMNS["time"]]


def lists():
    return copy.deepcopy(COLUMNS)


def arrays():
    objects = {name: np.array(COLUMNS[name], object) for name in ("student", "skill", "class")}
    integers = {name: np.array(COLUMNS[name]) for name in ("correct", "item", "id")}
    return {**objects, **integers, "time": np.array(COLUMNS["time"], object)}


def pandas_frame():
    return pd.DataFrame(COLUMNS, index=[9, 3, 3, 1, 0])


def pandas_objects():
    return pandas_frame().astype({"student": object, "skill": object, "correct": object})


def pandas_categories():
    frame = pandas_frame().astype({"student": "category", "skill": "category", "item": "category"})
    names = ["bob", "Ça va", "aaa, who is absent", "ann"]
    frame["student"] = frame["student"].cat.set_categories(names)
    return frame


def pandas_nullable():
    types = {"item": "Int64", "correct": "boolean", "student": "string", "id": "UInt8"}
    return pandas_frame().astype(types)


def pandas_arrow():
    return pandas_frame().convert_dtypes(dtype_backend="pyarrow")


def polars_frame():
    return pl.DataFrame(COLUMNS)


def polars_lazy():
    return pl.DataFrame(COLUMNS).lazy()


def polars_categories():
    names = ["Ça va", "unused", "bob", "ann"]
    return pl.DataFrame(COLUMNS).with_columns(
        pl.col("student").cast(pl.Enum(names)),
        pl.col("skill").cast(pl.Categorical),
        pl.col("correct").cast(pl.Boolean),
        pl.col("time").dt.convert_time_zone("Asia/Kathmandu").dt.cast_time_unit("ns"),
    )


def arrow_table():
    return pa.table(COLUMNS)


def arrow_dictionaries():
    encoded = {name: pa.array(COLUMNS[name]).dictionary_encode() for name in ("student", "item")}
    return pa.table({**COLUMNS, **encoded})


def duckdb_relation():
    return duckdb.from_arrow(pa.table(COLUMNS))


def pandas_series():
    return {name: pd.Series(values) for name, values in COLUMNS.items()}


def polars_series():
    return {name: pl.Series(values) for name, values in COLUMNS.items()}


def arrow_arrays():
    return {name: pa.array(values) for name, values in COLUMNS.items()}


def arrow_chunks():
    return {name: pa.chunked_array([values[:2], values[2:]]) for name, values in COLUMNS.items()}


KINDS = [
    lists,
    arrays,
    pandas_frame,
    pandas_objects,
    pandas_categories,
    pandas_nullable,
    pandas_arrow,
    pandas_series,
    polars_frame,
    polars_lazy,
    polars_categories,
    polars_series,
    arrow_table,
    arrow_dictionaries,
    arrow_arrays,
    arrow_chunks,
    duckdb_relation,
]


def plain(value):
    """A log or a labelled column as plain Python values, types included."""
    if value is None:
        return None
    if isinstance(value, Labelled):
        labels = value.labels.tolist()
        return (labels, list(map(type, labels)), value.codes.tolist(), str(value.codes.dtype))
    return (value.tolist(), str(value.dtype))


def content(log):
    names = ("student", "skill", "skill_rows", "correct", "item", "time", "id")
    return {name: plain(getattr(log, name)) for name in names} | {"clock": log.clock}


@pytest.mark.parametrize("make", KINDS)
def test_every_frame_gives_the_same_log(make):
    log = read(make(), extra=["class"])
    assert content(log) == {
        "student": (["ann", "bob", "Ça va"], [str] * 3, [0, 1, 0, 2, 1], "int32"),
        "skill": (["+", "a|b", "÷"], [str] * 3, [0, 2, 0, 1, 2], "int32"),
        "skill_rows": None,
        "correct": ([1, 0, 0, 1, 1], "int8"),
        "item": ([-3, 7, 12], [int] * 3, [1, 0, 1, 1, 2], "int32"),
        "time": ([START.timestamp() + 60.0 * m for m in (0, 1, 3, 2, 4)], "float64"),
        "id": ([10, 11, 12, 13, 14], [int] * 5, [0, 1, 2, 3, 4], "int32"),
        "clock": "aware",
    }
    assert log.extra["class"].tolist() == COLUMNS["class"]
    assert (log.n_students, log.n_skills, len(log), log.shape) == (3, 3, 5, (5,))


@pytest.mark.parametrize("make", KINDS)
def test_the_frame_stays_as_it_was(make):
    frame = make()
    before = {"index": list(frame.index)} if isinstance(frame, pd.DataFrame) else {}
    before |= {"types": types_of(frame), "values": values_of(frame)}
    log = read(frame, extra=["class", "item"])
    assert log.sequences.order.size == 5
    after = {"index": list(frame.index)} if isinstance(frame, pd.DataFrame) else {}
    assert after | {"types": types_of(frame), "values": values_of(frame)} == before
    if make is arrays:
        assert all(column.flags.writeable for column in frame.values())


def values_of(frame):
    if isinstance(frame, dict):
        return {name: list(values) for name, values in frame.items()}
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return frame.filter("true").pl().to_dict(as_series=False)
    if isinstance(frame, pl.DataFrame):
        return frame.to_dict(as_series=False)
    return frame.to_pydict() if isinstance(frame, pa.Table) else frame.to_dict(orient="list")


def types_of(frame):
    if isinstance(frame, dict):
        return {name: getattr(values, "dtype", type(values)) for name, values in frame.items()}
    if isinstance(frame, pl.LazyFrame):
        return frame.collect_schema()
    types = frame.schema if hasattr(frame, "schema") else frame.dtypes
    return list(map(str, types)) if not isinstance(types, pl.Schema) else types


def every_array(log):
    for column in (log.student, log.skill, log.item, log.id):
        yield from column
    yield from (log.correct, log.time, *log.extra.values())


def test_the_log_shares_no_memory_with_the_callers_arrays():
    given: dict[str, Any] = {
        "student": np.arange(4),
        "skill": np.zeros(4, np.int32),
        "correct": np.zeros(4, np.int8),
        "item": np.arange(4, dtype=np.int32),
        "time": np.arange(4, dtype=np.float64),
        "id": np.arange(4, dtype=np.int64),
        "class": np.arange(4.0),
    }
    log = read(given, extra=["class"])
    before = content(log), log.extra["class"].tolist()
    for column in given.values():
        column[:] = 1
    assert (content(log), log.extra["class"].tolist()) == before


@pytest.mark.parametrize(
    "frame", [pl.DataFrame({"n": [1.0, 2.0]}), pd.DataFrame({"n": [1.0, 2.0]})]
)
def test_extra_columns_are_copies_of_a_frames_memory(frame):
    two = {"student": [1, 2], "skill": [1, 1], "correct": [0, 1]}
    parts = dict.fromkeys(("time", "n"), frame["n"])
    log = read({**two, **parts}, extra=["n"])
    assert not np.shares_memory(log.extra["n"], frame["n"].to_numpy())
    assert not np.shares_memory(log.time, frame["n"].to_numpy())


def test_every_array_of_a_log_and_of_its_parts_is_read_only():
    log = read(lists(), extra=["class"])
    several = read({**lists(), "skill": [["a", "b"], ["a"], ["b"], ["c"], ["a"]]})
    found = [*every_array(log), *every_array(log[1:3]), several.skill_rows, several[::2].skill_rows]
    assert len(found) > 20
    for array in found:
        with pytest.raises(ValueError, match="read-only"):
            array[:] = array[::-1]
    with pytest.raises(TypeError):
        log.extra["class"] = log.correct


def test_masked_arrays_show_their_gaps():
    good = {"student": [1, 2, 3], "skill": ["a", "b", "a"], "correct": [1, 0, 1]}
    masked: dict[str, Any] = {
        name: np.ma.array(values, mask=False) for name, values in good.items()
    }
    assert content(read(masked)) == content(read(good))
    hidden: dict[str, Any] = {
        name: np.ma.array(values, mask=[False, True, False]) for name, values in good.items()
    }
    hidden["time"] = np.ma.array(np.arange(3).astype("datetime64[ns]"), mask=[False, False, True])
    with pytest.raises(ResponseDataError) as caught:
        read(hidden)
    assert [problem[:45] for problem in caught.value.problems] == [
        "column 'student': 1 row (row 1) missing; ever",
        "column 'correct': 1 row (row 1) missing; if t",
        "column 'time': 1 row (row 2) missing; with a ",
        "column 'skill': 1 row (row 1) missing; every ",
    ]
    lessons = {**good, "correct": hidden["correct"]}
    assert read(lessons, unanswered="exposure").correct.tolist() == [1, -1, 1]
    times = np.ma.array(np.array([5, 7, 9], "datetime64[s]").astype("datetime64[ns]"))
    log = read({**good, "time": times})
    assert (log.time.tolist(), log.clock) == ([5.0, 7.0, 9.0], "naive")


def test_columns_may_have_any_names_and_standard_ones_are_found():
    frame = {
        "pupil": ["x", "y"],
        "kc": ["a", "b"],
        "outcome": [True, False],
        "problem": [1, 2],
        "at": [5, 6],
        "event": ["p", "q"],
        "item": [8, 9],
    }
    log = read(frame, student="pupil", skill="kc", correct="outcome")
    assert (log.item.labels.tolist(), log.time, log.clock, log.id) == ([8, 9], None, None, None)
    log = read(
        frame,
        student="pupil",
        skill="kc",
        correct="outcome",
        item="problem",
        time="at",
        id="event",
    )
    assert log.item.labels.tolist() == [1, 2]
    assert (log.time.tolist(), log.clock, log.id.labels.tolist()) == ([5, 6], "seconds", ["p", "q"])


def test_false_leaves_a_column_out():
    log = read(COLUMNS, item=False, time=False, id=False)
    assert (log.item, log.time, log.id) == (None, None, None)


def test_a_standard_name_that_plays_another_role_is_not_taken_twice():
    frame = {"id": ["ann", "ann"], "skill": ["a", "b"], "correct": [0, 1]}
    log = read(frame, student="id")
    assert (log.student.labels.tolist(), log.id) == (["ann"], None)


def test_one_column_may_play_two_roles_that_are_named():
    log = read(COLUMNS, skill="item", item="item", time="id", id=False)
    assert plain(log.skill) == plain(log.item)
    frame = pl.DataFrame({"n": [0, 1]})
    log = read(frame, student="n", skill="n", correct="n", time="n", extra=["n"])
    assert log.correct.tolist() == log.time.tolist() == log.student.values.tolist() == [0, 1]


def test_names_that_are_not_text_are_found_by_their_text():
    log = read({0: [5], 1: ["a"], 2: [1]}, student="0", skill="1", correct="2", extra=["0"])
    assert log.extra["0"].tolist() == [5]


def test_durations_are_no_numbers():
    spans = [dt.timedelta(seconds=1), dt.timedelta(seconds=2)]
    for column in (pd.Series(spans).astype("timedelta64[ns]"), pl.Series(spans), pa.array(spans)):
        frame = {"student": column, "skill": [1, 2], "correct": [0, 1], "time": column}
        with pytest.raises(ResponseDataError) as caught:
            read(frame)
        by_student, by_time = caught.value.problems
        assert "column 'student': " in by_student
        assert "integers or strings" in by_student
        assert "column 'time': " in by_time
        assert "seconds or datetimes" in by_time


@pytest.mark.parametrize("make", [pandas_frame, pandas_categories, polars_frame, arrow_table])
def test_an_extra_column_may_play_a_role_too(make):
    extra = read(make(), extra=["student", "skill"]).extra
    assert {name: extra[name].tolist() for name in extra} == {
        name: COLUMNS[name] for name in ("student", "skill")
    }


def test_extra_columns_keep_their_type():
    frame = pd.DataFrame(
        {
            "student": [1, 2],
            "skill": [1, 1],
            "correct": [0, 1],
            "took": [dt.timedelta(seconds=1), dt.timedelta(seconds=2)],
            "score": [0.5, np.nan],
            "grade": pd.array([3, None], "Int64"),
        }
    )
    extra = read(frame, extra=["took", "score", "grade", "student"]).extra
    assert list(extra) == ["took", "score", "grade", "student"]
    assert (extra["took"] / np.timedelta64(1, "s")).tolist() == [1, 2]
    np.testing.assert_array_equal(extra["score"], [0.5, np.nan])
    assert extra["grade"][0] == 3
    assert extra["grade"][1] is None or extra["grade"][1] is pd.NA
    assert extra["student"].dtype == np.int64


@pytest.mark.parametrize(
    "thing", [None, 3, "log.csv", [1, 2], np.zeros((3, 3)), pd.Series([1]), object()]
)
def test_what_is_not_a_dataframe_is_named(thing):
    with pytest.raises(ResponseDataError, match=r"is not a dataframe; give a pandas, Polars"):
        read(thing)


def test_two_columns_of_one_name():
    frame = pd.DataFrame([[1, 2, "a", 1]], columns=["student", "student", "skill", "correct"])
    with pytest.raises(ResponseDataError, match=r"unique column names.*'student' 2 times"):
        read(frame)


def test_a_frame_is_opened_once(monkeypatch):
    import narwhals

    opened, original = [], narwhals.from_native

    def counting(native, **options):
        opened.append(type(native).__name__)
        return original(native, **options)

    monkeypatch.setattr(narwhals, "from_native", counting)
    frame = pl.DataFrame({"student": [1], "skill": ["a"], "correct": [1], "item": ["x"]})
    read(frame, q_matrix=pl.DataFrame({"item": ["x"], "skill": ["a"]}))
    assert opened == ["DataFrame", "DataFrame"]  # the log's, and the Q-matrix's


def test_a_package_that_the_engine_lacks_is_named(monkeypatch):
    relation = duckdb.sql("select 1 as student, 'a' as skill, 1 as correct")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match="reading this frame needs pyarrow"):
        read(relation)


def test_a_log_of_arrays_needs_no_dataframe_library():
    code = (
        "import sys, numpy as np, adaptlearn\n"
        "log = adaptlearn.ResponseLog.from_frame("
        "{'student': np.arange(3), 'skill': ['a', 'b', 'c'], 'correct': [0, 1, 1]})\n"
        "assert not {'pandas', 'polars', 'pyarrow', 'narwhals', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table}


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.parametrize("n", [3, 0])
def test_columns_become_a_frame_and_come_back(library, n):
    columns = {
        "label": np.array(["a", None, "c"], object)[:n],
        "text": np.array(["x", "y", "zz"])[:n],
        "share": np.array([0.5, 0.1, 3.0])[:n],
        "count": np.arange(3)[:n],
        "true": np.array([True, False, True])[:n],
        "day": np.array(["2026-01-01", "2026-02-01", "2026-03-01"], "datetime64[s]")[:n],
    }
    frame = frame_of(columns, library)
    assert isinstance(frame, FRAMES[library])
    for name, column in columns_of(frame, list(columns)).items():
        assert column.tolist() == columns[name].tolist(), name


def test_a_frame_of_no_known_library_is_refused(monkeypatch):
    with pytest.raises(ParameterError, match=r"one of 'pandas', 'polars', 'pyarrow'.*got 'dask'"):
        frame_of({}, "dask")
    monkeypatch.setattr("adaptlearn.responses.frames.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="a dataframe needs pandas"):
        frame_of({"a": np.arange(2)})
