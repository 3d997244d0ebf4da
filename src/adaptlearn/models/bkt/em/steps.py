"""Expectation-maximisation for Bayesian Knowledge Tracing on a prefix trie.

The model (Corbett & Anderson, 1995) is a hidden Markov chain of two states per skill and
student, 0 = not known and 1 = known::

    P(known at first opportunity) = prior
    P(0 -> 1 between opportunities) = learn      P(1 -> 0) = forget
    P(correct | 0) = guess                       P(correct | 1) = 1 - slip

All arrays below have a leading axis of restarts, so that several starting points run as one
batch; parameters have shape (n_restarts, n_cells), where cells are skills, or their classes.

References
----------
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of
  procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- L. Rabiner (1989). A tutorial on hidden Markov models and selected applications in
  speech recognition. Proceedings of the IEEE 77(2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from adaptlearn.errors import ImpossibleHistoryError
from adaptlearn.models.bkt.em.logarithms import exponential_of_sum, log_sweeps
from adaptlearn.models.bkt.em.odds import Plan, count_by_odds
from adaptlearn.models.bkt.em.room import Room
from adaptlearn.models.bkt.em.sweeps import Chances, Swept, backward, binned, chances, forward
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.entries import RIGHT, WRONG
from adaptlearn.models.bkt.parameters import MARGIN, Cells, Limits, Parameters
from adaptlearn.numerics import Floats, Ints

_AT_ONCE = 1 << 15  # nodes and restarts whose counts stay in the cache together

_TINY = 1e-280
"""A belief above this has kept its digits."""

_HUGE = 1e200
"""Below this a message makes nothing of a belief that was too small for a number."""


class Expectations(NamedTuple):
    """Expected counts of one E step, of shape (n_restarts, n_cells) of their parameter.

    `log_likelihood` is by group, (n_restarts, n_groups).

    ``first`` counts sequences, ``first_known`` those that begin known; ``right_unknown`` counts
    right answers given while not known, and so on; ``learned`` of ``stay_unknown + learned``
    transitions out of not known, ``forgot`` of ``stay_known + forgot`` (both 0 where nothing can
    be forgotten: then there is nothing to count).
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


def expectations(
    trie: PrefixTrie,
    parameters: Parameters,
    weigh: Callable[[Floats], Floats] | None = None,
    plan: Plan | None = None,
) -> Expectations:
    """One E step: exact expected counts and log-likelihood, over all sequences at once.

    Forward, ``f(n)`` is the belief after node ``n`` and ``z(n)`` the probability of its response
    given the history before. Backward, ``B(n)`` is the sum over the sequences through ``n`` of
    the scaled backward message: ``end(n)`` for those that stop, plus, summed over the children
    ``c``, ``A b(c) B(c) / z(c)``. The message is linear, so summing it over sequences that share
    a history loses nothing.

    Parameters
    ----------
    trie : PrefixTrie
    parameters : Parameters
    weigh : callable, optional
        Gives each node's `end`, by restart, shape (n_restarts, n_nodes), from the logarithms of
        ``z``, which it may change. By default the trie's own counts for all restarts. The counts
        ``first`` and the log-likelihood are of the trie's weights all the same.
    plan : Plan, optional
        Of the trie: for who passes along it again and again.

    Raises
    ------
    ImpossibleHistoryError
        Exact zeros or ones among the parameters rule out a history that occurred.
    """
    with np.errstate(all="ignore"):  # what leaves the range of numbers is found, and done again
        if weigh is not None or parameters.forget.any():
            return _by_states(trie, parameters, weigh)
        by_name, lost = count_by_odds(plan or Plan.of(trie), parameters)
        return _again(Expectations(**by_name), lost, trie, parameters, _by_states)


def _again(
    counts: Expectations,
    lost: Ints,
    trie: PrefixTrie,
    parameters: Parameters,
    way: Callable[[PrefixTrie, Parameters], Expectations],
) -> Expectations:
    """The counts, with those of the lost groups found in another way."""
    if not len(lost):
        return counts
    cells = trie.cells_of(lost)
    try:
        found = way(trie.restrict(lost), parameters.take(cells))
    except ImpossibleHistoryError as error:
        error.group = int(lost[error.group])
        raise
    order = (cells.prior, cells.guess, cells.slip, cells.learn, cells.forget)
    places = [lost, *(place for place in order for _ in range(2))]
    for all_counts, new, place in zip(counts, found, places, strict=True):
        all_counts[:, place] = new
    return counts


def _by_states(
    trie: PrefixTrie, parameters: Parameters, weigh: Callable[[Floats], Floats] | None = None
) -> Expectations:
    """The expectations from sweeps that carry the probabilities of both states."""
    chance = chances(trie, parameters)
    state, scale = forward(trie, chance)
    if weigh is not None:
        trie = trie._replace(end=weigh(_log_scale(trie, parameters, state, scale)))
    arriving = chance.likelihood
    arriving /= scale
    message = backward(trie, chance, arriving)
    swept = Swept(state, scale, arriving, message)
    counts = _count(trie, chance, swept)
    return _again(counts, _lost(trie, swept), trie, parameters, _in_logarithms)


