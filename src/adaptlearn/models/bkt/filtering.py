"""Beliefs along each student's answers: the forward pass that predicts and updates.

The batch prediction of a log and the update of a live state are this one function, so that
they cannot differ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.models.bkt.trie import EXPOSURE, RIGHT
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


def next_opportunity(p_known: Floats, learn: Floats, forget: Floats) -> Floats:
    """P(known) when the next response begins, from P(known) after the last one."""
    return learn + (1 - learn - forget) * p_known


def probability_correct(p_known: Floats, guess: Floats, slip: Floats) -> Floats:
    """P(correct) of a response that is begun with probability `p_known` of knowing."""
    return p_known * (1 - slip) + (1 - p_known) * guess


def filter_sequences(
    sequences: Sequences,
    symbols: Ints,
    table: Parameters,
    cells: Cells | Ints,
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
        Fields of shape (n_cells,).
    cells : int array, shape (n_sequences,), or Cells
        The cell of each sequence; or, where they change along it, the cells of each row, fields
        of shape (n_rows,), learn and forget for the transition into the row.
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
    starts, ordered = sequences.starts[chains], symbols[sequences.order]
    if isinstance(cells, Cells):
        sets, changing = None, cells.take(sequences.order)
    else:
        sets, changing = table.take(cells[chains]), None
    exposures = bool(len(ordered)) and ordered.max() == EXPOSURE
    in_order = np.empty(len(ordered))
    known = known_before[chains]
    for level, m in enumerate(reach.tolist()):
        place = starts[:m] + level
        if changing is not None:
            here = table.take(changing.take(place))
        else:
            assert sets is not None
            here = sets.take(slice(m))
        p = known[:m]
        if level:
            p *= 1 - here.learn - here.forget
            p += here.learn
        right = ordered[place] == RIGHT
        missed = p * here.slip
        hit, guessed = p - missed, (1 - p) * here.guess
        in_order[place] = hit + guessed
        joint = np.where(right, hit, missed)
        scale = joint + np.where(right, guessed, (1 - p) - guessed)
        if exposures:  # nothing is learnt of the state
            unseen = ordered[place] == EXPOSURE
            joint, scale = np.where(unseen, p, joint), np.where(unseen, 1.0, scale)
        if not np.all(scale > 0):
            raise _impossible(int(sequences.order[place[np.argmin(scale > 0)]]), skill_rows)
        np.divide(joint, scale, out=p)
    p_correct, p_known = np.empty(len(ordered)), np.empty(len(chains))
    p_correct[sequences.order], p_known[chains] = in_order, known
    return Filtered(p_correct, p_known)


def _impossible(row: int, skill_rows: Ints | None) -> ImpossibleHistoryError:
    row = row if skill_rows is None else int(skill_rows[row])
    return ImpossibleHistoryError(
        f"row {row}: this answer has probability 0 under parameters fixed at exactly 0 or 1; fit "
        "without fixing them"
    )
