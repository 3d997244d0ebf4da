"""The answers of a log, skill by skill: each distinct history once, and whose it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.errors import ResponseDataError
from adaptlearn.numerics import Bools, Ints
from adaptlearn.responses.log import ResponseLog, as_log


class Chains(NamedTuple):
    """The answers of students on skills; a chain holds one student's answers on one skill.

    A student's chains stand in the order in which the student began them.

    Attributes
    ----------
    student, skill : int array, shape (n_chains,)
    starts, lengths : int array, shape (n_chains,)
        Where a chain begins in `correct`, and how many answers it has.
    correct : bool array, shape (n_answers,)
        Chain after chain, each in the order of time.
    """

    student: Ints
    skill: Ints
    starts: Ints
    lengths: Ints
    correct: Bools

    @property
    def position(self) -> Ints:
        """The number of earlier answers in the same chain, shape (n_answers,)."""
        return np.arange(len(self.correct)) - np.repeat(self.starts, self.lengths)


def chains_of(log: Any) -> tuple[ResponseLog, Chains]:
    """The answered part of a log, and its chains.

    Raises
    ------
    ResponseDataError
        The log has no answer, or responses with several skills.
    """
    whole = as_log(log)
    problems = []
    if whole.skill_rows is not None:
        problems.append(
            "column 'skill': some responses have several skills; simulated students practise one "
            "skill at a time, so give each set of skills a name of its own"
        )
    if not whole.answered.any():
        problems.append("column 'correct': no row holds an answer")
    if problems:
        raise ResponseDataError("response log", problems)
    answered = whole if whole.answered.all() else whole[whole.answered]
    found = answered.sequences
    began = found.order[found.starts]
    if answered.chronological is not None:
        place = np.empty(len(answered), np.intp)
        place[answered.chronological] = np.arange(len(answered))
        began = place[began]
    order = np.argsort(began)
    lengths = found.lengths[order]
    starts = np.cumsum(lengths) - lengths
    rows = np.arange(len(answered)) + np.repeat(found.starts[order] - starts, lengths)
    correct = answered.correct[found.order[rows]] == 1
    return answered, Chains(found.minor[order], found.major[order], starts, lengths, correct)


class Histories(NamedTuple):
    """Distinct answers on a skill, longest first, and the students who gave them.

    Attributes
    ----------
    skill, lengths : int array, shape (n_histories,)
    levels : list of (bool array of shape (n,))
        ``levels[t]``: whether answer ``t`` is right, of the first ``n`` histories; the others are
        shorter.
    whose : sparse array, shape (n_students, n_histories)
        1 where the student has the history.
    """

    skill: Ints
    lengths: Ints
    levels: list[Bools]
    whose: csr_array


def histories_of(chains: Chains, n_students: int) -> Histories:
    """Each distinct history once: students who answered alike need no work of their own.

    Parameters
    ----------
    chains : Chains
    n_students : int
        Students without answers have no history.
    """
    history = _numbered(chains)
    _, first, inverse = np.unique(history, return_index=True, return_inverse=True)
    order = np.argsort(-chains.lengths[first], kind="stable")
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    first = first[order]
    lengths, starts = chains.lengths[first], chains.starts[first]
    reach = np.searchsorted(-lengths, -np.arange(lengths[0]))
    levels = [chains.correct[starts[:n] + t] for t, n in enumerate(reach.tolist())]
    ones = np.ones(len(inverse))
    whose = csr_array((ones, (chains.student, place[inverse])), shape=(n_students, len(first)))
    return Histories(chains.skill[first], lengths, levels, whose)


def _numbered(chains: Chains) -> Ints:
    """A number for each chain, the same for chains of one skill with the same answers."""
    order = np.argsort(-chains.lengths, kind="stable")
    lengths, starts = chains.lengths[order], chains.starts[order]
    node, next_free = chains.skill[order].astype(np.int64), int(chains.skill.max()) + 1
    for t, n in enumerate(np.searchsorted(-lengths, -np.arange(lengths[0])).tolist()):
        keys = 2 * node[:n] + chains.correct[starts[:n] + t]
        distinct, place = np.unique(keys, return_inverse=True)
        node[:n] = next_free + place
        next_free += len(distinct)
    numbers = np.empty_like(node)
    numbers[order] = node
    return numbers
