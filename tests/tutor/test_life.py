"""A tutor among others: after its end, and after another process let a model take over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from tests.tutor.conftest import a_model
from tests.tutor.test_tutor import answers

from adaptlearn import Curriculum, MasteryTracker, Tutor
from adaptlearn.errors import CurriculumError, ParameterError, StateError, StoreError
from adaptlearn.models import BKT
from adaptlearn.storage import MemoryStore
from adaptlearn.tutor.fold import states as states_module

CALLS = {
    "record": ([],), "next_lesson": ("mia",), "next_item": ("mia", "add 1"), "mastery": (),
    "history": ("mia",), "replay": ("mia",), "place": ("mia",), "set_goals": ("mia", None),
    "override": ("ban", "add 1"), "withdraw": ("e1",), "lesson_done": ("mia", "add 1"),
    "sync": (), "snapshot": (), "forget": ("mia",), "export": ("mia",), "verify": (),
    "students": (), "log": (), "pack": ("mia",), "merge": ([],),
}  # fmt: skip
BY: dict[str, object] = {"author": "a", "reason": "b"}
NAMED: dict[str, dict[str, object]] = {
    "override": BY, "withdraw": BY, "pack": {"until": 4e9, "key": b"k" * 16},
    "merge": {"key": b"k" * 16},
}  # fmt: skip
READS_STATES = {
    "next_lesson", "next_item", "mastery", "history", "snapshot", "export", "verify", "pack",
}  # fmt: skip


def public() -> set[str]:
    """All calls of a tutor, that nobody forgets one here."""
    found = {name for name in dir(Tutor) if callable(getattr(Tutor, name))}
    return {name for name in found if not name.startswith("_")} - {"open", "close"}


def made(tutor: Tutor, name: str) -> object:
    return getattr(tutor, name)(*CALLS[name], **NAMED.get(name, {}))


@pytest.mark.parametrize("file", [False, True])
def test_after_close_every_call_says_so(model, curriculum, tmp_path, file):
    if file:
        tutor = Tutor.open(tmp_path / "school.db", model=model, curriculum=curriculum)
    else:
        tutor = Tutor(model, curriculum, MemoryStore())
    talk = tutor.place("mia")
    skill = talk.next()
    assert skill is not None
    tutor.close()
    tutor.close()
    assert {*CALLS} == public()
    for name in CALLS:
        with pytest.raises(StateError, match=f"^{name} was called, but the tutor is closed"):
            made(tutor, name)
    with pytest.raises(StateError, match="closed; open the store again"):
        talk.answer(skill, True)
    assert "Tutor(" in repr(tutor)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "school.db"


def test_a_model_that_another_process_let_take_over_is_noticed(path, model, curriculum):
    one, other = (Tutor.open(path, model=model, curriculum=curriculum) for _ in range(2))
    one.record(answers(4))
    other.mastery("mia")
    later = a_model(learn=0.05)
    one.sync(model=later)
    for name in READS_STATES:
        with pytest.raises(StateError) as error:
            made(other, name)
        for part in (later.fingerprint_[:12], model.fingerprint_[:12], "Call sync(model=…)"):
            assert part in str(error.value)
    with pytest.raises(StateError, match="Call sync"):
        other.sync(curriculum=curriculum)
    # What does not depend on the model goes on: no answer is refused.
    assert other.record(answers(2, start=3e3))[0].status == "new"
    assert other.lesson_done("mia", "add 1").status == "new"
    other.sync(model=later)
    assert np.array_equal(other.mastery("mia").value, one.mastery("mia").value)
    assert one.verify()
    assert other.verify()


def test_a_tutor_with_the_models_file_follows(path, model, curriculum, tmp_path):
    file, later = tmp_path / "model.json", a_model(learn=0.05)
    model.save(file)
    one, other = (Tutor.open(path, model=file, curriculum=curriculum) for _ in range(2))
    one.record(answers(5))
    assert other.next_lesson("mia")[0].model == model.fingerprint_
    later.save(file)
    assert other.next_lesson("mia")[0].model == model.fingerprint_  # nobody said that it counts
    one.sync(model=later)
    assert other.next_lesson("mia")[0].model == later.fingerprint_ == other.model.fingerprint_
    tracker = MasteryTracker(later).update(
        {"student": ["mia"] * 5, "skill": ["add"] * 5, "correct": [0, 1, 0, 1, 0]}
    )
    assert np.array_equal(other.mastery("mia").value, tracker.mastery(["mia"]).value)
    assert other.verify()
    assert [step.decision.model for step in one.replay("mia").steps] == [
        model.fingerprint_, model.fingerprint_, later.fingerprint_
    ]  # fmt: skip


def test_a_file_that_holds_another_model_is_no_way_out(path, model, curriculum, tmp_path):
    file, later = tmp_path / "model.json", a_model(learn=0.05)
    model.save(file)
    other = Tutor.open(path, model=str(file), curriculum=curriculum)
    with Tutor.open(path, model=model, curriculum=curriculum) as one:
        one.sync(model=later)
    with pytest.raises(StateError) as error:
        other.mastery("mia")
    assert "the tutor's model file holds the old one" in str(error.value)
    assert later.fingerprint_[:12] in str(error.value)
    later.save(file)
    assert other.mastery("mia").value.shape == (1, 4)


def test_a_file_that_is_ahead_of_the_record_is_taken(path, model, curriculum, tmp_path):
    """The next night has saved its model, and computes states; a process wakes up meanwhile."""
    file, later, last = tmp_path / "model.json", a_model(learn=0.05), a_model(learn=0.06)
    model.save(file)
    one, other = (Tutor.open(path, model=file, curriculum=curriculum) for _ in range(2))
    one.sync(model=later)
    last.save(file)
    for _ in range(2):
        assert other.next_lesson("mia")[0].model == last.fingerprint_
        one.sync(model=last)
    one.sync(model=later)
    with pytest.raises(StateError, match="the tutor's model file holds the old one"):
        other.next_lesson("mia")


def test_a_model_put_on_record_at_the_same_time_is_noticed(path, model, curriculum, monkeypatch):
    one = Tutor.open(path, model=model, curriculum=curriculum)
    mine, last = a_model(learn=0.05), a_model(learn=0.06)
    introduce = one._ledger.introduce

    def raced(*given):
        introduce(*given)
        Tutor.open(path, model=last, curriculum=curriculum, new_model=True).close()
        return one._ledger._last(["model"])

    monkeypatch.setattr(one._ledger, "introduce", raced)
    one.sync(model=mine)
    with pytest.raises(StateError, match=last.fingerprint_[:12]):
        one.mastery("mia")


def test_who_opens_with_another_model_is_noticed_too(path, model, curriculum):
    one = Tutor.open(path, model=model, curriculum=curriculum)
    one.snapshot()
    later = a_model(learn=0.05)
    other = Tutor.open(path, model=later, curriculum=curriculum, new_model=True)
    with pytest.raises(StateError, match=later.fingerprint_[:12]):
        one.mastery("mia")
    back = Tutor.open(path, model=model, curriculum=curriculum, new_model=True)
    assert back.verify()
    assert one.verify()  # its model counts again
    with pytest.raises(StateError, match=model.fingerprint_[:12]):
        other.verify()


@pytest.fixture
def longer(curriculum):
    """The curriculum with one more lesson and its item, and without another lesson."""
    content = curriculum.to_dict()
    content["lessons"] = [one for one in content["lessons"] if one["lesson"] != "add 1"]
    content["lessons"].append({"lesson": "add 9", "skills": ["add"]})
    content["items"].append({"item": "add #9", "skills": ["add"]})
    return Curriculum.from_dict(content)


def test_a_curriculum_that_another_process_let_take_over_is_noticed(
    path, model, curriculum, longer
):
    one, other = (Tutor.open(path, model=model, curriculum=curriculum) for _ in range(2))
    one.record(answers(4))
    other.mastery("mia")
    one.sync(curriculum=longer)
    for name in READS_STATES:
        with pytest.raises(StateError) as error:
            made(other, name)
        for part in (longer.fingerprint[:12], curriculum.fingerprint[:12], "sync(curriculum=…)"):
            assert part in str(error.value)
    # Recording goes on.
    assert other.record(answers(2, start=3e3))[0].status == "new"
    assert other.override("ban", "add 2", author="a", reason="b").status == "new"
    with pytest.raises(ParameterError, match="unknown lesson 'add 9'"):
        other.lesson_done("mia", "add 9")
    # A new model takes over from the old one, and leaves the curriculum on record alone.
    later = a_model(learn=0.05)
    other.sync(model=later)
    with pytest.raises(StateError, match=longer.fingerprint[:12]):
        other.next_lesson("mia")
    one.sync(model=later)
    assert "add 9" in {each.lesson for each in one.next_lesson("mia", n=9)}
    other.sync(curriculum=longer)
    assert "add 9" in {each.lesson for each in other.next_lesson("mia", n=9)}
    assert one.verify()
    assert other.verify()


def test_a_sync_that_breaks_off_goes_on_noticing(path, model, curriculum, longer, rests):
    one, other = (Tutor.open(path, model=model, curriculum=curriculum) for _ in range(2))
    one.record(answers(4))
    one.sync(curriculum=longer)

    def broken() -> None:
        raise KeyboardInterrupt

    rests.append(broken)
    with pytest.raises(KeyboardInterrupt):
        other.sync(curriculum=longer)
    with pytest.raises(StateError, match="Call sync"):
        other.mastery("mia")


def test_a_tutor_with_both_files_follows(path, model, curriculum, longer, tmp_path):
    files = {"model": tmp_path / "model.json", "curriculum": tmp_path / "curriculum.json"}
    model.save(files["model"])
    files["curriculum"].write_text(curriculum.to_json())
    one, other = (Tutor.open(path, **files) for _ in range(2))
    one.record(answers(5))
    assert other.next_lesson("mia")
    one.sync(curriculum=longer)
    with pytest.raises(StateError, match="the tutor's curriculum file holds the old one"):
        other.next_lesson("mia")
    files["curriculum"].write_text("[")
    with pytest.raises(StateError, match="the tutor's curriculum file cannot be loaded"):
        other.next_lesson("mia")
    files["curriculum"].write_text(longer.to_json())
    # An answer on what is new comes before the first call that reads states.
    told = {"student": "mia", "skill": "add", "item": "add #9", "correct": 1}
    assert [one.status for one in other.record(one for one in [told])] == ["new"]
    assert other.curriculum.fingerprint == longer.fingerprint
    assert "add 9" in {each.lesson for each in other.next_lesson("mia", n=9)}
    later = a_model(learn=0.05)
    later.save(files["model"])
    files["curriculum"].write_text(curriculum.to_json())
    one.sync(model=later, curriculum=curriculum)
    assert other.override("pin", "add 1", author="a", reason="b").status == "new"
    assert other.next_lesson("mia")[0].model == later.fingerprint_
    assert other.curriculum.fingerprint == curriculum.fingerprint
    assert other.mastery("mia").value.tobytes() == one.mastery("mia").value.tobytes()
    assert other.verify()


def test_another_curriculum_is_no_accident(path, model, curriculum, longer):
    one = Tutor.open(path, model=model, curriculum=curriculum)
    with pytest.raises(StateError, match="new_curriculum=True") as error:
        Tutor.open(path, model=a_model(learn=0.05), curriculum=longer)
    for part in (longer.fingerprint[:12], curriculum.fingerprint[:12], "new_model=True"):
        assert part in str(error.value)
    assert one.next_lesson("mia")
    Tutor.open(path, model=model, curriculum=longer, new_curriculum=True).close()
    with pytest.raises(StateError, match=longer.fingerprint[:12]):
        one.next_lesson("mia")


def test_many_threads_follow_once(path, model, curriculum, tmp_path):
    file = tmp_path / "model.json"
    model.save(file)
    one, other = (Tutor.open(path, model=file, curriculum=curriculum) for _ in range(2))
    one.record([{**one, "student": f"s{k}"} for k in range(20) for one in answers(2)])
    stop = threading.Event()

    def serve(number: int) -> set[str]:
        models = set()
        while not stop.is_set():
            models.add(other.next_lesson(f"s{number}")[0].model)
            other.mastery(f"s{number}")
        return models

    later = [a_model(learn=0.1 + 0.02 * k) for k in range(3)]
    with ThreadPoolExecutor(3) as pool:
        going = [pool.submit(serve, number) for number in range(3)]
        for new in later:
            new.save(file)
            one.sync(model=new)
        stop.set()
        seen = set().union(*(one.result() for one in going))
    assert seen <= {model.fingerprint_, *(new.fingerprint_ for new in later)}
    assert other.next_lesson("s0")[0].model == later[-1].fingerprint_
    assert other.verify()


@pytest.fixture
def rests(monkeypatch):
    """Calls what is put into it, in turn, where `sync` lets the others work."""
    listed: list[Callable[[], object]] = []
    monkeypatch.setattr(states_module, "sleep", lambda _: listed and listed.pop(0)())
    return listed


def test_calls_between_the_parts_of_a_fold(path, model, curriculum, rests):
    """Students who are folded already, and others, answer; some are new, and one is erased."""
    students = [f"s{k:02}" for k in range(40)]
    tutor = Tutor.open(path, model=model, curriculum=curriculum)
    tutor.record([{**one, "student": name} for name in students for one in answers(3)])
    tutor.mastery()
    rests += [
        partial(tutor.record, [{**one, "student": name} for one in answers(2, start=start)])
        for name, start in (("s00", 5e3), ("s39", 5e3), ("s01", 1.0), ("s99", 5e3))
    ]
    rests.insert(2, partial(tutor.forget, "s02"))
    decided: list[str] = []
    rests.insert(2, lambda: decided.append(tutor.next_lesson("s00")[0].model))
    later = a_model(learn=0.05)
    tutor.sync(model=later)
    assert decided == [model.fingerprint_]
    assert len(rests) == 2  # 4 parts of 12 students at most
    for rest in rests:
        rest()
    fresh = Tutor.open(path, model=later, curriculum=curriculum)
    everyone = tutor.mastery()
    assert everyone.students.tolist() == [*students[:2], *students[3:], "s99"]
    assert everyone.value.tobytes() == fresh.mastery().value.tobytes()
    assert tutor.verify()


@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreError("disk"), MemoryError])
def test_a_fold_that_breaks_off_changes_nothing(path, model, curriculum, rests, error):
    tutor = Tutor.open(path, model=model, curriculum=curriculum)
    tutor.record([{**one, "student": f"s{k}"} for k in range(40) for one in answers(3)])
    before = tutor.mastery().value
    later = a_model(learn=0.05)

    def broken() -> None:
        raise error

    rests.append(broken)
    with pytest.raises(error if isinstance(error, type) else type(error)):
        tutor.sync(model=later)
    again = Tutor.open(path, model=model, curriculum=curriculum)  # as after a killed process
    for one in (tutor, again):
        assert one.model is model
        assert np.array_equal(one.mastery().value, before)
        assert one.verify()
    tutor.sync(model=later)
    assert tutor.model is later
    assert tutor.verify()


def test_a_model_that_does_not_fit_changes_nothing(model, curriculum):
    tutor = Tutor(model, curriculum, MemoryStore())
    tutor.record(answers(3))
    before = tutor.mastery("mia").value
    strange = BKT.from_parameters({"skill": ["x"], "prior": [0.2], "learn": [0.2], "guess": [0.2],
                                   "slip": [0.1]})  # fmt: skip
    with pytest.raises(CurriculumError, match="fit the model"):
        tutor.sync(model=strange)
    assert tutor.model is model
    assert np.array_equal(tutor.mastery("mia").value, before)
    assert tutor.verify()
