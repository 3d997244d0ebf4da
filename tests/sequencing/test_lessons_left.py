"""Lessons until mastery, against answers drawn at random as Bayesian knowledge tracing says."""

from __future__ import annotations

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.sequencing.goals import lessons_left
from adaptlearn.sequencing.knowledge import Context


def context(known: list[list[float]], threshold: float, rates: dict[str, float] | None) -> Context:
    belief = np.array(known)
    n_skills = belief.shape[1]
    return Context(
        Curriculum.from_dict({"skills": list(range(n_skills))}),
        np.arange(len(belief)),
        belief,
        "latent",
        mastered=belief >= threshold,
        threshold=threshold,
        rates=None if rates is None else {k: np.full(n_skills, p) for k, p in rates.items()},
    )


def drawn(start: float, threshold: float, n_items: int, rates: dict[str, float]) -> np.ndarray:
    """Lessons of many students, answer by answer."""
    rng, n = np.random.default_rng(1), 40_000
    learn, forget, guess, slip = (rates[name] for name in ("learn", "forget", "guess", "slip"))
    known, belief = rng.random(n) < start, np.full(n, start)
    lessons, waiting = np.zeros(n), np.ones(n, bool)
    while waiting.any():
        lessons[waiting] += 1
        for _ in range(n_items):
            right = rng.random(n) < np.where(known, 1 - slip, guess)
            if_known = belief * np.where(right, 1 - slip, slip)
            if_not = (1 - belief) * np.where(right, guess, 1 - guess)
            seen = if_known / (if_known + if_not)
            belief = np.where(waiting, seen * (1 - forget) + (1 - seen) * learn, belief)
            known = np.where(known, rng.random(n) >= forget, rng.random(n) < learn)
        waiting &= belief < threshold
    return lessons


@pytest.mark.parametrize("n_items", [1, 5])
@pytest.mark.parametrize(
    ("start", "threshold", "forget"),
    [(0.3, 0.95, 0.0), (0.3, 0.95, 0.002), (0.3, 0.999, 0.0), (0.9, 0.999, 0.0)],
)
def test_the_chain_of_beliefs_is_that_of_drawn_answers(
    n_items: int, start: float, threshold: float, forget: float
) -> None:
    rates = {"learn": 0.2, "forget": forget, "guess": 0.2, "slip": 0.1}
    found = lessons_left(context([[start]], threshold, rates), n_items=n_items)
    lessons = drawn(start, threshold, n_items, rates)
    assert found.mean[0, 0] == pytest.approx(lessons.mean(), rel=0.03)
    assert found.variance[0, 0] == pytest.approx(lessons.var(), rel=0.08)


def test_mastered_skills_take_none_and_unreachable_ones_are_endless() -> None:
    rates = {"learn": 0.2, "forget": 0.0, "guess": 0.2, "slip": 0.1}
    assert lessons_left(context([[0.99]], 0.95, rates), n_items=5).mean.tolist() == [[0.0]]
    never = {**rates, "learn": 0.0}
    found = lessons_left(context([[0.0]], 0.95, never), n_items=5)
    assert found.mean.tolist() == found.variance.tolist() == [[np.inf]]


def test_without_rates_the_numbers_are_geometric() -> None:
    found = lessons_left(context([[0.0]], 0.95, None), n_items=1)
    # P(learn) .15: 1 / .15 answers, and two right ones from even odds to .95.
    assert found.mean[0, 0] == pytest.approx(1 / 0.15 + 2)
    assert found.variance[0, 0] == pytest.approx(0.85 / 0.15**2)


def test_students_with_thresholds_of_their_own() -> None:
    rates = {"learn": 0.2, "forget": 0.0, "guess": 0.2, "slip": 0.1}
    both = context([[0.3], [0.3]], 0.95, rates)
    object.__setattr__(both, "threshold", np.array([[0.95], [0.999]]))
    alone = [lessons_left(context([[0.3]], p, rates), n_items=5).mean[0, 0] for p in (0.95, 0.999)]
    assert lessons_left(both, n_items=5).mean[:, 0].tolist() == pytest.approx(alone)
