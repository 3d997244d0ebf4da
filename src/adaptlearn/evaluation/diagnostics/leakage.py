"""A check for predictions that know what they must not: answers of their own, or still to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ResponseDataError
from adaptlearn.evaluation.order import chronological_places
from adaptlearn.evaluation.predictions import Predicts, predictions
from adaptlearn.numerics import Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.responses.skills import SkillColumn
from adaptlearn.tables import Parts, Printed, plain_columns
from adaptlearn.validation import Interval, check_parameters

WAYS = {
    "own": "the row's own prediction moved with its own answer",
    "earlier": "predictions of the same student's earlier rows moved with it",
    "others": "predictions of other students' rows moved with it",
    "alone": "the prediction moved when later rows and other students were taken away",
}


@dataclass(frozen=True, eq=False, repr=False)
class LeakageCheck(Printed):
    """Which predictions changed after single answers were flipped.

    Printing shows a table with one row per kind of leak.

    Attributes
    ----------
    model : str
        The model's name.
    row : integer array, shape (n_probed,)
        The positions of the tested rows in the log that you passed.
    own, alone : float arrays, shape (n_probed,)
        How much the prediction of the tested row changed. `own` is the change after the row's own
        answer was flipped. `alone` is the change after the student's later rows and all other
        students were removed.
    earlier : float array, shape (n_probed,)
        The largest change of a prediction among the same student's earlier rows, after the tested
        row's own answer was flipped.
    others : float array, shape (n_probed,)
        The largest change of a prediction among the rows of other students, after the tested row's
        own answer was flipped.
    later : float array, shape (n_probed,)
        The largest change of a prediction among the same student's later rows, after the tested
        row's own answer was flipped. The predictions of later rows may change, because they
        may use the flipped answer.
    tolerance : float
        A change of a prediction counts as rounding if it is at most `tolerance`.
    n_responses, n_students : int
        The number of responses and of students in the part of the log that was tested.
    """

    model: str
    row: Ints
    own: Floats
    alone: Floats
    earlier: Floats
    others: Floats
    later: Floats
    tolerance: float
    n_responses: int
    n_students: int

    @property
    def leaks(self) -> tuple[str, ...]:
        """The kinds of leaks that were found.

        The kinds are ``"own"``, ``"earlier"``, ``"others"`` and ``"alone"``.
        """
        return tuple(way for way in WAYS if (getattr(self, way) > self.tolerance).any())

    @property
    def ok(self) -> bool:
        """Whether no leak was found."""
        return not self.leaks

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per tested answer, as columns for any dataframe library."""
        return {"row": self.row, **{way: getattr(self, way) for way in (*WAYS, "later")}}

    def to_dict(self) -> dict[str, Any]:
        """The conclusion and the changes for every tested row, as a dict for JSON."""
        return {
            "model": self.model,
            "ok": self.ok,
            "leaks": list(self.leaks),
            "tolerance": self.tolerance,
            "n_responses": self.n_responses,
            "n_students": self.n_students,
            "probes": plain_columns(self.table()),
        }

    @property
    def conclusion(self) -> str:
        """What was found, in one sentence."""
        probes = f"{len(self.row):,} of {self.n_responses:,} answers probed"
        if self.leaks:
            return (
                f"{self.model} LEAKS ({probes}): its one-step-ahead predictions know what they "
                "must not, so its scores are too good to be true"
            )
        if not (self.later > self.tolerance).any():
            return f"{self.model}: no leak found ({probes}); no prediction uses any answer"
        return f"{self.model}: no leak found ({probes})"

    def _parts(self) -> Parts:
        rows = []
        for way, what in WAYS.items():
            moved = getattr(self, way)
            bad = moved > self.tolerance
            first = self.row[bad][:3].tolist()
            rows.append([what, f"{bad.sum():,}", f"{moved.max():.3g}", ", ".join(map(str, first))])
        return Parts(self.conclusion, ["leak", "probes", "farthest", "first rows"], rows, [])

    def __repr__(self) -> str:
        found = "no leak" if self.ok else "leaks: " + ", ".join(self.leaks)
        return f"LeakageCheck({self.model}, {len(self.row)} probes, {found})"