def _log_scale(trie: PrefixTrie, parameters: Parameters, state: Floats, scale: Floats) -> Floats:
    """The logarithms of `scale`, right also after a belief that was too small for a number."""
    found = np.log(scale)
    if scale.min() > 0 and not np.any((state > 0) & (state < _TINY)):
        return found
    out = ~(scale > 0).all(axis=0) | ((state > 0) & (state < _TINY)).any(axis=(0, 1))
    groups = np.unique(trie.group[out]).astype(np.int64)
    part, nodes = trie.restrict(groups), np.isin(trie.group, groups)
    found[:, nodes] = log_sweeps(part, parameters.take(trie.cells_of(groups))).scale
    return found


def _lost(trie: PrefixTrie, swept: Swept) -> Ints:
    """Groups in which a belief was too small for a number, and may have counted all the same.

    A belief that underflows is below 1e-290; it counts where its message is the larger.
    """
    if swept.scale.min() > 0 and max(swept.message.max(), swept.arriving.max()) < _HUGE:
        return np.empty(0, np.int64)
    out = ~(swept.scale > 0).all(axis=0)
    for field in (swept.message, swept.arriving):
        out |= ~(field < _HUGE).all(axis=(0, 1))
    return np.unique(trie.group[out]).astype(np.int64)


def _in_logarithms(trie: PrefixTrie, parameters: Parameters) -> Expectations:
    """The same expectations of a few groups, at a higher price."""
    swept = log_sweeps(trie, parameters)
    if np.any(np.isneginf(swept.scale)):
        raise _impossible(trie, swept.scale)
    return _count(trie, chances(trie, parameters), swept, in_logarithms=True)


