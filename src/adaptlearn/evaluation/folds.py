"""Cross-validation by student."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.evaluation.metrics import METRICS, Floats, all_metrics
from adaptlearn.evaluation.results import (
    TITLES,
    Evaluation,
    html_table,
    note_lines,
    number,
    text_table,
)
from adaptlearn.evaluation.scoring import BOOTSTRAP_CONSTRAINTS, predictions, summarise
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.validation import Interval, check_parameters, some

Rows = NDArray[np.intp]


@dataclass(frozen=True, repr=False)
class CrossValidation:
    """Models compared on the same folds; printed, a table with a row per model.

    Attributes
    ----------
    pooled : dict of str to Evaluation
        By model: the metrics of all out-of-fold predictions together, with intervals over
        students. The resamples of students are the same for every model.
    folds : dict of str to dict of str to float array, shape (n_folds,)
        By model: each metric within each fold, and ``fit_time`` and ``predict_time`` in
        seconds. A metric that a fold leaves undefined is nan.
    predictions : dict of str to float array, shape (n,)
        By model: the out-of-fold P(correct) of each row, in the caller's row order,
        exposures included. nan where no fold tests the row; the mean where several do.
    test_rows : tuple of integer arrays
        The rows that each fold tested.
    """

    pooled: dict[str, Evaluation]
    folds: dict[str, dict[str, Floats]]
    predictions: dict[str, Floats]
    test_rows: tuple[Rows, ...]

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per model and fold, as columns any dataframe library takes."""
        names, n_folds = list(self.folds), len(self.test_rows)
        columns: dict[str, NDArray[Any]] = {
            "model": np.repeat(np.array(names, dtype=str), n_folds),
            "fold": np.tile(np.arange(n_folds), len(names)),
        }
        for column in (*METRICS, "fit_time", "predict_time"):
            columns[column] = np.concatenate([self.folds[name][column] for name in names])
        return columns

    def to_dict(self) -> dict[str, Any]:
        """Pooled and per-fold numbers, ready for JSON (None for nan); predictions left out."""
        return {
            "n_folds": len(self.test_rows),
            "models": {
                name: {
                    "pooled": self.pooled[name].to_dict(),
                    "folds": {
                        column: [None if np.isnan(x) else x for x in values.tolist()]
                        for column, values in self.folds[name].items()
                    },
                }
                for name in self.folds
            },
        }

    def _parts(self) -> tuple[str, list[str], list[list[str]], list[str]]:
        first = next(iter(self.pooled.values()))
        caption = (
            f"{len(self.test_rows)} folds by student: {first.n_responses:,} out-of-fold "
            f"predictions of {first.n_students:,} students"
        )
        head = ["model", "AUC", f"{first.confidence * 100:g}% interval"]
        head += [TITLES[metric] for metric in METRICS[1:]] + ["fit (s)"]
        rows = [
            [
                name,
                number(pooled.auc.value),
                pooled.auc.interval(),
                *(number(getattr(pooled, metric).value) for metric in METRICS[1:]),
                f"{self.folds[name]['fit_time'].mean():.2f}",
            ]
            for name, pooled in self.pooled.items()
        ]
        notes = [f"{name}: {note}" for name, result in self.pooled.items() for note in result.notes]
        return caption, head, rows, notes

    def __repr__(self) -> str:
        return f"CrossValidation({', '.join(self.pooled)}; {len(self.test_rows)} folds)"

    def __str__(self) -> str:
        caption, head, rows, notes = self._parts()
        return "\n".join([caption, text_table(head, rows), *note_lines(notes)])

    def _repr_html_(self) -> str:
        return html_table(*self._parts())


