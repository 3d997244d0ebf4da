"""One student's responses in plain numbers: where few are left, arrays cost more calls than work.

What is found is what `adaptlearn.models.bkt.individual.forward` finds level by level, but for the
rounding of rows with several skills; besides, a belief too small for a number is held by its
logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import Any, NamedTuple

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
from adaptlearn.models.bkt.individual.exponential import of_numbers, or_infinite
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
    held: dict[int, _Pair] = {}
    found = []
    for place, earlier, old, weight, drive, (forget, keep), (
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
        unknown, known = held.pop(earlier, old)
        against = or_infinite(min(FARTHEST, weight * ability + drive))
        more = or_infinite((ability * answer - residual * recent) * sign)
        rise = 1 / (against + 1)
        stay = against * rise
        unlike, other_unlike = unknown_odds * more + 1, known_odds * more + 1
        one, other = stay * unknown + forget * known, rise * unknown + keep * known
        joint, rest = one / unlike, other / other_unlike
        scale = (joint + rest) or _NAN
        joint /= scale
        rest /= scale
        if unknown < 0 or known < 0 or one < TINY or other < TINY or joint < TINY or rest < TINY:
            one, other = _moved((unknown, known), (stay, rise), (forget, keep))
            scale = max(one, 0.0) / unlike + max(other, 0.0) / other_unlike
            given = one / unlike, other / other_unlike
            joint, rest = _answered((one, other), given, (1 / unlike, 1 / other_unlike))
        held[place] = joint, rest
        found.append(
            (
                *(ability, residual, stay, rise, one, other, joint, rest),
                *(1 / unlike, 1 / other_unlike, scale),
            )
        )
        missed = 1 - scale
        ability += gain * missed
        missed = (missed * sign - residual) * (sign * sign) * part
        residual += missed
    table = np.array(found)
    return Followed(table[:, :2], table[:, 2:8], table[:, 8:], ability, residual)


class Standing(NamedTuple):
    """What a student's rows leave that the next ones need; nan after the row where it stopped.

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
    layout: Layout,
    local: Coefficients,
    rows: Ints,
    posterior: Floats,
    standing: _Pair,
    *,
    place_of: Ints,
) -> Standing:
    """As `follow`, of rows with one skill each, in a third of the time.

    It is right up to the first row that begins or ends with a belief too small for a number.

    Parameters
    ----------
    layout, local, rows, posterior, standing
        As for `follow`.
    place_of : int array, shape (n_sequences + n_entries,)
        The number of the row that leaves each belief; -1 for old beliefs.
    """
    ability, residual = standing
    answer, recent, part = _weights(local.parameters)
    places, old = _old_first(place_of[layout.before[rows]])
    unknowns, knowns = posterior[:, layout.before[rows[old]]].tolist()
    abilities, residuals = list[float](), list[float]()
    n, signs, exp = len(rows), layout.sign[rows], of_numbers()
    along = _in_plain_numbers(
        places,
        local.weight[rows],
        local.drive[rows],
        np.zeros(n) if local.forget is None else local.forget[rows],
        *local.odds[:, rows],
        local.gain[rows],
        signs,
        signs * signs * part,
    )
    with suppress(OverflowError, ZeroDivisionError):  # out of range: there it stops
        for place, weight, drive, forget, unknown_odds, known_odds, gain, sign, moved in along:
            abilities.append(ability)
            residuals.append(residual)
            unknown, known = unknowns[place], knowns[place]
            against = exp(weight * ability + drive)
            more = exp((ability * answer - residual * recent) * sign)
            # Where one is written 1.0 Python need not look whether the other is a float, too.
            rise = 1.0 / (against + 1.0)
            joint = (against * rise * unknown + forget * known) / (unknown_odds * more + 1.0)
            rest = (rise * unknown + (1.0 - forget) * known) / (known_odds * more + 1.0)
            scale = joint + rest
            unknowns.append(joint / scale)
            knowns.append(rest / scale)
            missed = 1.0 - scale
            ability += gain * missed
            residual += (missed * sign - residual) * moved
        abilities.append(ability)
        residuals.append(residual)
    del unknowns[: len(old)], knowns[: len(old)]
    found = Standing(np.full((2, n + 1), np.nan), np.full((2, n), np.nan))
    found.rows[:, : len(abilities)] = abilities, residuals
    found.posterior[:, : len(knowns)] = unknowns, knowns
    return found


def _old_first(places: Ints) -> tuple[Ints, Ints]:
    """Places of beliefs in a list that begins with old ones, and which are those: the negative."""
    old = np.flatnonzero(places < 0)
    moved = places + len(old)
    moved[old] = np.arange(len(old))
    return moved, old


_STRETCH = 1024
"""Responses of which plain numbers are made at a time: those of many do not fit in the cache."""


def _in_plain_numbers(*columns: Floats | Ints) -> Iterator[tuple[Any, ...]]:
    """The columns' values, row by row."""
    return chain.from_iterable(
        zip(*(column[first : first + _STRETCH].tolist() for column in columns), strict=True)
        for first in range(0, len(columns[0]), _STRETCH)
    )


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
        more = or_infinite((ability * answer - residual * recent) * sign)
        against = [
            or_infinite(min(weight * ability + drive, FARTHEST))
            for _, _, _, weight, drive, _ in mine
        ]
        unlike = [
            (one * more + 1, other * more + 1)
            for one, other in islice(unit_odds, 1 if joined else size)
        ]
        moves, begun = [], []
        for (_, earlier, old, _, _, keeping), odds in zip(mine, against, strict=True):
            rise = 1 / (odds + 1)
            moves.append((odds * rise, rise))
            begun.append(_moved(held.pop(earlier, old), moves[-1], keeping))
        by = [(1 / one, 1 / other) for one, other in unlike]
        if joined and size > 1:
            scales, after = _joined(begun, by[0], rule)
        else:
            scales, after = _apart(begun, unlike, 1 / size if rule == "shared" else 1.0)
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


def _apart(
    begun: list[_Pair], unlike: list[_Pair], power: float
) -> tuple[list[float], list[_Pair]]:
    """P(the answer) by each skill of a row, and the belief after it."""
    scales = [
        max(unknown, 0.0) / one + max(known, 0.0) / other
        for (unknown, known), (one, other) in zip(begun, unlike, strict=True)
    ]
    after = []
    for beliefs, pair in zip(begun, unlike, strict=True):
        one, other = pair[0] ** power, pair[1] ** power
        joint = beliefs[0] / one, beliefs[1] / other
        after.append(_answered(beliefs, joint, (1 / one, 1 / other)))
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
        after.append(_answered(beliefs, (beliefs[0] * own[0], beliefs[1] * own[1]), own))
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


def _answered(begun: _Pair, joint: _Pair, by: _Pair) -> _Pair:
    """Beliefs after an answer of these likelihoods, likewise; `joint` are the products of both."""
    if min(begun) >= 0:
        one, other = joint
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
