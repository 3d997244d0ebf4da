"""BKT with classes by the book: one student at a time, every parameter looked up by its labels.

Nothing here uses the library's codes, cells or tries; it is what they are compared with.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from typing import Any, NamedTuple

import numpy as np
import pytest

from adaptlearn import ResponseLog
from adaptlearn.models import BKT

QUIET = [
    pytest.mark.filterwarnings(
        "ignore:.*repeat a student, skill, item:adaptlearn.errors.DataWarning"
    ),
    pytest.mark.filterwarnings("ignore::adaptlearn.errors.IdentificationWarning"),
    pytest.mark.filterwarnings("ignore::adaptlearn.errors.ConvergenceWarning"),
]
"""Marks of tests whose small tangled logs repeat events, and say little of any skill."""

FIELDS = ("prior", "learn", "forget", "guess", "slip")
GAPS = (10.0, 100.0)

VARIANTS: dict[str, dict[str, Any]] = {
    "guess and slip by item": {"guess_by": "item", "slip_by": "item"},
    "guess by item": {"guess_by": "item"},
    "guess by item, slip by lesson": {"guess_by": "item", "slip_by": "lesson"},
    "learn by lesson": {"learn_by": "lesson"},
    "learn and forget by lesson": {"learn_by": "lesson", "forget_by": "lesson"},
    "forget by gap": {"forget_by": "gap"},
    "learn by item pair": {"learn_by": "item_pair"},
    "prior by group": {"prior_by": "group"},
    "all at once": {
        "prior_by": ("group", "lesson"),
        "learn_by": ("gap", "lesson"),
        "forget_by": ("item_pair", "gap"),
        "guess_by": "item",
        "slip_by": ("item", "lesson"),
    },
}
"""Options of `BKT`, each alone and together."""


class Row(NamedTuple):
    student: str
    time: float
    skills: list[str]
    item: str
    lesson: int
    group: str
    answer: int | None  # None: an exposure


def make(variant: str, **options: Any) -> BKT:
    """An unfitted model of a variant."""
    by = VARIANTS[variant]
    return BKT(**{"forgetting": "forget_by" in by, "gaps": GAPS, **by, **options})


def tangled_rows(seed: int, n: int = 40, *, n_students: int = 5, skills: int = 2) -> list[Row]:
    """Rows in no order, with ties in time, exposures, and several skills now and then."""
    rng = np.random.default_rng(seed)
    return [
        Row(
            student=f"s{rng.integers(n_students)}",
            time=float(rng.choice((0, 1, 5, 10, 50, 100, 150, 300, 500))),
            skills=sorted(rng.choice(list("abc")[:skills], rng.integers(1, 3), replace=False)),
            item=f"i{rng.integers(3)}",
            lesson=int(rng.integers(2)),
            group=str(rng.choice(("x", "y"))),
            answer=[None, 0, 1, 0, 1][rng.integers(5)],
        )
        for _ in range(n)
    ]


def log_of_rows(rows: list[Row]) -> ResponseLog:
    return ResponseLog.from_frame(
        {
            "student": [row.student for row in rows],
            "time": [row.time for row in rows],
            "skill": [row.skills for row in rows],
            "item": [row.item for row in rows],
            "lesson": np.array([row.lesson for row in rows]),
            "group": [row.group for row in rows],
            "correct": np.array([np.nan if row.answer is None else row.answer for row in rows]),
        },
        extra=["lesson", "group"],
        unanswered="exposure",
    )


def histories(rows: list[Row]) -> dict[tuple[str, str], list[int]]:
    """Row numbers of each student and skill, in answering order."""
    found: dict[tuple[str, str], list[int]] = {}
    for place in sorted(range(len(rows)), key=lambda n: (rows[n].time, n)):
        for skill in rows[place].skills:
            found.setdefault((rows[place].student, skill), []).append(place)
    return found


def class_of(model: BKT, field: str, skill: str, row: Row, before: Row | None) -> Any:
    """The class of a parameter where it is used; the bare skill where it does not differ.

    Labels read at the earlier response, those read at this one, and the number of the gap.
    """
    by = getattr(model, f"{field}_by")
    names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    if not names:
        return skill
    if field not in ("learn", "forget"):
        return skill, (), tuple(getattr(row, name) for name in names), 0
    assert before is not None
    earlier = [getattr(before, name) for name in names if name not in ("gap", "item_pair")]
    later = []
    if "item_pair" in names:
        earlier, later = [*earlier, before.item], [row.item]
    gap = bisect_right(model.gaps, row.time - before.time) if "gap" in names else 0
    return skill, tuple(earlier), tuple(later), gap


def steps_of(model: BKT, skill: str, rows: list[Row]) -> list[dict[str, Any]]:
    """Per response of one history, the class of each parameter that is used there."""
    steps = []
    for t, row in enumerate(rows):
        before = rows[t - 1] if t else None
        used = ("prior",) if before is None else ("learn", "forget")
        steps.append({f: class_of(model, f, skill, row, before) for f in (*used, "guess", "slip")})
    return steps


def enumerate_paths(
    steps: list[dict[str, Any]], answers: list[int | None], values: dict[str, dict[Any, float]]
) -> tuple[float, dict[tuple[str, Any], np.ndarray]]:
    """Log-likelihood of a history, and per parameter's class the expected (event, opposite)."""
    total = 0.0
    counts: dict[tuple[str, Any], np.ndarray] = {}
    for path in itertools.product((0, 1), repeat=len(answers)):
        p = 1.0
        events = []
        for t, (known, answer, classes) in enumerate(zip(path, answers, steps, strict=True)):
            if t == 0:
                events.append(("prior", classes["prior"], known))
            elif path[t - 1]:
                events.append(("forget", classes["forget"], 1 - known))
            else:
                events.append(("learn", classes["learn"], known))
            if answer is not None:
                happened = 1 - answer if known else answer
                name = "slip" if known else "guess"
                events.append((name, classes[name], happened))
        for field, label, happened in events:
            p *= values[field][label] if happened else 1 - values[field][label]
        total += p
        for field, label, happened in events:
            counts.setdefault((field, label), np.zeros(2))[1 - happened] += p
    return float(np.log(total)), {key: value / total for key, value in counts.items()}


