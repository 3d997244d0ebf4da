"""The log of a store's answers: what the states are made of, for fits, groups and plans."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tests.tutor.conftest import SKILLS
from tests.tutor.test_tutor import answers

from adaptlearn import MasteryTracker, Tutor
from adaptlearn.errors import DataWarning, ParameterError, StoreError, quiet
from adaptlearn.models import BKT
from adaptlearn.storage import MemoryStore


def rows(log):
    names = (log.student.values, log.skill.values, log.correct, log.time)
    return [*zip(*(column.tolist() for column in names), strict=True)]


def test_the_log_gives_the_states(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    tutor.record(answers(5, "mia", "add") + answers(4, "ben", "multiply", start=500.0))
    bus = {"student": "mia", "device": "bus", "skill": "divide", "correct": 1}
    tutor.record({**bus, "seq": 2, "time": 40.0})
    tutor.record({"kind": "lesson_done", "student": "mia", "lesson": "add 1", "device": "bus",
                  "seq": 1, "time": 1003.0})  # fmt: skip
    tutor.record({"kind": "exposure", "student": "ben", "skill": ["add", "divide"], "time": 499.0})
    tutor.next_lesson(["mia", "ben", "eve"])
    log = tutor.log()
    assert log.student.values.tolist() == ["ben"] * 5 + ["mia"] * 6
    assert log.student.labels.tolist() == ["ben", "mia"]
    # The lesson done raises the clock of the bus.
    assert log.time is not None
    assert log.time[log.student.values == "mia"].tolist() == [
        1000.0, 1001.0, 1002.0, 1003.0, 1003.0, 1004.0
    ]  # fmt: skip
    assert log.correct.tolist()[0] == -1
    late = tutor.log("mia", since=1003.0).time
    assert late is not None
    assert late.tolist() == [1003.0, 1003.0, 1004.0]
    found = MasteryTracker(model).update(log).mastery(["ben", "mia"]).value
    assert np.array_equal(found, tutor.mastery(["ben", "mia"]).value)
    with quiet():
        BKT(n_init=1).fit(log)


def test_students_and_times_are_chosen(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    assert len(tutor.log()) == 0
    assert len(tutor.log([])) == 0
    tutor.record(answers(3, 12) + answers(3, 7) + answers(1, 9, start=5.0))
    assert rows(tutor.log(7, since=1001.0)) == [(7, "add", 1, 1001.0), (7, "add", 0, 1002.0)]
    assert tutor.log(since=datetime.fromtimestamp(1002, UTC)).student.labels.tolist() == [7, 12]
    assert tutor.log([12, 7, 7, 99]).student.labels.tolist() == [7, 12]
    assert len(tutor.log(since=1e9)) == 0
    with pytest.raises(ParameterError, match="no time zone"):
        tutor.log(since=datetime(2026, 1, 1))  # noqa: DTZ001
    assert tutor._states.fold.learners.keys() <= {""}


def test_items_are_in_the_log_if_all_answers_name_one(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    tutor.record([{**one, "item": f"add #{k % 3}", "seconds": k}
                  for k, one in enumerate(answers(4))])  # fmt: skip
    item = tutor.log().item
    assert item is not None
    assert item.values.tolist() == ["add #0", "add #1", "add #2", "add #0"]
    tutor.record(answers(1, "ben"))
    with pytest.warns(DataWarning, match="1 of 5 answers name no item, so the log has no items"):
        assert tutor.log().item is None
    assert tutor.log("mia").item is not None


def test_a_log_under_a_key_bears_the_labels_asked_for(model, curriculum):
    tutor = Tutor(model, curriculum, MemoryStore(), key=b"0123456789abcdef")
    tutor.record(answers(2) + answers(2, "ben"))
    assert tutor.log(["mia", "ben"]).student.labels.tolist() == ["ben", "mia"]
    assert tutor.log().student.labels.tolist() == sorted(tutor.students())
    assert len(str(tutor.students()[0])) == 64


def test_what_the_model_refuses_or_is_in_conflict(curriculum):
    zero = [0.0] * 4
    never = BKT.from_parameters(
        {"skill": SKILLS, "prior": zero, "learn": zero, "guess": zero, "slip": [0.1] * 4}
    )
    tutor = Tutor(never, curriculum, MemoryStore())
    tutor.record([{**one, "id": f"e{k}"} for k, one in enumerate(answers(4))])
    tutor.record({**answers(1)[0], "id": "e0", "correct": 1})
    assert tutor.log().correct.tolist() == [1, 0, 1]  # another model may take a right answer
    bus = {**answers(1)[0], "device": "bus"}
    tutor.record({**bus, "id": "f1", "seq": 1, "time": 5e3})
    tutor.record([{**bus, "id": "f1", "seq": 1, "time": 6e3}, {**bus, "seq": 2, "time": 40.0}])
    log = tutor.log()  # a time that is in conflict raises no later one
    assert log.time is not None
    assert log.time.tolist() == [40.0, 1001.0, 1002.0, 1003.0]


def test_a_damaged_answer_is_told(model, curriculum):
    store = MemoryStore()
    tutor = Tutor(model, curriculum, store)
    tutor.record({**answers(1)[0], "id": "e0"})
    number, row = store._rows["e0"]
    store._rows["e0"] = number, row._replace(content="{")
    with pytest.raises(StoreError, match="event 'e0' of 'mia' is damaged"):
        tutor.log()
