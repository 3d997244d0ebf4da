"""The forward and backward sweeps over a trie: every node's belief and message, exactly.

Arrays have leading axes (state, restart): state 0 is not known, 1 is known. Both are carried,
so that neither loses its digits beside the other.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.parameters import Parameters, known_likelihood, unknown_likelihood
from adaptlearn.numerics import Floats, Ints

_TINY, _HUGE = 1e-280, 1e280
"""Within these a stretch's unscaled numbers have kept their digits."""

_STEEPEST = 10.0
"""The most by which a guess at a step's scale is mended at once, as a logarithm."""

_BESIDE = 1e-100
"""A stretch's numbers above this have kept what counts beside them, however small."""


class Chances(NamedTuple):
    """What the parameters say about each node.

    Attributes
    ----------
    prior : float array, shape (2, n_restarts, n_top)
        P(state) at the first opportunity.
    learn, forget : float arrays, shape (n_restarts, n_nodes)
        Of the transition into the node; `forget` is None where nothing is forgotten.
    likelihood : float array, shape (2, n_restarts, n_nodes)
        P(the node's response | state).
    """

    prior: Floats
    learn: Floats
    forget: Floats | None
    likelihood: Floats

    def of(self, restart: int) -> Chances:
        """Those of one restart."""
        one = slice(restart, restart + 1)
        forget = None if self.forget is None else self.forget[one]
        return Chances(self.prior[:, one], self.learn[one], forget, self.likelihood[:, one])


class Swept(NamedTuple):
    """What the sweeps give, by node; state and message have the axis of states, as `arriving` has.

    Attributes
    ----------
    state, scale : float arrays
        See `forward`.
    arriving : float array
        The message times the likelihood of the node's response over its scale.
    message : float array
        See `backward`.
    """

    state: Floats
    scale: Floats
    arriving: Floats
    message: Floats


def chances(trie: PrefixTrie, parameters: Parameters) -> Chances:
    """Look every node's parameters up."""
    restarts, cells = len(parameters.prior), trie.cells
    known = parameters.prior[:, cells.prior[: trie.top]]
    likelihood = np.empty((2, restarts, trie.n_nodes))
    for state, (table, cell) in enumerate(
        (
            (unknown_likelihood(parameters.guess), cells.guess),
            (known_likelihood(parameters.slip), cells.slip),
        )
    ):
        place = cell * 3 + trie.answer
        table.reshape(restarts, -1).take(place, axis=1, out=likelihood[state], mode="clip")
    return Chances(
        prior=np.stack((1 - known, known)),
        learn=_looked_up(parameters.learn, cells.learn),
        forget=_looked_up(parameters.forget, cells.forget) if parameters.forget.any() else None,
        likelihood=likelihood,
    )


def _looked_up(values: Floats, cells: Ints) -> Floats:
    if not values.shape[1]:  # classes of transitions, where no sequence goes on: none is looked at
        return np.zeros((len(values), len(cells)))
    return values.take(cells, axis=1)


def forward(trie: PrefixTrie, chance: Chances) -> tuple[Floats, Floats]:
    """The beliefs after each node, and the probability of its response given those before.

    Returns
    -------
    state : float array, shape (2, n_restarts, n_nodes)
    scale : float array, shape (n_restarts, n_nodes)
        0 (or nan) where the response was impossible.
    """
    state = np.empty(chance.likelihood.shape)
    scale = np.empty(state.shape[1:])
    levels = trie.levels.tolist()
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: the caller finds and names it
        for level, (lo, hi) in enumerate(pairwise(levels)):
            if level == 0:
                moved = chance.prior.copy()
            else:
                if level <= trie.shared:
                    before = state.take(trie.parent[lo:hi], axis=2)
                else:
                    first = levels[level - 1]
                    before = state[:, :, first : first + hi - lo]
                moved = _move(chance, slice(lo, hi), before)
            moved *= chance.likelihood[:, :, lo:hi]
            z = moved[0] + moved[1]
            np.divide(moved, z, out=state[:, :, lo:hi])
            scale[:, lo:hi] = z
        for block in blocks(trie):
            _forward_stretch(trie, chance, block, state, scale)
    return state, scale


def _move(chance: Chances, nodes: Any, before: Floats) -> Floats:
    """P(state) as the responses of some nodes begin, from their parents' beliefs."""
    moved = np.empty(before.shape)
    learned = chance.learn[:, nodes] * before[0]
    np.subtract(before[0], learned, out=moved[0])
    np.add(before[1], learned, out=moved[1])
    if chance.forget is not None:
        forgot = chance.forget[:, nodes] * before[1]
        moved[0] += forgot
        moved[1] -= forgot
    return moved


