"""A store in one SQLite file, for any number of threads and processes on one machine."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from zlib import crc32

from adaptlearn.errors import StoreError
from adaptlearn.storage.appending import Appending, erasure, number_problems, refuse_older
from adaptlearn.storage.group_commit import GroupCommit
from adaptlearn.storage.statements import APPLICATION, MIGRATIONS, SETTINGS, STATEMENTS
from adaptlearn.storage.wal import lost_transactions
from adaptlearn.tutor.store import Changed, Columns, Row, Status

_FULL = 2  # what `PRAGMA synchronous` calls FULL
_Found = TypeVar("_Found")
_TOLD = 20  # damaged events that an error lists


class SQLiteStore:
    """Keeps events in one file, so that neither a killed process nor a loss of power loses any.

    The file stands in WAL mode with ``synchronous=FULL``: a call to `append` returns after the disk
    has what it wrote. What several threads append at one time shares one sync of the disk. Beside
    the file stand two more while it is open, with ``-wal`` and ``-shm`` at the end of their names.
    New files can be read and written by their owner only. Open a store in each process; do not
    carry one into a process that was forked. Keep the file on a disk of this machine: SQLite's
    locks do not work on network file systems.

    Parameters
    ----------
    path : str or path
        The file is made if it does not exist; its folder must exist.
    timeout : float, default 30
        How many seconds a call waits while another process writes.

    Raises
    ------
    StoreError
        The error is raised if the file is not a store, if a newer version of this library wrote it,
        or if the system does not let the store read and write it. Each method raises it if the file
        cannot be read or written; then nothing was kept.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     store = SQLiteStore(Path(folder) / "school.db")
    ...     row = Row("e1", "answer", "mia", "", 0, 5.0, 6.0, '{"correct":1,"skill":"add"}')
    ...     print(store.append([row]), store.append([row]))
    ...     store.close()
    ['new'] ['known']
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 30.0) -> None:
        self._path = Path(path).absolute()
        self._timeout = timeout
        self._process = os.getpid()
        self._idle: list[sqlite3.Connection] = []  # of readers
        self._writing = Lock()
        self._acknowledged = 0  # the largest number that an `append` of this process returned with
        with self._telling():
            _make(self._path)
            there = self._path.stat()
            self._place = there.st_dev, there.st_ino
            self._look_at_wal()
            self._writer = self._connect()
            self._upgrade()
        self._commit: GroupCommit[Row, Status] = GroupCommit(self._append)
        self._salt = self.claim("salt", secrets.token_hex(16))

    def __repr__(self) -> str:
        return f"SQLiteStore({str(self._path)!r})"

    def append(self, rows: Sequence[Row]) -> list[Status]:
        """Keep rows; see `Store.append`."""
        return self._commit(rows)

    def _append(self, rows: list[Row]) -> list[Status]:
        with self._write() as writer:
            last = int(_fact(writer, "number") or 0)
            refuse_older(self._path, last, self._acknowledged)
            change = _appended(writer, rows, self._salt, last)
        self._acknowledged = change.last
        return change.statuses

    def read(self, after: Mapping[str, int], kinds: Collection[str] | None = None) -> Columns:
        """Rows of some students; see `Store.read`."""
        asked = [json.dumps(dict(after))]
        name = "read" if kinds is None else "read_kinds"
        if kinds is not None:
            asked.append(json.dumps(sorted(kinds)))
        found = self._read(lambda on: on.execute(STATEMENTS[name], asked).fetchall())
        damaged = [row[1:4] for row in found if row[0] != _mark(row[1:])]
        if damaged:
            number = "1 event is" if len(damaged) == 1 else f"{len(damaged):,} events are"
            told = ", ".join(f"{kind!r} {one!r}" for _, one, kind in damaged[:_TOLD])
            problem = f"{number} damaged, by kind and id: {told}"
            raise StoreError(f"{self._path}: {problem}; bring the file back from a backup")
        return Columns.of([row[1:] for row in found])

    def students(self, after: int = 0) -> Changed:
        """The students with a row of a larger number; see `Store.students`."""

        def look(on: sqlite3.Connection) -> Changed:
            # The number first: rows that come between the two are found again next time.
            number = int(_fact(on, "number") or 0)
            found = on.execute(STATEMENTS["students"], [after])
            return Changed(number, sorted(student for (student,) in found))

        return self._read(look)

    def conflicts(self) -> list[Row]:
        """All contents of ids that have more than one; see `Store.conflicts`."""
        found = self._read(lambda on: on.execute(STATEMENTS["conflicts"]).fetchall())
        return [Row(*values) for values in found]

    def forget(self, student: str) -> int:
        """Erase a student; see `Store.forget`.

        Raises
        ------
        StoreError
            The error is raised, too, if the student is erased, but the file could not be written
            anew: the disk is full, or other processes read all the time that the call waits. Then
            copies of the rows may still stand in it. Call `forget` again.
        """
        with self._write() as writer:
            gone = writer.execute(STATEMENTS["erase"], [student]).rowcount
            writer.execute(STATEMENTS["erase_conflicts"], [student])
            writer.execute(STATEMENTS["erase_snapshots"])
            last = int(_fact(writer, "number") or 0)
            _appended(writer, [erasure(self._salt, student)], self._salt, last)
        self._scrub()
        return gone

    def _scrub(self) -> None:
        """Write the file anew without what was erased, and empty the WAL."""
        with self._writing:
            try:
                self._writer.execute(STATEMENTS["vacuum"])
                end = time.monotonic() + self._timeout
                while self._writer.execute(STATEMENTS["checkpoint"]).fetchone()[0]:
                    if time.monotonic() > end:
                        raise StoreError("other processes read the WAL all the time")
                    time.sleep(0.02)
            except (sqlite3.Error, StoreError) as error:
                problem = "the student is erased, but copies may still stand in the file"
                raise StoreError(f"{self._path}: {problem} ({error}); call forget again") from error

    def claim(self, name: str, value: str) -> str:
        """Set a fact once and for all; see `Store.claim`."""
        standing = self._read(lambda on: _fact(on, name))
        if standing is not None or not value:
            return standing or ""
        with self._write() as writer:
            writer.execute(STATEMENTS["claim"], [name, value])
            return str(_fact(writer, name))

    def snapshot(self, name: str, data: bytes | None = None, number: int = 0) -> bytes | None:
        """Keep or read a snapshot; see `Store.snapshot`."""
        if data is None:
            found = self._read(lambda on: on.execute(STATEMENTS["snapshot"], [name]).fetchone())
            return None if found is None else bytes(found[0])
        with self._write() as writer:
            writer.execute(STATEMENTS["drop_snapshot"], [name])
            if data:
                writer.execute(STATEMENTS["keep"], [name, data, number])
        return None

    def check(self) -> list[str]:
        """What is damaged in the file; see `Store.check`."""

        def look(on: sqlite3.Connection) -> list[str]:
            problems = [told for (told,) in on.execute(STATEMENTS["check"]) if told != "ok"]
            # The last number last: others may write meanwhile.
            acknowledged, (most,) = self._acknowledged, on.execute(STATEMENTS["most"]).fetchone()
            return problems + number_problems(int(_fact(on, "number") or 0), most, acknowledged)

        try:
            return self._read(look)
        except StoreError as error:
            return [str(error)]

    def close(self) -> None:
        """Close all connections; the last process to do so empties the WAL."""
        while self._idle:
            self._idle.pop().close()
        with self._writing:
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        # Named by what it is, so that SQLite never makes a file: a deleted one stays deleted.
        where = f"{self._path.as_uri()}?mode=rw"
        on = sqlite3.connect(
            where, uri=True, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )
        mode = on.execute(STATEMENTS["wal"]).fetchone()[0]
        for setting in SETTINGS:
            on.execute(setting)
        if mode != "wal" or on.execute(STATEMENTS["synchronous"]).fetchone()[0] != _FULL:
            on.close()
            problem = "SQLite cannot keep it in WAL mode with synchronous=FULL"
            raise StoreError(f"{self._path}: {problem}; keep it on a disk of this machine")
        return on

    def _look_at_wal(self) -> None:
        """Refuse a damaged WAL before SQLite drops what stands behind the damage."""
        wal = self._path.with_name(f"{self._path.name}-wal")
        lost = lost_transactions(wal)
        if lost:
            raise StoreError(
                f"{wal} is damaged: SQLite cannot read its last {lost} transactions. Copy it and "
                f"{self._path.name} to another place, then bring a backup back. To go on without "
                f'these transactions, run: sqlite3 {self._path.name} "PRAGMA wal_checkpoint"'
            )

    def _upgrade(self) -> None:
        """Bring the file to this library's schema, in one transaction."""
        with self._write() as writer:
            (version,) = writer.execute(STATEMENTS["version"]).fetchone()
            (application,) = writer.execute(STATEMENTS["application"]).fetchone()
            (tables,) = writer.execute(STATEMENTS["tables"]).fetchone()
            if application != APPLICATION and (application or version or tables):
                raise StoreError(f"{self._path}: this is a database of another program, no store")
            if version > len(MIGRATIONS):
                raise StoreError(
                    f"{self._path}: the store's version is {version}, this library reads up to "
                    f"{len(MIGRATIONS)}; upgrade adaptlearn"
                )
            # Also where nothing is new: SQLite writes the version, and so syncs the WAL. It may
            # hold what a killed process wrote and did not sync, and what `append` will find known.
            for statement in (line for step in MIGRATIONS[version:] for line in step):
                writer.execute(statement)
            writer.execute(f"PRAGMA application_id = {APPLICATION}")
            writer.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start; nothing is kept if it raises."""
        with self._writing, self._telling():
            self._check_place()
            self._writer.execute(STATEMENTS["begin"])
            try:
                yield self._writer
                self._writer.execute(STATEMENTS["commit"])
                self._check_place()  # else what was written stands in a file that nobody finds
            except BaseException:
                if self._writer.in_transaction:
                    with suppress(sqlite3.Error):
                        self._writer.execute(STATEMENTS["rollback"])
                raise

    def _check_place(self) -> None:
        """Raise an error if the file that is open no longer stands where it stood."""
        now = self._path.stat()
        if (now.st_dev, now.st_ino) != self._place:
            problem = "the file was replaced while it was open; open the store again"
            raise StoreError(f"{self._path}: {problem}. Nothing of this call was kept")

    def _read(self, look: Callable[[sqlite3.Connection], _Found]) -> _Found:
        """Look with a connection that no other thread uses."""
        with self._telling():
            self._check_place()
            try:
                on = self._idle.pop()
            except IndexError:
                on = self._connect()
            found = look(on)
            self._idle.append(on)
            return found

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say which file, and what to do, where SQLite or the system refuses."""
        if os.getpid() != self._process:
            raise StoreError(f"{self._path}: opened in another process; open it in each process")
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self._path}: {_told(error)}") from error


