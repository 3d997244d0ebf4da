"""Every statement that the SQLite store sends, in one table, and the versions of its schema."""

# ruff: noqa: S608 - parts of this file are joined, nothing from outside

from __future__ import annotations

from collections.abc import Mapping

APPLICATION = 0x61646C6E
"""What the file says it is (``PRAGMA application_id``): "adln"."""

_COLUMNS = "id, kind, student, device, seq, time, received, content"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # By student, so that a history stands together in the file, in order of numbers.
        """CREATE TABLE events (
            number INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, student TEXT NOT NULL,
            device TEXT NOT NULL, seq INTEGER NOT NULL, time REAL, received REAL NOT NULL,
            content TEXT NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY (student, number))
            WITHOUT ROWID""",
        "CREATE UNIQUE INDEX events_by_id ON events (id)",
        "CREATE INDEX events_by_number ON events (number)",
        """CREATE TABLE conflicts (
            digest TEXT PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, student TEXT NOT NULL,
            device TEXT NOT NULL, seq INTEGER NOT NULL, time REAL, received REAL NOT NULL,
            content TEXT NOT NULL) WITHOUT ROWID""",
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE snapshots (name TEXT PRIMARY KEY, data BLOB NOT NULL)",
        "INSERT INTO facts VALUES ('number', '0')",
    ),
)
"""Statements that lead from each version of the schema to the next; version 0 is an empty file."""

STATEMENTS: Mapping[str, str] = {
    "begin": "BEGIN IMMEDIATE",
    "commit": "COMMIT",
    "rollback": "ROLLBACK",
    "standing": f"""SELECT {_COLUMNS} FROM events
        WHERE id IN (SELECT value FROM json_each(?))""",
    "put": f"""INSERT INTO events (mark, number, {_COLUMNS})
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
    "drop": "DELETE FROM events WHERE id = ?",
    "put_conflict": f"""INSERT INTO conflicts (digest, {_COLUMNS})
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
    "conflicts": f"SELECT {_COLUMNS} FROM conflicts ORDER BY id, digest",
    # In the order of the keys asked for, one look-up by primary key for each.
    "read": f"""SELECT mark, number, {_COLUMNS}
        FROM (SELECT key AS asked, value AS least FROM json_each(?1))
        CROSS JOIN events ON student = asked AND number > least""",
    "read_kinds": f"""SELECT mark, number, {_COLUMNS}
        FROM (SELECT key AS asked, value AS least FROM json_each(?1))
        CROSS JOIN events ON student = asked AND number > least
        WHERE kind IN (SELECT value FROM json_each(?2))""",
    "students": "SELECT DISTINCT student FROM events WHERE number > ? AND student > ''",
    "erase": "DELETE FROM events WHERE student = ?",
    "erase_conflicts": "DELETE FROM conflicts WHERE student = ?",
    "erase_snapshots": "DELETE FROM snapshots",
    "fact": "SELECT value FROM facts WHERE name = ?",
    "claim": "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO NOTHING",
    "set_number": "UPDATE facts SET value = ? WHERE name = 'number'",
    "snapshot": "SELECT data FROM snapshots WHERE name = ?",
    "keep": """INSERT INTO snapshots SELECT ?, ? WHERE NOT EXISTS
        (SELECT * FROM events WHERE student = '' AND number > ? AND kind = 'erasure')""",
    "drop_snapshot": "DELETE FROM snapshots WHERE name = ?",
    "version": "PRAGMA user_version",
    "application": "PRAGMA application_id",
    "tables": "SELECT count(*) FROM sqlite_schema",
    "wal": "PRAGMA journal_mode = WAL",
    "synchronous": "PRAGMA synchronous",
    "check": "PRAGMA integrity_check",
    "most": "SELECT coalesce(max(number), 0) FROM events",
    "checkpoint": "PRAGMA wal_checkpoint(TRUNCATE)",
    "vacuum": "VACUUM",
}
"""By name. Every write stands between ``begin`` and ``commit``."""

SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
)
"""Sent on every connection."""
