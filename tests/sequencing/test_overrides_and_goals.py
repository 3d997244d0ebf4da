"""Teachers' overrides and students' goals."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Curriculum, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.sequencing import Decision, Goals, Override, Overrides, preset
from adaptlearn.sequencing.policies import MasteryThreshold

SKILLS = ["count", "add", "multiply", "measure"]
KNOWN = {
    "new": [0.1, 0.1, 0.1, 0.1],
    "begun": [0.99, 0.3, 0.1, 0.6],
    "done": [0.99, 0.97, 0.95, 0.96],
}


def override(action, target, student=None, **more):
    return Override(action, target, student, **{"author": "Lee", "reason": "as seen", **more})


def sequencer(*overrides, **options):
    tracker = FakeTracker(SKILLS, KNOWN)
    options = {"policy": MasteryThreshold(), "random_state": 0, **options}
    return Sequencer(chain(), tracker, overrides=overrides, **options)


def test_a_pin_comes_first_whatever_the_policy_says():
    made = sequencer(override("pin", "multiply", "new"))
    first, second, other = made.recommend(["new", "begun"], n=2)[:3]
    assert (first.lesson, first.propensity_method, first.purpose) == (
        "multiply",
        "override",
        "assigned",
    )
    assert not first.by_policy
    assert first.reason.code == "pinned"
    assert first.reason.text == 'Lee chose "multiply": as seen.'
    assert first.overrides == (override("pin", "multiply", "new"),)
    assert (second.lesson, second.by_policy) == ("count", True)
    assert (other.student, other.lesson, other.overrides) == ("begun", "measure", ())
    assert Decision.from_dict(json.loads(json.dumps(first.to_dict()))) == first


def test_a_ban_and_a_deferral_leave_a_lesson_out_and_the_record_says_so():
    made = sequencer(override("ban", "measure", "begun"), override("defer", "count", expires=100.0))
    new, begun = made.recommend(["new", "begun"], now=50.0)
    assert (new.lesson, new.reason.code) == (None, "barred")
    assert begun.lesson == "add"
    assert [one.action for one in begun.overrides] == ["ban", "defer"]
    new, begun = made.recommend(["new", "begun"], now=100.0)
    assert new.lesson == "count"  # the deferral has expired, the ban has not
    assert begun.lesson == "add"
    found = made.explain("begun", "measure")
    assert found.status == "barred"
    assert found.text == 'Lee does not want "measure" for begun now: as seen.'
    assert found.score is None


def test_all_lessons_banned_is_no_lesson():
    made = sequencer(*(override("ban", lesson) for lesson in SKILLS))
    (decision,) = made.recommend("new", n=5)
    assert (decision.lesson, decision.propensity, decision.candidates) == (None, 1.0, ())
    assert len(decision.overrides) == 4
    assert decision.reason.code == "barred"
    assert decision.reason.text == (
        "Teachers have banned or deferred every lesson that could be given now."
    )
    assert "banned or deferred" in decision.sentence("teacher")
    assert "ask your teacher" in decision.sentence("student")
    (done,) = made.recommend("done")  # who has nothing left to learn is told that, not of bans
    assert done.reason.code == "all_mastered"
    assert made.recommend(["new", "done"]).codes().tolist() == ["barred", "all_mastered"]


def test_bans_of_what_a_policy_without_a_criterion_allows():
    def anything(context):
        return np.zeros((len(context.students), 4)), np.ones((len(context.students), 4), bool)

    made = sequencer(*(override("ban", lesson) for lesson in SKILLS), policy=anything)
    assert made.recommend("new")[0].reason.code == "barred"


def test_an_override_that_has_expired_is_gone():
    grant = override("grant", "count", "new", expires=100.0)
    made = sequencer(override("pin", "multiply", "new", expires=100.0), grant)
    held, lapsed = (made.recommend("new", n=2, now=now) for now in (99.9, 100.0))
    assert held[0].lesson == "multiply"
    assert held[1].lesson in ("add", "measure")
    assert [one.lesson for one in lapsed] == ["count"]
    assert (lapsed[0].overrides, lapsed[0].by_policy) == ((), True)
    assert made.explain("new", "add", now=100.0).status == "blocked"


def test_a_grant_counts_as_mastered():
    made = sequencer(override("grant", "count", "new"))
    lessons = {one.lesson for one in made.recommend("new", n=9)}
    assert lessons == {"add", "measure"}


def test_of_a_pin_and_a_ban_of_one_lesson_the_later_counts():
    pin, ban = override("pin", "count", "begun"), override("ban", "count", "begun")
    assert sequencer(ban, pin).recommend("begun")[0].lesson == "count"
    assert sequencer(pin, ban).recommend("begun")[0].lesson == "measure"


def test_a_pin_can_be_withdrawn():
    school = chain()
    pin = override("pin", "multiply", "new")
    held = Overrides(school, [pin])
    made = Sequencer(school, FakeTracker(SKILLS, KNOWN), overrides=held)
    assert made.recommend("new")[0].lesson == "multiply"
    decided = made.recommend("new")
    held.withdraw(pin)
    assert made.recommend("new")[0].lesson == "count"
    assert decided[0].overrides == (pin,)  # the record keeps what was decided then
    with pytest.raises(ParameterError, match="not among them"):
        held.withdraw(pin)


@given(st.data())
@settings(max_examples=trials(600), deadline=None)
def test_overrides_always_win(data):
    actions = st.tuples(
        st.sampled_from(["pin", "ban", "grant"]),
        st.sampled_from(SKILLS),
        st.sampled_from([*KNOWN, None]),
    )
    made = [override(*one) for one in data.draw(st.lists(actions, max_size=6))]
    name = data.draw(st.sampled_from(["mastery", "random", "balanced"]))
    decisions = sequencer(*made, policy=preset(name)).recommend([*KNOWN], n=2)
    for student in KNOWN:
        mine = [one for one in decisions if one.student == student]
        last = {
            one.target: one.action
            for one in made
            if one.student in (student, None) and one.action in ("pin", "ban")
        }
        banned = {target for target, action in last.items() if action == "ban"}
        pinned = [target for target, action in last.items() if action == "pin"]
        assert not banned & {one.lesson for one in mine}
        assert {one.lesson for one in mine if not one.by_policy} <= set(pinned)
        if pinned:
            assert mine[0].lesson in pinned
        lessons = [one.lesson for one in mine]
        assert len(set(lessons)) == len(lessons)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Override("pin", "count"), "author is empty"),
        (lambda: override("defer", "count"), "needs the time it expires"),
        (lambda: override("skip", "count"), "action must be"),
        (lambda: override("ban", "count", expires=float("nan")), "expires must be"),
        (lambda: sequencer(override("ban", "cuont")), "no such lesson .*did you mean 'count'"),
        (lambda: sequencer(override("grant", "juggle")), "no such skill"),
    ],
)
def test_bad_overrides(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_goal_prunes_what_it_does_not_need():
    school = chain()
    goals = Goals(school, {"begun": "multiply"}, default="measure")
    np.testing.assert_array_equal(goals.weights(["begun", "new"]), [[1, 1, 1, 0], [1, 0, 0, 1]])
    made = Sequencer(school, FakeTracker(SKILLS, KNOWN), goals=goals, random_state=0)
    assert [one.lesson for one in made.recommend(["new", "begun"])] == ["count", "add"]


def test_a_goal_that_is_reached_says_so():
    goals = Goals(chain(), {"begun": "count"})
    (decision,) = sequencer(goals=goals).recommend("begun")
    assert (decision.lesson, decision.reason.code) == (None, "goal_reached")
    (done,) = sequencer(goals=goals).recommend("done")
    assert done.reason.code == "all_mastered"


def test_targets_may_be_lessons_several_or_weighed():
    school = Curriculum.from_dict(
        {"prerequisites": [["a", "b"], ["a", "c"]], "lessons": {"both": ["b", "c"], "first": ["a"]}}
    )
    goals = Goals(school, {1: "both", 2: ["b"], 3: {"b": 0.5, "c": 2}})
    np.testing.assert_array_equal(
        goals.weights([1, 2, 3, 4]), [[1, 1, 1], [1, 1, 0], [2, 0.5, 2], [1, 1, 1]]
    )


def test_goals_and_overrides_are_of_the_sequencers_curriculum():
    other = Curriculum.from_dict({"prerequisites": [["add", "count"]]})
    same = Goals(chain(), {"new": "add"})  # equal, though not the same object
    assert sequencer(goals=same).recommend("new")[0].lesson == "count"
    with pytest.raises(ParameterError) as caught:
        Sequencer(
            chain(),
            FakeTracker(SKILLS, KNOWN),
            goals=Goals(other, {"new": "add"}),
            overrides=Overrides(other, [override("grant", "add")]),
        )
    assert len(caught.value.problems) == 2
    assert all("of another curriculum" in problem for problem in caught.value.problems)
    with pytest.raises(ParameterError, match=r"goals is a dict; expected Goals\(curriculum"):
        sequencer(goals={"new": "add"})


def test_bad_goals_are_all_named():
    with pytest.raises(ParameterError) as caught:
        Goals(chain(), {"a": "cuont", "b": {"count": -1}, "c": [], "d": {"add": float("inf")}})
    assert len(caught.value.problems) == 4
    assert "did you mean 'count'" in caught.value.problems[0]


def test_time_to_the_goal_is_that_of_the_model():
    school = Curriculum.from_dict(
        {
            "prerequisites": [["a", "b"]],
            "lessons": [
                {"lesson": "la", "skills": ["a"], "minutes": 10},
                {"lesson": "lb", "skills": ["b"], "minutes": 5},
            ],
        }
    )
    tracker = FakeTracker(["a", "b"], {"ann": [0.0, 0.0], "ben": [0.99, 0.0], "cy": [0.99, 0.99]})
    tracker.learning_rates = lambda: np.array([0.5, 0.25])  # type: ignore[attr-defined]
    made = Sequencer(school, tracker, MasteryThreshold(), goals=Goals(school, {"ann": "a"}))
    found = made.time_to_goal(["ann", "ben", "cy"])
    assert found.median[2] == found.upper[2] == 0
    # Two answers to show it, and a geometric number with mean 2 of 10 minutes; 4 of 5 minutes.
    assert 30 <= found.median[0] <= 40
    assert 20 <= found.median[1] <= 30
    assert np.all(found.lower[:2] < found.median[:2])
    assert np.all(found.median[:2] < found.upper[:2])
    # At .999 it takes three more answers to show it, and two where .99 is believed.
    strict = Sequencer(school, tracker, goals=Goals(school, {"ann": "a"})).time_to_goal(
        ["ann", "ben", "cy"]
    )
    assert strict.median[0] == found.median[0] + 3 * 10
    assert strict.median[1] == found.median[1] + 3 * 5 + 2 * 10
    assert strict.median[2] == 2 * 10 + 2 * 5
    no_lesson = Curriculum.from_dict({"skills": ["a", "b"], "lessons": {"la": ["a"]}})
    far = Sequencer(no_lesson, tracker, goals=Goals(no_lesson, {"ann": "b"}))
    assert far.time_to_goal("ann").median.tolist() == [np.inf]
    (decision,) = far.recommend("ann")
    assert decision.reason.code == "none_open"
    assert decision.reason.text == (
        "No lesson is open: 1 skill is not mastered, but what comes before it is not known well "
        "enough, or no lesson teaches it."
    )


def test_a_goal_counts_for_every_way_to_it():
    school = Curriculum.from_dict(
        {
            "skills": ["fractions", "decimals", "percent"],
            "prerequisites": [[["fractions", "decimals"], "percent"]],
        }
    )
    assert Goals(school, {"ann": "percent"}).weights(["ann"]).tolist() == [[1, 1, 1]]


def test_what_is_wrong_with_mappings_is_listed_by_place_and_name() -> None:
    good = {"action": "ban", "target": "count", "author": "Lee", "reason": "as seen"}
    wrong: list[Any] = [
        {**good, "studnet": "ann", 7: "x"},
        good,
        {"author": "Lee", "reason": "as seen"},
        "ban",
        {**good, "author": "", "action": "bann"},
    ]
    made = Overrides(chain())
    with pytest.raises(ParameterError) as caught:
        made.add(*wrong)
    told = "\n".join(caught.value.problems)
    for part in (
        "override 0: no field 'studnet' (did you mean 'student'?); there are 'action', 'target'",
        "override 0: no field 7",
        "override 2: action is missing",
        "override 2: target is missing",
        "override 3 is a str; expected an Override or a mapping",
        "override 4: author is empty",
        "override 4: action must be one of",
    ):
        assert part in told
    assert len(made) == 0
    made.add(good)
    with pytest.raises(ParameterError, match=r"no field 'expire'.*did you mean 'expires'"):
        Sequencer(chain(), FakeTracker(SKILLS, KNOWN), overrides=[{**good, "expire": 3.0}])


def test_who_and_why_are_texts() -> None:
    with pytest.raises(ParameterError, match="reason must be a text, got inf"):
        Override("ban", "add", author="Ms Lee", reason=float("inf"))  # type: ignore[arg-type]
