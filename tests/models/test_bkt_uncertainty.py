"""Standard errors, intervals and what they are worth, against simulated truth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import logit
from tests.conftest import trials

import adaptlearn
from adaptlearn.errors import ParameterError, StateError
from adaptlearn.models import BKT

TRUTH = {"prior": 0.4, "learn": 0.2, "guess": 0.2, "slip": 0.1}


def simulated(n_skills, n_students, length, seed):
    """Answers of students to many skills of the same parameters."""
    rng = np.random.default_rng(seed)
    shape = (n_skills, n_students)
    known = rng.random(shape) < TRUTH["prior"]
    answers = np.empty((*shape, length), np.int8)
    for t in range(length):
        answers[..., t] = rng.random(shape) < np.where(known, 1 - TRUTH["slip"], TRUTH["guess"])
        known |= rng.random(shape) < TRUTH["learn"]
    skill, student, _ = np.indices(answers.shape)
    return {"skill": skill.ravel(), "student": student.ravel(), "correct": answers.ravel()}


@pytest.mark.slow
@pytest.mark.trials
@pytest.mark.parametrize("seed", range(1, trials(10) + 1))
def test_intervals_cover_the_truth_as_often_as_they_say(seed):
    model = BKT(uncertainty=True, n_init=1, tol=1e-9).fit(simulated(2000, 400, 10, seed))
    table = model.intervals(level=0.95)
    for name, truth in TRUTH.items():
        rows = table["parameter"] == name
        lower, upper = table["lower"][rows], table["upper"][rows]
        assert np.isfinite(lower).all(), name
        covered = np.mean((lower <= truth) & (truth <= upper))
        assert 0.935 <= covered <= 0.965, (name, covered)
        scatter = np.std(logit(table["value"][rows].astype(float)))
        assert np.mean(table["standard_error_logit"][rows]) == pytest.approx(scatter, rel=0.05), (
            name
        )
        scatter = np.std(table["value"][rows].astype(float))
        assert np.mean(table["standard_error"][rows]) == pytest.approx(scatter, rel=0.1), name


def test_wider_levels_give_wider_intervals_and_bad_ones_are_refused():
    model = BKT(uncertainty=True).fit(simulated(2, 300, 6, seed=2))
    narrow, wide = model.intervals(0.5), model.intervals(0.99)
    free = np.isfinite(narrow["lower"])
    assert free.any()
    assert (narrow["lower"][free] > wide["lower"][free]).all()
    assert (narrow["upper"][free] < wide["upper"][free]).all()
    with pytest.raises(ParameterError, match="level"):
        model.intervals(1.0)


def test_standard_errors_stand_on_both_scales():
    table = BKT(uncertainty=True).fit(simulated(2, 300, 6, seed=2)).intervals()
    value, by_logit = table["value"], table["standard_error_logit"]
    assert np.isfinite(by_logit).any()
    np.testing.assert_allclose(table["standard_error"], value * (1 - value) * by_logit)
    reach = 1.959963984540054 * by_logit  # the interval is made on the logit scale
    known = np.isfinite(by_logit)
    np.testing.assert_allclose(
        logit(table["upper"][known]), logit(value[known]) + reach[known], rtol=1e-9
    )


def test_without_uncertainty_there_are_no_intervals():
    model = BKT().fit(simulated(2, 300, 6, seed=2))
    with pytest.raises(StateError, match="uncertainty=True"):
        model.intervals()
    assert model.mastery(simulated(2, 3, 4, seed=3)).lower is None


def test_what_is_fixed_has_no_standard_error():
    model = BKT(uncertainty=True, fixed={"slip": 0.1}).fit(simulated(2, 300, 6, seed=2))
    table = model.intervals()
    slips = table["parameter"] == "slip"
    assert np.isnan(table["standard_error"][slips]).all()
    assert np.isnan(table["lower"][slips]).all()
    assert np.isfinite(table["standard_error"][table["parameter"] == "guess"]).all()


def test_classes_have_standard_errors_of_their_own():
    log = simulated(2, 400, 8, seed=4)
    log["item"] = np.arange(len(log["skill"])) % 3
    model = BKT(uncertainty=True, guess_by="item", slip_by="item").fit(log)
    table = model.intervals()
    by_item = (table["parameter"] == "guess") & np.array([c is not None for c in table["class"]])
    assert by_item.sum() == 6
    assert np.isfinite(table["standard_error"][by_item]).all()


def test_fewer_students_leave_mastery_less_certain():
    few, many = (BKT(uncertainty=True).fit(simulated(1, n, 6, seed=5)) for n in (60, 6000))
    asked = {"student": [0, 0, 1], "skill": [0, 0, 0], "correct": [1, 0, 1]}
    for when in ("after_response", "next_opportunity"):
        widths = []
        for model in (few, many):
            found = model.mastery(asked, when=when)
            assert found.lower is not None
            assert found.upper is not None
            assert (found.lower < found.value).all()
            assert (found.value < found.upper).all()
            widths.append(found.upper - found.lower)
        assert (widths[0] > 2 * widths[1]).all()


def test_uncertainty_is_saved_with_the_model(tmp_path):
    model = BKT(uncertainty=True).fit(simulated(3, 200, 5, seed=6))
    model.save(tmp_path / "model.json")
    again = adaptlearn.load(tmp_path / "model.json")
    assert isinstance(again, BKT)
    for name, column in model.intervals().items():
        assert column.tolist() == pytest.approx(again.intervals()[name].tolist(), nan_ok=True)
    json.loads((tmp_path / "model.json").read_text())


def test_a_flat_direction_is_found_and_named():
    # Two answers each: three free proportions for four parameters.
    with pytest.warns(adaptlearn.errors.IdentificationWarning):
        model = BKT(uncertainty=True, borrow=0).fit(simulated(1, 2000, 2, seed=7))
    report = model.identifiability()
    assert "unidentified" in report["finding"].tolist()
    assert {"flat direction", "at an end"} & set(report["finding"].tolist())


def test_a_parameter_at_an_end_says_at_which():
    log = {
        "student": np.repeat(np.arange(40), 6),
        "skill": np.ones(240, int),
        "correct": np.tile([0, 0, 0, 1, 1, 1], 40),
    }
    report = BKT(borrow=0).fit(log).identifiability()
    details = report["detail"][report["finding"] == "at an end"].tolist()
    assert "guess ended at 0: it has no standard error" in details
    assert not any("0 or 1" in detail for detail in details)


def test_a_sound_fit_has_nothing_to_report():
    report = BKT(uncertainty=True).fit(simulated(2, 2000, 8, seed=8)).identifiability()
    assert all(len(column) == 0 for column in report.values())


def test_empirical_bayes_draws_skills_together_the_more_the_fewer_their_students():
    log = simulated(40, 25, 5, seed=9)
    alone = BKT(n_init=1, borrow=0).fit(log).parameters_
    together = BKT(n_init=1, borrow="empirical").fit(log).parameters_
    for name, truth in TRUTH.items():
        assert np.std(together[name]) < np.std(alone[name])
        error = [np.sqrt(np.mean((p[name] - truth) ** 2)) for p in (alone, together)]
        assert error[1] < error[0], name


def test_with_two_skills_to_learn_from_the_weak_one_borrows_as_usual():
    log = simulated(1, 400, 6, seed=10)
    once = {"skill": np.array([7] * 3), "student": np.arange(3), "correct": np.array([1, 1, 0])}
    log = {name: np.concatenate((column, once[name])) for name, column in log.items()}
    with pytest.warns(adaptlearn.errors.IdentificationWarning, match="common to all skills"):
        model = BKT(borrow="empirical").fit(log)
    for name in TRUTH:
        weak = model.parameters_[name][1]
        assert abs(logit(weak) - logit(model.pooled_[name])) < 1.0, name
        assert 0.01 < weak < 0.99, name
