"""Standard errors of items: from the information that is left once abilities are not seen.

References
----------
- T. Louis (1982). Finding the observed information matrix when using the EM algorithm.
  Journal of the Royal Statistical Society B 44(2), 226-233.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.models.irt.mml import Answers, Grid, Items, counted, expect, score
from adaptlearn.models.irt.prior import ItemPrior
from adaptlearn.numerics import Bools, Floats, Ints

MOST_ITEMS = 300
"""Up to as many items, what is correlated between items is counted."""

_FLAT = 1e-10  # a curvature below this share of the largest is none
_AT_ONCE = 1 << 15  # pairs of student and item


class Errors(NamedTuple):
    """Standard errors; nan where nothing holds a parameter.

    Attributes
    ----------
    log_slope, difficulty : float arrays, shape (n_items,)
    covariance : float array, shape (n_items,)
        Of the errors of an item's log slope and difficulty.
    """

    log_slope: Floats
    difficulty: Floats
    covariance: Floats

    @classmethod
    def none(cls, n_items: int) -> Errors:
        """Where none were computed."""
        return cls(*(np.full(n_items, np.nan) for _ in cls._fields))

    def of_product(self, slope: Floats, difficulty: Floats) -> Floats:
        """Of slope times difficulty, by the delta method.

        A slope without an error counts as known.
        """
        product = slope * difficulty
        of_slope = (product * self.log_slope) ** 2 + 2 * product * slope * self.covariance
        known = np.isnan(self.log_slope)
        variance = (slope * self.difficulty) ** 2 + np.where(known, 0.0, of_slope)
        return np.sqrt(np.maximum(variance, 0.0))  # what is 0 may round to less


def standard_errors(
    answers: Answers, items: Items, grid: Grid, group: Ints, prior: ItemPrior
) -> Errors:
    """Of each item: the information of the complete data, less what is missing of it.

    Missing is the variance that the score of a student's answers has over the posterior of the
    ability. It correlates all items, because abilities are only known through them. With more
    than `MOST_ITEMS` items that correlation is left out: an item's errors are then those beside
    others that are known, and a slope that all have in common has none.
    """
    posterior = expect(answers, items, grid).posterior
    whole = score(items, counted(answers, posterior, grid), grid)
    hold = prior.curvature(*items)
    aa, ab = whole.slope_slope + hold[0], whole.slope_difficulty
    bb = whole.difficulty_difficulty + hold[1]
    if len(group) <= MOST_ITEMS:
        complete = np.block([[np.diag(aa), np.diag(ab)], [np.diag(ab), np.diag(bb)]])
        information = complete - _all_missing(answers, items, grid, posterior)
        return _inverted(information, group)
    lost = _missing(answers, items, grid, posterior)
    aa, ab, bb = aa - lost[0], ab - lost[1], bb - lost[2]
    determinant = aa * bb - ab**2
    sound = (aa > 0) & (bb > 0) & (determinant > 0)
    if group.max() < len(group) - 1:
        nothing = np.full(len(group), np.nan)
        return Errors(nothing, np.sqrt(_ratio(bb > 0, 1, bb)), nothing)
    return Errors(
        np.sqrt(_ratio(sound, bb, determinant)),
        np.sqrt(_ratio(sound, aa, determinant)),
        _ratio(sound, -ab, determinant),
    )


def _ratio(sound: Bools, above: Any, below: Floats) -> Floats:
    """A quotient where it has a meaning; nan elsewhere."""
    quotient = np.full(len(below), np.nan)
    np.divide(above, below, out=quotient, where=sound)
    return quotient


def _inverted(information: Floats, group: Ints) -> Errors:
    """Errors from the information of all slopes, then all difficulties."""
    n_items, n_groups = len(group), int(group.max()) + 1
    join = np.zeros((2 * n_items, n_groups + n_items))
    join[np.arange(n_items), group] = 1
    join[n_items:, n_groups:] = np.eye(n_items)
    values, vectors = np.linalg.eigh(join.T @ information @ join)
    # A direction that nothing holds leaves those parameters without an error that take part.
    held = values > _FLAT * max(float(values[-1]), _FLAT)
    variance = np.einsum("pk,pk,k->p", vectors[:, held], vectors[:, held], 1 / values[held])
    loose = np.abs(vectors[:, ~held]).max(axis=1, initial=0) > np.sqrt(_FLAT)
    errors = np.where(loose, np.nan, np.sqrt(variance))
    own = vectors[:n_groups, held][group], vectors[n_groups:, held]
    covariance = np.einsum("pk,pk,k->p", *own, 1 / values[held])
    covariance[loose[:n_groups][group] | loose[n_groups:]] = np.nan
    return Errors(errors[:n_groups][group], errors[n_groups:], covariance)


def _all_missing(answers: Answers, items: Items, grid: Grid, posterior: Floats) -> Floats:
    """Covariances of the scores by all slopes, then all difficulties, summed over students."""
    count, right = answers.count.toarray(), answers.right.toarray()
    n_items = count.shape[1]
    total = np.zeros((2 * n_items, 2 * n_items))
    mean = np.zeros((len(count), 2 * n_items))
    slope = items.slope
    for point, weight in zip(grid.points, posterior.T, strict=True):
        chance = 1 / (1 + np.exp(-slope * (point - items.difficulty)))
        surplus = right - count * chance
        by_parameter = np.concatenate((slope * (point - items.difficulty), -slope))
        products = surplus.T @ (weight[:, None] * surplus)
        total += np.outer(by_parameter, by_parameter) * np.tile(products, (2, 2))
        mean += np.tile(weight[:, None] * surplus, 2) * by_parameter
    return np.asarray(total - mean.T @ mean)


def _missing(
    answers: Answers, items: Items, grid: Grid, posterior: Floats
) -> tuple[Floats, Floats, Floats]:
    """Variances and covariance of the scores by log slope and difficulty, summed by item."""
    n_items = len(items.difficulty)
    student = np.repeat(np.arange(len(posterior)), np.diff(answers.count.indptr))
    item, count, right = answers.count.indices, answers.count.data, answers.right.data
    chance = 1 / (1 + np.exp(-items.logits(grid.points)))
    away = grid.points - items.difficulty[:, None]
    slope = items.slope
    sums = [np.zeros(n_items) for _ in range(3)]
    for lo in range(0, len(item), _AT_ONCE):
        part = slice(lo, lo + _AT_ONCE)
        i, weight = item[part], posterior[student[part]]
        of_difficulty = right[part, None] - count[part, None] * chance[i]
        of_difficulty *= -slope[i, None]
        of_slope = -of_difficulty * away[i]
        means = [np.einsum("pq,pq->p", weight, of) for of in (of_slope, of_difficulty)]
        for place, (one, two) in enumerate(((0, 0), (0, 1), (1, 1))):
            left, other = (of_slope, of_difficulty)[one], (of_slope, of_difficulty)[two]
            product = np.einsum("pq,pq,pq->p", weight, left, other) - means[one] * means[two]
            sums[place] += np.bincount(i, product, n_items)
    return sums[0], sums[1], sums[2]
