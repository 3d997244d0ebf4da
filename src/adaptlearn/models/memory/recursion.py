"""FSRS-6 along reviews, and back: P(recall) at each, and the gradient by the parameters."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from adaptlearn.models.memory.alone import QUICK, Follower
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
from adaptlearn.models.sequential.levels import narrow_from, rest_of_each
from adaptlearn.numerics import Floats, Ints, dot

_FEW = 24  # cards whose reviews of one level are followed one by one


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
    n, n_first = len(reviews.days), reviews.n_first
    trace = Trace(np.zeros(n), np.zeros(n), np.ones(n))
    bounds = np.array(reviews.bounds)
    narrow = max(1, narrow_from(bounds, _FEW)) if len(bounds) > 1 else 0
    card = first_review(reviews.rating[:n_first], w)
    for lo, hi in pairwise(reviews.bounds[1 : narrow + 1]):
        card = Card(card.stability[: hi - lo], card.difficulty[: hi - lo])
        days = reviews.days[lo:hi]
        recall = retrievability(days, card.stability, w)
        trace.stability[lo:hi], trace.difficulty[lo:hi] = card
        card = next_review(card, days, recall, reviews.rating[lo:hi], w)
    follower = Follower(w, QUICK)
    for number, places in enumerate(rest_of_each(bounds, narrow)):
        before = float(card.stability[number]), float(card.difficulty[number])
        days, rating = reviews.days[places].tolist(), reviews.rating[places].tolist()
        course = follower.follow(*before, days[:-1], rating[:-1])
        trace.stability[places] = [before[0], *course.stability]
        trace.difficulty[places] = [before[1], *course.difficulty]
    trace.recall[n_first:] = retrievability(reviews.days[n_first:], trace.stability[n_first:], w)
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
    n, later = reviews.n_first, slice(reviews.n_first, None)
    card = Card(trace.stability[later], trace.difficulty[later])
    review = _Review(card, reviews.days[later], trace.recall[later], reviews.rating[later])
    free = _inside(next_review(*review, w).stability, STABILITY)
    by_stability, by_difficulty = _carried_back(reviews, review, free, slope[later], w)
    through = _stability_back(review, by_stability[later] * free, w, gradient)
    _recall_back(review, slope[later] + through.recall, w, gradient)
    _difficulty_back(review, by_difficulty[later], w, gradient)
    _first_back(reviews.rating[:n], by_stability[:n], by_difficulty[:n], w, gradient)
    return gradient


def _carried_back(
    reviews: Reviews, review: _Review, free: Floats, slope: Floats, w: Floats
) -> tuple[Floats, Floats]:
    """Derivatives by stability and difficulty after each review, shape (n,) each.

    What a review hands back to the one before it is linear in what comes back to it; only these
    few numbers must be carried from review to review.

    Parameters
    ----------
    reviews : Reviews
    review : _Review
        All but the first of each card.
    free : float array
        1 where stability is not held at a bound after them, else 0.
    slope : float array
        The function's derivative by their P(recall).
    w : float array, shape (21,)
    """
    n_first, unused = reviews.n_first, np.zeros(len(w))
    one = np.ones(len(slope))
    through = _stability_back(review, free, w, unused)
    of_curve = _recall_back(review, one, w, unused)
    kept = through.stability + through.recall * of_curve
    crossed, eased = through.difficulty, _difficulty_back(review, one, w, unused)
    added = slope * of_curve
    by_stability, by_difficulty = np.zeros((2, len(reviews.days)))
    bounds = np.array(reviews.bounds)
    narrow = max(1, narrow_from(bounds, _FEW)) if len(bounds) > 1 else 0
    for number, places in enumerate(rest_of_each(bounds, narrow)):
        at = places - n_first
        parts = (part[at].tolist()[::-1] for part in (kept, crossed, eased, added))
        stability = difficulty = 0.0
        found = []
        for stays, crosses, eases, adds in zip(*parts, strict=True):
            difficulty = stability * crosses + difficulty * eases
            stability = stability * stays + adds
            found.append((stability, difficulty))
        earlier = np.append(reviews.bounds[narrow - 1] + number, places[:-1])
        by_stability[earlier], by_difficulty[earlier] = np.array(found[::-1]).T
    for level in range(narrow - 1, 0, -1):
        lo, hi = reviews.bounds[level : level + 2]
        here, own = slice(lo, hi), slice(lo - n_first, hi - n_first)
        first = reviews.bounds[level - 1]
        before = slice(first, first + hi - lo)
        by_difficulty[before] = by_stability[here] * crossed[own] + by_difficulty[here] * eased[own]
        by_stability[before] = by_stability[here] * kept[own] + added[own]
    return by_stability, by_difficulty


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


def _inside(values: Floats, bounds: tuple[float, float]) -> Floats:
    """1 where a value is not held at a bound, else 0."""
    return ((values > bounds[0]) & (values < bounds[1])).astype(np.float64)


def _first_back(
    rating: Ints, by_stability: Floats, by_difficulty: Floats, w: Floats, gradient: Floats
) -> None:
    gradient[:4] += np.bincount(rating - 1, weights=by_stability, minlength=4)
    slope = by_difficulty * _inside(first_difficulty(rating, w), DIFFICULTY)
    gradient[4] += slope.sum()
    gradient[5] -= dot(slope, (rating - 1) * np.exp(w[5] * (rating - 1)))


def _recall_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> Floats:
    """Through the forgetting curve; the derivative by stability."""
    ratio = review.days / review.card.stability
    bend, decay = curvature(w), w[20]
    base = 1 + bend * ratio
    by_decay = (bend + 1) * np.log(0.9) / decay**2
    slope = slope * review.recall
    gradient[20] -= dot(slope, np.log(base) + decay * ratio * by_decay / base)
    return np.asarray(slope * decay * bend * ratio / (base * review.card.stability))


def _difficulty_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> Floats:
    """Through the step of difficulty; the derivative by the one before."""
    difficulty, rating = review.card.difficulty, review.rating
    slope = slope * _inside(next_difficulty(difficulty, rating, w), DIFFICULTY)
    easiest = first_difficulty(EASY, w)
    gradient[4] += w[7] * slope.sum()
    gradient[5] -= w[7] * slope.sum() * (EASY - 1) * np.exp(w[5] * (EASY - 1))
    gradient[7] += dot(slope, easiest - moved(difficulty, rating, w))
    slope = slope * (1 - w[7])
    gradient[6] -= dot(slope, (10 - difficulty) * (rating - GOOD) / 9)
    return np.asarray(slope * (1 + w[6] * (rating - GOOD) / 9))


def _stability_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> _Slopes:
    """Through the step of stability, by the rule that each review went by."""
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
    gradient[17] += dot(moving, rating - GOOD + w[18])
    gradient[18] += moving.sum() * w[17]
    gradient[19] -= dot(moving, np.log(stability))
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
    gradient[9] -= dot(moving, np.log(card.stability))
    gradient[10] += dot(growth, 1 - recall)
    for rated, parameter in ((HARD, 15), (EASY, 16)):
        gradient[parameter] += (slope * card.stability * plain)[rating == rated].sum()
    return _Slopes(
        slope * (1 + plain * factor * (1 - w[9])), -moving / (11 - card.difficulty), -w[10] * growth
    )


def _forgotten_back(review: _Review, slope: Floats, w: Floats, gradient: Floats) -> _Slopes:
    card, recall = review.card, review.recall
    left, limit = forgotten(card, recall, w), lapse_limit(card.stability, w)
    limited = slope * (limit < left)
    gradient[17] -= w[18] * dot(limited, limit)
    gradient[18] -= w[17] * dot(limited, limit)
    slope = slope - limited
    moving = slope * left
    more = card.stability + 1
    ratio = more ** w[13] / (more ** w[13] - 1)
    gradient[11] += moving.sum() / w[11]
    gradient[12] -= dot(moving, np.log(card.difficulty))
    gradient[13] += dot(moving * ratio, np.log(more))
    gradient[14] += dot(moving, 1 - recall)
    return _Slopes(
        moving * ratio * w[13] / more + limited * np.exp(-w[17] * w[18]),
        -w[12] * moving / card.difficulty,
        -w[14] * moving,
    )