def cross_validate(
    models: Any,
    log: Any,
    *,
    cv: Any = 5,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
) -> CrossValidation:
    """Fit models on some students and score them on the others, in turn.

    A fold never cuts a student: a model would else be scored on students it was fitted on.

    Parameters
    ----------
    models : model, or mapping of str to model
        Estimators with ``fit(log)`` and ``predict_proba(log)`` that scikit-learn can clone.
        Each fold fits a fresh clone; the models given are left as they are.
    log : ResponseLog, or a frame with the standard column names
    cv : int, splitter or iterable of (train rows, test rows), default 5
        Number of folds, over shuffled students; or a scikit-learn splitter, whose ``split``
        is called with the log, its ``correct`` column and a group per student.
    n_bootstrap, confidence
        As in `evaluate`, for the pooled metrics.
    random_state : int, numpy.random.Generator or None, default 0
        Source of the folds and of the resamples; models keep their own.
    n_jobs : int, optional
        Fits that run at once, in processes of their own (-1: one per processor); 1 by
        default. The results do not depend on it.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ParameterError
        For fewer students than folds, folds that cut a student, models that cannot be cloned,
        other arguments out of range, and predictions that are not probabilities.
    ResponseDataError
        If the log is malformed, or the folds test no answer.

    Notes
    -----
    Pooling puts predictions of several fits into one ranking, so a pooled AUC may lie a little
    below the mean of the folds'. Intervals over students leave out the variation between
    training sets (Bengio & Grandvalet 2004: no unbiased estimate of it exists).

    References
    ----------
    Bengio & Grandvalet (2004), No unbiased estimator of the variance of K-fold
    cross-validation. Journal of Machine Learning Research 5.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> class Rate(BaseEstimator):
    ...     def fit(self, log, y=None):
    ...         self.rate_ = log.correct.mean()
    ...         return self
    ...     def predict_proba(self, log):
    ...         return np.tile([1 - self.rate_, self.rate_], (len(log), 1))
    >>> log = {"student": [1, 1, 2, 2, 3, 3], "skill": [1] * 6, "correct": [0, 1, 1, 1, 0, 1]}
    >>> result = cross_validate(Rate(), log, cv=3)
    >>> result.predictions["Rate"].tolist()
    [0.75, 0.75, 0.5, 0.5, 0.75, 0.75]
    """
    from sklearn.utils.parallel import Parallel, delayed

    check_parameters(
        "cross_validate",
        {"n_bootstrap": n_bootstrap, "confidence": confidence},
        BOOTSTRAP_CONSTRAINTS,
    )
    log = as_log(log)
    rng = np.random.default_rng(random_state)
    fold_seed, bootstrap_seed = rng.integers(2**31, size=2).tolist()
    named = _clones_of(models)
    splits = _splits(cv, log, fold_seed)
    tasks = [(name, fold, *split) for name in named for fold, split in enumerate(splits)]
    done = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_predict)(named[name], log, train, test, f"{name}, fold {fold}")
        for name, fold, train, test in tasks
    )
    per_model = {
        name: done[place * len(splits) : (place + 1) * len(splits)]
        for place, name in enumerate(named)
    }
    test_rows = tuple(test for _, test in splits)
    return CrossValidation(
        pooled={
            name: _pooled(
                name,
                log,
                test_rows,
                folds,
                n_bootstrap=n_bootstrap,
                confidence=confidence,
                rng=np.random.default_rng(bootstrap_seed),
            )
            for name, folds in per_model.items()
        },
        folds={name: _per_fold(log, test_rows, folds) for name, folds in per_model.items()},
        predictions={
            name: _in_row_order(len(log), test_rows, folds) for name, folds in per_model.items()
        },
        test_rows=test_rows,
    )


class _Fold(NamedTuple):
    predicted: Floats
    fit_time: float
    predict_time: float


def _clones_of(models: Any) -> dict[str, Any]:
    """Unfitted clones by name."""
    from sklearn.base import clone

    named = dict(models) if isinstance(models, Mapping) else {type(models).__name__: models}
    problems = [] if named else ["models is empty; expected a model or a mapping of name to model"]
    clones = {}
    for name, model in named.items():
        if not isinstance(name, str):
            problems.append(f"names of models must be strings, got {name!r}")
        try:
            clones[name] = clone(model)
        except TypeError:
            problems.append(
                f"model {name!r} cannot be cloned; expected an estimator that has get_params"
            )
    if problems:
        raise ParameterError("cross_validate", problems)
    return clones


def _splits(cv: Any, log: ResponseLog, seed: int) -> list[tuple[Rows, Rows]]:
    """Rows to train and to test on, fold by fold; no student is in both."""
    if isinstance(cv, int | np.integer):
        return list(_student_folds(int(cv), log, seed))
    from sklearn.model_selection import check_cv

    try:
        splitter = check_cv(cv)
    except ValueError as error:
        raise ParameterError("cross_validate", [f"cv: {error}"]) from error
    with warnings.catch_warnings():
        # Groups are for splitters that know them; others say that they do not.
        warnings.filterwarnings("ignore", message="The groups parameter is ignored")
        pairs = list(splitter.split(log, log.correct, log.student.codes))
    every = np.arange(len(log))
    splits = [(every[train], every[test]) for train, test in pairs]
    codes, labels = log.student.codes, log.student.labels
    cut = [np.intersect1d(codes[train], codes[test]) for train, test in splits]
    bad = [fold for fold, students in enumerate(cut) if len(students)]
    if bad:
        example = some(labels[cut[bad[0]]], 3)
        raise ParameterError(
            "cross_validate",
            [
                f"cv cuts students: {len(bad)} of {len(splits)} folds train and test on the same "
                f"ones, fold {bad[0]} on {example}; use a splitter that keeps groups together, "
                "such as GroupKFold, or give the number of folds"
            ],
        )
    return splits


