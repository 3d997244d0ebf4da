"""One database for threads and processes: durable, versioned, and clear where it cannot."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.storage.test_sqlite import row

from adaptlearn.errors import MissingDependency, StoreError
from adaptlearn.storage import PostgresStore
from adaptlearn.storage import postgres as module
from adaptlearn.storage.group_commit import GroupCommit
from adaptlearn.storage.postgres_statements import MIGRATIONS
from adaptlearn.tutor.wiring import open_store


@pytest.fixture
def address(postgres):
    return postgres.new()


@pytest.fixture
def store(address):
    with opened(address) as made:
        yield made


class opened:  # noqa: N801 - reads like a function
    """A store that is closed at the end."""

    def __init__(self, address: str, **options) -> None:
        self.store = PostgresStore(address, **options)

    def __enter__(self) -> PostgresStore:
        return self.store

    def __exit__(self, *exception: object) -> None:
        self.store.close()


def connected(address: str):
    import psycopg

    return psycopg.connect(address, autocommit=True)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependency, match=r'install "psycopg\[binary,pool\]"'):
        PostgresStore("postgresql://nowhere/tutor")


def test_an_address_opens_a_database(address):
    store = open_store(address)
    assert store.append([row("a")]) == ["new"]
    assert repr(store).endswith("dbname=postgres')")
    store.close()


def test_every_connection_waits_for_the_disk(store, address):
    with connected(address) as other:
        assert other.execute("SHOW synchronous_commit").fetchone() == ("off",)  # the server's
    shown = store._run(lambda on: on.execute("SHOW synchronous_commit").fetchone())
    assert shown == ("on",)


def test_any_text_is_a_key(store):
    students = [
        "a b",
        'quo"te',
        "back\\slash",
        "é",
        "😀",
        "\n",
        "{}",
        "null",
        "7",
        "'); DROP TABLE",
    ]
    store.append([row(f"e{k}", student) for k, student in enumerate(students)])
    for k, student in enumerate(students):
        assert store.read({student: 0}).rows() == [row(f"e{k}", student)]
    assert store.students().students == sorted(students)
    with pytest.raises(StoreError, match=r"NUL.*Nothing of this call was kept"):
        store.append([row("x"), row("y", "a\0b")])
    assert store.read({"mia": 0}).rows() == []


def test_numbers_come_back_bit_for_bit(store):
    times = [0.1 + 0.2, 1e-300, -0.0, 1.7976931348623157e308, 5e-324, None]
    told = [row(f"e{k}")._replace(time=time, seq=2**62 + k) for k, time in enumerate(times)]
    store.append(told)
    assert repr(store.read({"mia": 0}).rows()) == repr(told)


def test_numbers_are_not_given_twice(store):
    store.append([row("a"), row("b", "ben")])
    assert store.forget("ben") == 1
    last = store.students().number
    store.append([row("c")])
    assert max(store.read({"mia": 0}).number) > last >= 3
    assert store.students(last).students == ["mia"]
    assert store.check() == []


def test_numbers_become_visible_in_their_order(address):
    done = threading.Event()
    with opened(address) as one, opened(address) as other:

        def work(thread: int) -> None:
            for k in range(20):
                store = (one, other)[thread % 2]
                store.append([row(f"{thread}-{k}")])

        def look() -> list[list[int]]:
            seen = []
            while not done.is_set():
                seen.append(sorted(one.read({"mia": 0}).number))
            return seen

        with ThreadPoolExecutor(5) as pool:
            seen = pool.submit(look)
            for writer in [pool.submit(work, thread) for thread in range(4)]:
                writer.result()
            done.set()
            for numbers in seen.result():
                assert numbers == [*range(1, len(numbers) + 1)]
        assert len(one.read({"mia": 0}).id) == 80


def test_a_newer_schema_is_refused_and_an_older_one_migrated(address, monkeypatch):
    with opened(address) as store:
        store.append([row("a")])
    more = "ALTER TABLE adaptlearn_facts ADD COLUMN note TEXT"
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, (more, "CREATE nonsense")))
    with pytest.raises(StoreError, match="nonsense"):
        PostgresStore(address)
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, (more,)))
    with connected(address) as on:
        version = "SELECT * FROM adaptlearn_facts WHERE name = 'version'"
        assert on.execute(version).fetchone() == ("version", "1")
        with opened(address) as store:
            assert store.append([row("a"), row("b")]) == ["known", "new"]
        assert on.execute(version).fetchone() == ("version", "2", None)
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"version is 2, this library reads up to 1; upgrade"):
        PostgresStore(address)


def test_a_server_that_would_lose_events_is_refused(postgres, address):
    with connected(address) as on:

        def is_told(setting: str, value: str) -> None:
            on.execute(f"ALTER SYSTEM SET {setting} = {value}")
            on.execute("SELECT pg_reload_conf()")
            while on.execute(f"SHOW {setting}").fetchone() != (value,):
                time.sleep(0.01)

        try:
            is_told("fsync", "off")
            is_told("full_page_writes", "off")
            with pytest.raises(StoreError, match=r"fsync is off.*full_page_writes is off"):
                PostgresStore(address)
        finally:
            is_told("fsync", "on")
            is_told("full_page_writes", "on")
            on.execute("ALTER SYSTEM RESET ALL")
        on.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="encoding is LATIN1; make it with encoding UTF8"):
        PostgresStore(postgres.address().replace("/postgres?", "/latin?"))


def test_a_server_that_refuses_is_quoted_without_the_password(postgres):
    address = postgres.address().replace("tutor@/postgres", "tutor:secret@/nowhere")
    with pytest.raises(StoreError, match=r'database "nowhere" does not exist') as told:
        PostgresStore(address)
    assert "secret" not in str(told.value)


def test_a_lock_that_is_held(address):
    with opened(address, timeout=0.1) as store, connected(address) as other:
        with other.transaction():
            other.execute("SELECT * FROM adaptlearn_facts WHERE name = 'number' FOR UPDATE")
            with pytest.raises(StoreError, match="held the lock for the whole timeout"):
                store.append([row("a")])
            assert store.read({"mia": 0}).rows() == []  # readers do not wait
        assert store.append([row("a")]) == ["new"]


def test_a_process_that_stands_still_holds_up_nobody(address):
    begun, go = threading.Event(), threading.Event()

    def stand(on, last):
        begun.set()
        go.wait(20)
        return on.execute("SELECT 1").fetchone()

    with opened(address, timeout=0.1) as still, opened(address) as store:
        with ThreadPoolExecutor(1) as pool:
            standing = pool.submit(still._write, stand)
            begun.wait(20)
            assert store.append([row("a")]) == ["new"]
            assert not standing.done()
            go.set()
            with pytest.raises(StoreError, match="may have been kept; send them again"):
                standing.result()
        assert still.append([row("a")]) == ["known"]


@pytest.mark.parametrize(("committed", "status"), [(False, "new"), (True, "known")])
def test_a_lost_connection_is_no_error(store, monkeypatch, committed, status):
    """Before the commit nothing was kept; after it the second try finds what the first one kept."""
    appended, tries = module._appended, []

    def cut(on, *arguments):
        found = appended(on, *arguments)
        tries.append(found.statuses)
        if len(tries) == 1:
            if committed:
                on.execute("COMMIT")
            on.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return found

    monkeypatch.setattr(module, "_appended", cut)
    assert store.append([row("a"), row("a")]) == [status, "known"]
    assert tries[0] == ["new", "known"]
    assert store.read({"mia": 0}).rows() == [row("a")]


def test_a_call_waits_for_a_server_and_says_when_it_waits_no_more(postgres, address):
    with opened(address, timeout=0.3) as short, opened(address) as store:
        store.append([row("a")])
        postgres.stop()
        try:
            with pytest.raises(StoreError, match=r"away for the whole timeout.*start it"):
                short.append([row("b")])
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(store.append, [row("a"), row("c")])
                postgres.start()
                assert waiting.result(5) == ["known", "new"]
        finally:
            if not (postgres.data / "postmaster.pid").exists():
                postgres.start()
        assert short.append([row("b")]) == ["new"]


def test_what_is_erased_leaves_the_tables_with_a_vacuum(postgres, store, address):
    secret = "needle-in-the-hay"
    rows = [row(f"{secret}-{k}", secret) for k in range(300)]
    store.append([*rows, row("x", "ben")])
    store.append([rows[0]._replace(content='{"correct":0,"skill":"add"}')])
    store.snapshot("states", secret.encode())

    def files() -> list[str]:
        with connected(address) as on:
            on.execute("CHECKPOINT")
        found = (file for file in (postgres.data / "base").rglob("*") if file.is_file())
        return [file.name for file in found if secret.encode() in file.read_bytes()]

    with connected(address) as on:
        on.execute("ANALYZE")  # as the server does by itself
        assert len(files()) >= 3
        assert store.forget(secret) == 300
        assert (store.read({secret: 0}).id, store.conflicts()) == ([], [])
        assert store.append(rows[:2]) == ["erased"] * 2
        for table in ("events", "conflicts", "snapshots"):
            on.execute(f"VACUUM FULL adaptlearn_{table}")
    assert files() == []
    assert store.read({"ben": 0}).rows() == [row("x", "ben")]


def test_a_check_tells_of_numbers_that_cannot_be(store, address):
    store.append([row("a"), row("b")])
    with connected(address) as on:
        on.execute("UPDATE adaptlearn_facts SET value = '1' WHERE name = 'number'")
        assert store.check() == [
            "an event has number 2, but the last one given is 1",
            "events up to number 2 were acknowledged, but the last number given is 1: the newest "
            "events are lost, or an older copy stands in the store's place",
        ]


def test_a_forked_process_is_told(store, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(StoreError, match="open it in each process"):
        store.append([row("a")])


def test_threads_share_transactions(store):
    commits, append, gate = [], store._append, threading.Barrier(16)

    def counted(rows):
        commits.append(len(rows))
        time.sleep(0.002)
        return append(rows)

    store._commit = GroupCommit(counted)

    def work(thread: int) -> list[str]:
        gate.wait()
        return [store.append([row(f"{thread}-{k}", f"s{thread}")])[0] for k in range(10)]

    with ThreadPoolExecutor(16) as pool:
        assert [*pool.map(work, range(16))] == [["new"] * 10] * 16
    assert sum(commits) == 160
    assert len(commits) <= 40
