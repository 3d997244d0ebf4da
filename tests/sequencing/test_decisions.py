"""What decisions keep: one order of arrays and of iteration, codes, and what older code wrote."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Curriculum, Sequencer
from adaptlearn.errors import ModelFileError, ParameterError
from adaptlearn.sequencing import (
    TEMPLATES,
    Decision,
    EpsilonGreedy,
    Override,
    ProvisionalMastery,
    WeightedPolicy,
    replay,
)
from adaptlearn.sequencing.decisions import Decisions, NoLesson
from adaptlearn.sequencing.policies import SCORERS

SKILLS = ["count", "add", "multiply", "measure"]
# Lessons that may be given: 0, 3, 1, 0, 2, 4.
KNOWN = {
    "none": [0.9995, 0.9995, 0.9995, 0.9995],
    "three": [0.9, 0.3, 0.1, 0.6],
    "one": [0.1, 0.1, 0.1, 0.1],
    "done": [1.0, 1.0, 1.0, 1.0],
    "two": [0.9995, 0.3, 0.1, 0.6],
    "four": [0.9, 0.9, 0.1, 0.6],
}


def decided(n: int, **options: Any) -> Decisions:
    policy = ProvisionalMastery(chooser=EpsilonGreedy(0.3))
    pins = [Override("pin", "multiply", "one", author="Lee", reason="a project")]
    made = Sequencer(
        chain(), FakeTracker(SKILLS, KNOWN), policy, overrides=pins, random_state=3, **options
    )
    return made.recommend([*KNOWN], n=n, now=0.0)


@pytest.mark.parametrize(("n", "block_size"), [*itertools.product((1, 2, 3, 4), (None, 1, 4))])
def test_arrays_codes_and_iteration_have_one_order(n: int, block_size: int | None) -> None:
    decisions = decided(n, block_size=block_size)
    lessons = {"none": 0, "three": 3, "one": 2, "done": 0, "two": 2, "four": 4}  # pins included
    expected = [
        (who, rank)
        for who, found in lessons.items()
        for rank in range(1, max(1, min(found, n)) + 1)
    ]
    assert [(one.student, one.rank) for one in decisions] == expected
    assert [decisions[place] for place in range(len(decisions))] == list(decisions)
    school, arrays, table = chain(), decisions.arrays, decisions.table()
    students = np.array([*KNOWN], object)[arrays.student]
    assert list(zip(students, arrays.rank, strict=True)) == expected
    assert decisions.codes() is arrays.code
    for place, one in enumerate(decisions):
        assert one.reason.code == decisions.codes()[place]
        lesson = None if arrays.lesson[place] < 0 else school.lessons[arrays.lesson[place]]
        assert one.lesson == lesson == table["lesson"][place]
        assert (one.draw, one.propensity) == (arrays.draw[place], arrays.propensity[place])
        assert table["reason"][place] == one.reason.text
        # What is cut by bounds goes along.
        kept = slice(*arrays.candidate_bounds[place : place + 2])
        listed = {school.lessons[at] for at in arrays.candidate[kept]}
        assert listed == {candidate.lesson for candidate in one.candidates}
        taught = slice(*arrays.skill_bounds[place : place + 2])
        assert [skill.mastery for skill in one.reason.skills] == list(arrays.skill_mastery[taught])
        others = slice(*arrays.override_bounds[place : place + 2])
        assert len(one.overrides) == len(arrays.override[others]) == (one.student == "one")
    assert set(decisions.codes()) >= {"all_mastered", "pinned"}


def test_a_table_is_the_callers_own() -> None:
    decisions = decided(2)
    before = decisions.to_dicts()
    for column in decisions.table().values():
        column[:] = column[::-1].copy()
    assert decisions.to_dicts() == before


# What an older version wrote, with `to_dict`.
OLDER = """
[{"id": "2eace4a1603884f8df1fc13a2174f8cb", "student": "ben", "lesson": null, "rank": 1, "score":
null, "propensity": 1.0, "propensity_method": "exact", "propensity_error": 0.0, "purpose": null,
"candidates": [], "n_candidates": 0, "n_tied": 0, "draw": 0.6369616873214543, "reason": {"code":
"all_mastered", "text": "Every skill of the curriculum is mastered, and no review is due.",
"skills": [], "threshold": 0.999, "title": ""}, "overrides": [], "model": "model-0", "policy":
"5e46f0e7297c515745e0afe0c059d93086e2471fbcfe3ba0f33246176645508b", "curriculum":
"a9a2e0fbf79ae37e4583144e3714b5509bb5e635e2a3946bb9ea56e72f7eb2c0", "time": 1700000000.0, "review":
null, "review_target": null},
{"id": "4c226d90af3016d6ba51e268f6b75635", "student": "ann", "lesson": "measure", "rank": 1,
"score": null, "propensity": 1.0, "propensity_method": "override", "propensity_error": 0.0,
"purpose": "assigned", "candidates": [{"lesson": "count", "score": 0.14385714285714282,
"propensity": 0.03333333333333333}, {"lesson": "add", "score": 1.0006666666666666, "propensity":
0.9333333333333333}, {"lesson": "measure", "score": 0.5714285714285714, "propensity":
0.03333333333333333}], "n_candidates": 3, "n_tied": 1, "draw": 0.04097352393619469, "reason":
{"code": "pinned", "text": "Ms Lee chose \\"measure\\": for Monday.", "skills": [{"skill":
"measure", "mastery": 0.6, "answers": 3, "recent": ""}], "threshold": 0.999, "title": "measure"},
"overrides": [{"action": "pin", "target": "measure", "student": "ann", "author": "Ms Lee", "reason":
"for Monday", "expires": null}], "model": "model-0", "policy":
"5e46f0e7297c515745e0afe0c059d93086e2471fbcfe3ba0f33246176645508b", "curriculum":
"a9a2e0fbf79ae37e4583144e3714b5509bb5e635e2a3946bb9ea56e72f7eb2c0", "time": 1700000000.0, "review":
null, "review_target": null},
{"id": "7e7e5a628c846ff31a98c6d336f4a680", "student": "ann", "lesson": "count", "rank": 2, "score":
0.14385714285714282, "propensity": 0.05, "propensity_method": "exact", "propensity_error": 0.0,
"purpose": "new", "candidates": [{"lesson": "count", "score": 0.14385714285714282, "propensity":
0.05}, {"lesson": "add", "score": 1.0006666666666666, "propensity": 0.9500000000000001}],
"n_candidates": 2, "n_tied": 1, "draw": 0.016527635528529094, "reason": {"code": "confirm", "text":
"\\"count\\" makes sure of what is probably known: \\"count\\" (mastery 0.90), below 0.999. It has
the best score of 2 lessons that are open.", "skills": [{"skill": "count", "mastery": 0.9,
"answers": 3, "recent": ""}], "threshold": 0.999, "title": "count"}, "overrides": [{"action": "pin",
"target": "measure", "student": "ann", "author": "Ms Lee", "reason": "for Monday", "expires":
null}], "model": "model-0", "policy":
"5e46f0e7297c515745e0afe0c059d93086e2471fbcfe3ba0f33246176645508b", "curriculum":
"a9a2e0fbf79ae37e4583144e3714b5509bb5e635e2a3946bb9ea56e72f7eb2c0", "time": 1700000000.0, "review":
null, "review_target": null}]
"""


def test_what_older_versions_wrote_is_read_and_is_decided_again() -> None:
    written = json.loads(OLDER.replace("\n", " "))
    known = {"ann": [0.9, 0.3, 0.1, 0.6], "ben": [0.9995] * 4}
    pin = Override("pin", "measure", "ann", author="Ms Lee", reason="for Monday")
    made = Sequencer(
        chain(),
        FakeTracker(SKILLS, known),
        ProvisionalMastery(chooser=EpsilonGreedy(0.1)),
        overrides=[pin],
        random_state=0,
        runners_up=1,
    )
    decisions = made.recommend(["ben", "ann"], n=2, now=1_700_000_000.0)
    assert [Decision.from_dict(one).to_dict() for one in written] == written
    again = decisions.to_dicts()
    assert json.loads(decisions.to_json()) == again
    assert again[:2] == written[:2]
    # The sentence of the third has other words since, and with them it has another digest.
    assert again[2]["reason"]["text"] == (
        '"count" checks what is probably known but not yet mastered: "count" (mastery 0.90, below '
        "0.999). It has the best score of 2 open lessons."
    )
    again[2]["id"], again[2]["reason"]["text"] = written[2]["id"], written[2]["reason"]["text"]
    assert again == written
    told = replay(written, "ann")
    assert [step.decision.lesson for step in told.steps] == ["measure", "count"]
    assert told.steps[0].says == 'ann: "measure", chosen by Ms Lee (for Monday).'
    assert "to make sure of" in told.steps[1].says


def test_a_student_is_told_what_a_lesson_builds_on() -> None:
    tracker = FakeTracker(SKILLS, {"ann": [0.99, 0.3, 0.1, 0.999], "ben": [0.3, 0.1, 0.1, 0.1]})
    first, second = Sequencer(chain(), tracker, random_state=0).recommend(["ann", "ben"])
    assert first.reason.builds_on == ("count",)
    assert first.sentence() == "Next: add. You are ready for it, because you know count."
    assert "knows count" in first.sentence("family")
    assert second.sentence() == "Next: count. You are ready for it."
    written = first.to_dict()
    assert Decision.from_dict(written).reason.builds_on == ("count",)
    with pytest.raises(ModelFileError, match="builds on"):
        Decision.from_dict({**written, "reason": {**written["reason"], "builds_on": [1.5]}})
    with pytest.raises(ModelFileError, match="must be a list"):
        Decision.from_dict({**written, "reason": {**written["reason"], "builds_on": "count"}})


def test_what_is_given_whatever_comes_before_says_nothing_of_it() -> None:
    tracker = FakeTracker(SKILLS, {"ann": [0.1, 0.1, 0.1, 0.1]})

    def last(context: Any) -> Any:
        scores = np.tile(np.arange(4.0), (len(context.students), 1))
        return scores, np.ones_like(scores, bool)

    (decision,) = Sequencer(chain(), tracker, last).recommend("ann")
    assert decision.reason.builds_on == ()


def test_every_code_has_words_for_students_and_teachers() -> None:
    for name, templates in TEMPLATES.items():
        assert {*NoLesson, "pinned", "confirm", ""} <= {*templates}, name
    described = {code.removesuffix("_because") for code in TEMPLATES["student"]}
    described -= {*NoLesson, "pinned", "confirm", "ready", ""}
    assert described <= {*SCORERS, "review_due"}


def test_a_notebook_shows_decisions_as_a_table_whose_texts_are_escaped() -> None:
    school = Curriculum.from_dict({"skills": ["<b>a</b>"]})
    tracker = FakeTracker(school.skills.tolist(), np.full((12, 1), 0.5))
    shown = Sequencer(school, tracker, random_state=0).recommend(range(12))._repr_html_()
    assert shown.count("<tr>") == 11
    assert "&lt;b&gt;a&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert "… and 2 more" in shown


def test_a_policys_words_name_only_fields_that_exist() -> None:
    class Wordy(WeightedPolicy):
        sentences = {"": "{title} for {luck}."}  # noqa: RUF012

    made = Sequencer(chain(), FakeTracker(SKILLS, KNOWN), Wordy({"random": 1.0}))
    decisions = made.recommend("three")
    assert decisions.codes().tolist() == ["ready"]
    with pytest.raises(ParameterError, match=r"names 'luck'; there are .*'title'"):
        decisions[0]


def test_a_reason_without_skills_has_none() -> None:
    written = json.loads(OLDER.replace("\n", " "))[0]
    del written["reason"]["skills"]
    assert Decision.from_dict(written).reason.skills == ()
