"""The E step where nothing is forgotten: by the odds of knowing, one number for each history.

Without forgetting the odds ``o`` of knowing after a node follow from those after its parent by

    o = k / ((1 - learn) u) * (o_parent + learn)

with ``u`` and ``k`` the likelihood of the node's response while not known and while known; at the
top, ``o = k / u * prior / (1 - prior)``. No number is scaled, and the likelihood of a history is
the product of its ``(1 - learn) u``, times ``1 + o`` at its end. Backward, the expected visits
while known are those of the sequences that end at the node, plus, of each child's, the part that
did not learn on the way: ``o_parent / (o_parent + learn)``. What was visited while not known is
the rest of the students. This is a third of the arithmetic that two states take.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.em.sweeps import Block, binned, blocks
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.entries import RIGHT, WRONG
from adaptlearn.models.bkt.parameters import Parameters, known_likelihood, unknown_likelihood
from adaptlearn.numerics import Floats, Ints


class Plan(NamedTuple):
    """What all passes along a trie share, whatever the parameters.

    Attributes
    ----------
    trie : PrefixTrie
    plain : bool
        Whether every parameter's cells are the groups.
    guess_place, slip_place : int arrays, shape (n_nodes,)
        Three times the cell, plus the answer.
    ends : int array, shape (n_ends,)
        Nodes at which histories end.
    begins : list of (int array, int array), one per shared level from the second on
        Where each parent's children begin in the level, and the parents.
    blocks : list of Block
    guess_weight, slip_weight : float arrays, shape (3 n_cells,)
        Students by place; `learn_weight` by the cell of the transition, and `prior_weight`.
    """

    trie: PrefixTrie
    plain: bool
    guess_place: Ints
    slip_place: Ints
    ends: Ints
    begins: list[tuple[Ints, Ints]]
    blocks: list[Block]
    guess_weight: Floats
    slip_weight: Floats
    learn_weight: Floats
    prior_weight: Floats

    @classmethod
    def of(cls, trie: PrefixTrie) -> Plan:
        """The plan of a trie."""
        cells, owner, top = trie.cells, trie.owner, trie.top
        plain = all(one is cells.prior for one in cells) and len(owner.prior) == trie.n_groups
        guess = cells.guess * 3 + trie.answer
        slip = guess if cells.slip is cells.guess else cells.slip * 3 + trie.answer
        begins: list[tuple[Ints, Ints]] = []
        for lo, hi in pairwise(trie.levels[1 : trie.shared + 1].tolist()):
            parents = trie.parent[lo:hi]
            first = np.flatnonzero(np.diff(parents, prepend=-1))
            begins.append((first, parents[first]))
        return cls(
            trie=trie,
            plain=plain,
            guess_place=guess,
            slip_place=slip,
            ends=np.flatnonzero(trie.end),
            begins=begins,
            blocks=blocks(trie),
            guess_weight=binned(trie.weight, guess, 3 * len(owner.guess)),
            slip_weight=binned(trie.weight, slip, 3 * len(owner.slip)),
            learn_weight=binned(trie.weight[top:], cells.learn[top:], len(owner.learn)),
            prior_weight=binned(trie.weight[:top], cells.prior[:top], len(owner.prior)),
        )


def count_by_odds(plan: Plan, parameters: Parameters) -> tuple[dict[str, Floats], Ints]:
    """The fields of `Expectations`, and the groups whose odds were no numbers.

    Those are to be counted another way: a probability is exactly 0 or 1, or a history so
    one-sided that its odds leave the range of numbers.

    Parameters
    ----------
    plan : Plan
    parameters : Parameters
        Fields of shape (n_restarts, n_cells), without forgetting.
    """
    trie = plan.trie
    odds, came = _forward(plan, parameters)
    stayed = _stayed(plan, parameters, came)
    at_end = odds.take(plan.ends, axis=1)
    whole = at_end + 1
    end = trie.end[plan.ends]
    group = trie.group[plan.ends]
    fits = binned(np.log(whole) * end, group, trie.n_groups)
    at_end *= end
    at_end /= whole
    known = np.zeros(odds.shape)
    known[:, plan.ends] = at_end
    _backward(plan, stayed, known)
    counts = _counts(plan, known, stayed, binned(at_end, group, trie.n_groups))
    counts["log_likelihood"] = fits + _while_unknown(plan, parameters)
    lost = np.zeros(0, np.int64)
    if not (np.isfinite(odds.max()) and odds.min() > 0 and np.isfinite(known.sum())):
        out = ~(np.isfinite(odds) & (odds > 0) & np.isfinite(known)).all(axis=0)
        lost = np.unique(trie.group[out]).astype(np.int64)
    return counts, lost


def _forward(plan: Plan, parameters: Parameters) -> tuple[Floats, Floats]:
    """The odds after each node, and before its response, shape (n_restarts, n_nodes)."""
    trie, cells = plan.trie, plan.trie.cells
    restarts = len(parameters.prior)
    odds = np.empty((restarts, trie.n_nodes))
    came = np.empty((restarts, trie.n_nodes))
    unknown, known = unknown_likelihood(parameters.guess), known_likelihood(parameters.slip)
    stay = 1 - parameters.learn
    top = slice(trie.top)
    if plan.plain:
        factor = (known / unknown / stay[..., None]).reshape(restarts, -1)
        factor.take(plan.guess_place, axis=1, out=odds, mode="clip")
        parameters.learn.take(cells.learn, axis=1, out=came, mode="clip")
        odds[:, top] *= stay.take(cells.learn[top], axis=1)
    else:
        known.reshape(restarts, -1).take(plan.slip_place, axis=1, out=odds, mode="clip")
        odds /= unknown.reshape(restarts, -1).take(plan.guess_place, axis=1)
        if parameters.learn.shape[1]:
            below = slice(trie.top, None)
            came[:, below] = parameters.learn.take(cells.learn[below], axis=1)
            odds[:, below] /= stay.take(cells.learn[below], axis=1)
    came[:, top] = (parameters.prior / (1 - parameters.prior)).take(cells.prior[top], axis=1)
    odds[:, top] *= came[:, top]
    levels = trie.levels.tolist()
    for level in range(1, len(levels) - 1):
        lo, hi = levels[level], levels[level + 1]
        if level <= trie.shared:
            before = odds.take(trie.parent[lo:hi], axis=1)
        else:
            first = levels[level - 1]
            before = odds[:, first : first + hi - lo]
        own = came[:, lo:hi]
        own += before
        after = odds[:, lo:hi]
        after *= own
    for block in plan.blocks:
        _forward_stretch(trie, block, odds, came)
    return odds, came


def _forward_stretch(trie: PrefixTrie, block: Block, odds: Floats, came: Floats) -> None:
    """A block of stretches: one bidiagonal system per restart, solved by compiled code."""
    nodes, first = slice(block.lo, block.hi), block.first
    came[:, first] += odds[:, trie.parent[first]]
    for own, before in zip(odds[:, nodes], came[:, nodes], strict=True):
        found = _solve(own, block, own * before, transposed=False)
        learn = before[block.heads]
        before[1:] += found[:-1]
        before[block.heads] = learn
        own[:] = found


def _solve(factor: Floats, block: Block, right: Floats, *, transposed: bool) -> Floats:
    """``x[t] = factor[t] x[t - 1] + right[t]`` along each stretch; transposed, backward."""
    from scipy.linalg.blas import dtbsv

    band = np.zeros((len(factor), 2))
    np.negative(factor[1:], out=band[:-1, 1])
    band[block.heads[1:] - 1, 1] = 0.0
    found = dtbsv(1, band.T, right, lower=1, trans=int(transposed), diag=1)
    return np.asarray(found)


def _stayed(plan: Plan, parameters: Parameters, came: Floats) -> Floats:
    """Of those who know, the part who already knew before: by node below the top, in place."""
    if parameters.learn.shape[1]:
        below = slice(plan.trie.top, None)
        part = came[:, below]
        np.divide(parameters.learn.take(plan.trie.cells.learn[below], axis=1), part, out=part)
        np.subtract(1, part, out=part)
    return came


def _backward(plan: Plan, stayed: Floats, known: Floats) -> None:
    """The expected visits while known, from those at the ends; in place."""
    trie = plan.trie
    for block in reversed(plan.blocks):
        nodes, first = slice(block.lo, block.hi), block.first
        for part, own in zip(stayed[:, nodes], known[:, nodes], strict=True):
            own[:] = _solve(part, block, own, transposed=True)
        sums = stayed[:, first] * known[:, first]
        np.add.at(known.T, trie.parent[first], sums.T)
    levels = trie.levels.tolist()
    for level in range(len(levels) - 2, 0, -1):
        lo, hi = levels[level], levels[level + 1]
        sums = stayed[:, lo:hi] * known[:, lo:hi]
        first = levels[level - 1]
        if level > trie.shared:
            above = known[:, first : first + hi - lo]
            above += sums
        elif level == trie.shared:
            known[:, first:lo] += binned(sums, trie.parent[lo:hi] - first, lo - first)
        else:
            begins, parents = plan.begins[level - 1]
            known[:, parents] += np.add.reduceat(sums, begins, axis=1)


def _counts(plan: Plan, known: Floats, stayed: Floats, known_at_end: Floats) -> dict[str, Floats]:
    cells, owner, top = plan.trie.cells, plan.trie.owner, plan.trie.top
    restarts = len(known)
    by_slip = binned(known, plan.slip_place, len(plan.slip_weight))
    by_guess = by_slip
    if plan.guess_place is not plan.slip_place:
        by_guess = binned(known, plan.guess_place, len(plan.guess_weight))
    rest = np.maximum(plan.guess_weight - by_guess, 0).reshape(restarts, -1, 3)
    by_slip = by_slip.reshape(restarts, -1, 3)
    first_known = binned(known[:, :top], cells.prior[:top], len(owner.prior))
    if plan.plain:
        learned = known_at_end - first_known  # what is known stays known
        all_known = by_slip.sum(axis=2) - first_known
    else:
        below = known[:, top:]
        all_known = binned(below, cells.learn[top:], len(owner.learn))
        learned = binned(below * (1 - stayed[:, top:]), cells.learn[top:], len(owner.learn))
    none: NDArray[np.float64] = np.zeros((restarts, len(owner.forget)))
    return {
        "first": np.tile(plan.prior_weight, (restarts, 1)),
        "first_known": first_known,
        "right_unknown": rest[..., RIGHT],
        "wrong_unknown": rest[..., WRONG],
        "right_known": by_slip[..., RIGHT],
        "wrong_known": by_slip[..., WRONG],
        "learned": np.maximum(learned, 0),
        "stay_unknown": np.maximum(plan.learn_weight - all_known, 0),
        "forgot": none,
        "stay_known": none,
    }


def _while_unknown(plan: Plan, parameters: Parameters) -> Floats:
    """The log-likelihood, by group, of never knowing."""
    owner, n_groups = plan.trie.owner, plan.trie.n_groups
    unknown = np.log(unknown_likelihood(parameters.guess)).reshape(len(parameters.guess), -1)
    total = binned(unknown * plan.guess_weight, np.repeat(owner.guess, 3), n_groups)
    total += binned(np.log1p(-parameters.prior) * plan.prior_weight, owner.prior, n_groups)
    if parameters.learn.shape[1]:
        total += binned(np.log1p(-parameters.learn) * plan.learn_weight, owner.learn, n_groups)
    return total
