"""Orders and times that cannot be right: a log with each finding, and one close by."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from tests.checkup.sound import START, checked, codes, sound, without


def test_order_unknown() -> None:
    columns = without(sound(), "time")
    assert codes(columns) == ["order-from-rows"]
    numbered = {**columns, "id": list(range(960))}
    assert codes(numbered) == []


def test_ids_that_order_as_text() -> None:
    columns = without(sound(), "time")
    assert "ids-order-as-text" in codes({**columns, "id": [str(k) for k in range(960)]})
    assert codes({**columns, "id": [f"{k:04d}" for k in range(960)]}) == []
    assert codes({**columns, "id": [f"e{k}" for k in range(960)]}) == []
    assert codes({**sound(), "id": [str(k) for k in range(960)]}) == []


def resorted(columns: dict[str, Any], *by: str, reverse: bool = False) -> dict[str, Any]:
    def key(row: int) -> tuple[Any, ...]:
        return tuple(columns[name][row] for name in by)

    order = sorted(range(len(columns["student"])), key=key, reverse=reverse)
    return {name: [column[row] for row in order] for name, column in columns.items()}


@pytest.mark.parametrize("reverse", [False, True])
def test_rows_sorted_by_answer(reverse: bool) -> None:
    columns = without(sound(), "time")
    checkup = checked(resorted(columns, "student", "correct", reverse=reverse))
    assert checkup["sorted-by-answer"].severity == "error"
    assert ("right before wrong" if reverse else "wrong before right") in (
        checkup["sorted-by-answer"].found
    )
    assert "sorted-by-answer" not in codes(columns)


def test_rows_sorted_by_item() -> None:
    columns = without(sound(), "time")
    checkup = checked(resorted(columns, "student", "item"))
    assert checkup.codes == ("sorted-by-item", "order-from-rows")
    assert codes(resorted(sound(), "student", "item")) == []  # times put them right


def test_a_course_in_the_order_of_its_item_numbers_is_fine_with_times() -> None:
    columns = sound()
    skills = ("add", "carry", "borrow")
    columns["item"] = [8 * skills.index(s) + k % 8 for k, s in enumerate(columns["skill"])]
    assert codes(columns) == []
    assert "sorted-by-item" in codes(without(columns, "time"))


def test_rows_sorted_by_skill() -> None:
    columns = without(sound(), "time", "item")
    columns["skill"] = [f"{skill} {k % 2}" for k, skill in enumerate(columns["skill"])]
    assert codes(resorted(columns, "student", "skill")) == ["sorted-by-skill", "order-from-rows"]
    assert codes(columns) == ["order-from-rows"]


def test_times_that_go_back() -> None:
    columns = sound()
    columns["time"][30] -= 500
    checkup = checked(columns)
    assert checkup.codes == ("times-go-back",)
    assert checkup["times-go-back"].rows.tolist() == [30]
    # Rows in no order, or newest first: that is what times are for.
    rng = np.random.default_rng(0)
    for order in (rng.permutation(960), np.arange(960)[::-1]):
        mixed = {name: [column[row] for row in order] for name, column in sound().items()}
        assert codes(mixed) == []


@pytest.mark.parametrize(("unit", "lost"), [(3600, "hour"), (86400, "day")])
def test_times_that_lost_their_date(unit: int, lost: str) -> None:
    columns = sound()
    # Sittings of eight answers that begin at any time.
    rng = np.random.default_rng(0)
    begin = np.repeat(rng.integers(0, unit, 120), 8)
    columns["time"] = ((begin + np.arange(960) % 8 * unit / 100) % unit).tolist()
    checkup = checked(columns)
    assert checkup["times-without-date"].severity == "error"
    assert f"within one {lost}" in checkup["times-without-date"].found
    newest_first = {name: column[::-1] for name, column in columns.items()}
    assert "times-without-date" not in codes(newest_first)
    dated = begin + np.arange(960) % 8 * unit / 100 + np.arange(960) // 8 * 1e6
    columns["time"] = dated.tolist()
    assert codes(columns) == []


def test_a_lesson_of_an_hour_is_no_lost_date() -> None:
    columns = sound()
    columns["time"] = [START + 100 * (k % 24) for k in range(960)]
    columns["time"][30] -= 150
    assert codes(columns) == ["times-go-back"]


def test_one_time_for_all() -> None:
    columns = sound()
    columns["time"] = [START] * 960
    columns["id"] = list(range(960))
    assert codes(columns) == ["times-constant"]


def test_students_saved_in_one_go() -> None:
    columns = sound()
    columns["time"][:24] = [START] * 24
    columns["id"] = list(range(960))
    checkup = checked(columns)
    assert checkup.codes == ("students-at-one-time",)
    assert checkup["students-at-one-time"].labels == ("s0",)
    assert checkup["students-at-one-time"].severity == "note"
    columns["time"][:240] = np.repeat(np.arange(10) + START, 24).tolist()
    assert checked(columns)["students-at-one-time"].severity == "warning"


def test_times_that_are_dates() -> None:
    columns = sound()
    columns["time"] = [dt.date(2024, 1, 1) + dt.timedelta(k % 24 // 4) for k in range(960)]
    columns["id"] = list(range(960))
    assert codes(columns) == ["times-are-dates"]


@pytest.mark.parametrize(("factor", "unit"), [(1e3, "milli"), (1e6, "micro"), (1e9, "nano")])
def test_times_of_another_unit(factor: float, unit: str) -> None:
    columns = sound()
    columns["time"] = [factor * time for time in columns["time"]]
    checkup = checked(columns)
    assert checkup.codes == ("times-in-milliseconds",)
    assert f"{unit}seconds" in checkup["times-in-milliseconds"].found
    columns["time"] = [time / factor - START + 1e6 for time in columns["time"]]
    assert codes(columns) == []  # seconds since the course began, say


@pytest.mark.parametrize("form", ["%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S"])
def test_dates_written_as_numbers(form: str) -> None:
    columns = sound()
    start = dt.datetime(2024, 1, 1, 8)  # noqa: DTZ001 - as it stands in a file
    moments = [start + dt.timedelta(hours=7 * k) for k in range(960)]
    columns["time"] = [int(moment.strftime(form)) for moment in moments]
    checkup = checked(columns)
    assert "times-like-dates" in checkup.codes
    assert "times-in-milliseconds" not in checkup.codes
    assert form in checkup["times-like-dates"].remedy
    columns["time"] = [time % 10**8 + 99 for time in columns["time"]]
    assert "times-like-dates" not in codes(columns)


def test_seconds_read_as_nanoseconds() -> None:
    columns = sound()
    since = [np.datetime64(int(time * 1e3), "us") for time in columns["time"]]
    assert codes({**columns, "time": np.array(since)}) == ["times-in-1970"]
    right = [np.datetime64(int(time), "s") for time in columns["time"]]
    assert codes({**columns, "time": np.array(right)}) == []


def test_single_times_out_of_range() -> None:
    columns = sound()
    columns["time"][0] = 0.0
    columns["time"][959] = 9e9
    checkup = checked(columns)
    assert checkup.codes == ("times-before-1990", "times-in-the-future")
    assert checkup["times-before-1990"].rows.tolist() == [0]
    assert checkup["times-in-the-future"].rows.tolist() == [959]
    tomorrow = dt.datetime.now(dt.UTC).timestamp() + 3600
    columns = sound()
    columns["time"][959] = tomorrow
    assert codes(columns) == []
