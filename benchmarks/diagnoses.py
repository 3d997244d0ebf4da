"""How often `diagnose` is right about simulated students, and what it says of real logs.

    python benchmarks/diagnoses.py                minutes
    python benchmarks/diagnoses.py --logs 5       fewer logs of each kind; writes nothing
    python benchmarks/diagnoses.py --real         real logs in place of simulated ones
    python benchmarks/diagnoses.py --edges        single prerequisites, a third of them wrong
    python benchmarks/diagnoses.py --tags         items, a tenth of them with a wrong tag

Writes results/diagnoses.json: for each kind of students, each of two policies that taught them and
each question, how many logs got which answer. Each log has 300 students and another course. The
limits in `adaptlearn.diagnosis` were chosen on seeds 100 to 149, which are not used here. With
--real, writes results/diagnoses_real.json: the verdicts on the training parts of four real logs, of
which none has prerequisites, and only one has times. With --edges, writes
results/diagnoses_edges.json: the verdicts on single prerequisites of a curriculum to which half as
many wrong ones were added, where the true ones govern learning. With --tags, writes
results/diagnoses_tags.json: how many wrong tags are found, and how many right tags are doubted, in
simulated logs and in two real ones, of which a tenth of the items were given another skill.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
import warnings
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from _record import HERE, RESULTS, circumstances, write

from adaptlearn import ResponseLog
from adaptlearn.diagnosis import Diagnosis, diagnose
from adaptlearn.errors import DataWarning
from adaptlearn.simulation import (
    baselines,
    prior_log,
    random_course,
    simulators,
    wrong_graph,
)

DATA = Path(os.environ.get("ADAPTLEARN_DATA", HERE.parents[1] / "shared" / "data"))
FIRST, N_LOGS, N_STUDENTS = 2000, 200, 300
POLICIES = ("fixed_order", "three_in_a_row")
QUESTIONS = ("graph", "two_state", "bouts", "forgetting")

# What is right follows from the equations of the simulators. Graph: P(learn) depends on the
# prerequisites. Two states: students who have mastered a skill do not differ in their error rates,
# and who has not is mostly wrong. Bouts: whether a student slips depends on whether the student
# just did. Forgetting: time alone lowers P(right answer).
TRUTH = {
    "population": ("no", "yes", "no", "no"),
    "individual": ("no", "yes", "no", "no"),
    "prerequisites": ("yes", "yes", "no", "no"),
    "disengaging": ("no", "yes", "yes", "no"),
    "additive_factors": ("no", "no", "no", "no"),
    "performance_factors": ("no", "no", "no", "no"),
    "fading": ("no", "no", "no", "yes"),
    "stability": ("no", "yes", "no", "yes"),
    "stages": ("yes", "yes", "no", "no"),
    "power_law": ("no", "no", "no", "no"),
}


def diagnoses(seed: int, only: str | None) -> dict[tuple[str, str], Diagnosis]:
    """Of one seed: a course, and a log of each kind of students under each policy."""
    course = random_course(20, random_state=seed)
    found = {}
    for kind, simulator in simulators(course, random_state=seed).items():
        if only not in (None, kind):
            continue
        for name in POLICIES:
            log = prior_log(
                simulator,
                course,
                policy=baselines(course)[name],
                n_students=N_STUDENTS,
                seed=1_000_000 + seed,
            )
            found[kind, name] = diagnose(log, course.curriculum)
    return found


def real_logs() -> dict[str, ResponseLog]:
    """The training parts; of `cloze` the answers of the practice phase."""
    with (DATA / "cloze" / "responses.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["phase"] == "practice"]
    answered = [row for row in rows if row["outcome"] in {"CORRECT", "INCORRECT"}]
    cloze = {
        "student": [row["student"] for row in answered],
        "skill": [row["kc"] for row in answered],
        "correct": [int(row["outcome"] == "CORRECT") for row in answered],
        "item": [row["item"] for row in answered],
        "time": [datetime.fromisoformat(row["time"]) for row in answered],
    }
    read = ResponseLog.from_file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # answers that repeat are left as they are
        return {
            "assistments09": read(DATA / "assistments09" / "train.csv", skill="skill_set"),
            "assistments15": read(DATA / "assistments15" / "train.csv"),
            "cloze": ResponseLog.from_frame(cloze),
            "assist12_skills": read(DATA / "assist12_skills" / "train.csv.gz"),
        }


def diagnose_real_logs() -> None:
    """Show and write the verdicts."""
    verdicts = {}
    for name, log in real_logs().items():
        found = diagnose(log)
        print(f"{name}: {found}\n")
        verdicts[name] = found.to_dict()
    write("diagnoses_real.json", {**circumstances(["numpy", "scipy"]), "verdicts": verdicts})


def diagnose_edges() -> None:
    """Show and write how often true and added prerequisites are said to govern learning."""
    told: dict[str, Counter[str]] = {}
    for n_students, seeds in ((300, range(FIRST, FIRST + 10)), (3000, range(FIRST, FIRST + 3))):
        for seed in seeds:
            course = random_course(20, random_state=seed)
            later, earlier = course.curriculum.prerequisites.nonzero()
            true = set(zip(earlier.tolist(), later.tolist(), strict=True))
            simulator = simulators(course, random_state=seed)["prerequisites"]
            log = prior_log(simulator, course, n_students=n_students, seed=1_000_000 + seed)
            given = wrong_graph(course.curriculum, added=0.5, random_state=seed)
            for edge in diagnose(log, given).edges:
                kind = "true" if (edge.before, edge.skill) in true else "added"
                told.setdefault(f"{n_students} students, {kind}", Counter())[edge.answer] += 1
    for name, counter in told.items():
        print(name, dict(counter))
    write("diagnoses_edges.json", {**circumstances(["numpy", "scipy"]), "answers": told})


def diagnose_tags() -> None:
    """Show and write how many wrong tags are found."""
    told: dict[str, dict[str, Counter[str]]] = {"simulated": {}, "real": {}}
    for seed in range(FIRST, FIRST + 3):
        course = random_course(20, random_state=seed)
        wrong = course.with_wrong_tags(0.1, random_state=seed)
        true = dict(enumerate(course.practice.ravel().tolist()))
        for kind, simulator in simulators(course, random_state=seed).items():
            for name in POLICIES:
                counter = told["simulated"].setdefault(f"{kind}/{name}", Counter())
                for taught in (course, wrong):
                    log = prior_log(
                        simulator, taught, policy=baselines(taught)[name], n_students=N_STUDENTS,
                        seed=1_000_000 + seed,
                    )  # fmt: skip
                    tags = taught.tags.ravel().tolist()
                    counter.update(tags_told(diagnose(log), true, dict(enumerate(tags))))
    often = 50
    for name in ("assistments09", "statics"):
        log = ResponseLog.from_file(DATA / name / "train.csv", skill="skill_set")
        assert log.item is not None
        pairs = np.unique(np.stack([log.item.codes, log.student.codes]), axis=1)
        items = np.flatnonzero(np.bincount(pairs[0]) >= often)
        place = np.zeros(len(log.item.labels), np.int64)
        place[log.item.codes] = np.arange(len(log))
        counter = told["real"].setdefault(name, Counter())
        for seed in range(FIRST, FIRST + 5):
            rng = np.random.default_rng(seed)
            moved = rng.choice(items, round(0.1 * len(items)), replace=False)
            skill = log.skill.codes[place]
            true = dict(zip(log.item.labels[items], log.skill.labels[skill[items]], strict=True))
            skill[moved] += rng.integers(1, len(log.skill.labels), len(moved))
            skill %= len(log.skill.labels)
            tags = dict(zip(log.item.labels[items], log.skill.labels[skill[items]], strict=True))
            given = np.where(np.isin(log.item.codes, moved), skill[log.item.codes], log.skill.codes)
            told_log = {
                "student": log.student.codes, "item": log.item.labels[log.item.codes],
                "skill": log.skill.labels[given], "correct": log.correct.astype(int),
            }  # fmt: skip
            counter.update(tags_told(diagnose(told_log), true, tags))
    for kind, found in told.items():
        for name, counter in found.items():
            print(kind, name, dict(counter))
    write("diagnoses_tags.json", {**circumstances(["numpy", "scipy"]), "items": told})


def tags_told(found: Diagnosis, true: dict[Any, Any], tags: dict[Any, Any]) -> dict[str, int]:
    """How many wrong tags there are, are found, and get the true skill; and the right ones."""
    doubted = {tag.item: tag.other for tag in found.doubtful_tags}
    wrong = [item for item in true if true[item] != tags[item]]
    return {
        "wrong": len(wrong),
        "found": sum(item in doubted for item in wrong),
        "true skill named": sum(bool(doubted.get(item) == true[item]) for item in wrong),
        "right": len(true) - len(wrong),
        "doubted though right": sum(item not in wrong for item in doubted),
    }


def measure(first: int, n_logs: int, *, only: str | None, keep: bool) -> dict[str, Any]:
    """Answers by kind, policy and question; those of single prerequisites are counted together.

    A run that is stopped has written what it had, if it was to `keep` it. A run of one kind leaves
    what was found of the others.
    """
    result = RESULTS / "diagnoses.json"
    others = {} if only is None else json.loads(result.read_text())["answers"]
    told: dict[str, Any] = {
        name: n for name, n in others.items() if not name.startswith(f"{only}/")
    }
    begun = time.process_time()
    for number, seed in enumerate(range(first, first + n_logs), 1):
        for (kind, policy), found in diagnoses(seed, only).items():
            for question, verdict in zip(QUESTIONS, found, strict=True):
                told.setdefault(f"{kind}/{policy}/{question}", Counter())[verdict.answer] += 1
            edges = told.setdefault(f"{kind}/{policy}/edges", Counter())
            edges.update(edge.answer for edge in found.edges)
        if keep:
            write(
                "diagnoses.json",
                {
                    **circumstances(["numpy", "scipy"]),
                    "first_seed": first,
                    "logs": number,
                    "students": N_STUDENTS,
                    "processor_seconds": round(time.process_time() - begun),
                    "truth": {k: dict(zip(QUESTIONS, t, strict=True)) for k, t in TRUTH.items()},
                    "answers": told,
                },
            )
    return dict(told)


def show(told: dict[str, Any]) -> None:
    """Per cent right, wrong, and of which the log cannot tell."""
    print(f"{'right / cannot tell / wrong, %':32}" + "".join(f"{q:>18}" for q in QUESTIONS))
    for kind, truth in TRUTH.items():
        for policy in POLICIES:
            cells = []
            for question, right in zip(QUESTIONS, truth, strict=True):
                counts = told[f"{kind}/{policy}/{question}"]
                n = sum(counts.values()) / 100
                good, unsure = counts.get(right, 0) / n, counts.get("cannot tell", 0) / n
                cells.append(f"{good:.1f} / {unsure:.1f} / {abs(100 - good - unsure):.1f}")
            print(f"{kind + ', ' + policy:34}" + "".join(f"{cell:>20}" for cell in cells))


def main() -> None:
    """Measure, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=N_LOGS)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--only", choices=[*TRUTH], help="this kind alone, put beside the others")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--edges", action="store_true")
    parser.add_argument("--tags", action="store_true")
    arguments = parser.parse_args()
    if arguments.real:
        diagnose_real_logs()
        return
    if arguments.edges:
        diagnose_edges()
        return
    if arguments.tags:
        diagnose_tags()
        return
    keep = arguments.logs == N_LOGS or arguments.only is not None
    show(measure(arguments.first, arguments.logs, only=arguments.only, keep=keep))


if __name__ == "__main__":
    main()
