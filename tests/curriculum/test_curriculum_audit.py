from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from tests.conftest import Data
from tests.sequencing.fakes import chain

from adaptlearn import Curriculum, ResponseLog
from adaptlearn.curriculum import audit_curriculum
from adaptlearn.errors import ParameterError


def found(content: dict[str, Any], code: str) -> tuple[Any, ...]:
    return audit_curriculum(Curriculum.from_dict(content))[code].labels


def test_a_curriculum_without_oddities_has_no_finding() -> None:
    audit = audit_curriculum(chain())
    assert audit.codes == ()
    assert audit.ok
    assert audit.evidence is None
    assert "nothing found" in str(audit)


def test_skills_that_no_lesson_teaches_and_what_waits_for_them() -> None:
    content = {
        "prerequisites": [["a", "b"], ["b", "c"], ["x", "d"], [["b", "x"], "e"]],
        "lessons": {"A": ["a"], "C": ["c"], "D": ["d"], "X": ["x"], "E": ["e"]},
    }
    audit = audit_curriculum(Curriculum.from_dict(content))
    assert audit["untaught"].labels == ("b",)
    assert audit["unreachable"].labels == ("c",)  # e has another way
    assert not audit.ok


def test_a_review_teaches_nothing_new() -> None:
    lessons = [
        {"lesson": "A", "skills": ["a"]},
        {"lesson": "B", "skills": ["b"], "kind": "review"},
        {"lesson": "C", "skills": ["c"], "kind": "assessment"},
        {"lesson": "D", "skills": ["d"], "kind": "elective"},
    ]
    assert found({"lessons": lessons}, "untaught") == ("b", "c")
    only = [{"lesson": "A", "skills": ["a"], "kind": "review"}]
    assert found({"lessons": only}, "untaught") == ("a",)


def test_lessons_that_wait_for_each_other() -> None:
    # L teaches a and y, and y needs b; M teaches b, which needs a.
    lessons = {"L": ["a", "y"], "M": ["b"], "N": ["n"]}
    content: dict[str, Any] = {"prerequisites": [["a", "b"], ["b", "y"]], "lessons": lessons}
    assert found(content, "unreachable") == ("a", "b", "y")
    content["lessons"] = {**lessons, "A": ["a"]}
    assert "unreachable" not in audit_curriculum(Curriculum.from_dict(content))


def test_reachable_is_what_open_lessons_lead_to() -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        edges = {(a, b) for a, b in rng.integers(0, 9, (12, 2)).tolist() if a < b}
        groups = [[sorted(set(rng.integers(0, 7, 2).tolist())), int(rng.integers(7, 9))]]
        lessons = {n: sorted(set(rng.integers(0, 9, 2).tolist())) for n in range(7)}
        school = Curriculum.repaired(
            {"skills": list(range(9)), "prerequisites": [*edges, *groups], "lessons": lessons}
        )
        known = np.zeros((1, 9), bool)
        for _ in range(9):
            open_ = school.open_lessons(known)[0]
            known |= school.teaches.toarray()[open_].any(axis=0)
        audit = audit_curriculum(school)
        lost = {
            label
            for code in ("untaught", "unreachable")
            if code in audit
            for label in audit[code].labels
        }
        assert lost == set(np.flatnonzero(~known[0]).tolist())


def test_items_and_lessons_without_them() -> None:
    content = {
        "lessons": {"A": ["a"], "B": ["b"], "AB": ["a", "b"]},
        "items": {"q": ["a"]},
    }
    audit = audit_curriculum(Curriculum.from_dict(content))
    assert audit["no items"].labels == ("b",)
    assert audit["lesson without items"].labels == ("B",)
    without = {"lessons": content["lessons"]}
    assert "no items" not in audit_curriculum(Curriculum.from_dict(without))


def test_what_follows_from_the_rest() -> None:
    edges = [["a", "b"], ["b", "c"], ["a", "c"], ["a", "d"], ["a", "e"]]
    assert found({"prerequisites": edges}, "redundant") == (("a", "c"),)
    # Whichever of d and e opens f, a has come before.
    ways = [*edges, [["d", "e"], "f"], ["a", "f"]]
    assert found({"prerequisites": ways}, "redundant") == (("a", "c"), ("a", "f"))
    # c is needed anyway: d or c adds nothing. So does a group within a group.
    idle = [*edges, ["c", "g"], [["c", "d"], "g"], [["d", "e"], "h"], [["b", "d", "e"], "h"]]
    assert found({"prerequisites": idle}, "idle alternatives") == (
        (("c", "d"), "g"),
        (("b", "d", "e"), "h"),
    )


