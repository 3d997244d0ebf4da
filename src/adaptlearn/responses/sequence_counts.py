"""Distinct answer sequences and how many students have each: all that BKT needs of a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.numerics import Ints, Sequences, distinct, stable_group
from adaptlearn.responses.columns import read_labels, rows_text
from adaptlearn.responses.engine_counts import count_in_engine
from adaptlearn.responses.frames import Frame
from adaptlearn.responses.labelled import Labelled, objects
from adaptlearn.responses.log import ResponseLog
from adaptlearn.validation import some

_PACKED = 62  # answers in one int64, its sign left alone


@dataclass(frozen=True, eq=False, repr=False)
class SequenceCounts:
    """All distinct sequences of answers on a skill, each with the number of its students.

    Make counts with `count_sequences` in a dataframe engine, with `from_log` or with `from_table`.
    Counts are immutable and always in the same order: by skill, then length, then answers. So equal
    counts compare as equal, however you made them. Every array is read-only.

    ``a + b`` merges two counts, and ``sum(parts)`` merges many counts, in any order. The sum is
    exact if all answers of a student on a skill are in the same part, for example if each part
    contains whole schools. Do not merge parts for different *times*: two days of one student would
    count as two students. Count these days together.

    Attributes
    ----------
    skills : array, shape (n_skills,)
        The labels of the skills, sorted: integers, or objects that are all ``str``.
    skill : int32 array, shape (n,)
        For each sequence, the position of its skill in `skills`, in ascending order.
    lengths : int64 array, shape (n,)
        The number of answers in each sequence, at least 1.
    answers : int8 array, shape (lengths.sum(),)
        The answers (0 and 1) of all sequences, one sequence after the other, each sequence in order
        of time.
    counts : int64 array, shape (n,)
        The number of students who have each sequence, at least 1.

    Examples
    --------
    >>> log = ResponseLog.from_frame({
    ...     "student": ["ann", "bob", "ann", "bob", "cyd"],
    ...     "skill": ["add", "add", "add", "add", "add"],
    ...     "correct": [0, 0, 1, 1, 1],
    ... })
    >>> counts = SequenceCounts.from_log(log)
    >>> counts
    SequenceCounts(2 distinct sequences of 3, 5 responses, 1 skill)
    >>> counts.table()["answers"].tolist(), counts.table()["count"].tolist()
    (['1', '01'], [1, 2])
    >>> (counts + counts).counts.tolist()
    [2, 4]
    """

    skills: NDArray[Any]
    skill: NDArray[np.int32]
    lengths: NDArray[np.int64]
    answers: NDArray[np.int8]
    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        for field in fields(self):
            getattr(self, field.name).flags.writeable = False

    @classmethod
    def from_log(cls, log: ResponseLog) -> SequenceCounts:
        """Count the sequences of a log.

        A response with several skills counts as an answer on each of these skills.

        Raises
        ------
        ResponseDataError
            The error is raised if the log contains exposures, because a sequence contains only
            answers. ``log[log.answered]`` leaves the exposures out.
        """
        unanswered = np.flatnonzero(~log.answered)
        if len(unanswered):
            problem = (
                f"{rows_text(unanswered)} without an answer; counts hold answers only: "
                "leave exposures out with log[log.answered]"
            )
            raise ResponseDataError("sequence counts", [problem])
        chains = log.sequences
        rows = chains.order if log.skill_rows is None else log.skill_rows[chains.order]
        lengths = chains.lengths.astype(np.int64)
        skill = Labelled(chains.major.astype(np.int32), log.skill.labels)
        return _canonical(skill, lengths, log.correct[rows], np.ones(len(lengths), np.int64))

    @classmethod
    def from_table(cls, frame: Any) -> SequenceCounts:
        """Rebuild counts from the result of `table`, as any frame or mapping of columns.

        Parameters
        ----------
        frame : pandas, Polars, PyArrow or DuckDB frame, or a mapping of arrays
            Columns ``skill`` (integers or strings), ``answers`` (text of 0 and 1, the first
            answer first) and ``count`` (whole numbers, at least 1). Equal sequences add up.

        Raises
        ------
        ResponseDataError
            The error lists every problem in every column.
        """
        problems: list[str] = []
        columns: Any = Frame(frame).read(["skill", "answers", "count"], problems)
        readers: Any = {"skill": _read_skill, "answers": _read_answers, "count": _read_counts}
        read: Any = {name: readers[name](columns[name], problems) for name in columns}
        if problems:
            raise ResponseDataError("sequence counts", problems)
        lengths, answers = read["answers"]
        return _canonical(read["skill"], lengths, answers, read["count"])

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The position in `answers` at which each sequence begins, shape (n,)."""
        return np.cumsum(self.lengths) - self.lengths

    @property
    def n_responses(self) -> int:
        """The number of answers counted."""
        return int((self.lengths * self.counts).sum())

    def sequences(self) -> Sequences:
        """The sequences as slices of `answers`; ``counts[i]`` students have sequence ``i``."""
        order = np.arange(len(self.answers))
        major, minor = self.skill.astype(np.int64), np.arange(len(self))
        return Sequences(order, self.starts, self.lengths, major, minor)

    def table(self) -> dict[str, NDArray[Any]]:
        """Columns ``skill``, ``answers`` (text such as ``"011"``) and ``count``, for any dataframe.

        If you write the table to a CSV file, most readers read ``011`` as a number. When you read
        the CSV file, declare the column ``answers`` as text.
        """
        text = (self.answers + ord("0")).astype(np.uint8).tobytes().decode("ascii")
        bounds = zip(self.starts.tolist(), (self.starts + self.lengths).tolist(), strict=True)
        answers = objects([text[start:end] for start, end in bounds])
        return {"skill": self.skills[self.skill], "answers": answers, "count": self.counts.copy()}

    def __len__(self) -> int:
        return len(self.counts)

    def __repr__(self) -> str:
        total, skills = int(self.counts.sum()), len(self.skills)
        return (
            f"SequenceCounts({len(self):,} distinct sequences of {total:,}, "
            f"{self.n_responses:,} responses, {skills:,} skill{'s' * (skills != 1)})"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SequenceCounts):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]  # as arrays have none

    def __add__(self, other: SequenceCounts) -> SequenceCounts:
        if not isinstance(other, SequenceCounts):
            return NotImplemented
        parts = (self, other)
        known = set(self.skills.tolist()) | set(other.skills.tolist())
        if len(set(map(type, known))) > 1:
            problem = "skills are integers in one part and strings in the other"
            raise ResponseDataError("sequence counts", [problem])
        skills = read_labels(objects(sorted(known)), "skill", "skill", []).labels
        code_of = {label: code for code, label in enumerate(skills.tolist())}
        codes = [
            np.array([code_of[label] for label in part.skills.tolist()], np.int32)[part.skill]
            for part in parts
        ]
        return _canonical(
            Labelled(np.concatenate(codes), skills),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate([part.answers for part in parts]),
            np.concatenate([part.counts for part in parts]),
        )

    def __radd__(self, other: object) -> SequenceCounts:
        # sum() begins with the number 0.
        return self if isinstance(other, int) and other == 0 else NotImplemented


