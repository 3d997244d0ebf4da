"""A log's entries: one for each skill of each response, gathered into sequences.

A sequence is what one student answered on one skill. Fits and forward passes go along these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats, Ints, Sequences
from adaptlearn.responses import ResponseLog, SequenceCounts

WRONG, RIGHT, EXPOSURE = 0, 1, 2
"""What an answer is: wrong, right, or a lesson without one."""


class Entries(NamedTuple):
    """What a fit reads of a log, or of counts of sequences: once, whichever way it then goes.

    Attributes
    ----------
    skills : array, shape (n_skills,)
        Labels of the skills that occur, sorted.
    sequences : Sequences
    groups : int array, shape (n_sequences,)
        The skill of each sequence, by its place in `skills`.
    answers : int8 array, shape (n_entries,)
        `WRONG`, `RIGHT` or `EXPOSURE`.
    counts : int array, shape (n_sequences,), or None
        How many students have each sequence; None: each is one student's.
    log : ResponseLog, or None
        What they were read from; None where only sequences are known.
    """

    skills: NDArray[Any]
    sequences: Sequences
    groups: NDArray[np.int64]
    answers: NDArray[np.int8]
    counts: Ints | None = None
    log: ResponseLog | None = None

    @classmethod
    def of_log(cls, log: ResponseLog) -> Entries:
        """The entries of a log, which has rows."""
        present, groups = _dense(log.sequences.major)
        skills = log.skill.labels[present]
        return cls(skills, log.sequences, groups, entry_answers(log), log=log)

    @classmethod
    def of_counts(cls, counts: SequenceCounts) -> Entries:
        """The entries of counts, which are not empty."""
        sequences = counts.sequences()
        present, groups = _dense(sequences.major)
        return cls(counts.skills[present], sequences, groups, counts.answers, counts.counts)

    @property
    def skill(self) -> NDArray[np.int64]:
        """The skill of each entry, by its place in `skills`, shape (n_entries,)."""
        return of_sequences(self.sequences, self.groups)


def row_answers(log: ResponseLog) -> NDArray[np.int8]:
    """What the answer of each row of a log is."""
    return np.where(log.correct < 0, np.int8(EXPOSURE), log.correct)


def entry_answers(log: ResponseLog) -> NDArray[np.int8]:
    """What the answer of each entry of a log is."""
    answers: NDArray[np.int8] = of_rows(log, row_answers(log))
    return answers


def of_rows(log: ResponseLog, values: Any) -> Any:
    """Values by row, as those of the entries."""
    return values if log.skill_rows is None else values[log.skill_rows]


def likelihood_by_skill(log: ResponseLog, p_correct: Floats, skill: Ints, n_skills: int) -> Floats:
    """The log-likelihood of a log's answers by skill; a response's is parted among its skills.

    Parameters
    ----------
    log : ResponseLog
    p_correct : float array, shape (n_rows,)
    skill : int array, shape (n_entries,)
    n_skills : int
    """
    chance = np.log(np.where(log.correct == 1, p_correct, 1 - p_correct))
    share = np.where(log.correct >= 0, chance, 0.0)
    if log.skill_rows is not None:
        share = (share / np.bincount(log.skill_rows, minlength=len(log)))[log.skill_rows]
    return np.asarray(np.bincount(skill, share, n_skills), np.float64)


def of_sequences(sequences: Sequences, values: Ints) -> NDArray[np.int64]:
    """Values by sequence, as those of the entries in their given order."""
    entries = np.empty(len(sequences.order), np.int64)
    entries[sequences.order] = np.repeat(values, sequences.lengths)
    return entries


def first_entries(sequences: Sequences) -> Ints:
    """The entry that each sequence begins with, shape (n_sequences,)."""
    return sequences.order[sequences.starts]


def last_entries(sequences: Sequences) -> Ints:
    """The entry that each sequence ends with, shape (n_sequences,)."""
    ends: Ints = sequences.starts + sequences.lengths - 1
    return sequences.order[ends]


def previous_entries(sequences: Sequences) -> NDArray[np.int64]:
    """The entry before each in its sequence, shape (n_entries,); -1 for a first one."""
    previous = np.empty(len(sequences.order), np.int64)
    previous[sequences.order[1:]] = sequences.order[:-1]
    previous[first_entries(sequences)] = -1
    return previous


def skill_codes(log: ResponseLog, skills: list[Any]) -> tuple[Ints, list[Any]]:
    """The skill of each of a log's sequences as its place in `skills`.

    Returns
    -------
    codes : int array, shape (n_sequences,)
    skills : list
        With the log's other skills at its end.
    """
    labels, major = log.skill.labels, log.sequences.major
    used = np.flatnonzero(np.bincount(major, minlength=len(labels)))
    codes = np.zeros(len(labels), np.int64)
    codes[used], longer = codes_of(labels[used].tolist(), skills)
    return codes[major], longer


def codes_of(labels: Iterable[Any], skills: list[Any]) -> tuple[Ints, list[Any]]:
    """The places of labels in `skills`; and these with the other labels at their end."""
    known = {label: code for code, label in enumerate(skills)}
    codes = np.array([known.setdefault(label, len(known)) for label in labels], np.int64)
    return codes, list(known)


def _dense(codes: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The codes that occur, ascending, and each code's place among them."""
    present = np.flatnonzero(np.bincount(codes))
    place = np.zeros(int(present[-1]) + 1, np.int64)
    place[present] = np.arange(len(present))
    return present, place[codes]
