"""Schedulers of reviews, for reviews.py: when each student sees each card again. Time is in days.

References
----------
- S. Leitner (1972). So lernt man lernen. Herder.
- P. Wozniak (1990). Optimization of learning (the algorithm SM-2). University of Technology in
  Poznan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from adaptlearn import Curriculum, MasteryTracker
from adaptlearn.sequencing import ReviewSchedule
from adaptlearn.sequencing.knowledge import Context

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Shape = tuple[int, int]

DAY = 86400.0


class Scheduler(Protocol):
    """When to review; arrays of shape (n_students, n_cards)."""

    def due(self, day: int) -> Bools:
        """What should be reviewed today, of what was met."""
        ...

    def note(self, new: Bools, answered: Bools, right: Bools, day: int) -> None:
        """Take in the day's answers; `new`: the first ones."""
        ...


def responses(answered: Bools, right: Bools, day: int) -> dict[str, NDArray[Any]]:
    """The answers of a day as a log: students and cards (skills) are numbers."""
    student, card = np.nonzero(answered)
    return {
        "student": student,
        "skill": card,
        "correct": right[answered].astype(np.int64),
        "time": np.full(len(student), day * DAY),
    }


class Booked:
    """Every answer books the next review; `_days` says how many days ahead, rounded to whole."""

    def __init__(self, shape: Shape) -> None:
        self.when = np.full(shape, np.inf)

    def due(self, day: int) -> Bools:
        return np.asarray(self.when <= day)

    def note(self, new: Bools, answered: Bools, right: Bools, day: int) -> None:
        days = self._days(new, answered, right, day)
        self.when[answered] = day + np.maximum(np.round(days[answered]), 1)

    def _days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:
        raise NotImplementedError


def leitner(box: Ints, right: Bools) -> Ints:
    """The box a card goes to: the next one after a right answer, the first after a wrong one."""
    return np.where(right, box + 1, 0)


class SM2(NamedTuple):
    """What SM-2 keeps of cards: right repetitions in a row, the interval, the E-factor."""

    row: Ints
    interval: Floats
    ease: Floats


def sm2(card: SM2, quality: Ints) -> SM2:
    """A repetition, graded from 0 to 5.

    Intervals are 1 day, 6 days, and from then on the last times the E-factor, which every grade
    moves; below 3 the repetitions begin anew.
    """
    ease = np.maximum(card.ease + 0.1 - (5 - quality) * (0.08 + (5 - quality) * 0.02), 1.3)
    row = np.where(quality >= 3, card.row + 1, 0)
    later = np.where(row == 1, 6.0, card.interval * ease)
    return SM2(row, np.where(row == 0, 1.0, later), ease)


class Fixed(Booked):
    """Every so many days."""

    def __init__(self, knob: float, shape: Shape, _: Any) -> None:
        super().__init__(shape)
        self.days = np.full(shape, knob)

    def _days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:  # noqa: ARG002
        return self.days


class Boxes(Booked):
    """Leitner's boxes, each with twice the interval of the one before.

    `looseness` is the spread of random factors on the intervals: of a log that shows a model of
    memory more than a strict schedule would.
    """

    def __init__(self, knob: float, shape: Shape, _: Any, looseness: Any = None) -> None:
        super().__init__(shape)
        self.base, self.box, self.looseness = knob, np.zeros(shape, np.int64), looseness

    def _days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:  # noqa: ARG002
        self.box = np.where(answered & ~new, leitner(self.box, right), self.box)
        days = self.base * 2.0 ** np.minimum(self.box, 30)
        return np.asarray(days if self.looseness is None else days * self.looseness(days.shape))


class Multiplied(Booked):
    """SM-2, its intervals multiplied by the knob; right answers are 4 of 5, wrong ones 2."""

    def __init__(self, knob: float, shape: Shape, _: Any) -> None:
        super().__init__(shape)
        self.multiplier = knob
        self.card = SM2(np.zeros(shape, np.int64), np.ones(shape), np.full(shape, 2.5))

    def _days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:  # noqa: ARG002
        after = sm2(self.card, np.where(right, 4, 2))
        repeated = answered & ~new
        pairs = zip(after, self.card, strict=True)
        self.card = SM2(*(np.where(repeated, one, other) for one, other in pairs))
        return self.card.interval * self.multiplier


class Modelled(Booked):
    """The interval after which P(recall) of a fitted model has fallen by the knob."""

    def __init__(self, knob: float, shape: Shape, model: Any) -> None:
        super().__init__(shape)
        self.target, self.model = 1 - knob, model
        self.students, self.cards = np.arange(shape[0]), list(range(shape[1]))
        self.state = model.init_state(shape[0])

    def _days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:  # noqa: ARG002
        days = np.ones(answered.shape)
        columns = np.flatnonzero(answered.any(axis=0))
        if len(columns):
            self.model.update_state(self.state, responses(answered, right, day))
            found = self.model.interval(
                self.state, self.students, columns.tolist(), retention=self.target
            )
            days[:, columns] = np.nan_to_num(found / DAY, nan=1.0)
        return days


class Scheduled:
    """What the library calls due on each day: `ReviewSchedule` over a fitted model of memory.

    Sessions are a day apart, so what falls due within half a day is due.
    """

    def __init__(self, knob: float, shape: Shape, model: Any) -> None:
        self.tracker = MasteryTracker(model)
        self.schedule = ReviewSchedule(self.tracker, retention=1 - knob, ahead=DAY / 2)
        cards = Curriculum.from_dict({"skills": list(range(shape[1]))})
        self.context = Context(cards, np.arange(shape[0]), np.zeros(shape), "predicted")

    def due(self, day: int) -> Bools:
        _, urgency = self.schedule.look(replace(self.context, now=day * DAY))
        return np.asarray(urgency > 0)

    def note(self, new: Bools, answered: Bools, right: Bools, day: int) -> None:  # noqa: ARG002
        if answered.any():
            self.tracker.update(responses(answered, right, day))


class Row(NamedTuple):
    """A scheduler and its knob: name and range. The larger, the later the reviews."""

    make: Callable[[float, Shape, Any], Scheduler]
    knob: str
    low: float
    high: float


LIBRARY = "ReviewSchedule"
"""The library's own scheduler."""

SCHEDULERS = {
    "fixed interval": Row(Fixed, "days", 0.5, 60.0),
    "Leitner": Row(Boxes, "base days", 0.1, 30.0),
    "SM-2": Row(Multiplied, "multiplier", 0.05, 20.0),
    "half-life": Row(Modelled, "1 - target", 0.01, 0.5),
    "FSRS-6": Row(Modelled, "1 - target", 0.01, 0.5),
    LIBRARY: Row(Scheduled, "1 - target", 0.01, 0.5),
}
