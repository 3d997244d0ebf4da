"""Baselines with a constant, and how it is tuned."""

from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.simulation import (
    Course,
    TwoState,
    baselines,
    measure_outcomes,
    random_course,
    run_episode,
)
from adaptlearn.simulation.episodes import tuned_constants
from adaptlearn.simulation.teachers import CONSTANTS, View, baseline, open_lessons, stopping
from adaptlearn.simulation.teachers.policies import drawn

OWN: dict[str, Any] = {"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1}


@pytest.fixture(scope="module")
def course():
    return random_course(4)


@pytest.fixture(scope="module")
def simulator(course):
    return TwoState(course.n_skills, **OWN)


@pytest.mark.parametrize(
    ("name", "constant", "same"),
    [
        ("in_a_row", 3, "three_in_a_row"),
        ("moving_average", 0.9, "moving_average"),
        ("knowledge_tracing", 0.95, "knowledge_tracing"),
    ],
)
def test_with_the_textbook_constant_it_is_the_baseline(course, simulator, name, constant, same):
    tuned, plain = (
        run_episode(simulator, policy, course, n_students=50, budget=200)
        for policy in (
            baseline(name, constant, course, parameters=OWN),
            baselines(course, parameters=OWN)[same],
        )
    )
    np.testing.assert_array_equal(tuned.known_at, plain.known_at)
    np.testing.assert_array_equal(tuned.minutes, plain.minutes)


def test_both_ways_of_stopping_stop_at_the_same_beliefs(course, simulator):
    rule = stopping(course, price=300, **OWN)
    value = np.linspace(0, 1, 41)[:, None] * np.ones(course.n_skills)
    expected = rule.read(value).mastered
    for name in ("stopping", "random_stopping"):
        policy = baseline(name, 300, course, parameters={**OWN, "skill": 1})
        assert policy.name == f"{name}:300"
        estimator: Any = policy.estimator
        np.testing.assert_array_equal(estimator.read(value).mastered, expected)
    episodes = [
        run_episode(simulator, baseline(name, 300, course, parameters=OWN), course,
                    n_students=500, budget=5000)
        for name in ("stopping", "random_stopping")
    ]  # fmt: skip
    assert (episodes[0].known_at != episodes[1].known_at).any()  # of another order
    bills = [measure_outcomes(episode) for episode in episodes]
    apart = bills[0].mean("bill_300") - bills[1].mean("bill_300")
    assert abs(apart) < 3 * bills[0].error("bill_300")  # of independent skills, order is no matter


def test_the_bandit_draws_in_proportion_with_a_uniform_part():
    """Weights 3, 1 and 0 of three open lessons, the fourth is closed: .8 of 3/4 and .2 of 1/3."""
    made = Curriculum.from_dict({"skills": [*"abcd"], "prerequisites": [["a", "d"]]})
    course = Course.of(made)
    policy = baseline("bandit", 1, course)
    value = np.array([[3.0, 1, 0, 9], [0, 0, 0, 0]])
    view = View(course, value, np.zeros((2, 4), bool))
    score, eligible = policy.score(view), open_lessons(view)
    draws = np.linspace(0, 1, 3000, endpoint=False)
    expected = ([0.8 * 3 / 4 + 0.2 / 3, 0.8 / 4 + 0.2 / 3, 0.2 / 3, 0], [1 / 3, 1 / 3, 1 / 3, 0])
    for row in range(2):
        scores = np.repeat(score[[row]], len(draws), axis=0)
        may = np.repeat(eligible[[row]], len(draws), axis=0)
        lesson, propensity = drawn(scores, may, draws, policy.temperature)
        share = np.bincount(lesson, minlength=4) / len(draws)
        np.testing.assert_allclose(share, expected[row], atol=1e-3)
        np.testing.assert_allclose(propensity, np.array(expected[row])[lesson])


class TestTuning:
    def test_it_takes_the_constant_with_the_best_mean(self, course, simulator):
        found = tuned_constants(
            simulator, course, names=["in_a_row"], outcomes=["bill_60", "known_share"],
            n_students=60, seeds=[100, 101], budget=200,
        )  # fmt: skip
        means: dict[str, list[float]] = {"bill_60": [], "known_share": []}
        for constant in CONSTANTS["in_a_row"]:
            episode = run_episode(simulator, baseline("in_a_row", constant, course), course,
                                  n_students=60, seeds=[100, 101], budget=200)  # fmt: skip
            outcomes = measure_outcomes(episode)
            for outcome, listed in means.items():
                listed.append(outcomes.mean(outcome))
        assert found == {
            "in_a_row": {
                "bill_60": CONSTANTS["in_a_row"][int(np.argmin(means["bill_60"]))],
                "known_share": CONSTANTS["in_a_row"][int(np.argmax(means["known_share"]))],
            }
        }

    def test_where_the_model_is_true_the_best_price_to_stop_at_is_about_the_price(
        self, course, simulator
    ):
        """Near the optimum the bill is flat: by chance, a neighbour may be the best."""
        found = tuned_constants(simulator, course, names=["stopping"], parameters=OWN,
                                outcomes=["bill_60", "bill_1000"], n_students=200)  # fmt: skip
        assert found["stopping"]["bill_60"] in {30, 60, 100}
        assert found["stopping"]["bill_1000"] in {600, 1000, 3000}

    def test_every_unknown_name_is_listed(self, course, simulator):
        with pytest.raises(ParameterError, match="2 problems"):
            tuned_constants(simulator, course, names=["zpdes"], outcomes=["joy"])


@pytest.mark.parametrize(
    ("name", "constant", "said"),
    [("zpdes", 3, "no baseline 'zpdes'"), ("in_a_row", 2.5, "n must be"),
     ("moving_average", 2, "threshold must be"), ("stopping", -1, "price must be")],
)  # fmt: skip
def test_arguments_are_checked(course, name, constant, said):
    with pytest.raises(ParameterError, match=said):
        baseline(name, constant, course)
