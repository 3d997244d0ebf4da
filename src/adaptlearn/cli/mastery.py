"""``adaptlearn mastery``: what each student knows."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import adaptlearn
from adaptlearn.cli.evaluate import knows_text, load_model
from adaptlearn.cli.options import add_columns, add_log
from adaptlearn.cli.output import say, show, show_json, table, write_csv
from adaptlearn.cli.reading import read_log
from adaptlearn.cli.recommend import asked_for

SUMMARY = "say what students know"
EXAMPLE = "adaptlearn mastery demo/model.json demo/responses.csv --students student-001,student-002"
_MOST = 40  # lines of a table


def add_arguments(parser: ArgumentParser) -> None:
    """Model and log; for whom, and where to write."""
    parser.add_argument("model", metavar="MODEL", type=Path)
    add_log(parser, "what the students have answered so far")
    parser.add_argument("--students", metavar="A,B", help="which students (default: all)")
    parser.add_argument(
        "-o", "--output", metavar="CSV", type=Path, help="where to write the whole table"
    )
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Load, read, show the estimates; write them all where that is asked for."""
    from adaptlearn.labels import LabelIndex

    model = load_model(arguments.model)
    log = read_log(arguments.log, arguments, text_skills=knows_text(model))
    tracker = adaptlearn.MasteryTracker(model).update(log)
    students = asked_for(arguments.students, log)
    LabelIndex("student", tracker.students).codes(students)  # a misspelled name is a stranger
    mastery = tracker.mastery(students)
    columns = mastery.table()
    if arguments.output is not None:
        write_csv(arguments.output, columns)
        say(f"wrote {arguments.output}: {len(columns['student']):,} rows")
        return
    if arguments.json:
        about = {"kind": mastery.kind, "when": mastery.when}
        show_json({**about, **{name: column.tolist() for name, column in columns.items()}})
        return
    rows = [[str(one), str(skill), *map(float, values)]
            for one, skill, *values in zip(*columns.values(), strict=True)]  # fmt: skip
    head = [_words(mastery.kind) if name == "mastery" else name for name in columns]
    show(table(head, rows[:_MOST]))
    if len(rows) > _MOST:
        say(f"{len(rows) - _MOST:,} rows more: -o mastery.csv writes all of them")


def _words(kind: str) -> str:
    return "P(known)" if kind == "latent" else "P(correct)"
