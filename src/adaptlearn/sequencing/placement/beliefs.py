"""What answers say about skills that a prerequisite graph joins: array functions for `placement`.

Skills form a Bayesian network, read in one of two ways.

*On the way up*: a skill whose prerequisites are all mastered is mastered with a probability that
depends on the *kind* of student; one that lacks a prerequisite, with the small probability `LEAK`.

*Towards goals*: a skill is mastered because it is a goal, or because something mastered builds on
it. That is the same network turned around: its edges run from a skill to its prerequisites, and
its skills are *held* where they are *not* mastered. A skill on which nothing mastered builds is
held unless it is a goal, which depends on the kind of student; any other, with probability `LEAK`.

Beliefs are passed along the edges (Pearl, 1988), once from the deepest skills up and once back
down per answer: exact where no two paths join the same skills, an approximation elsewhere. Every
kind of student has beliefs of its own, and a weight that the answers move.

In a network, skills stand in order of depth, so that those of a level stand together, and arrays
of beliefs have the shape (n_skills, n_students, n_kinds). Outside, skills are in the curriculum's
order.

References
----------
J. Pearl (1988). Probabilistic Reasoning in Intelligent Systems. Morgan Kaufmann.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit, logit

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.curriculum.graph.routines import closure
from adaptlearn.numerics import Bools, Floats, Ints

Networks = tuple["Network", ...]

LEAK = 0.005
"""P(held) of a skill that lacks a prerequisite: graphs err, students take short cuts and forget."""

_N_KINDS = 8  # on the way up
_N_GOALS = np.array([1, 3, 10, 30])  # on average, of each kind that learns towards goals
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
    order, place : int arrays, shape (n_skills,)
        The curriculum's skills by depth, and where each of them stands.
    roots : slice
        The skills without prerequisites.
    levels : tuple of Level
        The others.
    parent : int array, shape (n_edges,)
        Where each edge comes from.
    rate : float array, shape (n_skills, 1, n_kinds)
        P(held | all prerequisites held), by kind of student.
    turned : bool
        Whether its prerequisites are what builds on a skill, and a skill is held if not mastered.
    """

    order: Ints
    place: Ints
    roots: slice
    levels: tuple[Level, ...]
    parent: Ints
    rate: Floats
    turned: bool


class Messages(NamedTuple):
    """What one network's kinds believe of a block of students, in log odds.

    Attributes
    ----------
    evidence : float array, shape (n_skills, n_students)
        From the skill's own answers.
    above : float array, shape (n_skills, n_students, n_kinds)
        From what is known of what comes before.
    below : float array of the same shape
        From the skill's own answers and from what builds on it.
    message : float array, shape (n_edges, n_students, n_kinds)
        What each edge contributes to `below` of the skill it comes from.
    """

    evidence: Floats
    above: Floats
    below: Floats
    message: Floats


class Beliefs(NamedTuple):
    """What is believed of a block of students; `learn_from` changes it in place.

    Attributes
    ----------
    weight : float array, shape (n_students, n_kinds)
        P(kind of student), the kinds of all networks one after the other.
    parts : tuple of Messages
        One of each network.
    """

    weight: Floats
    parts: tuple[Messages, ...]

    def of(self, students: Bools) -> Beliefs:
        """Those of some students."""
        parts = (Messages(*(table[:, students] for table in part)) for part in self.parts)
        return Beliefs(self.weight[students], tuple(parts))


def network(curriculum: Curriculum, rate: Floats, *, turned: bool = False) -> Network:
    """Lay out a curriculum.

    Prerequisites that others imply are left out: a skill's parents would count twice what they
    have in common.

    Parameters
    ----------
    curriculum : Curriculum
    rate : float array, shape (n_skills, n_kinds)
        In the curriculum's order.
    turned : bool, default False
    """
    edges = _reduced(curriculum.prerequisites)
    climb = curriculum.skill_index.codes(curriculum.topological_order.tolist())
    if turned:
        edges, climb = csr_array(edges.T), climb[::-1]
    depth = _depths(edges, climb)
    order = np.argsort(depth, kind="stable")
    edges = csr_array(edges[order][:, order])
    edges.sort_indices()
    bounds = np.searchsorted(depth[order], np.arange(depth.max(initial=0) + 2)).tolist()
    levels = tuple(_level(edges, first, last) for first, last in pairwise(bounds[1:]))
    parent = edges.indices.astype(np.intp)
    return Network(
        order, np.argsort(order), slice(0, bounds[1]), levels, parent, rate[order][:, None], turned
    )


def of_students(
    curriculum: Curriculum, rate: Floats, spread: float, goal_directed: float
) -> tuple[Networks, Floats]:
    """All kinds of student: their networks, and how probable each is before the first answer.

    Parameters
    ----------
    curriculum : Curriculum
    rate : float array, shape (n_skills,)
        P(mastered | all prerequisites mastered) of the middle kind on the way up.
    spread : float
        How far, in log odds, the weakest and the strongest of these are from it.
    goal_directed : float
        P(kind that learns towards goals).

    Returns
    -------
    networks : tuple of Network
    weight : float array, shape (n_kinds,)
    """
    n = len(rate)
    shift = np.linspace(-spread, spread, _N_KINDS)
    no_goal = 1 - np.minimum(_N_GOALS / max(n, 1), 0.5)
    nets = (
        network(curriculum, expit(logit(rate)[:, None] + shift)),
        network(curriculum, np.tile(no_goal, (n, 1)), turned=True),
    )
    shares = (1 - goal_directed) / _N_KINDS, goal_directed / len(_N_GOALS)
    return nets, np.repeat(shares, (_N_KINDS, len(_N_GOALS)))


