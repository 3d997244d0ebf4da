# ruff: noqa: DTZ001 - times without a zone are the subject
"""Times as seconds or datetimes of any unit and zone: the same moments, the same seconds."""

import datetime as dt
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import ResponseDataError

read: Any = ResponseLog.from_frame  # also given what its types forbid

MOMENTS = [
    dt.datetime(2024, 3, 1, 8, 30, 0, 123456),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
    dt.datetime(2024, 3, 1, 8, 30),
]
SECONDS = [(moment - dt.datetime(1970, 1, 1)).total_seconds() for moment in MOMENTS]
AWARE = [moment.replace(tzinfo=dt.UTC) for moment in MOMENTS]


def times(column, frame=dict):
    log = read(
        frame({"student": [1, 2, 3], "skill": [1, 1, 1], "correct": [1, 1, 0], "time": column})
    )
    assert log.time.dtype == np.float64
    return log.time.tolist(), log.clock


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_datetimes_without_a_zone_count_as_their_clock_shows(unit):
    array = np.array(MOMENTS, f"datetime64[{unit}]")
    table = pa.table({"t": pa.array(MOMENTS, pa.timestamp(unit))})
    for column in (
        MOMENTS,
        array,
        list(array),
        list(map(pd.Timestamp, MOMENTS)),
        pd.Series(array),
        pd.Series(MOMENTS, dtype=object),
        pl.Series(array),
        table["t"],
        table["t"].combine_chunks(),
    ):
        assert times(column) == (SECONDS, "naive")
    for make in (pd.DataFrame, pl.DataFrame):
        assert times(array, make) == (SECONDS, "naive")
    assert times(table["t"], pa.table) == (SECONDS, "naive")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_datetimes_with_a_zone_are_moments(zone):
    there = [moment.astimezone(zoneinfo.ZoneInfo(zone)) for moment in AWARE]
    mixed = [AWARE[0], there[1], AWARE[2].astimezone(dt.timezone(dt.timedelta(hours=-3.5)))]
    for column in (
        there,
        mixed,
        pd.Series(there),
        pd.Series(mixed, dtype=object),
        pd.DatetimeIndex(there),
        pl.Series(AWARE).dt.convert_time_zone(zone),
        pa.array(there, pa.timestamp("us", zone)),
    ):
        assert times(column) == (SECONDS, "aware")
    frame = pd.DataFrame({"t": pd.Series(there)})
    assert times(frame["t"], pd.DataFrame) == (SECONDS, "aware")
    assert times(pl.Series(AWARE).dt.convert_time_zone(zone), pl.DataFrame) == (SECONDS, "aware")
    assert times(pa.array(there, pa.timestamp("us", zone)), pa.table) == (SECONDS, "aware")


def test_the_hour_that_comes_twice():
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    early = dt.datetime(2024, 10, 27, 2, 30, tzinfo=zone, fold=0)
    late = early.replace(fold=1)
    (first, second, _), _ = times([early, late, late])
    assert second - first == 3600


@pytest.mark.parametrize("unit", ["Y", "M", "D", "h", "m", "s", "ms", "us", "ns", "ps"])
def test_every_unit_of_numpy(unit):
    values = np.array(["1970-01-01", "1971-01-01", "1970-01-01"], "datetime64[D]")
    found, clock = times(values.astype(f"datetime64[{unit}]" if unit != "ps" else "datetime64[ns]"))
    assert (found, clock) == ([0.0, 365 * 86400.0, 0.0], "naive")


def test_nanoseconds_are_read_as_far_as_a_float_holds_them():
    base = np.datetime64("2024-03-01T08:30:00", "ns")
    found, _ = times(base + np.array([1_000, 2_000, 999_999_000], "timedelta64[ns]"))
    start = dt.datetime(2024, 3, 1, 8, 30, tzinfo=dt.UTC).timestamp()
    np.testing.assert_allclose(np.array(found) - start, [1e-6, 2e-6, 0.999999], atol=3e-7)
    assert found[0] < found[1]
    assert times(np.array([1, 2, 3], "datetime64[ns]")) == ([1e-9, 2e-9, 3e-9], "naive")


def test_years_that_do_not_fit_nanoseconds():
    far = [dt.datetime(9999, 12, 31), dt.datetime(1, 1, 1), dt.datetime(2024, 1, 1)]
    expected = [(moment - dt.datetime(1970, 1, 1)).total_seconds() for moment in far]
    for column in (far, pl.Series(far), pa.array(far, pa.timestamp("us"))):
        assert times(column) == (expected, "naive")
    assert times(pa.array(far, pa.timestamp("us")), pa.table) == (expected, "naive")


