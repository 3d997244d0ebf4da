"""Marginal maximum likelihood: item parameters with the abilities integrated out.

With ``S`` the logistic function, ability ``t`` and an item's slope ``a`` and difficulty ``b``,
P(correct) is ``S(a (t - b))``. Abilities are standard normal, and the integral over them is a sum
over equally spaced points (Bock & Aitkin, 1981). With ``z = a (t - b)``, an answer ``y`` adds
``y z - log(1 + exp(z))`` to a student's log-likelihood: one sparse product sums it for all
students, and one with its transpose gives the expected counts.

References
----------
- R. Bock, M. Aitkin (1981). Marginal maximum likelihood estimation of item parameters:
  application of an EM algorithm. Psychometrika 46, 443-459.
- C. Liu, D. Rubin, Y. Wu (1998). Parameter expansion to accelerate EM: the PX-EM algorithm.
  Biometrika 85, 755-770.
- R. Varadhan, C. Roland (2008). Simple and globally convergent methods for accelerating the
  convergence of any EM algorithm. Scandinavian Journal of Statistics 35(2), 335-353.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.models.irt.prior import ItemPrior, Sparse
from adaptlearn.numerics import Floats, Ints
from adaptlearn.progress import report

SLOPES = (0.02, 20.0)
"""The least and the largest slope."""

DIFFICULTY = 15.0
"""The largest difficulty, in absolute value."""

_REACH = 6.0  # the ability grid ends this many standard deviations from 0
_FAR = 1.0  # the longest Newton step of a parameter
_SHORTER = (1.0, 0.5, 0.25, 0.1, 0.01)  # parts of a Newton step, tried in turn
_FLAT = 1e-8
_LONGEST = 50.0  # the most EM steps that one extrapolation may stand for


class Grid(NamedTuple):
    """Abilities at which the normal density is held.

    Attributes
    ----------
    points : float array, shape (n_points,)
    log_prior : float array, shape (n_points,)
        Logarithms of weights that sum to 1.
    """

    points: Floats
    log_prior: Floats

    @classmethod
    def of(cls, n_points: int) -> Grid:
        """Equally spaced points from -6 to 6."""
        points = np.linspace(-_REACH, _REACH, n_points)
        density = -(points**2) / 2
        return cls(points, density - np.log(np.exp(density).sum()))


class Answers(NamedTuple):
    """How often each student answered each item, and how often rightly.

    Attributes
    ----------
    count, right : sparse arrays, shape (n_students, n_items)
        Both hold the same pairs, in the same order.
    count_by_item, right_by_item : sparse arrays, shape (n_items, n_students)
    """

    count: Sparse
    right: Sparse
    count_by_item: Sparse
    right_by_item: Sparse

    @classmethod
    def of(
        cls, student: Ints, item: Ints, correct: Any, weight: Any, shape: tuple[int, int]
    ) -> Answers:
        """From one row per answer; `weight` is what it counts."""
        from scipy.sparse import csr_array

        places = (student, item)
        count = csr_array((np.broadcast_to(weight, len(item)).astype(float), places), shape=shape)
        right = csr_array((np.asarray(correct * weight, float), places), shape=shape)
        for matrix in (count, right):
            matrix.sum_duplicates()
        return cls(count, right, count.T.tocsr(), right.T.tocsr())


class Items(NamedTuple):
    """Parameters of items.

    Attributes
    ----------
    log_slope, difficulty : float arrays, shape (n_items,)
    """

    log_slope: Floats
    difficulty: Floats

    @property
    def slope(self) -> Floats:
        """Shape (n_items,)."""
        return np.exp(self.log_slope)

    def logits(self, points: Floats) -> Floats:
        """Log odds of a right answer at each point, shape (n_items, n_points)."""
        return self.slope[:, None] * (points - self.difficulty[:, None])

    def on_scale_of(self, posterior: Floats, grid: Grid) -> Items:
        """The same items, told in standard deviations from the mean of the abilities found."""
        weight = posterior.mean(axis=0)
        mean = float(weight @ grid.points)
        spread = float(np.sqrt(weight @ (grid.points - mean) ** 2))
        return Items(
            self.log_slope + np.log(spread), (self.difficulty - mean) / spread
        ).within_limits()

    def within_limits(self) -> Items:
        """The same, or the nearest that are allowed."""
        return Items(
            np.clip(self.log_slope, *np.log(SLOPES)),
            np.clip(self.difficulty, -DIFFICULTY, DIFFICULTY),
        )


class Expectation(NamedTuple):
    """What the E step finds.

    Attributes
    ----------
    log_likelihood : float array, shape (n_students,)
    posterior : float array, shape (n_students, n_points)
        Each row sums to 1.
    """

    log_likelihood: Floats
    posterior: Floats


class Counts(NamedTuple):
    """Expected counts: what the M step needs of the answers.

    Attributes
    ----------
    at_point : float array, shape (n_items, n_points)
        Answers to each item by students of each ability.
    right, right_ability : float arrays, shape (n_items,)
        Right answers, and the sum of the abilities of those who gave them.
    """

    at_point: Floats
    right: Floats
    right_ability: Floats


class Score(NamedTuple):
    """The expected complete log-likelihood of each item, its gradient and information.

    Attributes
    ----------
    value : float array, shape (n_items,)
    slope, difficulty : float arrays, shape (n_items,)
        Derivatives by the logarithm of the slope, and by the difficulty.
    slope_slope, slope_difficulty, difficulty_difficulty : float arrays, shape (n_items,)
        Fisher's information of the two.
    """

    value: Floats
    slope: Floats
    difficulty: Floats
    slope_slope: Floats
    slope_difficulty: Floats
    difficulty_difficulty: Floats


class Fit(NamedTuple):
    """Where the iteration ended.

    Attributes
    ----------
    items : Items
    log_likelihood : float
        Marginal, of all answers, without the prior on items.
    objective : float array, shape (n_iter + 1,)
        The penalised log-likelihood before the first step and after each.
    converged : bool
    """

    items: Items
    log_likelihood: float
    objective: Floats
    converged: bool


def expect(answers: Answers, items: Items, grid: Grid) -> Expectation:
    """The posterior of every student's ability, given the items (E step)."""
    # Of the right answers, only sums over items meet the logit itself.
    joint = np.multiply.outer(answers.right @ items.slope, grid.points)
    joint -= (answers.right @ (items.slope * items.difficulty))[:, None]
    joint -= answers.count @ np.logaddexp(0, items.logits(grid.points))
    joint += grid.log_prior
    top = joint.max(axis=1, keepdims=True)
    np.exp(joint - top, out=joint)
    total = joint.sum(axis=1, keepdims=True)
    joint /= total
    return Expectation((top + np.log(total))[:, 0], joint)


