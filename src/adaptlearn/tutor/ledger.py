"""Events written to a store and read from it, under students' keys."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from time import time as seconds_now
from typing import Any

from adaptlearn.errors import StateError
from adaptlearn.labels import Label
from adaptlearn.tutor.events import Event, canonical_json, named
from adaptlearn.tutor.history import Entry, entries
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
        """Write contents that the tutor made itself under keys, with an id each or None."""
        now = seconds_now()
        rows = [named(Row("", kind, key, "", 0, time, now, canonical_json(content)), name)
                for key, name, content in told]  # fmt: skip
        self._write(rows)

    def _write(self, rows: list[Row]) -> list[Receipt]:
        statuses = self._store.append(rows) if rows else []
        return [Receipt(row.id, status) for row, status in zip(rows, statuses, strict=True)]

    def entries(
        self, student: Label, kinds: Collection[str] | None, refused: Mapping[str, str]
    ) -> list[Entry]:
        """A student's events in canonical order, of some kinds or of all."""
        (key,) = self._names.keys([student])
        return entries(self._store.read({key: 0}, kinds), student, refused)

    def introduce(self, mine: Mapping[str, str], new_model: bool) -> None:
        """Write the fingerprints of model and curriculum, where others or none are on record.

        Raises
        ------
        StateError
            The store was used with another model last, and `new_model` is False.
        """
        columns = self._store.read({"": 0}, [*mine])
        listed = sorted(zip(columns.number, columns.kind, columns.content, strict=True))
        last = {kind: json.loads(content)["fingerprint"] for _, kind, content in listed}
        if last.get("model", mine["model"]) != mine["model"] and not new_model:
            raise StateError(
                f"the store was used with model {last['model'][:12]}… last, this model is "
                f"{mine['model'][:12]}…; open it with that model and call sync(model=…), or pass "
                "new_model=True"
            )
        for kind, fingerprint in mine.items():
            if last.get(kind) != fingerprint:
                self.note(None, kind, [{"fingerprint": fingerprint}])
