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
from adaptlearn.models.bkt.serve.alone import follow
from adaptlearn.numerics import Floats, Ints, Sequences, longest_first

_AT_ONCE = 1 << 14  # sequences whose beliefs stay in the cache together

# What a level costs, and to follow one chain by itself, in units of a response of such a chain.
_OF_LEVEL, _OF_CHAIN = 150, 150


class Filtered(NamedTuple):
    """What a pass along the sequences finds.

    Attributes
    ----------
    p_correct : float array, shape (n_rows,)
        P(correct) of each row before its own answer is seen; empty where it is not wanted.
    p_wrong : float array, shape (n_rows,)
        P(wrong), with all its digits where it is small; empty where it is not wanted.
    beliefs : Beliefs, shape (n_sequences,)
        After the last response of each sequence (before any learning from it).
    trail : Beliefs, shape (n_rows,), or None
        After each row's response, where it is wanted.
    """

    p_correct: Floats
    p_wrong: Floats
    beliefs: Beliefs
    trail: Beliefs | None = None


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
    both: bool = False,
    trail: bool = False,
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
    both : bool
        Whether `p_correct` and `p_wrong` are.
    trail : bool
        Whether all of `Filtered` is.

    Raises
    ------
    ImpossibleHistoryError
        An answer that exact zeros or ones among the parameters rule out.
    """
    chains, reach = longest_first(sequences)
    along = _Along(
        ordered=answers[sequences.order],
        starts=sequences.starts[chains],
        ends=(sequences.starts + sequences.lengths)[chains],
        table=table,
        of_chain=None if isinstance(cells, Cells) else cells[chains],
        of_row=cells.take(sequences.order) if isinstance(cells, Cells) else None,
    )
    wanted = 4 if trail else 2 if both else int(scored)
    in_order = np.empty((wanted, len(along.ordered)))
    current = before.take(chains)
    for first in range(0, len(chains), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        here = np.clip(reach - first, 0, _AT_ONCE)
        narrow = narrow_from(here)
        reached = here[:narrow]
        impossible = _filter_levels(along, some, reached.tolist(), current.take(some), in_order)
        n_left = int(here[narrow]) if narrow < len(here) else 0
        for chain in range(first, first + n_left):
            if impossible < 0:
                impossible = _filter_rest(along, chain, narrow, current, in_order)
        if impossible >= 0:
            raise _impossible(int(sequences.order[impossible]), skill_rows)
    chances = np.empty(in_order.shape)
    found = Beliefs(np.empty(len(chains)), np.empty(len(chains)))
    found.put(chains, current)
    for row, values in zip(chances, in_order, strict=True):
        row[sequences.order] = values
    none = np.empty(0)
    p_correct, p_wrong = chances[0] if wanted else none, chances[1] if wanted > 1 else none
    return Filtered(p_correct, p_wrong, found, Beliefs(*chances[2:]) if trail else None)


def narrow_from(reach: Ints) -> int:
    """The level from which the rest of each chain is better followed by itself.

    Parameters
    ----------
    reach : int array, shape (n_levels,)
        How many chains reach each level.
    """
    left = np.append(np.cumsum(reach[::-1])[::-1], 0)  # responses from each level on
    cost = _OF_LEVEL * np.arange(len(left)) + _OF_CHAIN * np.append(reach, 0) + left
    return int(np.argmin(cost))


class _Along(NamedTuple):
    """Chains, longest first, and what a pass reads of them.

    `ordered` holds the answers, chain after chain in the log's order: those of each from `starts`
    to `ends`. The cells are of each chain, or of each place of `ordered`.
    """

    ordered: Ints
    starts: Ints
    ends: Ints
    table: Parameters
    of_chain: Ints | None
    of_row: Cells | None

    def parameters(self, chains: slice, places: Ints | slice) -> Parameters:
        """Those of some chains, at these places."""
        if self.of_row is not None:
            return self.table.take(self.of_row.take(places))
        assert self.of_chain is not None
        return self.table.take(self.of_chain[chains])


def _filter_levels(
    along: _Along, chains: slice, reached: list[int], beliefs: Beliefs, in_order: Floats
) -> int:
    """The first responses of some chains, all at once; `beliefs` and `in_order` take them in.

    Returns
    -------
    int
        The place of an answer that is impossible, where it stops; -1 without.
    """
    begin = along.starts[chains]
    exposures = bool(np.any(along.ordered == EXPOSURE))
    sets = along.parameters(chains, begin) if along.of_row is None else None
    for level, m in enumerate(reached):
        place, begun = begin[:m] + level, beliefs.take(slice(m))
        if sets is None:
            here = along.parameters(chains, place)
        else:
            here = sets if m == len(begin) else sets.take(slice(m))
        if level:
            begun = next_opportunity(begun, here.learn, here.forget)
        after, expected, possible = answered(begun, along.ordered[place], here, exposures=exposures)
        for row, values in zip(in_order, (*expected, *after), strict=False):
            row[place] = values
        if not possible.all():
            return int(place[np.argmin(possible)])
        beliefs.known[:m], beliefs.unknown[:m] = after
    return -1


def _filter_rest(along: _Along, chain: int, level: int, beliefs: Beliefs, in_order: Floats) -> int:
    """The same of the responses of one chain from a level on."""
    begin, end = int(along.starts[chain]) + level, int(along.ends[chain])
    here = along.parameters(slice(chain, chain + 1), slice(begin, end))
    known, unknown = float(beliefs.known[chain]), float(beliefs.unknown[chain])
    answers, into = along.ordered[begin:end], in_order[:, begin:end]
    found = follow(known, unknown, answers, here, into, begins=level == 0)
    if found.impossible >= 0:
        return begin + found.impossible
    beliefs.known[chain], beliefs.unknown[chain] = found.known, found.unknown
    return -1


def _impossible(row: int, skill_rows: Ints | None) -> ImpossibleHistoryError:
    row = row if skill_rows is None else int(skill_rows[row])
    return ImpossibleHistoryError(
        f"row {row}: this answer has probability 0 under parameters fixed at exactly 0 or 1; fit "
        "without fixing them"
    )
