"""The M step for shifts of log odds: it never falls, and leads to what SciPy's optimiser finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from adaptlearn.models.bkt.latent.maximisation import Shifted, maximise_shifted

SPREAD = 0.8


def value_of(numbers, event, opposite, limits):
    """The penalised expected log-likelihood of three shifts and then skills' log odds."""
    shift, base = numbers[:3], numbers[3:]
    p = np.clip(expit(base + shift[:, None]), *limits)
    return np.sum(event * np.log(p) + opposite * np.log(1 - p)) - shift @ shift / 2 / SPREAD**2


def drawn(seed, n_skills=5):
    """A point far from the best one, counts of which some are 0, and limits."""
    rng = np.random.default_rng(seed)
    event, opposite = rng.gamma(0.3, 50, (2, 3, n_skills))
    event[rng.random(event.shape) < 0.2] = 0
    low, high = np.full(n_skills, 1e-5), np.full(n_skills, 1 - 1e-5)
    low[0], high[0] = 0.2, 0.4
    low[1] = high[1] = 0.3
    shift = rng.normal(0, 2, 3)
    return Shifted(rng.normal(0, 4, n_skills), shift - shift.mean(), low, high), event, opposite


@pytest.mark.parametrize("seed", range(12))
def test_it_never_falls(seed):
    at, event, opposite = drawn(seed)
    values = []
    for _ in range(15):
        values.append(value_of(np.append(at.shift, at.base), event, opposite, at[2:]))
        at = maximise_shifted(at, event, opposite, SPREAD)
        assert np.all((at.value >= at.low) & (at.value <= at.high))
        assert at.shift.sum() == pytest.approx(0, abs=1e-12)
    assert np.diff(values).min() > -1e-8
    assert np.ptp(at.value[:, 1]) == 0


@pytest.mark.parametrize("seed", range(4))
def test_it_leads_to_the_best(seed):
    at, event, opposite = drawn(seed)
    event, opposite = event + 1, opposite + 1
    at = at._replace(low=np.full(5, 1e-9), high=np.full(5, 1 - 1e-9))
    for _ in range(30):
        at = maximise_shifted(at, event, opposite, SPREAD)

    def loss(numbers):
        return -value_of(numbers, event, opposite, at[2:])

    found = minimize(loss, np.zeros(8), tol=1e-12)
    np.testing.assert_allclose(np.append(at.shift, at.base), found.x, atol=1e-4)
