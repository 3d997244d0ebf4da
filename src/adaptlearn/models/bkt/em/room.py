"""Which guesses meet which slips in an answer: what an M step may do to them together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.numerics import Ints, distinct


class Room(NamedTuple):
    """Which guesses meet which slips, and so what an M step may do.

    Attributes
    ----------
    guess, slip : int arrays, shape (n_pairs,)
        Cells that apply to the same answer.
    part : int array, shape (n_pairs,)
        Pairs of one part share cells, and move together.
    guess_part, slip_part : int arrays, shape (n_guess,) and (n_slip,)
    n_parts : int
    """

    guess: Ints
    slip: Ints
    part: Ints
    guess_part: Ints
    slip_part: Ints
    n_parts: int


def room_of(trie: PrefixTrie) -> Room:
    """The pairs of guess and slip that occur in a trie."""
    n_guess, n_slip = len(trie.owner.guess), len(trie.owner.slip)
    if trie.cells.guess is trie.cells.slip:
        same = np.arange(n_guess)
        return Room(same, same, same, same, same, n_guess)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs, _ = distinct(trie.cells.guess.astype(np.int64) * n_slip + trie.cells.slip)
    guess, slip = np.divmod(pairs, n_slip)
    size = n_guess + n_slip
    joined = coo_array((np.ones(len(pairs)), (guess, n_guess + slip)), shape=(size, size))
    n_parts, part = connected_components(joined, directed=False)
    return Room(guess, slip, part[guess], part[:n_guess], part[n_guess:], n_parts)
