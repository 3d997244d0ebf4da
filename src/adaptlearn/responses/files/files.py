"""CSV and Parquet files as columns, with whatever is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from adaptlearn.errors import DataWarning, ResponseDataError, warn
from adaptlearn.labels import near_spellings
from adaptlearn.responses.engines import parquet_frame, parquet_names
from adaptlearn.responses.files.lines import OnRead, Source, open_csv
from adaptlearn.responses.files.recognition import HEAD, Kind, kind_of
from adaptlearn.responses.files.separators import doubt_of_separator, separator_of
from adaptlearn.responses.files.texts import Forms, values_of
from adaptlearn.responses.names import UNKNOWN, suggested_columns
from adaptlearn.responses.spellings import Say, in_python
from adaptlearn.validation import some

Roles = Mapping[str, str | Literal[False] | None]


def read_file(
    source: Source,
    roles: Roles,
    *,
    extra: Sequence[str],
    text: Sequence[str],
    forms: Forms,
    say: Say,
    on_read: OnRead | None = None,
) -> tuple[Any, dict[str, str]]:
    """The columns of a log, as a frame, and which of them plays which role.

    Parameters
    ----------
    source : path of a Parquet file, or of a CSV file, packed or not; or an open text file
    roles : mapping of role to column
        False leaves a role out; None takes the column that has the role's name, if there is
        one.
    extra : sequence of str
        Further columns.
    text : sequence of str
        Columns of a CSV file that stay text, though all values may be whole numbers.
    forms : Forms
        How values are written in a CSV file.
    say : callable
        How the caller would write an option and its value, for messages.
    on_read : callable, optional
        Called as ``on_read(done, total)`` with bytes of the file, where it has a size.

    Raises
    ------
    ResponseDataError
        Lists every problem of the header, or of the lines; or says what the file is, if it is
        neither CSV nor Parquet.
    MissingDependency
        Nothing is installed that reads Parquet, or zst.
    OSError
        There is no such file, or it may not be read.
    """

    def chosen(names: Sequence[str], subject: str, separator: str | None = None) -> dict[str, str]:
        problems: list[str] = []
        columns = _columns_of_roles(names, roles, say, problems)
        for name in dict.fromkeys(extra):
            problems += _faults(names, name, "extra") if name not in columns.values() else []
        read = {*columns.values(), *extra}
        problems += [
            f"column {name!r} (text) is none of those that are read"
            for name in text
            if name not in read
        ]
        if problems:
            problems[-1] += f"; the columns are {some(names, 30)}"
            doubt = doubt_of_separator(names, separator, say)
            problems[-1] += doubt
            remedy = "" if doubt else _suggestion(columns, names, roles, say)
            raise ResponseDataError(subject, problems, remedy)
        return columns

    kind: Kind = "text"
    if isinstance(source, (str, PathLike)):
        kind = _kind_of_file(source)
    if kind == "Parquet":
        path = str(source)
        if given := forms.given():
            problem = f"is Parquet, which holds values of its own types: {some(given)} is for CSV"
            raise ResponseDataError(path, [problem])
        columns = chosen(parquet_names(path), path)
        return parquet_frame(path, _distinct(columns, extra)), columns

    def separator(header: str) -> str:
        return forms.separator or separator_of(header, say)

    with open_csv(source, separator=separator, on_read=on_read) as lines:
        columns = chosen(lines.names, lines.subject, lines.separator)
        texts = lines.columns(_distinct(columns, extra))
    role_of = {name: role for role, name in columns.items()}
    return {
        name: values_of(name, role_of.get(name), column, forms, as_text=name in text, say=say)
        for name, column in texts.items()
    }, columns


def _kind_of_file(path: str | PathLike[str]) -> Kind:
    """What a file is; a name that says something else is warned of."""
    if not Path(path).is_file():  # a pipe, whose beginning is read once; or an error, told later
        return "text"
    with Path(path).open("rb") as file:
        kind = kind_of(file.read(HEAD), str(path))
    named = Path(path).suffix.lower() in (".parquet", ".pq")
    if named != (kind == "Parquet"):
        warn(f"{path} holds {kind}, whatever its name says, and is read as that", DataWarning)
    return kind


def _columns_of_roles(
    names: Sequence[str], roles: Roles, say: Say, problems: list[str]
) -> dict[str, str]:
    """Which column plays which role."""
    columns: dict[str, str] = {}
    for role, given in roles.items():
        if given is False or (given is None and role not in names):
            continue
        columns[role] = name = role if given is None else given
        hint = f"; say which one it is with {say(role, '...')}" if name == role else ""
        problems += _faults(names, name, role, hint)
    twice = {name for name in columns.values() if list(columns.values()).count(name) > 1}
    problems += [f"column {name!r} is given two roles" for name in sorted(twice)]
    return columns


def _suggestion(columns: Mapping[str, str], names: Sequence[str], roles: Roles, say: Say) -> str:
    """The options that name the columns that are probably meant; empty where none is found."""
    chosen = suggested_columns(columns, names)
    if set(chosen.values()) <= {UNKNOWN}:
        return ""
    told = [
        say(role, "..." if name == UNKNOWN else name)
        for role, name in chosen.items()
        if roles.get(role) is not False
    ]
    between = ", " if say is in_python else " "
    return f"say which columns they are, perhaps: {between.join(told)}"


def _faults(names: Sequence[str], name: str, role: str, hint: str = "") -> list[str]:
    count = names.count(name)
    if not count:
        return [f"column {name!r} ({role}) is missing{hint}{near_spellings(name, names)}"]
    return [f"column {name!r} ({role}) stands {count} times"] if count > 1 else []


def _distinct(columns: Mapping[str, str], extra: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*columns.values(), *extra]))
