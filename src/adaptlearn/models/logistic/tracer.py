"""The shell of the logistic models: a recipe of terms, fitted and served."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ConvergenceWarning, ResponseDataError, warn
from adaptlearn.models.logistic.design import Weights, design_of, weights_of
from adaptlearn.models.logistic.history import Columns, History
from adaptlearn.models.logistic.solution import solve
from adaptlearn.models.logistic.terms import Recipe
from adaptlearn.models.sequential.encoding import Encoded, Names, encode
from adaptlearn.models.sequential.levels import (
    Level,
    Memory,
    level_of,
    narrow_from,
    rest_of_each,
)
from adaptlearn.models.sequential.state import SequentialState, Signed, Widths
from adaptlearn.models.sequential.tracer import SequentialTracer, training_labels
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Constraint, Interval, Numbers, OneOf

Student = Literal["online", "average"]

COMMON: Mapping[str, Sequence[Constraint]] = {
    "student": [OneOf(("online", "average", None))],
    "penalty": [Interval(0, 1e9)],
    "student_penalty": [Interval(0, 1e9)],
    "max_iter": [Interval(1, 10**6, integer=True)],
    "tol": [Interval(0, 1, closed="neither")],
}
"""What the arguments may be that all of these models have."""

_ABILITY, _PRECISION = 0, 1  # what the memory of a student begins with
_FARTHEST = 30.0  # log odds beyond which a probability is no longer told from 0 or 1


class LogisticTracer(SequentialTracer):
    """A logistic regression on a student's history.

    A subclass defines `_recipe`: the terms whose sum is the log odds, and what the terms count.

    Attributes
    ----------
    log_likelihood_ : float
        The log-likelihood of the training answers, with the fitted weights and students'
        intercepts.
    n_iter_ : int
    converged_ : bool
    """

    _constraints: ClassVar = COMMON

    log_likelihood_: float
    n_iter_: int
    converged_: bool

    def __init__(
        self,
        *,
        student: Student | None = "online",
        penalty: float = 1.0,
        student_penalty: float = 2.0,
        max_iter: int = 2000,
        tol: float = 1e-9,
    ) -> None:
        self.student = student
        self.penalty = penalty
        self.student_penalty = student_penalty
        self.max_iter = max_iter
        self.tol = tol

    def _recipe(self) -> Recipe:
        raise NotImplementedError

    def _problems(self) -> list[str]:
        if self.student == "online" and self.student_penalty == 0:
            return [
                "student_penalty must be positive with student='online': it is how sure the "
                "start is; got 0"
            ]
        return []

    def fit(self, log: Any, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's
        """Estimate the weights from a log.

        Parameters
        ----------
        log : ResponseLog or frame with its standard columns
        y : ignored

        Raises
        ------
        ParameterError, ResponseDataError

        Warns
        -----
        ConvergenceWarning
            A warning appears if the fit did not converge within `max_iter` steps.
        """
        responses = self._training_log(log)
        skills, items, n_answers = training_labels(responses)
        self._lay_out()
        by_item = self._widths.item > 0
        encoded = encode(responses, Names.of(skills, items), item_pairs=by_item)
        n_skills, n_items = len(skills), len(items)
        with_students = self.student is not None
        design = design_of(
            encoded,
            self._history.along(encoded, self._history.blank(encoded)),
            self._terms,
            n_skills=n_skills,
            n_items=n_items,
            penalty=self.penalty,
            student_penalty=self.student_penalty if with_students else None,
        )
        found = solve(
            design.matrix,
            design.correct,
            design.penalty,
            design.coupling,
            max_iter=self.max_iter,
            tol=self.tol,
        )
        if not found.converged:
            warn(
                f"the fit did not converge within {self.max_iter} steps; raise max_iter",
                ConvergenceWarning,
            )
        weights = weights_of(
            found.weights, design, self._terms, self.penalty, students=with_students
        )
        self._take(weights, encoded, n_skills)
        self.log_likelihood_, self.n_iter_ = found.log_likelihood, found.n_iter
        self.converged_ = found.converged
        self._students = (responses.student.labels[encoded.students], weights.students)
        return self._ready(skills, items, n_answers)

    @property
    def coefficients_(self) -> dict[str, NDArray[Any]]:
        """The weights: columns ``term``, ``skill``, ``value``.

        If a weight is the same for all skills, its ``skill`` is None. If a term has a weight for
        each skill, the row with ``skill`` None is the average weight. The model uses the average
        weight for skills that are not in the training log. The weights of items are in
        `item_intercepts_`.
        """
        self._check_fitted()
        rows: list[tuple[str, Any, float]] = [("intercept", None, self._intercept)]
        labels = [*self.skills_.tolist(), None]
        for term, weights in zip(self._terms, self._weights, strict=True):
            if term.by != "item":
                of = labels if term.by == "skill" else [None]
                rows += [(term.name, label, float(w)) for label, w in zip(of, weights, strict=True)]
        terms, skills, values = zip(*rows, strict=True)
        return {
            "term": np.array(terms),
            "skill": np.array(skills, object),
            "value": np.array(values),
        }

    @property
    def item_intercepts_(self) -> dict[str, NDArray[Any]]:
        """How easy each item is: columns ``item``, ``value``; empty for a model without items."""
        self._check_fitted()
        for term, weights in zip(self._terms, self._weights, strict=True):
            if term.by == "item":
                return {"item": self.items_.copy(), "value": weights.copy()}
        return {"item": self.items_[:0], "value": np.zeros(0)}

    @property
    def student_intercepts_(self) -> dict[str, NDArray[Any]]:
        """How able each training student is: columns ``student``, ``value``.

        A loaded model has none, because a saved model contains no names of students. Predictions
        never use these intercepts, because the fit estimates them from all answers of a student,
        including later answers.
        """
        self._check_fitted()
        labels, values = self._students
        return {"student": labels[: len(values)].copy(), "value": values.copy()}

    @property
    def _widths(self) -> Widths:
        return self._history.widths

    def _signed(self) -> Signed:
        signed = self._history.signed
        return signed._replace(student=[_ABILITY, *signed.student]) if self._online else signed

    def _lay_out(self) -> None:
        """Take the arguments as they are now: a later change of them is not the fitted model's."""
        self._terms, counters = self._recipe()
        self._online, self._prior = self.student == "online", float(self.student_penalty)
        self._history = History(counters, reserved=2 if self._online else 0)
        self._timed = any(one.timed for kept in counters.values() for one in kept)
        self._students = (np.empty(0, object), np.zeros(0))

    def _take(self, weights: Weights, encoded: Encoded, n_skills: int) -> None:
        self._intercept, self._weights = weights.intercept, weights.terms
        self._easiness = np.zeros(n_skills + 1)
        for term, of_items in zip(self._terms, weights.terms, strict=True):
            if term.by == "item":
                self._easiness = _easiness_of_skills(encoded, of_items, n_skills)

    def _look(self, level: Level, memory: Memory) -> Floats:
        logit = self._logit(level, self._history.read(level, memory))
        return (logit + memory.student[:, _ABILITY] if self._online else logit)[:, None]

    def _along(self, encoded: Encoded, memory: Memory) -> Floats:
        # Counts do not depend on predictions: only the ability must be followed by responses.
        level, _ = level_of(encoded)
        logit = self._logit(level, self._history.along(encoded, memory))
        if self._online:
            logit = self._followed(encoded, logit, memory.student)
        return logit[:, None]

    def _learn_along(self, encoded: Encoded, memory: Memory) -> None:
        if self._online:
            self._along(encoded, memory)
        else:
            self._history.along(encoded, memory)

    def _followed(self, encoded: Encoded, logit: Floats, of_student: Floats) -> Floats:
        """Log odds with the ability before each response; `of_student` takes the answers in."""
        narrow, correct = narrow_from(encoded.bounds), encoded.correct
        for lo, hi in pairwise(encoded.bounds[: narrow + 1].tolist()):
            rows = of_student[: hi - lo]
            logit[lo:hi] += rows[:, _ABILITY]
            p = self._chance(logit[lo:hi, None])
            # A step of Newton's method from what was believed: in O(1), and the smaller the
            # more answers there were.
            answered = correct[lo:hi] >= 0
            rows[:, _PRECISION] += np.where(answered, p * (1 - p), 0)
            surprise = np.where(answered, correct[lo:hi] - p, 0)
            rows[:, _ABILITY] += surprise / (self._prior + rows[:, _PRECISION])
        for student, places in enumerate(rest_of_each(encoded.bounds, narrow)):
            logit[places] = _followed_alone(
                logit[places], correct[places], of_student[student], self._prior
            )
        return logit

    def _chance(self, read: Floats) -> Floats:
        logit = np.clip(read[:, 0], -_FARTHEST, _FARTHEST)
        return np.asarray(1 / (1 + np.exp(-logit)))

    def _logit(self, level: Level, columns: Columns) -> Floats:
        """Log odds at ability 0."""
        n, n_entries = len(level.item), len(level.skill)
        skill = np.minimum(level.skill, len(self._easiness) - 1)
        logit = np.full(n, self._intercept)
        for term, weights in zip(self._terms, self._weights, strict=True):
            if term.by == "item":
                logit += self._of_items(level, skill, weights)
                continue
            value = term.of(columns, n_entries if term.of_entries else n)
            part = value * (weights[skill] if term.by == "skill" else weights[0])
            logit += level.total(part) if term.of_entries else part
        return logit

    def _of_items(self, level: Level, skill: Ints, weights: Floats) -> Floats:
        """One that is not known is as easy as those of its skills."""
        known = (level.item >= 0) & (level.item < len(weights))
        typical = level.mean(self._easiness[skill])
        return np.where(known, np.append(weights, 0)[np.where(known, level.item, -1)], typical)

    def _training_log(self, log: Any) -> ResponseLog:
        responses = super()._training_log(log)
        if any(one.timed for kept in self._recipe().counters.values() for one in kept):
            self._check_times(responses)
        return responses

    def _encoded(self, log: ResponseLog, state: SequentialState) -> Encoded:
        if self._timed:
            self._check_times(log)
        return super()._encoded(log, state)

    def _check_times(self, log: ResponseLog) -> None:
        if log.time is None:
            name = type(self).__name__
            raise ResponseDataError(
                "response log", [f"it has no times; the windows of {name} need a column time"]
            )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        fitted = [self._intercept, self.log_likelihood_, self.n_iter_, self.converged_]
        terms = {
            f"term_{term.name}": weights
            for term, weights in zip(self._terms, self._weights, strict=True)
        }
        return {"fitted": np.array(fitted, np.float64), "easiness": self._easiness, **terms}

    def _expected(self, arrays: Arrays, n_skills: int, n_items: int) -> dict[str, Numbers]:  # noqa: ARG002
        size = {"all": 1, "skill": n_skills + 1, "item": n_items}
        return {
            "fitted": Numbers((4,), low=-1e15),
            "easiness": Numbers((n_skills + 1,)),
            **{f"term_{term.name}": Numbers((size[term.by],)) for term in self._recipe().terms},
        }

    def _restore_arrays(self, arrays: Arrays) -> None:
        self._lay_out()
        intercept, log_likelihood, n_iter, converged = arrays["fitted"].tolist()
        self._intercept, self.log_likelihood_ = intercept, log_likelihood
        self.n_iter_, self.converged_ = int(n_iter), bool(converged)
        self._easiness = arrays["easiness"]
        self._weights = [arrays[f"term_{term.name}"] for term in self._terms]


