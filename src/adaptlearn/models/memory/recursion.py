"""FSRS-6 along the reviews of all cards: P(recall) at each, and its derivatives.

A card's next stability depends on the one before, review after review. All reviews are solved for
at once, by Newton's method: with a guess at every stability, each step is replaced by its tangent,
and what is left is a triangular system of one band, which compiled code solves. So the cost goes
with the reviews, however few cards they are of. Stability is kept as a logarithm, in which the
steps are nearly straight: a guess near by, that of the parameters tried before, takes two or three
rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.models.memory.alone import Follower
from adaptlearn.models.memory.equations import (
    AGAIN,
    DIFFICULTY,
    EASY,
    GOOD,
    HARD,
    STABILITY,
    curvature,
    favour,
    first_difficulty,
    moved,
    next_difficulty,
)
from adaptlearn.models.memory.reviews import Reviews
from adaptlearn.numerics import Bools, Floats, Ints, stable_group

_AT_ONCE = 1 << 14  # reviews; more where one card has more
_ROUNDS = 25  # of Newton's method, after which cards that do not stand still are followed
_STILL = 1e-6  # who moved by less is this squared away, or so
_LOW, _HIGH = np.log(STABILITY)


class Block(NamedTuple):
    """The reviews of some cards but for each card's first, card by card.

    Attributes
    ----------
    review : int array, shape (n,)
        Their places in `Reviews`.
    days : float array, shape (n,)
    rating : int array, shape (n,)
    begins : int array, shape (n_cards,)
        Where each card's reviews begin.
    first : int array, shape (n_cards,)
        The rating of each card's first review.
    same_day, lapsed, recalled : int arrays
        Which reviews take a card to a further one, by the rule of each.
    """

    review: Ints
    days: Floats
    rating: Ints
    begins: Ints
    first: Ints
    same_day: Ints
    lapsed: Ints
    recalled: Ints


class Path(NamedTuple):
    """The cards of a block before each review, shape (n,) each."""

    log_stability: Floats
    difficulty: Floats
    recall: Floats


def blocks_of(reviews: Reviews) -> list[Block]:
    """The reviews in blocks of whole cards."""
    n_first = reviews.n_first
    sizes = np.diff(reviews.bounds)
    card = np.arange(len(reviews.days)) - np.repeat(reviews.bounds[:-1], sizes)
    # Cards with the most reviews stand first: those with a second one are numbered 0, 1, ….
    n_cards = int(sizes[1]) if len(sizes) > 1 else 0
    order, starts = stable_group(card[n_first:], n_cards)
    order = order + n_first
    blocks, begin = [], 0
    while begin < n_cards:
        end = int(np.searchsorted(starts, starts[begin] + _AT_ONCE, side="right")) - 1
        end = max(end, begin + 1)
        begins = starts[begin : end + 1] - starts[begin]
        at = order[starts[begin] : starts[end]]
        days, rating = reviews.days[at], reviews.rating[at]
        goes_on = np.ones(len(at), bool)
        goes_on[begins[1:] - 1] = False
        soon, again = days < 1, rating == AGAIN
        rules = (goes_on & rows for rows in (soon, ~soon & again, ~soon & ~again))
        first = reviews.rating[begin:end]
        blocks.append(Block(at, days, rating, begins[:-1], first, *map(np.flatnonzero, rules)))
        begin = end
    return blocks


def forward(blocks: Sequence[Block], w: Floats, near: Sequence[Path] | None = None) -> list[Path]:
    """Follow cards along their reviews.

    Parameters
    ----------
    blocks : sequence of Block
    w : float array, shape (21,)
    near : sequence of Path, optional
        What was found with other parameters, near these at best.
    """
    return [
        _path(block, w, None if near is None else near[number])
        for number, block in enumerate(blocks)
    ]


def recall_of(reviews: Reviews, blocks: Sequence[Block], paths: Sequence[Path]) -> Floats:
    """P(recall) at all reviews; 1 at a card's first, which nothing says anything of."""
    recall = np.ones(len(reviews.days))
    for block, path in zip(blocks, paths, strict=True):
        recall[block.review] = path.recall
    return recall


