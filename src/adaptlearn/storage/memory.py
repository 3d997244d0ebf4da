"""A store in memory, for trials, notebooks and tests."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from threading import RLock

from adaptlearn.storage.appending import Appending, erasure
from adaptlearn.tutor.store import Changed, Columns, Row, Status


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
            return self._append(rows)

    def _append(self, rows: Sequence[Row]) -> list[Status]:
        change = Appending(rows, self._find, self._salt, self._last)
        for name, (number, row) in change.put.items():
            self._rows[name] = number, row
            mine = self._of_student.setdefault(row.student, {})
            mine.pop(name, None)  # so that it stands last, as its number is the largest
            mine[name] = number
        self._conflicts = change.aside | self._conflicts
        self._last = change.last
        return change.statuses

    def _find(self, names: Sequence[str]) -> list[Row]:
        return [self._rows[name][1] for name in names if name in self._rows]

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
            self._append([erasure(self._salt, student)])
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
