"""A small log on disk, a model fitted to it, and a curriculum for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from adaptlearn.cli import main

CURRICULUM = {
    "prerequisites": [["add", "subtract"], ["add", "multiply"]],
    "lessons": [
        {"lesson": "adding up", "skills": ["add"], "minutes": 20},
        {"lesson": "taking away", "skills": ["subtract"], "minutes": 20},
        {"lesson": "times tables", "skills": ["multiply"], "minutes": 30},
    ],
}


def answers(n_students: int = 40, n_answers: int = 6) -> list[list[str]]:
    """Rows of student, skill, correct, time; students are called 000, 001, …"""
    rng = np.random.default_rng(0)
    rows = []
    for student in range(n_students):
        time = 0
        for skill in ("add", "subtract", "multiply"):
            learned = rng.integers(0, n_answers)
            for number in range(n_answers):
                time += 1
                right = int(rng.random() < (0.9 if number >= learned else 0.2))
                rows.append([f"{student:03d}", skill, str(right), str(time)])
    return rows


def csv_text(rows: list[list[str]], header: str = "student,skill,correct,time") -> str:
    return "\n".join([header, *map(",".join, rows)]) + "\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_text(csv_text(answers()))
    return path


@pytest.fixture
def curriculum(tmp_path: Path) -> Path:
    path = tmp_path / "curriculum.json"
    path.write_text(json.dumps(CURRICULUM))
    return path


@pytest.fixture
def model(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "model.json"
    assert main(["fit", str(log), "-o", str(path)]) == 0
    capsys.readouterr()
    return path


class Ran:
    """What a command did: its exit code and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return call
