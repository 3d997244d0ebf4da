"""The next item inside a lesson, from what the events say a student has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label
from adaptlearn.sequencing.items.next_item import ItemChoice, NextItem
from adaptlearn.tracking.tracker import MasteryTracker


class Items:
    """Chooses items for a tutor; one thread at a time may use it.

    Parameters
    ----------
    curriculum : Curriculum
        Without items, `choose` raises an error.
    make : callable
        Makes a `NextItem` from a curriculum.
    """

    def __init__(self, curriculum: Curriculum, make: Callable[..., NextItem]) -> None:
        self._chooser = make(curriculum) if len(curriculum.items) else None
        exercised = curriculum.exercises
        first = curriculum.skills[exercised.indices[exercised.indptr[:-1]]]
        # P(correct) of an item on several skills is asked for on its first one.
        self._skill = dict(zip(curriculum.items.tolist(), first.tolist(), strict=True))

    def choose(
        self, student: Label, lesson: Label, seen: Sequence[Label], tracker: MasteryTracker
    ) -> ItemChoice:
        """An item of a lesson that is not among the last that the student saw.

        In a lesson of few items, all but the one seen longest ago count as just seen.
        """
        if self._chooser is None:
            raise ParameterError("next item", ["the curriculum has no items"])
        here = self._chooser.items_of(lesson)
        skills = [self._skill[item] for item in here]
        chance = tracker.predict([student] * len(here), skills, items=here)
        inside = {*here}
        order = dict.fromkeys(item for item in reversed(seen) if item in inside)  # latest first
        latest = [*order][: min(self._chooser.window, len(here) - 1)]
        return self._chooser.next(student, lesson, p_correct=chance, seen=latest[::-1])
