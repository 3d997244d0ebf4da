"""A curriculum as plain lists and strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from adaptlearn.curriculum.content.sources import FORMAT, VERSION
from adaptlearn.curriculum.graph.requirements import row
from adaptlearn.curriculum.outline import grade_text

if TYPE_CHECKING:
    from adaptlearn.curriculum.curriculum import Curriculum


def content_of(curriculum: Curriculum) -> dict[str, Any]:
    """What `Curriculum.from_dict` reads back; what the curriculum has not is left out."""
    skills = curriculum.skills.tolist()
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "skills": [
            _record({"skill": skill}, title=title, threshold=threshold) for skill, title, threshold
            in zip(skills, curriculum.skill_titles, curriculum.thresholds.tolist(), strict=True)
        ],
        "prerequisites": _prerequisites(curriculum),
        "encompasses": _encompasses(curriculum),
        "lessons": _lessons(curriculum),
        "items": _members("item", curriculum.items, curriculum.exercises, curriculum.skills),
        "standards": _standards(curriculum),
        "courses": _courses(curriculum),
    }  # fmt: skip
    content["skills"] = [
        record if len(record) > 1 else record["skill"] for record in content["skills"]
    ]
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


def _members(
    role: str, labels: NDArray[Any], members: csr_array, skills: NDArray[Any]
) -> list[dict[str, Any]]:
    names = skills[members.indices].tolist()
    starts = members.indptr.tolist()
    return [
        {role: label, "skills": names[starts[place] : starts[place + 1]]}
        for place, label in enumerate(labels.tolist())
    ]


def _prerequisites(curriculum: Curriculum) -> list[list[Any]]:
    skills = curriculum.skills.tolist()
    after = curriculum.prerequisites.T.tocsr()
    before = np.repeat(np.arange(len(skills)), np.diff(after.indptr)).tolist()
    pairs: list[list[Any]] = [
        [skills[first], skills[then]]
        for first, then in zip(before, after.indices.tolist(), strict=True)
    ]
    for group, skill in enumerate(curriculum.requirements.owner.tolist()):
        members = row(curriculum.alternatives, group)
        pairs.append([[skills[member] for member in members], skills[skill]])
    return pairs


def _encompasses(curriculum: Curriculum) -> list[list[Any]]:
    weights = curriculum.encompasses
    whole = np.repeat(np.arange(len(curriculum.skills)), np.diff(weights.indptr))
    columns = (curriculum.skills[whole], curriculum.skills[weights.indices], weights.data)
    return [list(edge) for edge in zip(*(column.tolist() for column in columns), strict=True)]


def _lessons(curriculum: Curriculum) -> list[dict[str, Any]]:
    records = _members("lesson", curriculum.lessons, curriculum.teaches, curriculum.skills)
    details = zip(
        curriculum.lesson_titles,
        curriculum.minutes.tolist(),
        curriculum.lesson_kinds,
        curriculum.difficulty.tolist(),
        curriculum.lesson_tags,
        strict=True,
    )
    return [
        _record(
            record,
            title=title,
            minutes=minutes,
            kind=None if kind == "instruction" else kind,
            difficulty=difficulty,
            tags=tags,
        )
        for record, (title, minutes, kind, difficulty, tags) in zip(records, details, strict=True)
    ]


def _standards(curriculum: Curriculum) -> list[dict[str, Any]]:
    groups = curriculum.standards
    records = _members("standard", groups.labels, groups.skills, curriculum.skills)
    return [
        _record(record, title=title, grade=grade_text(grade))
        for record, title, grade in zip(records, groups.titles, groups.grades.tolist(), strict=True)
    ]


def _courses(curriculum: Curriculum) -> list[dict[str, Any]]:
    outline, skills = curriculum.outline, curriculum.skills.tolist()
    standards = outline.standards.labels.tolist()
    courses: list[dict[str, Any]] = [
        _record({"course": label}, title=title, grade=grade_text(grade)) | {"units": []}
        for label, title, grade in zip(
            outline.courses.labels.tolist(),
            outline.courses.titles,
            outline.courses.grades.tolist(),
            strict=True,
        )
    ]
    for place, (label, title) in enumerate(zip(outline.units.labels, outline.units.titles,
                                               strict=True)):  # fmt: skip
        own = tuple(skills[skill] for skill in row(outline.unit_skills, place))
        asked = tuple(standards[one] for one in row(outline.unit_standards, place))
        unit = _record({"unit": label[1]}, title=title, standards=asked, skills=own)
        courses[outline.unit_course[place]]["units"].append(unit)
    return courses