def _reduced(before: csr_array) -> csr_array:
    """The prerequisites that no other prerequisite of the same skill implies."""
    implied = before.multiply((before @ closure(before)) > 0)
    left = csr_array(before - implied)
    left.eliminate_zeros()
    return left


def _depths(before: csr_array, climb: list[int]) -> Ints:
    depth = np.zeros(len(climb), np.intp)
    for skill in climb:
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


def before_answers(nets: Networks, weight: Floats, n_students: int) -> Beliefs:
    """What is believed of students of whom nothing is known.

    Parameters
    ----------
    nets : tuple of Network
    weight : float array, shape (n_kinds,)
        P(kind of student), the kinds of all networks one after the other.
    n_students : int
    """
    parts = tuple(_before_answers(net, n_students) for net in nets)
    return Beliefs(np.tile(weight, (n_students, 1)), parts)


def _before_answers(net: Network, n_students: int) -> Messages:
    n, _, n_kinds = net.rate.shape
    above, below = np.zeros((2, n, n_students, n_kinds))
    message = np.zeros((len(net.parent), n_students, n_kinds))
    part = Messages(np.zeros((n, n_students)), above, below, message)
    above[net.roots] = logit(net.rate[net.roots])
    _pass_down(net, part)
    return part


def mastered(nets: Networks, beliefs: Beliefs) -> Floats:
    """P(mastered), shape (n_students, n_skills)."""
    total = np.zeros((len(beliefs.weight), len(nets[0].place)))
    last = np.cumsum([net.rate.shape[2] for net in nets])[:-1]
    weights = np.split(beliefs.weight, last, axis=1)
    for net, part, weight in zip(nets, beliefs.parts, weights, strict=True):
        log_odds = part.above + part.below
        by_kind = _share(-log_odds if net.turned else log_odds)
        total += np.einsum("nst,st->sn", by_kind, weight)[:, net.place]
    return total


def learn_from(nets: Networks, beliefs: Beliefs, skill: Ints, correct: Bools, noise: Noise) -> None:
    """Take in one answer of each student, in place.

    Parameters
    ----------
    nets : tuple of Network
    beliefs : Beliefs
    skill : int array, shape (n_students,)
        Places in the curriculum.
    correct : bool array, shape (n_students,)
    noise : Noise
    """
    likelihood = np.concatenate(
        [
            _hear(net, part, net.place[skill], ~correct, Noise(noise.slip, noise.guess))
            if net.turned
            else _hear(net, part, net.place[skill], correct, noise)
            for net, part in zip(nets, beliefs.parts, strict=True)
        ],
        axis=1,
    )
    beliefs.weight[:] *= np.maximum(likelihood, _TINY)
    beliefs.weight[:] /= beliefs.weight.sum(axis=1, keepdims=True)


def _hear(net: Network, part: Messages, skill: Ints, said: Bools, noise: Noise) -> Floats:
    """Take in answers that say that a skill is held, or not; how likely each kind found them."""
    guess, slip = noise
    student = np.arange(len(skill))
    held = _share(part.above[skill, student] + part.below[skill, student])
    expected = held * (1 - slip) + (1 - held) * guess
    right, wrong = _log_ratio(1 - slip, guess), _log_ratio(slip, 1 - guess)
    part.evidence[skill, student] += np.where(said, right, wrong)
    _pass_up(net, part)
    _pass_down(net, part)
    return np.where(said[:, None], expected, 1 - expected)


def _log_ratio(held: float, not_held: float) -> float:
    if held == 0 or not_held == 0:
        return -_PROOF if held == 0 else _PROOF
    return float(np.log(held / not_held))


def _share(log_odds: Floats) -> Floats:
    share: Floats = expit(np.clip(log_odds, -_FAR, _FAR))
    return share


def _log_held_but_for(net: Network, part: Messages, edges: slice) -> Floats:
    """Log P(held) of the skills that edges come from, but for what the edges told them."""
    parent = net.parent[edges]
    rest = part.above[parent] + part.below[parent] - part.message[edges]
    return np.asarray(np.log(_share(rest)))


def _pass_up(net: Network, part: Messages) -> None:
    """From the deepest skills up: what answers say about what comes before."""
    held = _log_held_but_for(net, part, slice(None))
    part.below[:] = part.evidence[:, :, None]
    for level in reversed(net.levels):
        log_held = held[level.edges]
        total = np.add.reduceat(log_held, level.starts, axis=0)
        others = np.exp(total[level.child] - log_held)
        rate = net.rate[level.skills]
        odds = np.exp(np.clip(part.below[level.skills], -_FAR, _FAR))
        # How much likelier the answers are where all prerequisites are held.
        gain = (rate * odds + 1 - rate) / (LEAK * odds + 1 - LEAK) - 1
        message = np.log1p(np.maximum(others * gain[level.child], _TINY - 1))
        part.message[level.edges] = message
        told = level.gather @ message.reshape(len(message), -1)
        part.below[level.before] += told.reshape(-1, *message.shape[1:])


def _pass_down(net: Network, part: Messages) -> None:
    """From the roots down: what is known of a skill says what may build on it."""
    for level in net.levels:
        log_held = _log_held_but_for(net, part, level.edges)
        ready = np.exp(np.add.reduceat(log_held, level.starts, axis=0))
        share = LEAK + (net.rate[level.skills] - LEAK) * ready
        part.above[level.skills] = logit(np.clip(share, _TINY, 1 - _TINY))
