"""How well models fitted to practice predict a test up to three days later.

    python benchmarks/memory_tests.py      half a minute; into results/memory_tests.json

In the cloze study, 478 students practised 72 sentences and were then tested: immediately, a day
later or three days later. Models are fitted to answers of the students whose number does not leave
the remainder 4 when divided by 5, and predict the test answers of the others one step ahead. What
windows of time add is measured in three folds of the former students, practice and tests.
Prints the tables of docs/memory.md and one of docs/logistic.md. ``ADAPTLEARN_DATA`` names the
folder of the log, as for ``accuracy.py``.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

import numpy as np
import page
from _cloze import cloze
from _record import circumstances, write
from numpy.typing import NDArray
from scipy.special import logit

from adaptlearn import ResponseLog
from adaptlearn.evaluation import cross_validate
from adaptlearn.models import BKT, DAS3H, DASH, PFA
from adaptlearn.models.memory import (
    FSRS,
    FSRS_DEFAULTS,
    ForgettingCurve,
    HalfLifeRegression,
    lags,
)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

PAPER = HalfLifeRegression(
    loss="squared", half_life_weight=0.01, min_half_life=900, guess=0, slip=0
)
MEMORIES = {
    "`FSRS`, published parameters, no guess and slip": FSRS(
        parameters=FSRS_DEFAULTS, guess=0, slip=0
    ),
    "`FSRS`, published parameters": FSRS(parameters=FSRS_DEFAULTS),
    "`FSRS`": FSRS(),
    "`HalfLifeRegression`, the paper's loss": PAPER,
    "`HalfLifeRegression`": HalfLifeRegression(),
}
TAUGHT_BY_TESTS = ("`FSRS`", "`HalfLifeRegression`")
OTHERS = {
    '`PFA(counts="log")`': PFA(counts="log"),
    "`BKT(forgetting=True, ability=True)`": BKT(forgetting=True, ability=True),
    "`DASH()`, which uses times itself": DASH(),
    "`DASH(windows=())`, which does not": DASH(windows=()),
}
WINDOWS = (
    DASH(),
    DASH(windows=()),
    DASH(remember=5),
    DAS3H(),
    DAS3H(windows=()),
    DAS3H(remember=5),
)


class Students(NamedTuple):
    """Answers of some students.

    Attributes
    ----------
    log : ResponseLog
        Clusters of sentences are skills, sentences are items.
    test : bool array, shape (n_responses,)
        Answers in the test.
    met : bool array, shape (n_responses,)
        Test answers on sentences that the student answered before.
    first : bool array, shape (n_responses,)
        Each student's first test answer on a sentence that they practised.
    """

    log: ResponseLog
    test: Bools
    met: Bools
    first: Bools

    @property
    def columns(self) -> dict[str, Bools]:
        """The answers of each column of a table."""
        return {"all": self.test, "met": self.met, "first": self.first}


def students(training: bool) -> Students:
    """The training students, or the others."""
    columns = cloze()
    chosen = (columns["student"].astype(int) % 5 != 4) == training
    columns = {name: column[chosen] for name, column in columns.items()}
    test = columns.pop("test")
    log = ResponseLog.from_frame(columns, skill="cluster")
    met = test & ~np.isnan(lags(log, by="item"))
    return Students(log, test, met, _first(columns, test))


def _first(columns: dict[str, NDArray[Any]], test: Bools) -> Bools:
    card = columns["student"] + "/" + columns["item"]
    order = np.argsort(columns["time"], kind="stable")
    in_test = order[test[order]]
    first = np.zeros(len(test), bool)
    first[in_test[np.unique(card[in_test], return_index=True)[1]]] = True
    return first & np.isin(card, card[~test])


def scores(p: Floats, correct: NDArray[np.int8]) -> dict[str, float]:
    """Log loss and mean squared error of probabilities of a right answer."""
    return {
        "log_loss": float(-np.log(np.where(correct == 1, p, 1 - p)).mean()),
        "squared_error": float(np.square(p - correct).mean()),
    }


def by_column(p: Floats, of: Students) -> dict[str, dict[str, float]]:
    """The scores of predictions, for each column."""
    return {name: scores(p[rows], of.log.correct[rows]) for name, rows in of.columns.items()}


def constant(train: Students, rest: Students) -> dict[str, dict[str, float]]:
    """The scores of the training students' share of right answers in each column."""
    share = {name: train.log.correct[rows].mean() for name, rows in train.columns.items()}
    return {
        name: scores(np.full(rows.sum(), share[name]), rest.log.correct[rows])
        for name, rows in rest.columns.items()
    }


def curves(model: Any, train: Students, rest: Students) -> dict[str, dict[str, float]]:
    """The scores of a model alone, with offset and scale, and with the whole curve.

    Without a lag, the curve is offset and scale only.
    """
    fitted = model.fit(train.log[~train.test])
    odds, since = (
        [function(one.log)[one.test] for one in (train, rest)]
        for function in (lambda log: logit(fitted.predict_proba(log)[:, 1]), lags)
    )
    taught, asked = (one.log.correct[one.test] for one in (train, rest))
    found = {"alone": scores(1 / (1 + np.exp(-odds[1])), asked)}
    for name, times in (("offset and scale", 0.0), ("curve", 1.0)):
        curve = ForgettingCurve().fit(odds[0], times * since[0], taught)
        found[name] = scores(curve.predict(odds[1], times * since[1]), asked)
    return found


def after_days(of: Students) -> dict[str, int]:
    """How many answers come one to seven days after the last answer on the same item."""
    since = lags(of.log, by="item") / 86400
    days = (since > 1) & (since <= 7)
    return {"practice": int(days[~of.test].sum()), "test": int(days[of.test].sum())}


def main() -> None:
    """Fit, print, write."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    begin = time.process_time()
    train, rest = students(training=True), students(training=False)
    practice = train.log[~train.test]
    memories = {"a constant: the share of right answers": constant(train, rest)}
    both, faded = {}, {}
    for name, memory in MEMORIES.items():
        memories[name] = by_column(memory.fit(practice).predict_proba(rest.log)[:, 1], rest)
    for name in TAUGHT_BY_TESTS:
        fitted = MEMORIES[name].fit(train.log)
        both[name] = by_column(fitted.predict_proba(rest.log)[:, 1], rest)
    for name, model in OTHERS.items():
        faded[name] = curves(model, train, rest)
    folds = cross_validate({repr(one): one for one in WINDOWS}, train.log, cv=3, n_bootstrap=0)
    result = {
        "training_students": len(train.log.student.labels),
        "other_students": len(rest.log.student.labels),
        "test_answers": {name: int(rows.sum()) for name, rows in rest.columns.items()},
        "practice_answers": int((~train.test).sum()),
        "training_answers_after_one_to_seven_days": after_days(train),
        "cpu_seconds": time.process_time() - begin,
        "fitted_to_practice": memories,
        "fitted_to_practice_and_tests": both,
        "with_a_curve": faded,
        "windows": {name: found.auc.value for name, found in folds.pooled.items()},
    }
    print(write("memory_tests.json", {**circumstances(["numpy", "scipy"]), **result}))
    for part in ("memory_tests", "memory_after_tests", "forgetting_curves", "windows"):
        print(f"\n{page.PARTS[part]()}")


if __name__ == "__main__":
    main()
