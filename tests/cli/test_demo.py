"""The demo, on the simulated school and on a log of one's own."""

from __future__ import annotations

import builtins
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.conftest import Run

import adaptlearn
from adaptlearn.cli.demonstration.demonstration import comparison
from adaptlearn.models import BKT
from adaptlearn.simulation import simulate_school


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_demo_on_the_simulated_school(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "demo"
    done = run("demo", "--output", folder)
    assert done.code == 0
    assert {path.name for path in folder.iterdir()} == {
        "curriculum.json",
        "day.json",
        "decisions.json",
        "groups.json",
        "learning.json",
        "mastery.csv",
        "mastery.png",
        "model.json",
        "parameters.csv",
        "responses.csv",
        "rules.json",
    }
    for said in ("prior (true)", "really knows it", "is not open to", "out-of-fold"):
        assert said in done.out
    assert f"Its output is in {folder}" in done.out
    assert len(rows(folder / "mastery.csv")) == 400 * 8
    decisions = json.loads((folder / "decisions.json").read_text())
    assert len(decisions) == 400
    assert (folder / "mastery.png").read_bytes().startswith(b"\x89PNG")

    # What it wrote is input for the other commands, and says the same.
    again = run("fit", folder / "responses.csv", "-o", tmp_path / "again.json")
    assert again.code == 0
    model = adaptlearn.load(tmp_path / "again.json")
    assert model.fingerprint_ == adaptlearn.load(folder / "model.json").fingerprint_
    call = ("recommend", folder / "model.json", folder / "responses.csv")
    options = ("--json", "--seed", "0", "--policy", "provisional")
    chosen = json.loads(run(*call, folder / "curriculum.json", *options).out)
    assert [one["lesson"] for one in chosen] == [one["lesson"] for one in decisions]


def test_demo_compares_with_the_truth() -> None:
    school = simulate_school(n_students=2000, n_skills=3, random_state=2)
    model = BKT().fit(school.responses)
    compared = comparison(model, school)
    assert [row["skill"] for row in compared] == model.skills_.tolist()
    for row in compared:
        for name in ("prior", "learn", "guess", "slip"):
            fitted, true = row[name]
            assert abs(fitted - true) < 0.05
            place = school.truth["skill"].tolist().index(row["skill"])
            assert true == school.truth[name][place]


def test_demo_on_a_log_of_ones_own(run: Run, log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = run("demo", "--log", log, "--output", folder)
    assert done.code == 0
    assert "true" not in done.out
    assert "out-of-fold" in done.out
    assert not (folder / "responses.csv").exists()
    table = rows(folder / "mastery.csv")
    assert table[0]["student"] == "000"
    assert len(table) == 120
    assert all(0 <= float(row["mastery"]) <= 1 for row in table)


def test_demo_on_one_answer(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("student,skill,correct\n1,2,1\n")
    done = run("demo", "--log", path, "--output", tmp_path / "demo")
    assert done.code == 0
    assert "warning: " in done.err
    assert "out-of-fold" not in done.out


def test_demo_with_many_skills_shows_some(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [f"{s},{k},{rng.integers(2)}" for s in range(9) for k in range(20) for _ in range(4)]
    path = tmp_path / "wide.csv"
    path.write_text("student,skill,correct\n" + "\n".join(lines) + "\n")
    done = run("demo", "--log", path, "--output", tmp_path / "demo")
    assert done.code == 0
    assert "(the 12 skills with most answers; 8 more in parameters.csv)" in done.out
    assert "(the 12 skills with most answers; 8 more in mastery.csv)" in done.out


def test_demo_as_json(run: Run, log: Path, tmp_path: Path) -> None:
    done = run("demo", "--log", log, "--output", tmp_path / "demo", "--json")
    content = json.loads(done.out)
    assert content["folder"] == str(tmp_path / "demo")
    assert set(content["files"]) == {path.name for path in (tmp_path / "demo").iterdir()}
    assert content["truth"] is None
    assert content["parameters"]["skill"] == ["add", "multiply", "subtract"]


def test_demo_without_matplotlib(
    run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__

    def guarded(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", guarded)
    done = run("demo", "--log", log, "--output", tmp_path / "demo")
    assert done.code == 0
    assert "no picture: a picture needs matplotlib" in done.err
    assert not (tmp_path / "demo" / "mastery.png").exists()
