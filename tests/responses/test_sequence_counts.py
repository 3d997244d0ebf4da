"""Counting answer sequences: every engine and the log agree, parts add up, faults are listed."""

import functools
import gc
import importlib
import importlib.util
import operator
import shutil
import warnings
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn import ResponseLog, SequenceCounts, count_sequences
from adaptlearn.errors import ParameterError, ResponseDataError

read: Any = ResponseLog.from_frame
count: Any = count_sequences  # also given what its types forbid

# PySpark leaves its sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def to_duckdb(columns):
    return duckdb.from_arrow(pl.DataFrame(columns).to_arrow())


LOCAL: dict[str, Any] = {
    "duckdb": to_duckdb,
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "polars, lazy": pl.LazyFrame,
}


@pytest.fixture(scope="module")
def spark(require, tmp_path_factory):
    """Make Spark frames, in a session of two threads."""
    present = shutil.which("java") and importlib.util.find_spec("pyspark")
    require("java", bool(present), "Spark needs Java 17 and the package pyspark")
    folder = tmp_path_factory.mktemp("spark")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions of pandas that it does not know yet
        sql: Any = importlib.import_module("pyspark.sql")
        session = (
            sql.SparkSession.builder.master("local[2]")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
    session.sparkContext.setLogLevel("ERROR")
    numbers = iter(range(1_000_000))

    def to_spark(columns):
        path: Path = folder / f"{next(numbers)}.parquet"
        pl.DataFrame(columns).write_parquet(path)
        return session.read.parquet(str(path))

    yield to_spark
    session.stop()
    gc.collect()


@pytest.fixture(params=[*LOCAL, pytest.param("spark", marks=pytest.mark.slow)])
def engine(request):
    return LOCAL.get(request.param) or request.getfixturevalue("spark")


def random_columns(seed, n=600, students=12):
    """A log of three skills, its rows shuffled; one student has long sequences."""
    rng = np.random.default_rng(seed)
    student = np.where(rng.random(n) < 0.4, 0, rng.integers(0, students, n))
    return {
        "student": [f"student {code}" for code in student],
        "skill": rng.choice(["add", "carry", "zéro"], n).tolist(),
        "correct": rng.integers(0, 2, n).tolist(),
        "time": rng.permutation(n).tolist(),
    }


def by_hand(columns):
    """``{(skill, answers): students}``, row by row."""
    chains: dict[Any, str] = {}
    for _, student, skill, correct in sorted(
        zip(*(columns[name] for name in ("time", "student", "skill", "correct")), strict=True)
    ):
        chains[student, skill] = chains.get((student, skill), "") + str(int(correct))
    found: dict[Any, int] = {}
    for (_, skill), answers in chains.items():
        found[skill, answers] = found.get((skill, answers), 0) + 1
    return found


def as_mapping(counts):
    table = counts.table()
    keys = zip(table["skill"].tolist(), table["answers"].tolist(), strict=True)
    return dict(zip(keys, table["count"].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_an_engine_counts_what_the_log_and_a_loop_count(engine, seed):
    columns = random_columns(seed)
    counts = count(engine(columns), order="time")
    assert as_mapping(counts) == by_hand(columns)
    assert counts == SequenceCounts.from_log(read(columns))
    assert counts.lengths.max() > 62  # three chunks of an engine, two of ours
    assert counts.n_responses == 600


def test_flipping_any_one_of_300_answers_makes_another_sequence(engine):
    answers = np.tile(np.random.default_rng(5).integers(0, 2, 300), (301, 1))
    answers[np.arange(300), np.arange(300)] ^= 1  # the last student has the history itself
    columns = {
        "student": np.repeat(np.arange(301), 300),
        "skill": np.full(301 * 300, 7),
        "correct": answers.ravel() == 1,
        "time": np.tile(np.arange(300), 301) + 2**60,
    }
    shuffled = np.random.default_rng(6).permutation(301 * 300)
    frame = engine({name: column[shuffled] for name, column in columns.items()})
    counts = count(frame, order="time")
    assert len(counts) == 301
    assert set(counts.counts.tolist()) == {1}
    expected = {"".join(map(str, row)) for row in answers.tolist()}
    assert set(counts.table()["answers"].tolist()) == expected


rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-2, 1), st.booleans()), min_size=1, max_size=90
)


