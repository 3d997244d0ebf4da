"""The command line: a thin layer over the public API.

Results go to standard output, as a table or as JSON; messages, warnings and progress go to
standard error.
"""

from __future__ import annotations

import re
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence

from adaptlearn.cli.output import ROWS, say, show_warnings
from adaptlearn.cli.parser import parsed
from adaptlearn.errors import AdaptLearnError, ResponseDataError

OK, PROBLEM, USAGE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        The exit code: 0 done, 1 a problem with data, a model or a file, 2 wrong usage, 130
        interrupted, 141 when the reader of the output went away (``| head``).

    Examples
    --------
    >>> from adaptlearn.cli import main
    >>> main(["--version"])
    adaptlearn 0...
    0
    """
    try:
        arguments = parsed(argv)
    except SystemExit as leave:  # argparse has said what there is to say
        return leave.code if isinstance(leave.code, int) else USAGE
    try:
        with show_warnings():
            code: int = arguments.run(arguments) or OK
        sys.stdout.flush()
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except (AdaptLearnError, OSError) as error:
        _report(error, arguments)
        return PROBLEM
    return code


def _report(error: Exception, arguments: Namespace) -> None:
    if arguments.debug:
        traceback.print_exc(file=sys.stderr)
        return
    if isinstance(error, OSError) and error.filename is not None:
        say(f"error: {error.filename}: {error.strerror}")
    else:
        say(f"error: {error}")
    if isinstance(error, ResponseDataError) and re.search(r"\(rows? \d", str(error)):
        say(ROWS)
