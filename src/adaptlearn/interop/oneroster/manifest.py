"""What a package's manifest says: its version, and which files it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from adaptlearn.errors import RosterError
from adaptlearn.interop.oneroster.layout import IN_FILE, LAYOUTS, MODES, OTHERS, VERSIONS
from adaptlearn.interop.oneroster.rows import Table
from adaptlearn.interop.report import Note, note
from adaptlearn.validation import some

MANIFEST = "manifest.csv"
REQUIRED = tuple(name for name in LAYOUTS if name not in ("courses.csv", "roles.csv"))
"""The files without which there is no roster; roles.csv belongs to them in version 1.2."""


class Manifest(NamedTuple):
    """What is known of a package.

    Attributes
    ----------
    version : str
        ``"1.1"`` or ``"1.2"``.
    modes : dict of str to str
        Of each file that it holds, ``"bulk"`` or ``"delta"``.
    """

    version: str
    modes: dict[str, str]


def read_manifest(
    table: Table | None,
    files: dict[str, str],
    has_roles_in_users: Callable[[], bool],
    notes: list[Note],
) -> Manifest:
    """What the manifest says of a package, or what its columns tell without one.

    Parameters
    ----------
    table : Table or None
        ``propertyName`` and ``value``.
    files : dict of str to str
        The names of the files that are there, in small letters.
    has_roles_in_users : callable
        Whether the file of users has a column of roles, as in version 1.1.

    Raises
    ------
    RosterError
        The version is another one, or a file is missing that must be there.
    """
    given = {} if table is None else _properties(table)
    spelled = {name.casefold(): name for name in (*LAYOUTS, *OTHERS)}
    there = {spelled.get(key, key) for key in files if key != MANIFEST}
    problems: list[str] = []
    version = given.get("oneroster.version", "")
    if table is None or not version:
        version = "1.1" if has_roles_in_users() else "1.2"
        text = f"is missing, or gives no version; by its columns, this is OneRoster {version}"
        notes.append(note(MANIFEST, "warning", text))
    elif version not in VERSIONS:
        problems.append(
            f"{MANIFEST}: oneroster.version is {version!r}; versions {' and '.join(VERSIONS)} "
            "can be read"
        )
    modes = {}
    for name in (*LAYOUTS, *OTHERS):
        key = f"file.{name.removesuffix('.csv')}"
        mode = given.get(key, "").casefold()
        if mode and mode not in MODES:
            problems.append(f"{MANIFEST}: {key} is {given[key]!r}; expected {some(MODES)}")
        elif mode == "absent" and name in there:
            notes.append(note(name, "warning", "the manifest says that it is absent; not read"))
        elif mode in ("bulk", "delta") and name not in there:
            problems.append(f"{name} is missing; the manifest says {mode!r}")
        elif name in there:
            modes[name] = mode or "bulk"
    unread = [name for name in sorted(there) if name not in LAYOUTS and name in modes]
    unread += sorted(there.difference(LAYOUTS, OTHERS))
    if unread:
        text = f"files that no roster needs are not read: {some(unread, 20)}"
        notes.append(note(MANIFEST, "skipped", text))
    if problems:
        raise RosterError("OneRoster package", problems)
    return Manifest(version, {name: modes[name] for name in LAYOUTS if name in modes})


def required_files(manifest: Manifest) -> list[str]:
    """The files that a whole roster of this version needs."""
    return [*REQUIRED, *(["roles.csv"] if manifest.version == "1.2" else [])]


def required_columns(file: str, version: str) -> tuple[str, ...]:
    """The columns that a file must have."""
    more = ("orgSourcedIds", "role") if (file, version) == ("users.csv", "1.1") else ()
    return (*LAYOUTS[file].required, *IN_FILE.get(file, ()), *more)


def _properties(table: Table) -> dict[str, str]:
    names, values = (table.columns[name].tolist() for name in ("propertyName", "value"))
    return {name.strip(): value.strip() for name, value in zip(names, values, strict=True)}
