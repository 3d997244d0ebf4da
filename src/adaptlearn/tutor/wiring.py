"""The one place that knows which stores come with the library."""

from __future__ import annotations

import os
from typing import Any

from adaptlearn.errors import ParameterError
from adaptlearn.tutor.store import Store
from adaptlearn.wording import shown


def open_store(where: str | os.PathLike[str]) -> Store:
    """The store at an address: ``postgresql://...`` is a database, a path is that of a SQLite file.

    Raises
    ------
    ParameterError
        It is no address.
    StoreError
        The store cannot be opened.
    """
    given: Any = where
    if not isinstance(given, (str, os.PathLike)) or not os.fspath(given):
        raise ParameterError("Tutor.open", [f"{shown(where)} is no path of a file"])
    if isinstance(given, str) and given.startswith(("postgresql://", "postgres://")):
        from adaptlearn.storage.postgres import PostgresStore

        return PostgresStore(given)
    from adaptlearn.storage.sqlite import SQLiteStore

    return SQLiteStore(where)
