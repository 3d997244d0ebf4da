"""The answers of a log, laid out for passes of the two-state filter.

References
----------
A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural knowledge.
User Modeling and User-Adapted Interaction 4, 253-278.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints, bounds_of
from adaptlearn.responses import ResponseLog


class Chains(NamedTuple):
    """Answers of one student on one skill after another, and the order in which to pass them.

    Attributes
    ----------
    chain : int array, shape (n,)
        The chain of each answer; a chain's answers stand together, in the order of time.
    starts : int array, shape (n_chains + 1,)
        Where each chain begins, and where the last one ends.
    by_level : int array, shape (n,)
        The first answers of all chains, then the second answers, and so on; at each level the
        longest chains come first.
    levels : list of int
        Where each level begins in `by_level`, and where the last one ends.
    longest_first : int array, shape (n_chains,)
    """

    chain: Ints
    starts: Ints
    by_level: Ints
    levels: list[int]
    longest_first: Ints

    @classmethod
    def of(cls, lengths: Ints) -> Chains:
        """Chains of these lengths, one after another."""
        starts = bounds_of(lengths)
        chain = np.repeat(np.arange(len(lengths)), lengths)
        level = np.arange(len(chain)) - starts[chain]
        longest_first = np.argsort(-lengths, kind="stable")
        place = np.empty(len(lengths), np.int64)
        place[longest_first] = np.arange(len(lengths))
        by_level = np.lexsort((place[chain], level))
        levels = bounds_of(np.bincount(level)).tolist()
        return cls(chain, starts, by_level, levels, longest_first)


class Answers(NamedTuple):
    """The answers of a log by skill and student.

    Attributes
    ----------
    chains : Chains
        Sorted by skill, then student.
    right : bool array, shape (n,)
    skill, student : int arrays, shape (n_chains,)
        Codes of the log.
    row : int array, shape (n,)
        The row of the log.
    moment : int array, shape (n,)
        The place of each answer in the log's order of time; answers of one row share it.
    item : int array, shape (n,), or None
        Codes of the log.
    seconds : float array, shape (n,), or None
    n_students, n_skills : int
    """

    chains: Chains
    right: Bools
    skill: Ints
    student: Ints
    row: Ints
    moment: Ints
    item: Ints | None
    seconds: Floats | None
    n_students: int
    n_skills: int

    @classmethod
    def of(cls, log: ResponseLog) -> Answers:
        """From a log in which every row has an answer."""
        found = log.sequences
        rows = found.order if log.skill_rows is None else log.skill_rows[found.order]
        moment = np.arange(len(log))
        if log.chronological is not None:
            moment[log.chronological] = np.arange(len(log))
        return cls(
            Chains.of(found.lengths.astype(np.int64)),
            log.correct[rows] == 1,
            found.major.astype(np.int64),
            found.minor.astype(np.int64),
            rows,
            moment[rows],
            None if log.item is None else log.item.codes[rows].astype(np.int64),
            None if log.time is None else log.time[rows],
            log.n_students,
            log.n_skills,
        )

    def chain_of(self, skill: Ints | int, student: Ints) -> Ints:
        """The chains of skills and students; -1 without one."""
        pair = self.skill * self.n_students + self.student
        wanted = skill * self.n_students + student
        there = np.minimum(np.searchsorted(pair, wanted), len(pair) - 1)
        return np.where(pair[there] == wanted, there, -1)

    def latest(self, chain: Ints, moment: Ints) -> Ints:
        """The last answer of each chain before a moment; -1 without one, or without a chain."""
        n = int(self.moment.max()) + 1
        key = self.chains.chain * n + self.moment
        last = np.searchsorted(key, chain * n + np.minimum(moment, n)) - 1
        return np.where((chain >= 0) & (last >= self.chains.starts[chain]), last, -1)

    def only(self, kept: Bools) -> Answers:
        """Some of the answers, shape (n,), as if the others had not been given."""
        lengths = np.add.reduceat(kept, self.chains.starts[:-1], dtype=np.int64)
        there = lengths > 0
        return self._replace(
            chains=Chains.of(lengths[there]), skill=self.skill[there], student=self.student[there],
            right=self.right[kept], row=self.row[kept], moment=self.moment[kept],
            item=None if self.item is None else self.item[kept],
            seconds=None if self.seconds is None else self.seconds[kept],
        )  # fmt: skip


class Skills(NamedTuple):
    """Parameters of the two-state model, each of shape (n_skills,), by the log's codes."""

    prior: Floats
    learn: Floats
    guess: Floats
    slip: Floats

    def take(self, skill: Ints) -> Skills:
        """Those of some skills, in this order."""
        return Skills(*(values[skill] for values in self))


class Emissions(NamedTuple):
    """How likely each answer is in both states, in the order of `Chains.by_level`.

    Attributes
    ----------
    if_known, if_unknown : float array, shape (n,)
    prior : float array, shape (n_chains,)
        P(known) at the start, longest chains first.
    """

    if_known: Floats
    if_unknown: Floats
    prior: Floats

    @classmethod
    def of(cls, chains: Chains, right: Bools, skills: Skills) -> Emissions:
        """Of answers, shape (n,), and of each chain's parameters, shape (n_chains,)."""
        told, owner = right[chains.by_level], chains.chain[chains.by_level]
        slip, guess = skills.slip[owner], skills.guess[owner]
        return cls(
            np.where(told, 1 - slip, slip),
            np.where(told, guess, 1 - guess),
            skills.prior[chains.longest_first],
        )


class Pass(NamedTuple):
    """What one pass of the filter finds.

    Attributes
    ----------
    before, after : float array, shape (n,)
        P(known) before each answer; and after it, with the learning that follows.
    log_likelihood : float array, shape (n_chains,)
    """

    before: Floats
    after: Floats
    log_likelihood: Floats


def filtered(chains: Chains, emissions: Emissions, learn: Floats) -> Pass:
    """One pass of the two-state filter; `learn` is P(learn) after each answer, shape (n,)."""
    order = chains.by_level
    before, after = np.empty(len(order)), np.empty(len(order))
    sums = np.zeros(len(emissions.prior))
    for low, high, known, seen, gained in _levels(chains, emissions, learn):
        before[order[low:high]], after[order[low:high]] = known, gained
        sums[: high - low] += np.log(seen)
    return Pass(before, after, _by_chain(chains, sums))


def log_likelihoods(chains: Chains, emissions: Emissions, learn: Floats) -> Floats:
    """What `filtered` gives as the log-likelihood, in less time."""
    sums = np.zeros(len(emissions.prior))
    for low, high, _, seen, _ in _levels(chains, emissions, learn):
        sums[: high - low] += np.log(seen)
    return _by_chain(chains, sums)


def _levels(
    chains: Chains, emissions: Emissions, learn: Floats
) -> Iterator[tuple[int, int, Floats, Floats, Floats]]:
    """Of each level: where it begins and ends, P(known) before, P(answer), P(known) after."""
    gain, known = learn[chains.by_level], emissions.prior
    for low, high in pairwise(chains.levels):
        known = known[: high - low]
        joint = known * emissions.if_known[low:high]
        seen = joint + (1 - known) * emissions.if_unknown[low:high]
        after = joint / seen
        after += (1 - after) * gain[low:high]
        yield low, high, known, seen, after
        known = after


def _by_chain(chains: Chains, sums: Floats) -> Floats:
    placed = np.empty(len(sums))
    placed[chains.longest_first] = sums
    return placed
