"""The commands, and the parser of what is typed."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from adaptlearn import __version__
from adaptlearn.cli import (
    audit,
    check,
    compare,
    completion,
    evaluate,
    fit,
    mastery,
    place,
    recommend,
    simulate,
)
from adaptlearn.cli.demonstration import demo
from adaptlearn.cli.options import Command, add_command
from adaptlearn.cli.plan import plan
from adaptlearn.cli.report import report
from adaptlearn.cli.tutor import tutor
from adaptlearn.media import terminal_text

_EXAMPLES = """\
examples:
  adaptlearn demo
  adaptlearn check answers.csv
  adaptlearn fit answers.csv -o model.json
  adaptlearn evaluate model.json later-answers.csv
  adaptlearn compare answers.csv --models bkt,bkt-forgetting
  adaptlearn mastery model.json answers.csv
  adaptlearn place curriculum.json --model model.json
  adaptlearn recommend model.json answers.csv curriculum.json --students ann,bob
  adaptlearn plan day model.json answers.csv curriculum.json day.json
  adaptlearn report class model.json answers.csv curriculum.json -o class.html
  adaptlearn audit curriculum.json --log answers.csv
  adaptlearn tutor init school model.json curriculum.json
  adaptlearn simulate --curriculum curriculum.json

A response log is a CSV or Parquet file with one row per answer and the columns student, skill
and correct (0 or 1). `adaptlearn COMMAND --help` says more.

exit codes: 0 done, 1 a problem with data, a model or a file, 2 wrong usage, 130 interrupted"""


COMMANDS: Mapping[str, Command] = {
    "check": check,
    "fit": fit,
    "evaluate": evaluate,
    "compare": compare,
    "mastery": mastery,
    "place": place,
    "recommend": recommend,
    "plan": plan,
    "report": report,
    "audit": audit,
    "tutor": tutor,
    "simulate": simulate,
    "demo": demo,
    "completion": completion,
}


def parsed(argv: Sequence[str] | None) -> Namespace:
    """What was typed; an option that there is none of is refused by its own command's parser."""
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        own: ArgumentParser = arguments.commands[arguments.command]
        own.error(f"unrecognized arguments: {' '.join(unknown)}{_meant(unknown, own)}")
    return arguments


def _meant(unknown: Sequence[str], parser: ArgumentParser) -> str:
    there = re.findall(r"--[a-z][a-z-]*", parser.format_help())
    near = [
        found
        for typed in unknown
        if typed.startswith("--")
        for found in get_close_matches(typed.partition("=")[0], there, n=1)
    ]
    return f" (did you mean {' and '.join(near)}?)" if near else ""


class SafeParser(ArgumentParser):
    """A parser whose messages, which quote what was typed, are safe in a terminal."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(terminal_text(message, lines=True), file)


def build_parser() -> ArgumentParser:
    """The parser; what it returns has the command's function ``run``, and the parsers of all."""
    parser = SafeParser(
        prog="adaptlearn",
        description="Knowledge tracing from response logs, and what each student should do next.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"adaptlearn {__version__}")
    parser.set_defaults(json=False, debug=False)
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        add_command(parsers, name, command)
    return parser
