"""``adaptlearn report district``: a page on which nobody can be recognised."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaptlearn.cli.output import say, show, show_json
from adaptlearn.cli.reading import read_object
from adaptlearn.cli.report.words import add_page, words_of
from adaptlearn.errors import ParameterError
from adaptlearn.tables import text_table

if TYPE_CHECKING:
    from adaptlearn.reporting.page import Report

SUMMARY = "progress by school, course and group, without names"
EXAMPLE = "adaptlearn report district students.csv -o district.html --json > district.json"


def add_arguments(parser: ArgumentParser) -> None:
    """The students, an earlier page, and where to write."""
    parser.add_argument(
        "rows",
        metavar="FILE",
        help="CSV or Parquet file with the columns student, school, course, group and status "
        "(not begun, learning, nearly, mastered or due for review)",
    )
    parser.add_argument(
        "--earlier",
        metavar="JSON",
        type=Path,
        help="what this command printed with --json for the page before: what that page hides "
        "stays hidden, so that the two pages together tell no more",
    )
    add_page(parser)


def run(arguments: Namespace) -> None:
    """Read the students, hide what has to be hidden, write the page."""
    from adaptlearn.reporting import report_district
    from adaptlearn.reporting.district.counts import COLUMNS
    from adaptlearn.responses.files.files import read_file
    from adaptlearn.responses.files.texts import Forms
    from adaptlearn.responses.spellings import in_python

    words = words_of(arguments)
    earlier = None if arguments.earlier is None else _earlier(arguments.earlier)
    rows, _ = read_file(arguments.rows, {}, extra=COLUMNS, text=(), forms=Forms(), say=in_python)
    page = report_district(rows, earlier=earlier, **words)
    page.save(arguments.output)
    say(f"wrote {arguments.output}")
    if arguments.json:
        show_json(page.columns)
    else:
        show(_summary(page))


def _earlier(path: Path) -> Any:
    """The tables of an earlier page."""
    what = "what --json printed for an earlier page"
    tables = read_object(path, what)
    if not all(isinstance(one, dict) for one in tables.values()):
        raise ParameterError(str(path), [f"it holds another object; expected {what}"])
    return tables


def _summary(page: Report) -> str:
    """How many lines of each table are shown."""
    rows = []
    for name, columns in page.columns.items():
        students = columns["students"]
        shown = int((students == students).sum())  # noqa: PLR0124 - nan alone differs from itself
        rows.append([name.replace("_", ", "), str(shown), str(len(students) - shown)])
    return text_table(["table", "shown", "not shown"], rows)
