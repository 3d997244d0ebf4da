"""``adaptlearn plan day``: tomorrow's lessons for each student."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from adaptlearn.cli.options import add_columns
from adaptlearn.cli.plan.demands import labelled, read_demands
from adaptlearn.cli.plan.sources import add_sources, deliver, named_after, read_sources
from adaptlearn.cli.progress import work_progress

SUMMARY = "fill each student's minutes of a day with lessons"
EXAMPLE = (
    "adaptlearn plan day demo/model.json demo/responses.csv demo/curriculum.json demo/day.json "
    "--students student-001,student-002"
)
_FIELDS = (
    "day", "floors", "caps", "device", "skill", "seats", "pins", "requests", "electives",
    "extra_time", "levels", "candidates", "step", "rounds", "exact",
)  # fmt: skip


def add_arguments(parser: ArgumentParser) -> None:
    """The blocks of the day, and earlier plans."""
    add_sources(parser, "DAY", "JSON file: the blocks of the day, and limits")
    parser.add_argument(
        "--yesterday",
        metavar="JSON",
        type=Path,
        help="the plan of the day before, whose lessons do not come again without a reason",
    )
    parser.add_argument(
        "--changed-from",
        metavar="JSON",
        type=Path,
        help="an earlier plan: show what is new, gone or of other length, in place of the plan",
    )
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Read, plan, show or write."""
    from adaptlearn.planning import PastDay, plan_day

    demands = read_demands(arguments.demands, _FIELDS, "day")
    earlier, yesterday = (
        None if path is None else PastDay.load(path)
        for path in (arguments.changed_from, arguments.yesterday)
    )
    sources = read_sources(arguments)
    with named_after(arguments.demands), work_progress():
        plan = plan_day(
            sources.sequencer,
            sources.students,
            yesterday=yesterday,
            now=sources.now,
            **labelled(demands, sources.labels),
        )
    if earlier is None:
        deliver(arguments, str(plan), plan.table(), plan.to_dict(), plan.save)
    else:
        changes = plan.changed_from(earlier)
        deliver(arguments, str(changes), changes.table(), changes.to_dicts())
