"""Copied students: who is found, who is not, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import Data

from adaptlearn import ResponseLog, check
from adaptlearn.checkup import copied_students, copies, students
from adaptlearn.errors import ParameterError


def answers_of(given: Mapping[Any, Mapping[Any, int]]) -> dict[str, list[Any]]:
    """Columns of a log, from each student's answers to items."""
    rows = [
        (student, item, correct)
        for student, items in given.items()
        for item, correct in items.items()
    ]
    student, item, correct = (list(column) for column in zip(*rows, strict=True))
    return {"student": student, "item": item, "skill": ["add"] * len(rows), "correct": correct}


def drawn(rng: np.random.Generator, n_items: int = 40, rate: float = 0.5) -> dict[int, int]:
    return {item: int(rng.random() < rate) for item in range(n_items)}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def flipped(answers: dict[int, int], n: int) -> dict[int, int]:
    return {item: 1 - answer if item < n else answer for item, answer in answers.items()}


def test_a_twin_is_found_among_others(rng: np.random.Generator) -> None:
    ann = drawn(rng)
    given = {"ann": ann, "bob": drawn(rng), "zoe": flipped(ann, 1), "cat": drawn(rng)}
    found = copied_students(answers_of(given))
    assert (found.first.tolist(), found.second.tolist()) == (["ann"], ["zoe"])
    assert found.shared.tolist() == [40]
    assert found.equal.tolist() == [39 / 40]
    p, q = (sum(given[name].values()) / 40 for name in ("ann", "zoe"))
    assert found.expected == pytest.approx([p * q + (1 - p) * (1 - q)])
    assert found.groups == (("ann", "zoe"),)
    assert found.students == ("ann", "zoe")


@pytest.mark.parametrize(
    ("change", "settings", "why"),
    [
        (2, {}, "95 % are equal"),
        (0, {"min_shared": 41}, "too few items are shared"),
        (0, {"max_expected": 0.4}, "chance would do it"),
    ],
)
def test_what_is_no_copy(
    rng: np.random.Generator, change: int, settings: dict[str, Any], why: str
) -> None:
    ann = drawn(rng)
    columns = answers_of({"ann": ann, "bob": flipped(ann, change)})
    assert not len(copied_students(columns, **settings)), why
    assert len(copied_students(columns, **{**settings, "min_equal": 0.95, "min_shared": 20,
                                           "max_expected": 0.75})) == 1  # fmt: skip


def test_students_who_are_nearly_always_right_are_no_copies(rng: np.random.Generator) -> None:
    given = {f"s{k}": drawn(rng, 60, 0.99) for k in range(10)}
    assert not len(copied_students(answers_of(given)))


def test_copies_of_a_copy_are_one_group(rng: np.random.Generator) -> None:
    ann, bob = drawn(rng, 80), drawn(rng, 80)
    given = {
        "ann": ann, "ann 2": flipped(ann, 2), "ann 3": flipped(ann, 4),
        "bob": bob, "bob 2": dict(list(bob.items())[:25]), "cat": drawn(rng, 80),
    }  # fmt: skip
    found = copied_students(answers_of(given))
    assert found.groups == (("ann", "ann 2", "ann 3"), ("bob", "bob 2"))
    assert [*zip(found.first, found.second, found.shared, strict=True)] == [
        ("ann", "ann 2", 80), ("ann 2", "ann 3", 80), ("bob", "bob 2", 25),
    ]  # fmt: skip


def test_the_first_answer_to_an_item_counts(rng: np.random.Generator) -> None:
    ann, other = drawn(rng), drawn(rng)
    columns = answers_of({"ann": ann, "bob": ann})
    later = answers_of({"bob": other})
    both = {name: columns[name] + later[name] for name in columns}
    assert len(copied_students(both)) == 1
    # By time, the other answers come first; rows without an answer are none.
    n = len(both["student"])
    assert not len(copied_students({**both, "time": -np.arange(float(n))}))
    unanswered: list[float] = [*map(float, both["correct"])]
    unanswered[40:80] = [np.nan] * 40
    log = ResponseLog.from_frame({**both, "correct": unanswered}, unanswered="exposure")
    assert not len(copied_students(log))