@settings(max_examples=trials(400), deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_local_engines_agree_on_any_log(log, random):
    student, skill, correct = map(list, zip(*log, strict=True))
    time = list(range(len(log)))
    random.shuffle(time)
    columns = {"student": student, "skill": skill, "correct": correct, "time": time}
    expected = by_hand(columns)
    assert as_mapping(SequenceCounts.from_log(read(columns))) == expected
    for make in LOCAL.values():
        assert as_mapping(count(make(columns), order="time")) == expected


def test_several_columns_may_order(engine):
    columns = {
        "pupil": ["x"] * 4,
        "kc": ["a"] * 4,
        "outcome": [1.0, 0.0, 0.0, 1.0],
        "day": ["2024-03-02", "2024-03-01", "2024-03-02", "2024-03-01"],
        "event": [1, 2, 0, 3],
    }
    options = {"student": "pupil", "skill": "kc", "correct": "outcome", "order": ["day", "event"]}
    assert as_mapping(count(engine(columns), **options)) == {("a", "0101"): 1}


def test_large_numbers_of_an_order_are_told_apart(engine):
    """2**60 and its successor are one number in floating point."""
    columns = {
        "student": [1, 1, 1],
        "skill": [1, 1, 1],
        "correct": [0, 0, 1],
        "time": [2**60 + 1, 2**60 + 2, 2**60],
    }
    assert as_mapping(count(engine(columns), order="time")) == {(1, "100"): 1}


BAD = {
    "student": ["ann", "ann", "bob", "", None, "cyd", "cyd"],
    "skill": ["add", "add", "add", "add", "add", None, "add"],
    "correct": [1.0, 0.0, 0.5, 2.0, None, 1.0, 1.0],
    "time": [5.0, 5.0, 1.0, 2.0, 3.0, None, 1.0],
    "note": ["x"] * 7,
}


def problems_of(frame, **options):
    with pytest.raises(ResponseDataError) as caught:
        count(frame, **options)
    return list(caught.value.problems)


def test_all_faults_of_values_are_in_one_error(engine):
    *values, wrong, order, tie = problems_of(engine(BAD), order="time")
    assert values == [
        "column 'student': 2 rows missing or empty; every response needs one",
        "column 'skill': 1 row missing or empty; every response needs one",
        "column 'correct': 1 row missing; every response needs one; "
        "leave rows without an answer out",
    ]
    assert wrong.startswith("column 'correct': 2 rows neither 0 nor 1, as ")
    assert "0.5" in wrong
    assert "2.0" in wrong
    assert order == "column 'time' (order): 1 row missing; every response needs one"
    assert tie.startswith(
        "order ('time'): 2 rows of one student and skill at the same place, as those of "
        "student 'ann' on skill 'add'"
    )


@pytest.mark.parametrize("gap", [None, float("nan")])
def test_gaps_of_any_kind_are_missing_and_no_ties(engine, gap):
    columns = {"student": [1] * 4, "skill": [1] * 4, "correct": [1.0, gap, 0.0, 1.0]}
    found = problems_of(engine({**columns, "time": [gap, gap, 1.0, 2.0]}), order="time")
    assert [problem.partition(";")[0] for problem in found] == [
        "column 'correct': 1 row missing",
        "column 'time' (order): 2 rows missing",
    ]


def test_columns_that_are_absent_or_of_another_type_are_listed_with_the_rest(engine):
    found = problems_of(engine(BAD), skill="topic", correct="note", student="time", order="note")
    assert [problem.partition(";")[0] for problem in found] == [
        "column 'time' (student): holds Float64 values",
        "column 'topic' (skill) is missing",
        "column 'note' (correct): holds String values",
    ]
    assert "'student', 'skill', 'correct', 'time', 'note'" in found[1]
    found = problems_of(engine(BAD), student="who", order="time")
    assert [problem[:25] for problem in found] == [
        "column 'who' (student) is",
        "column 'skill': 1 row mis",
        "column 'correct': 1 row m",
        "column 'correct': 2 rows ",
        "column 'time' (order): 1 ",
    ]


def test_ties_are_refused_and_a_further_column_decides(engine):
    columns = {"student": [1, 1, 1], "skill": [1, 1, 2], "correct": [1, 0, 1], "time": [3, 3, 3]}
    frame = engine({**columns, "event": [9, 8, 7]})
    (problem,) = problems_of(frame, order=("time",))
    assert problem.startswith("order ('time'): 2 rows of one student and skill at the same place")
    assert as_mapping(count(frame, order=("time", "event"))) == {(1, "01"): 1, (2, "1"): 1}


def test_no_rows_are_refused(engine):
    columns = {name: values[:0] for name, values in random_columns(0).items()}
    types = {"student": pl.String, "skill": pl.String, "correct": pl.Int64, "time": pl.Int64}
    empty = pl.DataFrame(columns, schema=types)
    frame = empty.to_pandas() if engine is LOCAL["pandas"] else engine(empty)
    assert problems_of(frame, order="time") == ["it has no rows; expected at least one response"]


@pytest.mark.parametrize("order", [(), []])
def test_an_order_must_be_named(order):
    with pytest.raises(ParameterError, match="rows of an engine have no order"):
        count(pl.DataFrame(random_columns(0)), order=order)


def test_lists_of_skills_are_to_be_unnested():
    frame = pl.DataFrame({"student": [1], "skill": [["a", "b"]], "correct": [1], "time": [1]})
    (problem,) = problems_of(frame, order="time")
    assert "one integer or string per row; unnest the lists" in problem
    log = read({"student": [1], "skill": [["a", "b"]], "correct": [1]})
    assert count(frame.explode("skill"), order="time") == SequenceCounts.from_log(log)


@pytest.mark.parametrize("make", [dict, pa.table])
def test_what_has_no_engine_is_sent_to_the_log(make):
    (problem,) = problems_of(make(random_columns(0)), order="time")
    assert problem.endswith("has no engine that counts; use SequenceCounts.from_log")


def test_categories_and_gappy_types_count_as_their_values():
    columns = random_columns(1)
    expected = SequenceCounts.from_log(read(columns))
    pandas = pd.DataFrame(columns)
    typed = pl.DataFrame(columns).with_columns(pl.col("skill", "student").cast(pl.Categorical))
    assert count(typed, order="time") == expected
    assert count(pandas.astype({"skill": "category"}), order="time") == expected
    assert count(pandas.convert_dtypes(), order="time") == expected


def test_a_source_that_changes_between_the_looks_is_noticed():
    frame = pl.DataFrame(random_columns(2))
    shown = iter([frame, frame.head(10), frame.head(10), frame.head(10)])
    changing = frame.lazy().map_batches(lambda _: next(shown), schema=frame.schema)
    (problem,) = problems_of(changing, order="time")
    assert problem.startswith("it had 600 rows when it was checked and 10 when it was counted")


def test_exposures_are_no_answers():
    columns = {"student": [1, 1], "skill": [1, 1], "correct": [None, 1]}
    log = read(columns, unanswered="exposure")
    with pytest.raises(ResponseDataError, match=r"1 row \(row 0\) without an answer"):
        SequenceCounts.from_log(log)
    assert as_mapping(SequenceCounts.from_log(log[log.answered])) == {(1, "1"): 1}


tables = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        # Some longer than a chunk, and alike but for their ends.
        st.text("01", min_size=1, max_size=3)
        | st.builds(operator.add, st.sampled_from(["0" * 61, "01" * 62]), st.text("01")),
        st.integers(1, 2**40),
    ),
    max_size=8,
)


