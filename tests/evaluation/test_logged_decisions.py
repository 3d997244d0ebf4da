"""Logged decisions: what is taken, what is counted, what is refused."""

import numpy as np
import pytest

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import LoggedDecisions


def test_every_problem_is_listed_at_once():
    with pytest.raises(ParameterError) as error:
        LoggedDecisions.from_arrays(
            [0, 1.5], [-1, np.nan], [np.inf, 0], np.array([1, None]), order=[np.nan, 1],
            unsupported=[2, 0], q=[np.nan, 0], v=[0, np.inf],
        )  # fmt: skip
    text = str(error.value)
    for start in ("propensity must", "target must", "reward must", "unsupported must", "q must",
                  "v must", "student is missing", "order is missing", "no support"):  # fmt: skip
        assert f"- {start}" in text
    with pytest.raises(ParameterError, match=r"(?s)reward must be of shape.*given together"):
        LoggedDecisions.from_arrays([0.5], [1], [1, 2], [1], q=[1])
    with pytest.raises(ParameterError, match="must hold bool"):
        LoggedDecisions.from_arrays([0.5], [1], [1], [1], override=[0])
    with pytest.raises(ParameterError, match="of one kind, got int, str"):
        LoggedDecisions.from_arrays([1, 1], [1, 1], [1, 1], np.array([1, "a"], object))
    with pytest.raises(ParameterError, match="no decision of the policy is left"):
        LoggedDecisions.from_arrays([1], [1], [1], [1], override=[True])


def record(name, lesson="add", method="exact", propensity=0.5, time=0.0, **more):
    others = [{"lesson": "add", "propensity": 0.5}, {"lesson": "halve", "propensity": 0.5},
              {"lesson": "share", "propensity": 0.0}]  # fmt: skip
    return {
        "id": name, "student": name[0], "lesson": lesson, "propensity": propensity,
        "propensity_method": method, "candidates": others, "time": time, **more,
    }  # fmt: skip


def test_records_become_arrays():
    decisions = [
        record("a2", time=9.0),
        record("a1", "halve", time=1.0),
        record("a1", "halve", time=1.0),
        record("a3", "share", "override", 1.0, time=5.0),
        record("b1", None, time=1.0),
        record("c2", rank=2),
        record("c1", "halve", rank=1),
    ]
    log = LoggedDecisions.from_records(
        decisions,
        {"a1": 1.0, "a2": 0.0, "c1": 2.0},
        lambda made: {"add": 0.25, "halve": 0.75} if made["student"] == "a" else {"halve": 1.0},
        expected=lambda _: {"add": 0.2, "halve": 0.6},
    )
    assert log.weight.tolist() == [0.5, 1.5, 0.0, 2.0]
    assert log.reward == pytest.approx([0.0, 1.0, np.nan, 2.0], nan_ok=True)
    assert log.student.tolist() == [0, 0, 1, 1]
    assert log.step.tolist() == [1, 0, 1, 0]
    assert log.q == pytest.approx([0.2, 0.6, 0.2, 0.6])
    assert log.v == pytest.approx([0.5, 0.5, 0.6, 0.6])
    assert log.support_checked
    assert log.left_out == {"logged twice": 1, "without a lesson": 1, "made by an override": 1}


@pytest.mark.parametrize("beyond", ["share", "times"])
def test_records_show_what_the_log_does_not_support(beyond):
    with pytest.raises(ParameterError, match="propensity is 0 or unknown: 1 of 1 rows"):
        LoggedDecisions.from_records([record("a1")], {}, lambda _: {"add": 0.5, beyond: 0.5})


def test_a_taken_lesson_of_unknown_propensity_is_without_support():
    unknown = record("a1", propensity=None)
    unknown["candidates"] = []
    with pytest.raises(ParameterError, match="propensity is unknown"):
        LoggedDecisions.from_records([unknown], {}, lambda _: {"add": 1.0})


def test_records_that_cannot_be_read_are_named():
    lacking = {key: value for key, value in record("a1").items() if key != "propensity"}
    with pytest.raises(ParameterError, match="1 lack propensity: records 0"):
        LoggedDecisions.from_records([lacking], {}, lambda _: {"add": 1.0})
    with pytest.raises(ParameterError, match=r"(?s)'a1': target prob.*'a1': expected names no"):
        LoggedDecisions.from_records(
            [record("a1")], {}, lambda _: {"add": 0.7}, expected=lambda _: {"halve": 1.0}
        )
    with pytest.raises(ParameterError, match="have none: students 'a'"):
        LoggedDecisions.from_records(
            [record("a1"), record("a2", time=None)], {}, lambda _: {"add": 1.0}
        )
    with pytest.raises(ParameterError, match="no record holds a lesson"):
        LoggedDecisions.from_records([record("a1", None)], {}, lambda _: {"add": 1.0})
