"""What teachers decide: pins, bans, deferrals and grants, each with author, reason and expiry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, LabelIndex, near_spellings
from adaptlearn.numerics import Bools
from adaptlearn.validation import Interval, OneOf, check_parameters, some

Action = Literal["pin", "ban", "defer", "grant"]
_ACTIONS = ("pin", "ban", "defer", "grant")


@dataclass(frozen=True)
class Override:
    """One decision of a teacher, which always wins over the policy.

    Parameters
    ----------
    action : {"pin", "ban", "defer", "grant"}
        ``"pin"``: this lesson next, whatever else; ``"ban"``: never this lesson; ``"defer"``: not
        before it expires; ``"grant"``: this skill counts as mastered.
    target : label
        A lesson; of a grant a skill.
    student : label or None
        None: everyone.
    author, reason : str
    expires : float or None
        Seconds; from then on it does not count. A deferral must have one.

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
    expires: float | None = None

    def __post_init__(self) -> None:
        problems = [
            f"{name} is empty; say who, and why" if not getattr(self, name) else ""
            for name in ("author", "reason")
        ]
        if self.action == "defer" and self.expires is None:
            problems.append("a deferral needs the time it expires")
        check_parameters(
            f"override {self.action} {self.target!r}",
            {"action": self.action, "expires": self.expires},
            {
                "action": [OneOf(_ACTIONS)],
                "expires": [Interval(-math.inf, math.inf, "neither"), OneOf((None,))],
            },
            [problem for problem in problems if problem],
        )

    def active(self, now: float | None) -> bool:
        """Whether it counts at a time; without a clock everything does."""
        return self.expires is None or now is None or now < self.expires

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return asdict(self)


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
    """The overrides of a curriculum's teachers, in the order they were made.

    Parameters
    ----------
    curriculum : Curriculum
    overrides : iterable of Override or mapping

    Raises
    ------
    ParameterError
        Lists every override whose lesson or skill is not in the curriculum.
    """

    def __init__(
        self, curriculum: Curriculum, overrides: Iterable[Override | Mapping[str, Any]] = ()
    ) -> None:
        self.curriculum = curriculum
        self._held: list[Override] = []
        self._by_student: dict[Label | None, list[int]] = {}
        self.add(*overrides)

    def add(self, *overrides: Override | Mapping[str, Any]) -> None:
        """Take in more of them; all or, if one is wrong, none."""
        made = [one if isinstance(one, Override) else Override(**one) for one in overrides]
        problems = []
        for one in made:
            index = self._index_of(one)
            if one.target not in index.place:
                what = "skill" if one.action == "grant" else "lesson"
                near = near_spellings(one.target, index.place)
                problems.append(f"{one.action} {one.target!r}: no such {what}{near}")
        if problems:
            raise ParameterError("overrides", problems)
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
        """Take one back; those that others refer to by place keep theirs.

        Raises
        ------
        ParameterError
            It is not among them.
        """
        places = self._by_student.get(override.student, [])
        found = [place for place in places if self._held[place] == override]
        if not found:
            raise ParameterError("overrides", [f"{override} is not among them"])
        places.remove(found[-1])

    def active(self, student: Label, now: float | None) -> list[int]:
        """Places of those that count for a student, in the order they were made."""
        mine = [*self._by_student.get(None, ()), *self._by_student.get(student, ())]
        return sorted(place for place in mine if self._held[place].active(now))

    def apply(self, students: Sequence[Label], now: float | None) -> Applied:
        """What they say of a block of students."""
        n = len(students)
        by_row = {
            row: found for row, who in enumerate(students) if (found := self.active(who, now))
        }
        granted = barred = None
        pins: dict[int, list[tuple[int, int]]] = {}
        for row, places in by_row.items():
            for place in places:
                one = self._held[place]
                at = self._index_of(one).place[one.target]
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

    def _index_of(self, one: Override) -> LabelIndex:
        if one.action == "grant":
            return self.curriculum.skill_index
        return self.curriculum.lesson_index
