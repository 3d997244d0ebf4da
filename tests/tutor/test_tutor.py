"""The loop: what is recorded is folded, survives, and is decided on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import permutations
from time import time as seconds_now

import numpy as np
import pytest
from tests.tutor.conftest import a_model

from adaptlearn import MasteryTracker, Sequencer, Tutor
from adaptlearn.errors import ParameterError, StateError, UnknownLabelError
from adaptlearn.sequencing.decisions import Decisions
from adaptlearn.storage import MemoryStore, SQLiteStore
from adaptlearn.tutor import Event, Store


def answers(n, student="mia", skill="add", start=1000.0):
    return [
        {"student": student, "skill": skill, "correct": k % 2, "time": start + k} for k in range(n)
    ]


def test_a_store_is_one(store):
    assert isinstance(store, Store)


def test_what_was_recorded_is_the_trackers_state(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    receipts = tutor.record(answers(7) + answers(3, "ben", "multiply"))
    assert [one.status for one in receipts] == ["new"] * 10
    assert [one.status for one in tutor.record(answers(7))] == ["known"] * 7
    tracker = MasteryTracker(model).update(
        {"student": ["mia"] * 7, "skill": ["add"] * 7, "correct": [0, 1, 0, 1, 0, 1, 0]}
    )
    assert np.array_equal(tutor.mastery("mia").value, tracker.mastery(["mia"]).value)
    assert tutor.mastery().students.tolist() == ["ben", "mia"]
    checked = tutor.verify()
    assert checked
    assert (checked.students, checked.events) == (2, 10)


def test_answers_without_a_time_count_in_the_order_of_the_call(store, model, curriculum):
    tutor = Tutor(model, curriculum, store=store)
    told = [0, 0, 1, 0, 1, 1, 1, 1]
    tutor.record([{"student": "ann", "skill": "add", "correct": one} for one in told])
    tracker = MasteryTracker(model).update(
        {"student": ["ann"] * 8, "skill": ["add"] * 8, "correct": told}
    )
    skill = tracker.skills.tolist().index("add")
    assert tutor.mastery(["ann"]).value[0, skill] == tracker.mastery(["ann"]).value[0, skill]


def test_late_answers_are_folded_in(store, model, curriculum):
    tutor, whole = Tutor(model, curriculum, store), answers(9)
    for part in (whole[5:], whole[2:5], whole[:2]):
        tutor.record(part)
        tutor.mastery("mia")
    tracker = MasteryTracker(model).update(
        {"student": ["mia"] * 9, "skill": ["add"] * 9, "correct": [k % 2 for k in range(9)]}
    )
    assert np.array_equal(tutor.mastery("mia").value, tracker.mastery(["mia"]).value)
    assert [entry.time for entry in tutor.history("mia")] == [1000.0 + k for k in range(9)]
    assert tutor.verify()


def test_one_id_with_two_contents_counts_for_nothing(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    one = {"id": "e1", "student": "mia", "skill": "add", "correct": 1, "time": 5.0}
    tutor.record([one, *answers(2)])
    before = tutor.mastery("mia").value
    assert tutor.record({**one, "correct": 0})[0].status == "conflict"
    assert tutor.record(one)[0].status == "conflict"
    assert len(store.conflicts()) == 2
    assert not np.array_equal(tutor.mastery("mia").value, before)
    assert [entry.event.id for entry in tutor.history("mia")] == [
        receipt.id for receipt in tutor.record(answers(2))
    ]
    assert tutor.verify()


def test_decisions_survive_and_replay(tmp_path, model, curriculum):
    path = tmp_path / "school.db"
    with Tutor.open(path, model=model, curriculum=curriculum, random_state=0) as tutor:
        tutor.record(answers(8))
        first = tutor.next_lesson("mia", now=2000.0)
        assert first[0].lesson is not None
    with Tutor.open(path, model=model, curriculum=curriculum) as tutor:
        assert tutor.verify()
        assert [step.decision for step in tutor.replay("mia").steps] == [*first]
        assert path.stat().st_mode & 0o777 == 0o600


def test_another_tutor_sees_what_was_acknowledged(tmp_path, model, curriculum):
    path = tmp_path / "school.db"
    one, other = (Tutor.open(path, model=model, curriculum=curriculum) for _ in range(2))
    for part in (answers(3), answers(3, start=10.0), answers(2, start=3000.0)):
        one.record(part)
        assert np.array_equal(other.mastery("mia").value, one.mastery("mia").value)
    one.override("ban", "add 1", author="Ms Lee", reason="on paper")
    one.override("ban", "add 2", student="mia", author="Ms Lee", reason="on paper")
    assert {d.lesson for d in other.next_lesson("mia", n=8)}.isdisjoint({"add 1", "add 2"})


def test_goals_overrides_and_lessons_done_count(store, model, curriculum):
    tutor = Tutor(model, curriculum, store, random_state=0)
    tutor.set_goals("mia", {"subtract": 1.0}, author="mia", reason="likes it")
    assert {d.lesson for d in tutor.next_lesson("mia", n=8)} == {"subtract 1", "subtract 2"}
    tutor.lesson_done("mia", "subtract 1")
    assert tutor.next_lesson("mia")[0].lesson == "subtract 2"
    pin = tutor.override("pin", "add 1", student="mia", author="Ms Lee", reason="today")
    assert tutor.next_lesson("mia")[0].lesson == "add 1"
    assert pin.id is not None
    tutor.withdraw(pin.id, student="mia", author="Ms Lee", reason="done")
    assert tutor.next_lesson("mia")[0].lesson == "subtract 2"
    tutor.set_goals("mia", None)
    assert {d.lesson for d in tutor.next_lesson("mia", n=8)} > {"subtract 1", "add 1"}
    with pytest.raises(UnknownLabelError, match="did you mean 'add 1'"):
        tutor.override("ban", "add1", author="x", reason="y")


def test_overrides_end_and_need_a_zone(store, model, curriculum):
    tutor = Tutor(model, curriculum, store, random_state=0)
    end = datetime(2026, 1, 1, tzinfo=UTC)
    tutor.override("pin", "multiply 1", student="mia", author="a", reason="b", expires=end)
    assert tutor.next_lesson("mia", now=end.timestamp() - 1)[0].lesson == "multiply 1"
    assert tutor.next_lesson("mia", now=end)[0].lesson != "multiply 1"
    with pytest.raises(ParameterError, match="no time zone"):
        tutor.override("ban", "add 1", author="a", reason="b", expires=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ParameterError, match="no time zone"):
        tutor.next_lesson("mia", now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_item_just_seen_does_not_come(tmp_path, model, curriculum):
    path, given = tmp_path / "school.db", []
    for _ in range(3):
        with Tutor.open(path, model=model, curriculum=curriculum, random_state=1) as tutor:
            given += [tutor.next_item("mia", "add 1").item for _ in range(4)]
    assert given[:4] == given[4:8] == given[8:]
    assert len(set(given)) == 4


def test_an_item_answered_or_shown_anywhere_does_not_come(tmp_path, model, curriculum):
    path = tmp_path / "school.db"
    for seed in range(4):
        student, left = f"s{seed}", {f"add #{k}" for k in range(4)}
        with Tutor.open(path, model=model, curriculum=curriculum, random_state=seed) as tutor:
            first = tutor.next_item(student, "add 1").item
            left -= {first}
            second, third = sorted(left)[:2]
            seen = {"student": student, "skill": "add", "item": second, "time": seconds_now() + 1}
            tutor.record(
                [
                    {**seen, "correct": 0},
                    {**seen, "kind": "exposure", "item": third, "time": seconds_now() + 2},
                ]
            )
        with Tutor.open(path, model=model, curriculum=curriculum, random_state=seed) as tutor:
            # Of four items three were just seen; then the one seen longest ago comes again.
            last = tutor.next_item(student, "add 2").item
            assert {last} == left - {second, third}
            assert last != first
            tutor.record({**seen, "item": last, "correct": 1, "time": seconds_now() + 3})
            assert tutor.next_item(student, "add 1").item == first


def test_a_placement_survives_and_ends_in_the_state(tmp_path, model, curriculum):
    path, asked = tmp_path / "school.db", 0
    while True:
        with Tutor.open(path, model=model, curriculum=curriculum) as tutor:
            talk = tutor.place("mia")
            skill = talk.next()
            if skill is None:
                break
            talk.answer(skill, skill in ("add", "subtract"))
            asked += 1
    with Tutor.open(path, model=model, curriculum=curriculum) as tutor:
        result = tutor.place("mia").result()
        assert len(result.answers) == asked > 1
        tracker = MasteryTracker(model)
        result.apply(tracker)
        assert np.array_equal(tutor.mastery("mia").value, tracker.mastery(["mia"]).value)
        tutor.record(answers(2, skill=result.answers[0][0]))  # long before the placement
        tracker = MasteryTracker(model)
        tracker.update({"student": ["mia"] * 2, "skill": [result.answers[0][0]] * 2,
                        "correct": [0, 1]})  # fmt: skip
        found = result.table()
        known = dict(zip(found["skill"], found["probability"], strict=True))
        del known[result.answers[0][0]]
        tracker.believe("mia", known)
        assert np.array_equal(tutor.mastery("mia").value, tracker.mastery(["mia"]).value)
        assert tutor.verify()


def test_a_new_model_takes_over(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    tutor.record(answers(5))
    first = tutor.next_lesson("mia")[0]
    other = a_model(learn=0.05)
    synced = tutor.sync(model=other)
    assert synced.model == other.fingerprint_ == tutor.model.fingerprint_
    tracker = MasteryTracker(other).update(
        {"student": ["mia"] * 5, "skill": ["add"] * 5, "correct": [0, 1, 0, 1, 0]}
    )
    assert np.array_equal(tutor.mastery("mia").value, tracker.mastery(["mia"]).value)
    second = tutor.next_lesson("mia")[0]
    assert [step.decision.model for step in tutor.replay("mia").steps] == [
        first.model, second.model
    ] == [model.fingerprint_, other.fingerprint_]  # fmt: skip
    assert tutor.verify()
    with pytest.raises(StateError, match="new_model=True") as error:
        Tutor(model, curriculum, store)
    assert model.fingerprint_[:12] in str(error.value)
    assert other.fingerprint_[:12] in str(error.value)
    Tutor(model, curriculum, store, new_model=True)


def test_an_edited_curriculum_keeps_what_it_can(store, model, curriculum):
    tutor = Tutor(model, curriculum, store, random_state=0)
    tutor.override("ban", "add 1", student="mia", author="a", reason="b")
    tutor.override("ban", "add 2", author="a", reason="b")
    tutor.set_goals("mia", ["add 1", "multiply"])
    tutor.lesson_done("mia", "add 1")
    content = curriculum.to_dict()
    content["lessons"] = [one for one in content["lessons"] if one["lesson"] != "add 1"]
    edited = type(curriculum).from_dict(content)
    assert tutor.sync(curriculum=edited).lost == (
        "override of 'mia': ban 'add 1'", "goal of 'mia': 'add 1'",
        "lesson done of 'mia': 'add 1'",
    )  # fmt: skip
    assert "add 2" not in {d.lesson for d in tutor.next_lesson("mia", n=9)}


def test_labels_of_the_other_kind_are_refused(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    tutor.record(answers(1, 7))
    assert tutor.mastery(7).students.tolist() == [7]
    for call in (tutor.mastery, tutor.next_lesson, tutor.history, tutor.forget):
        with pytest.raises(UnknownLabelError):
            call("7")
    with pytest.raises(ParameterError, match=r"student '7' \(labels are integers here"):
        tutor.record(answers(1, "7"))


def test_a_key_keeps_labels_out_of_the_store(tmp_path, model, curriculum):
    path, key = tmp_path / "school.db", b"0123456789abcdef"
    with Tutor.open(path, model=model, curriculum=curriculum, key=key, random_state=0) as tutor:
        tutor.record(answers(4, "miriam k"))
        decision = tutor.next_lesson("miriam k")[0]
        assert decision.student == "miriam k"
        assert tutor.replay("miriam k").steps[0].decision == decision
        assert tutor.mastery("miriam k").students.tolist() == ["miriam k"]
        for file in tmp_path.iterdir():
            assert b"miriam" not in file.read_bytes()
    for wrong in (None, b"another key 1234"):
        with pytest.raises(StateError, match="made with"):
            Tutor(model, curriculum, SQLiteStore(path), key=wrong)


def test_who_is_forgotten_is_in_no_byte(tmp_path, model, curriculum):
    path = tmp_path / "school.db"
    tutor = Tutor.open(path, model=model, curriculum=curriculum, random_state=0)
    other = Tutor.open(path, model=model, curriculum=curriculum)
    tutor.record([
        {**one, "id": f"{who}-{k}", "note": f"by {who}"}
        for who in ("miriam", "ben") for k, one in enumerate(answers(50, who))
    ])  # fmt: skip
    tutor.record({**answers(1, "miriam")[0], "id": "miriam-1", "time": 9.0})
    tutor.next_lesson(["miriam", "ben"])
    before, prior = other.mastery(["ben"]).value, other.mastery(["nobody"]).value
    other.mastery("miriam")
    assert any(b"miriam" in file.read_bytes() for file in tmp_path.iterdir())
    tutor.forget("miriam")
    for file in tmp_path.iterdir():
        assert b"miriam" not in file.read_bytes(), file
    assert [one.status for one in tutor.record(answers(3, "miriam", start=7e3))] == ["erased"] * 3
    for one in (tutor, other):
        assert np.array_equal(one.mastery("miriam").value, prior)
        assert np.array_equal(one.mastery("ben").value, before)
        assert not one.history("miriam")
        assert one.verify()


def test_what_an_export_holds(store, model, curriculum):
    tutor = Tutor(model, curriculum, store, random_state=0)
    tutor.record(answers(2))
    tutor.next_lesson("mia")
    held = tutor.export("mia")
    assert [one["kind"] for one in held["events"]] == ["answer", "answer", "decision"]
    assert set(held["mastery"]) == set(curriculum.skills.tolist())


@pytest.mark.parametrize("came", [*permutations(range(3))])
def test_a_clock_set_back_is_raised_and_marked(store, model, curriculum, came):
    tutor = Tutor(model, curriculum, store)
    told = [(1, 100.0, 1), (2, 40.0, 0), (3, 110.0, 1)]
    for seq, time, correct in (told[k] for k in came):
        tutor.record(
            Event("answer", "mia", {"skill": "add", "correct": correct}, time, "tablet", seq)
        )
        tutor.mastery("mia")
    listed = tutor.history("mia")
    assert [(one.event.seq, one.time, one.raised) for one in listed] == [
        (1, 100.0, False), (2, 100.0, True), (3, 110.0, False)
    ]  # fmt: skip
    tracker = MasteryTracker(model).update(
        {"student": ["mia"] * 3, "skill": ["add"] * 3, "correct": [1, 0, 1]}
    )
    assert np.array_equal(tutor.mastery("mia").value, tracker.mastery(["mia"]).value)
    assert tutor.verify()


def test_verify_finds_a_state_that_is_not_the_folds(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    tutor.record(answers(3) + answers(3, "ben"))
    assert tutor.verify()
    live = tutor._states.fold.tracker
    live.update({"student": ["ben"], "skill": ["add"], "correct": [1], "time": [2e9]})
    assert tutor.verify().differ == ("ben",)
    tutor.lesson_done("mia", "add 1")
    tutor.mastery("mia")
    tutor._states.learner("mia").overrides = (("nonsense",),)  # type: ignore[assignment]
    assert tutor.verify().differ == ("ben", "mia")


def test_who_is_erased_during_verify_does_not_differ(model, curriculum, monkeypatch):
    store = MemoryStore()
    tutor, read = Tutor(model, curriculum, store), store.read
    tutor.record(answers(3) + answers(3, "ben"))
    tutor.mastery()

    def erased(after, kinds=None):
        if kinds is None and "mia" in after:
            store.forget("mia")
        return read(after, kinds)

    monkeypatch.setattr(store, "read", erased)
    assert tutor.verify().differ == ()
    assert tutor.mastery().students.tolist() == ["ben"]


def test_what_takes_over_is_guarded_by_the_same_lock(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    tutor.sync(model=a_model(learn=0.1))
    assert tutor._states._lock is tutor._lock


def test_a_snapshot_is_a_cache(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    tutor.record(answers(9) + answers(4, "ben") + [{**answers(1)[0], "device": "bus", "seq": 4}])
    tutor.override("ban", "add 1", author="a", reason="b")
    tutor.set_goals("mia", {"multiply": 2.0})
    tutor.lesson_done("mia", "add 2")
    tutor.snapshot()
    whole = tutor.mastery()
    learners = tutor._states.fold.learners
    tutor.record(answers(2, "mia", start=500.0) + answers(2, "eve"))
    data = store.snapshot("states")
    assert data is not None
    reads, read = [], store.read

    def counted(after, kinds=None):
        found = read(after, kinds)
        reads.append(len(found.number))
        return found

    store.read = counted
    for kept in (data, data[:-9], data[:100] + b"x" + data[101:], b"x", b""):
        store.snapshot("states", kept)
        again = Tutor(model, curriculum, store)
        if kept == data:
            assert again._states.fold.learners == learners
            assert np.array_equal(
                again._states.fold.tracker.mastery(["ben", "mia"]).value, whole.value
            )
            assert sum(reads) <= 2  # the model's and the curriculum's
        found = again.mastery()
        assert found.students.tolist() == ["ben", "eve", "mia"]
        assert np.array_equal(found.value, tutor.mastery().value)
        assert again.verify()
    assert Tutor(model, curriculum, store, practice=False).verify()
    assert Tutor(a_model(learn=0.1), curriculum, store, new_model=True).verify()


def test_a_snapshot_does_not_bring_back_who_was_erased(store, model, curriculum, monkeypatch):
    one, other = Tutor(model, curriculum, store), Tutor(model, curriculum, store)
    one.record(answers(3) + answers(3, "ben"))
    one.snapshot()
    states = one._states
    number = states.learner("").number
    monkeypatch.setattr(states, "refresh_all", list)  # it does not look again
    other.forget("mia")
    assert store.snapshot("states") is None
    states.keep()
    assert number == states.learner("").number
    assert store.snapshot("states") is None
    other.snapshot()
    assert store.snapshot("states") is not None


def test_a_new_model_takes_over_while_answers_arrive(store, model, curriculum):
    tutor, models, stop = Tutor(model, curriculum, store), set(), threading.Event()
    tutor.record([{**one, "student": f"s{k}"} for k in range(40) for one in answers(3)])

    def serve(number: int) -> int:
        told = 0
        while not stop.is_set():
            (receipt,) = tutor.record(
                {"student": f"s{told % 40}", "skill": "add", "correct": 1, "device": f"d{number}",
                 "seq": told, "time": 2000.0 + told}
            )  # fmt: skip
            assert receipt.status == "new"
            models.add(tutor.next_lesson(f"s{told % 40}")[0].model)
            told += 1
        return told

    others = [a_model(learn=0.1 + 0.02 * k) for k in range(2)]
    with ThreadPoolExecutor(2) as pool:
        going = [pool.submit(serve, number) for number in range(2)]
        for other in others:
            tutor.sync(model=other)
        stop.set()
        told = sum(one.result() for one in going)
    assert models <= {model.fingerprint_, *(other.fingerprint_ for other in others)}
    assert tutor.next_lesson("s0")[0].model == others[-1].fingerprint_
    checked = tutor.verify()
    assert checked
    assert checked.events == 120 + 2 * told + 1  # an answer and a decision each, and the last


def test_an_override_that_is_not_there_cannot_be_withdrawn(store, model, curriculum):
    tutor = Tutor(model, curriculum, store, random_state=0)
    about = {"author": "Ms Lee", "reason": "r"}
    mine = tutor.override("ban", "add 1", student="mia", **about).id
    everyones = tutor.override("ban", "add 2", **about).id
    assert mine is not None
    assert everyones is not None
    near = mine[:-1] + ("0" if mine[-1] != "0" else "1")
    wrong = [
        (
            "mia",
            near,
            f"unknown override of 'mia': 1 problem\n  - '{near}' (did you mean '{mine}'?)",
        ),
        ("mia", everyones, "it is for all students: leave student out"),
        ("ben", mine, "unknown override of 'ben'"),
        (None, mine, "pass student= for an override of one student"),
        (None, "e1", "unknown override for all students"),
    ]
    before = len(tutor.history("mia"))
    for student, name, said in wrong:
        with pytest.raises(UnknownLabelError) as error:
            tutor.withdraw(name, student=student, **about)
        assert said in str(error.value)
    assert len(tutor.history("mia")) == before
    for student, name in (("mia", mine), (None, everyones), ("mia", mine)):  # again does no harm
        assert tutor.withdraw(name, student=student, **about).status == "new"
    assert {d.lesson for d in tutor.next_lesson("mia", n=8)} > {"add 1", "add 2"}


def test_goals_of_a_stranger_cannot_be_taken_away(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    tutor.record(answers(1))
    tutor.set_goals("mia", None)
    with pytest.raises(UnknownLabelError, match=r"'mai' \(did you mean 'mia'\?\)"):
        tutor.set_goals("mai", None)
    assert tutor.students() == ["mia"]


def test_the_lessons_chosen_are_the_sequencers(store, model, curriculum):
    tutor = Tutor(model, curriculum, store, random_state=0)
    tutor.record(answers(6))
    chosen = tutor.next_lesson(["mia", "ben"], n=2, now=2000.0)
    tracker = MasteryTracker(model, practice=True).update(
        {"student": ["mia"] * 6, "skill": ["add"] * 6, "correct": [0, 1] * 3,
         "time": [1000.0 + k for k in range(6)]}
    )  # fmt: skip
    sequencer = Sequencer(curriculum, tracker, new_students=True, random_state=0)
    expected = sequencer.recommend(["mia", "ben"], n=2, now=2000.0)
    assert isinstance(chosen, Decisions)
    assert [*chosen] == [*expected]
    assert repr(chosen) == repr(expected)
    assert chosen.table()["student"].tolist() == ["mia", "mia", "ben", "ben"]
    assert chosen[1:3] == expected[1:3]
    assert chosen[0].reason.skills[0].recent == expected[0].reason.skills[0].recent


def test_decisions_under_a_key_bear_the_students_labels(model, curriculum):
    tutor = Tutor(model, curriculum, MemoryStore(), key=b"0123456789abcdef", random_state=0)
    tutor.override("pin", "add 1", student=7, author="a", reason="b")
    tutor.override("ban", "add 2", author="a", reason="b")
    chosen = tutor.next_lesson([8, 7], n=6)
    assert chosen.table()["student"].tolist() == [8] * 3 + [7] * 3
    assert [one.student for one in chosen] == [8] * 3 + [7] * 3
    assert "8 " in repr(chosen)
    assert [one.student for one in chosen[3].overrides] == [7, None]
    assert [step.decision for step in tutor.replay(7).steps] == [*chosen[3:]]
    assert "7" not in tutor.store.read({tutor.export(7)["key"]: 0}).student
    assert tutor.verify()


def test_who_has_no_decisions_has_an_empty_story(store, model, curriculum):
    tutor = Tutor(model, curriculum, store)
    assert len(tutor.replay("mia")) == 0
    tutor.record(answers(2))
    assert tutor.replay("mia").steps == ()
    assert str(tutor.replay("mia")) == "mia: 0 decisions"
    assert tutor.replay("mia").table()["step"] == []


def test_students_are_listed_without_a_fold(store, model, curriculum):
    tutor, other = Tutor(model, curriculum, store), Tutor(model, curriculum, store)
    assert tutor.students() == []
    tutor.record(answers(1, 12) + answers(1, 7))
    assert sorted(tutor.students()) == sorted(other.students()) == [7, 12]
    assert tutor._states.fold.learners.keys() <= {""}
    assert other.mastery().students.tolist() == other.mastery([12, 7]).students.tolist()
    tutor.forget(7)
    assert other.students() == [12]
