"""Weeks of lessons until the goal, and when each standard is expected to be met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, label_list, plain
from adaptlearn.numerics import Bools
from adaptlearn.planning.learning.arrays import Evidence, Expected, Weeks
from adaptlearn.planning.learning.calendar import Calendar, Day, day_of
from adaptlearn.planning.learning.days import days_of
from adaptlearn.planning.learning.expectation import Expectation, expectation_of
from adaptlearn.planning.learning.pace import Pace
from adaptlearn.planning.learning.plan import LearningPlan
from adaptlearn.planning.learning.reviews import DueReviews
from adaptlearn.planning.learning.targets import spans_of, targets_of, whole_of
from adaptlearn.planning.learning.walk import Task, walk
from adaptlearn.planning.learning.weeks import weeks_of
from adaptlearn.responses.log import ResponseLog, as_log
from adaptlearn.sequencing.knowledge.review_schedule import ReviewSchedule
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.validation import Interval, check_parameters

BEYOND = 1.5
"""How far beyond the calendar's minutes a plan looks, for dates that may come earlier."""

TOGETHER = 4096
"""Students planned at once."""


def learning_plan(
    sequencer: Sequencer,
    students: Iterable[Label] | Label,
    calendar: Calendar,
    *,
    course: Any = None,
    start: Day | None = None,
    now: float | datetime | None = None,
    pace: Pace | None = None,
    n_items: int = 5,
    responses: Any = None,
) -> LearningPlan:
    """Plan the lessons of students, week by week, until the goal or the course is reached.

    The policy of the sequencer chooses the lessons, one after the other, if learning goes as the
    model expects at each student's own pace. The plan spends the calendar's minutes and no others.

    Parameters
    ----------
    sequencer : Sequencer
        Its policy must say what counts as mastered. Its goals, overrides and review schedule hold
        for the plan, too.
    students : sequence of labels, or one label
    calendar : Calendar
    course : label, sequence of labels, or mapping of student to either, optional
        The courses of the curriculum in which the students' lessons stay. A lesson that teaches a
        skill outside the student's courses is never planned. By default, the
        lessons cover all skills that the goals need.
    start : date or str, optional
        The first day of the plan; by default the first day of the calendar.
    now : float or datetime, optional
        The time of the plan, as in `Sequencer.recommend`.
    pace : Pace, optional
        How much students differ, and how far earlier plans were off (see `learn_pace`). By default
        ``Pace()``, which was chosen on simulated students.
    n_items : int, default 5
        The number of answers in a lesson.
    responses : ResponseLog or frame, optional
        The students' answers. With them, the evidence for waived skills says on how many days the
        student answered.

    Returns
    -------
    LearningPlan

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range, every unknown course, and every student
        without a course. The error is also raised if there are no students, or if the policy does
        not say what counts as mastered.
    UnknownLabelError
        The error is raised if the tracker does not know a student.

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.planning import Calendar, learning_plan
    >>> model = BKT.from_parameters({"skill": ["add", "multiply"], "prior": [.3] * 2,
    ...                              "learn": [.2] * 2, "guess": [.2] * 2, "slip": [.1] * 2})
    >>> tracker = MasteryTracker(model).update(
    ...     {"student": ["mia"] * 6, "skill": ["add"] * 6, "correct": [1] * 6}
    ... )
    >>> school = Curriculum.from_dict({
    ...     "prerequisites": [["add", "multiply"]],
    ...     "standards": {"5.NBT": ["add", "multiply"]},
    ... })
    >>> autumn = Calendar("2026-09-01", "2026-12-18", minutes=5)
    >>> print(learning_plan(Sequencer(school, tracker), "mia", autumn))
    Learning plan of mia in Calendar(2026-09-01 to 2026-12-18: 79 days with 395 minutes)
    week of     minutes  lessons, with their minutes
    2026-08-31       19                  multiply 19
    note: goal: 2026-09-07 (2026-09-04 to 2026-09-11)
    note: standard 5.NBT: 2026-09-07 (2026-09-04 to 2026-09-11)
    note: waived: add (1.00 after 6 answers)
    """
    check_parameters(
        "learning_plan",
        {"n_items": n_items},
        {"n_items": [Interval(1, 12, integer=True)]},
        [*_problems(sequencer, calendar, pace)],
    )
    labels = label_list(students, "student")
    if not labels:
        raise ParameterError("learning_plan", ["students is empty; name at least one student"])
    spans = spans_of(sequencer.curriculum, labels, course)
    rest = calendar.since(calendar.first if start is None else day_of(start, "start"))
    log = None if responses is None else as_log(responses)
    parts = []
    for first in range(0, len(labels), TOGETHER):
        part = slice(first, first + TOGETHER)
        parts.append(
            _planned(
                _Setting(sequencer, rest, pace or Pace(), n_items, now, log),
                labels[part],
                None if spans is None else spans[part],
            )
        )
    return _joined(parts)


