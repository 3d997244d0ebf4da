"""Reviews at a price: what is due, what comes first, and what decisions say of it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.sequencing.fakes import FakeTracker

from adaptlearn import Curriculum, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.sequencing import Decision, ReviewSchedule, WeightedPolicy
from adaptlearn.sequencing.knowledge import Context, PricedReviews
from adaptlearn.sequencing.policies import PricedMastery

DAY = 86400.0
SKILLS = ["add", "draw", "new"]
LESSONS = [
    {"lesson": "L add", "skills": ["add"], "minutes": 10},
    {"lesson": "L draw", "skills": ["draw"], "minutes": 20},
    {"lesson": "L new", "skills": ["new"], "minutes": 10},
]
SCHOOL = Curriculum.from_dict({"skills": SKILLS, "lessons": LESSONS})


def memory(now=(0.9, 0.8, np.nan), later=(0.61, 0.5, np.nan), reviewed=(0.78, 0.6, np.nan)):
    """A memory that gives these numbers at day 100, 30 days later, and after a review."""
    return SimpleNamespace(
        recall=lambda students, skills, time: np.array(
            [now if np.max(time) < 101 * DAY else later] * len(students)
        ),
        recall_after_review=lambda students, skills, time, *, later, n_answers: np.array(
            [reviewed] * len(students)
        ),
        fingerprint="a memory's",
    )


def sequencer(known=(0.999, 0.999, 0.2), review=None, policy=None, **more):
    tracker = FakeTracker(SKILLS, {"ann": list(known)})
    made = PricedMastery(300, reviews="gain") if policy is None else policy
    review = PricedReviews(memory(), 300) if review is None else review
    return Sequencer(SCHOOL, tracker, made, review=review, random_state=0, **more)


def test_a_review_is_due_if_its_gain_is_worth_its_minutes():
    # Gains .17 in 10 minutes and .1 in 20: worth them from prices of 59 and of 200 minutes on.
    where = Context(SCHOOL, np.array(["ann"]), np.ones((1, 3)), "latent", now=100 * DAY)
    for price, urgency in ((58, [0, 0, 0]), (60, [0.17, 0, 0]), (201, [0.17, 0.1, 0])):
        retention, found = PricedReviews(memory(), price).look(where)
        np.testing.assert_allclose(found, [urgency], atol=1e-12)
        np.testing.assert_array_equal(retention, [[0.9, 0.8, np.nan]])


def test_reviews_and_new_lessons_compete_by_their_gain_per_minute():
    # A lesson of five answers teaches with 1 - (1 - .15)^5 = .5563: the gain of the new lesson is
    # (1 - mastery) x .5563, and it equals that of the review at a mastery of .6944.
    for mastery, first in ((0.69, "L new"), (0.70, "L add")):
        found = sequencer((0.999, 0.999, mastery)).recommend("ann", n=3, now=100 * DAY)
        assert found[0].lesson == first
        assert found[2].lesson == "L draw"
        new = (1 - mastery) * (1 - 0.85**5) / 10
        best = max(new, 0.017)
        expected = {"L new": new / best, "L add": 0.017 / best, "L draw": 0.005 / best}
        for one in found[0].candidates:
            assert one.score == pytest.approx(expected[one.lesson], abs=2e-3)  # and the order's


def test_goals_weigh_both():
    from adaptlearn.sequencing import Goals

    goals = Goals(SCHOOL, {"ann": {"add": 1.0, "new": 0.1}})
    found = sequencer(goals=goals).recommend("ann", n=3, now=100 * DAY)
    assert [one.lesson for one in found] == ["L add", "L new"]


def test_a_decision_says_what_the_review_is_for_and_keeps_it():
    made = sequencer((0.999, 0.999, 0.999))
    (found,) = made.recommend("ann", now=100 * DAY)
    assert (found.lesson, found.purpose, found.reason.code) == ("L add", "review", "review_due")
    assert (
        'A review now raises the probability that the student recalls "add" in 30 days from '
        "0.61 to 0.78." in found.reason.text
    )
    assert (found.review, found.review_target) == (made.review.fingerprint, None)
    assert Decision.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert sequencer((0.999, 0.999, 0.999)).recommend("ann", now=100 * DAY)[0] == found
    columns = made.recommend("ann", now=100 * DAY).arrays
    assert (columns.skill_unreviewed.tolist(), columns.skill_reviewed.tolist()) == ([0.61], [0.78])
    (new,) = sequencer((0.999, 0.999, 0.1)).recommend("ann", now=100 * DAY)
    assert new.lesson == "L new"
    assert "review" not in new.reason.text


def test_a_schedule_with_a_target_says_nothing_of_gains():
    review = ReviewSchedule(memory())
    made = sequencer((0.999,) * 3, review, PricedMastery(300, reviews=True))
    (found,) = made.recommend("ann", now=100 * DAY)
    assert "raises" not in found.reason.text
    assert np.isnan(made.recommend("ann", now=100 * DAY).arrays.skill_reviewed).all()
    with pytest.raises(ParameterError, match="PricedReviews"):
        sequencer((0.999,) * 3, review).recommend("ann", now=100 * DAY)


def test_every_setting_counts_for_the_fingerprint():
    one = memory()
    made = [PricedReviews(one), PricedReviews(one, 301), PricedReviews(one, horizon=DAY),
            PricedReviews(one, n_items=4), PricedReviews(one, minutes=9)]  # fmt: skip
    assert len({review.fingerprint for review in made}) == 5
    assert PricedReviews(memory(), 300.0).fingerprint == made[0].fingerprint
    policies = [PricedMastery(reviews=how) for how in (False, True, "gain")]
    policies.append(PricedMastery(reviews="gain", n_items=4))
    assert len({policy.fingerprint for policy in policies}) == 4


def test_without_reviews_the_score_is_as_it_was():
    old = WeightedPolicy({"gain_per_minute": 1.0})
    where = Context(SCHOOL, np.array(["ann"]), np.array([[0.2, 0.2, 0.9]]), "latent")
    scores, _ = old.score(where)
    np.testing.assert_allclose(scores, [[1, 0.5, 0.125]])


def test_all_wrong_arguments_are_listed():
    nothing: Any = object()
    other: Any = "price"
    with pytest.raises(ParameterError) as found:
        PricedReviews(nothing, -1, horizon=0, n_items=0, minutes=0)
    assert len(found.value.problems) == 6
    with pytest.raises(ParameterError, match="order"):
        PricedMastery(reviews="gain", order="curriculum")
    with pytest.raises(ParameterError, match="reviews"):
        PricedMastery(reviews=other)
    wrong = memory(reviewed=(1.2, 0.5, 0.5))
    where = Context(SCHOOL, np.array(["ann"]), np.ones((1, 3)), "latent", now=0.0)
    with pytest.raises(ParameterError, match="no probabilities"):
        PricedReviews(wrong).look(where)
