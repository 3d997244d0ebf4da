"""The groups of one week: a proposal that a teacher can change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, LabelIndex, label_array, label_of
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.planning.frames import Tabled
from adaptlearn.planning.groups.broken import broken_limits
from adaptlearn.planning.groups.conflicts import Names, explained
from adaptlearn.planning.groups.seating import Seating, met, most_covered, resettled
from adaptlearn.planning.groups.slots import Slot
from adaptlearn.planning.groups.week import FREE, Week
from adaptlearn.tables import Parts
from adaptlearn.wording import counted, listed


@dataclass(frozen=True, repr=False, eq=False)
class Groups(Tabled):
    """Who sits in which slot of the week, with whom and on which skill; `print` shows a table.

    `form_groups` makes groups. `move`, `fix` and `solve_again` return new groups and leave the
    old groups unchanged.

    Attributes
    ----------
    students : array, shape (n_students,)
        The labels of the students.
    slots : tuple of Slot
    seat : bool array, shape (n_students, n_slots)
        Who sits where.
    moves : int
        How many moves the last `solve_again` made. A student who leaves one slot and takes another
        makes one move.
    """

    students: NDArray[Any]
    slots: tuple[Slot, ...]
    seat: Bools
    moves: int
    _week: Week
    _skill: Ints
    _names: tuple[Label, ...]  # of the week's skills

    def __post_init__(self) -> None:
        self.seat.flags.writeable = False

    @property
    def skills(self) -> tuple[Label | None, ...]:
        """The skill of each slot; None if the slot is a station, is empty or meets no need."""
        filled = self.seat.sum(axis=0) > 0
        return tuple(
            self._names[code] if code != FREE and used else None
            for code, used in zip(self._skill.tolist(), filled.tolist(), strict=True)
        )

    @property
    def need(self) -> Floats:
        """The need that each seat meets, shape (n_students, n_slots).

        A need counts once a week: in the first of several slots on one skill.
        """
        return met(self._week.need, self.seat, self._skill)

    @property
    def value(self) -> float:
        """The need that all groups meet together."""
        return float(self.need.sum())

    @property
    def left_out(self) -> tuple[Label, ...]:
        """The students without any slot."""
        return tuple(self.students[~self.seat.any(axis=1)].tolist())

    @property
    def broken(self) -> tuple[str, ...]:
        """The limits that a teacher's changes have broken, one sentence each.

        After `solve_again`, all limits hold again.
        """
        return tuple(broken_limits(self._week, self.seat, self._skill, self._labels))

    def of(self, student: Label) -> tuple[Label, ...]:
        """The slots in which a student sits, in the order of the week."""
        row = self._row(student)
        return tuple(self.slots[slot].label for slot in np.flatnonzero(self.seat[row]))

    def members(self, slot: Label) -> tuple[Label, ...]:
        """The students who sit in a slot."""
        return tuple(self.students[self.seat[:, self._column(slot)]].tolist())

    def move(self, student: Label, slot: Label, out_of: Label | None = None) -> Self:
        """Put a student into a slot, and keep the student there.

        Other students stay where they are, so sizes and other limits may be broken: see `broken`.
        `solve_again` then finds places that keep all limits, and leaves your move as it is.

        Parameters
        ----------
        student, slot : label
        out_of : label, optional
            The slot that the student leaves for good. By default, it is the student's slot at the
            same time, or else the only slot of the student.

        Raises
        ------
        UnknownLabelError
            The error is raised if the student or a slot is unknown, and lists similar labels.
        ParameterError
            The error is raised if it is not clear which slot the student leaves.
        """
        row, column = self._row(student), self._column(slot)
        left = self._left(row, column, out_of)
        seat, pinned, barred = (
            table.copy() for table in (self.seat, self._week.pinned, self._week.barred)
        )
        if left is not None:
            seat[row, left] = pinned[row, left] = False
            barred[row, left] = True
        seat[row, column] = pinned[row, column] = True
        barred[row, column] = False
        return replace(
            self, seat=seat, moves=0, _week=self._week._replace(pinned=pinned, barred=barred)
        )

    def _left(self, row: int, column: int, out_of: Label | None) -> int | None:
        """The slot that a student leaves for another one."""
        mine = np.flatnonzero(self.seat[row])
        name = self.students.tolist()[row]
        if out_of is not None:
            left = self._column(out_of)
            if left not in mine or left == column:
                sits = listed(repr(label) for label in self.of(name)) or "no slot"
                raise ParameterError("move", [f"{name!r} cannot leave {out_of!r}; sits in {sits}"])
            return left
        if column in mine or not len(mine):
            return None
        same = [slot for slot in mine if self._week.time[slot] == self._week.time[column]]
        if len(same) == 1 or len(mine) == 1:
            return int((same or mine)[0])
        sits = listed(repr(label) for label in self.of(name))
        raise ParameterError("move", [f"{name!r} sits in {sits}; say which slot to leave: out_of="])

    def fix(
        self,
        slot: Label,
        students: Iterable[Label] | Label | None = None,
        skill: Label | None = None,
    ) -> Self:
        """Keep students in a slot, and the slot on its skill.

        Parameters
        ----------
        slot : label
        students : sequence of labels, or one label, optional
            The students who must sit there; by default, all who sit there now. `solve_again` gives
            a seat to those who have none there yet.
        skill : label, optional
            The skill of the slot; by default, the one that it has now.

        Raises
        ------
        UnknownLabelError
            The error is raised if a label is unknown, or if no student of the class needs the
            skill. It lists similar labels.
        """
        column = self._column(slot)
        rows = (
            np.flatnonzero(self.seat[:, column])
            if students is None
            else np.array(LabelIndex("student", self.students).codes(students), np.intp)
        )
        pinned, barred = self._week.pinned.copy(), self._week.barred.copy()
        allowed, codes = self._week.allowed.copy(), self._skill.copy()
        pinned[rows, column] = True
        barred[rows, column] = False
        if skill is not None:
            codes[column] = LabelIndex("skill that is needed", self._names).code(skill)
        allowed[column] = np.arange(allowed.shape[1]) == codes[column]
        week = self._week._replace(pinned=pinned, barred=barred, allowed=allowed)
        return replace(self, moves=0, _week=week, _skill=codes)

    def solve_again(self) -> Self:
        """Move as few students as possible, so that all limits hold; then meet most need.

        The students whom you moved and the slots that you fixed stay as they are. The slots keep
        their skills. A skill changes only if each group needs a tutor, and no seating gives each
        group a tutor for its present skill.

        Raises
        ------
        ParameterError
            The limits conflict; the error names a smallest set of limits that do.
        """
        week = self._week
        if week.at_least == 0:
            week = week._replace(covered=most_covered(week))
        found = resettled(week, self._skill, self.seat)
        if found is None:
            raise ParameterError(
                "solve_again",
                [f"these limits conflict: {explained(week, self._labels)}"],
                "Change one of them.",
            )
        seating, moves = found
        return replace(self, seat=seating.seat, moves=moves, _week=week, _skill=seating.skill)

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per seat, as columns for any dataframe library.

        ``role`` is ``"learner"`` if the seat meets a need of the student, ``"tutor"`` if the
        student has mastered the skill of a group that needs a tutor, and ``"other"`` otherwise.
        """
        slot, row = np.nonzero(self.seat.T)
        need = self.need[row, slot]
        role = np.where(need > 0, "learner", "other").astype(object)
        if self._week.tutors is not None:
            code = self._skill[slot]
            able = (code != FREE) & self._week.tutors[row, np.maximum(code, 0)]
            role[able] = "tutor"
        slots = [self.slots[place] for place in slot.tolist()]
        return {
            "slot": label_array(one.label for one in slots),
            "time": label_array(one.time for one in slots),
            "leader": label_array(one.leader for one in slots),
            "skill": label_array(self.skills[place] for place in slot.tolist()),
            "student": self.students[row],
            "role": role,
            "need": need,
        }

    def to_dict(self) -> dict[str, Any]:
        """The groups as plain values, ready for JSON: a list of slots with their students."""
        need = self.need.sum(axis=0)
        return {
            "value": self.value,
            "moves": self.moves,
            "slots": [
                {
                    "slot": slot.label,
                    "time": slot.time,
                    "leader": slot.leader,
                    "skill": skill,
                    "students": list(self.members(slot.label)),
                    "need": float(need[place]),
                }
                for place, (slot, skill) in enumerate(zip(self.slots, self.skills, strict=True))
            ],
            "left_out": list(self.left_out),
        }

    @property
    def _labels(self) -> Names:
        return Names(self.students.tolist(), [slot.label for slot in self.slots])

    def _row(self, student: Label) -> int:
        return LabelIndex("student", self.students).code(label_of(student, "student"))

    def _column(self, slot: Label) -> int:
        return LabelIndex("slot", [one.label for one in self.slots]).code(slot)

    def __repr__(self) -> str:
        return str(self)

    def _parts(self) -> Parts:
        need = self.need.sum(axis=0)
        caption = (
            f"{counted(len(self.students), 'student')} in {counted(len(self.slots), 'slot')}: "
            f"need met {self.value:.2f}"
        )
        rows = [
            [
                str(slot.label),
                "" if slot.leader is None else str(slot.leader),
                "" if skill is None else str(skill),
                f"{need[place]:.2f}",
                ", ".join(map(str, self.members(slot.label))),
            ]
            for place, (slot, skill) in enumerate(zip(self.slots, self.skills, strict=True))
        ]
        return Parts(caption, ["slot", "leader", "skill", "need", "students"], rows, self._notes())

    def _notes(self) -> Iterator[str]:
        if self.left_out:
            yield f"without a slot: {', '.join(map(str, self.left_out))}"
        yield from self.broken


def proposal(
    students: NDArray[Any],
    slots: tuple[Slot, ...],
    week: Week,
    seating: Seating,
    names: tuple[Label, ...],
) -> Groups:
    """Groups as they are first proposed."""
    return Groups(students, slots, seating.seat, 0, week, seating.skill, names)
