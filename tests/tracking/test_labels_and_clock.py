# ruff: noqa: DTZ001 - times without a zone are among the subjects
"""Whom and what a tracker is asked about, and when: labels and times of any library."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from adaptlearn import MasteryTracker
from adaptlearn.errors import AdaptLearnError, ParameterError, ResponseDataError, UnknownLabelError
from adaptlearn.models import BKT, FSRS
from adaptlearn.models.memory import FSRS_DEFAULTS

HOUR = 3600.0


def bkt(skill: Any = "x") -> BKT:
    return BKT.from_parameters(
        {"skill": [skill], "prior": [0.3], "learn": [0.2], "guess": [0.2], "slip": [0.1]}
    )


def tracker(student: Any = 1) -> MasteryTracker:
    rows = {"student": [student] * 8, "skill": ["x"] * 8, "correct": [1] * 8}
    return MasteryTracker(bkt(), practice=True).update(rows)


def memory(*times: Any) -> MasteryTracker:
    log = {"student": [1] * 2, "skill": ["x"] * 2, "correct": [1, 0], "time": [0.0, 86400.0]}
    model = FSRS(card="skill", parameters=FSRS_DEFAULTS, guess=0, slip=0).fit(log)
    n = len(times)
    rows = {"student": [1] * n, "skill": ["x"] * n, "correct": [1] * n, "time": [*times]}
    made = MasteryTracker(model)
    return made.update(rows) if times else made


@pytest.mark.parametrize(
    "one",
    [
        1, np.int8(1), pa.scalar(1), [1], (1,), np.array([1]), pa.array([1]),
        pa.chunked_array([[1]]), pd.Series([1]), pd.Series([1], dtype="Int64"), pd.Index([1]),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_a_student_is_known_whatever_library_the_label_comes_from(one: Any) -> None:
    made = tracker()
    assert made.mastery(one).value.tolist() == made.mastery([1]).value.tolist()
    assert made.mastery(one).value[0, 0] > 0.9
    assert made.predict(one, pa.array(["x"])).tolist() == made.predict([1], ["x"]).tolist()
    assert made.counts(one).tolist() == [[8]]
    practice = made.practice(one)
    assert practice is not None
    assert practice.right.tolist() == [[8.0]]
    assert made.unmet(one) == []


@pytest.mark.parametrize(
    "students",
    [
        None, float("nan"), 1.0, True, b"1", 2**63, [None], [math.nan], [pd.NA], [1.0], [True],
        [b"1"], [2**63], [[1]], np.array([[1]]), pd.Series([1.0]), pd.Series([1, None]),
        pa.array([1, None]), pa.array([[1]]), pd.DataFrame({"student": [1]}),
        pa.table({"student": [1]}), {"student": [1]},
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_what_is_no_student_is_refused(students: Any) -> None:
    made = tracker()
    asks: list[Any] = [
        lambda: made.predict(students, ["x"]),
        lambda: made.recall(students, ["x"], 0.0),
        lambda: made.unmet(students),
        lambda: made.last_times(students),
    ]
    if students is not None:  # there it stands for all
        asks += [lambda: made.mastery(students), lambda: made.counts(students)]
        asks += [lambda: made.practice(students)]
    for ask in asks:
        with pytest.raises(AdaptLearnError):
            ask()
    with pytest.raises(UnknownLabelError):
        MasteryTracker(bkt()).predict(students, ["x"])  # before anybody is known, too


@pytest.mark.parametrize(("known", "asked", "near"), [(1, "1", "mean 1"), ("1", 1, "mean '1'")])
def test_a_student_of_the_other_kind_is_no_stranger(known: Any, asked: Any, near: str) -> None:
    made = tracker(known)
    rows = {"student": [asked], "skill": ["x"], "correct": [1]}
    for ask in (
        lambda: made.mastery([asked]),
        lambda: made.mastery([known, asked]),
        lambda: made.predict([asked], ["x"]),
        lambda: made.counts(asked),
        lambda: made.practice([asked]),
        lambda: made.last_times([asked]),
        lambda: made.update(rows),
        lambda: made.rebuild(rows),
    ):
        with pytest.raises(UnknownLabelError, match=near):
            ask()
    with pytest.raises(UnknownLabelError):
        MasteryTracker(bkt()).mastery([1, "1"])


@pytest.mark.parametrize(("known", "asked", "near"), [(7, "7", "mean 7"), ("7", 7, "mean '7'")])
def test_skills_of_the_other_kind_are_refused(known: Any, asked: Any, near: str) -> None:
    made = MasteryTracker(bkt(known))
    rows = {"student": [1], "skill": [asked], "correct": [1]}
    for ask in (
        lambda: made.predict([1], [asked]),
        lambda: made.update(rows),
        lambda: made.rebuild(rows),
    ):
        with pytest.raises(UnknownLabelError, match=near):
            ask()
    assert len(made) == 0
    for wrong in (None, [None], [b"7"], [7.0], np.array([[7]])):
        with pytest.raises(UnknownLabelError):
            made.predict([1], wrong)  # type: ignore[arg-type]


def test_recall_at_a_datetime_of_the_logs_clock() -> None:
    base = dt.datetime(2024, 3, 1, 8)
    naive, aware = memory(base), memory(base.replace(tzinfo=dt.UTC))
    later = base + dt.timedelta(days=5)
    seconds = later.replace(tzinfo=dt.UTC).timestamp()
    expected = naive.recall([1], ["x"], seconds)
    assert (naive.clock, aware.clock, memory(0.0).clock) == ("naive", "aware", "seconds")
    assert (memory().clock, tracker().clock) == (None, "none")
    there = later.replace(tzinfo=dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=-7)))
    moment: Any
    for moment in (later, pd.Timestamp(later), np.datetime64(later), np.array([[later]], "M8[us]")):
        np.testing.assert_array_equal(naive.recall([1], ["x"], moment), expected)
        with pytest.raises(ParameterError, match="no time zone"):
            aware.recall([1], ["x"], moment)
    for moment in (there, pd.Timestamp(there), [[there]]):
        np.testing.assert_array_equal(aware.recall([1], ["x"], moment), expected)
        with pytest.raises(ParameterError, match="without one"):
            naive.recall([1], ["x"], moment)
    with pytest.raises(ParameterError):
        naive.recall([1], ["x"], pd.NaT)


@pytest.mark.parametrize("zone", [None, dt.UTC])
def test_an_answer_of_the_far_future_is_refused(zone: Any) -> None:
    made, now = memory(), dt.datetime.now(dt.UTC)

    def rows(ahead: float) -> dict[str, Any]:
        moment = (now + dt.timedelta(seconds=ahead)).astimezone(zone or dt.UTC)
        moment = moment if zone else moment.replace(tzinfo=None)
        past = moment - dt.timedelta(days=400 + ahead / 86400)
        return {"student": [2, 1], "skill": ["x"] * 2, "correct": [1] * 2, "time": [past, moment]}

    for history in (made.update, made.rebuild):
        with pytest.raises(ResponseDataError, match=r"1 row \(row 1\) dated in the future"):
            history(rows(75 * 365.0 * 86400))
    assert (len(made), made.clock) == (0, None)
    with pytest.raises(ResponseDataError, match="more than max_ahead=3600 seconds"):
        made.update(rows(16 * HOUR), max_ahead=HOUR)
    made.update(rows(23 * HOUR))
    made.update(rows(75 * 365.0 * 86400), max_ahead=math.inf)
    for wrong in (-1.0, math.nan, "day", None):
        with pytest.raises(ParameterError, match="max_ahead"):
            made.update(rows(0), max_ahead=wrong)  # type: ignore[arg-type]


def test_plain_seconds_are_of_any_clock() -> None:
    made = memory(4e9)  # 2096, where they are those of 1970
    assert made.last_times([1, 2]).tolist() == [4e9, -math.inf]
