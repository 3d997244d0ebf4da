"""Expectation-maximisation for Bayesian Knowledge Tracing on a prefix trie.

The model (Corbett & Anderson, 1995) is a hidden Markov chain of two states per skill and
student, 0 = not known and 1 = known::

    P(known at first opportunity) = prior
    P(0 -> 1 between opportunities) = learn      P(1 -> 0) = forget
    P(correct | 0) = guess                       P(correct | 1) = 1 - slip

All arrays below have a leading axis of restarts, so that several starting points run as one
batch; parameters have shape (n_restarts, n_groups).

References
----------
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of
  procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- L. Rabiner (1989). A tutorial on hidden Markov models and selected applications in
  speech recognition. Proceedings of the IEEE 77(2).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models.bkt.trie import PrefixTrie
from adaptlearn.numerics import Floats, Ints

MARGIN = 1e-6
"""How far below 1 guess + slip is held."""

FLOOR = 1e-5
"""How near 0 or 1 a free probability may come, so that no answer ever becomes impossible."""


class Parameters(NamedTuple):
    """BKT's probabilities; every field has the same shape."""

    prior: Floats
    learn: Floats
    forget: Floats
    guess: Floats
    slip: Floats

    def take(self, groups: Ints) -> Parameters:
        """The parameters of some groups (along the last axis)."""
        return Parameters(*(field[..., groups] for field in self))

    def emission(self) -> Floats:
        """P(symbol | state): a new first axis of states, a new last axis of symbols.

        An exposure says nothing about the state: its likelihood is 1 in both.
        """
        table = np.ones((2, *self.guess.shape, 3))
        table[0, ..., 0], table[0, ..., 1] = 1 - self.guess, self.guess
        table[1, ..., 0], table[1, ..., 1] = self.slip, 1 - self.slip
        return table


class Expectations(NamedTuple):
    """Expected counts of one E step, each of shape (n_restarts, n_groups).

    ``first`` counts sequences, ``first_known`` those that begin known; ``right_unknown`` counts
    right answers given while not known, and so on; ``learned`` of ``stay_unknown + learned``
    transitions out of not known, ``forgot`` of ``stay_known + forgot``.
    """

    log_likelihood: Floats
    first: Floats
    first_known: Floats
    right_unknown: Floats
    wrong_unknown: Floats
    right_known: Floats
    wrong_known: Floats
    learned: Floats
    stay_unknown: Floats
    forgot: Floats
    stay_known: Floats


def expectations(trie: PrefixTrie, parameters: Parameters) -> Expectations:
    """One E step: exact expected counts and log-likelihood, over all sequences at once.

    Forward, ``f(n)`` is the belief in *known* after node ``n`` and ``z(n)`` the probability of
    its response given the history before. Backward, ``B(n)`` is the sum over the sequences
    through ``n`` of the scaled backward message: ``end(n)`` for those that stop, plus, summed
    over the children ``c``, ``A b(c) B(c) / z(c)``. The message is linear, so summing it over
    sequences that share a history loses nothing.

    Raises
    ------
    ImpossibleHistoryError
        Exact zeros or ones among the parameters rule out a history that occurred.
    """
    restarts = len(parameters.prior)
    place = trie.group * 3 + trie.symbol
    likelihood = parameters.emission().reshape(2, restarts, -1)[..., place]
    belief, scale = _forward(trie, parameters, likelihood)
    if not np.all(scale > 0):
        raise _impossible(trie, scale)
    message, below = _backward(trie, parameters, likelihood / scale)

    n_groups, top = trie.n_groups, int(trie.levels[1])
    state = np.stack((1 - belief, belief))
    passed = state * message  # expected visits of each state, by node
    answers = _total(passed, place, 3 * n_groups).reshape(2, restarts, n_groups, 3)
    # From the first axis' state to the second's, apart from the transition's own probability.
    moves = state[:, None, :, trie.inner] * below
    moves = _total(moves, trie.group[trie.inner], n_groups)
    return Expectations(
        log_likelihood=_total(trie.weight * np.log(scale), trie.group, n_groups),
        first=_total(np.tile(trie.weight[:top], (restarts, 1)), trie.group[:top], n_groups),
        first_known=_total(passed[1, :, :top], trie.group[:top], n_groups),
        right_unknown=answers[0, ..., 1],
        wrong_unknown=answers[0, ..., 0],
        right_known=answers[1, ..., 1],
        wrong_known=answers[1, ..., 0],
        learned=parameters.learn * moves[0, 1],
        stay_unknown=(1 - parameters.learn) * moves[0, 0],
        forgot=parameters.forget * moves[1, 0],
        stay_known=(1 - parameters.forget) * moves[1, 1],
    )


def _forward(trie: PrefixTrie, parameters: Parameters, likelihood: Floats) -> tuple[Floats, Floats]:
    """Per restart and node: the belief after it, and the probability of its response."""
    learn = parameters.learn[:, trie.group]
    carry = 1 - parameters.learn - parameters.forget  # P(known next) = learn + carry * belief
    carried = carry[:, trie.group]
    belief = np.empty(learn.shape)
    scale = np.empty(learn.shape)
    with np.errstate(invalid="ignore"):  # 0 / 0: the caller finds and names it
        for level, (lo, hi) in enumerate(pairwise(trie.levels.tolist())):
            if level:
                known = belief.take(trie.parent[lo:hi], axis=1)
                known *= carried[:, lo:hi]
                known += learn[:, lo:hi]
            else:
                known = parameters.prior.take(trie.group[lo:hi], axis=1)
            z = 1 - known
            z *= likelihood[0, :, lo:hi]
            known *= likelihood[1, :, lo:hi]
            z += known
            np.divide(known, z, out=belief[:, lo:hi])
            scale[:, lo:hi] = z
    return belief, scale


