"""mastery, audit and completion; and the example of each command's help."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run

from adaptlearn.cli import main
from adaptlearn.cli.completion import options_of
from adaptlearn.cli.parser import COMMANDS, build_parser


def test_mastery(run: Run, model: Path, log: Path, tmp_path: Path) -> None:
    done = run("mastery", model, log, "--students", "001,002")
    lines = done.out.splitlines()
    assert (done.code, lines[0].split()) == (0, ["student", "skill", "P(known)"])
    assert [line.split()[:2] for line in lines[2:]] == [
        [student, skill] for student in ("001", "002") for skill in ("add", "multiply", "subtract")
    ]
    told = json.loads(run("mastery", model, log, "--students", "001", "--json").out)
    assert told["kind"] == "latent"
    assert [f"{value:.3f}" for value in told["mastery"]] == [line.split()[2] for line in lines[2:5]]
    whole = run("mastery", model, log)
    assert len(whole.out.splitlines()) == 42
    assert "80 rows more" in whole.err
    path = tmp_path / "mastery.csv"
    assert "120 rows" in run("mastery", model, log, "-o", path).err
    rows = path.read_text().splitlines()
    assert (rows[0], len(rows)) == ("student,skill,mastery", 121)
    assert "'zoe'" in run("mastery", model, log, "--students", "zoe").err


def test_audit(run: Run, log: Path, curriculum: Path, tmp_path: Path) -> None:
    alone = run("audit", curriculum)
    assert alone.code == 0
    with_answers = json.loads(run("audit", curriculum, "--log", log, "--json").out)
    assert {finding["code"] for finding in with_answers["findings"]}
    untaught = tmp_path / "untaught.json"
    untaught.write_text('{"skills": ["add", "draw"], "lessons": {"adding": ["add"]}}')
    assert "draw" in run("audit", untaught).out


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    assert main(["demo", "--output", str(folder / "demo")]) == 0
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_each_command_works_on_the_demos_files(
    name: str, demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\nn\n" * 20))  # to what `place` asks
    assert main([name, "--help"]) == 0
    said = capsys.readouterr().out
    example = said.splitlines()[-1].strip()
    program, *typed = shlex.split(example)
    assert (program, typed[0]) == ("adaptlearn", name)
    assert main(typed) in (0, None)
    assert capsys.readouterr().out


_SHOWN = re.compile(r"```sh\n([^`]*)```\n\n```text\n([^`]*)```")
PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def run_in_shell(line: str) -> None:
    """A line of a page; the program itself runs in this process."""
    program, *typed = shlex.split(line)
    if program == "adaptlearn":
        main(typed)
    else:
        subprocess.run(["sh", "-c", line], check=True)


def test_the_page_shows_what_commands_print(
    demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo)
    shown = _SHOWN.findall(PAGE.read_text(encoding="utf-8"))
    assert len(shown) == 6
    for lines, expected in shown:
        for line in lines.splitlines():
            run_in_shell(line)
        printed = capsys.readouterr()
        same = OutputChecker().check_output(expected, printed.err + printed.out, ELLIPSIS)
        assert same, f"{lines}prints\n{printed.err + printed.out}"


SHELLS = {"bash": ["-n"], "zsh": ["-n"], "fish": ["--no-execute"]}


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_every_command_and_option(run: Run, shell: str, tmp_path: Path) -> None:
    script = run("completion", shell).out
    commands = build_parser().parse_args(["completion", shell]).commands
    for command, options in options_of(commands).items():
        assert command in COMMANDS
        assert command in script
        for option in options:
            assert option.removeprefix("--") in script
    if shutil.which(shell) is not None:
        path = tmp_path / "script"
        path.write_text(script)
        subprocess.run([shell, *SHELLS[shell], path], check=True)


@pytest.mark.parametrize(
    ("typed", "expected"), [(["rec"], ["recommend"]), (["fit", "--forg"], ["--forgetting"])]
)
def test_bash_completes(run: Run, typed: list[str], expected: list[Any]) -> None:
    asked = " ".join(shlex.quote(word) for word in ["adaptlearn", *typed])
    code = f"""{run("completion", "bash").out}
COMP_WORDS=({asked}); COMP_CWORD={len(typed)}; _adaptlearn; printf '%s\\n' "${{COMPREPLY[@]}}" """
    found = subprocess.run(["bash", "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.split() == expected
