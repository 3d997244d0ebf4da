"""A student's events in canonical order, each with what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.labels import Label
from adaptlearn.tutor.events import Event
from adaptlearn.tutor.fold.order import canonical
from adaptlearn.tutor.store import CONFLICT, Columns


class Entry(NamedTuple):
    """One event of a student's history.

    Attributes
    ----------
    event : Event
    time : float
        The time that counts for the event's place in the order, in seconds since 1970.
    raised : bool
        Whether `time` is later than the event says, because the same device had told a later time
        before: its clock was set back.
    refused : str
        Why the model could not take the answer, which then counts for nothing; usually empty.
    """

    event: Event
    time: float
    raised: bool
    refused: str

    @property
    def ahead(self) -> float:
        """By how many seconds the device's clock was ahead of the store's, at least; else 0.

        An event cannot come in before it happens.
        """
        told, received = self.event.time, self.event.received
        return 0.0 if told is None or received is None else max(0.0, told - received)


def entries(columns: Columns, student: Label | None, refused: Mapping[str, str]) -> list[Entry]:
    """The events of one student in canonical order.

    Parameters
    ----------
    columns : Columns
        All rows of the student.
    student : label or None
    refused : mapping of id to str
        As in `Fold.refused`.
    """
    columns = columns.of_rows([k for k, kind in enumerate(columns.kind) if kind != CONFLICT])
    rows = columns.rows()
    time = np.array([row.received if row.time is None else row.time for row in rows], np.float64)
    nobody = np.zeros(len(rows), np.int64)
    found = canonical(nobody, columns.device, columns.seq, time, columns.id)
    listed = []
    for place in found.order.tolist():
        row = rows[place]
        event = Event(row.kind, student, json.loads(row.content), row.time, row.device, row.seq,
                      row.id, row.received)  # fmt: skip
        listed.append(
            Entry(event, float(found.moment[place]), bool(found.raised[place]),
                  refused.get(row.id, ""))
        )  # fmt: skip
    return listed


def plain_entry(entry: Entry) -> dict[str, Any]:
    """An entry as values that JSON can hold."""
    event = entry.event
    return {
        "id": event.id, "kind": event.kind, "time": event.time, "device": event.device,
        "seq": event.seq, "received": event.received, "content": dict(event.content),
        "counted_time": entry.time, "raised": entry.raised, "ahead": entry.ahead,
        "refused": entry.refused,
    }  # fmt: skip
