"""Beliefs along each student's answers: the forward pass that predicts and updates.

The batch prediction of a log and the update of a live state are this one function, so that
they cannot differ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models.bkt.em import Parameters
from adaptlearn.numerics import Floats, Ints, Sequences, longest_first


class Filtered(NamedTuple):
    """What a pass along the sequences finds.

    Attributes
    ----------
    p_correct : float array, shape (n_rows,)
        P(correct) of each row before its own answer is seen.
    p_known : float array, shape (n_sequences,)
        P(known) after the last response of each sequence (before any learning from it).
    """

    p_correct: Floats
    p_known: Floats


def next_opportunity(p_known: Floats, parameters: Parameters) -> Floats:
    """P(known) when the next response begins, from P(known) after the last one."""
    return parameters.learn + (1 - parameters.learn - parameters.forget) * p_known


def probability_correct(p_known: Floats, parameters: Parameters) -> Floats:
    """P(correct) of a response that is begun with probability `p_known` of knowing."""
    return p_known * (1 - parameters.slip) + (1 - p_known) * parameters.guess


def filter_sequences(
    sequences: Sequences,
    symbols: Ints,
    table: Parameters,
    which: Ints,
    known_before: Floats,
    *,
    skill_rows: Ints | None = None,
) -> Filtered:
    """Predict and update along every sequence at once, one opportunity at a time.

    Parameters
    ----------
    sequences : Sequences
    symbols : int8 array, shape (n_rows,)
        See `adaptlearn.models.bkt.trie`.
    table : Parameters
        Fields of shape (n_sets,).
    which : int array, shape (n_sequences,)
        Each sequence's parameter set.
    known_before : float array, shape (n_sequences,)
        P(known) when the first response of each sequence begins.
    skill_rows : int array, shape (n_rows,), optional
        The responses' rows in the log, for errors, where these are entries of several skills.

    Raises
    ------
    ImpossibleHistoryError
        An answer that exact zeros or ones among the parameters rule out.
    """
    chains, reach = longest_first(sequences)
    starts, sets = sequences.starts[chains], which[chains]
    unknown_by, known_by = table.emission().reshape(2, -1)
    right_known, carry = 1 - table.slip, 1 - table.learn - table.forget

    p_correct = np.empty(len(sequences.order))
    known = known_before[chains]  # at the coming opportunity
    after = known.copy()
    for level, m in enumerate(reach):
        rows, k, p = sequences.order[starts[:m] + level], sets[:m], known[:m]
        unknown = 1 - p
        p_correct[rows] = p * right_known[k] + unknown * table.guess[k]
        place = 3 * k + symbols[rows]
        joint = p * known_by[place]
        scale = joint + unknown * unknown_by[place]
        if not np.all(scale > 0):
            row = int(rows[np.flatnonzero(~(scale > 0))[0]])
            row = row if skill_rows is None else int(skill_rows[row])
            raise ImpossibleHistoryError(
                f"row {row}: this answer has probability 0 under parameters fixed at exactly 0 "
                "or 1; fit without fixing them"
            )
        after[:m] = joint / scale
        known[:m] = table.learn[k] + carry[k] * after[:m]
    p_known = np.empty(len(chains))
    p_known[chains] = after
    return Filtered(p_correct, p_known)
