"""Rows that repeat an event: found, told apart from contradictions, named."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import DataWarning, ResponseDataError
from adaptlearn.numerics import Bools, Ints
from adaptlearn.responses.columns import rows_text

if TYPE_CHECKING:
    from adaptlearn.responses.log import ResponseLog

_NONE = np.zeros(0, np.int64)


def repeated_rows(log: ResponseLog) -> Ints:
    """Rows with the id of an earlier one; without ids, with all else of an earlier one.

    Without times nothing repeats: the same answer twice is practice.
    """
    if log.id is not None:
        repeats, _ = _same_id(log.id.codes, len(log.id.labels))
        return repeats
    # Strictly rising times repeat nothing.
    if log.time is None or bool((log.time[1:] > log.time[:-1]).all()):
        return _NONE
    sequences = log.sequences
    rows = sequences.order if log.skill_rows is None else log.skill_rows[sequences.order]
    chain = np.repeat(np.arange(len(sequences.starts)), sequences.lengths)
    time = log.time[rows]
    if not ((time[1:] == time[:-1]) & (chain[1:] == chain[:-1])).any():
        return _NONE
    keys: list[NDArray[Any]] = [log.correct[rows], time, chain]
    if log.item is not None:
        keys.append(log.item.codes[rows])
    by_key = np.lexsort((rows, *keys))
    same = np.ones(len(rows) - 1, bool)
    for key in keys:
        same &= key[by_key[1:]] == key[by_key[:-1]]
    again, before = rows[by_key[1:]][same], rows[by_key[:-1]][same]
    if log.skill_rows is None:
        return np.sort(again)
    return _with_the_same_skills(log, np.union1d(again, before))


def check_repeats(log: ResponseLog, id_name: str | None) -> None:
    """Warn of rows that repeat an event; refuse those that contradict it."""
    repeats = repeated_rows(log)
    if not len(repeats):
        return
    if log.id is not None:
        _, originals = _same_id(log.id.codes, len(log.id.labels))
        differences = _differences(log[repeats], log[originals])
        if differences:
            raise ResponseDataError(
                "response log",
                [
                    f"column {id_name!r}: {rows_text(repeats[differ])} repeat an id with "
                    f"another {name}{hint}"
                    for name, hint, differ in differences
                ],
            )
    what = "an id" if log.id is not None else "a student, skill, item, answer and time"
    warnings.warn(
        f"{rows_text(repeats)} repeat {what} seen before and are kept; "
        "drop them with log.without_duplicates() if they are one event",
        DataWarning,
        stacklevel=3,
    )


def _same_id(codes: Ints, n_labels: int) -> tuple[Ints, Ints]:
    """Rows whose id came before, and the first row of that id."""
    rows = np.arange(len(codes))
    first = np.full(n_labels, len(codes))
    np.minimum.at(first, codes, rows)
    originals = first[codes]
    repeats = np.flatnonzero(originals != rows)
    return repeats, originals[repeats]


def _with_the_same_skills(log: ResponseLog, rows: Ints) -> Ints:
    """Of rows that share an entry with another, those that share the whole of it."""
    part = log[rows]
    columns: list[list[Any]] = [part.student.codes.tolist(), part.correct.tolist()]
    columns += [_skill_sets(part)]
    columns += [] if part.time is None else [part.time.tolist()]
    columns += [] if part.item is None else [part.item.codes.tolist()]
    repeats, seen = [], set()
    for row, event in zip(rows.tolist(), zip(*columns, strict=True), strict=True):
        if event in seen:
            repeats.append(row)
        seen.add(event)
    return np.array(repeats, np.int64)


def _skill_sets(log: ResponseLog) -> list[frozenset[int]]:
    codes = log.skill.codes.tolist()
    if log.skill_rows is None:
        return [frozenset((code,)) for code in codes]
    sets: list[set[int]] = [set() for _ in range(len(log))]
    for row, code in zip(log.skill_rows.tolist(), codes, strict=True):
        sets[row].add(code)
    return list(map(frozenset, sets))


def _differences(repeat: ResponseLog, original: ResponseLog) -> list[tuple[str, str, Bools]]:
    """What tells rows from the first row of their id: its name, a hint, and where it does."""
    skills = zip(_skill_sets(repeat), _skill_sets(original), strict=True)
    differ = {
        "student": repeat.student.codes != original.student.codes,
        "answer": repeat.correct != original.correct,
        "skill": np.array([mine != other for mine, other in skills]),
    }
    if repeat.item is not None and original.item is not None:
        differ["item"] = repeat.item.codes != original.item.codes
    if repeat.time is not None and original.time is not None:
        differ["time"] = repeat.time != original.time
    hints = {"skill": "; several skills of one response belong in one row, as a list, say"}
    return [(name, hints.get(name, ""), where) for name, where in differ.items() if where.any()]
