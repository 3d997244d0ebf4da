"""The slots of a week: times at which a teacher, a coach or a station takes a group."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from adaptlearn.labels import Label, label_problem
from adaptlearn.validation import Interval


@dataclass(frozen=True)
class Slot:
    """A place in the week for one group.

    Parameters
    ----------
    label : label
        The name of the slot; each slot of a week has its own name.
    time : label, optional
        When the slot is. A student sits in at most one of the slots with the same time. By
        default, the slot has a time of its own.
    leader : label, optional
        The teacher or coach who leads the group, or the station at which it works. A leader has
        at most one of the slots with the same time.
    smallest, largest : int, default 3 and 6
        The sizes that a group may have. If the slot gets no group, it stays empty; this is always
        allowed.
    skills : sequence of labels, optional
        The skills that the group may work on. By default, every skill. With ``skills=()`` the slot
        is a *station*: its students share no skill, each works alone, and no need counts as met.

    Examples
    --------
    >>> Slot("Monday 9:00", leader="Ms Park", smallest=2, largest=4)
    Slot('Monday 9:00', leader='Ms Park', 2 to 4 students)
    """

    label: Label
    time: Label | None = None
    leader: Label | None = None
    smallest: int = 3
    largest: int = 6
    skills: Sequence[Label] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.skills, (list, tuple, set, frozenset)):
            object.__setattr__(self, "skills", tuple(self.skills))

    def __repr__(self) -> str:
        named = "".join(
            f", {name}={value!r}"
            for name, value in (("time", self.time), ("leader", self.leader))
            if value is not None
        )
        skills = "" if self.skills is None else f", skills={self.skills!r}"
        return f"Slot({self.label!r}{named}, {self.smallest} to {self.largest} students{skills})"

    @property
    def is_station(self) -> bool:
        """Whether the students of the slot share no skill."""
        return self.skills == ()


_FIELDS = {field.name for field in fields(Slot)}


def read_slots(given: Any, problems: list[str]) -> list[Slot]:
    """Slots as they are, or made of mappings (as JSON holds them); faults go to `problems`."""
    if isinstance(given, (str, bytes, Mapping)) or not hasattr(given, "__iter__"):
        problems.append(f"slots is a {type(given).__name__}; expected a list of Slot")
        return []
    slots, before = [], len(problems)
    for place, one in enumerate(given):
        if isinstance(one, Slot):
            slots.append(one)
        elif not isinstance(one, Mapping) or "label" not in one:
            problems.append(f"slots (place {place}): expected a Slot, got {one!r:.80}")
        elif unknown := sorted(map(str, {*one} - _FIELDS)):
            problems.append(
                f"slot {one['label']!r}: unknown {', '.join(unknown)}; "
                f"known are {', '.join(sorted(_FIELDS))}"
            )
        else:
            slots.append(Slot(**one))
    if not slots and len(problems) == before:
        problems.append("there are no slots; give at least one Slot")
    problems += _faults(slots)
    return slots


def _faults(slots: list[Slot]) -> list[str]:
    """What is wrong with slots, alone and together."""
    unlabelled = [fault for slot in slots for fault in _labels_of(slot)]
    faults = [fault for slot in slots for fault in _sizes_of(slot)]
    return [*unlabelled, *faults] if unlabelled else [*faults, *_clashes(slots)]


def _labels_of(slot: Slot) -> Iterator[str]:
    """Labels that are none."""
    name = f"slot {slot.label!r:.80}"
    skills: Any = slot.skills
    for field in ("label", "time", "leader"):
        value = getattr(slot, field)
        if (value is not None or field == "label") and (wrong := label_problem(value)):
            yield f"{name}: {field} {wrong}"
    if skills is not None and not isinstance(skills, tuple):
        yield f"{name}: skills is {skills!r:.80}; expected a list of skills"
    else:
        given = [label_problem(skill) for skill in skills or ()]
        yield from (f"{name}: skill {problem}" for problem in given if problem)


def _sizes_of(slot: Slot) -> Iterator[str]:
    name = f"slot {slot.label!r:.80}"
    for field, size in (("smallest", slot.smallest), ("largest", slot.largest)):
        allowed = Interval(int(field == "largest"), math.inf, integer=True)
        if not allowed.accepts(size):
            yield f"{name}: {field} must be {allowed}, got {size!r}"
    anything = Interval(-math.inf, math.inf)
    numbers = anything.accepts(slot.smallest) and anything.accepts(slot.largest)
    if numbers and slot.smallest > slot.largest:
        yield (
            f"{name}: sizes from {slot.smallest} to {slot.largest}; "
            "the smallest size is above the largest"
        )


def _clashes(slots: list[Slot]) -> Iterator[str]:
    """Slots of one name, and slots of one leader at one time."""
    labels = Counter(slot.label for slot in slots)
    yield from (f"{n} slots are called {label!r}" for label, n in labels.items() if n > 1)
    led: dict[Any, Any] = {}
    for slot in slots:
        if slot.time is None or slot.leader is None:
            continue
        other = led.setdefault((slot.time, slot.leader), slot.label)
        if other != slot.label:
            yield f"slots {other!r} and {slot.label!r}: {slot.leader!r} has both at {slot.time!r}"
