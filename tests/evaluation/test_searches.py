"""Searches for parameters: every candidate is scored on students it was not fitted on."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the import below
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    HalvingGridSearchCV,
    KFold,
    LeaveOneGroupOut,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import Pipeline

from adaptlearn import ResponseLog
from adaptlearn.checkup import copied_students
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import StudentSplit, cross_validate, log_loss
from adaptlearn.models import BKT, PFA, Elo, Rasch
from adaptlearn.simulation import simulate_school


class Rates(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Each skill's rate in training, drawn to one half by so many answers; 1 is about right.

    It knows what it was fitted on, and refuses to predict those students.
    """

    def __init__(self, prior=1.0):
        self.prior = prior

    def fit(self, log, y=None):
        answered = log.answered
        code = log.skill.codes[answered]
        n = np.bincount(code, minlength=log.n_skills)
        right = np.bincount(code, log.correct[answered], minlength=log.n_skills)
        self.rates_ = (right + self.prior) / (n + 2 * self.prior)
        self.students_ = set(log.student.codes.tolist())
        return self

    def predict_proba(self, log):
        assert self.students_.isdisjoint(log.student.codes.tolist())
        p = self.rates_[log.skill.codes]
        return np.stack([1 - p, p], axis=1)


GRID = {"prior": [1e4, 1e3, 1.0]}  # the best one last: the first is what an unscored search takes


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    n = 1200
    skill = rng.integers(4, size=n)
    return {
        "student": rng.integers(45, size=n),
        "skill": skill,
        "correct": (rng.random(n) < np.array([0.1, 0.5, 0.7, 0.9])[skill]).astype(float),
        "item": rng.integers(50, size=n),
    }


@pytest.fixture
def log() -> ResponseLog:
    return ResponseLog.from_frame(columns())


@pytest.fixture(scope="module")
def school() -> ResponseLog:
    """Students who learn, so that BKT is identified."""
    return ResponseLog.from_frame(simulate_school(n_students=60, random_state=4).responses)


@pytest.fixture
def with_exposures() -> ResponseLog:
    frame = columns()
    frame["correct"][::5] = np.nan
    return ResponseLog.from_frame(frame, unanswered="exposure")


def own_of_two(model: Any, log: ResponseLog) -> float:
    answered = log.answered
    return -log_loss(log.correct[answered], model.predict_proba(log)[answered, 1])


def own_of_three(model: Any, log: ResponseLog, y: Any) -> float:
    np.testing.assert_array_equal(y, log.correct)
    return own_of_two(model, log)


SEARCHES = {
    "default": {},
    "folds": {"cv": 3},
    "groups": {"cv": GroupKFold(3), "scoring": "neg_log_loss"},
    "leave one out": {"cv": LeaveOneGroupOut(), "scoring": "neg_brier_score"},
    "students": {"cv": StudentSplit(4), "scoring": "neg_log_loss"},
    "shuffled": {"cv": GroupShuffleSplit(3, random_state=0), "scoring": "neg_log_loss"},
    "several": {"scoring": ["roc_auc", "neg_log_loss"], "refit": "neg_log_loss"},
    "named": {"scoring": {"mine": own_of_two, "auc": "roc_auc"}, "refit": "mine"},
    "own of two": {"scoring": own_of_two},
    "own of three": {"scoring": own_of_three},
}


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("which", ["log", "with_exposures"])
def test_a_grid_finds_what_predicts_other_students_best(name, which, request):
    log = request.getfixturevalue(which)
    search = GridSearchCV(Rates(), GRID, **SEARCHES[name])
    found = cross_validate({"searched": search, "best": Rates(1.0)}, log, cv=3, n_bootstrap=0)
    np.testing.assert_array_equal(found.predictions["searched"], found.predictions["best"])
    assert not hasattr(search, "best_params_")  # the caller's is left as it was
    assert search.get_params()["scoring"] is SEARCHES[name].get("scoring")


@pytest.mark.parametrize("scoring", ["roc_auc", "accuracy", "f1", "average_precision"])
def test_names_of_scorers_are_taken_for_every_model(log, scoring):
    # Of these, candidates of one ranking have the same score: it only has to be a number.
    search = GridSearchCV(Rates(), GRID, scoring=scoring, error_score="raise")
    found = cross_validate(search, log, cv=3, n_bootstrap=0)
    assert np.isfinite(found.pooled["GridSearchCV"].log_loss.value)


def test_other_searches_and_processes(log):
    random = RandomizedSearchCV(
        Rates(), GRID, n_iter=3, random_state=0, n_jobs=2, scoring="neg_log_loss"
    )
    halving = HalvingGridSearchCV(
        Rates(), GRID, random_state=0, scoring="neg_log_loss", cv=3, return_train_score=False
    )
    models = {"random": random, "halving": halving, "best": Rates(1.0)}
    found = cross_validate(models, log, cv=3, n_bootstrap=0, n_jobs=2)
    for name in ("random", "halving"):
        np.testing.assert_array_equal(found.predictions[name], found.predictions["best"])


