"""``adaptlearn plan promotion``: who meets a rule of promotion, and what the others miss."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from adaptlearn.cli.options import add_columns
from adaptlearn.cli.plan.demands import Form, Labels, read_list
from adaptlearn.cli.plan.sources import add_sources, deliver, named_after, read_sources
from adaptlearn.cli.progress import work_progress

SUMMARY = "report who meets a rule of promotion, and what the others miss"
EXAMPLE = (
    "adaptlearn plan promotion demo/model.json demo/responses.csv demo/curriculum.json "
    "demo/rules.json"
)
_GRANTS = Form("rows", ("standard", "student", "author", "reason"))


def add_arguments(parser: ArgumentParser) -> None:
    """The rules, and what is shown."""
    add_sources(parser, "RULES", "JSON file: rules over standards and courses")
    parser.add_argument("--rule", metavar="NAME", help="which of the rules (default: the last one)")
    parser.add_argument(
        "--grants",
        metavar="CSV",
        type=Path,
        help=f"standards that teachers granted: columns {', '.join(_GRANTS.columns)}",
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--ready", action="store_true", help="only the students who meet the rule already"
    )
    shown.add_argument(
        "--by-standard", action="store_true", help="a row for each student and standard"
    )
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Read, report, show or write."""
    from adaptlearn.planning import PromotionRules, promotion_report, ready_to_accelerate

    path = arguments.grants
    granted = [] if path is None else read_list(path, _GRANTS)
    sources = read_sources(arguments)
    make = ready_to_accelerate if arguments.ready else promotion_report
    with named_after(arguments.demands), work_progress():
        rules = PromotionRules.from_json(sources.sequencer.curriculum, arguments.demands)
        report = make(
            sources.sequencer,
            sources.students,
            rules,
            arguments.rule,
            log=sources.log,
            grants=_labelled(granted, sources.labels),
            now=sources.now,
        )
    rows: Any = report.by_standard() if arguments.by_standard else report
    content = rows.to_dicts() if arguments.by_standard else report.to_dict()
    deliver(arguments, str(rows), rows.table(), content)


def _labelled(granted: list[dict[str, str]], labels: Labels) -> list[dict[str, Any]]:
    """The grants as overrides, with the labels that are meant by texts."""
    return [
        {
            "action": "grant",
            "target": labels["standard"].get(row["standard"], row["standard"]),
            "student": labels["student"].get(row["student"], row["student"]),
            "author": row["author"],
            "reason": row["reason"],
        }
        for row in granted
    ]
