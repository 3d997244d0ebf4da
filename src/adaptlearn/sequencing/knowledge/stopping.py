"""When more practice of a skill no longer pays: optimal stopping over the belief P(known).

A student either knows a skill or does not. A lesson costs its minutes. A skill that stays unknown
costs its price, also in minutes. From the belief ``b`` (P(known) before the next answer)::

    V(b) = min( price (1 - b),  minutes + E V(b') )

``b'`` is the belief after a lesson: the filter of Bayesian knowledge tracing along each pattern of
right and wrong answers, weighted by the pattern's probability. The skills are independent, so each
has its own one-dimensional problem. Value iteration solves all of them at once, on a grid.

References
----------
- R. Smallwood, E. Sondik (1973). The optimal control of partially observable Markov processes over
  a finite horizon. Operations Research 21, 1071-1088.
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural
  knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from adaptlearn.numerics import Floats
from adaptlearn.wording import duration

GRID = expit(np.linspace(-9.0, 16.0, 251))
"""Beliefs on which the values are computed: even steps of a tenth in log-odds."""

_TOGETHER = 32  # skills whose tables are held at once: 32 x 251 x 251 numbers are 16 MB
_MOST = 5_000  # steps of value iteration; slow learning takes some hundreds
_CLOSE = 1e-9  # of the price: what a step may still change


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


def thresholds(rates: Rates, prices: Floats, minutes: Floats, n_items: int) -> Floats:
    """The P(known) from which more practice is not worth its minutes.

    Parameters
    ----------
    rates : Rates
    prices : float array, shape (n_skills, n_prices)
        Minutes that one skill left unknown is worth.
    minutes : float array, shape (n_skills,)
        Minutes of a lesson.
    n_items : int
        Answers in a lesson.

    Returns
    -------
    float array, shape (n_skills, n_prices)
        0 if no lesson is ever worth its minutes; 1 if lessons are worth them at every belief of
        `GRID`.

    Examples
    --------
    >>> one = Rates(*(np.array([p]) for p in (0.2, 0.0, 0.2, 0.1)))
    >>> thresholds(one, np.array([[60.0, 300.0]]), np.array([10.0]), 5).round(3).tolist()
    [[0.801, 0.965]]
    """
    found = np.empty(prices.shape)
    for start in range(0, len(prices), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        table = lesson_table(Rates(*(rate[part] for rate in rates)), n_items)
        found[part] = _crossings(*_values(table, prices[part], minutes[part]))
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
    found[below] = np.where(left >= 0, left, np.inf)
    return found


class Worth(NamedTuple):
    """What is needed to say how many minutes are left, and that they are worth it.

    Attributes
    ----------
    rates : Rates
    minutes : float array, shape (n_skills,)
        Minutes of a lesson.
    n_items : int
    price : float
    """

    rates: Rates
    minutes: Floats
    n_items: int
    price: float

    def said(self, skill: int, mastery: float, threshold: float) -> str:
        """How many minutes of practice a skill still needs, and at which price they are worth it.

        Examples
        --------
        >>> one = Rates(*(np.array([p]) for p in (0.2, 0.0, 0.2, 0.1)))
        >>> Worth(one, np.array([10.0]), 5, 300.0).said(0, 0.5, 0.967)
        'About 16 minutes of practice are needed. They are worth it at the price of 5 hours.'
        """
        rates = Rates(*(rate[[skill]] for rate in self.rates))
        table = lesson_table(rates, self.n_items)[0]
        left = np.interp(mastery, GRID, minutes_left(table, threshold, float(self.minutes[skill])))
        price = f"the price of {duration(self.price)}"
        if not np.isfinite(left):
            return f"More practice is worth its minutes at {price}."
        return f"About {duration(left)} of practice are needed. They are worth it at {price}."


def _values(table: Floats, prices: Floats, minutes: Floats) -> tuple[Floats, Floats]:
    """The bill on `GRID` of stopping and of one more lesson; shape (n_skills, n_grid, n_prices)."""
    stop = prices[:, None, :] * (1 - GRID)[:, None]
    cost = minutes[:, None, None]
    value = stop
    close = _CLOSE * np.abs(prices).max(initial=1.0)
    for _ in range(_MOST):
        better = np.minimum(stop, cost + table @ value)
        moved = np.abs(better - value).max(initial=0.0)
        value = better
        if moved <= close:
            break
    return stop, cost + table @ value


def _crossings(stop: Floats, go: Floats) -> Floats:
    """The belief above which stopping is always at least as good; shape (n_skills, n_prices)."""
    gain = stop - go  # above 0: one more lesson pays
    n_grid = gain.shape[1]
    last = n_grid - 1 - (gain > 0)[:, ::-1].argmax(axis=1)
    ever = (gain > 0).any(axis=1)
    after = np.minimum(last + 1, n_grid - 1)
    here, there = (
        np.take_along_axis(gain, place[:, None], axis=1)[:, 0] for place in (last, after)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(last < after, here / (here - there), 0.0)
    crossing = GRID[last] + part * (GRID[after] - GRID[last])
    return np.where(~ever, 0.0, np.where(last == n_grid - 1, 1.0, crossing))
