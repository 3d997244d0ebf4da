"""fit, evaluate, recommend: what they print, what they refuse, with which exit code."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run, answers, csv_text

import adaptlearn
from adaptlearn.cli import main
from adaptlearn.cli.parser import COMMANDS
from adaptlearn.models import BKT


def spoil(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    spoiled = path.with_name(f"spoiled-{path.name}")
    spoiled.write_text(text.replace(old, new, 1))
    return spoiled


# ---- what they do ---------------------------------------------------------------------------


def test_fit_saves_and_shows_the_parameters(run: Run, log: Path, tmp_path: Path) -> None:
    done = run("fit", log, "-o", tmp_path / "model.json")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["skill", "answers", "prior", "learn", "guess", "slip"]
    assert [line.split()[0] for line in lines[2:]] == ["add", "multiply", "subtract"]
    assert "fitted ResponseLog(720 responses, 40 students, 3 skills)" in done.err
    model = adaptlearn.load(tmp_path / "model.json")
    assert isinstance(model, BKT)
    assert f"{model.parameters_['prior'][0]:.3f}" in lines[2]


def test_fit_with_forgetting_as_json(run: Run, log: Path, tmp_path: Path) -> None:
    done = run("fit", log, "-o", tmp_path / "model.json", "--forgetting", "--json")
    content = json.loads(done.out)
    model = adaptlearn.load(tmp_path / "model.json")
    assert isinstance(model, BKT)
    assert model.forgetting
    assert content["fingerprint"] == model.fingerprint_
    assert [skill["skill"] for skill in content["skills"]] == ["add", "multiply", "subtract"]
    assert [skill["forget"] for skill in content["skills"]] == model.parameters_["forget"].tolist()
    assert (content["n_responses"], content["n_students"]) == (720, 40)


def test_fit_names_columns(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text(csv_text(answers(), header="user,kc,ok,when"))
    named = ("--student", "user", "--skill", "kc", "--correct", "ok", "--time", "when")
    assert run("fit", path, "-o", tmp_path / "m.json", *named).code == 0


def test_a_warning_is_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(csv_text([*answers(), ["000", "rare", "1", "99"]]))
    done = run("fit", path, "-o", tmp_path / "m.json")
    assert done.code == 0
    (line,) = (line for line in done.err.splitlines() if line.startswith("warning:"))
    assert "'rare': one response" in line


def test_evaluate(run: Run, model: Path, log: Path) -> None:
    done = run("evaluate", model, log, "--bootstrap", "50")
    assert done.code == 0
    assert re.search(r"^AUC +0\.\d{4} +0\.\d{4} to 0\.\d{4}$", done.out, re.MULTILINE)
    content = json.loads(run("evaluate", model, log, "--bootstrap", "0", "--json").out)
    assert content["n_responses"] == 720
    assert content["metrics"]["auc"]["lower"] is None


def test_evaluate_reads_skills_as_the_model_knows_them(run: Run, tmp_path: Path) -> None:
    mixed, numbered = tmp_path / "mixed.csv", tmp_path / "numbered.csv"
    rows = answers()
    for row in rows:
        row[1] = {"add": "1", "subtract": "2"}.get(row[1], "three")
    mixed.write_text(csv_text(rows))
    numbered.write_text(csv_text([row for row in rows if row[1] != "three"]))
    assert run("fit", mixed, "-o", tmp_path / "m.json").code == 0
    done = run("evaluate", tmp_path / "m.json", numbered, "--bootstrap", "0")
    assert (done.code, done.err) == (0, "")


def test_an_unknown_skill_is_warned_of(run: Run, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    path.write_text(csv_text([["000", "fly", "1", "1"], ["000", "add", "0", "2"]]))
    done = run("evaluate", model, path, "--bootstrap", "0")
    assert done.code == 0
    assert done.err.count("warning: ") == 1
    assert "'fly' was not in the training log" in done.err


def test_recommend(run: Run, model: Path, log: Path, curriculum: Path) -> None:
    done = run("recommend", model, log, curriculum, "--students", "001, 039", "--n", "2")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["student", "rank", "lesson", "reason"]
    assert {line.split()[0] for line in lines[2:]} == {"001", "039"}
    everyone = json.loads(run("recommend", model, log, curriculum, "--json").out)
    assert [decision["student"] for decision in everyone] == [f"{n:03d}" for n in range(40)]
    for decision in everyone:
        total = sum(candidate["propensity"] for candidate in decision["candidates"])
        assert decision["lesson"] is None or total == pytest.approx(1)


def stuck_log(path: Path) -> Path:
    """Doe, Ann fails for so long that a teacher should look; Bob is new."""
    failed = [["Doe, Ann", "add", "0", str(k)] for k in range(25)]
    rows = [",".join([f'"{name}"', *rest]) for name, *rest in [*failed, ["Bob", "add", "1", "1"]]]
    path.write_text("\n".join(["student,skill,correct,time", *rows]) + "\n")
    return path


def test_recommend_names_whom_a_teacher_should_look_at(
    run: Run, model: Path, curriculum: Path, tmp_path: Path
) -> None:
    stuck = stuck_log(tmp_path / "stuck.csv")
    done = run("recommend", model, stuck, curriculum)
    assert '\na teacher should look at Doe, Ann ("add")\n' in done.out
    one = run("recommend", model, stuck, curriculum, "--students", "Doe, Ann,Bob")
    assert one.code == 0
    assert one.out.count("Doe, Ann ") == 2


def test_recommend_in_words_for_a_teacher(
    run: Run, model: Path, curriculum: Path, tmp_path: Path
) -> None:
    stuck = stuck_log(tmp_path / "stuck.csv")
    table = tmp_path / "next.csv"
    done = run("recommend", model, stuck, curriculum, "--words", "teacher", "-o", table)
    assert done.err.endswith("next.csv: 2 rows\n")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["student", "rank", "lesson", "for the teacher"]
    said = {row[0]: row[3] for row in rows[1:]}
    assert said["Doe, Ann"].endswith('Please look: Doe, Ann is stuck on "add" (25 answers).')
    shown = run("recommend", model, stuck, curriculum, "--words", "family", "--students", "Bob")
    assert "for the family" in shown.out
    assert "The next lesson for Bob is" in shown.out


def test_a_misspelled_option_is_told_with_the_one_that_is_meant(run: Run) -> None:
    done = run("check", "answers.csv", "--corect", "right", "--thyme=t")
    assert done.code == 2
    assert done.err.startswith("usage: adaptlearn check")
    assert done.err.endswith("--corect right --thyme=t (did you mean --correct and --time?)\n")


def test_recommend_to_nobody(run: Run, model: Path, log: Path, curriculum: Path) -> None:
    for nobody in ("", " , "):
        done = run("recommend", model, log, curriculum, "--students", nobody)
        assert done.code == 1
        assert "names nobody" in done.err


def test_recommend_at_another_threshold(run: Run, model: Path, log: Path, curriculum: Path) -> None:
    call = ("recommend", model, log, curriculum, "--json", "--seed", "0")
    strict = json.loads(run(*call, "--threshold", "0.999999").out)
    lenient = json.loads(run(*call, "--threshold", "0.01").out)
    assert all(decision["lesson"] is None for decision in lenient)
    assert any(decision["lesson"] is not None for decision in strict)
    assert strict[0]["reason"]["threshold"] == 0.999999


def test_recommend_at_a_price(
    run: Run, model: Path, log: Path, curriculum: Path, tmp_path: Path
) -> None:
    call = ("recommend", model, log, curriculum)
    done = run(*call, "--price", 300)
    assert done.code == 0
    assert "policy from the log: a price of 5 hours per skill, ready 0.8" in done.err
    needed = []
    for price in (60, 3000):
        told = json.loads(run(*call, "--json", "--price", price).out)
        needed.append(max(one["reason"]["threshold"] or 0 for one in told))
    assert needed[0] < needed[1]
    both = run(*call, "--price", 300, "--threshold", 0.9, "--policy", "oatutor")
    assert both.code == 1
    for name in ("--policy", "--threshold"):
        assert f"{name} does not go together with it" in both.err
    path = tmp_path / "pfa.model"
    assert run("fit", log, "-o", path, "--model", "pfa").code == 0
    refused = run("recommend", path, log, curriculum, "--price", 300)
    assert refused.code == 1
    assert "gives P(correct), not P(known)" in refused.err


def test_recommend_uses_the_policy_that_the_log_asks_for(
    run: Run, model: Path, log: Path, curriculum: Path, tmp_path: Path
) -> None:
    def chosen(log: Path, *options: object) -> list[tuple[object, object]]:
        told = run("recommend", model, log, curriculum, "--json", "--seed", "0", *options).out
        return [(one["lesson"], one["policy"]) for one in json.loads(told)]

    assert chosen(log) == chosen(log, "--price", 300) != chosen(log, "--policy", "provisional")
    few = tmp_path / "few.csv"  # too few students to tell whether the model holds
    few.write_text("".join(log.read_text().splitlines(keepends=True)[:60]))
    assert chosen(few) == chosen(few, "--policy", "provisional")


def test_recommend_repairs_where_asked(run: Run, model: Path, log: Path, curriculum: Path) -> None:
    cycle = spoil(curriculum, '["add", "multiply"]', '["add", "multiply"], ["multiply", "add"]')
    refused = run("recommend", model, log, cycle)
    assert refused.code == 1
    assert "cycle: add -> multiply -> add" in refused.err
    assert str(cycle) in refused.err
    mended = run("recommend", model, log, cycle, "--repair")
    assert mended.code == 0
    assert "warning: " in mended.err
    assert "dropped 'multiply' -> 'add'" in mended.err


def test_parquet_like_csv(run: Run, model: Path, log: Path, tmp_path: Path) -> None:
    import polars as pl

    frame = pl.read_csv(log, schema_overrides={"student": pl.String})
    frame.write_parquet(tmp_path / "answers.parquet")
    from_csv = run("evaluate", model, log, "--json")
    from_parquet = run("evaluate", model, tmp_path / "answers.parquet", "--json")
    assert from_parquet.out == from_csv.out


# ---- what they refuse -----------------------------------------------------------------------


@pytest.fixture
def spoiled_models(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in the folder of the log and the model, with damaged copies of it."""
    monkeypatch.chdir(model.parent)
    text = model.read_text()
    Path("truncated.json").write_text(text[: len(text) // 2])
    for name, old, new in (
        ("newer.json", '"version": 1', '"version": 2'),
        ("tampered.json", '"forgetting": false', '"forgetting": true'),
    ):
        assert old in text
        Path(name).write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("fit nowhere.csv -o m.json", "error: nowhere.csv: No such file or directory"),
        ("fit nowhere.parquet -o m.json", "error: nowhere.parquet: No such file or directory"),
        ("fit . -o m.json", "error: .: Is a directory"),
        ("fit answers.csv -o no/m.json", "error: no: there is no such folder to save in"),
        ("fit answers.csv -o answers.csv", "error: answers.csv: is the log itself"),
        ("fit answers.csv -o .", "error: .: Is a directory"),
        ("fit answers.csv -o m.json --skill topic", "column 'topic' (skill) is missing"),
        ("fit answers.csv -o m.json --correct skill --skill correct", "expected 0 or 1"),
        ("evaluate nowhere.json answers.csv", "error: nowhere.json: No such file or directory"),
        ("evaluate answers.csv answers.csv", "is not whole JSON"),
        ("evaluate curriculum.json answers.csv", "its format is None"),
        ("evaluate truncated.json answers.csv", "is not whole JSON"),
        ("evaluate newer.json answers.csv", "format version 2 is newer than this library reads"),
        ("evaluate tampered.json answers.csv", "does not match its digest"),
        ("recommend model.json answers.csv nowhere.json", "error: nowhere.json: No such file"),
        ("recommend model.json answers.csv truncated.json", "is not whole JSON"),
        ("recommend model.json answers.csv curriculum.json --students 01,zoe", "'zoe'"),
        ("demo --log nowhere.csv", "error: nowhere.csv: No such file or directory"),
        ("demo --output answers.csv", "error: answers.csv: "),
    ],
)
@pytest.mark.usefixtures("spoiled_models", "curriculum")
def test_problems_are_a_message_and_exit_code_1(run: Run, arguments: str, said: str) -> None:
    done = run(*arguments.split())
    assert done.code == 1
    assert said in done.err
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not Path("m.json").exists()


