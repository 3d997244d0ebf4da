"""From starting points to fitted parameters: the iteration around the E and M steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.em.climb import Climb, OnStep, Terms, climb, race
from adaptlearn.models.bkt.em.identification import boundary_reasons, data_reasons
from adaptlearn.models.bkt.em.information import information, spread_over_groups
from adaptlearn.models.bkt.em.room import room_of
from adaptlearn.models.bkt.em.steps import Pseudocounts
from adaptlearn.models.bkt.em.trie import PrefixTrie
from adaptlearn.models.bkt.parameters import FLOOR, MARGIN, Limits, Parameters

CUSTOMARY = {"prior": 0.4, "learn": 0.15, "forget": 0.05, "guess": 0.2, "slip": 0.1}
"""Where the common fit of all skills begins: a learner who guesses and slips now and then."""

BORROWED = 10.0
"""Observations' worth of the common parameters, for skills that cannot stand alone."""

_RACE_STEPS = 8

_COMMON_NODES = 30_000
"""Nodes that the common parameters are fitted to: the first answers of all students on all skills
tell four numbers well."""

_RANGES = {
    "prior": (0.05, 0.95),
    "learn": (0.02, 0.5),
    "forget": (0.01, 0.2),
    "guess": (0.05, 0.45),
    "slip": (0.02, 0.4),
}


def constant(values: Mapping[str, float], n_groups: int, forgetting: bool) -> Parameters:
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


class Settings(NamedTuple):
    """How to look for the parameters.

    Attributes
    ----------
    forgetting : bool
    n_init, max_iter : int
    tol : float
    accelerate : bool
    start : sequence of mapping
        Points every group begins at; then nothing is fitted again with a prior.
    borrow : float or "empirical"
        Observations' worth of the common parameters, for skills that cannot stand alone; and of
        a skill's, for its classes. Or: as the skills' own spread tells, for all skills.
    rng : numpy.random.Generator
    on_step : callable, optional
    """

    forgetting: bool
    n_init: int
    max_iter: int
    tol: float
    accelerate: bool
    start: Sequence[Mapping[str, float]]
    borrow: float | str
    rng: np.random.Generator
    on_step: OnStep | None = None

    def evenly(self, centre: Parameters) -> Parameters:
        """The same strength of `borrow` for every cell."""
        strength = BORROWED if isinstance(self.borrow, str) else self.borrow
        return Parameters(*(np.full(len(field), float(strength)) for field in centre))

    def climb(self, trie: PrefixTrie, start: Parameters, terms: Terms) -> Climb:
        """EM from a start, on these terms."""
        return climb(
            trie,
            start,
            terms,
            max_iter=self.max_iter,
            tol=self.tol,
            accelerate=self.accelerate,
            on_step=self.on_step,
        )


