"""What a teacher would not accept: the same lesson for ever, and nobody who is told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.models import BKT
from adaptlearn.sequencing import Decision, Goals, Override, preset, replay

SKILLS = ["count", "add", "multiply", "measure"]
POLICIES = ("provisional", "mastery", "zpdes", "balanced", "fixed_order", "random", "alosi")
MODEL = BKT.from_parameters(
    {
        "skill": ["count", "add"],
        **{name: [value] * 2 for name, value in
           {"prior": 0.3, "learn": 0.1, "guess": 0.2, "slip": 0.1}.items()},
    }
)  # fmt: skip


def course(lessons: Any, prerequisites: Any = ()) -> Curriculum:
    return Curriculum.from_dict({"lessons": lessons, "prerequisites": [*prerequisites]})


def taught(
    policy: str, school: Curriculum, right: set[str], n: int = 60, *, recorded: bool = False
) -> list[Any]:
    """The decisions for a student who fails everything but some skills."""
    tracker = MasteryTracker(MODEL, practice=True)
    done: dict[str, list[Any]] = {"ann": []}
    made = Sequencer(
        school,
        tracker,
        preset(policy),
        new_students=True,
        random_state=0,
        lessons_done=done if recorded else None,
    )
    decisions = []
    for _ in range(n):
        (decision,) = made.recommend("ann")
        decisions.append(decision)
        if decision.lesson is None:
            break
        done["ann"].append(decision.lesson)
        for skill in school.skills_of(decision.lesson).tolist():
            tracker.update({"student": ["ann"], "skill": [skill], "correct": [int(skill in right)]})
    return decisions


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("policy", POLICIES)
def test_who_fails_gets_another_lesson_on_the_skill_and_then_a_teacher(
    policy: str, recorded: bool
) -> None:
    school = course({"count 1": ["count"], "count 2": ["count"]})
    *given, last = taught(policy, school, right=set(), recorded=recorded)
    assert len(given) == 20
    assert (last.lesson, last.reason.code) == (None, "ask_teacher")
    times = Counter(decision.lesson for decision in given)
    if recorded:
        assert set(times.values()) == {10}
    else:  # the answers tell that ten went to the first
        assert {decision.lesson for decision in given[10:]} == {"count 2"}
        assert times["count 1"]
    assert [one.alerts for one in given[:10]] == [()] * 10
    for place, one in enumerate(given[10:], 10):
        told = {"skill": "count", "answers": place, "teacher": False}
        assert one.alerts == (("stuck", told),)
    assert last.alerts == (("stuck", {"skill": "count", "answers": 20, "teacher": True}),)


@pytest.mark.parametrize("policy", POLICIES)
def test_who_fails_goes_back_to_what_comes_before(policy: str) -> None:
    school = course({"counting": ["count"], "adding": ["add"]}, [["count", "add"]])
    *given, last = taught(policy, school, right={"count"}, n=100)
    assert last.reason.code == "ask_teacher"
    lessons = [decision.lesson for decision in given]
    first = lessons.index("adding")
    assert set(lessons[:first]) == {"counting"}
    # Ten answers, then what comes before as often; ten more, the same again, and a teacher.
    more = 10 - first
    expected = ["adding"] * 10 + ["counting"] * more + ["adding"] * 10 + ["counting"] * 10
    assert lessons[first:] == expected
    assert {one.lesson for one in given if one.purpose == "remediation"} == {"counting"}


def test_the_stuck_wait_and_say_for_what() -> None:
    tracker = FakeTracker(SKILLS, {"ann": [0.9995, 0.9995, 0.3, 0.9995]})
    made = Sequencer(chain(), tracker)
    for counts, expected, waits in (
        ([5, 5, 9, 5], "multiply", None),
        ([5, 5, 12, 5], "add", "before"),
        ([30, 30, 12, 30], "multiply", None),
        ([30, 30, 31, 30], "add", None),
        ([40, 40, 31, 40], None, "teacher"),
    ):
        tracker.given = np.array([counts])
        (decision,) = made.recommend("ann")
        explanation = made.explain("ann", "multiply")
        if waits is not None:
            assert (decision.lesson, explanation.waits_for) == (expected, waits)
            assert explanation.status == "waiting"
            assert "waits" in str(explanation)
        elif expected == "multiply":
            assert (decision.lesson, explanation.status) == ("multiply", "eligible")
    assert decision.reason.code == "ask_teacher"
    pin = Override("pin", "multiply", "ann", author="Ms Lee", reason="with me")
    (decision,) = Sequencer(chain(), tracker, overrides=[pin]).recommend("ann")
    assert decision.lesson == "multiply"
    assert decision.alerts[0].details["teacher"]


def test_who_gets_on_is_not_sent_away() -> None:
    school = course({"count 1": ["count"]})
    tracker = FakeTracker(["count"], {"ann": [0.7]})
    tracker.given = np.array([[25]])
    (decision,) = Sequencer(school, tracker, preset("mastery")).recommend("ann")
    assert decision.lesson == "count 1"
    assert decision.alerts == (("stuck", {"skill": "count", "answers": 25, "teacher": True}),)
    # Known well enough to go on: it is made sure of.
    tracker.known[:] = 0.9
    assert Sequencer(school, tracker).recommend("ann")[0].alerts == ()


def test_others_in_the_class_are_as_they_were() -> None:
    rng = np.random.default_rng(0)
    school = Curriculum.from_dict(
        {"skills": SKILLS, "prerequisites": [["count", "add"]],
         "lessons": {f"{skill} {part}": [skill] for skill in SKILLS for part in (1, 2, 3)}}
    )  # fmt: skip
    tracker = FakeTracker(SKILLS, rng.random((40, 4)))
    counts = rng.integers(0, 30, (40, 4))

    class Given(FakeTracker):
        def counts(self, students: Any) -> Any:
            return counts[list(students)]

    tracker = Given(SKILLS, tracker.known)
    for name in ("provisional", "mastery", "balanced"):
        whole = Sequencer(school, tracker, preset(name), random_state=0)
        blocks = Sequencer(school, tracker, preset(name), random_state=0, block_size=7)
        assert list(whole.recommend(range(40), n=3)) == list(blocks.recommend(range(40), n=3))
        free = Sequencer(school, tracker, preset(name), random_state=0, wheel_spinning=None)
        calm = [bool((given < 10).all()) for given in counts]
        for one, other in zip(whole.recommend(range(40)), free.recommend(range(40)), strict=True):
            if calm[int(one.student)]:
                assert (one.lesson, one.score) == (other.lesson, other.score)
            assert sum(candidate.propensity for candidate in one.candidates) in (
                pytest.approx(1), 0,
            )  # fmt: skip


def test_remediation_takes_over_what_the_policy_wanted() -> None:
    """Other work is not preferred to it because what is mastered gains nothing."""
    school = course(
        {"counting": ["count"], "adding": ["add"], "measuring": ["measure"]}, [["count", "add"]]
    )
    tracker = FakeTracker(["count", "add", "measure"], {"ann": [0.9995, 0.2, 0.4]})
    tracker.given = np.array([[4, 10, 0]])
    (decision,) = Sequencer(school, tracker).recommend("ann")
    assert (decision.lesson, decision.purpose) == ("counting", "remediation")
    ban = Override("ban", "counting", author="Ms Lee", reason="not again")
    (decision,) = Sequencer(school, tracker, overrides=[ban]).recommend("ann")
    assert decision.lesson == "adding"
    aims = Goals(school, {"ann": "measure"})
    (decision,) = Sequencer(school, tracker, goals=aims).recommend("ann")
    assert decision.lesson == "measuring"


def test_lessons_that_were_done_give_way_to_fresh_ones() -> None:
    school = course({f"count {part}": ["count"] for part in (1, 2, 3)})
    done: dict[Any, Any] = {"ann": {"count 1": 12}, "ben": ["count 3", "gone", "count 1"]}
    made = Sequencer(
        school, FakeTracker(["count"], {"ann": [0.1], "ben": [0.1]}), lessons_done=done
    )
    assert [one.lesson for one in made.recommend(["ann", "ben"])] == ["count 2", "count 2"]
    done["ben"].append("count 2")  # read at each call
    assert made.recommend("ben")[0].lesson == "count 1"
    explanation = made.explain("ann", "count 1")
    assert (explanation.status, explanation.waits_for) == ("waiting", "fresher")
    assert "done less often" in str(explanation)
    table = made.context("ann").lessons_done
    assert table is not None
    assert table.tolist() == [[12, 0, 0]]


@pytest.mark.parametrize(
    ("done", "error", "message"),
    [
        ({"ann": {"count 1": 1.5}}, ParameterError, "'ann', 'count 1': .*integer.*1.5"),
        ({"ann": {"count 1": -1}}, ParameterError, "got -1"),
        ({7: ["count 1"]}, UnknownLabelError, "7"),
        ({"ann": [7]}, UnknownLabelError, "7"),
        ({"ann": [None]}, UnknownLabelError, "None"),
    ],
)
def test_a_record_that_counts_for_nobody_is_refused(done: Any, error: Any, message: str) -> None:
    tracker = FakeTracker(["count"], {"ann": [0.1]})
    made = Sequencer(course({"count 1": ["count"]}), tracker, lessons_done=done)
    with pytest.raises(error, match=message):
        made.recommend("ann")


def test_lessons_done_is_a_mapping() -> None:
    tracker = FakeTracker(["count"], {"ann": [0.1]})
    with pytest.raises(ParameterError, match="lessons_done is a list; expected a mapping"):
        Sequencer(course({"count 1": ["count"]}), tracker, lessons_done=["count 1"])  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["provisional", "mastery", "fixed_order", "random"])
def test_several_lessons_are_of_several_skills(policy: str) -> None:
    lessons = {f"{skill} {part}": [skill] for skill in SKILLS for part in (1, 2, 3)}
    tracker = FakeTracker(SKILLS, {"ann": [0.4, 0.3, 0.2, 0.1]})
    made = Sequencer(course(lessons), tracker, preset(policy), random_state=1)
    given = [str(one.lesson) for one in made.recommend("ann", n=6)]
    assert sorted(lesson.split()[0] for lesson in given[:4]) == sorted(SKILLS)
    assert len({*given}) == 6  # then what is left
    for one in made.recommend("ann", n=6):
        assert sum(candidate.propensity for candidate in one.candidates) == pytest.approx(1)


def test_alerts_are_on_record_and_in_words() -> None:
    tracker = FakeTracker(SKILLS, {"ann": [0.9995, 0.9995, 0.3, 0.1]})
    tracker.given = np.array([[2, 9, 25, 0]])
    decisions = Sequencer(chain(), tracker).recommend("ann", n=2)
    first, second = decisions
    stuck = ("stuck", {"skill": "multiply", "answers": 25, "teacher": True})
    assert first.alerts == (stuck, ("evidence", {"skill": "count", "answers": 2}))
    assert (first.lesson, second.lesson) == ("measure", "add")
    assert second.alerts == (stuck,)
    for one in decisions:
        assert Decision.from_dict(one.to_dict()) == one
    said = first.sentence("teacher")
    assert 'Please look: ann is stuck on "multiply" (25 answers).' in said
    assert 'That ann knows "count" rests on few answers (2).' in said
    assert "stuck" not in first.sentence("student")
    assert "Please look" in str(replay(decisions, "ann"))
    grant = Override("grant", "count", "ann", author="Ms Lee", reason="on paper")
    first = Sequencer(chain(), tracker, overrides=[grant]).recommend("ann", n=2)[0]
    assert first.alerts == (stuck,)


def test_enrichment_does_not_come_before_instruction() -> None:
    lessons = [
        {"lesson": "chess", "skills": ["chess"], "kind": "enrichment", "minutes": 5},
        {"lesson": "counting", "skills": ["count"], "minutes": 60},
    ]
    school = Curriculum.from_dict({"lessons": lessons})
    tracker = FakeTracker(["chess", "count"], {"ann": [0.0, 0.0], "ben": [0.0, 0.9995]})
    decisions = Sequencer(school, tracker, preset("balanced")).recommend(["ann", "ben"])
    assert [one.lesson for one in decisions] == ["counting", "chess"]
    # What the goal does not need is left out, extras too.
    aims = Goals(school, default="count")
    decisions = Sequencer(school, tracker, preset("balanced"), goals=aims).recommend("ben")
    assert decisions[0].reason.code == "goal_reached"