def counted(answers: Answers, posterior: Floats, grid: Grid) -> Counts:
    """Expected counts under a posterior."""
    return Counts(
        at_point=answers.count_by_item @ posterior,
        right=answers.right_by_item @ np.ones(len(posterior)),
        right_ability=answers.right_by_item @ (posterior @ grid.points),
    )


def score(items: Items, counts: Counts, grid: Grid) -> Score:
    """The expected complete log-likelihood at some parameters, item by item.

    Examples
    --------
    Three of four answers are right, all by students of ability 0:

    >>> import numpy as np
    >>> grid = Grid(np.array([0.0]), np.array([0.0]))
    >>> counts = Counts(np.array([[4.0]]), np.array([3.0]), np.array([0.0]))
    >>> abs(score(Items(np.zeros(1), -np.log([3.0])), counts, grid).difficulty[0]).round(9)
    np.float64(0.0)
    """
    points, slope, difficulty = grid.points, items.slope, items.difficulty
    logits = items.logits(points)
    tail = np.exp(-np.abs(logits))
    chance = np.where(logits >= 0, 1.0, tail) / (1 + tail)
    value = slope * (counts.right_ability - difficulty * counts.right)
    value -= np.einsum("iq,iq->i", counts.at_point, np.maximum(logits, 0) + np.log1p(tail))
    expected = counts.at_point * chance
    surplus = counts.right - expected.sum(axis=1)
    # Sums of weight * ability**k, then of weight * (ability - difficulty)**k.
    expected_ability = expected @ points
    expected *= 1 - chance
    weight = expected.sum(axis=1)
    first, second = expected @ points, expected @ points**2
    away = first - difficulty * weight
    return Score(
        value=value,
        slope=slope * (counts.right_ability - expected_ability - difficulty * surplus),
        difficulty=-slope * surplus,
        slope_slope=slope**2 * (second - 2 * difficulty * first + difficulty**2 * weight),
        slope_difficulty=-(slope**2) * away,
        difficulty_difficulty=slope**2 * weight,
    )


