from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from adaptlearn.errors import UnknownLabelError
from adaptlearn.labels import LabelIndex, as_label, label_list, label_of, refuse_other_kind


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("a", "a"),
        ("7", "7"),
        (Name("a"), "a"),
        (np.str_("a"), "a"),
        (pd.Series(["a"], dtype="string")[0], "a"),
        (pa.scalar("a"), "a"),
        (pa.scalar("a", pa.large_string()), "a"),
        (7, 7),
        (-(10**30), -(10**30)),
        (np.int8(7), 7),
        (np.uint64(2**63), 2**63),
        (pd.Series([7], dtype="Int64")[0], 7),
        (pa.scalar(7, pa.int16()), 7),
    ],
)
def test_a_label_is_read_from_any_scalar(value: Any, label: Any) -> None:
    found = as_label(value)
    assert found == label
    assert type(found) is type(label)


@pytest.mark.parametrize(
    "value",
    [
        None, float("nan"), np.nan, np.float64("nan"), pd.NA, pd.NaT, np.datetime64("NaT", "s"),
        np.datetime64(1, "ns"), np.timedelta64(5, "s"),
        pa.scalar(None, pa.string()), pa.scalar(None, pa.int64()),
        "", np.str_(""), pa.scalar(""),
        True, np.bool_(True), pa.scalar(True),
        7.0, np.float64(7), pa.scalar(7.0),
        b"a", ("a", "b"), ["a"], np.array("a"), {"a": 1}, pd.Timestamp(0), pa.scalar(["a"]),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_what_is_no_label(value: Any) -> None:
    assert as_label(value) is None


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ("ann", ["ann"]),
        (np.int64(7), [7]),
        (pa.scalar("ann"), ["ann"]),
        (["ann", np.str_("ben"), pa.scalar("cleo")], ["ann", "ben", "cleo"]),
        (np.array([7, 8], np.uint8), [7, 8]),
        (np.array(["ann", "ben"]), ["ann", "ben"]),
        (pa.array([7, 8]), [7, 8]),
        (pa.chunked_array([["ann"], ["ben"]]), ["ann", "ben"]),
        (pa.array(["ann", "ben"]).dictionary_encode(), ["ann", "ben"]),
        (pd.Series(["ann", "ben"], dtype="category"), ["ann", "ben"]),
        (pd.Series([7, 8], dtype="Int64"), [7, 8]),
        (pl.Series(["ann"], dtype=pl.Categorical), ["ann"]),
        ((label for label in ("ann", "ben")), ["ann", "ben"]),
        ([], []),
    ],
    ids=lambda given: type(given).__name__,
)
def test_labels_are_read_from_any_list_or_column(given: Any, labels: list[Any]) -> None:
    found = label_list(given)
    assert found == labels
    assert {*map(type, found)} <= {int, str}


@pytest.mark.parametrize(
    "given",
    [
        None, 7.0, True, float("nan"), b"ann", bytearray(b"ann"), "", 2**63, -(2**63) - 1,
        np.array("ann"), np.array([["ann"]]), np.array([[7, 8]]), {"student": [7]},
        pd.DataFrame({"student": [7]}), pl.DataFrame({"student": [7]}), pa.table({"student": [7]}),
        ["ann", None], [7, float("nan")], [7, pd.NA], pd.Series([7, None]), [True], [b"ann"],
        [""], [2**63], np.array([2**63], np.uint64), [["ann"]], [("ann", "ben")], [7.0],
        np.ma.array([7, 8], mask=[False, True]), pa.array([7, None]),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_what_is_no_list_of_labels_is_refused(given: Any) -> None:
    with pytest.raises(UnknownLabelError, match="unknown student"):
        label_list(given, "student")
    with pytest.raises(UnknownLabelError, match="unknown student"):
        LabelIndex("student", ["ann", "ben"]).codes(given)


@pytest.mark.parametrize("given", [None, 1.0, True, np.True_, b"1", 2**63, ["ann"], np.array([1])])
def test_what_is_no_label_is_refused(given: Any) -> None:
    with pytest.raises(UnknownLabelError, match="expected a text or an integer"):
        label_of(given)
    with pytest.raises(UnknownLabelError):
        LabelIndex("lesson", [0, 1]).code(given)


def test_the_other_kind_of_label_is_told_with_the_near_spelling() -> None:
    refuse_other_kind(["1"], [], "student")
    refuse_other_kind(["1"], ["2"], "student")
    with pytest.raises(UnknownLabelError, match=r"'1' \(labels are integers here.*mean 1\?"):
        refuse_other_kind(["1"], [1, 2], "student")
    with pytest.raises(UnknownLabelError, match=r"7 \(labels are strings"):
        refuse_other_kind(["ann", 7], [], "student")
    with pytest.raises(UnknownLabelError, match=r"1 \(labels are strings here.*mean '1'\?"):
        LabelIndex("student", ["1"]).code(1)
