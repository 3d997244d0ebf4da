"""Disks that are full, files that are damaged, and students who are to leave no byte."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from tests.conftest import ROOT, trials
from tests.tutor.conftest import SKILLS, a_curriculum, a_model

from adaptlearn import Tutor
from adaptlearn.errors import StoreError
from adaptlearn.storage import SQLiteStore
from adaptlearn.storage.wal import lost_transactions, tail
from adaptlearn.tutor import Row, all_rows


def row(name: str, content: str = "{}") -> Row:
    return Row(name, "answer", "mia", "", 0, 5.0, 6.0, content)


def run(program: str, path: Path) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# The system refuses to make any file larger than this, as a full disk does.
FILLER = """
import resource, sys
from tests.storage.test_disasters import row
from adaptlearn.errors import StoreError
from adaptlearn.storage import SQLiteStore
from adaptlearn.storage.wal import lost_transactions, tail
store, kept = SQLiteStore(sys.argv[1]), 0
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
try:
    while kept < 1000:
        store.append([row(f"e{kept}", "x" * 3000)])
        kept += 1
except StoreError as error:
    assert "make room" in str(error) or "disk is full" in str(error), error
assert 10 < kept < 1000
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert [one.id for one in store.read({"mia": 0}).rows()] == [f"e{k}" for k in range(kept)]
assert store.append([row(f"e{kept}", "x" * 3000)]) == ["new"]
print(kept)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_disk_that_fills_up(tmp_path):
    path = tmp_path / "school.db"
    kept = int(run(FILLER, path))
    store = SQLiteStore(path)
    assert len(store.read({"mia": 0}).id) == kept + 1
    assert store.check() == []
    store.close()


# Somebody who may read the file, and not write to it.
READER = """
import os, sys
from adaptlearn.errors import StoreError
from adaptlearn.storage import SQLiteStore
from adaptlearn.storage.wal import lost_transactions, tail
if os.geteuid() == 0:
    os.setuid(65534)
try:
    SQLiteStore(sys.argv[1])
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in another way")
def test_a_file_of_somebody_elses(tmp_path):
    with TemporaryDirectory() as folder:  # pytest's own is closed to others
        path = Path(folder) / "school.db"
        SQLiteStore(path).close()
        path.chmod(0o444)
        path.parent.chmod(0o555)
        said = run(READER, path)
        path.parent.chmod(0o755)
    assert "let this process write to the file and its folder" in said, said


def left_by_a_killed_process(folder: Path, n: int) -> dict[str, bytes]:
    """The files of a store whose `n` events stand in the WAL, one transaction each."""
    store = SQLiteStore(folder / "school.db")
    for k in range(n):
        store.append([row(f"e{k}", f'{{"note":"{k:500}"}}')])
    found = {name: (folder / name).read_bytes() for name in ("school.db", "school.db-wal")}
    store.close()
    return found


@pytest.mark.trials
def test_a_damaged_wal_is_told_and_gives_no_wrong_event(tmp_path):
    """SQLite takes the WAL up to its first damaged page, and says nothing; the store does.

    Of the last transactions nobody can tell whether power failed before they were on disk.
    """
    n, luck = 12, random.Random(0)
    (tmp_path / "sound").mkdir()
    files = left_by_a_killed_process(tmp_path / "sound", n)
    told = 0
    for trial in range(trials(300)):
        folder = tmp_path / f"{trial}"
        folder.mkdir()
        bad = bytearray(files["school.db-wal"])
        at = luck.randrange(len(bad) if trial % 3 else 32)  # the header, too
        bad[at] ^= 1 << luck.randrange(8)
        (folder / "school.db").write_bytes(files["school.db"])
        wal = folder / "school.db-wal"
        wal.write_bytes(bad)
        try:
            store = SQLiteStore(folder / "school.db")
        except StoreError as error:
            said = str(error)
        else:
            found = store.read({"mia": 0}).rows()
            assert store.check() == []
            store.close()
            assert found == [row(f"e{k}", f'{{"note":"{k:500}"}}') for k in range(len(found))]
            assert len(found) >= n - 3
            continue
        told += 1
        assert "school.db-wal is damaged: SQLite cannot read its last" in said
        assert wal.read_bytes() == bad  # nothing that may help was changed
        lost = lost_transactions(wal)
        kept = taken_by_sqlite(folder / "school.db")
        # The schema and the salt are transactions, too; a wrong end of one is not counted.
        assert lost - (n - kept) in ({-1, 0} if kept else {0, 1, 2})
        SQLiteStore(folder / "school.db").close()  # after what the message says to do
    assert told > trials(300) / 2


def taken_by_sqlite(path: Path) -> int:
    """How many events SQLite itself finds; it empties the WAL."""
    on = sqlite3.connect(path)
    on.execute("PRAGMA wal_checkpoint")
    found = 0
    if on.execute("SELECT * FROM sqlite_schema WHERE name = 'events'").fetchone():
        (found,) = on.execute("SELECT count(*) FROM events").fetchone()
    on.close()
    return int(found)


@pytest.mark.parametrize("order", ["little", "big"])
def test_the_checksums_of_a_wal(tmp_path, order):
    """As SQLite's documentation writes them down, one word after another."""
    rng = np.random.default_rng(0)

    def added(sums, data):
        for k in range(0, len(data), 8):
            sums[0] = (sums[0] + int.from_bytes(data[k : k + 4], order) + sums[1]) % 2**32
            sums[1] = (sums[1] + int.from_bytes(data[k + 4 : k + 8], order) + sums[0]) % 2**32
        return b"".join(one.to_bytes(4, "big") for one in sums)

    sums, salts = [0, 0], rng.bytes(8)
    magic = 0x377F0682 + (order == "big")
    fields = b"".join(one.to_bytes(4, "big") for one in (magic, 3007000, 512, 7))
    wal = fields + salts + added(sums, fields + salts)
    for k in range(1500):  # more than are read at one time
        place, page = bytes(3) + b"\1" + k.to_bytes(4, "big"), rng.bytes(512)
        wal += place + salts + added(sums, place + page) + page
    assert tail(BytesIO(wal)) is None
    for cut in (len(wal) - 100, 536 + 20, 40, 10, 0):  # as a loss of power cuts it
        assert tail(BytesIO(wal[:cut])) is None
    for frame in (1, 700, 999, 1000, 1499):
        bad = bytearray(wal)
        bad[32 + 536 * frame + 30] ^= 1
        assert tail(BytesIO(bad)) == (salts, frame, 1500 - frame)
    # The first frame is not the end of a transaction: it has 0 there.
    assert tail(BytesIO(wal[:8] + bytes(4) + wal[12:])) == (salts, 0, 1499)
    for wide in (0, 3, 514, 2**32 - 8):  # of a forged header
        fields = b"".join(one.to_bytes(4, "big") for one in (magic, 3007000, wide, 7)) + salts
        assert tail(BytesIO(fields + added([0, 0], fields) + wal[32:])) is None


