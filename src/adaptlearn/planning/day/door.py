"""What is asked of a day is checked once, and becomes arrays."""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import DataWarning, ParameterError, warn
from adaptlearn.labels import Label, label_problem, near_spellings
from adaptlearn.planning.day.demands import Asked, Block, Demands
from adaptlearn.planning.day.limits import KINDS, Limits, Pin
from adaptlearn.planning.day.pins import Pinned, pin_problems
from adaptlearn.validation import Interval, some

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_MINUTES = Interval(0, 24 * 60, "right")
_FACTOR = Interval(1, 5)
_SHOWN = 10
_LISTED = f"there are {', '.join(KINDS)}"


def read_demands(
    asked: Asked, students: Sequence[Label], curriculum: Curriculum, others: Sequence[str]
) -> Demands:
    """Check everything that is asked, and turn it into arrays.

    Raises
    ------
    ParameterError
        Lists every problem, and `others`.
    """
    door = _Door(asked, students, curriculum)
    problems = [*others, *door.problems()]
    if problems:
        raise ParameterError("plan_day", problems)
    door.tell_rounded()
    return door.demands()


class _Door:
    """Reads one part after the other, and collects what is wrong."""

    def __init__(self, asked: Asked, students: Sequence[Label], curriculum: Curriculum) -> None:
        self._asked, self._curriculum = asked, curriculum
        self._students = {label: row for row, label in enumerate(students)}
        self._lessons = curriculum.lesson_index.place
        self._blocks: list[Block] = []
        self._place: dict[str, int] = {}
        self._pins: list[Pin] = []
        self._wishes: list[tuple[int, int, float, str]] = []
        self._factor = np.ones(len(students))

    def problems(self) -> Iterator[str]:
        """Everything that is wrong."""
        if not self._students:
            yield "students is empty; pass at least one student"
        step = self._asked.step
        if not Interval(1, 60, integer=True).accepts(step):
            yield f"step must be {Interval(1, 60, integer=True)}, got {step!r}"
            return
        limits = [*self._read_blocks(), *self._read_lessons(), *self._read_kinds()]
        yield from limits
        self._unsound = bool(limits)  # then pins cannot be compared with limits
        yield from self._read_factors()
        yield from self._read_levels()
        yield from self._read_seats()
        yield from self._read_wishes()
        if self._blocks:
            yield from self._read_pins()

    def _read_blocks(self) -> Iterator[str]:
        if not self._asked.day:
            yield "day is empty; pass at least one Block"
        given: Any
        for given in self._asked.day:
            try:
                block = given if isinstance(given, Block) else Block(**given)
            except TypeError:
                yield f"day: {given!r:.80} is not a Block; expected Block(name, start, minutes)"
                continue
            whose = f"block {block.name!r}"
            wrong = [*self._minutes(block.minutes, f"{whose}: minutes"), *_names(block, whose)]
            if block.name in self._place:
                wrong.append(f"{whose} is there twice; each block needs a name of its own")
            yield from wrong
            if not wrong:
                self._place[block.name] = len(self._blocks)
                self._blocks.append(block)
        self._blocks.sort(key=lambda block: block.begins)
        self._place = {block.name: place for place, block in enumerate(self._blocks)}
        for one, other in zip(self._blocks, self._blocks[1:], strict=False):
            if one.begins + one.minutes > other.begins:
                yield (
                    f"blocks {one.name!r} ({one.start}, {one.minutes} minutes) and "
                    f"{other.name!r} ({other.start}) overlap"
                )

    def _minutes(self, value: Any, what: str, *, zero: bool = False) -> Iterator[str]:
        """What is wrong with minutes that must be whole steps."""
        step = self._asked.step
        if not _MINUTES.accepts(value) and not (zero and value == 0):
            yield f"{what} must be a number above 0, got {value!r}"
        elif value % step:
            low = value // step * step
            yield f"{what} {value:g} is not a multiple of {step}; pass {low:g} or {low + step:g}"

    def _read_lessons(self) -> Iterator[str]:
        minutes = self._curriculum.minutes
        unknown = np.flatnonzero(~np.isfinite(minutes))
        if len(unknown):
            yield (
                f"{len(unknown)} lessons have no minutes: "
                f"{some(self._curriculum.lessons[unknown])}; a day needs the minutes of each lesson"
            )

    def _read_kinds(self) -> Iterator[str]:
        day = sum(block.minutes for block in self._blocks)
        floors, caps = self._asked.floors, self._asked.caps
        for name, given in (("floors", floors), ("caps", caps)):
            for kind, value in given.items():
                if kind not in KINDS:
                    yield f"{name}: {kind!r} is not a kind{near_spellings(kind, KINDS)}; {_LISTED}"
                else:
                    yield from self._minutes(value, f"{name}: {kind}", zero=True)
        fine = {kind: value for kind, value in floors.items()
                if kind in KINDS and _MINUTES.accepts(value)}  # fmt: skip
        for kind, value in fine.items():
            cap = caps.get(kind, math.inf)
            room = sum(block.minutes for block in self._blocks if kind in block.kinds)
            if value > cap:
                yield f"the floor of {kind} is {value:g} minutes, but its cap is {cap:g}"
            if self._blocks and value > room:
                yield (
                    f"the floor of {kind} is {value:g} minutes, but the blocks that allow it have "
                    f"{room}"
                )
        if self._blocks and sum(fine.values()) > day:
            yield f"the floors are {sum(fine.values()):g} minutes together, but the day has {day}"
        for name in ("device", "skill"):
            value = getattr(self._asked, name)
            if value is not None:
                yield from self._minutes(value, name, zero=name == "device")

    def _read_factors(self) -> Iterator[str]:
        for student, factor in self._asked.extra_time.items():
            if student not in self._students:
                yield self._unknown("extra_time", student, "student", self._students)
            elif not _FACTOR.accepts(factor):
                yield f"extra_time of {student!r} must be {_FACTOR}, got {factor!r}"
            else:
                self._factor[self._students[student]] = factor

    def _read_levels(self) -> Iterator[str]:
        self._spans = np.tile([-np.inf, np.inf], (len(self._students), 1))
        levels = self._asked.levels
        if levels is None:
            return
        if not isinstance(levels, Mapping):
            levels = dict.fromkeys(self._students, levels)
        wrong = 0
        for student, span in levels.items():
            if student not in self._students:
                yield self._unknown("levels", student, "student", self._students)
                continue
            try:
                low, high = span
                fine = bool(low <= high)
            except (TypeError, ValueError):
                fine = False
            if fine:
                self._spans[self._students[student]] = low, high
            elif (wrong := wrong + 1) <= _SHOWN:
                yield f"levels of {student!r}: {span!r}; expected two grades, such as (4, 6)"

    def _read_seats(self) -> Iterator[str]:
        names = [*self._asked.seats]
        self._resource = np.full(len(self._lessons), -1)
        self._seats = np.zeros((len(names), max(len(self._blocks), 1)), np.intp)
        whole = Interval(0, 1e6, integer=True)
        given: Any
        for place, (name, given) in enumerate(self._asked.seats.items()):
            if not isinstance(given, Mapping) or {*given} != {"lessons", "seats"}:
                yield f"seats: {name!r} must have 'lessons' and 'seats', got {given!r:.80}"
                continue
            for lesson in given["lessons"]:
                if lesson not in self._lessons:
                    yield self._unknown(f"seats of {name!r}", lesson, "lesson", self._lessons)
                elif self._resource[self._lessons[lesson]] >= 0:
                    first = names[self._resource[self._lessons[lesson]]]
                    yield f"lesson {lesson!r} needs a seat of both {first!r} and {name!r}; pass one"
                else:
                    self._resource[self._lessons[lesson]] = place
            counts = given["seats"]
            if not isinstance(counts, Mapping):
                counts = dict.fromkeys(self._place, counts)
            for block, count in counts.items():
                if block not in self._place:
                    yield self._unknown(f"seats of {name!r}", block, "block", self._place)
                elif not whole.accepts(count):
                    yield f"seats of {name!r} in {block!r} must be {whole}, got {count!r}"
                else:
                    self._seats[place, self._place[block]] = count

    def _read_wishes(self) -> Iterator[str]:
        for one in self._asked.requests:
            found = yield from self._named(one, "request", ("student", "lesson", "priority"))
            if found is None:
                continue
            priority = one["priority"]
            if Interval(0, 1e6, "right").accepts(priority):
                self._wishes.append((found[0], found[1], float(priority), "requested"))
            else:
                yield f"request {one['lesson']!r}: priority must be above 0, got {priority!r}"
        offered = [
            label for label, extra in zip(self._lessons, self._curriculum.is_elective, strict=True)
            if extra
        ]  # fmt: skip
        for student, lessons in self._asked.electives.items():
            if student not in self._students:
                yield self._unknown("electives", student, "student", self._students)
                continue
            for lesson in [lessons] if isinstance(lessons, str) else lessons:
                if lesson not in offered:
                    near = near_spellings(lesson, offered)
                    yield f"electives of {student!r}: nobody offers {lesson!r}{near}"
                else:
                    row = self._students[student]
                    self._wishes.append((row, self._lessons[lesson], 1.0, "chosen"))

    def _named(
        self, given: Any, what: str, keys: tuple[str, ...]
    ) -> Generator[str, None, list[int] | None]:
        """The places of a student and a lesson; None if something is wrong."""
        if not isinstance(given, Mapping) or {*given} != {*keys}:
            yield f"{what} {given!r:.80} must have {', '.join(keys)}"
            return None
        found = []
        for key, known in (("student", self._students), ("lesson", self._lessons)):
            label = given[key]
            if label_problem(label) or label not in known:
                yield self._unknown(what, label, key, known)
            else:
                found.append(known[label])
        return found if len(found) == 2 else None

    def _unknown(self, where: str, label: Any, what: str, known: Iterable[Any]) -> str:
        return f"{where}: no {what} {label!r}{near_spellings(label, known)}"

    def _read_pins(self) -> Iterator[str]:
        step = self._asked.step
        for one in self._asked.pins:
            found = yield from self._named(one, "pin", ("student", "lesson", "block"))
            if found is None:
                continue
            if one["block"] not in self._place:
                yield self._unknown("pin", one["block"], "block", self._place)
                continue
            student, lesson = found
            minutes = self._curriculum.minutes[lesson]
            if not np.isfinite(minutes):
                continue  # it is told already
            steps = math.ceil(math.ceil(minutes / step) * self._factor[student] - 1e-9)
            self._pins.append(Pin(student, lesson, self._place[one["block"]], steps))
        if not self._unsound:
            yield from pin_problems(
                Pinned(
                    self._pins, [*self._students], [*self._place], self.limits(), step,
                    [*self._asked.seats], self._resource, self._seats, self._spans,
                ),
                self._curriculum,
            )  # fmt: skip

    def tell_rounded(self) -> None:
        """Warn of lessons whose minutes are no whole steps."""
        step, minutes = self._asked.step, self._curriculum.minutes
        up = np.ceil(minutes / step - 1e-9) * step
        rows = np.flatnonzero(up != minutes)
        if len(rows):
            told = ", ".join(
                f"{self._curriculum.lessons[row]!r} ({minutes[row]:g} to {up[row]:g})"
                for row in rows[:_SHOWN].tolist()
            )
            more = f", … ({len(rows)} in all)" if len(rows) > _SHOWN else ""
            warn(f"minutes of lessons, rounded up to {step}: {told}{more}", DataWarning)

    def demands(self) -> Demands:
        """Everything as arrays."""
        asked, step = self._asked, self._asked.step
        minutes = np.ceil(self._curriculum.minutes / step - 1e-9) * step
        return Demands(
            tuple(self._blocks), self.limits(), step, minutes, self._factor, self._spans,
            tuple(asked.seats), self._resource, self._seats, self._pins, self._wishes,
        )  # fmt: skip

    def limits(self) -> Limits:
        """The limits of the day, without pins."""
        asked, step = self._asked, self._asked.step
        rooms = np.array([int(block.minutes) // step for block in self._blocks])
        total = int(rooms.sum())

        def steps(value: float | None) -> int:
            return total if value is None else min(int(value) // step, total)

        return Limits(
            rooms,
            np.array([[kind in block.kinds for block in self._blocks] for kind in KINDS], bool),
            np.array([steps(asked.floors.get(kind, 0)) for kind in KINDS]),
            np.array([steps(asked.caps.get(kind)) for kind in KINDS]),
            steps(asked.device),
            steps(asked.skill),
        )


def _names(block: Any, whose: str) -> Iterator[str]:
    """What is wrong with the name, the start and the kinds of a block."""
    if not isinstance(block.name, str) or not block.name:
        yield f"{whose}: the name must be a text"
    if not isinstance(block.start, str) or not _CLOCK.fullmatch(block.start):
        yield f"{whose}: start {block.start!r}; expected a time such as '9:05'"
    if isinstance(block.kinds, str) or not block.kinds:
        yield f"{whose}: kinds is {block.kinds!r}; expected a list of kinds"
    else:
        for kind in block.kinds:
            if kind not in KINDS:
                yield f"{whose}: {kind!r} is not a kind{near_spellings(kind, KINDS)}; {_LISTED}"
