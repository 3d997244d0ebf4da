"""Arguments that several commands share, and how arguments are read from text."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError

LOG = "CSV or Parquet file; - for CSV on stdin"
TAB = "\t"


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