class Block(NamedTuple):
    """Nodes ``lo : hi`` of a trie, stretches of single sequences, and where those begin."""

    lo: int
    hi: int
    heads: NDArray[np.int64]

    @property
    def first(self) -> NDArray[np.int64]:
        """The node numbers of the sequences' first nodes in the block."""
        return self.lo + self.heads


def blocks(trie: PrefixTrie) -> list[Block]:
    """The stretches, in their order."""
    return [
        Block(lo, hi, np.flatnonzero(trie.parent[lo:hi] < lo))
        for lo, hi in pairwise(trie.stretches.tolist())
    ]


def _forward_stretch(
    trie: PrefixTrie, chance: Chances, block: Block, state: Floats, scale: Floats
) -> None:
    """One block of stretches, as one triangular system per restart.

    Unscaled forward probabilities follow a linear recursion, a banded system that compiled code
    solves. Each step is divided by a guess at its scale to keep the numbers in range; where
    that does not help the block goes step by step.
    """
    nodes = slice(block.lo, block.hi)
    begin = _move(chance, block.first, state.take(trie.parent[block.first], axis=2))
    for restart in range(state.shape[1]):
        likelihood = chance.likelihood[:, restart, nodes]
        guess = np.sqrt(likelihood[0] * likelihood[1])
        guess[guess == 0] = 1.0
        pieces = _in_pieces(chance.of(restart), block, likelihood, guess, begin[:, restart])
        if pieces is None:
            _forward_steps(trie, chance, block, state, scale)
            return
        found, begins = pieces
        total = found[:, 0] + found[:, 1]
        state[:, restart, nodes] = found.T / total
        above = np.empty_like(total)
        above[1:] = total[:-1]
        above[begins] = 1.0
        scale[restart, nodes] = guess * total / above


def _in_pieces(
    chance: Chances, block: Block, likelihood: Floats, guess: Floats, begin: Floats
) -> tuple[Floats, Ints] | None:
    """A block's forward probabilities in units of `guess`, shape (n, 2), and where they begin anew.

    Where a sequence's numbers leave the range, they are scaled and go on from there, by a better
    guess, which is put in place. None where a sequence's first numbers are out of range.
    """
    begins: Ints = block.heads
    right = np.zeros((block.hi - block.lo, 2))
    right[begins] = (begin * likelihood[:, begins] / guess[begins]).T
    while True:
        band = _band(chance, 0, block, likelihood / guess)
        band.T.reshape(-1, 2, 4)[begins[1:] - 1] = 0.0
        found = _solve(band, right, transposed=False)
        total = found[:, 0] + found[:, 1]
        kept = (np.minimum(found[:, 0], found[:, 1]) >= _TINY) | (total > _BESIDE)
        kept &= (total > _TINY) & (total < _HUGE)
        if kept.all():
            return found, begins
        # The first that are lost, of each piece; a sequence behind an overflow waits its turn.
        out = np.flatnonzero(~kept)
        piece = np.searchsorted(begins, out, side="right") - 1
        first = np.diff(piece, prepend=-1) > 0
        first &= out > begins[piece]
        lost, piece = out[first], piece[first]
        if not len(lost):
            return None
        ends = np.append(begins, len(total))[piece + 1]
        growth = np.log(total[lost - 1]) / (lost - begins[piece])
        for at, end, by in zip(lost, ends, np.clip(growth, -_STEEPEST, _STEEPEST), strict=True):
            guess[at:end] *= np.exp(by)
        before = (found[lost - 1] / total[lost - 1, None]).T
        moved = _move(chance, block.lo + lost, before[:, None])[:, 0]
        right[lost] = (moved * likelihood[:, lost] / guess[lost]).T
        begins = np.union1d(begins, lost)


def _forward_steps(
    trie: PrefixTrie, chance: Chances, block: Block, state: Floats, scale: Floats
) -> None:
    """The same block, one response of all its sequences at a time."""
    lengths = np.diff(block.heads, append=block.hi - block.lo)
    for step in range(int(lengths.max())):
        nodes = block.first[lengths > step] + step
        moved = _move(chance, nodes, state.take(trie.parent[nodes], axis=2))
        moved *= chance.likelihood[:, :, nodes]
        z = moved[0] + moved[1]
        state[:, :, nodes] = moved / z
        scale[:, nodes] = z


