"""How scores become probabilities, and draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import trials

from adaptlearn.errors import ParameterError
from adaptlearn.sequencing import EpsilonGreedy, Softmax, Thompson
from adaptlearn.sequencing.policies import Greedy
from adaptlearn.sequencing.policies.choosers import Ragged, draw_one, runners_up

CHOOSERS = [Greedy(), Softmax(0.5), EpsilonGreedy(0.3), Thompson(0.5, samples=200)]


def ragged_of(sizes):
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    return Ragged(bounds, np.repeat(np.arange(len(sizes)), sizes))


def shares(chooser, value, ragged, seed=0):
    odds = chooser.odds(value, ragged, np.random.default_rng(seed))
    return odds.weight / odds.whole[ragged.row]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
@settings(max_examples=trials(600), deadline=None)
def test_probabilities_of_each_student_sum_to_one(sizes, seed):
    ragged = ragged_of(sizes)
    value = np.random.default_rng(seed).integers(0, 3, sum(sizes)).astype(float)
    for chooser in CHOOSERS:
        total = ragged.total(shares(chooser, value, ragged))
        np.testing.assert_allclose(total, np.array(sizes) > 0, atol=1e-12)


def test_the_formulas():
    ragged = ragged_of([3, 0, 2])
    value = np.array([1.0, 1.0, 0.0, 2.0, 1.5])
    np.testing.assert_allclose(shares(Greedy(), value, ragged), [0.5, 0.5, 0, 1, 0])
    e = np.exp([0, 0, -2, 0, -1])
    expected = [*(e[:3] / e[:3].sum()), *(e[3:] / e[3:].sum())]
    np.testing.assert_allclose(shares(Softmax(0.5), value, ragged), expected)
    expected = [0.35 + 0.1, 0.35 + 0.1, 0.1, 0.7 + 0.15, 0.15]
    np.testing.assert_allclose(shares(EpsilonGreedy(0.3), value, ragged), expected)
    huge = np.array([1e6, 0.0, -1e6, 5.0, 5.0])
    np.testing.assert_allclose(shares(Softmax(1e-3), huge, ragged), [1, 0, 0, 0.5, 0.5])


def test_thompson_says_how_sure_its_probabilities_are():
    from scipy.stats import norm

    ragged = ragged_of([2])
    value = np.array([0.3, 0.0])
    odds = Thompson(0.5, samples=4000).odds(value, ragged, np.random.default_rng(1))
    share = odds.weight / odds.whole[0]
    true = norm.cdf(0.3 / (0.5 * np.sqrt(2)))
    assert odds.error is not None
    assert abs(share[0] - true) < 4 * odds.error[0]
    assert odds.error[0] == pytest.approx(np.sqrt(true * (1 - true) / 4000), rel=0.1)


@pytest.mark.parametrize("chooser", CHOOSERS, ids=lambda one: one.described()["chooser"])
def test_frequencies_over_a_hundred_thousand_draws_are_the_probabilities(chooser):
    sizes = [4, 0, 2]
    ragged = ragged_of(sizes)
    value = np.array([0.2, 0.9, 0.9, 0.5, 0.1, 0.3])
    odds = chooser.odds(value, ragged, np.random.default_rng(2))
    share = odds.weight / odds.whole[ragged.row]
    draws = np.random.default_rng(3).random((100_000, 3))
    # The same students again and again: repeat the candidates, one copy for each draw.
    n = 1000
    many = ragged_of(sizes * n)
    counts = np.zeros(6)
    for part in draws.reshape(100, 3 * n):
        repeated = odds._replace(weight=np.tile(odds.weight, n), whole=np.tile(odds.whole, n))
        chosen = draw_one(repeated, many, part)
        assert (chosen.reshape(n, 3)[:, 1] == -1).all()
        counts += np.bincount(chosen[chosen >= 0] % 6, minlength=6)
    error = np.sqrt(share * (1 - share) / 100_000)
    assert np.all(np.abs(counts / 100_000 - share) <= 5 * error + 1e-12)
    assert not counts[share == 0].any()


def test_runners_up_are_the_best_that_are_left():
    ragged = ragged_of([4, 1, 0])
    value = np.array([0.1, 0.9, 0.5, 0.5, 1.0])
    taken = np.array([False, True, False, False, True])
    assert runners_up(value, ragged, taken, 2).tolist() == [False, False, True, True, False]
    assert runners_up(value, ragged, taken, 9).tolist() == [True, False, True, True, False]
    assert not runners_up(value, ragged, taken, 0).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Softmax(0), "temperature must be"),
        (lambda: EpsilonGreedy(1.5), "epsilon must be"),
        (lambda: Thompson(samples=1), "samples must be"),
        (lambda: Thompson(spread=-1), "spread must be"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
