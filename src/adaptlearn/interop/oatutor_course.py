"""OATutor's course plans as a curriculum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any

from adaptlearn.curriculum import Curriculum
from adaptlearn.errors import CurriculumError, DataWarning, ParameterError, UnknownLabelError, warn
from adaptlearn.interop.oatutor import read_json
from adaptlearn.labels import near_spellings
from adaptlearn.validation import Interval, OneOf, check_parameters, some

_THRESHOLD = Interval(0, 1, closed="right")
_MOST_GROUPS = 2_000
_MOST_IN_ALL = 100_000
Source = Mapping[str, Any] | Sequence[Any] | str | PathLike[str]


@dataclass
class _Lesson:
    label: str
    title: str
    thresholds: dict[str, float]


@dataclass
class _Course:
    name: str
    lessons: list[_Lesson]


def from_oatutor_courses(
    plans: Source,
    skill_model: Source | None = None,
    *,
    courses: str | Sequence[str] | None = None,
    order: str = "lessons",
) -> Curriculum:
    """Build a curriculum from OATutor's course plans.

    An OATutor course becomes a course with one unit per lesson. Lessons keep the order of the
    plans. If a lesson teaches no new skill in any course, its kind is ``"practice"``. If several
    courses contain the same lesson, the curriculum contains this lesson once. If courses give the
    same lesson different skills, the curriculum contains one version of the lesson for each set of
    skills. The labels of the second and all later versions of a lesson contain the name of a
    course. A skill's mastery threshold is the highest threshold that a lesson gives the skill.

    Parameters
    ----------
    plans : list, or path of a JSON file
        OATutor's ``coursePlans``, a list of courses. A course has ``courseName`` and ``lessons``. A
        lesson has ``id``, ``name``, ``topics`` and ``learningObjectives`` (thresholds by skill).
    skill_model : mapping, or path of a JSON file, optional
        OATutor's ``skillModel``: the skills of each problem step. Steps become items. If a step has
        no skill of the chosen courses, the reader leaves the step out. If a step has skills of the
        chosen courses, the reader leaves out only the step's other skills.
    courses : str or list of str, optional
        Names of the courses to read; by default all.
    order : {"lessons", "none"}
        Whether prerequisites follow from the order of lessons. ``"lessons"``: the prerequisites of
        a skill are all skills that were new in the previous lesson. With ``"lessons"``, students
        follow the order of the plan. If several courses teach a skill, the prerequisites from one
        of these courses are enough. If several courses teach a skill, the curriculum uses groups of
        alternatives (`Curriculum.alternatives`). Each group of alternatives contains one skill from
        the previous lesson of every course. ``"none"``: the curriculum has no prerequisites, so a
        policy may choose lessons in any order.

    Returns
    -------
    Curriculum

    Warns
    -----
    DataWarning
        A warning appears if lessons or steps contain a skill without a name. The reader ignores
        this skill.

    Raises
    ------
    CurriculumError
        The error is raised if the files do not have the form that `plans` and `skill_model`
        describe. The error lists all faults of the files.
    UnknownLabelError
        The error is raised if a name in `courses` is not the name of a course.
    ParameterError
        The error is raised if `order` is neither ``"lessons"`` nor ``"none"``. The error is also
        raised if the courses overlap too much: if one skill would have more than 2,000 groups of
        alternatives, or the curriculum would have more than 100,000 prerequisites.

    References
    ----------
    Z. Pardos, M. Tang, I. Anastasopoulos, S. Sheel, E. Zhang (2023). OATutor: an open-source
    adaptive tutoring system and curated content library for learning sciences research. CHI.

    Examples
    --------
    >>> plan = [{"courseName": "Algebra", "lessons": [
    ...     {"id": "a1", "name": "One", "topics": "Terms", "learningObjectives": {"terms": 0.85}},
    ...     {"id": "a2", "name": "Two", "topics": "", "learningObjectives": {"solving": 0.9}},
    ... ]}]
    >>> algebra = from_oatutor_courses(plan)
    >>> algebra.lesson_titles, algebra.thresholds.tolist()
    (('One: Terms', 'Two'), [0.85, 0.9])
    >>> algebra.ancestors("solving").tolist()
    ['terms']
    """
    check_parameters("from_oatutor_courses", {"order": order},
                     {"order": [OneOf(("lessons", "none"))]})  # fmt: skip
    problems: list[str] = []
    read = _courses(_loaded(plans, list, "plans", problems), problems)
    steps = {}
    if skill_model is not None:
        steps = _steps(_loaded(skill_model, Mapping, "skill model", problems), problems)
    if problems:
        raise CurriculumError("OATutor's course plans", problems)
    chosen = _chosen(read, courses)
    _drop_nameless(chosen, steps)
    return Curriculum.from_dict(_content(chosen, steps, order))


def _loaded(source: Source, expected: type, what: str, problems: list[str]) -> Any:
    content: Any = source
    if isinstance(source, (str, PathLike)):
        try:
            content = read_json(Path(source), problems)
        except ParameterError as error:
            problems += [f"{what}: {problem}" for problem in error.problems]
            return expected() if expected is list else {}
    if not isinstance(content, expected):
        kind = "list of courses" if expected is list else "mapping of steps to skills"
        problems.append(f"{what}: expected a {kind}, got a {type(content).__name__}")
        return []
    return content


def _courses(plans: Iterable[Any], problems: list[str]) -> list[_Course]:
    found: dict[str, _Course] = {}
    for number, plan in enumerate(plans):
        name = plan.get("courseName") if isinstance(plan, Mapping) else None
        lessons = plan.get("lessons") if isinstance(plan, Mapping) else None
        if not isinstance(name, str) or not name or not isinstance(lessons, list):
            problems.append(f"course {number}: expected a mapping with 'courseName' and 'lessons'")
        elif name in found:
            problems.append(f"course {number}: {name!r} stands there before")
        else:
            found[name] = _Course(name, _lessons(lessons, f"course {name!r}", problems))
    if not found and not problems:
        problems.append("there are no courses")
    return list(found.values())


def _lessons(raw: list[Any], whose: str, problems: list[str]) -> list[_Lesson]:
    found: dict[str, _Lesson] = {}
    for number, one in enumerate(raw):
        label = one.get("id") if isinstance(one, Mapping) else None
        objectives = one.get("learningObjectives") if isinstance(one, Mapping) else None
        where = f"{whose}, lesson {number}"
        if not isinstance(label, str) or not label or not isinstance(objectives, Mapping):
            problems.append(f"{where}: expected a mapping with 'id' and 'learningObjectives'")
            continue
        if label in found:
            problems.append(f"{where}: {label!r} stands there before")
        for skill, threshold in objectives.items():
            if not _THRESHOLD.accepts(threshold):
                problems.append(f"{where}: {skill!r} has {threshold!r}; expected {_THRESHOLD}")
        title, topics = str(one.get("name") or label), str(one.get("topics") or "").strip(" -")
        found[label] = _Lesson(label, f"{title}: {topics}" if topics else title, dict(objectives))
    return list(found.values())


def _steps(model: Mapping[Any, Any], problems: list[str]) -> dict[str, list[str]]:
    wrong = [
        step
        for step, skills in dict(model).items()
        if not isinstance(skills, list) or not all(isinstance(skill, str) for skill in skills)
    ]
    if wrong:
        problems.append(f"skill model: expected a list of skills for step {some(wrong)}")
    return {step: list(dict.fromkeys(skills)) for step, skills in dict(model).items()
            if step not in set(wrong)}  # fmt: skip


def _chosen(read: list[_Course], names: str | Sequence[str] | None) -> list[_Course]:
    if names is None:
        return read
    asked = [names] if isinstance(names, str) else list(names)
    known = {course.name: course for course in read}
    unknown = [name for name in asked if name not in known]
    if unknown or not asked:
        raise UnknownLabelError(
            "unknown course",
            [f"{name!r}{near_spellings(name, known)}" for name in unknown] or ["none is named"],
        )
    return [known[name] for name in dict.fromkeys(asked)]


def _drop_nameless(courses: list[_Course], steps: dict[str, list[str]]) -> None:
    """Take skills without a name out of lessons, and warn; steps are read without them anyway."""
    lessons = [lesson.label for course in courses for lesson in course.lessons
               if "" in lesson.thresholds]  # fmt: skip
    nameless = [step for step, skills in steps.items() if "" in skills]
    if lessons or nameless:
        warn(
            f"{len(lessons)} lessons and {len(nameless)} steps have a skill without a name "
            f"({some([*lessons, *nameless])}); they are read without it",
            DataWarning,
        )
    for course in courses:
        for lesson in course.lessons:
            lesson.thresholds.pop("", None)
        course.lessons = [lesson for lesson in course.lessons if lesson.thresholds]


def _content(courses: list[_Course], steps: dict[str, list[str]], order: str) -> dict[str, Any]:
    thresholds: dict[str, float] = {}
    before: dict[str, list[frozenset[str]]] = {}  # per course that brings a skill
    lessons: dict[str, dict[str, Any]] = {}
    units: dict[str, list[dict[str, Any]]] = {}
    for course in courses:
        seen: set[str] = set()
        latest: frozenset[str] = frozenset()
        units[course.name] = []
        for lesson in course.lessons:
            skills = list(lesson.thresholds)
            for skill, threshold in lesson.thresholds.items():
                thresholds[skill] = max(threshold, thresholds.get(skill, 0.0))
            fresh = frozenset(skills) - seen
            for skill in fresh:
                before.setdefault(skill, []).append(latest - {skill})
            seen |= fresh
            latest = fresh or latest
            _add_lesson(lessons, lesson, course.name, bool(fresh))
            units[course.name].append(
                {"unit": lesson.label, "title": lesson.title, "skills": skills}
            )
    return {
        "skills": [{"skill": skill, "threshold": threshold}
                   for skill, threshold in thresholds.items()],
        "prerequisites": _prerequisites(thresholds, before) if order == "lessons" else [],
        "lessons": list(lessons.values()),
        "items": [
            {"item": step, "skills": known}
            for step, skills in steps.items()
            if (known := [skill for skill in skills if skill in thresholds])
        ],
        "courses": [{"course": name, "units": parts} for name, parts in units.items() if parts],
    }  # fmt: skip


def _add_lesson(
    lessons: dict[str, dict[str, Any]], lesson: _Lesson, course: str, brings: bool
) -> None:
    record = {
        "lesson": lesson.label,
        "title": lesson.title,
        "skills": list(lesson.thresholds),
        "kind": "instruction" if brings else "practice",
    }
    known = lessons.setdefault(lesson.label, record)
    if set(known["skills"]) != set(record["skills"]):
        label = f"{lesson.label} ({course})"
        lessons[label] = {**record, "lesson": label}
    elif brings:
        known["kind"] = "instruction"


def _is_least(choice: frozenset[str], ways: Iterable[frozenset[str]]) -> bool:
    """Whether none of a choice can be spared: each is all that is chosen of some way."""
    chosen = (choice & way for way in ways)
    return frozenset().union(*(one for one in chosen if len(one) == 1)) == choice


def _prerequisites(
    skills: Iterable[str], before: Mapping[str, list[frozenset[str]]]
) -> list[tuple[Any, str]]:
    """What a skill needs if any of its courses' ways there will do: all of the one, or ..."""
    found: list[tuple[Any, str]] = []
    for skill in skills:
        ways = set(before[skill])
        if frozenset() in ways:
            continue  # a course begins with it
        number = 1
        for way in ways:
            number *= len(way)
        if number > _MOST_GROUPS:
            raise ParameterError(
                "from_oatutor_courses",
                [f"the orders of {len(before[skill])} courses come to {number} groups of "
                 f"alternatives for skill {skill!r}; read fewer courses, or order='none'"],
            )  # fmt: skip
        # One of each choice: (a and b) or c is (a or c) and (b or c).
        choices = {frozenset(choice) for choice in product(*ways)}
        least = [one for one in choices if _is_least(one, ways)]
        needs = sorted(map(sorted, least))
        found.extend((one[0] if len(one) == 1 else one, skill) for one in needs)
        if len(found) > _MOST_IN_ALL:
            raise ParameterError(
                "from_oatutor_courses",
                [f"the orders of the courses come to more than {_MOST_IN_ALL} prerequisites; "
                 "read fewer courses, or order='none'"],
            )  # fmt: skip
    return found
