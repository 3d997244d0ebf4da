"""Learning plans: what always holds, and numbers that can be checked by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ModelFileError, ParameterError, UnknownLabelError
from adaptlearn.models import BKT
from adaptlearn.planning import Calendar, LearningPlan, Pace, learning_plan
from adaptlearn.sequencing import Goals, Override, ReviewSchedule, preset
from adaptlearn.sequencing.goals import lessons_left

YEAR = Calendar("2026-09-01", "2027-06-11", {"Mon": 20, "Wed": 30}, [("2026-12-21", "2027-01-08")])
DAILY = Calendar("2026-09-01", "2027-06-11", 10)
SKILLS = ["count", "add", "multiply", "divide", "draw", "measure"]
SCHOOL = {
    "skills": SKILLS,
    "prerequisites": [["count", "add"], ["add", "multiply"], ["multiply", "divide"]],
    "lessons": [
        *({"lesson": f"l-{skill}", "skills": [skill], "minutes": 10} for skill in SKILLS),
        {"lesson": "both", "skills": ["draw", "measure"], "minutes": 12},
        {"lesson": "mixed", "skills": ["count", "draw"], "minutes": 10},
    ],
    "standards": {
        "S1": ["count", "add"],
        "S2": ["multiply", "divide"],
        "S3": ["draw", "measure"],
    },
    "courses": [
        {"course": "numbers", "units": [{"unit": "u", "standards": ["S1", "S2"]}]},
        {"course": "shapes", "units": [{"unit": "u", "standards": ["S3"]}]},
    ],
}


def moment(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[arg-type,misc]


def model(skills: list[str] = SKILLS) -> BKT:
    n = len(skills)
    return BKT.from_parameters(
        {"skill": skills, "prior": [0.3] * n, "learn": [0.2] * n, "guess": [0.2] * n,
         "slip": [0.1] * n}
    )  # fmt: skip


def tracker_of(answers: list[tuple[str, str, int]]) -> MasteryTracker:
    """Answers of students, a minute after each other."""
    begin = moment(2026, 8, 24, 8)
    columns: dict[str, list[Any]] = {
        "student": [one[0] for one in answers],
        "skill": [one[1] for one in answers],
        "correct": [one[2] for one in answers],
        "time": [begin + timedelta(minutes=k) for k in range(len(answers))],
    }
    tracker = MasteryTracker(model(), practice=True)
    return tracker.update(columns) if answers else tracker


def sequencer_of(answers: list[tuple[str, str, int]] = [], **parts: Any) -> Sequencer:  # noqa: B006
    school = Curriculum.from_dict(SCHOOL)
    if "goals" in parts:
        parts["goals"] = Goals(school, parts["goals"])
    return Sequencer(school, tracker_of(answers), new_students=True, random_state=0, **parts)


def minutes_by_week(plan: LearningPlan) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for student, week, _, _, minutes in zip(*plan.table().values(), strict=True):
        key = student, str(week)
        found[key] = found.get(key, 0.0) + minutes
    return found


answers = st.lists(
    st.tuples(st.sampled_from(["ann", "ben", "cy"]), st.sampled_from(SKILLS), st.integers(0, 1)),
    max_size=40,
)
calendars = st.builds(
    lambda minutes, start, length: Calendar(
        "2026-09-01", "2027-06-11", minutes,
        [(f"2026-{start:02}-03", f"2026-{start:02}-{3 + length:02}")],
    ),
    st.dictionaries(st.sampled_from(["Mon", "Tue", "Sat"]), st.integers(1, 60), min_size=1),
    st.integers(9, 12),
    st.integers(0, 25),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=trials(2000), deadline=None)
@given(
    answers,
    calendars,
    st.lists(st.sampled_from(["numbers", "shapes"]), min_size=1, unique=True),
    st.sampled_from([None, "l-add", "both"]),
    st.sampled_from(["provisional", "mastery"]),
)
def test_what_always_holds(
    given_answers: list[tuple[str, str, int]],
    calendar: Calendar,
    courses: list[str],
    banned: str | None,
    policy: str,
) -> None:
    check(given_answers, calendar, courses, banned, policy)


@pytest.mark.parametrize("banned", [None, "l-add", "both"])
@pytest.mark.parametrize("courses", [["numbers"], ["shapes"], ["numbers", "shapes"]])
def test_what_always_holds_in_short(banned: str | None, courses: list[str]) -> None:
    rows = [("ann", "count", 1)] * 8 + [("ben", skill, k % 2) for k, skill in enumerate(SKILLS * 2)]
    check(rows, YEAR, courses, banned, "provisional")
    check(rows, Calendar("2026-09-01", "2026-09-18", 7), courses, banned, "mastery")


def check(
    given_answers: list[tuple[str, str, int]],
    calendar: Calendar,
    courses: list[str],
    banned: str | None,
    policy: str,
) -> None:
    bans = [] if banned is None else [Override("ban", banned, "ben", author="t", reason="r")]
    sequencer = sequencer_of(given_answers, policy=preset(policy), overrides=bans)
    plan = learning_plan(sequencer, ["ann", "ben", "cy", "new"], calendar, course=courses)
    school, weeks, expected = sequencer.curriculum, plan.weeks, plan.expected

    # No week has more than its free minutes, and a break has none.
    free: dict[str, float] = {}
    for day, own in zip(calendar.days.tolist(), calendar.free.tolist(), strict=True):
        monday = str(day - timedelta(days=day.weekday()))
        free[monday] = free.get(monday, 0.0) + own
    assert all(own <= free[week] + 1e-6 for (_, week), own in minutes_by_week(plan).items())

    # All minutes until the goal are planned, or the calendar is full.
    total = np.bincount(weeks.student, weeks.minutes, len(plan))
    way = walk_minutes(plan, sequencer, calendar, courses)
    assert total == pytest.approx(np.minimum(way, calendar.total), abs=1e-6)

    # A lesson stays inside the course, is never banned, and is never waived.
    inside = {skill for course in courses for skill in school.courses.skills_of(course)}
    waived = set(zip(*[plan.waived().table()[name] for name in ("student", "skill")], strict=True))
    for row, lesson in zip(weeks.student.tolist(), weeks.lesson.tolist(), strict=True):
        taught = set(school.skills_of(school.lessons[lesson]))
        assert taught <= inside
        assert (plan.students[row], school.lessons[lesson]) != ("ben", banned)
        assert not {(plan.students[row], skill) for skill in taught} <= waived

    # Days are in order, and have minutes.
    columns = plan.dates().table()
    for first, middle, last, met in zip(
        columns["earliest"], columns["expected"], columns["latest"], columns["met"], strict=True
    ):
        days = [day for day in (first, middle, last) if not np.isnat(day)]
        assert days == sorted(days)
        assert np.isnat(last) or len(days) == 3
        assert all(day in calendar.days for day in days)
        assert not met or {*days} == {calendar.days[0]}
    assert (expected.lower <= expected.median).all()
    assert (expected.median <= expected.upper).all()

    # The order of the students changes nothing.
    again = learning_plan(sequencer, ["new", "cy", "ann", "ben"], calendar, course=courses)
    again = again.of(plan.students.tolist())
    for one, other in zip((*again.weeks, *again.expected), (*weeks, *expected), strict=True):
        assert np.array_equal(one, other)


def walk_minutes(
    plan: LearningPlan, sequencer: Sequencer, calendar: Calendar, courses: list[str]
) -> np.ndarray:
    """Minutes until no lesson is left, or twice the calendar: from a longer calendar's plan."""
    long = Calendar(calendar.first, "2050-06-11", 1440)
    found = learning_plan(sequencer, plan.students.tolist(), long, course=courses)
    return np.bincount(found.weeks.student, found.weeks.minutes, len(plan))


