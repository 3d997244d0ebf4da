"""Cross-validation: students stay whole, rows keep their order, models stay as they are."""

import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedGroupKFold,
)

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import auc, cross_validate
from adaptlearn.evaluation.cross_validation import CrossValidation
from adaptlearn.models import DASH, BestLR


class Rates(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Predicts each skill's rate in the training log, drawn towards one half."""

    def __init__(self, prior=1.0):
        self.prior = prior

    def fit(self, log, y=None):
        assert not hasattr(self, "rates_"), "expected a fresh clone"
        answered = log.answered
        code = log.skill.codes[answered]
        n = np.bincount(code, minlength=log.n_skills)
        right = np.bincount(code, log.correct[answered], minlength=log.n_skills)
        self.rates_ = (right + self.prior) / (n + 2 * self.prior)
        self.students_ = np.unique(log.student.codes)
        return self

    def predict_proba(self, log):
        assert not np.isin(log.student.codes, self.students_).any()
        p = self.rates_[log.skill.codes]
        return np.stack([1 - p, p], axis=1)


class Failing(Rates):
    def fit(self, log, y=None):
        raise RuntimeError("no fit today")


@pytest.fixture
def log():
    rng = np.random.default_rng(1)
    n = 900
    student, skill = rng.integers(30, size=n), rng.integers(4, size=n)
    correct = rng.random(n) < np.array([0.2, 0.5, 0.7, 0.9])[skill]
    return ResponseLog.from_frame({"student": student, "skill": skill, "correct": correct})


def test_each_row_is_predicted_by_a_model_that_has_not_seen_its_student(log):
    result = cross_validate(Rates(), log, n_bootstrap=20)
    tested = np.concatenate(result.test_rows)
    assert sorted(tested.tolist()) == list(range(len(log)))
    predicted = np.empty(len(log))
    for rows in result.test_rows:
        train = np.setdiff1d(np.arange(len(log)), rows)
        assert not np.intersect1d(log.student.codes[train], log.student.codes[rows]).size
        predicted[rows] = Rates().fit(log[train]).predict_proba(log[rows])[:, 1]
    np.testing.assert_array_equal(result.predictions["Rates"], predicted)
    assert result.pooled["Rates"].auc.value == pytest.approx(auc(log.correct, predicted), abs=1e-12)
    first = result.test_rows[0]
    assert result.folds["Rates"]["auc"][0] == auc(log.correct[first], predicted[first])


def test_folds_are_shuffled_even_and_reproducible(log):
    sizes = [
        len(np.unique(log.student.codes[rows])) for rows in cross_validate(Rates(), log).test_rows
    ]
    assert sizes == [6] * 5
    same, again, other = (
        adaptlearn.cross_validate(Rates(), log, random_state=seed, n_bootstrap=5)
        for seed in (3, 3, 4)
    )
    assert same.pooled == again.pooled
    assert not np.array_equal(same.test_rows[0], other.test_rows[0])
    in_order = log.student.codes[same.test_rows[0]].max() == 5
    assert not in_order


def test_several_models_share_folds_and_resamples(log):
    models = {"weak": Rates(200.0), "strong": Rates(), "strong again": Rates()}
    result = cross_validate(models, log, cv=3, n_bootstrap=50)
    assert list(result.pooled) == list(models)
    assert result.pooled["strong"].log_loss == result.pooled["strong again"].log_loss
    assert result.pooled["weak"].log_loss.value > result.pooled["strong"].log_loss.value
    assert not hasattr(models["strong"], "rates_")


def test_processes_change_nothing(log):
    models = {"a": Rates(), "b": Rates(50.0)}
    alone = cross_validate(models, log, cv=3, n_bootstrap=20)
    together = cross_validate(models, log, cv=3, n_bootstrap=20, n_jobs=2)
    assert alone.pooled == together.pooled


@pytest.mark.parametrize(
    "cv",
    [GroupKFold(3), LeaveOneGroupOut(), StratifiedGroupKFold(3)],
    ids=lambda cv: type(cv).__name__,
)
def test_splitters_that_keep_groups(log, cv):
    result = cross_validate(Rates(), log, cv=cv, n_bootstrap=0)
    assert np.isfinite(result.predictions["Rates"]).all()


def test_a_column_of_folds(log):
    fold = log.student.codes % 3
    result = cross_validate(Rates(), log, cv=PredefinedSplit(fold), n_bootstrap=0)
    np.testing.assert_array_equal(log.student.codes[result.test_rows[1]] % 3, 1)


def test_rows_tested_never_or_often(log):
    splitter = GroupShuffleSplit(4, test_size=0.2, random_state=1)
    result = cross_validate(Rates(), log, cv=splitter, n_bootstrap=0)
    times = np.bincount(np.concatenate(result.test_rows), minlength=len(log))
    predicted = result.predictions["Rates"]
    np.testing.assert_array_equal(np.isnan(predicted), times == 0)
    pooled = result.pooled["Rates"]
    assert pooled.n_responses == times.sum()
    assert pooled.notes[0] == f"no fold tested {(times == 0).sum():,} of 900 rows"
    assert pooled.notes[1].startswith(f"{(times > 1).sum():,} rows were tested in several folds")


def test_a_row_tested_twice_shows_the_mean_of_both(log):
    student = log.student.codes
    folds = [(np.flatnonzero(student == train), np.flatnonzero(student == 9)) for train in (1, 2)]
    result = cross_validate(Rates(), log, cv=folds, n_bootstrap=0)
    each = [Rates().fit(log[train]).predict_proba(log[test])[:, 1] for train, test in folds]
    np.testing.assert_allclose(result.predictions["Rates"][student == 9], np.mean(each, axis=0))
    assert result.pooled["Rates"].n_responses == 2 * (student == 9).sum()


@pytest.mark.parametrize("cv", [KFold(5), [(np.arange(100), np.arange(50, 200))]])
def test_a_splitter_that_cuts_students_is_refused(log, cv):
    with pytest.raises(ParameterError, match=r"cv cuts students: \d of \d folds .* GroupKFold"):
        cross_validate(Rates(), log, cv=cv)


def test_exposures_are_predicted_and_not_scored():
    log = ResponseLog.from_frame(
        {
            "student": np.repeat(np.arange(6), 3),
            "skill": np.tile([1, 2, 1], 6),
            "correct": [1.0, np.nan, 0.0] * 6,
        },
        unanswered="exposure",
    )
    result = cross_validate(Rates(), log, cv=3, n_bootstrap=5)
    assert np.isfinite(result.predictions["Rates"]).all()
    assert result.pooled["Rates"].n_responses == 12
    assert result.pooled["Rates"].notes == ("6 rows without an answer were not scored",)


def test_a_fold_of_one_class_is_nan_and_the_pool_is_not():
    log = ResponseLog.from_frame(
        {"student": np.repeat([1, 2, 3], 4), "skill": [1, 2] * 6, "correct": [1] * 4 + [0, 1] * 4}
    )
    result = cross_validate(Rates(), log, cv=3, n_bootstrap=5)
    assert np.isnan(result.folds["Rates"]["auc"]).sum() == 1
    assert np.isfinite(result.pooled["Rates"].auc.value)
    assert None in result.to_dict()["models"]["Rates"]["folds"]["auc"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"cv": 31}, "cv must be at most the number of students, 30, got 31"),
        ({"cv": 1}, "cv must be an integer in"),
        ({"cv": True}, "cv must be"),
        ({"cv": "five"}, "cv"),
        ({"models": {}}, "models is empty"),
        ({"models": object()}, "model 'object' cannot be cloned"),
        (
            {"models": [Rates()]},
            "name several models, such as {'first': …, 'second': …}, got a list",
        ),
        ({"models": {1: Rates()}}, "names of models must be strings, got 1"),
        ({"n_bootstrap": 1.5, "confidence": 2}, "2 problems"),
    ],
)
def test_arguments_are_refused_by_name(log, arguments, says):
    with pytest.raises(ParameterError) as caught:
        cross_validate(**{"models": Rates(), "log": log, **arguments})
    assert says in str(caught.value)


