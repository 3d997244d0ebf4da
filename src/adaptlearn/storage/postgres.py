"""A store in a PostgreSQL database, for any number of processes on any number of machines."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from adaptlearn.errors import MissingDependency, StoreError
from adaptlearn.storage.appending import Appending, erasure, number_problems, refuse_older
from adaptlearn.storage.group_commit import GroupCommit
from adaptlearn.storage.postgres_statements import MIGRATIONS, SETTINGS, STATEMENTS
from adaptlearn.tutor.store import Changed, Columns, Row, Status

if TYPE_CHECKING:
    from psycopg import Connection, Error

_OLDEST = 120000  # PostgreSQL 12
_SLICE = 1.2  # seconds: how long a call waits for the pool before it asks again
_PAUSE = 0.05  # seconds between two tries
_Found = TypeVar("_Found")


class PostgresStore:
    """Keeps events in a PostgreSQL database, so that a crash of the server loses none.

    A call to `append` returns after the server has what it wrote on disk (``synchronous_commit``).
    What several threads append at one time becomes one transaction. One transaction at a time gives
    numbers: each write first locks the row of the last number. A reader therefore never sees a
    number before all smaller ones. A sequence of PostgreSQL would not do: its numbers become
    visible in the order in which transactions end.

    **When the server goes away**, calls try again until `timeout` is over, so a restart of the
    server is a pause and no error. A call that lost the server during its commit cannot know
    whether the rows were kept. It sends them again, and then gets the right answer about what is
    kept: a row that the first try kept is ``"known"``, although this call brought it. If the call
    raises an error because the time is over, its rows may have been kept, too: send them again.

    **Erasure.** `forget` deletes the rows and keeps the tombstone; from then on no call returns
    them. PostgreSQL itself still has their bytes on disk: in the tables until ``VACUUM FULL`` of
    ``adaptlearn_events``, ``adaptlearn_conflicts`` and ``adaptlearn_snapshots``, and in the
    write-ahead log until the server writes over its files. Replicas follow. Archives of the log and
    backups keep the rows until you delete these. The store does none of this: while ``VACUUM FULL``
    runs, all calls wait, and only the owner of the tables may run it. A plain ``VACUUM``, which the
    server runs by itself, frees the space and does not overwrite it at once.

    The tables are made in the first schema of the connection's ``search_path``; their names begin
    with ``adaptlearn_``. Connect to the server itself, or through a pooler that keeps sessions.
    Open a store in each process; do not carry one into a process that was forked.

    Parameters
    ----------
    address : str
        ``postgresql://user@host:port/database``, or any other connection string of libpq. An empty
        part is taken from the environment (``PGHOST``, ``PGPASSWORD``) as libpq does.
    timeout : float, default 30
        How many seconds a call waits while the server is away or another transaction writes.
    connections : int, default 8
        How many connections one store has at most.

    Raises
    ------
    MissingDependency
        The error is raised if psycopg or psycopg_pool is not installed.
    StoreError
        The error is raised if the server cannot be reached or refuses, if it would lose events in a
        crash (``fsync`` or ``full_page_writes`` is off), if the database's encoding is not UTF8, or
        if a newer version of this library wrote the tables. Each method raises it if the server
        cannot be reached or refuses.

    Examples
    --------
    >>> store = PostgresStore("postgresql://tutor@db.school/tutor")  # doctest: +SKIP
    >>> row = Row("e1", "answer", "mia", "", 0, 5.0, 6.0, '{"correct":1,"skill":"add"}')
    >>> store.append([row]), store.append([row])  # doctest: +SKIP
    (['new'], ['known'])
    """

    def __init__(self, address: str, *, timeout: float = 30.0, connections: int = 8) -> None:
        try:
            import psycopg
            import psycopg_pool
        except ImportError as error:  # psycopg without libpq raises one, too
            raise MissingDependency("a PostgreSQL store", '"psycopg[binary,pool]"') from error
        self._psycopg, self._no_connection = psycopg, psycopg_pool.PoolTimeout
        self._timeout = timeout
        self._process = os.getpid()
        self._acknowledged = 0  # the largest number that an `append` of this process returned with
        self._where = "PostgreSQL"
        try:
            self._where = _shown(psycopg.conninfo.conninfo_to_dict(address))
            # One that fails says why; the pool would only say that it got none.
            with psycopg.connect(address, autocommit=True, connect_timeout=10) as on:
                self._configure(on)
                self._look_at_server(on)
                self._upgrade(on)
        except psycopg.Error as error:
            raise StoreError(f"{self._where}: {_told(error)}") from error
        self._pool = psycopg_pool.ConnectionPool(
            address,
            kwargs={"autocommit": True},
            configure=self._configure,
            min_size=0,
            max_size=connections,
            # The pool doubles its pause after each failure; it shall begin anew instead.
            reconnect_timeout=1.0,
            open=True,
        )
        self._commit: GroupCommit[Row, Status] = GroupCommit(self._append)
        try:
            self._salt = self.claim("salt", secrets.token_hex(16))
        except BaseException:
            self._pool.close()
            raise

    def __repr__(self) -> str:
        return f"PostgresStore({self._where!r})"

    def append(self, rows: Sequence[Row]) -> list[Status]:
        """Keep rows; see `Store.append`.

        ``"known"`` is also said of a row that this call kept and whose commit the server, restarted
        meanwhile, did not confirm.
        """
        return self._commit(rows)

    def _append(self, rows: list[Row]) -> list[Status]:
        def write(on: Connection[Any], last: int) -> Appending:
            refuse_older(self._where, last, self._acknowledged)
            return _appended(on, rows, self._salt, last)

        change = self._write(write)
        self._acknowledged = change.last
        return change.statuses

    def read(self, after: Mapping[str, int], kinds: Collection[str] | None = None) -> Columns:
        """Rows of some students; see `Store.read`."""
        asked: list[object] = [[*after], [*after.values()]]
        name = "read" if kinds is None else "read_kinds"
        if kinds is not None:
            asked.append([*kinds])
        found = self._run(lambda on: on.execute(STATEMENTS[name], asked).fetchall())
        return Columns.of(found)

    def students(self, after: int = 0) -> Changed:
        """The students with a row of a larger number; see `Store.students`."""

        def look(on: Connection[Any]) -> Changed:
            # The number first: rows that come between the two are found again next time.
            number = int(_fact(on, "number") or 0)
            found = on.execute(STATEMENTS["students"], [after])
            return Changed(number, [student for (student,) in found])

        return self._run(look)

    def conflicts(self) -> list[Row]:
        """All contents of ids that have more than one; see `Store.conflicts`."""
        found = self._run(lambda on: on.execute(STATEMENTS["conflicts"]).fetchall())
        return [Row(*values) for values in found]

    def forget(self, student: str) -> int:
        """Erase a student; see `Store.forget`, and above what stays on the server's disk.

        If the server went away during the commit, the number can be 0 although rows were erased.
        """

        def erase(on: Connection[Any], last: int) -> int:
            gone = on.execute(STATEMENTS["erase"], [student]).rowcount
            on.execute(STATEMENTS["erase_conflicts"], [student])
            on.execute(STATEMENTS["erase_snapshots"])
            _appended(on, [erasure(self._salt, student)], self._salt, last)
            return gone

        return self._write(erase)

    def claim(self, name: str, value: str) -> str:
        """Set a fact once and for all; see `Store.claim`."""
        standing = self._run(lambda on: _fact(on, name))
        if standing is not None or not value:
            return standing or ""

        def claim(on: Connection[Any], _: int) -> str:
            on.execute(STATEMENTS["claim"], [name, value])
            return str(_fact(on, name))

        return self._write(claim)

    def snapshot(self, name: str, data: bytes | None = None, number: int = 0) -> bytes | None:
        """Keep or read a snapshot; see `Store.snapshot`."""
        if data is None:
            found = self._run(lambda on: on.execute(STATEMENTS["snapshot"], [name]).fetchone())
            return None if found is None else bytes(found[0])

        def keep(on: Connection[Any], _: int) -> None:
            on.execute(STATEMENTS["drop_snapshot"], [name])
            if data:
                on.execute(STATEMENTS["keep"], [name, data, number])

        return self._write(keep)

    def check(self) -> list[str]:
        """What is damaged in the tables; see `Store.check`.

        It reads all that is in them, so that the server compares its checksums, if it has any
        (``initdb --data-checksums``).
        """

        def look(on: Connection[Any]) -> list[str]:
            last = int(_fact(on, "number") or 0)
            rows, numbers, most, _ = on.execute(STATEMENTS["check_events"]).fetchall()[0]
            on.execute(STATEMENTS["check_conflicts"])
            on.execute(STATEMENTS["check_snapshots"])
            problems = []
            if rows != numbers:
                problems.append(f"{rows - numbers} events have the number of another one")
            return problems + number_problems(last, most, self._acknowledged)

        try:
            # With the lock, no number is given between the two that are compared.
            return self._write(lambda on, _: look(on))
        except StoreError as error:
            return [str(error)]

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _configure(self, on: Connection[Any]) -> None:
        for setting in SETTINGS:
            on.execute(setting)
        # A process that stands still inside a transaction must not hold up the others.
        for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
            on.execute("SELECT set_config(%s, %s, false)", [name, f"{1000 * self._timeout:.0f}ms"])

    def _look_at_server(self, on: Connection[Any]) -> None:
        fsync, pages, encoding, version = on.execute(STATEMENTS["server"]).fetchall()[0]
        problems = []
        if version < _OLDEST:
            problems.append("PostgreSQL is older than 12; upgrade it")
        if fsync != "on":
            problems.append("fsync is off, so a loss of power loses events; set it to on")
        if pages != "on":
            problems.append("full_page_writes is off, so a loss of power damages the tables; "
                            "set it to on")  # fmt: skip
        if encoding != "UTF8":
            problems.append(f"the database's encoding is {encoding}; make it with encoding UTF8")
        if problems:
            raise StoreError(f"{self._where}: {'; '.join(problems)}")

    def _upgrade(self, on: Connection[Any]) -> None:
        """Bring the tables to this library's schema, in one transaction."""
        with on.transaction():
            on.execute(STATEMENTS["alone"])
            (there,) = on.execute(STATEMENTS["there"]).fetchone() or (False,)
            version = int(_fact(on, "version") or 0) if there else 0
            if version > len(MIGRATIONS):
                raise StoreError(
                    f"{self._where}: the store's version is {version}, this library reads up to "
                    f"{len(MIGRATIONS)}; upgrade adaptlearn"
                )
            for statement in (line for step in MIGRATIONS[version:] for line in step):
                on.execute(statement)
            if version < len(MIGRATIONS):
                on.execute(STATEMENTS["set_version"], [str(len(MIGRATIONS))])

    def _write(self, work: Callable[[Connection[Any], int], _Found]) -> _Found:
        """Work in a transaction that gives numbers alone, with the last number given."""

        def write(on: Connection[Any]) -> _Found:
            with on.transaction():
                (last,) = on.execute(STATEMENTS["lock_number"]).fetchone() or (0,)
                return work(on, int(last))

        return self._run(write)

    def _run(self, work: Callable[[Connection[Any]], _Found]) -> _Found:
        """Work with a connection; once more, if the server went away. Work may be done twice."""
        if os.getpid() != self._process:
            raise StoreError(f"{self._where}: opened in another process; open it in each process")
        end, lost = time.monotonic() + self._timeout, False
        while True:
            on = None
            try:
                on = self._pool.getconn(min(_SLICE, self._timeout))
                return work(on)
            except self._psycopg.Error as error:
                passing = isinstance(error, self._no_connection) or _is_passing(error, on)
                lost |= on is not None and passing
                if not passing or time.monotonic() > end:
                    told = _told(error, lost=lost, away=passing)
                    raise StoreError(f"{self._where}: {told}") from error
            finally:
                if on is not None:
                    self._pool.putconn(on)
            time.sleep(_PAUSE)


