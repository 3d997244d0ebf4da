"""Plans of a day: what is asked is kept, what cannot be is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.sequencing.fakes import FakeTracker

from adaptlearn import Curriculum, Sequencer
from adaptlearn.errors import DataWarning, ModelFileError, ParameterError
from adaptlearn.planning import Block, DayPlan, PastDay, minutes_worth, plan_day
from adaptlearn.sequencing import Override, preset
from adaptlearn.serialization import write_manifest

DAY = [
    Block("first", "9:00", 60),
    Block("second", "10:15", 45),
    Block("interests", "13:00", 30, kinds=["elective", "enrichment"]),
]
MODES = ("device", "teacher", "group", "offline")
STUDENTS = ["ann", "ben", "cem", "dee", "eve", "fay", "gus", "hal"]


def lessons_of(rng: Any, n_skills: int) -> list[dict[str, Any]]:
    kinds = ("instruction", "practice", "practice", "elective", "enrichment")
    return [
        {
            "lesson": f"l{place}",
            "skills": sorted({f"s{place % n_skills}", f"s{rng.integers(n_skills)}"}),
            "minutes": int(5 * rng.integers(1, 8)),
            "kind": kinds[rng.integers(len(kinds))],
            "mode": MODES[rng.integers(len(MODES))],
        }
        for place in range(3 * n_skills)
    ]


def class_of(seed: int, n_skills: int = 6) -> Sequencer:
    rng = np.random.default_rng(seed)
    skills = [f"s{place}" for place in range(n_skills)]
    school = Curriculum.from_dict(
        {
            "skills": skills,
            "lessons": lessons_of(rng, n_skills),
            "standards": [
                {"standard": f"g{grade}", "skills": skills[grade::3], "grade": grade}
                for grade in range(3)
            ],
        }
    )
    known = {student: list(rng.uniform(0.1, 0.9, n_skills)) for student in STUDENTS}
    return Sequencer(school, FakeTracker(skills, known), preset("balanced"), random_state=0)


def small(**changes: Any) -> Sequencer:
    """Two students, a lesson of each kind."""
    lessons = [
        {"lesson": "sums", "skills": ["add"], "minutes": 20},
        {"lesson": "drill", "skills": ["add"], "minutes": 15, "kind": "practice"},
        {"lesson": "clocks", "skills": ["time"], "minutes": 25, "mode": "teacher"},
        {"lesson": "chess", "skills": ["play"], "minutes": 30, "kind": "elective",
         "mode": "offline"},
    ]  # fmt: skip
    school = Curriculum.from_dict({"lessons": lessons, **changes.pop("school", {})})
    known = {student: [0.3, 0.3, 0.3] for student in ("ann", "ben")}
    tracker = FakeTracker(["add", "time", "play"], known)
    return Sequencer(school, tracker, random_state=0, **changes)


def lessons_by_student(plan: DayPlan) -> dict[Any, set[Any]]:
    table = plan.table()
    found: dict[Any, set[Any]] = {student: set() for student in plan.students}
    for student, lesson in zip(table["student"], table["lesson"], strict=True):
        found[student].add(lesson)
    return found


@settings(max_examples=trials(200))
@given(st.integers(0, 10**9))
def test_no_limit_is_ever_broken(seed: int) -> None:
    rng, sequencer = np.random.default_rng([seed, 1]), class_of(seed)
    school = sequencer.curriculum
    labs = rng.choice(school.lessons, 4, replace=False).tolist()
    seats = {"lab": {"lessons": labs[:2], "seats": 1}, "desk": {"lessons": labs[2:], "seats": 2}}
    asked: dict[str, Any] = {
        "floors": {"practice": 5 * int(rng.integers(0, 5))},
        "caps": {"practice": 40, "instruction": 5 * int(rng.integers(4, 15))},
        "device": 5 * int(rng.integers(0, 20)),
        "skill": 5 * int(rng.integers(4, 10)),
        "seats": seats if rng.random() < 0.7 else {},
        "extra_time": {"ann": 1.5},
        "levels": {"ben": (0, 1)},
    }
    first = plan_day(sequencer, STUDENTS, DAY, **asked)
    second = plan_day(sequencer, STUDENTS, DAY, yesterday=first, **asked)
    before = lessons_by_student(first)
    for plan in (first, second):
        table = plan.table()
        minutes = table["minutes"]
        assert plan.value <= plan.bound + 1e-9
        per = np.zeros((len(STUDENTS), len(DAY)), int)
        for student in STUDENTS:
            mine = table["student"] == student
            for kind, cap in asked["caps"].items():
                assert minutes[mine & (table["kind"] == kind)].sum() <= cap
            assert minutes[mine & (table["mode"] == "device")].sum() <= asked["device"]
            for skill in school.skills:
                on = np.array([skill in school.skills_of(one) for one in table["lesson"]], bool)
                assert minutes[mine & on].sum() <= asked["skill"]
            lacks = plan.missing()
            short = lacks["minutes"][lacks["student"] == student].sum()
            practised = minutes[mine & (table["kind"] == "practice")].sum()
            assert practised + short >= asked["floors"]["practice"]
            for place, block in enumerate(DAY):
                here = mine & (table["block"] == block.name)
                assert all(kind in block.kinds for kind in table["kind"][here])
                spans = sorted(
                    (int(clock.split(":")[0]) * 60 + int(clock.split(":")[1]), int(length))
                    for clock, length in zip(table["start"][here], minutes[here], strict=True)
                )
                at = block.begins
                for start, length in spans:
                    assert start >= at
                    at = start + length
                assert at <= block.begins + block.minutes
                per[STUDENTS.index(student), place] = minutes[here].sum()
        left = plan.unplaced()
        for student, free in zip(left["student"], left["minutes"], strict=True):
            assert free == 135 - per[STUDENTS.index(student)].sum()
        load = plan.load()
        assert (load["taken"] <= load["seats"]).all()
        high = {*school.standards.skills_of("g2")}
        third = {one for one in school.lessons if high & {*school.skills_of(one)}}
        assert not lessons_by_student(plan)["ben"] & third
    again = second.table()
    for student, lesson, reason in zip(
        again["student"], again["lesson"], again["reason"], strict=True
    ):
        if lesson in before[student]:
            assert reason.startswith(("its review", "the student did not finish", "a skill on"))


def test_extra_time_multiplies_minutes_and_rounds_up() -> None:
    plan = plan_day(small(), ["ann", "ben"], DAY, extra_time={"ann": 1.5})
    table = plan.table()
    took = {
        (student, lesson): int(table["minutes"][(table["student"] == student)
                                                & (table["lesson"] == lesson)].sum())
        for student in ("ann", "ben") for lesson in ("sums", "drill", "clocks")
    }  # fmt: skip
    assert took["ann", "sums"] == 30
    assert took["ann", "drill"] == 25  # 22.5, in steps of 5
    assert took["ben", "drill"] == 15
    # Extra time is no gain: the value is that of the lesson.
    assert plan.value == pytest.approx(2 * plan_day(small(), "ben", DAY).value)


def test_a_pin_stands_in_its_block_and_counts_against_caps() -> None:
    pins = [{"student": "ann", "lesson": "clocks", "block": "second"}]
    plan = plan_day(small(), ["ann", "ben"], DAY, pins=pins, caps={"instruction": 30})
    table = plan.table()
    mine = (table["student"] == "ann") & (table["lesson"] == "clocks")
    assert table["block"][mine].tolist() == ["second"]
    assert table["start"][mine].tolist() == ["10:15"]
    assert table["reason"][mine].tolist() == ["a teacher pinned it to this block"]
    assert "sums" not in lessons_by_student(plan)["ann"]
    assert plan.why_not("ann", "sums") == (
        '"sums" is not in the day: instruction has 25 of at most 30 minutes, and the lesson '
        "takes 20."
    )


def test_a_pin_takes_the_minutes_of_its_block() -> None:
    pins = [{"student": "ann", "lesson": "clocks", "block": "flex"}]
    # Chess is worth more than the drill, and takes 30 minutes: 15 are left.
    plan = plan_day(
        small(), "ann", [Block("flex", "9:00", 40)], pins=pins, electives={"ann": ["chess"]}
    )
    table = plan.table()
    assert dict(zip(table["lesson"], table["start"], strict=True)) == {
        "clocks": "9:00", "drill": "9:25",
    }  # fmt: skip
    assert len(plan.unplaced()["student"]) == 0
    alone = plan_day(small(), "ann", [Block("flex", "9:25", 15)])
    assert plan.value == pytest.approx(alone.value)


@pytest.mark.parametrize("seed", range(3))
def test_a_class_lacks_no_more_minutes_to_floors_than_it_must(seed: int) -> None:
    sequencer = class_of(seed)
    lessons = sequencer.curriculum.lessons.tolist()
    asked: dict[str, Any] = {
        "seats": {f"desk {k}": {"lessons": lessons[k::4], "seats": 1} for k in range(4)},
        "floors": {"practice": 30, "instruction": 30},
    }
    plan = plan_day(sequencer, STUDENTS, DAY, **asked)
    assert plan.short == plan_day(sequencer, STUDENTS, DAY, exact=True, **asked).short > 0
    assert plan.gap < 1e-5


def test_a_request_comes_before_what_scores_higher_and_electives_after_floors() -> None:
    flex = [Block("flex", "9:00", 30)]
    usual = plan_day(small(), "ann", flex)
    asked = plan_day(
        small(), "ann", flex, requests=[{"student": "ann", "lesson": "drill", "priority": 5}]
    )
    assert "drill" in lessons_by_student(asked)["ann"]
    assert "a teacher asked for it" in asked.table()["reason"].tolist()
    chosen = plan_day(small(), "ann", flex, electives={"ann": ["chess"]})
    assert lessons_by_student(chosen)["ann"] == {"chess"}
    floor = plan_day(small(), "ann", flex, electives={"ann": ["chess"]}, floors={"practice": 15})
    assert "chess" not in lessons_by_student(floor)["ann"]
    assert "drill" in lessons_by_student(floor)["ann"]
    assert usual.short == floor.short == 0


def test_a_lesson_longer_than_the_day_is_cut_and_goes_on_the_next_day(tmp_path: Path) -> None:
    first = plan_day(small(), "ann", [Block("flex", "9:00", 10)], skill=None)
    assert "of it fits" in first.table()["reason"][0]
    assert first.table()["share"][0] < 1
    lesson = first.table()["lesson"][0]
    first.save(tmp_path / "monday.json")
    for yesterday in (first, PastDay.load(tmp_path / "monday.json")):
        second = plan_day(small(), "ann", [Block("flex", "9:00", 45)], yesterday=yesterday)
        table = second.table()
        again = dict(zip(table["lesson"], table["reason"], strict=True))
        assert again[lesson] == "the student did not finish it yesterday"
    whole = plan_day(small(), "ann", DAY)
    rest = plan_day(small(), "ann", DAY, yesterday=whole)
    assert not lessons_by_student(rest)["ann"] & lessons_by_student(whole)["ann"]
    done = min(lessons_by_student(whole)["ann"])
    assert rest.why_not("ann", done) == f'"{done}" is not in the day: the student had it yesterday.'


def test_whoever_is_stuck_goes_to_the_teachers_list_instead_of_the_next_item() -> None:
    sequencer = small()
    tracker: Any = sequencer.tracker
    tracker.given = np.array([[40, 0, 0], [1, 1, 1]])
    plan = plan_day(sequencer, ["ann", "ben"], DAY)
    listed = plan.teacher_list()
    assert (listed["student"].tolist(), listed["skill"].tolist()) == (["ann"], ["add"])
    assert not lessons_by_student(plan)["ann"] & {"sums", "drill"}
    assert "sums" in lessons_by_student(plan)["ben"]
    assert "teacher should look first" in plan.why_not("ann", "sums")


def test_the_policys_own_next_lesson_on_a_stuck_skill_is_left_out_unless_a_teacher_gives_it() -> (
    None
):
    # Stuck, but not yet for a teacher alone: the policy would go on with another lesson.
    sequencer = small(
        school={"lessons": [
            {"lesson": "sums", "skills": ["add"], "minutes": 20},
            {"lesson": "more sums", "skills": ["add"], "minutes": 20},
            {"lesson": "sums with Ms Lee", "skills": ["add"], "minutes": 20, "mode": "teacher"},
            {"lesson": "clocks", "skills": ["time"], "minutes": 20},
            {"lesson": "chess", "skills": ["play"], "minutes": 30, "kind": "elective"},
        ]}
    )  # fmt: skip
    tracker: Any = sequencer.tracker
    tracker.given = np.array([[12, 0, 0]])
    context = sequencer.context(["ann"])
    assert context.stuck is not None
    assert context.stuck[0].tolist() == [True, False, False]
    assert "more sums" in sequencer.recommend("ann", 4).table()["lesson"].tolist()
    plan = plan_day(sequencer, "ann", DAY)
    assert lessons_by_student(plan)["ann"] & {"sums", "more sums"} == set()
    assert plan.teacher_list()["skill"].tolist() == ["add"]


def test_a_ban_of_a_teacher_holds_and_a_pin_of_the_sequencer_comes_first() -> None:
    who: dict[str, Any] = {"student": "ann", "author": "Ms Lee", "reason": "today"}
    banned = small(overrides=[Override("ban", "sums", **who)])
    assert "sums" not in lessons_by_student(plan_day(banned, "ann", DAY))["ann"]
    asked = [{"student": "ann", "lesson": "sums", "priority": 5}]
    assert "sums" not in lessons_by_student(plan_day(banned, "ann", DAY, requests=asked))["ann"]
    pinned = small(overrides=[Override("pin", "drill", **who)])
    plan = plan_day(pinned, "ann", [Block("flex", "9:00", 15)])
    assert lessons_by_student(plan)["ann"] == {"drill"}
    assert plan.table()["reason"].tolist() == ["a teacher wants it next"]


def test_results_are_plain_and_the_same_for_every_order_of_students() -> None:
    sequencer = class_of(5)
    plan = plan_day(sequencer, STUDENTS, DAY)
    turned = plan_day(sequencer, STUDENTS[::-1], DAY, n_jobs=3)
    assert lessons_by_student(plan) == lessons_by_student(turned)
    content = json.loads(json.dumps(plan.to_dict()))
    assert content["gap"] == pytest.approx(0)
    assert len(content["lessons"]["student"]) == len(plan.table()["student"])
    assert "<table>" in plan._repr_html_()
    assert repr(plan).startswith("<DayPlan: 8 students")


def test_what_changed_between_two_plans() -> None:
    before = plan_day(small(), ["ann", "ben"], [Block("flex", "9:00", 60)])
    after = plan_day(
        small(), ["ann", "ben"], [Block("flex", "9:00", 60)],
        requests=[{"student": "ann", "lesson": "chess", "priority": 9}],
    )  # fmt: skip
    changes = after.changed_from(before).table()
    new = [
        (student, lesson)
        for student, lesson, change in zip(
            changes["student"], changes["lesson"], changes["change"], strict=True
        )
        if change == "new"
    ]
    assert new == [("ann", "chess")]
    assert {*changes["student"]} == {"ann"}
    assert len(before.changed_from(before)) == 0


def test_the_exact_plan_is_at_least_as_good() -> None:
    sequencer = class_of(11)
    seats = {"lab": {"lessons": sequencer.curriculum.lessons[:6].tolist(), "seats": 1}}
    near = plan_day(sequencer, STUDENTS, DAY, seats=seats)
    best = plan_day(sequencer, STUDENTS, DAY, seats=seats, exact=True)
    assert near.value <= best.value + 1e-6
    assert near.bound >= best.value - 1e-6
    assert best.gap < 1e-4
    table = near.table()
    lesson = sequencer.curriculum.lessons[0]
    lacking = [one for one in STUDENTS if lesson not in lessons_by_student(near)[one]]
    assert all(near.why_not(one, lesson) for one in lacking)
    assert len(table["student"])


def test_the_value_of_a_lesson_can_be_replaced() -> None:
    def shortest(score: Any, minutes: Any, share: Any) -> Any:
        return share / minutes

    plan = plan_day(small(), "ann", [Block("flex", "9:00", 20)], value=shortest)
    assert lessons_by_student(plan)["ann"] == {"drill"}
    assert minutes_worth(np.array([0.0]), np.array([10.0]), np.array([1.0])) > 0


def test_unplaced_minutes_say_which_limit_binds() -> None:
    plan = plan_day(small(), "ann", DAY, device=20)
    assert "devices are used for 20 of at most 20 minutes" in plan.why_not("ann", "drill")
    assert "devices are used" in plan.unplaced()["reason"][0]
    tight = plan_day(small(), "ann", DAY, skill=20)
    assert '"add" has 20 of at most 20' in tight.why_not("ann", "drill")
    seat = {"desk": {"lessons": ["clocks"], "seats": {"first": 1}}}
    shared = plan_day(small(), ["ann", "ben"], DAY, seats=seat)
    without = next(one for one in ("ann", "ben") if "clocks" not in lessons_by_student(shared)[one])
    assert 'no seat of "desk" is left' in shared.why_not(without, "clocks")


def test_lessons_whose_minutes_are_rounded_up_are_listed() -> None:
    school = {"lessons": [{"lesson": "odd", "skills": ["add"], "minutes": 12}]}
    known = FakeTracker(["add"], {"ann": [0.3]})
    sequencer = Sequencer(Curriculum.from_dict(school), known, random_state=0)
    with pytest.warns(DataWarning, match=r"rounded up to 5: 'odd' \(12 to 15\)"):
        plan = plan_day(sequencer, "ann", DAY)
    assert plan.table()["minutes"].tolist() == [15]


def test_a_saved_plan_is_read_back(tmp_path: Path) -> None:
    sequencer = class_of(4)
    first = plan_day(sequencer, STUDENTS, DAY, device=45)
    second = plan_day(sequencer, STUDENTS, DAY[:1], yesterday=first)
    path = tmp_path / "monday.json"
    first.save(path)
    read = PastDay.load(path)
    again = plan_day(sequencer, STUDENTS, DAY[:1], yesterday=read)
    assert again.to_dict() == second.to_dict()
    assert plan_day(sequencer, STUDENTS, DAY[:1]).to_dict() != second.to_dict()
    told = [second.changed_from(old).to_dicts() for old in (first, read)]
    assert told[0] == told[1]
    assert {row["change"] for row in told[0]} == {"new", "gone"}
    assert len(first.changed_from(read)) == 0


def test_who_had_an_empty_day_is_compared_too() -> None:
    sequencer = small()
    empty = plan_day(sequencer, ["ann"], [Block("art", "9:00", 30, kinds=["enrichment"])])
    assert len(empty.table()["lesson"]) == 0
    full = plan_day(sequencer, ["ann"], DAY)
    changes = full.changed_from(empty).table()
    assert {*changes["change"]} == {"new"}
    assert {*changes["lesson"]} == lessons_by_student(full)["ann"]


def test_what_is_no_saved_plan_is_refused(tmp_path: Path) -> None:
    plan = plan_day(small(), ["ann", "ben"], DAY)
    path = tmp_path / "monday.json"
    plan.save(path)
    text = path.read_text()
    for damaged in (text[: len(text) // 2], text.replace('"ann"', '"amy"'), "{}", "[1]", ""):
        path.write_text(damaged)
        with pytest.raises(ModelFileError, match=r"monday\.json: 1 problem"):
            PastDay.load(path)
    content = plan.to_dict()
    content["lessons"]["minutes"][0] = -5
    content["lessons"]["share"][0] = 2
    content["lessons"]["student"][0] = "zoe"
    content["lessons"]["lesson"][0] = None
    with pytest.raises(ParameterError) as caught:
        PastDay.from_dict(content)
    assert len(caught.value.problems) == 4
    assert "'zoe'" in str(caught.value)
    write_manifest(path, "adaptlearn-day-plan", {**content, "students": "ann"})
    with pytest.raises(ModelFileError, match="students is not a list of students"):
        PastDay.load(path)
    del content["lessons"]["share"]
    with pytest.raises(ParameterError, match="share is not a list"):
        PastDay.from_dict(content)
    content["lessons"]["share"] = [1.0]
    with pytest.raises(ParameterError, match="different lengths"):
        PastDay.from_dict(content)
    with pytest.raises(ParameterError, match="yesterday is a dict"):
        plan.changed_from({"ann": ["sums"]})  # type: ignore[arg-type]
