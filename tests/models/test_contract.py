"""What every knowledge-tracing model promises, checked on each of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.base import clone
from tests.models import students
from tests.models.students import TRUTH

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import (
    DataWarning,
    LateResponse,
    NotFittedError,
    ParameterError,
    StateError,
    UnknownLabelError,
)
from adaptlearn.models import (
    AFM,
    BKT,
    DAS3H,
    DASH,
    IRT,
    PFA,
    RPFA,
    BestLR,
    BoostedTracer,
    Elo,
    LinearRecurrentTracer,
    Rasch,
)

MODELS = [
    BKT(n_init=2),
    BKT(forgetting=True, n_init=2),
    BKT(
        forgetting=True,
        n_init=2,
        learn_by="item",
        forget_by="item_pair",
        guess_by="item",
        slip_by="item",
    ),
    BKT(forgetting=True, ability=True, recency=True, difficulty=True, lag=True),
    BKT(forgetting=True, ability=True, learn_by="item", multi_skill="conjunctive"),
    AFM(),
    PFA(counts="log"),
    RPFA(slopes="shared"),
    DASH(windows=()),
    DAS3H(windows=()),
    BestLR(),
    IRT(),
    Rasch(),
    Elo(),
    Elo(alpha=1.0, beta=0.05, skill_offsets=False),
    LinearRecurrentTracer(n_epochs=5),
    BoostedTracer(features=["counts", "recency", "ratings"], inputs=(), max_iter=20),
    BoostedTracer(inputs=(Elo(), BKT(forgetting=True, n_init=2)), n_folds=2, max_iter=20),
]


def with_items(columns):
    """The same answers as given to items, each of which comes with every skill and student."""
    return {**columns, "item": np.arange(len(columns["correct"])) * 7 // 3 % 4}


def answers(*args, **how):
    return with_items(students.answers(*args, **how))


@pytest.fixture(scope="module", params=MODELS, ids=repr)
def model(request):
    """Each model, fitted to the same answers."""
    return clone(request.param).fit(answers(500, 8, seed=1, forget=0.05))


def log_with(skills=("add", "halve", "times"), **more):
    """A log in which some responses have two skills."""
    columns = answers(40, 6, seed=3)
    second = np.roll(columns["skill"], 1)
    pairs = zip(columns["skill"], second, strict=True)
    columns["skill"] = [[a, b] if n % 3 == 0 and a != b else [a] for n, (a, b) in enumerate(pairs)]
    return {**columns, **more}


def test_predictions_are_probabilities_in_the_callers_row_order(model):
    log = ResponseLog.from_frame(log_with())
    p = model.predict_proba(log)
    assert p.shape == (len(log), 2)
    assert np.all((p > 0) & (p < 1))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert model.classes_.tolist() == [0, 1]
    one = log.student.codes == 7
    np.testing.assert_array_equal(model.predict_proba(log[one]), p[one])


def test_a_rows_own_answer_never_moves_its_own_prediction(model):
    columns = log_with()
    p = model.predict_proba(columns)[:, 1]
    moved = 0
    for row in range(0, len(p), 7):
        flipped = columns["correct"].copy()
        flipped[row] = 1 - flipped[row]
        q = model.predict_proba({**columns, "correct": flipped})[:, 1]
        changed = np.flatnonzero(q != p)
        assert np.all(changed > row)
        assert np.all(np.asarray(columns["student"])[changed] == columns["student"][row])
        moved += len(changed) > 0
    assert moved > 50  # later rows of the same student do move


def test_the_order_of_rows_of_other_students_is_irrelevant(model):
    log = ResponseLog.from_frame(answers(200, 6, seed=4))
    rng = np.random.default_rng(0)
    # A random interleaving of students that keeps each student's own order.
    turn = np.empty(len(log))
    by_student = np.argsort(log.student.codes, kind="stable")
    turn[by_student] = np.concatenate(
        [np.sort(rng.random(count)) for count in np.bincount(log.student.codes)]
    )
    order = np.argsort(turn, kind="stable")
    np.testing.assert_array_equal(model.predict_proba(log[order]), model.predict_proba(log)[order])
    fits = [clone(model).fit(part).predict_proba(log) for part in (log, log[order])]
    np.testing.assert_allclose(fits[0], fits[1], atol=1e-9)


def test_batch_equals_online(model):
    log = ResponseLog.from_frame(log_with())
    batch = model.predict_proba(log)[:, 1]
    state = model.init_state(log.n_students)
    numbered = log.with_students(np.arange(log.n_students))
    online = np.empty(len(log))
    rng = np.random.default_rng(0)
    bounds = np.unique(np.concatenate(([0, len(log)], rng.integers(0, len(log), 25))))
    for lo, hi in itertools.pairwise(bounds):
        part = numbered[lo:hi]  # several answers of one student in most of them
        before = {name: array.copy() for name, array in state.to_arrays().items()}
        online[lo:hi] = model.predict_proba(part, state=state)[:, 1]
        for name, array in state.to_arrays().items():
            np.testing.assert_array_equal(array, before[name])  # predicting changes nothing
        assert model.update_state(state, part) is state
    np.testing.assert_allclose(online, batch, atol=1e-14)
    numbers = np.arange(log.n_students)
    np.testing.assert_allclose(
        model.state_mastery(state, numbers).value, model.mastery(log).value, atol=1e-14
    )
    entries = len(log) if log.skill_rows is None else len(log.skill_rows)
    assert model.state_counts(state, numbers).sum() == entries


def test_state_counts_are_of_answers_and_not_of_exposures(model):
    log = ResponseLog.from_frame(
        with_items({"student": [0, 0, 1], "skill": ["add"] * 3, "correct": [1.0, np.nan, np.nan]}),
        unanswered="exposure",
    )
    state = model.update_state(model.init_state(2), log)
    assert model.state_counts(state, np.arange(2))[:, 0].tolist() == [1, 0]


def test_a_part_of_a_log_updates_only_its_own_students(model):
    log = ResponseLog.from_frame(answers(40, 3, seed=6))
    state = model.init_state(5)
    model.update_state(state, log[log.student.codes < 5])
    assert model.state_counts(state, np.arange(5)).sum() == 5 * 3 * 3
    with pytest.raises(UnknownLabelError, match="outside its 5 students"):
        model.update_state(state, log)
    model.update_state(state, log[:0])  # nothing is nothing, its clock neither
    assert state.clock == "none"


def test_a_state_takes_whole_numbers_for_students(model):
    state = model.init_state(2)
    with pytest.raises(StateError, match="float64"):
        model.predict_state(state, [0.7], ["add"])
    with pytest.raises(ParameterError, match="n_students"):
        model.init_state(-1)


def test_the_last_time_is_the_latest_and_not_the_last_written(model):
    state = model.init_state(1)
    unsorted = with_items(
        {"student": [0, 0], "skill": ["add"] * 2, "correct": [1, 0], "time": [9.0, 3.0]}
    )
    model.update_state(state, unsorted)
    with pytest.raises(LateResponse):
        model.predict_proba({**unsorted, "time": [5.0, 5.0]}, state=state)


def test_predict_state_is_the_next_row_of_the_batch(model):
    log = answers(30, 5, seed=5)
    state = model.init_state(30)
    model.update_state(state, log)
    for skill in TRUTH:
        following = {
            "student": np.append(log["student"], np.arange(30)),
            "skill": np.append(log["skill"], [skill] * 30),
            "correct": np.append(log["correct"], np.ones(30, int)),
            "item": np.append(log["item"], [99] * 30),  # predict_state knows no item
        }
        np.testing.assert_allclose(
            model.predict_state(state, np.arange(30), [skill] * 30),
            model.predict_proba(following)[-30:, 1],
            atol=1e-14,
        )


def test_an_answer_older_than_the_state_is_refused(model):
    state = model.init_state(2)
    now = with_items(
        {"student": [0, 1], "skill": ["add"] * 2, "correct": [1, 0], "time": [50.0, 60.0]}
    )
    model.update_state(state, now)
    before = {name: array.copy() for name, array in state.to_arrays().items()}
    with pytest.raises(LateResponse, match="student 1"):
        model.update_state(state, {**now, "time": [55.0, 59.0]})
    for name, array in state.to_arrays().items():
        np.testing.assert_array_equal(array, before[name])
    model.update_state(state, {**now, "time": [50.0, 61.0]})  # the same moment is not late


def test_inputs_are_not_changed(model):
    columns = answers(50, 5, seed=7)
    kept = {name: column.copy() for name, column in columns.items()}
    clone(model).fit(columns).predict_proba(columns)
    model.mastery(columns)
    model.update_state(model.init_state(50), columns)
    for name, column in kept.items():
        np.testing.assert_array_equal(columns[name], column)
        assert columns[name].flags.writeable


def test_a_clone_is_unfitted_and_fits_to_the_same(model):
    again = clone(model)
    with pytest.raises(NotFittedError):
        again.predict_proba(log_with())
    log = answers(500, 8, seed=1, forget=0.05)
    assert again.fit(log).fingerprint_ == model.fingerprint_


def test_saved_and_loaded_it_predicts_the_same(model, tmp_path):
    model.save(tmp_path / "model.json")
    again = adaptlearn.load(tmp_path / "model.json")
    np.testing.assert_array_equal(again.predict_proba(log_with()), model.predict_proba(log_with()))
    assert again.fingerprint_ == model.fingerprint_


def test_a_state_belongs_to_its_model(model):
    other = clone(model).fit(answers(50, 5, seed=8))
    with pytest.raises(StateError, match="belongs to model"):
        other.predict_state(model.init_state(1), [0], ["add"])


def test_the_unseen_is_predicted_as_documented_and_never_one_half(model):
    new_student = with_items({"student": ["zoe"], "skill": ["add"], "correct": [1]})
    base = model.predict_proba({**new_student, "student": ["a"], "correct": [0]})
    np.testing.assert_array_equal(model.predict_proba(new_student), base)
    with pytest.warns(DataWarning, match="'juggling'"):
        p = model.predict_proba(
            {"student": ["a"] * 2, "skill": ["juggling"] * 2, "item": [0] * 2, "correct": [1] * 2}
        )
    assert 0.5 != p[0, 1] < p[1, 1]


def test_a_log_of_one_row_is_enough_to_predict(model):
    one = with_items({"student": [1], "skill": ["add"], "correct": [1]})
    assert model.predict_proba(one).shape == (1, 2)
