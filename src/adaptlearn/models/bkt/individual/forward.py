"""The pass along the students' responses: at each, what is believed, then what the answer changes.

Responses go level by level, all students at once. Where few students are left, and where a belief
leaves the range of numbers, each is followed alone, in plain numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.belief import TINY
from adaptlearn.models.bkt.individual.alone import follow, follow_in_range
from adaptlearn.models.bkt.individual.equations import (
    FARTHEST,
    SMALL,
    Coefficients,
    Rule,
    Weights,
    joins,
)
from adaptlearn.models.bkt.individual.exponential import exponential
from adaptlearn.models.bkt.individual.layout import ChainVectors, Layout
from adaptlearn.models.bkt.records import StudentVectors
from adaptlearn.models.sequential.levels import narrow_from, rest_of_each
from adaptlearn.numerics import Bools, Floats, Ints

FEW = 32
"""Students left below which each is followed alone."""


class Path(NamedTuple):
    """Everything along one pass.

    Beliefs have a leading axis of states, not known and known; one too small for a number is held
    by its logarithm, as in `adaptlearn.models.bkt.belief.Beliefs`.

    Attributes
    ----------
    ability, residual : float arrays, shape (n_rows,)
        As each row begins.
    moves : float array, shape (2, n_entries)
        P(not learned) and P(learned) into the entry; of a chain's first, of its prior.
    begun : float array, shape (2, n_entries)
        Beliefs as the entry begins.
    likelihood : float array, shape (2, n_units)
        P(the answer given), where unknown and where known; 1/2 both for an exposure.
    scale : float array, shape (n_units,)
        P(the answer given).
    posterior : float array, shape (2, n_sequences + n_entries)
        The chains' old beliefs, then those after each entry.
    last_ability, last_residual : float arrays, shape (n_present,)
    """

    ability: Floats
    residual: Floats
    moves: Floats
    begun: Floats
    likelihood: Floats
    scale: Floats
    posterior: Floats
    last_ability: Floats
    last_residual: Floats

    @property
    def n_chains(self) -> int:
        """How many old beliefs `posterior` begins with."""
        return len(self.posterior[0]) - len(self.begun[0])


def run(
    layout: Layout,
    local: Coefficients,
    students: StudentVectors,
    chains: ChainVectors,
) -> Path:
    """The forward pass.

    Parameters
    ----------
    layout, local : Layout, Coefficients
    students, chains : StudentVectors, ChainVectors
        Before the log.
    """
    path = _empty(layout, local, students, chains)
    bounds = layout.row_levels
    narrow = narrow_from(bounds, FEW)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        _run_levels(layout, local, path, narrow)
        far = _out_of_range(layout, path, int(layout.entry_levels[narrow]))
        rest = [
            (number, rows)
            for number, rows in enumerate(rest_of_each(bounds, narrow))
            if not far[number]
        ]
        if layout.single and rest:
            rest = _run_in_range(layout, local, path, rest, int(bounds[narrow]))
    for number, rows in rest:
        _run_alone(layout, local, path, number, rows)
    sizes = np.diff(bounds)
    for number in np.flatnonzero(far).tolist():
        student = layout.students[number]
        path.last_ability[number] = students.ability[student]
        path.last_residual[number] = students.residual[student]
        rows = bounds[: int(np.sum(sizes > number))] + number
        _run_alone(layout, local, path, number, rows)
    return path


class Span(NamedTuple):
    """Rows that are followed together, their entries and units, and which belong to which."""

    rows: slice
    entries: slice
    units: slice
    owner: Ints
    starts: Ints


def _run_levels(layout: Layout, local: Coefficients, path: Path, n_levels: int) -> None:
    """The first levels, into the path."""
    row_levels = layout.row_levels[: n_levels + 1].tolist()
    entry_levels = layout.entry_levels[: n_levels + 1].tolist()
    unit_levels = row_levels if joins(local.rule) else entry_levels
    for level in range(n_levels):
        rows = slice(row_levels[level], row_levels[level + 1])
        entries = slice(entry_levels[level], entry_levels[level + 1])
        span = Span(
            rows,
            entries,
            slice(unit_levels[level], unit_levels[level + 1]),
            layout.owner[entries],
            layout.local_starts[rows],
        )
        m = rows.stop - rows.start
        path.ability[rows], path.residual[rows] = path.last_ability[:m], path.last_residual[:m]
        respond(layout, local, path, span)
        steps = student_steps(layout, local, path, span)
        path.last_ability[:m] += steps[0]
        path.last_residual[:m] += steps[1]


def respond(layout: Layout, local: Coefficients, path: Path, span: Span) -> None:
    """What some rows find and leave, into the path, where their abilities and residuals are."""
    rows, entries, units, owner, starts = span
    rule, single, n_chains = local.rule, layout.single, path.n_chains
    joined = joins(rule)
    ability = path.ability[rows]
    begun, likelihood = path.begun[:, entries], path.likelihood[:, units]
    _begin(layout, local, path, entries, ability if single else ability.take(owner))
    odds = _against(local.parameters.weights, ability, path.residual[rows], layout.sign[rows])
    if not (single or joined):
        odds = odds.take(owner)
    unlike = np.multiply(local.odds[:, units], odds, out=likelihood)
    unlike += 1
    # The answer's probability, and the beliefs after it.
    scale = path.scale[units]
    after = path.posterior[:, n_chains + entries.start : n_chains + entries.stop]
    several = joined and not single
    if not several:
        np.divide(begun, unlike, out=after)
        np.add(after[0], after[1], out=scale)
        if rule == "shared" and not single:
            np.divide(begun, unlike ** (1 / layout.size[rows]).take(owner), out=after)
            after /= after[0] + after[1]
        else:
            after /= scale
    ones = np.flatnonzero(layout.size[rows] == 1) if several else starts[:0]
    apart = unlike[:, ones]
    np.reciprocal(unlike, out=likelihood)
    if several:
        _join(begun, likelihood, scale, after, owner=owner, starts=starts, rule=rule)
    if len(ones):  # to the same bits as where no row has several skills
        at = starts[ones]
        apart = begun[:, at] / apart
        scale[ones] = apart[0] + apart[1]
        after[:, at] = apart / scale[ones]


def student_steps(
    layout: Layout, local: Coefficients, path: Path, span: Span
) -> tuple[Floats, Floats]:
    """What some rows add to the students' abilities and residuals."""
    rows = span.rows
    sign, missed = layout.sign[rows], 1 - path.scale[span.units]
    if not (layout.single or joins(local.rule)):
        missed = np.add.reduceat(missed, span.starts) / layout.size[rows]
    of_ability = local.gain[rows] * missed
    missed *= sign
    missed -= path.residual[rows]
    missed *= sign * sign  # an exposure leaves no residual
    missed *= 1 - local.parameters.dynamics.rho
    return of_ability, missed


