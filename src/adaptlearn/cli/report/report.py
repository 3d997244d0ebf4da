"""``adaptlearn report``: pages for a student, a family, a teacher and a superintendent."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adaptlearn
from adaptlearn.cli.evaluate import knows_text, load_model
from adaptlearn.cli.options import Verb, add_columns, add_command, add_log, add_repair
from adaptlearn.cli.output import say, show, show_json
from adaptlearn.cli.reading import read_log
from adaptlearn.cli.recommend import asked_for, now_of, policy_of, read_curriculum
from adaptlearn.cli.report import district
from adaptlearn.cli.report.words import add_page, words_of
from adaptlearn.errors import ParameterError
from adaptlearn.wording import counted

if TYPE_CHECKING:
    from adaptlearn.reporting.figures import Figures
    from adaptlearn.reporting.page import Report

SUMMARY = "write pages that students, families, teachers and superintendents can read"
EXAMPLE = (
    "adaptlearn report student demo/model.json demo/responses.csv demo/curriculum.json "
    "--students student-001 -o student-001.html"
)


def add_arguments(parser: ArgumentParser) -> None:
    """Whose page to write."""
    verbs = parser.add_subparsers(title="whose page to write", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        add_command(verbs, name, verb)


def run(_: Namespace) -> int | None:
    """Nothing is done without a verb; the parser asks for one."""
    raise AssertionError("the parser lets no command through that lacks a verb")


def _arguments(parser: ArgumentParser) -> None:
    """Model, log and curriculum; for whom, in which language, and where to write."""
    parser.add_argument("model", metavar="MODEL", type=Path)
    add_log(parser, "what the students have answered so far")
    parser.add_argument("curriculum", metavar="CURRICULUM", type=Path, help="JSON file")
    parser.add_argument(
        "--students", metavar="A,B", help="whom the page is about (default: all of the log)"
    )
    add_page(parser)
    add_repair(parser)
    add_columns(parser)


def _write(make: Callable[..., Report], arguments: Namespace) -> None:
    """Load, compute the figures, write the page."""
    figures = _figures(arguments)
    page = make(figures, **words_of(arguments))
    page.save(arguments.output)
    say(f"wrote {arguments.output}: {counted(len(figures), 'student')}")
    if arguments.json:
        show_json(page.columns)
    else:
        show(str(figures))


def _figures(arguments: Namespace) -> Figures:
    """What the page shows."""
    from adaptlearn.reporting import figures_of

    model = load_model(arguments.model)
    curriculum = read_curriculum(arguments.curriculum, arguments.repair)
    log = read_log(arguments.log, arguments, text_skills=knows_text(model))
    tracker = adaptlearn.MasteryTracker(model).update(log)
    policy = policy_of("provisional", None, tracker.mastery([]).kind)
    sequencer = adaptlearn.Sequencer(curriculum, tracker, policy, random_state=0)
    return figures_of(sequencer, log, asked_for(arguments.students, log), now=now_of(tracker))


def _of_one(name: str, figures: Figures, **words: Any) -> Report:
    """The page of the one student who is asked for."""
    from adaptlearn import reporting

    if len(figures) != 1:
        raise ParameterError(
            "--students", [f"the page is of one student, not of {len(figures):,}; name one"]
        )
    page: Report = getattr(reporting, f"report_{name}")(figures, figures.students[0], **words)
    return page


def _of_class(figures: Figures, **words: Any) -> Report:
    """The page of all students who are asked for."""
    from adaptlearn.reporting import report_class

    return report_class(figures, **words)


def _verb(name: str, summary: str, make: Callable[..., Report], students: str) -> Verb:
    files = "demo/model.json demo/responses.csv demo/curriculum.json"
    example = f"adaptlearn report {name} {files} {students}-o {name}.html"
    return Verb(summary, example, _arguments, partial(_write, make))


_ONE = "--students student-001 "
VERBS = {
    "student": _verb("student", "a student's own page", partial(_of_one, "student"), _ONE),
    "family": _verb("family", "the page of a student's family", partial(_of_one, "family"), _ONE),
    "district": Verb(district.SUMMARY, district.EXAMPLE, district.add_arguments, district.run),
    "class": _verb("class", "the page of a class", _of_class, ""),
}
