"""Item response theory as a model: what it finds, predicts, and says of extreme data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from tests.models import item_responses

from adaptlearn import ResponseLog
from adaptlearn.errors import (
    ConvergenceWarning,
    DataWarning,
    IdentificationWarning,
    ParameterError,
    UnknownLabelError,
)
from adaptlearn.models import IRT, Rasch
from adaptlearn.models.irt.mml import DIFFICULTY, SLOPES


@pytest.fixture(scope="module")
def planted():
    return item_responses.planted(n_students=1500, n_items=15, seed=1)


@pytest.fixture(scope="module")
def fitted(planted):
    return IRT(difficulty_sd=None, discrimination_sd=None).fit(planted.log)


def chance_of(model, place, ability):
    """P(correct) on an item, from the table of parameters."""
    table = model.parameters_
    return expit(table["discrimination"][place] * (ability - table["difficulty"][place]))


def moments(model, answers):
    """Mean and standard deviation of the posterior, by integration; and the chance of each item."""

    def joint(ability):
        density = np.exp(-(ability**2) / 2)
        for place, right in answers:
            p = chance_of(model, place, ability)
            density *= p if right else 1 - p
        return density

    def integral(of):
        return quad(lambda t: of(t) * joint(t), -8, 8, epsabs=1e-13, limit=200)[0]

    total = integral(lambda t: 1.0)
    mean = integral(lambda t: t) / total
    spread = np.sqrt(integral(lambda t: (t - mean) ** 2) / total)
    n_items = len(model.parameters_["item"])
    chances = [integral(lambda t, i=i: chance_of(model, i, t)) / total for i in range(n_items)]
    return mean, spread, np.array(chances)


def test_planted_parameters_are_recovered_within_their_errors(planted, fitted):
    table = fitted.parameters_
    for name, truth in (
        ("difficulty", planted.difficulty),
        ("discrimination", planted.discrimination),
    ):
        z = (table[name] - truth) / table[f"{name}_se"]
        assert np.abs(z).max() < 4
        assert 0.5 < np.sqrt(np.mean(z**2)) < 1.6
    found = fitted.abilities(planted.log)
    z = (found["ability"] - planted.ability) / found["standard_error"]
    assert 0.9 < np.sqrt(np.mean(z**2)) < 1.1  # the posterior's width is that of the errors
    assert fitted.converged_
    assert fitted.unidentified_ == {}


def test_eap_and_predictions_are_those_of_the_integral(fitted):
    answers = [(0, 1), (3, 0), (14, 1), (3, 1)]
    log = {
        "student": [0] * 4,
        "skill": [0] * 4,
        "item": [place for place, _ in answers],
        "correct": [right for _, right in answers],
    }
    state = fitted.update_state(fitted.init_state(2), log)
    for student, given in ((0, answers), (1, [])):
        mean, spread, chances = moments(fitted, given)
        ability, error = fitted.state_abilities(state, [student])
        np.testing.assert_allclose([ability[0], error[0]], [mean, spread], atol=1e-8)
        p = fitted.predict_state(state, [student] * 15, [0] * 15, items=range(15))
        np.testing.assert_allclose(p, chances, atol=1e-8)


def test_the_information_is_the_squared_slope_over_the_variance(fitted):
    ability, h = np.array([-1.5, 0.0, 2.2]), 1e-5
    p, ahead, behind = (
        np.stack([chance_of(fitted, i, ability + d) for i in range(15)], axis=1) for d in (0, h, -h)
    )
    expected = ((ahead - behind) / (2 * h)) ** 2 / (p * (1 - p))
    np.testing.assert_allclose(fitted.item_information(ability), expected, rtol=1e-6)
    np.testing.assert_allclose(fitted.test_information(ability), expected.sum(axis=1), rtol=1e-6)
    two = fitted.item_information(0.0, items=[7, 2])
    np.testing.assert_array_equal(two[0], fitted.item_information(0.0)[0, [7, 2]])
    with pytest.raises(UnknownLabelError, match="99"):
        fitted.item_information(0.0, items=[7, 99])


def test_rasch_is_the_1pl_in_log_odds(planted):
    one, rasch = IRT(kind="1PL").fit(planted.log), Rasch().fit(planted.log)
    slope = one.parameters_["discrimination"][0]
    assert rasch.ability_sd_ == slope
    assert one.ability_sd_ == 1
    np.testing.assert_array_equal(rasch.parameters_["discrimination"], np.ones(15))
    difficulty = one.parameters_["difficulty"]
    np.testing.assert_allclose(rasch.parameters_["difficulty"], difficulty * slope)
    # By the delta method; a slope that is 1 by definition has no error, their spread has one.
    errors = rasch._errors
    expected = slope**2 * (
        (difficulty * errors.log_slope) ** 2
        + errors.difficulty**2
        + 2 * difficulty * errors.covariance
    )
    np.testing.assert_allclose(rasch.parameters_["difficulty_se"] ** 2, expected)
    assert np.isnan(rasch.parameters_["discrimination_se"]).all()
    assert rasch.ability_sd_se_ == one.parameters_["discrimination_se"][0]
    assert np.isnan(one.ability_sd_se_)
    np.testing.assert_allclose(
        rasch.skill_parameters_["difficulty"], one.skill_parameters_["difficulty"] * slope
    )
    np.testing.assert_array_equal(rasch.predict_proba(planted.log), one.predict_proba(planted.log))
    a, b = one.abilities(planted.log), rasch.abilities(planted.log)
    for name in ("ability", "standard_error"):
        np.testing.assert_allclose(b[name], a[name] * slope)
    np.testing.assert_allclose(
        rasch.item_information(slope * 0.7) * slope**2, one.item_information(0.7)
    )
    assert "kind" not in rasch.get_params()


def test_the_prior_draws_items_together_and_none_does_not(planted, fitted):
    few = ResponseLog.from_frame(planted.log)[: 15 * 100]
    free = IRT(difficulty_sd=None, discrimination_sd=None).fit(few)
    held, tight = IRT().fit(few), IRT(difficulty_sd=0.3, discrimination_sd=0.1).fit(few)
    for name in ("difficulty", "discrimination"):
        spreads = [model.parameters_[name].std() for model in (tight, held, free)]
        assert spreads == sorted(spreads)
    assert free.log_likelihood_ > held.log_likelihood_ > tight.log_likelihood_


def test_extreme_data_are_defined_and_bounded_and_said():
    rng = np.random.default_rng(0)
    right = rng.random((60, 6)) < expit(rng.normal(0, 1.5, 60)[:, None] - np.linspace(-1, 1, 6))
    right[:, 0], right[:, 1], right[0, :] = True, False, True  # two items, one student
    right[0, 1] = False
    log = item_responses.log_of(right.astype(int))
    log = {name: np.append(column, [7, 6, 0, 1][k]) for k, (name, column) in enumerate(log.items())}
    with pytest.warns(IdentificationWarning, match="items 0, 1, 6 are"):
        model = IRT().fit(log)
    assert model.unidentified_ == {
        0: "all answers are right",
        1: "all answers are wrong",
        6: "all answers are right",
    }
    table = model.parameters_
    assert np.abs(table["difficulty"]).max() < 8
    assert all(np.isfinite(column.astype(float)).all() for column in table.values())
    assert table["difficulty"][0] < table["difficulty"][2:6].min()
    assert table["difficulty"][1] > table["difficulty"][2:6].max()
    assert np.abs(model.abilities(log)["ability"]).max() < 4

    with pytest.warns(IdentificationWarning):
        free = IRT(difficulty_sd=None, discrimination_sd=None, max_iter=2000).fit(log)
    slope = free.parameters_["discrimination"]
    assert np.abs(free.parameters_["difficulty"]).max() <= DIFFICULTY
    assert SLOPES[0] <= slope.min() <= slope.max() <= SLOPES[1] + 1e-12
    p = free.predict_proba(log)
    assert np.all((p > 0) & (p < 1))


@pytest.mark.parametrize("answer", [0, 1])
def test_one_answer_is_a_model_that_says_so(answer):
    one = {"student": ["a"], "skill": ["s"], "item": ["i"], "correct": [answer]}
    with pytest.warns(IdentificationWarning, match="'i'"):
        model = IRT().fit(one)
    p = model.predict_proba(one)[0, 1]
    assert 0 < p < 1
    assert (p > 0.5) == (answer == 1)


def test_students_who_answered_once_show_no_discrimination():
    log = {"student": range(8), "skill": ["s"] * 8, "item": [0, 1] * 4, "correct": [0, 0, 1, 1] * 2}
    with pytest.warns(IdentificationWarning):
        model = IRT(kind="1PL").fit(log)
    assert set(model.unidentified_.values()) == {"no student answered twice"}


def test_an_unseen_item_stands_at_the_mean_of_its_skill():
    rng = np.random.default_rng(3)
    difficulty = np.array([-2.0, -1.5, -1.0, 1.0, 1.5, 2.0])
    right = rng.random((400, 6)) < expit(rng.normal(size=400)[:, None] - difficulty)
    log = item_responses.log_of(right.astype(int))
    log["skill"] = np.where(log["item"] < 3, "easy", "hard")
    model = IRT(kind="1PL").fit(log)
    b = model.parameters_["difficulty"]
    typical = dict(zip(*(model.skill_parameters_[c] for c in ("skill", "difficulty")), strict=True))
    overall = np.mean(list(typical.values()))
    assert typical["easy"] == pytest.approx((b[:3].sum() + overall) / 4)
    state = model.init_state(1)
    unseen = model.predict_state(state, [0] * 3, ["easy", "hard", "easy"], items=[99, 99, None])
    assert unseen[0] == unseen[2] > 0.7
    assert unseen[1] < 0.35
    np.testing.assert_array_equal(model.state_mastery(state, np.arange(1)).value[0], unseen[[0, 1]])
    assert model.state_mastery(state, np.arange(1)).kind == "predicted"
    with pytest.warns(DataWarning, match="'new'"):
        strange = model.predict_state(state, [0], ["new"])
    slope = model.parameters_["discrimination"][0]
    expected = quad(
        lambda t: expit(slope * (t - overall)) * np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi), -8, 8
    )
    assert strange[0] == pytest.approx(expected[0], abs=1e-8)


def test_without_items_skills_are_the_items():
    planted = item_responses.planted(n_students=300, n_items=8, seed=4)
    named = IRT(kind="1PL").fit({**planted.log, "skill": planted.log["skill"] * 0})
    bare = {name: column for name, column in planted.log.items() if name != "item"}
    unnamed = IRT(kind="1PL").fit({**bare, "skill": planted.log["item"]})
    np.testing.assert_allclose(
        unnamed.parameters_["difficulty"], named.parameters_["difficulty"], atol=1e-12
    )
    assert len(unnamed.items_) == 0
    np.testing.assert_array_equal(
        unnamed.skill_parameters_["difficulty"], unnamed.parameters_["difficulty"]
    )
    # A response with two skills counts once in all, and is predicted at their mean.
    both = [[item, (item + 1) % 8] for item in planted.log["item"].tolist()]
    several = Rasch().fit({**bare, "skill": both})
    assert several.parameters_["n_answers"].sum() == pytest.approx(len(both))
    state = several.init_state(1)
    difficulty = several.parameters_["difficulty"]
    p = several.predict_state(state, [0, 0, 0], [[0, 7], [0], [7]])
    assert min(p[1], p[2]) < p[0] < max(p[1], p[2])
    assert abs(difficulty[0] - difficulty[7]) > 0.1


def test_exposures_and_rows_of_other_students_say_nothing(planted):
    columns = {name: column[: 15 * 50] for name, column in planted.log.items()}
    columns["correct"] = columns["correct"].astype(float)
    more = {name: np.concatenate((column, column[:40])) for name, column in columns.items()}
    more["correct"][-40:] = np.nan
    shown = ResponseLog.from_frame(more, unanswered="exposure")
    a, b = IRT().fit(columns), IRT().fit(shown)
    np.testing.assert_array_equal(a.parameters_["difficulty"], b.parameters_["difficulty"])
    np.testing.assert_array_equal(a.abilities(columns)["ability"], b.abilities(shown)["ability"])


def test_an_item_that_was_only_shown_stands_at_its_skill():
    log = {
        "student": [0, 0, 1, 1, 2, 2, 0],
        "skill": ["s"] * 7,
        "item": [0, 1, 0, 1, 0, 1, 2],
        "correct": [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, np.nan],
    }
    with pytest.warns(IdentificationWarning, match="items 2 are"):
        model = IRT(kind="1PL").fit(ResponseLog.from_frame(log, unanswered="exposure"))
    assert model.unidentified_ == {2: "no answers, only exposures"}
    table = model.parameters_
    assert table["difficulty"][2] == pytest.approx(model.skill_parameters_["difficulty"][0])
    assert np.isnan(table["p_correct"][2])


def test_everything_wrong_with_the_arguments_is_said_at_once(planted):
    with pytest.raises(ParameterError) as caught:
        IRT(kind="3PL", difficulty_sd=0, n_points=5).fit(planted.log)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3
    with pytest.warns(ConvergenceWarning, match="within 2 steps"):
        assert not IRT(max_iter=2).fit(planted.log).converged_


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["1PL", "2PL"])
def test_online_abilities_beat_the_published_baseline_on_real_students(data, kind):
    # Gervet et al. (2020) report .79 for IRT on another split of these students.
    student, item, skill, correct = np.loadtxt(
        data("statics", "train.csv"), delimiter=",", skiprows=1, dtype=np.int64
    ).T
    log = ResponseLog.from_frame(
        {"student": student, "item": item, "skill": skill, "correct": correct}
    )
    held_out = student % 3 == 0
    with pytest.warns(IdentificationWarning):
        model = IRT(kind=kind).fit(log[~held_out])
    p = model.predict_proba(log[held_out])[:, 1]
    assert roc_auc_score(correct[held_out], p) > 0.80
    # 225 students and 1,200 items: the items' prior does not move the abilities.
    ability = model.abilities(log[~held_out])["ability"]
    ability = ability[np.unique(log[~held_out].student.codes)]
    assert abs(ability.mean()) < 0.1
    assert 0.9 < ability.std() < 1.1


def test_with_many_items_a_common_slope_counts_as_known(planted, monkeypatch):
    monkeypatch.setattr("adaptlearn.models.irt.errors.MOST_ITEMS", 0)
    rasch = Rasch().fit(planted.log)
    assert np.isnan(rasch.ability_sd_se_)
    expected = rasch._errors.difficulty * rasch.ability_sd_
    np.testing.assert_allclose(rasch.parameters_["difficulty_se"], expected)


def test_a_file_without_covariances_is_read_without_these_errors(planted):
    rasch = Rasch().fit(planted.log)
    arrays = {k: v for k, v in rasch._arrays().items() if k != "error_covariance"}
    assert "error_covariance" not in rasch._expected(arrays, 1, 15)
    again = Rasch()
    again._restore_arrays(arrays)
    assert np.isnan(again._errors.covariance).all()
    np.testing.assert_array_equal(again._errors.difficulty, rasch._errors.difficulty)


def bock_and_lieberman(path):
    """A row per answer, from patterns of answers with their frequencies."""
    table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=int)
    right = np.repeat(table[:, :5], table[:, 5], axis=0)
    student, item = np.indices(right.shape).reshape(2, -1)
    return {"student": student, "item": item, "skill": item * 0, "correct": right.ravel()}


def test_lsat6_as_mirt_finds_it(data):
    log = bock_and_lieberman(data("lsat", "lsat6.csv"))
    rasch = Rasch(difficulty_sd=None).fit(log)
    table = rasch.parameters_
    intercepts = [2.73, 0.999, 0.24, 1.306, 2.099]
    np.testing.assert_allclose(-table["difficulty"], intercepts, atol=1.5e-3)
    independent = [0.130, 0.079, 0.072, 0.085, 0.105]  # by the Hessian of the log-likelihood
    np.testing.assert_allclose(table["difficulty_se"], independent, atol=6e-4)
    np.testing.assert_allclose(
        table["difficulty_se"], [0.129, 0.078, 0.071, 0.083, 0.104], atol=2e-3
    )
    assert rasch.ability_sd_**2 == pytest.approx(0.57, abs=5e-3)
    assert rasch.log_likelihood_ == pytest.approx(-2466.94, abs=0.01)
    free = IRT(difficulty_sd=None, discrimination_sd=None).fit(log)
    assert free.log_likelihood_ == pytest.approx(-2466.65, abs=0.01)


def test_lsat7_as_mirt_finds_it(data):
    log = bock_and_lieberman(data("lsat", "lsat7.csv"))
    table = IRT(difficulty_sd=None, discrimination_sd=None).fit(log).parameters_
    errors = [0.177, 0.169, 0.320, 0.134, 0.151]
    np.testing.assert_allclose(table["discrimination_se"], errors, atol=1e-3)
