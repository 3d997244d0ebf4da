"""Schedulers of reviews, for reviews.py: when each student sees each card again. Time is in days.

References
----------
- S. Leitner (1972). So lernt man lernen. Herder.
- P. Wozniak (1990). Optimization of learning (the algorithm SM-2). University of Technology in
  Poznan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Shape = tuple[int, int]

DAY = 86400.0


class Scheduler(Protocol):
    """When to review; arrays of shape (n_students, n_cards)."""

    def next_days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:
        """Days from now until the next review, of what was answered; `new`: the first time."""
        ...


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


class Fixed:
    """Every so many days."""

    def __init__(self, knob: float, shape: Shape, _: Any) -> None:
        self.days = np.full(shape, knob)

    def next_days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:  # noqa: ARG002
        return self.days


class Boxes:
    """Leitner's boxes, each with twice the interval of the one before."""

    def __init__(self, knob: float, shape: Shape, _: Any) -> None:
        self.base, self.box = knob, np.zeros(shape, np.int64)

    def next_days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:  # noqa: ARG002
        self.box = np.where(answered & ~new, leitner(self.box, right), self.box)
        return np.asarray(self.base * 2.0 ** np.minimum(self.box, 30))


class Multiplied:
    """SM-2, its intervals multiplied by the knob; right answers are 4 of 5, wrong ones 2."""

    def __init__(self, knob: float, shape: Shape, _: Any) -> None:
        self.multiplier = knob
        self.card = SM2(np.zeros(shape, np.int64), np.ones(shape), np.full(shape, 2.5))

    def next_days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:  # noqa: ARG002
        after = sm2(self.card, np.where(right, 4, 2))
        repeated = answered & ~new
        pairs = zip(after, self.card, strict=True)
        self.card = SM2(*(np.where(repeated, one, other) for one, other in pairs))
        return self.card.interval * self.multiplier


class Modelled:
    """When P(recall) of a fitted model of memory falls to the knob."""

    def __init__(self, knob: float, shape: Shape, model: Any) -> None:
        self.target, self.model = knob, model
        self.students, self.cards = np.arange(shape[0]), list(range(shape[1]))
        self.state = model.init_state(shape[0])

    def next_days(self, new: Bools, answered: Bools, right: Bools, day: int) -> Floats:  # noqa: ARG002
        student, card = np.nonzero(answered)
        days = np.ones(answered.shape)
        if not len(student):
            return days
        self.model.update_state(
            self.state,
            {
                "student": student,
                "skill": card,
                "correct": right[answered].astype(np.int64),
                "time": np.full(len(student), day * DAY),
            },
        )
        columns = np.flatnonzero(answered.any(axis=0))
        found = self.model.interval(
            self.state, self.students, columns.tolist(), retention=self.target
        )
        days[:, columns] = np.nan_to_num(found / DAY, nan=1.0)
        return days


class Row(NamedTuple):
    """A scheduler, and its knob: name, range, whether recall falls as it grows."""

    make: Callable[[float, Shape, Any], Scheduler]
    knob: str
    low: float
    high: float
    falls: bool


SCHEDULERS = {
    "fixed interval": Row(Fixed, "days", 0.5, 60.0, True),
    "Leitner": Row(Boxes, "base days", 0.1, 30.0, True),
    "SM-2": Row(Multiplied, "multiplier", 0.05, 20.0, True),
    "half-life": Row(Modelled, "target", 0.5, 0.995, False),
    "FSRS-6": Row(Modelled, "target", 0.5, 0.995, False),
}
