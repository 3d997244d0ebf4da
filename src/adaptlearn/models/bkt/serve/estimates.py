"""What a BKT expects of students before and after each response of a log, in one pass.

What is believed of a student on a skill changes only by responses on the skill: what is expected
after one of them is what is expected before the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.models.bkt.belief import Beliefs, next_opportunity
from adaptlearn.models.bkt.entries import first_entries, of_sequences, previous_entries
from adaptlearn.models.bkt.fitted import Fitted
from adaptlearn.models.bkt.records import LastResponses
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
    """As `advance`, of a model that is not individualised, with what `chance_of_next` says."""
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
