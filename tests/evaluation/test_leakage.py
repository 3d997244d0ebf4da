"""The leakage check: models that leak on purpose, each in its own way, and one that does not."""

import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.evaluation import check_leakage
from adaptlearn.models import BKT


class Tracing(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A model from a function of the log to P(correct)."""

    def __init__(self, estimate):
        self.estimate = estimate

    def predict_proba(self, log):
        p = np.clip(self.estimate(log), 0, 1)
        return np.stack([1 - p, p], axis=1)


def past(log):
    """Honest: the rate of the student's earlier answers."""
    p = np.empty(len(log))
    n: dict = {}
    right: dict = {}
    order = log.chronological
    for row in range(len(log)) if order is None else order:
        student = log.student.codes[row]
        p[row] = (1 + right.get(student, 0)) / (2 + n.get(student, 0))
        n[student] = n.get(student, 0) + 1
        right[student] = right.get(student, 0) + log.correct[row]
    return p


def expanded(log):
    """A row per skill, one after the other; the row's prediction is that of its last skill."""
    p = np.empty(len(log))
    n: dict = {}
    right: dict = {}
    for row in range(len(log)) if log.skill_rows is None else log.skill_rows:
        key = log.student.codes[row]
        p[row] = (1 + right.get(key, 0)) / (2 + n.get(key, 0))
        n[key] = n.get(key, 0) + 1
        right[key] = right.get(key, 0) + log.correct[row]
    return p


def target_encoding(log):
    """The rate of each item among the rows that are predicted, own answer included."""
    right = np.bincount(log.item.codes, log.correct, len(log.item.labels))
    return (1 + right[log.item.codes]) / (2 + np.bincount(log.item.codes)[log.item.codes])


def student_rate(log):
    """The rate of the student's other answers, later ones included."""
    right = np.bincount(log.student.codes, log.correct)[log.student.codes] - log.correct
    return (1 + right) / (1 + np.bincount(log.student.codes)[log.student.codes])


def other_students(log):
    """The rate of all rows before this one in the log, whoever answered."""
    before = np.cumsum(log.correct) - log.correct
    return (1 + before) / (2 + np.arange(len(log)))


def attempts(log):
    """How many answers the student gives in all, which no answer changes."""
    return 1 / np.bincount(log.student.codes)[log.student.codes]


@pytest.fixture
def columns():
    rng = np.random.default_rng(1)
    n = 400
    first = rng.choice(["a", "b"], n)
    return {
        "student": rng.integers(30, size=n),
        "skill": [[k, "c"] if rng.random() < 0.05 else [k] for k in first],
        "correct": rng.integers(2, size=n),
        "item": rng.integers(60, size=n),
        "time": np.arange(n) * 1.0,
    }


@pytest.fixture
def log(columns):
    return ResponseLog.from_frame(columns)


@pytest.mark.parametrize(
    ("estimate", "leaks"),
    [
        (past, ()),
        (expanded, ("own",)),
        (target_encoding, ("own", "earlier", "others", "alone")),
        (student_rate, ("earlier", "alone")),
        (other_students, ("others", "alone")),
        (attempts, ("alone",)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_way_to_leak_is_found_and_named(log, estimate, leaks):
    result = check_leakage(Tracing(estimate), log)
    assert result.leaks == leaks
    assert result.ok == (not leaks)
    assert (" LEAKS " in result.conclusion) == bool(leaks)


def test_expanded_rows_leak_where_there_are_several_skills(log):
    several = np.bincount(log.skill_rows) > 1
    result = check_leakage(Tracing(expanded), log)
    np.testing.assert_array_equal(result.own > 0, several[result.row])


def test_rows_of_several_skills_are_probed_first(log):
    several = np.bincount(log.skill_rows) > 1
    result = check_leakage(Tracing(past), log, n_students=30, n_rows=30)
    assert np.count_nonzero(several[result.row]) >= min(15, several.sum())
    assert len(np.unique(result.row)) == 30


@pytest.mark.parametrize(
    "model",
    [BKT(), BKT(forgetting=True, ability=True, recency=True), BKT(student_classes=2)],
    ids=repr,
)
def test_a_model_of_the_library_does_not_leak(log, model):
    result = check_leakage(model.fit(log), log, n_rows=40)
    assert result.ok
    assert (result.later > 0).any()
    assert "no leak found (40 of " in str(result)


def test_rows_are_those_of_the_log_that_was_given(log):
    result = check_leakage(Tracing(lambda part: np.where(part.correct == 1, 0.9, 0.2)), log)
    assert len(np.unique(log.student.codes[result.row])) <= result.n_students == 20
    assert result.own == pytest.approx(np.full(100, 0.7))
    assert (result.later == 0).all()


def test_a_model_that_ignores_answers_is_said_to(log):
    result = check_leakage(Tracing(lambda part: np.full(len(part), 0.5)), log)
    assert result.ok
    assert result.conclusion.endswith("no prediction uses any answer")


def test_rounding_is_no_leak(log):
    noisy = Tracing(lambda part: past(part) + 1e-12 * part.correct)
    assert check_leakage(noisy, log).ok
    assert check_leakage(noisy, log, tolerance=0).leaks[0] == "own"


def test_the_log_is_not_changed_and_the_sample_can_be_repeated(log):
    before = log.correct.copy()
    first, again, other = (
        check_leakage(Tracing(past), log, n_rows=20, random_state=seed) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(log.correct, before)
    np.testing.assert_array_equal(first.row, again.row)
    assert not np.array_equal(first.row, other.row)


def test_exposures_are_not_flipped():
    columns = {"student": [1, 1, 2], "skill": [1, 1, 1], "correct": [1.0, np.nan, 0.0]}
    log = ResponseLog.from_frame(columns, unanswered="exposure")
    gaps = Tracing(lambda part: np.where(part.answered, 0.5, np.nan))
    result = check_leakage(gaps, log)
    assert result.row.tolist() == [0, 2]
    assert result.ok
    with pytest.raises(ResponseDataError, match="holds no answer to flip"):
        check_leakage(gaps, log[[1]])


def test_arguments_are_checked_together(log):
    wrong: dict = {"n_rows": 0, "n_students": 1.5, "tolerance": -1}
    with pytest.raises(ParameterError, match="3 problems"):
        check_leakage(Tracing(past), log, **wrong)


def test_text_html_and_plain_data(log):
    result = check_leakage(Tracing(target_encoding), log, n_rows=10)
    lines = str(result).splitlines()
    assert lines[0].startswith("Tracing LEAKS (10 of ")
    assert len(lines) == 6
    assert lines[2].split()[-1] in map(str, result.row)
    assert repr(result) == "LeakageCheck(Tracing, 10 probes, leaks: own, earlier, others, alone)"
    assert result._repr_html_().count("<tr>") == 5
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (plain["ok"], plain["leaks"][0]) == (False, "own")
    assert plain["probes"]["row"] == result.row.tolist()
    assert {len(column) for column in result.table().values()} == {10}
