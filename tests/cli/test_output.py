"""Tables, JSON, warnings and the progress bar."""

from __future__ import annotations

import builtins
import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import pytest

from adaptlearn.cli.output import say, show_warnings, table, to_json
from adaptlearn.cli.progress import fitting_progress, reading_progress
from adaptlearn.errors import DataWarning


def test_table_aligns_numbers_right_and_text_left() -> None:
    text = table(["name", "n", "p"], [["a", 1, 0.5], ["long name", 1234, float("nan")]])
    assert text.splitlines() == [
        "name           n      p",
        "---------  -----  -----",
        "a              1  0.500",
        "long name  1,234      -",
    ]


def test_table_counts_what_a_terminal_shows() -> None:
    lines = table(["a", "b"], [["日本", "x"], ["e\u0301", "x"], ["two\nlines", "x"]]).splitlines()
    assert lines[2] == "日本       x"
    assert lines[3] == "e\u0301          x"
    assert lines[4] == "two lines  x"


def test_table_wraps_the_last_column() -> None:
    reason = "one two three four five six seven eight nine ten"
    lines = table(["who", "why"], [["ann", reason]], width=40).splitlines()
    assert lines[2] == "ann  one two three four five six seven"
    assert lines[3] == "     eight nine ten"
    assert len(table(["who", "why"], [["ann", reason]]).splitlines()) == 3


def test_an_empty_table_is_its_head() -> None:
    assert table(["a", "b"], []).splitlines() == ["a  b", "-  -"]


def test_json_of_arrays_and_what_json_lacks() -> None:
    value = {1: np.array([1.5, np.nan]), "n": np.int64(3), "t": ("a", None, True, float("inf"))}
    assert json.loads(to_json(value)) == {"1": [1.5, None], "n": 3, "t": ["a", None, True, None]}


def test_each_warning_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with show_warnings():
        for _ in range(3):
            warnings.warn("odd\n  data", DataWarning, stacklevel=1)
        warnings.warn("odder data", DataWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: odd data\nwarning: odder data\n"


def test_progress_shows_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("adaptlearn.cli.progress.DELAY", 0.0)
    with fitting_progress() as on_step:
        assert on_step is not None
        for step in range(100):
            on_step(step, 2, 8)
            time.sleep(0.005)  # the bar moves no more than ten times a second
    written = capsys.readouterr().err
    assert "fitting" in written
    assert "6/8 skills" in written
    assert "steps=" in written


def test_progress_is_silent_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with fitting_progress() as on_step:
        assert on_step is not None
        on_step(1, 8, 8)
    assert capsys.readouterr().err == ""


def test_progress_does_without_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def guarded(name: str, *rest: Any, **named: Any) -> Any:
        if name == "tqdm":
            raise ImportError(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", guarded)
    with fitting_progress() as on_step:
        assert on_step is None


def test_reading_is_shown_from_the_beginning_with_the_time_that_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 0.0, 0.1, 4.0, 4.1, 16.0])
    monkeypatch.setattr("adaptlearn.cli.progress.monotonic", lambda: next(clock))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with reading_progress("logs/ann\x1b.csv") as on_read:
        assert on_read is not None
        for done in (0, 1, 50, 51, 200):
            on_read(done * 1_000_000, 200_000_000)
        say("warning: odd")
    lines = capsys.readouterr().err.split("\r")
    assert [line.rstrip() for line in lines if line.strip()] == [
        r"reading ann\x1b.csv: 0 of 200 MB",
        r"reading ann\x1b.csv: 50 of 200 MB, about 12 s left",
        r"reading ann\x1b.csv: 200 MB in 16 s; now its columns",
        "warning: odd",
    ]
    assert lines[-1] == "warning: odd\n"


def test_reading_is_not_shown_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with reading_progress("log.csv") as on_read:
        assert on_read is None
    assert capsys.readouterr().err == ""
