"""The arguments of every command."""

from __future__ import annotations

from argparse import (
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from adaptlearn import __version__
from adaptlearn.validation import some

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[ArgumentParser]

_EXAMPLES = """\
examples:
  adaptlearn demo
  adaptlearn check answers.csv
  adaptlearn fit answers.csv -o model.json
  adaptlearn evaluate model.json later-answers.csv
  adaptlearn compare answers.csv --models bkt,bkt-forgetting
  adaptlearn recommend model.json answers.csv curriculum.json --students ann,bob
  adaptlearn simulate --curriculum curriculum.json

A response log is a CSV or Parquet file with one row per answer and the columns student, skill
and correct (0 or 1). `adaptlearn COMMAND --help` says more.

exit codes: 0 done, 1 a problem with data, a model or a file, 2 wrong usage, 130 interrupted"""


def build_parser() -> ArgumentParser:
    """The parser; what it returns has a function ``run`` that does the command."""
    parser = ArgumentParser(
        prog="adaptlearn",
        description="Knowledge tracing from response logs, and what each student should do next.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"adaptlearn {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_check(commands)
    _add_fit(commands)
    _add_evaluate(commands)
    _add_compare(commands)
    _add_recommend(commands)
    _add_simulate(commands)
    _add_demo(commands)
    return parser


def _add_check(commands: Commands) -> None:
    def run(arguments: Namespace) -> int:
        from adaptlearn.cli import check

        return check.run(arguments)

    parser = _command(commands, "check", "say what a log can and cannot tell, before a fit", run)
    parser.add_argument("log", metavar="LOG", help="CSV or Parquet file; - for CSV on stdin")
    _add_columns(parser)


def _add_fit(commands: Commands) -> None:
    def run(arguments: Namespace) -> None:
        from adaptlearn.cli import fit

        fit.run(arguments)

    parser = _command(commands, "fit", "fit a model to a response log", run)
    parser.add_argument("log", metavar="LOG", help="CSV or Parquet file; - for CSV on stdin")
    parser.add_argument(
        "-o", "--output", metavar="MODEL", type=Path, required=True, help="where to save the model"
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        type=_model,
        default="bkt",
        help="which model, as in compare (default: bkt)",
    )
    parser.add_argument("--forgetting", action="store_true", help="known skills can be lost (BKT)")
    _add_columns(parser)


def _add_evaluate(commands: Commands) -> None:
    def run(arguments: Namespace) -> None:
        from adaptlearn.cli import evaluate

        evaluate.run(arguments)

    parser = _command(
        commands, "evaluate", "score a model's one-step-ahead predictions on a log", run
    )
    parser.add_argument("model", metavar="MODEL", type=Path)
    parser.add_argument("log", metavar="LOG", help="CSV or Parquet file; - for CSV on stdin")
    _add_bootstrap(parser)
    _add_columns(parser)


def _add_compare(commands: Commands) -> None:
    def run(arguments: Namespace) -> None:
        from adaptlearn.cli import compare

        compare.run(arguments)

    parser = _command(commands, "compare", "compare models by cross-validation over students", run)
    parser.add_argument("log", metavar="LOG", help="CSV or Parquet file; - for CSV on stdin")
    parser.add_argument(
        "--models",
        metavar="A,B",
        type=_models,
        required=True,
        help="names of models, or `all` for those the log has the columns for; a name that is "
        "none lists them",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="where to write tables and a picture, and to keep finished fits: called again after "
        "an interruption, or with more models, only what is missing is computed",
    )
    parser.add_argument(
        "--folds", metavar="N", type=_positive, default=5, help="folds of students (default: 5)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=_natural, default=0, help="of folds and resamples (default: 0)"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=_positive, default=1, help="fits at a time (default: 1)"
    )
    _add_bootstrap(parser)
    _add_columns(parser)


def _add_recommend(commands: Commands) -> None:
    def run(arguments: Namespace) -> None:
        from adaptlearn.cli import recommend

        recommend.run(arguments)

    parser = _command(commands, "recommend", "choose the next lessons of students", run)
    parser.add_argument("model", metavar="MODEL", type=Path)
    parser.add_argument("log", metavar="LOG", help="what the students have answered so far")
    parser.add_argument("curriculum", metavar="CURRICULUM", type=Path, help="JSON file")
    parser.add_argument(
        "--students", metavar="A,B", help="whose lessons to choose (default: all of the log)"
    )
    parser.add_argument(
        "--n", metavar="N", type=_positive, default=1, help="lessons per student (default: 1)"
    )
    parser.add_argument(
        "--policy",
        metavar="NAME",
        default="provisional",
        help="how to choose: a preset of the sequencer (default: provisional)",
    )
    parser.add_argument(
        "--threshold",
        metavar="P",
        type=_probability,
        help="mastery from which a skill counts as mastered: P(known), or P(correct) with models "
        "that give that (default: that of the policy for P(known), 0.95 for P(correct))",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="mend the faults of a curriculum, and warn of each, in place of refusing it",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=_natural,
        help="repeat the draws among equally good lessons (default: fresh draws)",
    )
    _add_columns(parser)


def _add_simulate(commands: Commands) -> None:
    def run(arguments: Namespace) -> None:
        from adaptlearn.cli import simulate

        simulate.run(arguments)

    parser = _command(
        commands, "simulate", "compare policies on simulated students of many kinds", run
    )
    parser.add_argument(
        "--curriculum", metavar="FILE", type=Path, help="JSON file (default: one of 20 skills)"
    )
    for option, what in (("policies", "policies"), ("simulators", "simulators of students")):
        parser.add_argument(
            f"--{option}",
            metavar="A,B",
            type=_names,
            help=f"names of {what} (default: all); a name that is none lists them",
        )
    parser.add_argument(
        "--held-out",
        metavar="A,B",
        type=_names,
        help="simulators that were kept apart from tuning, to mark them (default: stages and "
        "power_law, which the library's default policy was not tuned on)",
    )
    parser.add_argument(
        "--outcome",
        metavar="A,B",
        type=_names,
        default=["minutes_to_mastery", "under_practice"],
        help="outcomes to show (default: minutes_to_mastery,under_practice); a name that is none "
        "lists them",
    )
    for option, default, what in (
        ("students", 1000, "students of each seed (default: 1000)"),
        ("seeds", 20, "replicates of all students (default: 20)"),
        ("budget", 1200, "minutes of each student (default: 1200)"),
        ("jobs", 1, "episodes at a time (default: 1)"),
    ):
        parser.add_argument(f"--{option}", metavar="N", type=_positive, default=default, help=what)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="where to write every number, as JSON"
    )
    parser.add_argument(
        "--picture", metavar="FILE", type=Path, help="where to draw: .png, .svg, .pdf …"
    )


def _add_demo(commands: Commands) -> None:
    def run(arguments: Namespace) -> None:
        from adaptlearn.cli import demo

        demo.run(arguments)

    parser = _command(
        commands, "demo", "the whole loop on a small simulated school, or on your log", run
    )
    parser.add_argument("--log", metavar="LOG", help="your own response log, CSV or Parquet")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("adaptlearn-demo"),
        help="where to write what it makes (default: ./adaptlearn-demo)",
    )
    _add_columns(parser)


def _command(
    commands: Commands, name: str, summary: str, run: Callable[[Namespace], int | None]
) -> ArgumentParser:
    parser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(run=run)
    return parser


def _add_bootstrap(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--bootstrap",
        metavar="N",
        type=_natural,
        default=1000,
        help="resamples of students behind the intervals, 0 for none (default: 1000)",
    )


def _add_columns(parser: ArgumentParser) -> None:
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


def _models(text: str) -> list[str] | None:
    from adaptlearn.models.registry import named_models

    if text.strip() == "all":
        return None
    known = named_models()
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        said = f"no model is called {some(unknown)}" if unknown else "no model is named"
        width = max(map(len, known))
        lines = "".join(f"\n  {name:<{width}}  {known[name].summary}" for name in known)
        raise ArgumentTypeError(f"{said}; there are{lines}")
    return names


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ArgumentTypeError("nothing is named")
    return names


def _model(text: str) -> str:
    names = _models(text)
    if names is None or len(names) > 1:
        raise ArgumentTypeError(f"{text!r} is not one model's name")
    return names[0]


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a number above 0 and up to 1")
    return value
