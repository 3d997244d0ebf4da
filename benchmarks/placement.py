"""How few questions find what a new student knows, on two published prerequisite graphs.

    python benchmarks/placement.py           minutes
    python benchmarks/placement.py --quick   a tenth of the students; writes nothing

Prints tables and writes results/placement.json. Simulated students of seven makes take the
diagnostic at its defaults, and once more without its own stopping rule, for the curve of agreement
against questions. *Agreement* is the share of skills judged as they are. The makes:

walk       learn skills one by one, each drawn from all that they are ready for, up to a number
           drawn uniformly
strands    likewise, but mostly go on with what the last one led to
grades     know a course in order up to where they are, raggedly
ability    know what their ability is above the difficulty of, and all before it too
goals      know one to five skills and what comes before these, nothing else
forgetful  as walk, but 3% of what they know is lost, whatever builds on it
branch     know part of what one advanced skill needs, with all before it, and nothing else

The diagnostic's settings were chosen on other students of these makes. Goals are close to one of
the kinds that its beliefs suppose; no other make is.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _record import HERE, circumstances, write
from numpy.typing import NDArray

from adaptlearn import Curriculum
from adaptlearn.curriculum.graph.routines import closure
from adaptlearn.errors import DataWarning
from adaptlearn.sequencing.placement import Placement

Bools = NDArray[np.bool_]
Generator = np.random.Generator

DATA = Path(os.environ.get("ADAPTLEARN_DATA") or HERE.parents[1] / "shared" / "data")
NOISE = {"guess .2, slip .1": (0.2, 0.1), "no noise": (0.0, 0.0)}
SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
TARGET = 0.95


def junyi() -> Curriculum:
    folder = DATA / "curricula"
    return Curriculum.from_frames(
        skills=pd.read_csv(folder / "junyi_exercises.csv", encoding="utf-8-sig"),
        prerequisites=pd.read_csv(folder / "junyi_edges.csv"),
        columns={"skills": {"skill": "name"}, "prerequisites": {"skill": "exercise"}},
        repair=True,
    )


def metacademy() -> Curriculum:
    folder = DATA / "curricula"
    return Curriculum.from_frames(
        skills=pd.read_csv(folder / "metacademy_concepts.csv"),
        prerequisites=pd.read_csv(folder / "metacademy_edges.csv"),
        columns={"skills": {"skill": "concept"}, "prerequisites": {"skill": "concept"}},
        repair=True,
    )


def order_of(school: Curriculum) -> NDArray[np.intp]:
    return np.array(school.skill_index.codes(school.topological_order.tolist()))


def without_gaps(school: Curriculum, known: Bools) -> Bools:
    """What is known together with all that comes before it."""
    return known & (((closure(school.prerequisites) @ ~known.T).T) == 0)


def walk(school: Curriculum, n: int, rng: Generator, going_on: float = 0.0) -> Bools:
    before, after = school.prerequisites, school.required_by
    known = np.zeros((n, len(school.skills)), bool)
    for of_student in known:
        waits = np.diff(before.indptr)
        ready, last = np.flatnonzero(waits == 0).tolist(), []
        for _ in range(rng.integers(len(of_student) + 1)):
            if last and rng.random() < going_on:
                skill = last.pop(rng.integers(len(last)))
                ready.remove(skill)
            else:
                skill = ready.pop(rng.integers(len(ready)))
            of_student[skill] = True
            led_to = after.indices[after.indptr[skill] : after.indptr[skill + 1]]
            waits[led_to] -= 1
            opened = led_to[waits[led_to] == 0].tolist()
            ready += opened
            last = opened or [other for other in last if other != skill]
    return known


def strands(school: Curriculum, n: int, rng: Generator) -> Bools:
    return walk(school, n, rng, going_on=0.8)


def grades(school: Curriculum, n: int, rng: Generator) -> Bools:
    n_skills = len(school.skills)
    place = np.empty(n_skills)
    place[order_of(school)] = np.arange(n_skills) / n_skills
    reached = rng.uniform(-0.1, 1.1, (n, 1))
    return without_gaps(school, reached > place + rng.normal(0, 0.05, (n, n_skills)))


def ability(school: Curriculum, n: int, rng: Generator) -> Bools:
    depth = school.depth / school.depth.std()
    difficulty = depth - depth.mean() + rng.normal(0, 0.5, len(depth))
    able = rng.normal(0.5, 1.5, (n, 1))
    return without_gaps(school, able > difficulty + rng.normal(0, 0.5, (n, len(depth))))


def goals(school: Curriculum, n: int, rng: Generator) -> Bools:
    needs = closure(school.prerequisites).toarray() > 0
    known = np.zeros((n, len(needs)), bool)
    for of_student in known:
        aims = rng.choice(len(needs), rng.integers(1, 6), replace=False)
        of_student[aims] = True
        of_student[needs[aims].any(axis=0)] = True
    return known


def forgetful(school: Curriculum, n: int, rng: Generator) -> Bools:
    known = walk(school, n, rng)
    return known & (rng.random(known.shape) >= 0.03)


def branch(school: Curriculum, n: int, rng: Generator) -> Bools:
    needs = closure(school.prerequisites).toarray() > 0
    known = np.zeros((n, len(needs)), bool)
    advanced = np.flatnonzero(needs.sum(axis=1) > 10)
    for of_student in known:
        before = needs[rng.choice(advanced)]
        of_student[before & (rng.random(len(before)) < rng.uniform(0.1, 1))] = True
        of_student[needs[of_student].any(axis=0)] = True
    return known


MAKES: dict[str, Callable[[Curriculum, int, Generator], Bools]] = {
    "walk": walk,
    "strands": strands,
    "grades": grades,
    "ability": ability,
    "goals": goals,
    "forgetful": forgetful,
    "branch": branch,
}


def measure(school: Curriculum, truth: Bools, guess: float, slip: float) -> dict[str, Any]:
    n = len(school.skills)
    begin = time.perf_counter()
    told = Placement(school, guess=guess, slip=slip).run(truth, np.random.default_rng(1))
    seconds = time.perf_counter() - begin
    most = int(SHARES[-1] * n)
    endless = Placement(school, guess=guess, slip=slip, error=0, max_questions=most)
    run = endless.run(truth, np.random.default_rng(1))
    curve = run.agreement.mean(axis=1)
    enough = np.flatnonzero(curve >= TARGET)
    judged = told.probability >= 0.5
    ready = school.outer_fringe(judged)
    true_fringe = school.outer_fringe(truth)
    confident = np.abs(told.probability - 0.5) >= 0.4
    return {
        "known": float(truth.mean()),
        "questions": float(told.n_questions.mean()),
        "most_questions": int(told.n_questions.max()),
        "share_of_skills_asked": float(told.n_questions.mean() / n),
        "agreement": float(told.agreement[-1].mean()),
        "standard_error": float(told.agreement[-1].std() / np.sqrt(len(truth))),
        "expected_agreement": float(told.expected[-1].mean()),
        "agreement_where_confident": float((judged == truth)[confident].mean()),
        "share_confident": float(confident.mean()),
        "fringe_agreement": float((ready == true_fringe).mean()),
        "curve": {f"{s:g}": float(curve[min(int(s * n), len(curve) - 1)]) for s in SHARES},
        "questions_for_target": int(enough[0]) if len(enough) else None,
        "students_per_second": len(truth) / seconds,
    }


def section(name: str, school: Curriculum, n_students: int) -> list[dict[str, Any]]:
    n = len(school.skills)
    print(f"\n{name}: {n} skills, {school.prerequisites.nnz} prerequisites; a fifth is {n // 5}")
    print(
        f"{'noise':18}{'students':10}{'asked':>7}{'agree':>7}{'±':>6}{'exp.':>7}{'sure':>7}"
        f"{'right':>7}" + "".join(f"{f'n x {s:g}':>9}" for s in SHARES) + f"{'for .95':>9}"
    )
    rows = []
    for noise, (guess, slip) in NOISE.items():
        for seed, (make, draw) in enumerate(MAKES.items(), 101):
            truth = draw(school, n_students, np.random.default_rng(seed))
            row = {"noise": noise, "make": make, **measure(school, truth, guess, slip)}
            needs = row["questions_for_target"]
            print(
                f"{noise:18}{make:10}{row['questions']:7.1f}{row['agreement']:7.3f}"
                f"{row['standard_error']:6.3f}{row['expected_agreement']:7.3f}"
                f"{row['share_confident']:7.2f}{row['agreement_where_confident']:7.3f}"
                + "".join(f"{value:9.3f}" for value in row["curve"].values())
                + f"{'-' if needs is None else needs:>9}",
                flush=True,
            )
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the students")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore", DataWarning)  # titles damaged in the published file
    n_students = 10 if quick else 100
    result = {
        **circumstances(["numpy", "scipy"]),
        "students": n_students,
        "junyi": section("Junyi Academy", junyi(), n_students),
        "metacademy": section("Metacademy", metacademy(), n_students),
    }
    if not quick:
        print(f"\nWritten to {write('placement.json', result)}")


if __name__ == "__main__":
    main()
