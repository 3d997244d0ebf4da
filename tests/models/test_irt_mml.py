"""The estimation of items: gradients, monotone steps, standard errors, the prior's invariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from tests.models import item_responses

from adaptlearn.models.irt import errors, mml
from adaptlearn.models.irt.prior import ItemPrior
from adaptlearn.models.irt.training import MOST_POINTS, points_for

N_ITEMS = 7
GRID = mml.Grid.of(121)


@pytest.fixture(scope="module")
def answers():
    """Of a test with gaps, and with items that some answered twice."""
    truth = item_responses.planted(n_students=300, n_items=N_ITEMS, seed=2)
    rng = np.random.default_rng(0)
    student, item = rng.integers(0, 300, 1800), rng.integers(0, N_ITEMS, 1800)
    log_odds = truth.discrimination[item] * (truth.ability[student] - truth.difficulty[item])
    right = rng.random(1800) < 1 / (1 + np.exp(-log_odds))
    return mml.Answers.of(student, item, right, np.ones(1800), (300, N_ITEMS))


def items_near(seed):
    rng = np.random.default_rng(seed)
    return mml.Items(rng.normal(0, 0.4, N_ITEMS), rng.normal(0, 1, N_ITEMS))


def prior_of(difficulty_sd=0.8, slope_sd=0.6):
    shares = np.array([[1, 0, 0]] * 3 + [[0, 1, 0]] * 2 + [[0, 0.5, 0.5], [0, 0, 1]], float)
    return ItemPrior(csr_array(shares), difficulty_sd, slope_sd)


NO_PRIOR = ItemPrior(csr_array(np.ones((N_ITEMS, 1))), None, None)


def objective(answers, vector, prior):
    items = mml.Items(*np.split(vector, 2))
    value = mml.expect(answers, items, GRID).log_likelihood.sum()
    return value - prior.penalty(*items)


def gradient(answers, vector, prior):
    items = mml.Items(*np.split(vector, 2))
    counts = mml.counted(answers, mml.expect(answers, items, GRID).posterior, GRID)
    found = mml.score(items, counts, GRID)
    pull = prior.gradient(*items)
    return np.concatenate((found.slope - pull[0], found.difficulty - pull[1]))


def differences(of, vector, h):
    """Central differences of a function by each entry of a vector, last axis."""
    return np.stack(
        [(of(vector + h * e) - of(vector - h * e)) / (2 * h) for e in np.eye(len(vector))], -1
    )


@pytest.mark.parametrize("prior", [NO_PRIOR, prior_of(), prior_of(None, 0.3), prior_of(0.5, None)])
def test_the_gradient_is_that_of_the_penalised_marginal_likelihood(answers, prior):
    vector = np.concatenate(items_near(1))
    expected = differences(lambda v: objective(answers, v, prior), vector, 1e-5)
    np.testing.assert_allclose(gradient(answers, vector, prior), expected, rtol=1e-6, atol=1e-5)


def test_the_information_of_the_m_step_is_that_of_its_score(answers):
    items = items_near(2)
    counts = mml.counted(answers, mml.expect(answers, items, GRID).posterior, GRID)
    # Fisher's information is minus the second derivative where right answers are as expected.
    chance = 1 / (1 + np.exp(-items.logits(GRID.points)))
    expected = counts.at_point * chance
    counts = mml.Counts(counts.at_point, expected.sum(axis=1), expected @ GRID.points)
    found = mml.score(items, counts, GRID)

    def score_of(vector):
        s = mml.score(mml.Items(*np.split(vector, 2)), counts, GRID)
        return np.concatenate((s.slope, s.difficulty))

    second = -differences(score_of, np.concatenate(items), 1e-5)
    own = np.arange(N_ITEMS)
    for name, row, column in (
        ("slope_slope", 0, 0),
        ("slope_difficulty", 0, N_ITEMS),
        ("difficulty_difficulty", N_ITEMS, N_ITEMS),
    ):
        np.testing.assert_allclose(
            getattr(found, name), second[row + own, column + own], rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize("prior", [NO_PRIOR, prior_of()])
def test_the_objective_never_falls_and_ends_where_its_gradient_is_nothing(answers, common, prior):
    group = np.zeros(N_ITEMS, int) if common else np.arange(N_ITEMS)
    found = mml.fit_items(answers, GRID, group=group, prior=prior, max_iter=3000, tol=1e-13)
    assert found.converged
    assert np.diff(found.objective).min() > -1e-9
    assert len(found.objective) < 200
    at_end = gradient(answers, np.concatenate(found.items), prior)
    slopes = np.bincount(group, at_end[:N_ITEMS])
    np.testing.assert_allclose(np.concatenate((slopes, at_end[N_ITEMS:])), 0, atol=2e-3)
    assert common == (np.ptp(found.items.log_slope) == 0)


def test_longer_steps_come_to_the_same_end_sooner(answers, monkeypatch):
    prior, group = prior_of(), np.arange(N_ITEMS)
    fast: list[float] = []
    slow: list[float] = []
    for steps, far in ((fast, mml.extrapolated), (slow, lambda first, second, third: third)):
        monkeypatch.setattr(mml, "extrapolated", far)
        found = mml.fit_items(answers, GRID, group=group, prior=prior, max_iter=3000, tol=1e-12)
        steps += [len(found.objective), found.objective[-1]]
    assert fast[0] < slow[0] / 2
    assert fast[1] == pytest.approx(slow[1], abs=1e-4)


def test_items_on_the_scale_of_the_abilities_found_say_the_same():
    items = items_near(6)
    posterior = np.exp(-((GRID.points - np.array([[0.5], [1.5]])) ** 2) / 0.32)
    posterior /= posterior.sum(axis=1, keepdims=True)
    spread = np.sqrt(0.16 + 0.25)
    moved = items.on_scale_of(posterior, GRID)
    np.testing.assert_allclose(moved.logits((GRID.points - 1) / spread), items.logits(GRID.points))


def test_abilities_that_are_known_well_do_not_slow_the_fit_down(monkeypatch):
    log = item_responses.planted(n_students=150, n_items=100, seed=7).log
    student, item, right = (log[name] for name in ("student", "item", "correct"))
    long = mml.Answers.of(student, item, right, np.ones(len(item)), (150, 100))
    prior = ItemPrior(csr_array(np.ones((100, 1))), 1.0, 0.5)
    ends = []
    for expanded in (True, False):
        if not expanded:
            monkeypatch.setattr(mml.Items, "on_scale_of", lambda items, posterior, grid: items)
        found = mml.fit_items(long, GRID, group=np.arange(100), prior=prior, max_iter=500, tol=1e-9)
        ends.append((len(found.objective), found.objective[-1]))
    assert ends[0][0] < ends[1][0] / 2
    assert ends[0][1] > ends[1][1] - 1e-3


@pytest.mark.parametrize("place", ["extrapolated", "on_scale_of"])
def test_a_longer_step_that_leads_down_is_not_taken(answers, monkeypatch, place):
    prior, group = prior_of(), np.arange(N_ITEMS)
    expected = mml.fit_items(answers, GRID, group=group, prior=prior, max_iter=3000, tol=1e-12)
    nowhere = mml.Items(np.ones(N_ITEMS), np.full(N_ITEMS, 4.0))
    monkeypatch.setattr(
        mml if place == "extrapolated" else mml.Items, place, lambda *arguments: nowhere
    )
    found = mml.fit_items(answers, GRID, group=group, prior=prior, max_iter=3000, tol=1e-12)
    assert np.diff(found.objective).min() > -1e-9
    assert found.objective[-1] == pytest.approx(expected.objective[-1], abs=1e-4)


def test_a_step_that_is_too_long_is_shortened(answers, monkeypatch):
    prior, group, items = prior_of(), np.arange(N_ITEMS), items_near(8)
    counts = mml.counted(answers, mml.expect(answers, items, GRID).posterior, GRID)
    step = mml.newton_step

    def value_of(at):
        return mml.score(at, counts, GRID).value.sum() - prior.penalty(*at)

    for factor in (1, 6, -1):
        monkeypatch.setattr(
            mml, "newton_step", lambda *given, by=factor: mml.Items(*(by * d for d in step(*given)))
        )
        raised = value_of(mml.maximise(items, counts, GRID, group, prior)) - value_of(items)
        assert raised > 1 if factor > 0 else raised == 0


@pytest.mark.parametrize("common", [True, False])
def test_errors_are_the_inverse_of_the_observed_information(answers, common, monkeypatch):
    group = np.zeros(N_ITEMS, int) if common else np.arange(N_ITEMS)
    found = mml.fit_items(answers, GRID, group=group, prior=NO_PRIOR, max_iter=3000, tol=1e-14)
    second = -differences(
        lambda v: gradient(answers, v, NO_PRIOR), np.concatenate(found.items), 1e-5
    )
    join = np.zeros((2 * N_ITEMS, group.max() + 1 + N_ITEMS))
    join[np.arange(N_ITEMS), group] = 1
    join[N_ITEMS:, group.max() + 1 :] = np.eye(N_ITEMS)
    inverse, n_slopes = np.linalg.inv(join.T @ second @ join), group.max() + 1
    expected, together = np.sqrt(np.diag(inverse)), inverse[group, n_slopes + np.arange(N_ITEMS)]
    whole = errors.standard_errors(answers, found.items, GRID, group, NO_PRIOR)
    np.testing.assert_allclose(whole.log_slope, expected[: group.max() + 1][group], rtol=1e-3)
    np.testing.assert_allclose(whole.difficulty, expected[group.max() + 1 :], rtol=1e-3)
    np.testing.assert_allclose(whole.covariance, together, rtol=1e-3, atol=1e-6)

    monkeypatch.setattr(errors, "MOST_ITEMS", 0)
    monkeypatch.setattr(errors, "_AT_ONCE", 100)
    alone = errors.standard_errors(answers, found.items, GRID, group, NO_PRIOR)
    if common:
        assert np.isnan(alone.log_slope).all()
        blocks = [np.sqrt(1 / second[j, j]) for j in range(N_ITEMS, 2 * N_ITEMS)]
        np.testing.assert_allclose(alone.difficulty, blocks, rtol=1e-3)
        return
    for j in range(N_ITEMS):
        own = np.ix_([j, N_ITEMS + j], [j, N_ITEMS + j])
        part = np.linalg.inv(second[own])
        np.testing.assert_allclose(alone.covariance[j], part[0, 1], rtol=1e-3, atol=1e-6)
        block = np.sqrt(np.diag(part))
        np.testing.assert_allclose([alone.log_slope[j], alone.difficulty[j]], block, rtol=1e-3)
    assert np.all(alone.difficulty < whole.difficulty)


def test_the_prior_says_nothing_of_where_abilities_lie_or_how_far_they_scatter():
    prior, items = prior_of(), items_near(3)
    moved = mml.Items(items.log_slope - np.log(2.5), 2.5 * items.difficulty + 1.7)
    assert prior.penalty(*moved) == pytest.approx(prior.penalty(*items))
    assert prior.penalty(items.log_slope, 2 * items.difficulty) > prior.penalty(*items)


def test_means_of_skills_make_the_density_highest():
    prior, difficulty = prior_of(), items_near(4).difficulty
    centre = prior.centre(difficulty)
    assert centre.overall == pytest.approx(centre.skill.mean())
    # A skill's mean is that of its items and of one more at the overall mean.
    assert centre.skill[0] == pytest.approx((difficulty[:3].sum() + centre.overall) / 4)
    assert centre.item[5] == pytest.approx(centre.skill[1:].mean())


def test_many_answers_get_a_finer_grid():
    def points(n_answers):
        student, item = np.zeros(n_answers, int), np.arange(n_answers)
        answers = mml.Answers.of(student, item, item % 2, np.ones(n_answers), (1, n_answers))
        return points_for(answers)

    assert points(20) == 61
    assert 61 < points(600) < points(1200) < MOST_POINTS
    assert points(50_000) == MOST_POINTS


def test_a_likelihood_is_a_sum_over_all_ways_to_be_able(answers):
    items = items_near(5)
    found = mml.expect(answers, items, GRID)
    count, right = answers.count.toarray(), answers.right.toarray()
    chance = 1 / (1 + np.exp(-items.logits(GRID.points)))
    by_hand = np.array(
        [
            np.prod(chance.T**r * (1 - chance.T) ** (c - r), axis=1)
            for c, r in zip(count, right, strict=True)
        ]
    ) * np.exp(GRID.log_prior)
    np.testing.assert_allclose(found.log_likelihood, np.log(by_hand.sum(axis=1)), atol=1e-12)
    np.testing.assert_allclose(
        found.posterior, by_hand / by_hand.sum(axis=1, keepdims=True), atol=1e-12
    )
