"""Beliefs along each student's answers: the forward pass that predicts and updates.

The batch prediction of a log and the update of a live state are this one function, so that
they cannot differ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models.bkt.belief import Beliefs, answered, next_opportunity
from adaptlearn.models.bkt.entries import EXPOSURE
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.numerics import Floats, Ints, Sequences, longest_first

_AT_ONCE = 1 << 14  # sequences whose beliefs stay in the cache together


class Filtered(NamedTuple):
    """What a pass along the sequences finds.

    Attributes
    ----------
    p_correct : float array, shape (n_rows,)
        P(correct) of each row before its own answer is seen; empty where it is not wanted.
    beliefs : Beliefs, shape (n_sequences,)
        After the last response of each sequence (before any learning from it).
    """

    p_correct: Floats
    beliefs: Beliefs


def probability_correct(p_known: Floats, guess: Floats, slip: Floats) -> Floats:
    """P(correct) of a response that is begun with probability `p_known` of knowing."""
    return p_known * (1 - slip) + (1 - p_known) * guess


def filter_sequences(
    sequences: Sequences,
    answers: Ints,
    table: Parameters,
    cells: Cells | Ints,
    before: Beliefs,
    *,
    skill_rows: Ints | None = None,
    scored: bool = True,
) -> Filtered:
    """Predict and update along every sequence at once, one opportunity at a time.

    Parameters
    ----------
    sequences : Sequences
    answers : int8 array, shape (n_rows,)
        `WRONG`, `RIGHT` or `EXPOSURE`; see `adaptlearn.models.bkt.entries`.
    table : Parameters
        Fields of shape (n_cells,).
    cells : int array, shape (n_sequences,), or Cells
        The cell of each sequence; or, where they change along it, the cells of each row, fields
        of shape (n_rows,), learn and forget for the transition into the row.
    before : Beliefs, shape (n_sequences,)
        When the first response of each sequence begins.
    skill_rows : int array, shape (n_rows,), optional
        The responses' rows in the log, for errors, where these are entries of several skills.
    scored : bool
        Whether `p_correct` is wanted; bringing it into the rows' order takes a fifth of the time.

    Raises
    ------
    ImpossibleHistoryError
        An answer that exact zeros or ones among the parameters rule out.
    """
    chains, reach = longest_first(sequences)
    starts, ordered = sequences.starts[chains], answers[sequences.order]
    per_row = cells.take(sequences.order) if isinstance(cells, Cells) else None
    exposures = bool(len(ordered)) and ordered.max() == EXPOSURE
    in_order = np.empty(len(ordered) if scored else 0)
    current = before.take(chains)
    for first in range(0, len(chains), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        begin, beliefs = starts[some], current.take(some)
        sets = None if isinstance(cells, Cells) else table.take(cells[chains[some]])
        for level, reached in enumerate(reach.tolist()):
            m = min(reached - first, len(begin))
            if m <= 0:
                break
            place, begun = begin[:m] + level, beliefs.take(slice(m))
            if sets is not None:
                here = sets if m == len(begin) else sets.take(slice(m))
            else:
                assert per_row is not None
                here = table.take(per_row.take(place))
            if level:
                begun = next_opportunity(begun, here.learn, here.forget)
            answer = ordered[place]
            after, expected, possible = answered(begun, answer, here, exposures=exposures)
            if scored:
                in_order[place] = expected
            if not possible.all():
                raise _impossible(int(sequences.order[place[np.argmin(possible)]]), skill_rows)
            beliefs.known[:m], beliefs.unknown[:m] = after
    p_correct = np.empty(len(in_order))
    found = Beliefs(np.empty(len(chains)), np.empty(len(chains)))
    found.put(chains, current)
    if scored:
        p_correct[sequences.order] = in_order
    return Filtered(p_correct, found)


def _impossible(row: int, skill_rows: Ints | None) -> ImpossibleHistoryError:
    row = row if skill_rows is None else int(skill_rows[row])
    return ImpossibleHistoryError(
        f"row {row}: this answer has probability 0 under parameters fixed at exactly 0 or 1; fit "
        "without fixing them"
    )
