"""Fitting and predicting, fold by fold: all that takes time in a cross-validation."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.errors import AdaptLearnWarning
from adaptlearn.evaluation.cross_validation.cache import FoldRun, KeptFolds, read_run, write_run
from adaptlearn.evaluation.cross_validation.splits import Split
from adaptlearn.evaluation.scoring import predictions
from adaptlearn.responses import ResponseLog

OnFold = Callable[[int, int], None]
Warned = tuple[Warning | str, type[Warning], str, int]


def run_folds(
    models: Mapping[str, Any],
    log: ResponseLog,
    splits: Sequence[Split],
    *,
    n_jobs: int | None = None,
    folder: Path | None = None,
    on_fold: OnFold | None = None,
) -> dict[str, list[FoldRun]]:
    """Fit a clone of each model to each fold's training rows, and predict its test rows.

    Parameters
    ----------
    models : mapping of str to model
    log : ResponseLog
    splits : sequence of Split
    n_jobs, folder, on_fold
        As in `cross_validate`.

    Returns
    -------
    dict of str to list of FoldRun
        By model, in the order of the splits.
    """
    from sklearn.utils.parallel import Parallel, delayed

    kept = None if folder is None else KeptFolds(folder, log)
    tasks = [(name, fold) for name in models for fold in range(len(splits))]
    places = {
        (name, fold): kept.place(name, fold, models[name], splits[fold])
        for name, fold in tasks
        if kept is not None
    }
    done: dict[tuple[str, int], FoldRun] = {}
    for task, path in places.items():
        found = read_run(path, len(splits[task[1]].test))
        if found is not None:
            done[task] = found
    if on_fold is not None:
        on_fold(len(done), len(tasks))
    left = [task for task in tasks if task not in done]
    runs = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_run)(models[name], log, splits[fold], f"{name}, fold {fold}", places.get(task))
        for task in left
        for name, fold in [task]
    )
    for task, (run, warned) in zip(left, runs, strict=True):
        done[task] = run
        for warning in warned:
            warnings.warn_explicit(*warning)
        if on_fold is not None:
            on_fold(len(done), len(tasks))
    return {name: [done[name, fold] for fold in range(len(splits))] for name in models}


def _run(
    model: Any, log: ResponseLog, split: Split, what: str, path: Path | None
) -> tuple[FoldRun, list[Warned]]:
    """Fit, predict, keep; warnings go home, where the caller's filters are."""
    from sklearn.base import clone

    fresh = clone(model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AdaptLearnWarning)
        try:
            start = time.perf_counter()
            fresh.fit(log[split.train])
            fitted = time.perf_counter()
            predicted = predictions(fresh, log[split.shown], what)
            run = FoldRun(predicted, fitted - start, time.perf_counter() - fitted)
        except Exception as error:
            error.add_note(f"while cross-validating {what}")
            raise
    if split.forward:
        run = run._replace(predicted=predicted[np.searchsorted(split.shown, split.test)])
    if path is not None:
        # Here, not where results are gathered: what one process has finished outlives the others.
        write_run(path, run)
    return run, [(w.message, w.category, w.filename, w.lineno) for w in caught]
