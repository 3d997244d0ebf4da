"""Learning curves: what an opportunity is, who is behind each point."""

import json

import numpy as np
import pytest

from adaptlearn import ResponseLog
from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.evaluation import learning_curve
from adaptlearn.evaluation.diagnostics.learning_curves import opportunities


@pytest.fixture
def columns():
    rng = np.random.default_rng(1)
    n = 1200
    return {
        "student": rng.integers(30, size=n),
        "skill": rng.integers(3, size=n),
        "correct": rng.integers(2, size=n),
        "time": rng.permutation(n).astype(float),
    }


def by_hand(columns, predicted, key=lambda skill, number: number):
    """Wrong answers and predictions of each point, answer after answer."""
    counts: dict = {}
    points: dict = {}
    for row in np.argsort(columns["time"]):
        pair = columns["student"][row], columns["skill"][row]
        counts[pair] = counts.get(pair, 0) + 1
        point = points.setdefault(key(columns["skill"][row], counts[pair]), [])
        point.append((1 - columns["correct"][row], 1 - predicted[row], pair[0]))
    return {point: np.array(answers) for point, answers in points.items()}


def test_each_point_is_what_counting_by_hand_gives(columns):
    p = np.random.default_rng(2).random(1200)
    curve = learning_curve(columns, p, max_opportunity=8, n_bootstrap=50)
    expected = by_hand(columns, p)
    assert curve.opportunity.tolist() == list(range(1, 9))
    for k, number in enumerate(curve.opportunity):
        wrong, predicted, student = expected[number].T
        assert (curve.n[k], curve.n_students[k]) == (len(wrong), len(np.unique(student)))
        assert curve.observed[k] == pytest.approx(wrong.mean())
        assert curve.predicted[k] == pytest.approx(predicted.mean())
        assert curve.lower[k] < curve.observed[k] < curve.upper[k]
    single = learning_curve(columns, p, by_skill=True, max_opportunity=5, n_bootstrap=0)
    expected = by_hand(columns, p, key=lambda skill, number: (skill, number))
    assert single.skill is not None
    for k, point in enumerate(zip(single.skill, single.opportunity, strict=True)):
        assert single.observed[k] == pytest.approx(expected[point][:, 0].mean())
        assert single.n[k] == len(expected[point])
    assert len(single.n) == 15


def test_complete_students_are_the_same_throughout_and_survivors_are_not():
    # Everyone learns alike; who is right twice in a row stops, as in mastery learning.
    rng = np.random.default_rng(4)
    rows: list = []
    for who in range(400):
        start, streak = rng.uniform(0.1, 0.9), 0
        for number in range(10):
            right = rng.random() < min(0.95, start + 0.03 * number)
            rows.append((who, int(right), len(rows)))
            streak = streak + 1 if right else 0
            if streak == 2:
                break
    student, correct, time = (list(column) for column in zip(*rows, strict=True))
    log = {"student": student, "skill": [1] * len(rows), "correct": correct, "time": time}
    p = np.full(len(rows), 0.5)
    everyone = learning_curve(log, p, max_opportunity=6, n_bootstrap=0)
    assert everyone.observed[4] > everyone.observed[0]  # a rising curve, though all learn
    assert (np.diff(everyone.n_students) <= 0).all()
    assert "practises on is no matter of chance" in everyone.notes[0]
    same = learning_curve(log, p, max_opportunity=6, students="complete", n_bootstrap=0)
    assert len(set(same.n_students.tolist())) == len(set(same.n.tolist())) == 1
    assert same.n[0] == everyone.n[5]
    assert same.notes == ()


def test_opportunities_are_answers_of_the_whole_log():
    columns = {"student": [1] * 5, "skill": [1] * 5, "correct": [0.0, np.nan, 1.0, 1.0, 0.0]}
    log = ResponseLog.from_frame(columns, unanswered="exposure")
    # The first row has no prediction, and is an opportunity all the same; the second is none.
    curve = learning_curve(log, [np.nan, 0.5, 0.5, 0.6, 0.7], n_bootstrap=0)
    assert curve.opportunity.tolist() == [2, 3, 4]
    assert curve.observed.tolist() == [0, 0, 1]


def test_an_answer_on_several_skills_is_an_opportunity_for_each():
    log = ResponseLog.from_frame(
        {"student": [1, 1, 1], "skill": [["a"], ["a", "b"], ["b"]], "correct": [1, 0, 1]}
    )
    assert log.skill_rows is not None
    entry, number, length = opportunities(log)
    found = sorted(zip(log.skill.values[entry], log.skill_rows[entry], number, length, strict=True))
    assert found == [("a", 0, 1, 2), ("a", 1, 2, 2), ("b", 1, 1, 2), ("b", 2, 2, 2)]
    curve = learning_curve(log, [0.5, 0.5, 0.5], by_skill=True, n_bootstrap=0)
    assert curve.skill is not None
    assert curve.skill.tolist() == ["a", "a", "b", "b"]
    assert curve.observed.tolist() == [0, 1, 1, 0]


def test_what_cannot_be_drawn_says_why(columns):
    p = np.full(1200, 0.5)
    with pytest.raises(ResponseDataError, match=r"first 500 of a student .* lower max_opportunity"):
        learning_curve(columns, p, students="complete", max_opportunity=500)
    wrong: dict = {"students": "some", "max_opportunity": 0, "by_skill": "add"}
    with pytest.raises(ParameterError, match="3 problems"):
        learning_curve(columns, p, **wrong)


def test_text_html_and_plain_data(columns):
    p = np.full(1200, 0.5)
    curve = learning_curve(columns, p, n_bootstrap=20)
    lines = str(curve).splitlines()
    assert lines[0] == "error rate by opportunity (all students)"
    assert len(lines) == 13
    assert curve._repr_html_().count("<tr>") == 11
    assert repr(curve) == "LearningCurve(1 curve, 10 points)"
    plain = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert plain["points"]["opportunity"] == list(range(1, 11))
    single = learning_curve(columns, p, by_skill=True, n_bootstrap=0, max_opportunity=12)
    assert str(single).splitlines()[1].split()[0] == "skill"
    assert str(single).splitlines()[-1] == "note: 6 more points are in table()"
    assert repr(single) == "LearningCurve(3 curves, 36 points)"
    assert {len(column) for column in single.table().values()} == {36}
