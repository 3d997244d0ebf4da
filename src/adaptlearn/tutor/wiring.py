"""The store at an address. The rooms of stores stand above: the root package says which."""

from __future__ import annotations

import os
from typing import Any

from adaptlearn.errors import ParameterError
from adaptlearn.lazy import OPENERS, opener
from adaptlearn.tutor.store import Store
from adaptlearn.wording import listed, shown

_FILE = "file"  # the scheme of a path


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
        raise ParameterError("Tutor.open", [f"{shown(where)} is not the path of a file"])
    scheme, is_address, _ = str(given).partition("://")
    if not is_address or not isinstance(given, str):
        scheme = _FILE
    if scheme not in OPENERS:
        known = listed(f"{one}://" for one in OPENERS if one != _FILE)
        problem = f"there is no store for {scheme}://; give the path of a file, or use {known}"
        raise ParameterError("Tutor.open", [problem])
    store: Store = opener(scheme)(where)
    return store
