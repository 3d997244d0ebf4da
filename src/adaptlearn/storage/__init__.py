"""Where a tutor's events are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.storage.memory import MemoryStore as MemoryStore
    from adaptlearn.storage.postgres import PostgresStore as PostgresStore
    from adaptlearn.storage.sqlite import SQLiteStore as SQLiteStore

_HOMES = {"MemoryStore": "memory", "PostgresStore": "postgres", "SQLiteStore": "sqlite"}

__all__ = ["MemoryStore", "PostgresStore", "SQLiteStore"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
