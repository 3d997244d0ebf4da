"""FSRS-6 as its reference implementation has it, and gradients as finite differences have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import fsrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.models.reviewed import DAY, START, rated_log, slope_of

from adaptlearn.models.memory import FSRS, FSRS_DEFAULTS, recursion
from adaptlearn.models.memory.answers import answers_of, score
from adaptlearn.models.memory.equations import (
    DEFAULTS,
    HIGHEST,
    LOWEST,
    SPREAD,
    Card,
    first_review,
    interval,
    next_review,
    retrievability,
)
from adaptlearn.models.memory.halflife import Regression, counts_of, features
from adaptlearn.models.memory.noise import Noise
from adaptlearn.models.memory.recursion import blocks_of, derivatives, forward, recall_of
from adaptlearn.models.memory.reviews import Reviews, reviews_of
from adaptlearn.models.sequential import Names, encode
from adaptlearn.models.sequential.tracer import training_labels


def reference(reviews, parameters, steps=True):
    """The card after each review (rating, seconds since the last), and P(recall) before it."""
    how: Any = {} if steps else {"learning_steps": (), "relearning_steps": ()}
    scheduler = fsrs.Scheduler(parameters, enable_fuzzing=False, **how)
    card, now = fsrs.Card(), START
    for rating, gap in reviews:
        now += timedelta(seconds=gap)
        recall = scheduler.get_card_retrievability(card, now)
        card, _ = scheduler.review_card(card, fsrs.Rating(rating), now)
        yield card.stability, card.difficulty, recall


GAPS = st.one_of(
    st.integers(0, 7200),  # within the day
    st.integers(0, 90000),  # about a day
    st.integers(0, 400 * 86400),
    st.integers(0, 60).map(lambda days: days * 86400),  # to the second
)
HISTORIES = st.lists(st.tuples(st.integers(1, 4), GAPS), min_size=1, max_size=15)
# Anywhere within the published bounds, those themselves among them.
PARAMETERS = st.lists(st.floats(0, 1), min_size=21, max_size=21).map(
    lambda shares: tuple((LOWEST + np.array(shares) * (HIGHEST - LOWEST)).tolist())
)


@settings(max_examples=trials(2000), deadline=None)
@given(HISTORIES, st.one_of(st.just(FSRS_DEFAULTS), PARAMETERS), st.booleans())
def test_the_equations_are_those_of_the_reference(history, parameters, steps):
    w = np.array(parameters)
    card = None
    for (rating, gap), known in zip(history, reference(history, parameters, steps), strict=True):
        stability, difficulty, recall = known
        if stability > 1e8:
            break  # there the reference goes on to infinity
        ratings, days = np.array([rating]), np.array([gap // DAY])
        if card is None:
            card = first_review(ratings, w)
        else:
            chance = retrievability(days, card.stability, w)
            assert chance[0] == pytest.approx(recall, abs=1e-6)
            card = next_review(card, days, chance, ratings, w)
        assert card.stability[0] == pytest.approx(stability, rel=1e-6, abs=1e-6)
        assert card.difficulty[0] == pytest.approx(difficulty, abs=1e-6)


def test_states_hold_the_cards_of_the_reference():
    log = rated_log()
    model = FSRS(parameters=FSRS_DEFAULTS, whole_days=True, guess=0, slip=0).fit(log)
    state = model.update_state(model.init_state(12), log)
    now = log.time.max() + 30 * DAY
    found = model.cards(state, np.arange(12), range(5))
    recall = model.retrievability(state, np.arange(12), range(5), now)
    predicted = model.predict_proba(log)[:, 1]
    assert found.stability.shape == recall.shape == (12, 5)
    assert np.isnan(found.stability[:, 4]).all()  # nobody has met item 4
    for student in range(12):
        for item in range(4):
            rows = np.flatnonzero((log.student.codes == student) & (log.item.codes == item))
            gaps = np.diff(log.time[rows], prepend=START.timestamp())
            history = list(zip(log.extra["rating"][rows].tolist(), gaps.tolist(), strict=True))
            cards = list(reference(history, FSRS_DEFAULTS))
            stability, difficulty, _ = cards[-1]
            assert found.stability[student, item] == pytest.approx(stability, rel=1e-6)
            assert found.difficulty[student, item] == pytest.approx(difficulty, abs=1e-6)
            scheduler, last = fsrs.Scheduler(), log.time[rows[-1]]
            card = fsrs.Card(stability=stability, last_review=datetime.fromtimestamp(last, UTC))
            chance = scheduler.get_card_retrievability(card, datetime.fromtimestamp(now, UTC))
            assert recall[student, item] == pytest.approx(chance, abs=1e-6)
            before = np.clip([recall for *_, recall in cards[1:]], 1e-4, 1 - 1e-4)
            np.testing.assert_allclose(predicted[rows[1:]], before, atol=1e-6)


def test_stability_stays_finite_where_the_reference_overflows():
    w = np.array(FSRS_DEFAULTS)
    w[[8, 9, 10]] = HIGHEST[8], 0, HIGHEST[10]
    card = first_review(np.array([4]), w)
    for _ in range(150):
        days = card.stability * 30
        card = next_review(card, days, retrievability(days, card.stability, w), np.array([4]), w)
    assert np.isfinite(card.stability).all()


def test_the_published_interval_at_nine_tenths_is_the_stability():
    stability = np.array([0.5, 3.0, 400.0])
    np.testing.assert_allclose(interval(0.9, stability, DEFAULTS), stability)


def encoded_reviews(log, card):
    encoded = encode(log, Names.of(*training_labels(log)[:2]))
    encoded = encoded._replace(correct=log.extra["rating"][encoded.rows].astype(np.int8))
    return reviews_of(encoded, card)


@pytest.mark.parametrize("loss", ["log", "squared"])
@pytest.mark.parametrize(("card", "several"), [("item", False), ("skill", True)])
@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_fsrs_is_that_of_finite_differences(card, several, loss, seed):
    reviews = encoded_reviews(rated_log(several=several, seed=seed), card)
    rng = np.random.default_rng(seed)
    first = rng.uniform(0.3, 0.7, reviews.n_first)
    answers = answers_of(reviews, first, reviews.days > 0.01)
    w = np.clip(DEFAULTS + 0.2 * rng.normal(size=21) * SPREAD, LOWEST + 0.01, HIGHEST - 0.01)
    at = np.append(w, rng.uniform(0.1, 0.3, 2))

    def loss_at(point):
        recall = recall_of(reviews, blocks, forward(blocks, point[:21]))
        return score(answers, recall, Noise(*point[21:]), loss)

    blocks = blocks_of(reviews)
    found = loss_at(at)
    by_w = slope_at(blocks, w, found.by_recall)
    gradient = np.append(by_w, found.by_noise)
    by_differences = slope_of(lambda point: loss_at(point).loss, at)
    np.testing.assert_allclose(gradient, by_differences, rtol=1e-5, atol=1e-5)
    assert (np.abs(gradient) > 1e-4).all()  # every one of them says something


def slope_at(blocks, w, by_recall):
    """The gradient of what has these derivatives by P(recall)."""
    return sum(
        by_recall[block.review] @ derivatives(block, path, w)
        for block, path in zip(blocks, forward(blocks, w), strict=True)
    )


def followed(reviews, w):
    """Stability, difficulty and P(recall) before every review that is not a card's first."""
    before = np.ones((3, len(reviews.days)))
    card = first_review(reviews.rating[: reviews.n_first], w)
    for lo, hi in pairwise(reviews.bounds[1:]):
        card = Card(*(part[: hi - lo] for part in card))
        recall = retrievability(reviews.days[lo:hi], card.stability, w)
        before[:, lo:hi] = *card, recall
        card = next_review(card, reviews.days[lo:hi], recall, reviews.rating[lo:hi], w)
    return before


