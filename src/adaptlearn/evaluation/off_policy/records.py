"""Decision records as columns: plain mappings in, so that any log of decisions can be read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.validation import some

_KEYS = ("id", "student", "lesson", "propensity", "propensity_method", "candidates", "time")
_SUBJECT = "decision records"

Record = Mapping[str, Any]


class RecordRows(NamedTuple):
    """What `LoggedDecisions.from_arrays` takes, and how many records are not among it."""

    arrays: dict[str, Any]
    left_out: dict[str, int]


def rows_of_records(
    decisions: Iterable[Record],
    outcomes: Mapping[str, float],
    target: Callable[[Record], Mapping[Any, float]],
    expected: Callable[[Record], Mapping[Any, float]] | None,
) -> RecordRows:
    """Columns of the decisions that can be judged: see `LoggedDecisions.from_records`."""
    kept, left_out = _chosen(list(decisions))
    rows, problems = [], []
    for record in kept:
        override = record["propensity_method"] == "override"
        wanted = {} if override else dict(target(record))
        model = {} if override or expected is None else dict(expected(record))
        problems += _problems(record, wanted, None if override or expected is None else model)
        support = {one["lesson"] for one in record["candidates"] if (one["propensity"] or 0) > 0}
        lesson = record["lesson"]
        value = sum(p * model.get(name, 0.0) for name, p in wanted.items() if p)
        rows.append(
            {
                "propensity": math.nan if record["propensity"] is None else record["propensity"],
                "target": wanted.get(lesson, 0.0),
                # Of the lesson taken, from_arrays looks at the propensity itself.
                "unsupported": sum(
                    p for name, p in wanted.items() if name not in {lesson, *support}
                ),
                "reward": outcomes.get(record["id"], math.nan),
                "override": override,
                **({} if expected is None else {"q": model.get(lesson, 0.0), "v": value}),
            }
        )
    if not rows:
        problems.append("no record holds a lesson")
    if problems:
        raise ParameterError(_SUBJECT, problems)
    arrays = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return RecordRows({**arrays, "student": _codes(kept), "order": _order(kept)}, left_out)


def _chosen(decisions: list[Record]) -> tuple[list[Record], dict[str, int]]:
    """Each decision with a lesson once, and how many others there were."""
    lacking = {
        place: [key for key in _KEYS if key not in record]
        for place, record in enumerate(decisions)
        if any(key not in record for key in _KEYS)
    }
    if lacking:
        keys = sorted({key for missing in lacking.values() for key in missing})
        raise ParameterError(
            _SUBJECT, [f"{len(lacking)} lack {', '.join(keys)}: records {some(list(lacking))}"]
        )
    once = {record["id"]: record for record in decisions}
    kept = [record for record in once.values() if record["lesson"] is not None]
    counts = {
        "logged twice": len(decisions) - len(once),
        "without a lesson": len(once) - len(kept),
    }
    return kept, {reason: count for reason, count in counts.items() if count}


def _problems(
    record: Record, wanted: Mapping[Any, float], model: Mapping[Any, float] | None
) -> list[str]:
    """What a policy or a reward model said that cannot be."""
    problems = []
    who = f"decision {record['id']!r}"
    if record["propensity_method"] != "override":
        total = math.fsum(wanted.values())
        if not abs(total - 1) <= 1e-6 or any(not p >= 0 for p in wanted.values()):
            problems.append(f"{who}: target probabilities must be 0 or more and add up to 1")
    if model is not None:
        asked = {record["lesson"], *(name for name, p in wanted.items() if p)}
        if unknown := [name for name in asked if name not in model]:
            problems.append(f"{who}: expected names no reward of {some(unknown)}")
    return problems


def _codes(records: list[Record]) -> list[int]:
    """Students as numbers: labels of mixed kinds would not sort."""
    numbers: dict[Any, int] = {}
    return [numbers.setdefault(record["student"], len(numbers)) for record in records]


def _order(records: list[Record]) -> Any:
    """Places by time, then rank, then as they came; refuses students of whom some times lack."""
    timed = Counter(record["student"] for record in records if record["time"] is not None)
    untimed = Counter(record["student"] for record in records if record["time"] is None)
    if mixed := sorted(map(str, timed.keys() & untimed.keys())):
        raise ParameterError(
            _SUBJECT, [f"some decisions have a time and some have none: students {some(mixed)}"]
        )
    time = [0.0 if record["time"] is None else float(record["time"]) for record in records]
    rank = [record.get("rank", 1) for record in records]
    order = np.empty(len(records), np.intp)
    order[np.lexsort((rank, time))] = np.arange(len(records))
    return order