def test_an_alternative_that_needs_the_skill_itself() -> None:
    content = {"prerequisites": [[["a", "c"], "b"], ["b", "c"]]}
    assert found(content, "idle alternatives") == ((("a", "c"), "b"),)


def test_islands() -> None:
    content = {"skills": list("abcdef"), "prerequisites": [["a", "b"], ["b", "c"], ["d", "e"]]}
    finding = audit_curriculum(Curriculum.from_dict(content))["islands"]
    assert finding.labels == ("d", "e", "f")
    assert finding.found.startswith("3 skills that no prerequisite joins to the largest group")
    assert "2 groups, 1 single skill" in finding.found
    joined = {"skills": list("abcdef"), "prerequisites": [*map(list, ("ab", "bc", "de", "cd"))]}
    finding = audit_curriculum(Curriculum.from_dict(joined))["islands"]
    assert finding.found == "1 skill that no prerequisite joins to the largest group, of 5: 'f'"
    assert found({"skills": ["a", "b"]}, "no prerequisites") == ("a", "b")


def test_credit_that_runs_backward() -> None:
    content = {
        "prerequisites": [["a", "b"], ["b", "c"]],
        "encompasses": [["c", "a", 0.5], ["b", "c", 0.5]],
    }
    assert found(content, "backward credit") == (("b", "c"),)


def test_skills_outside_standards() -> None:
    assert found({"skills": ["a", "b"], "standards": {"S": ["b"]}}, "outside standards") == ("a",)


def mastery_of(rows: list[tuple[int, tuple[Any, ...]]]) -> np.ndarray:
    return np.array([row for number, row in rows for _ in range(number)])


def test_evidence_counts_students_and_names_what_they_contradict() -> None:
    school = Curriculum.from_dict(
        {"skills": list("abc"), "prerequisites": [["a", "b"], ["b", "c"]]}
    )
    nan = np.nan
    mastered = mastery_of(
        [(30, (0, 1, 1)), (10, (1, 1, 0)), (5, (nan, 1, nan)), (7, (0, 0, 0)), (3, (1, 0, 0))]
    )
    audit = audit_curriculum(school, mastered=mastered)
    assert audit["contradicted"].labels == (("a", "b"),)
    assert audit["contradicted"].found.startswith(
        "1 prerequisite that students do without. Of 40 students who have mastered 'b', 30 have "
        "not mastered 'a' (95% interval: 58.8% to 87.3%)."
    )
    evidence = audit.evidence
    assert evidence is not None
    assert evidence.before == (("a",), ("b",))
    assert evidence.students.tolist() == [40, 30]
    assert evidence.without.tolist() == [30, 0]
    assert evidence.contradicted.tolist() == [True, False]
    assert evidence.others.tolist() == [0.7, 0.5]
    exact = binomtest(30, 40).proportion_ci(0.95, method="exact")
    assert np.allclose([evidence.lower[0], evidence.upper[0]], [exact.low, exact.high])
    assert evidence.table()["before"].tolist() == ["a", "b"]
    for options in (
        {"min_students": 41},
        {"tolerance": 0.6},
        {"tolerance": 0.5, "confidence": 0.99999},
    ):
        assert "contradicted" not in audit_curriculum(school, mastered=mastered, **options)


def test_alternatives_are_lacked_by_those_who_lack_them_all() -> None:
    school = Curriculum.from_dict({"skills": list("abc"), "prerequisites": [[["a", "b"], "c"]]})
    nan = np.nan
    mastered = mastery_of(
        [(25, (0, 0, 1)), (4, (1, nan, 1)), (2, (0, nan, 1)), (3, (1, 0, 1)), (6, (0, 1, 0))]
    )
    evidence = audit_curriculum(school, mastered=mastered).evidence
    assert evidence is not None
    assert evidence.students.tolist() == [32]
    assert evidence.without.tolist() == [25]
    assert audit_curriculum(school, mastered=mastered)["contradicted"].labels == (
        (("a", "b"), "c"),
    )
    assert evidence.table()["before"].tolist() == ["a or b"]


def test_students_nobody_knows_of_say_nothing() -> None:
    evidence = audit_curriculum(chain(), mastered=np.full((3, 4), np.nan)).evidence
    assert evidence is not None
    assert evidence.students.tolist() == [0, 0, 0]
    assert np.isnan(evidence.rate).all()
    assert np.isnan(evidence.lower).all()
    assert not evidence.contradicted.any()


def test_evidence_in_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    mastered = np.random.default_rng(0).random((100, 4)) < 0.5
    whole = audit_curriculum(chain(), mastered=mastered).evidence
    monkeypatch.setattr("adaptlearn.curriculum.audit.evidence._CELLS", 1)
    parts = audit_curriculum(chain(), mastered=mastered).evidence
    assert whole is not None
    assert parts is not None
    assert parts.without.tolist() == whole.without.tolist()
    assert whole.without.sum() > 0