def test_every_block_of_students_is_compared(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {k: drawn(rng, 30) for k in range(12)}
    given |= {100 + k: given[k] for k in (0, 5, 11)}
    whole = copied_students(answers_of(given))
    assert whole.groups == ((0, 100), (5, 105), (11, 111))
    monkeypatch.setattr(copies, "_BLOCK", 20)
    parts = copied_students(answers_of(given))
    for name, column in whole.table().items():
        np.testing.assert_array_equal(parts.table()[name], column)


def test_counts_are_those_of_a_loop(rng: np.random.Generator) -> None:
    given = {
        k: {item: answer for item, answer in drawn(rng, 50).items() if rng.random() < 0.7}
        for k in range(15)
    }
    found = copied_students(
        answers_of(given),
        min_shared=1,
        min_equal=0.0,
        max_expected=1.0,
    )
    for one, other, shared, equal, _ in zip(*found.table().values(), strict=True):
        both = given[one].keys() & given[other].keys()
        assert shared == len(both)
        assert equal == np.mean([given[one][item] == given[other][item] for item in both])
    assert len(found) == 15 * 14 // 2


def test_it_prints_as_a_table(rng: np.random.Generator) -> None:
    ann = drawn(rng)
    found = copied_students(answers_of({"<ann>": ann, "bob": ann}))
    lines = str(found).splitlines()
    assert lines[0] == "1 pair of 2 students with nearly the same answers"
    assert lines[2].split()[:4] == ["<ann>", "bob", "40", "100.0%"]
    assert "&lt;ann&gt;" in found._repr_html_()
    assert repr(found) == "CopiedStudents(1 pair, 1 group)"
    nothing = copied_students(answers_of({"ann": ann}))
    assert (len(nothing), nothing.groups) == (0, ())


def test_what_cannot_be_looked_for_is_refused() -> None:
    with pytest.raises(ParameterError, match="no column item"):
        copied_students({"student": [1], "skill": [1], "correct": [1]})
    with pytest.raises(ParameterError, match="3 problems"):
        copied_students(None, min_shared=0, min_equal=2, max_expected=-1)


# ---- what a check says ----------------------------------------------------------------------


def test_a_check_names_them(rng: np.random.Generator) -> None:
    ann = drawn(rng)
    given = {"ann": ann, "zoe": ann} | {f"s{k}": drawn(rng) for k in range(18)}
    log = ResponseLog.from_frame(answers_of(given))
    finding = check(log)["copied-students"]
    assert (finding.severity, finding.count, finding.labels) == ("warning", 2, ("ann", "zoe"))
    assert "1 pair of students, 'ann' and 'zoe' (100.0% of 40 items)" in finding.found
    assert "2 students hold 10.0% of the log" in finding.found
    rest = log[~np.isin(log.student.values, finding.labels)]
    assert "copied-students" not in check(rest)
    assert "copied-students" not in check(log[log.student.codes % 2 == 0])


def test_a_log_without_items_or_too_large_is_not_searched(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = drawn(rng)
    columns = answers_of({"ann": ann, "zoe": ann})
    bare = {name: column for name, column in columns.items() if name != "item"}
    assert not {code for code in check(bare).codes if "copied" in code}
    monkeypatch.setattr(students, "_MOST_COMPARISONS", 100)
    checkup = check(columns)
    assert "copied-students" not in checkup
    finding = checkup["copied-students-not-sought"]
    assert finding.severity == "note"
    assert "1.6e+02 comparisons" in finding.found
    monkeypatch.setattr(students, "_MOST_COMPARISONS", 160)
    assert "copied-students" in check(columns)


# ---- real logs ------------------------------------------------------------------------------


def log_of(*paths: Path) -> tuple[ResponseLog, list[set[int]]]:
    parts = [np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64) for path in paths]
    student, item, skill, correct = np.concatenate(parts).T
    columns = {"student": student, "item": item, "skill": skill, "correct": correct}
    return ResponseLog.from_frame(columns), [set(part[:, 0].tolist()) for part in parts]


@pytest.mark.parametrize(
    ("name", "pairs", "twins"), [("assistments09", 63, 26), ("statics", 29, 6)]
)
def test_twins_in_published_splits(data: Data, name: str, pairs: int, twins: int) -> None:
    train, test = data(name, "train.csv"), data(name, "test.csv")
    assert len(copied_students(log_of(train)[0])) == pairs
    log, (trained, tested) = log_of(train, test)
    found = copied_students(log)
    pairs_of = zip(found.first.tolist(), found.second.tolist(), strict=True)
    across = [pair for pair in pairs_of if {*pair} & trained and {*pair} & tested]
    assert len({one for pair in across for one in pair if one in tested}) == twins
