"""Every statement that the PostgreSQL store sends, in one table, and its schema's versions."""

# ruff: noqa: S608 - parts of this file are joined, nothing from outside

from __future__ import annotations

from collections.abc import Mapping

_COLUMNS = "id, kind, student, device, seq, time, received, content"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # Keys compare by their bytes: a new version of the server's locale breaks no index.
        """CREATE TABLE adaptlearn_events (
            number BIGINT NOT NULL, id TEXT COLLATE "C" PRIMARY KEY, kind TEXT NOT NULL,
            student TEXT COLLATE "C" NOT NULL, device TEXT NOT NULL, seq BIGINT NOT NULL,
            time DOUBLE PRECISION, received DOUBLE PRECISION NOT NULL, content TEXT NOT NULL)""",
        """CREATE UNIQUE INDEX adaptlearn_events_by_student
            ON adaptlearn_events (student, number)""",
        "CREATE INDEX adaptlearn_events_by_number ON adaptlearn_events (number)",
        """CREATE TABLE adaptlearn_conflicts (
            digest TEXT COLLATE "C" PRIMARY KEY, id TEXT COLLATE "C" NOT NULL, kind TEXT NOT NULL,
            student TEXT COLLATE "C" NOT NULL, device TEXT NOT NULL, seq BIGINT NOT NULL,
            time DOUBLE PRECISION, received DOUBLE PRECISION NOT NULL, content TEXT NOT NULL)""",
        """CREATE TABLE adaptlearn_facts (
            name TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL)""",
        """CREATE TABLE adaptlearn_snapshots (
            name TEXT COLLATE "C" PRIMARY KEY, data BYTEA NOT NULL)""",
        # The planner's statistics would keep some of the values, also after an erasure.
        *(
            f"ALTER TABLE adaptlearn_{table} ALTER {column} SET STATISTICS 0"
            for table in ("events", "conflicts")
            for column in ("id", "student", "device", "content")
        ),
        "ALTER TABLE adaptlearn_snapshots ALTER data SET STATISTICS 0",
        "INSERT INTO adaptlearn_facts VALUES ('number', '0'), ('version', '0')",
    ),
)
"""Statements that lead from each version of the schema to the next; version 0 has no tables."""

STATEMENTS: Mapping[str, str] = {
    # Who migrates does so alone. The number tells this library's lock from those of others.
    "alone": "SELECT pg_advisory_xact_lock(1633970286)",
    "there": "SELECT to_regclass('adaptlearn_facts') IS NOT NULL",
    "server": """SELECT current_setting('fsync'), current_setting('full_page_writes'),
        current_setting('server_encoding'), current_setting('server_version_num')::int""",
    # Every write begins with it: the lock of this row lets one transaction at a time give numbers.
    # The next one gets the lock when this one has ended and all can see what it wrote.
    "lock_number": "SELECT value FROM adaptlearn_facts WHERE name = 'number' FOR UPDATE",
    "set_number": "UPDATE adaptlearn_facts SET value = %s WHERE name = 'number'",
    "set_version": "UPDATE adaptlearn_facts SET value = %s WHERE name = 'version'",
    "standing": f"SELECT {_COLUMNS} FROM adaptlearn_events WHERE id = ANY(%s::text[])",
    "drop": "DELETE FROM adaptlearn_events WHERE id = ANY(%s::text[])",
    "put": f"""INSERT INTO adaptlearn_events (number, {_COLUMNS})
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::bigint[], %s::float8[], %s::float8[], %s::text[])""",
    "put_conflicts": f"""INSERT INTO adaptlearn_conflicts (digest, {_COLUMNS})
        SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::bigint[], %s::float8[], %s::float8[], %s::text[]) ON CONFLICT DO NOTHING""",
    "conflicts": f"SELECT {_COLUMNS} FROM adaptlearn_conflicts ORDER BY id, digest",
    # OFFSET 0 makes it one look-up by index for each student, whatever the statistics say.
    "read": f"""SELECT number, {_COLUMNS}
        FROM unnest(%s::text[], %s::bigint[]) AS asked (key, least), LATERAL
            (SELECT * FROM adaptlearn_events WHERE student = key AND number > least
            ORDER BY number OFFSET 0) AS found""",
    "read_kinds": f"""SELECT number, {_COLUMNS}
        FROM unnest(%s::text[], %s::bigint[]) AS asked (key, least), LATERAL
            (SELECT * FROM adaptlearn_events WHERE student = key AND number > least
            ORDER BY number OFFSET 0) AS found
        WHERE kind = ANY(%s::text[])""",
    "students": """SELECT DISTINCT student FROM adaptlearn_events
        WHERE number > %s AND student > '' ORDER BY student""",
    "erase": "DELETE FROM adaptlearn_events WHERE student = %s",
    "erase_conflicts": "DELETE FROM adaptlearn_conflicts WHERE student = %s",
    "erase_snapshots": "DELETE FROM adaptlearn_snapshots",
    "fact": "SELECT value FROM adaptlearn_facts WHERE name = %s",
    "claim": "INSERT INTO adaptlearn_facts VALUES (%s, %s) ON CONFLICT DO NOTHING",
    "snapshot": "SELECT data FROM adaptlearn_snapshots WHERE name = %s",
    "keep": """INSERT INTO adaptlearn_snapshots SELECT %s, %s WHERE NOT EXISTS
        (SELECT FROM adaptlearn_events WHERE student = '' AND number > %s AND kind = 'erasure')""",
    "drop_snapshot": "DELETE FROM adaptlearn_snapshots WHERE name = %s",
    "check_events": """SELECT count(*), count(DISTINCT number), coalesce(max(number), 0),
        coalesce(sum(length(content)), 0) FROM adaptlearn_events""",
    "check_conflicts": "SELECT sum(length(content)) FROM adaptlearn_conflicts",
    "check_snapshots": "SELECT sum(length(data)) FROM adaptlearn_snapshots",
}
"""By name. Every write stands in one transaction that begins with ``lock_number``."""

SETTINGS = (
    # What a session may set for itself; the rest is looked at (``server``).
    """SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off'""",
    "SET client_encoding = 'UTF8'",
    "SET default_transaction_isolation = 'read committed'",
)
"""Sent on every connection."""
