"""``adaptlearn plan``: what it prints and writes is what the library gives, and what it refuses."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import CURRICULUM, Run, answers, csv_text

import adaptlearn
from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.cli.completion import options_of
from adaptlearn.cli.demonstration.plans import ASKED, with_standards
from adaptlearn.cli.parser import build_parser
from adaptlearn.cli.plan.plan import VERBS
from adaptlearn.planning import (
    Calendar,
    LearningPlan,
    Needs,
    PastDay,
    PromotionRules,
    form_class_groups,
    form_groups,
    learning_plan,
    plan_day,
    promotion_report,
)
from adaptlearn.sequencing import preset

SCHOOL = {**CURRICULUM, "standards": {"sums": ["add", "subtract"], "tables": ["multiply"]}}
DAY: dict[str, Any] = {
    "day": [{"name": "flex", "start": "9:00", "minutes": 50}],
    "seats": {"Ms Lee": {"lessons": ["times tables"], "seats": 5}},
}
WEEK: dict[str, Any] = {
    "slots": [
        {"label": name, "smallest": 2, "largest": 6} for name in ("Monday", "Tuesday", "Friday")
    ],
    "at_least": 0,
}
AUTUMN: dict[str, Any] = {
    "first": "2026-09-01",
    "last": "2026-12-18",
    "minutes": {"Tue": 20, "Thu": 20},
}
RULES: dict[str, Any] = {"rules": {"sums": "sums", "both": {"all_of": ["sums", "tables"]}},
         "days": 1, "review_after": None}  # fmt: skip
ASKS: dict[str, dict[str, Any]] = {
    "day": DAY, "groups": WEEK, "learning": {"calendar": AUTUMN}, "promotion": RULES,
}  # fmt: skip


@pytest.fixture
def curriculum(tmp_path: Path) -> Path:
    path = tmp_path / "curriculum.json"
    path.write_text(json.dumps(SCHOOL))
    return path


class Files:
    """A model, a log and a curriculum on disk, and what the library makes of them."""

    def __init__(self, run: Run, model: Path, log: Path, curriculum: Path) -> None:
        self.run, self.folder = run, log.parent
        self.paths = (model, log, curriculum)
        self.log = ResponseLog.from_file(log)
        tracker = MasteryTracker(adaptlearn.load(model), practice=True).update(self.log)
        school = Curriculum.from_json(curriculum)
        self.sequencer = Sequencer(school, tracker, preset("provisional"), random_state=0)
        self.students = self.log.student.labels.tolist()

    def write(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def plan(self, verb: str, asked: Any, *options: object) -> Any:
        path = self.write(f"{verb}.json", asked)
        return self.run("plan", verb, *self.paths, path, *options)

    def json(self, verb: str, asked: Any, *options: object) -> Any:
        done = self.plan(verb, asked, "--json", *options)
        assert done.code == 0, done.err
        return json.loads(done.out)


@pytest.fixture
def files(run: Run, model: Path, log: Path, curriculum: Path) -> Files:
    return Files(run, model, log, curriculum)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def as_json(content: Any) -> Any:
    return json.loads(json.dumps(content))


def test_a_day_is_the_librarys(files: Files) -> None:
    plan = plan_day(files.sequencer, files.students, **DAY)
    assert files.json("day", DAY) == as_json(plan.to_dict())
    done = files.plan("day", DAY)
    assert (done.code, done.out) == (0, f"{plan}\n")
    one = files.plan("day", DAY, "--students", "003").out
    assert one == f"{plan_day(files.sequencer, '003', **DAY)}\n"


def test_a_day_is_written_read_and_compared(files: Files) -> None:
    table, monday = files.folder / "day.csv", files.folder / "monday.json"
    plan = plan_day(files.sequencer, files.students, **DAY)
    done = files.plan("day", DAY, "-o", table)
    assert (done.out, done.err) == ("", f"wrote {table}: {len(plan.table()['lesson'])} rows\n")
    assert [(row["student"], row["lesson"], row["minutes"]) for row in rows(table)] == [
        (student, lesson, str(minutes))
        for student, lesson, minutes in zip(
            *(plan.table()[name].tolist() for name in ("student", "lesson", "minutes")),
            strict=True,
        )
    ]
    files.plan("day", DAY, "-o", monday)
    assert PastDay.load(monday).by_lesson() == plan.past.by_lesson()
    told = files.json("day", DAY, "--yesterday", monday)
    assert told == as_json(
        plan_day(files.sequencer, files.students, yesterday=plan, **DAY).to_dict()
    )
    later = {**DAY, "seats": {}}
    other = plan_day(files.sequencer, files.students, **later)
    changes = files.json("day", later, "--changed-from", monday)
    assert changes == other.changed_from(plan).to_dicts()
    assert changes


def test_lists_may_stand_in_csv_files(files: Files) -> None:
    files.write("pins.csv", "student,lesson,block\n001,adding up,flex\n002,taking away,flex\n")
    files.write("asks.csv", "lesson;priority;student\ntimes tables;2.5;003\n")
    files.write("time.csv", "student,factor\n004,1.5\n")
    files.write("levels.csv", "student,lowest,highest\n005,3,5\n")
    listed = {
        **DAY,
        "pins": [
            {"student": "001", "lesson": "adding up", "block": "flex"},
            {"student": "002", "lesson": "taking away", "block": "flex"},
        ],
        "requests": [{"student": "003", "lesson": "times tables", "priority": 2.5}],
        "extra_time": {"004": 1.5},
        "levels": {"005": [3, 5]},
    }
    named = {
        **DAY, "pins": "pins.csv", "requests": "asks.csv", "extra_time": "time.csv",
        "levels": "levels.csv",
    }  # fmt: skip
    expected = as_json(plan_day(files.sequencer, files.students, **listed).to_dict())
    assert files.json("day", listed) == files.json("day", named) == expected
    assert "a teacher pinned it to this block" in expected["lessons"]["reason"]
    assert files.json("day", DAY) != expected


def test_groups_are_the_librarys(files: Files) -> None:
    asked = {**WEEK, "together": [["001", "002"]], "fixed": {"Monday": ["003"]}}
    groups = form_groups(Needs.of(files.sequencer, files.students), **asked)
    assert files.json("groups", asked) == as_json(groups.to_dict())
    assert files.plan("groups", asked).out == f"{groups}\n"
    files.write("apart.csv", "group,student\na,001\na,002\nb,005\nb,006\nb,007\n")
    apart = [["001", "002"], ["005", "006", "007"]]
    told = files.json("groups", {**WEEK, "apart": "apart.csv"})
    assert told == files.json("groups", {**WEEK, "apart": apart})


def test_groups_of_classes(files: Files) -> None:
    halves = {"4a": files.students[:20], "4b": files.students[20:]}
    lines = [f"{name},{student}" for name, own in halves.items() for student in own]
    files.write("classes.csv", "\n".join(["class,student", *lines]) + "\n")
    school = form_class_groups(Needs.of(files.sequencer, files.students), classes=halves, **WEEK)
    asked = {**WEEK, "classes": "classes.csv"}
    told = files.json("groups", asked)
    assert told == as_json([{"class": name, **own.to_dict()} for name, own in school.items()])
    printed = files.plan("groups", asked).out
    assert printed == f"== class 4a\n{school['4a']}\n\n== class 4b\n{school['4b']}\n"
    path = files.folder / "seats.csv"
    files.plan("groups", asked, "-o", path)
    found = rows(path)
    assert len(found) == sum(len(groups.table()["student"]) for groups in school.values())
    assert {(row["class"], row["student"] in halves[row["class"]]) for row in found} == {
        ("4a", True), ("4b", True),
    }  # fmt: skip


def test_learning_plans_are_the_librarys(files: Files) -> None:
    asked = {"calendar": AUTUMN, "start": "2026-09-14"}
    plan = learning_plan(
        files.sequencer, files.students, Calendar(**AUTUMN), start="2026-09-14", responses=files.log
    )
    assert files.plan("learning", asked).out == f"{plan}\n"
    path, school = files.folder / "plans.json", files.sequencer.curriculum
    files.plan("learning", asked, "-o", path)
    assert LearningPlan.load(path, school).to_dict() == plan.to_dict()
    assert files.json("learning", asked, "--dates") == plan.dates().to_dicts()
    table = files.folder / "plans.csv"
    files.plan("learning", asked, "-o", table)
    assert [row["week"] for row in rows(table)] == [*map(str, plan.table()["week"])]
    later = {"calendar": {**AUTUMN, "minutes": 5}}
    moved = files.json("learning", later, "--changed-from", path)
    new = learning_plan(files.sequencer, files.students, Calendar("2026-09-01", "2026-12-18", 5))
    assert moved == new.changed_from(plan).to_dicts()
    assert {row["what"] for row in moved} >= {"date"}


def test_promotion_is_the_librarys(files: Files) -> None:
    rules = PromotionRules(files.sequencer.curriculum, RULES)
    report = promotion_report(files.sequencer, None, rules, log=files.log)
    found = files.json("promotion", RULES)
    assert {**found, "time": None} == {**as_json(report.to_dict()), "time": None}
    assert files.plan("promotion", RULES).out == f"{report}\n"
    sums = files.json("promotion", RULES, "--rule", "sums", "--by-standard")
    assert {row["standard"] for row in sums} == {"sums"}
    assert len(sums) == 40
    ready = files.json("promotion", RULES, "--ready")
    met = report.students[report.recommended].tolist()
    assert [one["student"] for one in ready["students"]] == met
    held = next(one["student"] for one in found["students"] if one["missing"])
    grants = [f"{name},{held},Ms Lee,on paper" for name in ("sums", "tables")]
    path = files.write("grants.csv", "\n".join(["standard,student,author,reason", *grants]) + "\n")
    after = files.json("promotion", RULES, "--grants", path, "--ready")
    (granted,) = [one for one in after["students"] if one["student"] == held]
    assert {one["author"] for one in granted["granted"]} == {"Ms Lee"}


def test_students_may_be_integers(run: Run, model: Path, curriculum: Path, log: Path) -> None:
    log.write_text(csv_text([[str(int(row[0])), *row[1:]] for row in answers()]))
    files = Files(run, model, log, curriculum)
    asked = {**DAY, "extra_time": {"7": 1.5}, "pins": "pins.csv"}
    files.write("pins.csv", "student,lesson,block\n7,adding up,flex\n")
    plan = plan_day(
        files.sequencer, [7, 8], DAY["day"], seats=DAY["seats"], extra_time={7: 1.5},
        pins=[{"student": 7, "lesson": "adding up", "block": "flex"}],
    )  # fmt: skip
    told = files.json("day", asked, "--students", "7,8")
    assert told == as_json(plan.to_dict())
    assert told["lessons"]["student"][0] == 7
    groups = {**WEEK, "fixed": {"Monday": ["7"]}, "classes": {"4a": ["7", "8", 9]}}
    assert files.json("groups", groups)[0]["slots"][0]["students"][0] == 7


@pytest.mark.parametrize("verb", ASKS)
def test_what_is_asked_wrongly_is_told_at_once(files: Files, verb: str) -> None:
    done = files.plan(verb, "{")
    assert (done.code, f"{verb}.json: 1 problem" in done.err) == (1, True)
    if verb == "promotion":
        done = files.plan(verb, {**RULES, "confidence": 95, "rules": {"a": "sum"}})
        assert (done.code, "'sum'" in done.err, "confidence" in done.err) == (1, True, True)
        return
    needed = next(iter(ASKS[verb]))
    done = files.plan(verb, {f"{needed}x": 1, "pins": "no.csv"})
    assert done.code == 1
    assert f"no field '{needed}x' (did you mean '{needed}'?)" in done.err
    assert f"  - {needed} is missing" in done.err
    assert "no.csv: No such file" in done.err
    done = files.plan(verb, [])
    assert (done.code, "it holds a list; expected an object" in done.err) == (1, True)


def test_a_day_refuses_all_at_once(files: Files) -> None:
    asked = {
        "day": [{"name": "flex", "start": "9:00", "minutes": 50}, {"name": "x", "at": 1}],
        "floors": {"practise": 10},
        "pins": [{"student": "0001", "lesson": "adding", "block": "flex"}],
    }
    done = files.plan("day", asked, "--students", "000,zoe")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {files.folder / 'day.json'}: 5 problems\n")
    for told in ("'zoe'", "'practise'", "'0001'", "'adding'", "is not a Block"):
        assert told in done.err


def test_faults_of_csv_lists_are_told_at_once(files: Files) -> None:
    files.write("pins.csv", "student,lesson\n001,adding up\n")
    files.write("asks.csv", "student,lesson,priority\n001,adding up,much\n,taking away,1\n")
    files.write("time.csv", "student,factor\n001,1.5\n001,2\n")
    asked = {
        **DAY, "pins": "pins.csv", "requests": "asks.csv", "extra_time": "time.csv",
        "electives": "none.csv",
    }  # fmt: skip
    done = files.plan("day", asked)
    assert done.code == 1
    for told in (
        "5 problems",
        "pins.csv: no column 'block'; there are 'student', 'lesson'",
        "asks.csv: column 'priority': 1 row (row 0) hold no number; the first is 'much'",
        "asks.csv: column 'student': 1 row (row 1) without a value",
        "time.csv: student stands in more than one row: '001'",
        "none.csv: No such file",
    ):
        assert told in done.err


def test_a_calendar_and_a_pace_are_checked_together(files: Files) -> None:
    asked = {"calendar": {"first": "2026-09-01", "minute": 20}, "pace": {"spread": 9}}
    done = files.plan("learning", asked)
    assert done.code == 1
    for told in ("4 problems", "no field 'minute' (did you mean 'minutes'?)", "last is missing",
                 "calendar: minutes is missing", "pace: spread must be"):  # fmt: skip
        assert told in done.err
    done = files.plan("learning", {"calendar": 5})
    assert "calendar is 5; expected an object with first, last" in done.err


def test_wrong_usage(files: Files) -> None:
    assert files.run("plan").code == 2
    done = files.plan("day", DAY, "-o", "plan.txt")
    assert (done.code, "'plan.txt' must end in .csv or .json" in done.err) == (2, True)
    done = files.plan("day", DAY, "--yestrday", "x")
    assert (done.code, "did you mean --yesterday?" in done.err) == (2, True)
    old = files.write("old.json", {"students": []})
    for verb, option in (("day", "--yesterday"), ("learning", "--changed-from")):
        done = files.plan(verb, ASKS[verb], option, old)
        assert (done.code, "old.json: 1 problem" in done.err) == (1, True)
        assert "its format is None" in done.err


def test_progress_is_told(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int | None]] = []
    monkeypatch.setattr(
        "adaptlearn.cli.progress.work_bars",
        lambda _: lambda doing, _units, done, total: told.append((doing, done, total)),
    )
    for verb, asked in ASKS.items():
        extra = {"classes": {"4a": files.students}} if verb == "groups" else {}
        assert files.plan(verb, {**asked, **extra}).code == 0
    assert ("choosing lessons", 40, 40) in told
    assert ("forming groups", 1, 1) in told
    assert ("planning lessons", 40, 40) in told
    assert ("looking at evidence", 1, 1) in told


def test_the_examples_work_and_completion_knows_the_verbs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("demo", "--output", tmp_path / "demo").code == 0
    monkeypatch.chdir(tmp_path)
    for name in VERBS:
        program, *typed = shlex.split(run("plan", name, "--help").out.splitlines()[-1])
        assert (program, *typed[:2]) == ("adaptlearn", "plan", name)
        done = run(*typed)
        assert (done.code, done.err) == (0, "")
        assert len(done.out.splitlines()) > 3
    commands = build_parser().parse_args(["completion", "bash"]).commands
    assert {*VERBS, "--yesterday", "--by-standard"} <= {*options_of(commands)["plan"]}
    assert {path.name for path in (tmp_path / "demo").iterdir()} >= {*ASKED}


def test_the_demos_standards_hold_every_skill_once() -> None:
    school = adaptlearn.simulation.simulate_school(n_students=20, n_skills=8, random_state=1)
    standards = with_standards(school.curriculum)["standards"]
    held = [skill for skills in standards.values() for skill in skills]
    assert sorted(held) == sorted(school.curriculum["skills"])
    assert all(standards.values())
