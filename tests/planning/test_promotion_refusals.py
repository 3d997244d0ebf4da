"""What promotion refuses, each with its message, all at once."""

from __future__ import annotations

from typing import Any

import pytest

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT, PFA
from adaptlearn.planning import PromotionRules, course_opening, promotion_errors, promotion_report
from adaptlearn.sequencing import Override
from adaptlearn.sequencing.policies import MasteryThreshold

SCHOOL = Curriculum.from_dict(
    {
        "skills": ["add", "draw"],
        "standards": {"4.A": ["add"], "4.D": ["draw"], "4.E": ["add", "draw"]},
        "courses": [{"course": "math 4", "units": [{"unit": "1", "standards": ["4.A"]}]}],
    }
)
LOG = {
    "student": ["ann"] * 4,
    "skill": ["add", "draw"] * 2,
    "correct": [1, 0, 1, 1],
    "time": [0.0, 1.0, 2.0, 3.0],
}
RATES = {"prior": [0.3] * 2, "learn": [0.2] * 2, "guess": [0.2] * 2, "slip": [0.1] * 2}
MODEL = BKT.from_parameters({"skill": ["add", "draw"], **RATES})
SEQUENCER = Sequencer(SCHOOL, MasteryTracker(MODEL).update(LOG), random_state=0)
RULES = PromotionRules(SCHOOL, {"rules": {"all": {"all_of": ["4.A", "4.D"]}}})


def problems_of(rules: Any, **settings: Any) -> list[str]:
    with pytest.raises(ParameterError) as caught:
        PromotionRules(SCHOOL, {"rules": rules, **settings})
    return list(caught.value.problems)


def report_problems(**given: Any) -> list[str]:
    arguments = {"sequencer": SEQUENCER, "students": ["ann"], "rules": RULES, "log": LOG, **given}
    with pytest.raises(ParameterError) as caught:
        promotion_report(**arguments)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("4.B", "rules['a']: no standard '4.B' (did you mean '4.E' or '4.D' or '4.A'?)"),
        (
            {"all_of": ["4.A", {"course": "math 5"}]},
            "rules['a'].all_of[1]: no course 'math 5' (did you mean 'math 4'?)",
        ),
        (
            {"at_least": 5, "of": ["4.A", "4.D", "4.E"]},
            "rules['a']: at_least is 5, expected an integer from 1 to 3, the number of its parts",
        ),
        (
            {"at_least": 0, "of": ["4.A"]},
            "rules['a']: at_least is 0, expected an integer from 1 to 1, the number of its parts",
        ),
        ({"any_of": []}, "rules['a'].any_of is empty; give a list of rules"),
        (
            {"any_of": ["4.A", {"standard": "4.D", "confidence": 95}]},
            "rules['a'].any_of[1].confidence is 95, expected a number in (0, 1); did you mean "
            "0.95?",
        ),
        (
            {"standard": "4.A", "anwsers": 3},
            "rules['a'].anwsers: no such field (did you mean 'answers'?)",
        ),
        ({"rule": "b"}, "rules['a']: no rule 'b'"),
        (
            {"all_of": ["4.A"], "any_of": ["4.D"]},
            "rules['a']: one of all_of, any_of, at_least, standard, course, rule is expected, "
            "there is all_of and any_of",
        ),
        (
            {},
            "rules['a']: one of all_of, any_of, at_least, standard, course, rule is expected, "
            "there is none of them, in {}",
        ),
    ],
)
def test_a_fault_of_a_rule_is_told_with_its_path(rule: Any, problem: str) -> None:
    assert problems_of({"a": rule}) == [problem]


def test_all_faults_are_told_at_once_and_each_once() -> None:
    rules = {
        "a": {"all_of": ["4.A", {"rule": "b"}]},
        "b": {"any_of": [{"rule": "c"}, "4.X"]},
        "c": {"rule": "a"},
    }
    assert problems_of(rules, confidence=95, days=-1, kind="known", review_after="14") == [
        "kind is 'known', expected 'latent' or 'predicted'",
        "confidence is 95, expected a number in (0, 1); did you mean 0.95?",
        "days is -1, expected an integer in [0, 10000]",
        "review_after is '14', expected a number in [0, 10000] or one of None",
        "rules['a'] -> rules['b'] -> rules['c'] -> rules['a']: these rules refer to each other in "
        "a cycle; take out one reference",
        "rules['b'].any_of[1]: no standard '4.X' (did you mean '4.E' or '4.D' or '4.A'?)",
    ]


@pytest.mark.parametrize("content", [{}, {"rules": {}}, {"rules": ["4.A"]}])
def test_rules_that_are_none_are_refused(content: Any) -> None:
    with pytest.raises(ParameterError, match="rules is empty; give a mapping of names to rules"):
        PromotionRules(SCHOOL, content)


