"""The exact gradient of coupled BKT's log-likelihood, by reverse accumulation.

A pass forward leaves every belief and ability behind; with these, the way back is linear. Going
back through the levels, three adjoints are carried: of each student's ability and residual, and
of each chain's belief. All that a level does to them is prepared for all levels at once, so the
loop itself is a few multiplications.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.individual.equations import (
    TINY,
    Coefficients,
    CoupledParameters,
    Dynamics,
    Path,
    Rule,
    Weights,
    joins,
    to_units,
)
from adaptlearn.models.bkt.individual.layout import Layout, dot
from adaptlearn.numerics import Floats, Ints


class Derivatives(NamedTuple):
    """How a unit's probability and its entries' posteriors change.

    With ``z`` the adjoint of a unit's log-likelihood and all that follows from its scale, and
    ``k`` the adjoint of an entry's posterior, the adjoints of what they rest on are::

        P(known)        known_unit z + known_own k
        logit of guess  logit_unit z + sum of logit_own k over the unit's entries
        lift            lift_unit z + sum of lift_own k

    where, if `cross` is given, ``z`` includes the sum of ``cross k`` over the unit's entries.
    """

    known_unit: Floats
    known_own: Floats
    logit_unit: Floats
    logit_own: Floats
    lift_unit: Floats
    lift_own: Floats
    cross: Floats | None


def log_likelihood(layout: Layout, path: Path, rule: Rule) -> float:
    """The sum of log P(the answer given) over rows; over entries where skills are kept apart."""
    answered = to_units(layout, layout.sign, rule) != 0
    # At a wild step of the line search rounding may leave less than nothing of a probability.
    return float(np.log(np.maximum(path.scale[answered], TINY)).sum())


def gradient(
    layout: Layout,
    local: Coefficients,
    path: Path,
    parameters: CoupledParameters,
    rule: Rule,
) -> CoupledParameters:
    """The derivatives of `log_likelihood`, in the shape of the parameters.

    Parameters
    ----------
    layout, local, path : Layout, Coefficients, Path
        Of a pass that began with new students, from `adaptlearn.models.bkt.individual.equations`.
    parameters : CoupledParameters
    rule : see `adaptlearn.models.bkt.individual.equations.filter_students`
    """
    joined = joins(rule) and not layout.single
    derivatives = _joined(layout, path, rule) if joined else _apart(layout, path, rule)
    before = path.posterior.take(layout.before)
    prepared = _prepare(layout, local, path, parameters, derivatives)
    adjoint = _backward(layout, prepared, path, derivatives.cross, rho=parameters.dynamics.rho)

    def over(unit: Floats, own: Floats) -> Floats:
        """An adjoint of units, shared out among their entries."""
        if not joined:
            return unit * adjoint.unit + own * adjoint.posterior
        total = unit * adjoint.unit + layout.to_rows(own * adjoint.posterior)
        return layout.to_entries(total / layout.size)

    unit = layout.to_entries(adjoint.unit) if joined else adjoint.unit
    known = derivatives.known_unit * unit + derivatives.known_own * adjoint.posterior
    drive = _slope(path, before) * known
    forget = -known * before * local.keep * (1 - local.keep)
    logit = over(derivatives.logit_unit, derivatives.logit_own)
    lift = over(derivatives.lift_unit, derivatives.lift_own)
    by_row = layout.to_rows(logit)
    moved = drive * layout.to_entries(path.ability)
    at_first = float(moved[layout.first].sum())

    n_prior = len(parameters.prior)
    cells = _total(layout.drive, drive, n_prior + len(parameters.learn))
    item = np.zeros(0)
    if layout.item is not None and len(parameters.item):
        item = _total(layout.item, by_row, len(parameters.item) + 1)[:-1]
    return CoupledParameters(
        prior=cells[:n_prior],
        learn=cells[n_prior:],
        forget=None
        if parameters.forget is None
        else _total(layout.forget, forget, len(parameters.forget)),
        guess=_total(layout.guess, logit, len(parameters.guess)),
        slip=_total(layout.slip, lift, len(parameters.slip)) * np.exp(parameters.slip),
        item=item,
        weights=Weights(
            prior=at_first,
            learn=float(moved.sum()) - at_first,
            answer=dot(by_row, path.ability),
            residual=dot(by_row, path.residual),
            learn_lag=dot(drive, layout.lag),
            forget_lag=dot(forget, layout.lag),
        ),
        dynamics=_of_dynamics(layout, path, parameters.dynamics, adjoint, rule=rule),
    )


def _total(index: Ints, values: Floats, n: int) -> Floats:
    return np.asarray(np.bincount(index, weights=values, minlength=n))


def _apart(layout: Layout, path: Path, rule: Rule) -> Derivatives:
    """Entries that are answered each by itself."""
    known, sign, power = path.p_known, layout.to_entries(layout.sign), np.ones(1)
    unknown_by, known_by = path.likelihood
    unknown_powered, known_powered, scale = unknown_by, known_by, path.scale
    if rule == "shared" and not layout.single:
        power = layout.to_entries(1 / layout.size)
        unknown_powered, known_powered = unknown_by**power, known_by**power
        scale = known * known_powered + (1 - known) * unknown_powered
    difference = known_by - unknown_by
    own = unknown_powered * known_powered / (scale * scale)
    spread = sign * power * known * (1 - known) * own
    lift = sign * known * known_by * (1 - known_by)
    return Derivatives(
        known_unit=difference,
        known_own=own,
        logit_unit=lift + sign * (1 - known) * unknown_by * (1 - unknown_by),
        logit_own=-spread * difference,
        lift_unit=lift,
        lift_own=spread * (1 - known_by),
        cross=None,
    )


def _joined(layout: Layout, path: Path, rule: Rule) -> Derivatives:
    """Rows that are answered with one guess and one slip."""
    known, sign = path.p_known, layout.sign
    unknown_by, known_by = path.likelihood
    after = path.posterior[-len(known) :]
    conjunctive = rule == "conjunctive"
    factor = np.maximum(known if conjunctive else 1 - known, TINY)
    product = np.multiply.reduceat(factor, layout.starts)
    enough = product if conjunctive else 1 - product
    others = layout.to_entries(product) / factor
    scale = layout.to_entries(path.scale)
    # The likelihood by which each entry's own posterior departs from the rest of its row's.
    decisive = unknown_by if conjunctive else known_by
    slope = layout.to_entries(sign * decisive * (1 - decisive)) / scale
    own = slope * (known - 1 if conjunctive else known)
    lift = sign * enough * known_by * (1 - known_by)
    return Derivatives(
        known_unit=others * layout.to_entries(known_by - unknown_by),
        known_own=layout.to_entries(decisive) / scale,
        logit_unit=lift + sign * (1 - enough) * unknown_by * (1 - unknown_by),
        logit_own=own,
        lift_unit=lift,
        lift_own=np.zeros_like(own) if conjunctive else own,
        cross=(1 - after if conjunctive else -after) / scale,
    )


class _Adjoint(NamedTuple):
    """Adjoints of units' scales, entries' posteriors, and of students after each row."""

    unit: Floats
    posterior: Floats
    ability: Floats
    residual: Floats


class _Prepared(NamedTuple):
    """What a level does to the adjoints that are carried, by entry or row.

    ``*_unit`` is per unit of the adjoint of the entry's unit, ``*_own`` per unit of that of its
    posterior; ``unit`` holds the units' own log-likelihoods' adjoints. ``gain`` and ``recent``
    are a unit's part in the student's step of ability and residual.
    """

    unit: Floats
    ability_unit: Floats
    ability_own: Floats
    residual_unit: Floats | None
    residual_own: Floats
    before_unit: Floats
    before_own: Floats
    gain: Floats
    recent: Floats


def _prepare(
    layout: Layout,
    local: Coefficients,
    path: Path,
    parameters: CoupledParameters,
    derivatives: Derivatives,
) -> _Prepared:
    weights, rho = parameters.weights, parameters.dynamics.rho
    joined = derivatives.cross is not None
    per_entry, own = derivatives.logit_unit, derivatives.logit_own
    if joined:
        per_entry = layout.to_entries(per_entry / layout.size)
    before = path.posterior.take(layout.before)
    weight = local.weight * -_slope(path, before)
    carry = local.keep - path.rise
    answered = (layout.sign if joined else layout.to_entries(layout.sign)) != 0
    part = np.ones(1) if joined else 1 / layout.size
    return _Prepared(
        unit=answered / path.scale,
        ability_unit=weight * derivatives.known_unit + weights.answer * per_entry,
        ability_own=weight * derivatives.known_own + weights.answer * own,
        residual_unit=weights.residual * per_entry if weights.residual else None,
        residual_own=weights.residual * own,
        before_unit=carry * derivatives.known_unit,
        before_own=carry * derivatives.known_own,
        gain=local.gain * part,
        recent=layout.sign * (1 - rho) * part,
    )


def _slope(path: Path, before: Floats) -> Floats:
    """How P(known) rises with the logit of the prior or of P(learn)."""
    return (1 - before) * path.rise * (1 - path.rise)


def _backward(
    layout: Layout, prepared: _Prepared, path: Path, cross: Floats | None, *, rho: float
) -> _Adjoint:
    """The levels in reverse."""
    single, n_chains = layout.single, len(path.posterior) - len(path.p_known)
    unit, residual_unit = prepared.unit, prepared.residual_unit
    posterior = np.zeros(len(path.posterior))
    after_ability, after_residual = np.zeros(len(layout.rows)), np.zeros(len(layout.rows))
    all_ability, all_residual = np.zeros(len(layout.students)), np.zeros(len(layout.students))
    hold = np.where(layout.sign == 0, 1.0, rho)
    row_levels, entry_levels = layout.row_levels, layout.entry_levels
    unit_levels = entry_levels if cross is None else row_levels
    for level in range(len(row_levels) - 2, -1, -1):
        rows = slice(row_levels[level], row_levels[level + 1])
        entries = slice(entry_levels[level], entry_levels[level + 1])
        owner, starts = layout.owner[entries], layout.local_starts[rows]
        m = rows.stop - rows.start
        ability, residual = all_ability[:m], all_residual[:m]
        after_ability[rows], after_residual[rows] = ability, residual
        own = posterior[n_chains + entries.start : n_chains + entries.stop]
        step = prepared.gain[rows] * ability
        if residual_unit is not None:
            step += prepared.recent[rows] * residual
        if cross is not None:
            step -= np.add.reduceat(cross[entries] * own, starts)
        elif not single:
            step = step.take(owner)
        here = unit[unit_levels[level] : unit_levels[level + 1]]
        here -= step
        if cross is not None:
            here = here.take(owner)
        below = prepared.before_unit[entries] * here
        below += prepared.before_own[entries] * own
        posterior[layout.before[entries]] = below
        change = prepared.ability_unit[entries] * here
        change += prepared.ability_own[entries] * own
        ability += change if single else np.add.reduceat(change, starts)
        if residual_unit is not None:
            change = residual_unit[entries] * here
            change += prepared.residual_own[entries] * own
            residual *= hold[rows]
            residual += change if single else np.add.reduceat(change, starts)
    return _Adjoint(unit, posterior[n_chains:], after_ability, after_residual)


def _of_dynamics(
    layout: Layout, path: Path, dynamics: Dynamics, adjoint: _Adjoint, *, rule: Rule
) -> Dynamics:
    missed = 1 - path.scale
    if not joins(rule):
        missed = layout.to_rows(missed) / layout.size
    missed *= layout.sign
    by_gain = adjoint.ability * missed
    decay = 1 / (1 + dynamics.beta * layout.clock)
    recent = adjoint.residual * (path.residual - missed)
    return Dynamics(
        alpha=dot(by_gain, decay),
        beta=dot(by_gain, decay * decay * layout.clock) * -dynamics.alpha,
        gamma=float(by_gain.sum()),
        rho=float(recent[layout.sign != 0].sum()),
    )
