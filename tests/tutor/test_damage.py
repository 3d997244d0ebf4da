"""Damage in a store: `verify` says which event, and all other students go on."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import pytest
from tests.tutor.test_tutor import answers

from adaptlearn import Tutor
from adaptlearn.errors import StoreError
from adaptlearn.storage import MemoryStore, SQLiteStore
from adaptlearn.tutor.events import KINDS as EVENT_KINDS
from adaptlearn.tutor.fold.damage import _READERS
from adaptlearn.tutor.store import CONFLICT

KINDS = (
    "answer", "exposure", "lesson_done", "decision", "item", "override", "goal", "placement"
)  # fmt: skip
DAMAGED = {
    "content": "'{\"correct\":0'", "time": "time + 1", "device": "'bus'", "seq": "7",
    "received": "received - 1", "student": "'eve'", "id": "'another'", "kind": "'item_'",
    "number": "number + 1000",
}  # fmt: skip


def filled(tutor: Tutor) -> None:
    """One event and more of each kind, of two students."""
    for student in ("mia", "ben"):
        tutor.record(answers(3, student))
        tutor.record({"kind": "exposure", "student": student, "skill": "add", "time": 900.0})
        tutor.lesson_done(student, "add 1", time=1100.0)
        tutor.next_lesson(student, now=1200.0)
        tutor.next_item(student, "add 1")
        tutor.override("ban", "add 2", student=student, author="a", reason="b")
        tutor.set_goals(student, {"multiply": 1.0})
        talk = tutor.place(student)
        skill = talk.next()
        assert skill is not None
        talk.answer(skill, True)


@pytest.fixture(scope="module")
def school(tmp_path_factory, model, curriculum):
    """A store's file, closed."""
    path = tmp_path_factory.mktemp("school") / "school.db"
    with Tutor.open(path, model=model, curriculum=curriculum, random_state=0) as tutor:
        filled(tutor)
    return path.read_bytes()


@pytest.fixture
def path(school, tmp_path):
    path = tmp_path / "school.db"
    path.write_bytes(school)
    return path


def hurt(path, kind, column, student="mia"):
    """Change one column of one event, as a broken disk or a hand may do; the event's id."""
    with sqlite3.connect(path) as on:
        (name,) = on.execute(
            "SELECT id FROM events WHERE kind = ? AND student = ? ORDER BY number", [kind, student]
        ).fetchone()
        on.execute(f"UPDATE events SET {column} = {DAMAGED[column]} WHERE id = ?", [name])
    on.close()
    return name


PAIRS = [(kind, "content") for kind in KINDS] + [
    (kind, column) for kind in ("answer", "decision") for column in DAMAGED if column != "content"
]


@pytest.mark.parametrize(("kind", "column"), PAIRS)
def test_every_damaged_event_is_told_and_others_go_on(path, model, curriculum, kind, column):
    with Tutor.open(path, model=model, curriculum=curriculum) as tutor:
        before = tutor.mastery("ben").value
    name = hurt(path, kind, column)
    with Tutor.open(path, model=model, curriculum=curriculum, random_state=0) as tutor:
        found = tutor.verify()
        now = {"kind": kind, "id": name, column: DAMAGED[column].strip("'")}
        said = f"1 event is damaged, by kind and id: {now['kind']!r} {now['id']!r};"
        assert any(said in told for told in found.damaged)
        assert not found
        assert found.differ == ()
        whose = "eve" if column == "student" else "mia"
        assert any(whose in told for told in found.damaged)
        assert "'ben'" not in str(found.damaged)
        assert np.array_equal(tutor.mastery("ben").value, before)
        assert tutor.next_lesson("ben")[0].lesson is not None
        for call in (tutor.history, tutor.export):
            with pytest.raises(StoreError):
                call(whose)


@pytest.mark.parametrize("column", [*DAMAGED])
def test_a_damaged_event_for_all_is_told(path, model, curriculum, column):
    with Tutor.open(path, model=model, curriculum=curriculum) as tutor:
        tutor.override("ban", "add 2", author="a", reason="b")
    hurt(path, "override", column, student="")
    with Tutor.open(path, model=model, curriculum=curriculum, new_model=True) as tutor:
        assert not tutor.verify()


def test_students_who_cannot_be_read_are_named(path, model, curriculum):
    hurt(path, "answer", "content")
    with Tutor.open(path, model=model, curriculum=curriculum) as tutor:
        for call in (tutor.mastery, tutor.next_lesson):
            with pytest.raises(StoreError, match="events that cannot be read of 'mia': "):
                call(["ben", "mia"])


def test_all_damage_is_told_at_once(path, model, curriculum):
    hurt(path, "answer", "content")
    hurt(path, "goal", "time", "ben")
    with Tutor.open(path, model=model, curriculum=curriculum) as tutor:
        told = "\n".join(tutor.verify().damaged)
    assert "'mia'" in told
    assert "'ben'" in told