def test_rows_are_explained_where_rows_are_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("student,skill,correct\na,add,yes\n")
    done = run("fit", path, "-o", tmp_path / "m.json")
    assert "row 0" in done.err
    assert "(rows are counted from 0, the first one below the header; in a spread" in done.err
    assert "counted from 0" not in run("fit", tmp_path / "x.csv", "-o", tmp_path / "m.json").err


def test_debug_shows_the_traceback(run: Run, tmp_path: Path) -> None:
    done = run("fit", tmp_path / "x.csv", "-o", tmp_path / "m.json", "--debug")
    assert done.code == 1
    assert "Traceback" in done.err
    assert "FileNotFoundError" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "fit",
        "fit answers.csv",
        "guess answers.csv",
        "fit answers.csv -o m.json --item q --no-item",
        "fit answers.csv -o m.json --unanswered maybe",
        "fit answers.csv -o m.json --forget",
        "recommend m.json answers.csv c.json --n 0",
        "recommend m.json answers.csv c.json --threshold 95",
        "recommend m.json answers.csv c.json --threshold high",
        "evaluate m.json answers.csv --bootstrap -1",
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: str) -> None:
    done = run(*arguments.split())
    assert done.code == 2
    assert done.err.startswith("usage: adaptlearn")
    assert done.out == ""


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"adaptlearn {adaptlearn.__version__}\n"
    done = run("--help")
    assert done.code == 0
    assert "exit codes" in done.out
    for command in COMMANDS:
        assert run(command, "--help").code == 0


