"""From the rows of a table to responses: one response is one row, whatever its skills."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from adaptlearn.datasets.tables import LEAVE_TIMES_OUT, Table, as_labels, as_moments
from adaptlearn.errors import DataWarning, ResponseDataError, warn
from adaptlearn.labels import is_missing
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.responses.account import Account, Fate
from adaptlearn.responses.columns import (
    kind_problems,
    label_kind,
    read_correct,
    read_labels,
    read_time,
    rows_text,
)
from adaptlearn.responses.frames import Column
from adaptlearn.responses.labelled import objects
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import some

Skills = tuple[Any, ...]
_ROLES = ("student", "skill", "correct", "item", "time", "id")


class Events(NamedTuple):
    """Rows that are one response: the `first` of each, and the event each row belongs to."""

    first: Ints
    of_row: Ints


class Joining:
    """The rows of a table on their way to a log: joined, left out, and accounted for.

    Parameters
    ----------
    reader : str
        Its name, for messages.
    columns : mapping of str to array, each of shape (n_rows,)
        By their names.
    names : mapping of str to str
        The name of the column of each role of `ResponseLog.from_frame`.
    events : Events
    skills : sequence of tuple
        Those of each row.
    table : Table, optional
        The rows' table, for messages.
    """

    def __init__(
        self,
        reader: str,
        columns: Mapping[str, Column],
        names: Mapping[str, str],
        events: Events,
        skills: Sequence[Skills],
        *,
        table: Table | None = None,
    ) -> None:
        self.reader = reader
        self.subject = reader if table is None else table.called(reader)
        self.where: Callable[[Ints], str] = rows_text if table is None else table.where
        self.columns = columns
        self.names = names
        self.events = events
        self.keep = np.ones(len(events.first), bool)
        self.problems: list[str] = []
        self._fates: list[Fate] = []
        self.skills, further, repeated = _joined(events, skills)
        self.note(further, "a further skill, joined to its response", "joined")
        self.note(repeated, "says a response again, left out", "left out")

    def note(
        self, rows: Ints, fate: str, outcome: Literal["joined", "left out", "kept"] = "kept"
    ) -> None:
        """What became of some rows."""
        if len(rows):
            self._fates.append(Fate(rows, outcome, f"{self.where(rows)}: {fate}"))

    def agree(self, role: str) -> None:
        """Refuse rows that contradict the first row of their response."""
        if name := self.names.get(role):
            values = self.columns[name].tolist()
            earlier = [values[row] for row in self.events.first[self.events.of_row]]
            pairs = zip(values, earlier, strict=True)
            unlike = [a != b and not (is_missing(a) and is_missing(b)) for a, b in pairs]
            if any(unlike):
                self.problems.append(
                    f"column {name!r}: {self.where(np.flatnonzero(unlike))} with another value "
                    "than an earlier row of the same response"
                )

    def drop(self, rows: Bools, fate: str) -> None:
        """Leave out responses by a mask of rows."""
        where = rows[self.events.first] & self.keep
        self.note(self.events.first[where], fate, "left out")
        self.keep[where] = False

    def drop_without_skill(self, choice: str) -> None:
        """Leave out responses without a skill, or refuse them."""
        bare = np.array([not found for found in self.skills], bool) & self.keep
        rows = self.events.first[bare]
        if choice == "drop":
            fate = "without a skill, left out (without_skill='refuse' refuses it)"
            self.note(rows, fate, "left out")
            self.keep[bare] = False
        elif len(rows):
            self.problems.append(f"column {self.names['skill']!r}: {self.where(rows)} missing")

    def log(
        self,
        *,
        extra: Sequence[str] = (),
        unanswered: Literal["refuse", "exposure"] = "refuse",
    ) -> ResponseLog:
        """The log of what is left, with a warning that accounts for all other rows."""
        if not self.problems and not self.keep.any():
            self.problems += [*(fate.text for fate in self._fates), "no response is left"]
        refuse(self.subject, self.problems)
        frame = {
            name: column[self.events.first[self.keep]] for name, column in self.columns.items()
        }
        skills = [found for found, kept in zip(self.skills, self.keep, strict=True) if kept]
        single = all(len(found) == 1 for found in skills)
        frame[self.names["skill"]] = objects([found[0] if single else found for found in skills])
        roles: dict[str, Any] = {"item": False, "time": False, "id": False} | dict(self.names)
        log = ResponseLog.from_frame(frame, **roles, extra=extra, unanswered=unanswered)
        n_rows = len(self.events.of_row)
        names = {role: self.names[role] for role in _ROLES if role in self.names}
        account = Account(self.reader, n_rows, len(log), tuple(self._fates), names)
        log.account = account
        if self._fates:
            warn(account.summary, DataWarning)
        return log


def refuse(subject: str, problems: Sequence[str]) -> None:
    """Raise one error if there are problems."""
    if problems:
        raise ResponseDataError(subject, problems)


def tidy(
    columns: dict[str, Column],
    names: Mapping[str, str],
    problems: list[str],
    remedy: str = LEAVE_TIMES_OUT,
) -> None:
    """Labels as integers or texts, times as datetimes; what cannot be read is a problem.

    The remedy is that for times.
    """
    for role in ("student", "item", "id"):
        if name := names.get(role):
            columns[name] = as_labels(columns[name])
            read_labels(columns[name], role, name, problems)
    if name := names.get("time"):
        before = len(problems)
        columns[name] = as_moments(columns[name], name, problems, remedy)
        if len(problems) == before:
            read_time(columns[name], name, problems)


def answers_in(
    column: Column, name: str, words: Mapping[str, int], unanswered: str, problems: list[str]
) -> Floats:
    """1, 0, and NaN for an exposure, of numbers or of words, whatever their case."""
    if column.dtype.kind == "O":
        values = column.tolist()
        read = [words.get(v.strip().lower(), v) if isinstance(v, str) else v for v in values]
        bad = [row for row, value in enumerate(read) if isinstance(value, str)]
        if bad:
            problems.append(
                f"column {name!r}: {rows_text(np.array(bad))} such as {values[bad[0]]!r}; "
                f"expected {some(words)}, or 1 and 0"
            )
            return np.zeros(len(column))
        column = objects(read)
    answers = read_correct(column, name, unanswered, problems).astype(np.float64)
    answers[answers < 0] = np.nan
    return answers


def events_of(keys: Sequence[Column]) -> Events:
    """Rows that agree on all keys are one event; events are in the order of their first rows."""
    event_of: dict[Any, int] = {}
    values = zip(*(key.tolist() for key in keys), strict=True)
    of_row = np.array([event_of.setdefault(value, len(event_of)) for value in values], np.intp)
    first = np.full(len(event_of), len(of_row))
    np.minimum.at(first, of_row, np.arange(len(of_row)))
    return Events(first, of_row)


def skills_in(
    column: Column, name: str, separator: str | None, problems: list[str], *, numbers: bool = False
) -> list[Skills]:
    """The skills of each row, none where there is a gap.

    With `numbers`, parts of texts that are all written as integers are integers.
    """
    values = as_labels(column).tolist()
    lists = [row for row, value in enumerate(values) if not isinstance(value, Hashable)]
    if lists:
        problems.append(
            f"column {name!r}: {type(values[lists[0]]).__name__} in {rows_text(np.array(lists))}; "
            "expected integers or strings"
        )
        return [()] * len(values)
    texts = {value for value in values if isinstance(value, str)}
    parts = {text: [text] if separator is None else text.split(separator) for text in texts}
    read: dict[Any, Skills] = {
        text: tuple(dict.fromkeys(part.strip() for part in found)) for text, found in parts.items()
    }
    every = {part for found in read.values() for part in found}
    if numbers and all(part.isdecimal() and str(int(part)) == part for part in every):
        read = {text: tuple(map(int, found)) for text, found in read.items()}
    for value in {value for value in values if not isinstance(value, str)}:
        read[value] = () if is_missing(value) else (value,)
    kinds = {value: set(map(label_kind, found)) for value, found in read.items()}
    by_kind: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        for kind in kinds[value]:
            by_kind.setdefault(kind, []).append(row)
    problems += kind_problems(by_kind, f"column {name!r}", lambda rows: rows_text(np.array(rows)))
    return [read[value] for value in values]


def _joined(events: Events, skills: Sequence[Skills]) -> tuple[list[Skills], Ints, Ints]:
    """The skills of each event; rows that add one to an earlier row's, and rows that do not."""
    of_event = [skills[row] for row in events.first]
    later: dict[bool, list[int]] = {True: [], False: []}
    is_first = np.zeros(len(events.of_row), bool)
    is_first[events.first] = True
    for row in np.flatnonzero(~is_first).tolist():
        event = events.of_row[row]
        both = tuple(dict.fromkeys((*of_event[event], *skills[row])))
        later[len(both) > len(of_event[event])].append(row)
        of_event[event] = both
    further, repeated = (np.array(later[adds], np.intp) for adds in (True, False))
    return of_event, further, repeated