def test_the_goal_takes_the_expected_minutes_of_its_skills_at_the_own_pace() -> None:
    sequencer = sequencer_of([("ann", "count", 1)] * 8 + [("ann", "add", 0)] * 5)
    plan = learning_plan(sequencer, ["ann", "new"], YEAR, course="numbers")
    context = sequencer.context(["ann", "new"])
    inside = [SKILLS.index(skill) for skill in ("count", "add", "multiply", "divide")]
    lessons = lessons_left(context, n_items=5).mean[:, inside].sum(axis=1)
    planned = np.bincount(plan.weeks.student, plan.weeks.minutes)
    assert planned == pytest.approx(10 * lessons * plan.pace)
    assert plan.pace[0] > plan.pace[1] == 1.0


def test_the_pace_is_minutes_spent_over_minutes_saved() -> None:
    # 8 answers are 16 minutes of lessons of 10; the model expected what is left to be shorter by d.
    sequencer = sequencer_of([("ann", "draw", 0)] * 8)
    first, now = sequencer.context(["new"]), sequencer.context(["ann"])
    begun, left = (lessons_left(one, n_items=5) for one in (first, now))
    at = SKILLS.index("draw")
    done = 10 * (begun.mean[0, at] - left.mean[0, at])
    usual = 10 * begun.variance[0, at] / begun.mean[0, at] / 0.3**2
    expected = (16 + usual) / (max(done, -usual / 2) + usual)
    assert learning_plan(sequencer, "ann", YEAR).pace.tolist() == pytest.approx([expected])


