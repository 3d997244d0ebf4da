"""What small groups are worth, and how long a district's take.

    python benchmarks/planning_groups.py                    all of it: a quarter of an hour
    python benchmarks/planning_groups.py --quick            a tenth; writes nothing
    python benchmarks/planning_groups.py --only optimum     one part

Prints tables and writes results/planning_groups.json, each part with its own circumstances. The
parts:

- optimum: random classes against the optimum that HiGHS proves for a mixed integer programme with
  whole variables for students and skills. If the proof takes more than a minute, the bound
  counts as the optimum.
- score: the shared need that groups meet, against groups of students with alike overall scores,
  in the same slots and of the same sizes, each on the skill that meets most need there.
- learning: simulated students of ten kinds, taught for a week in both kinds of groups. The means
  are over simulators whose parameters are drawn anew; the interval is Student's.
- growth: one week of all classes, from a school to a district, each size in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _record import status, write_part
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array, kron
from scipy.stats import t

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.models import BKT
from adaptlearn.planning import Needs, Slot, form_class_groups, form_groups
from adaptlearn.simulation import Simulator, prior_log, random_course, simulators

Array = NDArray[Any]

N, K, M = 25, 10, 5  # students of a class, skills, slots
FIVES = [Slot(place, smallest=5, largest=5) for place in range(M)]
SCHOOLS = {"school": 30, "10 schools": 300, "100 schools": 3_000, "district": 15_000}  # classes
ITEMS = 10  # answers in a group in a week


def random_class(seed: int) -> tuple[Needs, Array]:
    """A class whose students are ready for two of five skills, and their overall scores.

    The overall score is the mean of the mastery of all skills.
    """
    rng = np.random.default_rng(seed)
    ability, difficulty = rng.normal(size=(N, 1)), np.linspace(-1.5, 1.5, K)
    mastery = 1 / (1 + np.exp(difficulty - ability - rng.normal(size=(N, K))))
    needs = Needs(range(N), range(K), (1 - mastery) * (rng.random((N, K)) < 0.4))
    return needs, mastery.mean(axis=1)


def optimum(need: Array, smallest: int, largest: int, most: int) -> tuple[float, float]:
    """The most need that can be met, and a bound that it is not above.

    Slots that are alike need no numbers: ``opened[skill]`` of them are on a skill, and a student
    sits in ``seats[student, skill]`` of these. This is exact, since the seats of a skill can be
    dealt out evenly among its slots.
    """
    n, k = need.shape
    seats, opened = eye_array(n * k), eye_array(k)
    of_student = kron(eye_array(n), np.ones((1, k)))
    of_skill = kron(np.ones((1, n)), opened)
    rows = [  # of seats, of needs met, of opened; and the ends
        (of_student, None, None, 1, most),
        (of_skill, None, -largest * opened, -np.inf, 0),
        (of_skill, None, -smallest * opened, 0, np.inf),
        (seats, None, -kron(np.ones((n, 1)), opened), -np.inf, 0),
        (seats, -seats, None, 0, np.inf),
        (None, None, csr_array(np.ones((1, k))), 0, M),
    ]
    matrix = csr_array(block_array([[*row[:3]] for row in rows]))
    matrix.indices, matrix.indptr = (
        part.astype(np.int32) for part in (matrix.indices, matrix.indptr)
    )
    sizes = [next(part for part in row[:3] if part is not None).shape[0] for row in rows]
    low, high = (np.repeat([float(row[side]) for row in rows], sizes) for side in (3, 4))
    found = milp(
        np.concatenate([np.zeros(n * k), -need.ravel(), np.zeros(k)]),
        integrality=np.repeat([1, 0, 1], [n * k, n * k, k]),
        bounds=Bounds(0, np.repeat([M, 1, M], [n * k, n * k, k])),
        constraints=LinearConstraint(matrix, low, high),
        options={"mip_rel_gap": 1e-6, "time_limit": 60},
    )
    return -float(found.fun), -float(found.mip_dual_bound)


def against_optimum(n_classes: int) -> dict[str, Any]:
    """Shares of the proven optimum, and processor seconds."""
    slots = [Slot(place) for place in range(M)]
    share: dict[str, list[float]] = {"greedy": [], "exchange": []}
    took: dict[str, list[float]] = {"greedy": [], "exchange": [], "optimum": []}
    proven = 0
    for seed in range(n_classes):
        needs, _ = random_class(seed)
        begin = time.process_time()
        value, bound = optimum(np.asarray(needs.value), 3, 6, 2)
        took["optimum"].append(time.process_time() - begin)
        proven += bound <= value * (1 + 1e-5)
        for search in ("greedy", "exchange"):
            begin = time.process_time()
            groups = form_groups(needs, slots, search=search)
            took[search].append(time.process_time() - begin)
            assert not groups.broken
            assert groups.value <= bound + 1e-5
            share[search].append(groups.value / bound)
    return {
        "classes": n_classes,
        "proven": proven,
        **{
            name: {"mean": float(np.mean(found)), "least": min(found)}
            for name, found in share.items()
        },
        "seconds": {
            name: {"mean": float(np.mean(found)), "most": max(found)}
            for name, found in took.items()
        },
    }


class ByScore(NamedTuple):
    """Groups of five students with alike scores: the group of each, and the skill of each."""

    group: Array
    skill: Array
    value: float


def by_score(need: Array, score: Array) -> ByScore:
    """Each group on the skill that meets most need there, which is more than schools do."""
    group = np.empty(len(need), int)
    group[np.argsort(score, kind="stable")] = np.arange(len(need)) // 5
    total = np.array([need[group == one].sum(axis=0) for one in range(M)])
    skill = total.argmax(axis=1)
    return ByScore(group, skill[group], float(total.max(axis=1).sum()))


def against_score(n_classes: int) -> dict[str, Any]:
    """How many times the shared need of groups by overall score is met."""
    ratio = []
    for seed in range(n_classes):
        needs, score = random_class(seed)
        groups = form_groups(needs, FIVES, at_most=1)
        ratio.append(groups.value / by_score(np.asarray(needs.value), score).value)
    return {"classes": n_classes, "mean": float(np.mean(ratio)), "least": min(ratio)}


def taught(
    simulator: Simulator, seed: int, model: BKT, curriculum: Curriculum, n_classes: int
) -> tuple[float, float, float]:
    """What a student learns in a week in groups by shared need and by score; the ratio of needs."""
    rng = np.random.default_rng([seed, 1])
    n, k = n_classes * N, len(curriculum.skills)
    students = simulator.start(n, rng)
    level = np.repeat(rng.uniform(0.3, 0.7, n_classes), N) * k
    reached = np.clip(level + rng.normal(0, 3, n), 1, k - 1).astype(int)
    answers: dict[str, list[Array]] = {"student": [], "skill": [], "correct": []}
    for step in range(5 * int(reached.max())):
        rows = np.flatnonzero(step < 5 * reached)
        skills = np.full(len(rows), step // 5)
        right = students.answer(skills, rng, rows)
        for column, values in zip(answers.values(), (rows, skills, right), strict=True):
            column.append(values)
    log = {name: np.concatenate(parts) for name, parts in answers.items()}
    log["skill"] = curriculum.skills[log["skill"]]
    log["correct"] = log["correct"].astype(int)
    tracker = MasteryTracker(model).update(log)
    needs = Needs.of(Sequencer(curriculum, tracker), range(n))
    classes = {one: range(one * N, (one + 1) * N) for one in range(n_classes)}
    formed = form_class_groups(needs, FIVES, classes, at_most=1, search="exchange")
    place = {label: at for at, label in enumerate(curriculum.skills.tolist())}
    score = tracker.mastery(range(n)).value.mean(axis=1)
    shared, scored, values = np.full(n, -1), np.full(n, -1), np.zeros(2)
    for one, groups in formed.items():
        rows = np.array(classes[one])
        for slot, skill in enumerate(groups.skills):
            if skill is not None:
                shared[rows[groups.seat[:, slot]]] = place[skill]
        other = by_score(np.asarray(needs.value[rows], np.float64), score[rows])
        scored[rows] = other.skill
        values += groups.value, other.value
    gains = []
    for skills in (shared, scored):
        one, again = deepcopy(students), np.random.default_rng([seed, 2])
        before, rows = one.knowledge().sum(), np.flatnonzero(skills >= 0)
        for _ in range(ITEMS):
            one.answer(skills[rows], again, rows)
        gains.append(float(one.knowledge().sum() - before) / n)
    return gains[0], gains[1], float(values[0] / values[1])


def learning(seeds: range, n_classes: int) -> dict[str, Any]:
    """The difference in learning of each kind of students, with its 95% interval."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in seeds:
        course = random_course(20, random_state=seed)
        for name, simulator in simulators(course, random_state=seed).items():
            model = BKT(random_state=0).fit(prior_log(simulator, course, n_students=300))
            result = taught(simulator, seed, model, course.curriculum, n_classes)
            found.setdefault(name, []).append(result)
    table = {}
    for name, rows in found.items():
        shared, scored, ratio = np.array(rows).T
        more = shared - scored
        half = t.ppf(0.975, len(more) - 1) * more.std(ddof=1) / np.sqrt(len(more))
        table[name] = {
            "shared": float(shared.mean()),
            "by_score": float(scored.mean()),
            "more": float(more.mean()),
            "interval": [float(more.mean() - half), float(more.mean() + half)],
            "need_ratio": float(ratio.mean()),
        }
    return {"seeds": len(seeds), "classes": n_classes, "kinds": table}


