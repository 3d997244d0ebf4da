"""The exact gradient of coupled BKT's log-likelihood, by reverse accumulation.

A pass forward leaves every belief and ability behind; around these the equations are linear. Going
back along them (`adaptlearn.models.bkt.individual.links`) gives what each response did to all that
follow. Beliefs are told by their log odds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.belief import TINY
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
from adaptlearn.models.bkt.individual.links import Links
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
    links: Links | None = None,
    *,
    effects: Effects | None = None,
) -> CoupledParameters:
    """The derivatives of `log_likelihood`, in the shape of the parameters.

    Parameters
    ----------
    layout, local, path : Layout, Coefficients, Path
        Of a pass that began with new students, from `adaptlearn.models.bkt.individual.equations`.
    links : Links, optional
        Those of the layout, where they are at hand.
    effects : Effects, optional
        Those of the path, likewise.
    """
    parameters, rule = local.parameters, local.rule
    joined = joins(rule)
    if links is None:
        links = Links.of(layout, path.n_chains, joined=joined)
    if effects is None:
        effects = effects_of(layout, local, path, links)
    (derivatives, steps, _), adjoint = effects
    of_scale, of_after = adjoint[links.scale], adjoint[links.after]

    def over(unit: Floats, own: Floats) -> Floats:
        """An adjoint of units, shared out among their entries."""
        if not joined:
            return unit * of_scale + own * of_after
        total = unit * of_scale + layout.to_rows(own * of_after)
        return layout.to_entries(total / layout.size)

    drive = steps.drive * adjoint[links.begun]
    forget = steps.forget * adjoint[links.begun]
    logit = over(derivatives.logit_unit, derivatives.logit_own)
    lift = over(derivatives.lift_unit, derivatives.lift_own)
    by_row = adjoint[links.logit]
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
        dynamics=_of_dynamics(
            layout,
            path,
            parameters.dynamics,
            ability=adjoint[links.ability],
            residual=adjoint[links.residual],
            rule=rule,
        ),
    )


class Effects(NamedTuple):
    """What the unknowns of the equations around a path do to the log-likelihood.

    Attributes
    ----------
    slopes : Slopes
    adjoint : float array, shape (n_unknowns,)
        The derivatives of the log-likelihood by the right-hand sides. It stands in the memory of
        the equations, whose next solution overwrites it.
    """

    slopes: Slopes
    adjoint: Floats


def effects_of(layout: Layout, local: Coefficients, path: Path, links: Links) -> Effects:
    """Those around a path."""
    slopes = slopes_of(layout, local, path)
    of_likelihood = (to_units(layout, layout.sign, local.rule) != 0) / path.scale
    terms = [*slopes.terms, *terms_of(layout, local)]
    adjoint = links.system.back.put(terms).solve([(links.scale, of_likelihood)])
    return Effects(slopes, adjoint)


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


class Steps(NamedTuple):
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


def _steps(layout: Layout, local: Coefficients, path: Path) -> Steps:
    stay, rise = path.moves
    before, begun = np.stack([old.take(layout.before) for old in path.posterior]), path.begun
    spread = np.maximum(begun[0] * begun[1], TINY)
    over = before / spread  # the old beliefs over the product of the new ones
    both = over[0] * before[1]
    if len(spread) and min(before.min(), begun.min()) < 0:
        far = np.flatnonzero((before < 0).any(axis=0) | (begun < 0).any(axis=0))
        logs = [logarithms(beliefs[:, far]) for beliefs in (before, begun)]
        over[:, far] = np.exp(np.minimum(logs[0] - logs[1].sum(axis=0), FARTHEST))
        both[far] = np.exp(logs[0].sum(axis=0) - logs[1].sum(axis=0))
    if local.forget is None or local.keep is None:
        return Steps(both * stay, over[0] * stay * rise, np.zeros(1))
    return Steps(
        both * (local.keep - rise), over[0] * stay * rise, -over[1] * local.keep * local.forget
    )


def logarithms(beliefs: Floats) -> Floats:
    """Of beliefs some of which are held by their logarithms."""
    with np.errstate(divide="ignore"):
        return np.where(beliefs < 0, beliefs, np.log(np.maximum(beliefs, 0)))


class Slopes(NamedTuple):
    """How everything changes with what is before it, around a path.

    Attributes
    ----------
    derivatives : Derivatives
    steps : Steps
    terms : list of float arrays
        The values of the first parts of `adaptlearn.models.bkt.individual.links.Links`.
    """

    derivatives: Derivatives
    steps: Steps
    terms: list[Floats | float]


def slopes_of(layout: Layout, local: Coefficients, path: Path) -> Slopes:
    """Those around a path."""
    derivatives = (_joined if joins(local.rule) else _apart)(layout, path, local.rule)
    steps = _steps(layout, local, path)
    terms: list[Floats | float] = [
        steps.carry,
        -local.weight * steps.drive,
        derivatives.known_unit,
        derivatives.logit_unit,
        derivatives.logit_own,
    ]
    cross, share = derivatives.cross, derivatives.share
    if cross is None or share is None:
        terms.append(1.0)
    else:
        terms += [1 - cross * share, share, cross]
    return Slopes(derivatives, steps, terms)


def terms_of(layout: Layout, local: Coefficients) -> list[Floats | float]:
    """The values of the other parts: of the parameters alone, whatever the path."""
    weights, rho, joined = (
        local.parameters.weights,
        local.parameters.dynamics.rho,
        joins(local.rule),
    )
    part: Floats | float = 1.0 if joined or layout.single else 1 / layout.size
    missed, recent = -local.gain * part, -layout.sign * (1 - rho) * part
    if not joined:
        missed, recent = layout.to_entries(missed), layout.to_entries(recent)
    hold = np.where(layout.sign == 0, 1.0, rho)
    return [weights.answer, weights.residual, 1.0, hold, missed, recent]


def _of_dynamics(
    layout: Layout,
    path: Path,
    dynamics: Dynamics,
    *,
    ability: Floats,
    residual: Floats,
    rule: Rule,
) -> Dynamics:
    """By the adjoints of ability and residual after each row."""
    missed = 1 - path.scale
    if not joins(rule):
        missed = layout.to_rows(missed) / layout.size
    missed *= layout.sign
    by_gain = ability * missed
    decay = 1 / (1 + dynamics.beta * layout.clock)
    recent = residual * (path.residual - missed)
    return Dynamics(
        alpha=dot(by_gain, decay),
        beta=dot(by_gain, decay * decay * layout.clock) * -dynamics.alpha,
        gamma=float(by_gain.sum()),
        rho=float(recent[layout.sign != 0].sum()),
    )
