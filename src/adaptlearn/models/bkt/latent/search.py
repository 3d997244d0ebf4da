"""From a fit without classes of students to the fit with them, by EM.

References
----------
- A. Dempster, N. Laird, D. Rubin (1977). Maximum likelihood from incomplete data via the EM
  algorithm. Journal of the Royal Statistical Society B 39(1), 1-38.
- R. Varadhan, C. Roland (2008). Simple and globally convergent methods for accelerating the
  convergence of any EM algorithm. Scandinavian Journal of Statistics 35(2), 335-353.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, logit

from adaptlearn.models.bkt.em.climb import Terms
from adaptlearn.models.bkt.em.groups import Settings
from adaptlearn.models.bkt.em.steps import Expectations, maximise
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.latent.expectation import Expected, expect
from adaptlearn.models.bkt.latent.maximisation import Shifted, maximise_shifted, penalty
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Limits, Parameters
from adaptlearn.models.bkt.student_classes import StudentClasses
from adaptlearn.numerics import Floats

SPREAD = 1.0
"""The standard deviation of the shifts' prior, in log odds."""

PSEUDO_STUDENTS = 1.0
"""Students that each class has in advance, so that none is ever empty."""

_APART = 1.0
"""How far the first shifts lie from 0."""

_RACE = 10
"""EM steps that tell which start is good."""

_LONGEST = 50.0
"""The most EM steps that one longer step may stand for."""


class Point(NamedTuple):
    """A mixture in the search.

    Attributes
    ----------
    weights : float array, shape (n_classes,)
    prior, learn : Shifted
    common : Parameters
        Fields of shape (1, n_groups), of which guess, slip and forget count.
    """

    weights: Floats
    prior: Shifted
    learn: Shifted
    common: Parameters

    @property
    def by_class(self) -> Parameters:
        """Every class's probabilities, fields of shape (n_classes, n_groups)."""
        prior, learn = self.prior.value, self.learn.value
        rest = (np.broadcast_to(f, prior.shape) for f in self.common[2:])
        return Parameters(prior, learn, *rest)

    @property
    def typical(self) -> Parameters:
        """The skills' probabilities at shifts of 0, fields of shape (n_groups,)."""
        none = np.zeros(1)
        own = (one._replace(shift=none).value[0] for one in (self.prior, self.learn))
        return Parameters(*own, *(field[0] for field in self.common[2:]))


class Found(NamedTuple):
    """Where the search came to rest: after how many steps, and whether nothing was left to gain."""

    point: Point
    n_iter: int
    converged: bool


class Problem(NamedTuple):
    """What is fitted: histories, whose they are, and on what terms."""

    trie: PrefixTrie
    histories: Any
    terms: Terms

    def expect(self, at: Point) -> tuple[Expected, float]:
        """The E step, and the penalised log-likelihood."""
        found, terms = expect(self.trie, self.histories, at.by_class, at.weights), self.terms
        objective = found.log_likelihood + PSEUDO_STUDENTS * float(np.log(at.weights).sum())
        objective -= penalty(at.prior.shift, SPREAD) + penalty(at.learn.shift, SPREAD)
        if terms.pseudo is not None:
            typical = at.typical.stacked()
            density = terms.pseudo.log_density(typical, self.trie.owner, self.trie.n_groups)
            objective += float(density.sum())
        return found, objective

    def maximise(self, at: Point, found: Expected) -> Point:
        """The M step."""
        counts = found.counts
        students = found.share.sum(axis=1) + PSEUDO_STUDENTS
        prior = self._shifted(
            at.prior, "prior", counts.first_known, counts.first - counts.first_known
        )
        learn = self._shifted(at.learn, "learn", counts.learned, counts.stay_unknown)
        summed = Expectations(*(field.sum(axis=0, keepdims=True) for field in counts))
        common = maximise(summed, at.common, *self.terms)
        return Point(students / students.sum(), prior, learn, common)

    def _shifted(self, old: Shifted, name: str, event: Floats, opposite: Floats) -> Shifted:
        pseudo = np.zeros((self.trie.n_groups, 2))
        if self.terms.pseudo is not None:
            pseudo = getattr(self.terms.pseudo, name)
        return maximise_shifted(old, event, opposite, pseudo, SPREAD)

    def step(self, at: Point) -> tuple[Point, float]:
        """One EM step, and the penalised log-likelihood before it."""
        found, objective = self.expect(at)
        return self.maximise(at, found), objective


def fit_student_classes(
    problem: Problem, plain: Parameters, settings: Settings, n_classes: int
) -> Found:
    """Classes of students, from the fit without them.

    Parameters
    ----------
    problem : Problem
        With the terms that `plain` is the best for.
    plain : Parameters
        The skills' parameters without classes, fields of shape (n_groups,).
    settings : Settings
    n_classes : int
    """
    limits, directions = problem.terms.limits, ((1, 1), (1, 0), (0, 1))
    starts = [_start(plain, limits, n_classes, *each) for each in directions]
    scores = []
    for place, start in enumerate(starts):
        point = start
        for _ in range(_RACE):
            point, score = problem.step(point)
        starts[place] = point
        scores.append(score)
    return _climb(problem, starts[int(np.argmax(scores))], settings)


