"""Errors by group: whose are they, how sure is that, and which group is worst."""

import json

import numpy as np
import pytest
from tests.conftest import trials

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import auc, bootstrap, group_errors, log_loss, rmse


@pytest.fixture
def columns():
    rng = np.random.default_rng(1)
    n = 3000
    skill = rng.integers(4, size=n)
    p = np.clip(rng.beta(3, 2, n), 0.02, 0.98)
    truth = np.clip(p - np.array([0, 0, 0.12, 0])[skill], 0, 1)  # skill 2 is overrated
    student = rng.integers(50, size=n)
    return {
        "student": student,
        "skill": np.array(["add", "halve", "times", "share"])[skill],
        "correct": (rng.random(n) < truth).astype(int),
        "item": np.arange(n),
        "district": np.array(["east", "west"])[student % 2],
        "p": p,
    }


@pytest.fixture
def log(columns):
    return ResponseLog.from_frame(columns, extra=["district", "p"])


def test_each_group_is_scored_by_itself(log):
    p = log.extra["p"]
    result = group_errors(log, p)
    assert result.groups.tolist() == ["add", "halve", "share", "times"]
    for k, skill in enumerate(result.groups):
        mine = log.skill.values == skill
        y, q = log.correct[mine], p[mine]
        assert result.n[k] == mine.sum()
        assert result.n_students[k] == len(np.unique(log.student.codes[mine]))
        assert result.observed[k] == pytest.approx(y.mean())
        assert result.predicted[k] == pytest.approx(q.mean())
        assert result.gap.value[k] == pytest.approx(q.mean() - y.mean())
        assert result.log_loss.value[k] == pytest.approx(log_loss(y, q))
        assert result.rmse.value[k] == pytest.approx(rmse(y, q))
        assert result.auc[k] == pytest.approx(auc(y, q))
    for estimates in (result.gap, result.log_loss, result.rmse):
        assert ((estimates.lower < estimates.value) & (estimates.value < estimates.upper)).all()


def test_the_worst_group_is_the_one_of_which_the_model_is_surely_wrong(log):
    result = group_errors(log, log.extra["p"])
    assert result.worst == "times"
    assert str(result).splitlines()[2].split()[0] == "times"
    assert result.gap.lower[3] > 0.05
    assert (result.sureness[:3] == 0).all()
    fair = group_errors(log, log.extra["p"], by="district")
    assert fair.groups.tolist() == ["east", "west"]
    right = log.skill.values != "times"
    assert group_errors(log[right], log.extra["p"][right]).worst is None


@pytest.mark.parametrize("answer", [0, 1])
def test_a_group_of_a_few_answers_that_are_alike_is_not_the_worst(columns, answer):
    few: dict = {
        "student": [1, 2],
        "skill": ["rare", "rare"],
        "correct": [answer, answer],
        "item": [9001, 9002],
        "p": [0.6, 0.6],
        "district": ["east", "west"],
    }
    for name, values in few.items():
        columns[name] = np.append(columns[name], values)
    log = ResponseLog.from_frame(columns)
    result = group_errors(log, columns["p"])
    rare = result.groups.tolist().index("rare")
    assert abs(result.gap.value[rare]) > 0.35
    assert result.gap.lower[rare] < 0 < result.gap.upper[rare]
    assert -0.4 <= result.gap.lower[rare] < result.gap.upper[rare] <= 0.6  # what it can be
    assert result.worst == "times"


@pytest.mark.trials
def test_intervals_of_the_gap_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(3)

    def chances(p, shift):
        return 1 / (1 + np.exp(-np.log(p / (1 - p)) - shift))

    many = rng.beta(3, 2, 400_000)
    truth = np.mean(many - chances(many, rng.normal(0, 0.8, 400_000)))
    covered = []
    for _ in range(trials(600)):
        student = np.repeat(np.arange(40), 30)
        p = rng.beta(3, 2, len(student))
        shift = rng.normal(0, 0.8, 40)[student]
        correct = rng.random(len(p)) < chances(p, shift)
        log = {"student": student, "skill": np.arange(len(p)) % 3, "correct": correct}
        log["item"] = np.arange(len(p))
        result = group_errors(log, p, n_bootstrap=200, confidence=0.9)
        covered.append((result.gap.lower < truth) & (truth < result.gap.upper))
    assert 0.84 < np.mean(covered) < 0.97


