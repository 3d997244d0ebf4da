"""The page of a class, for its teacher."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.curriculum.graph.matrices import row as row_of
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, label_array
from adaptlearn.numerics import Ints
from adaptlearn.planning.groups.groups import Groups
from adaptlearn.planning.learning.plan import LearningPlan
from adaptlearn.planning.promotion.report import PromotionReport
from adaptlearn.reporting.figures import Figures
from adaptlearn.reporting.page import Columns, Report
from adaptlearn.reporting.statuses import Status
from adaptlearn.reporting.templates import Templates

_WIDE = 12  # standards side by side, so that a row fits a phone
_MANY = 100  # students, from which on a list leaves out the names of the most frequent status
_BANDS = np.array([status.band for status in Status])


class Stuck(NamedTuple):
    """A skill on which practice no longer helps a student."""

    name: str
    skill: str
    status: int
    answers: int
    days: int | None
    before: tuple[tuple[str, int], ...]  # the skills before it, with their statuses


class Together(NamedTuple):
    """Students who work together."""

    when: str | None
    leader: str | None
    topic: str | None
    names: tuple[str, ...]


class Spread(NamedTuple):
    """How a class stands with a standard."""

    title: str
    counts: tuple[int, int, int]  # low, middle, high
    names: tuple[tuple[str, ...], ...]  # of the students of each status
    others: int | None  # the status of all who are not named


class Followed(NamedTuple):
    """What a student did of a plan, in minutes."""

    name: str
    planned: int
    done: int
    share: float


def report_class(
    figures: Figures,
    title: str = "",
    *,
    groups: Groups | None = None,
    plan: LearningPlan | None = None,
    promotion: PromotionReport | None = None,
    language: str = "en",
    templates: Templates | None = None,
) -> Report:
    """Make the page of a class.

    It says who is stuck, who could work together tomorrow, how each student stands with each
    standard, whether the plan was followed, and who is ready to move on.

    Parameters
    ----------
    figures : Figures
        Of the students of the class.
    title : str
        What the class is called.
    groups : Groups, optional
        Groups for tomorrow, see `form_groups`. By default, students whose next lesson is the same
        stand together.
    plan : LearningPlan, optional
        Last week's plan. The page compares it with the answers, whose times must be datetimes.
    promotion : PromotionReport, optional
        It says who is ready to move on. By default, these are the students who have mastered all
        standards of the page.
    language, templates
        As in `report_student`.

    Returns
    -------
    Report
        With the tables ``stuck``, ``groups``, ``standards`` (one row per student and standard),
        ``spread`` (one row per standard), ``followed`` and ``ready``.

    Raises
    ------
    ParameterError
        The error lists all problems: groups, a plan or a report of other students, a plan whose
        week the answers cannot be compared with.

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.reporting import figures_of, report_class
    >>> school = Curriculum.from_dict({"prerequisites": [["add", "multiply"]]})
    >>> model = BKT.from_parameters({"skill": ["add", "multiply"], "prior": [.3, .1],
    ...                              "learn": [.2] * 2, "guess": [.2] * 2, "slip": [.1] * 2})
    >>> log = {"student": ["ann"] * 8 + ["ben"] * 12, "skill": ["add"] * 20,
    ...        "correct": [1] * 8 + [0] * 12}
    >>> tracker = MasteryTracker(model).update(log)
    >>> figures = figures_of(Sequencer(school, tracker, random_state=0), log)
    >>> page = report_class(figures, "4b")
    >>> page.columns["stuck"]["student"].tolist()
    ['ben']
    >>> {name: column.tolist() for name, column in page.columns["spread"].items()}
    {'standard': ['add', 'multiply'], 'low': [1, 2], 'middle': [0, 0], 'high': [1, 0]}
    """
    problems = [
        f"{name} is a {type(given).__name__}; expected a {kind.__name__}"
        for name, given, kind in (
            ("groups", groups, Groups), ("plan", plan, LearningPlan),
            ("promotion", promotion, PromotionReport),
        )
        if not isinstance(given, kind | None)
    ]  # fmt: skip
    if problems:
        raise ParameterError("report_class", problems)
    problems += _strangers(figures, groups=groups, plan=plan, promotion=promotion)
    if problems:
        raise ParameterError("report_class", problems)
    stuck, together = figures.stuck(), _together(figures, groups)
    spread, followed = _spread(figures), _followed(figures, plan)
    ready = _ready(figures, promotion)
    view = {
        "heading": title,
        "stuck": _stuck(figures, stuck),
        "together": together,
        "formed": groups is not None,
        "left_out": [] if groups is None else _names(figures, groups.left_out),
        "spread": spread,
        "chunks": [*_chunks(figures)],
        "followed": followed,
        "planned": plan is not None,
        "ready": _names(figures, ready),
        "promotion": None if promotion is None else promotion.rule,
        "day": figures.day,
        "n_students": len(figures),
    }
    columns: dict[str, Columns] = {
        "stuck": stuck,
        "groups": _group_columns(together),
        "standards": figures.table(),
        "spread": _spread_columns(figures, spread),
        "followed": {
            "student": label_array(one.name for one in followed),
            "planned": np.array([one.planned for one in followed], np.int64),
            "done": np.array([one.done for one in followed], np.int64),
        },
        "ready": {"student": label_array(ready)},
    }
    return Report("class.html", view, columns, language=language, templates=templates)


def _strangers(figures: Figures, **parts: Any) -> list[str]:
    """Parts that are about other students."""
    found = []
    for name, part in parts.items():
        theirs = [] if part is None else part.students.tolist()
        others = [one for one in theirs if one not in figures.index.place]
        if others:
            found.append(
                f"{name} has students that the figures lack, such as {others[0]!r}; "
                "compute the figures of all of them"
            )
    return found


def _names(figures: Figures, students: Iterable[Label]) -> list[str]:
    return [figures.names[figures.index.place[one]] for one in students]


def _stuck(figures: Figures, table: Columns) -> list[Stuck]:
    """Who is stuck, in words of the page."""
    curriculum = figures.sequencer.curriculum
    rows = zip(*(column.tolist() for column in table.values()), strict=True)
    found = []
    for student, label, answers, days in rows:
        row, skill = figures.index.place[student], curriculum.skill_index.place[label]
        before = [
            (curriculum.skill_titles[place], int(figures.skill_status[row, place]))
            for place in row_of(curriculum.prerequisites, skill)
        ]
        found.append(Stuck(
            figures.names[row], curriculum.skill_titles[skill],
            int(figures.skill_status[row, skill]), answers,
            None if math.isnan(days) else int(days), tuple(before),
        ))  # fmt: skip
    return found


def _together(figures: Figures, groups: Groups | None) -> list[Together]:
    """The groups that are given, or students whose next lesson is the same."""
    curriculum = figures.sequencer.curriculum
    if groups is None:
        by_lesson: dict[str, list[str]] = {}
        for name, decision in zip(figures.names, figures.decisions, strict=True):
            if decision.lesson is not None:
                by_lesson.setdefault(decision.reason.title, []).append(name)
        return [
            Together(None, None, lesson, tuple(names))
            for lesson, names in sorted(by_lesson.items(), key=lambda one: -len(one[1]))
        ]
    found = []
    for slot, skill in zip(groups.slots, groups.skills, strict=True):
        topic = None
        if skill is not None:
            topic = curriculum.skill_titles[curriculum.skill_index.code(skill)]
        names = tuple(_names(figures, groups.members(slot.label)))
        leader = None if slot.leader is None else str(slot.leader)
        found.append(Together(str(slot.label), leader, topic, names))
    return found


def _group_columns(together: list[Together]) -> Columns:
    pairs = [(place, name) for place, one in enumerate(together) for name in one.names]
    return {
        "group": np.array([place + 1 for place, _ in pairs], np.int64),
        "slot": np.array([together[place].when for place, _ in pairs], object),
        "topic": np.array([together[place].topic for place, _ in pairs], object),
        "student": np.array([name for _, name in pairs], object),
    }


def _spread(figures: Figures) -> list[Spread]:
    """How many stand low, in the middle and high with each standard, and who."""
    names = np.array(figures.names, object)
    found = []
    for place, title in enumerate(figures.titles):
        status = figures.status[:, place]
        low, middle, high = np.bincount(_BANDS[status], minlength=3).tolist()
        most = int(np.bincount(status).argmax()) if len(names) >= _MANY else None
        who = [() if one == most else tuple(names[status == one].tolist()) for one in Status]
        found.append(Spread(title, (low, middle, high), tuple(who), most))
    return found


def _spread_columns(figures: Figures, spread: list[Spread]) -> Columns:
    counts: Ints = np.array([one.counts for one in spread], np.int64).reshape(-1, 3)
    low, middle, high = counts.T
    return {"standard": figures.standards.labels, "low": low, "middle": middle, "high": high}


class Chunk(NamedTuple):
    """Some standards side by side."""

    first: int
    labels: list[str]
    rows: list[tuple[str, list[int]]]


def _chunks(figures: Figures) -> Iterable[Chunk]:
    """The grid, so many standards at a time that a row fits a phone."""
    labels = [*map(str, figures.standards.labels.tolist())]
    n_chunks = math.ceil(len(labels) / _WIDE)
    bounds = np.linspace(0, len(labels), n_chunks + 1).round().astype(int).tolist()
    for start, end in pairwise(bounds):
        rows = zip(figures.names, figures.status[:, start:end].tolist(), strict=True)
        yield Chunk(start + 1, labels[start:end], [*rows])


def _followed(figures: Figures, plan: LearningPlan | None) -> list[Followed]:
    """What each student did of the plan, the least first."""
    if plan is None:
        return []
    table = plan.followed(figures.log).table()
    found = [
        Followed(figures.names[figures.index.place[student]], round(planned), round(done), share)
        for student, planned, done, share in zip(
            *(table[name].tolist() for name in ("student", "planned", "done", "followed")),
            strict=True,
        )
        if not math.isnan(share)
    ]
    return sorted(found, key=lambda one: one.share)


def _ready(figures: Figures, promotion: PromotionReport | None) -> list[Label]:
    """Who is ready to move on."""
    if promotion is not None:
        ready: list[Label] = promotion.students[promotion.recommended].tolist()
        return ready
    done: list[Label] = figures.students[(figures.status >= Status.MASTERED).all(axis=1)].tolist()
    return done
