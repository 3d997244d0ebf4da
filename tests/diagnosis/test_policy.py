"""The policy that a log asks for."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.diagnosis import Diagnosis, EdgeVerdict, LogPolicy, Verdict, policy_from_log
from adaptlearn.diagnosis.policy import choices_of, prices_of
from adaptlearn.diagnosis.verdicts import ANSWERS
from adaptlearn.errors import ModelFileError, ParameterError, ResponseDataError
from adaptlearn.models import BKT
from adaptlearn.sequencing.knowledge import MovingAverage, PriceThreshold, ProbabilityThreshold
from adaptlearn.simulation import prior_log, random_course, simulators

COURSE = random_course(8)
KINDS = simulators(COURSE)


def log_of(kind: str, n_students: int = 200) -> dict[str, Any]:
    return prior_log(KINDS[kind], COURSE, n_students=n_students, seed=1_000_200)


def found_in(graph: str, two_state: str, forgetting: str) -> Diagnosis:
    def verdict(answer: Any) -> Verdict:
        return Verdict("?", answer, "", 0.0, 0.0, 0, 0, "", "")

    return Diagnosis("", verdict(graph), verdict(two_state), verdict("no"), verdict(forgetting))


def test_each_verdict_has_its_setting() -> None:
    prices = (60.0, 300.0, 3000.0)
    for graph, two_state, forgetting, price in product(ANSWERS, ANSWERS, ANSWERS, prices):
        choices = choices_of(found_in(graph, two_state, forgetting), price)
        settings = {one.setting: one.value for one in choices}
        assert list(settings) == ["ready", "order", "average"]
        assert all(one.why.endswith(".") for one in choices)
        sure = price == 3000
        governs = 0.9 if sure else None
        assert settings["ready"] == {"yes": governs, "no": 0.0, "cannot tell": 0.8}[graph]
        wrong, fades = two_state == "no", forgetting == "yes"
        assert settings["order"] == ("curriculum" if wrong and not (fades or sure) else "gain")
        if (not wrong and not fades) or (fades and two_state != "yes" and price == 60):
            assert settings["average"] is None
        else:
            assert settings["average"] == (0.8 if price == 60 else 0.9)


def test_nobody_skips_a_graph_of_which_a_part_governs_learning() -> None:
    edge = EdgeVerdict("a", "b", "yes", 9.0, 2.0, 50.0, 500, 100)
    other = replace(edge, answer="no")
    for first, ready in ((edge, 0.8), (other, 0.0)):
        edges = (first, *[other] * 9)
        found = replace(found_in("no", "yes", "no"), edges=edges)
        assert choices_of(found, 300.0)[0].value == ready


@pytest.mark.parametrize(
    ("kind", "ready", "order", "average"),
    [
        ("individual", 0.0, "gain", None),
        ("prerequisites", None, "gain", None),
        ("additive_factors", 0.0, "curriculum", 0.9),
    ],
)
def test_a_log_asks_for_the_policy_of_its_students(
    kind: str, ready: float | None, order: str, average: float | None
) -> None:
    log = log_of(kind, 400)
    found = policy_from_log(log, COURSE.curriculum, price=300)
    assert [one.value for one in found.choices[:3]] == [ready, order, average]
    criterion: Any = found.policy.criterion
    priced = criterion if average is None else criterion.first
    assert isinstance(priced, PriceThreshold)
    assert priced.price == 300
    if average is not None:
        assert criterion.second == MovingAverage(average)
    if ready:
        assert found.policy.ready == ProbabilityThreshold(ready)
    assert found.model is not None
    tracker = MasteryTracker(found.model, practice=True).update(log)
    sequencer = Sequencer(COURSE.curriculum, tracker, found.policy)
    assert {one.policy for one in sequencer.recommend(tracker.students[:3])} == {found.fingerprint}


def test_a_prerequisite_is_worth_what_its_lack_would_cost_as_well() -> None:
    school = Curriculum.from_dict({"prerequisites": [["a", "b"], ["a", "c"], ["c", "d"]]})
    learn = [0.2, 0.2, 0.1, 0.5]
    model = BKT.from_parameters({"skill": ["a", "b", "c", "d"], "prior": [0.3] * 4, "learn": learn,
                                 "guess": [0.2] * 4, "slip": [0.1] * 4})  # fmt: skip
    found = prices_of(school, model, 300, kappa=0.2, n_items=5, minutes=10.0)
    # Four more of the lessons that each skill takes until it is learned: 10 minutes, five items.
    taken = {skill: 4 * 10 / (1 - (1 - p) ** 5) for skill, p in zip("abcd", learn, strict=True)}
    assert dict(found) == {
        "a": pytest.approx(300 + taken["b"] + taken["c"], abs=0.1),
        "c": pytest.approx(300 + taken["d"], abs=0.1),
    }
    assert prices_of(school, model, 300, kappa=1.0, n_items=5, minutes=10.0) == []


def test_little_is_left_as_it_is() -> None:
    few = {"student": [1, 1, 2], "skill": ["a", "b", "a"], "correct": [1, 0, 1]}
    found = policy_from_log(few)
    assert [one.value for one in found.choices[:3]] == [0.8, "gain", None]
    assert "cannot tell" in str(found)


def test_it_is_saved_as_json_and_says_what_it_is(tmp_path: Any) -> None:
    found = policy_from_log(log_of("individual"), COURSE.curriculum, price=1000, minutes=20.0)
    found.save(tmp_path / "policy.json")
    back = LogPolicy.load(tmp_path / "policy.json")
    assert back.model is None
    assert back.fingerprint == found.fingerprint
    assert back.to_dict() == found.to_dict()
    assert str(back) == str(found)
    text = str(found)
    for said in ("One skill left unknown is worth 17 hours of practice.", "nobody waits",
                 "Does the graph govern learning?"):  # fmt: skip
        assert said in text
    assert max(map(len, text.splitlines())) <= 100
    assert found.table()["setting"].tolist() == [
        "price", "ready", "order", "average", "n_items", "minutes",
    ]  # fmt: skip
    assert "<table" in found._repr_html_()
    assert replace(found, price=999.0).fingerprint != found.fingerprint


def test_prices_of_skills_whose_labels_are_integers_survive_json(tmp_path: Any) -> None:
    found = policy_from_log(log_of("prerequisites", 400), COURSE.curriculum)
    assert "skills" in {one.setting for one in found.choices}
    found.save(tmp_path / "policy.json")
    back = LogPolicy.load(tmp_path / "policy.json")
    criterion: Any = back.policy.criterion
    given: Any = found.policy.criterion
    assert criterion.skills == given.skills
    assert {type(skill) for skill in criterion.skills} == {int}
    assert back.fingerprint == found.fingerprint
    assert str(back) == str(found)


def test_a_file_that_was_changed_is_refused(tmp_path: Any) -> None:
    found = policy_from_log(log_of("individual", 50), COURSE.curriculum)
    content = found.to_dict()
    with pytest.raises(ModelFileError, match="fingerprint"):
        LogPolicy.from_dict({**content, "price": 301.0})
    for wrong in ({}, {**content, "choices": [["ready", 1]]}, {**content, "price": "much"}):
        with pytest.raises(ModelFileError):
            LogPolicy.from_dict(json.loads(json.dumps(wrong)))
    reasonless = [{**content["choices"][0], "why": 1}, *content["choices"][1:]]
    with pytest.raises(ModelFileError, match="why of ready is a int"):
        LogPolicy.from_dict({**content, "choices": reasonless})
    path = tmp_path / "policy.json"
    found.save(path)
    path.write_text(path.read_text(encoding="utf-8").replace('"price": 300.0', '"price": 3.0'),
                    encoding="utf-8")  # fmt: skip
    with pytest.raises(ModelFileError):
        LogPolicy.load(path)


def test_bad_arguments_are_refused() -> None:
    log = log_of("individual", 30)
    forgetful = BKT.from_parameters({"skill": [0], "prior": [0.3], "learn": [0.2], "forget": [0.1],
                                     "guess": [0.2], "slip": [0.1]})  # fmt: skip
    with pytest.raises(ParameterError) as raised:
        policy_from_log(log, price=0, n_items=0, minutes=np.nan)
    for name in ("price", "n_items", "minutes"):
        assert f"{name} must be" in str(raised.value)
    with pytest.raises(ParameterError, match="forgetting"):
        policy_from_log(log, model=forgetful)
    with pytest.raises(ResponseDataError):
        policy_from_log({"student": [], "skill": [], "correct": []})


def test_numbers_from_numpy_are_saved(tmp_path: Any) -> None:
    found = policy_from_log(
        log_of("individual", 30), price=np.float32(100), n_items=np.int64(3), minutes=np.float32(8)  # type: ignore[arg-type]
    )  # fmt: skip
    found.save(tmp_path / "policy.json")
    assert LogPolicy.load(tmp_path / "policy.json").fingerprint == found.fingerprint
