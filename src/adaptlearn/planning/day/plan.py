"""The plan of a day: who does what, in which block, and why."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, LabelIndex, label_of
from adaptlearn.numerics import Bools, Ints
from adaptlearn.planning.day.branching import Problem
from adaptlearn.planning.day.limits import KINDS
from adaptlearn.planning.day.made import Made, seats_taken
from adaptlearn.planning.day.menu import REASONS
from adaptlearn.planning.day.past import FORMAT, PastDay
from adaptlearn.planning.day.verdicts import Verdicts
from adaptlearn.planning.frames import Rows, Tabled
from adaptlearn.serialization import write_manifest
from adaptlearn.tables import Parts, ends, plain_columns
from adaptlearn.wording import counted

_SHOWN = 30


class DayPlan(Tabled):
    """A day for each student: lessons in blocks, with minutes, kinds, modes and reasons.

    `plan_day` makes it. It does not change.

    Attributes
    ----------
    students : tuple of label
    value : float
        The value of all lessons of all students; see `minutes_worth`.
    bound : float
        No plan that keeps the limits has a higher value. It is proven by the prices of seats.
    gap : float
        ``1 - value / bound``: the best plan exceeds this plan by at most this share of the bound.
        It is 0 if no lesson needs a seat.
    short : int
        The minutes that are missing to floors, over all students.
    lessons : Lessons
        The lessons of all students, as arrays.
    """

    def __init__(self, made: Made) -> None:
        self._made = made
        self.lessons = made.lessons
        self.students = made.students
        problem = made.problem
        lacking = _shortfalls(problem, made.chosen)
        self._lacking = lacking
        self.short = int(lacking.sum()) * made.demands.step
        chosen = np.where(made.chosen, problem.offers.value, 0.0)
        self.value = float(chosen.sum())
        # Both sides without what the missing minutes cost.
        self.bound = float(max(made.bound + problem.penalty * lacking.sum(), self.value))

    @property
    def gap(self) -> float:
        """How far the value may be from the best, as a share of the bound."""
        return 0.0 if self.bound <= 0 else float(max(0.0, 1 - self.value / self.bound))

    def __repr__(self) -> str:
        return f"<DayPlan: {counted(len(self.students), 'student')}, value {self.value:.4g}>"

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per lesson and block, as columns for any dataframe library.

        The columns are ``student``, ``block``, ``start`` (a time of day), ``minutes``, ``lesson``,
        ``kind``, ``mode``, ``share`` (of the lesson's minutes that fits into the day) and
        ``reason``. A lesson that goes on after a break has two rows.
        """
        made, lessons = self._made, self._made.lessons
        curriculum = made.sequencer.curriculum
        modes = np.array(curriculum.lesson_modes, object)
        blocks = np.array([block.name for block in made.demands.blocks], object)
        reasons = np.array([*REASONS.values()], object)[lessons.code]
        for place in np.flatnonzero(lessons.share < 1).tolist():
            reasons[place] += f"; {lessons.share[place]:.0%} of it fits"
        return {
            "student": _labels(made.students)[lessons.student],
            "block": blocks[lessons.block],
            "start": np.array([_clock(start) for start in lessons.start.tolist()], object),
            "minutes": lessons.minutes.copy(),
            "lesson": curriculum.lessons[lessons.lesson],
            "kind": np.array(KINDS, object)[lessons.kind],
            "mode": modes[lessons.lesson],
            "share": lessons.share.copy(),
            "reason": reasons,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can store."""
        tables = {"lessons": self.table(), "unplaced": self.unplaced(), "load": self.load(),
                  "missing": self.missing(), "teacher_list": self.teacher_list()}  # fmt: skip
        numbers = {"value": self.value, "bound": self.bound, "gap": self.gap, "short": self.short}
        return {
            "students": [*self.students],
            **numbers,
            **{name: plain_columns(table) for name, table in tables.items()},
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the plan to a JSON file, which `PastDay.load` reads."""
        write_manifest(path, FORMAT, self.to_dict())

    def unplaced(self) -> dict[str, NDArray[Any]]:
        """Students with minutes that no lesson fills, and why.

        The columns are ``student``, ``minutes`` and ``reason``.
        """
        left = self._made.left.sum(axis=1)
        rows = np.flatnonzero(left)
        return {
            "student": _labels(self.students)[rows],
            "minutes": left[rows] * self._made.demands.step,
            "reason": np.array(Verdicts(self._made).unplaced(rows), object),
        }

    def load(self) -> dict[str, NDArray[Any]]:
        """How many seats of each resource are taken in each block.

        The columns are ``resource``, ``block``, ``seats`` and ``taken``.
        """
        demands = self._made.demands
        n_resources, n_blocks = len(demands.resources), len(demands.blocks)
        resource, block = np.divmod(np.arange(n_resources * n_blocks), max(n_blocks, 1))
        return {
            "resource": np.array(demands.resources, object)[resource],
            "block": np.array([one.name for one in demands.blocks], object)[block],
            "seats": demands.seats[:n_resources].ravel().copy(),
            "taken": seats_taken(self._made).ravel(),
        }

    def missing(self) -> dict[str, NDArray[Any]]:
        """Which students have fewer minutes of a kind than its floor.

        No lesson could fill these minutes, or there are not enough seats. The columns are
        ``student``, ``kind``, ``floor`` and ``minutes`` (how many are missing).
        """
        row, kind = np.nonzero(self._lacking)
        step, limits = self._made.demands.step, self._made.demands.limits
        return {
            "student": _labels(self.students)[row],
            "kind": np.array(KINDS, object)[kind],
            "floor": limits.floors[kind] * step,
            "minutes": self._lacking[row, kind] * step,
        }

    def teacher_list(self) -> dict[str, NDArray[Any]]:
        """Students who are stuck, with the skill, so that a teacher can look at them.

        The columns are ``student`` and ``skill``.
        """
        row, skill = self._made.menu.stuck.T
        return {
            "student": _labels(self.students)[row],
            "skill": self._made.sequencer.curriculum.skills[skill],
        }

    def why_not(self, student: Label, lesson: Label) -> str:
        """Say why a student does not get a lesson today: the limit that binds.

        Parameters
        ----------
        student, lesson : label

        Raises
        ------
        UnknownLabelError
            The error is raised if the student is not in the plan or the lesson is unknown.
        """
        made = self._made
        lesson = label_of(lesson, "lesson")
        place = made.sequencer.curriculum.lesson_index.code(lesson)
        return Verdicts(made).why_not(self._row(student), place)

    @property
    def past(self) -> PastDay:
        """The lessons alone, as `PastDay.load` reads them back."""
        lessons, titles = self.lessons, self._made.sequencer.curriculum.lessons
        return PastDay(
            self.students, titles, lessons.student, lessons.lesson, lessons.minutes, lessons.share
        )

    def changed_from(self, yesterday: DayPlan | PastDay) -> Rows:
        """Which lessons are new, are gone or have other minutes, for the students of both plans.

        Parameters
        ----------
        yesterday : DayPlan or PastDay

        Returns
        -------
        Rows
            The columns are ``student``, ``lesson``, ``change`` (``"new"``, ``"gone"`` or
            ``"minutes"``), ``before`` and ``minutes``.
        """
        before: Any = yesterday.past if isinstance(yesterday, DayPlan) else yesterday
        if not isinstance(before, PastDay):
            kind = type(yesterday).__name__
            raise ParameterError(
                "DayPlan.changed_from",
                [f"yesterday is a {kind}; expected a DayPlan, or what PastDay.load reads"],
            )
        rows = [*_changes(before, self.past)]
        names = ("student", "lesson", "change", "before", "minutes")
        columns = zip(*rows, strict=True) if rows else ([] for _ in names)
        kinds = (object, object, object, int, int)
        told: dict[str, NDArray[Any]] = {
            name: np.array([*column], kind)
            for name, column, kind in zip(names, columns, kinds, strict=True)
        }
        return Rows(f"Changes for {counted(len(self.students), 'student')}", told)

    def _row(self, student: Label) -> int:
        return LabelIndex("student", self.students).code(student)

    def _parts(self) -> Parts:
        table = self.table()
        rows = [
            ["…"] * 6
            if place is None
            else [str(table[name][place]) for name in
                  ("student", "block", "start", "minutes", "lesson", "kind")]
            for place in ends(len(table["minutes"]), _SHOWN)
        ]  # fmt: skip
        caption = f"{counted(len(self.students), 'student')}, {self.value:,.1f} of value"
        return Parts(caption, ["student", "block", "start", "minutes", "lesson", "kind"], rows,
                     [*self._notes()])  # fmt: skip

    def _notes(self) -> Iterator[str]:
        left = int(self._made.left.sum()) * self._made.demands.step
        if left:
            yield f"{left:,} minutes are not filled: unplaced() says why"
        if self.short:
            yield f"{self.short:,} minutes are missing to floors: see missing()"
        if len(self._made.menu.stuck):
            n = len(np.unique(self._made.menu.stuck[:, 0]))
            yield f"{counted(n, 'student')} should see a teacher: see teacher_list()"
        if self._made.demands.resources:
            yield f"the best plan is worth at most {self.gap:.2%} more"


def _shortfalls(problem: Problem, chosen: Bools) -> Ints:
    """The steps that each student lacks of each kind, shape (n, n_kinds)."""
    floors = np.array([limits.floors for limits in problem.days])[problem.day]
    taken = np.zeros_like(floors)
    row, place = np.nonzero(chosen)
    np.add.at(taken, (row, problem.offers.kind[row, place]), problem.offers.steps[row, place])
    return np.asarray(np.maximum(floors - taken, 0))


def _labels(labels: tuple[Label, ...]) -> NDArray[Any]:
    array = np.empty(len(labels), object)
    array[:] = labels
    return array


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


def _changes(before: PastDay, now: PastDay) -> Iterator[tuple[Label, Label, str, int, int]]:
    both = {*before.students} & {*now.students}
    old, new = before.by_lesson(), now.by_lesson()
    for pair in dict.fromkeys([*new, *old]):
        if pair[0] not in both or old.get(pair) == new.get(pair):
            continue
        change = "new" if pair not in old else "gone" if pair not in new else "minutes"
        yield (*pair, change, old.get(pair, 0), new.get(pair, 0))
