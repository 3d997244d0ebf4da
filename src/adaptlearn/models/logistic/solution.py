"""Penalised logistic regression on a sparse design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from adaptlearn.numerics import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Solution(NamedTuple):
    """Where the search has ended.

    Attributes
    ----------
    weights : float array, shape (n_weights,)
    log_likelihood : float
        Without the penalty.
    n_iter : int
    converged : bool
    """

    weights: Floats
    log_likelihood: float
    n_iter: int
    converged: bool


def solve(
    matrix: csr_array, correct: Floats, penalty: Floats, *, max_iter: int, tol: float
) -> Solution:
    """Maximise the log-likelihood less Σ penalty w² / 2, by L-BFGS with the exact gradient.

    Parameters
    ----------
    matrix : sparse array, shape (n, n_weights)
    correct : float array, shape (n,)
    penalty : float array, shape (n_weights,)
        0 leaves a weight free. Of several solutions the search ends near the smallest.
    max_iter : int
    tol : float
        Stop when a step changes the objective by less than this share of it.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> found = solve(csr_array(np.ones((4, 1))), np.array([1.0, 1, 1, 0]), np.zeros(1),
    ...               max_iter=100, tol=1e-12)
    >>> found.weights.round(3).tolist()  # the log odds of 3 to 1
    [1.099]
    """
    from scipy.optimize import minimize

    # In units of each weight's curvature at 0 the search is well conditioned.
    curvature = matrix.power(2).sum(axis=0) / 4 + penalty
    unit = 1 / np.sqrt(np.where(curvature > 0, curvature, 1))
    scaled = matrix.copy()
    scaled.data *= unit[scaled.indices]
    transposed = scaled.T.tocsr()
    strength = penalty * unit**2

    def log_likelihood(logit: Floats) -> float:
        return float(correct @ logit - np.logaddexp(0, logit).sum())

    def objective(point: Floats) -> tuple[float, Floats]:
        logit = scaled @ point
        value = strength @ point**2 / 2 - log_likelihood(logit)
        # The logistic function, by a hyperbolic tangent that never overflows.
        surprise = correct - (1 + np.tanh(logit / 2)) / 2
        return float(value), strength * point - transposed @ surprise

    search: Any = minimize  # its stubs know no objective that gives its slope too
    result = search(
        objective,
        np.zeros(matrix.shape[1]),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": max_iter,
            "maxfun": 2 * max_iter + 20,
            "ftol": tol,
            "gtol": 1e-5,
            "maxcor": 20,
        },
    )
    return Solution(
        result.x * unit,
        log_likelihood(scaled @ result.x),
        int(result.nit),
        bool(result.success),
    )
