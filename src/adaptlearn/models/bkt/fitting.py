"""From starting points to fitted parameters: the iteration around the E and M steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.acceleration import extrapolate
from adaptlearn.models.bkt.em import Expectations, Parameters, Pseudocounts, expectations, maximise
from adaptlearn.models.bkt.identification import boundary_reasons, data_reasons
from adaptlearn.models.bkt.trie import PrefixTrie
from adaptlearn.numerics import Floats, Ints

OnStep = Callable[[int, int, int], None]
"""Called after a step with: steps so far, parameter sets still moving, all of them."""

CUSTOMARY = {"prior": 0.4, "learn": 0.15, "forget": 0.05, "guess": 0.2, "slip": 0.1}
"""Where the common fit of all skills begins: a learner who guesses and slips now and then."""

BORROWED = 10.0
"""Observations' worth of the common parameters, for skills that cannot stand alone."""

_RACE_STEPS = 8

_RANGES = {
    "prior": (0.05, 0.95),
    "learn": (0.02, 0.5),
    "forget": (0.01, 0.2),
    "guess": (0.05, 0.45),
    "slip": (0.02, 0.4),
}


class Climb(NamedTuple):
    """Where EM came to rest; each field of shape (n_groups,).

    `log_likelihood` is of the answers alone, without the log density of any prior.
    """

    parameters: Parameters
    log_likelihood: Floats
    n_iter: NDArray[np.int64]
    converged: NDArray[np.bool_]


def constant(values: dict[str, float], n_groups: int, forgetting: bool) -> Parameters:
    """The same parameters for every group, shape (n_groups,)."""
    return Parameters(
        *(
            np.full(n_groups, values[name] if forgetting or name != "forget" else 0.0)
            for name in Parameters._fields
        )
    )


def random_starts(
    rng: np.random.Generator, n_starts: int, n_groups: int, forgetting: bool
) -> Parameters:
    """Starting points over the plausible region, where guess + slip < 1."""
    drawn = {
        name: rng.uniform(low, high, (n_starts, n_groups)) for name, (low, high) in _RANGES.items()
    }
    if not forgetting:
        drawn["forget"] = np.zeros((n_starts, n_groups))
    return Parameters(**drawn)


def race(trie: PrefixTrie, starts: Parameters, n_steps: int) -> Parameters:
    """Run all starts for a few plain EM steps; the best of each group, shape (n_groups,)."""
    if len(starts.prior) == 1:
        return Parameters(*(field[0] for field in starts))
    current = starts
    for _ in range(n_steps):
        current = maximise(expectations(trie, current), current)
    best = np.argmax(expectations(trie, current).log_likelihood, axis=0)
    return Parameters(*(field[best, np.arange(trie.n_groups)] for field in current))


def climb(
    trie: PrefixTrie,
    start: Parameters,
    *,
    max_iter: int,
    tol: float,
    pseudo: Pseudocounts | None = None,
    accelerate: bool = True,
    on_step: OnStep | None = None,
) -> Climb:
    """EM from one start, until a step gains less than `tol` per answer of the group.

    After every two EM steps a longer one is tried, group by group; where it does not climb,
    the next step goes on from before it. Groups that have come to rest leave the batch.

    Parameters
    ----------
    start : Parameters
        Fields of shape (n_groups,).
    max_iter : int
        The most steps any group takes.
    tol : float
        Log-likelihood per answer. The same tolerance thus suits ten answers and ten million.
    pseudo : Pseudocounts, optional
        Beta priors; then it is the penalised log-likelihood that climbs.
    accelerate : bool
        Whether the longer steps are tried.
    """
    n_groups = trie.n_groups
    result = Climb(
        Parameters(*(field.astype(np.float64) for field in start)),
        np.full(n_groups, np.nan),
        np.zeros(n_groups, np.int64),
        np.zeros(n_groups, bool),
    )
    answers = np.bincount(trie.group, weights=trie.weight, minlength=n_groups)
    active = np.arange(n_groups)  # groups in the batch
    moving = np.ones(n_groups, bool)  # which of the batch have not come to rest
    current = Parameters(*(field[None] for field in result.parameters))
    path: list[Parameters] = []  # points that EM steps led along since the last longer step
    safe: Parameters | None = None  # where `current` is a longer step: what EM itself proposed
    before = np.full(n_groups, -np.inf)
    for step in range(max_iter + 1):
        counts = expectations(trie, current)
        objective = _objective(counts, current, pseudo)
        # Only a step of EM's own tells by its gain how near the top is.
        resting = moving & (objective - before <= tol * answers[active]) & (safe is None)
        done = resting if step < max_iter else moving
        _record(result, active, done, current, counts)
        result.n_iter[active[done]] = step
        result.converged[active[resting]] = True
        moving = moving & ~done
        if on_step is not None:
            on_step(step, int(moving.sum()), n_groups)
        if not moving.any():
            break
        following = maximise(counts, current, pseudo)
        if safe is not None:
            climbed = objective >= before
            following = _where(climbed, following, safe)
            before = np.where(climbed, objective, before)
            path, safe = [], None
        else:
            path.append(current)
            before = objective
            # The last step is EM's own, so that what ends is a point EM reached.
            if accelerate and len(path) == 2 and step + 1 < max_iter:
                safe = following
                following = extrapolate(path[0], path[1], following)
        current = following
        if 2 * np.count_nonzero(moving[trie.group]) <= trie.n_nodes:
            kept = np.flatnonzero(moving)
            trie, current = trie.restrict(kept), current.take(kept)
            path = [point.take(kept) for point in path]
            safe = None if safe is None else safe.take(kept)
            active, before, moving = active[kept], before[kept], moving[kept]
            if pseudo is not None:
                pseudo = Pseudocounts(*(field[kept] for field in pseudo))
    return result


