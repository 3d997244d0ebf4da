"""What is refused: each wrong event is named, with what is wrong and the limit it breaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import time

import numpy as np
import pytest
from tests.tutor.conftest import SKILLS

from adaptlearn import Curriculum, Tutor
from adaptlearn.errors import CurriculumError, ParameterError
from adaptlearn.models import BKT
from adaptlearn.storage import MemoryStore
from adaptlearn.tutor import Event

GOOD = {"student": "mia", "skill": "add", "correct": 1, "time": 1000.0}


@pytest.fixture
def tutor(model, curriculum):
    return Tutor(model, curriculum, MemoryStore())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"correct": 0.7}, "correct is 0.7; expected 0 or 1"),
        ({"correct": float("nan")}, "correct is nan; expected 0 or 1"),
        ({"correct": "1"}, "correct is '1'; expected 0 or 1"),
        ({"correct": None}, "correct is None; expected 0 or 1"),
        ({"skill": "adding"}, "unknown skill 'adding' (did you mean 'add'?)"),
        ({"skill": 7}, "unknown skill 7 (labels are strings here"),
        ({"skill": ["add", "add"]}, "names one twice"),
        ({"skill": ["add", "no"]}, "unknown skill 'no'"),
        ({"skill": []}, "empty list"),
        ({"skill": None}, "skill is missing"),
        ({"item": "add #9"}, "unknown item 'add #9' (did you mean 'add #"),
        ({"time": datetime(2026, 1, 1)}, "has no time zone"),  # noqa: DTZ001
        ({"time": "now"}, "time is 'now'; expected seconds, or a datetime with a zone"),
        ({"time": float("inf")}, "expected finite"),
        ({"time": 1e13}, "time is 1e+13; expected seconds since 1970"),
        ({"time": time() + 2 * 86400}, "2.0 days ahead, and at most 1 day is taken; correct"),
        ({"time": datetime.now(UTC) + timedelta(days=3)}, "3.0 days ahead"),
        ({"id": ""}, "id is empty; leave it out, or give each event its own, of up to 200"),
        ({"student": ""}, "student is '': expected a text or an integer"),
        ({"id": "x" * 10_000}, "id has 10,000 characters; at most 200 are kept"),
        ({"id": 7}, "id is 7; expected a text"),
        ({"id": "a\x00"}, "holds a zero character"),
        ({"student": "\ud800"}, "holds a zero character, or half of one"),
        ({"student": "x" * 201}, "student has 201 characters; at most 200 are kept"),
        ({"student": None}, "student is missing"),
        ({"student": 1.5}, "student is 1.5: expected a text or an integer"),
        ({"device": None}, "device is None; expected a text"),
        ({"seq": 3}, "seq is 3, without a device"),
        ({"seq": -1, "device": "bus"}, "seq is -1; expected an integer from 0"),
        ({"note": "x" * 65_536}, "at most 65,536 are kept"),
        ({"note": {1, 2}}, "content cannot be written as JSON"),
        ({"note": float("nan")}, "content cannot be written as JSON"),
        ({"kind": "exposure"}, "an exposure has no answer"),
        ({"kind": "lesson_done", "lesson": "add 9"}, "unknown lesson 'add 9'"),
        ({"kind": "decision"}, "a tutor's own methods make events of this kind"),
        ({"kind": "anwser"}, "kind is 'anwser'; expected one of answer, exposure"),
    ],
)
def test_a_wrong_event_is_named(tutor, changed, said):
    one = {**GOOD, **changed}
    with pytest.raises(ParameterError) as error:
        tutor.record([GOOD, one])
    assert said in str(error.value)
    assert "event 1" in str(error.value)
    assert "Nothing was recorded" in str(error.value)
    assert tutor.store.students().students == []
    receipts = tutor.record([GOOD, one, {**GOOD, "correct": 0}], partial=True)
    assert [receipt.status for receipt in receipts] == ["new", "refused", "new"]
    assert said in receipts[1].problems[0]


def test_all_wrong_events_are_listed_and_named_by_id(tutor):
    wrong = [{**GOOD, "id": f"e{k}", "correct": 2, "skill": "no"} for k in range(25)]
    with pytest.raises(ParameterError) as error:
        tutor.record(wrong)
    assert len(error.value.problems) == 21
    assert error.value.problems[0].startswith("event 0 (id 'e0'): correct is 2; expected 0 or 1")
    assert error.value.problems[-1] == "… and 5 more events"


def test_too_many_events_are_refused_before_they_are_read(tutor):
    with pytest.raises(ParameterError, match="1,000,000 events in one call; at most 100,000"):
        tutor.record([GOOD] * 1_000_000)
    with pytest.raises(ParameterError, match="more than 100,000 events in one call"):
        tutor.record(GOOD for _ in range(1_000_000))
    for nothing in ("mia", 7, None):
        with pytest.raises(ParameterError, match="expected an event, or a list of events"):
            tutor.record(nothing)
    with pytest.raises(ParameterError, match="event 0: a int; expected an Event"):
        tutor.record([7])
    assert tutor.record([]) == []


def test_unknown_skills_and_items_may_be_accepted(model, curriculum):
    tutor = Tutor(model, curriculum, MemoryStore(), unknown="accept")
    assert tutor.record({**GOOD, "skill": "geometry", "item": "g1"})[0].status == "new"
    assert "geometry" in tutor.mastery("mia").skills.tolist()
    with pytest.raises(ParameterError, match="unknown skill 7"):
        tutor.record({**GOOD, "skill": 7})


def test_scalars_of_numpy_are_plain(tutor):
    one = {"student": np.str_("mia"), "skill": np.str_("add"), "correct": np.bool_(True),
           "time": np.float64(1000.0)}  # fmt: skip
    assert tutor.record([one, GOOD])[1].status == "known"
    assert tutor.record({**GOOD, "time": datetime.fromtimestamp(1000, UTC)})[0].status == "known"


def test_without_id_and_time_each_event_is_one(tutor):
    one = {"student": "mia", "skill": "add", "correct": 1}
    assert [receipt.status for receipt in tutor.record([one, one])] == ["new", "new"]
    named = {**one, "id": "e1"}
    assert [receipt.status for receipt in tutor.record([named, named])] == ["new", "known"]


def test_answers_that_the_model_cannot_take_count_for_nothing(curriculum):
    zero = [0.0] * len(SKILLS)
    never = BKT.from_parameters(
        {"skill": SKILLS, "prior": zero, "learn": zero, "guess": zero, "slip": [0.1] * len(SKILLS)}
    )
    tutor = Tutor(never, curriculum, MemoryStore())
    told = [0, 1, 0, 0, 1, 0]
    tutor.record([{**GOOD, "correct": one, "time": 1e3 + k} for k, one in enumerate(told)])
    assert tutor.mastery("mia").value.tolist() == [zero]
    assert [bool(entry.refused) for entry in tutor.history("mia")] == [one == 1 for one in told]
    assert tutor.verify()


def test_a_model_that_does_not_fit_the_curriculum(curriculum):
    other = BKT.from_parameters({"skill": ["x"], "prior": [0.2], "learn": [0.2], "guess": [0.2],
                                 "slip": [0.1]})  # fmt: skip
    with pytest.raises(CurriculumError, match="fit the model to answers on") as error:
        Tutor(other, curriculum, MemoryStore())
    for part in (other.fingerprint_, curriculum.fingerprint):
        assert part[:12] in str(error.value)


def test_arguments_of_a_tutor_are_checked(model, curriculum):
    with pytest.raises(ParameterError) as error:
        Tutor(7, {}, "school.db", unknown="no", practice=1)  # type: ignore[arg-type]
    for said in ("model is a int", "curriculum is a dict", "see Tutor.open", "unknown", "practice"):
        assert said in str(error.value)
    with pytest.raises(ParameterError, match="key must be at least 16 bytes"):
        Tutor(model, curriculum, MemoryStore(), key=b"short")
    with pytest.raises(ParameterError, match="is not the path of a file"):
        Tutor.open("", model=model, curriculum=curriculum)


def test_an_event_is_its_content():
    one, same = (Event.of({**GOOD, "seconds": 3}) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one.content == {"skill": "add", "correct": 1, "seconds": 3}


def test_all_faults_of_an_event_are_told_at_once(tutor):
    tutor.record(GOOD)
    wrong = {"student": 7, "skill": "ad", "correct": 0.7, "item": "add #9", "seq": 3,
             "time": time() + 3 * 86400, "id": "x" * 201}  # fmt: skip
    other = {"student": None, "skill": ["add", "no", 1.5], "note": "x" * 70_000, "device": 7}
    kind = {"kind": "lesson_done", "lesson": "add 9", "student": "\ud800", "time": "now"}
    with pytest.raises(ParameterError) as error:
        tutor.record([wrong, other, kind, {"kind": "decision", "student": ""}])
    parts = [
        ["correct is 0.7", "unknown skill 'ad'", "unknown item 'add #9'", "seq is 3", "3.0 days",
         "id has 201 characters", "student 7 (labels are strings here"],
        ["student is missing", "unknown skill 'no'", "skill is 1.5", "correct is missing",
         "at most 65,536 are kept", "device is 7"],
        ["unknown lesson 'add 9'", "half of one", "time is 'now'"],
        ["tutor's own methods", "student is ''"],
    ]  # fmt: skip
    assert len(error.value.problems) == len(parts)
    for told, expected in zip(error.value.problems, parts, strict=True):
        for part in expected:
            assert part in told
        assert told.count("; ") >= len(expected) - 1
    receipts = tutor.record([wrong, {**GOOD, "time": 2e3}], partial=True)
    assert [one.status for one in receipts] == ["refused", "new"]
    assert len(receipts[0].problems) == 7


def test_students_of_two_kinds_are_refused_event_by_event(tutor):
    call = [{**GOOD, "student": who, "time": 1e3 + k} for k, who in enumerate([7, "mia", 8])]
    assert [one.status for one in tutor.record(call, partial=True)] == ["new", "refused", "new"]
    assert tutor.students() == [7, 8]


def test_items_that_nobody_knows_are_of_one_kind(model):
    bare = Curriculum.from_dict({"prerequisites": [["add", "multiply"], ["subtract", "divide"]]})
    store = MemoryStore()
    tutor = Tutor(model, bare, store)
    assert tutor.record({**GOOD, "item": "q1"})[0].status == "new"
    for one in (tutor, Tutor(model, bare, store)):
        with pytest.raises(ParameterError, match=r"item 7 \(labels are strings here"):
            one.record({**GOOD, "item": 7, "time": 2e3})
    assert tutor.record({**GOOD, "item": "q2", "time": 3e3})[0].status == "new"
    assert tutor.verify()