def _path(block: Block, w: Floats, near: Path | None) -> Path:
    def harder(difficulty: Floats) -> tuple[Floats, Floats]:
        value, slope, _ = _difficulty_steps(block, difficulty, w)
        return value, slope

    def longer(log_stability: Floats) -> tuple[Floats, Floats]:
        return _stability_steps(block, log_stability, difficulty, w)

    n = len(block.days)
    guess = np.full(n, 5.0) if near is None else near.difficulty
    difficulty, known = _settled(harder, guess, DIFFICULTY)
    guess = np.repeat(np.log(w[block.first - 1]), np.diff(block.begins, append=n))
    guess = guess if near is None else near.log_stability
    log_stability, still = _settled(longer, guess, (_LOW, _HIGH))
    if not (known.all() and still.all()):
        lost = np.unique(np.searchsorted(block.begins, np.flatnonzero(~(known & still)), "right"))
        _follow(block, lost - 1, w, log_stability, difficulty)
    recall, _ = _recall(block.days, log_stability, w)
    return Path(log_stability, difficulty, recall)


def _settled(
    steps: Callable[[Floats], tuple[Floats, Floats]], guess: Floats, bounds: tuple[float, float]
) -> tuple[Floats, Bools]:
    """Numbers each of which is a function of the one before, and which of them stand still.

    Parameters
    ----------
    steps : callable
        From a guess at all to what they should be, and the slope by the one before.
    guess : float array, shape (n,)
    bounds : (float, float)
    """
    from scipy.linalg.blas import dtbsv

    found = guess
    for _ in range(_ROUNDS):
        value, slope = steps(found)
        missing = dtbsv(1, _band(slope), value - found, lower=1, diag=1, overwrite_x=1)
        still = np.abs(missing) <= _STILL
        if still.all():
            return found + missing, still
        # What steep slopes took out of range is looked for again, once those before stand.
        missing[~np.isfinite(missing)] = 0
        found = np.clip(found + missing, *bounds)
    return found, still


def _band(slope: Floats) -> Floats:
    """The lower band, LAPACK's layout, of x - slope * (the x before); its diagonal is 1."""
    band = np.empty((len(slope), 2))
    band[:-1, 1] = -slope[1:]
    return band.T


def _follow(
    block: Block, cards: Ints, w: Floats, log_stability: Floats, difficulty: Floats
) -> None:
    """Fill in some cards review by review."""
    follower = Follower(w)
    ends = np.append(block.begins[1:], len(block.days))
    for card in cards.tolist():
        at = slice(block.begins[card], ends[card])
        # The first review, at which nothing was known; the last one's outcome is not asked for.
        days = [0.0, *block.days[at].tolist()[:-1]]
        rating = [int(block.first[card]), *block.rating[at].tolist()[:-1]]
        course = follower.follow(0.0, 0.0, days, rating)
        log_stability[at], difficulty[at] = np.log(course.stability), course.difficulty


def derivatives(block: Block, path: Path, w: Floats) -> Floats:
    """Of P(recall) at each review of a block, by the parameters: shape (n, 21).

    Parameters
    ----------
    block : Block
    path : Path
        What `forward` gave.
    w : float array, shape (21,)
    """
    added = np.zeros((len(w), len(block.days))).T  # columns, one after the other
    of_difficulty = _difficulty_derivatives(block, path.difficulty, w)
    direct = _Direct(added, of_difficulty)
    _, slope = _stability_steps(block, path.log_stability, path.difficulty, w, direct)
    found = _carried(slope, added)
    by_stability, by_decay = _recall_derivatives(block.days, path, w)
    found *= by_stability[:, None]
    found[:, 20] += by_decay
    return found


