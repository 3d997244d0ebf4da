"""What a model expected of students before and after each of their responses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import quiet
from adaptlearn.numerics import Floats, Ints, bounds_of, places_of, stable_group
from adaptlearn.responses import ResponseLog


class Estimates(NamedTuple):
    """P(correct) of students' next responses, before and after each response of a log.

    Both arrays have one entry for each response and each of its skills, in the order of
    `ResponseLog.skill`: the estimate of the response's student on the skill.

    Attributes
    ----------
    before, after : float arrays, shape (n_entries,)
    """

    before: Floats
    after: Floats

    @classmethod
    def empty(cls, n_entries: int) -> Estimates:
        """Room for so many."""
        return cls(np.empty(n_entries), np.empty(n_entries))


def in_rounds(model: Any, state: Any, log: ResponseLog, numbers: Ints) -> Estimates:
    """Update a state with one response of each student at a time, and ask before and after.

    Parameters
    ----------
    model : KnowledgeTracer
    state : StudentState
        It is changed, unless an error is raised.
    log : ResponseLog
        Checked.
    numbers : int array, shape (n_labels,)
        The state's number for each of the log's student labels.
    """
    rounds = rounds_of(log)
    if len(rounds) > 1:  # a row that is refused must not find earlier ones taken in
        with quiet():
            model.predict_proba(log.with_students(numbers), state=state)
    found = Estimates.empty(len(log.skill.codes))
    clock = state.clock
    try:
        # That of the estimates before the first answers, too.
        state.clock = clock or log.clock or "none"
        for rows in rounds:
            whole = len(rounds) == 1
            part = log if whole else log[rows]
            entries = slice(None) if whole else entries_of(log, rows)
            owner = np.arange(len(part)) if part.skill_rows is None else part.skill_rows
            who = numbers[part.student.codes[owner]]
            skills = part.skill.labels[part.skill.codes].tolist()
            with quiet():  # of skills that were not in training the update itself warns
                found.before[entries] = model.predict_state(state, who, skills)
            model.update_state(state, part, students=numbers)
            with quiet():
                found.after[entries] = model.predict_state(state, who, skills)
    except Exception:
        state.clock = clock
        raise
    return found


def rounds_of(log: ResponseLog) -> list[Ints]:
    """Rows of a log: each student's first, then each one's second, and so on."""
    rows = log.chronological if log.chronological is not None else np.arange(len(log))
    by_student = rows[np.argsort(log.student.codes[rows], kind="stable")]
    lengths = np.bincount(log.student.codes, minlength=log.n_students)
    place = np.arange(len(log)) - np.repeat(bounds_of(lengths)[:-1], lengths)
    order = np.argsort(place, kind="stable")
    return np.split(by_student[order], np.cumsum(np.bincount(place))[:-1])


def entries_of(log: ResponseLog, rows: Ints) -> Ints:
    """The entries of some rows of a log (a row's skills), row after row."""
    if log.skill_rows is None:
        return rows
    sizes = np.bincount(log.skill_rows, minlength=len(log))
    return places_of((np.cumsum(sizes) - sizes)[rows], sizes[rows])


def blocks_of_students(log: ResponseLog, n_rows: int) -> list[Ints]:
    """The rows of a log in blocks: some students' rows each, about so many, or one student's."""
    if len(log) <= n_rows:
        return [np.arange(len(log))]
    lengths = np.bincount(log.student.codes, minlength=log.n_students)
    block = (np.cumsum(lengths) - lengths) // n_rows
    rows, bounds = stable_group(block[log.student.codes], int(block[-1]) + 1)
    return [part for part in np.split(rows, bounds[1:-1]) if len(part)]
