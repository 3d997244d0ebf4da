"""What a boosted model leans on where it has seen few answers, and by which shares."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold
from tests.models import students

import adaptlearn
from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import ModelFileError, ParameterError
from adaptlearn.models import PFA, BestLR, BoostedTracer, Elo
from adaptlearn.models.boosting import tracer
from adaptlearn.models.boosting.blend import weights


def answers(n_students=60, n_rounds=5, seed=0):
    columns = students.answers(n_students, n_rounds, seed=seed)
    return {**columns, "item": np.arange(len(columns["correct"])) % 5}


def small(**how):
    return BoostedTracer(**{"inputs": (), "max_iter": 10, "min_samples_leaf": 10, **how})


def test_shares_are_those_of_the_least_loss():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=4000)
    correct = (rng.random(4000) < 1 / (1 + np.exp(-truth))).astype(np.int8)
    told = np.stack([truth + rng.normal(size=4000), truth + 2 * rng.normal(size=4000)])
    shares = weights(told, correct)

    def loss(a):
        odds = a * told[0] + (1 - a) * told[1]
        return np.mean(np.logaddexp(0, odds) - correct * odds)

    grid = np.linspace(0, 1, 1001)
    best = grid[np.argmin([loss(a) for a in grid])]
    np.testing.assert_allclose(shares, [best, 1 - best], atol=0.002)
    assert 0.1 < best < 0.9
    np.testing.assert_array_equal(weights(np.stack([truth, -truth]), correct), [1, 0])


def test_a_prediction_is_the_mean_of_log_odds_by_the_shares():
    log = ResponseLog.from_frame(answers())
    model = BoostedTracer(max_iter=10, n_folds=3).fit(log)
    assert [type(one) for one in model.leaned_on_] == [Elo]
    assert list(model.weights_) == ["trees", "LinearRecurrentTracer_0", "Elo_1"]
    assert np.isclose(sum(model.weights_.values()), 1)
    assert model.weights_["Elo_1"] > 0.1

    def odds(p):
        return np.log(p[:, 1] / p[:, 0])

    alone = BoostedTracer(max_iter=10, n_folds=3, lean_on=()).fit(log)
    assert alone.weights_ == {"trees": 1.0, "LinearRecurrentTracer_0": 0.0}
    parts = [odds(one.predict_proba(log)) for one in (alone, *alone.inputs_, Elo().fit(log))]
    expected = np.array(list(model.weights_.values())) @ parts
    np.testing.assert_allclose(odds(model.predict_proba(log)), expected, atol=1e-9)


def test_many_answers_need_nobody_to_lean_on(monkeypatch):
    log = answers()
    alone = small(lean_on=()).fit(log)
    monkeypatch.setattr(tracer, "MOST_ANSWERS", len(log["correct"]) - 1)
    many = small().fit(log)
    assert many.leaned_on_ == ()
    assert many.fingerprint_ == alone.fingerprint_
    np.testing.assert_array_equal(many.predict_proba(log), alone.predict_proba(log))


def test_one_student_is_nobody_to_judge_by():
    log = {name: column[:1].repeat(20) for name, column in answers().items()}
    model = small().fit({**log, "correct": np.arange(20) % 2})
    assert model.weights_ == {"trees": 0.0, "Elo_0": 1.0}


@pytest.mark.parametrize("lean_on", [None, [Elo(alpha=0.7), PFA(student=None)]])
def test_it_is_saved_with_what_it_leans_on(lean_on, tmp_path):
    log = answers()
    model = small(lean_on=lean_on).fit(log)
    model.save(tmp_path / "model.npz")
    again = adaptlearn.load(tmp_path / "model.npz")
    assert isinstance(again, BoostedTracer)
    assert again.weights_ == model.weights_
    assert repr(again.lean_on) == repr(None if lean_on is None else tuple(lean_on))
    np.testing.assert_array_equal(again.predict_proba(log), model.predict_proba(log))
    tracker = MasteryTracker(again).update(log)
    tracker.save(tmp_path / "tracker.npz")
    loaded = MasteryTracker.load(tmp_path / "tracker.npz", again)
    whole = MasteryTracker(model).update(log)
    for one in (tracker, loaded):
        np.testing.assert_array_equal(one.mastery().value, whole.mastery().value)


def test_a_file_of_a_model_that_leans_on_none_says_nothing_of_it():
    model = small(lean_on=()).fit(answers())
    assert "lean_on" not in model._content()["settings"]
    assert "shares" not in model._all_arrays()


def test_shares_that_do_not_add_up_are_refused():
    model = small().fit(answers())
    arrays = {**model._all_arrays(), "leaned_on0": model._packed(model.leaned_on_[0])}
    assert small().from_saved(model._content(), arrays, "it").weights_ == model.weights_
    with pytest.raises(ModelFileError, match="add up to 1"):
        small().from_saved(model._content(), {**arrays, "shares": np.array([0.5, 0.6])}, "it")


def test_what_is_no_model_cannot_be_leaned_on():
    with pytest.raises(ParameterError, match="lean_on must hold models, got 'elo'"):
        small(lean_on=["elo"]).fit(answers())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ednet_sample", "eedi_sample"])
@pytest.mark.filterwarnings("ignore:skill")  # sets of skills that a part does not hold
def test_with_a_hundred_students_it_is_not_behind_simple_models(data, name):
    with gzip.open(data(name, "train.csv.gz"), "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    log = ResponseLog.from_frame(
        {
            "student": [row["student"] for row in rows],
            "skill": [row["skills"] for row in rows],
            "item": [row["item"] for row in rows],
            "correct": [int(row["correct"]) for row in rows],
        }
    )
    folds = list(GroupKFold(2).split(log, groups=log.student.codes))

    def loss(model):
        parts = [(model.fit(log[a]).predict_proba(log[b])[:, 1], log.correct[b]) for a, b in folds]
        return log_loss(
            np.concatenate([y for _, y in parts]), np.concatenate([p for p, _ in parts])
        )

    simple = min(loss(Elo()), loss(BestLR(student=None)))
    assert loss(BoostedTracer(n_seeds=1)) < simple
