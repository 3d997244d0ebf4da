"""The response log: who answered what, when, and whether correctly."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import DataWarning, ResponseDataError, UnknownLabelError
from adaptlearn.numerics import Sequences, group_pairs
from adaptlearn.responses import columns as read
from adaptlearn.responses.columns import Labelled, rows_text
from adaptlearn.responses.frames import Column, column_names, columns_of
from adaptlearn.responses.skills import SkillColumn, read_skills, skills_from_q_matrix
from adaptlearn.validation import OneOf, check_parameters

Indices = NDArray[np.integer]


class ResponseLog:
    """An immutable log of responses, in the caller's row order.

    Build one with `from_frame`. Student, skill and item are held as codes with labels;
    every array is read-only.

    Attributes
    ----------
    student : Labelled
        Codes, shape (n,), and the sorted labels.
    skill : Labelled
        One code per *entry*. With one skill per response, entries are rows.
    skill_rows : int32 array, shape (n_entries,), or None
        The row of each entry where a response may have several skills; otherwise None.
    correct : int8 array, shape (n,)
        1 and 0; -1 marks an exposure, a row without an answer.
    item : Labelled or None
    time : float64 array, shape (n,), or None
        Seconds (since 1970 for datetimes; held to the microsecond).
    clock : {"seconds", "naive", "aware"} or None
        What the times were. Times of different clocks are never mixed.
    id : Labelled or None
        The identity of each event.
    extra : mapping of str to array, each of shape (n,)
        Further named columns.

    Notes
    -----
    Within a student, responses are ordered by ``time``, then ``id``, then row. An id alone
    therefore orders them too; leave it out if yours are random.

    The log has a length, a ``shape`` and row indexing, so scikit-learn's splitters and
    searches take it as they take an array. A part keeps all labels of the whole.

    Examples
    --------
    >>> log = ResponseLog.from_frame({
    ...     "student": ["ann", "ann", "bob"],
    ...     "skill": ["add", "add", "add"],
    ...     "correct": [0, 1, 1],
    ... })
    >>> log
    ResponseLog(3 responses, 2 students, 1 skill)
    >>> log.student.labels.tolist(), log.student.codes.tolist()
    (['ann', 'bob'], [0, 0, 1])
    """

    def __init__(
        self,
        *,
        student: Labelled,
        skill: SkillColumn,
        correct: NDArray[np.int8],
        item: Labelled | None = None,
        time: NDArray[np.float64] | None = None,
        clock: str | None = None,
        id: Labelled | None = None,  # noqa: A002 - the column's standard name
        extra: Mapping[str, Column] | None = None,
    ) -> None:
        self.student = _frozen(student)
        self.skill = _frozen(skill.entries)
        self.skill_rows = skill.rows
        self.correct = correct
        self.item = None if item is None else _frozen(item)
        self.time = time
        self.clock = clock
        self.id = None if id is None else _frozen(id)
        self.extra = MappingProxyType(dict(extra or {}))
        for array in (skill.rows, correct, time, *self.extra.values()):
            if array is not None:
                array.flags.writeable = False

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        student: str = "student",
        skill: str | None = "skill",
        correct: str = "correct",
        item: str | Literal[False] | None = None,
        time: str | Literal[False] | None = None,
        id: str | Literal[False] | None = None,  # noqa: A002 - the column's standard name
        extra: Sequence[str] = (),
        skill_separator: str | None = None,
        q_matrix: Any = None,
        unanswered: Literal["refuse", "exposure"] = "refuse",
    ) -> ResponseLog:
        """Read a log from a dataframe or a mapping of columns; the frame is not changed.

        Parameters
        ----------
        frame : pandas, Polars, PyArrow or DuckDB frame, or mapping of str to array
        student, skill, correct : str
            Names of the columns. Students and skills are integers or strings; a skill may
            also be a list of skills. ``correct`` holds 0 and 1, or booleans.
        item, time, id : str or False, optional
            Names of further columns. By default the columns of these very names are taken
            where they exist; ``False`` leaves one out. Times are seconds or datetimes.
        extra : sequence of str
            Further columns to keep, by name.
        skill_separator : str, optional
            Text between the skills of one response, taken literally.
        q_matrix : mapping of item to skills, or frame with columns ``item`` and ``skill``
            Gives each item's skills, in place of a skill column.
        unanswered : {"refuse", "exposure"}
            What a row without ``correct`` is: a mistake, or an exposure that may teach but is
            never scored.

        Raises
        ------
        ResponseDataError
            Lists every problem of every column: the column, how many rows, the first of
            them (counted from 0), what was expected.

        Warns
        -----
        DataWarning
            Rows that repeat an event: the same id, or the same student, skill, item, answer
            and time.

        Examples
        --------
        >>> log = ResponseLog.from_frame(
        ...     {"student": [1, 1], "kc": ["add~~carry", "add"], "correct": [True, False]},
        ...     skill="kc", skill_separator="~~")
        >>> log.skill.values.tolist(), log.skill_rows.tolist()
        (['add', 'carry', 'add'], [0, 0, 1])
        """
        check_parameters(
            "ResponseLog.from_frame",
            {"unanswered": unanswered},
            {"unanswered": [OneOf(("refuse", "exposure"))]},
        )
        names = {"student": student, "correct": correct}
        if q_matrix is None:
            names["skill"] = skill or "skill"
        names |= _optional_names(frame, {"item": item, "time": time, "id": id})
        if q_matrix is not None:
            names.setdefault("item", "item")  # so that its absence is reported by name
        problems: list[str] = []
        raw = columns_of(frame, [*names.values(), *extra], "response log")
        if not len(raw[student]):
            raise ResponseDataError("response log", ["it has no rows; expected responses"])

        students = read.read_labels(raw[student], "student", student, problems)
        answers = read.read_correct(raw[correct], correct, unanswered, problems)
        items = ids = seconds = clock = None
        if "item" in names:
            items = read.read_labels(raw[names["item"]], "item", names["item"], problems)
        if "id" in names:
            ids = read.read_labels(raw[names["id"]], "id", names["id"], problems)
        if "time" in names:
            seconds, clock = read.read_time(raw[names["time"]], names["time"], problems)
        if q_matrix is not None:
            assert items is not None
            skills = skills_from_q_matrix(items, q_matrix, problems)
        else:
            skills = read_skills(raw[names["skill"]], names["skill"], skill_separator, problems)
        if problems:
            raise ResponseDataError("response log", problems)
        log = cls(
            student=students,
            skill=skills,
            correct=answers,
            item=items,
            time=seconds,
            clock=clock,
            id=ids,
            extra={name: raw[name].copy() for name in extra},
        )
        log._look_for_repeats()
        return log

    def __len__(self) -> int:
        return len(self.correct)

    @property
    def shape(self) -> tuple[int]:
        """``(n_responses,)``: what scikit-learn asks of an array."""
        return (len(self),)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Shape (n,): whether the row holds an answer."""
        return self.correct >= 0

    @property
    def n_students(self) -> int:
        """Student labels, those of a whole log in its parts too."""
        return len(self.student.labels)

    @property
    def n_skills(self) -> int:
        """Skill labels, those of a whole log in its parts too."""
        return len(self.skill.labels)

    def __repr__(self) -> str:
        def count(n: int, noun: str) -> str:
            return f"{n:,} {noun}" + ("" if n == 1 else "s")

        parts = [
            count(len(self), "response"),
            count(self.n_students, "student"),
            count(self.n_skills, "skill"),
        ]
        if self.item is not None:
            parts.append(count(len(self.item.labels), "item"))
        exposures = len(self) - int(self.answered.sum())
        if exposures:
            parts.append(count(exposures, "exposure"))
        return f"ResponseLog({', '.join(parts)})"

    def __getitem__(self, rows: Any) -> ResponseLog:
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] is Ellipsis:
            rows = rows[0]  # how newer scikit-learn indexes along the first axis
        index = np.arange(len(self))[rows]
        if index.ndim != 1:
            raise IndexError("index a log with a slice, a mask or an array of rows")

        def part(column: Labelled | None) -> Labelled | None:
            return None if column is None else Labelled(column.codes[index], column.labels)

        if self.skill_rows is None:
            skill = SkillColumn(Labelled(self.skill.codes[index], self.skill.labels), None)
        else:
            skill = SkillColumn(self.skill, self.skill_rows).take(index, len(self))
        student = part(self.student)
        assert student is not None
        return ResponseLog(
            student=student,
            skill=skill,
            correct=self.correct[index],
            item=part(self.item),
            time=None if self.time is None else self.time[index],
            clock=self.clock,
            id=part(self.id),
            extra={name: column[index] for name, column in self.extra.items()},
        )

    @cached_property
    def chronological(self) -> Indices | None:
        """Rows by time, then id, then row; None where every student's rows stand so already."""
        n = len(self)
        time, ids = self.time, None if self.id is None else self.id.codes
        if time is None:
            return None if ids is None else np.argsort(ids, kind="stable")
        later = time[1:] > time[:-1] if ids is not None else time[1:] >= time[:-1]
        if later.all():
            return None
        change = self.student.codes[1:] != self.student.codes[:-1]
        blocks = int(np.count_nonzero(change)) + 1
        if bool((later | change).all()) and blocks == len(np.unique(self.student.codes)):
            return None  # one block of rows per student, each in order
        if ids is None:
            return np.argsort(time, kind="stable")
        return np.lexsort((np.arange(n), ids, time))

    @cached_property
    def sequences(self) -> Sequences:
        """The entries (rows, unless a response has several skills) per skill and student.

        ``major`` is the skill's code, ``minor`` the student's; each sequence is in order of
        time.
        """
        order = self.chronological
        if self.skill_rows is None:
            student = self.student.codes
        else:
            student = self.student.codes[self.skill_rows]
            if order is not None:
                place = np.empty(len(self), np.int64)
                place[order] = np.arange(len(self))
                order = np.argsort(place[self.skill_rows], kind="stable")
        return group_pairs(self.skill.codes, self.n_skills, student, self.n_students, order)

    def with_students(self, labels: NDArray[Any]) -> ResponseLog:
        """The same log with other names for its students, one per label, in the same order."""
        return ResponseLog(
            student=Labelled(self.student.codes, np.asarray(labels)),
            skill=SkillColumn(self.skill, self.skill_rows),
            correct=self.correct,
            item=self.item,
            time=self.time,
            clock=self.clock,
            id=self.id,
            extra=self.extra,
        )

    def without_duplicates(self) -> ResponseLog:
        """The log without rows that repeat an earlier event: see the warning of `from_frame`."""
        repeats = self._repeats()
        if not len(repeats):
            return self
        keep = np.ones(len(self), bool)
        keep[repeats] = False
        return self[keep]

    def codes_of(self, column: str, labels: Iterable[Any]) -> Indices:
        """The codes of labels of ``"student"``, ``"skill"`` or ``"item"``."""
        known = {label: code for code, label in enumerate(getattr(self, column).labels.tolist())}
        wanted = list(labels)
        unknown = [
            f"{column} {label!r} is not in the log" for label in wanted if label not in known
        ]
        if unknown:
            raise UnknownLabelError("response log", unknown)
        return np.array([known[label] for label in wanted], np.int64)

    def _repeats(self) -> Indices:
        """Rows that repeat an earlier one."""
        if self.id is not None:
            _, first = np.unique(self.id.codes, return_index=True)
            if len(first) == len(self):
                return np.zeros(0, np.int64)
            earliest = first[np.searchsorted(self.id.codes[first], self.id.codes)]
            return np.flatnonzero(earliest != np.arange(len(self)))
        # Without times, the same answer twice is practice; strictly rising times repeat nothing.
        if self.time is None or bool((self.time[1:] > self.time[:-1]).all()):
            return np.zeros(0, np.int64)
        rows = self.sequences.order
        if self.skill_rows is not None:
            rows = self.skill_rows[rows]
        keys = (
            [self.correct[rows]]
            if self.item is None
            else [self.item.codes[rows], self.correct[rows]]
        )
        chain = np.repeat(np.arange(len(self.sequences.starts)), self.sequences.lengths)
        time = self.time[rows]
        if not ((time[1:] == time[:-1]) & (chain[1:] == chain[:-1])).any():
            return np.zeros(0, np.int64)
        order = np.lexsort((rows, *keys, time, chain))
        same = np.ones(len(rows) - 1, bool)
        for key in (*keys, time, chain):
            same &= key[order[1:]] == key[order[:-1]]
        return np.unique(rows[order[1:]][same])

    def _look_for_repeats(self) -> None:
        repeats = self._repeats()
        if not len(repeats):
            return
        if self.id is not None:
            _, first = np.unique(self.id.codes, return_index=True)
            original = first[np.searchsorted(self.id.codes[first], self.id.codes[repeats])]
            differ = self.student.codes[repeats] != self.student.codes[original]
            differ |= self.correct[repeats] != self.correct[original]
            if differ.any():
                rows = rows_text(repeats[differ])
                raise ResponseDataError(
                    "response log",
                    [f"column 'id': {rows} repeat an id with another student or answer"],
                )
        what = "an id" if self.id is not None else "a student, skill, item, answer and time"
        warnings.warn(
            f"{rows_text(repeats)} repeat {what} seen before and are kept; "
            "drop them with log.without_duplicates() if they are one event",
            DataWarning,
            stacklevel=3,
        )


def _optional_names(
    frame: Any, wanted: Mapping[str, str | Literal[False] | None]
) -> dict[str, str]:
    """The columns of optional roles: those named, and those that have the role's name."""
    available = set(column_names(frame))
    names = {role: name or role for role, name in wanted.items() if name is not False}
    return {
        role: name for role, name in names.items() if wanted[role] is not None or role in available
    }


def _frozen(column: Labelled) -> Labelled:
    column.codes.flags.writeable = False
    column.labels.flags.writeable = False
    return column


def as_log(log: Any) -> ResponseLog:
    """A log as it is; a frame with the standard column names, read."""
    return log if isinstance(log, ResponseLog) else ResponseLog.from_frame(log)
