"""How well one-step-ahead predictions meet the answers of real students.

    python benchmarks/accuracy.py            five folds of the training students
    python benchmarks/accuracy.py --final    fit on train, predict test
    python benchmarks/accuracy.py --folds 3 --model BKT --model ability    three folds, two models
    python benchmarks/accuracy.py --family prediction    the other models, not BKT's variants
    python benchmarks/accuracy.py --family guides    what the guides compare, three folds: 8 minutes

Test students with a copy among the training students are counted once more apart: whatever
remembers items profits of them.

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
from adaptlearn.checkup import copied_students
from adaptlearn.errors import ConvergenceWarning, DataWarning, IdentificationWarning
from adaptlearn.evaluation import cross_validate, evaluate
from adaptlearn.evaluation.results import Evaluation
from adaptlearn.models import (
    AFM,
    BKT,
    IRT,
    PFA,
    RPFA,
    BestLR,
    BoostedTracer,
    Elo,
    KnowledgeTracer,
    LinearRecurrentTracer,
    Rasch,
)

DATA = Path(os.environ.get("ADAPTLEARN_DATA") or HERE.parents[1] / "shared" / "data")
LOOKS = HERE / "looks.jsonl"
METRICS = ("auc", "log_loss", "rmse")


PLAIN, FORGETTING = "BKT", "BKT, forgetting"
INDIVIDUAL = "forgetting, difficulty, ability, recency, lag"


RECURRENT, BOOSTED = "LinearRecurrentTracer", "BoostedTracer"


WITHOUT = "without copied students"


class Dataset(NamedTuple):
    """A log: its folder, its column of skills, and the test AUC that models should reach."""

    folder: str
    skill: str
    target: dict[str, float]
    items: bool = True


DATASETS = {
    "assistments09": Dataset(
        "assistments09",
        "skill_set",
        {PLAIN: 0.715, FORGETTING: 0.720, INDIVIDUAL: 0.784, RECURRENT: 0.784, BOOSTED: 0.798},
    ),
    "statics": Dataset(
        "statics",
        "skill_set",
        {PLAIN: 0.690, FORGETTING: 0.712, INDIVIDUAL: 0.834, RECURRENT: 0.839, BOOSTED: 0.845},
    ),
    "assistments15": Dataset(
        "assistments15",
        "skill",
        {
            PLAIN: 0.699,
            FORGETTING: 0.702,
            "forgetting, ability, recency, lag": 0.724,
            RECURRENT: 0.730,
            BOOSTED: 0.734,
        },
        items=False,
    ),
    # The same responses, each with the skills of its item rather than one name for their set.
    "assistments09, several skills": Dataset("assistments09", "item", {}),
}


def predictors(dataset: str) -> dict[str, KnowledgeTracer]:
    """The models beside BKT, with their defaults but where a published one differs."""
    if dataset == "assistments09, several skills":
        return {"BestLR, students left out": BestLR(student=None), "PFA, logs": PFA(counts="log")}
    items = {"IRT, two parameters": IRT(), "Rasch": Rasch()} if DATASETS[dataset].items else {}
    by_item = {"BestLR": BestLR(), "BestLR, students left out": BestLR(student=None)}
    return {
        "AFM": AFM(),
        "PFA": PFA(),
        "PFA, logs, students left out": PFA(counts="log", student=None),
        "RPFA": RPFA(),
        **(by_item if DATASETS[dataset].items else {}),
        "Elo": Elo(),
        **items,
        RECURRENT: LinearRecurrentTracer(),
        BOOSTED: BoostedTracer(),
    }


def models(dataset: str, family: str) -> dict[str, KnowledgeTracer]:
    """Every model of a family that the log's columns allow."""
    return {"bkt": variants, "prediction": predictors, "guides": guides}[family](dataset)


def guides(dataset: str) -> dict[str, KnowledgeTracer]:
    """The models of the tables in docs/, each named as it is written."""
    if dataset == "assistments09, several skills":
        return {}
    found: list[KnowledgeTracer] = [
        *(BKT(student_classes=n) for n in (1, 2, 3)),
        BKT(ability=True),
        LinearRecurrentTracer(),
    ]
    if DATASETS[dataset].items:
        for student in ("average", None, "online"):
            found += [AFM(student=student), PFA(student=student), BestLR(student=student)]
            found.append(PFA(counts="log", student=student))
        found += [Elo(), Elo(skill_offsets=False), Rasch(), IRT()]
    return {repr(model): model for model in found}


