"""A log in which nothing is to be found; each test spoils it in one way."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn import ResponseLog, check
from adaptlearn.checkup import Checkup

START = 1_700_000_000.0  # November 2023


def sound(n_students: int = 40, n_answers: int = 8) -> dict[str, Any]:
    """Columns of three skills with five items each, as lists; students learn, and err."""
    rng = np.random.default_rng(3)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("student", "item", "skill", "correct", "time")
    }
    for student in range(n_students):
        time = START + 1000 * student
        for skill in ("add", "carry", "borrow"):
            learned = rng.integers(0, n_answers)
            for number in range(n_answers):
                time += float(rng.integers(5, 90))
                columns["student"].append(f"s{student}")
                columns["item"].append(f"{skill} {(student + number) % 5}")
                columns["skill"].append(skill)
                columns["correct"].append(int(rng.random() < (0.85 if number >= learned else 0.3)))
                columns["time"].append(time)
    return columns


def read(columns: dict[str, Any], **options: Any) -> ResponseLog:
    return ResponseLog.from_frame(columns, **options)


def without(columns: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: column for name, column in columns.items() if name not in names}


def more(columns: dict[str, Any], **rows: list[Any]) -> dict[str, Any]:
    """With rows at the end; times, where not given, follow on each other."""
    n = len(rows["student"])
    rows.setdefault("time", [START + 1e6 + k for k in range(n)])
    rows.setdefault("item", [f"{skill} 0" for skill in rows["skill"]])
    return {name: [*column, *rows[name]] for name, column in columns.items()}


def checked(columns: dict[str, Any], **options: Any) -> Checkup:
    return check(read(columns, **options))


def codes(columns: dict[str, Any], **options: Any) -> list[str]:
    return list(checked(columns, **options).codes)
