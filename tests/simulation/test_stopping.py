"""Stopping by dynamic programming, against plain enumeration and simulated students."""

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.sequencing.knowledge.stopping import Rates, thresholds
from adaptlearn.simulation import (
    Course,
    TwoState,
    measure_outcomes,
    random_course,
    run_episode,
    simulators,
)
from adaptlearn.simulation.students import StudentClasses, StudentDifferences
from adaptlearn.simulation.teachers import ArrayPolicy, knowledge_tracing, least_bill, stopping

ONE = Course.of(Curriculum.from_dict({"skills": ["a"]}), n_items=2)
QUICK = {"prior": 0.4, "learn": 0.7, "guess": 0.2, "slip": 0.1}
"""Parameters with which hardly anybody needs seven lessons of two items."""


def course_of(n_skills, n_items=2, minutes=2.0):
    skills = [f"skill {k}" for k in range(n_skills)]
    made = Curriculum.from_dict({"skills": skills})
    return Course.of(made, n_items=n_items, minutes_per_item=minutes)


def enumerated(belief, price, own, lessons):
    """The least bill with so many lessons of `ONE` at most: every pattern, without a grid."""
    learn, guess, slip, forget = (own.get(name, 0) for name in ("learn", "guess", "slip", "forget"))

    @cache
    def best(b, left):
        stop = price * (1 - b)
        if not left:
            return stop
        teach = 4.0
        for answers in product((True, False), repeat=2):
            after, chance = b, 1.0
            for right in answers:
                known, unknown = (1 - slip, guess) if right else (slip, 1 - guess)
                total = after * known + (1 - after) * unknown
                chance *= total
                seen = after * known / total
                after = seen * (1 - forget) + (1 - seen) * learn
            teach += chance * best(after, left - 1)
        return min(stop, teach)

    return best(belief, lessons)


@pytest.mark.parametrize("forget", [0, 0.1])
@pytest.mark.parametrize("price", [6, 30, 150])
def test_the_least_bill_is_that_of_enumeration(price, forget):
    own = {**QUICK, "forget": forget}
    expected = enumerated(QUICK["prior"], price, own, 7)
    found = least_bill(TwoState(1, **own), ONE, price)
    assert found == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("price", [30, 150])
def test_it_stops_where_enumeration_stops(price):
    read = stopping(ONE, price=price, **QUICK).read
    for belief in np.linspace(0.05, 0.995, 40):
        stop = price * (1 - belief)
        teach = enumerated(belief, price, QUICK, 6) < stop - 1e-3
        assert read(np.array([[belief]])).mastered[0, 0] == (not teach)


def test_if_a_lesson_always_teaches_it_is_given_below_the_share_of_its_minutes():
    """With learn 1 a lesson of 4 minutes leaves nothing unknown: V(b) = min{100 (1 - b), 4}."""
    sure: dict[str, Any] = {"prior": [0.9, 0.99], "learn": 1, "guess": 0.2, "slip": 0.1}
    course = course_of(2)
    assert least_bill(TwoState(2, **sure), course, 100) == pytest.approx(4 + 1)
    read = stopping(course, price=100, **sure).read
    assert read(np.array([[0.959, 0.961]])).mastered.tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("price", "learn", "why"),
    [(4, 0.5, "a lesson costs as much as an unknown skill"), (1000, 0, "nothing is learnt")],
)
def test_no_lesson_is_given_that_is_not_worth_it(price, learn, why):
    rule = stopping(ONE, price=price, prior=0.1, learn=learn)
    assert rule.read(np.array([[0.0], [0.1]])).mastered.all(), why
    found = least_bill(TwoState(1, prior=0.1, learn=learn), ONE, price)
    assert found == pytest.approx(0.9 * price)


def test_simulated_students_come_to_the_least_bill_and_no_threshold_to_less():
    own: dict[str, Any] = {
        "prior": [0.2, 0.5],
        "learn": [0.15, 0.25],
        "guess": [0.2, 0.3],
        "slip": [0.1, 0.05],
    }
    course, simulator = course_of(2, n_items=5), TwoState(2, **own)

    def bills(estimator):
        episode = run_episode(simulator, ArrayPolicy("p", estimator), course, n_students=8000,
                              seeds=[100], budget=1e5)  # fmt: skip
        return measure_outcomes(episode)

    ours = bills(stopping(course, price=300, **own))
    least = least_bill(simulator, course, 300)
    assert abs(ours.mean("bill_300") - least) < 3 * ours.error("bill_300")
    for threshold in (0.9, 0.999):
        other = bills(knowledge_tracing(2, **own, threshold=threshold)).by_student["bill_300"]
        more = other - ours.by_student["bill_300"]
        assert more.mean() > 2 * more.std() / np.sqrt(len(more))


@pytest.mark.parametrize("price", [60.0, 300.0, 1000.0, 15_000.0])
def test_the_sequencers_own_tables_stop_at_the_same_beliefs(price):
    """They were written apart: other grids, and other equations for the filter."""
    course = random_course(20)
    simulator: Any = simulators(course)["population"]
    own = {name: table[0] for name, table in simulator.draws.items()}
    rates = Rates(own["learn"], own["forget"], own["guess"], own["slip"])
    theirs = thresholds(rates, price, np.full(20, 10.0), 5)
    read = stopping(course, price=price, **own).read
    assert read(theirs[None] + 2e-4).mastered.all()
    assert not read(theirs[None] - 2e-4).mastered.any()


