"""What can be wrong between the parts of a curriculum, and what mends it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from adaptlearn.curriculum.content.draft import Draft, RawStandard, RawUnit, Repair
from adaptlearn.curriculum.content.edges import check_edges, check_encompasses
from adaptlearn.curriculum.graph.edges import Edge, SoundEdges
from adaptlearn.curriculum.outline import Course, Standard, Unit, as_grades
from adaptlearn.labels import Hints, Label
from adaptlearn.validation import Constraint, Interval, OneOf

LESSON_KINDS = ("instruction", "practice", "review", "assessment", "enrichment", "elective")
LESSON_MODES = ("device", "teacher", "group", "offline")
_UNIT_INTERVAL = Interval(0, 1)
_THRESHOLD = Interval(0, 1, closed="right")
_MINUTES = Interval(0, math.inf, closed="neither")
_KIND = OneOf(LESSON_KINDS)
_MODE = OneOf(LESSON_MODES)


class Lesson(NamedTuple):
    """A lesson without faults; numbers are NaN where unknown."""

    label: Label
    skills: list[Label]
    title: str
    minutes: float = math.nan
    kind: str = LESSON_KINDS[0]
    difficulty: float = math.nan
    tags: tuple[str, ...] = ()
    mode: str = LESSON_MODES[0]


class Item(NamedTuple):
    """An item without faults."""

    label: Label
    skills: list[Label]


class Parts(NamedTuple):
    """The parts of a curriculum, fit for each other: what is left once faults are mended.

    Attributes
    ----------
    skills : dict of label to title
    thresholds : list of float
        Of each skill; NaN where none is given.
    prerequisites : SoundEdges
    encompasses : dict of (int, int) to float
        Weights by the places of a skill and of one that it encompasses.
    lessons : list of Lesson
    items : list of Item
    standards : list of Standard
    courses : list of Course
    """

    skills: dict[Label, str]
    thresholds: list[float]
    prerequisites: SoundEdges
    encompasses: dict[Edge, float]
    lessons: list[Lesson]
    items: list[Item]
    standards: list[Standard]
    courses: list[Course]


def check(draft: Draft) -> tuple[Parts, list[Repair], list[str]]:
    """Find every fault and mend it.

    Returns
    -------
    parts : Parts
        The draft without its faults.
    repairs : list of Repair
        Each fault, in the order skills, prerequisites, encompassings, lessons, items,
        standards, courses.
    fatal : list of str
        What cannot be mended.
    """
    repairs = list(draft.faults)
    fatal = list(draft.fatal)
    skills, thresholds = _skills(draft, repairs)
    if not skills and not fatal:
        fatal.append("there is no skill; give skills, or prerequisites, lessons or items with some")
    labels = list(skills)
    prerequisites = check_edges(draft.edges, labels, repairs)
    encompasses = check_encompasses(draft.encompasses, labels, repairs)
    members = _Members(skills, repairs)
    if draft.lessons is None:
        lessons = [Lesson(skill, [skill], title) for skill, title in skills.items()]
    else:
        lessons = [_lesson(raw, known, repairs)
                   for raw, known in members.sound("lesson", "teaches", draft.lessons)]  # fmt: skip
    if not lessons and not fatal:
        left = "no lesson is left that can be used" if draft.lessons else "there is no lesson"
        fatal.append(f"{left}; leave lessons out altogether to have one per skill")
    items = [Item(raw.label, known)
             for raw, known in members.sound("item", "exercises", draft.items)]  # fmt: skip
    standards = [
        Standard(raw.label, known, _titled(raw), _grade(raw.grade, "standard", raw.label, repairs))
        for raw, known in members.sound("standard", "asks for", draft.standards)
    ]
    courses = _courses(draft, standards, skills, repairs)
    for what, named in (
        ("skills", labels),
        ("lessons", [lesson.label for lesson in lessons]),
        ("items", [item.label for item in items]),
        ("standards", [standard.label for standard in standards]),
        ("courses", [course.label for course in courses]),
    ):
        if len({type(label) for label in named}) > 1:
            numbers = [label for label in named if isinstance(label, int)]
            fatal.append(
                f"{what}: {len(numbers)} labels are integers (such as {numbers[0]}), "
                f"{len(named) - len(numbers)} are strings; expected one kind"
            )
    parts = Parts(skills, thresholds, prerequisites, encompasses, lessons, items, standards,
                  courses)  # fmt: skip
    return parts, repairs, fatal


def _skills(draft: Draft, repairs: list[Repair]) -> tuple[dict[Label, str], list[float]]:
    skills: dict[Label, str] = {}
    if draft.skills is None:
        ends = (skill for edge in draft.edges for skill in (*edge.before, edge.skill))
        parts = (skill for pair in draft.encompasses for skill in pair[:2])
        in_units = chain.from_iterable(
            [
                *(unit.skills for unit in (*(draft.lessons or ()), *draft.items)),
                *(standard.skills for standard in draft.standards),
                *(unit.skills for unit in draft.courses),
            ]
        )
        for named in (ends, parts, in_units):
            for skill in named:
                skills.setdefault(skill, str(skill))
        return skills, [math.nan] * len(skills)
    rows: dict[Label, list[int]] = {}
    thresholds = []
    for row, (skill, title, threshold) in enumerate(draft.skills):
        rows.setdefault(skill, []).append(row)
        if skill not in skills:
            skills[skill] = str(skill) if title is None else title
            thresholds.append(
                _number(threshold, "threshold", f"skill {skill!r}", _THRESHOLD, repairs)
            )
    repairs.extend(_duplicate("skill", skill, places) for skill, places in rows.items()
                   if len(places) > 1)  # fmt: skip
    return skills, thresholds


def _duplicate(what: str, label: Label, rows: list[int]) -> Repair:
    places = ", ".join(map(str, rows))
    return Repair(
        "duplicate",
        f"{what} {label!r} is listed {len(rows)} times (entries {places})",
        f"kept entry {rows[0]}",
    )


_Raw = TypeVar("_Raw", RawUnit, RawStandard)


class _Members:
    """Looks up the skills of lessons, items and standards."""

    def __init__(self, skills: Mapping[Label, str], repairs: list[Repair]) -> None:
        self._skills = skills
        self._repairs = repairs

    def sound(self, what: str, verb: str, given: Sequence[_Raw]) -> list[tuple[_Raw, list[Label]]]:
        """Those that name a known skill, with the known skills they name."""
        known_skills = _Known("skill", self._skills, Hints(self._skills))
        rows: dict[Label, list[int]] = {}
        found = []
        for row, raw in enumerate(given):
            rows.setdefault(raw.label, []).append(row)
            if len(rows[raw.label]) > 1:
                continue
            whose = f"{what} {raw.label!r}"
            known = _known(raw.skills, known_skills, f"{whose} {verb}", self._repairs)
            if len(set(raw.skills)) < len(raw.skills):
                problem = f"{whose} names a skill twice"
                self._repairs.append(Repair("duplicate", problem, "kept it once"))
            if known:
                found.append((raw, known))
            else:
                problem = f"{whose} {verb} no known skill"
                self._repairs.append(Repair(f"{verb} nothing", problem, "dropped it"))
        self._repairs.extend(_duplicate(what, label, places) for label, places in rows.items()
                             if len(places) > 1)  # fmt: skip
        return found


class _Known(NamedTuple):
    """What labels may name."""

    what: str
    labels: Mapping[Label, Any]
    hint: Hints


def _known(named: Sequence[Label], known: _Known, whose: str, repairs: list[Repair]) -> list[Label]:
    """The named labels that are known, each once; the others are reported."""
    found = []
    for label in dict.fromkeys(named):
        if label in known.labels:
            found.append(label)
        else:
            problem = f"{whose} {label!r}, which is no {known.what}{known.hint(label)}"
            repairs.append(Repair(f"unknown {known.what}", problem, "took it off the list"))
    return found


def _lesson(raw: RawUnit, known: list[Label], repairs: list[Repair]) -> Lesson:
    whose = f"lesson {raw.label!r}"
    minutes = _number(raw.minutes, "minutes", whose, _MINUTES, repairs)
    difficulty = _number(raw.difficulty, "difficulty", whose, _UNIT_INTERVAL, repairs)
    kind = _one_of(raw.kind, f"{whose} is of kind", "lesson kind", _KIND, repairs)
    mode = _one_of(raw.mode, f"{whose} has mode", "lesson mode", _MODE, repairs)
    tags = tuple(tag for tag in raw.tags or () if isinstance(tag, str) and tag)
    if len(tags) < len(raw.tags or ()):
        problem = f"{whose} has tags {list(raw.tags)!r}; expected texts"
        repairs.append(Repair("tags", problem, "kept those that are"))
    distinct = tuple(dict.fromkeys(tags))
    return Lesson(raw.label, known, _titled(raw), minutes, kind, difficulty, distinct, mode)


def _one_of(value: Any, whose: str, fault: str, allowed: OneOf, repairs: list[Repair]) -> str:
    """One of some names; the first where none is given, or where it is reported."""
    usual = str(allowed.values[0])
    if value is None:
        return usual
    if allowed.accepts(value):
        return str(value)
    repairs.append(Repair(fault, f"{whose} {value!r}; expected {allowed}", f"took it for {usual}"))
    return usual


def _titled(raw: RawUnit | RawStandard) -> str:
    return str(raw.label) if raw.title is None else raw.title


def _number(value: Any, role: str, whose: str, allowed: Constraint, repairs: list[Repair]) -> float:
    """A number within its bounds; NaN where none is given, or where it is reported."""
    if value is None:
        return math.nan
    if allowed.accepts(value):
        return float(value)
    bounds = "a number above 0" if allowed is _MINUTES else allowed
    problem = f"{whose} has {role} {value!r}; expected {bounds}"
    repairs.append(Repair(role, problem, f"left its {role} unknown"))
    return math.nan


def _grade(value: Any, what: str, label: Label, repairs: list[Repair]) -> tuple[float, float]:
    """The lowest and highest grade; NaN where none is given, or where it is reported."""
    if value is None:
        return math.nan, math.nan
    grades = as_grades(value)
    if grades is not None:
        return grades
    problem = (
        f"{what} {label!r} has grade {value!r}; expected an integer from -1 to 20, 'PK', 'K', "
        "or a band such as '9-12'"
    )
    repairs.append(Repair("grade", problem, "left its grade unknown"))
    return math.nan, math.nan


def _courses(
    draft: Draft,
    standards: Sequence[Standard],
    skills: Mapping[Label, str],
    repairs: list[Repair],
) -> list[Course]:
    places = {standard.label: place for place, standard in enumerate(standards)}
    known_skills = _Known("skill", skills, Hints(skills))
    known_standards = _Known("standard", places, Hints(places))
    courses: dict[Label, Course] = {}
    seen: set[tuple[Label, Label]] = set()
    for raw in draft.courses:
        name = f"unit {raw.unit!r} of course {raw.course!r}"
        course = courses.get(raw.course)
        if course is None:
            title = str(raw.course) if raw.title is None else raw.title
            grade = _grade(raw.grade, "course", raw.course, repairs)
            course = courses[raw.course] = Course(raw.course, title, grade, [])
        if (raw.course, raw.unit) in seen:
            repairs.append(Repair("duplicate", f"{name} is listed twice", "kept the first"))
            continue
        seen.add((raw.course, raw.unit))
        own = _known(raw.skills, known_skills, f"{name} names", repairs)
        asked = _known(raw.standards, known_standards, f"{name} names", repairs)
        if own or asked:
            title = str(raw.unit) if raw.unit_title is None else raw.unit_title
            course.units.append(Unit(raw.unit, title, asked, own))
        else:
            problem = f"{name} asks for no known standard or skill"
            repairs.append(Repair("asks for nothing", problem, "dropped it"))
    return [course for course in courses.values() if course.units]