def from_rows(table):
    columns = zip(*table, strict=True) if table else ([], [], [])
    skill, answers, number = map(list, columns)
    return SequenceCounts.from_table(
        {
            "skill": np.array(skill, object),
            "answers": np.array(answers, object),
            "count": np.array(number, np.int64),
        }
    )


@given(tables, tables, tables)
def test_adding_is_commutative_and_associative(one, two, three):
    a, b, c = map(from_rows, (one, two, three))
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == sum([a, b, c]) == from_rows(one + two + three)
    expected: dict[Any, int] = {}
    for skill, answers, number in one + two:
        expected[skill, answers] = expected.get((skill, answers), 0) + number
    assert as_mapping(a + b) == expected


@given(tables)
def test_the_order_is_canonical_and_the_arrays_fit_each_other(table):
    counts = from_rows(table)
    assert counts.skills.tolist() == sorted({skill for skill, _, _ in table})
    keys = list(
        zip(
            counts.table()["skill"],
            counts.lengths.tolist(),
            counts.table()["answers"],
            strict=True,
        )
    )
    assert keys == sorted(set(keys))
    assert counts.n_responses == sum(len(answers) * number for _, answers, number in table)
    assert (counts.starts + counts.lengths).tolist() == np.cumsum(counts.lengths).tolist()
    assert len(counts.answers) == counts.lengths.sum()
    assert from_rows(table[::-1]) == counts


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, pa.table, to_duckdb])
def test_a_table_comes_back(make):
    counts = SequenceCounts.from_log(read(random_columns(3)))
    assert SequenceCounts.from_table(make(counts.table())) == counts


