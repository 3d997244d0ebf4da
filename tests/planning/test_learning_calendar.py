"""Calendars: the free minutes of days, against a count of one day after the other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn.errors import ParameterError
from adaptlearn.planning import Calendar

FIRST = date(2026, 9, 1)


def problems_of(*arguments: Any, **named: Any) -> tuple[str, ...]:
    with pytest.raises(ParameterError) as caught:
        Calendar(*arguments, **named)
    return tuple(caught.value.problems)


def test_free_minutes_by_weekday_break_and_single_day() -> None:
    found = Calendar(
        "2026-09-01",
        date(2026, 9, 13),
        {"Tue": 30, "Sat": 60},
        holidays=[("2026-09-07", "2026-09-09")],
        other={"2026-09-09": 15, "2026-09-12": 0},
    )
    assert [str(day) for day in found.days] == ["2026-09-01", "2026-09-05", "2026-09-09"]
    assert found.free.tolist() == [30, 60, 15]
    assert Calendar(**found.to_dict()) == found
    assert hash(Calendar(**found.to_dict())) == hash(found)


days = st.integers(0, 60).map(lambda k: FIRST + timedelta(days=k))


@settings(max_examples=trials(2000))
@given(
    st.dictionaries(
        st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        st.integers(1, 90),
        min_size=1,
    ),
    st.lists(st.tuples(days, days).map(lambda pair: tuple(sorted(pair))), max_size=2),
    st.integers(0, 2000),
    st.integers(0, 59),
)
def test_minutes_run_out_on_the_day_that_a_count_says(
    minutes: dict[str, int], breaks: list[Any], asked: int, later: int
) -> None:
    last = FIRST + timedelta(days=60)
    free = {}
    for k in range(61):
        day = FIRST + timedelta(days=k)
        resting = any(start <= day <= end for start, end in breaks)
        free[day] = 0 if resting else minutes.get(f"{day:%a}", 0)
    if not any(free.values()):
        assert "has minutes" in problems_of(FIRST, last, minutes, breaks)[0]
        return
    found = Calendar(FIRST, last, minutes, breaks)
    assert dict(zip(found.days.tolist(), found.free.tolist(), strict=True)) == {
        day: own for day, own in free.items() if own
    }
    spent, expected = 0, None
    for day, own in free.items():
        spent += own
        if own and spent >= asked:
            expected = day
            break
    assert found.date_after(asked).item() == expected
    start = FIRST + timedelta(days=later)
    left = {day: own for day, own in free.items() if own and day >= start}
    before = sum(own for day, own in free.items() if day < start)
    assert found.minutes_before(np.datetime64(start)) == (before if left else np.inf)
    if left:
        assert found.since(start).days.tolist() == [*left]
        assert found.since(start).total == sum(left.values())


def test_every_fault_is_told_at_once() -> None:
    assert problems_of("2026-13-01", 7, 0) == (
        "first is '2026-13-01'; expected a day such as \"2026-09-01\"",
        'last is 7; expected a day such as "2026-09-01"',
        "minutes must be a number in (0, 1440], got 0",
    )
    assert problems_of("2026-09-01", "2026-09-30", {"Mond": 30, "Tue": float("nan")}) == (
        "minutes must be a number in (0, 1440], got nan",
        "minutes: no weekday 'Mond' (did you mean 'Mon'?)",
    )
    assert problems_of(
        "2026-09-01",
        "2026-09-30",
        -5,
        [("2026-09-09", "2026-09-07"), ("2026-09-01",), "soon"],
        {"2026-09-02": -1},
    ) == (
        "minutes must be a number in (0, 1440], got -5",
        "holidays: the break from 2026-09-09 to 2026-09-07 ends before it starts",
        "holidays: ('2026-09-01',); expected a day, or a pair of first and last day",
        "holidays is 'soon'; expected a day such as \"2026-09-01\"",
        "other, 2026-09-02: -1 minutes; expected 0 or a number in (0, 1440]",
    )
    assert problems_of("2026-09-30", "2026-09-01", 30) == (
        "last (2026-09-01) is before first (2026-09-30)",
    )
    assert problems_of("2026-09-01", "2026-09-30", 30, ["2025-09-07"]) == (
        "2025-09-07 is not between the first day (2026-09-01) and the last (2026-09-30)",
    )
    assert problems_of("2026-09-05", "2026-09-06", 30) == (
        "no day from 2026-09-05 to 2026-09-06 has minutes",
    )
    assert problems_of("2026-09-01", "2026-09-30", {}) == (
        "minutes is empty; name a weekday with its minutes",
    )


def test_the_rest_of_a_calendar_keeps_its_breaks() -> None:
    year = Calendar("2026-09-01", "2026-09-30", 20, [("2026-09-07", "2026-09-11")])
    rest = year.since("2026-09-09")
    assert rest.days[0] == np.datetime64("2026-09-14")
    assert year.since("2026-08-01") is year
    with pytest.raises(ParameterError, match="after the calendar's last day"):
        year.since("2026-10-01")
