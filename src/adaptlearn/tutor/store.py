"""What a store of events must do, and what all stores decide alike."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable

Status = Literal["new", "known", "conflict", "erased"]

CONFLICT = "conflict"
"""The kind that an event's row gets when another content comes under its id."""


class Row(NamedTuple):
    """An event as a store keeps it.

    Attributes
    ----------
    id, kind : str
    student : str
        The student's key, which the store does not interpret; empty for what concerns all.
    device : str
    seq : int
    time : float or None
        None where no device told it; then `received` counts.
    received : float
        When it first came; it does not belong to the content.
    content : str
        Canonical JSON.
    """

    id: str
    kind: str
    student: str
    device: str
    seq: int
    time: float | None
    received: float
    content: str

    @property
    def told(self) -> tuple[object, ...]:
        """What must be equal for two events of one id to be one event."""
        return (self.kind, self.student, self.device, self.seq, self.time, self.content)

    @property
    def digest(self) -> str:
        """SHA-256 of the id and of what was told."""
        return hashlib.sha256(repr((self.id, *self.told)).encode()).hexdigest()


class Columns(NamedTuple):
    """Rows that were read, in any order, as columns of one length.

    Attributes
    ----------
    number : sequence of int
        The number that the store gave the row. Numbers grow in the order in which rows became
        durable: who has seen number ``k`` of a student has seen all smaller ones.
    id, kind, student, device, seq, time, received, content
        As in `Row`.
    """

    number: Sequence[int]
    id: Sequence[str]
    kind: Sequence[str]
    student: Sequence[str]
    device: Sequence[str]
    seq: Sequence[int]
    time: Sequence[float | None]
    received: Sequence[float]
    content: Sequence[str]

    @classmethod
    def of(cls, rows: Sequence[tuple[object, ...]]) -> Columns:
        """Columns of tuples, each of a number and the fields of a `Row`."""
        columns: list[Sequence[object]] = [[row[k] for row in rows] for k in range(9)]
        return cls(*columns)  # type: ignore[arg-type]

    def of_rows(self, rows: Sequence[int]) -> Columns:
        """The columns of some rows."""
        parts: list[Sequence[object]] = [[column[row] for row in rows] for column in self]
        return Columns(*parts)  # type: ignore[arg-type]

    def rows(self) -> list[Row]:
        """The rows, without their numbers."""
        return [Row(*values) for values in zip(*self[1:], strict=True)]


class Changed(NamedTuple):
    """Who has events beyond a number.

    Attributes
    ----------
    number : int
        The largest number that the store has given.
    students : list of str
        Sorted; the empty key is not among them.
    """

    number: int
    students: list[str]


@runtime_checkable
class Store(Protocol):
    """Where a tutor keeps events: eight methods, which any thread of any process may call.

    A store keeps rows and does not interpret them. It decides three things itself, in the same
    transaction that writes: whether a row is known, whether it contradicts one of its id (`judge`),
    and whether its student was erased (`tombstone`). A row in conflict gets the kind
    ``"conflict"``, the content ``"{}"`` and a new number, so that readers find it. Numbers
    must become visible in their order: a reader who has seen number ``k`` asks only for larger ones
    ever after. So only one transaction at a time may give numbers.
    """

    def append(self, rows: Sequence[Row]) -> list[Status]:
        """Keep rows; return when they are durable, with what became of each.

        ``"new"``: kept. ``"known"``: kept before. ``"conflict"``: another content stands under its
        id; both are kept aside and count for nothing. ``"erased"``: the student was erased, and the
        row was not kept. If it raises, no row is kept, unless the message says that rows may have
        been kept: then send them again, with the same ids.
        """
        ...

    def read(self, after: Mapping[str, int], kinds: Collection[str] | None = None) -> Columns:
        """Rows of some students that have larger numbers than given, of some kinds or of all.

        Every row that was acknowledged before the call is read, whoever wrote it.
        """
        ...

    def students(self, after: int = 0) -> Changed:
        """The students who have a row with a larger number."""
        ...

    def conflicts(self) -> list[Row]:
        """All contents of ids that have more than one, sorted by id and digest."""
        ...

    def forget(self, student: str) -> int:
        """Erase a student; return how many rows were erased.

        Rows, conflicts and snapshots go, also from what lies unused in files. The tombstone's row
        (kind ``"erasure"``) keeps out what comes later.
        """
        ...

    def claim(self, name: str, value: str) -> str:
        """Set a fact about the store once and for all; the value that stands is returned.

        An empty value sets nothing; where no value stands, an empty one is returned.
        """
        ...

    def snapshot(self, name: str, data: bytes | None = None, number: int = 0) -> bytes | None:
        """Keep a snapshot, or read one (None if there is none); empty data removes it.

        It is not kept if a student was erased by a row with a larger number than given: it may hold
        that student.
        """
        ...

    def check(self) -> list[str]:
        """A sentence for each thing that is damaged; it may read all rows."""
        ...

    def close(self) -> None:
        """Close files and connections; acknowledged rows stay."""
        ...


def judge(standing: Row, new: Row) -> Status:
    """What becomes of a row whose id is taken."""
    return "known" if standing.told == new.told else "conflict"


def came_earlier(standing: Row, new: Row) -> bool:
    """Whether a known row tells of an earlier receipt, where that is the time that counts.

    The row then replaces the stored row, so that merging in any order gives the same result.
    """
    return new.time is None and standing.told == new.told and new.received < standing.received


def tombstone(salt: str, student: str) -> str:
    """The id of the row that keeps an erased student's events out.

    It cannot be told from it who was erased, only whether a given student was.
    """
    digest = hmac.new(salt.encode(), student.encode(), hashlib.sha256)
    return f"erasure:{digest.hexdigest()}"


def all_rows(store: Store) -> list[Row]:
    """All that a store holds, for another store to append: that merges the two.

    Merging is commutative, associative and idempotent: whatever is merged with whatever, in any
    order and however often, the same events give the same state. Contents that are in conflict
    here, or get into conflict there, are kept aside there, too.

    An erasure keeps out what comes to its own store, and another store does not learn of it. Call
    `forget` in each store that may hold the student.

    Examples
    --------
    >>> from adaptlearn.storage import MemoryStore
    >>> one, other = MemoryStore(), MemoryStore()
    >>> one.append([Row("e1", "answer", "mia", "", 0, 5.0, 6.0, '{"correct":1,"skill":"add"}')])
    ['new']
    >>> other.append(all_rows(one)), other.append(all_rows(one))
    (['new'], ['known'])
    """
    students = ["", *store.students().students]
    rows = store.read(dict.fromkeys(students, 0)).rows()
    return [row for row in rows if row.kind != CONFLICT] + store.conflicts()
