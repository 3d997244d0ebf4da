"""``adaptlearn audit``: what in a curriculum is probably not what was meant."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from adaptlearn.cli.options import LOG, add_columns, add_repair
from adaptlearn.cli.output import show, show_json, terminal_width
from adaptlearn.cli.reading import read_log
from adaptlearn.cli.recommend import read_curriculum

SUMMARY = "look for what is probably wrong with a curriculum"
EXAMPLE = "adaptlearn audit demo/curriculum.json --log demo/responses.csv"


def add_arguments(parser: ArgumentParser) -> None:
    """The curriculum, and a log of answers that speaks for or against it."""
    parser.add_argument("curriculum", metavar="CURRICULUM", type=Path, help="JSON file")
    parser.add_argument("--log", metavar="LOG", help=f"answers of students: {LOG}")
    add_repair(parser)
    add_columns(parser)


def run(arguments: Namespace) -> int:
    """Read, audit, show the findings; 1 if there is an error among them."""
    from adaptlearn.curriculum.audit.audit import audit_curriculum

    curriculum = read_curriculum(arguments.curriculum, arguments.repair)
    log = None if arguments.log is None else read_log(arguments.log, arguments)
    audit = audit_curriculum(curriculum, log)
    if arguments.json:
        show_json(audit.to_dict())
    else:
        show(audit.to_text(min(terminal_width() or 80, 100)))
    return 0 if audit.ok else 1
