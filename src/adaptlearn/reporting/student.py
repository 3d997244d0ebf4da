"""The pages of one student: the student's own, and the family's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.curriculum.graph.matrices import row as row_of
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, label_array, label_of
from adaptlearn.numerics import Bools, Ints
from adaptlearn.planning.day.plan import DayPlan
from adaptlearn.planning.learning.plan import LearningPlan
from adaptlearn.reporting.doubts import Doubt, doubts_of
from adaptlearn.reporting.figures import Figures
from adaptlearn.reporting.page import Columns, Report
from adaptlearn.reporting.statuses import Status
from adaptlearn.reporting.templates import Templates
from adaptlearn.sequencing.decisions.decision import NoLesson
from adaptlearn.sequencing.decisions.templates import TEMPLATES as SENTENCES
from adaptlearn.sequencing.decisions.templates import Templates as Sentences


class Line(NamedTuple):
    """A standard of a student."""

    title: str
    status: int
    lower: int
    upper: int
    skills: int
    mastery: float
    answers: int
    parts: tuple[str, ...]  # its skills,
    before: tuple[str, ...]  # those that are not mastered,
    due: tuple[str, ...]  # and those that are due for review


def report_student(
    figures: Figures,
    student: Label,
    *,
    plan: LearningPlan | DayPlan | None = None,
    language: str = "en",
    templates: Templates | None = None,
    sentences: Sentences = SENTENCES,
) -> Report:
    """Make the page of a student: what I know, what comes next, my goal, my week, my reviews.

    Parameters
    ----------
    figures : Figures
    student : label
        One of the students of the figures.
    plan : LearningPlan or DayPlan, optional
        What is planned for the student. Of a learning plan, the page shows the first week, and the
        days between which the goal is expected to be reached.
    language : str, default "en"
        A tag such as ``"es"`` or ``"ar"``; languages that are written from right to left are.
    templates : mapping of str to str, optional
        Translated sentences, in place of those of `TEMPLATES` with the same keys.
    sentences : mapping, optional
        Translated sentences of decisions, as in `Decision.sentence`.

    Returns
    -------
    Report
        With the tables ``standards``, ``next``, ``goal``, ``plan``, ``reviews`` and ``doubts``.

    Raises
    ------
    UnknownLabelError
        The figures or the plan do not have the student.
    ParameterError

    Examples
    --------
    >>> from adaptlearn import Curriculum, MasteryTracker, Sequencer
    >>> from adaptlearn.models import BKT
    >>> from adaptlearn.reporting import figures_of, report_student
    >>> school = Curriculum.from_dict({"skills": ["add", "multiply"]})
    >>> model = BKT.from_parameters({"skill": ["add", "multiply"], "prior": [.3, .1],
    ...                              "learn": [.2] * 2, "guess": [.2] * 2, "slip": [.1] * 2})
    >>> log = {"student": ["ann"] * 8, "skill": ["add"] * 8, "correct": [1] * 8}
    >>> tracker = MasteryTracker(model).update(log)
    >>> figures = figures_of(Sequencer(school, tracker, random_state=0), log)
    >>> page = report_student(figures, "ann")
    >>> page.columns["standards"]["status"].tolist()
    ['mastered', 'not begun']
    >>> "Next: multiply." in page.to_html()
    True
    """
    return _page(
        "student", figures, student, plan=plan, sentences=sentences, language=language,
        templates=templates,
    )  # fmt: skip


def report_family(
    figures: Figures,
    student: Label,
    *,
    plan: LearningPlan | DayPlan | None = None,
    language: str = "en",
    templates: Templates | None = None,
    sentences: Sentences = SENTENCES,
) -> Report:
    """Make the page of a student's family.

    It says the same as the student's page, and of each standard what it means, how it was judged
    and what helps. It says nothing of other students.

    Parameters
    ----------
    figures, student, plan, language, templates, sentences
        As in `report_student`.

    Returns
    -------
    Report

    Raises
    ------
    UnknownLabelError, ParameterError
    """
    return _page(
        "family", figures, student, plan=plan, sentences=sentences, language=language,
        templates=templates,
    )  # fmt: skip


def _page(
    kind: str, figures: Figures, student: Label, *, plan: Any, sentences: Sentences, **words: Any
) -> Report:
    if not isinstance(plan, LearningPlan | DayPlan | None):
        what = type(plan).__name__
        raise ParameterError(
            f"report_{kind}", [f"plan is a {what}; expected a LearningPlan or a DayPlan"]
        )
    row = figures.index.code(label_of(student, "student"))
    curriculum = figures.sequencer.curriculum
    own = plan.of([student]) if isinstance(plan, LearningPlan) else plan
    due = np.flatnonzero(figures.skill_status[row] == Status.DUE)
    found = _Found(
        _goal(figures, row, own), [*_lessons(own, student, curriculum)], due,
        doubts_of(figures, row),
    )  # fmt: skip
    lines = [_line(figures, row, place) for place in range(len(figures.standards))]
    view = {
        "who": kind,
        "name": figures.names[row],
        "lines": lines,
        "topics": [(None, lines)] if kind == "family" else _by_band(lines),
        "known": sum(line.status >= Status.MASTERED for line in lines),
        "next": _next(figures, row, kind, sentences),
        "goal": found.goal,
        "lessons": found.lessons,
        "reviews": [curriculum.skill_titles[place] for place in due],
        "doubts": found.doubts,
        "day": figures.day,
        "knows": figures.knows,
    }
    return Report(f"{kind}.html", view, _tables(figures, row, found), **words)


def _next(figures: Figures, row: int, kind: str, sentences: Sentences) -> str | None:
    """What comes next: it names as known only what the page shows as mastered.

    None: the estimates say that all is known, but more answers are needed to be sure.
    """
    decision, index = figures.decisions[row], figures.sequencer.curriculum.skill_index
    known = tuple(
        skill
        for skill in decision.reason.builds_on
        if figures.skill_status[row, index.code(skill)] >= Status.MASTERED
    )
    everything = decision.reason.code == NoLesson.ALL_MASTERED
    if everything and (figures.skill_status[row] < Status.MASTERED).any():
        return None
    told = replace(decision, reason=replace(decision.reason, builds_on=known))
    return told.renamed(figures.names[row]).sentence(kind, sentences)


def _line(figures: Figures, row: int, place: int) -> Line:
    """What is said of a standard."""
    skills = np.asarray(row_of(figures.standards.skills, place), np.intp)
    status = figures.skill_status[row, skills]
    titles = figures.sequencer.curriculum.skill_titles

    def called(kept: Bools) -> tuple[str, ...]:
        return tuple(titles[skill] for skill in skills[kept])

    return Line(
        figures.titles[place],
        int(figures.status[row, place]),
        int(figures.lower[row, place]),
        int(figures.upper[row, place]),
        int(figures.sizes[place]),
        float(figures.mastery[row, place]),
        int(figures.answers[row, place]),
        called(status >= 0),
        called(status < Status.MASTERED),
        called(status == Status.DUE),
    )


def _by_band(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    """What the student knows, what is being learnt, and what is not begun."""
    bands: list[tuple[str, list[Line]]] = [("known", []), ("learning", []), ("later", [])]
    for line in lines:
        place = 0 if line.status >= Status.MASTERED else 1 if line.status else 2
        bands[place][1].append(line)
    return bands


class Goal(NamedTuple):
    """How far the goal is: minutes of lessons, and days where there is a plan."""

    lower: float
    upper: float
    first: Any = None
    last: Any = None

    @property
    def reached(self) -> bool:
        """Whether nothing is left."""
        return self.upper == 0

    @property
    def unknown(self) -> bool:
        """Whether no lessons lead there."""
        return not math.isfinite(self.upper)

    @property
    def hours(self) -> tuple[int, int] | None:
        """The range in whole hours, if it ends above two hours."""
        if self.unknown or self.upper <= 120:
            return None
        return math.floor(self.lower / 60), math.ceil(self.upper / 60)

    @property
    def minutes(self) -> tuple[int, int]:
        """The range in whole minutes."""
        return math.floor(self.lower), math.ceil(self.upper)


def _goal(figures: Figures, row: int, plan: LearningPlan | DayPlan | None) -> Goal:
    goal = Goal(float(figures.goal.lower[row]), float(figures.goal.upper[row]))
    if not isinstance(plan, LearningPlan):
        return goal
    days = plan.dates("goal").table()
    if not len(days["met"]) or days["met"][0]:
        return goal
    first, last = days["earliest"][0], days["latest"][0]
    return goal if np.isnat(first) else goal._replace(
        first=first.item(), last=None if np.isnat(last) else last.item())  # fmt: skip


class Planned(NamedTuple):
    """A lesson of a plan."""

    when: Any
    title: str
    minutes: int
    review: bool


def _lessons(
    plan: LearningPlan | DayPlan | None, student: Label, curriculum: Curriculum
) -> Iterator[Planned]:
    """The lessons of the first week of a plan, or of its day."""
    if plan is None:
        return
    table = plan.table()
    mine = np.flatnonzero(table["student"] == student)
    weekly = isinstance(plan, LearningPlan)
    if weekly:
        mine = mine[table["week"][mine] == table["week"][mine].min()] if len(mine) else mine
    for at in mine.tolist():
        title = curriculum.lesson_titles[curriculum.lesson_index.code(table["lesson"][at])]
        minutes = max(1, round(float(table["minutes"][at])))
        when = None if weekly else str(table["start"][at])
        purpose = table["purpose" if weekly else "kind"][at]
        yield Planned(when, title, minutes, purpose == "review")


class _Found(NamedTuple):
    """What is said of a student besides standards and the next lesson."""

    goal: Goal
    lessons: list[Planned]
    due: Ints
    doubts: list[Doubt]


def _tables(figures: Figures, row: int, found: _Found) -> dict[str, Columns]:
    """The figures of the page as columns."""
    decision, curriculum = figures.decisions[row], figures.sequencer.curriculum
    goal, lessons, due, doubts = found
    own = slice(row * len(figures.standards), (row + 1) * len(figures.standards))
    standards = {name: column[own] for name, column in figures.table().items()}
    return {
        "standards": standards,
        "next": {
            "lesson": label_array([decision.lesson]),
            "title": np.array([decision.reason.title], object),
            "why": np.array([decision.reason.text], object),
        },
        "goal": {
            "minutes_from": np.array([goal.lower]),
            "minutes_to": np.array([goal.upper]),
        },
        "plan": {
            "lesson": np.array([one.title for one in lessons], object),
            "minutes": np.array([one.minutes for one in lessons], np.int64),
        },
        "reviews": {"skill": curriculum.skills[due]},
        "doubts": {
            "skill": label_array([one.skill for one in doubts]),
            "answers": np.array([one.answers for one in doubts], np.int64),
            "question": label_array([one.question for one in doubts]),
        },
    }
