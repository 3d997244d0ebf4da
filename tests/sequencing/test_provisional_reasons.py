"""What the default policy says: why a lesson, why not, and when it makes sure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.sequencing.fakes import FakeTracker, chain, default

import adaptlearn
from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.sequencing import TEMPLATES, Override, WeightedPolicy, replay
from adaptlearn.sequencing.knowledge import Context, NInARow, ProbabilityThreshold
from adaptlearn.sequencing.policies import MasteryThreshold
from adaptlearn.sequencing.policies.candidates import Candidates, pairs_of_table

SKILLS = ["count", "add", "multiply", "measure"]
LEVELS = [0.0, 0.3, 0.79, 0.8, 0.95, 0.998, 0.999, 1.0]


# Why, and why not


def test_a_blocked_lesson_names_what_is_enough_and_the_way_there() -> None:
    found = default(chain(), [0.6, 0.2, 0.1, 0.1]).explain(0, "multiply")
    assert (found.status, found.threshold, found.enough) == ("blocked", 0.999, 0.8)
    assert found.unlock == ("count", "add")
    assert str(found) == (
        '"multiply" is not open to 0 yet. "multiply" needs "add" first. Mastery of "add" is '
        '0.20 (threshold 0.8). To get there, learn in this order: "count", then "add".'
    )
    near = default(chain(), [0.9, 0.7999, 0.1, 0.1]).explain(0, "multiply")
    assert 'Mastery of "add" is 0.7999 (threshold 0.8).' in near.text
    assert near.unlock == ("add",)


def test_the_way_does_not_pass_through_lessons_that_are_shut() -> None:
    """A skill that is probably known, while what comes before it is not, shuts its lesson."""
    school = Curriculum.from_dict(
        {
            "prerequisites": [["p", "s"], ["t", "g"]],
            "lessons": {"P": ["p"], "ST": ["s", "t"], "G": ["g"]},
        }
    )
    found = default(school, dict_values(school, p=0.1, s=0.9, t=0.1, g=0.1)).explain(0, "G")
    assert found.unreachable == ("t",)  # no lesson that is open teaches t, and G does not need p
    assert found.unlock == ()


def test_what_the_lesson_teaches_and_is_probably_known_lies_on_the_way() -> None:
    school = Curriculum.from_dict(
        {
            "prerequisites": [["a", "b"], ["b", "c"]],
            "lessons": {"A": ["a"], "B": ["b"], "AC": ["a", "c"]},
        }
    )
    found = default(school, dict_values(school, a=0.9, b=0.1, c=0.1)).explain(0, "AC")
    assert (found.status, found.unlock) == ("blocked", ("B",))


def test_the_way_ends_where_the_lesson_opens() -> None:
    """Of two ways in, the first that is open is enough, however many skills lie on the other."""
    school = Curriculum.from_dict(
        {"skills": ["a", "b", "c", "goal"], "prerequisites": [["b", "c"], [["a", "c"], "goal"]]}
    )
    assert default(school, [0.1] * 4).explain(0, "goal").unlock == ("a", "b")
    nearer = default(school, [0.1, 0.9, 0.1, 0.1]).explain(0, "goal")
    assert nearer.unlock == ("a", "c")


def dict_values(school: Curriculum, **known: float) -> list[float]:
    return [known[skill] for skill in school.skills.tolist()]


# Making sure


def test_a_lesson_on_what_is_probably_known_makes_sure_of_it() -> None:
    (decision,) = default(chain(), [0.9, 0.9991, 0.9991, 0.9992]).recommend(0)
    assert decision.reason.code == "confirm"
    assert decision.reason.text == (
        '"count" checks what is probably known but not yet mastered: "count" (mastery 0.90, below '
        "0.999). It is the only open lesson."
    )
    assert decision.sentence() == (
        "Next: count. You probably know it. A few more questions will make sure."
    )
    assert decision.sentence("teacher") == (
        '0: "count", to make sure of "count" (mastery 0.90, mastered from 0.999). Lessons to '
        "choose from: 1."
    )
    told = replay([decision.to_dict()], 0)
    assert 'to make sure of "count"' in str(told)
    assert told.table()["code"] == ["confirm"]


def test_a_lesson_with_something_new_is_for_that() -> None:
    school = Curriculum.from_dict({"lessons": {"AB": ["a", "b"]}})
    codes = {}
    for a, b in ((0.1, 0.9), (0.9, 0.9), (0.9, 0.9995), (0.1, 0.9995), (0.79, 0.8)):
        decision = default(school, [a, b]).recommend(0)[0]
        codes[a, b] = decision.reason.code
    assert codes == {
        (0.1, 0.9): "ready",
        (0.9, 0.9): "confirm",
        (0.9, 0.9995): "confirm",
        (0.1, 0.9995): "ready",
        (0.79, 0.8): "ready",
    }
    new = default(school, [0.1, 0.9]).recommend(0)[0]
    assert new.reason.text == (
        'Ready for "AB": everything before it is known well enough (at least 0.8). It teaches "a" '
        '(mastery 0.10, below 0.999) and "b" (mastery 0.90, below 0.999). It is the only open '
        "lesson."
    )


def test_codes_of_many_are_those_of_each() -> None:
    known = np.random.default_rng(5).choice(LEVELS, (300, 4))
    known[0] = 1.0
    grants = [Override("grant", "add", 7, author="Lee", reason="seen")]
    bans = [Override("ban", skill, 8, author="Lee", reason="ill") for skill in SKILLS]
    tracker = FakeTracker(SKILLS, known)
    made = Sequencer(chain(), tracker, overrides=[*grants, *bans], random_state=0)
    decisions = made.recommend(range(300))
    codes = [one.reason.code for one in decisions]
    assert decisions.codes().tolist() == codes
    assert set(codes) == {"confirm", "gain_per_minute", "ready", "all_mastered", "barred"}
    strict = Sequencer(chain(), tracker, MasteryThreshold(), random_state=0)
    for found, leading, ready in (
        (decisions, "gain_per_minute", 0.8),
        (strict.recommend(range(300)), "nearest_to_mastery", None),
    ):
        for one, code in zip(found, found.codes(), strict=True):
            if one.lesson is None:
                assert code in ("all_mastered", "barred")
            elif ready is not None and all(skill.mastery >= ready for skill in one.reason.skills):
                assert code == "confirm"
            else:
                assert code == (leading if one.n_tied == 1 < one.n_candidates else "ready")
        assert {"ready", leading} <= {*found.codes()}
        assert ("confirm" in found.codes()) == (ready is not None)
    assert (strict.recommend(range(300)).arrays.n_tied > 1).any()


def test_what_is_mastered_needs_no_confirming() -> None:
    class Anything(WeightedPolicy):
        def candidates(self, context: Context) -> Candidates:
            pairs = pairs_of_table(np.ones((len(context.students), 4), bool))
            return Candidates(context, pairs, np.zeros(len(pairs.student), np.int8))

    policy = Anything({"fixed_order": 1.0}, ready=ProbabilityThreshold(0.8))
    decisions = default(chain(), [0.99] * 4, policy=policy).recommend(0)
    assert decisions[0].reason.code == decisions.codes()[0] == "fixed_order"


def test_only_new_lessons_confirm() -> None:
    policy = WeightedPolicy(
        {"review": 1.0}, ready=ProbabilityThreshold(0.8), pools=("review",),
    )  # fmt: skip

    class Due:
        def look(self, where: Context) -> tuple[Any, Any]:
            return np.ones(where.mastery.shape), np.ones(where.mastery.shape)

    made = default(chain(), [0.96] * 4, policy=policy, review=Due())
    decisions = made.recommend(0, n=2)
    assert [one.reason.code for one in decisions] == ["review_due"] * 2
    assert decisions.codes().tolist() == ["review_due"] * 2


def test_what_is_enough_need_not_be_a_threshold() -> None:
    policy = WeightedPolicy({"fixed_order": 1.0}, ready=NInARow(2))
    made = default(chain(), [0.5] * 4, policy=policy)
    with pytest.raises(ParameterError, match="practice=True"):
        made.recommend(0)
    model = adaptlearn.models.BKT.from_parameters(
        {"skill": SKILLS, "prior": [0.2] * 4, "learn": [0.2] * 4, "guess": [0.2] * 4,
         "slip": [0.1] * 4}
    )  # fmt: skip
    tracker = MasteryTracker(model, practice=True)
    tracker.update({"student": ["a"] * 3, "skill": ["count"] * 3, "correct": [0, 1, 1]})
    kept = Sequencer(chain(), tracker, policy, random_state=0)
    first, second, third = kept.recommend("a", n=3)
    assert [first.lesson, second.lesson, third.lesson] == ["count", "add", "measure"]
    assert first.reason.code == "confirm"
    assert "everything before it is known well enough. It teaches" in second.reason.text
    shut = kept.explain("a", "multiply")
    assert (shut.enough, shut.unlock) == (None, ("add",))
    assert "To get there, learn" in shut.text


def test_every_code_of_the_default_has_words_for_students() -> None:
    codes = {"confirm", "gain_per_minute", "ready", "all_mastered", "none_open", "barred"}
    assert codes <= set(TEMPLATES["student"])
    decision = default(chain(), [0.9] * 4).recommend(0)[0]
    german = {"student": {"confirm": "Zur Sicherheit: {title}."}}
    assert decision.sentence("student", german) == 'Zur Sicherheit: "count".'
    with pytest.raises(ParameterError, match="names 'titel'"):
        decision.sentence("student", {"student": {"confirm": "{titel}"}})
