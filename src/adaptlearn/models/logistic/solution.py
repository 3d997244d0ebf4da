"""Penalised logistic regression on a sparse design."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from adaptlearn.numerics import Floats, Ints
from adaptlearn.progress import report

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.sparse import csr_array

_SLACK = 1e-6  # of weights that nothing tells apart: what it takes to divide by their curvature
_FLAT = 1e-16  # curvature of an answer that is as good as certain
_SHARE = 0.01  # of what a step could gain and leaves to the next
_AHEAD = 10  # directions whose gain says how much there was left
_DIRECTIONS = 1000  # that a step is put together of, at most
_SHORTEST = 1e-10  # part of a step
_NOISE = 1e-14  # of the slope's square: rounding
_ROUNDING = 1e-11  # of the objective


class Coupling(NamedTuple):
    """Weights that are found together, as what is common to all skills and each skill's own.

    Attributes
    ----------
    columns : int array, shape (n_coupled,)
        Their places among all weights.
    gram : sparse array, shape (n_coupled, n_coupled)
        About the products of their columns with each other. The nearer it is, the shorter the
        search; where it ends does not depend on it.
    """

    columns: Ints
    gram: csr_array


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
    matrix: csr_array,
    correct: Floats,
    penalty: Floats,
    coupling: Coupling,
    *,
    max_iter: int,
    tol: float,
) -> Solution:
    """Maximise the log-likelihood less Σ penalty w² / 2, by Newton's method.

    Each step is found by conjugate gradients, preconditioned by the curvature at 0: of the
    coupled weights as a block, of the others each alone. The histories of one long-time student
    are nearly multiples of each other; the block is what tells them apart in few directions.

    Parameters
    ----------
    matrix : sparse array, shape (n, n_weights)
    correct : float array, shape (n,)
    penalty : float array, shape (n_weights,)
        0 leaves a weight free. Of several solutions the search ends near the smallest.
    coupling : Coupling
    max_iter : int
    tol : float
        Stop when a step changes the objective by less than this share of it.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> column = csr_array(np.ones((4, 1)))
    >>> found = solve(column, np.array([1.0, 1, 1, 0]), np.zeros(1),
    ...               Coupling(np.arange(1), csr_array([[4.0]])), max_iter=100, tol=1e-12)
    >>> found.weights.round(3).tolist()  # the log odds of 3 to 1
    [1.099]
    """
    # In units of each weight's curvature at 0 all of them count alike.
    curvature = matrix.power(2).sum(axis=0) / 4 + penalty
    unit = 1 / np.sqrt(np.where(curvature > 0, curvature, 1))
    scaled = matrix.copy()
    scaled.data *= unit[scaled.indices]
    transposed = scaled.T.tocsr()
    strength = penalty * unit**2
    divided = _divider(coupling, unit, strength)

    def log_likelihood(logit: Floats) -> float:
        return float(correct @ logit - np.logaddexp(0, logit).sum())

    def curved(weight: Floats, way: Floats) -> Floats:
        return np.asarray(strength * way + transposed @ (weight * (scaled @ way)))

    def cost(point: Floats, logit: Floats) -> float:
        return float(strength @ point**2) / 2 - log_likelihood(logit)

    point, logit = np.zeros(matrix.shape[1]), np.zeros(matrix.shape[0])
    value, converged, n_iter = cost(point, logit), False, 0
    while n_iter < max_iter and not converged:
        n_iter += 1
        report("fitting weights", "steps", n_iter)
        # The logistic function, by a hyperbolic tangent that never overflows.
        p = (1 + np.tanh(logit / 2)) / 2
        slope = strength * point - transposed @ (correct - p)
        weight = np.maximum(p * (1 - p), _FLAT)
        step = _newton_step(partial(curved, weight), slope, divided)
        gain, along = -float(slope @ step), scaled @ step
        converged = gain / 2 <= tol * max(abs(value), 1.0)
        length = 1.0
        while length > _SHORTEST:
            there, seen = point + length * step, logit + length * along
            found = cost(there, seen)
            if found <= value - 1e-4 * length * gain:
                point, logit, value = there, seen, found
                break
            length /= 2
        else:  # nothing is lower along the step
            converged = gain / 2 <= max(tol, _ROUNDING) * max(abs(value), 1.0)
            break
    return Solution(point * unit, log_likelihood(logit), n_iter, converged)


def _newton_step(
    curved: Callable[[Floats], Floats], slope: Floats, divided: Callable[[Floats], Floats]
) -> Floats:
    """What takes the slope to 0, but for a little of what there is to gain."""
    step, rest = np.zeros(len(slope)), -slope
    away = divided(rest)
    way, size = away, float(rest @ away)
    noise = _NOISE * size
    gains: list[float] = []
    total = 0.0
    for _ in range(_DIRECTIONS):
        bent = curved(way)
        bend = float(way @ bent)
        if size <= noise or bend <= 0:  # what is left are weights that nothing tells
            break
        step += size / bend * way
        rest -= size / bend * bent
        gains.append(size**2 / bend)
        total += gains[-1]
        # Hestenes and Stiefel: what the next directions gain is what was missing before them.
        if sum(gains[-_AHEAD:]) <= _SHARE * total:
            break
        away = divided(rest)
        before, size = size, float(rest @ away)
        way = away + size / before * way
    return step


def _divider(coupling: Coupling, unit: Floats, strength: Floats) -> Callable[[Floats], Floats]:
    """Division by the curvature at 0, in which only coupled weights know of each other."""
    from scipy.sparse import csc_array, dia_array
    from scipy.sparse.linalg import splu

    columns = coupling.columns

    def diagonal(values: Floats) -> dia_array:
        return dia_array((values[None], [0]), shape=(len(values), len(values)))

    to_units = diagonal(unit[columns])
    block = to_units @ coupling.gram @ to_units / 4 + diagonal(strength[columns] + _SLACK)
    # In the given order: what all skills share comes last, so that nothing is filled in.
    factors = splu(
        csc_array(block),
        permc_spec="NATURAL",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )

    def divided(values: Floats) -> Floats:
        result = values.copy()
        result[columns] = factors.solve(values[columns])
        return result

    return divided
