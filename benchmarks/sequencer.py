"""How long the next lessons of a whole district take, and of one student.

    python benchmarks/sequencer.py            345,000 students, and the growth: some minutes, 3 GB
    python benchmarks/sequencer.py --quick    a tenth of the students; writes nothing

Prints a table and writes results/sequencer.json. Each size runs in a process of its own, whose peak
resident memory beyond the tracker's own is reported. The tracker is a `MasteryTracker` over a
BKT; every student has answered on a part of the skills. Times are also given as multiples of the
time that one copy of a table of students and skills takes (float64, the shortest of five), which
tells how fast the machine is at that moment. Of three runs the middle one counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _record import circumstances, status, write

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.models import BKT
from adaptlearn.sequencing import preset
from adaptlearn.sequencing.policies import PricedMastery

SIZES = {  # students, skills, lessons
    "district": (345_000, 300, 1_000),
    "a tenth of the students": (34_500, 300, 1_000),
    "a third of the skills": (345_000, 100, 1_000),
    "three times the lessons": (345_000, 300, 3_000),
}
POLICIES = {
    **{name: preset(name) for name in ("provisional", "priced", "mastery", "balanced")},
    "priced, no gate": PricedMastery(ready=0),
}
TOUCHED = 20  # skills each student has answered on


def curriculum_of(n_skills: int, n_lessons: int) -> Curriculum:
    """Skills that need two of the twenty before them, lessons on one or two of them."""
    rng = np.random.default_rng(0)
    edges = {
        (int(rng.integers(max(0, skill - 20), skill)), skill)
        for skill in range(1, n_skills)
        for _ in range(2)
    }
    lessons = [
        {
            "lesson": f"lesson {place}",
            "skills": sorted(
                {place % n_skills, *([int(rng.integers(n_skills))] if rng.random() < 0.3 else [])}
            ),
            "minutes": float(rng.integers(10, 40)),
        }
        for place in range(n_lessons)
    ]
    return Curriculum.from_dict(
        {
            "skills": list(range(n_skills)),
            "prerequisites": [list(edge) for edge in sorted(edges)],
            "lessons": lessons,
        }
    )


def tracker_of(n_students: int, n_skills: int) -> MasteryTracker:
    """Students who have mastered what comes first and are somewhere in the middle."""
    model = BKT.from_parameters(
        {
            "skill": list(range(n_skills)),
            **{name: [value] * n_skills for name, value in
               {"prior": 0.3, "learn": 0.15, "guess": 0.2, "slip": 0.1}.items()},
        }
    )  # fmt: skip
    rng = np.random.default_rng(1)
    reached = rng.integers(0, n_skills - TOUCHED, n_students)
    tracker = MasteryTracker(model)
    for _ in range(3):
        student = np.repeat(np.arange(n_students), TOUCHED)
        place = np.tile(np.arange(TOUCHED), n_students)
        skill = np.minimum(np.repeat(reached, TOUCHED) + place, n_skills - 1)
        right = rng.random(len(student)) < np.where(place < TOUCHED / 2, 0.95, 0.4)
        tracker.update({"student": student, "skill": skill, "correct": right.astype(int)})
    return tracker


def measure(size: str, quick: bool) -> dict[str, Any]:
    """One size, in this process."""
    n_students, n_skills, n_lessons = SIZES[size]
    n_students //= 10 if quick else 1
    school, tracker = curriculum_of(n_skills, n_lessons), tracker_of(n_students, n_skills)
    before = status("VmRSS")
    result: dict[str, Any] = {"students": n_students, "skills": n_skills, "lessons": n_lessons}
    for name, policy in POLICIES.items():
        made = Sequencer(school, tracker, policy, random_state=0, n_jobs=2)
        made.recommend([0])
        students, runs, processor = tracker.students, [], []
        for _ in range(1 if quick else 3):
            begin, worked = time.perf_counter(), time.process_time()
            decisions = made.recommend(students)
            codes, propensity = decisions.codes(), decisions.arrays.propensity
            runs.append(time.perf_counter() - begin)
            processor.append(time.process_time() - worked)
            assert len(codes) == len(propensity) == n_students
        one = [_seconds(partial(made.recommend, [student])) for student in range(500)]
        result[name] = {
            "seconds": median(runs),
            "processor_seconds": median(processor),
            "with_lesson": int((decisions.arrays.lesson >= 0).sum()),
            "milliseconds_one_student": 1e3 * median(one),
        }
        del decisions, codes, propensity
    result["peak_bytes_beyond_tracker"] = status("VmHWM") - before
    # Last, so that the tables are not part of the peak.
    table = np.random.default_rng(0).random((n_students, n_skills))
    result["seconds_of_a_copy"] = copy = min(_seconds(table.copy) for _ in range(5))
    for name in POLICIES:
        result[name]["copies"] = result[name]["seconds"] / copy
    return result


def _seconds(do: Callable[[], object]) -> float:
    begin = time.perf_counter()
    do()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the students")
    parser.add_argument("--size", choices=SIZES, help="one size, in this process, as JSON")
    asked = parser.parse_args()
    if asked.size:
        print(json.dumps(measure(asked.size, asked.quick)))
        return
    head = f"{'all, s':>8}{'CPU, s':>8}{'copies':>8}{'one, ms':>9}{'peak MB':>9}"
    print(f"{'size':26}{'policy':16}{head}")
    sizes = {}
    for size in SIZES:
        command = [sys.executable, Path(__file__), "--size", size]
        command += ["--quick"] if asked.quick else []
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        sizes[size] = result = json.loads(done.stdout)
        for name in POLICIES:
            took = result[name]
            print(
                f"{size:26}{name:16}{took['seconds']:8.2f}{took['processor_seconds']:8.2f}"
                f"{took['copies']:8.1f}{took['milliseconds_one_student']:9.3f}"
                f"{result['peak_bytes_beyond_tracker'] / 1e6:9.0f}"
            )
        print(f"{size:26}{'one copy':16}{result['seconds_of_a_copy']:8.2f}", flush=True)
    if not asked.quick:
        where = circumstances(["numpy", "scipy"])
        print(f"\nWritten to {write('sequencer.json', {**where, 'sizes': sizes})}")


if __name__ == "__main__":
    main()
