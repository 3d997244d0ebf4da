"""What every plan rests on, and where it goes: model, log and curriculum in, a table out."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import adaptlearn
from adaptlearn.cli.evaluate import knows_text, load_model
from adaptlearn.cli.options import add_log, add_repair, probability
from adaptlearn.cli.output import say, show, show_json, to_json, write_csv
from adaptlearn.cli.plan.demands import Labels
from adaptlearn.cli.reading import read_log
from adaptlearn.cli.recommend import asked_for, now_of, policy_of, read_curriculum
from adaptlearn.errors import ParameterError, ProblemsError
from adaptlearn.files import write_text
from adaptlearn.wording import counted

if TYPE_CHECKING:
    from datetime import datetime

    from adaptlearn.responses.log import ResponseLog
    from adaptlearn.sequencing.sequencer import Sequencer


class Sources(NamedTuple):
    """What a plan rests on."""

    sequencer: Sequencer
    students: list[Any]
    log: ResponseLog
    now: datetime

    @property
    def labels(self) -> Labels:
        """The labels of students, lessons and courses, by their texts."""
        curriculum = self.sequencer.curriculum
        known = {
            "student": self.log.student.labels.tolist(),
            "lesson": curriculum.lessons.tolist(),
            "course": curriculum.courses.labels.tolist(),
            "standard": curriculum.standards.labels.tolist(),
        }
        return {name: {str(one): one for one in labels} for name, labels in known.items()}


def add_sources(parser: ArgumentParser, name: str, what: str) -> None:
    """Model, log and curriculum, what is asked of the plan, and where to write it."""
    parser.add_argument("model", metavar="MODEL", type=Path)
    add_log(parser, "what the students have answered so far")
    parser.add_argument("curriculum", metavar="CURRICULUM", type=Path, help="JSON file")
    parser.add_argument("demands", metavar=name, type=Path, help=what)
    parser.add_argument(
        "--students", metavar="A,B", help="whom to plan for (default: all of the log)"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=table_file,
        help="where to write: the table as CSV, or everything as JSON, by the ending of the name",
    )
    parser.add_argument(
        "--policy",
        metavar="NAME",
        default="provisional",
        help="how lessons are chosen: a preset of the sequencer (default: provisional)",
    )
    parser.add_argument(
        "--threshold",
        metavar="P",
        type=probability,
        help="mastery from which a skill counts as mastered (default: that of the policy for "
        "P(known), 0.95 for P(correct))",
    )
    add_repair(parser)


def table_file(text: str) -> Path:
    """A path that ends in .csv or .json."""
    path = Path(text)
    if path.suffix.lower() not in (".csv", ".json"):
        raise ArgumentTypeError(f"{text!r} must end in .csv or .json")
    return path


def read_sources(arguments: Namespace) -> Sources:
    """Load and read what a plan rests on."""
    model = load_model(arguments.model)
    curriculum = read_curriculum(arguments.curriculum, arguments.repair)
    log = read_log(arguments.log, arguments, text_skills=knows_text(model))
    tracker = adaptlearn.MasteryTracker(model, practice=True).update(log)
    policy = policy_of(arguments.policy, arguments.threshold, tracker.mastery([]).kind)
    sequencer = adaptlearn.Sequencer(curriculum, tracker, policy, random_state=0)
    return Sources(sequencer, asked_for(arguments.students, log), log, now_of(tracker))


@contextmanager
def named_after(path: Path) -> Iterator[None]:
    """Errors of what is asked name the file in which it is asked."""
    try:
        yield
    except ProblemsError as error:
        raise ParameterError(str(path), error.problems, error.remedy) from None


def deliver(
    arguments: Namespace,
    printed: str,
    columns: Mapping[str, Any],
    content: Any,
    save: Callable[[Path], None] | None = None,
) -> None:
    """Write a plan where that is asked for; else print it.

    Parameters
    ----------
    arguments : Namespace
    printed : str
        The plan as a table for the terminal.
    columns : mapping of str to array
        The table for CSV.
    content
        Everything, for JSON.
    save : callable, optional
        Writes JSON that the library reads again.
    """
    output: Path | None = arguments.output
    if output is not None:
        if output.suffix.lower() == ".csv":
            write_csv(output, columns)
        elif save is not None:
            save(output)
        else:
            write_text(output, to_json(content) + "\n")
        say(f"wrote {output}: {counted(len(next(iter(columns.values()))), 'row')}")
    if arguments.json:
        show_json(content)
    elif output is None:
        show(printed)
