"""Files to logs by the options of a command."""

from __future__ import annotations

import gzip
import io
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run

from adaptlearn.cli.options import add_columns
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import ResponseDataError


def options(**changed: Any) -> Namespace:
    parser = ArgumentParser()
    add_columns(parser)
    return Namespace(**{**vars(parser.parse_args([])), **changed})


def test_columns_are_named_by_options(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,kc,ok,item\n1,1~2,1,q\n2,1,,q\n")
    named = {"student": "user", "skill": "kc", "correct": "ok"}
    several = {"skill_separator": "~", "unanswered": "exposure"}
    log = read_log(str(path), options(**named, **several))
    assert log.item is not None
    assert log.skill.labels.tolist() == ["1", "2"]
    assert log.correct.tolist() == [1, -1]
    assert read_log(str(path), options(**named, **several, item=False)).item is None
    with pytest.raises(ResponseDataError) as caught:
        read_log(str(path), options(correct="OK", time="when"))
    found = caught.value.problems
    assert caught.value.subject == str(path)
    assert len(found) == 4
    assert "'student' (student) is missing; say which one it is with --student COL" in found[0]
    assert "'OK' (correct) is missing" in found[2]
    assert "'when' (time) is missing; the columns are 'user', 'kc'" in found[3]


def test_the_columns_that_are_meant_are_suggested_as_options(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("User Id;kc_name;x;ts\nann;add;1;2024-09-02T08:15:00\n")
    told = "--student 'User Id' --skill kc_name --correct COL --time ts"
    said = run("check", path).err
    assert said.splitlines()[-1] == f"  say which columns they are, perhaps: {told}"


def test_skills_as_text_for_a_model_that_knows_text(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("student,skill,correct\n1,1,1\n")
    log = read_log(str(path), options(), text_skills=True)
    assert log.skill.labels.tolist() == ["1"]
    assert log.student.labels.tolist() == [1]


def test_several_skills_as_integers_for_a_model_that_knows_integers(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("student,skill,correct\n1,10+9,1\n1,9,0\n")
    log = read_log(str(path), options(skill_separator="+"), text_skills=False)
    assert log.skill.labels.tolist() == [9, 10]
    assert log.skill.values.tolist() == [10, 9, 9]
    path.write_text("student,skill,correct\n1,1+007,1\n1,1,0\n")
    log = read_log(str(path), options(skill_separator="+"), text_skills=False)
    assert log.skill.labels.tolist() == ["007", "1"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfstudent,skill,correct\na,x,1\nb,x,0\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert len(read_log("-", options())) == 2
    assert not stdin.buffer.closed
    bad = io.TextIOWrapper(io.BytesIO(b"student,skill,correct\na,x,yes\n"))
    monkeypatch.setattr(sys, "stdin", bad)
    with pytest.raises(ResponseDataError, match=r"^-: 1 problem"):
        read_log("-", options())


GERMAN = """\
sep=;
Schüler;skill;Richtig;time
ann;add;ja;31.12.2024 13:05
ann;add;nein;1.1.2025 8:00
"""
OPTIONS = ("--student", "Schüler", "--correct", "Richtig", "--true-values", "ja", "--false-values",
           "nein", "--date-format", "%d.%m.%Y %H:%M")  # fmt: skip


def test_what_cannot_be_read_is_told_with_the_options_that_read_it(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "german.csv"
    path.write_text(GERMAN, encoding="utf-8")
    said = run("check", path).err
    assert "'correct' (correct) is missing; say which one it is with --correct COL" in said
    said = run("check", path, *OPTIONS[:4]).err
    assert "the first is 'ja': --true-values ja and --false-values nein read them" in said
    assert "the first is '31.12.2024 13:05': --date-format '%d.%m.%Y %H:%M' reads them" in said
    assert run("check", path, *OPTIONS).out.startswith("ResponseLog(2 responses, 1 student")


@pytest.mark.parametrize(("text", "said"), [
    ("student,skill;correct\n", "--separator ',' or --separator ';'"),
    ("student;skill;correct, or, not, so\n", "--separator ';' takes another mark"),
    ("student,skill\tcorrect\n", "--separator ',' or --separator tab"),
    ("student,skill,correct\na,x,\n", "if these are exposures (a lesson read, no answer asked), "
     "say --unanswered exposure"),
    ("student,skill,correct\na,x,hint\n", "--true-values A,B and --false-values A,B say which"),
    ("student;skill;correct\na;x;1,0\n", "--decimal ',' reads decimal commas"),
    ("student,skill,correct,time\na,x,1,noon\n", "--date-format FORMAT says how dates are written"),
    ("studnet,skill,correct\na,x,1\n", "with --student COL (did you mean 'studnet'?)"),
])  # fmt: skip
def test_options_are_told_as_they_are_typed(text: str, said: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    assert said in run("check", path).err


def test_tab_by_its_name(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("student\tskill\tcorrect, a, b, c\nx\ty\t1\n")
    named = ("--separator", "tab", "--correct", "correct, a, b, c")
    assert run("check", path, *named).out.startswith("ResponseLog(1 response")
    done = run("check", path, "--separator", ";;")
    assert done.code == 1
    assert "options: 1 problem" in done.err
    assert "separator must be one character" in done.err


def test_a_packed_log_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO(gzip.compress(b"student,skill,correct\na,x,1\n"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(packed))
    assert len(read_log("-", options())) == 1