class District:
    """A tracker of students who know what comes before a place of their own in the course."""

    fingerprint = "simulated"

    def __init__(self, n: int, n_skills: int) -> None:
        rng = np.random.default_rng(0)
        level = np.repeat(rng.uniform(10, n_skills - 10, -(-n // 23)), 23)[:n]
        self._reached = level + rng.normal(0, 6, n)
        self.students, self.skills = np.arange(n), np.arange(n_skills)

    def mastery(self, students: Any) -> Any:
        """P(known), of the class `Mastery`'s kind."""
        from types import SimpleNamespace

        rows = np.asarray(students)
        rng = np.random.default_rng(int(rows[0]) if len(rows) else 0)
        noise = rng.normal(size=(len(rows), len(self.skills)))
        away = self._reached[rows, None] - self.skills
        value = 1 / (1 + np.exp(-2 * away - 4 * noise))
        return SimpleNamespace(skills=self.skills, value=value, kind="latent")

    def counts(self, students: Any) -> Array:
        """Five answers on each skill."""
        return np.full((len(students), len(self.skills)), 5)


@cache
def school_of(n_skills: int) -> Curriculum:
    """Skills that need two of the twenty before them."""
    rng = np.random.default_rng(0)
    edges = {(int(rng.integers(max(0, s - 20), s)), s) for s in range(1, n_skills) for _ in "ab"}
    return Curriculum.from_dict({"skills": [*range(n_skills)], "prerequisites": sorted(edges)})


def growth(n_classes: int) -> dict[str, Any]:
    """One size, in this process."""
    n, slots = 23 * n_classes, [Slot(place) for place in range(M)]
    sequencer = Sequencer(school_of(300), District(n, 300))
    before = status("VmRSS")
    begin, worked = time.perf_counter(), time.process_time()
    needs = Needs.of(sequencer, range(n))
    read = time.process_time() - worked
    classes = {one: range(one * 23, (one + 1) * 23) for one in range(n_classes)}
    formed = form_class_groups(needs, slots, classes)
    result = {
        "classes": n_classes,
        "students": n,
        "seconds": time.perf_counter() - begin,
        "processor_seconds": time.process_time() - worked,
        "of_these_needs": read,
        "peak_bytes": status("VmHWM"),
        "bytes_before": before,
        "value": sum(groups.value for groups in formed.values()),
        "left_out": sum(len(groups.left_out) for groups in formed.values()),
    }
    assert not any(groups.broken for groups in formed.values())
    return result


def show_optimum(few: int) -> dict[str, Any]:
    found = against_optimum(200 // few)
    print(f"{found['classes']} classes, {found['proven']} optima proven")
    for name in ("greedy", "exchange"):
        share, took = found[name], found["seconds"][name]
        print(f"{name:10} mean {share['mean']:.2%}  least {share['least']:.2%}  "
              f"{took['mean']:.3f} s, at most {took['most']:.3f} s")  # fmt: skip
    print(f"{'optimum':10} {found['seconds']['optimum']['mean']:.2f} s on average")
    return found


def show_score(few: int) -> dict[str, Any]:
    found = against_score(200 // few)
    print("need met, times that of groups by score: "
          f"mean {found['mean']:.2f}, least {found['least']:.2f}")  # fmt: skip
    return found


def show_learning(few: int) -> dict[str, Any]:
    # Final seeds; `--quick` draws from those that may be looked at while things are changed.
    found = learning(range(20) if few == 1 else range(100, 102), 6)
    print(f"{'kind':22}{'shared':>8}{'score':>8}{'more':>8}  95% interval      need")
    for name, row in found["kinds"].items():
        low, high = row["interval"]
        print(f"{name:22}{row['shared']:8.3f}{row['by_score']:8.3f}{row['more']:8.3f}  "
              f"[{low:.3f}, {high:.3f}]  {row['need_ratio']:6.2f}")  # fmt: skip
    return found


def show_growth(few: int) -> dict[str, Any]:
    print(f"{'size':14}{'classes':>9}{'s':>8}{'CPU, s':>8}{'ms/class':>10}{'peak MB':>9}")
    found = {}
    for name, n_classes in SCHOOLS.items():
        command = [sys.executable, Path(__file__), "--classes", str(max(3, n_classes // few))]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        found[name] = row = json.loads(done.stdout)
        print(f"{name:14}{row['classes']:9,}{row['seconds']:8.1f}{row['processor_seconds']:8.1f}"
              f"{1e3 * row['processor_seconds'] / row['classes']:10.2f}"
              f"{row['peak_bytes'] / 1e6:9.0f}", flush=True)  # fmt: skip
    return found


PARTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "score": show_score,
    "growth": show_growth,
    "optimum": show_optimum,
    "learning": show_learning,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of all")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--classes", type=int, help="one size of growth, here, as JSON")
    asked = parser.parse_args()
    if asked.classes:
        print(json.dumps(growth(asked.classes)))
        return
    for name, part in PARTS.items():
        if asked.only in (None, name):
            found = part(10 if asked.quick else 1)
            if not asked.quick:
                print(f"Written to {write_part('planning_groups.json', name, found)}\n", flush=True)


if __name__ == "__main__":
    main()