def test_a_log_tells_mastery_by_the_latest_answers() -> None:
    answers = {
        "ann": {"add": "0111", "count": "000"},
        "bob": {"add": "1110", "count": "111"},
        "cat": {"add": "111", "count": "11"},  # of counting too little is known
    }
    rows = [
        (student, skill, int(one))
        for student, skills in answers.items()
        for skill, text in skills.items()
        for one in text
    ]
    student, skill, correct = zip(*rows, strict=True)
    log = {"student": list(student), "skill": list(skill), "correct": list(correct)}
    school = Curriculum.from_dict({"prerequisites": [["count", "add"]]})
    evidence = audit_curriculum(school, log).evidence
    assert evidence is not None
    assert (evidence.students.tolist(), evidence.without.tolist()) == ([1], [1])
    assert evidence.others.tolist() == [0.0]
    assert audit_curriculum(school, log, min_students=1, tolerance=0.02)["contradicted"].count == 1
    two = audit_curriculum(school, log, streak=2).evidence
    assert two is not None
    assert (two.students.tolist(), two.without.tolist()) == ([2], [1])


def test_a_mastery_matrix_goes_before_the_log() -> None:
    log = {"student": ["x"], "skill": ["count"], "correct": [1]}
    audit = audit_curriculum(chain(), log, np.ones((50, 4), bool))
    assert audit.evidence is not None
    assert audit.evidence.students.tolist() == [50, 50, 50]
    assert audit["never practised"].labels == ("add", "multiply", "measure")


def test_skills_that_only_the_log_has() -> None:
    log = {"student": ["x", "x"], "skill": ["count", "dance"], "correct": [1, 1]}
    assert audit_curriculum(chain(), log)["unknown to the curriculum"].labels == ("dance",)


def test_a_wrong_edge_is_found_among_right_ones() -> None:
    # a before b before c in truth, d by itself; one mark in twenty is wrong.
    rng = np.random.default_rng(0)
    reached, own = rng.integers(0, 4, 500), rng.random(500) < 0.5
    truth = np.stack([reached > 0, reached > 1, reached > 2, own], axis=1)
    mastered = truth ^ (rng.random(truth.shape) < 0.05)
    edges = [["a", "b"], ["b", "c"], ["a", "c"], ["d", "c"]]
    school = Curriculum.from_dict({"skills": list("abcd"), "prerequisites": edges})
    assert audit_curriculum(school, mastered=mastered)["contradicted"].labels == (("d", "c"),)


@pytest.mark.parametrize(
    ("mastered", "said"),
    [
        (np.ones((3, 5), bool), r"of shape \(n_students, 4\), got \(3, 5\)"),
        (np.full((3, 4), 0.7), "compare estimates with a threshold first"),
        ([["yes"] * 4], "mastered must hold bools"),
    ],
)
def test_wrong_mastery_is_refused(mastered: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        audit_curriculum(chain(), mastered=mastered)


def test_wrong_options_are_refused_together() -> None:
    with pytest.raises(ParameterError, match="4 problems"):
        audit_curriculum(chain(), streak=0, min_students=0, tolerance=1, confidence=1)


def test_an_audit_is_text_table_html_and_json() -> None:
    content = {
        "skills": ["a<b>", "b", "c", "d"],
        "prerequisites": [["a<b>", "b"], ["b", "c"], ["a<b>", "c"]],
    }
    audit = audit_curriculum(Curriculum.from_dict(content))
    assert repr(audit) == "Audit(2 notes)"
    assert "a<b> -> c" in str(audit)
    assert audit.table()["code"].tolist() == ["redundant", "islands"]
    assert "a&lt;b&gt; -&gt; c" in audit._repr_html_()
    assert json.loads(json.dumps(audit.to_dict()))["findings"][1]["first_labels"] == ["d"]


def test_answers_of_real_students_are_read(data: Data) -> None:
    answers = pd.read_csv(data("assistments15", "train.csv"), nrows=60_000)
    log = ResponseLog.from_frame(answers[["student", "skill", "correct"]])
    skills = log.skill.labels.tolist()
    edges = [[skills[k], skills[k + 1]] for k in range(0, 60, 2)]
    audit = audit_curriculum(Curriculum.from_dict({"skills": skills, "prerequisites": edges}), log)
    assert audit.evidence is not None
    assert audit.evidence.students.sum() > 100
    assert (audit.evidence.without <= audit.evidence.students).all()
