"""What is asked of a day: as a caller gives it, and as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from adaptlearn.labels import Label
from adaptlearn.numerics import Floats, Ints
from adaptlearn.planning.day.limits import KINDS, Limits, Pin


@dataclass(frozen=True)
class Block:
    """A block of a day in which students work; the time between two blocks is a break.

    Parameters
    ----------
    name : str
    start : str
        The time of day, such as ``"9:05"``.
    minutes : int
    kinds : sequence of str, optional
        The kinds of lessons that the block allows, of `KINDS`; by default all of them.

    Examples
    --------
    >>> from adaptlearn.planning import Block
    >>> Block("interests", "13:00", 30, kinds=["elective", "enrichment"]).minutes
    30
    """

    name: str
    start: str
    minutes: int
    kinds: Sequence[str] = field(default=KINDS)

    @property
    def begins(self) -> int:
        """Minutes from midnight to the start."""
        hours, minutes = self.start.split(":")
        return 60 * int(hours) + int(minutes)


class Asked(NamedTuple):
    """What a caller asks of a day, as it was given; see `plan_day`."""

    day: Sequence[Any]
    floors: Mapping[str, float]
    caps: Mapping[str, float]
    device: float | None
    skill: float | None
    seats: Mapping[str, Mapping[str, Any]]
    pins: Sequence[Mapping[str, Any]]
    requests: Sequence[Mapping[str, Any]]
    electives: Mapping[Label, Sequence[Label]]
    extra_time: Mapping[Label, float]
    levels: Any
    step: int


class Demands(NamedTuple):
    """What is asked of a day, as arrays.

    Attributes
    ----------
    blocks : tuple of Block
    limits : Limits
        Without pins.
    step : int
        Minutes of a step.
    minutes : float array, shape (n_lessons,)
        The minutes of each lesson, rounded up to whole steps.
    factor : float array, shape (n_students,)
    spans : float array, shape (n_students, 2)
        The lowest and the highest level of each student.
    resources : tuple of str
    resource : int array, shape (n_lessons,)
        The resource that each lesson needs; -1 for none.
    seats : int array, shape (n_resources, n_blocks)
    pins : list of Pin
    wishes : list of (int, int, float, str)
        Student, lesson, what is added to its score, and the code of the reason.
    """

    blocks: tuple[Block, ...]
    limits: Limits
    step: int
    minutes: Floats
    factor: Floats
    spans: Floats
    resources: tuple[str, ...]
    resource: Ints
    seats: Ints
    pins: list[Pin]
    wishes: list[tuple[int, int, float, str]]