def _backward(trie: PrefixTrie, parameters: Parameters, ratio: Floats) -> tuple[Floats, Floats]:
    """The messages per state, restart and node; their sums over the children of inner nodes.

    `ratio` is the likelihood of each node's response over its scale, shape
    (2, n_restarts, n_nodes). The sums leave out the transition into the children.
    """
    message = np.empty(ratio.shape)
    message[:] = trie.end
    below = np.empty((*ratio.shape[:2], len(trie.inner)))
    inner_group = trie.group[trie.inner]
    learn, forget = parameters.learn[:, inner_group], parameters.forget[:, inner_group]
    levels, inner_levels = trie.levels.tolist(), trie.inner_levels.tolist()
    for level in range(trie.depth - 2, -1, -1):
        lo, hi = levels[level + 1], levels[level + 2]
        left, right = inner_levels[level], inner_levels[level + 1]
        weighted = ratio[..., lo:hi] * message[..., lo:hi]
        sums = np.add.reduceat(weighted, trie.first_child[left:right] - lo, axis=-1)
        below[..., left:right] = sums
        gain = sums[1] - sums[0]
        sums[0] += learn[:, left:right] * gain
        sums[1] -= forget[:, left:right] * gain
        message[..., trie.inner[left:right]] += sums
    return message, below


def _total(values: Floats, index: Ints, bins: int) -> Floats:
    """Sums over the last axis, by an index of its elements."""
    rows = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    totals = np.empty((len(rows), bins))
    for total, row in zip(totals, rows, strict=True):
        total[:] = np.bincount(index, weights=row, minlength=bins)
    return totals.reshape(*values.shape[:-1], bins)


def _impossible(trie: PrefixTrie, scale: Floats) -> ImpossibleHistoryError:
    """The error that names the first history of probability 0."""
    node = int(np.argwhere(~(scale > 0))[0, 1])
    group, history = int(trie.group[node]), []
    for level in range(int(np.searchsorted(trie.levels, node, "right")) - 1, -1, -1):
        history.append(("wrong", "right", "exposure")[trie.symbol[node]])
        node = int(trie.parent[node]) if level else node
    told = ("…, " if len(history) > 12 else "") + ", ".join(reversed(history[:12]))
    error = ImpossibleHistoryError(
        f"the history ({told}) has probability 0 under parameters fixed at exactly 0 or 1"
    )
    error.group = group
    return error


class Pseudocounts(NamedTuple):
    """Beta priors as counts added to an M step: fields of shape (n_groups, 2).

    ``[:, 0]`` adds to the event (known at first, learned, forgot, guessed, slipped), ``[:, 1]``
    to its opposite.
    """

    prior: Floats
    learn: Floats
    forget: Floats
    guess: Floats
    slip: Floats

    @classmethod
    def centred(cls, parameters: Parameters, strength: Floats) -> Pseudocounts:
        """As much evidence as `strength` observations, shape (n_groups,), of `parameters`."""
        return cls(
            *(np.stack((field * strength, (1 - field) * strength), axis=-1) for field in parameters)
        )

    def log_density(self, parameters: Parameters) -> Floats:
        """The priors' log density up to a constant, shape (n_restarts, n_groups)."""
        total = np.zeros_like(parameters.prior)
        for counts, field in zip(self, parameters, strict=True):
            for side, value in ((counts[:, 0], field), (counts[:, 1], 1 - field)):
                used = side > 0
                total[:, used] += side[used] * np.log(value[:, used])
        return total


def maximise(
    counts: Expectations, old: Parameters, pseudo: Pseudocounts | None = None
) -> Parameters:
    """One M step. What was never seen, and has no pseudocount, keeps its old value.

    A parameter that is exactly 0 or 1 is fixed. The others stay within `FLOOR` of both ends;
    each enters the expected log-likelihood by a concave term of its own, so the nearest end is
    then its best value.

    guess + slip < 1 is held by stopping on the straight way from the old pair to the
    unconstrained best: the expected log-likelihood is concave in the pair, so it rises along
    the whole way, and the likelihood cannot fall (a generalised EM step).
    """

    def share(event: Floats, opposite: Floats, name: str) -> Floats:
        if pseudo is not None:
            added = getattr(pseudo, name)
            event, opposite = event + added[:, 0], opposite + added[:, 1]
        whole, value = event + opposite, getattr(old, name)
        fixed = (whole <= 0) | (value <= 0) | (value >= 1)
        best = np.clip(event / np.where(fixed, 1, whole), FLOOR, 1 - FLOOR)
        return np.where(fixed, value, best)

    guess = share(counts.right_unknown, counts.wrong_unknown, "guess")
    slip = share(counts.wrong_known, counts.right_known, "slip")
    room = np.maximum(1 - MARGIN - (old.guess + old.slip), 0)
    wanted = guess + slip - (old.guess + old.slip)
    step = np.where(wanted > room, room / np.where(wanted > room, wanted, 1), 1.0)
    return Parameters(
        prior=share(counts.first_known, counts.first - counts.first_known, "prior"),
        learn=share(counts.learned, counts.stay_unknown, "learn"),
        forget=share(counts.forgot, counts.stay_known, "forget"),
        guess=np.where(step < 1, old.guess + step * (guess - old.guess), guess),
        slip=np.where(step < 1, old.slip + step * (slip - old.slip), slip),
    )