def backward(trie: PrefixTrie, chance: Chances, ratio: Floats) -> Floats:
    """Per node the message from its children, weighted: what `end` and they sum to.

    Parameters
    ----------
    ratio : float array, shape (2, n_restarts, n_nodes)
        The likelihood of each node's response over its scale. It is multiplied, in place, by
        the node's message: with the parent's state and the transition into the node, that
        gives the expected transitions.

    Returns
    -------
    float array, shape (2, n_restarts, n_nodes)
        With the belief, it gives the expected visits of each state.
    """
    message = np.empty(ratio.shape)
    message[:] = trie.end
    for block in reversed(blocks(trie)):
        nodes, first = slice(block.lo, block.hi), block.first
        for restart in range(ratio.shape[1]):
            band = _band(chance, restart, block, ratio[:, restart, nodes])
            right = np.ascontiguousarray(message[:, restart, nodes].T)
            message[:, restart, nodes] = _solve(band, right, transposed=True).T
        ratio[:, :, nodes] *= message[:, :, nodes]
        sums = _gather(chance, first, ratio[:, :, first])
        for states, more in zip(message, sums, strict=True):
            np.add.at(states.T, trie.parent[first], more.T)
    levels = trie.levels.tolist()
    for level in range(len(levels) - 2, -1, -1):
        lo, hi = levels[level], levels[level + 1]
        ratio[:, :, lo:hi] *= message[:, :, lo:hi]
        if level == 0:
            break
        sums = _gather(chance, slice(lo, hi), ratio[:, :, lo:hi])
        first = levels[level - 1]
        parents = trie.parent[lo:hi]
        if level > trie.shared:
            message[:, :, first : first + hi - lo] += sums
        elif level == trie.shared:
            message[:, :, first:lo] += binned(sums, parents - first, lo - first)
        else:
            children = np.flatnonzero(np.diff(parents, prepend=-1))
            message[:, :, parents[children]] += np.add.reduceat(sums, children, axis=-1)
    return message


def _gather(chance: Chances, nodes: Any, weighted: Floats) -> Floats:
    """What nodes send to their parents: the transition applied to their weighted messages."""
    sums = np.empty(weighted.shape)
    gain = weighted[1] - weighted[0]
    np.multiply(chance.learn[:, nodes], gain, out=sums[0])
    sums[0] += weighted[0]
    if chance.forget is None:
        sums[1] = weighted[1]
    else:
        np.multiply(chance.forget[:, nodes], gain, out=gain)
        np.subtract(weighted[1], gain, out=sums[1])
    return sums


def binned(values: Floats, index: Ints, bins: int) -> Floats:
    """Sums over the last axis, by an index of its elements."""
    rows = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    if bins == 1:
        totals = rows.sum(axis=1, keepdims=True)
    else:
        totals = np.array([np.bincount(index, row, bins) for row in rows])
    return np.asarray(totals).reshape(*values.shape[:-1], bins)


def _band(chance: Chances, restart: int, block: Block, ratio: Floats) -> Floats:
    """The system's lower band, LAPACK's layout, for unknowns (not known, known) by node.

    Row ``d`` holds, at column ``j``, what unknown ``j`` adds to unknown ``j + d``, negated: from
    node ``t - 1`` to node ``t`` that is the transition times `ratio`, shape (2, hi - lo).
    """
    lo, hi = block.lo, block.hi
    n = hi - lo
    learn = chance.learn[restart, lo:hi]
    band = np.zeros((2 * n, 4)).reshape(n, 2, 4)
    # The transition into node t stands at the columns of node t - 1.
    step = band[: n - 1]
    unknown, known = ratio[0, 1:], ratio[1, 1:]
    step[:, 0, 2] = (learn[1:] - 1) * unknown
    step[:, 0, 3] = -learn[1:] * known
    if chance.forget is None:
        step[:, 1, 2] = -known
    else:
        forget = chance.forget[restart, lo + 1 : hi]
        step[:, 1, 1] = -forget * unknown
        step[:, 1, 2] = (forget - 1) * known
    band[block.heads[1:] - 1] = 0.0
    return band.reshape(2 * n, 4).T


def _solve(band: Floats, right: Floats, *, transposed: bool) -> Floats:
    """Solve with the unit triangular band matrix, or its transpose; shape (n, 2) as `right`."""
    from scipy.linalg.blas import dtbsv

    found = dtbsv(3, band, right.reshape(-1), lower=1, trans=int(transposed), diag=1)
    return np.asarray(found).reshape(-1, 2)
