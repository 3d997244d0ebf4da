"""``adaptlearn fit``: a model from a log."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from errno import EISDIR, ENOENT
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from adaptlearn import models
from adaptlearn.cli.compare import choose, model_names
from adaptlearn.cli.options import add_columns, add_log
from adaptlearn.cli.output import say, show, show_json, table
from adaptlearn.cli.progress import fitting_progress
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import ParameterError
from adaptlearn.progress import show_progress

if TYPE_CHECKING:
    from adaptlearn.models.base import KnowledgeTracer
    from adaptlearn.models.bkt.estimator import BKT
    from adaptlearn.responses.log import ResponseLog

SUMMARY = "fit a model to a response log"
EXAMPLE = "adaptlearn fit demo/responses.csv -o model.json"
Model = TypeVar("Model", bound="KnowledgeTracer")
NAMES = ("prior", "learn", "forget", "guess", "slip")


def add_arguments(parser: ArgumentParser) -> None:
    """The log, the model and where to save it."""
    add_log(parser)
    parser.add_argument(
        "-o", "--output", metavar="MODEL", type=Path, required=True, help="where to save the model"
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        type=model_name,
        default="bkt",
        help="which model, as in compare (default: bkt)",
    )
    parser.add_argument("--forgetting", action="store_true", help="known skills can be lost (BKT)")
    add_columns(parser)


def model_name(text: str) -> str:
    """The name of one model."""
    names = model_names(text)
    if names is None or len(names) > 1:
        raise ArgumentTypeError(f"{text!r} is not one model's name")
    return names[0]


def run(arguments: Namespace) -> None:
    """Read, fit, save, show the parameters."""
    check_target(arguments.output, arguments.log)
    log = read_log(arguments.log, arguments)
    model = fit(unfitted(arguments.model, arguments.forgetting, log), log)
    model.save(arguments.output)
    say(f"saved in {arguments.output}")
    if arguments.json:
        show_json(report(model, log, arguments.output))
    elif isinstance(model, models.BKT):
        show(parameter_table(model))
    else:
        show(table(["skill", "answers"], [*zip(*_answers(model).values(), strict=True)]))


def check_target(path: Path, source: str) -> None:
    """Say before the work, not after it, that its result could not be saved.

    Raises
    ------
    OSError
        The folder is missing, the path is a folder, or it is the log itself.
    """
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(ENOENT, "there is no such folder to save in", str(path.parent))
    if path.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))
    if path.exists() and Path(source).exists() and path.samefile(source):
        raise OSError(f"{path}: is the log itself; save the model elsewhere")


def unfitted(name: str, forgetting: bool, log: ResponseLog) -> KnowledgeTracer:
    """A model by its name.

    Raises
    ------
    ParameterError
        The log lacks a column that it needs, or `forgetting` is asked of another than BKT.
    """
    chosen, _ = choose([name], log, "the log")
    model = chosen[name]()
    if forgetting:
        if not isinstance(model, models.BKT):
            raise ParameterError("fit", [f"--forgetting is of BKT; {name} has no such option"])
        model.set_params(forgetting=True)
    return model


def fit(model: Model, log: ResponseLog) -> Model:
    """Fit with a progress bar, and say what was done."""
    begun = perf_counter()
    if isinstance(model, models.BKT):
        with fitting_progress() as on_step:
            model.fit(log, on_step=on_step)
    else:
        with _bars():
            model.fit(log)
    say(f"fitted {log!r} in {perf_counter() - begun:.1f} s")
    return model


def _bars() -> AbstractContextManager[None]:
    """Bars, where there is a terminal and tqdm to show them."""
    shown = sys.stderr.isatty() and find_spec("tqdm") is not None
    return show_progress() if shown else nullcontext()


def _answers(model: KnowledgeTracer) -> dict[str, list[Any]]:
    """The model's skills and the answers on each that it rests on."""
    counts: Any = getattr(model, "n_answers_", [""] * len(model.skills_))
    return {"skill": model.skills_.tolist(), "n_answers": [*counts]}


def parameter_table(model: BKT, places: Iterable[int] | None = None) -> str:
    """A line per skill, or per skill at some places among the model's."""
    names = [name for name in NAMES if name != "forget" or model.forgetting]
    skills = model.skills_.tolist()
    rows = [
        [
            str(skills[k]),
            int(model.n_answers_[k]),
            *(float(model.parameters_[name][k]) for name in names),
            "" if model.converged_[k] else "not converged",
        ]
        for k in (range(len(skills)) if places is None else places)
    ]
    head = ["skill", "answers", *names, ""]
    if model.converged_.all():
        head, rows = head[:-1], [row[:-1] for row in rows]
    return table(head, rows)


def report(model: KnowledgeTracer, log: ResponseLog, path: Path) -> dict[str, Any]:
    """The same for a program."""
    if not isinstance(model, models.BKT):
        skills = zip(*_answers(model).values(), strict=True)
        return {
            **_about(model, log, path),
            "skills": [{"skill": skill, "n_answers": int(count)} for skill, count in skills],
        }
    columns = {
        **model.parameters_,
        "n_answers": model.n_answers_,
        "log_likelihood": model.log_likelihood_,
        "n_iter": model.n_iter_,
        "converged": model.converged_,
    }
    lists = {name: column.tolist() for name, column in columns.items()}
    return {
        **_about(model, log, path),
        "skills": [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)],
        "unidentified": [
            {"skill": skill, "why": why} for skill, why in model.unidentified_.items()
        ],
    }


def _about(model: KnowledgeTracer, log: ResponseLog, path: Path) -> dict[str, Any]:
    return {
        "model": str(path),
        "fingerprint": model.fingerprint_,
        "n_responses": len(log),
        "n_students": log.n_students,
    }
