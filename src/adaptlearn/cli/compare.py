"""``adaptlearn compare``: models side by side, on the same folds of students."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adaptlearn
from adaptlearn.cli.options import add_bootstrap, add_columns, add_log, natural, positive
from adaptlearn.cli.output import say, show, show_json, to_json
from adaptlearn.cli.progress import task_progress
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import (
    DataWarning,
    IdentificationWarning,
    MissingDependency,
    ParameterError,
)
from adaptlearn.files import write_text
from adaptlearn.plotting import write_picture
from adaptlearn.validation import some

if TYPE_CHECKING:
    from adaptlearn.evaluation.cross_validation.comparison import CrossValidation
    from adaptlearn.models.registry import NamedModel
    from adaptlearn.responses.log import ResponseLog

SUMMARY = "compare models by cross-validation over students"
EXAMPLE = "adaptlearn compare demo/responses.csv --models bkt,pfa"


def add_arguments(parser: ArgumentParser) -> None:
    """The log, the models, and how they are compared."""
    add_log(parser)
    parser.add_argument(
        "--models",
        metavar="A,B",
        type=model_names,
        required=True,
        help="names of models, or `all` for those the log has the columns for; a name that is "
        "none lists them",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="where to write tables and a picture, and to keep finished fits: called again after "
        "an interruption, or with more models, only what is missing is computed",
    )
    parser.add_argument(
        "--folds", metavar="N", type=positive, default=5, help="folds of students (default: 5)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=natural, default=0, help="of folds and resamples (default: 0)"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=positive, default=1, help="fits at a time (default: 1)"
    )
    add_bootstrap(parser)
    add_columns(parser)


def model_names(text: str) -> list[str] | None:
    """The names of models between commas; None for `all`."""
    from adaptlearn.models.registry import named_models

    if text.strip() == "all":
        return None
    known = named_models()
    found = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in found if name not in known]
    if unknown or not found:
        said = f"no model is called {some(unknown)}" if unknown else "no model is named"
        width = max(map(len, known))
        lines = "".join(f"\n  {name:<{width}}  {known[name].summary}" for name in known)
        raise ArgumentTypeError(f"{said}; there are{lines}")
    return found


def run(arguments: Namespace) -> None:
    """Read, cross-validate, write, show."""
    folder: Path | None = arguments.output
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    log = read_log(arguments.log, arguments)
    chosen, lacking = choose(arguments.models, log, arguments.log)
    result = compare(chosen, log, arguments).ranked()
    result = replace(result, skipped={**lacking, **result.skipped})
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
    if len(result.pooled) > 1:
        show(f"\n{result.differences()}")
    for name, what in report.get("files", {}).items():
        say(f"{folder}/{name}: {what}")


def choose(
    names: list[str] | None, log: ResponseLog, source: str
) -> tuple[dict[str, NamedModel], dict[str, str]]:
    """The models of some names, or all of them, that the log has the columns for.

    Returns
    -------
    dict of str to NamedModel
    dict of str to str
        By name of the others, what they lack.

    Raises
    ------
    ParameterError
        There are no others: lists every model and the columns it lacks.
    """
    from adaptlearn.models.registry import named_models

    known = named_models()
    missing = {
        name: [column for column in known[name].needs if getattr(log, column) is None]
        for name in (known if names is None else names)
    }
    lacking = {
        name: "it needs " + " and ".join(f"a column {column}" for column in columns)
        for name, columns in missing.items()
        if columns
    }
    if len(lacking) == len(missing):
        problems = [f"model {name!r}: {why}" for name, why in lacking.items()]
        absent = dict.fromkeys(column for columns in missing.values() for column in columns)
        options = " and ".join(f"--{column} COL" for column in absent)
        problems[-1] += f"; name it with {options}, or choose another model"
        raise ParameterError(source, problems)
    return {name: known[name] for name in missing if name not in lacking}, lacking


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
                errors="skip" if len(chosen) > 1 else "raise",
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
    from adaptlearn.evaluation.diagnostics.calibration import calibration_curve
    from adaptlearn.evaluation.plots import comparison_figure

    curves = {
        name: calibration_curve(log, predicted) for name, predicted in result.predictions.items()
    }
    content = {**report, "calibration": {name: curve.to_dict() for name, curve in curves.items()}}
    write_text(folder / "comparison.json", to_json(content) + "\n")
    files = {"comparison.json": "every number, with intervals, folds, differences, calibration"}
    try:
        figure = comparison_figure(result, curves)
    except MissingDependency as error:
        say(f"no picture: {error}")
    else:
        write_picture(figure, folder / "comparison.png")
        files["comparison.png"] = "AUC and log loss with intervals, and calibration"
    return files
