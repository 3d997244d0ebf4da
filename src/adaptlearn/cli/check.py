"""``adaptlearn check``: what a log can and cannot tell."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser, Namespace

import adaptlearn
from adaptlearn.cli.options import add_columns, add_log
from adaptlearn.cli.output import ROWS, say, show, show_json, terminal_width
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import DataWarning

SUMMARY = "say what a log can and cannot tell, before a fit"
EXAMPLE = "adaptlearn check demo/responses.csv"


def add_arguments(parser: ArgumentParser) -> None:
    """The log."""
    add_log(parser)
    add_columns(parser)


def run(arguments: Namespace) -> int:
    """Read, check, show the findings; 1 if there is an error among them."""
    with warnings.catch_warnings():
        # Of repeated rows a finding says more.
        warnings.filterwarnings("ignore", r".* repeat .* seen before", DataWarning)
        log = read_log(arguments.log, arguments)
    checkup = adaptlearn.check(log)
    if arguments.json:
        show_json(checkup.to_dict())
    else:
        show(checkup.to_text(min(terminal_width() or 80, 100)))
    if any(len(finding.rows) for finding in checkup):
        say(ROWS)
    return 0 if checkup.ok else 1
