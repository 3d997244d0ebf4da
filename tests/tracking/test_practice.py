"""The practice that a tracker keeps, against a loop over the answers."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from tests.models import students

from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import DataWarning
from adaptlearn.models import BKT
from adaptlearn.sequencing.knowledge import Practice
from adaptlearn.tracking.record import DECAY


@pytest.fixture(scope="module")
def model():
    return BKT(n_init=1).fit(students.answers(200, 6, seed=1))


def by_hand(columns):
    """Right answers, streak, average, recent bits and last time of each student and skill."""
    found: dict = {}
    for student, skill, correct, time in zip(
        *(columns[name] for name in ("student", "skill", "correct", "time")), strict=True
    ):
        right, streak, average, recent, _ = found.get((student, skill), (0, 0, 0.0, [], 0.0))
        recent = [*recent, correct][-8:]
        average = DECAY * average + (1 - DECAY) * correct
        found[student, skill] = (
            right + correct,
            streak + 1 if correct else 0,
            average,
            recent,
            time,
        )
    return found


def a_log(seed=3, n_rounds=12):
    columns = students.answers(8, n_rounds, seed=seed)
    return {**columns, "time": np.arange(len(columns["correct"]), dtype=float)}


def test_practice_is_that_of_a_loop_in_any_batches(model):
    columns = a_log()
    whole = MasteryTracker(model, practice=True).update(columns)
    parts = MasteryTracker(model, practice=True)
    log = ResponseLog.from_frame(columns)
    for lo in range(0, len(log), 37):
        parts.update(log[lo : lo + 37])
    for tracker in (whole, parts):
        table = tracker.practice(range(8))
        assert table is not None
        for (student, skill), (right, streak, average, recent, time) in by_hand(columns).items():
            at = student, model.skills_.tolist().index(skill)
            assert (table.right[at], table.streak[at]) == (right, streak)
            assert table.average[at] == pytest.approx(average)
            assert bin(table.recent[at]) == "0b1" + "".join(map(str, recent))
            assert table.last_time[at] == time


def test_an_estimate_that_settles_shows(model):
    tracker = MasteryTracker(model, practice=True)
    changes = []
    for _ in range(12):
        tracker.update({"student": ["mia"], "skill": ["add"], "correct": [1]})
        table = tracker.practice(["mia"])
        assert table is not None
        changes.append(table.change[0, 0])
    assert changes[0] == pytest.approx(0.5 + 0.5 * 0.1, abs=0.1)  # half of the 1 it began with
    assert changes[-1] < 0.02
    stranger = tracker.practice(["nobody"])
    assert stranger is not None
    assert stranger.change[0].tolist() == [1.0] * 3
    assert stranger.recent[0].tolist() == [1] * 3
    assert np.isnan(stranger.last_time).all()


def test_practice_is_saved_and_forgotten_with_the_rest(model, tmp_path):
    columns = a_log()
    tracker = MasteryTracker(model, practice=True).update(columns)
    with pytest.warns(DataWarning, match="'new'"):
        tracker.update({"student": [3], "skill": ["new"], "correct": [1], "time": [1e6]})
    tracker.save(tmp_path / "state")
    again = MasteryTracker.load(tmp_path / "state", model)
    kept, had = again.practice(), tracker.practice()
    assert kept is not None
    assert had is not None
    for one, other in zip(kept, had, strict=True):
        np.testing.assert_array_equal(one, other)
    log = ResponseLog.from_frame(columns)
    first = log[np.flatnonzero(log.student.codes == 3)[:5]]
    rebuilt = again.rebuild(first).practice([3])
    fresh = MasteryTracker(model, practice=True).update(first).practice([3])
    assert rebuilt is not None
    assert fresh is not None
    np.testing.assert_array_equal(rebuilt.streak, fresh.streak)
    assert MasteryTracker(model).practice() is None


def test_exposures_leave_their_time_only(model):
    log = ResponseLog.from_frame(
        {"student": [1, 1], "skill": ["add"] * 2, "correct": [1, np.nan], "time": [5.0, 9.0]},
        unanswered="exposure",
    )
    table = MasteryTracker(model, practice=True).update(log).practice([1])
    assert table is not None
    assert (table.streak[0, 0], table.last_time[0, 0], table.recent[0, 0]) == (1, 9.0, 0b11)


def test_a_trackers_practice_is_what_policies_read(model):
    tracker = MasteryTracker(model, practice=True).update(students.answers(3, 2, seed=2))
    assert type(tracker.practice()) is Practice


def test_nobody_has_tables_without_rows(model):
    tracker = MasteryTracker(model, practice=True).update(students.answers(5, 2, seed=2))
    practice = tracker.practice([])
    assert practice is not None
    empty = (0, len(tracker.skills))
    assert {table.shape for table in practice} == {empty}
    assert tracker.mastery([]).value.shape == tracker.counts([]).shape == empty


def test_reading_practice_loads_no_model():
    code = """
import json, sys
from adaptlearn.sequencing import Sequencer
from adaptlearn.sequencing.knowledge import Practice
print(json.dumps([name for name in sys.modules if name.startswith("adaptlearn.models")]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
