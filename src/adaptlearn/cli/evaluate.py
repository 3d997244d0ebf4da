"""``adaptlearn evaluate``: how well a saved model predicts a log."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import adaptlearn
from adaptlearn.cli.options import add_bootstrap, add_columns, add_log
from adaptlearn.cli.output import show, show_json
from adaptlearn.cli.reading import read_log

if TYPE_CHECKING:
    from adaptlearn.models.base import KnowledgeTracer

SUMMARY = "score a model's one-step-ahead predictions on a log"
EXAMPLE = "adaptlearn evaluate demo/model.json demo/responses.csv"


def add_arguments(parser: ArgumentParser) -> None:
    """The model, the log and the intervals."""
    parser.add_argument("model", metavar="MODEL", type=Path)
    add_log(parser)
    add_bootstrap(parser)
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Load, read, score, show."""
    model = load_model(arguments.model)
    log = read_log(arguments.log, arguments, text_skills=knows_text(model))
    result = adaptlearn.evaluate(model, log, n_bootstrap=arguments.bootstrap)
    if arguments.json:
        show_json(result.to_dict())
    else:
        show(str(result))


def load_model(path: Path) -> KnowledgeTracer:
    """A saved model."""
    return adaptlearn.load(path)


def knows_text(model: KnowledgeTracer) -> bool:
    """Whether the model's skills are text, so that a log's must be."""
    return model.skills_.dtype.kind == "O"
