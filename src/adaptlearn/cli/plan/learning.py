"""``adaptlearn plan learning``: weeks of lessons, and when each standard is expected to be met."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from adaptlearn.cli.options import add_columns
from adaptlearn.cli.plan.demands import labelled, made_of, read_demands
from adaptlearn.cli.plan.sources import add_sources, deliver, named_after, read_sources
from adaptlearn.cli.progress import work_progress
from adaptlearn.errors import ParameterError

SUMMARY = "plan weeks of lessons until the goal or the course is reached"
EXAMPLE = (
    "adaptlearn plan learning demo/model.json demo/responses.csv demo/curriculum.json "
    "demo/learning.json --students student-002"
)
_FIELDS = ("calendar", "course", "start", "pace", "n_items")


def add_arguments(parser: ArgumentParser) -> None:
    """The calendar, and what is shown."""
    add_sources(parser, "CALENDAR", "JSON file: the calendar with its minutes, and courses")
    parser.add_argument(
        "--dates",
        action="store_true",
        help="show when each standard is expected to be met, in place of the lessons",
    )
    parser.add_argument(
        "--changed-from",
        metavar="JSON",
        type=Path,
        help="an earlier plan: show what moved and which answers moved it, in place of the lessons",
    )
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Read, plan, show or write."""
    from adaptlearn.planning import LearningPlan, learning_plan

    demands = _read(arguments.demands)
    sources = read_sources(arguments)
    curriculum = sources.sequencer.curriculum
    old = arguments.changed_from
    earlier = None if old is None else LearningPlan.load(old, curriculum)
    with named_after(arguments.demands), work_progress():
        plan = learning_plan(
            sources.sequencer,
            sources.students,
            now=sources.now,
            responses=None if sources.log.time is None else sources.log,
            **labelled(demands, sources.labels),
        )
    if earlier is None and not arguments.dates:
        deliver(arguments, str(plan), plan.table(), plan.to_dict(), plan.save)
        return
    rows = plan.dates() if earlier is None else plan.changed_from(earlier)
    deliver(arguments, str(rows), rows.table(), rows.to_dicts())


def _read(path: Path) -> dict[str, Any]:
    """What is asked, with the calendar and the pace as objects of the library."""
    from adaptlearn.planning import Calendar, Pace

    demands, problems = read_demands(path, _FIELDS, "calendar"), list[str]()
    for name, kind in (("calendar", Calendar), ("pace", Pace)):
        if name in demands:
            demands[name] = made_of(kind, demands[name], name, problems)
    if problems:
        raise ParameterError(str(path), problems)
    return demands
