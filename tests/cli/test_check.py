"""check: findings as text or JSON, and an exit code that a script can act on."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run, answers, csv_text


def test_a_sound_log_is_fine(run: Run, log: Path) -> None:
    done = run("check", log)
    assert done.code == 0
    assert done.out.startswith("ResponseLog(720 responses, 40 students, 3 skills)\nnothing found")
    assert done.err == ""


def test_an_error_is_shown_and_ends_with_code_1(run: Run, tmp_path: Path) -> None:
    rows = [[*row[:3], str(1_700_000_000_000 + 1000 * int(row[3]))] for row in answers()]
    path = tmp_path / "milliseconds.csv"
    path.write_text(csv_text([*rows, rows[0]]))
    done = run("check", path)
    assert done.code == 1
    assert "error    times-in-milliseconds" in done.out
    assert "warning  repeated-events" in done.out
    assert "1 row (row 720)" in done.out
    # The reader's own warning of the repeat would say it twice.
    assert done.err.startswith("(rows are counted from 0, the first one below the header; ")


def test_json_is_for_programs(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "repeat.csv"
    rows = answers()
    path.write_text(csv_text([rows[0], *rows]))
    done = run("check", path, "--json")
    content = json.loads(done.out)
    assert done.code == 0
    assert content["ok"] is True
    (finding,) = content["findings"]
    assert (finding["code"], finding["count"]) == ("repeated-events", 1)
    assert finding["first_rows"] == [1]


def test_column_options_are_heeded(run: Run, log: Path) -> None:
    assert "order-from-rows" in run("check", log, "--no-time").out


def test_what_cannot_be_read_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("student,skill,correct\nann,add,2\n")
    done = run("check", path)
    assert (done.code, done.out) == (1, "")
    assert "neither 0 nor 1" in done.err


def test_a_log_is_diagnosed_if_asked(run: Run, log: Path, tmp_path: Path) -> None:
    assert "govern learning" not in run("check", log).out
    plain = run("check", log, "--diagnose")
    assert plain.code == 0
    assert "nothing found\n\nResponseLog(720 responses" in plain.out
    assert "No curriculum was given." in plain.out
    skills = sorted({row[1] for row in answers()})
    path = tmp_path / "curriculum.json"
    path.write_text(json.dumps({"prerequisites": [skills[:2]]}))
    told = json.loads(run("check", log, "--curriculum", path, "--json").out)
    assert told["ok"] is True
    assert told["diagnosis"]["edges"]["before"] == skills[:1]


def test_a_log_with_errors_is_not_diagnosed(run: Run, tmp_path: Path) -> None:
    rows = [[*row[:3], str(1_700_000_000_000 + 1000 * int(row[3]))] for row in answers()]
    path = tmp_path / "milliseconds.csv"
    path.write_text(csv_text(rows))
    done = run("check", path, "--diagnose", "--json")
    assert done.code == 1
    assert "diagnosis" not in json.loads(done.out)
    assert "no diagnosis: remove the errors first" in done.err


def test_skills_are_read_as_the_curriculum_writes_them(run: Run, tmp_path: Path) -> None:
    rows = [f"s{n % 30},{n // 30 % 2 + 1},{n % 7 // 3 % 2}" for n in range(600)]
    log = tmp_path / "answers.csv"
    log.write_text("\n".join(["student,skill,correct", *rows, ""]))
    path = tmp_path / "curriculum.json"
    for first, second in (("1", "2"), (1, 2)):
        path.write_text(json.dumps({"prerequisites": [[first, second]]}))
        told = json.loads(run("check", log, "--curriculum", path, "--json").out)
        assert told["diagnosis"]["edges"]["before"] == [first]