def student_classes(
    found: Point, pooled: Parameters, limits: Limits
) -> tuple[Parameters, StudentClasses]:
    """What was found, from the weakest class to the strongest; weighted means of shifts are 0.

    Parameters
    ----------
    found : Point
    pooled : Parameters
        The common parameters, fields of shape (1,).
    limits : Limits
        Theirs.

    Returns
    -------
    by_skill : Parameters
        At shifts of 0, fields of shape (n_groups,).
    classes : StudentClasses
    """
    order = np.argsort(found.prior.shift + found.learn.shift, kind="stable")
    weights = found.weights[order]

    def placed(old: Shifted) -> Shifted:
        return old._replace(shift=old.shift[order]).centred(weights)

    def table(shifted: Shifted, name: str) -> Floats:
        common, low, high = (getattr(one, name) for one in (pooled, *limits))
        strange = Shifted(logit(common), shifted.shift, low, high)
        return np.concatenate((shifted.value, strange.value), axis=1)

    prior, learn = placed(found.prior), placed(found.learn)
    classes = StudentClasses(
        weights, prior.shift, learn.shift, table(prior, "prior"), table(learn, "learn")
    )
    return found._replace(prior=prior, learn=learn).typical, classes


def _climb(problem: Problem, start: Point, settings: Settings) -> Found:
    """EM until a step gains less than `tol` per answer; after every two steps a longer one."""
    answers = float(problem.trie.weight.sum())
    n_groups = problem.trie.n_groups
    current, before, path = start, -np.inf, list[Point]()
    safe: Point | None = None  # where `current` is a longer step: what EM itself proposed
    for step in range(settings.max_iter + 1):
        found, objective = problem.expect(current)
        resting = safe is None and objective - before <= settings.tol * answers
        if settings.on_step is not None:
            settings.on_step(step, 0 if resting else n_groups, n_groups)
        if resting or step == settings.max_iter:
            return Found(current, step, resting)
        if safe is not None and not objective >= before:
            current, safe, path = safe, None, []
            continue
        following = problem.maximise(current, found)
        before = objective
        if safe is not None:
            path, safe = [], None
        else:
            path.append(current)
            # The last step is EM's own, so that what ends is a point EM reached.
            if settings.accelerate and len(path) == 2 and step + 1 < settings.max_iter:
                safe = following
                following = _extrapolated(path[0], path[1], following, problem.terms)
        current = following
    raise AssertionError("the last step returns")


def _start(plain: Parameters, limits: Limits, n_classes: int, prior: float, learn: float) -> Point:
    """The fit without classes, with classes at even distances around it."""
    apart = np.linspace(-_APART, _APART, n_classes)

    def shifted(name: str, direction: float) -> Shifted:
        value, low, high = (getattr(one, name) for one in (plain, *limits))
        ends = (value <= 0) | (value >= 1)  # what is exactly 0 or 1 is fixed
        base = logit(np.clip(value, FLOOR, 1 - FLOOR))
        low, high = np.where(ends, value, low), np.where(ends, value, high)
        return Shifted(base, direction * apart, low, high)

    weights = np.full(n_classes, 1 / n_classes)
    return Point(weights, shifted("prior", prior), shifted("learn", learn), plain.stacked())


def _extrapolated(first: Point, second: Point, third: Point, terms: Terms) -> Point:
    """Where EM seems to be heading (scheme SqS3); `third` where that is no further, or outside."""
    a, b, c = map(_free, (first, second, third))
    r, v = b - a, c - 2 * b + a
    bend = float(np.sqrt(v @ v))
    ahead = min(float(np.sqrt(r @ r)) / bend, _LONGEST) if bend > 0 else 0.0
    if ahead <= 1:
        return third
    point = _at(a + 2 * ahead * r + ahead**2 * v, third, terms.limits)
    guess, slip = point.common.guess, point.common.slip
    over = guess[:, terms.room.guess] + slip[:, terms.room.slip] > 1 - MARGIN
    return third if np.any(over) or not np.isfinite(point.weights).all() else point


def _free(point: Point) -> Floats:
    """A point as unbounded numbers."""
    answers = [logit(np.clip(field[0], 1e-300, 1 - 1e-16)) for field in point.common[2:]]
    shifted = (*point.prior[:2], *point.learn[:2])
    return np.concatenate([np.log(point.weights), *shifted, *answers])


def _at(numbers: Floats, like: Point, limits: Limits) -> Point:
    """The point of some numbers, within the limits; what is exactly 0 or 1 stays."""
    k, n = len(like.weights), len(like.prior.base)
    sizes = np.cumsum([k, n, k, n, k, n, n])
    log_weights, base, shift, learn, learn_shift, *answers = np.split(numbers, sizes)
    weights = np.exp(log_weights - log_weights.max())
    names = Parameters._fields[2:]
    fields = like.common._asdict()
    for name, odds in zip(names, answers, strict=True):
        old = fields[name]
        inside = np.clip(expit(odds), getattr(limits.low, name), getattr(limits.high, name))
        fields[name] = np.where((old <= 0) | (old >= 1), old, inside)
    return Point(
        weights / weights.sum(),
        like.prior._replace(base=base, shift=shift),
        like.learn._replace(base=learn, shift=learn_shift),
        Parameters(**fields),
    )
