"""States kept up with a store: what is asked for is read and folded in before it is looked at."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from adaptlearn.errors import ModelFileError, StateError
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.tutor.fold.fold import FOLDED, Fold, Learner
from adaptlearn.tutor.fold.snapshot import restore, snapshot
from adaptlearn.tutor.names import StudentNames
from adaptlearn.tutor.store import Store, tombstone

_SNAPSHOT = "states"
_CHUNK = 1000  # students that are read at one time


class States:
    """The states of a store's students under one model, in this process.

    Parameters
    ----------
    store : Store
    names : StudentNames
    model : KnowledgeTracer
    practice : bool
        As in `MasteryTracker`.

    lock : lock
        Held while something is folded in. Hold it yourself from `refresh` until you have looked at
        what you refreshed.
    """

    def __init__(
        self, store: Store, names: StudentNames, model: KnowledgeTracer, practice: bool, lock: Any
    ) -> None:
        self._lock = lock
        self._store = store
        self._loaded = 0  # every student's rows up to this number are folded in
        self.fold = Fold(model, practice, names.label)
        kept = store.snapshot(_SNAPSHOT)
        if kept is not None:
            try:
                self._loaded = restore(self.fold, kept)
            except (ModelFileError, StateError):  # damaged, or of another model: it is a cache
                self.fold = Fold(model, practice, names.label)
        self._salt = store.claim("salt", "")

    def refresh(self, keys: Collection[str]) -> None:
        """Fold in all that was acknowledged before this call of some students, and of all."""
        listed = [*keys]
        for start in range(0, max(len(listed), 1), _CHUNK):
            self._refresh(listed[start : start + _CHUNK])

    def _refresh(self, keys: list[str]) -> None:
        with self._lock:
            columns = self._store.read(self.fold.after(["", *keys]), FOLDED)
            erasures = {name for name, kind in zip(columns.id, columns.kind, strict=True)
                        if kind == "erasure"}  # fmt: skip
            if erasures:
                self.fold.forget([key for key in self.fold.learners
                                  if key and tombstone(self._salt, key) in erasures])  # fmt: skip
            late = self.fold.take(columns)
            if late:
                self.fold.forget(late)
                self.fold.take(self._store.read(dict.fromkeys(late, 0), FOLDED))

    def refresh_all(self) -> list[str]:
        """Fold in all that was acknowledged before this call; return the keys of all students.

        The lock is free between parts, so that others go on meanwhile.
        """
        changed = self._store.students(self._loaded)
        self.refresh(changed.students)
        with self._lock:
            self._loaded = max(self._loaded, changed.number)
            return sorted(key for key in self.fold.learners if key)

    def keep(self) -> None:
        """Keep a snapshot of all states, from which the next one over this store starts."""
        self.refresh_all()
        with self._lock:
            data, number = snapshot(self.fold, self._loaded), self.learner("").number
        self._store.snapshot(_SNAPSHOT, data, number)

    def guard(self, lock: Any) -> None:
        """Hold another lock from now on, with those who share these states."""
        self._lock = lock

    def learner(self, key: str) -> Learner:
        """What is folded of one student; the empty key stands for what concerns all."""
        return self.fold.learners.get(key) or Learner()
