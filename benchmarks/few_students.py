"""How well models predict that have seen few students.

    python benchmarks/few_students.py             all logs and sizes
    python benchmarks/few_students.py --quick     the two small logs

Training students only, three folds of them; of the large logs, students drawn at random. Log loss
over all answers that were left out, and over the first five of each student. ``ADAPTLEARN_DATA``
names the folder of the logs, as for ``accuracy.py``. Results are kept in results/.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import warnings
from typing import Any

import accuracy
import numpy as np
from _record import circumstances, write
from numpy.typing import NDArray

from adaptlearn import ResponseLog
from adaptlearn.errors import AdaptLearnWarning
from adaptlearn.evaluation import StudentSplit, auc, log_loss
from adaptlearn.models import (
    PFA,
    BestLR,
    BoostedTracer,
    Elo,
    KnowledgeTracer,
    LinearRecurrentTracer,
)

SMALL = ("ednet_sample", "eedi_sample")
SIZES = {
    "assistments09": (50, 100, 200, 500),
    "assistments15": (50, 100, 200, 500),
    "statics": (50, 100, 200),
}
FIRST = 5


def small(name: str) -> ResponseLog:
    """The training part of a log of about a hundred students."""
    with gzip.open(accuracy.DATA / name / "train.csv.gz", "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    names = {"student": "student", "skill": "skills", "item": "item"}
    columns = {ours: np.array([row[own] for row in rows]) for ours, own in names.items()}
    return ResponseLog.from_frame(
        {**columns, "correct": np.array([int(row["correct"]) for row in rows])}
    )


def drawn(name: str, n_students: int) -> ResponseLog:
    """Training students of a large log, at random."""
    log = accuracy.read(name, "train")[0]
    rng = np.random.default_rng(n_students)
    chosen = rng.choice(log.n_students, min(n_students, log.n_students), replace=False)
    return log[np.isin(log.student.codes, chosen)]


def models(items: bool) -> dict[str, KnowledgeTracer]:
    regression = (
        {"BestLR": BestLR(student=None)} if items else {"PFA": PFA(counts="log", student=None)}
    )
    return {
        "BoostedTracer": BoostedTracer(),
        "trees alone": BoostedTracer(lean_on=()),
        "LinearRecurrentTracer": LinearRecurrentTracer(),
        "Elo": Elo(),
        **regression,
    }


def measured(log: ResponseLog) -> dict[str, Any]:
    """Log loss and AUC of every model on students that it has not seen."""
    rows = [held for _, held in StudentSplit(3).split(log)]
    position = earlier(log)
    found: dict[str, Any] = {"answers": len(log), "models": {}}
    for name, model in models(log.item is not None).items():
        p = np.full(len(log), np.nan)
        for fitted, held in StudentSplit(3).split(log):
            p[held] = model.fit(log[fitted]).predict_proba(log[held])[:, 1]
        first = position < FIRST
        found["models"][name] = {
            "log_loss": log_loss(log.correct, p),
            "auc": auc(log.correct, p),
            "log_loss_first": log_loss(log.correct[first], p[first]),
            "log_loss_by_fold": [log_loss(log.correct[held], p[held]) for held in rows],
        }
    return found


def earlier(log: ResponseLog) -> NDArray[np.int64]:
    """How many answers of its student come before each."""
    order = np.argsort(log.student.codes, kind="stable")
    who = log.student.codes[order]
    place = np.empty(len(log), np.int64)
    place[order] = np.arange(len(log)) - np.searchsorted(who, who)
    return place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only the two small logs")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", AdaptLearnWarning)  # skills that a part does not hold
    logs = {name: (lambda name=name: small(name)) for name in SMALL}
    if not asked.quick:
        logs |= {
            f"{name}, {n} students": (lambda name=name, n=n: drawn(name, n))
            for name, sizes in SIZES.items()
            for n in sizes
        }
    results = {}
    for name, read in logs.items():
        results[name] = found = measured(read())
        told = "".join(
            f"  {model} {figures['log_loss']:.4f} ({figures['log_loss_first']:.4f})"
            for model, figures in found["models"].items()
        )
        print(f"{name}, {found['answers']:,} answers:{told}", flush=True)
    if not asked.quick:
        where = circumstances(["numpy", "scipy", "scikit-learn"])
        split = "three folds of training students"
        print(
            f"\nWritten to {write('few_students.json', {**where, 'split': split, 'logs': results})}"
        )


if __name__ == "__main__":
    main()
