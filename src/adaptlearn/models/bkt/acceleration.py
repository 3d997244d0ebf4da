"""Longer steps for EM, from where its last two steps led.

References
----------
- R. Varadhan, C. Roland (2008). Simple and globally convergent methods for accelerating
  the convergence of any EM algorithm. Scandinavian Journal of Statistics 35(2), 335-353.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from adaptlearn.models.bkt.em import FLOOR, MARGIN, Parameters
from adaptlearn.numerics import Floats

_LONGEST = 50.0
"""The most EM steps that one extrapolation may stand for."""


def extrapolate(first: Parameters, second: Parameters, third: Parameters) -> Parameters:
    """Where EM seems to be heading, from three of its points, per group (scheme SqS3).

    On the logit scale, with steps ``r`` from `first` to `second` and ``s`` from `second` to
    `third`, and ``v = s - r``: the point ``first + 2 a r + a**2 v`` for ``a = |r| / |v|``.
    Parameters that are exactly 0 or 1 stay so. Where the point would leave the allowed region,
    or promises no more than EM itself (``a <= 1``), it is `third`.
    """
    values = np.stack(third)
    free = (values > 0) & (values < 1)
    start, r, s = np.zeros_like(values), np.zeros_like(values), np.zeros_like(values)
    one, two, three = (logit(np.stack(point)[free]) for point in (first, second, third))
    start[free], r[free], s[free] = one, two - one, three - two
    v = s - r
    length, bend = _norm(r), _norm(v)
    a = np.minimum(length / np.where(bend > 0, bend, 1), _LONGEST)
    ahead = expit(start + 2 * a * r + a**2 * v)
    point = Parameters(*np.where(free, np.clip(ahead, FLOOR, 1 - FLOOR), values))
    useful = (bend > 0) & (a > 1) & (point.guess + point.slip <= 1 - MARGIN)
    return Parameters(*(np.where(useful, new, old) for new, old in zip(point, third, strict=True)))


def _norm(steps: Floats) -> Floats:
    return np.asarray(np.sqrt(np.square(steps).sum(axis=0)))
