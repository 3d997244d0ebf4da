"""Sample size and power: the textbook's numbers, and what simulated experiments show."""

import numpy as np
import pytest
from scipy import stats

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation import power, sample_size
from adaptlearn.evaluation.experiments import ExperimentDesign


def normal_size(difference, first, second, alpha=0.05, wanted=0.8):
    """Students of both arms by the textbook's normal formula."""
    reach = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(wanted)
    return 2 * reach**2 * (first + second) / difference**2


@pytest.mark.parametrize(("effect", "of_each"), [(0.2, 394), (0.5, 64), (0.8, 26)])
def test_means_need_as_many_students_as_the_tables_say(effect, of_each):
    """Cohen (1988), table 2.4.1: two-sided .05, power .80."""
    found = sample_size(effect, sd=1)
    assert found.n_students in (2 * of_each - 1, 2 * of_each)
    assert power(found.n_students - 1, effect, sd=1) < 0.8 <= found.power


@pytest.mark.parametrize("n", [10, 50, 200])
def test_power_is_that_of_the_noncentral_t(n):
    critical, moved = stats.t.ppf(0.995, n - 2), 0.6 / np.sqrt(4 / n)
    expected = stats.nct.sf(critical, n - 2, moved) + stats.nct.cdf(-critical, n - 2, moved)
    assert power(n, -1.2, sd=2, alpha=0.01) == pytest.approx(expected, abs=1e-6)
    assert power(n, 0, sd=1) == pytest.approx(0.05, abs=1e-6)


def test_proportions_need_what_the_normal_formula_says():
    found = sample_size(0.1, baseline=0.6, power=0.9)
    assert found.n_students == pytest.approx(normal_size(0.1, 0.24, 0.21, wanted=0.9), abs=6)


def test_classes_multiply_by_the_design_effect():
    found = sample_size(0.2, sd=1, randomised="class", class_size=20, icc=0.15)
    assert found.design_effect == pytest.approx(1 + 19 * 0.15)
    assert found.n_students == 20 * found.n_classes
    assert found.n_students == pytest.approx(normal_size(0.2, 1, 1) * 3.85, rel=0.02)
    uneven = sample_size(0.2, sd=1, randomised="class", class_size=20, icc=0.15, class_size_cv=0.5)
    assert uneven.design_effect == pytest.approx(1 + (1.25 * 20 - 1) * 0.15)
    within = sample_size(0.2, sd=1, class_size=20, icc=0.15)
    assert within.design_effect == pytest.approx(0.85)
    assert within.n_students == pytest.approx(normal_size(0.2, 1, 1) * 0.85, abs=4)


def test_propensities_other_than_one_half_cost_students():
    assert sample_size(0.2, sd=1, propensity=0.2).design_effect == pytest.approx(1.25 / 0.8)
    logged = np.array([0.2, 0.5, 0.8, 0.5])
    expected = (1 / logged).mean() / 2
    assert sample_size(0.2, sd=1, propensity=logged).design_effect == pytest.approx(expected)


@pytest.mark.parametrize("randomised", ["class", "student"])
def test_simulated_experiments_show_the_difference_as_often(randomised):
    rng = np.random.default_rng(8)
    n, n_classes, size, icc, difference = 4000, 16, 25, 0.2, 0.6 if randomised == "class" else 0.25
    between = rng.normal(0, np.sqrt(icc), (n, n_classes, 1))
    outcome = between + rng.normal(0, np.sqrt(1 - icc), (n, n_classes, size))
    if randomised == "class":
        arm = np.arange(n_classes) % 2 == 1
        means = outcome.mean(axis=2) + difference * arm
        p = stats.ttest_ind(means[:, arm], means[:, ~arm], axis=1).pvalue
    else:
        arm = rng.permuted(np.tile(np.arange(size - 1) % 2, (n, n_classes, 1)), axis=2)
        size -= 1
        centred = outcome[:, :, :size] + difference * arm
        centred -= centred.mean(axis=2, keepdims=True)
        gap = 2 * (centred * (2 * arm - 1)).mean(axis=(1, 2))
        residual = centred - gap[:, None, None] * (arm - 0.5)
        freedom = n_classes * size - n_classes - 1
        error = np.sqrt((residual**2).sum(axis=(1, 2)) / freedom * 4 / (n_classes * size))
        p = 2 * stats.t.sf(np.abs(gap / error), freedom)
    expected = power(
        n_classes * size, difference, sd=1, randomised=randomised, class_size=size, icc=icc
    )
    assert 0.5 < expected < 0.95
    assert (p < 0.05).mean() == pytest.approx(expected, abs=0.025)