def _begin(
    layout: Layout, local: Coefficients, path: Path, entries: slice, ability: Floats
) -> None:
    """The chains' step into an opportunity, into the path."""
    moves, begun = path.moves[:, entries], path.begun[:, entries]
    stay, rise = moves
    np.multiply(local.weight[entries], ability, out=stay)
    stay += local.drive[entries]
    np.minimum(stay, FARTHEST, out=stay)
    exponential(stay, out=stay)
    np.add(stay, 1, out=rise)
    np.reciprocal(rise, out=rise)
    stay *= rise
    at = layout.before[entries]
    unknown, known = path.posterior[0].take(at), path.posterior[1].take(at)
    np.multiply(moves, unknown, out=begun)
    if local.forget is None or local.keep is None:
        begun[1] += known
    else:
        begun[0] += local.forget[entries] * known
        begun[1] += local.keep[entries] * known


def _against(weights: Weights, ability: Floats, residual: Floats, sign: Floats) -> Floats:
    """The odds against each answer that come from ability and residual."""
    odds = ability * -weights.answer
    odds -= residual * weights.residual
    odds *= sign
    return exponential(odds, out=odds)


def _run_in_range(
    layout: Layout, local: Coefficients, path: Path, rest: list[tuple[int, Ints]], first: int
) -> list[tuple[int, Ints]]:
    """The rest of some students from a place on, into the path; what then remains of each.

    That is from the first row on at which a belief is too small for a number.
    """
    n_chains = path.n_chains
    place_of = np.full(len(path.posterior[0]), -1)
    for number, rows in rest:
        standing = float(path.last_ability[number]), float(path.last_residual[number])
        place_of[n_chains + rows] = np.arange(len(rows))
        found = follow_in_range(layout, local, rows, path.posterior, standing, place_of=place_of)
        path.ability[rows], path.residual[rows] = found.rows[:, :-1]
        path.last_ability[number], path.last_residual[number] = found.rows[:, -1]
        path.posterior[:, n_chains + rows] = found.posterior
    held: Bools = np.isnan(path.posterior[0, n_chains + first :])
    held |= np.any(path.posterior[:, layout.before[first:]] < 0, axis=0)
    all_rest = slice(first, len(layout.rows))
    respond(layout, local, path, Span(all_rest, all_rest, all_rest, layout.owner, layout.starts))
    new = path.posterior[:, n_chains + first :]
    held |= ~np.all((path.begun[:, first:] >= TINY) & (new >= TINY), axis=0)
    remains = []
    for number, rows in rest if held.any() else []:
        lost = np.flatnonzero(held[rows - first])
        if len(lost):
            here = rows[lost[0] :]
            path.last_ability[number] = path.ability[here[0]]
            path.last_residual[number] = path.residual[here[0]]
            remains.append((number, here))
    return remains


