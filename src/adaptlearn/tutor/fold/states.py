"""States kept up with a store: what is asked for is read and folded in before it is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from time import sleep, thread_time
from typing import Any

from adaptlearn.errors import ModelFileError, StateError, StoreError
from adaptlearn.labels import Label
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.tutor.fold.damage import undamaged, unreadable, whose
from adaptlearn.tutor.fold.fold import FOLDED, REPLACED, Fold, Learner
from adaptlearn.tutor.fold.snapshot import restore, snapshot
from adaptlearn.tutor.store import Columns, Store, tombstone

_SNAPSHOT = "states"
_CHUNK = 200  # students that are folded at one time
_SLICE = 12  # students that are folded at one time while others are served
_REST = 1.0  # seconds that the others then have, for each second of folding
_TOLD = 20  # students or events that an error lists


class Superseded(StateError):
    """Another process has let another model or curriculum take over."""


class States:
    """The states of a store's students under one model, in this process.

    Parameters
    ----------
    store : Store
    label : callable
        Gives the label of a student's key.
    model : KnowledgeTracer
    practice : bool
        As in `MasteryTracker`.

    lock : lock
        Held while something is folded in. Hold it yourself from `refresh` until you have looked at
        what you refreshed.
    """

    def __init__(
        self,
        store: Store,
        label: Callable[[str], Label],
        model: KnowledgeTracer,
        practice: bool,
        lock: Any,
    ) -> None:
        self._lock = lock
        self._store, self.label = store, label
        self._loaded = 0  # every student's rows up to this number are folded in
        self._mine = {"model": model.fingerprint_}
        # Of each kind that is replaced as a whole, the last on record, with its event's number; and
        # the number after which what is on record must be mine.
        self._last: dict[str, tuple[int, str]] = {}
        self._after: dict[str, int] = {}
        self.fold = Fold(model, practice, label)
        kept = store.snapshot(_SNAPSHOT)
        if kept is not None:
            try:
                self._loaded = restore(self.fold, kept)
            except (ModelFileError, StateError):  # damaged, or of another model: it is a cache
                self.fold = Fold(model, practice, label)
        self._salt = store.claim("salt", "")

    def refresh(self, keys: Collection[str], *, gently: bool = False) -> None:
        """Fold in all that was acknowledged before this call of some students, and of all.

        A fold keeps Python's other threads waiting, whoever holds the lock. With `gently` it comes
        in short slices, with a rest for the others after each.
        """
        listed = [*keys]
        size = _SLICE if gently else _CHUNK
        for start in range(0, max(len(listed), 1), size):
            began = thread_time()
            self._refresh(listed[start : start + size])
            if gently:
                sleep(_REST * (thread_time() - began))

    def expect(self, kind: str, fingerprint: str) -> None:
        """Say which model or curriculum is the one that must be on record; see `watch`."""
        self._mine[kind] = fingerprint

    def watch(self, kind: str, after: int) -> None:
        """Raise `Superseded` from now on, if another of a kind is put on record after a number."""
        self._after[kind] = after

    @contextmanager
    def unwatched(self, kinds: Collection[str]) -> Iterator[None]:
        """Let others of these kinds be on record; if it raises, they are watched as before."""
        kept = self._after
        self._after = {kind: after for kind, after in kept.items() if kind not in kinds}
        try:
            yield
        except BaseException:
            self._after = kept
            raise

    def inherit(self, other: States, kinds: Collection[str]) -> None:
        """Watch for others of these kinds as other states do."""
        for kind in kinds:
            self._mine[kind] = other._mine[kind]
            if kind in other._last:
                self._last[kind] = other._last[kind]
            if kind in other._after:
                self._after[kind] = other._after[kind]

    def replaced(self) -> dict[str, int]:
        """What other processes have replaced, by kind, with the number of the event."""
        return {
            kind: number for kind, (number, other) in self._last.items()
            if number > self._after.get(kind, number) and other != self._mine[kind]
        }  # fmt: skip

    def _refresh(self, keys: list[str]) -> None:
        with self._lock:
            columns = self._read(self.fold.after(["", *keys]))
            with self._whole(columns):
                self._notice(columns)
                self._erase(columns)
                late = self.fold.take(columns)
            if late:
                self.fold.forget(late)
                columns = self._read(dict.fromkeys(late, 0))
                with self._whole(columns):
                    self.fold.take(columns)

    def _erase(self, columns: Columns) -> None:
        names = {name for name, kind in zip(columns.id, columns.kind, strict=True)
                 if kind == "erasure"}  # fmt: skip
        if names:
            self.fold.forget([key for key in self.fold.learners
                              if key and tombstone(self._salt, key) in names])  # fmt: skip

    @contextmanager
    def _whole(self, columns: Columns) -> Iterator[None]:
        """Fold all of some rows in or none of them; say which are damaged, if that is why."""
        try:
            with undamaged(columns, self.label):
                yield
        except Superseded:
            raise
        except BaseException:
            # Half of them may be in, with the number of the last: start their students anew.
            self.fold.forget({*columns.student})
            raise

    def _read(self, after: dict[str, int]) -> Columns:
        try:
            return self._store.read(after, FOLDED)
        except StoreError as error:
            bad = {} if len(after) < 2 else unreadable(self._store, [*after])
            if not bad or len(bad) == len(after):
                raise
            told = [f"{whose(key, self.label)}: {said}" for key, said in bad.items()]
            raise StoreError(f"events that cannot be read {'; '.join(told[:_TOLD])}") from error

    def _notice(self, columns: Columns) -> None:
        """Look for the model and the curriculum on record; rows may then be folded later."""
        if not {*columns.kind}.isdisjoint(REPLACED):
            rows = zip(columns.kind, columns.number, columns.content, strict=True)
            for kind, number, content in rows:
                if kind in REPLACED:
                    standing = number, str(json.loads(content)["fingerprint"])
                    self._last[kind] = max(self._last.get(kind, (0, "")), standing)
        if told := [
            f"the store is now used with {kind} {self._last[kind][1][:12]}…, which another process "
            f"has taken over; this tutor has {kind} {self._mine[kind][:12]}…. Call sync({kind}=…) "
            f"with the other {kind}"
            for kind in self.replaced()
        ]:
            raise Superseded("; ".join(told))

    def refresh_all(self, *, gently: bool = False) -> list[str]:
        """Fold in all that was acknowledged before this call; return the keys of all students.

        The lock is free between parts, so that others go on meanwhile.
        """
        changed = self._store.students(self._loaded)
        self.refresh(changed.students, gently=gently)
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