class Given(NamedTuple):
    """What the caller holds the parameters to: limits, and Beta priors as counts.

    Fields are of shape (n_groups,); those of `pooled`, for the common parameters, (1,).
    """

    limits: Limits
    pseudo: Pseudocounts | None
    pooled: Limits

    def terms(self, trie: PrefixTrie) -> Terms:
        """For the cells of a trie: a class is held to what its skill is."""
        pseudo = None if self.pseudo is None else self.pseudo.take(trie.owner)
        return Terms(room_of(trie), self.limits.take(trie.owner), pseudo)


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
    terms : Terms
        What the parameters are the best for: with every prior that was used.
    """

    climb: Climb
    pooled: Parameters
    reasons: dict[int, str]
    terms: Terms


def fit_groups(trie: PrefixTrie, given: Given, settings: Settings) -> GroupFit:
    """The whole fit: common parameters, a race of starts, a climb, and help for the weak.

    Where there are starting points, every group climbs from the best of them, and nothing is
    fitted again.
    """
    terms = given.terms(trie)
    pooled = _fit_common(trie, given.pooled, settings)
    if settings.start:
        starts = _given_starts(trie, settings)
    else:
        common = Parameters(*(np.broadcast_to(field, (1, trie.n_groups)) for field in pooled))
        drawn = random_starts(settings.rng, settings.n_init - 1, trie.n_groups, settings.forgetting)
        starts = Parameters(*(np.concatenate(pair) for pair in zip(common, drawn, strict=True)))
    first = race(trie, _inside(starts, terms), _RACE_STEPS, terms)
    found = settings.climb(trie, first, terms)
    lost = np.flatnonzero(~np.isfinite(found.log_likelihood))
    common = Parameters(*(np.repeat(field, trie.n_groups) for field in pooled))
    for field, own in zip(found.parameters, _point_inside(common, terms), strict=True):
        field[lost] = own[lost]
    reasons = dict.fromkeys(lost.tolist(), "the fit ended in no number")
    reasons |= {**boundary_reasons(found.parameters), **data_reasons(trie)}
    fit = GroupFit(found, pooled, reasons, terms)
    if settings.borrow == "empirical" and not settings.start:
        fit = _shrink(trie, fit, given.pooled, settings)
    elif reasons and not settings.start and settings.borrow != 0:
        fit = _borrow(trie, fit, settings)
    if trie.n_groups == 1:
        pooled = Parameters(*(field.copy() for field in fit.climb.parameters))
        fit = fit._replace(pooled=pooled)
    return fit


def fit_classes(
    trie: PrefixTrie, by_group: Parameters, given: Given, settings: Settings
) -> tuple[Climb, Terms]:
    """Parameters by class, pulled toward those of their skill.

    Parameters
    ----------
    trie : PrefixTrie
        Of histories that tell classes apart.
    by_group : Parameters
        Each skill's parameters without classes, fields of shape (n_groups,).
    """
    terms = given.terms(trie)
    centre = by_group.take(trie.owner)
    if settings.start:
        starts = _given_starts(trie, settings)
    else:
        starts = centre.stacked()
        terms = terms.pulled_to(centre, settings.evenly(centre))
    first = race(trie, _inside(starts, terms), _RACE_STEPS, terms)
    return settings.climb(trie, first, terms), terms


def _fit_common(trie: PrefixTrie, limits: Limits, settings: Settings) -> Parameters:
    """Parameters common to all groups; with one group, only where it may begin."""
    customary = constant(CUSTOMARY, 1, settings.forgetting)
    if trie.n_groups == 1:
        return customary
    pooled = trie.shallow(_COMMON_NODES).pooled()
    terms = Terms(room_of(pooled), limits)
    customary = _point_inside(customary, terms)
    return climb(
        pooled,
        customary,
        # The common parameters serve where a skill's own answers do not suffice, so they
        # must themselves be sensible for a few answers. Thousands outweigh this prior.
        terms.pulled_to(customary, Parameters(*(np.full(1, BORROWED),) * 5)),
        max_iter=50,
        tol=max(settings.tol, 1e-6),
        accelerate=settings.accelerate,
    ).parameters


def _given_starts(trie: PrefixTrie, settings: Settings) -> Parameters:
    sizes = [len(owner) for owner in trie.owner]
    points = [constant(point, 1, settings.forgetting) for point in settings.start]
    return Parameters(
        *(
            np.repeat(np.stack(values), size, axis=1)
            for values, size in zip(zip(*points, strict=True), sizes, strict=True)
        )
    )


def _inside(starts: Parameters, terms: Terms) -> Parameters:
    """Starting points moved into their limits; 0 and 1, which fix a parameter, stay."""
    low, high = terms.limits
    moved = [
        np.where(((start <= 0) | (start >= 1)) & (a < b), start, np.clip(start, a, b))
        for start, a, b in zip(starts, low, high, strict=True)
    ]
    inside, room = Parameters(*moved), terms.room
    floor = (low.guess[room.guess] + low.slip[room.slip])[None]
    over = inside.guess[:, room.guess] + inside.slip[:, room.slip]
    if np.any(over > 1 - MARGIN):
        # Back toward the lower ends, which together lie below 1.
        way = np.where(over > 1 - MARGIN, (0.98 - floor) / np.maximum(over - floor, FLOOR), 1.0)
        part = np.ones((len(way), room.n_parts))
        np.minimum.at(part.T, room.part, np.maximum(way, 0).T)
        guess = low.guess + part[:, room.guess_part] * (inside.guess - low.guess)
        slip = low.slip + part[:, room.slip_part] * (inside.slip - low.slip)
        inside = inside._replace(guess=guess, slip=slip)
    return inside


def _point_inside(point: Parameters, terms: Terms) -> Parameters:
    """One point moved into its limits, fields of shape (n_cells,)."""
    return Parameters(*(field[0] for field in _inside(point.stacked(), terms)))


def _shrink(trie: PrefixTrie, fit: GroupFit, limits: Limits, settings: Settings) -> GroupFit:
    """Fit all groups again, pulled to the middle of them all, as strongly as they are alike."""
    weak = np.isin(np.arange(trie.n_groups), list(fit.reasons))
    errors = information(trie, fit.climb.parameters, fit.terms).standard_errors
    centre, strength = spread_over_groups(fit.climb.parameters, errors, ~weak)
    held = Terms(room_of(trie.pooled()), limits)
    # Where too few skills tell how alike they are, those that cannot stand alone borrow as usual.
    told = [float(much[0]) > 0 for much in strength]
    centre = Parameters(
        *(a if known else b for known, a, b in zip(told, centre, fit.pooled, strict=True))
    )
    centre = _point_inside(centre, held)
    terms = fit.terms.pulled_to(
        Parameters(*(np.repeat(field, trie.n_groups) for field in centre)),
        Parameters(
            *(
                np.repeat(much, trie.n_groups) if known else np.where(weak, BORROWED, 0.0)
                for known, much in zip(told, strength, strict=True)
            )
        ),
    )
    start = _point_inside(fit.climb.parameters, terms)
    return GroupFit(settings.climb(trie, start, terms), centre, fit.reasons, terms)


def _borrow(trie: PrefixTrie, fit: GroupFit, settings: Settings) -> GroupFit:
    """Fit the groups that cannot stand alone again, with a prior at the common parameters.

    Their fits are replaced in place.
    """
    found, groups = fit.climb, np.array(sorted(fit.reasons))
    part, cells = trie.restrict(groups), trie.cells_of(groups)
    centre = Parameters(*(np.repeat(field, len(groups)) for field in fit.pooled))
    own = fit.terms.restrict(part, cells).pulled_to(centre, settings.evenly(centre))
    start = _point_inside(centre, own)
    again = settings._replace(on_step=None).climb(part, start, own)
    for old, new in zip(found.parameters, again.parameters, strict=True):
        old[groups] = new
    found.log_likelihood[groups] = again.log_likelihood
    found.n_iter[groups] = again.n_iter
    found.converged[groups] = again.converged
    assert own.pseudo is not None
    pseudo = fit.terms.pseudo
    if pseudo is None:
        pseudo = Pseudocounts(*(np.zeros((trie.n_groups, 2)) for _ in Parameters._fields))
    used = Pseudocounts(*(field.copy() for field in pseudo))
    for field, value in zip(used, own.pseudo, strict=True):
        field[groups] = value
    return fit._replace(terms=fit.terms._replace(pseudo=used))
