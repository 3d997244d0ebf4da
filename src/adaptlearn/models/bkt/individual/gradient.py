"""The exact gradient of coupled BKT's log-likelihood, by reverse accumulation.

A pass forward leaves every belief and ability behind; with these, the way back is linear. Going
back, three adjoints are carried: of each student's ability and residual, and of the log odds of
each chain's belief. All that a response does to them is prepared for all at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.belief import TINY
from adaptlearn.models.bkt.individual.backward import Adjoint, Prepared, backward
from adaptlearn.models.bkt.individual.equations import (
    FARTHEST,
    SMALL,
    Coefficients,
    CoupledParameters,
    Dynamics,
    Rule,
    Weights,
    joins,
    to_units,
)
from adaptlearn.models.bkt.individual.forward import Path
from adaptlearn.models.bkt.individual.layout import Layout, dot
from adaptlearn.numerics import Floats, Ints


class Derivatives(NamedTuple):
    """How a unit's probability and its entries' posteriors change.

    Beliefs are told by their log odds, which stay in range however certain they are. With ``z``
    the adjoint of a unit's probability of the answer and ``k`` that of an entry's posterior, the
    adjoints of what they rest on are::

        belief before   known_unit z + k
        logit of guess  logit_unit z + sum of logit_own k over the unit's entries
        lift            lift_unit z + sum of lift_own k

    and, if `cross` is given, the first is besides ``share`` times the sum of ``cross k`` over the
    other entries of the unit.
    """

    known_unit: Floats
    logit_unit: Floats
    logit_own: Floats
    lift_unit: Floats
    lift_own: Floats
    cross: Floats | None = None
    share: Floats | None = None


def log_likelihood(layout: Layout, path: Path, rule: Rule) -> float:
    """The sum of log P(the answer given) over rows; over entries where skills are kept apart."""
    answered = to_units(layout, layout.sign, rule) != 0
    # At a wild step of the line search rounding may leave less than nothing of a probability.
    return float(np.log(np.maximum(path.scale[answered], SMALL)).sum())


def gradient(
    layout: Layout,
    local: Coefficients,
    path: Path,
) -> CoupledParameters:
    """The derivatives of `log_likelihood`, in the shape of the parameters.

    Parameters
    ----------
    layout, local, path : Layout, Coefficients, Path
        Of a pass that began with new students, from `adaptlearn.models.bkt.individual.equations`.
    """
    parameters, rule = local.parameters, local.rule
    joined = joins(rule) and not layout.single
    derivatives = _joined(layout, path, rule) if joined else _apart(layout, path, rule)
    steps = _steps(layout, local, path)
    prepared = _prepare(layout, local, path, derivatives, steps)
    adjoint = backward(layout, prepared, path.n_chains)

    def over(unit: Floats, own: Floats) -> Floats:
        """An adjoint of units, shared out among their entries."""
        if not joined:
            return unit * adjoint.unit + own * adjoint.posterior
        total = unit * adjoint.unit + layout.to_rows(own * adjoint.posterior)
        return layout.to_entries(total / layout.size)

    unit = layout.to_entries(adjoint.unit) if joined else adjoint.unit
    known = derivatives.known_unit * unit + adjoint.posterior
    if derivatives.cross is not None and derivatives.share is not None:
        each = derivatives.cross * adjoint.posterior
        known += derivatives.share * (layout.to_entries(layout.to_rows(each)) - each)
    drive = steps.drive * known
    forget = steps.forget * known
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
    unknown, known = np.maximum(path.begun, 0)
    sign, power = layout.to_entries(layout.sign), np.ones(1)
    unknown_by, known_by = path.likelihood
    if rule == "shared" and not layout.single:
        power = layout.to_entries(1 / layout.size)
    difference, own = known_by - unknown_by, sign * power
    lift = sign * known * known_by * (1 - known_by)
    return Derivatives(
        known_unit=difference * known * unknown,
        logit_unit=lift + sign * unknown * unknown_by * (1 - unknown_by),
        logit_own=-own * difference,
        lift_unit=lift,
        lift_own=own * (1 - known_by),
    )


def _joined(layout: Layout, path: Path, rule: Rule) -> Derivatives:
    """Rows that are answered with one guess and one slip."""
    unknown, known = np.maximum(path.begun, 0)
    unknown_by, known_by = path.likelihood
    conjunctive, sign = rule == "conjunctive", layout.sign
    factor = np.maximum(known if conjunctive else unknown, SMALL)
    product = np.multiply.reduceat(factor, layout.starts)
    others = layout.to_entries(product) / factor
    enough, given = (product, others) if conjunctive else (1 - product, 1 - others)
    # Of the likelihoods, by the logit of guess where unknown, and by the lift where known.
    by_guess = layout.to_entries(sign * unknown_by * (1 - unknown_by))
    by_lift = layout.to_entries(sign * known_by * (1 - known_by))
    difference = layout.to_entries(known_by - unknown_by)
    # Each entry's odds are multiplied by what the others leave open, over guess or under 1 - slip.
    decided = layout.to_entries(known_by) * given + layout.to_entries(unknown_by) * (1 - given)
    way = 1.0 if conjunctive else -1.0
    certain = layout.to_entries(sign * (1 - (unknown_by if conjunctive else known_by)))
    move = by_lift * given / decided
    lift = sign * enough * known_by * (1 - known_by)
    return Derivatives(
        known_unit=difference * layout.to_entries(product) * (unknown if conjunctive else known),
        logit_unit=lift + sign * (1 - enough) * unknown_by * (1 - unknown_by),
        logit_own=way * (move + by_guess * (1 - given) / decided - certain),
        lift_unit=lift,
        lift_own=way * (move - (0.0 if conjunctive else certain)),
        cross=others / decided,
        share=way * difference * (unknown if conjunctive else known),
    )


class _Steps(NamedTuple):
    """How the log odds of a belief as an entry begins change, with those of the belief before.

    Attributes
    ----------
    carry : float array, shape (n_entries,)
        By the log odds after the chain's last response.
    drive, forget : float arrays, shape (n_entries,)
        By the logits of the prior or of learning, and of forgetting.
    """

    carry: Floats
    drive: Floats
    forget: Floats


def _steps(layout: Layout, local: Coefficients, path: Path) -> _Steps:
    stay, rise = path.moves
    before, begun = np.stack([old.take(layout.before) for old in path.posterior]), path.begun
    spread = np.maximum(begun[0] * begun[1], TINY)
    over = before / spread  # the old beliefs over the product of the new ones
    both = over[0] * before[1]
    if len(spread) and min(before.min(), begun.min()) < 0:
        far = np.flatnonzero((before < 0).any(axis=0) | (begun < 0).any(axis=0))
        logs = [_logarithms(beliefs[:, far]) for beliefs in (before, begun)]
        over[:, far] = np.exp(np.minimum(logs[0] - logs[1].sum(axis=0), FARTHEST))
        both[far] = np.exp(logs[0].sum(axis=0) - logs[1].sum(axis=0))
    if local.forget is None or local.keep is None:
        return _Steps(both * stay, over[0] * stay * rise, np.zeros(1))
    return _Steps(
        both * (local.keep - rise), over[0] * stay * rise, -over[1] * local.keep * local.forget
    )


def _logarithms(beliefs: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.where(beliefs < 0, beliefs, np.log(np.maximum(beliefs, 0)))


def _prepare(
    layout: Layout,
    local: Coefficients,
    path: Path,
    derivatives: Derivatives,
    steps: _Steps,
) -> Prepared:
    weights, rho = local.parameters.weights, local.parameters.dynamics.rho
    joined = derivatives.cross is not None
    per_entry, own = derivatives.logit_unit, derivatives.logit_own
    if joined:
        per_entry = layout.to_entries(per_entry / layout.size)
    drive = -local.weight * steps.drive
    answered = (layout.sign if joined else layout.to_entries(layout.sign)) != 0
    part = np.ones(1) if joined else 1 / layout.size
    return Prepared(
        unit=answered / path.scale,
        ability_unit=drive * derivatives.known_unit + weights.answer * per_entry,
        ability_own=drive + weights.answer * own,
        residual_unit=weights.residual * per_entry if weights.residual else None,
        residual_own=weights.residual * own,
        before_unit=steps.carry * derivatives.known_unit,
        before_own=steps.carry,
        drive=drive,
        gain=local.gain * part,
        recent=layout.sign * (1 - rho) * part,
        hold=np.where(layout.sign == 0, 1.0, rho),
        cross=derivatives.cross,
        share=derivatives.share,
    )


def _of_dynamics(
    layout: Layout, path: Path, dynamics: Dynamics, adjoint: Adjoint, *, rule: Rule
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