def _run_alone(
    layout: Layout,
    local: Coefficients,
    path: Path,
    number: int,
    rows: Ints,
) -> None:
    """Some rows of one student, into the path."""
    standing = float(path.last_ability[number]), float(path.last_residual[number])
    found = follow(layout, local, rows, path.posterior, standing)
    entries = layout.entries_of(rows)
    units = rows if joins(local.rule) else entries
    path.ability[rows], path.residual[rows] = found.rows.T
    path.moves[:, entries] = found.entries[:, :2].T
    path.begun[:, entries] = found.entries[:, 2:4].T
    path.posterior[:, path.n_chains + entries] = found.entries[:, 4:].T
    path.likelihood[:, units] = found.units[:, :2].T
    path.scale[units] = found.units[:, 2]
    path.last_ability[number], path.last_residual[number] = found.ability, found.residual


def _empty(
    layout: Layout, local: Coefficients, students: StudentVectors, chains: ChainVectors
) -> Path:
    n_rows, n_entries = len(layout.rows), len(layout.entries)
    return Path(
        ability=np.empty(n_rows),
        residual=np.empty(n_rows),
        moves=np.empty((2, n_entries)),
        begun=np.empty((2, n_entries)),
        likelihood=np.empty(local.odds.shape),
        scale=np.empty(local.odds.shape[1]),
        posterior=np.concatenate((chains.begun(), np.empty((2, n_entries))), axis=1),
        last_ability=students.ability[layout.students],
        last_residual=students.residual[layout.students],
    )


def _out_of_range(layout: Layout, path: Path, n_entries: int) -> Bools:
    """The students of whom a belief is too small for a number, by their place in the layout."""
    far = np.zeros(len(layout.students), bool)
    old, first = path.posterior[:, : path.n_chains], layout.before < path.n_chains
    if old.size and old.min() < 0:
        at = np.flatnonzero(first)
        far[layout.owner[at[(old[:, layout.before[at]] < 0).any(axis=0)]]] = True
    new = path.posterior[:, path.n_chains : path.n_chains + n_entries]
    for beliefs in (path.begun[:, :n_entries], new):
        if beliefs.size and beliefs.min() < TINY:
            far[layout.owner[np.flatnonzero((beliefs < TINY).any(axis=0))]] = True
    return far


def _join(
    begun: Floats,
    likelihood: Floats,
    scale: Floats,
    after: Floats,
    *,
    owner: Ints,
    starts: Ints,
    rule: Rule,
) -> None:
    """P(the answer) of each row, and each skill's posterior, into `scale` and `after`."""
    unknown_by, known_by = likelihood
    conjunctive = rule == "conjunctive"
    factor = np.maximum(begun[int(conjunctive)], SMALL)
    product = np.multiply.reduceat(factor, starts)
    others = product.take(owner) / factor
    # P(right is by knowing): of the row, and where this skill is what the others leave open.
    enough, given = (product, others) if conjunctive else (1 - product, 1 - others)
    np.multiply(known_by, enough, out=scale)
    scale += unknown_by * (1 - enough)
    by_unknown, by_known = unknown_by.take(owner), known_by.take(owner)
    decided = by_known * given
    decided += by_unknown * (1 - given)
    np.multiply(begun[0], by_unknown if conjunctive else decided, out=after[0])
    np.multiply(begun[1], decided if conjunctive else by_known, out=after[1])
    after /= after[0] + after[1]