def _carried(slope: Floats, added: Floats) -> Floats:
    """Columns each of whose numbers is `slope` times the one before, and what is added."""
    from scipy.linalg.lapack import dtbtrs

    found, _ = dtbtrs(_band(slope), added, uplo="L", diag="U", overwrite_b=1)
    return np.asarray(found)


def _inside(values: Floats, bounds: tuple[float, float]) -> Floats:
    """1 where a value is not held at a bound, else 0."""
    return ((values > bounds[0]) & (values < bounds[1])).astype(np.float64)


def _recall(days: Floats, log_stability: Floats, w: Floats) -> tuple[Floats, Floats]:
    """P(recall), and its derivative by the logarithm of stability."""
    passed = curvature(w) * days * np.exp(-log_stability)
    recall = np.exp(-w[20] * np.log1p(passed))
    return recall, w[20] * recall * passed / (1 + passed)


def _recall_derivatives(days: Floats, path: Path, w: Floats) -> tuple[Floats, Floats]:
    """Derivatives of P(recall) by the logarithm of stability, and by the last parameter."""
    recall, by_stability = _recall(days, path.log_stability, w)
    bend, decay = curvature(w), w[20]
    by_decay = (bend + 1) * np.log(0.9) / decay**2
    ratio = days * np.exp(-path.log_stability)
    base = 1 + bend * ratio
    return by_stability, -recall * (np.log(base) + decay * ratio * by_decay / base)


