"""A model that is checked: fitted once, with logs to ask it about."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ResponseDataError
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.models.checks.sample import Columns, answers, with_items, with_times
from adaptlearn.numerics import Ints
from adaptlearn.responses import ResponseLog, as_log

_STUDENTS, _ROWS = 40, 18  # of the log that predictions are asked for
_FEWEST = 20  # students, at least
_OF_THEIR_OWN = ("student", "skill", "correct", "item", "time")


class Subject:
    """A model, and logs made of the students it is fitted to.

    Parameters
    ----------
    model : KnowledgeTracer
        Not changed; it need not be fitted.
    log : ResponseLog or frame with its standard columns, optional
        The log to fit the model to. By default simulated answers with items and times.

    Attributes
    ----------
    training : ResponseLog
        The log that the model is fitted to.

    Raises
    ------
    ResponseDataError
        Too few students for the checks.
    """

    def __init__(self, model: KnowledgeTracer, log: Any = None) -> None:
        self.model = model
        if log is None:
            log = with_times(with_items(answers(500, 8, seed=1, forget=0.05)))
        self.training = as_log(log)
        n = len(np.unique(self.training.student.codes))
        if n < _FEWEST:
            problem = f"it has {n} students; the checks need {_FEWEST}, better some hundred"
            raise ResponseDataError("response log", [problem])

    @cached_property
    def fitted(self) -> Any:
        """The model, fitted to it."""
        return self.fresh().fit(self.training)

    def fresh(self) -> Any:
        """The model, unfitted."""
        from sklearn.base import clone

        return clone(self.model)

    @cached_property
    def students(self) -> list[Ints]:
        """Rows of the training log by student, each in order of time; who has most comes first."""
        log = self.training
        order = np.arange(len(log)) if log.chronological is None else log.chronological
        codes = log.student.codes[order]
        grouped = order[np.argsort(codes, kind="stable")]
        counts = np.bincount(codes, minlength=log.n_students)
        rows = np.split(grouped, np.cumsum(counts)[:-1])
        return sorted((own for own in rows if len(own)), key=len, reverse=True)

    def answers_of(self, n_students: int, n_rows: int) -> Columns:
        """The first rows of some students, in order of time, as columns; numbered from 0."""
        chosen = [own[:n_rows] for own in self.students[:n_students]]
        number = np.repeat(np.arange(len(chosen)), [len(own) for own in chosen])
        rows = np.concatenate(chosen)
        log = self.training
        place = np.arange(len(log))
        if log.chronological is not None:
            place[log.chronological] = np.arange(len(log))
        order = np.argsort(place[rows], kind="stable")
        return {**self._columns(rows[order]), "student": number[order]}

    @cached_property
    def probe(self) -> Columns:
        """Answers of 40 students, some of which have two skills."""
        columns = self.answers_of(_STUDENTS, _ROWS)
        before = np.roll(np.arange(len(columns["skill"])), 1)
        several = []
        for row, skills in enumerate(columns["skill"]):
            other = columns["skill"][before[row]][0]
            more = row % 3 == 0 and len(skills) == 1 and other not in skills
            several.append([*skills, other] if more else skills)
        return {**columns, "skill": several}

    def few(self, student: Any, correct: Any, skill: Any = None, **more: Any) -> Columns:
        """Rows of their own, on one skill unless it is given; other columns as in training."""
        n = len(student)
        first = self._columns(np.zeros(n, np.int64))
        first["student"], first["correct"] = student, correct
        if skill is not None:
            first["skill"] = [[label] for label in skill]
        if "time" in first:
            first["time"] = first["time"] + np.arange(n)
        return {**first, **more}

    def log(self, columns: Columns) -> ResponseLog:
        """A log of columns."""
        extra = [name for name in columns if name not in _OF_THEIR_OWN]
        return ResponseLog.from_frame(columns, extra=extra, unanswered="exposure")

    @cached_property
    def _skills(self) -> list[list[Any]]:
        """The skills of every row of the training log."""
        log = self.training
        rows = range(len(log)) if log.skill_rows is None else log.skill_rows.tolist()
        skills: list[list[Any]] = [[] for _ in range(len(log))]
        for row, label in zip(rows, log.skill.labels[log.skill.codes].tolist(), strict=True):
            skills[row].append(label)
        return skills

    def _columns(self, rows: Ints) -> Columns:
        """Rows of the training log as columns; skills as lists."""
        log = self.training
        columns = {
            "student": log.student.labels[log.student.codes[rows]],
            "skill": [self._skills[row] for row in rows.tolist()],
            "correct": np.where(log.correct < 0, np.nan, log.correct)[rows],
            **{name: column[rows] for name, column in log.extra.items()},
        }
        if log.item is not None:
            columns["item"] = log.item.labels[log.item.codes[rows]]
        if log.time is not None:
            columns["time"] = log.time[rows]
        return columns

    def new_label(self, labels: NDArray[Any]) -> Any:
        """A label, or value of a column, that is not among those given; of their kind."""
        if labels.dtype.kind in "iuf":
            return (labels.max() + 1).item()
        name, known = "nobody met this", set(labels.tolist())
        while name in known:
            name += "!"
        return name
