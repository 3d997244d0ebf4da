"""What is due, what practice spares reviews, and that reviews do not pile up."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.sequencing.fakes import FakeMastery

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError, StateError
from adaptlearn.models import BKT
from adaptlearn.models.memory import FSRS, FSRS_DEFAULTS, HalfLifeRegression
from adaptlearn.sequencing import ReviewSchedule, WeightedPolicy, preset
from adaptlearn.sequencing.knowledge import Context, Practice
from adaptlearn.sequencing.knowledge.review_schedule import (
    half_life,
    implicit,
    practised_by_lessons,
)
from adaptlearn.sequencing.policies.candidates import find_candidates
from adaptlearn.sequencing.policies.scorers import SCORERS

DAY = 86400.0
SKILLS = ["add", "multiply", "divide", "measure"]
LOG = {
    "student": ["ann", "ann", "ben", "ann"],
    "skill": ["add", "multiply", "add", "add"],
    "correct": [1, 1, 0, 1],
    "time": [0.0, DAY, DAY, 3 * DAY],
}


def school(**more):
    return Curriculum.from_dict({"skills": SKILLS, **more})


def encompassing(lessons=None):
    """Dividing practises multiplying (.5), and that adding (.6); measuring adding (.1)."""
    edges = [("divide", "multiply", 0.5), ("multiply", "add", 0.6), ("measure", "add", 0.1)]
    more = {} if lessons is None else {"lessons": lessons}
    return school(encompasses=edges, **more)


def practice(last, right=3.0):
    last = np.array(last, float)
    met = ~np.isnan(last)
    return Practice(
        right=np.where(met, right, 0.0),
        streak=np.where(met, right, 0.0),
        average=np.zeros(last.shape),
        change=np.ones(last.shape),
        recent=np.where(met, 0b1111, 1),
        last_time=last,
    )


def context(curriculum, last=None, now=0.0, **more):
    n = len(curriculum.skills)
    mastery = np.full((1 if last is None else len(last), n), 0.97)
    if last is not None:
        kept = practice(last)
        more = {"practice": kept, "counts": np.where(kept.recent > 1, 4, 0), **more}
    marked = {"mastered": mastery >= 0.95, **more}
    return Context(curriculum, np.arange(len(mastery)), mastery, "latent", now=now, **marked)


def remembers(function):
    return SimpleNamespace(recall=function)


def fading(last, days):
    """A memory that halves in so many days."""

    def recall(students, skills, time):
        since = np.broadcast_to(time, np.shape(last)) - last
        assert not (since < 0).any()
        return 2.0 ** (-since / (days * DAY))

    return remembers(recall)


def fsrs(**more):
    return FSRS(card="skill", parameters=FSRS_DEFAULTS, guess=0, slip=0, **more).fit(LOG)


# The tracker


@pytest.mark.parametrize("model", [fsrs, lambda: HalfLifeRegression(card="skill").fit(LOG)])
def test_recall_is_the_models_and_strangers_have_none(model):
    model = model()
    tracker = MasteryTracker(model).update(LOG)
    asked = ["ben", "zoe", "ann"], ["multiply", "never met", "add"], 5 * DAY
    found = tracker.recall(*asked)
    state = model.update_state(model.init_state(2), {**LOG, "student": [0, 0, 1, 0]})
    own = model.retrievability(state, [1, 0], ["multiply", "never met", "add"], 5 * DAY)
    np.testing.assert_array_equal(found, [own[0], [np.nan] * 3, own[1]])
    assert np.isnan(found).tolist() == [[True, True, False], [True] * 3, [False, True, False]]
    times = np.full((3, 3), 5 * DAY)
    np.testing.assert_array_equal(tracker.recall(*asked[:2], times), found)
    with pytest.raises(StateError, match="reviewed after"):
        tracker.recall(["ann"], ["add"], DAY)


def test_a_model_that_forgets_nothing_and_one_of_items_have_no_recall_of_skills():
    with pytest.warns(match="BKT|identif|answers"):
        plain = BKT().fit({name: LOG[name] for name in ("student", "skill", "correct")})
    with pytest.raises(StateError, match="BKT does not say what is recalled"):
        MasteryTracker(plain).recall(["ann"], ["add"], 0.0)
    by_item = FSRS(parameters=FSRS_DEFAULTS).fit({**LOG, "item": LOG["skill"]})
    with pytest.raises(StateError, match="card='skill'"):
        MasteryTracker(by_item).recall(["ann"], ["add"], 5 * DAY)


# What is due


def test_urgency_is_how_far_recall_is_below_the_target():
    table = np.array([[0.95, 0.9, 0.88, 0.5], [np.nan, 0.86, 0.85, 1.0]])
    where = replace(context(school()), mastery=np.ones((2, 4)), students=np.array([3, 4]))
    asked = []

    def recall(students, skills, time):
        asked.append((students, skills, time))
        return table

    retention, urgency = ReviewSchedule(remembers(recall)).look(where)
    np.testing.assert_array_equal(retention, table)
    np.testing.assert_allclose(urgency, [[0, 0, 0.4, 1], [0, 0.8, 1, 0]], atol=1e-12)
    assert asked == [([3, 4], SKILLS, 0.0)]
    own = ReviewSchedule(remembers(recall), retention=0.95, width=0.2)
    np.testing.assert_allclose(own.look(where)[1], [[0, 0.25, 0.35, 1], [0, 0.45, 0.5, 0]])


def test_it_says_what_it_lacks():
    schedule = ReviewSchedule(remembers(lambda *_: np.ones((1, 4))))
    with pytest.raises(ParameterError, match=r"recommend\(students, now=...\)"):
        schedule.look(context(school(), now=None))
    for curriculum, lacking in ((school(), None), (encompassing(), schedule.memory)):
        with pytest.raises(ParameterError, match="practice=True"):
            ReviewSchedule(lacking).look(context(curriculum))
    with pytest.raises(ParameterError) as caught:
        ReviewSchedule("FSRS", retention=1.0, width=0.0)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3
    for table, message in ((np.ones((4, 1)), r"\(4, 1\)"), (np.full((1, 4), 90.0), "4 values")):
        with pytest.raises(ParameterError, match=message):
            ReviewSchedule(remembers(lambda *_, table=table: table)).look(context(school()))


def test_without_a_memory_half_lives_grow_with_right_answers():
    assert half_life(np.array(4), np.array(2)) == pytest.approx(
        2 * 2 ** (2 * (5**0.5 - 1) - 0.5 * (3**0.5 - 1))
    )
    lives = half_life(np.array([0, 1, 5, 20, 10**6]), np.array([0, 0, 0, 0, 0]))
    assert (np.diff(lives)[:3] > 0).all()
    assert lives[3:].tolist() == [274, 274]
    assert half_life(np.array(0), np.array(10**6)) > 0
    last = np.array([[0.0, 2 * DAY, np.nan, 2.5 * DAY]])
    retention, urgency = ReviewSchedule().look(context(school(), last, now=3 * DAY))
    life = half_life(np.array(3), np.array(1))
    np.testing.assert_allclose(retention, 2 ** -(np.array([[3, 1, np.nan, 0.5]]) / life))
    np.testing.assert_allclose(
        urgency, np.clip((0.9 - np.nan_to_num(retention, nan=1)) / 0.05, 0, 1)
    )
    assert urgency[0, 0] > 0
    as_of, _ = ReviewSchedule().look(context(school(), last, now=DAY))
    np.testing.assert_array_equal(
        as_of, ReviewSchedule().look(context(school(), last, now=2.5 * DAY))[0]
    )
    untimed = context(school(), last, now=3 * DAY, counts=np.full((1, 4), 4))
    with pytest.raises(ParameterError, match="no times"):
        ReviewSchedule().look(untimed)


# Practice that counts as review of something else


def test_encompassing_practice_shortens_what_has_passed():
    days = np.array([[0.0, 4.0, 10.0, np.nan], [5.0, 2.0, 2.0, 20.0], [np.nan, 1.0, 3.0, 1.0]])
    # Adding: 4 days by multiplying x .6, 10 by dividing x .3; then 15 by measuring x .1.
    expected = [[3.0, 3.0, 0.0, np.nan], [1.5, 0.0, 0.0, 0.0], [np.nan, 1.0, 0.0, 0.0]]
    np.testing.assert_allclose(implicit(encompassing(), days), expected)
    np.testing.assert_array_equal(implicit(school(), days), np.where(np.isnan(days), np.nan, 0))
    many = np.repeat(days, 700_000, axis=0)[::-1]  # more than one step
    np.testing.assert_allclose(implicit(encompassing(), many)[[0, -1]], [expected[2], expected[0]])


def test_a_lesson_on_what_encompasses_it_puts_a_review_off():
    curriculum, now = encompassing(), 12 * DAY
    last = np.array([[0.0, 4.0, 10.0, 11.0]]) * DAY
    memory = fading(last, days=50)
    retention, urgency = ReviewSchedule(memory).look(context(curriculum, last, now=now))
    np.testing.assert_allclose(retention, 2 ** (-np.array([[12 - 3, 8 - 3, 2, 1]]) / 50))
    plain = ReviewSchedule(memory).look(context(school(), last, now=now))
    assert (plain[1] > 0).tolist() == [[True, True, False, False]]
    assert (urgency > 0).tolist() == [[True, False, False, False]]
    early = ReviewSchedule(memory).look(context(curriculum, last, now=now - 2 * DAY))
    as_of = ReviewSchedule(memory).look(context(curriculum, last, now=now - DAY))
    np.testing.assert_array_equal(early, as_of)  # as of the last answer
    # The same over the built-in memory, and a skill of which the tracker knows nothing.
    own, _ = ReviewSchedule().look(context(curriculum, last, now=now))
    np.testing.assert_allclose(np.log2(own / own[0, 3]) / np.log2(own[0, 3]), [[8, 4, 1, 0]])
    where = context(curriculum, last, now=now)
    unknown = where.practice._replace(recent=np.array([[7, 7, 0, 7]]))
    without = ReviewSchedule(memory).look(replace(where, practice=unknown))[0]
    np.testing.assert_allclose(without, 2 ** (-np.array([[12 - 2.4, 8, 2, 1]]) / 50))


@pytest.mark.parametrize("last", [0.1, 1 / 3, 1_700_000_000.7])
def test_full_credit_is_a_review_now_whatever_rounding_says(last):
    whole = school(encompasses=[("multiply", "add", 1.0)])
    times = np.array([[last, last + 0.7 * DAY, np.nan, np.nan]])
    where = context(whole, times, now=last + 0.7 * DAY)
    memory = fading(np.nan_to_num(times), days=1)
    assert ReviewSchedule(memory).look(where)[0][0, :2].tolist() == [1, 1]


def test_what_lessons_practise():
    lessons = {"both": ["divide", "add"], "times": ["multiply"], "long": ["divide"]}
    found = practised_by_lessons(encompassing(lessons)).toarray()
    np.testing.assert_allclose(found, [[1, 0.5, 1, 0], [0.6, 1, 0, 0], [0.3, 0.5, 1, 0]])
    np.testing.assert_array_equal(practised_by_lessons(school()).toarray(), np.eye(4))


def test_the_review_scorer_credits_what_is_practised_along():
    lessons = {"sums": ["add"], "times": ["multiply"], "sharing": ["divide"], "mix": SKILLS[:2]}
    mastered = np.array([[True, True, False, True]])
    urgency = np.array([[1.0, 0.5, 0.0, 0.0]])
    where = context(encompassing(lessons), mastered=mastered, urgency=urgency)
    found = find_candidates(where, ("new", "review"))
    names = where.curriculum.lessons[found.lesson].tolist()
    values = dict(zip(names, SCORERS["review"].score(found), strict=True))
    # The new lesson on dividing practises multiplying (.5) and, through it, adding (.3).
    expected = {"sums": 1.0, "times": 0.5 + 0.6, "sharing": 0.25 + 0.3, "mix": 1.5}
    assert values == pytest.approx(expected)
    nothing = find_candidates(replace(where, urgency=None), ("new",))
    assert SCORERS["review"].score(nothing).tolist() == [0]


# The backlog


def test_new_lessons_lose_as_the_due_skills_approach_the_limit():
    mastered = np.array([[True, True, False, True], [True, True, False, True]])
    urgency = np.array([[0.2, 0.0, 0.0, 0.1], [0.0, 0.0, 0.0, 0.0]])
    where = replace(
        context(school(), np.zeros((2, 4)), now=1.0), mastered=mastered, urgency=urgency
    )
    found = find_candidates(where, ("new", "review"))
    lessons = where.curriculum.lessons[found.lesson].tolist()
    assert lessons == ["add", "divide", "measure", "divide"]
    assert SCORERS["backlog"].score(found, limit=4).tolist() == [0, -0.5, 0, 0]
    assert SCORERS["backlog"].score(found, limit=1).tolist() == [0, -1, 0, 0]
    assert SCORERS["backlog"].settings == {"limit": 10}
    with pytest.raises(ParameterError, match="above 0"):
        SCORERS["backlog"].score(found, limit=0)
    unknown = find_candidates(replace(where, urgency=None), ("new",))
    assert SCORERS["backlog"].score(unknown, limit=4).tolist() == [0, 0]
    extra = school(lessons=[{"lesson": "club", "skills": ["divide"], "kind": "enrichment"}])
    extras = find_candidates(replace(where, curriculum=extra), ("enrichment",))
    assert SCORERS["backlog"].score(extras, limit=4).tolist() == [-0.5, 0]


def test_with_a_full_backlog_any_review_comes_before_any_new_lesson():
    skills = list(range(30))
    curriculum = Curriculum.from_dict(
        {"lessons": [{"lesson": k, "skills": [k], "minutes": 1 if k > 9 else 90} for k in skills]}
    )
    due = np.where(np.arange(30) < 10, 1e-6, 0.0)[None]
    mastered = np.arange(30)[None] < 10
    where = Context(
        curriculum,
        np.array([0]),
        mastered.astype(np.float64),
        "latent",
        mastered=mastered,
        urgency=due,
    )
    scores, eligible = preset("balanced").score(where)
    assert eligible.all()
    assert scores[0, :10].min() > scores[0, 10:].max()
    scores, _ = preset("balanced").score(replace(where, urgency=due * (np.arange(30) < 3)))
    assert scores[0, :3].max() < scores[0, 10:].min()  # three that are just due can wait


def test_a_session_mixes_due_reviews_with_new_lessons():
    here = School(1, 20)
    here.last[0, :4], here.days[0, :4] = 0.0, [1.0, 6.5, 8.0, 30.0]
    curriculum = Curriculum.from_dict({"skills": here.skills.tolist()})
    sequencer = Sequencer(curriculum, here, preset("balanced"), review=ReviewSchedule(here))
    now = 9.3 * DAY  # three are due: the third only just
    found = sequencer.recommend([0], n=6, now=now)
    given = [(one.purpose, one.lesson if one.purpose == "review" else None) for one in found]
    assert given == [("review", 0), ("review", 1), *[("new", None)] * 4]
    assert due_now(sequencer, [0], now).tolist() == [3]
    everything = sequencer.recommend([0], n=20, now=now)
    assert [one.lesson for one in everything if one.purpose == "review"] == [0, 1, 2]


class School:
    """Students who master a skill by its lesson, and forget; reviews make it last longer."""

    fingerprint = "a model of its own"

    def __init__(self, n_students, n_skills):
        self.skills = np.arange(n_skills)
        self.students = np.arange(n_students)
        self.last = np.full((n_students, n_skills), np.nan)
        self.days = np.zeros((n_students, n_skills))
        rng = np.random.default_rng(5)
        self.first = np.exp(1 + 0.5 * rng.standard_normal(self.last.shape))
        self.growth = np.add(1.6, rng.random(self.last.shape))

    def mastery(self, students):
        value = np.where(np.isnan(self.last), 0.1, 0.97)[list(students)]
        return FakeMastery(self.skills, value, "latent")

    def counts(self, students):
        return (~np.isnan(self.last[list(students)])).astype(int)

    def recall(self, students, skills, time):
        assert list(skills) == self.skills.tolist()
        since = (time - self.last[list(students)]) / DAY
        return 0.9 ** (since / np.maximum(self.days[list(students)], 1e-9))

    def practise(self, student, skill, now):
        at = student, skill
        grown = self.growth[at] * self.days[at]
        self.days[at] = self.first[at] if np.isnan(self.last[at]) else grown
        self.last[at] = now


def due_now(sequencer, students, now):
    """How many skills are due, shape (n_students,)."""
    return (sequencer.context(students, now=now).urgency > 0).sum(axis=1)


def a_year(policy, n_students=2, n_skills=400, a_day=6):
    """By day and student: skills due in the morning, and how many lessons were new and reviews."""
    here = School(n_students, n_skills)
    curriculum = Curriculum.from_dict({"skills": here.skills.tolist()})
    review = ReviewSchedule(here)
    sequencer = Sequencer(curriculum, here, policy, review=review, random_state=1)
    due, given = [], []
    for day in range(365):
        now = day * DAY
        due.append(due_now(sequencer, here.students.tolist(), now))
        decisions = sequencer.recommend(here.students.tolist(), n=a_day, now=now)
        given.append(np.zeros((n_students, 2), int))
        for decision in decisions:
            given[-1][int(decision.student), int(decision.purpose == "review")] += 1
            assert decision.purpose in ("new", "review")
            here.practise(decision.student, decision.lesson, now)
    return np.array(due), *np.array(given).transpose(2, 0, 1)


def test_over_a_year_reviews_stay_bounded_and_mix_with_new_lessons():
    due, new, reviews = a_year(preset("balanced"))
    assert due.max() <= 30  # beyond the limit of 10: what was learnt before still falls due
    assert due[-60:].mean() < 15
    assert (new[-60:].sum(axis=0) > 30).all()  # new lessons still come
    few = (due > 0) & (due < 6)  # a session has six lessons
    assert few.sum() > 30
    assert (new[few] > 0).all()
    assert (reviews[few] > 0).mean() > 0.4  # what is only just due may wait
    assert (new[due >= 10] == 0).all()


def test_without_the_scorer_the_due_reviews_grow_with_what_was_learnt():
    balanced = preset("balanced")
    scorers = {k: v for k, v in balanced.scorers.items() if k != "backlog"}
    due, _, _ = a_year(WeightedPolicy(scorers, pools=balanced.pools))
    assert due[-30:].mean() > 60
    assert due[-30:].mean() > 1.5 * due[150:180].mean() > 2 * due[50:80].mean()


def test_a_tracker_over_a_model_of_memory_drives_the_sequencer():
    log = {**LOG, "student": ["ann"] * 4}
    curriculum = school(skills=["add", "multiply"])
    known = BKT.from_parameters(
        {
            "skill": ["add", "multiply"],
            "prior": [0.99, 0.99],
            "learn": [0.2] * 2,
            "guess": [0.2] * 2,
            "slip": [0.1] * 2,
        }
    )
    mastery = MasteryTracker(known).update(log)
    schedule = ReviewSchedule(MasteryTracker(fsrs()).update(log))
    sequencer = Sequencer(curriculum, mastery, preset("balanced"), review=schedule)
    (soon,) = sequencer.recommend("ann", now=3 * DAY + 60)
    (late,) = sequencer.recommend("ann", now=10 * DAY)
    assert (soon.lesson, soon.reason.code) == (None, "all_mastered")
    assert (late.purpose, late.reason.code) == ("review", "review_due")
    with pytest.raises(ParameterError, match="now="):
        sequencer.recommend("ann")
