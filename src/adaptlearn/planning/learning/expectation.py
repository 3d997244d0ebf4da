"""What the model expects of students: lessons left at each student's own pace."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from adaptlearn.labels import Label
from adaptlearn.numerics import Bools, Floats
from adaptlearn.planning.learning.pace import OwnPace, Pace, own_pace
from adaptlearn.sequencing.goals import USUAL_THRESHOLD, lessons_left
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.lessons import minutes_of_skills, usual_minutes
from adaptlearn.sequencing.knowledge.lessons_left import LessonsLeft
from adaptlearn.sequencing.knowledge.matched import Match
from adaptlearn.sequencing.overrides import Applied
from adaptlearn.sequencing.sequencer import Sequencer


class Expectation(NamedTuple):
    """What is known and expected of some students.

    Attributes
    ----------
    context : Context
    applied : Applied
        What teachers decided; lessons outside a student's span are barred, too.
    wanted : bool array, shape (n_students, n_skills)
        The skills to be mastered.
    left : LessonsLeft
        At the student's median pace.
    own : OwnPace
    minutes : float array, shape (n_lessons,)
    """

    context: Context
    applied: Applied
    wanted: Bools
    left: LessonsLeft
    own: OwnPace
    minutes: Floats


def expectation_of(
    sequencer: Sequencer, labels: list[Label], spans: Bools | None, *,
    now: object, pace: Pace, n_items: int,
) -> Expectation:  # fmt: skip
    """What is known of students now, and what is expected of them."""
    context = sequencer.context(labels, now)  # type: ignore[arg-type]
    assert context.mastered is not None
    assert context.counts is not None
    applied = sequencer.overrides.apply(labels, context.now, context.clock)
    wanted = np.ones(context.mastery.shape, bool) if context.goal is None else context.goal > 0
    if spans is not None:
        wanted = wanted & spans
        weight = spans.astype(np.float64) if context.goal is None else context.goal * spans
        context = replace(context, goal=weight)
    left = lessons_left(context, n_items=n_items)
    usual, minutes = usual_minutes(sequencer.curriculum), sequencer.curriculum.minutes
    minutes = np.where(np.isnan(minutes), usual, minutes)
    assert context.counts is not None
    own = own_pace(
        pace, context.counts, _at_first(sequencer, context, n_items), left,
        minutes=minutes_of_skills(sequencer.curriculum, usual), n_items=n_items,
    )  # fmt: skip
    factor = np.exp(own.middle)[:, None]
    left = LessonsLeft(left.mean * factor, left.variance * factor**2)
    return Expectation(
        context, _bounded(applied, sequencer, context, spans, left), wanted, left, own, minutes
    )


def _at_first(sequencer: Sequencer, context: Context, n_items: int) -> LessonsLeft:
    """How many lessons the model expects of a student who has not answered yet."""
    tracker, curriculum = sequencer.tracker, sequencer.curriculum
    stranger = _stranger(tracker.students.tolist())
    match = Match.of(curriculum, tracker.skills)
    prior = np.nan_to_num(match.by_curriculum(tracker.mastery([stranger]).value))
    needed = USUAL_THRESHOLD if context.threshold is None else context.threshold
    shape = context.mastery.shape
    needed = np.broadcast_to(needed, shape)
    kinds, kind = np.unique(needed, axis=0, return_inverse=True)
    of_kinds = lessons_left(
        replace(
            context,
            students=context.students[: len(kinds)],
            mastery=np.repeat(prior, len(kinds), axis=0),
            mastered=prior >= kinds,
            threshold=kinds,
        ),
        n_items=n_items,
    )
    return LessonsLeft(*(table[kind.ravel()] for table in of_kinds))


def _stranger(students: list[Label]) -> Label:
    """A label that no student has."""
    if students and isinstance(students[0], int):
        return min(map(int, students)) - 1
    known, label = set(students), "nobody"
    while label in known:
        label += "?"
    return label


def _bounded(
    applied: Applied, sequencer: Sequencer, context: Context, spans: Bools | None, left: LessonsLeft
) -> Applied:
    """With the lessons barred that lie outside a student's span, or that lead nowhere."""
    teaches = sequencer.curriculum.teaches
    assert context.mastered is not None
    hopeless = np.isinf(left.mean)
    learnable = (~context.mastered & ~hopeless).astype(np.float32)
    barred = ((teaches @ hopeless.T.astype(np.float32)).T > 0) & ((teaches @ learnable.T).T == 0)
    pins = applied.pins
    if spans is not None:
        outside = (teaches @ (~spans).T.astype(np.float32)).T > 0
        barred |= outside
        pins = {
            row: [pin for pin in given if not outside[row, pin[0]]] for row, given in pins.items()
        }
    if applied.barred is not None:
        barred |= applied.barred
    return applied._replace(barred=barred if barred.any() else None, pins=pins)
