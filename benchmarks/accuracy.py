"""How well one-step-ahead predictions meet the answers of real students.

    python benchmarks/accuracy.py            five folds of the training students
    python benchmarks/accuracy.py --final    fit on train, predict test

The test students are for a final answer, not for choices: each look at them is added to
looks.jsonl, with date, commit and figures. ``ADAPTLEARN_DATA`` names the folder of the logs, by
default ../shared/data beside the repository. Results are kept in results/.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _record import HERE, circumstances, write
from numpy.typing import NDArray

from adaptlearn import ResponseLog
from adaptlearn.errors import DataWarning, IdentificationWarning
from adaptlearn.evaluation import cross_validate, evaluate
from adaptlearn.models import BKT

DATA = Path(os.environ.get("ADAPTLEARN_DATA") or HERE.parents[1] / "shared" / "data")
LOOKS = HERE / "looks.jsonl"
METRICS = ("auc", "log_loss", "rmse")


class Dataset(NamedTuple):
    """A log's columns, and the test AUC that plain BKT and BKT with forgetting should reach."""

    skill: str
    target: dict[str, float]


DATASETS = {
    "assistments09": Dataset("skill_set", {"BKT": 0.715, "BKT, forgetting": 0.720}),
    "statics": Dataset("skill_set", {"BKT": 0.690, "BKT, forgetting": 0.712}),
    "assistments15": Dataset("skill", {"BKT": 0.699, "BKT, forgetting": 0.702}),
}


def models() -> dict[str, BKT]:
    return {"BKT": BKT(), "BKT, forgetting": BKT(forgetting=True)}


def read(dataset: str, part: str) -> dict[str, NDArray[np.int64]]:
    """The columns ``student``, ``skill``, ``correct`` and, where students have one, ``fold``."""
    path = DATA / dataset / f"{part}.csv"
    with path.open(newline="") as lines:
        header = next(csv.reader(lines))
    wanted = {"student": "student", "skill": DATASETS[dataset].skill, "correct": "correct"}
    if "fold" in header:
        wanted["fold"] = "fold"
    places = [header.index(column) for column in wanted.values()]
    table = np.loadtxt(path, np.int64, delimiter=",", skiprows=1, usecols=places)
    return dict(zip(wanted, table.T.copy(), strict=True))


def own_folds(fold: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    for k in np.unique(fold):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def cross_validated(dataset: str) -> dict[str, Any]:
    """Out-of-fold figures; the data's own folds of students where it has them."""
    columns = read(dataset, "train")
    fold = columns.pop("fold", None)
    cv: Any = 5 if fold is None else list(own_folds(fold))
    result = cross_validate(models(), ResponseLog.from_frame(columns), cv=cv)
    print(f"\n{dataset}\n{result}")
    return result.to_dict()["models"]


def final(dataset: str, where: dict[str, Any]) -> dict[str, Any]:
    """Fit on all training students, score the test students, note that they were seen."""
    columns = read(dataset, "train")
    columns.pop("fold", None)
    train = ResponseLog.from_frame(columns)
    test = ResponseLog.from_frame(read(dataset, "test"))
    results: dict[str, Any] = {}
    print(f"\n{dataset}: {len(train):,} responses to fit, {len(test):,} to predict")
    print(
        f"{'model':17}{'AUC':>8}{'95% interval':>19}{'log loss':>10}{'RMSE':>8}{'fit s':>7}  goal"
    )
    for name, model in models().items():
        begin = time.perf_counter()
        model.fit(train)
        fit_seconds = time.perf_counter() - begin
        found = evaluate(model, test)
        target = DATASETS[dataset].target[name]
        reached = found.auc.value >= target
        results[name] = {
            "fit_seconds": fit_seconds,
            "skills": len(model.skills_),
            "skills_not_converged": int((~model.converged_).sum()),
            "skills_not_identified": len(model.unidentified_),
            "target_auc": target,
            "reached": reached,
            **found.to_dict(),
        }
        figures = {metric: getattr(found, metric).value for metric in METRICS}
        with LOOKS.open("a") as looks:
            entry = {"date": where["date"], "commit": where["commit"], "dataset": dataset}
            looks.write(json.dumps({**entry, "model": name, **figures}) + "\n")
        print(
            f"{name:17}{found.auc.value:8.4f}{found.auc.lower:9.4f} to{found.auc.upper:7.4f}"
            f"{found.log_loss.value:10.4f}{found.rmse.value:8.4f}{fit_seconds:7.2f}"
            f"  {target:.3f} {'reached' if reached else 'MISSED'}"
        )
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--final", action="store_true", help="look at the test students")
    look = parser.parse_args().final
    # Rare skills cannot stand alone, and may be absent from a fold: said at every fit.
    warnings.simplefilter("ignore", IdentificationWarning)
    warnings.simplefilter("ignore", DataWarning)
    where = circumstances(["numpy", "scipy", "scikit-learn"])
    measured = {name: final(name, where) if look else cross_validated(name) for name in DATASETS}
    name = "accuracy.json" if look else "accuracy_cv.json"
    split = "fit on train, tested on test" if look else "five folds of the training students"
    print(f"\nWritten to {write(name, {**where, 'split': split, 'datasets': measured})}")


if __name__ == "__main__":
    main()