def test_interrupted(monkeypatch: pytest.MonkeyPatch, run: Run, log: Path, tmp_path: Path) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(BKT, "fit", interrupt)
    done = run("fit", log, "-o", tmp_path / "m.json")
    assert done.code == 130
    assert done.err.endswith("interrupted\n")


# ---- as a program ---------------------------------------------------------------------------


def program(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "adaptlearn", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **settings},
    )


def test_the_module_runs(model: Path, log: Path) -> None:
    done = program("evaluate", model, log, "--bootstrap", "0")
    assert done.returncode == 0
    assert "AUC" in done.stdout
    assert program("evaluate", model, log.with_name("x")).returncode == 1


def test_the_entry_point_is_installed() -> None:
    from importlib.metadata import entry_points

    (script,) = entry_points(group="console_scripts", name="adaptlearn")
    assert script.load() is main


def test_help_needs_no_numpy() -> None:
    done = program("--help", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert "argparse" in done.stderr
    assert "numpy" not in done.stderr


def test_nor_does_the_help_of_a_command() -> None:
    code = (
        "import sys\n"
        "from adaptlearn.cli import main\n"
        f"for command in {tuple(COMMANDS)}:\n"
        "    assert main([command, '--help']) == 0\n"
        "assert not {'numpy', 'narwhals', 'sklearn'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.count("usage: adaptlearn") == len(COMMANDS) == 14


def test_a_reader_that_goes_away(model: Path, curriculum: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(csv_text(answers(n_students=900)))
    command = [sys.executable, "-m", "adaptlearn", "recommend"]
    command += [str(model), str(path), str(curriculum), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_a_reader_that_was_never_there(model: Path, log: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "adaptlearn", "evaluate", str(model), str(log)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_terminal_of_few_letters(model: Path, tmp_path: Path, curriculum: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text(csv_text([["Zoë", "add", "1", "1"]]), encoding="utf-8")
    done = program("recommend", model, path, curriculum, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "Zo?" in done.stdout


def test_another_model_is_fitted_by_its_name_and_recommends(
    run: Run, log: Path, curriculum: Path, tmp_path: Path
) -> None:
    path = tmp_path / "pfa.model"
    done = run("fit", log, "-o", path, "--model", "pfa")
    assert done.code == 0
    assert done.out.splitlines()[2].split() == ["add", "240"]
    content = json.loads(run("fit", log, "-o", path, "--model", "pfa", "--json").out)
    assert content["skills"][0] == {"skill": "add", "n_answers": 240}
    assert json.loads(run("evaluate", path, log, "--json", "--bootstrap", "0").out)["model"]
    chosen = run("recommend", path, log, curriculum, "--threshold", "0.8", "--policy", "oatutor")
    assert chosen.code == 0
    assert len(chosen.out.splitlines()) == 2 + 40


def test_models_and_options_that_do_not_go_together_are_refused(
    run: Run, log: Path, curriculum: Path, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "m"
    assert "no model is called 'dkt'" in run("fit", log, "-o", path, "--model", "dkt").err
    assert "not one model's name" in run("fit", log, "-o", path, "--model", "bkt,pfa").err
    assert "needs a column item" in run("fit", log, "-o", path, "--model", "rasch").err
    forgetting = run("fit", log, "-o", path, "--model", "pfa", "--forgetting")
    assert "--forgetting is of BKT" in forgetting.err
    assert not path.exists()
    refused = run("recommend", model, log, curriculum, "--policy", "best")
    assert "no preset 'best'" in refused.err


@pytest.mark.parametrize("zone", ["", "+05:45"])
def test_lessons_are_chosen_now_by_the_clock_of_the_log(
    run: Run, model: Path, curriculum: Path, tmp_path: Path, zone: str
) -> None:
    log = tmp_path / "timed.csv"
    log.write_text(f"student,skill,correct,time\nann,add,1,2024-03-01T08:00:00{zone}\n")
    ran = run("recommend", model, log, curriculum, "--json")
    assert ran.code == 0, ran.err
    (decision,) = json.loads(ran.out)
    assert decision["time"] > 1_700_000_000
    assert "alerts" not in decision
