"""Files of standards, by what they hold: JSON, JSON lines, or a table."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.errors import CurriculumError, RosterError
from adaptlearn.interop.oneroster.cells import unquoted
from adaptlearn.interop.oneroster.rows import read_table
from adaptlearn.interop.report import Note, note
from adaptlearn.serialization import parse_json, read_limited
from adaptlearn.validation import some

Source = Mapping[str, Any] | str | PathLike[str]

_PAGE = (
    "is a web page (HTML or XML): perhaps a login page, or a server's error message; ask the "
    "server for the package as JSON"
)
_MESSAGE = (
    "imsx_codeMajor", "imsx_description", "error", "errors", "message", "detail", "statusCode",
    "status",
)  # fmt: skip


def read_bytes(path: str | PathLike[str], max_bytes: int) -> bytes:
    """The bytes of a file, without a byte-order mark.

    Raises
    ------
    CurriculumError
        It cannot be opened, is too large, is empty or is a web page.
    """
    try:
        raw = read_limited(Path(path), max_bytes).removeprefix(b"\xef\xbb\xbf")
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise CurriculumError(str(path), [f"cannot be read: {problem}"]) from None
    head = raw[:64].lstrip()
    if not head or head.startswith(b"<"):
        raise CurriculumError(str(path), [_PAGE if head else "is empty"])
    return raw


def is_json(raw: bytes) -> bool:
    """Whether it begins as JSON does."""
    return raw.lstrip()[:1] in {b"{", b"["}


def parsed(raw: bytes, name: str, notes: list[Note]) -> Any:
    """The JSON of a file; names that stand there twice get a note."""
    repeated: list[str] = []
    try:
        content = parse_json(raw, repeated=repeated)
    except ValueError as error:
        raise CurriculumError(name, [str(error)]) from None
    if repeated:
        text = (
            f"{some(sorted(set(repeated)))} stands more than once in one object; the first counts"
        )
        notes.append(note(name, "warning", text))
    return content


def plain(content: Mapping[str, Any], name: str) -> Any:
    """A mapping with nothing in it that JSON does not have."""
    try:
        return parse_json(json.dumps(dict(content)))
    except (TypeError, ValueError, RecursionError) as error:
        raise CurriculumError(name, [f"holds values that JSON does not have: {error}"]) from None


def check_package(content: Any, name: str) -> Mapping[str, Any]:
    """Say what something is that is no package.

    Raises
    ------
    CurriculumError
    """
    if not isinstance(content, Mapping):
        told = f"is a {type(content).__name__}, not a CASE package (a mapping with 'CFItems')"
        raise CurriculumError(name, [told])
    if any(key in content for key in ("CFItems", "items", "CFDocument", "document")):
        return content
    said = {key: content[key] for key in _MESSAGE if key in content}
    if "CFDocuments" in content:
        told = "is the list of a server's documents; ask for the package of one of them"
    elif said:
        told = f"is a server's message, not a CASE package: {json.dumps(said)[:300]}"
    else:
        told = f"is not a CASE package: 'CFItems' is missing; its keys are {some(content)}"
    raise CurriculumError(name, [told])


def read_rows(
    raw: bytes, name: str, known: Sequence[str], required: Sequence[str], notes: list[Note]
) -> Iterator[dict[str, str]]:
    """The rows of a table in CSV, a mapping for each.

    Raises
    ------
    CurriculumError
        It is no CSV, or a column is missing.
    """
    try:
        table = read_table(
            io.BytesIO(raw), name, known, extensions=False, undo=unquoted, notes=notes
        )
    except RosterError as error:
        raise CurriculumError(name, error.problems) from None
    missing = [column for column in required if column not in table.columns]
    if missing:
        told = [f"is neither JSON nor a table of standards: column {one!r} is missing"
                for one in missing]  # fmt: skip
        raise CurriculumError(name, told)
    columns = [column.tolist() for column in table.columns.values()]
    return (dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True))


def read_lines(raw: bytes, name: str, notes: list[Note]) -> list[dict[str, Any]]:
    """The objects of JSON lines, or of one JSON list; what stands in ``properties`` comes up."""
    found, wrong = [], []
    listed = None
    if raw.lstrip()[:1] == b"[":
        listed = parsed(raw, name, notes)
    lines = [line for line in raw.splitlines() if line.strip()] if listed is None else listed
    for number, line in enumerate(lines):
        try:
            record = parse_json(line) if listed is None else line
        except ValueError:
            record = None
        if isinstance(record, Mapping):
            within = record.get("properties")
            found.append({**(within if isinstance(within, Mapping) else {}), **record})
        else:
            wrong.append(number)
    if wrong:
        if not found:
            raise CurriculumError(name, ["no line of it is an object of JSON"])
        lines_are = (
            "1 line is no object" if len(wrong) == 1 else f"{len(wrong)} lines are no objects"
        )
        text = f"{lines_are} of JSON (first: line {wrong[0] + 1})"
        notes.append(note(name, "skipped", text, np.array(wrong)))
    return found