class _Setting(NamedTuple):
    """What is the same for all students."""

    sequencer: Sequencer
    calendar: Calendar
    pace: Pace
    n_items: int
    now: float | datetime | None
    log: ResponseLog | None


def _planned(setting: _Setting, labels: list[Label], spans: Bools | None) -> LearningPlan:
    sequencer, calendar = setting.sequencer, setting.calendar
    found = expectation_of(
        sequencer, labels, spans, now=setting.now, pace=setting.pace, n_items=setting.n_items
    )
    targets = targets_of(sequencer.curriculum)
    schedule = sequencer.review
    reviews = None
    if isinstance(schedule, ReviewSchedule):
        reviews = DueReviews(schedule, found.context, calendar, setting.n_items)
    task = Task(
        found.context, found.applied, found.left, found.wanted, targets.members, found.minutes,
        BEYOND * calendar.total,
    )  # fmt: skip
    way = walk(task, sequencer.policy, reviews)
    quantiles = setting.pace.quantiles(
        way.reached, way.variance, found.own, whole_of(targets, found.wanted)
    )
    asked = (found.wanted.astype(np.float32) @ targets.members.T.astype(np.float32)) > 0
    return LearningPlan(
        sequencer.curriculum,
        labels,
        calendar,
        weeks=weeks_of(way, calendar),
        targets=targets,
        expected=Expected(asked, asked & (way.reached == 0), *quantiles),
        evidence=_evidence(found, setting.log, labels),
        pace=np.exp(found.own.middle),
        n_items=setting.n_items,
    )


def _evidence(found: Expectation, log: ResponseLog | None, labels: list[Label]) -> Evidence:
    context = found.context
    assert context.mastered is not None
    assert context.counts is not None
    nothing = np.zeros(context.mastered.shape, bool)
    return Evidence(
        mastery=context.mastery,
        answers=context.counts,
        mastered=context.mastered,
        granted=nothing if context.granted is None else context.granted,
        wanted=found.wanted,
        needs_teacher=nothing if context.needs_teacher is None else context.needs_teacher,
        days=None if log is None else days_of(log, labels, context.curriculum.skills.tolist()),
    )


def _joined(parts: list[LearningPlan]) -> LearningPlan:
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
        n_items=first.n_items,
    )


def _problems(sequencer: Any, calendar: Any, pace: Any) -> Iterator[str]:
    if not isinstance(sequencer, Sequencer):
        yield f"sequencer is a {type(sequencer).__name__}; expected a Sequencer"
    elif sequencer.policy.criterion is None:
        yield (
            f"the policy {sequencer.policy.name} does not say what counts as mastered, so nothing "
            "would ever be reached; choose a policy with a criterion"
        )
    if not isinstance(calendar, Calendar):
        yield f"calendar is a {type(calendar).__name__}; expected a Calendar"
    if not isinstance(pace, Pace | None):
        yield f"pace is a {type(pace).__name__}; expected a Pace"