def test_days_are_the_nearest_to_the_ends_of_the_minutes() -> None:
    plan = learning_plan(sequencer_of(), "new", DAILY, course="numbers")
    lower, median, upper = (float(table[0, 0]) for table in plan.expected[2:])

    def day_of(minutes: float) -> np.datetime64:
        return DAILY.days[int(np.ceil(minutes / 10)) - 1]

    (goal,) = plan.dates("goal").to_dicts()
    # A day has ten minutes: from half a day after its beginning on, the next day is nearer.
    expected = [day_of(lower + 5), day_of(median), day_of(upper - 5)]
    assert [goal[name] for name in ("earliest", "expected", "latest")] == [*map(str, expected)]
    assert len({*expected}) == 3


def test_standards_come_in_the_order_of_the_lessons() -> None:
    plan = learning_plan(sequencer_of(), "new", YEAR, course="numbers")
    median = dict(zip(plan.targets.labels, plan.expected.median[0], strict=True))
    assert 0 < median["S1"] < median["S2"] <= median["numbers"] == median["goal"]
    assert not plan.expected.asked[0, plan.targets.labels.index("S3")]
    assert plan.milestones().table()["target"].tolist() == ["goal", ("numbers", "u"), "numbers"]


def test_goals_bound_the_plan() -> None:
    plan = learning_plan(sequencer_of(goals={"ann": "add"}), "ann", YEAR)
    assert set(plan.table()["lesson"]) == {"l-count", "l-add"}
    assert plan.dates("standard").table()["target"].tolist() == ["S1"]
    assert np.isfinite(plan.expected.median[0, 0])


def test_a_goal_outside_the_course_asks_for_nothing() -> None:
    made = sequencer_of(goals={"ann": "draw", "ben": "add"})
    plan = learning_plan(made, ["ann", "ben"], YEAR, course="numbers")
    assert set(plan.table()["student"]) == {"ben"}
    assert str(plan).splitlines()[2].split()[:2] == ["ann", "none"]
    assert plan.dates("goal").table()["student"].tolist() == ["ben"]


def test_a_skill_behind_another_course_is_never_reached() -> None:
    school = {**SCHOOL, "prerequisites": [["count", "draw"]]}
    made = Sequencer(
        Curriculum.from_dict(school), tracker_of([]), new_students=True, random_state=0
    )
    plan = learning_plan(made, "ann", YEAR, course="shapes")
    (goal,) = plan.dates("goal").to_dicts()
    assert goal["latest"] is None
    assert set(plan.table()["lesson"]) == {"l-measure"}
    both = learning_plan(made, "ann", YEAR, course=["numbers", "shapes"])
    assert both.dates("goal").to_dicts()[0]["latest"] is not None