def _count(
    trie: PrefixTrie, chance: Chances, swept: Swept, *, in_logarithms: bool = False
) -> Expectations:
    """Expected counts from the sweeps, a stretch of nodes at a time: what fits the cache."""
    product = exponential_of_sum if in_logarithms else np.multiply
    state, scale, arriving, message = swept
    restarts, cells = len(scale), trie.cells
    n_prior, n_learn, n_forget, n_guess, n_slip = (len(owner) for owner in trie.owner)
    fits = np.zeros((restarts, trie.n_groups))
    learned, forgot = np.zeros((2, restarts, n_learn)), np.zeros((2, restarts, n_forget))
    answers = (
        np.zeros((restarts, 3 * n_guess)),
        np.zeros((restarts, 3 * n_slip)),
    )
    step = max(1, _AT_ONCE // restarts)
    for lo in range(0, trie.n_nodes, step):
        nodes = slice(lo, lo + step)
        fit = scale[:, nodes] if in_logarithms else np.log(scale[:, nodes])
        fits += binned(fit * trie.weight[nodes], trie.group[nodes], trie.n_groups)
        visits = product(message[:, :, nodes], state[:, :, nodes])
        for known, cell in enumerate((cells.guess, cells.slip)):
            place = cell[nodes] * 3 + trie.answer[nodes]
            answers[known][:] += binned(visits[known], place, answers[known].shape[1])
        nodes = slice(max(lo, trie.top), lo + step)
        if nodes.start >= min(nodes.stop, trie.n_nodes):
            continue
        before = state.take(trie.parent[nodes], axis=2)
        came = arriving[:, :, nodes]
        learned += binned(
            _moved(product(before[0], came), chance.learn[:, nodes]), cells.learn[nodes], n_learn
        )
        if chance.forget is not None:
            forgot += binned(
                _moved(product(before[1], came[::-1]), chance.forget[:, nodes]),
                cells.forget[nodes],
                n_forget,
            )
    top = slice(trie.top)
    prior = cells.prior[top]
    first = np.broadcast_to(trie.weight[top], (restarts, trie.top))
    unknown = answers[0].reshape(restarts, -1, 3)
    known_answers = answers[1].reshape(restarts, -1, 3)
    return Expectations(
        log_likelihood=fits,
        first=binned(first, prior, n_prior),
        first_known=binned(product(message[1, :, top], state[1, :, top]), prior, n_prior),
        right_unknown=unknown[..., RIGHT],
        wrong_unknown=unknown[..., WRONG],
        right_known=known_answers[..., RIGHT],
        wrong_known=known_answers[..., WRONG],
        stay_unknown=learned[0],
        learned=learned[1],
        stay_known=forgot[0],
        forgot=forgot[1],
    )


def _moved(moves: Floats, probability: Floats) -> Floats:
    """Expected transitions of one state into each node: those that stay, those that leave.

    `moves` is a state's belief times what arrives, in itself and in the other; it is changed.
    """
    leave = moves[1] * probability
    moves[0] -= moves[0] * probability
    moves[1] = leave
    return moves


def _impossible(trie: PrefixTrie, log_scale: Floats) -> ImpossibleHistoryError:
    """The error that names the first history of probability 0."""
    node = int(np.argwhere(np.isneginf(log_scale))[0, 1])
    group, history = int(trie.group[node]), []
    while node >= 0:
        history.append(("wrong", "right", "exposure")[trie.answer[node]])
        node = int(trie.parent[node])
    told = ("…, " if len(history) > 12 else "") + ", ".join(reversed(history[:12]))
    error = ImpossibleHistoryError(
        f"the history ({told}) has probability 0 under parameters fixed at exactly 0 or 1"
    )
    error.group = group
    return error


class Pseudocounts(NamedTuple):
    """Beta priors as counts added to an M step: fields of shape (n_cells, 2).

    The first column counts the event (learned, guessed, …), the second its opposite.
    """

    prior: Floats
    learn: Floats
    forget: Floats
    guess: Floats
    slip: Floats

    @classmethod
    def centred(cls, parameters: Parameters, strength: Parameters) -> Pseudocounts:
        """As much evidence as `strength` observations, per cell, of `parameters`."""
        return cls(
            *(
                np.stack((field * much, (1 - field) * much), axis=-1)
                for field, much in zip(parameters, strength, strict=True)
            )
        )

    def take(self, cells: Cells) -> Pseudocounts:
        """The counts of some cells."""
        return Pseudocounts(*(field[index] for field, index in zip(self, cells, strict=True)))

    def log_density(self, parameters: Parameters, owner: Cells, n_groups: int) -> Floats:
        """The priors' log density up to a constant, by group: (n_restarts, n_groups)."""
        total = np.zeros((len(parameters.prior), n_groups))
        for counts, field, group in zip(self, parameters, owner, strict=True):
            terms = np.zeros_like(field)
            for side, value in ((counts[:, 0], field), (counts[:, 1], 1 - field)):
                # What is fixed at exactly 0 or 1 does not move: it is left out.
                used = (side > 0) & (value > 0)
                terms += side * np.log(np.where(used, value, 1.0))
            total += binned(terms, group, n_groups)
        return total


def gradient(
    counts: Expectations, parameters: Parameters, pseudo: Pseudocounts | None = None
) -> Parameters:
    """Of the (penalised) log-likelihood by every parameter's logit; shaped as `parameters`."""
    events = (
        (counts.first_known, counts.first - counts.first_known),
        (counts.learned, counts.stay_unknown),
        (counts.forgot, counts.stay_known),
        (counts.right_unknown, counts.wrong_unknown),
        (counts.wrong_known, counts.right_known),
    )
    slopes = []
    for index, (value, (event, opposite)) in enumerate(zip(parameters, events, strict=True)):
        added = np.zeros((value.shape[-1], 2)) if pseudo is None else pseudo[index]
        slopes.append((1 - value) * (event + added[:, 0]) - value * (opposite + added[:, 1]))
    return Parameters(*slopes)


def maximise(
    counts: Expectations,
    old: Parameters,
    room: Room,
    limits: Limits,
    pseudo: Pseudocounts | None = None,
) -> Parameters:
    """One M step. What was never seen, and has no pseudocount, keeps its old value.

    A parameter that is exactly 0 or 1 is fixed. The others stay within `limits`; each enters the
    expected log-likelihood by a concave term of its own, so the nearest end is then its best
    value.

    guess + slip < 1 is held by stopping on the straight way from the old pair to the
    unconstrained best: the expected log-likelihood is concave in the pair, so it rises along
    the whole way, and the likelihood cannot fall (a generalised EM step). Cells that meet in
    pairs stop together.
    """

    def share(event: Floats, opposite: Floats, name: str) -> Floats:
        if pseudo is not None:
            added = getattr(pseudo, name)
            event, opposite = event + added[:, 0], opposite + added[:, 1]
        whole, value = event + opposite, getattr(old, name)
        fixed = (whole <= 0) | (value <= 0) | (value >= 1)
        best = event / np.where(fixed, 1, whole)
        best = np.clip(best, getattr(limits.low, name), getattr(limits.high, name))
        return np.where(fixed, value, best)

    guess = share(counts.right_unknown, counts.wrong_unknown, "guess")
    slip = share(counts.wrong_known, counts.right_known, "slip")
    before = old.guess[:, room.guess] + old.slip[:, room.slip]
    space = np.maximum(1 - MARGIN - before, 0)
    wanted = guess[:, room.guess] + slip[:, room.slip] - before
    if np.any(wanted > space):
        over = wanted > space
        share_of_way = np.where(over, space / np.where(over, wanted, 1), 1.0)
        step = np.ones((len(guess), room.n_parts))
        np.minimum.at(step.T, room.part, share_of_way.T)
        by_guess, by_slip = step[:, room.guess_part], step[:, room.slip_part]
        guess = np.where(by_guess < 1, old.guess + by_guess * (guess - old.guess), guess)
        slip = np.where(by_slip < 1, old.slip + by_slip * (slip - old.slip), slip)
    return Parameters(
        prior=share(counts.first_known, counts.first - counts.first_known, "prior"),
        learn=share(counts.learned, counts.stay_unknown, "learn"),
        forget=share(counts.forgot, counts.stay_known, "forget"),
        guess=guess,
        slip=slip,
    )
