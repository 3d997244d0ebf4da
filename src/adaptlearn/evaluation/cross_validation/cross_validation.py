"""Cross-validation by student, or forward in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.checkup.copies import CopiedStudents, copied_students
from adaptlearn.errors import ParameterError, ResponseDataError
from adaptlearn.evaluation.cross_validation.cache import FoldRun
from adaptlearn.evaluation.cross_validation.comparison import CrossValidation
from adaptlearn.evaluation.cross_validation.runs import OnFold, run_folds
from adaptlearn.evaluation.cross_validation.searches import search_problems
from adaptlearn.evaluation.cross_validation.splits import splits_of
from adaptlearn.evaluation.custom_metrics import Metric, checked_metrics, value_or_nan
from adaptlearn.evaluation.diagnostics.groups import group_errors
from adaptlearn.evaluation.intervals import check_bootstrap
from adaptlearn.evaluation.metrics import METRICS, all_metrics
from adaptlearn.evaluation.results import Evaluation
from adaptlearn.evaluation.scoring import summarise
from adaptlearn.numerics import Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.responses import ResponseLog, as_log
from adaptlearn.validation import OneOf


def cross_validate(
    models: Any,
    log: Any,
    *,
    cv: Any = 5,
    copies: bool | CopiedStudents = False,
    metrics: Mapping[str, Metric] | None = None,
    by: str | ArrayLike | None = None,
    errors: Literal["raise", "skip"] = "raise",
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: Randomness = 0,
    n_jobs: int | None = None,
    folder: str | PathLike[str] | None = None,
    on_fold: OnFold | None = None,
) -> CrossValidation:
    """Repeatedly fit models on some students and score the models on the other students.

    By default, the answers of one student are all in the training rows of a fold, or all in its
    test rows. A fold may also train on a student's earlier answers and test on the later answers,
    as the folds of `ForwardSplit` do. In a fold of `ForwardSplit`, the model predicts the later
    answers from the earlier answers.

    Parameters
    ----------
    models : model, or mapping of str to model
        Estimators with ``fit(log)`` and ``predict_proba(log)`` that scikit-learn can clone. Each
        fold fits a new clone; the models that you pass do not change.
    log : ResponseLog, or a frame with the standard column names
    cv : int, splitter or iterable of (train rows, test rows), default 5
        The number of folds, over shuffled students. You can also pass a `StudentSplit`, a
        `ForwardSplit` or another scikit-learn splitter. The splitter's ``split`` is called with
        three arguments: the log, the log's ``correct`` column, and the student of each row as the
        groups.
    copies : bool or CopiedStudents, default False
        Whether students who are copies of each other stay in one fold, as in `StudentSplit`.
    metrics : mapping of str to function, optional
        Your own metrics by name, as in `evaluate`.
    by : str or array, optional
        How to group the answers, for example by ``"skill"``, as in `evaluate`. The errors per group
        and model are in the result's ``groups`` and ``group_table()``.
    errors : {"raise", "skip"}, default "raise"
        What happens if a model cannot be fitted to this log or cannot predict. ``"raise"`` raises
        the error. ``"skip"`` leaves the model out; the result's ``skipped`` contains the reason.
    n_bootstrap, confidence
        As in `evaluate`; these two arguments apply to the pooled metrics.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        The source of random numbers for the folds and the resamples. Models use their own random
        state.
    n_jobs : int, optional
        How many fits run at the same time, each in its own process; 1 by default, -1 means one per
        processor. The results do not depend on the number of processes.
    folder : path, optional
        A folder that stores finished fits, one file for each model and fold. If you call
        `cross_validate` again with the same folder, for example with more models, it computes only
        the missing fits. A stored fit is not used if the model's parameters, the code, the log or
        the folds have changed.
    on_fold : callable, optional
        A function that is called with the number of finished fits and the number of all fits.
        `cross_validate` calls `on_fold` at the start, when only the fits found in `folder` are
        finished, and after each fit.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ParameterError
        The error is raised if there are fewer students than folds, or if folds divide a student or
        separate copies. The error is also raised if a model cannot be cloned (or, with `folder`,
        cannot be stored). The error is also raised if an argument is out of range, if predictions
        are not probabilities, or if every model was skipped.
    ResponseDataError
        The error is raised if the log is malformed, or if the folds test no answer.

    Notes
    -----
    *Searches.* A model may be a search of scikit-learn, such as ``GridSearchCV``. In each fold, the
    search then uses only the training students to choose parameters. The inner folds of the search
    also keep all answers of a student together. If the search's ``cv`` is a number of folds or
    missing, the search uses a `StudentSplit`. Other splitters get the students as groups. An error
    is raised if such a splitter divides a student. The search's ``scoring`` may be a name that
    scikit-learn knows. Without ``scoring``, models are scored by their log-likelihood.

    Pooling ranks the predictions of several fits together, so a pooled AUC may be a little lower
    than the mean AUC of the folds. Intervals over students do not include the variation between
    training sets. No unbiased estimate of the variation between training sets exists (Bengio &
    Grandvalet 2004).

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
    check_bootstrap(
        "cross_validate", n_bootstrap, confidence, errors=(errors, OneOf(("raise", "skip")))
    )
    own = checked_metrics("cross_validate", metrics)
    if folder is not None and random_state is None and isinstance(cv, int | np.integer):
        raise ParameterError(
            "cross_validate",
            [
                "folder keeps finished fits for the next call, and random_state=None draws other "
                "folds in each, so that none would be found again; give an integer"
            ],
        )
    log = as_log(log)
    rng = generator_of(random_state)
    fold_seed, bootstrap_seed = rng.integers(2**31, size=2).tolist()
    named = _clones_of(models)
    if copies is True:
        copies = copied_students(log)
    splits = splits_of(cv, log, fold_seed, copies)
    runs, skipped = run_folds(
        named,
        log,
        splits,
        copies=copies,
        skip=errors == "skip",
        n_jobs=n_jobs,
        folder=None if folder is None else Path(folder),
        on_fold=on_fold,
    )
    if not runs:
        raise ParameterError("cross_validate", [f"{name}: {why}" for name, why in skipped.items()])
    test_rows = tuple(split.test for split in splits)
    pooled = {
        name: _pooled(
            name,
            log,
            test_rows,
            folds,
            n_bootstrap=n_bootstrap,
            confidence=confidence,
            rng=np.random.default_rng(bootstrap_seed),
            own=own,
        )
        for name, folds in runs.items()
    }
    predicted = {name: _in_row_order(len(log), test_rows, folds) for name, folds in runs.items()}
    groups = (
        {}
        if by is None
        else {
            name: group_errors(
                log,
                probabilities,
                by,
                metrics=own,
                n_bootstrap=n_bootstrap,
                confidence=confidence,
                random_state=bootstrap_seed,
            )
            for name, probabilities in predicted.items()
        }
    )
    return CrossValidation(
        pooled={name: evaluation for name, (evaluation, _) in pooled.items()},
        folds={name: _per_fold(log, test_rows, folds, own) for name, folds in runs.items()},
        predictions=predicted,
        test_rows=test_rows,
        scheme="forward in time" if any(split.forward for split in splits) else "by student",
        resampled={name: resampled for name, (_, resampled) in pooled.items()},
        groups=groups,
        skipped=skipped,
    )


