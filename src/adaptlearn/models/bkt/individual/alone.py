"""One student's responses in plain numbers: where few are left, arrays cost more calls than work.

What is found is what `adaptlearn.models.bkt.individual.forward` finds level by level, but for the
rounding of rows with several skills; besides, a belief too small for a number is held by its
logarithm.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.belief import TINY
from adaptlearn.models.bkt.individual.equations import (
    FARTHEST,
    SMALL,
    Coefficients,
    CoupledParameters,
    Rule,
    joins,
)
from adaptlearn.models.bkt.individual.layout import Layout
from adaptlearn.numerics import Floats, Ints

_LOG_TINY = math.log(TINY)

_Pair = tuple[float, float]  # of the states: not known, known


class Followed(NamedTuple):
    """What following one student finds, in the order of the rows.

    Attributes
    ----------
    rows : float array, shape (n_rows, 2)
        Ability and residual as each begins.
    entries : float array, shape (n_entries, 6)
        P(not learned) and P(learned), the beliefs as each begins, those after it.
    units : float array, shape (n_units, 3)
        The likelihoods of the answer, its probability.
    ability, residual : float
        After the last.
    """

    rows: Floats
    entries: Floats
    units: Floats
    ability: float
    residual: float


def follow(
    layout: Layout,
    local: Coefficients,
    rows: Ints,
    posterior: Floats,
    standing: _Pair,
) -> Followed:
    """Predict and update along some rows of one student.

    Parameters
    ----------
    layout, local
        Of the whole pass.
    rows : int array
        Their places, in order of time.
    posterior : float array, shape (2, n_sequences + n_entries)
        Beliefs so far.
    standing : (float, float)
        The student's ability and residual.
    """
    one_by_one = _one_skill_each if layout.single else _several_skills
    return one_by_one(layout, local, rows, posterior, standing)


def _one_skill_each(
    layout: Layout,
    local: Coefficients,
    rows: Ints,
    posterior: Floats,
    standing: _Pair,
) -> Followed:
    ability, residual = standing
    answer, recent, part = _weights(local.parameters)
    before, n_chains = layout.before[rows], posterior.shape[1] - len(layout.entries)
    exp, logits = np.exp, np.empty(2)
    held: dict[int, _Pair] = {}
    found = []
    for place, chain, old, weight, drive, (forget, keep), (
        unknown_odds,
        known_odds,
    ), gain, sign in zip(
        (rows + n_chains).tolist(),
        before.tolist(),
        posterior[:, before].T.tolist(),
        local.weight[rows].tolist(),
        local.drive[rows].tolist(),
        _forgetting(local, rows),
        local.odds[:, rows].T.tolist(),
        local.gain[rows].tolist(),
        layout.sign[rows].tolist(),
        strict=True,
    ):
        unknown, known = held.pop(chain, old)
        against = weight * ability + drive
        logit = ability * answer
        logit -= residual * recent
        logits[0], logits[1] = min(FARTHEST, against), logit * sign
        against, more = exp(logits, logits).tolist()
        rise = 1 / (against + 1)
        stay = against * rise
        by_unknown, by_known = 1 / (unknown_odds * more + 1), 1 / (known_odds * more + 1)
        one, other = stay * unknown + forget * known, rise * unknown + keep * known
        joint, rest = one * by_unknown, other * by_known
        scale = (joint + rest) or _NAN
        joint /= scale
        rest /= scale
        if unknown < 0 or known < 0 or one < TINY or other < TINY or joint < TINY or rest < TINY:
            one, other = _moved((unknown, known), (stay, rise), (forget, keep))
            scale = max(one, 0.0) * by_unknown + max(other, 0.0) * by_known
            joint, rest = _answered((one, other), (by_unknown, by_known))
        held[place] = joint, rest
        found.append(
            (ability, residual, stay, rise, one, other, joint, rest, by_unknown, by_known, scale)
        )
        missed = 1 - scale
        ability += gain * missed
        missed = (missed * sign - residual) * (sign * sign) * part
        residual += missed
    table = np.array(found)
    return Followed(table[:, :2], table[:, 2:8], table[:, 8:], ability, residual)


class Standing(NamedTuple):
    """What a student's rows leave that the next ones need.

    Attributes
    ----------
    rows : float array, shape (2, n_rows + 1)
        Ability and residual as each begins, and after the last.
    posterior : float array, shape (2, n_rows)
        Beliefs after each.
    """

    rows: Floats
    posterior: Floats


def follow_in_range(
    layout: Layout, local: Coefficients, rows: Ints, posterior: Floats, standing: _Pair
) -> Standing:
    """As `follow`, of rows with one skill each, in a third of the time.

    It is right up to the first row that begins or ends with a belief too small for a number.
    """
    ability, residual = standing
    answer, recent, part = _weights(local.parameters)
    before = layout.before[rows] - (posterior.shape[1] - len(layout.entries))
    mine = np.minimum(np.searchsorted(rows, before), len(rows) - 1)
    own = rows[mine] == before
    # Beliefs from elsewhere stand first, then those after each row.
    unknowns, knowns = posterior[:, layout.before[rows[~own]]].tolist()
    n_others = len(knowns)
    places = np.where(own, mine + n_others, np.cumsum(~own) - 1)
    abilities, residuals = [ability], [residual]
    exp, logits = np.exp, np.empty(2)
    for place, weight, drive, (forget, keep), unknown_odds, known_odds, gain, sign in zip(
        places.tolist(),
        local.weight[rows].tolist(),
        local.drive[rows].tolist(),
        _forgetting(local, rows),
        *local.odds[:, rows].tolist(),
        local.gain[rows].tolist(),
        layout.sign[rows].tolist(),
        strict=True,
    ):
        unknown, known = unknowns[place], knowns[place]
        logits[0] = weight * ability + drive
        logits[1] = (ability * answer - residual * recent) * sign
        against, more = exp(logits, logits).tolist()
        if against > _MOST_AGAINST:  # noqa: PLR1730 - `min` takes as long as all the sums
            against = _MOST_AGAINST
        rise = 1 / (against + 1)
        one, other = against * rise * unknown + forget * known, rise * unknown + keep * known
        joint = one * (1 / (unknown_odds * more + 1))
        rest = other * (1 / (known_odds * more + 1))
        scale = (joint + rest) or _NAN
        unknowns.append(joint / scale)
        knowns.append(rest / scale)
        missed = 1 - scale
        ability += gain * missed
        residual += (missed * sign - residual) * (sign * sign) * part
        abilities.append(ability)
        residuals.append(residual)
    return Standing(
        np.array((abilities, residuals)), np.array((unknowns[n_others:], knowns[n_others:]))
    )


_MOST_AGAINST = float(np.exp(np.array([FARTHEST] * 2))[0])


def _several_skills(
    layout: Layout,
    local: Coefficients,
    rows: Ints,
    posterior: Floats,
    standing: _Pair,
) -> Followed:
    ability, residual = standing
    rule, joined = local.rule, joins(local.rule)
    answer, recent, part = _weights(local.parameters)
    entries, n_chains = layout.entries_of(rows), posterior.shape[1] - len(layout.entries)
    before = layout.before[entries]
    columns = (
        (entries + n_chains).tolist(),
        before.tolist(),
        posterior[:, before].T.tolist(),
        local.weight[entries].tolist(),
        local.drive[entries].tolist(),
        _forgetting(local, entries),
    )
    along = zip(*columns, strict=True)
    unit_odds = iter(local.odds[:, rows if joined else entries].T.tolist())
    held: dict[int, _Pair] = {}
    of_rows, of_entries, of_units = [], [], []
    for size, gain, sign in zip(
        layout.size[rows].astype(np.int64).tolist(),
        local.gain[rows].tolist(),
        layout.sign[rows].tolist(),
        strict=True,
    ):
        mine = [*islice(along, size)]
        logit = ability * answer
        logit -= residual * recent
        logits = [min(weight * ability + drive, FARTHEST) for _, _, _, weight, drive, _ in mine]
        *against, more = np.exp([*logits, logit * sign]).tolist()
        by = [
            (1 / (one * more + 1), 1 / (other * more + 1))
            for one, other in islice(unit_odds, 1 if joined else size)
        ]
        moves, begun = [], []
        for (_, chain, old, _, _, keeping), odds in zip(mine, against, strict=True):
            rise = 1 / (odds + 1)
            moves.append((odds * rise, rise))
            begun.append(_moved(held.pop(chain, old), moves[-1], keeping))
        if joined:
            scales, after = _joined(begun, by[0], rule)
        else:
            scales, after = _apart(begun, by, 1 / size if rule == "shared" else 1.0)
        held.update((place, new) for (place, *_), new in zip(mine, after, strict=True))
        of_rows.append((ability, residual))
        of_entries += [(*a, *b, *c) for a, b, c in zip(moves, begun, after, strict=True)]
        of_units += [(*pair, scale) for pair, scale in zip(by, scales, strict=True)]
        missed = sum(1 - scale for scale in scales) / len(scales)
        ability += gain * missed
        missed = (missed * sign - residual) * (sign * sign) * part
        residual += missed
    return Followed(np.array(of_rows), np.array(of_entries), np.array(of_units), ability, residual)


def _weights(parameters: CoupledParameters) -> tuple[float, float, float]:
    """Of ability and residual in the log odds against an answer; of a residual in the mean."""
    weights = parameters.weights
    return -weights.answer, weights.residual, 1 - parameters.dynamics.rho


def _forgetting(local: Coefficients, entries: Ints) -> list[_Pair]:
    """P(forget) and 1 - P(forget) of some entries."""
    if local.forget is None or local.keep is None:
        return [(0.0, 1.0)] * len(entries)
    return [*zip(local.forget[entries].tolist(), local.keep[entries].tolist(), strict=True)]


def _apart(begun: list[_Pair], by: list[_Pair], power: float) -> tuple[list[float], list[_Pair]]:
    """P(the answer) by each skill of a row, and the belief after it."""
    scales = [
        max(unknown, 0.0) * one + max(known, 0.0) * other
        for (unknown, known), (one, other) in zip(begun, by, strict=True)
    ]
    after = [
        _answered(beliefs, (one**power, other**power))
        for beliefs, (one, other) in zip(begun, by, strict=True)
    ]
    return scales, after


def _joined(begun: list[_Pair], by: _Pair, rule: Rule) -> tuple[list[float], list[_Pair]]:
    """P(the answer) of a row with one guess and one slip, and each skill's belief after it."""
    conjunctive = rule == "conjunctive"
    factors = [max(beliefs[int(conjunctive)], SMALL) for beliefs in begun]
    product = math.prod(factors)
    after = []
    for beliefs, factor in zip(begun, factors, strict=True):
        given = product / factor if conjunctive else 1 - product / factor
        decided = by[1] * given + by[0] * (1 - given)
        own = (by[0], decided) if conjunctive else (decided, by[1])
        after.append(_answered(beliefs, own))
    enough = product if conjunctive else 1 - product
    return [by[1] * enough + by[0] * (1 - enough)], after