WRONG = {
    "answer": ('{"correct":2,"skill":"add"}', "correct is 2; expected 0 or 1"),
    "exposure": ('{"skill":[]}', "empty list"),
    "lesson_done": ("{}", "lesson is missing"),
    "decision": ('{"student":"mia"}', "decision lacks 'id'; decision lacks"),
    "item": ('{"item":null}', "item is None"),
    "override": ('{"action":"bin","target":"add 1"}', "action"),
    "goal": ('{"expires":null}', "KeyError: 'targets'"),
    "placement": ('{"session":"{}","skill":"add","correct":1}', "placement session"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("folded", [False, True])
def test_a_store_without_checksums_is_read_event_by_event(model, curriculum, kind, folded):
    store = MemoryStore()
    tutor = Tutor(model, curriculum, store, random_state=0)
    filled(tutor)
    before = tutor.mastery("ben").value
    checked = tutor.verify()
    assert checked
    assert checked.events == sum(len(tutor.history(who)) for who in ("mia", "ben"))
    if not folded:
        tutor = Tutor(model, curriculum, store, random_state=0)
    for content, said in ("{", "content cannot be read"), ("[]", "expected a JSON"), WRONG[kind]:
        (name, number, row) = next(
            (name, number, row) for name, (number, row) in store._rows.items()
            if row.kind == kind and row.student == "mia"
        )  # fmt: skip
        store._rows[name] = number, row._replace(content=content)
        found = tutor.verify()
        assert found.differ == ()
        (told,) = found.damaged
        assert told.startswith(f"event {name!r} of 'mia' is damaged: ")
        assert said in told
        assert found.events == checked.events
        assert np.array_equal(tutor.mastery("ben").value, before)
        assert tutor.next_lesson("ben", now=1200.0)[0].lesson is not None
        checked = tutor.verify()._replace(events=found.events + 1)


def test_a_decision_about_another_student_is_damage(model, curriculum):
    store = MemoryStore()
    tutor = Tutor(model, curriculum, store, random_state=0)
    name = tutor.next_lesson("mia")[0].id
    number, row = store._rows[name]
    store._rows[name] = number, row._replace(content=row.content.replace('"mia"', '"ben"'))
    (told,) = tutor.verify().damaged
    assert told.endswith("the decision is about another student")


def test_events_that_could_not_be_folded_are_not_left_out_silently(model, curriculum):
    """Half of a batch is folded in when an error stops it; all of it is folded anew."""
    store = MemoryStore()
    tutor, other = (Tutor(model, curriculum, store) for _ in range(2))
    tutor.record(answers(4))
    tutor.lesson_done("mia", "add 1", time=2e3)
    (name,) = (name for name, (_, row) in store._rows.items() if row.kind == "lesson_done")
    number, row = store._rows[name]
    store._rows[name] = number, row._replace(content="{")
    for _ in range(2):
        with pytest.raises(StoreError, match="is damaged: content cannot be read"):
            tutor.mastery("mia")
    store._rows[name] = number, row
    assert np.array_equal(tutor.mastery("mia").value, other.mastery("mia").value)
    assert tutor.verify()


def test_an_unreadable_store_is_told(path, model, curriculum, monkeypatch):
    with Tutor.open(path, model=model, curriculum=curriculum) as tutor:

        def gone(*_):
            raise StoreError("the disk is gone")

        monkeypatch.setattr(SQLiteStore, "students", gone)
        assert tutor.verify().damaged[0] == "the disk is gone"


def test_every_kind_of_event_can_be_looked_at():
    assert {*_READERS} == {*EVENT_KINDS, CONFLICT}


@pytest.mark.parametrize("kind", ["answer", "override", "placement"])
def test_a_history_names_a_damaged_event(model, curriculum, kind):
    store = MemoryStore()
    tutor = Tutor(model, curriculum, store, random_state=0)
    filled(tutor)
    name, (number, row) = next(
        (name, kept) for name, kept in store._rows.items()
        if kept[1].kind == kind and kept[1].student == "mia"
    )  # fmt: skip
    store._rows[name] = number, row._replace(content="{")
    calls: dict[str, Any] = {
        "answer": lambda: tutor.next_item("mia", "add 1"),
        "override": lambda: tutor.withdraw("e", student="mia", author="a", reason="b"),
        "placement": lambda: tutor.place("mia"),
    }
    for call in (lambda: tutor.history("mia"), calls[kind]):
        with pytest.raises(StoreError, match=f"event '{name}' of 'mia' is damaged"):
            call()


def test_a_damaged_model_event_is_told(model, curriculum):
    store = MemoryStore()
    Tutor(model, curriculum, store)
    name, (number, row) = next((n, kept) for n, kept in store._rows.items()
                               if kept[1].kind == "model")  # fmt: skip
    store._rows[name] = number, row._replace(content="{}")
    with pytest.raises(StoreError, match=f"event '{name}' for all students is damaged"):
        Tutor(model, curriculum, store)
