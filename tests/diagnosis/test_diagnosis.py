"""Diagnoses as users meet them: right about simulated students, careful where a log says little."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from tests.pages import Page

from adaptlearn import Curriculum, ResponseLog
from adaptlearn.diagnosis import Diagnosis, EdgeVerdict, Verdict, diagnose
from adaptlearn.errors import ModelFileError, ParameterError, ResponseDataError, UnknownLabelError
from adaptlearn.models import BKT, PFA
from adaptlearn.simulation import baselines, prior_log, random_course, simulators, wrong_graph

COURSE = random_course(12, random_state=3)
CURRICULUM = COURSE.curriculum


def log_of(kind: str, policy: str = "fixed_order", n_students: int = 300) -> dict[str, Any]:
    simulator = simulators(COURSE, random_state=3)[kind]
    return prior_log(
        simulator, COURSE, policy=baselines(COURSE)[policy], n_students=n_students, seed=5
    )


@pytest.fixture(scope="module")
def found() -> Diagnosis:
    return diagnose(log_of("prerequisites"), CURRICULUM)


@pytest.mark.parametrize(
    ("kind", "question", "answer"),
    [
        ("individual", "graph", "no"),
        ("individual", "two_state", "yes"),
        ("performance_factors", "two_state", "no"),
        ("power_law", "two_state", "no"),  # by P(guess) alone
        ("disengaging", "bouts", "yes"),
        ("individual", "bouts", "no"),
    ],
)
def test_simulated_students_are_recognised(kind: str, question: str, answer: str) -> None:
    verdict = getattr(diagnose(log_of(kind), CURRICULUM), question)
    assert verdict.answer == answer
    assert 250 < verdict.students <= 300


def test_a_guess_above_a_half_says_that_two_states_do_not_hold() -> None:
    verdict = diagnose(log_of("power_law"), CURRICULUM).two_state
    assert verdict.evidence["guess"] > 0.5
    assert verdict.value - verdict.error < 0.13  # the spread alone would not say so
    assert "P(guess)" in verdict.found


def test_a_graph_that_governs_learning_is_recognised(found: Diagnosis) -> None:
    assert found.graph.answer == "yes"
    assert found.graph.value > 3 * found.graph.error
    assert found.graph.evidence["kappa"] in {0.1, 0.2, 0.4}
    assert found.graph.value == found.graph.evidence["gain at 0.4"]
    edges = {(edge.before, edge.skill) for edge in found.edges}
    later, earlier = CURRICULUM.prerequisites.nonzero()
    assert edges == set(zip(earlier.tolist(), later.tolist(), strict=True))
    assert not any(edge.answer == "no" for edge in found.edges)


@pytest.mark.parametrize(("kind", "answer"), [("fading", "yes"), ("population", "no")])
def test_forgetting_is_seen_on_the_return_to_a_skill(kind: str, answer: str) -> None:
    assert diagnose(log_of(kind, "three_in_a_row")).forgetting.answer == answer


def test_a_log_that_cannot_tell_says_why(found: Diagnosis) -> None:
    assert found.forgetting.answer == "cannot tell"
    assert "came back" in found.forgetting.found
    assert math.isnan(found.forgetting.value)
    plain = {name: column for name, column in log_of("population").items() if name != "time"}
    without = diagnose(plain)
    assert without.graph.found == "No curriculum was given."
    assert without.forgetting.found == "The log has no times."
    assert without.edges == ()
    other = Curriculum.from_dict({"prerequisites": [[100, 101]]})
    assert "joins two skills of the log" in diagnose(plain, other).graph.found


def test_skills_of_another_kind_than_the_logs_are_refused() -> None:
    texts = Curriculum.from_dict({"prerequisites": [["1", "2"]]})
    with pytest.raises(UnknownLabelError, match="skill of the curriculum"):
        diagnose(log_of("population"), texts)


def test_few_students_get_no_answer() -> None:
    few = diagnose(log_of("prerequisites", n_students=15), CURRICULUM)
    assert {verdict.answer for verdict in few} == {"cannot tell"}
    assert "15 students are too few for an answer: 20 are needed." in few.graph.found
    one = diagnose({"student": ["ann"], "skill": ["add"], "correct": [1]})
    assert {verdict.answer for verdict in one} == {"cannot tell"}


def test_order_of_rows_exposures_and_further_skills_change_nothing() -> None:
    log = log_of("disengaging", n_students=40)
    before = diagnose(log, CURRICULUM)
    shuffled = np.random.default_rng(0).permutation(len(log["student"]))
    after = diagnose({name: column[shuffled] for name, column in log.items()}, CURRICULUM)
    assert [v.answer for v in after] == [v.answer for v in before]
    np.testing.assert_allclose([v.value for v in after], [v.value for v in before], rtol=1e-6)
    shown = {name: np.append(column, column[:50]) for name, column in log.items()}
    shown["correct"] = np.append(log["correct"].astype(float), np.full(50, np.nan))
    exposed = diagnose(ResponseLog.from_frame(shown, unanswered="exposure"), CURRICULUM)
    np.testing.assert_allclose([v.value for v in exposed], [v.value for v in before], rtol=1e-6)


def test_responses_with_several_skills_are_read() -> None:
    rng = np.random.default_rng(0)
    n = 2000
    found = diagnose(
        {
            "student": np.sort(rng.integers(0, 40, n)),
            "skill": [["add", "carry"] if x else ["add"] for x in rng.random(n) < 0.5],
            "correct": (rng.random(n) < 0.8).astype(int),
        },
        Curriculum.from_dict({"prerequisites": [["add", "carry"]]}),
    )
    (edge,) = found.edges
    assert (edge.before, edge.skill, edge.students) == ("add", "carry", 40)


def test_a_model_of_yours_is_used() -> None:
    log = log_of("individual", n_students=60)
    model = BKT().fit(log)
    assert diagnose(log, CURRICULUM, model=model) == diagnose(log, CURRICULUM)


def test_models_that_do_not_fit_the_log_are_refused() -> None:
    log = log_of("individual", n_students=20)
    with pytest.raises(ParameterError, match="not fitted"):
        diagnose(log, model=BKT())
    table = {"skill": [0], "prior": [0.3], "learn": [0.1], "guess": [0.2], "slip": [0.1]}
    wrong = BKT.from_parameters({**table, "forget": [0.1]})
    with pytest.raises(ParameterError, match="forgetting") as caught:
        diagnose(log, model=wrong)
    assert "no parameters for skills of the log: 1, 2" in str(caught.value)
    shown = {"student": [1], "skill": [1], "correct": [np.nan]}
    with pytest.raises(ResponseDataError, match="no answers"):
        diagnose(ResponseLog.from_frame(shown, unanswered="exposure"))


def test_other_models_and_curricula_are_named() -> None:
    log = log_of("individual", n_students=20)
    with pytest.raises(ParameterError, match="model is a PFA; expected a BKT"):
        diagnose(log, model=PFA())  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="curriculum is a dict; expected a Curriculum"):
        diagnose(log, {})  # type: ignore[arg-type]


def test_it_prints_and_notebooks_show_it(found: Diagnosis) -> None:
    text = str(found)
    assert text.startswith("ResponseLog(36,000 responses, 300 students, 12 skills, 60 items)\n\n")
    assert "\nDoes the graph govern learning? yes\n" in text
    assert f"\nEach of {len(found.edges)} prerequisites alone: yes " in text
    assert max(map(len, text.splitlines())) <= 82
    page = Page(found._repr_html_())
    for verdict in found:
        assert verdict.question in page.text
        assert verdict.answer in page.text
    assert str(found.bouts).startswith("Do slips come in bouts? no\n  At P(known) of ")


def test_tables_have_a_row_for_each_question_and_prerequisite(found: Diagnosis) -> None:
    assert found.table()["answer"].tolist() == [verdict.answer for verdict in found]
    edges = found.edge_table()
    assert edges["before"].tolist() == [edge.before for edge in found.edges]
    assert edges["gain"].dtype == float


def test_it_survives_json(found: Diagnosis) -> None:
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    again = Diagnosis.from_dict(content)
    assert again.to_dict() == found.to_dict()
    assert again.edges == found.edges
    assert str(again) == str(found)
    assert math.isnan(again.forgetting.value)


@pytest.mark.parametrize("change", [{"graph": None}, {"edges": {}}, {"bouts": {"answer": "so"}}])
def test_other_content_is_refused(found: Diagnosis, change: dict[str, Any]) -> None:
    content = {**found.to_dict(), **change}
    if change.get("bouts"):
        content["bouts"] = {**found.to_dict()["bouts"], **change["bouts"]}
    with pytest.raises(ModelFileError):
        Diagnosis.from_dict(content)


@pytest.mark.parametrize(
    ("part", "value"),
    [("found", 3), ("value", "high"), ("error", True), ("students", 1.5), ("answers", None),
     ("evidence", []), ("evidence", {"kappa": "x"})],
)  # fmt: skip
def test_parts_of_another_type_are_refused(found: Diagnosis, part: str, value: Any) -> None:
    content = found.to_dict()
    with pytest.raises(ModelFileError):
        Diagnosis.from_dict({**content, "graph": {**content["graph"], part: value}})


@pytest.mark.parametrize("value", ["high", None, [1]])
def test_edges_of_another_type_are_refused(found: Diagnosis, value: Any) -> None:
    content = found.to_dict()
    for name in ("skill", "gain", "students"):
        column = [value, *content["edges"][name][1:]]
        if (name, value) in (("skill", "high"), ("gain", None)):
            continue
        with pytest.raises(ModelFileError):
            Diagnosis.from_dict({**content, "edges": {**content["edges"], name: column}})


def test_answers_are_one_of_three() -> None:
    with pytest.raises(ValueError, match="'maybe' is none of"):
        EdgeVerdict("a", "b", "maybe", 0.0, 0.0, 0.0, 0, 0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="none of"):
        Verdict("?", "", "", 0.0, 0.0, 0, 0, "", "")  # type: ignore[arg-type]


@pytest.mark.slow
def test_wrong_prerequisites_among_true_ones_are_told_apart() -> None:
    log = log_of("prerequisites", n_students=1500)
    later, earlier = CURRICULUM.prerequisites.nonzero()
    true = set(zip(earlier.tolist(), later.tolist(), strict=True))
    given = wrong_graph(CURRICULUM, added=0.5, random_state=0)
    found = diagnose(log, given)
    answers = {(edge.before, edge.skill): edge.answer for edge in found.edges}
    assert "no" not in {answers[edge] for edge in true}
    assert "yes" not in {answer for edge, answer in answers.items() if edge not in true}
    assert sum(answers[edge] == "yes" for edge in true) > len(true) / 2
    assert "look at `edges`" in found.graph.policy or found.graph.answer == "yes"
