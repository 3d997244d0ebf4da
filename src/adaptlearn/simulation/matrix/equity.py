"""Who is worst off under a policy, and what others could do for them in the same minutes."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats
from adaptlearn.simulation.episodes.outcomes import OUTCOMES
from adaptlearn.simulation.matrix.statistics import Intervals, seed_means, with_intervals
from adaptlearn.simulation.matrix.values import MatrixValues


class WorstGroup(NamedTuple):
    """The part of all groups for which each policy does worst, on each simulator.

    All of shape (n_policies, n_simulators).

    Attributes
    ----------
    part : str array
        The name of the part, such as ``"learning: slow"``; ``""`` if the simulator has no groups.
    value, lower, upper : float arrays
        The part's mean, with its interval over seeds.
    """

    part: NDArray[np.str_]
    value: Floats
    lower: Floats
    upper: Floats


def worst_group(matrix: MatrixValues, outcome: str) -> WorstGroup:
    """See `Matrix.worst_group`."""
    names = _part_names(matrix)
    values = _parts(matrix, outcome)
    shape = values.shape[1:]
    if not names:
        nothing = np.full(shape[:2], np.nan)
        return WorstGroup(np.full(shape[:2], ""), nothing, nothing, nothing)
    badness = _badness(values, outcome)
    found = badness.argmax(axis=0)
    rows, columns = np.indices(shape[:2])
    worst = with_intervals(values[found, rows, columns], matrix.confidence)
    there = np.isfinite(badness.max(axis=0))
    return WorstGroup(np.where(there, np.array(names)[found], ""), *worst)


def at_equal_minutes(
    matrix: MatrixValues, outcome: str, policy: str, others: tuple[str, ...], worst: bool
) -> Intervals:
    """See `Matrix.at_equal_minutes`."""
    minutes = matrix.mean("minutes")
    own, rows = matrix.policies.index(policy), [matrix.policies.index(name) for name in others]
    values = _parts(matrix, outcome) if worst else matrix.values[outcome][None]
    differences = np.full((len(matrix.simulators), len(matrix.seeds)), np.nan)
    for column in range(len(matrix.simulators)):
        there = np.isfinite(_badness(values[:, own, column], outcome))
        ours, theirs = values[there, own, column], values[there][:, rows, column]
        known = np.isfinite(_badness(theirs, outcome)).all(axis=0)
        shares = _mixtures(minutes[rows, column][known], minutes[own, column])
        if not there.any() or not len(shares):
            continue
        mixed = np.stack([_mixed(theirs[:, known], share) for share in shares])
        best = _badness(mixed, outcome).max(axis=1).argmin()
        other = mixed[best, _badness(mixed[best], outcome).argmax()]
        differences[column] = ours[_badness(ours, outcome).argmax()] - other
    return with_intervals(differences, matrix.confidence)


def _mixed(values: Floats, share: Floats) -> Floats:
    """Weighted means over the second axis; what has no weight may be nan."""
    used = share > 0
    return np.asarray((values[:, used] * share[used, None]).sum(axis=1))


def _mixtures(minutes: Floats, most: float) -> Floats:
    """Shares of policies that take at most so many minutes on average, shape (n, n_policies).

    Each policy that takes no more alone, and of each two, of which one takes more and the other
    less, the mixture that takes just as many.
    """
    alone = np.eye(len(minutes))[minutes <= most]
    pairs = [
        (i, j) if minutes[i] < minutes[j] else (j, i)
        for i, j in combinations(range(len(minutes)), 2)
    ]
    mixed = np.zeros((len(pairs), len(minutes)))
    for row, (less, more) in enumerate(pairs):
        if minutes[less] < most < minutes[more]:
            mixed[row, more] = (most - minutes[less]) / (minutes[more] - minutes[less])
            mixed[row, less] = 1 - mixed[row, more]
    return np.concatenate([alone, mixed[mixed.any(axis=1)]])


def _badness(values: Floats, outcome: str) -> Floats:
    """Means over seeds, so that more is worse; minus infinity where there is none."""
    means = seed_means(values)
    worse = -means if OUTCOMES[outcome].better == "higher" else means
    return np.where(np.isnan(means), -np.inf, worse)


def _part_names(matrix: MatrixValues) -> list[str]:
    return [f"{group}: {part}" for group, parts in matrix.parts.items() for part in parts]


def _parts(matrix: MatrixValues, outcome: str) -> Floats:
    """The values of an outcome, shape (n_parts, n_policies, n_simulators, n_seeds)."""
    found = [part[outcome] for parts in matrix.parts.values() for part in parts.values()]
    return np.array(found).reshape(-1, *matrix.values[outcome].shape)