def test_logged_propensities_in_a_simulation():
    rng = np.random.default_rng(9)
    n, n_students, difference = 3000, 400, 0.35
    chance = rng.choice([0.15, 0.5, 0.85], (n, n_students))
    arm = rng.random(chance.shape) < chance
    outcome = rng.normal(size=chance.shape) + difference * arm
    parts = []
    for mine, weight in ((arm, arm / chance), (~arm, ~arm / (1 - chance))):
        mean = (weight * outcome).sum(axis=1) / weight.sum(axis=1)
        spread = (weight**2 * (outcome - mean[:, None]) ** 2 * mine).sum(axis=1)
        parts.append((mean, spread / weight.sum(axis=1) ** 2))
    gap = parts[0][0] - parts[1][0]
    seen = np.abs(gap) > 1.96 * np.sqrt(parts[0][1] + parts[1][1])
    expected = power(n_students, difference, sd=1, propensity=[0.15, 0.5, 0.85])
    assert seen.mean() == pytest.approx(expected, abs=0.03)


def test_tiny_experiments_have_no_power():
    assert power(30, 5, sd=1, randomised="class", class_size=15, icc=0.1) == 0
    assert sample_size(50, sd=1).n_students == 3


def test_both_read_a_design_alike():
    design: ExperimentDesign = {
        "baseline": 0.4,
        "propensity": [0.3, 0.6],
        "randomised": "class",
        "class_size": 12,
        "class_size_cv": 0.3,
        "icc": 0.05,
        "alpha": 0.1,
    }
    found = sample_size(0.15, power=0.7, **design)
    assert found.power == power(found.n_students, 0.15, **design) >= 0.7
    assert power(found.n_students - 12, 0.15, **design) < 0.7
    others: list[ExperimentDesign] = [
        {"alpha": 0.05}, {"icc": 0.2}, {"class_size": 30}, {"class_size_cv": 0}, {"baseline": 0.5},
        {"propensity": 0.5}, {"randomised": "student"},
    ]  # fmt: skip
    for other in others:
        changed = design.copy()
        changed.update(other)
        assert power(found.n_students, 0.15, **changed) != found.power


def test_a_keyword_that_neither_has_is_refused():
    with pytest.raises(TypeError, match=r"power\(\) got an unexpected keyword argument 'sdd'"):
        power(100, 0.5, sdd=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"sample_size\(\) got an unexpected .* 'power_'"):
        sample_size(0.5, sd=1, power_=0.9)  # type: ignore[call-arg]


def test_every_problem_is_listed_at_once():
    with pytest.raises(ParameterError) as error:
        power(2, np.nan, sd=-1, propensity=[0, 0.5], randomised="school", class_size=0,
              class_size_cv=-1, icc=1, alpha=0)  # fmt: skip
    for name in ("n_students", "difference", "sd", "propensity", "randomised", "class_size",
                 "class_size_cv", "icc", "alpha"):  # fmt: skip
        assert f"- {name} must" in str(error.value)
    for sd, baseline in ((None, None), (1, 0.5)):
        with pytest.raises(ParameterError, match="give sd, for means, or baseline"):
            sample_size(0.1, sd=sd, baseline=baseline)
    with pytest.raises(ParameterError, match="power must"):
        sample_size(0.1, sd=1, power=1)
    with pytest.raises(ParameterError, match=r"baseline \+ difference must"):
        sample_size(0.5, baseline=0.6)
    with pytest.raises(ParameterError, match="no size up to"):
        sample_size(0, sd=1)