def test_an_error_says_where_it_happened(log):
    with pytest.raises(RuntimeError, match="no fit today") as caught:
        cross_validate({"mine": Failing()}, log)
    assert caught.value.__notes__ == ["while cross-validating mine, fold 0"]


class Picky(Rates):
    """Refuses logs of a size that some folds have."""

    def fit(self, log, y=None):
        raise ParameterError("Picky", ["it needs a column colour", "and more"])


class Silent(Rates):
    def predict_proba(self, log):
        return np.full((len(log), 2), np.nan)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_models_that_cannot_be_compared_are_skipped(log, n_jobs):
    models = {"a": Rates(), "b": Picky(), "c": Failing(), "d": Silent(), "e": Rates(20.0)}
    done = []
    found = cross_validate(
        models, log, cv=3, errors="skip", n_bootstrap=20, n_jobs=n_jobs,
        on_fold=lambda *n: done.append(n),
    )  # fmt: skip
    assert list(found.pooled) == ["a", "e"]
    assert found.skipped["b"] == "it needs a column colour; and more"
    assert found.skipped["c"] == "RuntimeError: no fit today"
    assert "are not probabilities" in found.skipped["d"]
    assert done[-1] == (15, 15)
    assert done == sorted(done)
    without = cross_validate({"a": Rates(), "e": Rates(20.0)}, log, cv=3, n_bootstrap=20)
    assert found.pooled == without.pooled
    lines = str(found).splitlines()
    assert [line.split()[:2] for line in lines[4:7]] == [[k, "skipped"] for k in "bcd"]
    assert "note: b was skipped: it needs a column colour; and more" in lines
    assert found.ranked().skipped == found.skipped
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["skipped"] == found.skipped
    assert set(plain["models"]) == {"a", "e"}