def test_pins_come_first_and_grants_are_waived() -> None:
    orders = [
        Override("pin", "l-draw", "ann", author="t", reason="r"),
        Override("grant", "count", "ann", author="t", reason="r"),
    ]
    plan = learning_plan(sequencer_of(overrides=orders), "ann", YEAR)
    first = plan.table()
    assert (first["lesson"][0], first["purpose"][0]) == ("l-draw", "assigned")
    assert plan.waived().to_dicts() == [
        {"student": "ann", "skill": "count", "mastery": pytest.approx(0.3), "answers": 0,
         "days": -1, "granted": True}
    ]  # fmt: skip
    assert "l-count" not in first["lesson"]


def test_reviews_are_planned_when_they_fall_due() -> None:
    rows = [("ann", skill, 1) for skill in SKILLS for _ in range(9) if skill != "divide"]
    tracker = tracker_of(rows)
    school = Curriculum.from_dict(SCHOOL)
    reviewing = Sequencer(school, tracker, review=ReviewSchedule(), random_state=0)
    slow = Calendar("2026-09-01", "2027-06-11", {"Mon": 30})
    plan = learning_plan(reviewing, "ann", slow, now=moment(2026, 9, 1))
    table = plan.table()
    assert set(table["purpose"]) == {"new", "review"}
    assert "l-divide" in set(table["lesson"][table["purpose"] == "new"])
    # Nine right answers: P(recall) of .9 lasts 6.1 days from 24 August, so all are due at once.
    assert table["purpose"][0] == "review"
    without = learning_plan(Sequencer(school, tracker, random_state=0), "ann", slow)
    assert plan.expected.median[0, 0] > without.expected.median[0, 0]


def test_who_is_stuck_is_on_the_list_for_the_teacher() -> None:
    plan = learning_plan(sequencer_of([("ann", "draw", 0)] * 40), ["ann", "new"], YEAR)
    assert plan.for_teacher().to_dicts() == [{"student": "ann", "skill": "draw", "answers": 40}]


