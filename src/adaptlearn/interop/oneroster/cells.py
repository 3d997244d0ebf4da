"""The cells of a file: dates, vocabularies, what may not be empty, and quotes for spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from adaptlearn.interop.oneroster.layout import STATUS, TRUTH, Layout
from adaptlearn.interop.oneroster.rows import Table
from adaptlearn.interop.report import Note, note
from adaptlearn.numerics import Bools
from adaptlearn.responses.columns import rows_text
from adaptlearn.validation import some

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# As a spreadsheet reads it; signs before a number are no formula.
_RUNS = re.compile(r"'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")


def quoted(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe comes before it.

    Examples
    --------
    >>> quoted("=1+1"), quoted("-3"), unquoted(quoted("=1+1"))
    ("'=1+1", '-3', '=1+1')
    """
    return f"'{text}" if _RUNS.match(text) and not _NUMBER.fullmatch(text) else text


def unquoted(text: str) -> str:
    """What `quoted` was given."""
    return text[1:] if text.startswith("'") and quoted(text[1:]) == text else text


def moment_of(text: str) -> float | None:
    """The seconds of a date or an ISO date-time; None if it is neither.

    Examples
    --------
    >>> moment_of("1970-01-02"), moment_of("1970-01-01T00:00:01Z"), moment_of("1/05/2023")
    (86400.0, 1.0, None)
    """
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        if _DAY.match(text):
            found = datetime.fromisoformat(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        pass
    return None


def checked_cells(table: Table, file: str, layout: Layout, notes: list[Note]) -> Table:
    """The rows that have an id, with vocabulary as the standard spells it; odd cells get a note."""
    if "sourcedId" in layout.required:
        table = _with_ids(table, file, notes)
    for name in layout.required:
        found = table.where(name, lambda text: not text)
        if found.any():
            text = f"column {name!r}: empty in {rows_text(table.rows[found])}"
            notes.append(note(file, "warning", text, table.rows[found]))
    for name in ("dateLastModified", *layout.dates):
        _check_dates(table, name, file, notes)
    for name, words in {**layout.words, "status": STATUS}.items():
        _check_words(table, name, words, file, notes)
    for name in layout.lists:
        if name in table.columns:
            table.with_texts(name, _tidy_list)
    return table


def _with_ids(table: Table, file: str, notes: list[Note]) -> Table:
    without = table.where("sourcedId", lambda text: not text.strip())
    if not without.any():
        return table
    text = f"no sourcedId in {rows_text(table.rows[without])}"
    notes.append(note(file, "skipped", text, table.rows[without]))
    return table.take(~without)


def _check_dates(table: Table, name: str, file: str, notes: list[Note]) -> None:
    def wrong(text: str) -> bool:
        return bool(text) and moment_of(text) is None

    found = table.where(name, wrong)
    if found.any():
        values = _distinct(table, name, found)
        text = (
            f"column {name!r}: {some(values)} in {rows_text(table.rows[found])}; dates are "
            "YYYY-MM-DD, another order of day and month is ambiguous; these count as unknown"
        )
        notes.append(note(file, "warning", text, table.rows[found]))
        table.with_texts(name, lambda text: "" if wrong(text) else text)


def _check_words(
    table: Table, name: str, words: tuple[str, ...], file: str, notes: list[Note]
) -> None:
    spelled = {word.casefold(): word for word in words}

    def other_case(text: str) -> bool:
        return words is not TRUTH and text not in words and text.strip().casefold() in spelled

    def unknown(text: str) -> bool:
        known = text.strip().casefold() in spelled
        return bool(text) and not known and not text.startswith("ext:")

    said: tuple[tuple[Callable[[str], bool], str], ...] = (
        (other_case, "read as the standard spells them"),
        (unknown, f"which the standard does not know; it has {some(words, 15)}"),
    )
    for holds, what in said:
        found = table.where(name, holds)
        if found.any():
            values = some(_distinct(table, name, found))
            text = f"column {name!r}: {values} in {rows_text(table.rows[found])}, {what}"
            notes.append(note(file, "warning", text, table.rows[found]))
    if name in table.columns:
        table.with_texts(name, lambda text: spelled.get(text.strip().casefold(), text))


def _distinct(table: Table, name: str, found: Bools) -> list[str]:
    return sorted(set(table.take(found).columns[name].tolist()))


def _tidy_list(text: str) -> str:
    return ",".join(part for part in map(str.strip, text.split(",")) if part)