def _appended(on: Connection[Any], rows: Sequence[Row], salt: str, last: int) -> Appending:
    """Append rows inside a transaction."""

    def find(names: Sequence[str]) -> list[Row]:
        return [Row._make(one) for one in on.execute(STATEMENTS["standing"], [names])]

    change = Appending(rows, find, salt, last)
    if change.drop:
        on.execute(STATEMENTS["drop"], [[*change.drop]])
    if change.put:
        put = [(number, *row) for number, row in change.put.values()]
        on.execute(STATEMENTS["put"], [*map(list, zip(*put, strict=True))])
        on.execute(STATEMENTS["set_number"], [str(change.last)])
    if change.aside:
        aside = [(digest, *row) for digest, row in change.aside.items()]
        on.execute(STATEMENTS["put_conflicts"], [*map(list, zip(*aside, strict=True))])
    return change


def _fact(on: Connection[Any], name: str) -> str | None:
    found = on.execute(STATEMENTS["fact"], [name]).fetchone()
    return None if found is None else str(found[0])


def _shown(parts: Mapping[str, Any]) -> str:
    """A connection string without its secrets."""
    told = [f"{name}={parts[name]}" for name in ("host", "port", "dbname") if parts.get(name)]
    return " ".join(["PostgreSQL", *told])


def _is_passing(error: Error, on: Connection[Any] | None) -> bool:
    """Whether the same may succeed soon: the connection is lost, or others were in the way."""
    return (on is not None and on.closed) or (error.sqlstate or "").startswith(_PASSING)


_PASSING = ("08", "40", "57P", "25P03")
"""Connections lost, transactions rolled back for others, servers that stop or start."""


def _told(error: Error, *, lost: bool = False, away: bool = False) -> str:
    """What the server says, and what to do about it."""
    text = " ".join(str(error).split())
    if lost:
        kept = "The rows of this call may have been kept; send them again, with the same ids"
    else:
        kept = "Nothing of this call was kept"
    if away:
        return f"the server was away for the whole timeout ({text}); start it. {kept}"
    remedy = _REMEDIES.get(error.sqlstate or "", "")
    return f"{text}{remedy}. {kept}"


_REMEDIES = {
    "25006": "; connect to the primary server, this one is a replica or read-only",
    "42501": "; let this user create and use tables in the schema",
    "53100": "; make room on the server's disk, and try again",
    "55P03": "; another transaction held the lock for the whole timeout; try again, or give a "
    "longer timeout",
}