def maximise(items: Items, counts: Counts, grid: Grid, group: Ints, prior: ItemPrior) -> Items:
    """Raise the expected penalised log-likelihood by a Newton step (M step).

    Items of one `group` have one slope: all of them, or each its own. A step that does not raise
    it is shortened. One step is enough: the next E step changes what is to be raised.
    """

    def value_of(at: Items, found: Score) -> float:
        return float(found.value.sum()) - prior.penalty(*at)

    here = score(items, counts, grid)
    value = value_of(items, here)
    step = newton_step(items, here, group, prior)
    for shorter in _SHORTER:
        ahead = Items(
            items.log_slope + shorter * step.log_slope,
            items.difficulty + shorter * step.difficulty,
        )
        if value_of(ahead, score(ahead, counts, grid)) >= value:
            return ahead
    return items


def newton_step(items: Items, here: Score, group: Ints, prior: ItemPrior) -> Items:
    """A step that leads nowhere far, and not out of the limits.

    Each item's difficulty is eliminated, which leaves one equation for each group's slope.
    """
    n_groups = int(group.max()) + 1
    pull, hold = prior.gradient(*items), prior.curvature(*items)
    of_slope, of_difficulty = here.slope - pull[0], here.difficulty - pull[1]
    # An item whose answers say nothing (a chance of 0 or 1) must not divide by 0.
    curve = here.difficulty_difficulty + hold[1] + _FLAT
    cross = here.slope_difficulty / curve
    rise = np.bincount(group, of_slope - cross * of_difficulty, n_groups)
    bend = np.bincount(group, here.slope_slope + hold[0] - cross * here.slope_difficulty, n_groups)
    step = np.clip(rise / (bend + _FLAT), -_FAR, _FAR)[group]
    step = np.clip(items.log_slope + step, *np.log(SLOPES)) - items.log_slope
    shift = np.clip(of_difficulty / curve - cross * step, -_FAR, _FAR)
    shift = np.clip(items.difficulty + shift, -DIFFICULTY, DIFFICULTY) - items.difficulty
    return Items(step, shift)


def fit_items(
    answers: Answers, grid: Grid, *, group: Ints, prior: ItemPrior, max_iter: int, tol: float
) -> Fit:
    """Estimate items by expectation-maximisation, with a longer step after every two.

    Parameters
    ----------
    answers : Answers
    grid : Grid
    group : int array, shape (n_items,)
        Items of one group have one slope.
    prior : ItemPrior
        What holds items together; the penalised likelihood never falls.
    max_iter : int
        The most EM steps.
    tol : float
        It has converged when an EM step gains less than this *per answer*.
    """
    n_answers = float(answers.count.sum())
    n_right = float(answers.right.sum())
    start = np.log((n_answers - n_right + 1) / (n_right + 1))
    items = Items(np.zeros(len(group)), np.full(len(group), start))

    def judged(at: Items) -> tuple[float, Expectation]:
        found = expect(answers, at, grid)
        return float(found.log_likelihood.sum()) - prior.penalty(*at), found

    value, found = judged(items)
    objective, converged = [value], False
    trail = [items]  # the last points of plain EM
    while len(objective) <= max_iter and not converged:
        ahead = maximise(items, counted(answers, found.posterior, grid), grid, group, prior)
        # Where abilities are known well, plain EM hardly moves their mean and spread: let them be
        # free in the M step, and tell the items on their scale (Liu, Rubin & Wu, 1998).
        items = ahead.on_scale_of(found.posterior, grid)
        value, found = judged(items)
        if value < objective[-1]:
            items = ahead
            value, found = judged(items)
        converged = value - objective[-1] < tol * n_answers
        trail.append(items)
        if len(trail) == 3 and not converged:
            far = extrapolated(*trail)
            reached, there = judged(far)
            if reached > value:
                items, value, found = far, reached, there
            trail = [items]
        objective.append(value)
        report("fitting items", "steps", len(objective) - 1)
    return Fit(items, float(found.log_likelihood.sum()), np.array(objective), converged)


def extrapolated(first: Items, second: Items, third: Items) -> Items:
    """Where EM seems to be heading, from three of its points (Varadhan & Roland's SqS3)."""
    start, middle, end = (np.concatenate(point) for point in (first, second, third))
    change = middle - start
    bend = end - middle - change
    length = float(np.linalg.norm(bend))
    ratio = min(float(np.linalg.norm(change)) / length, _LONGEST) if length > 0 else 0.0
    if ratio <= 1:
        return third  # no farther than EM itself
    return Items(*np.split(start + 2 * ratio * change + ratio**2 * bend, 2)).within_limits()
