"""What answers say about skills that a prerequisite graph joins: array functions for `placement`.

Skills form a Bayesian network. A skill whose prerequisites are all mastered is mastered with a
probability that depends on the *kind* of student; one that lacks a prerequisite, with the small
probability `LEAK`. Beliefs are passed along the edges (Pearl, 1988), once from the deepest skills
up and once back down per answer: exact where no two paths join the same skills, an approximation
elsewhere. Every kind of student has beliefs of its own, and a weight that the answers move.

Arrays of beliefs have the shape (n_skills, n_students, n_kinds), skills in order of depth, so that
the skills of a level stand together.

References
----------
J. Pearl (1988). Probabilistic Reasoning in Intelligent Systems. Morgan Kaufmann.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit, logit

from adaptlearn.sequencing.curriculum import Curriculum
from adaptlearn.sequencing.graph import closure

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

LEAK = 0.005
"""P(mastered) of a skill that lacks a prerequisite: graphs err, and students take short cuts."""

_TINY = 1e-12
_FAR = 30.0  # log odds whose exponential still is a plain number
_PROOF = 1e6  # log odds of an answer that leaves no doubt: beyond what all neighbours may weigh


class Noise(NamedTuple):
    """How answers stray: P(correct | not mastered) and P(wrong | mastered)."""

    guess: float
    slip: float


class Level(NamedTuple):
    """Skills of one depth, with the edges from their prerequisites.

    Attributes
    ----------
    skills, edges : slice
    starts : int array, shape (n_skills of the level,)
        Where each skill's edges begin, counted from the level's first.
    child : int array, shape (n_edges of the level,)
        The skill each edge leads to, counted from the level's first.
    before : int array
        The distinct skills that the edges come from.
    gather : sparse array, shape (len(before), n_edges of the level)
        Sums over the edges that leave each of these.
    """

    skills: slice
    edges: slice
    starts: Ints
    child: Ints
    before: Ints
    gather: csr_array


class Network(NamedTuple):
    """A curriculum's prerequisites, laid out for passing beliefs.

    Attributes
    ----------
    order : int array, shape (n_skills,)
        Places in the curriculum of the skills, by depth.
    roots : slice
        The skills without prerequisites.
    levels : tuple of Level
        The others.
    parent : int array, shape (n_edges,)
        Where each edge comes from.
    rate : float array, shape (n_skills, 1, n_kinds)
        P(mastered | all prerequisites mastered), by kind of student.
    """

    order: Ints
    roots: slice
    levels: tuple[Level, ...]
    parent: Ints
    rate: Floats


class Beliefs(NamedTuple):
    """What is believed of a block of students; `learn_from` changes it in place.

    Attributes
    ----------
    weight : float array, shape (n_students, n_kinds)
        P(kind of student).
    evidence : float array, shape (n_skills, n_students)
        Log odds from the skill's own answers.
    above : float array, shape (n_skills, n_students, n_kinds)
        Log odds of mastery from what is known of what comes before.
    below : float array of the same shape
        Log odds from the skill's own answers and from what builds on it.
    message : float array, shape (n_edges, n_students, n_kinds)
        What each edge contributes to `below` of the skill it comes from.
    """

    weight: Floats
    evidence: Floats
    above: Floats
    below: Floats
    message: Floats

    def of(self, students: Bools) -> Beliefs:
        """Those of some students."""
        by_skill = (table[:, students] for table in self[1:])
        return Beliefs(self.weight[students], *by_skill)

    def by_kind(self) -> Floats:
        """P(mastered) for each kind of student, shape (n_skills, n_students, n_kinds)."""
        return _share(self.above + self.below)

    def mastered(self) -> Floats:
        """P(mastered), shape (n_skills, n_students)."""
        mean: Floats = np.einsum("nst,st->ns", self.by_kind(), self.weight)
        return mean


def network(curriculum: Curriculum, rate: Floats) -> Network:
    """Lay out a curriculum.

    Prerequisites that others imply are left out: a skill's parents would count twice what they
    have in common.

    Parameters
    ----------
    curriculum : Curriculum
    rate : float array, shape (n_skills, n_kinds)
        In the curriculum's order.
    """
    edges = _reduced(curriculum.prerequisites)
    depth = _depths(curriculum, edges)
    order = np.argsort(depth, kind="stable")
    edges = csr_array(edges[order][:, order])
    edges.sort_indices()
    bounds = np.searchsorted(depth[order], np.arange(depth.max(initial=0) + 2)).tolist()
    levels = tuple(_level(edges, first, last) for first, last in pairwise(bounds[1:]))
    parent = edges.indices.astype(np.intp)
    return Network(order, slice(0, bounds[1]), levels, parent, rate[order][:, None])


def _reduced(before: csr_array) -> csr_array:
    """The prerequisites that no other prerequisite of the same skill implies."""
    implied = before.multiply((before @ closure(before)) > 0)
    left = csr_array(before - implied)
    left.eliminate_zeros()
    return left


def _depths(curriculum: Curriculum, before: csr_array) -> Ints:
    depth = np.zeros(len(curriculum.skills), np.intp)
    for skill in curriculum.skill_index.codes(curriculum.topological_order.tolist()):
        first, last = before.indptr[skill : skill + 2]
        depth[skill] = depth[before.indices[first:last]].max(initial=-1) + 1
    return depth


def _level(edges: csr_array, first: int, last: int) -> Level:
    start, end = edges.indptr[[first, last]]
    before, place = np.unique(edges.indices[start:end], return_inverse=True)
    ones: Any = (np.ones(end - start), (place, np.arange(end - start)))
    return Level(
        slice(first, last),
        slice(start, end),
        (edges.indptr[first:last] - start).astype(np.intp),
        np.repeat(np.arange(last - first), np.diff(edges.indptr[first : last + 1])),
        before.astype(np.intp),
        csr_array(ones, shape=(len(before), end - start)),
    )


def before_answers(net: Network, n_students: int) -> Beliefs:
    """What is believed of students of whom nothing is known."""
    n, _, n_kinds = net.rate.shape
    weight = np.full((n_students, n_kinds), 1 / n_kinds)
    above, below = np.zeros((2, n, n_students, n_kinds))
    message = np.zeros((len(net.parent), n_students, n_kinds))
    beliefs = Beliefs(weight, np.zeros((n, n_students)), above, below, message)
    above[net.roots] = logit(net.rate[net.roots])
    _pass_down(net, beliefs)
    return beliefs


def learn_from(net: Network, beliefs: Beliefs, skill: Ints, correct: Bools, noise: Noise) -> None:
    """Take in one answer of each student, in place.

    Parameters
    ----------
    net : Network
    beliefs : Beliefs
    skill : int array, shape (n_students,)
        Places in the network's order.
    correct : bool array, shape (n_students,)
    noise : Noise
    """
    guess, slip = noise
    student = np.arange(len(skill))
    known = _share(beliefs.above[skill, student] + beliefs.below[skill, student])
    expected = known * (1 - slip) + (1 - known) * guess
    likelihood = np.where(correct[:, None], expected, 1 - expected)
    beliefs.weight[:] *= np.maximum(likelihood, _TINY)
    beliefs.weight[:] /= beliefs.weight.sum(axis=1, keepdims=True)
    right, wrong = _log_ratio(1 - slip, guess), _log_ratio(slip, 1 - guess)
    beliefs.evidence[skill, student] += np.where(correct, right, wrong)
    _pass_up(net, beliefs)
    _pass_down(net, beliefs)


def _log_ratio(mastered: float, not_mastered: float) -> float:
    if mastered == 0 or not_mastered == 0:
        return -_PROOF if mastered == 0 else _PROOF
    return float(np.log(mastered / not_mastered))


def _share(log_odds: Floats) -> Floats:
    share: Floats = expit(np.clip(log_odds, -_FAR, _FAR))
    return share


def _log_known_but_for(net: Network, beliefs: Beliefs, edges: slice) -> Floats:
    """Log P(mastered) of the skills that edges come from, but for what the edges told them."""
    parent = net.parent[edges]
    rest = beliefs.above[parent] + beliefs.below[parent] - beliefs.message[edges]
    return np.asarray(np.log(_share(rest)))


def _pass_up(net: Network, beliefs: Beliefs) -> None:
    """From the deepest skills up: what answers say about what comes before."""
    known = _log_known_but_for(net, beliefs, slice(None))
    beliefs.below[:] = beliefs.evidence[:, :, None]
    for level in reversed(net.levels):
        log_known = known[level.edges]
        total = np.add.reduceat(log_known, level.starts, axis=0)
        others = np.exp(total[level.child] - log_known)
        rate = net.rate[level.skills]
        odds = np.exp(np.clip(beliefs.below[level.skills], -_FAR, _FAR))
        # How much likelier the answers are where all prerequisites are mastered.
        gain = (rate * odds + 1 - rate) / (LEAK * odds + 1 - LEAK) - 1
        message = np.log1p(np.maximum(others * gain[level.child], _TINY - 1))
        beliefs.message[level.edges] = message
        told = level.gather @ message.reshape(len(message), -1)
        beliefs.below[level.before] += told.reshape(-1, *message.shape[1:])


def _pass_down(net: Network, beliefs: Beliefs) -> None:
    """From the roots down: what is known of a skill says what may build on it."""
    for level in net.levels:
        log_known = _log_known_but_for(net, beliefs, level.edges)
        ready = np.exp(np.add.reduceat(log_known, level.starts, axis=0))
        share = LEAK + (net.rate[level.skills] - LEAK) * ready
        beliefs.above[level.skills] = logit(np.clip(share, _TINY, 1 - _TINY))