def _moved(before: _Pair, moves: _Pair, forgetting: _Pair) -> _Pair:
    """Beliefs as a response begins, each by its logarithm where it is too small for a number."""
    (unknown, known), (stay, rise), (forget, keep) = before, moves, forgetting
    if min(unknown, known) >= 0:
        one, other = stay * unknown + forget * known, rise * unknown + keep * known
        if min(one, other) >= TINY:
            return one, other
    one, other = _log(unknown), _log(known)
    return (
        _held(_log_of_sum(one + _log(stay), other + _log(forget))),
        _held(_log_of_sum(one + _log(rise), other + _log(keep))),
    )


def _answered(begun: _Pair, by: _Pair) -> _Pair:
    """Beliefs after an answer of these likelihoods, likewise."""
    if min(begun) >= 0:
        one, other = begun[0] * by[0], begun[1] * by[1]
        scale = (one + other) or _NAN
        after = one / scale, other / scale
        if not min(after) < TINY:
            return after
    one, other = _log(begun[0]) + _log(by[0]), _log(begun[1]) + _log(by[1])
    log_scale = _log_of_sum(one, other)
    return _held(one - log_scale), _held(other - log_scale)


_NAN = math.nan


def _log(belief: float) -> float:
    if belief < 0:
        return belief
    return math.log(belief) if belief else -math.inf


def _log_of_sum(one: float, other: float) -> float:
    low, high = min(one, other), max(one, other)
    return high + math.log1p(math.exp(low - high)) if low > -math.inf else high


def _held(log: float) -> float:
    return log if -math.inf < log < _LOG_TINY else math.exp(log)
