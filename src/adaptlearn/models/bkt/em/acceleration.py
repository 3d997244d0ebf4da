"""Longer steps for EM, from where its last two steps led.

References
----------
- R. Varadhan, C. Roland (2008). Simple and globally convergent methods for accelerating
  the convergence of any EM algorithm. Scandinavian Journal of Statistics 35(2), 335-353.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from adaptlearn.models.bkt.em.room import Room
from adaptlearn.models.bkt.em.sweeps import binned
from adaptlearn.models.bkt.parameters import MARGIN, Cells, Limits, Parameters
from adaptlearn.numerics import Bools, Floats

_LONGEST = 50.0
"""The most EM steps that one extrapolation may stand for."""


def extrapolate(
    first: Parameters,
    second: Parameters,
    third: Parameters,
    *,
    owner: Cells,
    n_groups: int,
    room: Room,
    limits: Limits,
) -> Parameters:
    """Where EM seems to be heading, from three of its points, per group (scheme SqS3).

    On the logit scale, with steps ``r`` from `first` to `second` and ``s`` from `second` to
    `third`, and ``v = s - r``: the point ``first + 2 a r + a**2 v`` for ``a = |r| / |v|``.
    Parameters that are exactly 0 or 1 stay so. Where the point would leave the allowed region,
    or promises no more than EM itself (``a <= 1``), it is `third`. Fields are of shape
    (1, n_cells).
    """
    free = [(end > 0) & (end < 1) for end in third]
    r = [_step(a, b, f) for a, b, f in zip(first, second, free, strict=True)]
    v = [_step(b, c, f) - d for b, c, f, d in zip(second, third, free, r, strict=True)]
    length, bend = _norm(r, owner, n_groups), _norm(v, owner, n_groups)
    a = np.minimum(length / np.where(bend > 0, bend, 1), _LONGEST)
    useful = (bend > 0) & (a > 1)
    ahead = []
    for index, (start, end) in enumerate(zip(first, third, strict=True)):
        far = a[:, owner[index]]
        odds = np.where(free[index], start, 0.5)
        point = expit(logit(odds) + 2 * far * r[index] + far**2 * v[index])
        point = np.clip(point, limits.low[index], limits.high[index])
        ahead.append(np.where(free[index], point, end))
    guess, slip = ahead[3][:, room.guess], ahead[4][:, room.slip]
    outside = room.guess[np.any(guess + slip > 1 - MARGIN, axis=0)]
    useful[:, owner.guess[outside]] = False
    return Parameters(
        *(
            np.where(useful[:, group], point, end)
            for group, point, end in zip(owner, ahead, third, strict=True)
        )
    )


def _step(start: Floats, end: Floats, free: Bools) -> Floats:
    """The way from one value to another on the logit scale; 0 where a value is fixed."""
    return np.asarray(logit(np.where(free, end, 0.5)) - logit(np.where(free, start, 0.5)))


def _norm(steps: list[Floats], owner: Cells, n_groups: int) -> Floats:
    """The length of each group's step, shape (1, n_groups)."""
    squares = [binned(step**2, group, n_groups) for step, group in zip(steps, owner, strict=True)]
    return np.asarray(np.sqrt(sum(squares)))
