"""Everything that a plan of a day was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.labels import Label
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.day.branching import Problem
from adaptlearn.planning.day.demands import Demands
from adaptlearn.planning.day.menu import Menu, Yesterday
from adaptlearn.sequencing.sequencer import Sequencer


class Lessons(NamedTuple):
    """The lessons of all students; an entry for each lesson and block, by student and time.

    Attributes
    ----------
    student, lesson, block : int arrays, shape (n,)
        Places.
    start, minutes : int arrays
        Minutes from midnight, and how long.
    kind : int array
        The place in `KINDS`.
    code : int array
        The place of the reason in `REASONS`.
    share : float array
        The share of the lesson's minutes that fits into the day.
    """

    student: Ints
    lesson: Ints
    block: Ints
    start: Ints
    minutes: Ints
    kind: Ints
    code: Ints
    share: Floats


@dataclass(frozen=True, eq=False)
class Made:
    """All that a plan was made of."""

    sequencer: Sequencer
    students: tuple[Label, ...]
    demands: Demands
    menu: Menu
    problem: Problem
    open: Bools
    chosen: Bools
    seated: Ints
    lessons: Lessons
    left: Ints
    bound: float
    yesterday: Yesterday
    now: Any

    @property
    def seats_left(self) -> Ints:
        """Free seats, shape (n_resources, n_blocks)."""
        return self.demands.seats[: len(self.demands.resources)] - seats_taken(self)


def seats_taken(made: Made) -> Ints:
    """How many seats are taken, shape (n_resources, n_blocks)."""
    demands = made.demands
    taken = np.zeros((len(demands.resources), len(demands.blocks)), np.intp)
    row, place = np.nonzero(made.seated >= 0)
    lesson = made.problem.offers.lesson[row, place]
    np.add.at(taken, (demands.resource[lesson], made.seated[row, place]), 1)
    for pin in demands.pins:
        if demands.resource[pin.lesson] >= 0:
            taken[demands.resource[pin.lesson], pin.block] += 1
    return taken
