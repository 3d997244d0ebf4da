"""The equations of FSRS-6, for any number of cards at once, and what they are published with.

Time is in days. ``w`` is a set of 21 parameters, numbered as the published ones are. Powers are
those of `np.power`: an operator has shortcuts for some exponents, which single numbers have not.

References
----------
Open Spaced Repetition, "The Algorithm" (wiki of fsrs4anki, section FSRS-6), its default
parameters and their bounds; J. Ye, J. Su & Y. Cao (2022). A stochastic shortest path algorithm for
optimizing spaced repetition scheduling. KDD.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Floats, Ints

AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
"""Ratings of a review: forgotten, and recalled with effort, as it should be, at once."""

# Value, bounds, and how much it varies between learners: the defaults and the clipping of the
# published algorithm, and the widths of the prior in its optimiser (fsrs-rs).
_PUBLISHED = (
    (0.212, 0.001, 100, 6.43),
    (1.2931, 0.001, 100, 9.66),
    (2.3065, 0.001, 100, 17.58),
    (8.2956, 0.001, 100, 27.85),
    (6.4133, 1, 10, 0.57),
    (0.8334, 0.001, 4, 0.28),
    (3.0194, 0.001, 4, 0.6),
    (0.001, 0.001, 0.75, 0.12),
    (1.8722, 0, 4.5, 0.39),
    (0.1666, 0, 0.8, 0.18),
    (0.796, 0.001, 3.5, 0.33),
    (1.4835, 0.001, 5, 0.3),
    (0.0614, 0.001, 0.25, 0.09),
    (0.2629, 0.001, 0.9, 0.16),
    (1.6483, 0, 4, 0.57),
    (0.6014, 0, 1, 0.25),
    (1.8729, 1, 6, 1.03),
    (0.5425, 0, 2, 0.31),
    (0.0912, 0, 2, 0.32),
    (0.0658, 0, 0.8, 0.14),
    (0.1542, 0.1, 0.8, 0.27),
)
DEFAULTS, LOWEST, HIGHEST, SPREAD = (np.array(column) for column in zip(*_PUBLISHED, strict=True))

STABILITY = (0.001, 1e9)
"""Bounds in days. The published ones have no upper bound, and overflow."""

DIFFICULTY = (1.0, 10.0)


class Card(NamedTuple):
    """What is remembered of cards after a review.

    Attributes
    ----------
    stability : float array, shape (n,)
        Days after which 9 of 10 such cards would be recalled.
    difficulty : float array, shape (n,)
        From 1 to 10.
    """

    stability: Floats
    difficulty: Floats


def retrievability(days: Floats, stability: Floats, w: Floats) -> Floats:
    """P(recall) a number of days after the last review: 1 at once, 0.9 after `stability` days.

    Parameters
    ----------
    days, stability : float arrays that broadcast
    w : float array, shape (21,)

    Examples
    --------
    >>> import numpy as np
    >>> retrievability(np.array([0.0, 5.0, 500.0]), np.array([5.0]), DEFAULTS).round(3).tolist()
    [1.0, 0.9, 0.492]
    """
    return np.asarray(np.power(1 + curvature(w) * days / stability, -w[20]))


def interval(retention: Floats | float, stability: Floats, w: Floats) -> Floats:
    """Days after the last review at which P(recall) has fallen to `retention`, in (0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> interval(0.9, np.array([5.0, 7.0]), DEFAULTS).round(6).tolist()
    [5.0, 7.0]
    """
    return np.asarray(stability / curvature(w) * (retention ** (-1 / w[20]) - 1))


def curvature(w: Floats) -> float:
    """What makes the curve pass through 0.9 when as many days have passed as stability says."""
    return float(0.9 ** (-1 / w[20]) - 1)


def first_review(rating: Ints, w: Floats) -> Card:
    """Cards after their first review.

    Parameters
    ----------
    rating : int array, shape (n,)
        1 to 4.
    w : float array, shape (21,)
    """
    difficulty = first_difficulty(rating, w)
    return Card(w[rating - 1], np.clip(difficulty, *DIFFICULTY))


def first_difficulty(rating: Ints | int, w: Floats) -> Floats:
    """The difficulty after a first review, before it is held within its bounds."""
    return np.asarray(w[4] - np.exp(w[5] * (np.asarray(rating) - 1)) + 1)


def next_review(card: Card, days: Floats, recall: Floats, rating: Ints, w: Floats) -> Card:
    """Cards after a review that is not their first.

    Parameters
    ----------
    card : Card
        Before it, arrays of shape (n,).
    days : float array, shape (n,)
        Since the last review. Within a day memory moves by the short-term rule.
    recall : float array, shape (n,)
        `retrievability` at the review.
    rating : int array, shape (n,)
        1 to 4.
    w : float array, shape (21,)

    Examples
    --------
    >>> import numpy as np
    >>> card = first_review(np.array([3]), DEFAULTS)
    >>> days = np.array([2.0])
    >>> recall = retrievability(days, card.stability, DEFAULTS)
    >>> kept = next_review(card, days, recall, np.array([3]), DEFAULTS)
    >>> lost = next_review(card, days, recall, np.array([1]), DEFAULTS)
    >>> bool(kept.stability[0] > card.stability[0] > lost.stability[0])
    True
    """
    stability = np.where(
        days < 1,
        same_day(card.stability, rating, w),
        np.where(
            rating == AGAIN,
            np.minimum(forgotten(card, recall, w), lapse_limit(card.stability, w)),
            card.stability * (1 + gain(card, recall, w) * favour(rating, w)),
        ),
    )
    difficulty = next_difficulty(card.difficulty, rating, w)
    return Card(np.clip(stability, *STABILITY), np.clip(difficulty, *DIFFICULTY))


def same_day(stability: Floats, rating: Ints, w: Floats) -> Floats:
    """Stability after a review on the day of the last one; a recall never lowers it."""
    factor = short_term(stability, rating, w)
    return stability * np.where(rating > AGAIN, np.maximum(factor, 1), factor)


def short_term(stability: Floats, rating: Ints, w: Floats) -> Floats:
    """What stability is multiplied by on the same day, before a recall is held to 1 or more."""
    return np.asarray(np.exp(w[17] * (rating - GOOD + w[18])) * np.power(stability, -w[19]))


def gain(card: Card, recall: Floats, w: Floats) -> Floats:
    """By what share a recall rated Good lengthens stability: more, the less it was expected."""
    ease = np.exp(w[8]) * (11 - card.difficulty) * np.power(card.stability, -w[9])
    return np.asarray(ease * np.expm1(w[10] * (1 - recall)))


def favour(rating: Ints, w: Floats) -> Floats:
    """What a gain is multiplied by: less for Hard, more for Easy."""
    return np.where(rating == HARD, w[15], np.where(rating == EASY, w[16], 1.0))


def forgotten(card: Card, recall: Floats, w: Floats) -> Floats:
    """Stability after a card was forgotten, before it is held under `lapse_limit`."""
    of_stability = np.power(card.stability + 1, w[13]) - 1
    return np.asarray(
        w[11] * np.power(card.difficulty, -w[12]) * of_stability * np.exp(w[14] * (1 - recall))
    )


def lapse_limit(stability: Floats, w: Floats) -> Floats:
    """The most that is left of stability when a card was forgotten."""
    return np.asarray(stability * np.exp(-w[17] * w[18]))


def next_difficulty(difficulty: Floats, rating: Ints, w: Floats) -> Floats:
    """Difficulty after a further review, before it is held within its bounds."""
    return np.asarray(w[7] * first_difficulty(EASY, w) + (1 - w[7]) * moved(difficulty, rating, w))


def moved(difficulty: Floats, rating: Ints, w: Floats) -> Floats:
    """Difficulty moved by a rating: the less, the closer it is to 10."""
    return np.asarray(difficulty - (10 - difficulty) * w[6] * (rating - GOOD) / 9)
