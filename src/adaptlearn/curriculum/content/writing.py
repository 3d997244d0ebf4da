"""The parts of a curriculum as plain lists and strings, in one order however they were listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adaptlearn.curriculum.content.parts import LESSON_KINDS, LESSON_MODES, Item, Lesson, Parts
from adaptlearn.curriculum.content.sources import FORMAT, VERSION
from adaptlearn.curriculum.graph.edges import Edge, SoundEdges, in_order
from adaptlearn.curriculum.outline import Course, Standard, grade_text
from adaptlearn.labels import Label

Place = Mapping[Label, int]


def content_of(parts: Parts) -> dict[str, Any]:
    """What `Curriculum.from_dict` reads back; what the curriculum has not is left out."""
    skills = list(parts.skills)
    place = {skill: number for number, skill in enumerate(skills)}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "skills": _skills(parts.skills, parts.thresholds),
        "prerequisites": _prerequisites(parts.prerequisites, skills),
        "encompasses": _encompasses(parts.encompasses, skills),
        "lessons": [_lesson(lesson, place) for lesson in parts.lessons],
        "items": [_taught("item", item, place) for item in parts.items],
        "standards": [_standard(standard, place) for standard in parts.standards],
        "courses": _courses(parts, place),
    }
    optional = ("encompasses", "standards", "courses")
    return {name: value for name, value in content.items() if value or name not in optional}


def _record(record: dict[str, Any], **extras: Any) -> dict[str, Any]:
    """A record with those extras that say something: no title like the label, no gap."""
    label = str(next(iter(record.values())))
    for name, value in extras.items():
        is_gap = value is None or value == () or value != value  # noqa: PLR0124 (NaN: unknown)
        if not is_gap and not (name == "title" and value == label):
            record[name] = list(value) if isinstance(value, tuple) else value
    return record


def _ordered(labels: Sequence[Label], place: Place) -> tuple[Label, ...]:
    return tuple(sorted(labels, key=place.__getitem__) if len(labels) > 1 else labels)


def _skills(titles: Mapping[Label, str], thresholds: Sequence[float]) -> list[Any]:
    """A record each, or the label alone where nothing more is said."""
    records = [
        _record({"skill": skill}, title=title, threshold=threshold)
        for (skill, title), threshold in zip(titles.items(), thresholds, strict=True)
    ]
    return [record if len(record) > 1 else record["skill"] for record in records]


def _prerequisites(sound: SoundEdges, skills: Sequence[Label]) -> list[list[Any]]:
    pairs: list[list[Any]] = [[skills[before], skills[skill]]
                              for before, skill in sorted(sound.edges)]  # fmt: skip
    return pairs + [
        [[skills[member] for member in group.members], skills[group.skill]]
        for group in in_order(sound.groups)
    ]


def _encompasses(weights: Mapping[Edge, float], skills: Sequence[Label]) -> list[list[Any]]:
    return [
        [skills[skill], skills[part], weight] for (skill, part), weight in sorted(weights.items())
    ]


def _taught(role: str, unit: Lesson | Item | Standard, place: Place) -> dict[str, Any]:
    return {role: unit.label, "skills": list(_ordered(unit.skills, place))}


def _lesson(lesson: Lesson, place: Place) -> dict[str, Any]:
    return _record(
        _taught("lesson", lesson, place),
        title=lesson.title,
        minutes=lesson.minutes,
        kind=None if lesson.kind == LESSON_KINDS[0] else lesson.kind,
        difficulty=lesson.difficulty,
        tags=lesson.tags,
        mode=None if lesson.mode == LESSON_MODES[0] else lesson.mode,
    )


def _standard(standard: Standard, place: Place) -> dict[str, Any]:
    return _record(
        _taught("standard", standard, place),
        title=standard.title,
        grade=grade_text(standard.grade),
    )


def _courses(parts: Parts, place: Place) -> list[dict[str, Any]]:
    standards = {standard.label: number for number, standard in enumerate(parts.standards)}

    def units_of(course: Course) -> list[dict[str, Any]]:
        return [
            _record(
                {"unit": unit.label},
                title=unit.title,
                standards=_ordered(unit.standards, standards),
                skills=_ordered(unit.skills, place),
            )
            for unit in course.units
        ]

    return [
        _record({"course": course.label}, title=course.title, grade=grade_text(course.grade))
        | {"units": units_of(course)}
        for course in parts.courses
    ]
