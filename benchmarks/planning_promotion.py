"""Promotion: what a threshold costs, and how long the report of a district takes.

    python benchmarks/planning_promotion.py                  all: some minutes, 6 GB
    python benchmarks/planning_promotion.py --only growth    one part
    python benchmarks/planning_promotion.py --quick          less of each; writes nothing

Prints tables and writes results/planning_promotion.json.

errors: false promotions and needless holding back. Simulated students of each kind practise
the twelve skills of a course on one to six days, two items a day (drawn at random for each student
and skill), and answer once more on each skill three weeks later. A BKT is fitted to other students
of the same kind. Each standard asks for all of its two skills, and it is truly met if the simulated
student knows both at the end. The report asks for nothing but `confidence` here, so that the curve
is that of the threshold; the last columns show the usual report (.9, five answers on two days,
retained). Students with slow learning and with a low start are looked at by themselves where a kind
has such groups. Seeds 0 to 4; nothing was chosen by them.

growth: from a school to 345,000 students. The students, the course and the log are made here: 300
skills, 1,000 lessons, 100 standards of three skills, 20 courses of five standards. Every student
has answered four times on 20 skills, on four days, the last of them three weeks after the first.
The rule asks for five of the 20 courses. Each size runs in a process of its own, with two threads,
whose peak resident memory beyond tracker and log is reported.
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
from _record import status, write_part
from sequencer import TOUCHED, curriculum_of

from adaptlearn import Curriculum, MasteryTracker, ResponseLog, Sequencer
from adaptlearn.models import BKT
from adaptlearn.planning import PromotionRules, promotion_errors, promotion_report
from adaptlearn.simulation import Simulator, held_out_simulators, random_course, simulators
from adaptlearn.tables import plain_columns

DAY = 86400.0
N_SKILLS, SIZE = 12, 2  # skills, and skills of a standard
SIZES = {"one school": 700, "ten schools": 7_000, "a large city": 70_000, "district": 345_000}
SKILLS, LESSONS, STANDARDS, COURSES = 300, 1_000, 100, 20
THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
NOTHING: dict[str, Any] = {"answers": 0, "days": 0, "review_after": None}


def practised(
    simulator: Simulator, n_students: int, seed: int
) -> tuple[ResponseLog, Any, dict[str, Any]]:
    """Answers of some students, which skills they know at the end, and their groups."""
    rng = np.random.default_rng([seed, 18])
    students = simulator.start(n_students, rng)
    wanted = rng.integers(1, 7, (n_students, N_SKILLS))
    columns: list[tuple[Any, ...]] = []

    def day(number: float, items: int, rows_of: Any) -> None:
        for skill in range(N_SKILLS):
            rows = rows_of(skill)
            for item in range(items):
                right = students.answer(np.full(len(rows), skill), rng, rows)
                moment = DAY * number + 600.0 * skill + 60.0 * item
                columns.append((rows, np.full(len(rows), skill), right, np.full(len(rows), moment)))
        students.wait(DAY)

    for number in range(6):
        day(number, 2, lambda skill, number=number: np.flatnonzero(wanted[:, skill] > number))
    students.wait(20 * DAY)
    day(26, 1, lambda _: np.arange(n_students))
    names = ("student", "skill", "correct", "time")
    frame = {
        n: np.concatenate(one) for n, one in zip(names, zip(*columns, strict=True), strict=True)
    }
    frame["correct"] = frame["correct"].astype(int)
    return ResponseLog.from_frame(frame), students.knows(), students.groups


def looked_at(
    curriculum: Curriculum, simulator: Simulator, n_students: int, seeds: range
) -> dict[str, Any]:
    """One kind of students: the curve over the threshold, by group, and the usual report."""
    known, truth, group, usual = [], [], [], []
    rules = {"rules": {"all": {"all_of": curriculum.standards.labels.tolist()}}}
    for seed in seeds:
        earlier, _, _ = practised(simulator, n_students, 1_000_000 + seed)
        model = BKT(n_init=2).fit(earlier)
        log, knows, groups = practised(simulator, n_students, seed)
        sequencer = Sequencer(curriculum, MasteryTracker(model).update(log), random_state=0)
        students = list(range(n_students))
        free, full = (
            promotion_report(
                sequencer, students, PromotionRules(curriculum, {**rules, **own}), log=log
            )
            for own in (NOTHING, {})
        )
        met = knows.reshape(n_students, -1, SIZE).all(axis=2)
        known.append(free.known.ravel())
        truth.append(met.ravel())
        usual.append(full.met.ravel())
        names = groups.get("learning", groups.get("start", np.full(n_students, "all alike")))
        group.append(np.repeat(names, met.shape[1]))
    p, true, by = np.concatenate(known), np.concatenate(truth), np.concatenate(group)
    curve = promotion_errors(p, true, group=by, thresholds=THRESHOLDS)
    report = promotion_errors(np.concatenate(usual) * 1.0, true, group=by, thresholds=[1.0])
    return {"curve": curve, "usual": report, "truly_met": float(true.mean())}


def show_errors(quick: bool) -> dict[str, Any]:
    """The curve over the threshold for each kind of students."""
    course = random_course(N_SKILLS, 31)
    kinds = {**simulators(course, 31), **held_out_simulators(course, 31)}
    kinds = {name: kinds[name] for name in [*kinds][: 3 if quick else None]}
    labels = course.curriculum.skills.tolist()
    standards = {f"S{at // SIZE}": labels[at : at + SIZE] for at in range(0, N_SKILLS, SIZE)}
    curriculum = Curriculum.from_dict({**course.curriculum.to_dict(), "standards": standards})
    head = "".join(f"{cut:>12g}" for cut in THRESHOLDS)
    print(f"of 100 promoted, below the standard / of 100 who meet it, held back\n{'':22}{head}"
          f"{'usual':>12}{'met':>6}")  # fmt: skip
    results = {}
    for name, simulator in kinds.items():
        found = looked_at(curriculum, simulator, 100 if quick else 400, range(1 if quick else 5))
        curve, usual = found["curve"], found["usual"]
        for row, group in enumerate(curve.groups):
            if row and len(curve.groups) == 2:
                continue  # all alike
            pairs = zip((*curve.false_promotions[row], usual.false_promotions[row, 0]),
                        (*curve.needless[row], usual.needless[row, 0]), strict=True)  # fmt: skip
            cells = "".join(f"{f'{100 * a:.1f}/{100 * b:.0f}':>12}" for a, b in pairs)
            title = name if row == 0 else f"  {group}"
            print(f"{title:22}{cells}{found['truly_met'] * 100 if row == 0 else np.nan:6.0f}",
                  flush=True)  # fmt: skip
        tables = {part: plain_columns(found[part].table()) for part in ("curve", "usual")}
        results[name] = {**tables, "truly_met": found["truly_met"]}
    return {"kinds": results}


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


def growth(n_students: int) -> dict[str, Any]:
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


def show_growth(quick: bool) -> dict[str, Any]:
    """Time and memory for each size."""
    print(
        f"{'size':16}{'students':>10}{'answers':>12}{'s':>8}{'CPU, s':>8}{'peak MB':>9}{'met':>6}"
    )
    sizes = {}
    for size, n_students in SIZES.items():
        asked_for = str(n_students // 10 if quick else n_students)
        command = [sys.executable, Path(__file__), "--students", asked_for]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        sizes[size] = result = json.loads(done.stdout)
        print(
            f"{size:16}{result['students']:10,}{result['answers']:12,}{result['seconds']:8.2f}"
            f"{result['processor_seconds']:8.2f}{result['peak_bytes_beyond_log'] / 1e6:9.0f}"
            f"{result['standards_met']:6.1f}",
            flush=True,
        )
    return {"sizes": sizes}


PARTS = {"errors": show_errors, "growth": show_growth}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of each part")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--students", type=int, help="one size of growth, here, as JSON")
    asked = parser.parse_args()
    if asked.students:
        print(json.dumps(growth(asked.students)))
        return
    for name, part in PARTS.items():
        if asked.only in (None, name):
            found = part(asked.quick)
            if not asked.quick:
                print(f"Written to {write_part('planning_promotion.json', name, found)}\n")


if __name__ == "__main__":
    main()
