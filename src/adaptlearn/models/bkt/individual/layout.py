"""Responses in level order: every student's first response, every second, and so on.

Coupled BKT goes through all students at once, one position at a time. Brought into this order,
what a position needs of the log is a slice of every array.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.belief import Beliefs
from adaptlearn.numerics import (
    Bools,
    Floats,
    Ints,
    Sequences,
    longest_first,
    places_of,
    stable_group,
)


class CoupledLog(NamedTuple):
    """Responses as arrays. An entry is one skill of one response.

    Attributes
    ----------
    student : int array, shape (n_rows,)
        In ``0 … n_students - 1``.
    order : int array, shape (n_rows,), or None
        Rows such that each student's stand in order of time; None where they do already.
    answer : int8 array, shape (n_rows,)
        0, 1, or 2 for an exposure: a lesson without an answer.
    item : int array, shape (n_rows,), or None
        In ``0 … n_items``, where ``n_items`` is an item without a parameter; None: all are.
    entry_rows : int array, shape (n_entries,), or None
        The row of each entry; None where entries are rows. A row has one entry or more, of
        different skills.
    sequence : int array, shape (n_entries,)
        The entry's chain, ``0 … n_sequences - 1``: one per pair of student and skill.
    prior : int array, shape (n_sequences,)
        The cell of ``CoupledParameters.prior`` of each chain.
    learn, forget : int arrays, shape (n_entries,)
        The cells of the transition into the entry; not read at a chain's first.
    guess, slip : int arrays, shape (n_entries,)
        The cells of the answer.
    """

    student: Ints
    order: Ints | None
    answer: NDArray[np.int8]
    item: Ints | None
    entry_rows: Ints | None
    sequence: Ints
    prior: Ints
    learn: Ints
    forget: Ints
    guess: Ints
    slip: Ints


class ChainVectors(NamedTuple):
    """What is known of pairs of student and skill, each of shape (n_sequences,).

    Attributes
    ----------
    known, unknown : float arrays
        As `adaptlearn.models.bkt.belief.Beliefs` holds them, after the last response; any value
        before the first.
    last : int array
        The student's answers when the chain's last response began; -1 before the first.
    """

    known: Floats
    unknown: Floats
    last: NDArray[np.int64]

    @property
    def beliefs(self) -> Beliefs:
        """Known and not known."""
        return Beliefs(self.known, self.unknown)

    @classmethod
    def new(cls, n_sequences: int) -> ChainVectors:
        """Chains without a response."""
        none = np.zeros(n_sequences)
        return cls(none, none + 1, np.full(n_sequences, -1, np.int64))

    def take(self, index: Ints) -> ChainVectors:
        """Those of some pairs."""
        return ChainVectors(self.known[index], self.unknown[index], self.last[index])

    def begun(self) -> Floats:
        """Not known and known, shape (2, n_sequences).

        Where a chain has no response yet nothing is known: then the step into the first
        opportunity is the prior by itself.
        """
        new = self.last < 0
        return np.stack((np.where(new, 1.0, self.unknown), np.where(new, 0.0, self.known)))


class Layout(NamedTuple):
    """A log in level order: every student's first response, every second, and so on.

    Students stand longest first, so those who reach a level are the first so many, and a level
    is a slice of every array below.

    Attributes
    ----------
    students : int array, shape (n_present,)
        The students, longest first.
    rows, entries : int arrays, shapes (n_rows,), (n_entries,)
        The log's row or entry at each place.
    row_levels, entry_levels : int arrays, shape (n_levels + 1,)
        Where levels begin, and the end.
    sign : float array, shape (n_rows,)
        1 for a right answer, -1 for a wrong one, 0 for an exposure.
    clock : int array, shape (n_rows,)
        The student's answers before the row.
    item : int array, shape (n_rows,), or None
    single : bool
        Every row has one entry; the next three then hold nothing of use.
    row_of_entry : int array, shape (n_entries,)
        The place of an entry's row; a slice's own is ``owner``, counted within the level.
    owner : int array, shape (n_entries,)
    starts : int array, shape (n_rows,)
        A row's first entry; ``local_starts`` is counted within the level.
    local_starts : int array, shape (n_rows,)
    size : float array, shape (n_rows,)
        Entries of the row.
    before : int array, shape (n_entries,)
        Where the chain's belief so far stands in an array of the chains' old beliefs, followed
        by those after each entry.
    final : int array, shape (n_sequences,)
        Where each chain's last belief stands in it.
    first : bool array, shape (n_entries,)
        The chain's first response.
    lag : float array, shape (n_entries,)
        Log of the answers since the skill was last practised; 0 at first.
    drive : int array, shape (n_entries,)
        The prior's cell at first, then the learn cell, counted on after the prior's cells.
    forget, guess, slip : int arrays, shape (n_entries,)
    """

    students: Ints
    rows: Ints
    entries: Ints
    row_levels: Ints
    entry_levels: Ints
    sign: Floats
    clock: NDArray[np.int64]
    item: Ints | None
    single: bool
    row_of_entry: Ints
    owner: Ints
    starts: Ints
    local_starts: Ints
    size: Floats
    before: Ints
    final: Ints
    first: Bools
    lag: Floats
    drive: Ints
    forget: Ints
    guess: Ints
    slip: Ints

    def to_entries(self, values: Floats) -> Floats:
        """Values of rows, given to each of their entries."""
        return values if self.single else values.take(self.row_of_entry)

    def entries_of(self, rows: Ints) -> Ints:
        """The places of some rows' entries, one row's after the other's."""
        if self.single:
            return rows
        return places_of(self.starts[rows], self.size[rows].astype(np.int64))

    def last_rows(self) -> Ints:
        """The place of each student's last row, shape (n_present,)."""
        number = np.arange(len(self.students))
        n_levels = np.searchsorted(-np.diff(self.row_levels), -number)
        return np.asarray(self.row_levels[n_levels - 1] + number)

    def to_rows(self, values: Floats) -> Floats:
        """Values of entries, added up by row."""
        return values if self.single else np.add.reduceat(values, self.starts)