def test_dates_are_midnights():
    days = [moment.date() for moment in MOMENTS]
    midnights = [dt.datetime(d.year, d.month, d.day, tzinfo=dt.UTC).timestamp() for d in days]
    for make in (dict, pd.DataFrame, pl.DataFrame, pa.table):
        assert times(days, make) == (midnights, "naive")


def test_dates_and_datetimes_without_a_zone_are_of_one_clock():
    found = times([dt.date(1970, 1, 2), dt.datetime(1970, 1, 1, 1), np.datetime64("1970-01-03")])
    assert found == ([86400.0, 3600.0, 172800.0], "naive")


@pytest.mark.parametrize(
    "column",
    [
        [0, -5, 2**53 - 1],
        [0.0, -5.0, float(2**53 - 1)],
        [0, -5.0, 2**53 - 1],
        np.array([0, -5, 2**53 - 1]),
        pd.Series([0, -5, 2**53 - 1], dtype="Int64"),
        pl.Series([0, -5, 2**53 - 1]),
    ],
)
def test_numbers_are_seconds(column):
    assert times(column) == ([0.0, -5.0, 2.0**53 - 1], "seconds")


FAR = {
    "ns": ([-(2**63) + 1, -(2**63) + 500, 2**63 - 1], 1e9),
    "us": ([-(2**63) + 2, 2**63 - 2, 9_404_949_939_200_000_000 // 2], 1e6),
    "ms": ([-(2**61), 9_404_949_939_200_000, -62_135_596_800_001], 1e3),
    "s": ([-(2**52), 9_404_949_939_200, 2**52], 1.0),
}


def engines(counts, unit):
    array = np.array(counts, f"datetime64[{unit}]")
    arrow = pa.array(counts, pa.int64()).cast(pa.timestamp(unit))
    there = pa.array(counts, pa.int64()).cast(pa.timestamp(unit, "Asia/Kathmandu"))
    yield array, dict
    yield list(array), dict
    yield pd.Series(array), dict
    yield pd.Series(array), pd.DataFrame
    yield pd.Series(array).dt.tz_localize("UTC"), pd.DataFrame
    for column in (arrow, there):
        yield column, dict
        yield column, pa.table
        yield pd.Series(pd.arrays.ArrowExtensionArray(column)), pd.DataFrame
        if unit != "s":
            yield pl.from_arrow(column), pl.DataFrame


@pytest.mark.parametrize("unit", FAR)
def test_datetimes_at_the_ends_of_their_unit_are_the_right_seconds(unit):
    counts, per_second = FAR[unit]
    for column, frame in engines(counts, unit):
        found, _ = times(column, frame)
        np.testing.assert_allclose(found, np.array(counts) / per_second, rtol=1e-15)


@pytest.mark.parametrize("unit", ["ms", "s", "m", "h", "D", "W", "M", "Y"])
def test_datetimes_beyond_exact_seconds_are_refused(unit):
    for count in (-(2**63) + 1, 2**63 - 1):
        for column in (np.array([count] * 3, f"datetime64[{unit}]"),):
            with pytest.raises(ResponseDataError, match="infinite"):
                times(column)


def test_far_dates_of_every_engine():
    days = pa.array([-(2**31), 3_000_000, 2**31 - 2], pa.int32()).cast(pa.date32())
    seconds = [-(2**31) * 86400.0, 3_000_000 * 86400.0, (2**31 - 2) * 86400.0]
    for column, frame in (
        (days, dict),
        (days, pa.table),
        (pa.chunked_array([days.cast(pa.date64())]), pa.table),
        (pd.Series(pd.arrays.ArrowExtensionArray(days)), pd.DataFrame),
        (pl.from_arrow(days), pl.DataFrame),
        (np.array(days), dict),
    ):
        assert times(column, frame) == (seconds, "naive")


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_duckdbs_infinities_are_refused(kind, sign):
    duckdb = pytest.importorskip("duckdb")
    table = duckdb.sql(
        f"select 1 as student, 1 as skill, 1 as correct, '{sign}infinity'::{kind} as time"
    )
    with pytest.raises(ResponseDataError, match="infinite"):
        read(table)


def test_times_that_are_objects_at_the_ends_of_what_they_hold():
    ends = [pd.Timestamp.min, pd.Timestamp.max, np.datetime64("300001-01-01")]
    found, _ = times(pd.Series(ends, dtype=object), pd.DataFrame)
    np.testing.assert_allclose(found, [-9223372036.854776, 9223372036.854776, 9404949939200.0])
    zone = dt.timezone(dt.timedelta(hours=5))
    found, clock = times([dt.datetime.min.replace(tzinfo=zone), *AWARE[:2]])
    assert (found[0], clock) == (-62135596800.0 - 5 * 3600, "aware")
