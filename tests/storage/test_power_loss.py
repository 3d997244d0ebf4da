"""Power fails at any moment: nothing that was acknowledged is lost, with `synchronous=FULL` alone.

A killed process loses nothing even without a sync, since the system still writes what it was given.
So these trials run over a disk that forgets what was not synced.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import trials
from tests.storage.forgetful_disk import Disk, Files, sqlite_over
from tests.tutor.conftest import a_curriculum, a_model

from adaptlearn import Tutor
from adaptlearn.errors import StoreError
from adaptlearn.storage import SQLiteStore, sqlite
from adaptlearn.storage.statements import SETTINGS
from adaptlearn.tutor import Row

STUDENTS = [f"s{k}" for k in range(40)]
NEW = {"school.db": b""}  # the store itself has the folder synced


class Ledger:
    """What was acknowledged, and what was under way at the end, over many lives of one store."""

    def __init__(self) -> None:
        self.kept: dict[str, Row] = {}
        self.gone: set[str] = set()
        self.flight: list[Row] = []
        self.leaving: set[str] = set()  # of whom an erasure was cut off

    def erased(self, student: str) -> None:
        self.gone.add(student)
        self.leaving.discard(student)
        self.kept = {name: row for name, row in self.kept.items() if row.student != student}

    def problems(self, path: Path) -> list[str]:
        """What is wrong with the files that a life left behind."""
        try:
            store = SQLiteStore(path)
            told = [f"corrupt: {one}" for one in store.check()]
            columns = store.read(dict.fromkeys(STUDENTS, 0))
            store.close()
        except StoreError as error:
            return [f"corrupt: {error}"]
        there = columns.rows()
        held = {row.id: row for row in there}
        for student in [*self.leaving]:
            own = [row for row in self.kept.values() if row.student == student]
            if own and not any(row.id in held for row in own):
                self.erased(student)
        told += [f"lost: {name}" for name, row in self.kept.items() if held.get(name) != row]
        out = self.gone | self.leaving
        flight = [row for row in self.flight if row.id not in self.kept and row.student not in out]
        if len({row.id in held for row in flight}) > 1:
            told.append("half: a transaction")
        told += [f"came back: {row.id}" for row in there if row.student in self.gone]
        if len(held) < len(there) or len({*columns.number}) < len(there):
            told.append("twice: an event or a number")
        return told


def live(path: Path, disk: Disk, ledger: Ledger, rng: random.Random, life: int) -> None:
    """Two stores on one file take turns until the disk's cut."""
    stores = [SQLiteStore(path), SQLiteStore(path)]
    turn = 0
    if ledger.flight:  # who got no receipt sends again
        send(stores[0], disk, ledger, ledger.flight)
    while disk.left:
        turn += 1
        if rng.random() < 0.02:
            erase(rng.choice(stores), disk, ledger, rng.choice(STUDENTS))
        elif ledger.kept and rng.random() < 0.3:  # "known" is an acknowledgement, too
            send(rng.choice(stores), disk, ledger, [rng.choice([*ledger.kept.values()])])
        else:
            content, n = "x" * rng.choice([30, 300, 9000]), rng.choice([1, 1, 3, 20])
            names = [f"{life}-{turn}-{k}" for k in range(n)]
            send(rng.choice(stores), disk, ledger, [
                Row(name, "answer", rng.choice(STUDENTS), "", 0, 5.0, 6.0, content)
                for name in names
            ])  # fmt: skip
        if rng.random() < 0.05:
            close(stores)
            stores = [SQLiteStore(path), SQLiteStore(path)]
    close(stores)


def close(stores: list[SQLiteStore]) -> None:
    for store in stores:
        store.close()


def erase(store: SQLiteStore, disk: Disk, ledger: Ledger, student: str) -> None:
    ledger.flight = []
    ledger.leaving.add(student)
    store.forget(student)
    if disk.left:
        ledger.erased(student)


def send(store: SQLiteStore, disk: Disk, ledger: Ledger, rows: list[Row]) -> None:
    ledger.flight = rows
    statuses = store.append(rows)
    if not disk.left:
        return
    for row, status in zip(rows, statuses, strict=True):
        if status == "erased":
            assert row.student in ledger.gone | ledger.leaving
            ledger.erased(row.student)
        else:
            assert status == "known" or row.id not in ledger.kept
            ledger.kept[row.id] = row