def check_leakage(
    model: Predicts,
    log: Any,
    *,
    n_rows: int = 100,
    n_students: int = 20,
    tolerance: float = 1e-9,
    random_state: Randomness = 0,
) -> LeakageCheck:
    """Flip single answers of a log, and check which predictions of a fitted model change.

    A one-step-ahead prediction may depend only on the same student's *earlier* answers. The check
    looks for predictions that depend on other data: the row's own answer, the student's later
    answers, answers of other students, or the mere presence of later rows or other students. A
    prediction depends on the mere presence of rows if a model counts attempts over the whole log,
    or computes a rate over the rows that it predicts.

    Parameters
    ----------
    model : object with ``predict_proba(log)``
        A fitted model, or another object with a method ``predict_proba(log)``.
    log : ResponseLog, or a frame with the standard column names
    n_rows : int, default 100
        The largest number of answers to test. If the log has answers on several skills, half of the
        tested answers are on several skills. For each tested answer, the model predicts twice: once
        for the sampled students, and once for a part of one student's rows.
    n_students : int, default 20
        The largest number of students whose rows the model predicts.
    tolerance : float, default 1e-9
        A change of a prediction counts as rounding if it is at most `tolerance`.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        The source of random numbers for the sample of students and answers.

    Returns
    -------
    LeakageCheck

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range, or if predictions are not probabilities.
    ResponseDataError
        The error is raised if the log is malformed or contains no answer.

    Notes
    -----
    The check cannot find two kinds of leaks. First, a model that was *fitted* on the answers that
    it predicts may have memorised these answers. `cross_validate` never predicts answers on which
    the model was fitted. Second, a response on several skills may have been expanded into one row
    per skill *before* the check. Then the first row reveals the answer of the second row.
    `adaptlearn.check` finds expanded rows of this kind. On ASSISTments 2009, expanded rows raise
    the AUC of a neural model from .75 to .89.

    Examples
    --------
    >>> import numpy as np
    >>> class Cheat:
    ...     def predict_proba(self, log):
    ...         p = np.where(log.correct == 1, .8, .4)
    ...         return np.stack([1 - p, p], axis=1)
    >>> log = {"student": [1, 1, 2, 2], "skill": ["add"] * 4, "correct": [0, 1, 1, 1]}
    >>> check_leakage(Cheat(), log)
    LeakageCheck(Cheat, 4 probes, leaks: own)
    """
    check_parameters(
        "check_leakage",
        {"n_rows": n_rows, "n_students": n_students, "tolerance": tolerance},
        {
            "n_rows": [Interval(1, 10_000_000, integer=True)],
            "n_students": [Interval(1, 10_000_000, integer=True)],
            "tolerance": [Interval(0, 1, closed="left")],
        },
    )
    whole = as_log(log)
    rng = generator_of(random_state)
    answering = np.unique(whole.student.codes[whole.answered])
    if not len(answering):
        raise ResponseDataError("check_leakage", ["the log holds no answer to flip"])
    few = rng.choice(answering, min(n_students, len(answering)), replace=False)
    rows = np.flatnonzero(np.isin(whole.student.codes, few))
    part = whole[rows]
    name = type(model).__name__
    before = predictions(model, part, name)
    probed = _sample(part, n_rows, rng)
    place, moves = chronological_places(part), []
    for row in probed.tolist():
        # A row without an answer may be without a prediction, too.
        moved = np.nan_to_num(np.abs(predictions(model, _flipped(part, row), name) - before))
        same = part.student.codes == part.student.codes[row]
        until = same & (place <= place[row])
        kept = np.flatnonzero(until)
        again = predictions(model, part[kept], name)[np.searchsorted(kept, row)]
        where = (until & (place < place[row]), ~same, same & ~until)
        moves.append(
            [moved[row], abs(again - before[row])]
            + [moved[these].max(initial=0.0) for these in where]
        )
    own, alone, earlier, others, later = np.array(moves).T
    return LeakageCheck(
        name,
        rows[probed],
        own=own,
        alone=alone,
        earlier=earlier,
        others=others,
        later=later,
        tolerance=tolerance,
        n_responses=len(part),
        n_students=len(few),
    )


def _sample(log: ResponseLog, n_rows: int, rng: np.random.Generator) -> Ints:
    """Answered rows, half of them of several skills as far as there are any, in rising order."""
    answered = np.flatnonzero(log.answered)
    several = np.zeros(len(log), bool)
    if log.skill_rows is not None:
        several = np.bincount(log.skill_rows, minlength=len(log)) > 1
    first = rng.permutation(answered[several[answered]])[: n_rows // 2]
    rest = rng.permutation(np.setdiff1d(answered, first))[: n_rows - len(first)]
    return np.sort(np.concatenate((first, rest)))


def _flipped(log: ResponseLog, row: int) -> ResponseLog:
    """The log with one answer turned around."""
    correct = log.correct.copy()
    correct[row] = 1 - correct[row]
    return ResponseLog(
        student=log.student,
        skill=SkillColumn(log.skill, log.skill_rows),
        correct=correct,
        item=log.item,
        time=log.time,
        clock=log.clock,
        id=log.id,
        extra=log.extra,
    )
