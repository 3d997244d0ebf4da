"""The response log: who answered what, when, and whether correctly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ResponseDataError, UnknownLabelError
from adaptlearn.numerics import Bools, Floats, Ints, Sequences
from adaptlearn.responses.account import Account
from adaptlearn.responses.columns import read_labels
from adaptlearn.responses.fields import checked_options, names_of_roles, own_names, read_fields
from adaptlearn.responses.files.files import Roles, read_file
from adaptlearn.responses.files.lines import OnRead, Source, name_of
from adaptlearn.responses.files.texts import Forms, integers
from adaptlearn.responses.frames import Column, Frame
from adaptlearn.responses.glance import log_card
from adaptlearn.responses.labelled import Labelled
from adaptlearn.responses.order import chronological_rows, entry_sequences
from adaptlearn.responses.repeats import Events, check_repeats, repeated_rows
from adaptlearn.responses.skills import SkillColumn
from adaptlearn.responses.spellings import Say, in_python


class ResponseLog:
    """An immutable log of responses, in the caller's row order.

    Build a log with `from_frame` or `from_file`. The log stores students, skills and items as codes
    with labels. Every array is read-only.

    Attributes
    ----------
    student : Labelled
        The student of each row, as codes of shape (n,) and sorted labels.
    skill : Labelled
        The skills, with one code per *entry*: a response has one entry for each of its skills. If
        every response has one skill, entries are rows.
    skill_rows : int32 array, shape (n_entries,), or None
        The row of each entry if a response may have several skills; otherwise None.
    correct : int8 array, shape (n,)
        1 for a right answer, 0 for a wrong answer, -1 for an exposure (a row without an answer).
    item : Labelled or None
    time : float64 array, shape (n,), or None
        The time of each row in seconds; datetimes become seconds since 1970, exact to the
        microsecond.
    clock : {"seconds", "naive", "aware"} or None
        The kind of the log's times: plain seconds, datetimes without a zone, or datetimes with a
        zone. A log never mixes kinds.
    id : Labelled or None
        The id of each event.
    extra : mapping of str to array, each of shape (n,)
        Further named columns.
    account : Account or None
        What a reader of `adaptlearn.datasets` did with the rows and columns of the file. `account`
        is None if no reader made the log, and in parts and copies of a log.

    Notes
    -----
    The responses of a student are ordered by ``time``, then ``id``, then row. So without times, the
    ids decide the order. If your ids are random, leave them out.

    The log has a length, a ``shape`` and row indexing, so you can pass it to scikit-learn's
    splitters and searches like an array. A part of a log keeps all labels of the whole log.

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
        time: Floats | None = None,
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
        self.account: Account | None = None
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
            Names of further columns. By default, the log uses columns named ``item``, ``time`` and
            ``id`` if they exist and have no other role. ``False`` leaves a column out. Times are
            seconds, dates or datetimes. A datetime without a zone is read as it is written, without
            a conversion.
        extra : sequence of str
            Further columns to keep, by name.
        skill_separator : str, optional
            The text between the skills of one response. It is not a regular expression. Spaces
            around a skill's name are removed.
        q_matrix : mapping of item to skills, or frame with columns ``item`` and ``skill``
            Gives each item's skills, in place of a skill column.
        unanswered : {"refuse", "exposure"}
            What a row without an answer means. ``"refuse"``: a mistake; an error lists these rows.
            ``"exposure"``: an exposure, which may teach the student but is never scored.

        Raises
        ------
        ResponseDataError
            The error lists every problem of every column: the column, how many rows, the first of
            these rows (counted from 0), and what was expected. Problems are a gap, an empty text, a
            mixture of integers and strings, and an id that occurs twice with a different student,
            skill, item, answer or time.
        ParameterError
            The error is raised if an argument is not valid for any frame.

        Warns
        -----
        DataWarning
            A warning appears if some rows repeat an event: if they have the same id as an earlier
            row or, without ids, the same student, skills, item, answer and time. The log keeps
            these rows; see `without_duplicates`.

        Examples
        --------
        >>> log = ResponseLog.from_frame(
        ...     {"student": [1, 1], "kc": ["add~~carry", "add"], "correct": [True, False]},
        ...     skill="kc", skill_separator="~~")
        >>> log.skill.values.tolist(), log.skill_rows.tolist()
        (['add', 'carry', 'add'], [0, 0, 1])
        """
        options = checked_options(
            "ResponseLog.from_frame",
            item=item,
            extra=extra,
            skill_separator=skill_separator,
            q_matrix=q_matrix,
            unanswered=unanswered,
        )
        required: dict[str, str | None] = {"student": student, "correct": correct}
        if q_matrix is None:
            required["skill"] = skill
        opened = Frame(frame)
        names = names_of_roles(opened.names, required, {"item": item, "time": time, "id": id})
        if q_matrix is not None:
            names.setdefault("item", "item")  # so that its absence is reported by name
        return cls._read(opened, names, **options)

    @classmethod
    def from_file(
        cls,
        source: Source,
        *,
        student: str = "student",
        skill: str | None = "skill",
        correct: str = "correct",
        item: str | Literal[False] | None = None,
        time: str | Literal[False] | None = None,
        id: str | Literal[False] | None = None,  # noqa: A002 - the column's standard name
        extra: Sequence[str] = (),
        text: Sequence[str] = (),
        skill_separator: str | None = None,
        q_matrix: Any = None,
        unanswered: Literal["refuse", "exposure"] = "refuse",
        separator: str | None = None,
        true_values: Sequence[str] = (),
        false_values: Sequence[str] = (),
        date_format: str | None = None,
        decimal: str = ".",
        on_read: OnRead | None = None,
    ) -> ResponseLog:
        r"""Read a log from a CSV or Parquet file; CSV needs no dataframe library.

        Parameters
        ----------
        source : path, or open file
            A CSV file in UTF-8 with a header, plain or compressed (gzip or zst); or the path of a
            Parquet file. The content decides what the file is, not its name.
        student, skill, correct, item, time, id, extra
            Names of columns, as in `from_frame`. Here a column may not have two roles.
        text : sequence of str
            Columns of a CSV file that stay text even if every value is a whole number. Use it, for
            example, for skills, if your model has text labels for skills.
        skill_separator, q_matrix, unanswered
            As in `from_frame`.
        separator : str, optional
            The character that separates the columns of a CSV file. By default, the separator is the
            character that occurs most often in the header: comma, semicolon or tab. If the first
            line is, for example, ``sep=;``, this line gives the separator.
        true_values, false_values : sequence of str
            Words for 1 and 0 in answers, in upper or lower case: ``["ja"]`` and ``["nein"]``.
        date_format : str, optional
            The format of times, as for `datetime.datetime.strptime`, for example
            ``"%d.%m.%Y %H:%M"``. By default times are seconds, or ISO 8601.
        decimal : {".", ","}
            The decimal mark of numbers.
        on_read : callable, optional
            Called as ``on_read(done, total)`` now and then while a CSV file is read: the bytes read
            so far, and the bytes of the file.

        Raises
        ------
        ResponseDataError
            The error lists every problem: columns that are missing or occur twice; lines with more
            or fewer fields than the header; then everything that `from_frame` refuses. Rows are
            counted from 0 below the header. If an option can make values readable, the error names
            the first of these values and the option. If the file is of another type (Excel, UTF-16,
            a web page, JSON), the error names the type.
        ParameterError
            The error is raised if an argument is not valid for any file.
        MissingDependency
            The error is raised if the package that reads the file is not installed. A Parquet file
            needs polars, pyarrow or duckdb. A zst file needs pyarrow or Python 3.14.
        OSError
            The error is raised if the file does not exist, or if you have no permission to read it.

        Warns
        -----
        DataWarning
            As in `from_frame`. The method also warns if a file with a Parquet name is not a Parquet
            file, or the reverse. It also warns if a further column has decimal commas.
        AdaptLearnWarning
            A warning appears if the file is larger than 100 MB, and no package is installed that
            reads the file faster.

        Notes
        -----
        A Parquet file has its own types. For a column of a CSV file, the rules are always the same,
        whichever packages are installed:

        - Students, skills, items and ids are integers if *every* value is written as a plain
          whole number of up to 64 bits. If a single value is ``007``, ``+7`` or ``7.0``, all values
          of the column stay text, as written. Only an empty field counts as missing: a student may
          be called ``NA``.
        - Columns of `extra` follow the same rule. They are floats if every value is a plain decimal
          number.
        - ``correct`` is 1 and 0, ``true`` and ``false``, or the words that you give. ``time`` is
          seconds, or date and time of ISO 8601. If you give `date_format`, times must have this
          format. In both columns, an empty field, ``NA``, ``NaN``, ``null`` and ``None`` count as
          missing.

        Examples
        --------
        >>> import io
        >>> answers = io.StringIO(  # or a path
        ...     "student,skill,correct,time\n"
        ...     "007,add,1,2024-05-17 08:30:00\n"
        ...     "12,add,0,2024-05-17 08:31:10\n")
        >>> log = ResponseLog.from_file(answers)
        >>> log.student.labels.tolist(), log.correct.tolist(), log.clock
        (['007', '12'], [1, 0], 'naive')
        """
        roles: Roles = {
            "student": student,
            "skill": (skill or "skill") if q_matrix is None else False,
            "correct": correct,
            "item": item if q_matrix is None else item or "item",
            "time": time,
            "id": id,
        }
        return read_log(
            source,
            roles,
            Forms(separator, true_values, false_values, date_format, decimal),
            extra=extra,
            text=text,
            skill_separator=skill_separator,
            q_matrix=q_matrix,
            unanswered=unanswered,
            on_read=on_read,
        )

    @classmethod
    def _read(cls, frame: Frame, names: Mapping[str, str], **options: Any) -> ResponseLog:
        """The log in named columns; repeats are warned of where the caller was called."""
        log = cls(**read_fields(frame, names, **options))
        check_repeats(log._events(), log.repeats(), names.get("id"))
        return log

    def __len__(self) -> int:
        return len(self.correct)

    @property
    def shape(self) -> tuple[int]:
        """``(n_responses,)``, the shape that scikit-learn expects of an array."""
        return (len(self),)

    @property
    def answered(self) -> Bools:
        """Whether each row holds an answer, shape (n,)."""
        return self.correct >= 0

    @property
    def n_students(self) -> int:
        """The number of student labels; for a part of a log, the number in the whole log."""
        return len(self.student.labels)

    @property
    def n_skills(self) -> int:
        """The number of skill labels; for a part of a log, the number in the whole log."""
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

    def _repr_html_(self) -> str:
        return log_card(self)

    # Without this, Python would try rows one by one, and take the refusal for the end.
    __iter__ = None

    def __getitem__(self, rows: Any) -> ResponseLog:
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] is Ellipsis:
            rows = rows[0]  # how newer scikit-learn indexes along the first axis
        # Of a huge log a few rows are taken many times: not all of its rows are numbered for it.
        numbered = isinstance(rows, np.ndarray) and rows.dtype == np.int64
        index = rows if numbered and rows.min(initial=0) >= 0 else np.arange(len(self))[rows]
        if index.ndim != 1:
            raise IndexError(
                "index a log with a slice, a mask or an array of rows, "
                "such as log[log.skill.values == 'add']"
            )

        def part(column: Labelled | None) -> Labelled | None:
            return None if column is None else Labelled(column.codes[index], column.labels)

        student = part(self.student)
        assert student is not None
        return ResponseLog(
            student=student,
            skill=SkillColumn(self.skill, self.skill_rows).take(index, len(self)),
            correct=self.correct[index],
            item=part(self.item),
            time=None if self.time is None else self.time[index],
            clock=self.clock,
            id=part(self.id),
            extra={name: column[index] for name, column in self.extra.items()},
        )

    @cached_property
    def chronological(self) -> Ints | None:
        """Rows sorted by time, id and row; None if each student's rows already have this order."""
        return chronological_rows(self.student, self.time, self.id)

    @cached_property
    def sequences(self) -> Sequences:
        """The entries per skill and student; with one skill per response, entries are rows.

        ``major`` is the code of the skill and ``minor`` the code of the student. Each sequence is
        in order of time.
        """
        skill = SkillColumn(self.skill, self.skill_rows)
        return entry_sequences(skill, self.student, self.chronological)

    def with_students(self, labels: NDArray[Any]) -> ResponseLog:
        """The same log with new names for its students: one name per label, in the same order."""
        # A copy: the log's labels are read-only, the caller's array stays as it is.
        student = Labelled(self.student.codes, np.array(labels))
        return ResponseLog(**{**self._fields(), "student": student})

    def with_integer_skills(self) -> ResponseLog:
        """The same log with integer skills, if all skills are written as integers.

        Examples
        --------
        >>> log = ResponseLog.from_frame(
        ...     {"student": ["ann"], "skill": ["1+2"], "correct": [1]}, skill_separator="+")
        >>> log.with_integer_skills().skill.labels.tolist()
        [1, 2]
        """
        numbers = (
            integers(self.skill.labels.tolist()) if self.skill.labels.dtype == object else None
        )
        if numbers is None:
            return self
        entries = read_labels(numbers[self.skill.codes], "skill", "skill", [])
        return ResponseLog(**{**self._fields(), "skill": SkillColumn(entries, self.skill_rows)})

    def repeats(self) -> Ints:
        """The rows that repeat an earlier event, as in the warning of `from_frame`."""
        return repeated_rows(self._events(), lambda: self.sequences)

    def without_duplicates(self) -> ResponseLog:
        """The log without the rows of `repeats`."""
        repeats = self.repeats()
        if not len(repeats):
            return self
        keep = np.ones(len(self), bool)
        keep[repeats] = False
        return self[keep]

    def codes_of(self, column: str, labels: Iterable[Any]) -> Ints:
        """The codes of some labels of ``"student"``, ``"skill"`` or ``"item"``."""
        known = {label: code for code, label in enumerate(getattr(self, column).labels.tolist())}
        wanted = list(labels)
        unknown = [
            f"{column} {label!r} is not in the log" for label in wanted if label not in known
        ]
        if unknown:
            raise UnknownLabelError("response log", unknown)
        return np.array([known[label] for label in wanted], np.int64)

    def _events(self) -> Events:
        item = None if self.item is None else self.item.codes
        skill = SkillColumn(self.skill, self.skill_rows)
        return Events(self.student.codes, skill, self.correct, item, self.time, self.id)

    def _fields(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "student": self.student,
            "skill": SkillColumn(self.skill, self.skill_rows),
            "correct": self.correct,
            "item": self.item,
            "time": self.time,
            "clock": self.clock,
            "id": self.id,
            "extra": dict(self.extra),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # Parallel searches send logs to their workers; there too they are read-only.
        return _restored, (self._fields(),)


def read_log(
    source: Source,
    roles: Roles,
    forms: Forms,
    *,
    say: Say = in_python,
    extra: Sequence[str] = (),
    text: Sequence[str] = (),
    skill_separator: str | None = None,
    q_matrix: Any = None,
    unanswered: str = "refuse",
    on_read: OnRead | None = None,
) -> ResponseLog:
    """What `ResponseLog.from_file` does, for any caller: `say` writes its options in messages."""
    options = checked_options(
        "ResponseLog.from_file",
        item=roles["item"],
        extra=extra,
        text=text,
        skill_separator=skill_separator,
        q_matrix=q_matrix,
        unanswered=unanswered,
        others=forms.problems(),
    )
    needed = ("student", "correct", *(("skill",) if q_matrix is None else ()))
    roles = {**roles, **own_names({role: roles[role] for role in needed})}
    if skill_separator is not None:
        text = [*text, str(roles["skill"])]
    frame, names = read_file(
        source, roles, extra=extra, text=text, forms=forms, say=say, on_read=on_read
    )
    try:
        return ResponseLog._read(Frame(frame), names, say=say, **options)  # noqa: SLF001 - its own
    except ResponseDataError as error:
        raise ResponseDataError(name_of(source), error.problems) from None


def _restored(fields: dict[str, Any]) -> ResponseLog:
    return ResponseLog(**fields)


def _frozen(column: Labelled) -> Labelled:
    column.codes.flags.writeable = False
    column.labels.flags.writeable = False
    return column


def as_log(log: Any) -> ResponseLog:
    """Read a frame with the standard column names as a log; a log is returned unchanged."""
    return log if isinstance(log, ResponseLog) else ResponseLog.from_frame(log)
