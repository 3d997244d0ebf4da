"""The M step for shifts of log odds: the best skills' log odds and classes' shifts together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from adaptlearn.numerics import Bools, Floats

_FARTHEST = 4.0
"""The most by which one Newton step moves log odds."""

_TOUCH = 1e-9
"""Log odds this near a limit are at it."""

_SHORTER = (1.0, 0.5, 0.25, 0.1, 0.02)
"""Shares of a Newton step that are tried."""


class Shifted(NamedTuple):
    """A probability whose log odds are a skill's plus a class's, held within the skill's limits.

    Attributes
    ----------
    base : float array, shape (n_skills,)
        The skills' log odds.
    shift : float array, shape (n_classes,)
        The classes', with mean 0.
    low, high : float arrays, shape (n_skills,)
        Equal ends fix a probability, for all classes.
    """

    base: Floats
    shift: Floats
    low: Floats
    high: Floats

    @property
    def value(self) -> Floats:
        """Each class's probabilities, shape (n_classes, n_skills)."""
        return np.clip(expit(self.base + self.shift[:, None]), self.low, self.high)

    def centred(self, weights: Floats) -> Shifted:
        """The same probabilities, with shifts whose weighted mean is 0."""
        mean = float(weights @ self.shift)
        return self._replace(base=self.base + mean, shift=self.shift - mean)


def penalty(shift: Floats, spread: float) -> float:
    """Minus the log density of shifts, normal around 0 with this standard deviation."""
    return 0.5 * float(shift @ shift) / spread**2


def maximise_shifted(
    old: Shifted, event: Floats, opposite: Floats, pseudo: Floats, spread: float
) -> Shifted:
    """Better log odds and shifts for expected counts; the penalised value never falls.

    It is a logistic regression on skill and class. One Newton step for all of it, then one for
    each skill by itself. Both are shortened until they climb.

    Parameters
    ----------
    old : Shifted
    event, opposite : float arrays, shape (n_classes, n_skills)
        How often it happened, and how often not.
    pseudo : float array, shape (n_skills, 2)
        A Beta prior of each skill's probability at a shift of 0, as counts of both.
    spread : float
        The standard deviation of the shifts' prior.
    """
    # What is known in advance of a skill counts as a class whose shift is and stays 0.
    counts = np.vstack((event, pseudo[:, 0])), np.vstack((opposite, pseudo[:, 1]))
    at = old._replace(shift=np.append(old.shift, 0.0))
    new = _within_reach(_jointly(at, counts, spread))
    if _total(new, counts, spread) < _total(at, counts, spread):
        new = at
    new = _each_skill(new, counts)
    return new._replace(shift=new.shift[:-1])


def _by_skill(at: Shifted, counts: tuple[Floats, Floats]) -> Floats:
    """The expected log-likelihood of each skill."""
    event, opposite = counts
    value = at.value
    free = (value > 0) & (value < 1)  # what is fixed at exactly 0 or 1 does not move
    inside = np.where(free, value, 0.5)
    terms = event * np.log(inside) + opposite * np.log1p(-inside)
    return np.asarray(np.where(free, terms, 0.0).sum(axis=0))


def _total(at: Shifted, counts: tuple[Floats, Floats], spread: float) -> float:
    return float(_by_skill(at, counts).sum()) - penalty(at.shift, spread)


def _slopes(at: Shifted, counts: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """First and minus second derivative by the log odds of each class and skill."""
    event, opposite = counts
    value = at.value
    slope = event - (event + opposite) * value
    odds = at.base + at.shift[:, None]
    with np.errstate(divide="ignore"):
        low, high = logit(at.low), logit(at.high)
    held: Bools = (at.low >= at.high) | (odds < low - _TOUCH) | (odds > high + _TOUCH)
    held |= ((odds <= low + _TOUCH) & (slope < 0)) | ((odds >= high - _TOUCH) & (slope > 0))
    bend = np.where(held, 0.0, (event + opposite) * value * (1 - value))
    return np.where(held, 0.0, slope), bend


def _jointly(at: Shifted, counts: tuple[Floats, Floats], spread: float) -> Shifted:
    """A Newton step of all log odds and shifts; the skills' are eliminated first.

    The last class has a shift of 0, and the mean of the others is 0.
    """
    slope, bend = _slopes(at, counts)
    own = np.maximum(bend.sum(axis=0), 1e-9)
    by_own = bend / own
    matrix = np.diag(bend.sum(axis=1) + spread**-2) - by_own @ bend.T
    right = slope.sum(axis=1) - at.shift * spread**-2 - by_own @ slope.sum(axis=0)
    n = len(right) - 1
    basis = np.eye(n + 1, n - 1)  # of moves of the classes' shifts that keep their mean
    basis[:n] -= 1 / n
    moves = np.linalg.solve(basis.T @ matrix @ basis, basis.T @ right)
    far = max(float(np.abs(basis @ moves).max()) / _FARTHEST, 1.0)
    by_class = basis @ moves / far
    by_skill = (slope.sum(axis=0) - by_class @ bend) / own
    by_skill = np.where(bend.any(axis=0), np.clip(by_skill, -_FARTHEST, _FARTHEST), 0.0)
    before = _total(at, counts, spread)
    for part in _SHORTER:
        new = at._replace(base=at.base + part * by_skill, shift=at.shift + part * by_class)
        if _total(new, counts, spread) > before:
            return new
    return at


def _each_skill(at: Shifted, counts: tuple[Floats, Floats]) -> Shifted:
    """A Newton step of each skill's log odds."""
    slope, bend = (part.sum(axis=0) for part in _slopes(at, counts))
    step = np.clip(slope / np.maximum(bend, 1e-9), -_FARTHEST, _FARTHEST)
    best, base = _by_skill(at, counts), at.base.copy()
    waits = np.ones(len(base), bool)
    for part in _SHORTER:
        tried = _within_reach(at._replace(base=at.base + part * step))
        found = _by_skill(tried, counts)
        better = waits & (found > best)
        base[better], waits[better] = tried.base[better], False
    return at._replace(base=base)


def _within_reach(at: Shifted) -> Shifted:
    """Log odds from which at least one class is at a limit or within: else no slope leads back."""
    with np.errstate(divide="ignore"):
        least, most = logit(at.low) - at.shift.max(), logit(at.high) - at.shift.min()
    inside = np.isfinite(least) & np.isfinite(most)
    return at._replace(base=np.where(inside, np.clip(at.base, least, most), at.base))
