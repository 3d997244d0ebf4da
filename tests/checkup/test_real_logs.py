"""What a check says of real logs, compared with counts made without it."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from tests.conftest import Data

from adaptlearn import ResponseLog, check


def integers(path: Path) -> dict[str, np.ndarray]:
    with path.open(encoding="utf-8") as stream:
        names = stream.readline().strip().split(",")
    columns = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64, unpack=True)
    return dict(zip(names, columns, strict=True))


def test_assistments09(data: Data) -> None:
    frame = integers(data("assistments09", "train.csv"))
    q_matrix = integers(data("assistments09", "qmatrix.csv"))
    checkup = check(ResponseLog.from_frame(frame, skill="skill_set"))
    assert checkup.ok
    assert "expanded-rows" not in checkup
    assert "63 pairs of students" in checkup["copied-students"].found
    assert "28.8% of the log" in checkup["copied-students"].found

    answers: dict[int, list[int]] = defaultdict(list)
    for skill, correct in zip(frame["skill_set"].tolist(), frame["correct"].tolist(), strict=True):
        answers[skill].append(correct)
    all_wrong = {skill for skill, given in answers.items() if len(given) > 1 and not any(given)}
    assert set(checkup["skill-all-wrong"].labels) == all_wrong
    one = {skill for skill, given in answers.items() if len(given) == 1}
    assert set(checkup["skill-one-response"].labels) == one
    for student in checkup["students-all-wrong"].labels:
        assert not frame["correct"][frame["student"] == student].any()

    # By items, some skills never come apart: the same items have them.
    several = check(ResponseLog.from_frame(frame, q_matrix=q_matrix))
    items_of: dict[int, set[int]] = defaultdict(set)
    used = set(frame["item"].tolist())
    for item, skill in zip(q_matrix["item"].tolist(), q_matrix["skill"].tolist(), strict=True):
        items_of[skill] |= {item} & used
    sets = [frozenset(items) for items in items_of.values() if items]
    assert several["skills-inseparable"].labels == tuple(
        sorted(
            skill for skill, items in items_of.items() if items and sets.count(frozenset(items)) > 1
        )
    )


def test_assistments09_with_a_row_per_skill(data: Data) -> None:
    frame = integers(data("assistments09", "train.csv"))
    skills_of: dict[int, list[int]] = defaultdict(list)
    q_matrix = integers(data("assistments09", "qmatrix.csv"))
    for item, skill in zip(q_matrix["item"].tolist(), q_matrix["skill"].tolist(), strict=True):
        skills_of[item].append(skill)
    repeats = np.array([len(skills_of[item]) for item in frame["item"].tolist()])
    expanded = {name: np.repeat(column, repeats) for name, column in frame.items()}
    expanded["skill"] = np.array(
        [skill for item in frame["item"].tolist() for skill in skills_of[item]]
    )
    checkup = check(expanded)
    later = np.ones(len(expanded["skill"]), bool)
    later[np.cumsum(repeats) - repeats] = False
    found = checkup["expanded-rows"].rows
    # All rows after the first of a response, and a handful of the same item asked again.
    assert set(np.flatnonzero(later).tolist()) <= set(found.tolist())
    assert len(found) - later.sum() < 0.001 * later.sum()
    assert "item-changes-skill" not in checkup


def test_statics(data: Data) -> None:
    checkup = check(
        ResponseLog.from_frame(integers(data("statics", "train.csv")), skill="skill_set")
    )
    assert checkup.codes == (
        "skill-all-right",
        "skill-answered-twice",
        "copied-students",
        "order-from-rows",
    )


def test_assistments15(data: Data) -> None:
    frame = integers(data("assistments15", "train.csv"))
    checkup = check(ResponseLog.from_frame(frame, extra=["fold"]))
    assert checkup.codes == ("order-from-rows",)


def texts(path: Path) -> dict[str, list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_cloze(data: Data) -> None:
    frame: dict[str, Any] = texts(data("cloze", "responses.csv"))
    answer = {"CORRECT": 1, "INCORRECT": 0, "STUDY": None}
    frame["correct"] = [answer[outcome] for outcome in frame["outcome"]]
    frame["time"] = np.array(frame["time"], "datetime64[s]")
    log = ResponseLog.from_frame(
        frame, skill="kc", unanswered="exposure", extra=["phase", "outcome", "kc_cluster"]
    )
    checkup = check(log)
    assert checkup.ok
    assert checkup["columns-tell-answer"].labels == ("outcome",)
    assert checkup["exposures"].count == frame["outcome"].count("STUDY") == 3194
    # Each item stands under two knowledge components.
    assert checkup["item-changes-skill"].count == 72
    assert checkup["students-all-wrong"].labels == ("248",)


def test_cognitive_tutor_without_its_dates(data: Data) -> None:
    frame: dict[str, Any] = texts(data("cognitive_tutor", "student_step.csv"))
    frame["correct"] = list(map(int, frame["Correct First Attempt"]))
    clock = [text.split(":") for text in frame["First Transaction Time"]]
    frame["time"] = [60 * int(minutes) + float(seconds) for minutes, seconds in clock]
    frame["id"] = list(map(int, frame["Row"]))
    roles = {"student": "Anon Student Id", "skill": "KC(Default)", "item": "Problem Name"}
    checkup = check(
        {role: frame[name] for role, name in roles.items()}
        | {name: frame[name] for name in ("correct", "time")}
    )
    assert "within one hour" in checkup["times-without-date"].found
    # By row numbers, which keep the order, only a repeat and a student of one answer are found.
    ordered = check(
        {role: frame[name] for role, name in roles.items()}
        | {name: frame[name] for name in ("correct", "id")}
    )
    assert ordered.codes == ("repeated-events", "one-answer-students")
    row = int(ordered["repeated-events"].rows[0])
    assert frame["Row"].count(frame["Row"][row]) == 2
