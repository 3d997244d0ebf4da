"""What a BKT expects of students before and after each response of a log, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.belief import Beliefs, next_opportunity
from adaptlearn.models.bkt.entries import first_entries, of_sequences, previous_entries
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.individual.layout import ChainVectors
from adaptlearn.models.bkt.individual.model import chains_of, chance_of_right, known_next
from adaptlearn.models.bkt.parameters import Cells
from adaptlearn.models.bkt.records import LastResponses, StudentVectors
from adaptlearn.models.bkt.serve.beliefs import probability_correct
from adaptlearn.models.bkt.serve.passes import advance, cells_of, chance_of_next, next_cells
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.models.bkt.student_classes import mixed, shares
from adaptlearn.models.estimates import Estimates
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog


def advance_with_estimates(
    model: Fitted,
    state: BKTState,
    log: ResponseLog,
    *,
    students: Ints,
    codes: Ints,
    skills: list[Any],
) -> Estimates:
    """As `advance`, with what `chance_of_next` says of each entry's pair before and after it.

    Only responses on a skill change the belief about the student on this skill. So the estimate
    after one response is the estimate before the next. An individualised model is of
    `advance_individual`.
    """
    by_class, sequences = model.by_student_class(), log.sequences
    asked = students[sequences.minor], codes
    none = np.zeros_like(codes)
    first = [chance_of_next(own, state, *asked, items=none) for own in by_class]
    passed = advance(model, state, log, students=students, codes=codes, skills=skills, trail=True)
    which = of_sequences(sequences, cells_of(model, codes))
    after = [
        _chances(own, which, beliefs, passed.taught)
        for own, beliefs in zip(by_class, passed.trails, strict=True)
    ]
    previous, begins = previous_entries(sequences), first_entries(sequences)
    before = [chances[previous] for chances in after]
    for chances, as_it_begins in zip(before, first, strict=True):
        chances[begins] = as_it_begins
    if model.student_classes is None or passed.mixed is None:
        return Estimates(before[0], after[0])
    found, weights = passed.mixed, model.student_classes.weights
    return Estimates(
        _together(log, before, found.begun, weights),
        _together(log, after, found.begun + found.told, weights),
    )


def _chances(model: Fitted, which: Ints, after: Beliefs, taught: LastResponses | None) -> Floats:
    """P(correct) of the response that follows each entry on its skill."""
    table, cells = model.table, next_cells(model, which, np.arange(len(which)), taught)
    begun = next_opportunity(after, table.learn[cells.learn], table.forget[cells.forget])
    return probability_correct(begun.p_known, table.guess[which], table.slip[which])


def _together(log: ResponseLog, chances: list[Floats], evidence: Floats, weights: Floats) -> Floats:
    """What classes of students expect together; `evidence` has the shape (n_classes, n_rows)."""
    share = shares(evidence, weights)
    return mixed(share if log.skill_rows is None else share[:, log.skill_rows], chances)


def advance_individual(
    model: Fitted,
    state: BKTState,
    log: ResponseLog,
    *,
    students: Ints,
    codes: Ints,
    skills: list[Any],
) -> Estimates:
    """As `advance_with_estimates`, of an individualised model and a log of one skill per response.

    What is expected of one skill depends on the responses on all: the estimates before and after
    each response are those of what is then known of the student.
    """
    sequences = log.sequences
    which = of_sequences(sequences, cells_of(model, codes))
    previous, begins = previous_entries(sequences), first_entries(sequences)
    who = students[sequences.minor]
    slots = state.find(who, codes)
    held, new = np.flatnonzero(slots >= 0), np.flatnonzero(slots < 0)
    old = chains_of(state, slots[held])
    old_taught = None if state.last is None else state.last.take(slots[held])
    told = np.zeros(len(which))
    told[begins[new]] = state.told.begun(who[new], codes[new], np.zeros(len(new)))
    passed = advance(model, state, log, students=students, codes=codes, skills=skills, trail=True)
    assert passed.students is not None
    assert passed.students.trail is not None
    begun, left, chains = passed.students.trail
    taught = passed.taught
    every = np.arange(len(which))
    after = _individual_chances(model, which, left, met=every, chains=chains, taught=taught)

    met = previous >= 0
    met[begins[held]] = True
    at = np.flatnonzero(met)
    chains = ChainVectors(*_before(chains, previous, begins[held], old)).take(at)
    if taught is not None:
        taught = LastResponses(*_before(taught, previous, begins[held], old_taught)).take(at)
    before = _individual_chances(
        model, which, begun, met=at, chains=chains, taught=taught, told=told
    )
    return Estimates(before, after)


def _before(
    after: tuple[Any, ...], previous: Ints, begins: Ints, old: tuple[Any, ...] | None
) -> list[NDArray[Any]]:
    """What is known before each entry, from what is after each, and before the log."""
    fields: list[NDArray[Any]] = [field[previous] for field in after]
    for field, values in zip(fields, old or (), strict=False):
        field[begins] = values
    return fields


def _individual_chances(
    model: Fitted,
    which: Ints,
    standing: StudentVectors,
    *,
    met: Ints,
    chains: ChainVectors,
    taught: LastResponses | None,
    told: Floats | None = None,
) -> Floats:
    """As `chance_of_next`, from what is known of students, and of the pairs that are met."""
    assert model.individual is not None
    cells = next_cells(model, which, met, taught)
    known = known_next(model.individual, standing, cells, met, chains)
    if told is not None:
        known = np.where(told > 0, told, known)
    nameless = np.full(len(which), len(model.individual.items))
    same = Cells.same(which)
    return chance_of_right(model.individual, standing, same, items=nameless, known=known)