def solved(reviews, w, near=None):
    """The same by Newton's method, and the paths."""
    blocks = blocks_of(reviews)
    paths = forward(blocks, w, near)
    before = np.ones((3, len(reviews.days)))
    for block, path in zip(blocks, paths, strict=True):
        before[:, block.review] = np.exp(path.log_stability), path.difficulty, path.recall
    return before, paths


@pytest.mark.parametrize(("rounds", "at_once"), [(1, 1 << 14), (3, 50), (25, 1), (25, 1 << 14)])
@pytest.mark.parametrize("card", ["item", "skill"])
def test_cards_are_solved_for_as_they_are_followed(card, rounds, at_once, monkeypatch):
    monkeypatch.setattr(recursion, "_ROUNDS", rounds)
    monkeypatch.setattr(recursion, "_AT_ONCE", at_once)
    reviews = encoded_reviews(rated_log(several=card == "skill", seed=4), card)
    rng = np.random.default_rng(4)
    near = None
    for _ in range(3):
        w = np.clip(DEFAULTS + 0.2 * rng.normal(size=21) * SPREAD, LOWEST + 0.01, HIGHEST - 0.01)
        found, near = solved(reviews, w, near)
        np.testing.assert_allclose(found, followed(reviews, w), rtol=1e-9)


