"""FSRS-6 along reviews, and back: P(recall) at each, and the gradient by the parameters."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from adaptlearn.models.memory.equations import (
    AGAIN,
    DIFFICULTY,
    EASY,
    GOOD,
    HARD,
    STABILITY,
    Card,
    curvature,
    favour,
    first_difficulty,
    first_review,
    forgotten,
    gain,
    lapse_limit,
    moved,
    next_difficulty,
    next_review,
    retrievability,
    same_day,
    short_term,
)
from adaptlearn.models.memory.reviews import Reviews
from adaptlearn.numerics import Floats, Ints


class Trace(NamedTuple):
    """Cards before each of their reviews, shape (n,) each; 0 before the first.

    Attributes
    ----------
    stability, difficulty : float arrays
    recall : float array
        P(recall) when the review came; 1 at the first, which nothing says anything of.
    """

    stability: Floats
    difficulty: Floats
    recall: Floats


def forward(reviews: Reviews, w: Floats) -> Trace:
    """Follow cards along their reviews.

    Parameters
    ----------
    reviews : Reviews
    w : float array, shape (21,)
    """
    n = len(reviews.days)
    trace = Trace(np.zeros(n), np.zeros(n), np.ones(n))
    card = first_review(reviews.rating[: reviews.n_first], w)
    for lo, hi in pairwise(reviews.bounds[1:]):
        card = Card(card.stability[: hi - lo], card.difficulty[: hi - lo])
        days = reviews.days[lo:hi]
        recall = retrievability(days, card.stability, w)
        trace.stability[lo:hi], trace.difficulty[lo:hi] = card
        trace.recall[lo:hi] = recall
        card = next_review(card, days, recall, reviews.rating[lo:hi], w)
    return trace


def backward(reviews: Reviews, trace: Trace, slope: Floats, w: Floats) -> Floats:
    """The gradient of a function of P(recall) at all reviews.

    Parameters
    ----------
    reviews : Reviews
    trace : Trace
        What `forward` gave.
    slope : float array, shape (n,)
        The function's derivative by each review's P(recall).
    w : float array, shape (21,)

    Returns
    -------
    float array, shape (21,)
    """
    gradient = np.zeros(len(w))
    by_stability = by_difficulty = np.zeros(0)
    for lo, hi in reversed(list(pairwise(reviews.bounds[1:]))):
        here = slice(lo, hi)
        card = Card(trace.stability[here], trace.difficulty[here])
        review = _Review(card, reviews.days[here], trace.recall[here], reviews.rating[here])
        # Cards whose last review this was have nothing to come.
        by_stability, by_difficulty = (
            _padded(by_stability, hi - lo),
            _padded(by_difficulty, hi - lo),
        )
        through = _stability_back(review, by_stability, w, gradient)
        of_curve = _recall_back(review, slope[here] + through.recall, w, gradient)
        by_difficulty = through.difficulty + _difficulty_back(review, by_difficulty, w, gradient)
        by_stability = through.stability + of_curve
    n = reviews.n_first
    _first_back(
        reviews.rating[:n], _padded(by_stability, n), _padded(by_difficulty, n), w, gradient
    )
    return gradient


class _Review(NamedTuple):
    """Reviews of one level: the card before, the days since, P(recall), the rating."""

    card: Card
    days: Floats
    recall: Floats
    rating: Ints

    def part(self, at: Ints) -> _Review:
        card = Card(self.card.stability[at], self.card.difficulty[at])
        return _Review(card, self.days[at], self.recall[at], self.rating[at])


class _Slopes(NamedTuple):
    """Derivatives by what was there before a review."""

    stability: Floats
    difficulty: Floats
    recall: Floats


def _padded(values: Floats, n: int) -> Floats:
    return np.concatenate((values, np.zeros(n - len(values))))


def _inside(values: Floats, bounds: tuple[float, float]) -> Floats:
    """1 where a value is not held at a bound, else 0."""
    return ((values > bounds[0]) & (values < bounds[1])).astype(np.float64)


def _first_back(
    rating: Ints, by_stability: Floats, by_difficulty: Floats, w: Floats, gradient: Floats
) -> None:
    gradient[:4] += np.bincount(rating - 1, weights=by_stability, minlength=4)
    slope = by_difficulty * _inside(first_difficulty(rating, w), DIFFICULTY)
    gradient[4] += slope.sum()
    gradient[5] -= slope @ ((rating - 1) * np.exp(w[5] * (rating - 1)))


def _recall_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> Floats:
    """Through the forgetting curve; the derivative by stability."""
    ratio = review.days / review.card.stability
    bend, decay = curvature(w), w[20]
    base = 1 + bend * ratio
    by_decay = (bend + 1) * np.log(0.9) / decay**2
    slope = slope * review.recall
    gradient[20] -= slope @ (np.log(base) + decay * ratio * by_decay / base)
    return np.asarray(slope * decay * bend * ratio / (base * review.card.stability))


def _difficulty_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> Floats:
    """Through the step of difficulty; the derivative by the one before."""
    difficulty, rating = review.card.difficulty, review.rating
    slope = slope * _inside(next_difficulty(difficulty, rating, w), DIFFICULTY)
    easiest = first_difficulty(EASY, w)
    gradient[4] += w[7] * slope.sum()
    gradient[5] -= w[7] * slope.sum() * (EASY - 1) * np.exp(w[5] * (EASY - 1))
    gradient[7] += slope @ (easiest - moved(difficulty, rating, w))
    slope = slope * (1 - w[7])
    gradient[6] -= slope @ ((10 - difficulty) * (rating - GOOD) / 9)
    return np.asarray(slope * (1 + w[6] * (rating - GOOD) / 9))


def _stability_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> _Slopes:
    """Through the step of stability, by the rule that each review went by."""
    after = next_review(*review, w).stability
    slope = slope * _inside(after, STABILITY)
    soon, again = review.days < 1, review.rating == AGAIN
    found = _Slopes(*(np.zeros(len(slope)) for _ in range(3)))
    for rule, rows in (
        (_same_day_back, soon),
        (_forgotten_back, ~soon & again),
        (_recalled_back, ~soon & ~again),
    ):
        at = np.flatnonzero(rows)
        if len(at):
            for values, new in zip(
                found, rule(review.part(at), slope[at], w, gradient), strict=True
            ):
                values[at] = new
    return found


def _same_day_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> _Slopes:
    stability, rating = review.card.stability, review.rating
    free = (rating == AGAIN) | (short_term(stability, rating, w) > 1)
    factor = same_day(stability, rating, w) / stability
    moving = slope * stability * factor * free
    gradient[17] += moving @ (rating - GOOD + w[18])
    gradient[18] += moving.sum() * w[17]
    gradient[19] -= moving @ np.log(stability)
    none = np.zeros(len(slope))
    return _Slopes(slope * factor * np.where(free, 1 - w[19], 1), none, none)


def _recalled_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> _Slopes:
    card, recall, rating = review.card, review.recall, review.rating
    plain = gain(card, recall, w)
    factor = favour(rating, w)
    moving = slope * card.stability * plain * factor
    growth = (
        slope
        * card.stability
        * factor
        * (plain + np.exp(w[8]) * (11 - card.difficulty) * card.stability ** -w[9])
    )
    gradient[8] += moving.sum()
    gradient[9] -= moving @ np.log(card.stability)
    gradient[10] += growth @ (1 - recall)
    for rated, parameter in ((HARD, 15), (EASY, 16)):
        gradient[parameter] += (slope * card.stability * plain)[rating == rated].sum()
    return _Slopes(
        slope * (1 + plain * factor * (1 - w[9])), -moving / (11 - card.difficulty), -w[10] * growth
    )


def _forgotten_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> _Slopes:
    card, recall = review.card, review.recall
    left, limit = forgotten(card, recall, w), lapse_limit(card.stability, w)
    limited = slope * (limit < left)
    gradient[17] -= w[18] * (limited @ limit)
    gradient[18] -= w[17] * (limited @ limit)
    slope = slope - limited
    moving = slope * left
    more = card.stability + 1
    ratio = more ** w[13] / (more ** w[13] - 1)
    gradient[11] += moving.sum() / w[11]
    gradient[12] -= moving @ np.log(card.difficulty)
    gradient[13] += (moving * ratio) @ np.log(more)
    gradient[14] += moving @ (1 - recall)
    return _Slopes(
        moving * ratio * w[13] / more + limited * np.exp(-w[17] * w[18]),
        -w[12] * moving / card.difficulty,
        -w[14] * moving,
    )
