"""Planned days as the policy of an episode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats, Ints
from adaptlearn.planning.day.plan import DayPlan
from adaptlearn.planning.groups.groups import Groups
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.students.base import Students
from adaptlearn.simulation.teachers.policies import REST, SequencerTeaching
from adaptlearn.validation import Interval, check_parameters, some

Planned = DayPlan | Groups | Sequence[DayPlan | Groups]
_MODES = ("group", "teacher")  # of lessons for a group: these first


class PlannedDays:
    """Use plans of days and small groups as the policy of an episode.

    Each morning, your function plans the day of all students. The students do the lessons of the
    plan in its order, and nothing else. When they have done all of them, the day is over, and what
    they answered counts in the plan of the next day. Minutes that the plan does not fill stay
    empty. A day has as many minutes as `run_episode` gets in `minutes_per_day`.

    Parameters
    ----------
    make : callable
        As for `SequencerPolicy`: it takes the curriculum and returns a new `Sequencer`.
    plan : callable
        A function ``plan(sequencer, students, now, yesterday)`` that returns a `DayPlan`, `Groups`,
        or a list of these, which are taught one after the other. ``now`` is in seconds since the
        first morning; ``yesterday`` is what the function returned the day before, or None on the
        first day. A group does one lesson on its skill: a lesson of the mode ``"group"`` if there
        is one, or else ``"teacher"``, or else any. Students of a station do nothing.
    days : int, default 5
        How many days are planned. After these days, the episode ends.
    name : str, default "planned days"
    family : str, optional
        As for `SequencerPolicy`.

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range. In an episode, the error is raised if
        the function returns something else than plans, if a lesson is cut because it is longer
        than the day, or if no lesson teaches the skill of a group.

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.planning import Block, plan_day
    >>> from adaptlearn.simulation import Course, TwoState, run_episode
    >>> from adaptlearn.simulation.teachers import PlannedDays
    >>> school = Curriculum.from_dict({"lessons": [
    ...     {"lesson": "sums", "skills": ["add"], "minutes": 10},
    ...     {"lesson": "clocks", "skills": ["time"], "minutes": 20},
    ... ]})
    >>> model = BKT.from_parameters({"skill": ["add", "time"], "prior": [0.3, 0.3],
    ...     "learn": [0.2, 0.2], "guess": [0.2, 0.2], "slip": [0.1, 0.1]})
    >>> def make(curriculum):
    ...     return Sequencer(curriculum, MasteryTracker(model), new_students=True)
    >>> def plan(sequencer, students, now, yesterday):
    ...     return plan_day(sequencer, students, [Block("flex", "9:00", 40)], now=now)
    >>> policy = PlannedDays(make, plan, days=3)
    >>> run_episode(TwoState(2), policy, Course.of(school), n_students=10)
    Episode('planned days' on 'TwoState': 10 students, ... answers)
    """

    in_blocks = False

    def __init__(
        self,
        make: Callable[[Any], Sequencer],
        plan: Callable[[Sequencer, list[int], float, Any], Planned],
        *,
        days: int = 5,
        name: str = "planned days",
        family: str | None = None,
    ) -> None:
        check_parameters(
            "PlannedDays", {"days": days}, {"days": [Interval(1, 10**4, integer=True)]}
        )
        self._make, self._plan, self._days = make, plan, days
        self.name, self.family = name, family

    def start(self, course: Course, students: Students) -> _PlannedTeaching:
        """Start teaching the students of an episode; they have not answered yet."""
        sequencer = self._make(course.curriculum)
        return _PlannedTeaching(sequencer, course, self._plan, self._days, students.n)


class _PlannedTeaching(SequencerTeaching):
    def __init__(
        self, sequencer: Sequencer, course: Course, plan: Callable[..., Planned], days: int, n: int
    ) -> None:
        super().__init__(sequencer, course)
        self._plan, self._days_left = plan, days
        self._yesterday: Planned | None = None
        # The lessons of today, and how many of them each student has done.
        self._today, self._done = np.full((n, 1), REST), np.zeros(n, np.intp)
        self._resting: Ints = np.arange(n)  # of whom the last question was, if it gave no lesson

    def _lessons(self, rows: Ints, draw: Floats, now: float) -> tuple[Ints, Floats]:  # noqa: ARG002
        certain = np.ones(len(rows))
        if np.isin(rows, self._resting).all():  # they have slept since
            if not self._days_left:
                return np.full(len(rows), -1), certain
            self._days_left -= 1
            self._begin_day(rows, now)
        lesson = self._today[rows, self._done[rows]]
        given = lesson != REST
        self._done[rows[given]] += 1
        self._resting = rows[:0] if given.any() else rows
        return lesson, certain

    def _begin_day(self, rows: Ints, now: float) -> None:
        planned = self._plan(self.sequencer, rows.tolist(), now, self._yesterday)
        self._yesterday = planned
        parts = [*planned] if isinstance(planned, Sequence) else [planned]
        n = len(self._done)
        pairs = [np.zeros((2, 0), np.intp), *(np.stack(pair) for pair in self._pairs(parts))]
        student, lesson = np.concatenate(pairs, axis=1)
        order = np.argsort(student, kind="stable")
        student, lesson = student[order], lesson[order]
        place = np.arange(len(student)) - np.searchsorted(student, student)
        self._today = np.full((n, place.max(initial=-1) + 2), REST)
        self._today[student, place] = lesson
        self._done[:] = 0

    def _pairs(self, parts: list[Any]) -> Iterator[tuple[Ints, Ints]]:
        """Students and lessons, in the order in which the lessons are taught."""
        for part in parts:
            if isinstance(part, DayPlan):
                yield self._of_day(part)
            elif isinstance(part, Groups):
                yield from self._of_groups(part)
            else:
                raise ParameterError(
                    "PlannedDays",
                    [f"plan returned a {type(part).__name__}; expected a DayPlan, Groups, or a "
                     "list of these"],
                )  # fmt: skip

    def _of_day(self, plan: DayPlan) -> tuple[Ints, Ints]:
        student, lesson = plan.lessons.student, plan.lessons.lesson
        titles = self.sequencer.curriculum.lessons
        cut = np.unique(lesson[plan.lessons.share < 1])
        if len(cut):
            raise ParameterError(
                "PlannedDays",
                [f"longer than the day, and cut: {some(titles[cut])}; an episode teaches whole "
                 "lessons"],
            )  # fmt: skip
        # A lesson that goes on after a break has a second entry.
        first = np.sort(np.unique(student * len(titles) + lesson, return_index=True)[1])
        return np.array(plan.students, np.intp)[student[first]], lesson[first]

    def _of_groups(self, groups: Groups) -> Iterator[tuple[Ints, Ints]]:
        skills = groups.skills
        lesson_of = {skill: self._lesson_on(skill) for skill in {*skills} - {None}}
        for column, skill in enumerate(skills):
            if skill is not None:
                students = np.asarray(groups.students[groups.seat[:, column]], np.intp)
                yield students, np.full(len(students), lesson_of[skill])

    def _lesson_on(self, skill: Any) -> int:
        curriculum = self.sequencer.curriculum
        teaches = curriculum.teaches
        code = curriculum.skill_index.code(skill)
        found = teaches.tocsc()[:, [code]].indices
        if not len(found):
            raise ParameterError("PlannedDays", [f"no lesson teaches {skill!r}, a group's skill"])
        modes = [curriculum.lesson_modes[lesson] for lesson in found]
        wanted = next((mode for mode in _MODES if mode in modes), modes[0])
        return int(found[modes.index(wanted)])
