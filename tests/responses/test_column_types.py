"""Types of columns: those of every engine are read as the same values, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from adaptlearn import Curriculum, ResponseLog
from adaptlearn.errors import ResponseDataError
from adaptlearn.models import BKT
from adaptlearn.responses.frames import columns_of

# Three rows of two values repeat themselves.
pytestmark = pytest.mark.filterwarnings("ignore::adaptlearn.errors.DataWarning")

TEXTS, NUMBERS = ["b", "a", "b"], [1, 0, 1]

Make = Callable[[list[Any]], Any]


def of_pandas(dtype: Any) -> Make:
    return lambda values: pd.DataFrame({"x": pd.Series(values, dtype=dtype)})


def of_polars(dtype: Any) -> Make:
    return lambda values: pl.DataFrame({"x": pl.Series(values).cast(dtype)})


def of_arrow(dtype: Any) -> Make:
    return lambda values: pa.table({"x": pa.array(values, dtype)})


def by_dictionary(kind: Any) -> Make:
    def make(values: list[Any]) -> Any:
        distinct = sorted({value for value in values if value is not None})
        codes = pa.array([None if v is None else distinct.index(v) for v in values], pa.uint32())
        return pa.table({"x": pa.DictionaryArray.from_arrays(codes, pa.array(distinct, kind))})

    return make


def of_duckdb(kind: str) -> Make:
    def make(values: list[Any]) -> Any:
        rows = ", ".join(f"({n}, {'null' if v is None else repr(v)})" for n, v in enumerate(values))
        return duckdb.sql(f"select x::{kind} as x from (values {rows}) as t(n, x) order by n")

    return make


TEXT_TYPES: dict[str, Make] = {
    "lists": lambda values: {"x": values},
    "objects": lambda values: {"x": np.array(values, object)},
    "pandas object": of_pandas(object),
    "pandas string": of_pandas("string"),
    "pandas string[python]": of_pandas("string[python]"),
    "pandas string[pyarrow]": of_pandas("string[pyarrow]"),
    "pandas category": lambda values: pd.DataFrame({"x": pd.Categorical(values)}),
    "pandas Arrow string": of_pandas(pd.ArrowDtype(pa.string())),
    "pandas Arrow large_string": of_pandas(pd.ArrowDtype(pa.large_string())),
    "pandas Arrow dictionary": of_pandas(pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
    "Polars String": of_polars(pl.String),
    "Polars Categorical": of_polars(pl.Categorical),
    "Polars Enum": of_polars(pl.Enum(["a", "b"])),
    "Polars Categorical by Arrow": lambda values: of_polars(pl.Categorical)(values).to_arrow(),
    "Polars Enum by Arrow": lambda values: of_polars(pl.Enum(["a", "b"]))(values).to_arrow(),
    "Arrow string": of_arrow(pa.string()),
    "Arrow large_string": of_arrow(pa.large_string()),
    "Arrow dictionary": by_dictionary(pa.string()),
    "DuckDB VARCHAR": of_duckdb("varchar"),
    "DuckDB ENUM": of_duckdb("enum('a', 'b')"),
}
NUMBER_TYPES: dict[str, Make] = {
    "lists": lambda values: {"x": values},
    "objects": lambda values: {"x": np.array(values, object)},
    "decimals": lambda values: {"x": [None if v is None else Decimal(v) for v in values]},
    "Arrow scalars": lambda values: {"x": [pa.scalar(v, pa.int64()) for v in values]},
    "pandas object": of_pandas(object),
    "pandas Int64": of_pandas("Int64"),
    "pandas UInt8": of_pandas("UInt8"),
    "pandas Arrow int8": of_pandas(pd.ArrowDtype(pa.int8())),
    "pandas Arrow decimal": lambda values: of_pandas(pd.ArrowDtype(pa.decimal128(3, 0)))(
        [None if v is None else Decimal(v) for v in values]
    ),
    "Polars Int8": of_polars(pl.Int8),
    "Polars UInt64": of_polars(pl.UInt64),
    "Polars Int128": of_polars(pl.Int128),
    "Polars Decimal": of_polars(pl.Decimal(3, 0)),
    "Polars Decimal with places": of_polars(pl.Decimal(5, 2)),
    "Arrow int16": of_arrow(pa.int16()),
    "Arrow decimal128": of_arrow(pa.decimal128(3, 0)),
    "Arrow decimal256": of_arrow(pa.decimal256(3, 0)),
    "Arrow dictionary": by_dictionary(pa.int64()),
    "DuckDB INTEGER": of_duckdb("integer"),
    "DuckDB HUGEINT": of_duckdb("hugeint"),
    "DuckDB UHUGEINT": of_duckdb("uhugeint"),
    "DuckDB DECIMAL": of_duckdb("decimal(4, 1)"),
}
if hasattr(pa, "string_view"):
    TEXT_TYPES["Arrow string_view"] = of_arrow(pa.string_view())
    TEXT_TYPES["Arrow dictionary of views"] = by_dictionary(pa.string_view())
    TEXT_TYPES["pandas Arrow string_view"] = of_pandas(pd.ArrowDtype(pa.string_view()))
    TEXT_TYPES["Arrow table of Polars"] = lambda values: pa.table(of_polars(pl.Categorical)(values))
else:  # what an old PyArrow does not know of DuckDB is refused
    REFUSED = {name: NUMBER_TYPES.pop(name) for name in ("DuckDB DECIMAL", "DuckDB UHUGEINT")}

    @pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
    def test_what_arrow_cannot_hand_over_is_refused_by_name(make: Make) -> None:
        with pytest.raises(ResponseDataError, match="'x'"):
            ResponseLog.from_frame(make(NUMBERS), student="x", skill="x", correct="x")


@pytest.mark.parametrize("make", TEXT_TYPES.values(), ids=TEXT_TYPES)
@pytest.mark.parametrize("role", ["student", "skill", "item", "id"])
def test_text_of_every_type_is_a_label(make: Make, role: str) -> None:
    column = columns_of(make(TEXTS), ["x"])["x"]
    assert column.tolist() == TEXTS
    assert set(map(type, column.tolist())) == {str}
    roles: dict[str, Any] = {"student": "x", "skill": "x", "correct": "x", role: "x"}
    frame = {"x": make(TEXTS)["x"]} if isinstance(make(TEXTS), dict) else make(TEXTS)
    with pytest.raises(ResponseDataError) as caught:
        ResponseLog.from_frame(frame, **roles)
    assert all("'x': " in problem and "expected 0 or 1" in problem
               for problem in caught.value.problems)  # fmt: skip


@pytest.mark.parametrize("make", NUMBER_TYPES.values(), ids=NUMBER_TYPES)
def test_numbers_of_every_type_are_labels_answers_and_times(make: Make) -> None:
    log = ResponseLog.from_frame(
        make(NUMBERS), student="x", skill="x", correct="x", item="x", time="x", id=False
    )
    for labels in (log.student, log.skill, log.item):
        assert labels is not None
        assert labels.values.tolist() == NUMBERS
        assert labels.labels.dtype == np.int64
    assert log.time is not None
    assert log.correct.tolist() == log.time.tolist() == NUMBERS


@pytest.mark.parametrize(
    ("make", "values"),
    [(make, [*TEXTS, None]) for make in TEXT_TYPES.values()]
    + [(make, [*NUMBERS, None]) for make in NUMBER_TYPES.values()],
    ids=[*(f"{name}, text" for name in TEXT_TYPES), *(f"{name}, number" for name in NUMBER_TYPES)],
)
def test_a_gap_of_every_type_is_a_gap(make: Make, values: list[Any]) -> None:
    frame = make(values)
    assert columns_of(frame, ["x"])["x"].tolist() == values
    with pytest.raises(ResponseDataError, match=r"column 'x' \(student\): 1 row \(row 3\) missing"):
        ResponseLog.from_frame(frame, student="x", skill="x", correct="x")


@pytest.mark.parametrize("make", TEXT_TYPES.values(), ids=TEXT_TYPES)
def test_an_empty_column_of_text_is_a_log_without_rows(make: Make) -> None:
    whole = make(TEXTS)
    rows = pa.table({"x": pa.array([], pa.string())}) if isinstance(whole, dict) else whole
    empty = rows.limit(0) if hasattr(rows, "limit") else rows[:0]
    with pytest.raises(ResponseDataError, match="no rows"):
        ResponseLog.from_frame(empty, student="x", skill="x", correct="x")


def test_decimals_that_are_not_whole_are_floats() -> None:
    frame = {"x": [Decimal("1.5"), None, Decimal("NaN"), Decimal("1E+999999")]}
    found = columns_of(frame, ["x"])["x"]
    np.testing.assert_array_equal(found, [1.5, np.nan, np.nan, np.inf])


def test_integers_beyond_64_bits_are_refused_by_name() -> None:
    for frame in (
        pl.DataFrame({"x": pl.Series([2**90], dtype=pl.Int128)}),
        duckdb.sql(f"select {2**90}::hugeint as x"),
        {"x": [10**5000]},
    ):
        with pytest.raises(ResponseDataError, match="integers beyond 64 bits; use strings"):
            ResponseLog.from_frame(frame, student="x", skill="x", correct="x")


def test_names_of_columns_that_are_not_text_are_found_by_their_text() -> None:
    frame = pd.DataFrame([["a", "x", 1]])
    log = ResponseLog.from_frame(frame, student=0, skill=1, correct=2, extra=[2])  # type: ignore[arg-type,list-item]
    assert log.student.labels.tolist() == ["a"]
    assert log.extra["2"].tolist() == [1]
    pairs = pd.MultiIndex.from_tuples([("who", "id"), ("what", "skill"), ("what", "right")])
    frame = frame.set_axis(pairs, axis=1)
    log = ResponseLog.from_frame(
        frame,
        student=("who", "id"),  # type: ignore[arg-type]
        skill=("what", "skill"),  # type: ignore[arg-type]
        correct="('what', 'right')",
    )
    assert log.skill.labels.tolist() == ["x"]
    twice = pd.DataFrame([["a", "b", "x", 1]], columns=[0, "0", "skill", "correct"])
    with pytest.raises(ResponseDataError, match="'0' is there 2 times, as text and otherwise"):
        ResponseLog.from_frame(twice, student="0")


def test_a_frame_without_any_of_the_columns_says_which_are_missing() -> None:
    relation = duckdb.sql("select 1 as user_id")
    for read in (ResponseLog.from_frame, BKT().fit):
        with pytest.raises(
            ResponseDataError, match="'skill' is missing; the columns are 'user_id'"
        ):
            read(relation)


GAPS: dict[str, Any] = {
    "None": None,
    "nan": float("nan"),
    "NA": pd.NA,
    "NaT": pd.NaT,
    "NumPy's NaT": np.datetime64("NaT", "s"),
    "Decimal": Decimal("NaN"),
}


@pytest.mark.parametrize("gap", GAPS.values(), ids=GAPS)
def test_a_gap_is_a_gap_in_every_column_of_a_curriculum(gap: Any) -> None:
    content = {
        "skills": [{"skill": "a", "title": gap, "threshold": gap}, {"skill": "b"}],
        "prerequisites": [{"prerequisite": "a", "skill": "b", "group": gap}],
        "lessons": [
            {"lesson": "l", "skills": ["a"], "title": gap, "kind": gap, "difficulty": gap,
             "tags": gap},
        ],
        "standards": [{"standard": "S", "skills": ["a"], "title": gap, "grade": gap}],
        "courses": [
            {"course": "C", "unit": gap, "standards": ["S"], "skills": gap, "title": gap,
             "unit_title": gap, "grade": gap},
        ],
    }  # fmt: skip
    plain = {
        "skills": ["a", "b"],
        "prerequisites": [("a", "b")],
        "lessons": [{"lesson": "l", "skills": ["a"]}],
        "standards": [{"standard": "S", "skills": ["a"]}],
        "courses": [{"course": "C", "unit": "C", "standards": ["S"]}],
    }
    read = Curriculum.from_dict(content).to_dict()
    assert read == Curriculum.from_dict(plain).to_dict()
    frames: dict[str, Any] = {
        name: pd.DataFrame(rows).astype(object) for name, rows in content.items()
    }
    assert Curriculum.from_frames(**frames).to_dict() == read


@pytest.mark.parametrize(
    "dtype", ["Int64", "string", "boolean", "Float64", "int64[pyarrow]", "string[pyarrow]"]
)
def test_two_prerequisites_without_a_group_are_both_needed(dtype: str) -> None:
    frame = pd.DataFrame({"prerequisite": ["a", "b"], "skill": ["c", "c"]})
    frame["group"] = pd.Series([None, None]).astype(dtype)  # type: ignore[call-overload]
    read = Curriculum.from_frames(prerequisites=frame).to_dict()["prerequisites"]
    assert read == [["a", "c"], ["b", "c"]]


def test_rows_of_one_lesson_agree_in_their_gaps_and_lists() -> None:
    frame = pd.DataFrame(
        {"lesson": ["l", "l"], "skill": ["a", "b"], "minutes": pd.array([5, 5], "Int64"),
         "title": pd.array([None, None], "string"), "tags": [["x"], ["x"]]}
    )  # fmt: skip
    (lesson,) = Curriculum.from_frames(lessons=frame).to_dict()["lessons"]
    assert lesson["skills"] == ["a", "b"]
    assert lesson["minutes"] == 5


class Edges(dict[tuple[str, str], dict[str, Any]]):
    """As networkx's ``graph.edges``: a mapping of pairs to attributes, which iterates pairs."""


def test_a_view_of_edges_is_a_list_of_pairs() -> None:
    edges = Edges({("a", "b"): {}, ("b", "c"): {"weight": 1}})
    want = [["a", "b"], ["b", "c"]]
    assert Curriculum.from_dict({"prerequisites": edges}).to_dict()["prerequisites"] == want
    assert Curriculum.from_frames(prerequisites=edges).to_dict()["prerequisites"] == want


@pytest.mark.parametrize("make", TEXT_TYPES.values(), ids=TEXT_TYPES)
def test_q_matrices_take_every_type_of_text(make: Make) -> None:
    skill = columns_of(make(["b", "a"]), ["x"])["x"]
    frame = make(["b", "a"])
    q_matrix = {"item": [1, 2], "skill": frame["x"] if isinstance(frame, dict) else skill}
    log = ResponseLog.from_frame(
        {"student": [1, 1], "item": [2, 1], "correct": [0, 1]}, q_matrix=q_matrix
    )
    assert log.skill.values.tolist() == ["a", "b"]
