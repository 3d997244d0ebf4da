"""Reviews in what is recommended: which lessons count as one, how early, and what is recorded."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.sequencing.fakes import FakeTracker

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import DataWarning, ParameterError
from adaptlearn.models.memory import FSRS, FSRS_DEFAULTS
from adaptlearn.sequencing import (
    Decision,
    Goals,
    Override,
    ProvisionalMastery,
    ReviewSchedule,
    WeightedPolicy,
    preset,
)
from adaptlearn.sequencing.knowledge import Context, Practice, ProbabilityThreshold, Retention
from adaptlearn.sequencing.knowledge.review_schedule import sparing_reviews
from adaptlearn.sequencing.policies.candidates import find_candidates
from adaptlearn.sequencing.policies.scorers import SCORERS

DAY = 86400.0
SKILLS = ["add", "multiply", "divide", "measure"]


def school(weight=0.6):
    """Dividing practises adding and multiplying."""
    edges = [("divide", "multiply", weight), ("divide", "add", weight)]
    return Curriculum.from_dict({"skills": SKILLS, "encompasses": edges})


def reviews(urgency, mastered=(True,) * 4, curriculum=None):
    """The lessons that a student may be given as reviews, and what they are worth."""
    where = Context(
        school() if curriculum is None else curriculum,
        np.array(["ann"]),
        np.array([mastered], float),
        "latent",
        mastered=np.array([mastered]),
        urgency=np.array([urgency]),
    )
    found = find_candidates(where, ("review",))
    worth = SCORERS["review"].score(found).round(12).tolist()
    return dict(zip(where.curriculum.lessons[found.lesson].tolist(), worth, strict=True))


def test_a_lesson_that_spares_several_reviews_is_one_though_nothing_of_its_own_is_due():
    assert reviews([1, 0.5, 0, 0]) == {"add": 1, "multiply": 0.5}
    assert reviews([1, 0.8, 0, 0]) == {"add": 1, "multiply": 0.8, "divide": 1.08}
    # One due skill is best reviewed by its own lesson, and what is not mastered is no review.
    assert reviews([1, 0, 0, 0]) == {"add": 1}
    assert reviews([1, 1, 0, 0], (True, True, False, True)) == {"add": 1, "multiply": 1}
    # What else is due, and nothing to do with it, does not count.
    assert reviews([0.2, 0.2, 0, 1]) == {"add": 0.2, "multiply": 0.2, "divide": 0.24, "measure": 1}
    assert reviews([1, 1, 0, 0], curriculum=school(0.5)) == {"add": 1, "multiply": 1}


def test_students_are_looked_at_each_by_their_own():
    urgency = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0.4, 0, 0, 0.4]])
    found = sparing_reviews(school(), urgency)
    assert found.tolist() == [[False, False, True, False], *[[False] * 4] * 3]
    assert sparing_reviews(school(), urgency[:0]).shape == (0, 4)


def test_the_sequencer_recommends_it():
    tracker = FakeTracker(SKILLS, {"ann": [0.99] * 4})
    made = Sequencer(school(), tracker, preset("balanced"), review=Due([1.0, 0.9, 0, 0]))
    (decision,) = made.recommend("ann", now=0.0)
    assert (decision.lesson, decision.purpose) == ("divide", "review")


def test_what_is_not_mastered_needs_no_review():
    tracker = FakeTracker(SKILLS, {"ann": [0.99, 0.4, 0.99, 0.1]})
    grant = Override("grant", "measure", author="Lee", reason="seen")
    made = Sequencer(school(), tracker, preset("balanced"), review=Due([0.2, 0.3, 0, 0.4]),
                     overrides=[grant])  # fmt: skip
    context = made.context("ann", now=0.0)
    np.testing.assert_array_equal(context.urgency, [[0.2, 0.0, 0.0, 0.4]])
    np.testing.assert_array_equal(context.retention, [[0.8, 0.7, 1, 0.6]])


class Due:
    """A review schedule of its own, without a target."""

    def __init__(self, urgency):
        self.urgency = np.array([urgency], float)

    def look(self, context):
        return 1 - self.urgency, self.urgency


# How early


def test_what_falls_below_the_target_before_the_middle_of_the_next_session_is_due():
    days = np.array([[10.0, 10.6, 11.0, np.nan]])  # after which P(recall) falls to .9
    memory = SimpleNamespace(recall=lambda students, skills, time: 0.9 ** (time / DAY / days))
    plain = Curriculum.from_dict({"skills": SKILLS})
    now = Context(plain, np.array(["ann"]), np.ones((1, 4)), "latent", now=10.2 * DAY)
    late, half = ReviewSchedule(memory), ReviewSchedule(memory, ahead=DAY / 2)
    assert (late.look(now)[1] > 0).tolist() == [[True, False, False, False]]
    assert (half.look(now)[1] > 0).tolist() == [[True, True, False, False]]
    np.testing.assert_array_equal(half.look(now)[0], late.look(now)[0])  # as it is now
    with pytest.raises(ParameterError, match="ahead"):
        ReviewSchedule(ahead=-1.0)


def test_practice_between_now_and_then_is_looked_at_as_of_the_last_answer():
    last = np.array([[0.0, 0.4 * DAY, 0.0, 0.0]])
    some = np.ones((1, 4))
    practice = Practice(some, some, some, some, np.full((1, 4), 3), last)
    now = Context(
        school(), np.array(["ann"]), np.ones((1, 4)), "latent",
        counts=np.ones((1, 4), int), practice=practice, now=0.2 * DAY,
    )  # fmt: skip
    later = replace(now, now=0.4 * DAY)
    for found, expected in zip(
        ReviewSchedule(ahead=DAY).look(now), ReviewSchedule(ahead=DAY).look(later), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


# On record


def fsrs(**more):
    log = {"student": ["ann"] * 2, "skill": ["add"] * 2, "correct": [1, 0], "time": [0.0, DAY]}
    return FSRS(card="skill", parameters=FSRS_DEFAULTS, guess=0, slip=0, **more).fit(log)


def test_a_schedule_is_named_by_its_memory_and_its_settings():
    memory = MasteryTracker(fsrs())
    first = ReviewSchedule(memory).fingerprint
    answered = memory.update({"student": [1], "skill": ["add"], "correct": [1], "time": [0.0]})
    assert ReviewSchedule(answered, retention=0.9, width=0.05, ahead=0).fingerprint == first
    others = [
        ReviewSchedule(),
        ReviewSchedule(MasteryTracker(fsrs(whole_days=True))),
        ReviewSchedule(SimpleNamespace(recall=np.ones)),
        *(ReviewSchedule(memory, **{name: 0.5}) for name in ("retention", "width", "ahead")),
    ]
    assert len({first, *(other.fingerprint for other in others)}) == 7


def test_decisions_name_what_told_the_reviews_and_older_records_can_be_read():
    def decide(review):
        tracker = FakeTracker(SKILLS, {"ann": [0.99, 0.4, 0.1, 0.1]})
        plain = Curriculum.from_dict({"skills": SKILLS})
        made = Sequencer(plain, tracker, preset("balanced"), review=review, random_state=0)
        return made.recommend("ann", now=0.0)[0]

    memory = SimpleNamespace(recall=lambda *_: np.ones((1, 4)), fingerprint="what fades")
    schedule = ReviewSchedule(memory, retention=0.85)
    decision = decide(schedule)
    assert decision.review == schedule.fingerprint
    assert decision.review_target == 0.85
    assert Decision.from_dict(json.loads(json.dumps(decision.to_dict()))) == decision
    # Another memory makes another decision; a schedule without a name is named by its code.
    memory.fingerprint = "what fades more slowly"
    assert decide(schedule).id != decision.id
    own = decide(Due([0, 0, 0, 0]))
    assert own.review is not None
    assert own.review_target is None
    without = decide(None)
    assert (without.review, without.review_target) == (None, None)
    older = without.to_dict()
    del older["review"], older["review_target"]
    assert Decision.from_dict(older) == without


def test_the_default_gives_reviews_where_there_is_a_schedule():
    tracker = FakeTracker(SKILLS, {"ann": [0.9995, 0.9995, 0.9995, 0.1]})
    made = Sequencer(school(), tracker, review=Due([0.2, 0, 0, 0]))
    found = made.recommend("ann", n=2, now=0.0)
    assert [(one.lesson, one.purpose) for one in found] == [("measure", "new"), ("add", "review")]
    assert found[0].reason.code == "gain_per_minute"
    made = Sequencer(school(), tracker, review=Due([1.0, 0, 0, 0]))
    assert made.recommend("ann", now=0.0)[0].lesson == "add"
    # Without one it chooses as it always has.
    assert Sequencer(school(), tracker).policy.fingerprint == preset("provisional").fingerprint


@pytest.mark.parametrize("name", ["provisional", "mastery", "zpdes", "random"])
def test_a_policy_without_reviews_says_that_it_gives_none(name):
    tracker = FakeTracker(SKILLS, {"ann": [0.9995] * 4})
    with pytest.warns(DataWarning, match="gives no reviews.*reviews=True"):
        Sequencer(school(), tracker, preset(name), review=Due([1.0] * 4))


def test_policies_that_read_reviews_are_not_told_off():
    tracker = FakeTracker(SKILLS, {"ann": [0.9995] * 4})
    strict = ProbabilityThreshold() & Retention(0.7)
    for policy in (
        preset("balanced"),
        preset("outer_fringe"),
        ProvisionalMastery(reviews=True),
        preset("mastery", criterion=strict),
        WeightedPolicy({"mine": (lambda candidates: np.zeros(len(candidates)), 1.0)}),
        lambda context: (context.urgency, context.urgency > 0),
    ):
        Sequencer(school(), tracker, policy, review=Due([1.0] * 4))


def test_reviews_are_of_what_the_goal_needs():
    tracker = FakeTracker(SKILLS, {"ann": [0.9995] * 4})
    aims = Goals(school(), {"ann": "multiply"})
    for policy in (preset("balanced"), None):
        made = Sequencer(school(), tracker, policy, goals=aims, review=Due([1.0, 0.2, 0, 1.0]))
        urgency = made.context("ann", now=0.0).urgency
        np.testing.assert_array_equal(urgency, [[0, 0.2, 0, 0]])
        assert [one.lesson for one in made.recommend("ann", n=3, now=0.0)] == ["multiply"]
