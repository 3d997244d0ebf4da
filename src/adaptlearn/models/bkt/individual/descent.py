"""Limited-memory BFGS in plain array arithmetic.

SciPy's calls BLAS for vectors of a hundred numbers; waking its threads takes longer than a whole
pass along a log, the more so on a busy machine.

References
----------
- D. Liu, J. Nocedal (1989). On the limited memory BFGS method for large scale optimization.
  Mathematical Programming 45, 503-528.
- A. Lewis, M. Overton (2013). Nonsmooth optimization via quasi-Newton methods. Mathematical
  Programming 141, 135-163 (the search along a line).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.individual.layout import dot
from adaptlearn.numerics import Floats
from adaptlearn.progress import report

Objective = Callable[[Floats], tuple[float, Floats]]

_KEPT = 10
"""Steps whose curvature is remembered."""

_IN_A_ROW = 2
"""Steps that gain too little to go on: one alone may be a short one."""

_TRIES = 30
_ENOUGH, _FLATTER = 1e-3, 0.9
"""A step keeps at least so much of the fall its slope promised, and leaves at most so steep one."""

_FLAT = 1e-4
"""Where no derivative is larger there is nothing left to gain."""


class Minimum(NamedTuple):
    """Where a descent ended; `converged` unless steps ran out, or none led down."""

    point: Floats
    value: float
    n_iter: int
    converged: bool


class _Place(NamedTuple):
    """A point, the objective's value there and its gradient."""

    point: Floats
    value: float
    slope: Floats


def minimise(
    objective: Objective,
    start: Floats,
    *,
    max_iter: int,
    tol: float,
    scale: float = 1.0,
    on_step: Callable[[int], None] | None = None,
) -> Minimum:
    """Descend from a start until steps gain less than `tol` of the value.

    Parameters
    ----------
    objective : callable
        The value at a point, and its gradient.
    start : float array, shape (n,)
    max_iter : int
    tol : float
    scale : float
        A value nearer to 0 counts as this.
    on_step : callable, optional
        Called after each step with the number of steps so far.

    Examples
    --------
    >>> scale = np.array([1.0, 10.0])
    >>> def bowl(x):
    ...     return float((scale * x**2).sum()), 2 * scale * x
    >>> found = minimise(bowl, np.ones(2), max_iter=50, tol=1e-9)
    >>> found.converged, bool(abs(found.value) < 1e-6)
    (True, True)
    """
    here = _Place(start, *objective(start))
    kept: deque[tuple[Floats, Floats, float]] = deque(maxlen=_KEPT)
    n_iter = n_small = 0
    while n_iter < max_iter:
        if np.abs(here.slope).max(initial=0.0) <= _FLAT:
            return Minimum(here.point, here.value, n_iter, True)
        direction = -_bent(here.slope, kept)
        length = 1.0 if kept else min(1.0, 1 / np.sqrt(dot(here.slope, here.slope)))
        following = _along(objective, here, direction, length)
        if following is None:
            if not kept:
                break
            kept.clear()  # what is remembered misleads: once more, straight down
            continue
        step, change = following.point - here.point, following.slope - here.slope
        curvature = dot(step, change)
        if curvature > np.finfo(float).eps * dot(change, change):
            kept.append((step, change, curvature))
        gain, here = here.value - following.value, following
        small = gain <= tol * max(abs(here.value), abs(here.value + gain), scale)
        n_small = n_small + 1 if small else 0
        n_iter += 1
        report("fitting BKT", "steps", n_iter)
        if on_step is not None:
            on_step(n_iter)
        if n_small == _IN_A_ROW:
            return Minimum(here.point, here.value, n_iter, True)
    return Minimum(here.point, here.value, n_iter, False)


def _bent(slope: Floats, kept: deque[tuple[Floats, Floats, float]]) -> Floats:
    """The gradient times the inverse of the curvature that the last steps showed."""
    direction, shares = slope.copy(), []
    for step, change, curvature in reversed(kept):
        share = dot(step, direction) / curvature
        direction -= share * change
        shares.append(share)
    if kept:
        _, change, curvature = kept[-1]
        direction *= curvature / dot(change, change)
    for (step, change, curvature), share in zip(kept, reversed(shares), strict=True):
        direction += (share - dot(change, direction) / curvature) * step
    return direction


def _along(objective: Objective, here: _Place, direction: Floats, length: float) -> _Place | None:
    """A point far enough down the line, which is less steep there; None if there is none."""
    fall = dot(here.slope, direction)
    if not fall < 0:
        return None
    low, high, found = 0.0, np.inf, None
    for _ in range(_TRIES):
        point = here.point + length * direction
        there = _Place(point, *objective(point))
        rise = there.value - here.value
        if not rise <= _ENOUGH * length * fall:
            high = length
            # The lowest point of a parabola, where it says anything.
            bottom = -fall * length**2 / (2 * (rise - fall * length)) if low == 0 else 0.0
            length = min(max(bottom, 0.1 * high), 0.5 * high) if low == 0 else (low + high) / 2
        elif dot(there.slope, direction) < _FLATTER * fall:
            low, found = length, there
            length = 4 * length if high == np.inf else (low + high) / 2
        else:
            return there
    return found