def _followed_alone(
    logit: Floats, correct: NDArray[np.int8], of_student: Floats, prior: float
) -> Floats:
    """One student's log odds with the ability before each response: `_followed` in numbers."""
    ability, precision = float(of_student[_ABILITY]), float(of_student[_PRECISION])
    found = []
    exp = np.exp  # not math's: the same bits as among many students
    for given, answer in zip(logit.tolist(), correct.tolist(), strict=True):
        total = given + ability
        found.append(total)
        if answer >= 0:
            near = total if -_FARTHEST < total < _FARTHEST else math.copysign(_FARTHEST, total)
            p = 1 / (1 + float(exp(-near)))
            precision += p * (1 - p)
            ability += (answer - p) / (prior + precision)
    of_student[_ABILITY], of_student[_PRECISION] = ability, precision
    return np.array(found)


def _easiness_of_skills(encoded: Encoded, of_items: Floats, n_skills: int) -> Floats:
    """The mean easiness of the items that each skill was answered on; of all at the end."""
    told = encoded.entries_of((encoded.item >= 0) & (encoded.correct >= 0))
    skill, item = encoded.skill[told], encoded.entries_of(encoded.item)[told]
    answers = np.bincount(skill, minlength=n_skills)
    total = np.bincount(skill, weights=of_items[item], minlength=n_skills)
    overall = float(total.sum() / max(answers.sum(), 1))
    mean = np.where(answers > 0, total / np.maximum(answers, 1), overall)
    return np.append(mean, overall)