def test_a_loss_of_power_is_no_damage(tmp_path):
    """What may not have been on disk when power failed is not missed."""
    files = left_by_a_killed_process(tmp_path, 12)
    wal = files["school.db-wal"]
    size = 24 + 4096
    for cut in range(len(wal) - 2 * size, len(wal), 1000):
        (tmp_path / "school.db-wal").write_bytes(wal[:cut] + bytes(len(wal) - cut))
        assert lost_transactions(tmp_path / "school.db-wal") == 0
    assert lost_transactions(tmp_path / "nothing") == 0


def test_an_older_copy_in_the_files_place_is_told(tmp_path):
    """What this process was told is durable must be there when it looks."""
    path = tmp_path / "school.db"
    store = SQLiteStore(path)
    store.append([row("a", '{"correct":1,"skill":"add"}')])
    older = sqlite3.connect(tmp_path / "older.db")
    now = sqlite3.connect(path)
    now.backup(older)
    tutor = Tutor(a_model(), a_curriculum(), store)
    last = store.students().number
    assert last == 3
    assert tutor.verify()
    older.backup(now)  # somebody brings it back while the store is open
    said = "events up to number 3 were acknowledged, but the last number given is 1"
    assert tutor.verify().damaged[0].startswith(said)
    with pytest.raises(StoreError, match=said):
        store.append([row("b")])
    store.close()
    store = SQLiteStore(path)
    assert store.append([row("b")]) == ["new"]
    store.close()
    older.close()
    now.close()


