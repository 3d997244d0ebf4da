"""What the tests of both readers look at: the skills of each response."""

from __future__ import annotations

from typing import Any

from adaptlearn import ResponseLog


def skills_of(log: ResponseLog) -> list[list[Any]]:
    """The skills of each row, in the order of the log's entries."""
    rows = range(len(log)) if log.skill_rows is None else log.skill_rows.tolist()
    found: dict[int, list[Any]] = {}
    for row, skill in zip(rows, log.skill.values.tolist(), strict=True):
        found.setdefault(row, []).append(skill)
    return list(found.values())
