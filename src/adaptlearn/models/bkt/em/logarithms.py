"""The sweeps again, in logarithms: for histories whose beliefs leave the range of numbers.

Hundreds of right answers leave a P(not known) below 1e-308, and a long run of wrong ones after them
makes it the likelier state all the same. The sweeps that carry probabilities lose it; these do not.
They cost several times as much, so they serve only the skills that have such histories.
"""

from __future__ import annotations

import numpy as np

from adaptlearn.models.bkt.em.sweeps import Block, Swept, blocks, chances
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.numerics import Floats, Ints

_LARGEST = 700.0
"""The exponential of this is still a number."""


def log_sweeps(trie: PrefixTrie, parameters: Parameters) -> Swept:
    """What `forward` and `backward` give, every number by its logarithm.

    A response that was impossible has a scale of -inf, and those after it nan.
    """
    chance = chances(trie, parameters)
    shape = chance.likelihood.shape
    forget = np.zeros(shape[1:]) if chance.forget is None else chance.forget
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.log([[1 - chance.learn, chance.learn], [forget, 1 - forget]])
        likelihood, prior, end = np.log(chance.likelihood), np.log(chance.prior), np.log(trie.end)
        # Into a node: from its parent's state (first axis) to its own (second), with its response.
        steps = moves + likelihood
        state, scale = np.empty(shape), np.empty(shape[1:])
        levels = [slice(*pair) for pair in zip(trie.levels[:-1], trie.levels[1:], strict=True)]
        for level, nodes in enumerate(levels):
            joint = likelihood[:, :, nodes]
            if level:
                joint = _onward(state[:, :, trie.parent[nodes]], steps[..., nodes])
            else:
                joint = joint + prior
            scale[:, nodes] = np.logaddexp(*joint)
            state[:, :, nodes] = joint - scale[:, nodes]
        for block in blocks(trie):
            _forward_block(trie, block, steps, state, scale)

        arriving = likelihood
        arriving -= scale
        message = np.empty(shape)
        message[:] = end
        back = steps.swapaxes(0, 1) - scale  # a node's message, on its way to its parent's states
        for block in reversed(blocks(trie)):
            _backward_block(trie, block, back, message)
        for nodes in reversed(levels[1:]):
            _send(message, trie.parent[nodes], _onward(message[:, :, nodes], back[..., nodes]))
        arriving += message
    return Swept(state, scale, arriving, message)


def exponential_of_sum(a: Floats, b: Floats) -> Floats:
    """The product of two numbers, given by their logarithms; held below infinity."""
    return np.asarray(np.exp(np.minimum(a + b, _LARGEST)))


def _onward(before: Floats, steps: Floats) -> Floats:
    """Two states' logarithms after a step, shape (2, n_restarts, n)."""
    return np.asarray(np.logaddexp(before[0] + steps[0], before[1] + steps[1]))


def _send(message: Floats, parents: Ints, sums: Floats) -> None:
    for state, more in zip(message, sums, strict=True):
        np.logaddexp.at(state.T, parents, more.T)


def _forward_block(
    trie: PrefixTrie, block: Block, steps: Floats, state: Floats, scale: Floats
) -> None:
    nodes, heads = slice(block.lo, block.hi), block.heads
    own = steps[..., nodes].copy()
    own[0][..., heads] = _onward(state[:, :, trie.parent[block.first]], own[..., heads])
    own[1][..., heads] = -np.inf
    joint = _along(own, np.arange(block.hi - block.lo) - _first_of(block))
    total = np.logaddexp(*joint)
    state[:, :, nodes] = joint - total
    scale[:, nodes] = np.diff(total, axis=-1, prepend=0.0)
    scale[:, block.first] = total[:, heads]


def _backward_block(trie: PrefixTrie, block: Block, back: Floats, message: Floats) -> None:
    """Only the last node of a sequence has a message before its block is gone through."""
    nodes, n = slice(block.lo, block.hi), block.hi - block.lo
    tails = np.append(block.heads[1:], n) - 1
    own = np.empty(back[..., nodes].shape)
    own[..., :-1] = back[..., block.lo + 1 : block.hi]
    own[0][..., tails] = message[:, :, block.lo + tails]
    own[1][..., tails] = -np.inf
    last_of = np.repeat(tails, np.diff(block.heads, append=n))
    found = _along(own[..., ::-1].copy(), (last_of - np.arange(n))[::-1])
    message[:, :, nodes] = found[..., ::-1]
    first = block.first
    _send(message, trie.parent[first], _onward(message[:, :, first], back[..., first]))


def _first_of(block: Block) -> Ints:
    return np.repeat(block.heads, np.diff(block.heads, append=block.hi - block.lo))


def _along(steps: Floats, place: Ints) -> Floats:
    """The states along runs of steps, all at once: by doubling how many steps one stands for.

    Parameters
    ----------
    steps : float array, shape (2, 2, n_restarts, n)
        Logarithms, from a state (first axis) to the next (second). The first of a run holds the
        states themselves in its first row, and -inf in its second. It is changed.
    place : int array, shape (n,)
        Of each step in its run.
    """
    reach = 1
    while len(later := np.flatnonzero(place >= reach)):
        a, b = steps[..., later - reach], steps[..., later]
        steps[..., later] = np.logaddexp(a[:, :1] + b[:1], a[:, 1:] + b[1:])
        reach *= 2
    states: Floats = steps[0]
    return states