def _student_folds(n_folds: int, log: ResponseLog, seed: int) -> Iterator[tuple[Rows, Rows]]:
    # KFold over students, not GroupKFold(shuffle=True), which only newer scikit-learns have:
    # the folds are then the same beside every version.
    from sklearn.model_selection import KFold

    students, code = np.unique(log.student.codes, return_inverse=True)
    check_parameters("cross_validate", {"cv": n_folds}, {"cv": [Interval(2, 2**31, integer=True)]})
    if len(students) < n_folds:
        raise ParameterError(
            "cross_validate",
            [f"cv must be at most the number of students, {len(students)}, got {n_folds}"],
        )
    fold = np.empty(len(students), np.intp)
    splitter = KFold(n_folds, shuffle=True, random_state=seed)
    for place, (_, test) in enumerate(splitter.split(students)):
        fold[test] = place
    for place in range(n_folds):
        tested = fold[code] == place
        yield np.flatnonzero(~tested), np.flatnonzero(tested)


def _fit_and_predict(model: Any, log: ResponseLog, train: Rows, test: Rows, what: str) -> _Fold:
    from sklearn.base import clone

    fresh = clone(model)
    try:
        start = time.perf_counter()
        fresh.fit(log[train])
        fitted = time.perf_counter()
        predicted = predictions(fresh, log[test], what)
        return _Fold(predicted, fitted - start, time.perf_counter() - fitted)
    except Exception as error:
        error.add_note(f"while cross-validating {what}")
        raise


def _pooled(
    name: str,
    log: ResponseLog,
    test_rows: Sequence[Rows],
    folds: Sequence[_Fold],
    *,
    n_bootstrap: int,
    confidence: float,
    rng: np.random.Generator,
) -> Evaluation:
    rows = np.concatenate(test_rows)
    predicted = np.concatenate([fold.predicted for fold in folds])
    answered = log.answered[rows]
    if not answered.any():
        raise ResponseDataError("cross_validate", ["the folds test no answer"])
    notes = []
    times = np.bincount(rows, minlength=len(log))
    if never := int(np.count_nonzero(times == 0)):
        notes.append(f"no fold tested {never:,} of {len(log):,} rows")
    if again := int(np.count_nonzero(times > 1)):
        notes.append(f"{again:,} rows were tested in several folds and count once in each")
    if exposures := int(np.count_nonzero(~answered)):
        notes.append(f"{exposures:,} rows without an answer were not scored")
    return summarise(
        name,
        log.correct[rows][answered].astype(np.float64),
        predicted[answered],
        log.student.codes[rows][answered],
        n_bootstrap=n_bootstrap,
        confidence=confidence,
        rng=rng,
        notes=notes,
    )


def _per_fold(
    log: ResponseLog, test_rows: Sequence[Rows], folds: Sequence[_Fold]
) -> dict[str, Floats]:
    columns: dict[str, list[float]] = {name: [] for name in METRICS}
    for rows, fold in zip(test_rows, folds, strict=True):
        answered = log.answered[rows]
        if answered.any():
            values = all_metrics(log.correct[rows][answered], fold.predicted[answered])
        else:
            values = dict.fromkeys(METRICS, float("nan"))
        for name, value in values.items():
            columns[name].append(value)
    columns["fit_time"] = [fold.fit_time for fold in folds]
    columns["predict_time"] = [fold.predict_time for fold in folds]
    return {name: np.array(values) for name, values in columns.items()}


def _in_row_order(n: int, test_rows: Sequence[Rows], folds: Sequence[_Fold]) -> Floats:
    rows = np.concatenate(test_rows)
    total = np.bincount(rows, np.concatenate([fold.predicted for fold in folds]), minlength=n)
    times = np.bincount(rows, minlength=n)
    mean = np.full(n, np.nan)
    np.divide(total, times, out=mean, where=times > 0)
    return mean