def one_card(rating, days):
    n = len(rating)
    bounds = list(range(n + 1))
    return Reviews(np.arange(n), np.zeros(n, int), np.append(0.0, days[1:]), rating, bounds)


LONG = {
    "any rating": lambda rng, n: (rng.integers(1, 5, n), rng.exponential(3.0, n)),
    "at once": lambda rng, n: (rng.integers(1, 5, n), np.zeros(n)),
    "within the day": lambda rng, n: (rng.choice([1, 3], n), rng.exponential(0.05, n)),
    "all wrong": lambda rng, n: (np.ones(n, int), rng.exponential(1.5, n)),
    "all right": lambda rng, n: (np.full(n, 3), rng.exponential(1.5, n)),
    "easy, late": lambda rng, n: (np.full(n, 4), rng.exponential(1e5, n)),
    "turn by turn": lambda rng, n: (1 + 2 * (np.arange(n) % 2), rng.exponential(400.0, n)),
}


@pytest.mark.parametrize("kind", LONG)
def test_a_long_card_is_solved_for_at_any_parameters(kind):
    """Also where all are at their bounds, and what is near is the other end."""
    rng = np.random.default_rng(6)
    near = None
    for trial in range(trials(8)):
        rating, days = LONG[kind](rng, 400)
        w = LOWEST + rng.random(21) * (HIGHEST - LOWEST)
        if trial % 2:
            w = np.where(rng.random(21) < 0.5, LOWEST, HIGHEST)
        found, near = solved(one_card(rating, days), w, near)
        np.testing.assert_allclose(found, followed(one_card(rating, days), w), rtol=1e-8)


@pytest.mark.parametrize("kind", ["any rating", "within the day", "turn by turn"])
def test_the_gradient_of_a_long_card_is_that_of_finite_differences(kind):
    rng = np.random.default_rng(2)
    reviews = one_card(*LONG[kind](rng, 600))
    blocks, by_recall = blocks_of(reviews), rng.normal(size=600)
    w = np.clip(DEFAULTS + 0.2 * rng.normal(size=21) * SPREAD, LOWEST + 0.01, HIGHEST - 0.01)
    by_differences = slope_of(
        lambda point: by_recall @ recall_of(reviews, blocks, forward(blocks, point)), w
    )
    np.testing.assert_allclose(slope_at(blocks, w, by_recall), by_differences, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("loss", "weight"), [("log", 0.0), ("squared", 0.01)])
@pytest.mark.parametrize(("card", "several"), [("item", False), ("skill", True)])
def test_the_gradient_of_half_lives_is_that_of_finite_differences(card, several, loss, weight):
    reviews = encoded_reviews(rated_log(several=several), card)
    rng = np.random.default_rng(3)
    answers = answers_of(
        reviews, rng.uniform(0.3, 0.7, reviews.n_first), np.ones(len(reviews.row), bool)
    )
    columns = features(*counts_of(reviews))
    at = np.concatenate(([0.5, 0.6, -0.4], rng.normal(0, 0.7, reviews.code.max() + 1), [0.2, 0.1]))
    regression = Regression(
        columns, reviews.code, reviews.days, answers, (1e-9, 1e9), loss, weight, 0.3
    )
    # Bounds that hold a fifth of the half-lives.
    bounds = np.quantile(regression.half_lives(at[:-2]), [0.1, 0.9]) * (1.0001, 0.9999)
    regression = regression._replace(bounds=tuple(bounds.tolist()))
    _, by_weights, by_noise = regression.objective(at[:-2], at[-2:])
    by_differences = slope_of(lambda point: regression.objective(point[:-2], point[-2:])[0], at)
    np.testing.assert_allclose(
        np.append(by_weights, by_noise), by_differences, rtol=1e-5, atol=1e-5
    )
