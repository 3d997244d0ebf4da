"""What a fitted model tells of its estimates, and what a state of it keeps."""

from __future__ import annotations

import numpy as np
import pytest

from adaptlearn.errors import ConvergenceWarning, IdentificationWarning
from adaptlearn.models import BKT
from adaptlearn.models.bkt import BKTState
from adaptlearn.simulation import simulate_school
from adaptlearn.tracking import MasteryTracker


@pytest.fixture(scope="module")
def responses():
    return simulate_school(n_students=80, random_state=1).responses


def test_the_state_of_an_individualised_model_comes_back_from_its_arrays(responses):
    model = BKT(ability=True, recency=True, lag=True).fit(responses)
    log = {**responses, "student": np.unique(responses["student"], return_inverse=True)[1]}
    state = model.update_state(model.init_state(80), log)
    again = BKTState(model.fingerprint_, state.skills, 80)
    again.take_arrays(state.to_arrays())
    students, skills = np.arange(80), np.resize(model.skills_, 80)
    p = model.predict_state(state, students, skills)
    np.testing.assert_array_equal(model.predict_state(again, students, skills), p)


def test_a_tracker_of_an_individualised_model_is_saved_and_loaded(tmp_path, responses):
    model = BKT(ability=True, difficulty=True).fit(
        {**responses, "item": np.arange(len(responses["skill"])) % 4}
    )
    tracker = MasteryTracker(model)
    tracker.update(responses)
    tracker.save(tmp_path / "tracker.npz")
    again = MasteryTracker.load(tmp_path / "tracker.npz", model)
    np.testing.assert_array_equal(again.mastery().value, tracker.mastery().value)


def test_mastery_of_a_skill_never_answered_is_as_uncertain_as_its_prior(responses):
    model = BKT(uncertainty=True).fit(responses)
    first, other = model.skills_[:2]
    found = model.mastery({"student": ["ann"], "skill": [first], "correct": [1]})
    at = model.skills_.tolist().index(other)
    assert found.value[0, at] == model.parameters_["prior"][at]
    assert found.lower is not None
    assert found.upper is not None
    errors = model.intervals()
    own = (errors["parameter"] == "prior") & (errors["skill"] == other)
    # A hundred draws tell a width to some 7 percent.
    width = errors["upper"][own] - errors["lower"][own]
    assert found.upper[0, at] - found.lower[0, at] == pytest.approx(float(width[0]), rel=0.3)


@pytest.mark.parametrize(
    ("borrow", "told"),
    [(0, "as EM left them"), (10, "worth ten obs"), (4, "worth 4 obs"), ("empirical", "as all")],
)
def test_a_weak_skill_is_said_to_borrow_what_it_borrows(responses, borrow, told):
    weak = {name: [*column, column[0]] for name, column in responses.items()}
    weak["skill"][-1] = "asked once"
    with pytest.warns(IdentificationWarning, match=told) as caught:
        BKT(borrow=borrow).fit(weak)
    assert caught[0].filename == __file__


def test_an_individualised_fit_that_is_cut_short_says_so():
    rng = np.random.default_rng(0)
    log = {"student": np.repeat(np.arange(80), 5), "skill": np.full(400, "a")}
    log["correct"] = rng.integers(0, 2, 400)
    with pytest.warns(ConvergenceWarning, match="1 steps"):
        model = BKT(ability=True, max_iter=1).fit(log)
    assert not model.converged_.any()
    assert BKT(ability=True).fit(log).converged_.all()