class TestStudentsWhoDiffer:
    def test_without_spread_they_are_groups_with_parameters_of_their_own(self):
        """Slow learners have .4 of the odds of learning; low starters .3 of the odds of knowing."""
        differences = StudentDifferences(slow=0.25, low=0.5, spread=0)
        mixed = TwoState(1, prior=0.5, learn=0.5, differences=differences)

        def alone(prior_odds, learn_odds):
            prior, learn = prior_odds / (1 + prior_odds), learn_odds / (1 + learn_odds)
            return least_bill(TwoState(1, prior=prior, learn=learn), ONE, 300)

        expected = sum(
            slow * low * alone(prior_odds, learn_odds)
            for slow, learn_odds in ((0.25, 0.4), (0.75, 1))
            for low, prior_odds in ((0.5, 0.3), (0.5, 1))
        )
        assert least_bill(mixed, ONE, 300) == pytest.approx(expected)

    def test_classes_keep_their_start_and_their_pace_together(self):
        differences = StudentClasses(
            (0.25, 0.75), (float(np.log(0.3)), 0.0), (float(np.log(0.4)), 0.0)
        )
        mixed = TwoState(1, prior=0.5, learn=0.5, differences=differences)
        weak = TwoState(1, prior=0.3 / 1.3, learn=0.4 / 1.4)
        strong = TwoState(1, prior=0.5, learn=0.5)
        expected = 0.25 * least_bill(weak, ONE, 300) + 0.75 * least_bill(strong, ONE, 300)
        assert least_bill(mixed, ONE, 300) == pytest.approx(expected)

    @pytest.mark.parametrize(
        "differences",
        [StudentDifferences(), StudentClasses((0.4, 0.6), (-1.0, 0.7), (-0.8, 0.5), spread=0.6)],
    )
    def test_the_bound_is_the_mean_over_students_with_their_own_parameters(self, differences):
        mixed = TwoState(1, prior=0.3, learn=0.2, differences=differences)
        drawn = mixed.start(300, np.random.default_rng(0)).parameters
        alone = [
            least_bill(TwoState.from_draws({name: t[[row]] for name, t in drawn.items()}), ONE, 300)
            for row in range(300)
        ]
        assert least_bill(TwoState.from_draws(drawn), ONE, 300) == pytest.approx(np.mean(alone))
        error = np.std(alone) / np.sqrt(300)
        assert abs(least_bill(mixed, ONE, 300) - np.mean(alone)) < 3 * error

    def test_no_policy_of_the_matrix_is_below_the_bound(self):
        course = random_course(6)
        simulator: Any = simulators(course)["individual"]
        bound = least_bill(simulator, course, 300)
        for threshold in (0.9, 0.95, 0.98):
            of = {name: table[0] for name, table in simulator.draws.items()}
            policy = ArrayPolicy("p", knowledge_tracing(6, **of, threshold=threshold))
            episode = run_episode(simulator, policy, course, n_students=3000, budget=1e5)
            assert measure_outcomes(episode).mean("bill_300") > bound


class TestWhereTheOptimumIsNotKnown:
    @pytest.mark.parametrize("kind", ["prerequisites", "disengaging", "additive_factors", "fading"])
    def test_of_other_simulators(self, kind):
        course = random_course(5)
        assert np.isnan(least_bill(simulators(course)[kind], course, 300))

    def test_of_courses_whose_lessons_practise_several_skills(self):
        two = Curriculum.from_dict(
            {"skills": ["a", "b"], "lessons": [{"lesson": "both", "skills": ["a", "b"]}]}
        )
        course = Course.of(two)
        assert np.isnan(least_bill(TwoState(2), course, 300))
        value = np.full((1, 2), 0.5)
        assert not stopping(course, price=300).read(value).mastered.any()

    def test_of_courses_with_wrong_or_missing_tags(self):
        course = random_course(10)
        for changed in (course.with_missing_tags(0.2), course.with_wrong_tags(0.2)):
            assert np.isnan(least_bill(simulators(course)["population"], changed, 300))


@pytest.mark.filterwarnings("ignore:no lesson teaches")
def test_a_skill_without_a_lesson_is_left_alone():
    made = Curriculum.from_dict(
        {"skills": ["a", "b"], "lessons": [{"lesson": "A", "skills": ["a"]}]}
    )
    course = Course.of(made, n_items=2)
    alone = least_bill(TwoState(1, prior=0.3), ONE, 300)
    assert least_bill(TwoState(2, prior=0.3), course, 300) == pytest.approx(alone + 300 * 0.7)
    assert stopping(course, price=300).read(np.zeros((1, 2))).mastered.tolist() == [[False, True]]


def test_arguments_are_checked():
    wrong: list[Any] = [0, -1, np.nan, "much"]
    for price in wrong:
        with pytest.raises(ParameterError, match="price must be"):
            stopping(ONE, price=price)
        with pytest.raises(ParameterError, match="price must be"):
            least_bill(TwoState(1), ONE, price)
    with pytest.raises(ParameterError, match="prior must be"):
        stopping(ONE, price=300, prior=2)
    with pytest.raises(ParameterError, match="13 items on one skill; at most 12"):
        stopping(course_of(1, n_items=13), price=300)
