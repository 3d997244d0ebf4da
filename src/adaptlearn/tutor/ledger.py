"""Events written to a store and read from it, under students' keys."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from time import time as seconds_now
from typing import Any

from adaptlearn.errors import StateError, UnknownLabelError
from adaptlearn.labels import Label, near_spellings
from adaptlearn.tutor.events import Event, canonical_json, named
from adaptlearn.tutor.fold.damage import undamaged
from adaptlearn.tutor.fold.history import Entry, entries
from adaptlearn.tutor.names import StudentNames
from adaptlearn.tutor.receipts import Receipt
from adaptlearn.tutor.store import Row, Store

_STEP = 1e-6  # seconds between events of one call, so that they keep their order


class Ledger:
    """A store's events by student.

    Parameters
    ----------
    store : Store
    names : StudentNames
    """

    def __init__(self, store: Store, names: StudentNames) -> None:
        self._store, self._names = store, names

    def keep(self, events: Sequence[Event], now: float) -> list[Receipt]:
        """Write events under their students' labels; those without a time keep their order."""
        students = dict.fromkeys(one.student for one in events if one.student is not None)
        keys = {label: key for key, label in self._names.keys([*students], record=True).items()}
        return self._write(
            [
                one.row("" if one.student is None else keys[one.student], now + _STEP * place)
                for place, one in enumerate(events)
            ]
        )

    def note(
        self, student: Label | None, kind: str, contents: Iterable[Mapping[str, Any]]
    ) -> list[Receipt]:
        """Write what a tutor's method makes of one student or of all, in the order given."""
        now = seconds_now()
        return self.keep(
            [Event(kind, student, one, now + _STEP * k) for k, one in enumerate(contents)], now
        )

    def write(
        self, kind: str, told: Iterable[tuple[str, str | None, Mapping[str, Any]]], time: float
    ) -> None:
        """Write contents that the tutor made itself under keys, with an id each or None.

        Those of one student keep their order.
        """
        now = seconds_now()
        so_far: Counter[str] = Counter()
        rows = []
        for key, name, content in told:
            moment = time + _STEP * so_far[key]
            so_far[key] += 1
            rows.append(
                named(Row("", kind, key, "", 0, moment, now, canonical_json(content)), name)
            )
        self._write(rows)

    def _write(self, rows: list[Row]) -> list[Receipt]:
        statuses = self._store.append(rows) if rows else []
        return [Receipt(row.id, status) for row, status in zip(rows, statuses, strict=True)]

    def entries(
        self, student: Label, kinds: Collection[str] | None, refused: Mapping[str, str]
    ) -> list[Entry]:
        """A student's events in canonical order, of some kinds or of all."""
        (key,) = self._names.keys([student])
        columns = self._store.read({key: 0}, kinds)
        with undamaged(columns, self._names.label):
            return entries(columns, student, refused)

    def check_override(self, override: str, student: Label | None) -> None:
        """Refuse to withdraw what is no override of a student, or of all.

        Raises
        ------
        UnknownLabelError
            With near spellings among the student's overrides.
        """
        mine = self._overrides(student)
        if override in mine:
            return
        whose = "for all students" if student is None else f"of {student!r}"
        hint = near_spellings(override, mine)
        if student is None:
            hint = hint or "; pass student= for an override of one student"
        elif override in self._overrides(None):
            hint = "; it is for all students: leave student out"
        raise UnknownLabelError(f"unknown override {whose}", [f"{override!r}{hint}"])

    def _overrides(self, student: Label | None) -> list[str]:
        """Ids of the overrides of a student, or of those for all, withdrawn ones too."""
        (key,) = ("",) if student is None else self._names.keys([student])
        columns = self._store.read({key: 0}, ["override"])
        rows = zip(columns.id, columns.content, strict=True)
        with undamaged(columns, self._names.label):
            return [name for name, content in rows if "withdraws" not in json.loads(content)]

    def introduce(
        self, mine: Mapping[str, str], may_replace: Collection[str]
    ) -> dict[str, tuple[int, str]]:
        """Write the fingerprints of model and curriculum, where others or none are on record.

        Parameters
        ----------
        mine : mapping of kind to fingerprint
        may_replace : collection of str
            The kinds of which another one may be on record.

        Returns
        -------
        dict of kind to (number, fingerprint)
            The last on record: mine, or that of a process which wrote meanwhile.

        Raises
        ------
        StateError
            The store was used with another one last, and it may not be replaced.
        """
        last = self._last([*mine])
        told = [
            f"the store was used with {kind} {last[kind][1][:12]}… last, this {kind} is "
            f"{one[:12]}…; open it with that {kind} and call sync({kind}=…), or pass "
            f"new_{kind}=True"
            for kind, one in mine.items()
            if kind not in may_replace and last.get(kind, (0, one))[1] != one
        ]
        if told:
            raise StateError("; ".join(told))
        new = {kind: one for kind, one in mine.items() if last.get(kind, (0, ""))[1] != one}
        for kind, fingerprint in new.items():
            self.note(None, kind, [{"fingerprint": fingerprint}])
        return self._last([*mine]) if new else last

    def _last(self, kinds: Collection[str]) -> dict[str, tuple[int, str]]:
        """The last fingerprint of each kind on record, with its event's number."""
        columns = self._store.read({"": 0}, kinds)
        listed = sorted(zip(columns.number, columns.kind, columns.content, strict=True))
        with undamaged(columns, self._names.label):
            return {kind: (number, json.loads(content)["fingerprint"])
                    for number, kind, content in listed}  # fmt: skip
