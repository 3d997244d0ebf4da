"""Fitting and predicting, fold by fold: all that takes time in a cross-validation."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from adaptlearn.checkup.copies import CopiedStudents
from adaptlearn.errors import AdaptLearnWarning, ProblemsError
from adaptlearn.evaluation.cross_validation.cache import FoldRun, KeptFolds, read_run, write_run
from adaptlearn.evaluation.cross_validation.searches import fit_whole
from adaptlearn.evaluation.cross_validation.splits import Split
from adaptlearn.evaluation.predictions import predictions
from adaptlearn.progress import report
from adaptlearn.responses import ResponseLog

OnFold = Callable[[int, int], None]
Warned = tuple[Warning | str, type[Warning], str, int]


class Task(NamedTuple):
    """One fit of one model."""

    name: str
    fold: int

    def __str__(self) -> str:
        return f"{self.name}, fold {self.fold}"


class Outcome(NamedTuple):
    """What came of a task: its run, or why there is none."""

    task: Task
    run: FoldRun | None
    reason: str
    warned: list[Warned]


def run_folds(
    models: Mapping[str, Any],
    log: ResponseLog,
    splits: Sequence[Split],
    *,
    copies: CopiedStudents | Literal[False] = False,
    skip: bool = False,
    n_jobs: int | None = None,
    folder: Path | None = None,
    on_fold: OnFold | None = None,
) -> tuple[dict[str, list[FoldRun]], dict[str, str]]:
    """Fit a clone of each model to each fold's training rows, and predict its test rows.

    Parameters
    ----------
    models : mapping of str to model
    log : ResponseLog
    splits : sequence of Split
    copies : CopiedStudents or False
        Whom the folds inside a search keep together.
    skip : bool
        Whether a model that fails is left out, rather than the end of all.
    n_jobs, folder, on_fold
        As in `cross_validate`.

    Returns
    -------
    dict of str to list of FoldRun
        By model, in the order of the splits.
    dict of str to str
        By model that was left out, why.
    """
    from sklearn.utils.parallel import Parallel, delayed

    kept = None if folder is None else KeptFolds(folder, log, copies)
    tasks = [Task(name, fold) for name in models for fold in range(len(splits))]
    places = {
        task: kept.place(task.name, task.fold, models[task.name], splits[task.fold])
        for task in tasks
        if kept is not None
    }
    done: dict[Task, FoldRun] = {}
    for task, path in places.items():
        found = read_run(path, len(splits[task.fold].test))
        if found is not None:
            done[task] = found
    skipped: dict[str, str] = {}

    def tell() -> None:
        n_done = sum(task in done or task.name in skipped for task in tasks)
        report("cross-validating", "fits", n_done, len(tasks))
        if on_fold is not None:
            on_fold(n_done, len(tasks))

    tell()
    outcomes = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_run)(
            models[task.name],
            log,
            splits[task.fold],
            task,
            copies=copies,
            skip=skip,
            path=places.get(task),
        )
        for task in tasks
        if task not in done and task.name not in skipped  # asked when its turn has come
    )
    for task, run, reason, warned in outcomes:
        if run is None:
            skipped.setdefault(task.name, reason)
        else:
            done[task] = run
        for warning in warned:
            warnings.warn_explicit(*warning)
        tell()
    found_all = {
        name: [done[Task(name, fold)] for fold in range(len(splits))]
        for name in models
        if name not in skipped
    }
    return found_all, skipped


def _run(
    model: Any,
    log: ResponseLog,
    split: Split,
    task: Task,
    *,
    copies: CopiedStudents | Literal[False],
    skip: bool,
    path: Path | None,
) -> Outcome:
    """Fit, predict, keep; warnings go home, where the caller's filters are."""
    from sklearn.base import clone

    fresh = clone(model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AdaptLearnWarning)
        try:
            start = time.perf_counter()
            fit_whole(fresh, log[split.train], copies)
            fitted = time.perf_counter()
            predicted = predictions(fresh, log[split.shown], str(task))
            run = FoldRun(predicted, fitted - start, time.perf_counter() - fitted)
        except Exception as error:
            if skip:
                return Outcome(task, None, _reason(error), [])
            error.add_note(f"while cross-validating {task}")
            raise
    if split.forward:
        run = run._replace(predicted=predicted[np.searchsorted(split.shown, split.test)])
    if path is not None:
        # Here, not where results are gathered: what one process has finished outlives the others.
        write_run(path, run)
    warned = [(w.message, w.category, w.filename, w.lineno) for w in caught]
    return Outcome(task, run, "", warned)


def _reason(error: Exception) -> str:
    """What an error says, in one line."""
    if isinstance(error, ProblemsError):
        return "; ".join(error.problems)
    return " ".join(f"{type(error).__name__}: {error}".split())
