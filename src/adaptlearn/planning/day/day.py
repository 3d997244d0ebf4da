"""`plan_day`: tomorrow's lessons for each student."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from adaptlearn.errors import ParameterError, UnknownLabelError
from adaptlearn.labels import Label, label_list
from adaptlearn.numerics import Ints
from adaptlearn.planning.day.branching import Held, Problem, exact_days
from adaptlearn.planning.day.demands import Asked, Block, Demands
from adaptlearn.planning.day.door import read_demands
from adaptlearn.planning.day.exact import best_plan
from adaptlearn.planning.day.limits import kind_of
from adaptlearn.planning.day.made import Lessons, Made
from adaptlearn.planning.day.menu import REASONS, Menu, Value, Yesterday, menu_of, minutes_worth
from adaptlearn.planning.day.past import PastDay
from adaptlearn.planning.day.pins import days_with
from adaptlearn.planning.day.plan import DayPlan
from adaptlearn.planning.day.seats import Seats, Shared, shared_days
from adaptlearn.planning.day.timetable import in_blocks
from adaptlearn.sequencing.sequencer import Sequencer
from adaptlearn.validation import Interval, OneOf, check_parameters

_OF_A_CLASS = 2_000  # lessons that could be chosen


def plan_day(
    sequencer: Sequencer,
    students: Iterable[Label] | Label,
    day: Sequence[Block | Mapping[str, Any]],
    *,
    floors: Mapping[str, float] | None = None,
    caps: Mapping[str, float] | None = None,
    device: float | None = None,
    skill: float | None = 60,
    seats: Mapping[str, Mapping[str, Any]] | None = None,
    pins: Iterable[Mapping[str, Any]] = (),
    requests: Iterable[Mapping[str, Any]] = (),
    electives: Mapping[Label, Sequence[Label]] | None = None,
    extra_time: Mapping[Label, float] | None = None,
    levels: Mapping[Label, tuple[float, float]] | tuple[float, float] | None = None,
    yesterday: DayPlan | PastDay | Mapping[Label, Sequence[Label]] | None = None,
    value: Value = minutes_worth,
    candidates: int = 40,
    step: int = 5,
    rounds: int = 12,
    exact: bool = False,
    now: float | datetime | None = None,
    n_jobs: int = 1,
) -> DayPlan:
    """Fill each student's minutes with lessons.

    Parameters
    ----------
    sequencer : Sequencer
        Says which lessons each student may do, and how good each is: its policy's scores.
    students : sequence of labels, or one label
    day : sequence of Block or mapping
        The blocks of the day. The time between two blocks is a break.
    floors, caps : mapping of kind to minutes, optional
        The least and the most minutes of each kind (`KINDS`) for each student.
    device : float, optional
        The most minutes at a device for each student: minutes of lessons of the mode ``"device"``.
    skill : float or None, default 60
        The most minutes on one skill for each student.
    seats : mapping, optional
        Resources with few seats, by name: ``{"lab": {"lessons": ["titration"], "seats": 12}}``.
        For seats that differ by block, pass ``{block: seats}``. A lesson of a resource takes a seat
        for a whole block, and stands in one block.
    pins : iterable of mapping, optional
        Lessons that teachers put into blocks: ``{"student", "lesson", "block"}``.
    requests : iterable of mapping, optional
        Lessons that teachers ask for: ``{"student", "lesson", "priority"}``. The priority, above 0,
        is added to the score. The best new lesson of the default policy scores about 1.
    electives : mapping of student to lessons, optional
        Electives that students chose. Each counts as a request of priority 1. Like all values, it
        counts only after the floors.
    extra_time : mapping of student to factor, optional
        Factors from 1 to 5, by which lessons take longer.
    levels : mapping of student to (lowest, highest), or one pair for all, optional
        Grades within which lessons stay: the grades of the curriculum's standards, or else of its
        courses.
    yesterday : DayPlan, PastDay, or mapping of student to lessons, optional
        The lessons that students did the day before. A student gets such a lesson again only if
        its review is due, if a teacher wants it, if only a part of it fitted, or if a skill on
        which the student is stuck builds on it. The plan gives the reason.
    value : callable, default `minutes_worth`
        The value of a lesson in a day, from its score, minutes and the share of it that fits.
    candidates : int, default 40
        How many lessons are considered for each student: the best ones of each kind in turn.
    step : int, default 5
        Minutes of a step. All minutes are multiples of a step; minutes of lessons are rounded up.
    rounds : int, default 12
        How often prices of seats change.
    exact : bool, default False
        Whether to find the best plan with seats by mixed-integer programming (HiGHS), for a class
        or a school. Without seats, the plan is always the best. For a class, it is also the best
        if students miss floors that other seats could fill.
    now : float or datetime, optional
        The time of the decisions, as for `Sequencer.recommend`.
    n_jobs : int, default 1
        How many parts of the students are planned at the same time, in threads. The plan does not
        depend on it.

    Returns
    -------
    DayPlan

    Raises
    ------
    ParameterError
        The error lists everything that is wrong with the arguments.

    Notes
    -----
    A student's day is a set of the student's lessons. The value of the day is the sum of the
    lessons' values. A lesson is given whole. Only if a lesson is longer than its blocks, or than
    the cap of its kind, of devices or of its skill, the day holds a part of the lesson. Lessons
    may go on after a break, except lessons with a seat or a pin. A day keeps the minutes of the
    blocks that allow each kind, and the caps of kinds, devices and skills. Of all such days, the
    best one lacks the fewest minutes to the floors, and then has the highest value.

    Without seats, the day of a student does not depend on the other students, and each day is
    *exact*: no set of the considered lessons is better. A dynamic programme over steps solves a
    knapsack for each kind and joins them under floors and caps, for all students at once. Branching
    keeps the limits that the programme does not know (see the references). With seats, the same
    programme runs at prices of seats, and the prices also prove `bound`.

    References
    ----------
    - R. Bellman (1957). Dynamic Programming. Princeton University Press.
    - M. Fisher (1981). The Lagrangian relaxation method for solving integer programming problems.
      Management Science 27, 1-18.

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.planning import Block, plan_day
    >>> school = Curriculum.from_dict({"lessons": [
    ...     {"lesson": "sums", "skills": ["add"], "minutes": 20},
    ...     {"lesson": "clocks", "skills": ["time"], "minutes": 25, "mode": "teacher"},
    ... ]})
    >>> model = BKT.from_parameters({"skill": ["add", "time"], "prior": [0.3, 0.3],
    ...     "learn": [0.2, 0.2], "guess": [0.2, 0.2], "slip": [0.1, 0.1]})
    >>> sequencer = Sequencer(school, MasteryTracker(model), new_students=True)
    >>> plan = plan_day(sequencer, "mia", [Block("flex", "9:00", 50)])
    >>> print(plan)
    1 student, ...
    student  block  start  minutes  lesson         kind
    mia       flex   9:00       25  clocks  instruction
    mia       flex   9:25       20    sums  instruction
    note: 5 minutes are not filled: unplaced() says why
    """
    check_parameters(
        "plan_day",
        {"candidates": candidates, "rounds": rounds, "exact": exact, "n_jobs": n_jobs},
        {
            "candidates": [Interval(1, 200, integer=True)],
            "rounds": [Interval(1, 1000, integer=True)],
            "exact": [OneOf((True, False))],
            "n_jobs": [Interval(1, 1024, integer=True)],
        },
        [*_no_sequencer(sequencer)],
    )
    labels, unknown = _students(sequencer, students)
    asked = Asked(
        day, floors or {}, caps or {}, device, skill, seats or {}, [*pins], [*requests],
        electives or {}, extra_time or {}, levels, step,
    )  # fmt: skip
    demands = read_demands(asked, labels, sequencer.curriculum, unknown)
    before = _yesterday(yesterday, labels, sequencer)
    menu = menu_of(
        sequencer, labels, demands, before, value=value, most=candidates, now=now,
        n_jobs=n_jobs,
    )  # fmt: skip
    problem = _problem(menu, demands, sequencer)
    shared = _solved(problem, demands, rounds=rounds, exact=exact, n_jobs=n_jobs)
    lessons, left = _timed(problem, menu, demands, shared, sequencer)
    made = Made(
        sequencer, tuple(labels), demands, menu, problem, menu.offers.lesson >= 0, shared.chosen,
        shared.seated, lessons, left, shared.bound, before, now,
    )  # fmt: skip
    return DayPlan(made)


def _no_sequencer(given: Any) -> Iterator[str]:
    if not isinstance(given, Sequencer):
        yield f"sequencer is a {type(given).__name__}; expected a Sequencer"


def _students(sequencer: Sequencer, students: Any) -> tuple[list[Label], list[str]]:
    """The students, and what is wrong with them."""
    labels: list[Label] = []
    try:
        labels = label_list(students, "student")
        sequencer.checked_students(labels)
    except UnknownLabelError as error:
        return labels, [f"{error.subject}: {problem}" for problem in error.problems]
    except ParameterError as error:  # the same student twice
        return [*dict.fromkeys(labels)], [f"students {problem}" for problem in error.problems]
    return labels, []


def _yesterday(given: Any, labels: Sequence[Label], sequencer: Sequencer) -> Yesterday:
    """What students did yesterday, as sorted keys."""
    n_lessons = len(sequencer.curriculum.lessons)
    row = {label: place for place, label in enumerate(labels)}
    past = given.past if isinstance(given, DayPlan) else given
    if isinstance(past, PastDay):
        code_of = sequencer.curriculum.lesson_index.place
        owner = np.array([row.get(label, -1) for label in past.students], np.intp)[past.student]
        # A lesson that the curriculum no longer has cannot come again.
        code = np.array([code_of.get(title, -1) for title in past.titles.tolist()], np.intp)
        lesson = code[past.lesson]
        known, keys = (owner >= 0) & (lesson >= 0), owner * n_lessons + lesson
        return Yesterday(np.unique(keys[known]), np.unique(keys[known & (past.share < 1)]))
    codes_of = sequencer.curriculum.lesson_index.codes
    found = [
        row[student] * n_lessons + one
        for student, done in (given or {}).items()
        if student in row
        for one in codes_of(done)
    ]
    return Yesterday(np.unique(np.array(found, np.intp)), np.zeros(0, np.intp))


def _problem(menu: Menu, demands: Demands, sequencer: Sequencer) -> Problem:
    curriculum = sequencer.curriculum
    n = len(menu.offers.lesson)
    days, place = days_with(demands.pins, demands.limits, n, curriculum)
    value = menu.offers.value[menu.offers.lesson >= 0]
    per_step = np.abs(value).max(initial=1.0)  # a lesson takes at least one step
    penalty = 2.0 * per_step * max(demands.limits.total, 1)
    teaches = curriculum.teaches
    held = [
        (pin.student, int(skill), pin.steps)
        for pin in demands.pins
        for skill in teaches.indices[teaches.indptr[pin.lesson] : teaches.indptr[pin.lesson + 1]]
    ]
    columns = np.array(held, np.intp).reshape(-1, 3).T
    return Problem(menu.offers, days, place, penalty, teaches, Held(*columns))


def _solved(problem: Problem, demands: Demands, *, rounds: int, exact: bool, n_jobs: int) -> Shared:
    """The chosen lessons, where seats are, and the bound."""
    open_ = problem.offers.lesson >= 0
    resource = np.append(demands.resource, -1)[problem.offers.lesson]
    if not (resource >= 0).any():
        best = exact_days(problem, open_, n_jobs)
        return Shared(best.chosen, np.full(open_.shape, -1), float(best.bound.sum()))
    free = demands.seats.copy()
    for pin in demands.pins:
        if demands.resource[pin.lesson] >= 0:
            free[demands.resource[pin.lesson], pin.block] -= 1
    seats = Seats(resource, free)
    if exact:
        return best_plan(problem, seats, open_)
    shared = shared_days(problem, seats, open_, rounds)
    # Who gets a seat first may decide how many miss a floor. For a class, the best plan says how
    # few can.
    if shared.needy and open_.sum() <= _OF_A_CLASS:
        return best_plan(problem, seats, open_)
    return shared


def _timed(
    problem: Problem, menu: Menu, demands: Demands, shared: Shared, sequencer: Sequencer
) -> tuple[Lessons, Ints]:
    """Lessons at their times, pins first in their blocks; and the free steps of each block."""
    n, n_blocks = len(shared.chosen), len(demands.blocks)
    limits, offers = demands.limits, problem.offers
    used = np.zeros((n, n_blocks), np.intp)
    begins = []
    for pin in demands.pins:
        begins.append(used[pin.student, pin.block])
        used[pin.student, pin.block] += pin.steps
    found, left = in_blocks(
        shared.chosen, offers.steps.astype(np.intp), offers.kind, limits, seated=shared.seated,
        used=used,
    )  # fmt: skip
    at = found.student, found.place
    pins = np.array([tuple(pin) for pin in demands.pins], np.intp).reshape(-1, 4)
    lesson = np.concatenate([offers.lesson[at], pins[:, 1]])
    kinds = kind_of(sequencer.curriculum)
    block = np.concatenate([found.block, pins[:, 2]])
    first = np.concatenate([found.first, np.array(begins, np.intp)])
    starts = np.array([one.begins for one in demands.blocks])
    codes = np.full(len(pins), [*REASONS].index("pinned"))
    whole = Lessons(
        np.concatenate([found.student, pins[:, 0]]),
        lesson,
        block,
        starts[block] + first * demands.step,
        np.concatenate([found.steps, pins[:, 3]]) * demands.step,
        np.concatenate([offers.kind[at], kinds[pins[:, 1]]]),
        np.concatenate([menu.code[at], codes]),
        np.concatenate([menu.share[at], np.ones(len(pins))]),
    )
    order = np.lexsort((whole.start, whole.student))
    columns: list[Any] = [column[order] for column in whole]
    return Lessons(*columns), left