def _objective(counts: Expectations, parameters: Parameters, pseudo: Pseudocounts | None) -> Floats:
    penalty = 0.0 if pseudo is None else pseudo.log_density(parameters)[0]
    return np.asarray(counts.log_likelihood[0] + penalty)


def _record(
    result: Climb, active: Ints, done: NDArray[np.bool_], current: Parameters, counts: Expectations
) -> None:
    """Note where groups that leave the batch ended."""
    for field, value in zip(result.parameters, current, strict=True):
        field[active[done]] = value[0, done]
    result.log_likelihood[active[done]] = counts.log_likelihood[0, done]


def _where(choose: NDArray[np.bool_], yes: Parameters, no: Parameters) -> Parameters:
    return Parameters(*(np.where(choose, a, b) for a, b in zip(yes, no, strict=True)))


class GroupFit(NamedTuple):
    """What `fit_groups` finds.

    Attributes
    ----------
    climb : Climb
        Of every group.
    pooled : Parameters
        The common parameters, fields of shape (1,).
    reasons : dict of int to str
        Groups whose answers cannot identify their parameters, and why.
    """

    climb: Climb
    pooled: Parameters
    reasons: dict[int, str]


def fit_groups(
    trie: PrefixTrie,
    *,
    forgetting: bool,
    n_init: int,
    max_iter: int,
    tol: float,
    accelerate: bool,
    start: Sequence[Mapping[str, float]],
    rng: np.random.Generator,
    on_step: OnStep | None = None,
) -> GroupFit:
    """The whole fit: common parameters, a race of starts, a climb, and help for the weak.

    Where `start` gives points, every group climbs from the best of them, and nothing is fitted
    again.
    """
    customary = constant(CUSTOMARY, 1, forgetting)
    if trie.n_groups > 1:
        pooled = climb(
            trie.pooled(),
            customary,
            max_iter=50,
            tol=max(tol, 1e-6),
            accelerate=accelerate,
            # The common parameters serve where a skill's own answers do not suffice, so they
            # must themselves be sensible for a few answers. Thousands outweigh this prior.
            pseudo=Pseudocounts.centred(customary, np.array([BORROWED])),
        ).parameters
    else:
        pooled = customary  # to begin with; one skill's own parameters are the common ones
    if start:
        given = [constant(dict(point), trie.n_groups, forgetting) for point in start]
        starts = Parameters(*(np.stack(fields) for fields in zip(*given, strict=True)))
    else:
        common = Parameters(*(np.broadcast_to(field, (1, trie.n_groups)) for field in pooled))
        drawn = random_starts(rng, n_init - 1, trie.n_groups, forgetting)
        starts = Parameters(*(np.concatenate(pair) for pair in zip(common, drawn, strict=True)))
    first = race(trie, starts, _RACE_STEPS)
    found = climb(trie, first, max_iter=max_iter, tol=tol, accelerate=accelerate, on_step=on_step)
    reasons = {**boundary_reasons(found.parameters), **data_reasons(trie)}
    if reasons and not start:
        _borrow(
            trie,
            found,
            pooled,
            np.array(sorted(reasons)),
            max_iter=max_iter,
            tol=tol,
            accelerate=accelerate,
        )
    if trie.n_groups == 1:
        pooled = Parameters(*(field.copy() for field in found.parameters))
    return GroupFit(found, pooled, reasons)


def _borrow(trie: PrefixTrie, found: Climb, pooled: Parameters, groups: Ints, **how: Any) -> None:
    """Fit some groups again, in place, with a prior centred at the common parameters."""
    centre = Parameters(*(np.repeat(field, len(groups)) for field in pooled))
    again = climb(
        trie.restrict(groups),
        centre,
        pseudo=Pseudocounts.centred(centre, np.full(len(groups), BORROWED)),
        **how,
    )
    for old, new in zip(found.parameters, again.parameters, strict=True):
        old[groups] = new
    found.log_likelihood[groups] = again.log_likelihood
    found.n_iter[groups] = again.n_iter
    found.converged[groups] = again.converged
