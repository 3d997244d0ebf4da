"""Skills whose estimate rests on few answers, with the question that would settle it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ParameterError, quiet
from adaptlearn.labels import Label
from adaptlearn.reporting.figures import Figures
from adaptlearn.sequencing.items import NextItem

_FEW = 4  # answers; with one more, a standard of a promotion can be met
_MOST = 5  # doubts on a page


class Doubt(NamedTuple):
    """A skill whose estimate rests on few answers.

    Attributes
    ----------
    skill : label
    title : str
    answers : int
    question : label or None
        The item that tells most; None if the curriculum has no items on the skill.
    """

    skill: Label
    title: str
    answers: int
    question: Label | None


def doubts_of(figures: Figures, row: int) -> list[Doubt]:
    """The doubts of one student, the least certain first."""
    answers, level = figures.skill_answers[row], figures.skill_mastery[row]
    few = np.flatnonzero((answers > 0) & (answers <= _FEW))
    unsure = few[np.argsort(np.abs(level[few] - 0.5), kind="stable")][:_MOST]
    curriculum = figures.sequencer.curriculum
    student = figures.students.tolist()[row]
    return [
        Doubt(
            curriculum.skills.tolist()[skill], curriculum.skill_titles[skill], int(answers[skill]),
            _question(figures.sequencer, student, curriculum.skills.tolist()[skill]),
        )
        for skill in unsure.tolist()
    ]  # fmt: skip


def _question(sequencer: Any, student: Label, skill: Label) -> Label | None:
    """The item on a skill whose answer tells most about what a student knows."""
    curriculum = sequencer.curriculum
    if not len(curriculum.items):
        return None

    def chances(who: Label, items: list[Label]) -> Any:
        with quiet():
            return sequencer.tracker.predict([who] * len(items), [skill] * len(items), items=items)

    try:
        choose = NextItem(curriculum, p_correct=chances, random_state=0)
        return choose.next(student, skill=skill).item
    except ParameterError:  # no items on this skill
        return None
