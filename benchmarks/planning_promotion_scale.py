"""How long the promotion report of a whole district takes.

    python benchmarks/planning_promotion_scale.py            to 345,000 students: minutes, 6 GB
    python benchmarks/planning_promotion_scale.py --quick    a tenth of the students; writes nothing

Prints a table and writes results/planning_promotion_scale.json. The students, the course and the
log are made here: 300 skills, 1,000 lessons, 100 standards of three skills, 20 courses of five
standards. Every student has answered four times on 20 skills, on four days, the last of them
three weeks after the first. The rule asks for five of the 20 courses. Each size runs in a process
of its own, with two threads, whose peak resident memory beyond tracker and log is reported.
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
from sequencer import TOUCHED, curriculum_of

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.models import BKT
from adaptlearn.planning import PromotionRules, promotion_report

SIZES = {"one school": 700, "ten schools": 7_000, "a large city": 70_000, "district": 345_000}
SKILLS, LESSONS, STANDARDS, COURSES = 300, 1_000, 100, 20
DAY = 86400.0


def school() -> Curriculum:
    """The curriculum of benchmarks/sequencer.py with standards and courses."""
    content = curriculum_of(SKILLS, LESSONS).to_dict()
    each = SKILLS // STANDARDS
    content["standards"] = [
        {"standard": f"S{place}", "skills": [*range(each * place, each * (place + 1))]}
        for place in range(STANDARDS)
    ]
    own = STANDARDS // COURSES
    content["courses"] = [
        {"course": f"C{place}", "units": [
            {"unit": "all", "standards": [f"S{at}" for at in range(own * place, own * (place + 1))]}
        ]}
        for place in range(COURSES)
    ]  # fmt: skip
    return Curriculum.from_dict(content)


def log_of(n_students: int) -> ResponseLog:
    """Answers of students who know most of the first half of the skills that they practise."""
    rng = np.random.default_rng(1)
    reached = rng.integers(0, SKILLS - TOUCHED, n_students)
    place = np.tile(np.arange(TOUCHED), n_students)
    skill = np.repeat(reached, TOUCHED) + place
    student, times = np.repeat(np.arange(n_students), TOUCHED), (0.0, 1.0, 2.0, 21.0)
    right = [rng.random(len(student)) < np.where(place < TOUCHED / 2, 0.95, 0.4) for _ in times]
    return ResponseLog.from_frame(
        {
            "student": np.tile(student, len(times)),
            "skill": np.tile(skill, len(times)),
            "correct": np.concatenate(right).astype(int),
            "time": np.concatenate([DAY * day + 60.0 * place for day in times]),
        }
    )


def measure(n_students: int) -> dict[str, Any]:
    """One size, in this process."""
    curriculum, log = school(), log_of(n_students)
    rates = {"prior": 0.3, "learn": 0.15, "guess": 0.2, "slip": 0.1}
    names = {name: [value] * SKILLS for name, value in rates.items()}
    model = BKT.from_parameters({"skill": [*range(SKILLS)], **names})
    tracker = MasteryTracker(model).update(log)
    sequencer = Sequencer(curriculum, tracker, random_state=0, n_jobs=2)
    courses = {"at_least": 5, "of": [{"course": f"C{place}"} for place in range(COURSES)]}
    rules = PromotionRules(curriculum, {"rules": {"five courses": courses}, "answers": 3})
    before = status("VmRSS")
    begin, worked = time.perf_counter(), time.process_time()
    report = promotion_report(sequencer, None, rules, log=log)
    return {
        "students": n_students,
        "answers": len(log),
        "seconds": time.perf_counter() - begin,
        "processor_seconds": time.process_time() - worked,
        "recommended": int(report.recommended.sum()),
        "standards_met": float(report.met.sum(axis=1).mean()),
        "peak_bytes_beyond_log": status("VmHWM") - before,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the students")
    parser.add_argument("--students", type=int, help="one size, in this process, as JSON")
    asked = parser.parse_args()
    if asked.students:
        print(json.dumps(measure(asked.students)))
        return
    print(
        f"{'size':16}{'students':>10}{'answers':>12}{'s':>8}{'CPU, s':>8}{'peak MB':>9}{'met':>6}"
    )
    sizes = {}
    for size, n_students in SIZES.items():
        asked_for = str(n_students // 10 if asked.quick else n_students)
        command = [sys.executable, Path(__file__), "--students", asked_for]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        sizes[size] = result = json.loads(done.stdout)
        print(
            f"{size:16}{result['students']:10,}{result['answers']:12,}{result['seconds']:8.2f}"
            f"{result['processor_seconds']:8.2f}{result['peak_bytes_beyond_log'] / 1e6:9.0f}"
            f"{result['standards_met']:6.1f}",
            flush=True,
        )
    if not asked.quick:
        where = circumstances(["numpy", "scipy"])
        print(f"\nWritten to {write('planning_promotion_scale.json', {**where, 'sizes': sizes})}")


if __name__ == "__main__":
    main()
