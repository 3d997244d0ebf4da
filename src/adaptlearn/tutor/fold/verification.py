"""Whether the states in use are those that the events give."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.labels import Label
from adaptlearn.tutor.fold.fold import FOLDED, Fold
from adaptlearn.tutor.fold.states import States
from adaptlearn.tutor.names import StudentNames
from adaptlearn.tutor.store import Store

_CHUNK = 4000  # students that are folded at one time


class Verification(NamedTuple):
    """What `Tutor.verify` found; it is true if nothing differs.

    Attributes
    ----------
    students, events : int
        How many were folded anew.
    differ : tuple of label
        Students whose state in use is not the one that their events give.
    damaged : tuple of str
        What is damaged in the store, a sentence each.
    """

    students: int
    events: int
    differ: tuple[Label, ...]
    damaged: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.differ and not self.damaged


def verify(
    store: Store, states: States, names: StudentNames, practice: bool, lock: Any
) -> Verification:
    """Fold all students anew, some at a time, and compare bit for bit."""
    students = store.students().students
    n_events, differ = 0, []
    for start in range(0, len(students), _CHUNK):
        keys = students[start : start + _CHUNK]
        with lock:  # until both were read, nothing more is folded into those in use
            states.refresh(keys)
            columns = store.read(dict.fromkeys(["", *keys], 0), FOLDED)
            # What came between the two reads is not looked at.
            until = {key: states.learner(key).number for key in ["", *keys]}
            kept = [row for row, key in enumerate(columns.student)
                    if columns.number[row] <= until[key]]  # fmt: skip
            anew = Fold(states.fold.tracker.model, practice, names.label)
            anew.take(columns.of_rows(kept))
            n_events += len(kept)
            differ += _differing(states.fold, anew, keys, names)
    return Verification(len(students), n_events, tuple(differ), tuple(store.check()))


def _differing(one: Fold, other: Fold, keys: list[str], names: StudentNames) -> list[Label]:
    """Those of some students whom two folds do not hold alike, by label."""
    labels = [names.label(key) for key in keys]
    apart = np.array([
        _facts(one, key) != _facts(other, key) for key in keys
    ])  # fmt: skip
    skills = np.union1d(one.tracker.skills.tolist(), other.tracker.skills.tolist())
    for table in zip(_tables(one, labels, skills), _tables(other, labels, skills), strict=True):
        mine, theirs = table
        # Equal bits: nan is the same as nan, and 0.0 is not -0.0.
        apart |= (mine.view(np.int64) != theirs.view(np.int64)).any(axis=1)
    return [label for label, differs in zip(labels, apart.tolist(), strict=True) if differs]


def _facts(fold: Fold, key: str) -> tuple[object, ...]:
    learner = fold.learners.get(key)
    if learner is None:
        return ()
    return learner.done, learner.overrides, learner.goal, learner.reached


def _tables(fold: Fold, labels: list[Label], skills: np.ndarray) -> list[np.ndarray]:
    """Mastery, numbers of answers, last times and practice, in one order of skills."""
    tracker = fold.tracker
    place = {skill: column for column, skill in enumerate(tracker.skills.tolist())}
    columns = [place[skill] for skill in skills.tolist() if skill in place]
    tables = [tracker.mastery(labels).value, tracker.counts(labels)]
    found = tracker.practice(labels)
    if found is not None:
        tables += [*found]
    made = [np.ascontiguousarray(np.asarray(table, np.float64)[:, columns]) for table in tables]
    return [*made, np.ascontiguousarray(tracker.last_times(labels)[:, None])]