def test_rules_are_read_from_json_and_written_back(tmp_path: Any) -> None:
    text = '{"rules": {"all": {"all_of": ["4.A", "4.D"]}}}'
    (tmp_path / "rules.json").write_text(text)
    for source in (text, tmp_path / "rules.json"):
        read = PromotionRules.from_json(SCHOOL, source)
        assert read.to_dict() == RULES.to_dict()
        assert read.fingerprint == RULES.fingerprint
    with pytest.raises(ParameterError, match="not whole JSON"):
        PromotionRules.from_json(SCHOOL, '{"rules": ')
    with pytest.raises(ParameterError, match="no standard of the curriculum is for grade 4"):
        PromotionRules.of_grade(SCHOOL, 4)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"students": []}, "students is empty; name at least one"),
        ({"students": ["Ann"]}, "unknown student: 'Ann' (did you mean 'ann'?)"),
        ({"students": ["ann", "ann"]}, "students: listed more than once: 'ann'"),
        ({"rule": "al"}, "no rule 'al' (did you mean 'all'?)"),
        (
            {"log": {name: LOG[name] for name in ("student", "skill", "correct")}},
            "days is 2 in the rules, and the log has no times: pass log=…, the answers with their "
            "times, or set days to 1 in the rules",
        ),
        (
            {"log": None},
            "days is 2 in the rules, and there is no log: pass log=…, the answers with their "
            "times, or set days to 1 in the rules",
        ),
        (
            {"log": None},
            "review_after is set in the rules, and nothing tells what is retained: pass log=…, the "
            "answers with their times, or a sequencer with a review schedule and now=…, or set "
            "review_after to None in the rules",
        ),
        (
            {"grants": [Override("grant", "4.F", author="Ms Lee", reason="a test")]},
            "grants: no standard '4.F' in the rule (did you mean '4.D' or '4.A'?)",
        ),
        (
            {"grants": [Override("ban", "4.A", author="Ms Lee", reason="a test")]},
            "grants: ban '4.A' is not a grant",
        ),
        ({"before": "yesterday"}, "before is a str; expected a PromotionReport"),
        ({"grants": [{"action": "grant"}]}, "grants: override 0: target is missing"),
        (
            {"rules": PromotionRules(Curriculum.from_dict(
                {"skills": ["add"], "standards": {"4.A": ["add"]}}), {"rules": {"a": "4.A"}})},
            "rules are of another curriculum than the sequencer's",
        ),
    ],
)  # fmt: skip
def test_what_a_report_cannot_rest_on_is_told(given: Any, problem: str) -> None:
    assert problem in report_problems(**given)


def test_all_problems_of_a_report_are_told_at_once() -> None:
    told = report_problems(
        students=["Ann"], rule=None, log=None,
        grants=[Override("grant", "4.F", author="Ms Lee", reason="a test")],
    )  # fmt: skip
    assert len(told) == 4
    with pytest.raises(ParameterError, match=r"sequencer is a dict(.|\n)*rules is a list"):
        promotion_report({}, ["ann"], [])  # type: ignore[arg-type]


def test_a_model_of_p_correct_needs_rules_of_its_own() -> None:
    model = PFA().fit({**LOG, "correct": [1, 0, 0, 1]})
    tracker = MasteryTracker(model).update(LOG)
    policy = MasteryThreshold(0.8, kind="predicted")
    sequencer = Sequencer(SCHOOL, tracker, policy, random_state=0)
    assert report_problems(sequencer=sequencer) == [
        "the model's mastery is P(correct), and confidence is for P(known): change the model, or "
        "set kind to 'predicted' in the rules, with a confidence chosen for P(correct)"
    ]
    own = PromotionRules(SCHOOL, {**RULES.to_dict(), "kind": "predicted", "confidence": 0.8})
    assert report_problems(rules=own) == [
        "the model's mastery is P(known), and confidence is for P(correct): change the model, or "
        "set kind to 'latent' in the rules, with a confidence chosen for P(known)"
    ]
    report = promotion_report(sequencer, ["ann"], own, log=LOG)
    p = dict(zip(tracker.skills, tracker.mastery(["ann"]).value[0], strict=True))
    assert report.known[0].tolist() == [p["add"], p["draw"]]


def test_a_lower_bound_needs_a_model_with_intervals() -> None:
    lower = PromotionRules(SCHOOL, {**RULES.to_dict(), "bound": "lower"})
    assert report_problems(rules=lower) == [
        "bound is 'lower' in the rules, and BKT gives no intervals: fit BKT(uncertainty=True) and "
        "pass log=…, all answers of these students, or set bound to 'value' in the rules"
    ]


def test_a_report_before_is_by_the_same_rule() -> None:
    before = promotion_report(SEQUENCER, ["ann"], RULES, log=LOG)
    other = PromotionRules(SCHOOL, {"rules": {"all": "4.A"}})
    assert report_problems(rules=other, before=before) == [
        "before is a report by another rule; pass the last report by this rule"
    ]


def test_a_course_that_cannot_open_is_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        course_opening(SEQUENCER, ["Ann"], "math 5", confidence=95)
    assert caught.value.problems == (
        "confidence must be a number in (0.5, 1), got 95",
        "unknown student: 'Ann' (did you mean 'ann'?)",
        "unknown course: 'math 5' (did you mean 'math 4'?)",
    )


def test_arrays_that_count_no_errors_are_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        promotion_errors([0.5, 1.5], [0, 2], thresholds=[95])
    assert caught.value.problems == (
        "probability must lie in [0, 1]: 1 of 2 rows, 1",
        "truth must be 0 or 1: 1 of 2 rows, 1",
        "thresholds must be numbers in [0, 1], at least one",
    )
    with pytest.raises(ParameterError, match="there are no rows"):
        promotion_errors([], [])
