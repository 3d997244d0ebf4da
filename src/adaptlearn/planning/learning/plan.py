"""Learning plans as tables."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, LabelIndex, label_array, plain
from adaptlearn.numerics import Floats
from adaptlearn.planning.frames import Rows, Tabled
from adaptlearn.planning.learning.arrays import PURPOSES, Evidence, Expected, Weeks, rows_of
from adaptlearn.planning.learning.calendar import Calendar, Dates, Day, day_of
from adaptlearn.planning.learning.changes import Compared, Names, changes, next_lessons
from adaptlearn.planning.learning.follow import minutes_done, minutes_planned, share_done, week_of
from adaptlearn.planning.learning.saved import FORMAT, listed, parts_of
from adaptlearn.planning.learning.targets import GOAL, Targets
from adaptlearn.responses.log import as_log
from adaptlearn.sequencing.policies.candidates import Purpose
from adaptlearn.serialization import read_manifest, reading, write_manifest
from adaptlearn.tables import Parts, ends
from adaptlearn.wording import counted

_SHOWN = 12


class LearningPlan(Tabled):
    """Lessons of students for each week, and the days on which they are expected to reach goals.

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
        The pace that was expected of each student. At a pace of 1.5, a student needs 1.5 times
        the minutes that the model expects of everybody.
    n_items : int
        Answers in a lesson.
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
        n_items: int,
    ) -> None:
        self.curriculum, self.calendar = curriculum, calendar
        self.students = label_array(students)
        self.week_starts = calendar.week_starts()[0]
        self.weeks, self.targets, self.expected = weeks, targets, expected
        self.evidence, self.pace, self.n_items = evidence, pace, n_items
        self._index = LabelIndex("student of the plan", self.students)

    @classmethod
    def load(cls, path: str | PathLike[str], curriculum: Curriculum) -> Self:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or path
        curriculum : Curriculum
            The curriculum that the plan was made with.

        Raises
        ------
        ModelFileError
            The file is not whole, was changed, is not a learning plan, or is a plan of another
            curriculum.
        FileNotFoundError
            The error is raised if the file does not exist.
        """
        content = read_manifest(path, FORMAT)
        with reading(fspath(path)):
            return cls.from_dict(content, curriculum)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], curriculum: Curriculum) -> Self:
        """Read what `to_dict` gave.

        Raises
        ------
        ParameterError
            The error lists everything that is missing or of the wrong kind. The error is also
            raised if the plan is of another curriculum.
        """
        return cls(curriculum, **parts_of(content, curriculum))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can store; `from_dict` reads it."""
        return {
            "curriculum": self.curriculum.fingerprint,
            "calendar": self.calendar.to_dict(),
            "n_items": self.n_items,
            "students": self.students.tolist(),
            "pace": self.pace.tolist(),
            "lessons": listed(self.table()),
            "expected": listed(self.expected._asdict()),
            "evidence": listed(self.evidence._asdict()),
            "dates": self.dates().to_dicts(),
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the plan to a JSON file, which `load` reads."""
        write_manifest(path, FORMAT, self.to_dict())

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
            n_items=self.n_items,
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
            "purpose": np.array(PURPOSES, object)[weeks.purpose],
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
            ``earliest``, ``expected`` and ``latest``. In the plan's share of cases, by default 80%,
            the day lies between ``earliest`` and ``latest``. NaT is a day after the calendar's
            last day.
        """
        kinds = np.array(self.targets.kinds, object)
        if kind is not None and kind not in ("goal", "standard", "unit", "course"):
            raise ParameterError("LearningPlan.dates", [f"no kind of targets {kind!r}"])
        asked = self.expected.asked if kind is None else self.expected.asked & (kinds == kind)
        row, target = np.nonzero(asked)
        labels = np.fromiter(self.targets.labels, object, len(self.targets.labels))
        met = self.expected.met[row, target]
        first, middle, last = (table[row, target] for table in self._days())
        return Rows(
            f"Expected dates of {counted(len(self), 'student')}",
            {
                "student": self.students[row],
                "kind": kinds[target],
                "target": labels[target],
                "met": met,
                "earliest": first,
                "expected": middle,
                "latest": last,
            },
        )

    def _days(self) -> tuple[Dates, Dates, Dates]:
        """The earliest, the expected and the latest days, each (n_students, n_targets).

        The ends are the nearest to the ends of the minutes: whole days would widen the interval.
        """
        found, calendar = self.expected, self.calendar
        half = float(np.median(calendar.free)) / 2
        middle = calendar.date_after(found.median)
        first = np.fmin(calendar.date_after(found.lower + half), middle)
        last = np.maximum(calendar.date_after(np.maximum(found.upper - half, 0.0)), middle)
        now = calendar.days[0]
        return tuple(np.where(found.met, now, day) for day in (first, middle, last))  # type: ignore[return-value]

    def milestones(self) -> Rows:
        """When each student is expected to finish units, courses and the goal."""
        columns = self.dates().table()
        kept = columns["kind"] != "standard"
        return Rows(
            f"Milestones of {counted(len(self), 'student')}",
            {name: column[kept] for name, column in columns.items()},
        )

    def waived(self) -> Rows:
        """The skills that the plan leaves out because they are mastered, with the evidence.

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

    def changed_from(self, old: LearningPlan) -> Rows:
        """What has changed since an earlier plan of the same curriculum, and which answers are why.

        The table compares only students who are in both plans.

        Parameters
        ----------
        old : LearningPlan

        Returns
        -------
        Rows
            The columns are ``student``, ``what``, ``name``, ``before``, ``now``, ``days`` (later by
            so many) and ``because``.

        Raises
        ------
        ParameterError
            The error is raised if the plans are of different curricula.
        """
        if old.curriculum != self.curriculum:
            raise ParameterError(
                "LearningPlan.changed_from", ["the old plan is of another curriculum"]
            )
        both = [who for who in self.students.tolist() if who in old._index.place]
        before: LearningPlan = old.of(both)
        after: LearningPlan = self.of(both)
        targets = [
            kind if kind == GOAL else f"{kind} {label}"
            for kind, label in zip(self.targets.kinds, self.targets.labels, strict=True)
        ]
        names = Names(after.students, targets, self.targets.members, self.curriculum.skills)
        told = changes(before.compared, after.compared, names)
        return Rows(f"Changes for {counted(len(both), 'student')}", told)

    @property
    def compared(self) -> Compared:
        """What `changed_from` looks at."""
        found = self.evidence
        return Compared(
            self._days()[1],
            self.expected.asked,
            self.expected.met,
            next_lessons(self.weeks, self.curriculum.lessons, len(self)),
            found.mastery,
            found.answers,
            found.wanted & found.mastered,
        )

    def followed(self, responses: Any, week: Day | None = None) -> Rows:
        """How much of what was planned for a week the students have done.

        A lesson has `n_items` answers. An answer takes its share of the minutes of the shortest
        lesson on its skill.

        Parameters
        ----------
        responses : ResponseLog or frame
            The answers, with times as datetimes.
        week : date or str, optional
            A day of the week; by default the first week of the plan.

        Returns
        -------
        Rows
            The columns are ``student``, ``planned`` and ``done`` (minutes), ``other`` (minutes on
            what was not planned) and ``followed``: the share of the planned minutes that was done,
            NaN if nothing was planned.

        Raises
        ------
        ParameterError
            The error is raised if the plan has no such week, or if the answers have no datetimes.
        """
        asked = None if week is None else day_of(week, "week")
        place = week_of(self.week_starts, asked)
        monday = self.week_starts[place]
        done = minutes_done(
            as_log(responses), self.students.tolist(), self.curriculum, monday, self.n_items
        )
        planned = minutes_planned(self.weeks, place, self.curriculum, len(self))
        return Rows(
            f"Week of {monday}",
            {
                "student": self.students,
                "planned": planned.sum(axis=1),
                "done": np.minimum(planned, done).sum(axis=1),
                "other": np.maximum(done - planned, 0.0).sum(axis=1),
                "followed": share_done(planned, done),
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
                f"{plain(self.curriculum.lessons[weeks.lesson[at]])} {_whole(weeks.minutes[at])}"
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
        first, middle, last = (days[:, 0] for days in self._days())
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
            when, between = (
                day_text(middle[row]),
                f"{day_text(first[row])} to {day_text(last[row])}",
            )
            if not self.expected.asked[row, 0] or self.expected.met[row, 0]:
                when, between = "met" if self.expected.met[row, 0] else "none", ""
            rows.append(
                [str(plain(self.students[row])), when, between,
                 f"{on_time[row]} of {asked[row]}", str(n_waived[row]), f"{self.pace[row]:.2f}"]
            )  # fmt: skip
        head = ["student", "goal expected", "between", "standards", "waived", "pace"]
        return Parts(f"Learning plans in {self.calendar!r}", head, rows, [])

    def __repr__(self) -> str:
        return str(self)


def _whole(minutes: float) -> str:
    return f"{minutes:.0f}" if minutes >= 0.5 else "<1"


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
