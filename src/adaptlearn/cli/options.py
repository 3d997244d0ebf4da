"""Arguments that several commands share, and how arguments are read from text."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from argparse import RawDescriptionHelpFormatter as Formatter
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

LOG = "CSV or Parquet file; - for CSV on stdin"
TAB = "\t"


class Command(Protocol):
    """What a command's module has.

    It imports what computes where it is used: help needs no NumPy.
    """

    @property
    def SUMMARY(self) -> str:  # noqa: N802 - a constant of a module
        """What it does, in a line."""

    @property
    def EXAMPLE(self) -> str:  # noqa: N802
        """It works on the files of `adaptlearn demo --output demo`."""

    @property
    def add_arguments(self) -> Callable[[ArgumentParser], None]:
        """Declare its arguments."""

    @property
    def run(self) -> Callable[[Namespace], int | None]:
        """Do it, and return the exit code; None stands for 0."""


class Verb(NamedTuple):
    """A command inside another one."""

    SUMMARY: str
    EXAMPLE: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int | None]


_AFTER = ", after `adaptlearn demo --output demo`"


def add_command(parsers: Any, name: str, command: Command) -> None:
    """Give a command a parser of its own among those of its kind.

    What it returns has the command's function ``run``, its name, and the parsers of its kind.
    """
    summary = command.SUMMARY
    own: ArgumentParser = parsers.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example{_AFTER * ('demo/' in command.EXAMPLE)}:\n  {command.EXAMPLE}",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    for flag, what in (
        ("--json", "print JSON in place of a table"),
        ("--debug", "show the traceback of an error"),
    ):
        # Without a default, so that it may stand before or after the name of a verb.
        own.add_argument(flag, action="store_true", default=SUPPRESS, help=what)
    own.set_defaults(run=command.run, command=name, commands=parsers.choices)
    command.add_arguments(own)


def add_log(parser: ArgumentParser, what: str = LOG) -> None:
    """The log, as an argument of its own."""
    parser.add_argument("log", metavar="LOG", help=what)


def add_repair(parser: ArgumentParser) -> None:
    """Whether a curriculum with faults is mended."""
    parser.add_argument(
        "--repair",
        action="store_true",
        help="mend the faults of a curriculum, and warn of each, in place of refusing it",
    )


def add_columns(parser: ArgumentParser) -> None:
    """Which columns of the log play which role, and what gaps and separators mean."""
    columns = parser.add_argument_group("columns of the log")
    for role in ("student", "skill", "correct"):
        columns.add_argument(
            f"--{role}", metavar="COL", default=role, help=f"its name (default: {role})"
        )
    for role, what in (
        ("item", "question answered"),
        ("time", "seconds, or date and time"),
        ("id", "identity of the answer"),
    ):
        pair = columns.add_mutually_exclusive_group()
        pair.add_argument(
            f"--{role}", metavar="COL", help=f"{what} (default: {role}, where there is one)"
        )
        pair.add_argument(
            f"--no-{role}", dest=role, action="store_false", help=f"ignore a column {role}"
        )
    columns.add_argument(
        "--skill-separator", metavar="TEXT", help="stands between several skills of one response"
    )
    columns.add_argument(
        "--unanswered",
        choices=("refuse", "exposure"),
        default="refuse",
        help="what a row without an answer is: a mistake, or a lesson read (default: refuse)",
    )
    written = parser.add_argument_group("how a CSV log is written")
    written.add_argument(
        "--separator",
        metavar="CHAR",
        type=separator,
        help="between columns, such as ';' or tab (default: as the header shows)",
    )
    for truth, digit in (("true", 1), ("false", 0)):
        written.add_argument(
            f"--{truth}-values",
            metavar="A,B",
            type=names,
            default=(),
            help=f"words that stand for {digit} in answers",
        )
    written.add_argument(
        "--date-format",
        metavar="FORMAT",
        help="of times, such as '%%d.%%m.%%Y %%H:%%M' (default: seconds, or ISO 8601)",
    )
    written.add_argument(
        "--decimal",
        metavar="CHAR",
        choices=(".", ","),
        default=".",
        help="the decimal mark of numbers: . or , (default: .)",
    )


def add_bootstrap(parser: ArgumentParser) -> None:
    """How many resamples are behind the intervals."""
    parser.add_argument(
        "--bootstrap",
        metavar="N",
        type=natural,
        default=1000,
        help="resamples of students behind the intervals, 0 for none (default: 1000)",
    )


def names(text: str) -> list[str]:
    """One or more names between commas, each once."""
    found = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not found:
        raise ArgumentTypeError("nothing is named")
    return found


def separator(text: str) -> str:
    """One character; tab by its name."""
    return TAB if text in ("tab", r"\t") else text


def natural(text: str) -> int:
    """A whole number from 0."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def probability(text: str) -> float:
    """A number above 0 and up to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a number above 0 and up to 1")
    return value
