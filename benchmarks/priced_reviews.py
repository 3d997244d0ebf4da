"""Reviews at a price, against new lessons alone and against a schedule with a target.

    python benchmarks/priced_reviews.py            ten minutes on one core
    python benchmarks/priced_reviews.py --quick    30 students of a kind; writes nothing

Simulated students come on so many days, for so many minutes a day, or until no lesson is left for
today. The bill of a student is the minutes of practice, plus a price for each skill that is unknown
30 days after the last day. The same log of earlier students gives all policies their model, their
settings (`policy_from_log`) and their model of memory; half of the earlier students did a lesson a
day, drawn at random, so that the log shows what they still knew after days and weeks.

Compared are: new lessons alone; `ReviewSchedule` as it is, with its target of .9; the same with the
target .95; and reviews at the price. In the course of 1,200
minutes (`run_episode`), students leave as soon as no lesson is left for the moment. Seeds are 100
to 104: the rule was chosen on them, so this is no test.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from _record import circumstances, write
from numpy.typing import NDArray

from adaptlearn import MasteryTracker, Sequencer
from adaptlearn.diagnosis import LogPolicy, policy_from_log
from adaptlearn.models import BKT, HalfLifeRegression
from adaptlearn.sequencing import ReviewSchedule
from adaptlearn.sequencing.policies import PricedMastery
from adaptlearn.simulation import (
    Course,
    SequencerPolicy,
    baselines,
    prior_log,
    random_course,
    run_episode,
    simulators,
)
from adaptlearn.simulation.students.base import Simulator
from adaptlearn.simulation.students.streams import StudentStreams
from adaptlearn.simulation.teachers import ArrayPolicy, seat_time
from adaptlearn.simulation.teachers.policies import any_lesson, equally

KINDS = ("fading", "stability", "individual")
SEEDS, STUDENTS = (100, 101, 102, 103, 104), 20  # students of each seed
CALENDARS = ((60, 40), (40, 20))  # days, minutes a day
EPISODE = 1200.0
PRICES = (60, 300, 1000)
TARGETS = (0.9, 0.95)
DAY, LATER = 86400.0, 30
Floats = NDArray[np.float64]
Log = dict[str, NDArray[Any]]


class Outcome(NamedTuple):
    """Of each student: minutes, skills unknown 30 days later, and the sum of what is forgotten."""

    minutes: Floats
    unknown: Floats
    forgotten: Floats

    def bill(self, price: float) -> Floats:
        """The bill of each student."""
        return self.minutes + price * self.unknown


class Watched(MasteryTracker):
    """A tracker whose answers a memory is told of, too."""

    def __init__(self, model: BKT, memory: MasteryTracker | None) -> None:
        super().__init__(model, practice=True)
        self.memory = memory

    def update(self, responses: Any, **how: Any) -> Watched:
        """Take in answers."""
        super().update(responses, **how)
        if self.memory is not None:
            self.memory.update(responses, **how)
        return self


def earlier_log(simulator: Simulator, course: Course) -> Log:
    """Half in the curriculum's order, half a lesson a day, drawn at random, for 60 days."""
    drawn = ArrayPolicy("drawn", seat_time(10**4), any_lesson, equally)
    logs = [
        prior_log(simulator, course, policy=policy, n_students=500, seed=10**6 + half,
                  minutes_per_day=minutes)
        for half, (policy, minutes) in enumerate([(baselines(course)["fixed_order"], 20),
                                                  (drawn, 10)])
    ]  # fmt: skip
    logs[1]["student"] = logs[1]["student"] + 500
    return {name: np.concatenate([log[name] for log in logs]) for name in logs[0]}


def on_calendar(
    simulator: Simulator, course: Course, sequencer: Sequencer, n: int, calendar: tuple[int, int]
) -> Outcome:
    """Students who come back every day, whether or not a lesson was left the day before."""
    days, a_day = calendar
    seed = np.repeat(SEEDS, n)
    longest = (course.minutes * (course.practice >= 0).sum(axis=1)).max()
    streams = StudentStreams(seed, np.tile(np.arange(n), len(SEEDS)))
    students = simulator.start(len(seed), streams.start())
    minutes, answers = np.zeros(len(seed)), np.zeros((len(seed), course.n_skills), np.int64)
    clock = 0.0
    for day in range(days):
        students.wait(day * DAY - clock)
        clock, rows, today = day * DAY, np.arange(len(seed)), np.zeros(len(seed))
        while len(rows):
            lesson = sequencer.recommend(rows.tolist(), now=clock).arrays.lesson
            rows, lesson = rows[lesson >= 0], lesson[lesson >= 0]
            if not len(rows):
                break
            took = course.minutes[lesson]
            for skill in course.practice[lesson].T:
                occasion = streams.practice(rows, skill, answers[rows, skill])
                correct = students.answer(skill, occasion, rows)
                answers[rows, skill] += 1
                minutes[rows] += took
                today[rows] += took
                students.wait(60 * took.max())
                clock += 60 * took.max()
                sequencer.tracker.update(  # type: ignore[attr-defined]
                    {"student": rows, "skill": course.curriculum.skills[skill],
                     "correct": correct.astype(np.int8), "time": np.full(len(rows), clock)}
                )  # fmt: skip
            rows = rows[today[rows] + longest <= a_day + 1e-9]
    students.wait(days * DAY - clock)
    return outcome(minutes, students.later(LATER * DAY).knowledge(), students.level)


