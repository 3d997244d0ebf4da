"""Learning plans as tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, LabelIndex, label_array, plain
from adaptlearn.numerics import Bools, Floats
from adaptlearn.planning.frames import Tabled
from adaptlearn.planning.learning.arrays import Evidence, Expected, Weeks, rows_of
from adaptlearn.planning.learning.calendar import Calendar, Dates
from adaptlearn.planning.learning.rows import Rows
from adaptlearn.planning.learning.targets import GOAL, Targets
from adaptlearn.sequencing.policies.candidates import Purpose
from adaptlearn.tables import Parts, ends
from adaptlearn.wording import counted

PURPOSES = np.array([purpose.name.lower() for purpose in Purpose], object)
_SHOWN = 12


class LearningPlan(Tabled):
    """Weeks of lessons of some students, and when what they aim at is expected to be reached.

    `print` shows the weeks of one student, or a line for each of several students.

    Attributes
    ----------
    students : array, shape (n_students,)
    calendar : Calendar
        From the first day of the plan on.
    week_starts : datetime64 array, shape (n_weeks,)
        The Monday of each week with minutes.
    weeks : Weeks
        The lessons by week, as arrays.
    targets : Targets
        The goal, and the standards, units and courses of the curriculum.
    expected : Expected
        When each student is expected to reach each target, in minutes.
    evidence : Evidence
        What was known of each student and skill.
    pace : float array, shape (n_students,)
        The pace that was expected of each student: 1.5 means half as long again as the model
        expects of everybody.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        students: list[Label],
        calendar: Calendar,
        *,
        weeks: Weeks,
        targets: Targets,
        expected: Expected,
        evidence: Evidence,
        pace: Floats,
    ) -> None:
        self.curriculum, self.calendar = curriculum, calendar
        self.students = label_array(students)
        self.week_starts = calendar.week_starts()[0]
        self.weeks, self.targets, self.expected = weeks, targets, expected
        self.evidence, self.pace = evidence, pace
        self._index = LabelIndex("student of the plan", self.students)

    def __len__(self) -> int:
        return len(self.students)

    def of(self, students: Any) -> LearningPlan:
        """The plan of some of the students.

        Raises
        ------
        UnknownLabelError
        """
        rows = np.array(self._index.codes(students), np.intp)
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        kept = np.flatnonzero(place[self.weeks.student] >= 0)
        weeks: Weeks = rows_of(self.weeks, kept)
        weeks = weeks._replace(student=place[weeks.student])
        order = np.argsort(weeks.student, kind="stable")
        return LearningPlan(
            self.curriculum,
            self.students[rows].tolist(),
            self.calendar,
            weeks=rows_of(weeks, order),
            targets=self.targets,
            expected=rows_of(self.expected, rows),
            evidence=rows_of(self.evidence, rows),
            pace=self.pace[rows],
        )

    def table(self) -> dict[str, NDArray[Any]]:
        """The lessons: one row per student, week and lesson.

        The columns are ``student``, ``week`` (its Monday), ``lesson``, ``purpose`` and ``minutes``.
        """
        weeks = self.weeks
        return {
            "student": self.students[weeks.student],
            "week": self.week_starts[weeks.week],
            "lesson": self.curriculum.lessons[weeks.lesson],
            "purpose": PURPOSES[weeks.purpose],
            "minutes": weeks.minutes,
        }

    def dates(self, kind: str | None = None) -> Rows:
        """When each student is expected to reach each target: one row per student and target.

        Parameters
        ----------
        kind : {"goal", "standard", "unit", "course"}, optional
            Targets of one kind; by default all.

        Returns
        -------
        Rows
            The columns are ``student``, ``kind``, ``target``, ``met`` (now), and the days
            ``earliest``, ``expected`` and ``latest``: with the share of the plan's intervals, by
            default 80%, the day lies between the first and the last. NaT is a day after the
            calendar's last.
        """
        kinds = np.array(self.targets.kinds, object)
        if kind is not None and kind not in ("goal", "standard", "unit", "course"):
            raise ParameterError("LearningPlan.dates", [f"no kind of targets {kind!r}"])
        asked = self.expected.asked if kind is None else self.expected.asked & (kinds == kind)
        row, target = np.nonzero(asked)
        labels = np.fromiter(self.targets.labels, object, len(self.targets.labels))
        met = self.expected.met[row, target]
        ends_ = [self._dates(table[row, target], met) for table in self.expected[2:]]
        return Rows(
            f"Expected dates of {counted(len(self), 'student')}",
            {
                "student": self.students[row],
                "kind": kinds[target],
                "target": labels[target],
                "met": met,
                "earliest": ends_[0],
                "expected": ends_[1],
                "latest": ends_[2],
            },
        )

    def _dates(self, minutes: Floats, met: Bools) -> Dates:
        return np.where(met, self.calendar.days[0], self.calendar.date_after(minutes))

    def milestones(self) -> Rows:
        """When each student is expected to finish units, courses and the goal."""
        columns = self.dates().table()
        kept = columns["kind"] != "standard"
        return Rows(
            f"Milestones of {counted(len(self), 'student')}",
            {name: column[kept] for name, column in columns.items()},
        )

    def waived(self) -> Rows:
        """What is left out because it is mastered, with the evidence.

        Returns
        -------
        Rows
            The columns are ``student``, ``skill``, ``mastery``, ``answers``, ``days`` (-1 without
            `responses`) and ``granted`` (by a teacher).
        """
        found = self.evidence
        row, skill = np.nonzero(found.wanted & found.mastered)
        days = np.full(len(row), -1) if found.days is None else found.days[row, skill]
        return Rows(
            f"Waived for {counted(len(self), 'student')}",
            {
                "student": self.students[row],
                "skill": self.curriculum.skills[skill],
                "mastery": found.mastery[row, skill],
                "answers": found.answers[row, skill],
                "days": days,
                "granted": found.granted[row, skill],
            },
        )

    def for_teacher(self) -> Rows:
        """Skills on which practice no longer helps a student, so that a teacher should look."""
        row, skill = np.nonzero(self.evidence.needs_teacher & self.evidence.wanted)
        return Rows(
            "For a teacher",
            {
                "student": self.students[row],
                "skill": self.curriculum.skills[skill],
                "answers": self.evidence.answers[row, skill],
            },
        )

    def _parts(self) -> Parts:
        return self._of_one() if len(self) == 1 else self._of_many()

    def _of_one(self) -> Parts:
        weeks, rows = self.weeks, []
        taken = np.unique(weeks.week)
        for at_week in ends(len(taken), _SHOWN):
            if at_week is None:
                rows.append(["…"] * 3)
                continue
            place = taken[at_week]
            here = np.flatnonzero(weeks.week == place)
            told = ", ".join(
                f"{plain(self.curriculum.lessons[weeks.lesson[at]])} {weeks.minutes[at]:.0f}"
                + (" (review)" if weeks.purpose[at] == Purpose.REVIEW else "")
                for at in here
            )
            rows.append([str(self.week_starts[place]), f"{weeks.minutes[here].sum():.0f}", told])
        student = plain(self.students[0])
        return Parts(
            f"Learning plan of {student} in {self.calendar!r}",
            ["week of", "minutes", "lessons, with their minutes"],
            rows,
            [*self._told()],
        )

    def _told(self) -> list[str]:
        """The dates and what is waived, of one student."""
        found = [
            _date_text(row) for row in zip(*list(self.dates().table().values())[1:], strict=True)
        ]
        columns = self.waived().table()
        waived = [
            f"{plain(skill)} ({mastery:.2f} after {counted(answers, 'answer')})"
            for skill, mastery, answers in zip(
                columns["skill"], columns["mastery"], columns["answers"].tolist(), strict=True
            )
        ]
        return found + ([f"waived: {', '.join(waived[:_SHOWN])}"] if waived else [])

    def _of_many(self) -> Parts:
        goal = self.dates("goal").table()
        n_waived = (self.evidence.wanted & self.evidence.mastered).sum(axis=1)
        standards = np.array([kind == "standard" for kind in self.targets.kinds])
        asked = (self.expected.asked & standards).sum(axis=1)
        by_end = np.isfinite(self.expected.median) & (self.expected.median <= self.calendar.total)
        on_time = (self.expected.asked & by_end & standards).sum(axis=1)
        rows = []
        for row in ends(len(self), _SHOWN):
            if row is None:
                rows.append(["…"] * 6)
                continue
            days = [day_text(goal[name][row]) for name in ("expected", "earliest", "latest")]
            rows.append(
                [str(plain(self.students[row])), days[0], f"{days[1]} to {days[2]}",
                 f"{on_time[row]} of {asked[row]}", str(n_waived[row]), f"{self.pace[row]:.2f}"]
            )  # fmt: skip
        head = ["student", "goal expected", "between", "standards", "waived", "pace"]
        return Parts(f"Learning plans in {self.calendar!r}", head, rows, [])

    def __repr__(self) -> str:
        return str(self)


