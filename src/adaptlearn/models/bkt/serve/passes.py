"""Along responses with a fitted model: what it predicts, and where students then stand.

Prediction of a log, mastery and live states all go through here, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.belief import Beliefs, next_opportunity
from adaptlearn.models.bkt.cells import Before, find_cells
from adaptlearn.models.bkt.entries import (
    EXPOSURE,
    entry_answers,
    first_entries,
    last_entries,
    of_sequences,
)
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.individual.filtering import FilteredStudents
from adaptlearn.models.bkt.individual.model import (
    chains_of,
    chance_of_right,
    known_next,
    pass_along,
    standing_of,
    store,
)
from adaptlearn.models.bkt.parameters import Cells
from adaptlearn.models.bkt.records import LastResponses
from adaptlearn.models.bkt.serve.beliefs import (
    Filtered,
    filter_sequences,
    probability_correct,
)
from adaptlearn.models.bkt.serve.mixing import Mixed, mix
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.models.bkt.student_classes import mixed
from adaptlearn.models.mastery import When
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog


class Passed(NamedTuple):
    """What going along a log finds.

    Attributes
    ----------
    p_correct : float array, shape (n_rows,)
        P(correct) of each row before its own answer is seen.
    beliefs : Beliefs, shape (n_sequences,)
        After the last response of each sequence.
    students : FilteredStudents, optional
        Where chains are coupled: all of where its students stand.
    slots : int array, shape (n_sequences,)
        Each sequence's pair in the state; -1 where it is new.
    last : LastResponses, optional
        Where parameters differ by class: each sequence's last response.
    mixed : Mixed, optional
        Where students are of several classes: what these predict together.
    trails : list of Beliefs, shape (n_entries,)
        Where it is wanted, after each entry; one for each class of students.
    taught : LastResponses, optional
        Where parameters differ by class: each entry.
    """

    p_correct: Floats
    beliefs: Beliefs
    students: FilteredStudents | None
    slots: NDArray[np.int64]
    last: LastResponses | None
    mixed: Mixed | None = None
    trails: Sequence[Beliefs] = ()
    taught: LastResponses | None = None


def pass_log(
    model: Fitted,
    log: ResponseLog,
    codes: Ints,
    state: BKTState | None = None,
    students: Ints | None = None,
    *,
    scored: bool = True,
    trail: bool = False,
) -> Passed:
    """Go along a log; nothing is changed.

    Parameters
    ----------
    model : Fitted
    log : ResponseLog
    codes : int array, shape (n_sequences,)
        Each sequence's skill, by its place among the model's, or beyond.
    state : BKTState, optional
        Where the students begin; by default every one is new.
    students : int array, shape (n_labels,), optional
        The state's number for each of the log's student labels.
    scored : bool
        Whether predictions are wanted.
    trail : bool
        Whether `Passed.trails` are, or the trail of `Passed.students`.
    """
    slots = np.full(len(codes), -1)
    if state is not None and students is not None:
        slots = state.find(students[log.sequences.minor], codes)
    which = cells_of(model, codes)
    cells: Cells | Ints = which  # of each sequence; with classes, of each entry
    taught = last = None
    if model.classes is not None:
        skills = of_sequences(log.sequences, which)
        cells, taught = find_cells(log, model.classes, skills, _before(state, slots))
        last = taught.take(last_entries(log.sequences))
    if model.individual is not None:
        if not isinstance(cells, Cells):
            cells = Cells.same(of_sequences(log.sequences, which))
        told = None
        if state is not None and students is not None:
            told = state.told.begun(students[log.sequences.minor], codes, np.zeros(len(codes)))
        after = pass_along(
            model.individual,
            log,
            cells,
            state,
            students=students,
            slots=slots,
            told=told,
            trail=trail,
        )
        return Passed(after.p_correct, after.chains.beliefs, after, slots, last, taught=taught)
    how: dict[str, Any] = {"cells": cells, "codes": codes, "slots": slots}
    each = [
        _filtered(own, log, state, students, **how, scored=scored, trail=trail)
        for own in model.by_student_class()
    ]
    p_correct, beliefs, together = each[0].p_correct, each[0].beliefs, None
    if model.student_classes is not None:
        beliefs = Beliefs.side_by_side([one.beliefs for one in each])
        before = np.zeros((log.n_students, len(each)))
        if state is not None and students is not None and state.evidence is not None:
            before = state.evidence[students]
        chances = [(one.p_correct, one.p_wrong) for one in each]
        together = mix(log, chances, model.student_classes.weights, before)
        p_correct = together.p_correct
    if scored and log.skill_rows is not None:
        size = np.bincount(log.skill_rows, minlength=len(log))
        p_correct = np.bincount(log.skill_rows, weights=p_correct, minlength=len(log)) / size
    trails = [one.trail for one in each if one.trail is not None]
    return Passed(p_correct, beliefs, None, slots, last, together, trails, taught)


def _filtered(
    model: Fitted,
    log: ResponseLog,
    state: BKTState | None,
    students: Ints | None,
    *,
    cells: Cells | Ints,
    codes: Ints,
    slots: Ints,
    scored: bool,
    trail: bool,
) -> Filtered:
    """The filter along a log's sequences, from the prior or from where they stand in a state."""
    if isinstance(cells, Cells):
        first = cells.take(first_entries(log.sequences))
    else:
        first = Cells.same(cells)
    before = Beliefs.of(model.table.prior[first.prior])
    if state is not None and students is not None:
        prior = state.told.begun(students[log.sequences.minor], codes, before.known)
        before = _from_state(model, state, slots, first, prior)
    return filter_sequences(
        log.sequences,
        entry_answers(log),
        model.table,
        cells,
        before,
        skill_rows=log.skill_rows,
        scored=scored,
        both=model.place is not None,
        trail=trail,
    )


