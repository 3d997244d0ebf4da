"""What several checks count of a log, each counted once."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Ints, Sequences, group_pairs
from adaptlearn.responses import ResponseLog


class SkillCounts(NamedTuple):
    """Per skill label, integer arrays of shape (n_skills,)."""

    entries: Ints
    wrong: Ints
    right: Ints
    students: Ints
    longest: Ints  # the most answers of one student

    @property
    def answers(self) -> Ints:
        """Answers, right or wrong."""
        return self.wrong + self.right


class Expanded(NamedTuple):
    """Rows that repeat the one before but for the skill, and all that differ in the skill."""

    rows: Ints
    neighbours: int  # those that differ in the answer too included


class Facts:
    """A log and what is counted of it on demand; the log is only read.

    Parameters
    ----------
    log : ResponseLog
    """

    def __init__(self, log: ResponseLog) -> None:
        self.log = log

    @cached_property
    def entry_rows(self) -> Ints:
        """The row of each skill entry."""
        return np.arange(len(self.log)) if self.log.skill_rows is None else self.log.skill_rows

    @cached_property
    def entry_answers(self) -> NDArray[np.int8]:
        """The answer of each skill entry; -1 for an exposure."""
        return self.log.correct[self.entry_rows]

    @cached_property
    def skills(self) -> SkillCounts:
        """Counts per skill label; those of a part of a log may be 0."""
        n, codes, answers = self.log.n_skills, self.log.skill.codes, self.entry_answers
        chains = self.log.sequences
        answered = np.add.reduceat((answers >= 0)[chains.order].astype(np.int64), chains.starts)
        longest = np.zeros(n, np.int64)
        np.maximum.at(longest, chains.major, answered)
        return SkillCounts(
            entries=np.bincount(codes, minlength=n),
            wrong=np.bincount(codes[answers == 0], minlength=n),
            right=np.bincount(codes[answers == 1], minlength=n),
            students=np.bincount(chains.major, minlength=n),
            longest=longest,
        )

    @cached_property
    def skill_sets(self) -> Ints:
        """A number per row, shape (n,): rows with the same skills have the same one."""
        if self.log.skill_rows is None:
            return self.log.skill.codes
        # A sum of random 64-bit numbers, one per skill: two sets with equal sums are one set.
        rng = np.random.default_rng(0)
        signs = rng.integers(0, 2**63, self.log.n_skills, np.int64).astype(np.uint64)
        sums = np.zeros(len(self.log), np.uint64)
        np.add.at(sums, self.log.skill_rows, signs[self.log.skill.codes])
        return np.unique(sums, return_inverse=True)[1]

    @cached_property
    def extras(self) -> tuple[tuple[str, Ints, int], ...]:
        """Name, codes and number of values of each further column."""
        return tuple((name, *codes_of(column)) for name, column in self.log.extra.items())

    @cached_property
    def expanded(self) -> Expanded | None:
        """Rows that look like one response, expanded to a row per skill; None if there are none."""
        log = self.log
        columns: list[NDArray[Any]] = [] if log.item is None else [log.item.codes]
        if log.time is None:
            before, after = steps_within(self.by_student)
        else:
            columns.append(log.time)
            order = np.lexsort((*columns, log.student.codes))
            before, after = order[:-1], order[1:]
        if not columns:
            return None
        one = log.student.codes[before] == log.student.codes[after]
        one &= log.answered[before] & log.answered[after]
        for column in columns:
            one &= column[before] == column[after]
        one &= self.skill_sets[before] != self.skill_sets[after]
        agree = one & (log.correct[before] == log.correct[after])
        if not _agree_as_one(log.correct[after[one]], int(agree.sum()), len(columns) == 2):
            return None
        return Expanded(np.sort(after[agree]), int(one.sum()))

    @cached_property
    def by_student(self) -> Sequences:
        """Each student's rows in the log's order; `major` is the student's code."""
        return self._rows_per_student(self.log.chronological)

    @cached_property
    def by_student_in_rows(self) -> Sequences:
        """Each student's rows as they stand in the frame."""
        return self._rows_per_student(None)

    def _rows_per_student(self, order: Ints | None) -> Sequences:
        student = self.log.student.codes
        return group_pairs(student, self.log.n_students, np.zeros_like(student), 1, order)

    @cached_property
    def students(self) -> tuple[Ints, Ints]:
        """Wrong and right answers per student label, two arrays of shape (n_students,)."""
        codes, correct, n = self.log.student.codes, self.log.correct, self.log.n_students
        return (
            np.bincount(codes[correct == 0], minlength=n),
            np.bincount(codes[correct == 1], minlength=n),
        )


def _agree_as_one(answers: NDArray[np.int8], agree: int, certain: bool) -> bool:
    """Whether neighbours agree as parts of one response do, not as easy questions do."""
    if not agree:
        return False
    right = float(answers.mean())
    by_chance = 2 * right * (1 - right)  # disagreeing
    disagree = 1 - agree / len(answers)
    # Without both item and time, it takes some that would have disagreed by chance.
    enough = certain or (agree >= 5 and by_chance > 0)
    return enough and disagree <= min(0.05, 0.2 * by_chance)


def steps_within(sequences: Sequences) -> tuple[Ints, Ints]:
    """Rows that follow each other within a chain: the earlier, and the later.

    Returns
    -------
    before, after : integer arrays, shape (n_rows - n_chains,)
    """
    inside = np.ones(len(sequences.order), bool)
    inside[sequences.starts] = False
    places = np.flatnonzero(inside)
    return sequences.order[places - 1], sequences.order[places]


def codes_of(column: NDArray[Any]) -> tuple[Ints, int]:
    """Any column as numbers from 0, and how many there are; a missing value is one too."""
    if column.dtype.kind != "O":
        values, codes = np.unique(column, return_inverse=True)
        return codes, len(values)
    code_of: dict[Any, int] = {}
    codes = np.empty(len(column), np.int64)
    for row, value in enumerate(column.tolist()):
        # NaN differs from itself, and lists have no hash: both are told by how they print.
        key = value if isinstance(value, str) else (type(value).__name__, repr(value))
        codes[row] = code_of.setdefault(key, len(code_of))
    return codes, len(code_of)


def pairs(major: Ints, n_major: int, minor: Ints, n_minor: int) -> tuple[Ints, Ints]:
    """The distinct pairs of two columns of codes."""
    chains = group_pairs(major, n_major, minor, n_minor)
    return chains.major, chains.minor