def lives(
    folder: Path, n: int, monkeypatch: pytest.MonkeyPatch, synchronous: str = "FULL"
) -> Counter[str]:
    """Cut `n` lives off, each of which starts from what the one before left; what went wrong."""
    said = tuple(one.replace("synchronous = FULL", f"synchronous = {synchronous}")
                 for one in SETTINGS)  # fmt: skip
    monkeypatch.setattr(sqlite, "SETTINGS", said)
    monkeypatch.setattr(sqlite, "_FULL", {"OFF": 0, "NORMAL": 1, "FULL": 2}[synchronous])
    rng, found = random.Random(0), Counter[str]()
    disk, ledger = Disk(NEW, {}, 0), Ledger()
    for life in range(n):
        # Soon after a kill: what a sync that was not reached would have kept is lost.
        cut = int(10 ** rng.uniform(0, 1 if disk.waiting else 3))
        disk = Disk(disk.synced, disk.waiting, cut)
        path = laid_out(folder / f"{life}", disk.seen())
        checkpoint = rng.choice([5, 30, 1000])
        with over(disk, checkpoint, monkeypatch):
            live(path, disk, ledger, rng, life)
        if life % 3 < 2:  # else it is killed, and the next life's power fails
            disk = Disk(disk.after_power_loss(rng), {}, 0)
        with over(Disk({}, {}, 0), checkpoint, monkeypatch):
            told = ledger.problems(laid_out(folder / f"{life} after", disk.seen()))
        found.update(one.split(":")[0] for one in told)
        if told:
            disk, ledger = Disk(NEW, {}, 0), Ledger()
        for used in (path.parent, folder / f"{life} after"):
            shutil.rmtree(used)
    return found


@contextmanager
def over(disk: Disk, checkpoint: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stores that are opened here stand on this disk."""
    files = Files("forgetful", disk)
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "sqlite3", sqlite_over(files, checkpoint))
        yield
    files.unregister()


def laid_out(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / "school.db"


@pytest.mark.trials
def test_power_fails_at_any_moment(tmp_path, monkeypatch):
    assert lives(tmp_path, trials(500), monkeypatch) == {}


@pytest.mark.trials
@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_the_trial_fails_where_less_is_synced(tmp_path, monkeypatch, synchronous):
    found = lives(tmp_path, trials(200), monkeypatch, synchronous)
    assert found["lost"] or found["corrupt"]


def test_what_a_killed_process_did_not_sync_is_known_only_after_a_sync(tmp_path, monkeypatch):
    rows = [Row(name, "answer", "mia", "", 0, 5.0, 6.0, "{}") for name in "ab"]
    disk = Disk(NEW, {}, 10**6)
    with over(disk, 1000, monkeypatch):
        killed = SQLiteStore(laid_out(tmp_path / "killed", NEW))
        killed.append(rows[:1])
        with monkeypatch.context() as patch:
            patch.setattr(disk, "sync", lambda name: None)
            killed.append(rows[1:])
        seen, disk = disk.seen(), Disk(disk.synced, disk.waiting, 10**6)
        killed.close()
    with over(disk, 1000, monkeypatch):
        store = SQLiteStore(laid_out(tmp_path / "next", seen))
        assert store.append(rows[1:]) == ["known"]
        kept = dict(disk.synced)
        store.close()
    store = SQLiteStore(laid_out(tmp_path / "power is back", kept))
    assert store.read({"mia": 0}).rows() == rows
    store.close()


def test_every_connection_of_a_tutor_waits_for_the_disk(tmp_path, monkeypatch):
    made, connect = [], SQLiteStore._connect

    def noted(self: SQLiteStore) -> sqlite3.Connection:
        made.append(connect(self))
        return made[-1]

    monkeypatch.setattr(SQLiteStore, "_connect", noted)
    with Tutor.open(tmp_path / "school.db", model=a_model(), curriculum=a_curriculum()) as tutor:
        one = {"student": "mia", "skill": "add", "correct": 1}

        def use(_: int) -> None:
            tutor.record(one)
            tutor.mastery("mia")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(use, range(20)))
        tutor.forget("mia")
        assert len(made) > 1
        for on in made:
            assert on.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert on.execute("PRAGMA synchronous").fetchone() == (2,)
