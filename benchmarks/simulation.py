"""How many simulated answers a second, how that grows, and a whole comparison of policies.

    python benchmarks/simulation.py            some minutes
    python benchmarks/simulation.py --quick    a tenth of the students; writes nothing

Prints tables and writes results/simulation.json. It runs in one thread, and seconds are those of
the processor. An answer counts with all that belongs to it: of students alone the draw and what is
learnt from it, under a policy also its choice, its estimator's update, and the record of the
truth. Each size of the growth runs in a process of its own, whose peak resident memory beyond the
imports is reported.

The comparison runs each of nine policies (the library's sequencer over a BKT among them) on each
of ten simulators, 1,000 students and 20 seeds each.
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

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.models import BKT
from adaptlearn.simulation import (
    Course,
    SequencerPolicy,
    baselines,
    measure_outcomes,
    random_course,
    run_episode,
    simulators,
)

STUDENTS, SEEDS, SKILLS = 1000, 20, 20
GROWTH = ((1_000, 20), (10_000, 20), (100_000, 20), (10_000, 60), (10_000, 180))
TAUGHT = {"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1}


def policies(course: Course) -> dict[str, Any]:
    """The baselines, and the library's sequencer."""
    model = BKT.from_parameters(
        {"skill": list(range(course.n_skills)),
         **{name: [value] * course.n_skills for name, value in TAUGHT.items()}}
    )  # fmt: skip

    def sequencer(curriculum: Curriculum) -> Sequencer:
        return Sequencer(
            curriculum, MasteryTracker(model), new_students=True, random_state=0,
            wheel_spinning=None,  # there is no teacher here to send anyone to
        )  # fmt: skip

    library = SequencerPolicy(sequencer, name="sequencer", family="bkt")
    return {**baselines(course, parameters=TAUGHT), "sequencer": library}


def alone(n_students: int) -> dict[str, float]:
    """Answers a second of students without a policy."""
    course, found = random_course(SKILLS), {}
    for name, simulator in simulators(course).items():
        rng = np.random.default_rng(0)
        students = simulator.start(n_students, rng)
        plan = [rng.integers(SKILLS, size=n_students) for _ in range(50)]
        students.answer(plan[0], rng)
        begin = time.process_time()
        for skills in plan:
            students.answer(skills, rng)
        found[name] = len(plan) * n_students / (time.process_time() - begin)
    return found


def grown(n_students: int, n_skills: int) -> dict[str, Any]:
    """One size of episodes, in this process."""
    before = status("VmHWM")
    course = random_course(n_skills)
    simulator, policy = simulators(course)["prerequisites"], policies(course)["three_in_a_row"]
    begin = time.process_time()
    episode = run_episode(simulator, policy, course, n_students=n_students)
    seconds = time.process_time() - begin
    answers = int(episode.n_answers.sum())
    return {
        "students": n_students,
        "skills": n_skills,
        "answers": answers,
        "seconds": seconds,
        "answers_per_second": answers / seconds,
        "peak_bytes": status("VmHWM") - before,
    }


def compared(n_students: int) -> list[dict[str, Any]]:
    """Every policy on every simulator."""
    course, rows = random_course(SKILLS), []
    for simulator_name, simulator in simulators(course).items():
        for name, policy in policies(course).items():
            begin = time.process_time()
            episode = run_episode(
                simulator, policy, course, n_students=n_students, seeds=SEEDS, name=simulator_name
            )
            seconds = time.process_time() - begin
            found, answers = measure_outcomes(episode), int(episode.n_answers.sum())
            rows.append(
                {
                    "simulator": simulator_name,
                    "policy": name,
                    "same_family": episode.same_family,
                    "answers": answers,
                    "seconds": seconds,
                    "answers_per_second": answers / seconds,
                    "minutes_to_mastery": found.mean("minutes_to_mastery"),
                    "known_share": found.mean("known_share"),
                }
            )
            print(
                f"{simulator_name:21}{name:19}{answers:>12,}{seconds:8.2f}"
                f"{answers / seconds / 1e6:8.2f}{rows[-1]['minutes_to_mastery']:9.0f}"
                f"{rows[-1]['known_share']:8.3f}",
                flush=True,
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the students")
    parser.add_argument("--size", help="students,skills: that size in this process, as JSON")
    asked = parser.parse_args()
    if asked.size:
        print(json.dumps(grown(*map(int, asked.size.split(",")))))
        return
    part = 10 if asked.quick else 1
    print("students alone, million answers a second")
    rates = alone(10_000)
    for name, rate in rates.items():
        print(f"{name:21}{rate / 1e6:8.2f}")
    print(f"\n{'students':>9}{'skills':>8}{'answers':>13}{'s':>8}{'M/s':>8}{'peak MB':>9}")
    sizes = []
    for n_students, n_skills in GROWTH:
        command = [sys.executable, Path(__file__), "--size", f"{n_students // part},{n_skills}"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        sizes.append(json.loads(done.stdout))
        size = sizes[-1]
        print(
            f"{size['students']:>9,}{size['skills']:>8}{size['answers']:>13,}{size['seconds']:8.2f}"
            f"{size['answers_per_second'] / 1e6:8.2f}{size['peak_bytes'] / 1e6:9.0f}"
        )
    print(
        f"\n{'simulator':21}{'policy':19}{'answers':>12}{'s':>8}{'M/s':>8}{'minutes':>9}{'known':>8}"
    )
    begin = time.process_time()
    rows = compared(STUDENTS // part)
    seconds, answers = time.process_time() - begin, sum(row["answers"] for row in rows)
    print(f"all {len(rows)}: {answers:,} answers in {seconds:.0f} s, one thread")
    if not asked.quick:
        result = {
            **circumstances(["numpy", "scipy"]),
            "students_alone_answers_per_second": rates,
            "growth": sizes,
            "comparison": {"students": STUDENTS, "seeds": SEEDS, "skills": SKILLS,
                           "seconds": seconds, "answers": answers, "runs": rows},
        }  # fmt: skip
        print(f"Written to {write('simulation.json', result)}")


if __name__ == "__main__":
    main()
