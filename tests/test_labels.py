from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from adaptlearn.labels import as_label


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
        None, float("nan"), np.nan, np.float64("nan"), pd.NA, pd.NaT, np.datetime64("NaT"),
        np.datetime64(1, "ns"), np.timedelta64(5, "s"),
        pa.scalar(None, pa.string()), pa.scalar(None, pa.int64()),
        "", np.str_(""), pa.scalar(""),
        True, np.bool_(True), pa.scalar(True),
        7.0, np.float64(7), pa.scalar(7.0),
        b"a", ("a", "b"), ["a"], np.array("a"), {"a": 1}, pd.Timestamp(0), pa.scalar(["a"]),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_label(value: Any) -> None:
    assert as_label(value) is None
