"""Rows that repeat an event: found, told apart from contradictions, named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import DataWarning, ResponseDataError, warn
from adaptlearn.numerics import Bools, Floats, Ints, Sequences
from adaptlearn.responses.columns import rows_text
from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.skills import SkillColumn

_NONE = np.zeros(0, np.int64)


class Events(NamedTuple):
    """The columns of a log by which one event is told from another.

    Attributes
    ----------
    student : int array, shape (n,)
        Codes.
    skill : SkillColumn
    correct : int8 array, shape (n,)
    item : int array, shape (n,), or None
        Codes.
    time : float array, shape (n,), or None
        Seconds.
    id : Labelled or None
    """

    student: Ints
    skill: SkillColumn
    correct: NDArray[np.int8]
    item: Ints | None
    time: Floats | None
    id: Labelled | None

    def take(self, rows: Ints) -> Events:
        """Those of some rows, without their ids."""
        return Events(
            self.student[rows],
            self.skill.take(rows, len(self.student)),
            self.correct[rows],
            None if self.item is None else self.item[rows],
            None if self.time is None else self.time[rows],
            None,
        )


def repeated_rows(events: Events, sequences: Callable[[], Sequences]) -> Ints:
    """Rows with the id of an earlier one; without ids, with all else of an earlier one.

    Without times nothing repeats: the same answer twice is practice.

    Parameters
    ----------
    events : Events
    sequences : callable
        Gives the log's entries per skill and student, which cost a sort: it is called only
        where times come back.
    """
    if events.id is not None:
        repeats, _ = _same_id(events.id)
        return repeats
    # Strictly rising times repeat nothing.
    if events.time is None or bool((events.time[1:] > events.time[:-1]).all()):
        return _NONE
    chains, entry_rows = sequences(), events.skill.rows
    rows = chains.order if entry_rows is None else entry_rows[chains.order]
    chain = np.repeat(np.arange(len(chains.starts)), chains.lengths)
    time = events.time[rows]
    if not ((time[1:] == time[:-1]) & (chain[1:] == chain[:-1])).any():
        return _NONE
    keys: list[NDArray[Any]] = [events.correct[rows], time, chain]
    if events.item is not None:
        keys.append(events.item[rows])
    by_key = np.lexsort((rows, *keys))
    same = np.ones(len(rows) - 1, bool)
    for key in keys:
        same &= key[by_key[1:]] == key[by_key[:-1]]
    again, before = rows[by_key[1:]][same], rows[by_key[:-1]][same]
    if entry_rows is None:
        return np.sort(again)
    return _with_the_same_skills(events, np.union1d(again, before))


def check_repeats(events: Events, repeats: Ints, id_name: str | None) -> None:
    """Warn of rows that repeat an event; refuse those that contradict it.

    Parameters
    ----------
    events : Events
    repeats : int array
        What `repeated_rows` found.
    id_name : str or None
        The name of the column of ids.
    """
    if not len(repeats):
        return
    if events.id is not None:
        _, originals = _same_id(events.id)
        differences = _differences(events.take(repeats), events.take(originals))
        if differences:
            raise ResponseDataError(
                "response log",
                [
                    f"column {id_name!r}: {rows_text(repeats[differ])} repeat an id with "
                    f"another {name}{hint}"
                    for name, hint, differ in differences
                ],
            )
    what = "an id" if events.id is not None else "a student, skill, item, answer and time"
    warn(
        f"{rows_text(repeats)} repeat {what} seen before and are kept; "
        "drop them with log.without_duplicates() if they are one event",
        DataWarning,
    )


def _same_id(ids: Labelled) -> tuple[Ints, Ints]:
    """Rows whose id came before, and the first row of that id."""
    rows = np.arange(len(ids.codes))
    first = np.full(len(ids.labels), len(rows))
    np.minimum.at(first, ids.codes, rows)
    originals = first[ids.codes]
    repeats = np.flatnonzero(originals != rows)
    return repeats, originals[repeats]


def _with_the_same_skills(events: Events, rows: Ints) -> Ints:
    """Of rows that share an entry with another, those that share the whole of it."""
    part = events.take(rows)
    columns: list[list[Any]] = [part.student.tolist(), part.correct.tolist()]
    columns += [_skill_sets(part)]
    columns += [] if part.time is None else [part.time.tolist()]
    columns += [] if part.item is None else [part.item.tolist()]
    repeats, seen = [], set()
    for row, event in zip(rows.tolist(), zip(*columns, strict=True), strict=True):
        if event in seen:
            repeats.append(row)
        seen.add(event)
    return np.array(repeats, np.int64)


def _skill_sets(events: Events) -> list[frozenset[int]]:
    codes, rows = events.skill.entries.codes.tolist(), events.skill.rows
    if rows is None:
        return [frozenset((code,)) for code in codes]
    sets: list[set[int]] = [set() for _ in events.student]
    for row, code in zip(rows.tolist(), codes, strict=True):
        sets[row].add(code)
    return list(map(frozenset, sets))


def _differences(repeat: Events, original: Events) -> list[tuple[str, str, Bools]]:
    """What tells rows from the first row of their id: its name, a hint, and where it does."""
    skills = zip(_skill_sets(repeat), _skill_sets(original), strict=True)
    differ = {
        "student": repeat.student != original.student,
        "answer": repeat.correct != original.correct,
        "skill": np.array([mine != other for mine, other in skills]),
    }
    if repeat.item is not None and original.item is not None:
        differ["item"] = repeat.item != original.item
    if repeat.time is not None and original.time is not None:
        differ["time"] = repeat.time != original.time
    hints = {"skill": "; several skills of one response belong in one row, as a list, say"}
    return [(name, hints.get(name, ""), where) for name, where in differ.items() if where.any()]
