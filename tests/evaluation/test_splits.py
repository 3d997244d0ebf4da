"""Forward splits: nothing later is trained on, and everything earlier is known."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import TimeSeriesSplit

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import ForwardSplit, auc, cross_validate


class PastAnswers(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Predicts from how many answers its student has given before, and how many were right."""

    def fit(self, log, y=None):
        self.latest_ = log.time.max()
        return self

    def predict_proba(self, log):
        order = log.chronological
        p = np.empty(len(log))
        n, right = np.zeros(log.n_students), np.zeros(log.n_students)
        for row in range(len(log)) if order is None else order:
            student = log.student.codes[row]
            p[row] = (1 + right[student]) / (2 + n[student])
            n[student] += 1
            right[student] += log.correct[row]
        return np.stack([1 - p, p], axis=1)


@pytest.fixture
def columns():
    rng = np.random.default_rng(1)
    n = 600
    student = rng.integers(20, size=n)
    rate = rng.random(20)
    return {
        "student": student,
        "skill": rng.integers(4, size=n),
        "correct": (rng.random(n) < rate[student]).astype(int),
        "item": np.arange(n),
        "time": rng.permutation(n) // 2,
    }


@pytest.fixture
def log(columns):
    return ResponseLog.from_frame(columns)


def test_training_ends_where_testing_begins(log):
    splitter = ForwardSplit(4)
    tested = []
    for train, test in splitter.split(log):
        assert log.time[train].max() < log.time[test].min()
        # Everything before the moment, not a part of it.
        assert len(train) == np.count_nonzero(log.time < log.time[test].min())
        tested.append(test)
    assert len(tested) == splitter.get_n_splits() == 4
    assert {len(test) for test in tested} == {120}
    assert len(np.unique(np.concatenate(tested))) == 480


def test_responses_of_one_moment_stay_together(columns):
    log = ResponseLog.from_frame({**columns, "time": columns["time"] // 100})
    assert log.time is not None
    for train, test in ForwardSplit(2).split(log):
        assert not np.intersect1d(log.time[train], log.time[test]).size


def test_ids_order_a_log_without_times(columns):
    time = columns.pop("time")
    log = ResponseLog.from_frame({**columns, "id": time * 1000 + np.arange(len(time))})
    assert log.id is not None
    for train, test in ForwardSplit(3).split(log):
        assert log.id.codes[train].max() < log.id.codes[test].min()


def test_test_rows_are_predicted_from_the_whole_history(log):
    result = cross_validate(PastAnswers(), log, cv=ForwardSplit(3), n_bootstrap=20)
    whole = PastAnswers().predict_proba(log)[:, 1]
    tested = np.sort(np.concatenate(result.test_rows))
    np.testing.assert_array_equal(result.predictions["PastAnswers"][tested], whole[tested])
    left = np.setdiff1d(np.arange(len(log)), tested)
    assert np.isnan(result.predictions["PastAnswers"][left]).all()
    pooled = result.pooled["PastAnswers"]
    assert pooled.n_responses == 450  # the history is shown, and not scored
    assert pooled.auc.value == pytest.approx(auc(log.correct[tested], whole[tested]), abs=1e-12)
    assert pooled.notes == ("no fold tested 150 of 600 rows",)
    assert str(result).startswith("3 folds forward in time: 450 out-of-fold predictions")


def test_models_are_fitted_on_the_past_alone(log):
    seen = []

    class Watching(PastAnswers):
        def fit(self, log, y=None):
            seen.append(log.time.max())
            return super().fit(log)

    result = cross_validate(Watching(), log, cv=ForwardSplit(3), n_bootstrap=0)
    first_tested = [log.time[rows].min() for rows in result.test_rows]
    assert all(latest < first for latest, first in zip(seen, first_tested, strict=True))


def test_any_splitter_that_goes_forward_within_students_is_taken(log):
    in_order = log[log.chronological]
    result = cross_validate(PastAnswers(), in_order, cv=TimeSeriesSplit(3), n_bootstrap=0)
    assert result.scheme == "forward in time"
    # A student's later half after the earlier one, whatever the others did meanwhile.
    place = np.empty(len(log), int)
    place[log.chronological] = np.arange(len(log))
    half = np.array([np.median(place[log.student.codes == code]) for code in range(20)])
    late = place > half[log.student.codes]
    folds = [(np.flatnonzero(~late), np.flatnonzero(late))]
    result = cross_validate(PastAnswers(), log, cv=folds, n_bootstrap=0)
    whole = PastAnswers().predict_proba(log)[:, 1]
    np.testing.assert_array_equal(result.predictions["PastAnswers"][late], whole[late])


def test_one_training_row_after_a_test_row_of_its_student_is_refused(log):
    (train, test), *_ = ForwardSplit(1).split(log)
    mine = log.student.codes[test] == log.student.codes[test[0]]
    late = test[mine][np.argmax(log.time[test[mine]])]
    with pytest.raises(ParameterError, match=r"cv cuts students: 1 of 1 folds .* before"):
        cross_validate(
            PastAnswers(), log, cv=[(np.append(train, late), np.setdiff1d(test, [late]))]
        )


def test_a_test_row_order_of_its_own_is_kept(log):
    (train, test), *_ = ForwardSplit(1).split(log)
    folds = [(train, test[::-1])]
    result = cross_validate(PastAnswers(), log, cv=folds, n_bootstrap=0)
    whole = PastAnswers().predict_proba(log)[:, 1]
    np.testing.assert_array_equal(result.predictions["PastAnswers"][test], whole[test])


def test_what_cannot_be_split_says_why(columns):
    few = ResponseLog.from_frame({**columns, "time": columns["time"] % 2})
    with pytest.raises(ParameterError, match=r"600 responses, of 2 distinct .* at most 1"):
        list(ForwardSplit(5).split(few))
    alike = ResponseLog.from_frame({**columns, "time": columns["time"] * 0})
    with pytest.raises(ParameterError, match="use folds of students"):
        list(ForwardSplit(1).split(alike))
    columns.pop("time")
    with pytest.raises(ParameterError, match="no column time"):
        cross_validate(PastAnswers(), columns, cv=ForwardSplit())
    with pytest.raises(ParameterError, match="n_splits must be an integer"):
        ForwardSplit(0)
    assert repr(ForwardSplit(3)) == "ForwardSplit(3)"
