"""What teachers decide: pins, bans, deferrals and grants, each with author, reason and expiry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal, NamedTuple

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.errors import ParameterError
from adaptlearn.labels import (
    Label,
    LabelIndex,
    label_of,
    label_problem,
    near_spellings,
    refuse_other_kind,
)
from adaptlearn.numerics import Bools
from adaptlearn.responses.columns import is_datetime, moment_of
from adaptlearn.validation import Interval, OneOf, check_parameters, some
from adaptlearn.wording import shown

Action = Literal["pin", "ban", "defer", "grant"]
_ACTIONS = ("pin", "ban", "defer", "grant")
_ZONE = {"naive": "without a zone", "aware": "with a zone"}


@dataclass(frozen=True)
class Override:
    """A teacher's decision, which always has priority over the policy.

    Parameters
    ----------
    action : {"pin", "ban", "defer", "grant"}
        ``"pin"``: the student does this lesson next, whatever the policy says. ``"ban"``: the
        student never gets this lesson. ``"defer"``: the student does not get this lesson before the
        override expires. ``"grant"``: the skill in `target` counts as mastered.
    target : label
        The lesson that the override is about; for a grant, the skill.
    student : label or None
        If `student` is None, the override is for all students.
    author, reason : str
    expires : float, datetime or None
        The time at which the override ends. A deferral must have an end. A datetime is stored as
        seconds; `clock` then stores whether the datetime had a time zone.
    clock : {"naive", "aware"} or None
        The kind of `expires`: a datetime without or with a time zone; None if it was not a
        datetime.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> one = Override("ban", "fractions 2", student="ann", author="Ms Lee", reason="on paper")
    >>> one.active(now=None)
    True
    """

    action: Action
    target: Label
    student: Label | None = None
    author: str = ""
    reason: str = ""
    expires: Any = None
    clock: str | None = None

    def __post_init__(self) -> None:
        problems = []
        for name in ("author", "reason"):
            value = getattr(self, name)
            if not value:
                problems.append(f"{name} is empty; say who, and why")
            elif not isinstance(value, str):
                problems.append(f"{name} must be a text, got {shown(value)}")
        for name in ("target", "student"):
            value = getattr(self, name)
            if value is not None or name == "target":
                problem = label_problem(value)
                problems.append(f"{name} is {problem}" if problem else "")
                self._set(name, value if problem else label_of(value))
        if is_datetime(self.expires):
            seconds, clock = moment_of(self.expires, f"override {self.action}: expires")
            self._set("expires", seconds)
            self._set("clock", clock)
        if self.action == "defer" and self.expires is None:
            problems.append("a deferral needs the time it expires")
        check_parameters(
            f"override {self.action} {self.target!r}",
            {"action": self.action, "expires": self.expires, "clock": self.clock},
            {
                "action": [OneOf(_ACTIONS)],
                "clock": [OneOf(("naive", "aware", None))],
                "expires": [Interval(-math.inf, math.inf, "neither"), OneOf((None,))],
            },
            [problem for problem in problems if problem],
        )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # frozen for all others

    def active(self, now: float | None) -> bool:
        """Whether the override applies at the given time; without a time, it always applies."""
        return self.expires is None or now is None or now < self.expires

    def to_dict(self) -> dict[str, Any]:
        """Convert to a dict of plain values that JSON can store."""
        content = asdict(self)
        if self.clock is None:  # as overrides without datetimes have always been written
            del content["clock"]
        return content


class Applied(NamedTuple):
    """Overrides that count for a block of students.

    Attributes
    ----------
    granted : bool array, shape (n_students, n_skills), or None
    barred : bool array, shape (n_students, n_lessons), or None
    pins : dict of int to list of pairs of int
        By row, lessons that come first and the overrides that say so, in the order given.
    by_row : dict of int to list of int
        By row, places of all overrides that count.
    """

    granted: Bools | None
    barred: Bools | None
    pins: dict[int, list[tuple[int, int]]]
    by_row: dict[int, list[int]]


class Overrides:
    """The overrides by teachers for a curriculum, in the order in which they were added.

    Parameters
    ----------
    curriculum : Curriculum
    overrides : iterable of Override or mapping

    Raises
    ------
    ParameterError
        The error lists every override whose lesson or skill is not in the curriculum, and every
        mapping that is not an override. For each problem, the error names the position and the
        field. `apply` checks overrides with an end, as long as they have not expired.
    UnknownLabelError
        The error is raised if the labels of some students are text and the labels of others are
        integers.
    """

    def __init__(
        self, curriculum: Curriculum, overrides: Iterable[Override | Mapping[str, Any]] = ()
    ) -> None:
        if wrong := [*curriculum_problems(curriculum)]:
            raise ParameterError("overrides", wrong)
        self.curriculum = curriculum
        self._held: list[Override] = []
        self._by_student: dict[Label | None, list[int]] = {}
        # Of students' labels and of datetimes, so that most calls need not look at each.
        self._kinds: set[type] = set()
        self._clocks: set[str] = set()
        self.add(*overrides)

    def add(self, *overrides: Override | Mapping[str, Any]) -> None:
        """Add several overrides; if one override is wrong, none is added."""
        made = as_overrides(overrides)
        self._check_targets(one for one in made if one.expires is None)
        held = [who for who, places in self._by_student.items() if who is not None and places]
        theirs = [one.student for one in made if one.student is not None]
        refuse_other_kind(theirs, held, "student of an override")
        self._kinds |= {*map(type, theirs)}
        self._clocks |= {one.clock for one in made if one.clock is not None}
        for one in made:
            self._by_student.setdefault(one.student, []).append(len(self._held))
            self._held.append(one)

    def __len__(self) -> int:
        return sum(map(len, self._by_student.values()))

    def __getitem__(self, place: int) -> Override:
        return self._held[place]

    def __repr__(self) -> str:
        held = sorted(place for places in self._by_student.values() for place in places)
        return f"Overrides({some(f'{self[place].action} {self[place].target}' for place in held)})"

    def withdraw(self, override: Override) -> None:
        """Remove an override; the positions of the other overrides do not change.

        Raises
        ------
        ParameterError
            The error is raised if `override` is not one of the overrides.
        """
        places = self._by_student.get(override.student, [])
        found = [place for place in places if self._held[place] == override]
        if not found:
            raise ParameterError("overrides", [f"{override} is not among them"])
        places.remove(found[-1])

    def active(self, student: Label, now: float | None) -> list[int]:
        """The positions of the overrides that apply to a student, in the order of their addition.

        Raises
        ------
        UnknownLabelError
            The error is raised if the label of `student` is text and the label of an override's
            student is an integer, or the reverse.
        """
        student = label_of(student, "student")
        self._check_students([student], now)
        return self._active(student, now)

    def _active(self, student: Label, now: float | None) -> list[int]:
        mine = [*self._by_student.get(None, ()), *self._by_student.get(student, ())]
        return sorted(place for place in mine if self._held[place].active(now))

    def apply(
        self, students: Sequence[Label], now: float | None, clock: str | None = None
    ) -> Applied:
        """Collect the overrides that apply to some students at the time `now`.

        Parameters
        ----------
        students : sequence of labels
        now : float or None
            The time of the decision, in seconds.
        clock : str or None
            The kind of `now` (``"seconds"``, ``"naive"`` or ``"aware"``), if it is known.

        Raises
        ------
        ParameterError
            The error is raised if the lesson or skill of an override that applies now is not in the
            curriculum. The error is also raised if an override's end and `now` are of different
            kinds (seconds, datetimes with a zone, datetimes without a zone).
        UnknownLabelError
            The error is raised if the labels of `students` are text and the label of an override's
            student is an integer, or the reverse. Without this error, an override for a label of
            the other kind (text or integer) would have no effect.
        """
        n = len(students)
        self._check_clocks(clock)
        self._check_students(students, now)
        held, everyone = self._by_student, None in self._by_student
        by_row = {
            row: found
            for row, who in enumerate(students if held else ())
            if (everyone or who in held) and (found := self._active(who, now))
        }
        if now is not None:
            counting = {place for places in by_row.values() for place in places}
            self._check_targets(self._held[place] for place in sorted(counting))
        granted = barred = None
        pins: dict[int, list[tuple[int, int]]] = {}
        for row, places in by_row.items():
            for place in places:
                one = self._held[place]
                at = self._index_of(one).place.get(one.target)
                if at is None:  # it may have expired: nobody said what time it is
                    continue
                if one.action == "grant":
                    if granted is None:
                        granted = np.zeros((n, len(self.curriculum.skills)), bool)
                    granted[row, at] = True
                    continue
                if barred is None:
                    barred = np.zeros((n, len(self.curriculum.lessons)), bool)
                # Of a pin and a ban of one lesson the later counts.
                earlier = [pin for pin in pins.get(row, []) if pin[0] != at]
                pins[row] = [*earlier, (at, place)] if one.action == "pin" else earlier
                barred[row, at] = one.action != "pin"
        return Applied(granted, barred, pins, by_row)

    def check_kind(self, students: Iterable[Label]) -> None:
        """Raise an error if an override's student has a label of another kind (text or integer).

        `check_kind` checks only overrides without an end. `apply` checks overrides with an end, as
        long as they have not expired.

        Raises
        ------
        UnknownLabelError
            The error is raised if some labels are text and others are integers, and lists similar
            labels.
        """
        known = list(students)
        if known:
            named = [
                o.student for o in self._living() if o.student is not None and o.expires is None
            ]
            refuse_other_kind(named, known, "student of an override")

    def _check_targets(self, overrides: Iterable[Override]) -> None:
        problems = []
        for one in overrides:
            index = self._index_of(one)
            if one.target not in index.place:
                what = "skill" if one.action == "grant" else "lesson"
                near = near_spellings(one.target, index.place)
                problems.append(f"{one.action} {one.target!r}: no such {what}{near}")
        if problems:
            raise ParameterError("overrides", problems)

    def _check_clocks(self, clock: str | None) -> None:
        if clock not in _ZONE or self._clocks <= {clock}:
            return
        problems = [
            f"{one.action} {one.target!r} expires at a datetime {_ZONE[one.clock]}, now is one "
            f"{_ZONE[clock]}; give both of one kind"
            for one in self._living()
            if one.clock is not None and one.clock != clock
        ]
        if problems:
            raise ParameterError("overrides", problems)

    def _check_students(self, students: Sequence[Label], now: float | None) -> None:
        if not students or self._kinds <= {type(students[0])}:
            return
        other = [
            one.student
            for one in self._living()
            if one.student is not None
            and type(one.student) is not type(students[0])
            and one.active(now)
        ]
        refuse_other_kind(other, students, "student of an override")

    def _living(self) -> Iterator[Override]:
        """Those that were not withdrawn."""
        return (self._held[place] for places in self._by_student.values() for place in places)

    def _index_of(self, one: Override) -> LabelIndex:
        if one.action == "grant":
            return self.curriculum.skill_index
        return self.curriculum.lesson_index


def as_overrides(given: Iterable[Any]) -> list[Override]:
    """Overrides, of mappings too; one error lists what is wrong with any of them."""
    made: list[Override] = []
    problems: list[str] = []
    for place, one in enumerate(given):
        if isinstance(one, Override):
            made.append(one)
        elif not isinstance(one, Mapping):
            problems.append(
                f"override {place} is a {type(one).__name__}; expected an Override or a mapping"
            )
        elif wrong := [*_wrong_fields(one)]:
            problems += [f"override {place}: {problem}" for problem in wrong]
        else:
            try:
                made.append(Override(**one))
            except ParameterError as error:
                problems += [f"override {place}: {problem}" for problem in error.problems]
    if problems:
        raise ParameterError("overrides", problems)
    return made


def _wrong_fields(given: Mapping[str, Any]) -> Iterator[str]:
    """Names of a mapping that no override has, and those that it lacks."""
    known = {field.name: field.default is MISSING for field in fields(Override)}
    for name in given:
        if name not in known:
            near = near_spellings(name, known)
            yield f"no field {name!r}{near}; there are {some(known, len(known))}"
    for name, needed in known.items():
        if needed and name not in given:
            yield f"{name} is missing"