def in_episode(
    simulator: Simulator, course: Course, make: Callable[[], Sequencer], n: int
) -> Outcome:
    """Students who leave when no lesson is left."""
    policy = SequencerPolicy(lambda _: make())
    episode = run_episode(simulator, policy, course, n_students=n, seeds=SEEDS, budget=EPISODE)
    return outcome(episode.minutes, episode.retention[0], episode.level)


def outcome(minutes: Floats, later: NDArray[Any], level: float) -> Outcome:
    return Outcome(minutes, (later < level).sum(axis=1) * 1.0, (1.0 - later).sum(axis=1))


def policies(
    found: LogPolicy, model: BKT, memory: HalfLifeRegression, course: Course
) -> dict[str, Callable[[], Sequencer]]:
    """New sequencers, by name."""
    settings = {one.setting: one.value for one in found.choices if one.setting != "reviews"}
    settings["skills"] = dict(settings.get("skills", ()))
    none, some = (PricedMastery(found.price, reviews=how, **settings) for how in (False, True))

    def made(policy: PricedMastery, review: Callable[[Any], Any] | None) -> Sequencer:
        remembered = None if review is None else MasteryTracker(memory)
        return Sequencer(
            course.curriculum, Watched(model, remembered), policy, new_students=True,
            review=None if review is None else review(remembered), random_state=0,
            wheel_spinning=None,
        )  # fmt: skip

    def scheduled(target: float) -> Callable[[], Sequencer]:
        return lambda: made(some, lambda kept: ReviewSchedule(kept, retention=target))

    forgets = found.memory is not None  # else nothing is reviewed
    return {
        "new lessons alone": lambda: made(none, None),
        **{f"target {target:g}": scheduled(target) for target in TARGETS},
        "at the price": lambda: made(found.policy, found.review if forgets else None),
    }


def compare(simulator: Simulator, course: Course, n: int) -> list[dict[str, Any]]:
    """All policies with one kind of students, at all prices and calendars."""
    log = earlier_log(simulator, course)
    model, memory = BKT().fit(log), HalfLifeRegression(card="skill").fit(log)
    rows = []
    for price in PRICES:
        found = policy_from_log(log, course.curriculum, price=price, model=model, reviews=True)
        taught = policies(found, model, memory, course)
        # Who does not forget gets the same policy: one calendar is enough to see it.
        some = (*CALENDARS, None) if found.memory is not None else CALENDARS[:1]
        for calendar in some:
            come = {
                name: in_episode(simulator, course, make, n)
                if calendar is None
                else on_calendar(simulator, course, make(), n, calendar)
                for name, make in taught.items()
            }
            bills = {name: summary(of, come, price) for name, of in come.items()}
            rows.append({"calendar": calendar, "price": price, "policies": bills})
            print(
                calendar, price, {name: round(of["bill"]) for name, of in bills.items()}, flush=True
            )
    return rows


def summary(of: Outcome, come: dict[str, Outcome], price: float) -> dict[str, float]:
    """Means over students, and the difference from the schedule as it is, over seeds."""
    apart = of.bill(price) - come["target 0.9"].bill(price)
    by_seed = apart.reshape(len(SEEDS), -1).mean(axis=1)
    return {
        "bill": float(of.bill(price).mean()),
        "against_target": float(apart.mean()),
        "error": float(by_seed.std(ddof=1) / np.sqrt(len(SEEDS))),
        "minutes": float(of.minutes.mean()),
        "unknown": float(of.unknown.mean()),
        "bill_of_forgotten": float((of.minutes + price * of.forgotten).mean()),
    }


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    quick: bool = parser.parse_args().quick
    course = random_course()
    kinds = simulators(course)
    result = {}
    for kind in KINDS:
        print(kind, flush=True)
        result[kind] = compare(kinds[kind], course, 6 if quick else STUDENTS)
    if not quick:
        of_run = {"seeds": SEEDS, "n_students": STUDENTS, "targets": TARGETS, "kinds": result}
        print(write("priced_reviews.json", {**circumstances(["numpy", "scipy"]), **of_run}))


if __name__ == "__main__":
    main()
