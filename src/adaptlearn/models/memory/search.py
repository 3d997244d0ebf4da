"""The search for the parameters that lose least, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ConvergenceWarning, warn
from adaptlearn.numerics import Floats
from adaptlearn.progress import report


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
    converged = int(end.status) != 1
    if not converged:
        warn(
            f"the fit did not converge within {max_iter} steps; raise max_iter",
            ConvergenceWarning,
        )
    return Found(np.asarray(end.x, np.float64), int(end.nit), converged)
