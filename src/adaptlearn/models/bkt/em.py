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
.. [1] A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of
   procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
.. [2] L. Rabiner (1989). A tutorial on hidden Markov models and selected applications in
   speech recognition. Proceedings of the IEEE 77(2).
"""

from __future__ import annotations

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

    def emission(self) -> tuple[Floats, Floats]:
        """P(symbol | not known) and P(symbol | known), with a new last axis of symbols.

        An exposure says nothing about the state: its likelihood is 1 in both.
        """
        one = np.ones_like(self.guess)
        unknown = np.stack((1 - self.guess, self.guess, one), axis=-1)
        known = np.stack((self.slip, 1 - self.slip, one), axis=-1)
        return unknown, known


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
    restarts, n_nodes = parameters.prior.shape[0], trie.n_nodes
    unknown_by, known_by = parameters.emission()
    place = trie.group * 3 + trie.symbol
    b0 = unknown_by.reshape(restarts, -1)[:, place]
    b1 = known_by.reshape(restarts, -1)[:, place]
    learn = parameters.learn[:, trie.group]
    carry = 1 - parameters.learn - parameters.forget  # P(known next) = learn + carry * f
    carried = carry[:, trie.group]

    belief = np.empty((restarts, n_nodes))
    scale = np.empty((restarts, n_nodes))
    levels = trie.levels.tolist()
    following = parameters.prior  # P(known) at the next opportunity, by node one level up
    with np.errstate(invalid="ignore"):  # 0 / 0 is found and named below
        for level, (lo, hi) in enumerate(pairwise(levels)):
            if level:
                known = following[:, trie.parent[lo:hi] - levels[level - 1]]
            else:
                known = parameters.prior[:, trie.group[lo:hi]]
            z = np.subtract(1, known)
            z *= b0[:, lo:hi]
            known *= b1[:, lo:hi]
            z += known
            known /= z
            scale[:, lo:hi], belief[:, lo:hi] = z, known
            following = learn[:, lo:hi] + carried[:, lo:hi] * known
    if not np.all(scale > 0):
        raise ImpossibleHistoryError(_name_impossible(trie, scale))

    backward = _backward(trie, parameters, b0, b1, scale)
    return _counts(trie, parameters, place, Forward(belief, scale), backward)


class Forward(NamedTuple):
    """Per restart and node: the belief after it, and the probability of its response."""

    belief: Floats
    scale: Floats


class Backward(NamedTuple):
    """Messages per restart and node; their sums over the children per restart and inner node."""

    message0: Floats
    message1: Floats
    sum0: Floats
    sum1: Floats


def _backward(
    trie: PrefixTrie, parameters: Parameters, b0: Floats, b1: Floats, scale: Floats
) -> Backward:
    restarts, n_nodes = scale.shape
    message0 = np.broadcast_to(trie.end, (restarts, n_nodes)).copy()
    message1 = message0.copy()
    sum0 = np.empty((restarts, len(trie.inner)))
    sum1 = np.empty_like(sum0)
    ratio0, ratio1 = b0 / scale, b1 / scale
    inner_group = trie.group[trie.inner]
    learn, forget = parameters.learn[:, inner_group], parameters.forget[:, inner_group]
    levels, inner_levels = trie.levels.tolist(), trie.inner_levels.tolist()
    for level in range(trie.depth - 2, -1, -1):
        lo, hi = levels[level + 1], levels[level + 2]
        left, right = inner_levels[level], inner_levels[level + 1]
        first = trie.first_child[left:right] - lo
        s0 = np.add.reduceat(ratio0[:, lo:hi] * message0[:, lo:hi], first, axis=1)
        s1 = np.add.reduceat(ratio1[:, lo:hi] * message1[:, lo:hi], first, axis=1)
        sum0[:, left:right], sum1[:, left:right] = s0, s1
        gain = s1 - s0
        nodes = trie.inner[left:right]
        message0[:, nodes] += s0 + learn[:, left:right] * gain
        message1[:, nodes] += s1 - forget[:, left:right] * gain
    return Backward(message0, message1, sum0, sum1)


def _counts(
    trie: PrefixTrie, parameters: Parameters, place: Ints, forward: Forward, backward: Backward
) -> Expectations:
    belief, scale = forward
    restarts, n_groups, top = len(belief), trie.n_groups, int(trie.levels[1])

    def total(values: Floats, index: Ints, bins: int) -> Floats:
        return np.stack([np.bincount(index, weights=row, minlength=bins) for row in values])

    shape = (restarts, n_groups, 3)
    known = belief * backward.message1
    unknown = (1 - belief) * backward.message0
    by_known = total(known, place, 3 * n_groups).reshape(shape)
    by_unknown = total(unknown, place, 3 * n_groups).reshape(shape)
    inner_group = trie.group[trie.inner]
    f = belief[:, trie.inner]
    from_known, from_unknown = f, 1 - f
    learned = parameters.learn * total(from_unknown * backward.sum1, inner_group, n_groups)
    stay0 = (1 - parameters.learn) * total(from_unknown * backward.sum0, inner_group, n_groups)
    forgot = parameters.forget * total(from_known * backward.sum0, inner_group, n_groups)
    stay1 = (1 - parameters.forget) * total(from_known * backward.sum1, inner_group, n_groups)
    first = np.bincount(trie.group[:top], weights=trie.weight[:top], minlength=n_groups)
    return Expectations(
        log_likelihood=total(trie.weight * np.log(scale), trie.group, n_groups),
        first=np.broadcast_to(first, (restarts, n_groups)),
        first_known=total(known[:, :top], trie.group[:top], n_groups),
        right_unknown=by_unknown[..., 1],
        wrong_unknown=by_unknown[..., 0],
        right_known=by_known[..., 1],
        wrong_known=by_known[..., 0],
        learned=learned,
        stay_unknown=stay0,
        forgot=forgot,
        stay_known=stay1,
    )


def _name_impossible(trie: PrefixTrie, scale: Floats) -> str:
    node = int(np.argwhere(~(scale > 0))[0, 1])
    group, history = int(trie.group[node]), []
    for level in range(int(np.searchsorted(trie.levels, node, "right")) - 1, -1, -1):
        history.append(("wrong", "right", "exposure")[trie.symbol[node]])
        node = int(trie.parent[node]) if level else node
    told = ", ".join(reversed(history))
    return f"parameter set {group}: the history ({told}) has probability 0 under its exact zeros"


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
