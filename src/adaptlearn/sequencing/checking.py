"""What can be wrong between the parts of a curriculum, and what mends it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from adaptlearn.sequencing.graph import closing_edges
from adaptlearn.sequencing.reading import Draft, Label, RawUnit, Repair

# Looking for near spellings compares with every name: only done while that is cheap.
_HINTS = 50
_HINT_NAMES = 20_000


class Parts(NamedTuple):
    """The parts of a curriculum, fit for each other: what is left once faults are mended.

    Attributes
    ----------
    skills : dict of label to title
    edges : list of (int, int)
        Prerequisite and skill, as places among the skills.
    lessons, items : list of RawUnit
        With `title` a string, and `minutes` a float (NaN where unknown).
    """

    skills: dict[Label, str]
    edges: list[tuple[int, int]]
    lessons: list[RawUnit]
    items: list[RawUnit]


def check(draft: Draft) -> tuple[Parts, list[Repair], list[str]]:
    """Find every fault and mend it.

    Returns
    -------
    parts : Parts
        The draft without its faults.
    repairs : list of Repair
        Each fault, in the order skills, prerequisites, lessons, items.
    fatal : list of str
        What cannot be mended.
    """
    repairs = list(draft.faults)
    fatal = list(draft.fatal)
    skills = _skills(draft, repairs)
    if not skills and not fatal:
        fatal.append("there is no skill; give skills, or prerequisites, lessons or items with some")
    edges = _edges(draft.edges, skills, repairs)
    if draft.lessons is None:
        lessons = [RawUnit(skill, [skill], title, math.nan) for skill, title in skills.items()]
    else:
        lessons = _units("lesson", "teaches", draft.lessons, skills, repairs)
    if not lessons and not fatal:
        left = "no lesson is left that can be used" if draft.lessons else "there is no lesson"
        fatal.append(f"{left}; leave lessons out altogether to have one per skill")
    items = _units("item", "exercises", draft.items, skills, repairs)
    for what, labels in (
        ("skills", list(skills)),
        ("lessons", [lesson.label for lesson in lessons]),
        ("items", [item.label for item in items]),
    ):
        if len({type(label) for label in labels}) > 1:
            numbers = [label for label in labels if isinstance(label, int)]
            fatal.append(
                f"{what}: {len(numbers)} labels are integers (such as {numbers[0]}), "
                f"{len(labels) - len(numbers)} are strings; expected one kind"
            )
    return Parts(skills, edges, lessons, items), repairs, fatal


def _skills(draft: Draft, repairs: list[Repair]) -> dict[Label, str]:
    skills: dict[Label, str] = {}
    if draft.skills is None:
        ends = (skill for edge in draft.edges for skill in edge)
        units = (skill for unit in [*(draft.lessons or ()), *draft.items] for skill in unit.skills)
        for named in (ends, units):
            for skill in named:
                skills.setdefault(skill, str(skill))
        return skills
    rows: dict[Label, list[int]] = {}
    for row, (skill, title) in enumerate(draft.skills):
        rows.setdefault(skill, []).append(row)
        skills.setdefault(skill, str(skill) if title is None else title)
    repairs.extend(_duplicate("skill", skill, places) for skill, places in rows.items()
                   if len(places) > 1)  # fmt: skip
    return skills


def _duplicate(what: str, label: Label, rows: list[int]) -> Repair:
    places = ", ".join(map(str, rows))
    return Repair(
        "duplicate",
        f"{what} {label!r} is listed {len(rows)} times (entries {places})",
        f"kept entry {rows[0]}",
    )


def _edges(
    given: list[tuple[Label, Label]], skills: dict[Label, str], repairs: list[Repair]
) -> list[tuple[int, int]]:
    place = {skill: code for code, skill in enumerate(skills)}
    hint = _Hints(skills)
    seen: dict[tuple[Label, Label], int] = {}
    sound = []
    for before, skill in given:
        seen[before, skill] = seen.get((before, skill), 0) + 1
        if seen[before, skill] > 1:
            continue
        unknown = [end for end in dict.fromkeys((before, skill)) if end not in place]
        if unknown:
            names = " and ".join(f"{end!r}{hint(end)}" for end in unknown)
            problem = f"prerequisite {before!r} -> {skill!r} has an end that is no skill: {names}"
            repairs.append(Repair("dangling", problem, "dropped it"))
        elif before == skill:
            repairs.append(
                Repair("self-loop", f"skill {skill!r} is its own prerequisite", "dropped that")
            )
        else:
            sound.append((place[before], place[skill]))
    repairs.extend(
        Repair("duplicate", f"prerequisite {before!r} -> {skill!r} is listed {count} times",
               "kept one")
        for (before, skill), count in seen.items()
        if count > 1
    )  # fmt: skip
    labels = list(skills)
    dropped = set()
    for edge, path in closing_edges(len(labels), sound):
        dropped.add(edge)
        before, skill = (labels[end] for end in sound[edge])
        route = " -> ".join(str(labels[node]) for node in path)
        repairs.append(
            Repair(
                "cycle",
                f"prerequisites form a cycle: {route}",
                f"dropped {before!r} -> {skill!r}, the last of them to be listed",
            )
        )
    return [edge for number, edge in enumerate(sound) if number not in dropped]


def _units(
    what: str, verb: str, given: list[RawUnit], skills: dict[Label, str], repairs: list[Repair]
) -> list[RawUnit]:
    hint = _Hints(skills)
    rows: dict[Label, list[int]] = {}
    sound = []
    for row, unit in enumerate(given):
        rows.setdefault(unit.label, []).append(row)
        if len(rows[unit.label]) > 1:
            continue
        known = []
        for skill in dict.fromkeys(unit.skills):
            if skill in skills:
                known.append(skill)
            else:
                problem = f"{what} {unit.label!r} {verb} {skill!r}, which is no skill{hint(skill)}"
                repairs.append(Repair("unknown skill", problem, "took it off the list"))
        if len(set(unit.skills)) < len(unit.skills):
            problem = f"{what} {unit.label!r} names a skill twice"
            repairs.append(Repair("duplicate", problem, "kept it once"))
        title = str(unit.label) if unit.title is None else unit.title
        minutes = _minutes(unit, what, repairs)
        if known:
            sound.append(RawUnit(unit.label, known, title, minutes))
        else:
            repairs.append(Repair(
                f"{verb} nothing", f"{what} {unit.label!r} {verb} no known skill", "dropped it"
            ))  # fmt: skip
    repairs.extend(_duplicate(what, label, places) for label, places in rows.items()
                   if len(places) > 1)  # fmt: skip
    return sound


def _minutes(unit: RawUnit, what: str, repairs: list[Repair]) -> float:
    minutes = unit.minutes
    if minutes is None:
        return math.nan
    number = math.nan
    if isinstance(minutes, (int, float, np.number)) and type(minutes) is not bool:
        number = float(minutes)
    if 0 <= number < math.inf:
        return number
    problem = f"{what} {unit.label!r} has minutes {minutes!r}; expected a number from 0"
    repairs.append(Repair("minutes", problem, "left its minutes unknown"))
    return math.nan


class _Hints:
    """Near spellings of names that are not known."""

    def __init__(self, names: Iterable[Label]) -> None:
        self._names = [name for name in names if isinstance(name, str)]
        self._left = _HINTS if len(self._names) <= _HINT_NAMES else 0

    def __call__(self, name: Label) -> str:
        if not isinstance(name, str) or self._left == 0:
            return ""
        self._left -= 1
        near = get_close_matches(name, self._names, n=1, cutoff=0.8)
        return f" (did you mean {near[0]!r}?)" if near else ""
