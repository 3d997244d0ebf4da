"""Simulated students who practise what the students of a log practised, and stop as they did."""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.fitted.histories import Chains
from adaptlearn.simulation.students.base import Simulator

_ROW = 5  # right answers in a row that stopping may depend on; more count as this many
_BLOCK = 5000  # students at once: they hold numbers for all their skills


def right_in_a_row(chains: Chains) -> Ints:
    """How many right answers in a row each answer ends, in its chain; 0 for a wrong one."""
    at = np.arange(len(chains.correct))
    first = np.zeros(len(at), bool)
    first[chains.starts] = True
    # The row began after the last wrong answer, or with the chain.
    before = np.where(chains.correct, np.where(first, at - 1, -1), at)
    return at - np.maximum.accumulate(before)


def stopping_rates(chains: Chains) -> Floats:
    """How often students stop after an answer, by its number and the right answers in a row.

    Shape (longest, 6): the share that stops, of those who came so far. Where few came, it is drawn
    towards the share of all who had as many right answers in a row. Every student counts the same,
    whatever the number of skills.
    """
    row = np.minimum(right_in_a_row(chains), _ROW)
    shape = (int(chains.lengths.max()), _ROW + 1)
    cell = chains.position * shape[1] + row
    last = chains.starts + chains.lengths - 1
    weight = 1 / np.bincount(chains.student)[chains.student]
    weight /= weight.mean()

    def counted(cells: Ints, weights: Floats) -> Floats:
        return np.asarray(
            np.bincount(cells, weights, shape[0] * shape[1]).reshape(shape), np.float64
        )

    came = counted(cell, np.repeat(weight, chains.lengths))
    stopped = counted(cell[last], weight)
    usual = stopped.sum(axis=0) / np.maximum(came.sum(axis=0), 1e-12)
    rates: Floats = (stopped + usual) / (came + 1)
    rates[-1] = 1  # nobody answered more often
    return rates


def replay(
    simulator: Simulator,
    chains: Chains,
    rng: np.random.Generator,
    *,
    same_lengths: bool,
) -> Chains:
    """Answers of simulated students on the skills that the log's students practised.

    Each simulated student stands for one of the log, and practises the same skills, one after the
    other, in the order of the chains.

    Parameters
    ----------
    simulator : Simulator
    chains : Chains
        Of the log; those of a student in the order in which the student began them.
    rng : numpy.random.Generator
    same_lengths : bool
        Whether students answer as often as those of the log; otherwise they stop after each answer
        with the probability of `stopping_rates`.
    """
    names, student = np.unique(chains.student, return_inverse=True)
    order = np.argsort(student, kind="stable")  # the chains, student by student
    after = np.cumsum(np.bincount(student))
    place = after - np.bincount(student)
    rates = stopping_rates(chains)
    count = np.zeros(len(names), np.intp)
    row = np.zeros(len(names), np.intp)
    steps: list[tuple[Ints, Bools]] = []
    for first in range(0, len(names), _BLOCK):
        active = np.arange(first, min(first + _BLOCK, len(names)))
        students = simulator.start(len(active), rng)
        while len(active):
            chain = order[place[active]]
            correct = students.answer(chains.skill[chain], rng, active - first)
            steps.append((chain, correct))
            row[active] = np.where(correct, row[active] + 1, 0)
            if same_lengths:
                stops = count[active] + 1 == chains.lengths[chain]
            else:
                rate = rates[count[active], np.minimum(row[active], _ROW)]
                stops = rng.random(len(active)) < rate
            count[active] += 1
            done = active[stops]
            count[done], row[done] = 0, 0
            place[done] += 1
            active = active[place[active] < after[active]]
    return _gathered(chains, steps)


def _gathered(chains: Chains, steps: list[tuple[Ints, Bools]]) -> Chains:
    """Steps of many students as chains."""
    chain = np.concatenate([step for step, _ in steps])
    correct = np.concatenate([answers for _, answers in steps])
    lengths = np.bincount(chain, minlength=len(chains.skill))
    return Chains(
        chains.student,
        chains.skill,
        np.cumsum(lengths) - lengths,
        lengths,
        correct[np.argsort(chain, kind="stable")],
    )
