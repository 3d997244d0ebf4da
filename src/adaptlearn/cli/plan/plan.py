"""``adaptlearn plan``: tomorrow's day, small groups, learning plans and promotion."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from adaptlearn.cli.options import Command, add_command
from adaptlearn.cli.plan import day, groups, learning, promotion

SUMMARY = "plan a day, small groups, weeks of lessons, or who moves on"
EXAMPLE = day.EXAMPLE


def add_arguments(parser: ArgumentParser) -> None:
    """What to plan."""
    verbs = parser.add_subparsers(title="what to plan", metavar="WHAT", required=True)
    for name, verb in VERBS.items():
        add_command(verbs, name, verb)


def run(_: Namespace) -> int | None:
    """Nothing is done without a verb; the parser asks for one."""
    raise AssertionError("the parser lets no command through that lacks a verb")


VERBS: Mapping[str, Command] = {
    "day": day,
    "groups": groups,
    "learning": learning,
    "promotion": promotion,
}
"""What can be planned."""
