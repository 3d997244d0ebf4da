"""A P(known) that something else has found: what a student begins with, by every BKT."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from tests.models import students
from tests.models.test_contract import MODELS, TIMED

from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import DataWarning, ParameterError, StateError, UnknownLabelError, quiet
from adaptlearn.models import BKT, Elo

LOG = students.with_times(students.with_items(students.answers(40, 6, seed=1)))
ADD, HALVE, TIMES = SKILLS = sorted(set(LOG["skill"].tolist()))
TOLD = {ADD: 0.97, TIMES: 0.02}


@pytest.fixture(
    scope="module", params=[one for one in (*MODELS, *TIMED) if isinstance(one, BKT)], ids=repr
)
def model(request: pytest.FixtureRequest) -> Any:
    with quiet():
        return clone(request.param).set_params(n_init=1, max_iter=20).fit(LOG)


@pytest.fixture(scope="module")
def plain() -> BKT:
    return BKT.from_parameters(
        {"skill": ["a", "b"], "prior": [0.3, 0.4], "learn": [0.2, 0.1], "guess": [0.2, 0.2],
         "slip": [0.1, 0.1]}
    )  # fmt: skip


def answers(*rows: tuple[str, str, int]) -> ResponseLog:
    who, skill, correct = zip(*rows, strict=True)
    n = len(rows)
    return ResponseLog.from_frame(
        {"student": who, "skill": skill, "correct": correct, "item": [k % 4 for k in range(n)],
         "time": [1e7 + 50 * k for k in range(n)]}
    )  # fmt: skip


ROWS = answers(
    ("ann", ADD, 1), ("ben", ADD, 1), ("ann", HALVE, 1), ("ann", ADD, 0), ("ann", TIMES, 1),
    ("ben", TIMES, 0), ("ann", TIMES, 1), ("ann", ADD, 0),
)  # fmt: skip


def same(one: MasteryTracker, other: MasteryTracker) -> None:
    who = ["ann", "ben", "new"]
    for when in ("after_response", "next_opportunity"):
        np.testing.assert_array_equal(
            one.mastery(who, when=when).value,
            other.mastery(who, when=when).value,
        )
    np.testing.assert_array_equal(one.counts(who), other.counts(who))
    np.testing.assert_array_equal(one.predict(who, [ADD] * 3), other.predict(who, [ADD] * 3))


def test_it_is_what_mastery_says_and_answers_move_it(model: BKT) -> None:
    tracker = MasteryTracker(model, practice=True).believe("ann", TOLD)
    assert tracker.students.tolist() == ["ann"]
    assert tracker.unmet(["ann"]) == []
    before = tracker.mastery(["new"]).value[0]
    for when in ("after_response", "next_opportunity"):
        known = tracker.mastery(["ann"], when=when).value[0]
        np.testing.assert_allclose(known, [0.97, before[1], 0.02], atol=1e-15)
    assert tracker.counts(["ann"]).sum() == 0
    practice = tracker.practice(["ann"])
    assert practice is not None
    assert practice.recent.tolist() == [[1, 1, 1]]
    sure, unsure = tracker.predict(["ann"] * 2, [ADD, TIMES])
    some, other = tracker.predict(["new"] * 2, [ADD, TIMES])
    assert sure > some
    assert unsure < other
    tracker.update(ROWS)
    after = tracker.mastery(["ann"], when="after_response").value[0]
    assert after[0] < 0.97
    assert after[2] > 0.02
    assert tracker.counts(["ann"]).tolist() == [[3, 1, 2]]


def test_the_first_answer_is_weighed_against_what_was_told(plain: BKT) -> None:
    tracker = MasteryTracker(plain).believe("ann", {"a": 0.9})
    tracker.update({"student": ["ann"], "skill": ["a"], "correct": [0]})
    expected = 0.9 * 0.1 / (0.9 * 0.1 + 0.1 * 0.8)
    found = tracker.mastery(["ann"], when="after_response").value[0, 0]
    assert found == pytest.approx(expected, abs=1e-15)


def test_individual_students_too() -> None:
    with quiet():
        model = BKT(ability=True, forgetting=True, lag=True, max_iter=10).fit(LOG)
    tracker = MasteryTracker(model).believe("ann", {ADD: 0.9})
    p = tracker.predict(["ann"], [ADD])[0]
    with quiet():
        first = model.predict_proba(
            {"student": [1], "skill": [ADD], "correct": [1]}, state=tracker._state
        )[0, 1]
    assert p == pytest.approx(first, abs=1e-14)
    tracker.update({"student": ["ann"], "skill": [ADD], "correct": [1]})
    # By Bayes: odds times the ratio of P(right | known) and P(right | not known).
    own = model._individual
    assert own is not None
    guess, right = (1 / (1 + np.exp(-x)) for x in (
        own.parameters.guess[0], own.parameters.guess[0] + np.exp(own.parameters.slip[0])
    ))  # fmt: skip
    odds = 0.9 / 0.1 * right / guess
    found = tracker.mastery(["ann"], when="after_response").value[0, 0]
    assert found == pytest.approx(odds / (1 + odds), abs=1e-12)


def test_whatever_the_batches_saved_loaded_pickled_rebuilt(model: BKT, tmp_path: Path) -> None:
    tracker = MasteryTracker(model, practice=True).believe("ann", TOLD).update(ROWS)
    for size in (1, 3):
        again = MasteryTracker(model, practice=True).believe("ann", TOLD)
        for lo in range(0, len(ROWS), size):
            again.update(ROWS[lo : lo + size])
            again.save(tmp_path / "tracker.npz")
            again = MasteryTracker.load(tmp_path / "tracker.npz", model)
        same(tracker, again)
        same(tracker, pickle.loads(pickle.dumps(again)))
    # A late answer's replay begins where the student began.
    again.rebuild(ROWS[ROWS.student.values == "ann"])
    same(tracker, again)
    again.rebuild(ROWS[ROWS.student.values == "ann"])
    same(tracker, again)
    again.forget(["ann"]).update(ROWS[ROWS.student.values == "ann"])
    same(MasteryTracker(model, practice=True).update(ROWS), again)


def test_who_answered_on_a_skill_is_not_told_of_it_any_more(plain: BKT) -> None:
    tracker = MasteryTracker(plain).update({"student": ["ann"], "skill": ["a"], "correct": [1]})
    before = tracker.mastery().value
    with pytest.raises(StateError, match=r"known of skill 'a' rests on responses .* forget the st"):
        tracker.believe("ann", {"a": 0.5, "b": 0.5})
    np.testing.assert_array_equal(tracker.mastery().value, before)
    tracker.believe("ann", {"b": 0.9}).believe("ann", {"b": 0.8})  # the later counts
    assert tracker.mastery().value[0].tolist() == [before[0, 0], 0.8]


def test_what_is_no_probability_is_refused(plain: BKT) -> None:
    tracker = MasteryTracker(plain)
    with pytest.raises(ParameterError, match=r"(?s)'a': P\(known\) must be .*, got 1.*'b'.*'x'"):
        tracker.believe("ann", {"a": 1, "b": "x"})  # type: ignore[dict-item]
    for wrong in (0, np.nan, True, -1, None):
        with pytest.raises(ParameterError, match=r"P.known. must be"):
            tracker.believe("ann", {"a": wrong})  # type: ignore[dict-item]
    for student, skill in ((None, "a"), ("ann", 1), (1.5, "a")):
        with pytest.raises(UnknownLabelError):
            tracker.believe(student, {skill: 0.5})
    assert len(tracker) == 0
    tracker.believe("ann", {"a": 0.5})
    with pytest.raises(UnknownLabelError, match="labels are strings here"):
        tracker.believe(1, {"a": 0.5})


@pytest.mark.parametrize("practice", [False, True])
def test_a_skill_that_was_not_in_training_can_be_told(plain: BKT, practice: bool) -> None:
    tracker = MasteryTracker(plain, practice=practice)
    with pytest.warns(DataWarning, match="'juggling' was not"):
        tracker.believe("ann", {"juggling": 0.75})
    assert tracker.skills.tolist() == ["a", "b", "juggling"]
    assert tracker.mastery(["ann", "ben"]).value[:, 2].tolist() == [0.75, plain.pooled_["prior"]]
    found = tracker.practice(["ann"])
    assert found is None or found.recent.tolist() == [[1, 1, 1]]
    tracker.update({"student": ["ann"], "skill": ["juggling"], "correct": [1]})
    assert tracker.mastery(["ann"]).value[0, 2] > 0.75
    found = tracker.practice(["ann"])
    assert found is None or found.recent.tolist() == [[1, 1, 3]]
    assert MasteryTracker(plain).skills.tolist() == tracker.forget(["ann"]).skills.tolist()


def test_a_model_without_a_p_known_says_which_has_one() -> None:
    tracker = MasteryTracker(Elo(alpha=1.0, beta=0.1).fit(LOG))
    with pytest.raises(StateError, match=r"Elo .*no P\(known\) that could be told; a BKT does"):
        tracker.believe("ann", TOLD)
    assert len(tracker) == 0


def test_many_students_who_were_told_each_have_their_own(plain: BKT) -> None:
    """By looking pairs up, and by going through those that were told."""
    rng = np.random.default_rng(0)
    told = {n: rng.random(2) for n in range(30)}
    tracker = MasteryTracker(plain)
    for n, p in told.items():
        tracker.believe(n, dict(zip("ab", p.tolist(), strict=True)))
    expected = np.array([*told.values()])
    asked = rng.integers(0, 30, 9000)
    np.testing.assert_array_equal(tracker.mastery(asked).value, expected[asked])
    np.testing.assert_array_equal(tracker.mastery(asked[:50]).value, expected[asked[:50]])
    mixed = [5, 77, 5, 3]
    np.testing.assert_array_equal(
        tracker.mastery(mixed).value, [expected[5], [0.3, 0.4], expected[5], expected[3]]
    )


def test_damaged_beliefs_are_refused(plain: BKT) -> None:
    tracker = MasteryTracker(plain).believe("ann", {"a": 0.9})
    state = tracker._state
    names = {"skills": state.skills, "items": [], "clock": None}
    damages: list[tuple[str, list[Any]]] = [
        ("told", [1.0]),
        ("told", [np.nan]),
        ("told", [0.0]),
        ("told", [0.5, 0.5]),
        ("told_pairs", [1 << 40]),
        ("told_pairs", [2.5]),
    ]
    for name, wrong in damages:
        arrays = {**state.to_arrays(), name: np.array(wrong)}
        with pytest.raises(ValueError, match=r"told|pairs"):
            plain.restore_state(2, names, arrays)
