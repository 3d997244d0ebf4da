"""What to know beside a decision: a clock that is wrong, who is stuck, evidence that is thin."""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Floats, Ints, bounds_of, places_of
from adaptlearn.sequencing.decisions.arrays import AlertKind, Columns
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.policies.candidates import Purpose

_FEW = 3  # answers, below which what is taken as known is known on thin evidence


def with_alerts(
    part: Columns,
    context: Context,
    rows: Ints,
    *,
    taught: tuple[Ints, Ints],
    ahead: Floats | None,
) -> Columns:
    """Choices for `rows` of a block, with their alerts.

    Parameters
    ----------
    part : Columns
        With what the reasons need, an entry for each row.
    context : Context
        Of the block.
    rows : int array
    taught : pair of int arrays
        Entries and the skills that they teach, one after the other.
    ahead : float array, shape (n_students,), or None
        By how many seconds each student's last answer is dated after the decision's time.
    """
    found: list[tuple[Ints, Ints, Ints, Floats]] = []
    entry: Ints
    skill: Ints

    def add(kind: AlertKind, entry: Ints, skill: Ints, number: Floats) -> None:
        if len(entry):
            found.append((entry, np.full(len(entry), int(kind)), skill, number))

    if ahead is not None:
        entry = np.flatnonzero(ahead[rows] > 0)
        add(AlertKind.CLOCK, entry, np.full(len(entry), -1), ahead[rows[entry]])
    if context.counts is not None and context.mastered is not None:
        if context.stuck is not None and context.stuck.any():
            entry, skill = np.nonzero(context.stuck[rows])
            at = rows[entry], skill
            number = context.counts[at].astype(np.float64)
            assert context.needs_teacher is not None
            look = context.needs_teacher[at]
            for kind, asked in ((AlertKind.STUCK, ~look), (AlertKind.TEACHER, look)):
                add(kind, entry[asked], skill[asked], number[asked])
        add(AlertKind.EVIDENCE, *_assumed(part, context, rows, *taught))
    if not found:
        return part._replace(alert_bounds=np.zeros(len(rows) + 1, np.intp))
    entry, code, skill, number = map(np.concatenate, zip(*found, strict=True))
    order = np.argsort(entry, kind="stable")
    return part._replace(
        alert_bounds=bounds_of(np.bincount(entry, minlength=len(rows))),
        alert_code=code[order],
        alert_skill=skill[order],
        alert_number=number[order],
    )


def _assumed(
    part: Columns, context: Context, rows: Ints, taught: Ints, skill: Ints
) -> tuple[Ints, Ints, Floats]:
    """What new lessons build on and few answers tell: entries, skills, and how many answers.

    What a teacher has granted asks for no evidence, and of alternatives none has to be known.
    """
    known = context.mastered if context.ready is None else context.ready
    assert known is not None
    assert context.counts is not None
    needs = context.curriculum.prerequisites
    new = ~part.skill_mastered & (part.purpose[taught] == Purpose.NEW)
    skill = skill[new]
    n_before = needs.indptr[skill + 1] - needs.indptr[skill]
    before = needs.indices[places_of(needs.indptr[skill], n_before)]
    entry = taught[new].repeat(n_before)
    at = rows[entry], before
    thin = known[at] & (context.counts[at] < _FEW)
    if context.granted is not None:
        thin &= ~context.granted[at]
    pairs = thin.nonzero()[0]
    if len(pairs) > 1:  # two skills of a lesson may need the same
        pairs = pairs[np.unique(entry[pairs] * known.shape[1] + before[pairs], True)[1]]
    answers = context.counts[rows[entry[pairs]], before[pairs]]
    return entry[pairs], before[pairs], answers.astype(np.float64)