def test_searches_within_what_is_cross_validated(log):
    inner = GridSearchCV(Rates(), GRID, cv=3)
    models = {
        "pipeline": Pipeline([("model", GridSearchCV(Rates(), GRID, cv=GroupKFold(3)))]),
        "nested": GridSearchCV(inner, {"estimator__prior": [1.0], "verbose": [0]}),
        "best": Rates(1.0),
    }
    found = cross_validate(models, log, cv=3, n_bootstrap=0)
    for name in ("pipeline", "nested"):
        np.testing.assert_array_equal(found.predictions[name], found.predictions["best"])


@pytest.mark.parametrize(
    "model", [BKT(), PFA(), Elo(), Rasch()], ids=lambda one: type(one).__name__
)
def test_the_librarys_models_are_searched(log, model):
    name, value = next(iter(model.get_params().items()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = GridSearchCV(model, {name: [value]}, cv=2, error_score="raise")
        models = {"searched": search, "itself": model}
        found = cross_validate(models, log, cv=2, n_bootstrap=0)
    np.testing.assert_array_equal(found.predictions["searched"], found.predictions["itself"])


def test_a_search_on_its_own_reads_students_from_the_log(log, school):
    search = GridSearchCV(Rates(), GRID, cv=StudentSplit(3), scoring=own_of_two).fit(log)
    assert search.best_params_ == {"prior": 1.0}
    log = school
    bkt = GridSearchCV(BKT(), {"forgetting": [True, False]}, cv=StudentSplit(3)).fit(log)
    scores = [
        BKT(forgetting=bkt.best_params_["forgetting"]).fit(log[train]).score(log[test])
        for train, test in StudentSplit(3).split(log)
    ]
    assert bkt.best_score_ == pytest.approx(np.mean(scores), abs=1e-12)
    named = GridSearchCV(
        BKT(), {"forgetting": [True, False]}, cv=StudentSplit(3), scoring="roc_auc", n_jobs=2
    ).fit(log, log.correct)
    assert 0.5 < named.best_score_ < 1
    folds = cross_val_score(Elo(), log, log.correct, cv=StudentSplit(4), scoring="neg_log_loss")
    assert np.isfinite(folds).all()


def test_a_models_score_is_minus_the_log_loss_of_its_answers(with_exposures):
    log = with_exposures
    model = Elo().fit(log)
    answered = log.answered
    expected = -log_loss(log.correct[answered], model.predict_proba(log)[answered, 1])
    assert model.score(log) == pytest.approx(expected, abs=1e-12)
    assert model.score(log, log.correct) == model.score(log)
    with pytest.raises(ValueError, match="no answer to score"):
        model.score(log[~answered])


@pytest.mark.parametrize("cv", [KFold(3), KFold(3, shuffle=True, random_state=0)])
def test_inner_folds_that_cut_students_are_refused(log, cv):
    search = GridSearchCV(Rates(), GRID, cv=cv)
    with pytest.raises(ParameterError, match=r"cv cuts students: .* GroupKFold") as caught:
        cross_validate({"searched": search}, log, cv=3)
    assert caught.value.__notes__ == ["while cross-validating searched, fold 0"]


def test_a_search_that_scored_nothing_is_refused(log):
    search = GridSearchCV(Rates(), GRID, scoring=lambda model, log: float("nan"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ParameterError, match="every inner score is nan, so that nothing"):
            cross_validate(search, log, cv=3)


def test_a_search_that_cannot_predict_is_refused_at_once(log):
    search = GridSearchCV(Rates(), GRID, refit=False)
    with pytest.raises(ParameterError, match="model 'a' searches with refit=False"):
        cross_validate({"a": search, "b": Rates()}, log)


def test_finished_searches_are_kept(school, tmp_path):
    def run(**options: Any) -> list[tuple[int, int]]:
        done: list[tuple[int, int]] = []
        search = GridSearchCV(BKT(), {"forgetting": [True, False]}, **options)
        cross_validate(
            search, school, cv=2, n_bootstrap=0, folder=tmp_path, on_fold=lambda *n: done.append(n)
        )
        return done

    options: dict[str, Any] = {"cv": StudentSplit(2), "scoring": "roc_auc"}
    assert len(run(**options)) == 3
    assert run(**options) == [(2, 2)]
    assert len(run(**{**options, "cv": StudentSplit(3)})) == 3
    assert len(run(**{**options, "cv": GroupKFold(2)})) == 3
    assert run(**{**options, "cv": GroupKFold(2)}) == [(2, 2)]
    assert len(run(**{**options, "scoring": "neg_log_loss"})) == 3


# ---- folds of students ----------------------------------------------------------------------


def test_folds_are_of_whole_students_and_the_same_each_time(log):
    splitter = StudentSplit(4, random_state=3)
    folds = list(splitter.split(log))
    assert len(folds) == splitter.get_n_splits() == 4
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(len(log)))
    for train, test in folds:
        assert not np.intersect1d(log.student.codes[train], log.student.codes[test]).size
        assert len(train) + len(test) == len(log)
    again = list(splitter.split(log, log.correct, None))
    other = list(StudentSplit(4).split(log))
    assert all(np.array_equal(one[1], two[1]) for one, two in zip(folds, again, strict=True))
    assert not np.array_equal(folds[0][1], other[0][1])
    from_columns = list(StudentSplit(4, random_state=3).split(columns()))
    np.testing.assert_array_equal(from_columns[2][1], folds[2][1])
    assert repr(splitter) == "StudentSplit(4)"


def test_it_is_given_to_cross_validate(log):
    found = cross_validate(Rates(), log, cv=StudentSplit(3), n_bootstrap=0)
    expected = [test for _, test in StudentSplit(3).split(log)]
    assert all(np.array_equal(*pair) for pair in zip(found.test_rows, expected, strict=True))


def test_what_cannot_be_split(log):
    with pytest.raises(ParameterError, match="2 problems"):
        StudentSplit(1, random_state=-1)
    with pytest.raises(ParameterError, match="n_splits must be at most the number of students, 45"):
        StudentSplit(46).split(log)
    with pytest.raises(ParameterError, match="it must be True, False or a CopiedStudents, got 3"):
        StudentSplit(2, copies=3).split(log)  # type: ignore[arg-type]
    del (frame := columns())["item"]
    with pytest.raises(ParameterError, match="no column item"):
        StudentSplit(2, copies=True).split(frame)


# ---- copies ---------------------------------------------------------------------------------


@pytest.fixture
def copied() -> ResponseLog:
    """Twenty students of 40 items; ten of them stand there twice."""
    rng = np.random.default_rng(2)
    answers = rng.integers(2, size=(20, 40))
    answers = np.concatenate([answers, answers[:10]])
    n = answers.size
    return ResponseLog.from_frame(
        {
            "student": np.repeat(np.arange(30), 40),
            "item": np.tile(np.arange(40), 30),
            "skill": np.ones(n, int),
            "correct": answers.ravel(),
        }
    )


def parted(log: ResponseLog, folds: Any) -> int:
    """Pairs of copies of which one is trained on and the other tested, over all folds."""
    return sum(
        ((log.student.codes[test] == k).any() != (log.student.codes[test] == k + 20).any())
        for test in folds
        for k in range(10)
    )


def test_copies_stay_in_one_fold(copied):
    found = copied_students(copied)
    assert len(found.groups) == 10
    assert parted(copied, [test for _, test in StudentSplit(5).split(copied)]) > 5
    for copies in (True, found):
        folds = list(StudentSplit(5, copies=copies).split(copied))
        assert parted(copied, [test for _, test in folds]) == 0
        assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(1200))
    for cv in (5, GroupKFold(4), StudentSplit(3), StudentSplit(3, copies=True)):
        result = cross_validate(Rates(), copied, cv=cv, copies=True, n_bootstrap=0)
        assert parted(copied, result.test_rows) == 0
    assert parted(copied, cross_validate(Rates(), copied, n_bootstrap=0).test_rows) > 0


def test_folds_without_copies_are_those_of_students(log):
    assert not copied_students(log).groups
    for (_, one), (_, two) in zip(
        StudentSplit(3).split(log), StudentSplit(3, copies=True).split(log), strict=True
    ):
        np.testing.assert_array_equal(one, two)


def test_a_splitter_that_parts_copies_is_refused(copied):
    half = copied.student.codes < 15
    folds = [(np.flatnonzero(half), np.flatnonzero(~half))]
    cross_validate(Rates(), copied, cv=folds, n_bootstrap=0)
    with pytest.raises(ParameterError, match="cv parts copies: 1 of 1 folds"):
        cross_validate(Rates(), copied, cv=folds, copies=True, n_bootstrap=0)


def test_the_folds_within_a_search_keep_copies_together(copied):
    fitted: list[set[int]] = []

    class Watching(Rates):
        def fit(self, log, y=None):
            super().fit(log)
            fitted.append(self.students_)
            return self

    search = GridSearchCV(Watching(), {"prior": [1.0]}, cv=2, refit=True)
    cross_validate(search, copied, cv=2, copies=True, n_bootstrap=0)
    assert len(fitted) == 6
    for trained in fitted:
        assert all((k in trained) == (k + 20 in trained) for k in range(10))


def test_copies_of_another_log_are_refused(copied, log):
    found = copied_students(copied.with_students(np.array([f"s{k:02}" for k in range(30)])))
    with pytest.raises(ParameterError, match="none of these students is in the log"):
        cross_validate(Rates(), log, copies=found)