def test_if_every_model_is_skipped_all_reasons_are_given(log):
    with pytest.raises(ParameterError) as caught:
        cross_validate({"b": Picky(), "c": Failing()}, log, errors="skip")
    assert caught.value.problems == (
        "b: it needs a column colour; and more",
        "c: RuntimeError: no fit today",
    )
    with pytest.raises(ParameterError, match="errors must be one of 'raise', 'skip'"):
        cross_validate(Rates(), log, errors="ignore")  # type: ignore[arg-type]


def test_a_model_that_needs_items_is_skipped_where_there_are_none(log):
    found = cross_validate(
        {"rates": Rates(), "dash": DASH(), "bestlr": BestLR()}, log, errors="skip", n_bootstrap=0
    )
    assert list(found.pooled) == ["rates"]
    assert found.skipped["bestlr"] == "it has no items; BestLR needs a column item"
    assert found.skipped["dash"] == "it has no items; DASH needs a column item"


def test_text_html_plain_data_and_table(log):
    result = cross_validate({"weak": Rates(200.0), "strong": Rates()}, log, n_bootstrap=20)
    lines = str(result).splitlines()
    assert lines[0] == "5 folds by student: 900 out-of-fold predictions of 30 students"
    assert lines[1].split()[:2] == ["model", "AUC"]
    assert [line.split()[0] for line in lines[2:]] == ["weak", "strong"]
    assert f"{result.pooled['strong'].auc.value:.4f}" in lines[3]
    assert result._repr_html_().count("<tr>") == 3
    assert "<td>&lt;b&gt;</td>" in cross_validate({"<b>": Rates()}, log, cv=2)._repr_html_()
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["n_folds"] == 5
    assert plain["models"]["weak"]["pooled"]["n_responses"] == 900
    table = result.table()
    assert {len(column) for column in table.values()} == {10}
    assert table["model"].tolist() == ["weak"] * 5 + ["strong"] * 5
    assert table["auc"][5] == result.folds["strong"]["auc"][0]
    assert (table["fit_time"] > 0).all()


def test_a_shell_shows_what_was_compared_and_not_every_prediction():
    unread: dict = {"a": None, "b": None}
    shown = repr(CrossValidation(unread, {}, {}, (np.arange(3), np.arange(3))))
    assert shown == "CrossValidation(a, b; 2 folds)"