def _clones_of(models: Any) -> dict[str, Any]:
    """Unfitted clones by name."""
    from sklearn.base import clone

    if isinstance(models, (list, tuple)):
        got = f"got a {type(models).__name__}"
        told = f"name several models, such as {{'first': …, 'second': …}}, {got}"
        raise ParameterError("cross_validate", [told])
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
        else:
            problems += search_problems(name, model)
    if problems:
        raise ParameterError("cross_validate", problems)
    return clones


def _pooled(
    name: str,
    log: ResponseLog,
    test_rows: Sequence[Ints],
    folds: Sequence[FoldRun],
    *,
    n_bootstrap: int,
    confidence: float,
    rng: np.random.Generator,
    own: Mapping[str, Metric],
) -> tuple[Evaluation, dict[str, Floats]]:
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
        own=own,
    )


def _per_fold(
    log: ResponseLog,
    test_rows: Sequence[Ints],
    folds: Sequence[FoldRun],
    own: Mapping[str, Metric],
) -> dict[str, Floats]:
    columns: dict[str, list[float]] = {name: [] for name in (*METRICS, *own)}
    for rows, fold in zip(test_rows, folds, strict=True):
        answered = log.answered[rows]
        if answered.any():
            correct = log.correct[rows][answered].astype(np.float64)
            predicted = fold.predicted[answered]
            values = all_metrics(correct, predicted)
            values |= {
                name: value_or_nan(name, one, correct, predicted) for name, one in own.items()
            }
        else:
            values = dict.fromkeys(columns, float("nan"))
        for name, value in values.items():
            columns[name].append(value)
    columns["fit_time"] = [fold.fit_time for fold in folds]
    columns["predict_time"] = [fold.predict_time for fold in folds]
    return {name: np.array(values) for name, values in columns.items()}


def _in_row_order(n: int, test_rows: Sequence[Ints], folds: Sequence[FoldRun]) -> Floats:
    rows = np.concatenate(test_rows)
    total = np.bincount(rows, np.concatenate([fold.predicted for fold in folds]), minlength=n)
    times = np.bincount(rows, minlength=n)
    mean = np.full(n, np.nan)
    np.divide(total, times, out=mean, where=times > 0)
    return mean
