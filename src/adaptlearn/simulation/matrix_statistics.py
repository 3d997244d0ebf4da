"""Statistics over seeds: paired resamples, ranks, and how far columns agree on an order.

Arrays end in seeds, and before them in policies and simulators: (…, n_policies, n_simulators,
n_seeds). nan stands for a cell, or a seed of it, that has no such outcome.

References
----------
- M. Kendall (1945). The treatment of ties in ranking problems. Biometrika 33(3), 239-251.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.simulation.students import Bools, Floats

Better = Literal["higher", "lower"]

_EQUAL = 9  # decimals: sums that differ only by rounding are ties


class Intervals(NamedTuple):
    """Numbers with intervals over seeds; arrays of one shape.

    Attributes
    ----------
    value : float array
        Means of the seeds' means; nan where there is nothing to average.
    lower, upper : float arrays
        Ends of the intervals; nan below two seeds.
    """

    value: Floats
    lower: Floats
    upper: Floats

    def holds(self, number: float) -> Bools:
        """Whether each interval, ends included, has the number in it."""
        return (self.lower <= number) & (number <= self.upper)


class RankStability(NamedTuple):
    """How far the order of policies hangs on the simulator, and on the seeds.

    Attributes
    ----------
    policies : tuple of str
        Those that are ranked: all but the oracle.
    tau : float array, shape (n_simulators, n_simulators)
        Kendall's tau-b between the orders in every two simulators: 1 the same, -1 reversed.
    mean_tau : float
        Its mean over pairs of simulators.
    share : float array, shape (n_policies, n_simulators, n_policies)
        Share of the resamples of seeds in which a policy has each rank, the best rank first.
    """

    policies: tuple[str, ...]
    tau: Floats
    mean_tau: float
    share: Floats


class WorstCase(NamedTuple):
    """Where a policy comes off worst.

    Attributes
    ----------
    policy, simulator : str
    value : float
        Its mean there.
    baseline : str
        The best of the baselines there, other than the policy itself; ``""`` if there is none.
    to_baseline, to_oracle : Intervals
        The mean less that of the baseline, or of the oracle; nan where there is none.
    """

    policy: str
    simulator: str
    value: float
    baseline: str
    to_baseline: Intervals
    to_oracle: Intervals


def seed_weights(n_seeds: int, n_bootstrap: int) -> Floats:
    """How often each resample draws each seed, shape (n_bootstrap, n_seeds); always the same."""
    rng = np.random.default_rng(0)
    even = np.full(n_seeds, 1 / n_seeds)
    return np.asarray(rng.multinomial(n_seeds, even, size=n_bootstrap), np.float64)


def seed_means(values: Floats) -> Floats:
    """Means over the last axis, without what is nan; nan where there is nothing else."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def resampled_means(values: Floats, weights: Floats) -> Floats:
    """Means over seeds, the last axis, in each resample; shape (n_bootstrap, …)."""
    known = ~np.isnan(values)
    total = np.tensordot(weights, np.where(known, values, 0.0), (1, -1))
    number = np.tensordot(weights, known.astype(np.float64), (1, -1))
    return _ratio(total, number)


def with_intervals(values: Floats, n_bootstrap: int, confidence: float) -> Intervals:
    """Means over seeds, and percentile intervals of the bootstrap; the last axis goes."""
    means = seed_means(values)
    n_seeds = values.shape[-1]
    if n_seeds < 2:
        return Intervals(means, np.full(means.shape, np.nan), np.full(means.shape, np.nan))
    drawn = resampled_means(values, seed_weights(n_seeds, n_bootstrap))
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice")
        ends = np.nanquantile(drawn, tails, axis=0)
    ends[:, (~np.isnan(values)).sum(axis=-1) < 2] = np.nan
    return Intervals(means, ends[0], ends[1])


def ranks(means: Floats, better: Better) -> Floats:
    """Ranks of policies within each simulator, 1 for the best; ties share the mean of theirs.

    Parameters
    ----------
    means : float array, shape (…, n_policies, n_simulators)
    better : {"higher", "lower"}

    Returns
    -------
    float array of the same shape
        nan where the mean is.
    """
    ahead, level = _pairs(means, better)
    found = 1 + ahead.sum(axis=-3) + (level.sum(axis=-3) - 1) / 2
    return np.where(np.isnan(means), np.nan, found)


def rank_shares(drawn: Floats, better: Better) -> Floats:
    """Share of the resamples in which each policy has each rank.

    Parameters
    ----------
    drawn : float array, shape (n_bootstrap, n_policies, n_simulators)
    better : {"higher", "lower"}

    Returns
    -------
    float array, shape (n_policies, n_simulators, n_policies)
        Of equal policies each has the best of their ranks. 0 where a mean is nan.
    """
    ahead, _ = _pairs(drawn, better)
    rank = np.where(np.isnan(drawn), -1, ahead.sum(axis=-3))
    return np.stack([(rank == place).mean(axis=0) for place in range(drawn.shape[1])], axis=-1)


def agreement(means: Floats) -> Floats:
    """Kendall's tau-b between the orders of policies in every two simulators.

    Parameters
    ----------
    means : float array, shape (n_policies, n_simulators)

    Returns
    -------
    float array, shape (n_simulators, n_simulators)
        Over the policies that both have a mean of; nan where either has only ties.
    """
    ahead, level = _pairs(means, "higher")
    first, second = np.triu_indices(len(means), 1)
    ordered = (ahead.astype(np.float64) - ahead.swapaxes(0, 1))[first, second]
    there = (ahead | ahead.swapaxes(0, 1) | level)[first, second].astype(np.float64)
    untied = np.abs(ordered)
    most = np.sqrt((untied.T @ there) * (there.T @ untied))
    return _ratio(ordered.T @ ordered, most)


def rank_stability(
    policies: tuple[str, ...], values: Floats, better: Better, n_bootstrap: int
) -> RankStability:
    """How far the order of policies hangs on the simulator, and on the seeds.

    Parameters
    ----------
    policies : tuple of str
    values : float array, shape (n_policies, n_simulators, n_seeds)
    better : {"higher", "lower"}
    n_bootstrap : int
    """
    tau = agreement(seed_means(values))
    pairs = tau[np.triu_indices(len(tau), 1)]
    pairs = pairs[~np.isnan(pairs)]
    drawn = resampled_means(values, seed_weights(values.shape[-1], n_bootstrap))
    mean = float(pairs.mean()) if len(pairs) else float("nan")
    return RankStability(policies, tau, mean, rank_shares(drawn, better))


def _pairs(means: Floats, better: Better) -> tuple[Bools, Bools]:
    """Whether one policy is better than another, and whether both are equal.

    Both of shape (…, n_policies (the one), n_policies (the other), n_simulators).
    """
    rounded = np.round(means if better == "higher" else -means, _EQUAL)
    one, other = rounded[..., :, None, :], rounded[..., None, :, :]
    return one > other, one == other


def _ratio(part: Floats, whole: NDArray[Any]) -> Floats:
    """Nan of nothing."""
    none = np.full(part.shape, np.nan)
    return np.asarray(np.divide(part, whole, out=none, where=whole > 0))