def joined(parts: list[LearningPlan]) -> LearningPlan:
    """Plans of the same curriculum and calendar as one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    offset = np.cumsum([0, *map(len, parts)])
    weeks = [
        part.weeks._replace(student=part.weeks.student + before)
        for part, before in zip(parts, offset, strict=False)
    ]

    def stacked(tables: Any) -> Any:
        return None if tables[0] is None else np.concatenate(tables)

    return LearningPlan(
        first.curriculum,
        [plain(student) for part in parts for student in part.students],
        first.calendar,
        weeks=Weeks(*map(np.concatenate, zip(*weeks, strict=True))),
        targets=first.targets,
        expected=Expected(*map(stacked, zip(*(part.expected for part in parts), strict=True))),
        evidence=Evidence(*map(stacked, zip(*(part.evidence for part in parts), strict=True))),
        pace=np.concatenate([part.pace for part in parts]),
    )


def day_text(day: Any) -> str:
    """A day, or that it is after the calendar."""
    return "later" if np.isnat(day) else str(day)


def _date_text(row: tuple[Any, ...]) -> str:
    kind, target, met, *days = row
    name = kind if kind == GOAL else f"{kind} {target}"
    if met:
        return f"{name}: met"
    first, middle, last = map(day_text, days)
    return f"{name}: {middle} ({first} to {last})"
