"""A store in memory, for trials, notebooks and tests."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from threading import RLock

from adaptlearn.tutor.store import (
    CONFLICT,
    Changed,
    Columns,
    Row,
    Status,
    came_earlier,
    judge,
    tombstone,
)


class MemoryStore:
    """Keeps events in this process's memory, for as long as it runs.

    Examples
    --------
    >>> store = MemoryStore()
    >>> store.append([Row("e1", "answer", "mia", "", 0, 5.0, 6.0, '{"correct":1,"skill":"add"}')])
    ['new']
    >>> store.students().students
    ['mia']
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._last = 0
        self._rows: dict[str, tuple[int, Row]] = {}
        self._of_student: dict[str, dict[str, int]] = {}  # in order of numbers
        self._conflicts: dict[str, Row] = {}
        self._facts: dict[str, str] = {}
        self._snapshots: dict[str, bytes] = {}
        self._salt = self.claim("salt", secrets.token_hex(16))

    def append(self, rows: Sequence[Row]) -> list[Status]:
        """Keep rows; see `Store.append`."""
        with self._lock:
            return [self._append(row) for row in rows]

    def _append(self, row: Row) -> Status:
        if row.student and tombstone(self._salt, row.student) in self._rows:
            return "erased"
        if row.id not in self._rows:
            self._put(row)
            return "new"
        standing = self._rows[row.id][1]
        if standing.kind == CONFLICT:
            self._conflicts[row.digest] = row
            return "conflict"
        status = judge(standing, row)
        if status == "conflict":
            self._conflicts |= {standing.digest: standing, row.digest: row}
            self._put(standing._replace(kind=CONFLICT, content="{}"))
        elif came_earlier(standing, row):
            self._put(standing._replace(received=row.received))
        return status

    def _put(self, row: Row) -> None:
        """Give a row the next number, in place of the one of its id."""
        self._last += 1
        self._rows[row.id] = self._last, row
        mine = self._of_student.setdefault(row.student, {})
        mine.pop(row.id, None)
        mine[row.id] = self._last

    def read(self, after: Mapping[str, int], kinds: Collection[str] | None = None) -> Columns:
        """Rows of some students; see `Store.read`."""
        with self._lock:
            found = [
                (number, *self._rows[name][1])
                for student, least in sorted(after.items())
                for name, number in self._of_student.get(student, {}).items()
                if number > least and (kinds is None or self._rows[name][1].kind in kinds)
            ]
        return Columns.of(found)

    def students(self, after: int = 0) -> Changed:
        """The students with a row of a larger number; see `Store.students`."""
        with self._lock:
            found = [
                student
                for student, numbers in self._of_student.items()
                if student and numbers and next(reversed(numbers.values())) > after
            ]
            return Changed(self._last, sorted(found))

    def conflicts(self) -> list[Row]:
        """All contents of ids that have more than one; see `Store.conflicts`."""
        with self._lock:
            return sorted(self._conflicts.values(), key=lambda row: (row.id, row.digest))

    def forget(self, student: str) -> int:
        """Erase a student; see `Store.forget`."""
        with self._lock:
            gone = self._of_student.pop(student, {})
            for name in gone:
                del self._rows[name]
            self._conflicts = {
                digest: row for digest, row in self._conflicts.items() if row.student != student
            }
            self._snapshots.clear()
            name = tombstone(self._salt, student)
            if name not in self._rows:
                self._put(Row(name, "erasure", "", "", 0, None, time.time(), "{}"))
            return len(gone)

    def claim(self, name: str, value: str) -> str:
        """Set a fact once and for all; see `Store.claim`."""
        with self._lock:
            return self._facts.setdefault(name, value) if value else self._facts.get(name, "")

    def snapshot(self, name: str, data: bytes | None = None, number: int = 0) -> bytes | None:
        """Keep or read a snapshot; see `Store.snapshot`."""
        with self._lock:
            if data is None:
                return self._snapshots.get(name)
            self._snapshots.pop(name, None)
            if data and not self.read({"": number}, ["erasure"]).number:
                self._snapshots[name] = data
            return None

    def check(self) -> list[str]:
        """Nothing: memory is not looked at; see `Store.check`."""
        return []

    def close(self) -> None:
        """Nothing to let go of; see `Store.close`."""
