"""What nobody should ask, and errors from outside: nothing is recorded, no other call is harmed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import numpy as np
import pytest
from tests.tutor.conftest import SKILLS, a_model
from tests.tutor.test_tutor import answers

from adaptlearn import MasteryTracker, Tutor
from adaptlearn.errors import ParameterError, StateError, UnknownLabelError
from adaptlearn.sequencing.policies import preset
from adaptlearn.storage import MemoryStore

ABOUT = {"author": "a", "reason": "b"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mia\x00", "holds a zero character"),
        ("\ud800", "half of one"),
        ("x" * 201, "student has 201 characters; at most 200 are kept"),
        ("", "expected a label"),
        (1.5, "expected a label|expected a text or an integer"),
        (2**63, "at most 64 bits"),
    ],
)
def test_a_student_whom_no_store_can_keep_is_refused_at_every_call(
    store, model, curriculum, name, said
):
    """SQLite would cut the first of these, and show what it holds of another student."""
    tutor = Tutor(model, curriculum, store, random_state=0)
    tutor.record(answers(3))
    before = tutor.mastery("mia").value
    calls: list[Any] = [
        tutor.mastery, tutor.next_lesson, tutor.history, tutor.replay, tutor.place, tutor.export,
        tutor.forget, tutor.log, lambda who: tutor.next_item(who, "add 1"),
        lambda who: tutor.withdraw("e", student=who, **ABOUT),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(UnknownLabelError, match=f"{said}|expected a text or an integer"):
            call(name)
    for call in (tutor.mastery, tutor.next_lesson, tutor.log):
        with pytest.raises(UnknownLabelError):
            call(["mia", name])
    assert tutor.students() == ["mia"]
    assert np.array_equal(tutor.mastery("mia").value, before)
    assert tutor.verify()


@pytest.mark.parametrize("now", [1e13, -1e13, float("inf"), float("nan"), "now", True])
def test_a_time_out_of_range_is_refused_and_nothing_recorded(model, curriculum, now):
    tutor = Tutor(model, curriculum, MemoryStore())
    for call in (
        lambda: tutor.next_lesson("mia", now=now),
        lambda: tutor.set_goals("mia", ["add"], expires=now),
        lambda: tutor.log(since=now),
    ):
        with pytest.raises(ParameterError):
            call()
    assert tutor.students() == []


def test_the_same_moment_in_any_zone_is_one_event(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    moment = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    zones = [timezone(timedelta(hours=hours)) for hours in (0, 5.5, -11, 14)]
    told = [{**answers(1)[0], "time": moment.astimezone(zone)} for zone in zones]
    told.append({**answers(1)[0], "time": moment.timestamp()})
    assert [one.status for one in tutor.record(told)] == ["new"] + ["known"] * 4
    assert tutor.history("mia")[0].time == moment.timestamp()
    assert len(tutor.log(since=moment.astimezone(zones[2]))) == 1


def test_rows_stand_in_the_order_asked_for(model, curriculum):
    tutor = Tutor(model, curriculum, MemoryStore())
    tutor.record(answers(3))
    found = tutor.mastery(["ben", "mia", "ben", "mia"])
    assert found.students.tolist() == ["ben", "mia", "ben", "mia"]
    assert np.array_equal(found.value[:2], found.value[2:])
    assert len(tutor.next_lesson(["mia", "mia"])) == 1
    assert len(tutor.next_lesson([])) == 0
    assert tutor.mastery([]).value.shape == (0, 4)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"author": ""}, "author is empty; say who, and why"),
        ({"reason": ""}, "reason is empty; say who, and why"),
        ({"author": {1}}, "author must be a text, got {1}"),
        ({"reason": "b" * 70_000}, "bytes of JSON; at most 65,536 are kept"),
    ],
)
def test_who_decides_and_why_is_a_text_of_limited_length(model, curriculum, wrong, said):
    tutor = Tutor(model, curriculum, MemoryStore())
    mine = tutor.override("ban", "add 1", student="mia", **ABOUT).id
    assert mine is not None
    about: dict[str, Any] = {"student": "mia", **ABOUT, **wrong}
    calls: list[Any] = [
        lambda: tutor.withdraw(mine, **about),
        lambda: tutor.override("ban", "add 1", **about),
        lambda: tutor.set_goals(targets=["add"], **about),
    ]
    for call in calls[:2] if "" in wrong.values() else calls:
        with pytest.raises(ParameterError) as error:
            call()
        assert said in str(error.value)
    assert len(tutor.history("mia")) == 1


def test_a_policy_that_raises_harms_nothing(model, curriculum):
    angry = [True]

    def policy(context):
        if angry[0]:
            raise RuntimeError("the policy's own error")
        shape = len(context.students), len(curriculum.lessons)
        return np.ones(shape), np.ones(shape, bool)

    tutor = Tutor(model, curriculum, MemoryStore(), policy=policy, random_state=0)
    tutor.record(answers(3))
    with pytest.raises(RuntimeError, match="own error"):
        tutor.next_lesson("mia")
    assert len(tutor.history("mia")) == 3
    angry[0] = False
    assert tutor.next_lesson("mia")[0].lesson is not None
    assert tutor.verify()


def test_an_iterable_that_raises_records_nothing(model, curriculum):
    tutor = Tutor(model, curriculum, MemoryStore())

    def events():
        yield from answers(3)
        raise OSError("the upload broke off")

    with pytest.raises(OSError, match="broke off"):
        tutor.record(events())
    assert tutor.students() == []


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_fold_that_is_interrupted_is_done_again(store, model, curriculum, monkeypatch, at):
    """Whatever stops a fold, even a key pressed: no answer is left out of the state after it."""
    tutor = Tutor(model, curriculum, store, policy=preset("balanced"))
    told = [{**one, "student": who, "item": "add #1"} for who in ("mia", "ben")
            for one in answers(3, start=100.0)]  # fmt: skip
    tutor.record([*answers(3), *answers(3, "ben"), *told])
    expected = Tutor(model, curriculum, store).mastery(["mia", "ben"]).value
    tracker, calls = tutor._states.fold.tracker, [0]
    update = tracker.update

    def stopped(*args, **options):
        calls[0] += 1
        if calls[0] == at + 1:
            raise KeyboardInterrupt
        return update(*args, **options)

    monkeypatch.setattr(tracker, "update", stopped)
    for _ in range(2):
        try:
            tutor.mastery(["mia", "ben"])
        except KeyboardInterrupt:
            continue
    assert np.array_equal(tutor.mastery(["mia", "ben"]).value, expected)
    assert tutor.verify()


def test_seq_numbers_are_large_and_of_any_integer_kind(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    seqs = [np.int64(1), 2**62, np.uint8(7), 2**63 - 1]
    told = [{**answers(1)[0], "device": "bus", "seq": seq, "time": 9.0 - k}
            for k, seq in enumerate(seqs)]  # fmt: skip
    assert {one.status for one in tutor.record(told)} == {"new"}
    assert [one.event.seq for one in tutor.history("mia")] == [1, 7, 2**62, 2**63 - 1]
    assert tutor.verify()


def test_skills_may_stand_in_an_array(model, curriculum):
    tutor = Tutor(model, curriculum, MemoryStore())
    tutor.record({**answers(1)[0], "skill": np.array(SKILLS[:2])})
    assert tutor.history("mia")[0].event.content["skill"] == SKILLS[:2]


def test_what_is_no_model_or_curriculum_is_refused(model, curriculum):
    tutor = Tutor(model, curriculum, MemoryStore())
    wrong: list[dict] = [{"model": 7}, {"curriculum": {}}]
    for given, said in zip(wrong, ("model is a int", "curriculum is a dict"), strict=True):
        with pytest.raises(ParameterError, match=said):
            tutor.sync(**given)
    assert tutor.model is model


@pytest.mark.parametrize("given", ["x", None, 3])
def test_a_moment_that_there_is_not_is_refused(model, curriculum, given):
    tutor = Tutor(model, curriculum, MemoryStore())
    log = {"student": ["mia"], "skill": ["add"], "correct": [1]}
    for call in (
        tutor.mastery, partial(tutor.mastery, "mia"), MasteryTracker(model).mastery,
        partial(model.mastery, log),
    ):  # fmt: skip
        with pytest.raises(ParameterError, match="'next_opportunity'") as error:
            call(when=given)
        assert "'after_response'" in str(error.value)


def test_a_models_file_that_is_gone_is_told(tmp_path, model, curriculum):
    path, file = tmp_path / "school.db", tmp_path / "model.json"
    model.save(file)
    other = Tutor.open(path, model=file, curriculum=curriculum)
    with Tutor.open(path, model=model, curriculum=curriculum) as one:
        one.sync(model=a_model(learn=0.05))
    for content in (None, "{"):
        file.unlink() if content is None else file.write_text(content)
        with pytest.raises(
            StateError, match=r"the tutor's model file cannot be loaded: .*model\.json"
        ):
            other.mastery("mia")
    assert other.record(answers(1))[0].status == "new"


def test_ids_from_outside_cannot_erase_anybody(model, curriculum):
    store = MemoryStore()
    tutor = Tutor(model, curriculum, store)
    tutor.record(answers(1))
    for name in ("erasure:mia", "model", "student mia", "'; DROP TABLE events; --", "\u202e", "é"):
        one = {**answers(1, "ben")[0], "id": name}
        assert tutor.record(one)[0].status == "new"
    assert tutor.students() == ["ben", "mia"]
    assert tutor.verify()
