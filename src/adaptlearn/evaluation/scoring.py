"""Scoring a fitted model on a log."""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import DataWarning, ParameterError, ResponseDataError
from adaptlearn.evaluation.bootstrap import bootstrap_metrics
from adaptlearn.evaluation.metrics import METRICS, all_metrics
from adaptlearn.evaluation.results import Estimate, Evaluation
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.validation import Constraint, Interval, check_parameters

_RESAMPLES, _CONFIDENCE = Interval(0, 10_000_000, integer=True), Interval(0, 1, closed="neither")


class Predicts(Protocol):
    """All that evaluation asks of a fitted model."""

    def predict_proba(self, log: ResponseLog, /) -> NDArray[np.floating]:
        """P(wrong) and P(correct) of each row before its answer, shape (n, 2)."""
        ...


def evaluate(
    model: Predicts,
    log: Any,
    *,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> Evaluation:
    """Score a fitted model's one-step-ahead predictions on a log.

    Each response is predicted from the same student's earlier ones in this log. Rows without
    an answer (exposures) may inform later predictions and are never scored.

    Parameters
    ----------
    model : object with ``predict_proba(log)``
        A fitted model, or anything that predicts; column 1 of the prediction, shape (n, 2),
        is the probability of a correct answer.
    log : ResponseLog, or a frame with the standard column names
        Answers of students the model was, preferably, not fitted on.
    n_bootstrap : int, default 1000
        Resamples of students for the intervals; 0 for no intervals.
    confidence : float, default 0.95
        What the intervals are to cover.
    random_state : int, numpy.random.Generator or None, default 0
        Source of the resamples.

    Returns
    -------
    Evaluation
        AUC, log loss, RMSE, accuracy and calibration error, each with its interval.

    Raises
    ------
    ParameterError
        For arguments out of range, and for predictions that are not probabilities of the
        right shape.
    ResponseDataError
        If the log is malformed or holds no answer.

    Warns
    -----
    DataWarning
        If every answer is alike, so that AUC is undefined.

    Notes
    -----
    Answers of one student are alike, so the bootstrap draws students, not answers (Field &
    Welsh 2007). The intervals say how the metrics would vary with *other students like
    these*, for the model as it is; they leave out that another training log would have given
    another model. They are percentile intervals, except for the calibration error: chance
    alone raises it and a resample raises it once more, so its bootstrap distribution is
    reflected at the value (the *basic* bootstrap, Davison & Hinkley 1997), cut at 0 and
    widened to hold the value. Close to perfect calibration that interval still misses more
    often than it says.

    References
    ----------
    Field & Welsh (2007), Bootstrapping clustered data. JRSS B 69(3). Davison & Hinkley (1997),
    Bootstrap methods and their application. Cambridge University Press.

    Examples
    --------
    A model is anything that predicts:

    >>> import numpy as np
    >>> class Always:
    ...     def predict_proba(self, log):
    ...         return np.full((len(log), 2), [.3, .7])
    >>> log = {"student": ["ann", "ann", "bob", "bob"], "skill": ["add"] * 4,
    ...        "correct": [0, 1, 1, 1]}
    >>> result = evaluate(Always(), log)
    >>> result.accuracy
    Estimate(value=0.75, lower=0.5, upper=1.0)
    """
    check_bootstrap("evaluate", n_bootstrap, confidence)
    log = as_log(log)
    name = type(model).__name__
    answered = np.flatnonzero(log.answered)
    if not len(answered):
        raise ResponseDataError("evaluate", ["the log holds no answer to score"])
    predicted = predictions(model, log, name)
    notes = []
    if exposures := len(log) - len(answered):
        notes.append(f"{exposures:,} rows without an answer were not scored")
    result, _ = summarise(
        name,
        log.correct[answered].astype(np.float64),
        predicted[answered],
        log.student.codes[answered],
        n_bootstrap=n_bootstrap,
        confidence=confidence,
        rng=np.random.default_rng(random_state),
        notes=notes,
    )
    if np.isnan(result.auc.value):
        warnings.warn(f"{name}: {ONE_CLASS}", DataWarning, stacklevel=2)
    return result


ONE_CLASS = "AUC is undefined, since every answer is alike"


def check_bootstrap(
    subject: str, n_bootstrap: Any, confidence: Any, **own: tuple[Any, Constraint]
) -> None:
    """Check what all that has intervals over students takes, and other arguments beside it.

    Parameters
    ----------
    subject : str
        Who asks, for error messages.
    n_bootstrap, confidence
    **own : tuple of (value, constraint)
        By name, what only this one takes.

    Raises
    ------
    ParameterError
        Lists every argument out of range.
    """
    arguments = {
        **own,
        "n_bootstrap": (n_bootstrap, _RESAMPLES),
        "confidence": (confidence, _CONFIDENCE),
    }
    check_parameters(
        subject,
        {name: value for name, (value, _) in arguments.items()},
        {name: [constraint] for name, (_, constraint) in arguments.items()},
    )


def predictions(model: Predicts, log: ResponseLog, name: str) -> Floats:
    """P(correct) of every row, shape (n,), checked where there is an answer.

    Raises
    ------
    ParameterError
        If the model's prediction is not of shape (n, 2), or holds other than probabilities.
    """
    both = np.asarray(model.predict_proba(log), np.float64)
    if both.shape != (len(log), 2):
        raise ParameterError(
            f"predictions of {name}",
            [f"predict_proba must return shape ({len(log)}, 2), got {both.shape}"],
        )
    predicted = both[:, 1]
    wrong = np.flatnonzero(log.answered & ~((predicted >= 0) & (predicted <= 1)))
    if len(wrong):
        raise ParameterError(
            f"predictions of {name}",
            [
                f"{len(wrong)} of {len(log)} are not probabilities, first "
                f"{predicted[wrong[0]]} in row {wrong[0]}"
            ],
        )
    return predicted


def summarise(
    name: str,
    correct: Floats,
    predicted: Floats,
    student: Ints,
    *,
    n_bootstrap: int,
    confidence: float,
    rng: np.random.Generator,
    notes: list[str],
) -> tuple[Evaluation, dict[str, Floats]]:
    """Metrics of scored answers, with their intervals and the reasons for missing ones.

    Parameters
    ----------
    name : str
        The model's name.
    correct, predicted : float arrays, shape (n,)
    student : integer array, shape (n,)
        Any code per student.
    n_bootstrap, confidence
        As in `evaluate`.
    rng : numpy.random.Generator
    notes : list of str
        What is known already; the result holds these first.

    Returns
    -------
    Evaluation
    dict of str to float array, shape (n_bootstrap,)
        Each metric in the resamples of students; empty without intervals.
    """
    values = all_metrics(correct, predicted)
    students, code = np.unique(student, return_inverse=True)
    notes = list(notes)
    if np.isnan(values["auc"]):
        notes.append(ONE_CLASS)
    if failed := int(np.count_nonzero(predicted == 1 - correct)):
        notes.append(
            f"{failed:,} predictions of exactly 0 or 1 failed; each adds 36 to the sum of log loss"
        )
    if len(students) == 1:
        notes.append("no intervals, since one student says nothing about others")
        n_bootstrap = 0
    resampled: dict[str, Floats] = {}
    if not n_bootstrap:
        intervals = dict.fromkeys(METRICS, (float("nan"), float("nan")))
    else:
        resampled = bootstrap_metrics(correct, predicted, code, n_bootstrap, rng)
        lost = int(np.isnan(resampled["auc"]).sum())
        if lost and not np.isnan(values["auc"]):
            notes.append(
                f"the interval of AUC leaves out {lost:,} of {n_bootstrap:,} resamples, in which "
                "every answer is alike"
            )
        intervals = {
            metric: _interval(metric, value, resampled[metric], confidence)
            for metric, value in values.items()
        }
    evaluation = Evaluation(
        model=name,
        n_responses=len(correct),
        n_students=len(students),
        fraction_correct=float(correct.mean()),
        confidence=confidence,
        n_bootstrap=n_bootstrap,
        notes=tuple(notes),
        **{metric: Estimate(value, *intervals[metric]) for metric, value in values.items()},
    )
    return evaluation, resampled


def _interval(
    metric: str, value: float, resampled: Floats, confidence: float
) -> tuple[float, float]:
    defined = resampled[~np.isnan(resampled)]
    if np.isnan(value) or not len(defined):
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(defined, [tail, 1 - tail]).tolist()
    if metric == "calibration_error":
        # Upward bias, doubled by resampling: see the notes of `evaluate`.
        lower, upper = max(0.0, min(value, 2 * value - upper)), max(value, 2 * value - lower)
    return lower, upper
