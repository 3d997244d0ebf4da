"""Reviews in the policy that a log asks for."""

from __future__ import annotations

from functools import cache
from typing import Any

from adaptlearn import MasteryTracker, Sequencer
from adaptlearn.diagnosis import LogPolicy, policy_from_log
from adaptlearn.sequencing.knowledge import PricedReviews
from adaptlearn.simulation import baselines, prior_log, random_course, simulators

DAY = 86400.0
COURSE = random_course(6)


@cache
def log_of(kind: str) -> dict[str, Any]:
    """A lesson a day, drawn at random, so that students come back to a skill after days."""
    drawn = baselines(COURSE)["random_in_fringe"]
    return prior_log(
        simulators(COURSE)[kind], COURSE, policy=drawn, n_students=150, minutes_per_day=10
    )


def test_students_who_forget_get_reviews_by_their_gain(tmp_path: Any) -> None:
    log = log_of("fading")
    plain = policy_from_log(log, COURSE.curriculum, price=400, n_items=4)
    found = policy_from_log(log, COURSE.curriculum, price=400, n_items=4, reviews=True)
    assert found.diagnosis.forgetting.answer == "yes"
    assert plain.memory is None
    rest = [one for one in found.choices if one.setting != "reviews"]
    assert rest == [*plain.choices]
    assert found.table()["setting"].tolist()[4] == "reviews"
    assert found.fingerprint != plain.fingerprint
    found.save(tmp_path / "policy.json")
    back = LogPolicy.load(tmp_path / "policy.json")
    assert (back.fingerprint, back.memory) == (found.fingerprint, None)

    assert found.model is not None
    assert found.memory is not None
    tracker = MasteryTracker(found.model, practice=True).update(log)
    memory = MasteryTracker(found.memory).update(log)
    review = back.review(memory)
    assert review.fingerprint == PricedReviews(memory, 400, n_items=4).fingerprint
    sequencer = Sequencer(COURSE.curriculum, tracker, back.policy, review=review)
    decisions = sequencer.recommend(tracker.students, n=6, now=60 * DAY)
    reviews = [one for one in decisions if one.purpose == "review"]
    assert reviews
    assert all("in 30 days" in one.reason.text for one in reviews)


def test_students_who_do_not_forget_get_the_same_policy() -> None:
    log = log_of("population")
    plain = policy_from_log(log, COURSE.curriculum)
    found = policy_from_log(log, COURSE.curriculum, reviews=True)
    assert found.diagnosis.forgetting.answer != "yes"
    assert found.fingerprint == plain.fingerprint
    assert found.memory is None
