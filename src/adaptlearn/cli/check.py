"""``adaptlearn check``: what a log can and cannot tell."""

from __future__ import annotations

import warnings
from argparse import Namespace

from adaptlearn.checkup import check
from adaptlearn.cli.output import say, show, show_json, terminal_width
from adaptlearn.cli.reading import read_log
from adaptlearn.errors import DataWarning


def run(arguments: Namespace) -> int:
    """Read, check, show the findings; 1 if there is an error among them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # a finding says more
        log = read_log(arguments.log, arguments)
    checkup = check(log)
    if arguments.json:
        show_json(checkup.to_dict())
    else:
        show(checkup.to_text(min(terminal_width() or 80, 100)))
    if any(len(finding.rows) for finding in checkup):
        say("(rows are counted from 0, the first one below the header)")
    return 0 if checkup.ok else 1
