"""How long the days of a whole district take, and how near to the best they are with seats.

    python benchmarks/planning_day.py            345,000 students, and the growth: some minutes
    python benchmarks/planning_day.py --quick    a twentieth of it; writes nothing

Prints tables and writes results/planning_day.json. Each part runs in a process of its own, whose
peak resident memory is reported. The district is that of `sequencer.py`: 300 skills, 1,000 lessons;
students and lessons are made here. A day has two blocks of 60 minutes for all kinds, and 30 minutes
for electives and enrichment; practice takes 20 to 60 minutes, one skill at most 60 (the default).
The district is planned in two threads, schools one after the other in one. With seats, each school
has 690 students, and 20 of its 200 lessons have seats for 2 to 10% of them. Classes have 25
students; 8 of 60 lessons have 1 to 3 seats in each block; the best plan is HiGHS's. Where the
machine is busy, processor seconds say more than seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from _record import circumstances, status, write
from sequencer import tracker_of

from adaptlearn import Curriculum, Sequencer
from adaptlearn.planning import Block, plan_day
from adaptlearn.sequencing import preset

DAY = [
    Block("first", "9:00", 60),
    Block("second", "10:15", 60),
    Block("interests", "13:00", 30, kinds=["elective", "enrichment"]),
]
LIMITS: dict[str, Any] = {
    "floors": {"practice": 20},
    "caps": {"practice": 60},
}
SIZES = {"a school": 690, "a tenth": 34_500, "the district": 345_000}
SCHOOLS = 500
STUDENTS = 690  # of a school
CLASSES = 200
KINDS = ("instruction", "practice", "review", "enrichment", "elective")


def curriculum_of(n_skills: int = 300, n_lessons: int = 1000, seed: int = 0) -> Curriculum:
    """Skills that need one of the twenty before them, lessons of all kinds and modes."""
    rng = np.random.default_rng(seed)
    edges = [[int(rng.integers(max(0, skill - 20), skill)), skill] for skill in range(1, n_skills)]
    modes = rng.choice(["device", "teacher", "group", "offline"], n_lessons, p=[0.7, 0.1, 0.1, 0.1])
    kinds = rng.choice(KINDS, n_lessons, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    lessons = [
        {
            "lesson": f"lesson {place}",
            "skills": [place % n_skills],
            "minutes": int(5 * rng.integers(2, 9)),
            "kind": str(kinds[place]),
            "mode": str(modes[place]),
        }
        for place in range(n_lessons)
    ]
    return Curriculum.from_dict(
        {"skills": list(range(n_skills)), "prerequisites": edges, "lessons": lessons}
    )


def district(n_students: int) -> dict[str, Any]:
    """Days without seats, in this process."""
    school, tracker = curriculum_of(), tracker_of(n_students, 300)
    sequencer = Sequencer(school, tracker, policy(), random_state=0)
    students, before = tracker.students, status("VmRSS")
    begin, worked = time.perf_counter(), time.process_time()
    plan = plan_day(sequencer, students, DAY, n_jobs=2, **LIMITS)
    seconds, processor = time.perf_counter() - begin, time.process_time() - worked
    return {
        "students": n_students,
        "seconds": seconds,
        "processor_seconds": processor,
        "gap": plan.gap,
        "lessons_a_student": len(plan.lessons.student) / n_students,
        "minutes_a_student": int(plan.lessons.minutes.sum()) / n_students,
        "peak_bytes": status("VmHWM"),
        "bytes_before": before,
    }


def policy() -> Any:
    """A policy that gives all kinds of lessons."""
    return preset("balanced")


def seats_of(school: Curriculum, n: int, rng: np.random.Generator, share: Any) -> dict[str, Any]:
    """Twenty lessons with seats for some of the students."""
    lessons = rng.choice(school.lessons, 20, replace=False).tolist()
    return {
        f"of {lesson}": {"lessons": [lesson], "seats": max(1, round(n * rng.uniform(*share) / 2))}
        for lesson in lessons
    }


def schools(n_schools: int) -> dict[str, Any]:
    """Days with seats, school by school, in this process."""
    school, tracker = curriculum_of(60, 200), tracker_of(n_schools * STUDENTS, 60)
    sequencer = Sequencer(school, tracker, policy(), random_state=0)
    students, gaps, rng = tracker.students, [], np.random.default_rng(0)
    begin, worked = time.perf_counter(), time.process_time()
    for place in range(n_schools):
        own = students[place * STUDENTS : (place + 1) * STUDENTS]
        seats = seats_of(school, STUDENTS, rng, (0.02, 0.1))
        gaps.append(plan_day(sequencer, own, DAY, seats=seats, **LIMITS).gap)
    return {
        "schools": n_schools,
        "seconds": time.perf_counter() - begin,
        "processor_seconds": time.process_time() - worked,
        "mean_gap": float(np.mean(gaps)),
        "worst_gap": max(gaps),
        "gaps": gaps,
        "peak_bytes": status("VmHWM"),
    }


def classes(n_classes: int) -> dict[str, Any]:
    """Random classes against the best plan, in this process."""
    shares, below, short, seconds = [], [], [], []
    for place in range(n_classes):
        rng = np.random.default_rng([7, place])
        school, tracker = curriculum_of(30, 60, seed=place), tracker_of(25, 30)
        sequencer = Sequencer(school, tracker, policy(), random_state=0)
        lessons = rng.choice(school.lessons, 8, replace=False).tolist()
        seats = {str(one): {"lessons": [one], "seats": int(rng.integers(1, 4))} for one in lessons}
        worked = time.process_time()
        plan = plan_day(sequencer, tracker.students, DAY, seats=seats, **LIMITS)
        seconds.append(time.process_time() - worked)
        best = plan_day(sequencer, tracker.students, DAY, seats=seats, exact=True, **LIMITS)
        short.append(plan.short - best.short)
        shares.append(plan.value / best.value)
        below.append(plan.bound < best.value - 1e-6 * best.value)
    return {
        "classes": n_classes,
        "mean_share": float(np.mean(shares)),
        "worst_share": min(shares),
        "bounds_below_the_best": int(sum(below)),
        "classes_with_more_missing_to_floors": int(np.count_nonzero(short)),
        "processor_seconds_a_class": float(np.mean(seconds)),
    }


PARTS = {
    **{name: (district, n) for name, n in SIZES.items()},
    "schools with seats": (schools, SCHOOLS),
    "classes": (classes, CLASSES),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of it")
    parser.add_argument("--part", choices=PARTS, help="one part, in this process, as JSON")
    asked = parser.parse_args()
    if asked.part:
        measure, n = PARTS[asked.part]
        print(json.dumps(measure(max(1, n // 20) if asked.quick else n)))
        return
    parts = {}
    for name in PARTS:
        command = [sys.executable, Path(__file__), "--part", name]
        command += ["--quick"] if asked.quick else []
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        parts[name] = result = json.loads(done.stdout)
        told = [f"{key} {value:.4g}" for key, value in result.items() if key != "gaps"]
        print(f"{name}: {', '.join(told)}", flush=True)
    if not asked.quick:
        where = circumstances(["numpy", "scipy"])
        print(f"\nWritten to {write('planning_day.json', {**where, 'parts': parts})}")


if __name__ == "__main__":
    main()
