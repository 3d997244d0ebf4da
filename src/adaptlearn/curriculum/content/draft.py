"""A curriculum as it was read, before its parts are checked against each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from adaptlearn.labels import Label
from adaptlearn.media import terminal_text


class Repair(NamedTuple):
    """A fault of a curriculum, and its repair.

    Attributes
    ----------
    kind : str
        The kind of fault: ``"duplicate"``, ``"self-loop"``, ``"dangling"``, ``"cycle"``,
        ``"alternatives"``, ``"weight"``, ``"threshold"``, ``"unknown skill"``, ``"unknown
        standard"``, ``"teaches nothing"``, ``"exercises nothing"``, ``"asks for nothing"``,
        ``"minutes"``, ``"difficulty"``, ``"lesson kind"``, ``"lesson mode"``, ``"tags"``,
        ``"grade"``, ``"conflict"``, ``"unknown key"``, ``"byte-order mark"`` or ``"malformed"``.
    problem : str
        What is wrong, and where in the curriculum.
    remedy : str
        What `Curriculum.repaired` does about the fault.
    """

    kind: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return terminal_text(f"{self.problem}: {self.remedy}")


class RawSkill(NamedTuple):
    """A skill as it was read."""

    label: Label
    title: str | None = None
    threshold: Any = None


class RawEdge(NamedTuple):
    """Prerequisites of a skill, of which one is enough."""

    before: tuple[Label, ...]
    skill: Label
    alternatives: bool  # whether they were given as such


class RawEncompassing(NamedTuple):
    """A skill whose practice also practises another."""

    skill: Label
    encompassed: Label
    weight: Any


class RawUnit(NamedTuple):
    """A lesson or an item as it was read."""

    label: Label
    skills: list[Label]
    title: str | None = None
    minutes: Any = None
    kind: Any = None
    difficulty: Any = None
    tags: Any = None
    mode: Any = None


class RawStandard(NamedTuple):
    """A standard as it was read."""

    label: Label
    skills: list[Label]
    title: str | None = None
    grade: Any = None


class RawCourseUnit(NamedTuple):
    """A unit of a course as it was read, with what was said of the course."""

    course: Label
    unit: Label
    standards: list[Label]
    skills: list[Label]
    title: str | None = None
    unit_title: str | None = None
    grade: Any = None


@dataclass
class Draft:
    """The parts of a curriculum before they are checked against each other.

    `fatal` holds what no repair can mend, `faults` what was wrong with single rows.
    """

    skills: list[RawSkill] | None = None
    edges: list[RawEdge] = field(default_factory=list)
    encompasses: list[RawEncompassing] = field(default_factory=list)
    lessons: list[RawUnit] | None = None
    items: list[RawUnit] = field(default_factory=list)
    standards: list[RawStandard] = field(default_factory=list)
    courses: list[RawCourseUnit] = field(default_factory=list)
    faults: list[Repair] = field(default_factory=list)
    fatal: list[str] = field(default_factory=list)
