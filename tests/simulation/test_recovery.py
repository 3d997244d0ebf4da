"""What was planted is found again, by simple statistics and by the library's own models."""

from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT
from adaptlearn.simulation import Course, TwoState, baselines, run_episode
from adaptlearn.simulation.students import parameter_draws

SKILLS = [*"abc"]
COURSE = Course.of(Curriculum.from_dict({"skills": SKILLS}))
PLANTED: dict[str, Any] = {
    "prior": [0.2, 0.4, 0.6],
    "learn": [0.3, 0.1, 0.2],
    "guess": [0.2, 0.1, 0.25],
    "slip": [0.1, 0.2, 0.05],
}


@pytest.fixture(scope="module")
def episode():
    return run_episode(
        TwoState(3, **PLANTED),
        baselines(COURSE)["fixed_order"],
        COURSE,
        n_students=4000,
        record=True,
    )


@pytest.fixture(scope="module")
def fitted(episode):
    said = episode.responses
    log = {
        "student": said.student,
        "skill": np.array(SKILLS)[said.skill],
        "correct": said.correct.astype(int),
        "time": said.time,
    }
    return BKT(uncertainty=True).fit(log)


def test_the_records_show_what_was_planted(episode):
    said = episode.responses
    for k in range(3):
        own = said.skill == k
        known, correct = said.knew[own], said.correct[own]
        assert 1 - correct[known].mean() == pytest.approx(PLANTED["slip"][k], abs=0.01)
        assert correct[~known].mean() == pytest.approx(PLANTED["guess"][k], abs=0.015)
        assert episode.known_at_start[:, k].mean() == pytest.approx(PLANTED["prior"][k], abs=0.035)
        # Each student practises in order, so the rows of a skill are one answer after another.
        order = np.argsort(said.student[own], kind="stable")
        known = known[order].reshape(4000, 10)
        learned = known[:, 1:][~known[:, :-1]]
        assert learned.mean() == pytest.approx(PLANTED["learn"][k], abs=0.015)


def test_the_librarys_model_finds_the_planted_parameters(fitted):
    assert fitted.parameters_["skill"].tolist() == SKILLS
    for name, planted in PLANTED.items():
        np.testing.assert_allclose(fitted.parameters_[name], planted, atol=0.05)


def test_intervals_hold_most_planted_parameters(fitted):
    ends = fitted.intervals()
    held = [
        lower <= PLANTED[name][SKILLS.index(skill)] <= upper
        for name, skill, lower, upper in zip(
            ends["parameter"], ends["skill"], ends["lower"], ends["upper"], strict=True
        )
        if name in PLANTED
    ]
    assert len(held) == 12
    assert sum(held) >= 10


def test_draws_are_as_wide_as_the_intervals(fitted):
    ends = fitted.intervals()
    draws = parameter_draws(ends, SKILLS, n_draws=20_000)
    for name in PLANTED:
        rows = [
            np.flatnonzero((ends["parameter"] == name) & (ends["skill"] == skill))[0]
            for skill in SKILLS
        ]
        low, high = np.quantile(draws[name], [0.025, 0.975], axis=0)
        np.testing.assert_allclose(low, ends["lower"][rows], atol=0.005)
        np.testing.assert_allclose(high, ends["upper"][rows], atol=0.005)
        np.testing.assert_allclose(np.median(draws[name], axis=0), ends["value"][rows], atol=0.005)
    assert not draws["forget"].any()  # nan: certain


def test_a_fitted_simulator_answers_as_the_log_does(episode, fitted):
    draws = parameter_draws(fitted.intervals(), SKILLS)
    again = run_episode(
        TwoState.from_draws(draws),
        baselines(COURSE)["fixed_order"],
        COURSE,
        n_students=4000,
        record=True,
    )

    def curves(run):
        said = run.responses
        order = np.lexsort((said.time, said.skill, said.student))
        return said.correct[order].reshape(4000, 3, 10).mean(axis=0)

    np.testing.assert_allclose(curves(again), curves(episode), atol=0.05)


def test_the_order_of_the_columns_is_the_one_asked_for(fitted):
    ends = fitted.intervals()
    forth, back = parameter_draws(ends, SKILLS), parameter_draws(ends, SKILLS[::-1])
    assert np.argsort(forth["prior"].mean(axis=0)).tolist() == [0, 1, 2]
    assert np.argsort(back["prior"].mean(axis=0)).tolist() == [2, 1, 0]


def test_guess_and_slip_never_overlap():
    wide: Any = {
        "parameter": ["guess", "slip"], "skill": ["a", "a"], "value": [0.45, 0.45],
        "lower": [0.1, 0.1], "upper": [0.85, 0.85],
    }  # fmt: skip
    draws = parameter_draws(wide, ["a"], n_draws=1000)
    total = draws["guess"] + draws["slip"]
    assert total.max() < 1
    assert (total == 0.9).sum() > 100


def test_what_is_missing_is_listed(fitted):
    with pytest.raises(ParameterError) as caught:
        parameter_draws({"parameter": [], "skill": []}, SKILLS)
    assert len(caught.value.problems) == 3
    with pytest.raises(ParameterError, match="prior: expected one row of each skill, not so of"):
        parameter_draws(fitted.intervals(), ["a", "x"])
    twice = {name: np.tile(column, 2) for name, column in fitted.intervals().items()}
    with pytest.raises(ParameterError, match="not so of 'a', 'b', 'c'"):
        parameter_draws(twice, SKILLS)
    with pytest.raises(ParameterError, match="n_draws must be"):
        parameter_draws(fitted.intervals(), SKILLS, n_draws=0)
