"""Skills that were not in a model's training: known from the first answer on, by every model."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.base import clone
from tests.models import students
from tests.models.test_contract import MODELS, TIMED

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.errors import DataWarning, quiet
from adaptlearn.models import BKT, FSRS, PFA, Elo
from adaptlearn.models.memory import FSRS_DEFAULTS
from adaptlearn.sequencing.policies import MasteryThreshold

LOG = students.with_times(students.with_items(students.answers(40, 6, seed=1)))
TRAINED = sorted(set(LOG["skill"].tolist()))
END = float(LOG["time"][-1])


def practised(student: str, skill: str, correct: list[int], start: float = 0.0) -> dict[str, Any]:
    """Answers on a skill that nobody was trained on, of items that were not in training either."""
    n = len(correct)
    return {
        "student": [student] * n,
        "skill": [skill] * n,
        "correct": correct,
        "item": [100 + k for k in range(n)],
        "time": [END + 60 * (start + k) for k in range(n)],
    }


def joined(*parts: dict[str, Any]) -> ResponseLog:
    columns: dict[str, list[Any]] = {
        name: [value for part in parts for value in part[name]] for name in parts[0]
    }
    order = np.argsort(columns["time"], kind="stable")
    return ResponseLog.from_frame({k: [v[i] for i in order] for k, v in columns.items()})


# By students' turns, two skills that come in another order than that of their labels.
GIVEN = (
    practised("ann", "zoology", [1] * 8, 0.0),
    practised("ben", "juggling", [0, 1, 0], 0.5),
    practised("ann", "juggling", [1], 7.2),
    practised("cy", TRAINED[0], [1, 0], 0.3),
)
ANSWERS = joined(*GIVEN)


@pytest.fixture(scope="module", params=[*MODELS, *TIMED], ids=repr)
def fitted(request: pytest.FixtureRequest) -> Any:
    model = clone(request.param)
    for name, fewer in (("max_iter", 20), ("n_init", 1), ("n_epochs", 2)):
        if name in model.get_params():
            model.set_params(**{name: fewer})
    if isinstance(model, FSRS):  # not searched for
        model.set_params(parameters=FSRS_DEFAULTS, guess=0.2, slip=0.1)
    with quiet():
        return model.fit(LOG)


def fed(model: Any, log: ResponseLog, size: int, practice: bool = True) -> MasteryTracker:
    tracker = MasteryTracker(model, practice=practice)
    with quiet():
        for lo in range(0, len(log), size):
            tracker.update(log[lo : lo + size])
    return tracker


def content(tracker: MasteryTracker) -> list[np.ndarray]:
    """Tables of three students and one nobody met."""
    who = ["ann", "ben", "cy", "new"]
    practice = tracker.practice(who)
    rates = tracker.learning_rates()
    assert practice is not None
    return [
        tracker.skills,
        tracker.mastery(who).skills,
        tracker.mastery(who).value,
        tracker.counts(who),
        *practice,
        np.zeros(0) if rates is None else rates,
    ]


def same(one: MasteryTracker, other: MasteryTracker) -> None:
    for mine, theirs in zip(content(one), content(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_mastery_and_counts_know_what_was_practised(fitted: Any) -> None:
    tracker = fed(fitted, ANSWERS, 100)
    assert tracker.skills.tolist() == [*TRAINED, "juggling", "zoology"]
    known = tracker.mastery(["ann", "ben", "new"])
    assert known.skills.tolist() == tracker.skills.tolist()
    counts = tracker.counts(["ann", "ben", "new"])
    assert counts[:, 3:].tolist() == [[1, 8], [3, 0], [0, 0]]
    assert counts.shape == known.value.shape
    right, prior = known.value[0, 4], known.value[2, 4]
    assert prior < right
    assert known.value[0, 4] > known.value[1, 4]
    with quiet():
        start = fed(fitted, ANSWERS[:0], 1).predict(["new"], ["zoology"])[0]
        asked = tracker.predict(["ann", "new"], ["zoology"] * 2)
    if known.kind == "predicted":
        assert prior == pytest.approx(start, abs=1e-12)
        if getattr(fitted, "card_", "skill") == "skill":
            np.testing.assert_allclose([right, prior], asked, atol=1e-12)
    else:  # one whose parameters are the common ones
        shifts = fitted.class_shifts_["prior"] if fitted.student_classes > 1 else np.zeros(1)
        common = fitted.class_weights_ @ expit(logit(fitted.pooled_["prior"]) + shifts)
        assert prior == pytest.approx(common, abs=0.2 if fitted.ability else 1e-12)
        rates = tracker.learning_rates()
        assert rates is not None
        assert rates[3:].tolist() == [fitted.pooled_["learn"]] * 2


def test_the_same_in_whatever_batches_saved_loaded_pickled_rebuilt(
    fitted: Any, tmp_path: Path
) -> None:
    tracker = fed(fitted, ANSWERS, 1)
    same(tracker, fed(fitted, ANSWERS, 100))
    same(tracker, fed(fitted, ANSWERS, 4))
    tracker.save(tmp_path / "tracker.npz")
    same(tracker, MasteryTracker.load(tmp_path / "tracker.npz", fitted))
    same(tracker, pickle.loads(pickle.dumps(tracker)))
    again = fed(fitted, ANSWERS, 100)
    with quiet():
        again.rebuild(ANSWERS[ANSWERS.student.values == "ann"])
    same(tracker, again)


def test_who_is_forgotten_takes_the_skill_along(fitted: Any) -> None:
    tracker = fed(fitted, ANSWERS, 100)
    tracker.forget(["ann"])
    assert tracker.skills.tolist() == [*TRAINED, "juggling"]  # as ben practised it
    assert tracker.counts(["ann", "ben"])[:, 3].tolist() == [0, 3]
    tracker.forget(["ben"])
    assert tracker.skills.tolist() == TRAINED
    assert tracker.mastery().value.shape == (1, 3)
    with quiet():
        tracker.update(ANSWERS[ANSWERS.student.values == "ann"])
    same(tracker, fed(fitted, ANSWERS[ANSWERS.student.values != "ben"], 100))


def test_the_mastery_of_a_log_has_them_too(fitted: Any) -> None:
    with quiet():
        found = fitted.mastery(ANSWERS)
    assert found.skills.tolist() == [*TRAINED, "juggling", "zoology"]
    tracker = fed(fitted, ANSWERS, 3, practice=False)
    np.testing.assert_allclose(
        found.value, tracker.mastery(found.students.tolist()).value, atol=1e-14
    )


def test_a_refit_loses_nothing(fitted: Any) -> None:
    named = {**LOG, "student": [f"s{n}" for n in LOG["student"]]}
    everything = joined({name: list(column) for name, column in named.items()}, *GIVEN)
    with quiet():
        again = clone(fitted).fit(everything)
    before, after = fed(fitted, ANSWERS, 100), fed(again, ANSWERS, 100)
    assert set(after.skills.tolist()) == {*TRAINED, "juggling", "zoology"}
    order = [after.skills.tolist().index(skill) for skill in before.skills.tolist()]
    who = ["ann", "ben", "cy"]
    np.testing.assert_array_equal(after.counts(who)[:, order], before.counts(who))


@pytest.fixture(scope="module")
def model() -> BKT:
    return BKT(n_init=1).fit(LOG)


def test_a_typo_is_told_once_with_near_spellings(model: BKT) -> None:
    for one in (model, Elo(alpha=1.0, beta=0.1).fit(LOG), PFA().fit(LOG)):
        tracker = MasteryTracker(one, practice=True)
        with pytest.warns(DataWarning, match=r"'halv' .did you mean 'halve'\?. was not") as told:
            tracker.update(practised("ann", "halv", [1]))
        assert len(told) == 1
        tracker.update(practised("ann", "halv", [1, 0], 1))  # warnings are errors in these tests
        tracker.update(practised("ben", "halv", [1]))
        assert tracker.mastery().skills.tolist() == [*TRAINED, "halv"]
        tracker.predict(["ann"], ["halv"])
        with pytest.warns(DataWarning, match=r"'tims' .did you mean 'times'\?."):
            tracker.predict(["ann"], ["tims"])  # which nobody practised
        tracker.forget(["ann", "ben"])
        with pytest.warns(DataWarning, match="'halv'"):
            tracker.predict(["ann"], ["halv"])


def test_what_rests_on_the_skill_opens_without_a_new_sequencer(model: BKT) -> None:
    school = Curriculum.from_dict(
        {"prerequisites": [["add", "juggling"], ["juggling", "acrobatics"]]}
    )
    for practice in (False, True):
        tracker = MasteryTracker(model, practice=practice)
        tracker.update(practised("ann", "add", [1] * 30))
        with pytest.warns(DataWarning, match="2 of 3 skills .* unknown to the tracker"):
            sequencer = Sequencer(school, tracker, MasteryThreshold(), random_state=0)
        assert sequencer.recommend("ann")[0].lesson == "juggling"
        with pytest.warns(DataWarning, match="'juggling'"):
            tracker.update(practised("ann", "juggling", [1] * 12, 40))
        assert sequencer.recommend("ann")[0].lesson == "acrobatics"
        told = sequencer.explain("ann", "juggling").skills[0]
        assert told.mastery == tracker.mastery(["ann"]).value[0, -1] > 0.95
        counts = sequencer.context("ann").counts
        assert counts is not None
        assert counts.tolist() == [[30, 12, 0]]
        assert list(sequencer._matched.unknown) == ["acrobatics"]
        tracker.forget(["ann"])
        assert list(sequencer._matched.unknown) == ["juggling", "acrobatics"]


def test_a_file_from_before_last_items_were_kept_is_read() -> None:
    model = FSRS(parameters=FSRS_DEFAULTS, guess=0.2, slip=0.1).fit(LOG)
    tracker = MasteryTracker(model).update(practised("ann", TRAINED[0], [1, 1]))
    state = tracker._state
    old = {**state.to_arrays(), "pair": state.to_arrays()["pair"][:, :1]}
    names = {"skills": state.skills, "items": state.items, "clock": state.clock}
    again = model.restore_state(2, names, {**old, "last_time": old["last_time"][:2]})
    np.testing.assert_array_equal(
        model.state_mastery(again, np.array([1])).value, tracker.mastery(["ann"]).value
    )


def test_last_items_that_cannot_be_are_refused() -> None:
    model = FSRS(parameters=FSRS_DEFAULTS, guess=0.2, slip=0.1).fit(LOG)
    state = MasteryTracker(model).update(practised("ann", TRAINED[0], [1, 1]))._state
    names = {"skills": state.skills, "items": state.items, "clock": state.clock}
    for wrong in (1e9, 1.5):
        arrays = state.to_arrays()
        arrays["pair"][:, 1] = wrong
        with pytest.raises(ValueError, match="last items"):
            model.restore_state(len(state.last_time), names, arrays)