def advance(
    model: Fitted,
    state: BKTState,
    log: ResponseLog,
    *,
    students: Ints,
    codes: Ints,
    skills: list[Any],
    trail: bool = False,
) -> Passed:
    """Take a checked log into a state.

    Parameters
    ----------
    model : Fitted
    state : BKTState
        It is changed, after all that could fail.
    log : ResponseLog
    students : int array, shape (n_labels,)
        The state's number for each of the log's student labels.
    codes, skills
        What `skill_codes` found.
    trail : bool
        As in `pass_log`, whose result is returned.
    """
    sequences = log.sequences
    passed = pass_log(model, log, codes, state, students, scored=False, trail=trail)
    state.skills = skills
    if model.classes is not None and model.classes.by_transition:
        state.note_classes()
    slots = state.touch(students[sequences.minor], codes, passed.slots)
    counts = sequences.lengths
    if len(log) and log.correct.min() < 0:
        answered = (entry_answers(log) != EXPOSURE)[sequences.order]
        counts = np.add.reduceat(answered.astype(np.int64), sequences.starts)
    state.write(slots, passed.beliefs, counts)
    if passed.students is not None:
        present = np.flatnonzero(np.bincount(log.student.codes, minlength=log.n_students))
        store(state, passed.students, students, present, slots)
    if state.last is not None and passed.last is not None:
        for field, values in zip(state.last, passed.last, strict=True):
            field[slots] = values
    if state.evidence is not None and passed.mixed is not None:
        present = np.flatnonzero(np.bincount(log.student.codes, minlength=log.n_students))
        state.evidence[students[present]] = passed.mixed.evidence[present]
    state.note_times(log, students)
    return passed


def known_before_next(
    model: Fitted,
    state: BKTState,
    students: Ints,
    codes: Ints,
    slots: Ints,
    *,
    times: Floats | None = None,
) -> Floats:
    """P(known) as a next response begins, of which no class is known but that of its gap.

    Parameters
    ----------
    model : Fitted
    state : BKTState
    students, codes : int arrays, shape (n,)
        The state's numbers, and places of skills among the model's, or beyond.
    slots : int array, shape (n,)
        Their pairs in the state; -1 where there was no response yet.
    times : float array, shape (n,), optional
        When they come; without, the gap is not known either.
    """
    if model.student_classes is not None:
        by_class = (
            known_before_next(own, state, students, codes, slots, times=times)
            for own in model.by_student_class()
        )
        return mixed(state.class_shares(students), by_class)
    which, table = cells_of(model, codes), model.table
    met = np.flatnonzero(slots >= 0)
    last = None if state.last is None else state.last.take(slots[met])
    cells = next_cells(model, which, met, last, times)
    if model.individual is not None:
        standing, chains = standing_of(state, students), chains_of(state, slots[met])
        known = known_next(model.individual, standing, cells, met, chains)
        new = np.flatnonzero(slots < 0)
        known[new] = state.told.begun(students[new], codes[new], known[new])
        return known
    known = state.told.begun(students, codes, table.prior[which])
    learn, forget = table.learn[cells.learn[met]], table.forget[cells.forget[met]]
    after = state.beliefs(slots[met], model.place)
    known[met] = next_opportunity(after, learn, forget).p_known
    return known