def variants(dataset: str) -> dict[str, KnowledgeTracer]:
    """Every variant of BKT that the log's columns allow."""
    if dataset == "assistments09, several skills":
        everything = {"forgetting": True, "ability": True, "recency": True, "lag": True}
        return {
            "BKT, forgetting, full credit": BKT(forgetting=True),
            **{
                f"BKT, forgetting, {rule}": BKT(forgetting=True, multi_skill=rule)
                for rule in ("shared", "conjunctive", "compensatory")
            },
            **{
                f"individual, {rule}": BKT(**everything, difficulty=True, multi_skill=rule)
                for rule in ("full", "conjunctive")
            },
        }
    found: dict[str, KnowledgeTracer] = {
        PLAIN: BKT(),
        FORGETTING: BKT(forgetting=True),
        "forgetting, empirical Bayes": BKT(forgetting=True, borrow="empirical"),
        "ability": BKT(ability=True),
        "two classes of students": BKT(student_classes=2),
        "three classes of students": BKT(student_classes=3),
        "forgetting, two classes of students": BKT(forgetting=True, student_classes=2),
        "forgetting, ability": BKT(forgetting=True, ability=True),
        "forgetting, ability, recency, lag": BKT(
            forgetting=True, ability=True, recency=True, lag=True
        ),
    }
    if DATASETS[dataset].items:
        by_item = {"guess_by": "item", "slip_by": "item"}
        found |= {
            "forgetting, guess and slip by item": BKT(forgetting=True, **by_item),
            "forgetting, learn by item": BKT(forgetting=True, learn_by="item"),
            "forgetting, learn by item pair": BKT(forgetting=True, learn_by="item_pair"),
            "forgetting, guess, slip and learn by item": BKT(
                forgetting=True, **by_item, learn_by="item"
            ),
            "forgetting, difficulty": BKT(forgetting=True, difficulty=True),
            "forgetting, difficulty, ability": BKT(forgetting=True, difficulty=True, ability=True),
            INDIVIDUAL: BKT(forgetting=True, difficulty=True, ability=True, recency=True, lag=True),
        }
    return found


def read(dataset: str, part: str) -> tuple[ResponseLog, NDArray[np.int64] | None]:
    """The log, and the fold of each response where students have one."""
    known = DATASETS[dataset]
    table = columns_of(DATA / known.folder / f"{part}.csv")
    names = ["student", known.skill, "correct", *(["item"] if known.items else [])]
    columns = {name: table[name] for name in names}
    if known.skill != "item":
        log = ResponseLog.from_frame(columns, skill=known.skill)
    else:
        q_matrix = columns_of(DATA / known.folder / "qmatrix.csv")
        log = ResponseLog.from_frame(columns, q_matrix=q_matrix)
    return log, table.get("fold")


def columns_of(path: Path) -> dict[str, NDArray[np.int64]]:
    """A file of integers."""
    with path.open(newline="") as lines:
        header = next(csv.reader(lines))
    table = np.loadtxt(path, np.int64, delimiter=",", skiprows=1)
    return dict(zip(header, table.T.copy(), strict=True))


