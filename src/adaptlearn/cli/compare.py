"""``adaptlearn compare``: models side by side, on the same folds of students."""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import adaptlearn
from adaptlearn import ResponseLog
from adaptlearn.cli.output import say, show, show_json, to_json
from adaptlearn.cli.progress import task_progress
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import (
    DataWarning,
    IdentificationWarning,
    MissingDependency,
    ParameterError,
)
from adaptlearn.evaluation.cross_validation.comparison import CrossValidation
from adaptlearn.evaluation.diagnostics.calibration import CalibrationCurve, calibration_curve
from adaptlearn.evaluation.plots import comparison_figure
from adaptlearn.models.registry import NamedModel, named_models


def run(arguments: Namespace) -> None:
    """Read, cross-validate, write, show."""
    folder: Path | None = arguments.output
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    log = read_log(arguments.log, arguments)
    chosen = choose(arguments.models, log, arguments.log)
    result = compare(chosen, log, arguments).ranked()
    report = {
        "log": str(arguments.log),
        "n_responses": len(log),
        "n_students": log.n_students,
        "n_skills": log.n_skills,
        "seed": arguments.seed,
        "version": adaptlearn.__version__,
        "configurations": {name: repr(model()) for name, model in chosen.items()},
        **result.to_dict(),
    }
    if folder is not None:
        report["files"] = write(folder, report, result, log)
    if arguments.json:
        show_json(report)
        return
    show(str(result))
    if len(chosen) > 1:
        show(f"\n{result.differences()}")
    for name, what in report.get("files", {}).items():
        say(f"{folder}/{name}: {what}")


def choose(names: list[str] | None, log: ResponseLog, source: str) -> dict[str, NamedModel]:
    """The models of some names; without names, all those that the log has the columns for.

    Raises
    ------
    ParameterError
        Lists every model that was named and the columns it lacks, before anything is fitted.
    """
    known = named_models()
    missing = {
        name: [column for column in known[name].needs if getattr(log, column) is None]
        for name in (known if names is None else names)
    }
    lacking = {name: columns for name, columns in missing.items() if columns}
    if names is None and lacking:
        say(f"left out, for want of columns: {', '.join(lacking)}")
    elif lacking:
        problems = [
            f"model {name!r} needs " + " and ".join(f"a column {column}" for column in columns)
            for name, columns in lacking.items()
        ]
        absent = dict.fromkeys(column for columns in lacking.values() for column in columns)
        options = " and ".join(f"--{column} COL" for column in absent)
        problems[-1] += f"; name it with {options}, or leave out the model"
        raise ParameterError(source, problems)
    return {name: known[name] for name in missing if name not in lacking}


def compare(
    chosen: dict[str, NamedModel], log: ResponseLog, arguments: Namespace
) -> CrossValidation:
    """Cross-validate with a progress bar; finished fits outlive an interruption."""
    folder: Path | None = arguments.output
    calls = count()
    with task_progress("comparing", "fits") as move, quiet_fits():

        def on_fold(done: int, n_fits: int) -> None:
            if next(calls) == 0 and done:
                say(f"{done} of {n_fits} fits were found in {folder}")
            move(done, n_fits)

        try:
            return adaptlearn.cross_validate(
                {name: model() for name, model in chosen.items()},
                log,
                cv=arguments.folds,
                n_bootstrap=arguments.bootstrap,
                random_state=arguments.seed,
                n_jobs=arguments.jobs,
                folder=None if folder is None else folder / "folds",
                on_fold=on_fold,
            )
        except KeyboardInterrupt:
            if folder is not None:
                say(f"finished fits are kept in {folder}; the same command goes on from there")
            raise


@contextmanager
def quiet_fits() -> Iterator[None]:
    """Leave out what each fold would say anew of data that `adaptlearn check` judges once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IdentificationWarning)
        warnings.simplefilter("ignore", DataWarning)
        warnings.filterwarnings("always", "a kept fold", DataWarning)
        yield


def write(
    folder: Path, report: dict[str, Any], result: CrossValidation, log: ResponseLog
) -> dict[str, str]:
    """Write the files; their names, and what each is."""
    curves: dict[str, CalibrationCurve] = {
        name: calibration_curve(log, predicted) for name, predicted in result.predictions.items()
    }
    content = {**report, "calibration": {name: curve.to_dict() for name, curve in curves.items()}}
    (folder / "comparison.json").write_text(to_json(content) + "\n", encoding="utf-8")
    files = {"comparison.json": "every number, with intervals, folds, differences, calibration"}
    try:
        figure = comparison_figure(result, curves)
    except MissingDependency:
        say("no picture, since matplotlib is not installed: pip install 'adaptlearn[plot]'")
    else:
        figure.savefig(folder / "comparison.png", dpi=150)
        files["comparison.png"] = "AUC and log loss with intervals, and calibration"
    return files