@pytest.mark.trials
def test_a_damaged_snapshot_is_folded_anew(tmp_path):
    luck, model, curriculum = random.Random(0), a_model(), a_curriculum()
    store = SQLiteStore(tmp_path / "school.db")
    tutor = Tutor(model, curriculum, store)
    tutor.record([
        {"student": f"s{k % 5}", "skill": SKILLS[k % 4], "correct": k % 3 % 2, "time": 1e9 + k}
        for k in range(60)
    ])  # fmt: skip
    tutor.snapshot()
    whole, data = tutor.mastery(), store.snapshot("states")
    assert data is not None
    for _ in range(trials(200)):
        bad = bytearray(data)
        bad[luck.randrange(len(bad))] ^= 1 << luck.randrange(8)
        store.snapshot("states", bytes(bad[: luck.choice([len(bad), len(bad) // 2])]))
        again = Tutor(model, curriculum, store)
        assert np.array_equal(again.mastery().value, whole.value)
        assert again.verify()
    store.close()


@pytest.mark.parametrize("key", [None, bytes(range(32))])
def test_an_erasure_holds_against_a_merge_and_does_not_travel(tmp_path, key):
    """Another store does not know of it: its events stay out, and its student stays in it."""
    made = (a_model(), a_curriculum())
    here, there = (
        Tutor(*made, SQLiteStore(tmp_path / name), key=key) for name in ("here.db", "there.db")
    )
    answer = {"student": "mia", "skill": "add", "correct": 1, "time": 1e9}
    for tutor in (here, there):
        tutor.record([
            answer | {"id": f"{tutor.store!r}"},
            answer | {"id": "same"},
            answer | {"id": "ben", "student": "ben"},
        ])  # fmt: skip
    there.record(answer | {"id": "same", "correct": 0})  # kept aside there
    before = here.mastery("ben").value
    here.forget("mia")
    came = all_rows(there.store)
    statuses = here.store.append(came)
    mia = next(iter(there._names.keys(["mia"])))
    assert {one for row, one in zip(came, statuses, strict=True) if row.student == mia} == {
        "erased"
    }
    assert sum(row.student == mia for row in came) == 3  # one, and two contents of the other
    assert not here.history("mia")
    assert not here.store.conflicts()
    assert np.array_equal(here.mastery("ben").value, before)
    assert here.verify()

    there.store.append(all_rows(here.store))
    assert [entry.event.id for entry in there.history("mia")] == [repr(there.store)]
    assert there.record(answer | {"id": "late"})[0].status == "new"
    there.forget("mia")  # what to do
    assert there.store.append(all_rows(here.store)) == ["known"] * len(all_rows(here.store))
    assert there.history("mia") == []
    for tutor in (here, there):
        assert tutor.verify()
        tutor.close()


def test_a_copy_must_be_told_of_an_erasure_too(tmp_path):
    store = SQLiteStore(tmp_path / "school.db")
    store.append([row("a")])
    copy, now = sqlite3.connect(tmp_path / "copy.db"), sqlite3.connect(tmp_path / "school.db")
    now.backup(copy)
    copy.close()
    now.close()
    store.forget("mia")
    other = SQLiteStore(tmp_path / "copy.db")
    other.append(all_rows(store))
    assert other.append([row("late")]) == ["erased"]  # a copy has the same salt
    assert other.read({"mia": 0}).rows() == [row("a")]
    assert other.forget("mia") == 1
    assert other.read({"mia": 0}).rows() == []
    other.close()
    store.close()


def test_of_a_thousand_students_one_leaves_no_byte(tmp_path):
    """What spills over pages, stands in the WAL, in a snapshot or in a conflict is gone, too."""
    tutor = Tutor.open(tmp_path / "school.db", model=a_model(), curriculum=a_curriculum())
    students = [f"s{k:03}" for k in range(999)]
    told = [(f"{who}-{k}", who, 7 * k % 3 % 2) for who in students for k in range(2)]
    told += [(f"miriam-{k}", "miriam", k % 2) for k in range(30)]
    tutor.record([
        {"id": name, "student": who, "skill": SKILLS[k % 4], "correct": correct, "time": 1e9 + k,
         "note": f"{who} wrote " * (3000 if who == "miriam" or not k % 200 else 1)}
        for k, (name, who, correct) in enumerate(told)
    ])  # fmt: skip
    tutor.record({"id": "miriam-3", "student": "miriam", "skill": "add", "correct": 1})
    tutor.next_lesson(["miriam", *students[:20]])
    tutor.snapshot()
    before = tutor.mastery(students).value
    assert any(b"miriam wrote" in file.read_bytes() for file in tmp_path.iterdir())
    tutor.forget("miriam")
    for file in tmp_path.iterdir():
        assert b"miriam" not in file.read_bytes(), file
    assert np.array_equal(tutor.mastery(students).value, before)
    assert tutor.verify()
    tutor.close()
    with Tutor.open(tmp_path / "school.db", model=a_model(), curriculum=a_curriculum()) as again:
        assert np.array_equal(again.mastery(students).value, before)
        assert again.store.students().students == students
