"""What a teacher would not accept: the same lesson for ever, and nobody who is told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.sequencing.fakes import FakeTracker, chain

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ModelFileError, ParameterError, UnknownLabelError
from adaptlearn.models import BKT
from adaptlearn.sequencing import Decision, Goals, Override, preset, replay
from adaptlearn.sequencing.knowledge import ProbabilityThreshold, WheelSpinning

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
    # Ten answers, then what comes before as often; ten more, and a teacher.
    expected = ["adding"] * 10 + ["counting"] * (10 - first) + ["adding"] * 10
    assert lessons[first:] == expected
    assert {one.lesson for one in given if one.purpose == "remediation"} == {"counting"}


def test_the_stuck_wait_and_say_for_what() -> None:
    tracker = FakeTracker(SKILLS, {"ann": [0.9995, 0.9995, 0.3, 0.9995]})
    made = Sequencer(chain(), tracker)
    for counts, expected, waits in (
        ([5, 5, 9, 5], "multiply", None),
        ([5, 5, 12, 5], "add", "before"),
        ([30, 30, 12, 30], "multiply", None),
        ([5, 5, 31, 5], None, "teacher"),
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
    tracker = FakeTracker(["count"], {"ann": [0.85]})
    tracker.given = np.array([[25]])
    (decision,) = Sequencer(school, tracker, preset("mastery")).recommend("ann")
    assert decision.lesson == "count 1"
    assert decision.alerts == (("stuck", {"skill": "count", "answers": 25, "teacher": True}),)
    # Known well enough to go on: it is made sure of.
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
    school = course({"count 1": ["count"]})
    with pytest.raises(error, match=message):
        Sequencer(school, tracker, lessons_done=done).recommend("ann")


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
    (first,) = decisions
    stuck = ("stuck", {"skill": "multiply", "answers": 25, "teacher": True})
    assert first.alerts == (stuck, ("evidence", {"skill": "count", "answers": 2}))
    assert first.lesson == "measure"
    for one in decisions:
        assert Decision.from_dict(one.to_dict()) == one
    said = first.sentence("teacher")
    assert 'Please look: ann is stuck on "multiply" (25 answers).' in said
    assert 'There is little evidence that ann knows "count" (answers: 2).' in said
    assert "stuck" not in first.sentence("student")
    assert "Please look" in str(replay(decisions, "ann"))
    grant = Override("grant", "count", "ann", author="Ms Lee", reason="on paper")
    (first,) = Sequencer(chain(), tracker, overrides=[grant]).recommend("ann")
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


def stuck(
    school: Curriculum, known: list[float], counts: list[int], policy: Any = None, **more: Any
) -> Any:
    """A sequencer for ann, who knows so much and has answered so often."""
    tracker = FakeTracker(school.skills.tolist(), {"ann": known})
    tracker.given = np.array([counts])
    return Sequencer(school, tracker, policy, random_state=0, **more)


@pytest.mark.parametrize("name", ["provisional", "mastery", "zpdes", "balanced"])
def test_constant_failure_ends_with_a_teacher_whatever_the_model_believes(name: str) -> None:
    values = {"prior": 0.3, "learn": 0.35, "guess": 0.2, "slip": 0.3}  # failing for ever: .56
    model = BKT.from_parameters({"skill": ["count"], **{k: [v] for k, v in values.items()}})
    tracker = MasteryTracker(model, practice=True)
    failed = {"student": ["ann"] * 60, "skill": ["count"] * 60, "correct": [0] * 60}
    made = Sequencer(course({"count 1": ["count"]}), tracker.update(failed), preset(name))
    assert made.recommend("ann")[0].reason.code == "ask_teacher"


def test_one_skill_that_needs_a_teacher_is_enough() -> None:
    school = course({"both": ["count", "add"], "measuring": ["measure"]})
    made = stuck(school, [0.1, 0.85, 0.2], [60, 60, 0], preset("mastery"))
    assert made.recommend("ann")[0].lesson == "measuring"
    assert made.explain("ann", "both").waits_for == "teacher"


@pytest.mark.parametrize(("answers", "after"), [(3, 5), (5, 8), (25, 50)])
def test_the_settings_of_wheel_spinning_decide(answers: int, after: int) -> None:
    school = course({"count 1": ["count"], "count 2": ["count"]})
    given = []
    for n in range(after + 1):
        spinning = WheelSpinning(answers, after)
        made = stuck(school, [0.1], [n], preset("fixed_order"), wheel_spinning=spinning)
        given.append(made.recommend("ann")[0].lesson)
    assert given == ["count 1"] * answers + ["count 2"] * (after - answers) + [None]


def test_extras_on_the_skill_are_held_back_too() -> None:
    lessons = [
        {"lesson": "core", "skills": ["count"]},
        {"lesson": "game", "skills": ["count"], "kind": "enrichment"},
    ]
    made = stuck(Curriculum.from_dict({"lessons": lessons}), [0.1], [30], preset("balanced"))
    assert made.recommend("ann")[0].reason.code == "ask_teacher"


def test_nobody_goes_back_to_what_a_teacher_has_granted_or_to_a_way_not_taken() -> None:
    skills = ["count", "add", "a", "b"]
    before = {"add": ["count", ["a", "b"]]}
    school = Curriculum.from_dict({"skills": skills, "prerequisites": before})
    known = {"count": (0.1, 0), "add": (0.2, 12), "a": (0.9995, 3), "b": (0.1, 0)}
    granted = Override("grant", "count", "ann", author="Ms Lee", reason="on paper")
    made = stuck(
        school, [known[skill][0] for skill in skills], [known[skill][1] for skill in skills],
        preset("mastery"), overrides=[granted],
    )  # fmt: skip
    (decision,) = made.recommend("ann")
    assert (decision.lesson, decision.purpose) == ("a", "remediation")


def test_explanations_know_of_bans() -> None:
    school = course({"counting": ["count"], "adding": ["add"]}, [["count", "add"]])
    ban = Override("ban", "counting", author="Ms Lee", reason="not again")
    made = stuck(school, [0.9995, 0.2], [4, 12], overrides=[ban])
    assert made.recommend("ann")[0].lesson == "adding"
    assert made.explain("ann", "adding").status == "eligible"
    two = course({"count 1": ["count"], "count 2": ["count"]})
    ban = Override("ban", "count 2", author="Ms Lee", reason="broken")
    made = stuck(two, [0.2], [2], overrides=[ban], lessons_done={"ann": ["count 1"]})
    assert made.explain("ann", "count 1").status == "eligible"
    assert made.explain("ann", "count 2").status == "barred"
    assert "Ms Lee" in str(made.explain("ann", "count 2"))


def test_what_was_done_more_often_comes_after_and_is_not_lost() -> None:
    school = course({f"count {n}": ["count"] for n in (0, 1, 2)})
    made = stuck(
        school, [0.2], [2], lessons_done={"ann": {"count 0": 3, "count 1": 2, "count 2": 1}}
    )
    decisions = made.recommend("ann", n=3)
    assert [one.lesson for one in decisions] == ["count 2", "count 1", "count 0"]
    assert "only lesson" not in decisions[0].reason.text
    assert [one.n_candidates for one in decisions] == [1, 1, 1]


def test_variety_is_of_what_is_left_to_learn_and_never_brings_an_extra_first() -> None:
    school = course({"one": ["count"], "two": ["count", "names"], "three": ["measure"]})
    known = dict(zip(["count", "names", "measure"], [0.3, 0.9995, 0.1], strict=True))
    made = stuck(school, [known[skill] for skill in school.skills.tolist()], [1, 1, 1])
    given = [one.lesson for one in made.recommend("ann", n=3)]
    assert given.index("three") < 2
    lessons = [{"lesson": f"count {n}", "skills": ["count"]} for n in (1, 2)]
    chess = {"lesson": "chess", "skills": ["chess"], "kind": "enrichment", "minutes": 1}
    made = stuck(
        Curriculum.from_dict({"lessons": [*lessons, chess]}), [0.2, 0.2], [1, 1], preset("balanced")
    )
    assert [one.lesson for one in made.recommend("ann", n=3)][-1] == "chess"


def test_a_policy_is_not_asked_why_about_lessons_that_it_did_not_offer() -> None:
    class Mine:
        criterion = ProbabilityThreshold(0.95)
        name, fingerprint = "mine", "mine"

        def score(self, context: Any) -> Any:
            table = context.curriculum.open_lessons(context.mastered)
            return np.where(table, 3.0, 0.0), table

        def reason(self, choices: Any) -> list[str]:
            assert np.isfinite(choices.lessons.score).all()
            return ["mine"] * len(choices)

    school = course({"counting": ["count"], "adding": ["add"]}, [["count", "add"]])
    (decision,) = stuck(school, [0.99, 0.2], [4, 12], Mine()).recommend("ann")
    assert (decision.lesson, decision.reason.code) == ("counting", "remediation")
    assert decision.reason.text.startswith('Back to "counting"')
    assert stuck(school, [0.99, 0.2], [4, 2], Mine()).recommend("ann")[0].reason.code == "mine"


def test_what_comes_before_is_of_the_skill_that_is_stuck() -> None:
    lessons = [
        {"lesson": "x", "skills": ["x"], "minutes": 5},
        {"lesson": "y", "skills": ["y"], "minutes": 100},
        {"lesson": "q", "skills": ["q"], "minutes": 10},
    ]
    school = Curriculum.from_dict(
        {
            "skills": ["p", "q", "x", "y"],
            "lessons": lessons,
            "prerequisites": [["p", "x"], ["q", "y"]],
        }
    )
    made = stuck(school, [0.9995, 0.9995, 0.1, 0.1], [3, 3, 12, 12])
    # No lesson teaches what comes before x: it goes on, and what is before y has y's score.
    found = {one.lesson: one.score for one in made.recommend("ann")[0].candidates}
    assert found["x"] > 0.9
    assert found["q"] == pytest.approx(found["x"] / 20, abs=0.01)
    assert made.explain("ann", "x").status == "eligible"
    assert made.explain("ann", "y").waits_for == "before"


def test_a_goal_elsewhere_does_not_send_to_a_teacher() -> None:
    school = Curriculum.from_dict(
        {"prerequisites": [["z", "measure"]], "lessons": {"counting": ["count"], "m": ["measure"]}}
    )
    counts = {"count": 30, "z": 0, "measure": 0}
    made = stuck(
        school, [0.1, 0.1, 0.1], [counts[skill] for skill in school.skills.tolist()],
        goals=Goals(school, {"ann": "measure"}),
    )  # fmt: skip
    assert made.recommend("ann")[0].reason.code == "none_open"


@pytest.mark.parametrize("done", [iter(["count 1"]), "count 1", 7])
def test_a_record_is_a_list_a_set_or_counts(done: Any) -> None:
    tracker = FakeTracker(["count"], {"ann": [0.1]})
    made = Sequencer(course({"count 1": ["count"]}), tracker, lessons_done={"ann": done})
    with pytest.raises(ParameterError, match="'ann': a list or a set of lessons"):
        made.recommend("ann")


def test_a_record_by_numpys_labels_counts() -> None:
    tracker = FakeTracker(["count"], np.array([[0.1]]))
    school = course({"count 1": ["count"], "count 2": ["count"]})
    done: Any = {np.int64(0): np.array(["count 1"])}
    made = Sequencer(school, tracker, lessons_done=done)
    assert made.recommend(0)[0].lesson == "count 2"
    with pytest.raises(UnknownLabelError):
        Sequencer(school, tracker, lessons_done={0: [], "ann": []})


@pytest.mark.parametrize(
    "alert",
    [
        ["stuck", {}],
        ["zzz", {}],
        ["stuck", {"skill": "a", "answers": -1, "teacher": True}],
        ["evidence", {"skill": "a", "answers": 1, "teacher": True}],
        ["clock", {"ahead": -5.0}],
    ],
)
def test_alerts_that_no_decision_can_have_are_refused(alert: Any) -> None:
    (decision,) = stuck(course({"count 1": ["count"]}), [0.1], [3]).recommend("ann")
    with pytest.raises(ModelFileError, match="alert"):
        Decision.from_dict({**decision.to_dict(), "alerts": [alert]})
