"""Planned days in an episode: what was planned is taught, day by day, and nothing else."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.errors import ParameterError
from adaptlearn.models import BKT
from adaptlearn.planning import Block, Needs, Slot, form_groups, plan_day
from adaptlearn.simulation import Course, TwoState, measure_outcomes, run_episode
from adaptlearn.simulation.students.base import DAY
from adaptlearn.simulation.teachers import PlannedDays

SKILLS = ["a", "b", "c"]
KINDS = (("read", 10, "device"), ("talk", 15, "group"), ("do", 20, "offline"))
LESSONS = [
    {"lesson": f"{kind} {skill}", "skills": [skill], "minutes": minutes, "mode": mode}
    for skill in SKILLS
    for kind, minutes, mode in KINDS
]
COURSE = Course.of(Curriculum.from_dict({"lessons": LESSONS}), n_items=5)
TITLES = COURSE.curriculum.lessons.tolist()
SIMULATOR = TwoState(3, prior=0.3, learn=0.05, guess=0.2, slip=0.1)
N = 8


def make(curriculum: Curriculum) -> Sequencer:
    each = {"prior": [0.3] * 3, "learn": [0.05] * 3, "guess": [0.2] * 3, "slip": [0.1] * 3}
    return Sequencer(
        curriculum,
        MasteryTracker(BKT.from_parameters({"skill": SKILLS, **each})),
        new_students=True,
        wheel_spinning=None,
    )


class Planner:
    """Plans as it is told, and keeps what it planned."""

    def __init__(self, minutes: int = 60, **options: Any) -> None:
        self.day = [Block("first", "9:00", 30), Block("second", "10:00", minutes - 30)]
        self.options = options
        self.plans: list[Any] = []
        self.nows: list[float] = []
        self.asked: list[list[int]] = []

    def __call__(self, sequencer: Any, students: Any, now: Any, yesterday: Any) -> Any:
        assert yesterday is (self.plans[-1] if self.plans else None)
        self.asked.append(students)
        self.nows.append(now)
        self.plans.append(
            plan_day(sequencer, students, self.day, now=now, yesterday=yesterday, **self.options)
        )
        return self.plans[-1]

    def lessons(self, day: int) -> dict[int, list[str]]:
        """The lessons of each student on a day, each once."""
        table = self.plans[day].table()
        found: dict[int, list[str]] = defaultdict(list)
        for student, lesson in zip(table["student"], table["lesson"], strict=True):
            if lesson not in found[student]:
                found[student].append(lesson)
        return dict(found)


def taught(episode: Any) -> dict[int, dict[int, list[str]]]:
    """The lessons of each student by day, from the answers."""
    found: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    answers = episode.responses
    day = (answers.time - 1) // DAY  # an answer's time is its end
    for student, lesson, when in zip(answers.student, answers.lesson, day, strict=True):
        own = found[int(when)][int(student)]
        if TITLES[lesson] not in own:
            own.append(TITLES[lesson])
    return {when: dict(lessons) for when, lessons in found.items()}


def run(planner: Any, *, days: int = 4, budget: float = 1e6, minutes_per_day: float = 60) -> Any:
    return run_episode(
        SIMULATOR,
        PlannedDays(make, planner, days=days),
        COURSE,
        n_students=N,
        budget=budget,
        minutes_per_day=minutes_per_day,
        record=True,
    )


@pytest.mark.parametrize("minutes", [60, 55])
@pytest.mark.parametrize("minutes_per_day", [60, 300])
def test_what_was_planned_is_taught_on_its_day(minutes: int, minutes_per_day: float) -> None:
    # The lab's two seats make days of other lengths: some are full, and some are not.
    seats = {"lab": {"lessons": ["do a", "do b", "do c"], "seats": 2}}
    planner = Planner(minutes, seats=seats)
    episode = run(planner, minutes_per_day=minutes_per_day)
    assert planner.nows == [day * DAY for day in range(4)]
    done = taught(episode)
    for day in range(4):
        assert done[day] == planner.lessons(day)
    planned = sum(int(plan.lessons.minutes.sum()) for plan in planner.plans)
    assert episode.minutes.sum() == pytest.approx(planned)
    lengths = {sum(plan.lessons.minutes[plan.lessons.student == row])
               for plan in planner.plans for row in range(N)}  # fmt: skip
    assert len(lengths) > 1
    assert (episode.steps.lesson >= -1).all()
    share = measure_outcomes(episode).mean("known_share")
    assert share == pytest.approx(episode.known_at_end.mean())


def test_who_has_used_up_the_budget_leaves_and_the_others_days_go_on() -> None:
    seats = {"lab": {"lessons": ["do a", "do b", "do c"], "seats": 1}}
    planner = Planner(60, caps={"instruction": 45}, seats=seats)
    episode = run(planner, days=5, budget=100)
    sizes = [len(students) for students in planner.asked]
    assert sizes[0] == N
    assert sizes[-1] < N
    assert planner.nows == [day * DAY for day in range(len(sizes))]
    done = taught(episode)
    left = {*planner.asked[-1]}
    for day in range(len(sizes)):
        for student, lessons in planner.lessons(day).items():
            own = done[day].get(student, [])
            assert own == lessons[: len(own)]
            if student in left and day < len(sizes) - 1:
                assert own == lessons


def test_a_group_does_the_group_lesson_on_its_skill() -> None:
    formed = []

    def plan(sequencer: Any, students: Any, now: Any, yesterday: Any) -> Any:
        slots = [Slot(place, smallest=2, largest=4) for place in range(3)]
        groups = form_groups(Needs.of(sequencer, students), slots, at_most=2)
        formed.append(groups)
        return [groups, plan_day(sequencer, students, [Block("flex", "9:00", 20)], now=now)]

    done = taught(run(plan, days=2))
    for day, groups in enumerate(formed):
        for row in range(N):
            skills = [groups.skills[slot] for slot in np.flatnonzero(groups.seat[row])]
            own = done[day][row]
            assert own[: len({*skills})] == [*dict.fromkeys(f"talk {skill}" for skill in skills)]
            assert len(own) > len({*skills})


def test_a_lesson_that_was_cut_longer_days_and_other_things_than_plans_are_refused() -> None:
    with pytest.raises(ParameterError, match="longer than the day, and cut: '"):
        run(lambda sequencer, students, now, yesterday: plan_day(
            sequencer, students, [Block("flex", "9:00", 5)]))  # fmt: skip
    for minutes in (45, 30):
        with pytest.raises(ParameterError, match="take longer than minutes_per_day"):
            run(Planner(), minutes_per_day=minutes)
    with pytest.raises(ParameterError, match="plan returned a dict; expected a DayPlan, Groups"):
        run(lambda *_: {})
    with pytest.raises(ParameterError, match="days"):
        PlannedDays(make, Planner(), days=0)


def test_a_group_on_a_skill_without_a_lesson_is_refused() -> None:
    content = {"skills": [*SKILLS, "d"], "lessons": LESSONS}
    with pytest.warns(match="no lesson teaches 'd'"):
        course = Course.of(Curriculum.from_dict(content))

    def plan(sequencer: Any, students: Any, now: Any, yesterday: Any) -> Any:
        return form_groups(Needs(students, ["d"], np.ones((N, 1))), [Slot(0, largest=N)])

    def other(curriculum: Curriculum) -> Sequencer:
        return Sequencer(curriculum, make(COURSE.curriculum).tracker, new_students=True)

    planned = PlannedDays(other, plan)
    with (
        pytest.raises(ParameterError, match="no lesson teaches 'd', a group's skill"),
        pytest.warns(match="unknown to the tracker"),
    ):
        run_episode(TwoState(4), planned, course, n_students=N)