def count_sequences(
    frame: Any,
    *,
    student: str = "student",
    skill: str = "skill",
    correct: str = "correct",
    order: str | Sequence[str] = (),
) -> SequenceCounts:
    """Count the distinct answer sequences of a log in its data engine; only counts reach Python.

    DuckDB, Polars or Spark does the counting; no student's name leaves the engine. If the engine
    can process data larger than memory, the log may be larger than memory. The engine evaluates the
    frame twice: once to check the frame, and once to count. If the frame is a query that takes
    long, store the result of the query first.

    Parameters
    ----------
    frame : DuckDB relation, Polars DataFrame or LazyFrame, pandas or PySpark DataFrame
    student, skill, correct : str
        Names of the columns. Students and skills are integers or strings, one per row; ``correct``
        contains 0 and 1, or booleans.
    order : str or sequence of str
        The columns that give the order of a student's answers on a skill: numbers, times or
        strings, in the engine's own sort order. The columns in `order` are required, because rows
        have no fixed order in an engine. If `order` does not decide which of two answers of a
        student on a skill came first, `count_sequences` raises an error.

    Raises
    ------
    ResponseDataError
        The error lists every problem that the engine found in every column: columns that are
        missing or have a wrong type, missing values, answers other than 0 and 1, answers without a
        clear order.
    ParameterError
        The error is raised if `order` is missing.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.LazyFrame({
    ...     "student": ["ann", "bob", "ann", "bob", "cyd"],
    ...     "skill": ["add", "add", "add", "add", "add"],
    ...     "correct": [1, 1, 0, 0, 1],
    ...     "time": [4, 3, 2, 1, 5],
    ... })
    >>> counts = count_sequences(frame, order="time")
    >>> counts.table()["answers"].tolist(), counts.table()["count"].tolist()
    (['1', '01'], [1, 2])
    """
    keys = [order] if isinstance(order, str) else list(order)
    if not keys:
        problem = (
            "order must name the columns that order a student's answers on a skill, such as "
            "order='time' or order=('time', 'id'): the rows of an engine have no order"
        )
        raise ParameterError("count_sequences", [problem])
    found = count_in_engine(frame, {"student": student, "skill": skill, "correct": correct}, keys)
    problems: list[str] = []
    labels = read_labels(found.skill, "skill", skill, problems)
    if problems:
        raise ResponseDataError("response log", problems)
    return _canonical(labels, found.lengths, found.answers, found.counts)


