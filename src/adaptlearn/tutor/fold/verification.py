"""Whether the states in use are those that the events give."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import StoreError
from adaptlearn.labels import Label
from adaptlearn.tutor.fold.damage import damage_of, unreadable, whose
from adaptlearn.tutor.fold.fold import FOLDED, Fold
from adaptlearn.tutor.fold.states import States
from adaptlearn.tutor.store import Columns, Store

_CHUNK = 4000  # students that are folded at one time


class Verification(NamedTuple):
    """What `Tutor.verify` found; it is true if nothing differs.

    Attributes
    ----------
    students : int
    events : int
        How many events of these students were looked at, of every kind.
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


def verify(store: Store, states: States, lock: Any) -> Verification:
    """Read all events, fold all students anew, some at a time, and compare bit for bit.

    A student with a damaged event is not folded; what is damaged is told, and the others go on.
    """
    found = _Found(store, states, lock)
    try:
        students = store.students().students
    except StoreError as error:
        return Verification(0, 0, (), (str(error), *store.check()))
    common = unreadable(store, [""])
    if not common:
        with suppress(StoreError):  # then an event is damaged, and told below
            states.refresh(())
        found.damaged += [told for _, told in damage_of(store.read({"": 0}), states.label)]
    found.damaged += [f"events {whose(key, states.label)}: {said}" for key, said in common.items()]
    found.whole = not found.damaged
    for start in range(0, len(students), _CHUNK):
        found.look(students[start : start + _CHUNK])
    damaged = dict.fromkeys((*found.damaged, *store.check()))  # the store may tell of the same
    return Verification(len(students), found.n_events, tuple(found.differ), tuple(damaged))


class _Found:
    """What was found so far; `whole` is whether what concerns all students can be read."""

    def __init__(self, store: Store, states: States, lock: Any) -> None:
        self._store, self._states, self._lock = store, states, lock
        self.n_events, self.whole = 0, True
        self.differ: list[Label] = []
        self.damaged: list[str] = []

    def look(self, keys: list[str]) -> None:
        """Look at some students; if they cannot be read or folded together, at each half."""
        refused = None
        with self._lock:  # until both were read, nothing more is folded into those in use
            try:
                if self.whole:
                    self._states.refresh(keys)
            except StoreError as error:
                refused = error
            try:
                columns = self._store.read(dict.fromkeys(keys, 0))
            except StoreError as error:
                refused, columns = error, Columns.of([])
            if refused is None or len(keys) == 1:
                damage = damage_of(columns, self._states.label)
                bad = {key for key, _ in damage}
                if refused is None and self.whole:
                    self._states.refresh(())  # who was erased between the two is no difference
                    self._compare([key for key in keys if key not in bad], columns)
        if refused is not None and len(keys) > 1:
            half = len(keys) // 2
            self.look(keys[:half])
            self.look(keys[half:])
            return
        self.n_events += len(columns.number)
        self.damaged += [told for _, told in damage]
        if refused is not None and not damage:
            self.damaged.append(f"events {whose(keys[0], self._states.label)}: {refused}")

    def _compare(self, keys: list[str], columns: Columns) -> None:
        """Fold rows anew. What came after they were folded into the states in use is left out."""
        states = self._states
        until = {key: states.learner(key).number for key in keys}
        rows = zip(columns.student, columns.kind, columns.number, strict=True)
        kept = [row for row, (key, kind, number) in enumerate(rows)
                if kind in FOLDED and number <= until.get(key, 0)]  # fmt: skip
        anew = Fold(states.fold.tracker.model, states.fold.practice, self._states.label)
        anew.take(columns.of_rows(kept))
        self.differ += _differing(states.fold, anew, keys)


def _differing(one: Fold, other: Fold, keys: list[str]) -> list[Label]:
    """Those of some students whom two folds do not hold alike, by label."""
    labels = [one.label(key) for key in keys]
    apart = np.array([_facts(one, key) != _facts(other, key) for key in keys], bool)
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