def own_folds(fold: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    for k in np.unique(fold):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def cross_validated(
    dataset: str, family: str, folds: int | None, only: list[str] | None
) -> dict[str, Any]:
    """Out-of-fold figures; the data's own folds of students where it has them."""
    log, fold = read(dataset, "train")
    cv: Any = folds or (5 if fold is None else list(own_folds(fold)))
    asked = {
        name: model
        for name, model in models(dataset, family).items()
        if only is None or name in only
    }
    result = cross_validate(asked, log, cv=cv)
    print(f"\n{dataset}\n{result}")
    return result.to_dict()["models"]


def final(dataset: str, family: str, where: dict[str, Any]) -> dict[str, Any]:
    """Fit on all training students, score the test students, note that they were seen."""
    train, test = read(dataset, "train")[0], read(dataset, "test")[0]
    own = originals(dataset)
    results: dict[str, Any] = {}
    print(f"\n{dataset}: {len(train):,} responses to fit, {len(test):,} to predict")
    if len(own) < len(test):
        print(f"{len(own):,} of them are of students without a copy among those to fit")
    print(
        f"{'model':44}{'AUC':>8}{'95% interval':>19}{'log loss':>10}{'RMSE':>8}{'fit s':>7}  goal"
    )
    for name, model in models(dataset, family).items():
        begin = time.perf_counter()
        model.fit(train)
        fit_seconds = time.perf_counter() - begin
        found = looked_at(model, test, dataset, name, where)
        target = DATASETS[dataset].target.get(name)
        reached = None if target is None else bool(found.auc.value >= target)
        results[name] = {
            "fit_seconds": fit_seconds,
            "skills": len(model.skills_),
            **of_bkt(model),
            "target_auc": target,
            "reached": reached,
            **found.to_dict(),
        }
        goal = "" if target is None else f"  {target:.3f} {'reached' if reached else 'MISSED'}"
        print(f"{name:44}{figures(found)}{fit_seconds:7.2f}{goal}")
        if len(own) < len(test):
            found = looked_at(model, test[own], f"{dataset}, {WITHOUT}", name, where)
            results[name][WITHOUT] = found.to_dict()
            print(f"{'  ' + WITHOUT:44}{figures(found)}")
    return results


def originals(dataset: str) -> NDArray[np.intp]:
    """Rows of the test log whose students are not copied among the training students."""
    known = DATASETS[dataset]
    parts = [columns_of(DATA / known.folder / f"{part}.csv") for part in ("train", "test")]
    trained, tested = (part["student"] for part in parts)
    if not known.items:
        return np.arange(len(tested))
    names = {"student": "student", "skill": "item", "item": "item", "correct": "correct"}
    found = copied_students(
        {name: np.concatenate([part[column] for part in parts]) for name, column in names.items()}
    )
    pairs = np.stack([found.first, found.second])
    across = np.isin(pairs, trained).any(axis=0) & np.isin(pairs, tested).any(axis=0)
    return np.flatnonzero(~np.isin(tested, pairs[:, across]))


def looked_at(
    model: KnowledgeTracer, test: ResponseLog, dataset: str, name: str, where: dict[str, Any]
) -> Evaluation:
    """How a model does on test students; that they were looked at is put down."""
    found = evaluate(model, test)
    entry = {"date": where["date"], "commit": where["commit"], "dataset": dataset, "model": name}
    values = {metric: getattr(found, metric).value for metric in METRICS}
    with LOOKS.open("a") as looks:
        looks.write(json.dumps(entry | values) + "\n")
    return found


def figures(found: Evaluation) -> str:
    auc = found.auc
    return (
        f"{auc.value:8.4f}{auc.lower:9.4f} to{auc.upper:7.4f}"
        f"{found.log_loss.value:10.4f}{found.rmse.value:8.4f}"
    )


def of_bkt(model: KnowledgeTracer) -> dict[str, int]:
    """What a BKT says of its own fit."""
    if not isinstance(model, BKT):
        return {}
    return {
        "skills_not_converged": int((~model.converged_).sum()),
        "skills_not_identified": len(model.unidentified_),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--final", action="store_true", help="look at the test students")
    parser.add_argument("--family", choices=("bkt", "prediction", "guides"), default="bkt")
    parser.add_argument("--log", choices=DATASETS, action="append", help="only these logs")
    parser.add_argument("--folds", type=int, help="folds instead of five, or of the log's own")
    parser.add_argument("--model", action="append", help="only these models, without --final")
    asked = parser.parse_args()
    look, family = asked.final, asked.family
    every = [name for name in DATASETS if models(name, family)]
    logs = asked.log or every
    if look and (asked.folds or asked.model or family == "guides"):
        parser.error("--folds, --model and --family guides go without --final")
    folds = asked.folds or (3 if family == "guides" else None)
    # Rare skills cannot stand alone, and may be absent from a fold: said at every fit.
    warnings.simplefilter("ignore", IdentificationWarning)
    warnings.simplefilter("ignore", DataWarning)
    warnings.simplefilter("ignore", ConvergenceWarning)
    where = circumstances(["numpy", "scipy", "scikit-learn"])
    measured = {
        name: final(name, family, where)
        if look
        else cross_validated(name, family, folds, asked.model)
        for name in logs
    }
    stem = "accuracy" if family == "bkt" else family
    name = f"{stem}.json" if look else f"{stem}_cv.json"
    split = "fit on train, tested on test" if look else f"{folds or 5} folds of training students"
    if set(logs) < set(every) or asked.folds or asked.model:
        return  # a part is for trying out
    print(f"\nWritten to {write(name, {**where, 'split': split, 'datasets': measured})}")


if __name__ == "__main__":
    main()