def _canonical(
    skill: Labelled,
    lengths: NDArray[np.int64],
    answers: NDArray[np.int8],
    counts: NDArray[np.int64],
) -> SequenceCounts:
    """Add up equal sequences, order them, and leave out skills that have none."""
    ids = _identify(skill.codes, lengths, answers)
    n_ids = int(ids.max(initial=-1)) + 1
    first = np.zeros(n_ids, np.int64)
    first[ids] = np.arange(len(ids))
    totals = np.zeros(n_ids, np.int64)
    np.add.at(totals, ids, counts)
    used = np.bincount(skill.codes, minlength=len(skill.labels)) > 0
    codes = (np.cumsum(used) - 1).astype(np.int32)[skill.codes[first]]
    by_skill, _ = stable_group(codes, max(1, int(used.sum())))
    first, codes, totals = first[by_skill], codes[by_skill], totals[by_skill]
    kept = lengths[first]
    starts = (np.cumsum(lengths) - lengths)[first]
    places = np.arange(kept.sum()) + np.repeat(starts - (np.cumsum(kept) - kept), kept)
    return SequenceCounts(skill.labels[used], codes, kept, answers[places], totals)


def _identify(
    skill: Ints, lengths: NDArray[np.int64], answers: NDArray[np.int8]
) -> NDArray[np.int64]:
    """A number per sequence, equal for equal ones, in order of length, skill and answers.

    Sequences are told apart a chunk of answers at a time, and only those that have the chunk.
    """
    place = np.arange(len(answers)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    within = place % _PACKED
    bits = answers.astype(np.int64) << (_PACKED - 1 - within)  # the first answer weighs most
    codes = np.add.reduceat(bits, np.flatnonzero(within == 0)) if len(bits) else bits
    n_chunks = -(-lengths // _PACKED)
    first_chunk = np.cumsum(n_chunks) - n_chunks
    n_skills = int(skill.max(initial=0)) + 1
    _, ids = distinct(lengths * n_skills + skill)
    for chunk in range(int(n_chunks.max(initial=0))):
        reach = np.flatnonzero(n_chunks > chunk)
        # Longer sequences have the higher numbers, so these are the last.
        lowest = ids[reach].min()
        values, code = distinct(codes[first_chunk[reach] + chunk])
        _, finer = distinct((ids[reach] - lowest) * len(values) + code)
        ids[reach] = lowest + finer
    return ids


def _read_skill(column: NDArray[Any], problems: list[str]) -> Labelled:
    return read_labels(column, "skill", "skill", problems)


def _read_answers(
    column: NDArray[Any], problems: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Lengths and the answers of all sequences, out of texts of 0 and 1."""
    values = column.tolist()
    bad = [
        row
        for row, value in enumerate(values)
        if not (isinstance(value, str) and value and not value.strip("01"))
    ]
    if bad:
        examples = some([values[row] for row in bad[:3]])
        problems.append(
            f"column 'answers': {rows_text(np.array(bad))} not a text of 0 and 1, as {examples}; "
            "read the column as text, so that leading zeros stay"
        )
        values = []
    lengths = np.array([len(value) for value in values], np.int64)
    text = np.frombuffer("".join(values).encode("ascii"), np.uint8)
    return lengths, (text - ord("0")).astype(np.int8)


def _read_counts(column: NDArray[Any], problems: list[str]) -> NDArray[np.int64]:
    if column.dtype.kind not in "iu":
        problems.append(f"column 'count': holds {column.dtype} values; expected whole numbers")
        return np.zeros(0, np.int64)
    low = np.flatnonzero(column < 1)
    if len(low):
        problems.append(f"column 'count': {rows_text(low)} below 1, as {some(column[low[:3]])}")
    return column.astype(np.int64)
