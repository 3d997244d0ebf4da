"""Any model can stand behind a tutor: its states are the fold's, however the answers came."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tutor.conftest import SKILLS

from adaptlearn import MasteryTracker, Tutor
from adaptlearn.errors import quiet
from adaptlearn.models import BKT, FSRS, IRT, PFA, BestLR, Elo, LinearRecurrentTracer
from adaptlearn.sequencing import preset
from adaptlearn.storage import MemoryStore

MODELS = [
    BKT(n_init=1, forgetting=True, learn_by="item", guess_by="item"),
    BKT(forgetting=True, ability=True, difficulty=True, lag=True),
    PFA(), BestLR(), Elo(), IRT(), LinearRecurrentTracer(n_epochs=2), FSRS(card="skill"),
]  # fmt: skip


def columns(n_students: int, n: int, seed: int) -> dict[str, list]:
    rng = np.random.default_rng(seed)
    skill = rng.integers(0, 4, (n_students, n))
    item = rng.integers(0, 4, (n_students, n))
    right = rng.random((n_students, n)) < 0.3 + 0.5 * np.arange(n) / n
    return {
        "student": np.repeat([f"s{k}" for k in range(n_students)], n).tolist(),
        "skill": [SKILLS[k] for k in skill.ravel()],
        "item": [f"{SKILLS[a]} #{b}" for a, b in zip(skill.ravel(), item.ravel(), strict=True)],
        "correct": right.astype(int).ravel().tolist(),
        "time": (1e9 + 5e3 * np.tile(np.arange(n), n_students)).tolist(),
    }


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_the_states_of_any_model_are_the_folds(model, curriculum):
    model = type(model)(**model.get_params()).fit(columns(60, 16, 0))
    log = columns(3, 9, 1)
    events = [dict(zip(log, row, strict=True)) for row in zip(*log.values(), strict=True)]
    tracker = MasteryTracker(model, practice=True).update(log)
    students = tracker.students.tolist()
    for order in (events[::-1], sorted(events, key=lambda one: one["correct"])):
        tutor = Tutor(model, curriculum, MemoryStore(), policy=preset("balanced"), practice=True)
        for start in range(0, len(order), 13):
            tutor.record(order[start : start + 13])
            tutor.mastery(students)
        assert np.array_equal(tutor.mastery(students).value, tracker.mastery(students).value)
        assert tutor.verify()
        tutor.snapshot()
        again = Tutor(model, curriculum, tutor.store, policy=preset("balanced"), practice=True)
        assert np.array_equal(again.mastery(students).value, tracker.mastery(students).value)
        assert again.verify()


@pytest.mark.parametrize("model", [PFA(), Elo(), BKT(n_init=1)], ids=repr)
def test_answers_with_and_without_items_mix(model, curriculum):
    model = type(model)(**model.get_params()).fit(columns(60, 16, 0))
    log = columns(3, 12, 1)
    events = [dict(zip(log, row, strict=True)) for row in zip(*log.values(), strict=True)]
    tracker = MasteryTracker(model)
    for k, one in enumerate(events):
        if k % 3 == 0:
            del one["item"]
        tracker.update({name: [value] for name, value in one.items()})
    tutor = Tutor(model, curriculum, MemoryStore(), policy=preset("balanced"))
    tutor.record(events)
    students = tracker.students.tolist()
    assert np.array_equal(tutor.mastery(students).value, tracker.mastery(students).value)
    assert tutor.verify()


def test_a_placement_ends_in_the_state_of_a_model_that_predicts(curriculum):
    model = PFA().fit(columns(60, 16, 0))
    store = MemoryStore()
    talk = Tutor(model, curriculum, store, policy=preset("balanced")).place("mia")
    while (skill := talk.next()) is not None:
        talk.answer(skill, skill == "add")
    tracker = MasteryTracker(model)
    with quiet():
        talk.result().apply(tracker, time=1e9)
    tutor = Tutor(model, curriculum, store, policy=preset("balanced"))
    assert np.array_equal(tutor.mastery("mia").value, tracker.mastery(["mia"]).value)
    assert len(tutor.place("mia").result().answers) == len(talk.result().answers) > 0
    assert tutor.verify()