def test_an_answer_on_several_skills_counts_in_each():
    log = {
        "student": [1, 1, 2, 2],
        "skill": [["a"], ["a", "b"], ["b"], ["a", "b"]],
        "correct": [1, 0, 1, 1],
    }
    result = group_errors(log, [0.5, 0.6, 0.7, np.nan], n_bootstrap=0)
    assert (result.groups.tolist(), result.n.tolist()) == (["a", "b"], [2, 2])
    np.testing.assert_allclose(result.predicted, [0.55, 0.65])
    assert result.notes == ("an answer on several skills counts in each of them",)


@pytest.mark.parametrize("by", ["district", "item", "student", "array"])
def test_any_grouping(log, by):
    values = {
        "district": log.extra["district"],
        "item": log.item.values,
        "student": log.student.values,
        "array": np.arange(len(log)) % 3,
    }[by]
    asked = values if by == "array" else by
    result = group_errors(log, log.extra["p"], by=asked, n_bootstrap=5)
    groups, counts = np.unique(values, return_counts=True)
    assert result.groups.tolist() == groups.tolist()
    assert result.n.tolist() == counts.tolist()
    assert result.by == ("group" if by == "array" else by)


def test_groups_of_one_student_have_no_interval(log):
    result = group_errors(log, log.extra["p"], by="student")
    assert np.isnan(result.gap.lower).all()
    assert result.worst is None
    assert "-" in str(result).splitlines()[2].split()


def test_cells_are_resampled_alike_however_many_fit_at_a_time(log, monkeypatch):
    whole = group_errors(log, log.extra["p"], n_bootstrap=50)
    monkeypatch.setattr(bootstrap, "_BLOCK", 100)
    parts = group_errors(log, log.extra["p"], n_bootstrap=50)
    np.testing.assert_allclose(parts.gap.lower, whole.gap.lower)
    np.testing.assert_allclose(parts.rmse.upper, whole.rmse.upper)


@pytest.mark.parametrize(
    ("by", "says"),
    [
        ("gender", r"no column 'gender'; there are 'skill', 'item', 'student', 'district', 'p'"),
        (np.arange(3), r"must be of shape \(3000,\), got \(3,\)"),
        (np.full(3000, np.nan), "3000 scored rows have no group"),
        (np.array(["a", None] * 1500, object), "of one kind, got NoneType, str"),
    ],
    ids=["unknown", "length", "gaps", "mixture"],
)
def test_what_is_no_grouping_is_refused(log, by, says):
    with pytest.raises(ParameterError, match=says):
        group_errors(log, log.extra["p"], by=by)


def test_text_html_and_plain_data(log):
    result = group_errors(log, log.extra["p"], n_bootstrap=50)
    lines = str(result).splitlines()
    assert lines[0] == "errors by skill: 4 groups, the surest gaps first"
    assert len(lines) == 6
    assert repr(result) == "GroupErrors(by skill, 4 groups, worst 'times')"
    assert result._repr_html_().count("<tr>") == 5
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["worst"] == "times"
    assert plain["groups"]["gap_lower"] == result.gap.lower.tolist()
    assert {len(column) for column in result.table().values()} == {4}
    many = group_errors(log, log.extra["p"], by="item", n_bootstrap=0)
    assert str(many).splitlines()[-1] == "note: 2,985 more groups are in table()"
    students = group_errors(log, log.extra["p"], by="student", n_bootstrap=5)
    assert "of 50 intervals up to 3 miss 0 by chance" in students.notes[0]
