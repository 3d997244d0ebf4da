"""The M step for shifts of log odds: it never falls, and leads to what SciPy's optimiser finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from adaptlearn.models.bkt.latent.maximisation import Shifted, maximise_shifted

SPREAD = 0.8


def value_of(shift, base, counts, limits):
    """The penalised expected log-likelihood of three classes' shifts and skills' log odds."""
    event, opposite, pseudo = counts
    p, own = (np.clip(expit(odds), *limits) for odds in (base + shift[:, None], base))
    value = np.sum(event * np.log(p) + opposite * np.log(1 - p))
    value += np.sum(pseudo[:, 0] * np.log(own) + pseudo[:, 1] * np.log(1 - own))
    return value - shift @ shift / 2 / SPREAD**2


def drawn(seed, n_skills=5):
    """A point far from the best one, counts of which some are 0, and limits."""
    rng = np.random.default_rng(seed)
    event, opposite = rng.gamma(0.3, 50, (2, 3, n_skills))
    event[rng.random(event.shape) < 0.2] = 0
    low, high = np.full(n_skills, 1e-5), np.full(n_skills, 1 - 1e-5)
    low[0], high[0] = 0.2, 0.4
    low[1] = high[1] = 0.3
    shift = rng.normal(0, 2, 3)
    at = Shifted(rng.normal(0, 4, n_skills), shift - shift.mean(), low, high)
    return at, (event, opposite, rng.gamma(0.5, 20, (n_skills, 2)))


@pytest.mark.parametrize("seed", range(12))
def test_it_never_falls(seed):
    at, counts = drawn(seed)
    values = []
    for _ in range(15):
        values.append(value_of(at.shift, at.base, counts, at[2:]))
        at = maximise_shifted(at, counts[0], counts[1], counts[2], SPREAD)
        assert np.all((at.value >= at.low) & (at.value <= at.high))
        assert at.shift.sum() == pytest.approx(0, abs=1e-12)
    assert np.diff(values).min() > -1e-8
    assert np.ptp(at.value[:, 1]) == 0


@pytest.mark.parametrize("seed", range(4))
def test_it_leads_to_the_best(seed):
    at, counts = drawn(seed)
    counts = (counts[0] + 1, counts[1] + 1, counts[2] + 1)
    at = at._replace(low=np.full(5, 1e-9), high=np.full(5, 1 - 1e-9))
    for _ in range(30):
        at = maximise_shifted(at, counts[0], counts[1], counts[2], SPREAD)

    def loss(numbers):
        shift = np.append(numbers[:2], -numbers[:2].sum())
        return -value_of(shift, numbers[2:], counts, at[2:])

    found = minimize(loss, np.zeros(7), tol=1e-12)
    np.testing.assert_allclose(np.append(at.shift[:2], at.base), found.x, atol=1e-4)
