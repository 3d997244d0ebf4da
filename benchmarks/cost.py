"""What the prediction models cost: to fit, predict, serve and store, and how that grows.

    python benchmarks/cost.py                  three real logs, and up to 5 million responses: long
    python benchmarks/cost.py --quick          a twentieth of the students; writes nothing
    python benchmarks/cost.py --only growth    one section; writes nothing

Prints tables and writes results/cost.json. Only training students are read. ``ADAPTLEARN_DATA``
names the folder of the logs, by default ../shared/data beside the repository. Libraries take as
many threads as they like: set ``OMP_NUM_THREADS=1`` for one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from _logs import simulate
from _record import circumstances, status, write
from accuracy import BOOSTED, FORGETTING, RECURRENT, predictors, read, variants

from adaptlearn import ResponseLog
from adaptlearn.errors import AdaptLearnWarning
from adaptlearn.models import BoostedTracer, KnowledgeTracer, LinearRecurrentTracer
from adaptlearn.models.features import Plan, training_features
from adaptlearn.models.registry import named_models
from adaptlearn.models.sequential import Names, encode
from adaptlearn.models.sequential.tracer import training_labels

LOGS = ("assistments15", "assistments09", "statics")
CANDIDATES = 100
ASKED = 300  # questions, and answers, of which the median is taken
STUDENTS = (500, 2_000, 10_000, 50_000)  # each answers five times on each of 20 skills
ITEMS = 10  # of a skill
PATIENCE = 120  # seconds; what has taken longer gets no larger log


def seconds(call: Callable[..., object], *arguments: Any, **named: Any) -> float:
    begin = time.perf_counter()
    call(*arguments, **named)
    return time.perf_counter() - begin


def make_features(log: ResponseLog) -> int:
    """All history features of a training log, as boosted trees get them; says how many."""
    plan = Plan("all", items=log.item is not None, times=log.time is not None)
    skills, items, _ = training_labels(log)
    encoded = encode(log, Names.of(skills, items), item_pairs=plan.widths.item > 0)
    fold = (log.student.codes % 5).astype(np.int64)[encoded.rows]
    training_features(plan, encoded, fold, n_folds=5, n_skills=len(skills), n_items=len(items))
    return len(plan.names)


def training_part(dataset: str, quick: bool) -> ResponseLog:
    log: ResponseLog = read(dataset, "train")[0]
    return log[log.student.codes % 20 == 0] if quick else log


def features_section(quick: bool) -> dict[str, Any]:
    print(f"\nHistory features\n{'log':16}{'responses':>10}{'features':>10}{'s':>8}{'µs each':>9}")
    found = {}
    for name in LOGS:
        log = training_part(name, quick)
        begin = time.perf_counter()
        n_features = make_features(log)
        taken = time.perf_counter() - begin
        found[name] = {"responses": len(log), "features": n_features, "seconds": taken}
        print(f"{name:16}{len(log):10,}{n_features:10}{taken:8.2f}{1e6 * taken / len(log):9.2f}")
    return found


def models_of(dataset: str) -> dict[str, KnowledgeTracer]:
    """The models of accuracy.py beside BKT; of BKT, its plainest use and its richest."""
    bkt = variants(dataset)
    richest = list(bkt)[-1]
    return {FORGETTING: bkt[FORGETTING], f"BKT, {richest}": bkt[richest], **predictors(dataset)}


def one_student(log: ResponseLog) -> tuple[ResponseLog, dict[str, list[Any]]]:
    """The history of a student of typical length, and what they might be asked next.

    Candidates are items, each with its skill; where the log has none, skills, some repeatedly.
    """
    counts = np.bincount(log.student.codes, minlength=log.n_students)
    present = np.flatnonzero(counts)
    typical = present[np.argsort(counts[present], kind="stable")[len(present) // 2]]
    column = log.skill if log.item is None else log.item
    first = np.unique(column.codes, return_index=True)[1]
    rows = first[np.arange(CANDIDATES) % len(first)]
    candidates = {"skills": log.skill.values[rows].tolist()}
    if log.item is not None:
        candidates["items"] = log.item.values[rows].tolist()
    return log[log.student.codes == typical], candidates


def serving(model: KnowledgeTracer, log: ResponseLog) -> dict[str, float]:
    """Median milliseconds of scoring candidates and of taking in an answer, and bytes stored."""
    history, candidates = one_student(log)
    plain = {
        "student": [0] * len(history),
        "skill": history.skill.values.tolist(),
        "correct": history.correct.tolist(),
    }
    if history.item is not None:
        plain["item"] = history.item.values.tolist()
    state = model.update_state(model.init_state(1), plain)
    asked, told = [], []
    for place in range(ASKED):
        answer = {name: [values[place % len(history)]] for name, values in plain.items()}
        asked.append(seconds(model.predict_state, state, [0] * CANDIDATES, **candidates))
        told.append(seconds(model.update_state, state, answer))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        model.save(path)
        size = path.stat().st_size
    return {
        "candidates_ms": 1e3 * median(asked),
        "update_ms": 1e3 * median(told),
        "saved_bytes": size,
    }


def models_section(quick: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for dataset in LOGS:
        log = training_part(dataset, quick)
        print(f"\n{dataset}: {len(log):,} training responses; predicting them again")
        print(
            f"{'model':46}{'fit s':>9}{'predict s':>10}{f'{CANDIDATES} items ms':>13}"
            f"{'update ms':>10}{'saved kB':>10}"
        )
        found[dataset] = {"responses": len(log), "models": {}}
        for name, model in models_of(dataset).items():
            row = {
                "fit_seconds": seconds(model.fit, log),
                "predict_seconds": seconds(model.predict_proba, log),
                **serving(model, log),
            }
            found[dataset]["models"][name] = row
            print(
                f"{name:46}{row['fit_seconds']:9.2f}{row['predict_seconds']:10.2f}"
                f"{row['candidates_ms']:13.3f}{row['update_ms']:10.3f}"
                f"{row['saved_bytes'] / 1e3:10.1f}",
                flush=True,
            )
    return found


GROWING: dict[str, Callable[[ResponseLog], object]] = {
    "features": make_features,
    RECURRENT: lambda log: LinearRecurrentTracer().fit(log),
    BOOSTED: lambda log: BoostedTracer().fit(log),
}


def grown(what: str, n_students: int) -> dict[str, Any]:
    """One size of one thing, in this process."""
    columns, _ = simulate(n_students, 20, 5, seed=0)
    rng = np.random.default_rng(1)
    item = columns["skill"] * ITEMS + rng.integers(0, ITEMS, len(columns["skill"]))
    log = ResponseLog.from_frame(
        {name: columns[name] for name in ("student", "skill", "correct")} | {"item": item}
    )
    del columns, item
    GROWING[what](log[log.student.codes < 20])  # so that imports are not counted
    before = status("VmRSS")
    taken = seconds(GROWING[what], log)
    return {
        "responses": len(log),
        "seconds": taken,
        "peak_bytes": status("VmHWM") - before,
    }


def growth_section(quick: bool) -> dict[str, Any]:
    print(f"\nMore responses\n{'':24}{'responses':>12}{'s':>9}{'µs each':>9}{'peak MB':>9}")
    found: dict[str, Any] = {}
    for what in GROWING:
        found[what] = []
        for n_students in STUDENTS:
            if found[what] and found[what][-1]["seconds"] > PATIENCE:
                break
            size = n_students // 20 if quick else n_students
            command = [sys.executable, __file__, "--grow", what, str(size)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            row = json.loads(done.stdout)
            found[what].append(row)
            print(
                f"{what:24}{row['responses']:12,}{row['seconds']:9.2f}"
                f"{1e6 * row['seconds'] / row['responses']:9.2f}{row['peak_bytes'] / 1e6:9.0f}",
                flush=True,
            )
    return found


SHAPES = {"one": (1, 20_000), "many": (400, 50)}  # students, and answers of each
OF_REVIEWS = ("fsrs",)  # models that are fitted to answers on items which the student met before


def practice(n_students: int, n_each: int) -> ResponseLog:
    """Answers on 20 skills of ten items each, ten minutes apart."""
    rng = np.random.default_rng(0)
    n = n_students * n_each
    skill, place = rng.integers(0, 20, n), np.tile(np.arange(n_each), n_students)
    item = skill * ITEMS + rng.integers(0, ITEMS, n)
    able, easy = rng.normal(0, 0.7, n_students), rng.normal(size=20 * ITEMS)
    student = np.repeat(np.arange(n_students), n_each)
    logit = able[student] + easy[item] + 0.3 * np.log1p(place / 20) - 0.5
    correct = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    columns = {"student": student, "skill": skill, "item": item, "correct": correct}
    return ResponseLog.from_frame(columns | {"time": place * 600.0})


def shape_seconds(model: KnowledgeTracer, log: ResponseLog) -> dict[str, float]:
    """Of a fit; and the median of three predictions, and of three updates of new states."""
    fitted = seconds(model.fit, log)
    states = [model.init_state(log.n_students) for _ in range(3)]
    return {
        "fit": fitted,
        "predict": median(seconds(model.predict_proba, log) for _ in states),
        "update": median(seconds(model.update_state, state, log) for state in states),
    }


def later_reviews(log: ResponseLog) -> int:
    """Answers on an item that the student answered before."""
    assert log.item is not None
    return len(log) - len(
        set(zip(log.student.codes.tolist(), log.item.codes.tolist(), strict=True))
    )


def one_student_section(quick: bool) -> dict[str, Any]:
    """How much more the same answers cost when one student gave them all."""
    part = 20 if quick else 1
    logs = {name: practice(n, each // part) for name, (n, each) in SHAPES.items()}
    print(
        f"\nOne student of {len(logs['one']):,} answers beside {SHAPES['many'][0]} of as many\n"
        f"{'model':24}{'fit s':>9}{'times':>7}{'predict s':>11}{'times':>7}{'update s':>10}"
        f"{'times':>7}"
    )
    reviews = {name: later_reviews(log) for name, log in logs.items()}
    found: dict[str, Any] = {"later_reviews": reviews}
    for name, make in named_models().items():
        for small in ((20, 20), (1, 400)):  # so that imports are not counted
            shape_seconds(make(), practice(*small))
        taken = {shape: shape_seconds(make(), log) for shape, log in logs.items()}
        ratios = {part: taken["one"][part] / taken["many"][part] for part in taken["one"]}
        found[name] = {**taken, "ratio": ratios}
        cells = (
            f"{taken['one'][part]:{width}.2f}{ratio:7.1f}"
            for (part, ratio), width in zip(ratios.items(), (9, 11, 10), strict=True)
        )
        print(f"{name:24}{''.join(cells)}", flush=True)
        if name in OF_REVIEWS:
            of_reviews = ratios["fit"] * reviews["many"] / reviews["one"]
            found[name]["ratio"]["fit_per_review"] = of_reviews
            each = 1e6 * taken["one"]["fit"] / reviews["one"]
            print(
                f"  per later review{each:14.1f} µs{of_reviews:4.1f}   "
                f"({reviews['one']:,} of the one, {reviews['many']:,} of the many)",
                flush=True,
            )
    return found


SECTIONS: dict[str, Callable[[bool], dict[str, Any]]] = {
    "features": features_section,
    "models": models_section,
    "growth": growth_section,
    "one_student": one_student_section,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of the students")
    parser.add_argument("--only", choices=SECTIONS, help="one section; writes nothing")
    parser.add_argument("--grow", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", AdaptLearnWarning)  # of rare skills, and fits cut short
    if asked.grow:
        what, n_students = asked.grow
        print(json.dumps(grown(what, int(n_students))))
        return
    result: dict[str, Any] = circumstances(["numpy", "scipy", "scikit-learn"])
    for name, section in SECTIONS.items():
        if asked.only in (None, name):
            result[name] = section(asked.quick)
    if not asked.quick and asked.only is None:
        print(f"\nWritten to {write('cost.json', result)}")


if __name__ == "__main__":
    main()
