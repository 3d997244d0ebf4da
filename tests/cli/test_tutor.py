"""``adaptlearn tutor``: the loop over a store, verb by verb."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tests.cli.conftest import Run, answers, csv_text

import adaptlearn
from adaptlearn import Curriculum, MasteryTracker, Tutor
from adaptlearn.cli.tutor.tutor import VERBS


@pytest.fixture
def store(run: Run, model: Path, curriculum: Path, tmp_path: Path) -> Path:
    path = tmp_path / "school"
    assert run("tutor", "init", path, model, curriculum).out.endswith(
        "3 skills, 3 lessons, 0 students\n"
    )
    return path


def counts(run: Run, *arguments: object) -> dict[str, int]:
    done = run("tutor", "record", *arguments, "--json")
    assert done.code == 0, done.err
    return {status: n for status, n in json.loads(done.out).items() if n}


def opened(store: Path) -> Tutor:
    """The tutor of an application over the same files."""
    return Tutor.open(
        store / "events.db",
        model=adaptlearn.load(store / "model.json"),
        curriculum=Curriculum.from_json(store / "curriculum.json"),
    )


def test_what_is_recorded_gives_the_states_of_the_log(run: Run, store: Path, log: Path) -> None:
    assert store.stat().st_mode & 0o777 == 0o700
    assert counts(run, store, log) == {"new": 720}
    assert counts(run, store, log) == {"known": 720}
    model = adaptlearn.load(store / "model.json")
    expected = MasteryTracker(model).update(adaptlearn.ResponseLog.from_file(log)).mastery()
    with opened(store) as tutor:
        found = tutor.mastery()
    assert found.students.tolist() == expected.students.tolist()
    assert np.array_equal(found.value, expected.value)


def test_next_lessons_are_on_record(run: Run, store: Path, log: Path) -> None:
    run("tutor", "record", store, log)
    done = run("tutor", "next", store, "--students", "001,new one", "--n", "2", "--seed", "0")
    assert done.out.splitlines()[0].split() == ["student", "rank", "lesson", "reason"]
    told = json.loads(run("tutor", "next", store, "--students", "001", "--json").out)
    with opened(store) as tutor:
        steps = [step.decision.to_dict() for step in tutor.replay("001").steps]
        assert steps[-1] == told[0]
        assert len(tutor.replay("new one").steps) >= 1
    said = run("tutor", "next", store, "--students", "001", "--words", "student").out
    assert "for the student" in said


def test_export_forget_and_verify(run: Run, store: Path, log: Path, tmp_path: Path) -> None:
    run("tutor", "record", store, log)
    assert run("tutor", "verify", store).out == "720 events of 40 students: all is as recorded\n"
    held = json.loads(run("tutor", "export", store, "007").out)
    assert [one["content"]["correct"] for one in held["events"]] == [
        int(row[2]) for row in answers() if row[0] == "007"
    ]
    path = tmp_path / "held.json"
    assert run("tutor", "export", store, "007", "-o", path).err == f"wrote {path}: 18 events\n"
    assert json.loads(path.read_text()) == held
    assert run("tutor", "forget", store, "007").out == "erased 007: 18 events\n"
    assert counts(run, store, log) == {"known": 702, "erased": 18}
    assert json.loads(run("tutor", "forget", store, "007", "--json").out)["erased"] == 0
    told = json.loads(run("tutor", "--json", "verify", store).out)
    assert (told["ok"], told["students"], told["damaged"]) == (True, 39, [])


def test_verify_tells_of_damage_and_conflicts(
    run: Run, store: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("tutor", "record", store, log)
    monkeypatch.setattr("adaptlearn.storage.sqlite.SQLiteStore.check", lambda _: ["page 7"])
    done = run("tutor", "verify", store)
    assert (done.code, done.out.splitlines()[1]) == (1, "damaged: page 7")


def test_ids_that_contradict_each_other_are_told(run: Run, store: Path, tmp_path: Path) -> None:
    path, header = tmp_path / "one.csv", "id,student,skill,correct,time"
    path.write_text(csv_text([["a1", "mia", "add", "1", "5"]], header))
    assert counts(run, store, path) == {"new": 1}
    path.write_text(csv_text([["a1", "mia", "add", "0", "5"]], header))
    done = run("tutor", "record", store, path)
    assert "under these ids the store holds other answers; none counts: 'a1'" in done.err
    assert "1 id with contents that contradict each other" in run("tutor", "verify", store).out


def test_times_without_a_zone_need_one(run: Run, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "naive.csv"
    path.write_text(csv_text([["mia", "add", "1", "2024-07-01 08:00:00"]]))
    done = run("tutor", "record", store, path)
    assert (done.code, "as with --zone Europe/Berlin" in done.err) == (1, True)
    assert "no time zone" in run("tutor", "record", store, path, "--zone", "Mars/Base").err
    assert counts(run, store, path, "--zone", "Europe/Berlin") == {"new": 1}
    moment = datetime(2024, 7, 1, 8, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    with opened(store) as tutor:
        assert tutor.history("mia")[0].time == moment.timestamp()
    done = run("tutor", "record", store, path, "--no-time")
    assert (done.code, "name the column with --time COL" in done.err) == (1, True)


def test_wrong_answers_are_refused_or_left_out(run: Run, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_text(csv_text([["mia", "add", "1", "5"], ["mia", "ad", "1", "6"]]))
    done = run("tutor", "record", store, path)
    assert done.code == 1
    assert "event 1: unknown skill 'ad'" in done.err
    with opened(store) as tutor:
        assert not tutor.history("mia")
    done = run("tutor", "record", store, path, "--partial")
    assert done.err.startswith("warning: refused row 1: unknown skill 'ad'")
    assert done.out.splitlines()[-1].split() == ["1", "0", "0", "0", "1"]


def test_exposures_items_and_several_skills_are_kept(run: Run, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "rich.csv"
    rows = [["mia", "add;subtract", "", "5", "q1"], ["mia", "add", "1", "6", "q2"]]
    path.write_text(csv_text(rows, "student,skill,correct,time,item"))
    options = ["--skill-separator", ";", "--unanswered", "exposure"]
    assert counts(run, store, path, *options) == {"new": 2}
    with opened(store) as tutor:
        events = [entry.event for entry in tutor.history("mia")]
    assert [event.kind for event in events] == ["exposure", "answer"]
    assert dict(events[0].content) == {"skill": ["add", "subtract"], "item": "q1"}
    assert dict(events[1].content) == {"skill": "add", "item": "q2", "correct": 1}


def test_students_may_be_integers(run: Run, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "whole.csv"
    path.write_text(csv_text([["7", "add", "1", "5"]]))
    assert counts(run, store, path) == {"new": 1}
    assert (
        json.loads(run("tutor", "next", store, "--students", "7", "--json").out)[0]["student"] == 7
    )
    assert "'mia'" in run("tutor", "export", store, "mia").err


def test_a_store_takes_another_model_only_if_it_is_told_to(
    run: Run, store: Path, log: Path, curriculum: Path, tmp_path: Path
) -> None:
    run("tutor", "record", store, log)
    first, other = tmp_path / "model.json", tmp_path / "other.json"
    run("fit", log, "-o", other, "--forgetting")
    done = run("tutor", "init", store, other, curriculum)
    assert (done.code, "is a store already" in done.err) == (1, True)
    with opened(store) as tutor:
        tutor.lesson_done("001", "taking away")
    content = json.loads(curriculum.read_text())
    content["lessons"] = content["lessons"][:1]
    curriculum.write_text(json.dumps(content))
    done = run("tutor", "init", store, other, curriculum, "--replace", "--json")
    told = json.loads(done.out)
    assert told["model"] == adaptlearn.load(other).fingerprint_
    assert told["students"] == 40
    assert "warning: the curriculum has no place for this: lesson done of '001'" in done.err
    assert run("tutor", "verify", store).code == 0
    with Tutor.open(
        store / "events.db", model=adaptlearn.load(first), new_model=True,
        curriculum=Curriculum.from_json(curriculum),
    ):  # fmt: skip
        pass
    done = run("tutor", "verify", store)
    assert (done.code, "--replace` does so" in done.err) == (1, True)


def test_what_is_no_store_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("tutor", "verify", tmp_path / "nowhere")
    assert (done.code, "`adaptlearn tutor init` makes one" in done.err) == (1, True)
    assert run("tutor").code == 2
    done = run("tutor", "verify", tmp_path, "--sed", "1")
    assert (done.code, "adaptlearn tutor verify: error: unrecognized" in done.err) == (2, True)


def test_the_examples_work_one_after_another(
    run: Run, log: Path, model: Path, curriculum: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = log.parent / "demo"
    demo.mkdir()
    log.rename(demo / "responses.csv")
    model.rename(demo / "model.json")
    curriculum.rename(demo / "curriculum.json")
    monkeypatch.chdir(demo.parent)
    for name in VERBS:
        program, *typed = shlex.split(run("tutor", name, "--help").out.splitlines()[-1])
        assert (program, *typed[:2]) == ("adaptlearn", "tutor", name)
        assert run(*typed).code == 0
    assert json.loads(Path("student-001.json").read_text())["student"] == "student-001"
