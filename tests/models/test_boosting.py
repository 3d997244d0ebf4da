"""Boosted trees: scored as scikit-learn does, over features and models that have not peeked."""

from __future__ import annotations

import csv
import subprocess
import sys
import warnings
from typing import ClassVar

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from tests.models import students

import adaptlearn
from adaptlearn import MasteryTracker, ResponseLog
from adaptlearn.errors import DataWarning, IdentificationWarning, ModelFileError, ParameterError
from adaptlearn.models import BKT, BoostedTracer, Elo, LinearRecurrentTracer
from adaptlearn.models.boosting.growth import Growth, grow
from adaptlearn.models.boosting.trees import Trees

GROWTH = Growth(
    max_iter=25,
    learning_rate=0.2,
    max_leaf_nodes=31,
    min_samples_leaf=5,
    l2_regularization=1.0,
    max_features=0.5,
    random_state=0,
)


def a_matrix(n=3000, seed=0):
    """Features with gaps, with few values, without any, and one whose gaps alone tell."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(8, n))
    matrix[1] = np.round(matrix[1])
    matrix[2, rng.random(n) < 0.3] = np.nan
    matrix[3] = 4.0
    matrix[4] = np.nan
    matrix[5] = np.where(rng.random(n) < 0.5, np.nan, 1.0)
    odds = matrix[0] + matrix[1] + np.nan_to_num(matrix[2]) + 2 * np.isnan(matrix[5])
    return matrix, (odds + rng.logistic(size=n) > 0.5).astype(np.int8)


def small(**how):
    return BoostedTracer(
        **{"inputs": (), "lean_on": (), "max_iter": 10, "min_samples_leaf": 10, **how}
    )


def answers(n_students=60, n_rounds=5, seed=0):
    columns = students.answers(n_students, n_rounds, seed=seed)
    return {**columns, "item": np.arange(len(columns["correct"])) % 5}


def loaded(path):
    model = adaptlearn.load(path)
    assert isinstance(model, BoostedTracer)
    return model


@pytest.mark.parametrize("max_leaf_nodes", [2, 7, 31, 33, 64])
def test_the_trees_score_as_scikit_learn_does(max_leaf_nodes):
    matrix, correct = a_matrix()
    growth = GROWTH._replace(max_leaf_nodes=max_leaf_nodes)
    trees = grow(matrix, correct, growth)
    peer = HistGradientBoostingClassifier(early_stopping=False, **growth._asdict())
    told = [0, 1, 2, 3, 5, 6, 7]
    peer.fit(matrix[told].T, correct)
    unseen = a_matrix(seed=1)[0]
    # What training had no gap in goes where most of it went; infinities are numbers.
    unseen[0, :50], unseen[1, 50:70], unseen[2, 70:80] = np.nan, np.inf, -np.inf
    for rows in (matrix, unseen):
        odds = peer.decision_function(rows[told].T)
        np.testing.assert_allclose(trees.predict(rows), odds, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(trees.predict(rows[:, 7:8]), trees.predict(rows)[7:8])
    assert np.isinf(trees.threshold).any() or max_leaf_nodes == 2
    gains = trees.gains(len(matrix))
    assert gains[3] == gains[4] == 0 < gains[0]


def test_trees_come_back_from_their_arrays():
    matrix, correct = a_matrix()
    trees = grow(matrix, correct, GROWTH)
    again = Trees.from_arrays(trees.to_arrays())
    np.testing.assert_array_equal(again.predict(matrix), trees.predict(matrix))


@pytest.mark.parametrize("right", [0, 1])
def test_answers_that_are_all_alike_grow_no_trees(right):
    matrix, _ = a_matrix(9)
    trees = grow(matrix, np.full(9, right, np.int8), GROWTH)
    odds = np.log(9.5 / 0.5)
    np.testing.assert_allclose(trees.predict(matrix), odds if right else -odds)


def test_what_cannot_be_split_is_the_rate():
    trees = grow(np.ones((2, 40)), (np.arange(40) % 4 > 0).astype(np.int8), GROWTH)
    np.testing.assert_allclose(trees.predict(np.zeros((2, 3))), np.log(3), atol=1e-6)


class Spy(Elo):
    """Notes which students it was fitted to, and refuses to predict those."""

    log: ClassVar[list] = []

    def fit(self, log, y=None):
        self.fitted_to = set(log.student.values.tolist())
        self.log.append(("fit", self.fitted_to))
        return super().fit(log, y)

    def predict_proba(self, log, *, state=None):
        asked = set(log.student.values.tolist())
        self.log.append(("predict", asked))
        assert not asked & self.fitted_to
        return super().predict_proba(log, state=state)


def test_other_models_are_asked_about_students_they_have_not_seen():
    Spy.log.clear()
    log = answers()
    model = small(inputs=(Spy(),), n_folds=4).fit(log)
    everyone = set(log["student"].tolist())
    assert [what for what, _ in Spy.log] == ["fit", "predict"] * 4 + ["fit"]
    asked = [who for what, who in Spy.log if what == "predict"]
    assert set.union(*asked) == everyone
    assert sum(map(len, asked)) == len(everyone)
    assert model.inputs_[0].fitted_to == everyone
    assert model.feature_names_[-1] == "Spy_0"
    assert model.feature_groups_[-1] == "inputs"


def test_what_other_models_say_meets_the_rows_they_said_it_of():
    log = answers(200, 6)
    peer = roc_auc_score(log["correct"], Elo().fit(log).predict_proba(log)[:, 1])
    model = small(features=[], inputs=(Elo(),), max_iter=40).fit(log)
    assert roc_auc_score(log["correct"], model.predict_proba(log)[:, 1]) > peer - 0.01


def test_the_default_stands_beside_a_recurrent_model(tmp_path):
    log = answers()
    model = BoostedTracer(max_iter=5, n_folds=2, random_state=3).fit(log)
    assert [type(one) for one in model.inputs_] == [LinearRecurrentTracer]
    assert model.inputs_[0].get_params()["random_state"] == 3
    model.save(tmp_path / "model")
    again = loaded(tmp_path / "model")
    assert again.inputs is None
    assert again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.predict_proba(log), model.predict_proba(log))


def test_a_loaded_model_has_the_arguments_it_was_made_with(tmp_path):
    model = small(inputs=[Elo(alpha=0.7)], features=["counts"]).fit(answers())
    model.save(tmp_path / "model")
    again = loaded(tmp_path / "model")
    assert repr(again.inputs) == "(Elo(alpha=0.7),)"
    assert again.features == ("counts",)
    assert again.fit(answers()).fingerprint_ == model.fingerprint_
    assert again.inputs is not None
    assert again.inputs[0] is not again.inputs_[0]


def test_a_saved_model_predicts_without_scikit_learn(tmp_path):
    log = answers()
    model = small().fit(log)
    model.save(tmp_path / "model")
    code = (
        "import sys, adaptlearn\n"
        f"model = adaptlearn.load({str(tmp_path / 'model')!r})\n"
        "log = {'student': [1, 1], 'skill': ['add', 'add'], 'item': [1, 2], 'correct': [1, 0]}\n"
        "print(model.predict_proba(log)[:, 1].tolist())\n"
        "assert 'sklearn' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    two = {"student": [1, 1], "skill": ["add", "add"], "item": [1, 2], "correct": [1, 0]}
    assert eval(done.stdout) == model.predict_proba(two)[:, 1].tolist()


@pytest.mark.parametrize("features", [[], "all"])
def test_a_tracker_keeps_the_states_of_all_parts(features, tmp_path):
    log = answers()
    log["item"] = log["item"] + 3  # two of them were not in training
    nested = small(features=["counts", "spacing"], max_iter=30)
    inputs = (BKT(n_init=2), nested)
    model = small(features=features, inputs=inputs, max_iter=30, n_folds=2).fit(answers())
    tracker = MasteryTracker(model).update(log)
    tracker.save(tmp_path / "state")
    model.save(tmp_path / "model")
    again = MasteryTracker.load(tmp_path / "state", loaded(tmp_path / "model"))
    asked = ([4, 5, 99], ["add", "halve", "add"])
    p = tracker.predict(*asked, items=[6, 7, 0])
    np.testing.assert_array_equal(again.predict(*asked, items=[6, 7, 0]), p)
    more = {"student": [4, 5], "skill": ["add", "times"], "item": [6, 3], "correct": [0, 1]}
    np.testing.assert_array_equal(
        again.update(more).predict(*asked, items=[6, 7, 0]),
        tracker.update(more).predict(*asked, items=[6, 7, 0]),
    )
    mine = {name: column[log["student"] == 4] for name, column in log.items()}
    mine["correct"] = 1 - mine["correct"]
    fresh = MasteryTracker(model).update(mine)
    everything = ([4] * 3, ["add", "halve", "times"])
    np.testing.assert_array_equal(
        again.rebuild(mine).predict(*everything, items=[6, 7, 4]),
        fresh.predict(*everything, items=[6, 7, 4]),
    )
    np.testing.assert_array_equal(again.counts([4]), fresh.counts())


def test_one_question_may_concern_several_skills_and_what_nobody_knows():
    log = answers()
    model = small(inputs=(Elo(),)).fit(log)
    state = model.update_state(model.init_state(60), log)
    following = {
        "student": [*log["student"], 7],
        "skill": [*([skill] for skill in log["skill"]), ["add", "times"]],
        "item": [*log["item"], 2],
        "correct": [*log["correct"], 1],
    }
    p = model.predict_proba(following)[-1, 1]
    asked = model.predict_state(state, [7], [["add", "times"]], items=[2])
    np.testing.assert_allclose(asked, p, rtol=1e-12)
    with pytest.warns(DataWarning, match="'juggling'"):
        odd = model.predict_state(state, [7, 7], ["juggling", "add"], items=["none", None])
    assert np.all((odd > 0) & (odd < 1))


@pytest.mark.parametrize(
    "columns",
    [
        {"student": [1], "skill": ["add"], "correct": [1]},
        {"student": [1, 2], "skill": ["add", "sub"], "correct": [1, 0]},
        {"student": [1, 1, 2] * 20, "skill": ["add"] * 60, "correct": [1, 0, 1] * 20},
        {
            "student": np.arange(90) // 3,
            "skill": ["add"] * 89 + ["once"],
            "item": np.arange(90),
            "correct": np.arange(90) % 2,
            "time": np.arange(90.0) * 1e5,
        },
    ],
    ids=["one answer", "an answer each", "constant features", "a skill and items met once"],
)
def test_little_data_is_enough_and_warns_of_nothing(columns):
    for inputs in ((), (Elo(),)):
        model = small(inputs=inputs, n_folds=3).fit(columns)
        p = model.predict_proba(columns)[:, 1]
        assert np.all((p > 0) & (p < 1))
        alone = model.predict_state(model.init_state(1), [0], ["add"])
        assert np.all((alone > 0) & (alone < 1))


def test_exposures_are_not_scored_and_may_be_predicted():
    columns = answers()
    correct = columns["correct"].astype(float)
    correct[::4] = np.nan
    log = ResponseLog.from_frame({**columns, "correct": correct}, unanswered="exposure")
    model = small(features=["counts", "difficulty"]).fit(log)
    answered = small(features=["counts", "difficulty"]).fit(log[log.answered])
    np.testing.assert_array_equal(
        model.predict_proba(log)[log.answered], answered.predict_proba(log[log.answered])
    )


def test_groups_of_features_are_left_out_as_asked():
    log = answers(200)
    model = small(features=["counts", "patterns"]).fit(log)
    assert set(model.feature_groups_) == {"counts", "patterns"}
    np.testing.assert_allclose(sum(model.feature_gains_.values()), 1)
    assert list(model.feature_gains_.values()) == sorted(model.feature_gains_.values())[::-1]
    assert small(features=[]).fit(log).feature_names_ == []


def test_arguments_that_cannot_be_meant_are_all_named():
    with pytest.raises(ParameterError, match=r"(?s)max_leaf_nodes.*learning_rate|learning_rate.*"):
        small(max_leaf_nodes=65, learning_rate=0).fit(answers())
    with pytest.raises(ParameterError, match=r"(?s)'bkt'.*3"):
        small(inputs=["bkt", 3]).fit(answers())
    with pytest.raises(ParameterError, match="no feature or group 'luck'"):
        small(features=["luck"]).fit(answers())


def test_a_file_whose_settings_are_gone_is_refused(tmp_path):
    model = small().fit(answers())
    content = {k: v for k, v in model._content().items() if k != "settings"}
    with pytest.raises(ModelFileError, match="settings"):
        BoostedTracer.from_saved(content, model._all_arrays(), "it")


@pytest.mark.slow
def test_on_real_answers_it_passes_bayesian_knowledge_tracing(data):
    with data("assistments15", "train.csv").open(newline="") as lines:
        header = next(csv.reader(lines))
        table = np.loadtxt(lines, np.int64, delimiter=",", max_rows=60_000)
    columns = dict(zip(header, table.T, strict=True))
    log = ResponseLog.from_frame({name: columns[name] for name in ("student", "skill", "correct")})
    held = log.student.codes % 4 == 0
    train, test = log[~held], log[held]

    def auc(model):
        return roc_auc_score(test.correct, model.fit(train).predict_proba(test)[:, 1])

    boosted = auc(BoostedTracer(inputs=(), max_iter=60))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IdentificationWarning)  # of rare skills
        assert boosted > auc(BKT(forgetting=True, n_init=2)) + 0.02


def test_several_seeds_are_averaged_on_the_log_odds_scale():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(4, 600))
    correct = (rng.random(600) < 1 / (1 + np.exp(-matrix[0]))).astype(np.int8)
    growth = Growth(20, 0.1, 8, 20, 1.0, 0.5, 3)
    one, other = (grow(matrix, correct, growth._replace(random_state=seed)) for seed in (3, 4))
    both = grow(matrix, correct, growth, n_seeds=2)
    expected = (one.predict(matrix) + other.predict(matrix)) / 2
    np.testing.assert_allclose(both.predict(matrix), expected, atol=1e-12)
    assert np.abs(one.predict(matrix) - other.predict(matrix)).max() > 1e-3
