"""Ratios of sums over students, and how far chance could move them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Floats, Ints


class Estimate(NamedTuple):
    """A number from a log, and its standard error over students."""

    value: float
    error: float


def sums_by(owner: Ints, values: Floats, n: int) -> Floats:
    """Sums of the values of each owner, shape (n,)."""
    return np.bincount(owner, values, n).astype(np.float64)


def ratio_of_sums(part: Floats, whole: Floats) -> Estimate:
    """Sum over sum; students are the sampling units (the delta method).

    Parameters
    ----------
    part, whole : float arrays, shape (n_students,)
        What each student adds to both sums. nan if nothing is in `whole`.
    """
    total = float(whole.sum())
    if total <= 0:
        return Estimate(np.nan, np.nan)
    value = float(part.sum()) / total
    return Estimate(value, float(np.sqrt(np.square(part - value * whole).sum())) / total)


def difference_of_ratios(
    part: Floats, whole: Floats, other_part: Floats, other_whole: Floats
) -> Estimate:
    """One ratio of sums less another one, of the same students."""
    first, second = ratio_of_sums(part, whole), ratio_of_sums(other_part, other_whole)
    if np.isnan(first.value) or np.isnan(second.value):
        return Estimate(np.nan, np.nan)
    moved = (part - first.value * whole) / whole.sum()
    moved = moved - (other_part - second.value * other_whole) / other_whole.sum()
    return Estimate(first.value - second.value, float(np.sqrt(np.square(moved).sum())))
