"""The searches for the parameters that lose least, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ConvergenceWarning, warn
from adaptlearn.numerics import Floats, dot
from adaptlearn.progress import report

_DAMPING, _LEAST = 0.1, 1e-9  # at first, and at the end
_FURTHER = 10.0  # a poor step multiplies the damping by it, a good one divides it
_POOR, _GOOD = 0.25, 0.75  # shares of the gain that a step promised
_TRIALS = 20  # of one step, shorter each time
_OWN = 10.0  # curvature that is damped in each coordinate beside what there is


class Found(NamedTuple):
    """The end of a search."""

    at: Floats
    n_iter: int
    converged: bool


def search(
    objective: Callable[[Floats], tuple[float, Floats]],
    start: Floats,
    bounds: Sequence[tuple[float | None, float | None]],
    *,
    max_iter: int,
    tol: float,
) -> Found:
    """Minimise a function that comes with its gradient, within bounds (L-BFGS)."""
    from scipy.optimize import minimize

    if all(low is not None and low == high for low, high in bounds):
        return Found(start, 0, True)
    steps = count(1)

    def stepped(xk: Floats) -> None:  # noqa: ARG001 - scipy's
        report("fitting memory", "steps", next(steps))

    options: Any = {"maxiter": max_iter, "ftol": tol, "gtol": 1e-7, "maxfun": 10 * max_iter}
    end = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        callback=stepped,
        options=options,
    )
    return _told(Found(np.asarray(end.x, np.float64), int(end.nit), int(end.status) != 1), max_iter)


class Slopes(NamedTuple):
    """The gradient of a function, and its second derivatives as they are expected to be."""

    gradient: Floats
    curvature: Floats


def search_by_curvature(
    objective: Callable[[Floats], tuple[float, Callable[[], Slopes]]],
    start: Floats,
    bounds: Sequence[tuple[float, float]],
    *,
    max_iter: int,
    tol: float,
) -> Found:
    """Minimise a function whose curvature is known, within bounds (Levenberg and Marquardt).

    Parameters
    ----------
    objective : callable
        From a point to the function's value, and what gives its slopes there.
    start : float array, shape (n,)
        In units in which a step of 1 is neither small nor large.
    bounds : sequence of (float, float)
    max_iter : int
    tol : float
        Stop when two steps in a row gain less than this share of the function.

    References
    ----------
    The bounds of a step: M. Hintermüller, K. Ito & K. Kunisch (2003). The primal-dual active set
    strategy as a semismooth Newton method. SIAM Journal on Optimization 13(3).
    """
    low, high = np.array(bounds, np.float64).T
    at, damping, n_iter, n_small = start, _DAMPING, 0, 0
    value, slopes = objective(at)
    converged = bool((low == high).all())
    while not converged and n_iter < max_iter:
        n_iter += 1
        report("fitting memory", "steps", n_iter)
        gradient, curvature = slopes()
        own = np.diag(_OWN + np.diagonal(curvature))
        enough = tol * max(abs(value), 1.0)
        for _ in range(_TRIALS):
            step = _step(gradient, curvature + damping * own, low - at, high - at)
            promised = -dot(gradient, step) - dot(step, curvature @ step) / 2
            there = np.clip(at + step, low, high)
            found, slopes_there = objective(there)
            gained = value - found
            if gained > 0 or 0 <= promised <= enough:
                break
            damping *= _FURTHER
        n_small = n_small + 1 if gained <= enough else 0
        converged = not gained > 0 or n_small > 1
        if gained > 0:
            at, value, slopes = there, found, slopes_there
        if gained > _GOOD * promised:
            damping = max(damping / _FURTHER, _LEAST)
        elif gained < _POOR * promised:
            damping *= _FURTHER
    return _told(Found(at, n_iter, converged), max_iter)


def _step(gradient: Floats, curvature: Floats, low: Floats, high: Floats) -> Floats:
    """Where a quadratic is lowest within bounds.

    A coordinate that leaves its bounds is held at them; one that is held but would come back is
    free again. This ends after a few rounds, almost always.
    """
    step = np.zeros(len(gradient))
    held = np.ones((2, len(gradient)), bool)  # at both bounds: not yet known
    for _ in range(3 * len(gradient)):
        alone = step - (gradient + curvature @ step) / np.diagonal(curvature)
        before, held = held, np.stack((alone <= low, alone >= high))
        if (held == before).all():
            break
        free = ~held.any(axis=0)
        step = np.where(held[0], low, np.where(held[1], high, 0.0))
        rest = -(gradient + curvature @ step)[free]
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], rest)
    return np.clip(step, low, high)


def _told(found: Found, max_iter: int) -> Found:
    if not found.converged:
        warn(
            f"the fit did not converge within {max_iter} steps; raise max_iter",
            ConvergenceWarning,
        )
    return found
