"""``adaptlearn check``: what a log can and cannot tell."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import adaptlearn
from adaptlearn.cli.options import add_columns, add_log, add_repair
from adaptlearn.cli.output import ROWS, say, show, show_json, terminal_width
from adaptlearn.cli.reading import read_log
from adaptlearn.cli.recommend import read_curriculum
from adaptlearn.errors import DataWarning

SUMMARY = "say what a log can and cannot tell, before a fit"
EXAMPLE = "adaptlearn check demo/responses.csv"


def add_arguments(parser: ArgumentParser) -> None:
    """The log, and whether it is diagnosed."""
    add_log(parser)
    parser.add_argument(
        "--diagnose",
        action="store_true",
        help="also say what the log tells about prerequisites, mastery, slips and forgetting",
    )
    parser.add_argument(
        "--curriculum",
        metavar="CURRICULUM",
        type=Path,
        help="JSON file with the prerequisites, for --diagnose, which it implies",
    )
    add_repair(parser)
    add_columns(parser)


def run(arguments: Namespace) -> int:
    """Read, check, show the findings; 1 if there is an error among them."""
    curriculum = text = None
    if arguments.curriculum is not None:
        curriculum = read_curriculum(arguments.curriculum, arguments.repair)
        text = isinstance(curriculum.skills.tolist()[0], str)
    with warnings.catch_warnings():
        # Of repeated rows a finding says more.
        warnings.filterwarnings("ignore", r".* repeat .* seen before", DataWarning)
        log = read_log(arguments.log, arguments, text_skills=text)
    checkup = adaptlearn.check(log)
    asked = arguments.diagnose or curriculum is not None
    diagnosis = _diagnosis(log, curriculum) if asked and checkup.ok else None
    if arguments.json:
        told = {} if diagnosis is None else {"diagnosis": diagnosis.to_dict()}
        show_json({**checkup.to_dict(), **told})
    else:
        width = min(terminal_width() or 80, 100)
        show(checkup.to_text(width))
        if diagnosis is not None:
            show(f"\n{diagnosis.to_text(width)}")
    if asked and not checkup.ok:
        say("no diagnosis: remove the errors first")
    if any(len(finding.rows) for finding in checkup):
        say(ROWS)
    return 0 if checkup.ok else 1


def _diagnosis(log: adaptlearn.ResponseLog, curriculum: adaptlearn.Curriculum | None) -> Any:
    from adaptlearn.diagnosis import diagnose

    return diagnose(log, curriculum)
