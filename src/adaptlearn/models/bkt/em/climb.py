"""The iteration around the E and M steps: from a starting point to where EM comes to rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.em.acceleration import extrapolate
from adaptlearn.models.bkt.em.odds import Plan
from adaptlearn.models.bkt.em.room import Room, room_of
from adaptlearn.models.bkt.em.steps import (
    Expectations,
    Pseudocounts,
    expectations,
    maximise,
)
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.parameters import Cells, Limits, Parameters
from adaptlearn.numerics import Bools, Floats

OnStep = Callable[[int, int, int], None]
"""Called after a step with: steps so far, parameter sets still moving, all of them."""


_HEAT_NODES, _FINAL_NODES = 30_000, 100_000
"""Nodes that tell which starts are good, and which is best: the first answers of many students."""


class Climb(NamedTuple):
    """Where EM came to rest; each field of shape (n_groups,).

    `log_likelihood` is of the answers alone, without the log density of any prior.
    """

    parameters: Parameters
    log_likelihood: Floats
    n_iter: NDArray[np.int64]
    converged: Bools


class Terms(NamedTuple):
    """On what terms parameters are estimated: see `maximise`."""

    room: Room
    limits: Limits
    pseudo: Pseudocounts | None = None

    def pulled_to(self, centre: Parameters, strength: Parameters) -> Terms:
        """The same with Beta priors worth `strength` observations of `centre` besides."""
        pseudo = Pseudocounts.centred(centre, strength)
        if self.pseudo is not None:
            pseudo = Pseudocounts(*(a + b for a, b in zip(self.pseudo, pseudo, strict=True)))
        return self._replace(pseudo=pseudo)

    def restrict(self, trie: PrefixTrie, cells: Cells) -> Terms:
        """The terms of some cells, for the trie that holds only those."""
        pseudo = None if self.pseudo is None else self.pseudo.take(cells)
        return Terms(room_of(trie), self.limits.take(cells), pseudo)


def race(trie: PrefixTrie, starts: Parameters, n_steps: int, terms: Terms) -> Parameters:
    """Run all starts for a few plain EM steps; the best of each group, fields (n_cells,).

    The better half of each group's starts is found on the first answers, the best of those on
    more. A start is judged by the point before its last step, which costs no further pass.
    """
    current = starts
    for n_nodes, n_kept in ((_HEAT_NODES, (len(starts.prior) + 1) // 2), (_FINAL_NODES, 1)):
        if len(current.prior) == 1:
            break
        part = trie.shallow(n_nodes)
        plan = Plan.of(part)
        for _ in range(n_steps // 2):
            counts = expectations(part, current, plan=plan)
            objective = _objective(part, counts, current, terms.pseudo)
            current = maximise(counts, current, terms.room, terms.limits, terms.pseudo)
        best = np.argsort(-objective, axis=0, kind="stable")[:n_kept]
        current = Parameters(
            *(
                np.take_along_axis(field, best[:, group], axis=0)
                for field, group in zip(current, trie.owner, strict=True)
            )
        )
    return Parameters(*(field[0] for field in current))


def climb(
    trie: PrefixTrie,
    start: Parameters,
    terms: Terms,
    *,
    max_iter: int,
    tol: float,
    accelerate: bool = True,
    on_step: OnStep | None = None,
) -> Climb:
    """EM from one start, until a step gains less than `tol` per answer of the group.

    After every two EM steps a longer one is tried, group by group; where it does not climb,
    the next step goes on from before it. Groups that have come to rest leave the batch.

    Parameters
    ----------
    start : Parameters
        Fields of shape (n_cells,).
    terms : Terms
        Limits; and Beta priors, with which it is the penalised log-likelihood that climbs.
    max_iter : int
        The most steps any group takes.
    tol : float
        Log-likelihood per answer. The same tolerance thus suits ten answers and ten million.
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
    places = Cells(*(np.arange(len(owner)) for owner in trie.owner))  # and their cells
    moving = np.ones(n_groups, bool)  # which of the batch have not come to rest
    current = Parameters(*(field[None] for field in result.parameters))
    path: list[Parameters] = []  # points that EM steps led along since the last longer step
    safe: Parameters | None = None  # where `current` is a longer step: what EM itself proposed
    before = np.full(n_groups, -np.inf)
    plan = Plan.of(trie)
    for step in range(max_iter + 1):
        counts = expectations(trie, current, plan=plan)
        objective = _objective(trie, counts, current, terms.pseudo)[0]
        # Only a step of EM's own tells by its gain how near the top is.
        resting = moving & (objective - before <= tol * answers[active]) & (safe is None)
        done = resting if step < max_iter else moving
        if done.any():
            for field, value, place, group in zip(
                result.parameters, current, places, trie.owner, strict=True
            ):
                field[place[done[group]]] = value[0, done[group]]
            result.log_likelihood[active[done]] = counts.log_likelihood[0, done]
            result.n_iter[active[done]] = step
            result.converged[active[resting]] = True
            moving = moving & ~done
        if on_step is not None:
            on_step(step, int(moving.sum()), n_groups)
        if not moving.any():
            break
        following = maximise(counts, current, terms.room, terms.limits, terms.pseudo)
        if safe is not None:
            climbed = objective >= before
            following = _where(climbed, trie.owner, following, safe)
            before = np.where(climbed, objective, before)
            path, safe = [], None
        else:
            path.append(current)
            before = objective
            # The last step is EM's own, so that what ends is a point EM reached.
            if accelerate and len(path) == 2 and step + 1 < max_iter:
                safe = following
                following = extrapolate(
                    path[0],
                    path[1],
                    following,
                    owner=trie.owner,
                    n_groups=trie.n_groups,
                    room=terms.room,
                    limits=terms.limits,
                )
        current = following
        if 2 * np.count_nonzero(moving[trie.group]) <= trie.n_nodes:
            kept = np.flatnonzero(moving)
            cells = trie.cells_of(kept)
            trie, current = trie.restrict(kept), current.take(cells)
            plan = Plan.of(trie)
            terms = terms.restrict(trie, cells)
            path = [point.take(cells) for point in path]
            safe = None if safe is None else safe.take(cells)
            places = Cells(*(a[b] for a, b in zip(places, cells, strict=True)))
            active, before, moving = active[kept], before[kept], moving[kept]
    return result


def _objective(
    trie: PrefixTrie, counts: Expectations, parameters: Parameters, pseudo: Pseudocounts | None
) -> Floats:
    """The (penalised) log-likelihood by restart and group."""
    if pseudo is None:
        return counts.log_likelihood
    return counts.log_likelihood + pseudo.log_density(parameters, trie.owner, trie.n_groups)


def _where(choose: Bools, owner: Cells, yes: Parameters, no: Parameters) -> Parameters:
    return Parameters(
        *(np.where(choose[group], a, b) for group, a, b in zip(owner, yes, no, strict=True))
    )
