"""Learning plans: how long they take, and how many of their 80% intervals hold.

    python benchmarks/planning_learning.py            some minutes, under 2 GB
    python benchmarks/planning_learning.py --quick    fewer students; writes nothing

Prints two tables and writes results/planning_learning.json.

*Time.* Each size runs in a process of its own, whose peak resident memory is reported. A school has
700 students, who are in one of three courses of 100 skills and 333 lessons each (20 to 60 minutes).
They have answered on 20 skills each. The calendar is a school year with 40 minutes a day.

*Calibration.* Simulated students of ten kinds learn a course of 20 skills (five standards) under
the default policy, over a BKT that is fitted to the answers of others. Plans are made when they
begin and after 100, 200 and 300 minutes. A day later than the calendar's last counts as within the
interval if its end is. `Pace()` is the default; `learn_pace` has seen 300 earlier students of the
same kind, whose seeds are apart.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _record import circumstances, status, write

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.models import BKT
from adaptlearn.planning import Calendar, LearningPlan, Pace, learn_pace, learning_plan
from adaptlearn.simulation import (
    SequencerPolicy,
    prior_log,
    random_course,
    run_episode,
    simulators,
)
from adaptlearn.simulation.course import Course

SIZES = {"a class": 25, "one school": 700, "four schools": 2_800}
COURSES, SKILLS, LESSONS = 3, 100, 333  # skills and lessons of each course
TOUCHED = 20  # skills each student has answered on
YEAR = Calendar("2026-09-01", "2027-06-11", 40, [("2026-12-21", "2027-01-03")])

SEEDS, EARLIER, N_STUDENTS = (0, 1), 10_000, 300
BUDGET = 1_600.0
MOMENTS = (0, 100, 200, 300)  # minutes of practice
STANDARDS = 5


def school() -> Curriculum:
    """Five courses one after the other; a skill needs two of the twenty before it."""
    rng = np.random.default_rng(0)
    n = COURSES * SKILLS
    edges = {(int(rng.integers(max(0, k - 20), k)), k) for k in range(1, n) for _ in range(2)}
    lessons = [
        {
            "lesson": f"lesson {place}",
            "skills": [place % n],
            "minutes": float(rng.integers(20, 60)),
        }
        for place in range(COURSES * LESSONS)
    ]
    standards = {f"S{k}": list(range(5 * k, 5 * k + 5)) for k in range(n // 5)}
    per_course = len(standards) // COURSES
    courses = [
        {
            "course": f"grade {k}",
            "units": [{"unit": "all", "standards": [*standards][k * per_course :][:per_course]}],
        }
        for k in range(COURSES)
    ]
    return Curriculum.from_dict(
        {
            "skills": list(range(n)),
            "prerequisites": [list(edge) for edge in sorted(edges)],
            "lessons": lessons,
            "standards": standards,
            "courses": courses,
        }
    )


def tracker_of(n_students: int) -> MasteryTracker:
    """Students who know the courses before their own, and have begun their own."""
    n = COURSES * SKILLS
    model = BKT.from_parameters(
        {
            "skill": list(range(n)),
            **{name: [value] * n for name, value in
               {"prior": 0.3, "learn": 0.15, "guess": 0.2, "slip": 0.1}.items()},
        }
    )  # fmt: skip
    rng = np.random.default_rng(1)
    tracker = MasteryTracker(model)
    first = np.arange(n_students) % COURSES * SKILLS
    for _ in range(3):
        student = np.repeat(np.arange(n_students), TOUCHED)
        skill = np.repeat(first, TOUCHED) + np.tile(np.arange(TOUCHED), n_students) - 5
        right = rng.random(len(student)) < np.where(
            skill < np.repeat(first, TOUCHED) + 5, 0.95, 0.4
        )
        tracker.update(
            {"student": student, "skill": np.maximum(skill, 0), "correct": right.astype(int)}
        )
    return tracker


def measure(n_students: int) -> dict[str, Any]:
    """One size, in this process."""
    curriculum, tracker = school(), tracker_of(n_students)
    sequencer = Sequencer(curriculum, tracker, random_state=0)
    courses = {student: f"grade {student % COURSES}" for student in range(n_students)}
    before = status("VmRSS")
    begin, worked = time.perf_counter(), time.process_time()
    plan = learning_plan(sequencer, range(n_students), YEAR, course=courses)
    return {
        "students": n_students,
        "seconds": time.perf_counter() - begin,
        "processor_seconds": time.process_time() - worked,
        "weeks_with_lessons": len(np.unique(plan.weeks.week)),
        "minutes_planned": float(plan.weeks.minutes.sum() / n_students),
        "peak_bytes": status("VmHWM"),
        "peak_bytes_beyond_tracker": status("VmHWM") - before,
    }


class Way(NamedTuple):
    """What really happened to simulated students."""

    answers: dict[str, Any]
    minutes: Any  # of the answers, since the student's beginning
    mastered_at: Any  # minutes, (n_students, n_skills)
    decisions: tuple[Any, Any]  # student and minutes


def way_of(course: Course, simulator: Any, model: BKT, seed: int, n_students: int) -> Way:
    """Let the default policy teach simulated students."""
    policy = SequencerPolicy(
        lambda curriculum: Sequencer(
            curriculum, MasteryTracker(model), new_students=True, random_state=0,
            wheel_spinning=None,
        )
    )  # fmt: skip
    episode = run_episode(
        simulator, policy, course, n_students=n_students, seeds=[seed], budget=BUDGET, record=True
    )
    said, steps = episode.responses, episode.steps
    assert said is not None
    assert steps is not None
    order = np.argsort(said.student, kind="stable")
    first = np.searchsorted(said.student[order], np.arange(n_students))
    nth = np.empty(len(order), int)
    nth[order] = np.arange(len(order)) - first[said.student[order]]
    answers = {
        "student": said.student,
        "skill": course.curriculum.skills[said.tag],
        "correct": said.correct.astype(int),
        "time": said.time,
    }
    minutes = nth * course.minutes[0]
    return Way(answers, minutes, episode.declared_at, (steps.student, steps.minutes))


def held(plan: LearningPlan, after: Any) -> tuple[Any, Any]:
    """Whether the day of each goal and standard lies in its interval; of the open ones.

    `after`: minutes until all is mastered, and until each standard is, from the plan on.
    """
    columns = plan.dates().table()
    n = len(plan)
    truth = YEAR.date_after(np.where(np.isfinite(after), after, np.inf))
    shape = n, 1 + STANDARDS
    first, last = (columns[name].reshape(shape) for name in ("earliest", "latest"))
    never = np.datetime64("2100-01-01")
    first, last, truth = (np.where(np.isnat(day), never, day) for day in (first, last, truth))
    found = (first <= truth) & (truth <= last)
    open_ = ~columns["met"].reshape(shape)
    return found[:, 0][open_[:, 0]], found[:, 1:][open_[:, 1:]]


def calibration(kind: str, n_students: int) -> dict[str, Any]:
    """The share of intervals that hold for students of one kind."""
    course = random_course(20, 0)
    simulator = simulators(course, 0)[kind]
    model = BKT().fit(prior_log(simulator, course, n_students=500, budget=400))
    labels, size = course.curriculum.skills.tolist(), 20 // STANDARDS
    curriculum = Curriculum.from_dict(
        {
            **course.curriculum.to_dict(),
            "lessons": [{"lesson": k, "skills": [k], "minutes": 10} for k in labels],
            "standards": {f"S{k}": labels[k * size :][:size] for k in range(STANDARDS)},
        }
    )
    earlier = way_of(course, simulator, model, EARLIER, n_students)
    blank = Sequencer(curriculum, MasteryTracker(model), wheel_spinning=None)
    paces = {"default": Pace(), "learned": learn_pace(blank, earlier.answers)}
    shares: dict[str, list[Any]] = {}
    for seed in SEEDS:
        way = way_of(course, simulator, model, seed, n_students)
        for moment in MOMENTS:
            for name, pace in paces.items():
                goal, standards = checked(way, curriculum, model, pace, moment)
                for target, found in (("goal", goal), ("standards", standards)):
                    shares.setdefault(f"{name}, {target}, {moment}", []).append(found)
    return {name: float(np.concatenate(found).mean()) for name, found in shares.items()}


def checked(way: Way, curriculum: Curriculum, model: BKT, pace: Pace, moment: int) -> Any:
    """Plan at the first decision after so many minutes, and look what became of it."""
    n = len(way.mastered_at)
    start = np.full(n, np.inf)
    student, minutes = way.decisions
    late = minutes >= moment
    np.minimum.at(start, student[late], minutes[late])
    whole = way.mastered_at.max(axis=1)
    rows = np.flatnonzero(np.isfinite(start) & (whole > start))
    then = way.minutes < start[way.answers["student"]]
    then &= np.isfinite(start)[way.answers["student"]]
    tracker = MasteryTracker(model)
    if then.any():
        tracker.update({name: column[then] for name, column in way.answers.items()})
    sequencer = Sequencer(curriculum, tracker, new_students=True, wheel_spinning=None)
    plan = learning_plan(sequencer, rows.tolist(), YEAR, pace=pace)
    parts = way.mastered_at.reshape(n, STANDARDS, -1).max(axis=2)
    after = np.column_stack([whole, parts])[rows] - start[rows, None]
    return held(plan, after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer students")
    parser.add_argument("--size", choices=SIZES, help="one size, in this process, as JSON")
    asked = parser.parse_args()
    if asked.size:
        print(json.dumps(measure(SIZES[asked.size])))
        return
    print(f"{'80% intervals that hold':24}{'default':>16}{'learned':>20}")
    print(f"{'':24}{'goal':>8}{'standards':>10}{'goal':>10}{'standards':>10}")
    kinds: dict[str, Any] = {}
    for kind in simulators(random_course(20, 0), 0):
        kinds[kind] = calibration(kind, 40 if asked.quick else N_STUDENTS)
        cells = [
            np.mean([kinds[kind][f"{pace}, {target}, {moment}"] for moment in MOMENTS])
            for pace in ("default", "learned")
            for target in ("goal", "standards")
        ]
        print(f"{kind:24}{cells[0]:8.2f}{cells[1]:10.2f}{cells[2]:10.2f}{cells[3]:10.2f}")
    print(f"\n{'size':14}{'students':>10}{'s':>8}{'CPU, s':>8}{'ms each':>9}{'peak MB':>9}")
    sizes = {}
    for size in list(SIZES)[: 2 if asked.quick else None]:
        command = [sys.executable, Path(__file__), "--size", size]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        row = sizes[size] = json.loads(done.stdout)
        print(
            f"{size:14}{row['students']:10,}{row['seconds']:8.1f}{row['processor_seconds']:8.1f}"
            f"{1e3 * row['processor_seconds'] / row['students']:9.2f}{row['peak_bytes'] / 1e6:9.0f}"
        )
    if not asked.quick:
        packages = ["numpy", "scipy"]
        setting = {"students": N_STUDENTS, "seeds": SEEDS, "earlier": EARLIER, "budget": BUDGET}
        write(
            "planning_learning.json",
            {**circumstances(packages), "sizes": sizes, "setting": setting, "held": kinds},
        )


if __name__ == "__main__":
    main()
