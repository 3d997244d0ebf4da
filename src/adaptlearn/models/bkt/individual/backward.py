"""From the last response back to the first, with what each did to those that follow."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.individual.layout import Layout
from adaptlearn.models.sequential.levels import narrow_from, rest_of_each
from adaptlearn.numerics import Floats, Ints


class Adjoint(NamedTuple):
    """Adjoints of units' scales, entries' posteriors, and of students after each row."""

    unit: Floats
    posterior: Floats
    ability: Floats
    residual: Floats


class Prepared(NamedTuple):
    """What a level does to the adjoints that are carried, by entry or row.

    ``*_unit`` is per unit of the adjoint of the entry's unit, ``*_own`` per unit of that of its
    posterior; ``unit`` holds the units' own log-likelihoods' adjoints. ``gain`` and ``recent``
    are a unit's part in the student's step of ability and residual, ``hold`` what a row keeps of
    the residual, ``drive`` how an entry's belief rises with the ability.
    """

    unit: Floats
    ability_unit: Floats
    ability_own: Floats
    residual_unit: Floats | None
    residual_own: Floats
    before_unit: Floats
    before_own: Floats
    drive: Floats
    gain: Floats
    recent: Floats
    hold: Floats
    cross: Floats | None
    share: Floats | None


def backward(layout: Layout, prepared: Prepared, n_chains: int) -> Adjoint:
    """The responses in reverse: of few students one by one, then the levels."""
    single, cross = layout.single, prepared.cross
    unit, residual_unit = prepared.unit, prepared.residual_unit
    posterior = np.zeros(n_chains + len(layout.entries))
    after_ability, after_residual = np.zeros(len(layout.rows)), np.zeros(len(layout.rows))
    all_ability, all_residual = np.zeros(len(layout.students)), np.zeros(len(layout.students))
    row_levels, entry_levels = layout.row_levels, layout.entry_levels
    unit_levels = entry_levels if cross is None else row_levels
    bounds = np.array(row_levels)
    narrow = narrow_from(bounds)
    for number, places in enumerate(rest_of_each(bounds, narrow)):
        found = _one_student(layout, prepared, places, n_chains)
        after_ability[places], after_residual[places] = found.rows[::-1].T
        unit[places if cross is not None else layout.entries_of(places)] = found.unit[::-1]
        posterior[[*found.posterior]] = [*found.posterior.values()]
        all_ability[number], all_residual[number] = found.ability, found.residual
    for level in range(narrow - 1, -1, -1):
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
        if not single and cross is None:
            step = step.take(owner)
        here = unit[unit_levels[level] : unit_levels[level + 1]]
        here -= step
        if cross is not None:
            here = here.take(owner)
        below = prepared.before_unit[entries] * here
        below += prepared.before_own[entries] * own
        change = prepared.ability_unit[entries] * here
        change += prepared.ability_own[entries] * own
        if cross is not None and prepared.share is not None:
            each = cross[entries] * own
            more = prepared.share[entries] * (np.add.reduceat(each, starts).take(owner) - each)
            below += prepared.before_own[entries] * more
            change += prepared.drive[entries] * more
        posterior[layout.before[entries]] = below
        ability += change if single else np.add.reduceat(change, starts)
        if residual_unit is not None:
            change = residual_unit[entries] * here
            change += prepared.residual_own[entries] * own
            residual *= prepared.hold[rows]
            residual += change if single else np.add.reduceat(change, starts)
    return Adjoint(unit, posterior[n_chains:], after_ability, after_residual)


class _Walked(NamedTuple):
    """Adjoints of one student, latest first.

    Attributes
    ----------
    rows : float array, shape (n_rows, 2)
        Of ability and residual after each.
    unit : float array, shape (n_units,)
    posterior : dict of int to float
        Of beliefs, by their place among all.
    ability, residual : float
        Before the first.
    """

    rows: Floats
    unit: Floats
    posterior: dict[int, float]
    ability: float
    residual: float


def _one_student(layout: Layout, prepared: Prepared, rows: Ints, n_chains: int) -> _Walked:
    """Some rows of one student in reverse, in plain numbers."""
    if layout.single:
        return _one_skill_each(layout, prepared, rows[::-1], n_chains)
    return _several_skills(layout, prepared, rows[::-1], n_chains)


def _one_skill_each(layout: Layout, prepared: Prepared, rows: Ints, n_chains: int) -> _Walked:
    ability = residual = 0.0
    posterior: dict[int, float] = {}
    of_rows, of_units = [], []
    recent = [(0.0, 0.0, 0.0, 0.0)] * len(rows)
    if prepared.residual_unit is not None:
        columns = (prepared.recent, prepared.hold, prepared.residual_unit, prepared.residual_own)
        recent = [*zip(*(column[rows].tolist() for column in columns), strict=True)]
    for place, before, unit, gain, a_unit, a_own, b_unit, b_own, (part, hold, r_unit, r_own) in zip(
        (rows + n_chains).tolist(),
        layout.before[rows].tolist(),
        prepared.unit[rows].tolist(),
        prepared.gain[rows].tolist(),
        prepared.ability_unit[rows].tolist(),
        prepared.ability_own[rows].tolist(),
        prepared.before_unit[rows].tolist(),
        prepared.before_own[rows].tolist(),
        recent,
        strict=True,
    ):
        of_rows.append((ability, residual))
        own = posterior.get(place, 0.0)
        here = unit - gain * ability - part * residual
        of_units.append(here)
        posterior[before] = b_unit * here + b_own * own
        ability += a_unit * here + a_own * own
        residual = residual * hold + r_unit * here + r_own * own
    return _Walked(np.array(of_rows), np.array(of_units), posterior, ability, residual)


def _several_skills(layout: Layout, prepared: Prepared, rows: Ints, n_chains: int) -> _Walked:
    ability = residual = 0.0
    posterior: dict[int, float] = {}
    of_rows, of_units = [], []
    entries, cross = layout.entries_of(rows[::-1])[::-1], prepared.cross
    units = iter(prepared.unit[entries if cross is None else rows].tolist())
    none = [0.0] * len(entries)
    columns = (
        prepared.ability_unit,
        prepared.ability_own,
        prepared.before_unit,
        prepared.before_own,
    )
    recent = (prepared.residual_unit, prepared.residual_own)
    joining = (cross, prepared.share, prepared.drive)
    along = zip(
        (entries + n_chains).tolist(),
        layout.before[entries].tolist(),
        *(column[entries].tolist() for column in columns),
        *(none if recent[0] is None or c is None else c[entries].tolist() for c in recent),
        *(none if cross is None or c is None else c[entries].tolist() for c in joining),
        strict=True,
    )
    for size, gain, part, hold in zip(
        layout.size[rows].astype(np.int64).tolist(),
        prepared.gain[rows].tolist(),
        prepared.recent[rows].tolist(),
        prepared.hold[rows].tolist(),
        strict=True,
    ):
        mine = [*islice(along, size)]
        owns = [posterior.get(entry[0], 0.0) for entry in mine]
        of_rows.append((ability, residual))
        step = gain * ability + part * residual
        here = [unit - step for unit in islice(units, size if cross is None else 1)]
        of_units += here
        residual *= hold
        each = [entry[8] * own for entry, own in zip(mine, owns, strict=True)]
        whole = sum(each)
        for entry, own, unit, mine_of_whole in zip(
            mine, owns, here if cross is None else here * size, each, strict=True
        ):
            _, before, a_unit, a_own, b_unit, b_own, r_unit, r_own, _, share, drive = entry
            more = share * (whole - mine_of_whole)
            posterior[before] = b_unit * unit + b_own * (own + more)
            ability += a_unit * unit + a_own * own + drive * more
            residual += r_unit * unit + r_own * own
    return _Walked(np.array(of_rows), np.array(of_units), posterior, ability, residual)
