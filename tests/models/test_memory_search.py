"""The search by curvature, and that FSRS ends where nothing is lower."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import lsq_linear
from tests.models.reviewed import rated_log

from adaptlearn.errors import ConvergenceWarning
from adaptlearn.models.memory import FSRS, fsrs
from adaptlearn.models.memory.search import Slopes, search, search_by_curvature

LIMITS: Any = {"max_iter": 200, "tol": 1e-12}


def quadratic(gradient, curvature):
    def objective(at):
        slope = gradient + curvature @ at
        return float((gradient + slope) @ at) / 2, lambda: Slopes(slope, curvature)

    return objective


@pytest.mark.parametrize("seed", range(5))
def test_a_quadratic_is_lowest_within_bounds(seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(12, 8)) * np.exp(rng.normal(0, 1, 8))
    wanted = rng.normal(size=12) * 3
    low, high = -rng.exponential(1, 8), rng.exponential(1, 8)
    low[0] = high[0] = 0.0  # given, not searched for
    bounds = list(zip(low.tolist(), high.tolist(), strict=True))
    end = search_by_curvature(
        quadratic(-root.T @ wanted, root.T @ root), np.zeros(8), bounds, **LIMITS
    )
    best = lsq_linear(root[:, 1:], wanted, bounds=(low[1:], high[1:]), tol=1e-12)
    np.testing.assert_allclose(end.at[1:], best.x, atol=1e-4)
    assert end.at[0] == 0
    assert end.converged


def rosenbrock(at):
    x, y = at
    away, bend = 1 - x, y - x**2
    jacobian = np.array([[-1.0, 0.0], [-20 * x, 10.0]])
    residuals = np.array([away, 10 * bend])
    return float(residuals @ residuals) / 2, lambda: Slopes(
        jacobian.T @ residuals, jacobian.T @ jacobian
    )


def test_steps_that_are_too_long_are_shortened():
    end = search_by_curvature(rosenbrock, np.array([-1.2, 1.0]), [(-5, 5)] * 2, **LIMITS)
    np.testing.assert_allclose(end.at, [1, 1], atol=1e-4)
    held = search_by_curvature(rosenbrock, np.array([-1.2, 1.0]), [(-5, 0.5), (-5, 5)], **LIMITS)
    np.testing.assert_allclose(held.at, [0.5, 0.25], atol=1e-4)


def test_a_search_that_is_cut_short_says_so():
    with pytest.warns(ConvergenceWarning, match="within 2 steps"):
        end = search_by_curvature(
            rosenbrock, np.array([-1.2, 1.0]), [(-5, 5)] * 2, max_iter=2, tol=1e-12
        )
    assert (end.n_iter, end.converged) == (2, False)


def test_nothing_is_searched_where_all_is_given():
    end = search_by_curvature(rosenbrock, np.array([2.0, 3.0]), [(2, 2), (3, 3)], **LIMITS)
    assert (end.at.tolist(), end.n_iter, end.converged) == ([2.0, 3.0], 0, True)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_no_gradient_leads_lower_than_fsrs_ends(penalty, monkeypatch):
    kept: dict[str, Any] = {}

    def spied(objective, start, bounds, **how):
        kept.update(objective=objective, start=start, bounds=bounds)
        kept["end"] = search_by_curvature(objective, start, bounds, **how)
        return kept["end"]

    monkeypatch.setattr(fsrs, "search_by_curvature", spied)
    FSRS(penalty=penalty).fit(rated_log(n_students=4))

    def with_gradient(at):
        value, slopes = kept["objective"](at)
        return value, slopes().gradient

    end = kept["end"]
    value = kept["objective"](end.at)[0]
    assert value < kept["objective"](kept["start"])[0] - 1
    for start in (kept["start"], end.at):
        other = search(with_gradient, start, kept["bounds"], max_iter=1000, tol=1e-7)
        # Of log-likelihood: there are kinks to end at.
        assert value < kept["objective"](other.at)[0] + 0.1