def _difficulty_steps(block: Block, difficulty: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Difficulties after the reviews before; their slopes by the ones before; which are free."""
    value, slope = np.empty_like(difficulty), np.empty_like(difficulty)
    value[1:] = next_difficulty(difficulty[:-1], block.rating[:-1], w)
    slope[1:] = (1 - w[7]) * (1 + w[6] * (block.rating[:-1] - GOOD) / 9)
    value[block.begins], slope[block.begins] = first_difficulty(block.first, w), 0
    free = _inside(value, DIFFICULTY)
    return np.clip(value, *DIFFICULTY), slope * free, free


def _difficulty_derivatives(block: Block, difficulty: Floats, w: Floats) -> Floats:
    """By the parameters 4 to 7, shape (n, 4)."""
    _, slope, free = _difficulty_steps(block, difficulty, w)
    added = np.empty((4, len(difficulty)))
    before, rating = difficulty[:-1], block.rating[:-1]
    added[0] = w[7]
    added[1] = -w[7] * (EASY - 1) * np.exp(w[5] * (EASY - 1))
    added[2, 1:] = -(1 - w[7]) * (10 - before) * (rating - GOOD) / 9
    added[3, 1:] = first_difficulty(EASY, w) - moved(before, rating, w)
    added[:, block.begins] = 0
    added[0, block.begins] = 1
    added[1, block.begins] = -(block.first - 1) * np.exp(w[5] * (block.first - 1))
    return _carried(slope, (added * free).T)


class _Direct(NamedTuple):
    """Where derivatives by the parameters are added up that reach a stability directly.

    Attributes
    ----------
    added : float array, shape (n, 21)
    of_difficulty : float array, shape (n, 4)
        Those of difficulty, by the parameters 4 to 7.
    """

    added: Floats
    of_difficulty: Floats

    def put(self, at: Ints, by_difficulty: Floats, **by: Floats) -> None:
        """Of the reviews after some: by difficulty and by parameters, ``w8`` say."""
        for column in range(4):
            self.added[at + 1, 4 + column] = by_difficulty * self.of_difficulty[at, column]
        for name, values in by.items():
            self.added[at + 1, int(name[1:])] = values


def _stability_steps(
    block: Block,
    log_stability: Floats,
    difficulty: Floats,
    w: Floats,
    direct: _Direct | None = None,
) -> tuple[Floats, Floats]:
    """Logarithms of stabilities after the reviews before; their slopes by the ones before."""
    value, slope = np.empty_like(log_stability), np.zeros_like(log_stability)
    value[block.begins] = np.log(w[block.first - 1])
    for rule, at in (
        (_same_day, block.same_day),
        (_lapsed, block.lapsed),
        (_recalled, block.recalled),
    ):
        before = _Before(at, log_stability[at], difficulty[at], block.days[at], block.rating[at])
        value[at + 1], slope[at + 1] = rule(before, w, direct)
    free = _inside(value, (_LOW, _HIGH))
    if direct is not None:
        direct.added[:] *= free[:, None]
        # The first are parameters, and free where those are.
        direct.added[block.begins, block.first - 1] = 1 / w[block.first - 1]
    return np.clip(value, _LOW, _HIGH), slope * free


class _Before(NamedTuple):
    """Cards before reviews: where they are, what they are, the days since, the rating."""

    at: Ints
    log_stability: Floats
    difficulty: Floats
    days: Floats
    rating: Ints


def _same_day(before: _Before, w: Floats, direct: _Direct | None) -> tuple[Floats, Floats]:
    at, log_stability, _, _, rating = before
    factor = w[17] * (rating - GOOD + w[18]) - w[19] * log_stability
    free = ((rating == AGAIN) | (factor > 0)).astype(np.float64)
    if direct is not None:
        by_17 = free * (rating - GOOD + w[18])
        none = np.zeros(len(at))
        direct.put(at, none, w17=by_17, w18=free * w[17], w19=-free * log_stability)
    return log_stability + free * factor, 1 - w[19] * free


def _lapsed(before: _Before, w: Floats, direct: _Direct | None) -> tuple[Floats, Floats]:
    at, log_stability, difficulty, days, _ = before
    recall, by_stability = _recall(days, log_stability, w)
    more = np.logaddexp(0, log_stability)  # of stability + 1, a logarithm
    grown = np.expm1(w[13] * more)
    log_difficulty = np.log(difficulty)
    left = np.log(w[11]) - w[12] * log_difficulty + np.log(grown) + w[14] * (1 - recall)
    limit = log_stability - w[17] * w[18]
    free = (left <= limit).astype(np.float64)
    share = (grown + 1) / grown
    slope = w[13] * share * np.exp(log_stability - more) - w[14] * by_stability
    if direct is not None:
        _, by_decay = _recall_derivatives(days, Path(log_stability, difficulty, recall), w)
        direct.put(
            at,
            -free * w[12] / difficulty,
            w11=free / w[11],
            w12=-free * log_difficulty,
            w13=free * share * more,
            w14=free * (1 - recall),
            w17=(free - 1) * w[18],
            w18=(free - 1) * w[17],
            w20=-free * w[14] * by_decay,
        )
    return np.minimum(left, limit), np.where(free, slope, 1.0)


def _recalled(before: _Before, w: Floats, direct: _Direct | None) -> tuple[Floats, Floats]:
    at, log_stability, difficulty, days, rating = before
    recall, by_stability = _recall(days, log_stability, w)
    surprise = np.expm1(w[10] * (1 - recall))
    ease = np.exp(w[8] - w[9] * log_stability) * (11 - difficulty)
    factor = favour(rating, w)
    growth = ease * surprise * factor
    share = growth / (1 + growth)
    by_recall = -w[10] * ease * factor * (surprise + 1) / (1 + growth)
    if direct is not None:
        _, by_decay = _recall_derivatives(days, Path(log_stability, difficulty, recall), w)
        plain = ease * surprise / (1 + growth)
        direct.put(
            at,
            -share / (11 - difficulty),
            w8=share,
            w9=-log_stability * share,
            w10=ease * factor * (surprise + 1) / (1 + growth) * (1 - recall),
            w15=plain * (rating == HARD),
            w16=plain * (rating == EASY),
            w20=by_recall * by_decay,
        )
    return log_stability + np.log1p(growth), 1 - w[9] * share + by_recall * by_stability