def _appended(writer: sqlite3.Connection, rows: Sequence[Row], salt: str, last: int) -> Appending:
    """Append rows inside a transaction."""

    def find(names: Sequence[str]) -> list[Row]:
        return [
            Row._make(one) for one in writer.execute(STATEMENTS["standing"], [json.dumps(names)])
        ]

    change = Appending(rows, find, salt, last)
    put = [(number, *row) for number, row in change.put.values()]
    aside = [(digest, *row) for digest, row in change.aside.items()]
    if change.drop:
        writer.executemany(STATEMENTS["drop"], [(name,) for name in change.drop])
    if change.aside:
        writer.executemany(STATEMENTS["put_conflict"], aside)
    if change.put:
        writer.executemany(STATEMENTS["put"], [(_mark(row), *row) for row in put])
        writer.execute(STATEMENTS["set_number"], [str(change.last)])
    return change


def _mark(row: tuple[Any, ...]) -> int:
    """A checksum of a row with its number; SQLite has none, and reads flipped bits as they are."""
    number, name, kind, student, device, seq, time, received, content = row
    text = f"{number} {seq} {time} {received}\0{name}\0{kind}\0{student}\0{device}\0{content}"
    return crc32(text.encode())


def _fact(on: sqlite3.Connection, name: str) -> str | None:
    found = on.execute(STATEMENTS["fact"], [name]).fetchone()
    return None if found is None else found[0]


def _make(path: Path) -> None:
    """Make an empty file that only its owner can read, whose name outlasts a loss of power."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if os.name != "nt":
            folder = os.open(path.absolute().parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _told(error: Exception) -> str:
    """What SQLite or the system says, and what to do about it."""
    text = str(error)
    for words, remedy in _REMEDIES.items():
        if words in text:
            return f"{text}; {remedy}. Nothing of this call was kept"
    return f"{text}. Nothing of this call was kept"


_REMEDIES = {
    "locked": "another process held it for the whole timeout; try again, or give a longer timeout",
    "full": "make room on the disk, and try again",
    "disk I/O error": "look whether the disk is full, gone or broken",
    "readonly": "let this process write to the file and its folder",
    "malformed": "the file is damaged; bring it back from a backup",
    "not a database": "the file is damaged or no store; bring it back from a backup",
    "unable to open": "the file or its folder is gone, or this process may not open it",
    "No such file": "the file or its folder is gone; make the folder, or bring the file back",
}
