"""When more practice of a skill no longer pays: optimal stopping over the belief P(known).

A student either knows a skill or does not. A lesson costs its minutes. A skill that stays unknown
costs its price, also in minutes. From the belief ``b`` (P(known) before the next answer)::

    V(b) = min( price (1 - b),  minutes + E V(b') )

``b'`` is the belief after a lesson: the filter of Bayesian knowledge tracing along each pattern of
right and wrong answers, weighted by the pattern's probability. The skills are independent, so each
has its own one-dimensional problem. Policy iteration solves many of them at once, on a grid.

References
----------
- R. Smallwood, E. Sondik (1973). The optimal control of partially observable Markov processes over
  a finite horizon. Operations Research 21, 1071-1088.
- R. Howard (1960). Dynamic programming and Markov processes. MIT Press (policy iteration).
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural
  knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from adaptlearn.labels import Label
from adaptlearn.numerics import Floats
from adaptlearn.wording import duration

GRID = np.array([0.0, *expit(np.linspace(-8.0, 16.0, 121)), 1.0])
"""Beliefs on which the values are computed: even steps of 0.2 in log-odds, and both ends."""

_TOGETHER = 32  # skills whose tables are held at once
_NEVER = 1e9  # lessons after which a threshold counts as out of reach
_GAIN = 1e-9  # of the price: what a lesson must gain to be worth it, beyond rounding


class Rates(NamedTuple):
    """How each skill is learned and shown; all arrays have the shape (n_skills,).

    Attributes
    ----------
    learn, forget, guess, slip : float array
        Probabilities per answer, as in Bayesian knowledge tracing.
    """

    learn: Floats
    forget: Floats
    guess: Floats
    slip: Floats


def thresholds(rates: Rates, price: float, minutes: Floats, n_items: int) -> Floats:
    """The P(known) from which more practice is not worth its minutes.

    Parameters
    ----------
    rates : Rates
    price : float
        Minutes that one skill left unknown is worth.
    minutes : float array, shape (n_skills,)
        Minutes of a lesson; inf if there is none.
    n_items : int
        Answers in a lesson.

    Returns
    -------
    float array, shape (n_skills,)
        0 if no lesson is ever worth its minutes.

    Examples
    --------
    >>> one = Rates(*(np.array([p]) for p in (0.2, 0.0, 0.2, 0.1)))
    >>> [round(float(thresholds(one, price, np.array([10.0]), 5)[0]), 2) for price in (60, 300)]
    [0.8, 0.96]
    """
    found = np.zeros(len(minutes))
    taught = np.flatnonzero(np.isfinite(minutes))
    for start in range(0, len(taught), _TOGETHER):
        part = taught[start : start + _TOGETHER]
        table = lesson_table(Rates(*(rate[part] for rate in rates)), n_items)
        found[part] = _crossings(*_values(table, price, minutes[part]))
    return found


def lesson_table(rates: Rates, n_items: int) -> Floats:
    """The expected value after a lesson as weights of values on `GRID`.

    Returns
    -------
    float array, shape (n_skills, n_grid, n_grid)
        ``table[k] @ values`` is the mean of ``values`` at the beliefs after a lesson on skill ``k``
        that begins at each belief of `GRID`. Between two points, values are linear in the belief.
    """
    learn, forget, guess, slip = (rate[:, None, None] for rate in rates)
    n_skills, n_grid = len(rates.learn), len(GRID)
    chance = np.ones((n_skills, n_grid, 1))
    belief = np.broadcast_to(GRID[:, None], chance.shape)
    for _ in range(n_items):
        chances, beliefs = [], []
        for if_known, if_not in ((1 - slip, guess), (slip, 1 - guess)):
            known = belief * if_known
            shown = known + (1 - belief) * if_not
            # An answer that is impossible has no weight, whatever it would show.
            seen = np.divide(known, shown, out=belief.copy(), where=shown > 0)
            chances.append(chance * shown)
            beliefs.append(seen * (1 - forget) + (1 - seen) * learn)
        chance, belief = np.concatenate(chances, axis=2), np.concatenate(beliefs, axis=2)
    upper = np.clip(np.searchsorted(GRID, belief), 1, n_grid - 1)
    share = np.clip((belief - GRID[upper - 1]) / (GRID[upper] - GRID[upper - 1]), 0.0, 1.0)
    row = np.arange(n_skills * n_grid).reshape(n_skills, n_grid, 1) * n_grid
    size = n_skills * n_grid * n_grid
    table = np.bincount((row + upper).ravel(), (chance * share).ravel(), size)
    table += np.bincount((row + upper - 1).ravel(), (chance * (1 - share)).ravel(), size)
    return np.asarray(table.reshape(n_skills, n_grid, n_grid), np.float64)


def minutes_left(table: Floats, threshold: float, minutes: float) -> Floats:
    """The expected minutes of lessons until the belief reaches a threshold.

    Parameters
    ----------
    table : float array, shape (n_grid, n_grid)
        Of one skill, as `lesson_table` returns it.
    threshold : float
    minutes : float
        Minutes of a lesson.

    Returns
    -------
    float array, shape (n_grid,)
        For each belief of `GRID`; inf if the belief never gets there.
    """
    below = threshold > GRID
    found = np.zeros(len(GRID))
    inner = np.eye(int(below.sum())) - table[np.ix_(below, below)]
    with np.errstate(all="ignore"):
        try:
            left = np.linalg.solve(inner, np.full(len(inner), float(minutes)))
        except np.linalg.LinAlgError:  # nothing is ever learned
            left = np.full(len(inner), np.inf)
    # A system without a solution, up to rounding, gives any large number.
    found[below] = np.where((left >= 0) & (left < _NEVER * minutes), left, np.inf)
    return found


class Worth(NamedTuple):
    """What is needed to say how many minutes are left, and that they are worth it.

    Attributes
    ----------
    rates : Rates
    minutes : float array, shape (n_skills,)
        Minutes of a lesson.
    n_items : int
    prices : float array, shape (n_skills,)
    students : mapping of label to float
        What multiplies the prices for some students.
    weighted : bool
        Whether the weights of goals multiply the prices, too.
    least : float
        The lowest threshold, whatever the price.
    """

    rates: Rates
    minutes: Floats
    n_items: int
    prices: Floats
    students: Mapping[Label, float]
    weighted: bool
    least: float = 0.0

    def said(self, student: Label, skill: int, mastery: float, threshold: float) -> str:
        """How many minutes of practice a skill still needs, and at which price they are worth it.

        Empty if the mastery has reached the threshold: then the price does not ask for more.

        Examples
        --------
        >>> one = Rates(*(np.array([p]) for p in (0.2, 0.0, 0.2, 0.1)))
        >>> worth = Worth(one, np.array([10.0]), 5, np.array([300.0]), {"ben": 2.0}, False)
        >>> worth.said("ann", 0, 0.5, 0.967)
        'About 16 minutes of practice are needed. They are worth it at the price of 5 hours.'
        """
        if mastery >= threshold:
            return ""
        if threshold <= self.least:  # which the price alone would not pay
            return f"A skill below {self.least:g} does not count as mastered at any price."
        rates = tuple(float(rate[skill]) for rate in self.rates)
        of_grid = _minutes_kept(rates, threshold, float(self.minutes[skill]), self.n_items)
        left = np.interp(mastery, GRID, of_grid)
        own = float(self.prices[skill]) * self.students.get(student, 1.0)
        price = f"the price of {duration(own)}"
        if self.weighted:
            price += ", times the weight of the skill for the goals"
        if not np.isfinite(left):
            return f"More practice is worth its minutes at {price}."
        return f"About {duration(left)} of practice are needed. They are worth it at {price}."


@lru_cache(maxsize=1024)
def _minutes_kept(
    rates: tuple[float, ...], threshold: float, minutes: float, n_items: int
) -> Floats:
    """What `minutes_left` gives: many students are told of the same skill."""
    table = lesson_table(Rates(*(np.array([rate]) for rate in rates)), n_items)[0]
    return minutes_left(table, threshold, minutes)


def _values(table: Floats, price: float, minutes: Floats) -> tuple[Floats, Floats]:
    """The bill on `GRID` of stopping and of one more lesson; shape (n_skills, n_grid)."""
    stop = price * np.broadcast_to(1 - GRID, (len(minutes), len(GRID)))
    cost = np.broadcast_to(minutes[:, None], stop.shape)
    teach, go = np.zeros(stop.shape, bool), cost + _times(table, stop)
    # Beliefs at which to teach are only added, so this ends; it takes about five rounds.
    while ((more := go < stop - _GAIN * price) & ~teach).any():
        teach |= more
        system = np.eye(len(GRID)) - np.where(teach[:, :, None], table, 0.0)
        bill = np.where(teach, cost, stop)[:, :, None]
        go = cost + _times(table, np.asarray(np.linalg.solve(system, bill))[:, :, 0])
    return stop, go


def _times(table: Floats, values: Floats) -> Floats:
    return np.asarray((table @ values[:, :, None])[:, :, 0])


def _crossings(stop: Floats, go: Floats) -> Floats:
    """The belief above which stopping is always at least as good, shape (n_skills,)."""
    gain = stop - go  # above 0: one more lesson pays
    rows, last = np.arange(len(gain)), len(GRID) - 1 - (gain > 0)[:, ::-1].argmax(axis=1)
    after = np.minimum(last + 1, len(GRID) - 1)
    here, there = gain[rows, last], gain[rows, after]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(last < after, here / (here - there), 0.0)
    crossing = GRID[last] + part * (GRID[after] - GRID[last])
    return np.where((gain > 0).any(axis=1), crossing, 0.0)
