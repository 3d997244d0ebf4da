"""A run that should have everything cannot pass by skipping; how much is drawn at random."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import trials

CONFTEST = Path(__file__).with_name("conftest.py")
ASKS = """
def test_data(data):
    assert data("log.csv").exists()

def test_peer(peer):
    peer("a_package_that_is_nowhere")
"""


@pytest.fixture
def run(tmp_path: Path):
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
    (tmp_path / "test_asks.py").write_text(ASKS)

    def run(require: str, data: Path) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "."],
            cwd=tmp_path,
            env={**os.environ, "REQUIRE": require, "ADAPTLEARN_DATA": str(data)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_absence_is_a_skip_that_says_why(run, tmp_path: Path) -> None:
    code, output = run("", tmp_path / "nowhere")
    assert code == 0
    assert "2 skipped" in output
    assert "set ADAPTLEARN_DATA" in output
    assert "a_package_that_is_nowhere does not import" in output


def test_required_absence_is_a_failure(run, tmp_path: Path) -> None:
    code, output = run("data,peers", tmp_path / "nowhere")
    assert code == 1
    assert "2 failed" in output


def test_each_resource_is_required_by_itself(run, tmp_path: Path) -> None:
    code, output = run(",peers", tmp_path / "nowhere")
    assert code == 1
    assert "1 failed, 1 skipped" in output


def test_present_data_is_found(run, tmp_path: Path) -> None:
    (tmp_path / "log.csv").touch()
    code, output = run("data", tmp_path)
    assert code == 0
    assert "1 passed, 1 skipped" in output


def test_misspelt_resource_is_refused(run, tmp_path: Path) -> None:
    code, output = run("dta", tmp_path)
    assert code == 4
    assert "REQUIRE names dta" in output


@pytest.mark.parametrize(("given", "expected"), [("", [40, 1]), ("1", [400, 5])])
def test_trials_are_a_tenth_unless_all_are_asked_for(
    given: str, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIALS", given)
    assert [trials(400), trials(5)] == expected