def test_evidence_counts_days_of_answers() -> None:
    tracker = MasteryTracker(model())
    log = {
        "student": ["ann"] * 9,
        "skill": ["draw"] * 9,
        "correct": [1] * 9,
        "time": [moment(2026, 8, 24 + k // 3, 9, k) for k in range(9)],
    }
    made = Sequencer(Curriculum.from_dict(SCHOOL), tracker.update(log), random_state=0)
    (waived,) = learning_plan(made, "ann", YEAR, responses=log).waived().to_dicts()
    assert (waived["skill"], waived["answers"], waived["days"]) == ("draw", 9, 3)


def test_a_plan_says_what_moved_and_which_answers_moved_it() -> None:
    sequencer = sequencer_of([("ann", "count", 1), ("ben", "count", 1)])
    old = learning_plan(sequencer, ["ann", "ben", "cy"], DAILY, course="numbers")
    assert len(old.changed_from(old)) == 0
    sequencer.tracker.update(  # type: ignore[attr-defined]
        {"student": ["ann"] * 8, "skill": ["count"] * 8, "correct": [1] * 8,
         "time": [moment(2026, 9, 2, 9, k) for k in range(8)]}
    )  # fmt: skip
    new = learning_plan(sequencer, ["ben", "ann"], DAILY, course="numbers")
    rows = new.changed_from(old).to_dicts()
    assert {row["student"] for row in rows} == {"ann"}
    (waived,) = [row for row in rows if row["what"] == "waived"]
    assert (waived["name"], waived["now"]) == ("count", "1.00")
    assert waived["because"].startswith("8 answers on count (0.")
    (goal,) = [row for row in rows if row["name"] == "goal"]
    days = old.dates("goal").table()["expected"][0], new.dates("goal").table()["expected"][1]
    assert (goal["before"], goal["now"]) == tuple(map(str, days))
    assert goal["days"] == (days[1] - days[0]).astype(int) < 0
    other = Curriculum.from_dict({**SCHOOL, "courses": []})
    with pytest.raises(ParameterError, match="another curriculum"):
        learning_plan(
            Sequencer(other, tracker_of([]), new_students=True), "ann", YEAR
        ).changed_from(old)


def test_a_saved_plan_is_read_back_and_compared(tmp_path: Path) -> None:
    school, path = Curriculum.from_dict(SCHOOL), tmp_path / "plans.json"
    sequencer = sequencer_of([("ann", "count", 1), ("ben", "count", 1)])
    old = learning_plan(sequencer, ["ann", "ben", "cy"], DAILY, course="numbers")
    old.save(path)
    read = LearningPlan.load(path, school)
    assert read.to_dict() == old.to_dict()
    assert str(read) == str(old)
    brief = learning_plan(sequencer, ["ann"], Calendar("2026-09-01", "2026-09-01", 10))
    assert np.isinf(brief.expected.median).any()
    again = LearningPlan.from_dict(json.loads(json.dumps(brief.to_dict())), school)
    assert again.to_dict() == brief.to_dict()
    assert np.array_equal(again.expected.upper, brief.expected.upper)
    sequencer.tracker.update(  # type: ignore[attr-defined]
        {"student": ["ann"] * 8, "skill": ["count"] * 8, "correct": [1] * 8,
         "time": [moment(2026, 9, 2, 9, k) for k in range(8)]}
    )  # fmt: skip
    new = learning_plan(sequencer, ["ben", "ann"], DAILY, course="numbers")
    assert len(new.changed_from(read)) > 0
    assert new.changed_from(read).to_dicts() == new.changed_from(old).to_dicts()
    with pytest.raises(ModelFileError, match="another curriculum"):
        LearningPlan.load(path, Curriculum.from_dict({**SCHOOL, "courses": []}))
    text = path.read_text()
    for damaged in (text[:-30], text.replace('"cy"', '"cyd"'), "{}", ""):
        path.write_text(damaged)
        with pytest.raises(ModelFileError, match=r"plans\.json: 1 problem"):
            LearningPlan.load(path, school)


@pytest.mark.parametrize(
    ("part", "value", "told"),
    [
        ("students", ["ann", "ann"], "students name one of them twice"),
        ("students", None, "students are not a list"),
        ("pace", [1.0], "pace has shape"),
        ("pace", [1.0, -1.0], "pace holds values outside"),
        ("n_items", 0, "n_items is 0"),
        ("calendar", None, "calendar is missing"),
        ("calendar", {"first": "2026-09-01"}, "calendar: "),
        ("calendar", {"first": "x", "last": "2026-09-01", "minutes": 5}, "first is 'x'"),
        ("lessons", [], "lessons is not a table"),
        ("expected", {}, "lower"),
        ("evidence", None, "mastery"),
    ],
)
def test_what_is_no_saved_plan_is_refused(part: str, value: Any, told: str) -> None:
    plan = learning_plan(sequencer_of(), ["ann", "ben"], DAILY)
    content = {**plan.to_dict(), part: value}
    with pytest.raises(ParameterError) as caught:
        LearningPlan.from_dict(content, plan.curriculum)
    assert any(told in problem for problem in caught.value.problems)
    columns = plan.to_dict()["lessons"]
    for name, wrong in (("student", "zoe"), ("lesson", "l-cont"), ("week", "2026-08-30")):
        broken = {**columns, name: [wrong, *columns[name][1:]]}
        with pytest.raises(ParameterError, match=wrong):
            LearningPlan.from_dict({**plan.to_dict(), "lessons": broken}, plan.curriculum)


def test_followed_is_the_share_of_the_planned_minutes_that_was_done() -> None:
    plan = learning_plan(sequencer_of(), ["ann", "ben"], YEAR, course="numbers")
    # The first week has the Wednesday's 30 minutes; l-count comes first.
    table = plan.of("ann").table()
    assert (table["lesson"][0], table["week"][0]) == ("l-count", np.datetime64("2026-08-31"))
    assert table["minutes"][0] == 10
    log = {
        "student": ["ann"] * 10 + ["ben"],
        "skill": ["count"] * 5 + ["draw"] * 5 + ["count"],
        "correct": [1] * 11,
        "time": [moment(2026, 9, 2, 9, k) for k in range(10)] + [moment(2026, 9, 7)],
    }
    ann, ben = plan.followed(log).to_dicts()
    # Five answers on counting are a lesson of 10 minutes, as planned; drawing was not planned.
    assert ann == {
        "student": "ann", "planned": 30, "done": 10, "other": 10, "followed": pytest.approx(1 / 3)
    }  # fmt: skip
    assert ben["followed"] == 0
    assert plan.followed(log, "2026-09-08").to_dicts()[1]["done"] > 0
    with pytest.raises(ParameterError, match="no week with minutes has the day 2026-12-24"):
        plan.followed(log, "2026-12-24")


def test_every_fault_is_told_at_once() -> None:
    made = sequencer_of()
    with pytest.raises(ParameterError) as caught:
        learning_plan(
            Sequencer(made.curriculum, made.tracker, lambda context: (0, 0)),  # type: ignore[arg-type]
            "ann", "2026", n_items=0, pace=2.0,  # type: ignore[arg-type]
        )  # fmt: skip
    assert [problem[:40] for problem in caught.value.problems] == [
        "n_items must be an integer in [1, 12], g",
        "the policy <lambda> does not say what co",
        "calendar is a str; expected a Calendar",
        "pace is a float; expected a Pace",
    ]
    with pytest.raises(ParameterError, match="students is empty; name at least one student"):
        learning_plan(made, [], YEAR)
    with pytest.raises(ParameterError) as caught:
        learning_plan(made, ["ann", "ben"], YEAR, course={"ann": ["number", "forms"]})
    assert caught.value.problems == (
        "no course for 'ben'",
        "no course 'number' (did you mean 'numbers'?)",
        "no course 'forms'",
    )
    strict = Sequencer(made.curriculum, tracker_of([("anna", "add", 1)]))
    with pytest.raises(UnknownLabelError, match="did you mean 'anna'"):
        learning_plan(strict, "ann", YEAR)
    plan = learning_plan(made, "ann", YEAR)
    with pytest.raises(ParameterError, match="no kind of targets 'standards'"):
        plan.dates("standards")
    with pytest.raises(UnknownLabelError, match="did you mean 'ann'"):
        plan.of("anne")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"spread": 0}, "spread must be a number in (0, 3], got 0"),
        ({"whole": ((5, 1), ((0, 0, 0),) * 3)}, "whole: edges must rise, got (5.0, 1.0)"),
        ({"parts": ((5,), ((0, 0, 0),))}, "parts: 1 edges part 2 ranges; errors has 1"),
        (
            {"parts": ((), ((1, 0, 2),))},
            "parts: errors must hold triples that rise, got (1.0, 0.0, 2.0)",
        ),
    ],
)
def test_a_pace_that_is_none(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Pace(**arguments)
    assert said in caught.value.problems


def test_many_students_are_planned_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    sequencer = sequencer_of([("ann", "count", 1)] * 8 + [("ben", "draw", 0)] * 5)
    names = ["ann", "ben", "cy"]
    whole = learning_plan(sequencer, names, YEAR)
    monkeypatch.setattr("adaptlearn.planning.learning.learning_plan.TOGETHER", 2)
    parts = learning_plan(sequencer, names, YEAR)
    assert np.array_equal(whole.expected.median, parts.expected.median)
    assert all(map(np.array_equal, whole.weeks, parts.weeks))
    assert "ann" in str(parts)
    assert parts._repr_html_().count("<tr>") == 4
    assert len(parts.to_frame("pandas")) == len(parts.weeks.minutes)
