# ruff: noqa: DTZ001 - times without a zone are among the subjects
"""One clock for answers, decisions, reviews and overrides; and devices whose clock is ahead."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ModelFileError, ParameterError
from adaptlearn.models import BKT
from adaptlearn.models.memory import FSRS, FSRS_DEFAULTS
from adaptlearn.sequencing import Decision, Override, ReviewSchedule

BASE = dt.datetime(2024, 3, 1, 8)
AWARE = BASE.replace(tzinfo=dt.UTC)
HERE = AWARE.astimezone(dt.timezone(dt.timedelta(hours=9)))
SKILLS = ["x", "y"]


def answers(*times: Any) -> dict[str, Any]:
    """An answer of student 1, of student 2, …."""
    n = len(times)
    rows = {"student": [*range(1, n + 1)], "skill": ["x"] * n, "correct": [1] * n}
    return rows if times[0] is None else {**rows, "time": [*times]}


def tracker(*times: Any, practice: bool = False) -> MasteryTracker:
    values = {"prior": [0.3] * 2, "learn": [0.2] * 2, "guess": [0.2] * 2, "slip": [0.1] * 2}
    model = BKT.from_parameters({"skill": SKILLS, **values})
    made = MasteryTracker(model, practice=practice)
    return made.update(answers(*times)) if times else made


def memory(*times: Any) -> MasteryTracker:
    log = {"student": [1] * 2, "skill": ["x"] * 2, "correct": [1, 0], "time": [0.0, 86400.0]}
    model = FSRS(card="skill", parameters=FSRS_DEFAULTS, guess=0, slip=0).fit(log)
    return MasteryTracker(model).update(answers(*times))


def sequencer(kept: MasteryTracker, **more: Any) -> Sequencer:
    course = Curriculum.from_dict({"skills": SKILLS})
    return Sequencer(course, kept, random_state=0, new_students=True, **more)


def test_a_moment_without_a_zone_belongs_beside_answers_without_one() -> None:
    made = sequencer(tracker(BASE))
    later = BASE + dt.timedelta(hours=1)
    now: Any
    for now in (later, pd.Timestamp(later), np.datetime64(later)):
        (decision,) = made.recommend(1, now=now)
        assert decision.time == later.replace(tzinfo=dt.UTC).timestamp()
    for now in (AWARE, HERE, pd.Timestamp(AWARE)):
        for ask in (made.recommend, made.context, made.time_to_goal):
            with pytest.raises(ParameterError, match="without one; give it without"):
                ask(1, now=now)
        with pytest.raises(ParameterError, match="without one"):
            made.explain(1, "x", now=now)


@pytest.mark.parametrize("time", [AWARE, HERE, AWARE.timestamp(), None])
def test_elsewhere_a_moment_needs_a_zone(time: Any) -> None:
    made = sequencer(tracker(time))
    assert made.recommend(1, now=HERE)[0].time == AWARE.timestamp()
    assert made.recommend(1, now=AWARE.timestamp())[0].time == AWARE.timestamp()
    with pytest.raises(ParameterError, match="has no time zone"):
        made.recommend(1, now=BASE)
    for now in (pd.NaT, np.datetime64("NaT", "s"), "2024-03-01", True, float("inf")):
        with pytest.raises(ParameterError):
            made.recommend(1, now=now)  # type: ignore[arg-type]


def test_before_the_first_answer_any_clock_will_do() -> None:
    made = sequencer(tracker())
    assert made.recommend(1, now=BASE)[0].time == made.recommend(1, now=AWARE)[0].time


def test_the_clock_of_the_memory_counts_too() -> None:
    naive, aware = memory(BASE), memory(AWARE)
    made = sequencer(tracker(None), review=ReviewSchedule(naive))
    assert made.recommend(1, now=BASE)[0].alerts == ()
    with pytest.raises(ParameterError, match="without one"):
        made.recommend(1, now=AWARE)
    mixed = sequencer(tracker(BASE), review=ReviewSchedule(aware))
    for now in (BASE, AWARE):
        with pytest.raises(ParameterError, match="zone"):
            mixed.recommend(1, now=now)
    context = sequencer(tracker(BASE)).context(1, now=BASE)
    with pytest.raises(ParameterError, match="no time zone"):
        ReviewSchedule(aware).look(context)


def test_the_clock_of_overrides_counts_too() -> None:
    ban: dict[str, Any] = {"author": "Lee", "reason": "as seen"}
    end = BASE + dt.timedelta(days=1)
    made = sequencer(tracker(BASE), overrides=[Override("ban", "x", expires=end, **ban)])
    assert made.recommend(1, now=end - dt.timedelta(seconds=1))[0].lesson == "y"
    assert len(made.recommend(1, n=2, now=end)) == 2
    other = Override("ban", "x", expires=end.replace(tzinfo=dt.UTC), **ban)
    for now in (BASE, AWARE.timestamp()):
        with pytest.raises(ParameterError, match="give both of one kind"):
            sequencer(tracker(BASE), overrides=[other]).recommend(1, now=now)
    assert len(sequencer(tracker(AWARE), overrides=[other]).recommend(1, now=AWARE)) == 1


@pytest.mark.parametrize("where", ["tracker", "practice", "memory"])
def test_an_answer_ahead_of_now_is_named_and_spares_the_others(where: str) -> None:
    now = AWARE.timestamp()
    times = now - 3600.0, now + 30.0, now - 86400.0 * 9
    if where == "memory":
        remembers = memory(*times)
        made = sequencer(tracker(None), review=ReviewSchedule(remembers))
        then = remembers.recall([2], SKILLS, times[1])
    else:
        made = sequencer(
            tracker(*times, practice=True), review=ReviewSchedule() if where == "practice" else None
        )
    decisions = made.recommend([1, 2, 3, 4], now=AWARE)
    assert [one.alerts for one in decisions] == [(), (("clock", {"ahead": 30.0}),), (), ()]
    context = made.context([1, 2, 3, 4], now=now)
    if where == "memory":
        assert context.retention is not None
        np.testing.assert_array_equal(context.retention[1:2], then)
        np.testing.assert_array_equal(context.retention[::2], made.context([1, 3], now).retention)
    else:
        assert context.time_since is not None
        assert context.time_since[:, 0].tolist()[:3] == [3600.0, 0.0, 86400.0 * 9]
    assert made.explain(2, "x", now=AWARE).status
    written = json.loads(decisions.to_json())
    assert [Decision.from_dict(one) for one in written] == [*decisions]
    assert ["alerts" in one for one in written] == [False, True, False, False]
    for wrong in ("clock", [["clock"]], [["", {}]], [["clock", [1]]], [["clock", {"a": []}]], [7]):
        with pytest.raises(ModelFileError, match="alert"):
            Decision.from_dict({**written[1], "alerts": wrong})


def test_alerts_stand_with_their_students_whatever_the_blocks() -> None:
    now = AWARE.timestamp()
    times = [now + 10.0 * (k % 3 == 1) * k for k in range(10)]
    made = sequencer(tracker(*times), block_size=2, n_jobs=2)
    decisions = made.recommend([*range(10, 0, -1)], n=2, now=now)
    ahead = {one.student: one.alerts[0].details["ahead"] for one in decisions if one.alerts}
    assert ahead == {2: 10.0, 5: 40.0, 8: 70.0}
