"""``adaptlearn plan groups``: who sits in which slot of the week, and on which skill."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from adaptlearn.cli.options import add_columns
from adaptlearn.cli.output import heading
from adaptlearn.cli.plan.demands import labelled, read_demands
from adaptlearn.cli.plan.sources import add_sources, deliver, named_after, read_sources
from adaptlearn.cli.progress import work_progress

if TYPE_CHECKING:
    from adaptlearn.planning import Groups

SUMMARY = "propose small groups for the slots of a week"
EXAMPLE = (
    "adaptlearn plan groups demo/model.json demo/responses.csv demo/curriculum.json "
    "demo/groups.json"
)
_FIELDS = (
    "slots", "by", "at_least", "at_most", "together", "apart", "fixed", "search", "classes",
)  # fmt: skip


def add_arguments(parser: ArgumentParser) -> None:
    """The slots of the week."""
    add_sources(parser, "WEEK", "JSON file: the slots of the week, limits, and classes")
    add_columns(parser)


def run(arguments: Namespace) -> None:
    """Read, form groups, show or write."""
    from adaptlearn.planning import Needs, form_class_groups, form_groups

    demands = read_demands(arguments.demands, _FIELDS, "slots")
    sources = read_sources(arguments)
    slots = demands["slots"] if isinstance(demands["slots"], list) else []
    names = [slot.get("label") for slot in slots if isinstance(slot, dict)]
    of_slot: dict[str, Any] = {str(name): name for name in names}
    labels = {**sources.labels, "slot": of_slot}
    asked = labelled(demands, labels)
    needs = Needs.of(sources.sequencer, sources.students, sources.now)
    with named_after(arguments.demands), work_progress():
        if "classes" not in asked:
            groups = form_groups(needs, **asked)
            deliver(arguments, str(groups), groups.table(), groups.to_dict())
            return
        of_class = form_class_groups(needs, **asked)
    _deliver_classes(arguments, of_class)


def _deliver_classes(arguments: Namespace, of_class: dict[Any, Groups]) -> None:
    """The groups of each class, one class after the other."""
    printed = [f"{heading(f'class {label}')}\n{groups}" for label, groups in of_class.items()]
    tables = [(label, groups.table()) for label, groups in of_class.items()]
    columns: dict[str, list[Any]] = {"class": []}
    for label, table in tables:
        for name, column in table.items():
            columns.setdefault(name, []).extend(column.tolist())
        columns["class"] += [label] * (len(columns["student"]) - len(columns["class"]))
    content = [{"class": label, **groups.to_dict()} for label, groups in of_class.items()]
    deliver(arguments, "\n".join(printed).lstrip("\n"), columns, content)