def class_values(model: BKT) -> dict[str, dict[Any, float]]:
    """A fitted model's parameters by class, by skill, and the common ones under None."""
    table: dict[str, dict[Any, float]] = {}
    for field in FIELDS:
        own = dict(zip(model.skills_.tolist(), model.parameters_[field], strict=True))
        table[field] = {None: model.pooled_[field], **own}
    saved = model._content().get("classes", {"parameters": {}})["parameters"]
    for field, entry in saved.items():
        for k, (a, b, c), value in zip(entry["skill"], entry["class"], entry["value"], strict=True):
            table[field][model.skills_[k], tuple(a), tuple(b), c] = value
    return table


def look_up(table: dict[Any, float], label: Any) -> float:
    """A class's value; its skill's own where the class is new; the common one for a new skill."""
    skill = label[0] if isinstance(label, tuple) else label
    return table.get(label, table.get(skill, table[None]))


def walk(model: BKT, rows: list[Row]) -> tuple[np.ndarray, dict[tuple[str, str], float]]:
    """Predictions of rows, and P(known) after each student's last response on each skill."""
    table = class_values(model)
    each: dict[int, list[float]] = {}
    after: dict[tuple[str, str], float] = {}
    for (student, skill), places in histories(rows).items():
        own = [rows[place] for place in places]
        known = 0.0
        for place, row, classes in zip(places, own, steps_of(model, skill, own), strict=True):
            value = {field: look_up(table[field], label) for field, label in classes.items()}
            if "prior" in value:
                known = value["prior"]
            else:
                known = known * (1 - value["forget"]) + (1 - known) * value["learn"]
            right = known * (1 - value["slip"]), (1 - known) * value["guess"]
            each.setdefault(place, []).append(sum(right))
            if row.answer == 1:
                known = right[0] / sum(right)
            elif row.answer == 0:
                known = (known - right[0]) / (1 - sum(right))
        after[student, skill] = known
    return np.array([np.mean(each[place]) for place in range(len(rows))]), after