def lay_out(
    log: CoupledLog,
    n_students: int,
    chains: ChainVectors,
    answers: Ints,
    n_prior: int,
) -> Layout:
    """Bring a log into level order.

    Parameters
    ----------
    log : CoupledLog
    n_students : int
    chains : ChainVectors
    answers : int array, shape (n_students,)
        Each student's answers before the log.
    n_prior : int
        Cells of the prior.
    """
    n_rows = len(log.student)
    # Rows by student, in order of time; then by place within the student.
    student = log.student if log.order is None else log.student[log.order]
    grouped, bounds = stable_group(student, n_students)
    grouped = grouped if log.order is None else log.order[grouped]
    lengths = np.diff(bounds)
    present = np.flatnonzero(lengths)
    own = Sequences(grouped, bounds[:-1][present], lengths[present], present, present)
    ranked, reach = longest_first(own)
    row_levels = np.concatenate(([0], np.cumsum(reach)))
    rank = np.empty(len(ranked), np.int64)
    rank[ranked] = np.arange(len(ranked))
    position = np.arange(n_rows) - np.repeat(own.starts, own.lengths)
    rows = np.empty(n_rows, np.int64)
    rows[row_levels[position] + np.repeat(rank, own.lengths)] = grouped

    answered = log.answer < 2
    so_far: Ints = np.cumsum(answered[grouped]) - answered[grouped]
    so_far += np.repeat(answers[present] - so_far[own.starts], own.lengths)
    clock = np.empty(n_rows, np.int64)
    clock[grouped] = so_far

    entries: Ints = rows
    size = np.ones(n_rows)
    if log.entry_rows is not None:
        place = np.empty(n_rows, np.int64)
        place[rows] = np.arange(n_rows)
        entries, edges = stable_group(place[log.entry_rows], n_rows)
        size = np.diff(edges).astype(np.float64)
        if not size.all():
            raise ValueError(f"row {int(rows[np.argmin(size)])} has no entry, of no skill")
    starts = np.cumsum(size.astype(np.int64)) - size.astype(np.int64)
    entry_levels = np.append(starts, len(entries))[row_levels]
    row_of_entry = np.repeat(np.arange(n_rows), size.astype(np.int64))
    clock = clock[rows]
    before, final, lag = _link(log.sequence[entries], chains, clock[row_of_entry])
    first = chains.last[log.sequence[entries]] < 0
    first &= before < len(chains.last)
    return Layout(
        students=present[ranked],
        rows=rows,
        entries=entries,
        row_levels=row_levels,
        entry_levels=entry_levels,
        sign=np.array([-1.0, 1.0, 0.0])[log.answer[rows]],
        clock=clock,
        item=None if log.item is None else log.item[rows],
        single=len(entries) == n_rows,
        row_of_entry=row_of_entry,
        owner=row_of_entry - np.repeat(row_levels[:-1], np.diff(entry_levels)),
        starts=starts,
        local_starts=starts - np.repeat(entry_levels[:-1], np.diff(row_levels)),
        size=size,
        before=before,
        final=final,
        first=first,
        lag=np.where(first, 0.0, lag),
        drive=np.where(first, log.prior[log.sequence[entries]], n_prior + log.learn[entries]),
        forget=log.forget[entries],
        guess=log.guess[entries],
        slip=log.slip[entries],
    )


def _link(sequence: Ints, chains: ChainVectors, clock: Ints) -> tuple[Ints, Ints, Floats]:
    """Where each entry finds its chain's belief, where the last stands, and the log of its lag."""
    n, n_entries = len(chains.last), len(sequence)
    by_chain, bounds = stable_group(sequence, n)
    before = np.empty(n_entries, np.int64)
    before[by_chain[1:]] = n + by_chain[:-1]
    met = np.flatnonzero(np.diff(bounds))
    before[by_chain[bounds[met]]] = met
    final = np.arange(n)
    final[met] = n + by_chain[bounds[met + 1] - 1]
    # An exposure does not move the clock: the lag is then counted as one.
    since = clock - np.append(chains.last, clock)[before]
    return before, final, np.log(np.maximum(since, 1))


def dot(a: Floats, b: Floats) -> float:
    """The inner product, without BLAS: its threads take longer to start than this to add up."""
    return float(np.multiply(a, b).sum())
