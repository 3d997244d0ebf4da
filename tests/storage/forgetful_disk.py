"""A disk that loses power: of what was written and not synced it keeps what it likes.

SQLite runs over it through a file system of APSW's. Real files hold what programs see; beside them
stands what the disk holds for sure, and what it may hold.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw

_Write = tuple[int, bytes | None]  # where, and what; None cuts the file off there
_DELETED: _Write = (-1, None)


class Disk:
    """Files by name, up to a cut; what comes after the cut is not recorded.

    Parameters
    ----------
    synced : dict of str to bytes
        What the disk holds for sure.
    waiting : dict of str to list of writes
        What programs see beyond that.
    cut : int
        The number of writes and syncs up to the cut; the last of them may have half happened.
    """

    def __init__(
        self, synced: dict[str, bytes], waiting: dict[str, list[_Write]], cut: int
    ) -> None:
        self.synced, self.waiting = dict(synced), {name: [*of] for name, of in waiting.items()}
        self.left = cut

    def write(self, name: str, at: int, data: bytes | None) -> None:
        if self.left > 0:
            self.waiting.setdefault(name, []).append((at, data))
            self.left -= 1

    def sync(self, name: str) -> None:
        if self.left > 1:  # the last one is under way when power fails
            self.synced[name] = applied(self.synced.get(name, b""), self.waiting.pop(name, ()))
        self.left = max(self.left - 1, 0)

    def delete(self, name: str) -> None:
        self.write(name, *_DELETED)

    def sync_folder(self) -> None:
        """What was deleted stays deleted."""
        if self.left:
            for name, writes in self.waiting.items():
                while _DELETED in writes:
                    del writes[: writes.index(_DELETED) + 1]
                    self.synced[name] = b""

    def seen(self) -> dict[str, bytes]:
        """What programs see; a killed one leaves it so."""
        names = {*self.synced, *self.waiting}
        return {name: applied(self.synced.get(name, b""), self.waiting.get(name, ()))
                for name in names}  # fmt: skip

    def after_power_loss(self, rng: random.Random) -> dict[str, bytes]:
        """What the disk holds: writes are lost in any choice, and of some only a part is kept."""
        share = rng.choice([0.0, 0.3, 0.7, 1.0])
        kept: dict[str, bytes] = {}
        for name in sorted({*self.synced, *self.waiting}):
            part = [one for one in self.waiting.get(name, ()) if rng.random() < share]
            at, data = part.pop() if part else (0, b"")
            part.append((at, data and data[: rng.randint(0, len(data))]))
            kept[name] = applied(self.synced.get(name, b""), part)
        return kept


def applied(content: bytes, writes: Iterable[_Write]) -> bytes:
    held = bytearray(content)
    for at, data in writes:
        if data is None:
            del held[max(at, 0) :]
            continue
        held.extend(bytes(max(at - len(held), 0)))
        held[at : at + len(data)] = data
    return bytes(held)


class Files(apsw.VFS):
    """The file system's files, each of whose writes and syncs a disk is told of."""

    def __init__(self, name: str, disk: Disk) -> None:
        self.name, self.disk = name, disk
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - APSW's name
        return _File(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.disk.delete(Path(filename).name)
        if syncdir:
            self.disk.sync_folder()


# SQLite syncs the folder with the first sync of a new file of these kinds.
_SYNCED_WITH_FOLDER = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk, self._name = disk, Path(path).name
        self._made = bool(flags[0] & _SYNCED_WITH_FOLDER) and not Path(path).exists()
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._disk.write(self._name, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._disk.write(self._name, newsize, None)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.sync(self._name)
        if self._made:
            self._disk.sync_folder()
            self._made = False


class _Found:
    def __init__(self, on: apsw.Connection, rows: Iterable[Any]) -> None:
        self._rows, self.rowcount = iter([*rows]), on.changes()

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return [*self._rows]


class _Connection:
    """What the store uses of a connection of `sqlite3`, by APSW."""

    def __init__(self, files: Files, where: str, timeout: float, checkpoint: int) -> None:
        flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE
        self._on = apsw.Connection(where, flags, vfs=files.name)
        self._on.set_busy_timeout(int(timeout * 1000))
        self._on.wal_autocheckpoint(checkpoint)
        self.close = self._on.close

    @property
    def in_transaction(self) -> bool:
        return self._on.in_transaction

    def execute(self, statement: str, values: Sequence[Any] = ()) -> _Found:
        return _Found(self._on, self._on.execute(statement, values))

    def executemany(self, statement: str, values: Iterable[Any]) -> _Found:
        return _Found(self._on, self._on.executemany(statement, values))


def sqlite_over(files: Files, checkpoint: int) -> SimpleNamespace:
    """What the store uses of the module `sqlite3`.

    Parameters
    ----------
    files : Files
    checkpoint : int
        SQLite moves the WAL into the file when it has this many pages.
    """

    def connect(where: str, *, timeout: float, **_: Any) -> _Connection:
        return _Connection(files, where, timeout, checkpoint)

    return SimpleNamespace(connect=connect, Error=apsw.Error)
