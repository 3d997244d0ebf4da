"""Files to logs by the options of a command."""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pytest

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