def chance_of_next(
    model: Fitted,
    state: BKTState,
    students: Ints,
    codes: Ints,
    *,
    items: Ints,
    times: Floats | None = None,
) -> Floats:
    """P(correct) of a next response of each student on the paired skill and item."""
    if model.student_classes is not None:
        by_class = (
            chance_of_next(own, state, students, codes, items=items, times=times)
            for own in model.by_student_class()
        )
        return mixed(state.class_shares(students), by_class)
    slots = state.find(students, codes)
    p_known = known_before_next(model, state, students, codes, slots, times=times)
    which = cells_of(model, codes)
    if model.individual is None:
        return probability_correct(p_known, model.table.guess[which], model.table.slip[which])
    cells = Cells.same(which)
    standing = standing_of(state, students)
    return chance_of_right(model.individual, standing, cells, items=items, known=p_known)


def n_places(skills: Ints) -> int:
    """How many of a state's first skills hold these places."""
    return int(skills.max(initial=-1)) + 1


def of_places(table: NDArray[Any], skills: Ints, n_fitted: int) -> NDArray[Any]:
    """The columns of a state's first skills that are asked for: the model's, perhaps others."""
    return table if len(skills) == n_fitted else table[:, skills]


def mastery_of(model: Fitted, state: BKTState, students: Ints, skills: Ints, when: When) -> Floats:
    """P(known) of some students on skills, by their places; shape (n_students, n_skills)."""
    if model.student_classes is not None:
        by_class = (
            mastery_of(own, state, students, skills, when) for own in model.by_student_class()
        )
        return mixed(state.class_shares(students)[..., None], by_class)
    n_skills = n_places(skills)
    rows, columns, slots = state.cells(students, n_skills)
    value = np.empty((len(students), n_skills))
    value[:] = model.table.prior[cells_of(model, np.arange(n_skills))]
    if len(state.told):
        told_rows, told_skills, p_told = state.told.of(students, n_skills)
        value[told_rows, told_skills] = p_told
    if when == "after_response":
        value[rows, columns] = state.beliefs(slots, model.place).p_known
    elif model.individual is None:
        value[rows, columns] = known_before_next(model, state, students[rows], columns, slots)
    else:  # abilities tell something of skills that were never answered too
        met = np.full(value.shape, -1)
        met[rows, columns] = slots
        who, which = np.repeat(students, n_skills), np.tile(np.arange(n_skills), len(students))
        value = known_before_next(model, state, who, which, met.ravel()).reshape(value.shape)
    return of_places(value, skills, len(model.skills))


def cells_of(model: Fitted, codes: Ints) -> Ints:
    """The cells of skills; the common one for a skill that is not the model's."""
    return np.minimum(codes, len(model.skills))


def _from_state(
    model: Fitted, state: BKTState, slots: Ints, first: Cells, prior: Floats
) -> Beliefs:
    """Beliefs as the first response of each sequence begins; `prior` where there was none yet."""
    before, met = Beliefs.of(prior), np.flatnonzero(slots >= 0)
    learn, forget = model.table.learn[first.learn[met]], model.table.forget[first.forget[met]]
    after = state.beliefs(slots[met], model.place)
    before.put(met, next_opportunity(after, learn, forget))
    return before


def _before(state: BKTState | None, slots: Ints) -> Before | None:
    """What a state knows of the response before each sequence; None where there is none at all."""
    met = slots >= 0
    if state is None or state.last is None or not met.any():
        return None
    return Before(met, state.last.take(np.maximum(slots, 0)))


def next_cells(
    model: Fitted, which: Ints, met: Ints, last: LastResponses | None, times: Floats | None = None
) -> Cells:
    """The cells of next responses: their transitions' classes, where the last responses tell them.

    Parameters
    ----------
    model : Fitted
    which : int array, shape (n,)
        The cells of their skills.
    met : int array, shape (n_met,)
        The places of those that had a response.
    last : LastResponses, shape (n_met,), or None
    times : float array, shape (n,), optional
    """
    cells = Cells.same(which)
    if model.classes is None or last is None:
        return cells
    zero = np.zeros_like(which)
    gap = zero.copy()
    if times is not None:
        gap[met] = np.searchsorted(model.classes.gaps, times[met] - last.time, side="right")
    moved = {}
    for field in ("learn", "forget"):
        classes = model.classes.tables[field]
        scheme = classes.scheme
        if scheme and not scheme.later and (not scheme.gap or times is not None):
            earlier = np.full(len(which), -1)
            earlier[met] = getattr(last, field)
            key = classes.key(which, earlier, zero, gap if scheme.gap else zero)
            moved[field] = classes.cells(which, key)
    return cells._replace(**moved)
