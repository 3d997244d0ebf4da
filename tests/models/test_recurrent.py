"""The linear recurrent tracer as its users meet it."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import ModelFileError, ParameterError, ResponseDataError
from adaptlearn.models import LinearRecurrentTracer
from adaptlearn.models.recurrent import Transfer, plot_transfer
from adaptlearn.serialization import read_archive, write_archive

SKILLS = ["read", "spell", "add", "halve"]


def quick(**settings: Any) -> LinearRecurrentTracer:
    return LinearRecurrentTracer(n_epochs=5, **settings)


def school(n_students=300, n_rounds=6, seed=0):
    """Students able at reading or not, and at numbers or not; two skills rest on each."""
    rng = np.random.default_rng(seed)
    able = rng.normal(size=(n_students, 2)) * 1.5
    rows = []
    for _ in range(n_rounds):
        for k in rng.permutation(4):
            easy = able[:, k // 2] + (-0.5, 0.5)[k % 2]
            right = rng.random(n_students) < 1 / (1 + np.exp(-easy))
            rows += [(s, SKILLS[k], int(right[s])) for s in range(n_students)]
    student, skill, correct = zip(*rows, strict=True)
    return {"student": list(student), "skill": list(skill), "correct": list(correct)}


@pytest.fixture(scope="module")
def model():
    return LinearRecurrentTracer(n_epochs=15).fit(school())


def test_it_learns_which_skills_tell_about_which(model):
    effects = model.transfer()
    assert effects.skills.tolist() == ["add", "halve", "read", "spell"]
    same = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], bool)
    assert effects.contrast[same].min() > 0.3 + np.abs(effects.contrast[~same]).max()
    assert (effects.right[same] > 0).all()
    assert (effects.wrong[same] < 0).all()
    order = effects.skills[effects.ordered()].tolist()
    assert {frozenset(order[:2]), frozenset(order[2:])} == {
        frozenset({"add", "halve"}),
        frozenset({"read", "spell"}),
    }


def test_what_is_specific_is_beyond_what_a_row_and_a_column_explain():
    rng = np.random.default_rng(0)
    contrast = rng.normal(size=(5, 5))
    effects = Transfer(np.arange(5), contrast, np.zeros((5, 5)))
    a, b = np.nonzero(~np.eye(5, dtype=bool))
    design = np.concatenate((np.eye(5)[a], np.eye(5)[b]), axis=1)
    fitted = design @ np.linalg.lstsq(design, contrast[a, b], rcond=None)[0]
    np.testing.assert_allclose(effects.specific[a, b], contrast[a, b] - fitted, atol=1e-12)
    assert not effects.specific.diagonal().any()


def test_transfer_is_what_the_first_answer_changes(model):
    effects = model.transfer()
    first = {"student": [1, 1], "skill": ["add", "read"], "correct": [1, 0]}
    z = model.decision_function(first)
    fresh = model.decision_function({"student": [1], "skill": ["read"], "correct": [0]})
    assert effects.right[0, 2] == pytest.approx(z[1] - fresh[0], abs=1e-9)
    rows = effects.table()
    assert {name: column.shape for name, column in rows.items()} == dict.fromkeys(
        ("answered", "skill", "right", "wrong"), (16,)
    )
    place = 0 * 4 + 2
    assert (rows["answered"][place], rows["skill"][place]) == ("add", "read")
    assert rows["right"][place] == effects.right[0, 2]


def test_the_picture_shows_pairs_of_skills_and_not_the_diagonal(model):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    effects = model.transfer()
    ax = plot_transfer(effects, "right")
    order = effects.ordered()
    drawn = np.ma.filled(ax.images[0].get_array(), np.nan)
    expected = effects.right[np.ix_(order, order)].copy()
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_allclose(drawn, expected)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == effects.skills[order].tolist()
    mine = plt.subplots()[1]
    assert plot_transfer(effects, ax=mine, most=2) is mine
    assert mine.images[0].get_array().shape == (2, 2)
    wrong: Any = "both"
    with pytest.raises(ParameterError, match=r"what must be one of 'specific'[\s\S]*most"):
        plot_transfer(effects, wrong, most=0)
    plt.close("all")


def test_one_skill_alone_is_drawn_too():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    one = Transfer(np.array(["add"]), np.ones((1, 1)), -np.ones((1, 1)))
    assert plot_transfer(one).images[0].get_array().shape == (1, 1)


def test_the_log_odds_are_those_of_the_probabilities(model):
    log = school(30, 2, seed=5)
    p = model.predict_proba(log)[:, 1]
    np.testing.assert_allclose(model.decision_function(log), np.log(p / (1 - p)))


def test_an_exposure_changes_nothing_and_is_predicted(model):
    columns = school(20, 2, seed=6)
    without = model.decision_function(columns)
    shown = {name: [*column[:40], column[3], *column[40:]] for name, column in columns.items()}
    shown["correct"] = [float(y) for y in shown["correct"]]
    shown["correct"][40] = np.nan
    log = ResponseLog.from_frame(shown, unanswered="exposure")
    z = model.decision_function(log)
    np.testing.assert_array_equal(np.delete(z, 40), without)
    again = quick().fit(log)
    plain = quick().fit(columns)
    np.testing.assert_array_equal(again.decision_function(log), plain.decision_function(log))


def test_a_pair_of_skills_stands_between_the_two(model):
    alone = model.decision_function(
        {"student": [1, 2], "skill": ["add", "halve"], "correct": [1, 1]}
    )
    both = model.decision_function({"student": [1], "skill": [["add", "halve"]], "correct": [1]})
    assert both[0] == pytest.approx(alone.mean())


def test_an_item_without_a_name_is_an_average_one_of_its_skill():
    columns = school(400, 3, seed=7)
    rng = np.random.default_rng(0)
    columns["item"] = [f"{skill} {rng.integers(3)}" for skill in columns["skill"]]
    hard = np.array([item.endswith("0") for item in columns["item"]])
    columns["correct"] = np.where(hard & (rng.random(len(hard)) < 0.7), 0, columns["correct"])
    model = LinearRecurrentTracer(n_epochs=20).fit(columns)
    items = [f"add {n}" for n in range(3)]
    state = model.init_state(1)
    named = model.predict_state(state, [0] * 3, ["add"] * 3, items=items)
    unnamed = model.predict_state(state, [0] * 2, ["add"] * 2, items=[None, "unheard of"])
    assert unnamed[0] == unnamed[1]
    assert named[0] + 0.05 < unnamed[0] < min(named[1:])
    share = np.bincount([items.index(item) for item in columns["item"] if item in items])
    logit = np.log(named / (1 - named))
    expected = np.average(logit, weights=share)
    assert np.log(unnamed[0] / (1 - unnamed[0])) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "columns",
    [
        {"student": [1], "skill": ["add"], "correct": [1]},
        {"student": [1, 2, 3], "skill": ["a", "b", "c"], "correct": [0, 0, 0]},
        {"student": [1] * 30, "skill": ["a"] * 30, "correct": [1] * 30, "item": list(range(30))},
        {"student": list(range(30)), "skill": ["a"] * 29 + ["b"], "correct": [0, 1] * 15},
    ],
    ids=["one answer", "one answer each", "all right, items met once", "a skill met once"],
)
def test_the_least_of_data_gives_probabilities(columns):
    model = quick().fit(columns)
    p = model.predict_proba(columns)[:, 1]
    assert np.all((p > 0) & (p < 1))
    assert np.all(p != 0.5)
    assert np.isfinite(model.losses_).all()
    effects = model.transfer()
    assert np.isfinite(effects.right).all()
    if len(set(columns["correct"])) == 1:
        assert np.all((p > 0.5) == (columns["correct"][0] == 1))


def test_students_kept_out_are_predicted_by_fits_that_have_not_seen_them():
    log = ResponseLog.from_frame(school(40, 3, seed=8))
    fold = (log.student.codes * 7) % 3
    model = quick()
    found = model.out_of_fold(log, fold)
    assert not hasattr(model, "fingerprint_")
    for held in range(3):
        by_hand = quick().fit(log[fold != held])
        np.testing.assert_allclose(
            found[fold == held], by_hand.decision_function(log[fold == held]), atol=1e-9
        )
    drawn = model.out_of_fold(log, 4)
    np.testing.assert_array_equal(drawn, model.out_of_fold(log, 4))
    assert np.isfinite(drawn).all()
    assert np.isnan(model.out_of_fold(log, np.zeros(len(log), int))).all()  # nobody else


def test_folds_that_tear_students_or_do_not_fit_are_refused():
    log = ResponseLog.from_frame(school(5, 1))
    model = quick()
    with pytest.raises(ParameterError, match="student 0, 1, 2, 3, 4 is in more than one fold"):
        model.out_of_fold(log, np.arange(len(log)) % 7)
    with pytest.raises(ParameterError, match=r"each of the 20 rows, got float64 of shape \(3,\)"):
        model.out_of_fold(log, np.zeros(3))
    with pytest.raises(ParameterError, match=r"fold must be an integer in \[2, 5\], got 6"):
        model.out_of_fold(log, 6)


def test_every_wrong_argument_is_named_at_once():
    wrong = LinearRecurrentTracer(decays=(0.5, 1.5), rank=0, prior=0, learning_rate=-1)
    with pytest.raises(ParameterError) as caught:
        wrong.fit(school(5, 1))
    named = [problem.split()[0] for problem in caught.value.problems]
    assert named == ["rank", "prior", "learning_rate", "decays"]
    for decays in ((), 0.5, "0.5", np.array([0.5]), (True,)):
        with pytest.raises(ParameterError, match="decays must be a tuple"):
            quick(decays=decays).fit(school(5, 1))


def test_a_log_without_answers_is_refused():
    shown = {"student": [1], "skill": ["a"], "correct": [np.nan]}
    log = ResponseLog.from_frame(shown, unanswered="exposure")
    with pytest.raises(ResponseDataError, match="no answers"):
        LinearRecurrentTracer().fit(log)


def test_arguments_changed_after_the_fit_change_no_prediction(tmp_path):
    model = quick(decays=[0.5, 1.0], rank=3).fit(school(30, 2))
    log = school(10, 2, seed=1)
    before = model.predict_proba(log)
    model.set_params(decays=(0.2,), rank=1, prior=50.0)
    np.testing.assert_array_equal(model.predict_proba(log), before)


def test_a_saved_model_of_parts_that_do_not_fit_is_refused(model, tmp_path):
    model.save(tmp_path / "model")
    manifest, arrays = read_archive(tmp_path / "model", "adaptlearn-model", "model")
    content = {name: manifest[name] for name in model._content()}
    cut = {**arrays, "unnamed": arrays["unnamed"][:-1]}
    write_archive(tmp_path / "cut", "adaptlearn-model", content, cut)
    with pytest.raises(ModelFileError, match="unnamed"):
        adaptlearn.load(tmp_path / "cut")


def test_the_seed_moves_the_fit_a_little():
    log, new = school(100, 4), school(100, 4, seed=1)
    found = [
        LinearRecurrentTracer(random_state=seed).fit(log).decision_function(new)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 0
    assert np.corrcoef(found[0], found[2])[0, 1] > 0.98


@pytest.mark.slow
def test_on_real_answers_it_ranks_unseen_students_well(data):
    """Training students of statics: fitted to half of them, the others are predicted."""
    with data("statics", "train.csv").open(newline="") as lines:
        table = list(csv.DictReader(lines))
    columns = {
        name: np.array([int(row[column]) for row in table])
        for name, column in (
            ("student", "student"),
            ("skill", "skill_set"),
            ("item", "item"),
            ("correct", "correct"),
        )
    }
    kept = columns["student"] % 4 < 2
    model = LinearRecurrentTracer(n_epochs=10)
    model.fit({name: column[kept] for name, column in columns.items()})
    held = {name: column[~kept] for name, column in columns.items()}
    assert roc_auc_score(held["correct"], model.predict_proba(held)[:, 1]) > 0.81
