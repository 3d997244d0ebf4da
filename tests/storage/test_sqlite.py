"""One file for threads and processes: durable, private, versioned, and clear where it cannot."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from tests.conftest import trials

from adaptlearn.errors import ParameterError, StoreError
from adaptlearn.storage import SQLiteStore, group_commit, sqlite
from adaptlearn.storage.group_commit import GroupCommit
from adaptlearn.storage.statements import MIGRATIONS
from adaptlearn.tutor import Row
from adaptlearn.tutor.wiring import open_store


def row(name: str, student: str = "mia", correct: int = 1) -> Row:
    content = f'{{"correct":{correct},"skill":"add"}}'
    return Row(name, "answer", student, "", 0, 5.0, 6.0, content)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "school.db"


def test_every_connection_waits_for_the_disk(path):
    store = SQLiteStore(path)
    store.append([row("a")])
    store.students()
    for on in (store._writer, *store._idle):
        assert on.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert on.execute("PRAGMA synchronous").fetchone() == (2,)
        assert on.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_files_are_their_owners(path):
    store = SQLiteStore(path)
    store.append([row("a")])
    files = [*path.parent.iterdir()]
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize(
    "student",
    ["a b", 'quo"te', "back\\slash", "é", "😀", "\n", "{}", "null", "'); DROP TABLE", "7"],
)
def test_any_text_is_a_key(path, student):
    store = SQLiteStore(path)
    store.append([row("a", student), row("b", "other")])
    assert store.read({student: 0}).rows() == [row("a", student)]
    assert store.students().students == sorted([student, "other"])


def test_numbers_are_not_given_twice(path):
    store = SQLiteStore(path)
    store.append([row("a"), row("b", "ben")])
    assert store.forget("ben") == 1
    last = store.students().number
    store.append([row("c")])
    assert max(store.read({"mia": 0}).number) > last >= 3
    assert store.students(last).students == ["mia"]


def test_a_newer_schema_is_refused_and_an_older_one_migrated(path, monkeypatch):
    SQLiteStore(path).append([row("a")])
    more = (*MIGRATIONS, ("ALTER TABLE facts ADD COLUMN note TEXT", "CREATE TABLE more (x)"))
    broken = (*MIGRATIONS, ("ALTER TABLE facts ADD COLUMN note TEXT", "CREATE nonsense"))
    monkeypatch.setattr(sqlite, "MIGRATIONS", broken)
    with pytest.raises(StoreError, match="nonsense"):
        SQLiteStore(path)
    on = sqlite3.connect(path)
    assert on.execute("PRAGMA user_version").fetchone() == (1,)
    assert (
        "note" not in on.execute("SELECT sql FROM sqlite_schema WHERE name='facts'").fetchone()[0]
    )
    monkeypatch.setattr(sqlite, "MIGRATIONS", more)
    assert SQLiteStore(path).append([row("a"), row("b")]) == ["known", "new"]
    assert on.execute("PRAGMA user_version").fetchone() == (2,)
    on.close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"version is 2, this library reads up to 1; upgrade"):
        SQLiteStore(path)


def test_another_programs_database_is_refused(path):
    on = sqlite3.connect(path)
    on.execute("CREATE TABLE notes (x)")
    on.close()
    with pytest.raises(StoreError, match="another program"):
        SQLiteStore(path)
    path.write_bytes(b"what is this" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        SQLiteStore(path)


def test_a_folder_that_is_gone(tmp_path):
    with pytest.raises(StoreError, match="make the folder"):
        SQLiteStore(tmp_path / "no" / "school.db")


def test_a_folder_that_goes_while_the_file_is_open(tmp_path):
    (tmp_path / "disk").mkdir()
    store = SQLiteStore(tmp_path / "disk" / "school.db")
    store.append([row("a")])
    (tmp_path / "disk").rename(tmp_path / "gone")
    calls = (
        lambda: store.append([row("b")]),
        lambda: store.read({"mia": 0}),
        store.students,
        lambda: store.forget("mia"),
        lambda: store.snapshot("states", b"x"),
    )
    for call in calls:
        with pytest.raises(StoreError, match=r"the file or its folder is gone.*Nothing of this"):
            call()
    (tmp_path / "gone").rename(tmp_path / "disk")  # the disk is mounted again
    assert store.append([row("a"), row("b")]) == ["known", "new"]
    assert len(store.read({"mia": 0}).id) == 2


def test_a_file_that_is_cut_while_it_is_open(path):
    """Each call says so or answers rightly; what is read is never wrong."""
    store = SQLiteStore(path)
    store.append([row(f"e{k}", f"s{k % 50}") for k in range(2000)])
    students = dict.fromkeys(store.students().students, 0)
    whole = store.read(students)
    assert store._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreError, match="bring it back from a backup"):
        store.read(students)
    assert store.check()
    fresh = [row(f"x{k}", "zoe") for k in range(50)]
    with suppress(StoreError):  # what it does not need of the lost half, it may still write
        assert store.append(fresh) == ["new"] * 50
        assert store.read({"zoe": 0}).rows() == fresh
    for student in students:
        with suppress(StoreError):
            found = store.read({student: 0})
            assert found == whole.of_rows(
                [k for k, who in enumerate(whole.student) if who == student]
            )
    with pytest.raises(StoreError, match="bring it back from a backup"):
        SQLiteStore(path).read(students)


@pytest.mark.slow
def test_a_lock_that_is_held_for_a_minute(path):
    """The call waits as long as it says, and says so; who waits longer than the lock is served."""
    short, long = SQLiteStore(path), SQLiteStore(path, timeout=90)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(long.append, [row("a")])
        with pytest.raises(
            StoreError, match=r"held it for the whole timeout.*Nothing of this call"
        ):
            short.append([row("a")])
        assert 29 < time.monotonic() - began < 45  # the default
        assert short.read({"mia": 0}).rows() == []
        time.sleep(60 - (time.monotonic() - began))
        other.execute("ROLLBACK")
        assert patient.result(10) == ["new"]
    assert short.append([row("a"), row("b")]) == ["known", "new"]


def test_a_lock_that_is_held(path):
    store = SQLiteStore(path, timeout=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="held it for the whole timeout"):
        store.append([row("a")])
    assert store.read({"mia": 0}).rows() == []  # readers do not wait
    other.execute("ROLLBACK")
    assert store.append([row("a")]) == ["new"]


def test_a_full_disk_keeps_nothing_of_the_call(path):
    store = SQLiteStore(path)
    store.append([row("a")])
    (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
    store._writer.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(StoreError, match="make room on the disk"):
        store.append([row(f"b{k}" * 40) for k in range(500)])
    assert [one.id for one in store.read({"mia": 0}).rows()] == ["a"]
    store._writer.execute("PRAGMA max_page_count = 100000")
    assert store.append([row("a"), row("c")]) == ["known", "new"]


def test_a_file_that_is_gone_or_replaced(path, tmp_path):
    store = SQLiteStore(path)
    store.append([row("a")])
    aside = tmp_path / "aside.db"
    path.rename(aside)
    for call in (lambda: store.append([row("b")]), lambda: store.read({"mia": 0})):
        with pytest.raises(StoreError, match="gone"):
            call()
    SQLiteStore(path)
    with pytest.raises(StoreError, match="replaced while it was open"):
        store.append([row("c")])


def test_damage_is_told_and_not_read(path):
    store = SQLiteStore(path)
    store.append([row(f"e{k}", f"s{k % 50}") for k in range(2000)])
    students = dict.fromkeys(store.students().students, 0)
    whole = store.read(students)
    store.close()
    sound, luck = path.read_bytes(), random.Random(0)
    told = 0
    for _ in range(trials(300)):
        bad = bytearray(sound)
        at = luck.randrange(len(bad))
        bad[at] ^= 1 << luck.randrange(8)
        path.write_bytes(bad)
        try:
            opened = SQLiteStore(path)
            found = opened.read(students)
            # Else it was a bit that nothing hangs on, or a row's key: only a check finds that.
            assert found == whole or opened.check()
            opened.close()
        except StoreError:
            told += 1
    assert told > trials(300) / 4
    path.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(StoreError, match="bring it back from a backup"):
        SQLiteStore(path).read(students)


def test_an_erasure_that_leaves_copies_says_so(path):
    store = SQLiteStore(path, timeout=0.05)
    store.append([row("a"), row("b", "ben")])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM events").fetchall()
    with pytest.raises(StoreError, match="is erased, but copies may still stand in the file"):
        store.forget("mia")
    assert store.read({"mia": 0}).rows() == []
    other.execute("ROLLBACK")
    assert store.forget("mia") == 0
    assert store.append([row("a")]) == ["erased"]


def test_a_file_stays_the_same_where_the_process_goes(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    store = SQLiteStore(path.name)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert store.append([row("a")]) == ["new"]


def test_a_forked_process_is_told(path, monkeypatch):
    store = SQLiteStore(path)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(StoreError, match="open it in each process"):
        store.append([row("a")])


def test_threads_share_syncs(path):
    store, commits = SQLiteStore(path), []
    append, gate = store._append, threading.Barrier(16)

    def counted(rows):
        commits.append(len(rows))
        time.sleep(0.002)  # as a disk takes; that of this machine may be memory
        return append(rows)

    store._commit = GroupCommit(counted)

    def work(thread: int) -> list[str]:
        gate.wait()
        return [store.append([row(f"{thread}-{k}", f"s{thread}")])[0] for k in range(10)]

    with ThreadPoolExecutor(16) as pool:
        assert [*pool.map(work, range(16))] == [["new"] * 10] * 16
    assert sum(commits) == 160
    assert len(commits) <= 40
    found = store.read({f"s{k}": 0 for k in range(16)})
    assert sorted(found.number) == [*range(1, 161)]


def test_an_error_reaches_all_who_wait_and_the_next_goes_on():
    started, go, calls = threading.Event(), threading.Event(), []

    def write(items: list[int]) -> list[int]:
        calls.append(list(items))
        started.set()
        go.wait(5)
        if 2 in items:
            raise StoreError("no")
        return [10 * item for item in items]

    commit: GroupCommit[int, int] = GroupCommit(write)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(commit, [1])
        started.wait(5)
        rest = [pool.submit(commit, [2, 3]), pool.submit(commit, [4])]
        while len(commit._queue) < 2:
            pass
        go.set()
        assert first.result() == [10]
        for one in rest:
            with pytest.raises(StoreError, match="no"):
                one.result()
    assert commit([5, 6]) == [50, 60]
    assert sorted(map(sorted, calls)) == [[1], [2, 3, 4], [5, 6]]


def test_who_is_interrupted_while_waiting_does_not_hold_the_others():
    go, started = threading.Event(), threading.Event()

    def write(items: list[int]) -> list[int]:
        started.set()
        go.wait(5)
        return items

    commit: GroupCommit[int, int] = GroupCommit(write)

    class Interrupted(threading.Event):
        def wait(self, timeout=None):
            while not self.is_set():
                pass
            raise KeyboardInterrupt

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(commit, [1])
        started.wait(5)
        waiting: group_commit._Waiting[int, int] = group_commit._Waiting([2])
        waiting.called = Interrupted()
        commit._queue.append(waiting)
        interrupted = pool.submit(commit._wait, waiting)
        third = pool.submit(commit, [3])
        while len(commit._queue) < 2:
            pass
        go.set()
        assert first.result() == [1]
        with pytest.raises(KeyboardInterrupt):
            interrupted.result()
        assert third.result(5) == [3]
    assert commit([4]) == [4]


def test_a_file_that_is_read_only(path):
    SQLiteStore(path).close()
    if os.geteuid() == 0:
        pytest.skip("the superuser may write everywhere")
    Path(path).chmod(0o400)
    with pytest.raises(StoreError, match="let this process write"):
        SQLiteStore(path)


def test_an_address_of_another_kind_is_refused(path):
    with pytest.raises(ParameterError, match=r"no store for mysql://.*postgresql:// and postgres"):
        open_store("mysql://localhost/school")
    with pytest.raises(ParameterError, match="is not the path of a file"):
        open_store("")
    for where in (path, str(path), f"{path.parent}/./school.db"):
        store = open_store(where)
        assert repr(store) == repr(SQLiteStore(path))
        store.close()
