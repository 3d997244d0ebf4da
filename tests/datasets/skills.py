"""What the tests of all readers look at: the skills of each response, and every row's fate."""

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


def fates_of(log: ResponseLog) -> dict[str, list[int]]:
    """The rows of each fate, by its sentence's end; every row is accounted for."""
    account = log.account
    assert account is not None
    other = sum(len(fate.rows) for fate in account.fates if fate.outcome != "kept")
    assert account.n_rows == account.n_responses + other
    assert account.n_responses == len(log)
    return {fate.text.split(": ", 1)[1]: fate.rows.tolist() for fate in account.fates}