def test_parts_that_share_no_student_add_up_to_the_whole():
    columns = random_columns(4)
    log = read(columns)
    parts = [
        SequenceCounts.from_log(log[np.flatnonzero(log.student.codes % 3 == rest)])
        for rest in range(3)
    ]
    assert functools.reduce(operator.add, parts) == SequenceCounts.from_log(log)


def test_a_part_of_a_log_has_the_skills_it_has():
    columns = random_columns(0)
    log = read(columns)
    counts = SequenceCounts.from_log(log[log.skill.values == "carry"])
    assert counts.skills.tolist() == ["carry"]
    frame = pl.DataFrame(columns).filter(pl.col("skill") == "carry")
    assert counts == count(frame, order="time")
    nothing = SequenceCounts.from_log(log[:0])
    assert (len(nothing), nothing.n_responses, len(nothing.skills)) == (0, 0, 0)
    assert counts + nothing == nothing + counts == counts


def test_counts_differ_in_each_of_their_parts():
    base = {"skill": ["a"], "answers": ["01"], "count": [1]}
    counts = SequenceCounts.from_table(base)
    assert counts == SequenceCounts.from_table(base)
    for other in ({"skill": ["b"]}, {"answers": ["10"]}, {"answers": ["011"]}, {"count": [2]}):
        assert counts != SequenceCounts.from_table({**base, **other})
    assert counts != "a"


def test_a_value_that_is_read_only():
    counts = SequenceCounts.from_log(read(random_columns(0)))
    for name in ("skills", "skill", "lengths", "answers", "counts"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(counts, name)[:1] = 0
    with pytest.raises(AttributeError):
        counts.counts = counts.lengths  # type: ignore[misc]


def test_skills_of_two_kinds_are_not_merged():
    numbers = SequenceCounts.from_table({"skill": [1], "answers": ["1"], "count": [1]})
    texts = SequenceCounts.from_table({"skill": ["1"], "answers": ["1"], "count": [1]})
    with pytest.raises(ResponseDataError, match="integers in one part and strings in the other"):
        numbers + texts
    with pytest.raises(TypeError):
        numbers + 1  # type: ignore[operator]


def test_all_faults_of_a_table_are_in_one_error():
    with pytest.raises(ResponseDataError) as caught:
        SequenceCounts.from_table(
            {"skill": ["a", None, "b"], "answers": ["01", "02", 11], "count": [1, 0, 1]}
        )
    assert [problem[:55] for problem in caught.value.problems] == [
        "column 'skill': 1 row (row 1) missing; every response n",
        "column 'answers': 2 rows (rows 1, 2) not a text of 0 an",
        "column 'count': 1 row (row 1) below 1, as 0",
    ]
    with pytest.raises(ResponseDataError, match="holds float64 values; expected whole numbers"):
        SequenceCounts.from_table({"skill": ["a"], "answers": ["1"], "count": [1.5]})
    with pytest.raises(ResponseDataError, match="column 'answers' is missing"):
        SequenceCounts.from_table({"skill": ["a"], "count": [1]})
