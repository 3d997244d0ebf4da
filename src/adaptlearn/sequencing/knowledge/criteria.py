"""When a skill counts as mastered: criteria that can be swapped and combined.

A criterion reads a `Context` and marks skills. ``a & b`` asks for both, ``a | b`` for either.

References
----------
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of
  procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- K. Kelly, Y. Wang, T. Thompson, N. Heffernan (2015). Defining mastery: knowledge tracing versus
  n-consecutive correct responses. EDM 2015.
- R. Pelánek, J. Řihák (2018). Analysis and design of mastery learning criteria. New Review of
  Hypermedia and Multimedia 24(3), 133-159.
- J. Rollinson, E. Brunskill (2015). From predictive models to instructional policies. EDM 2015.
- T. Käser, S. Klingler, M. Gross (2016). When to stop? Towards universal instructional policies.
  Learning Analytics and Knowledge 2016, 289-298.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bools, Floats
from adaptlearn.sequencing.knowledge.context import Context, MasteryKind
from adaptlearn.sequencing.knowledge.stopping import Worth
from adaptlearn.tracking.practice import Practice
from adaptlearn.validation import Constraint, Interval, OneOf, check_parameters

_PROBABILITY = Interval(0.0, 1.0, closed="right")
_NUMBER = Interval(1, 10**6, integer=True)
_KIND = OneOf(("latent", "predicted"))


class Criterion:
    """What counts as mastered.

    Attributes
    ----------
    threshold : float or None
        The lowest mastery at which a skill counts as mastered; None if the criterion does not use
        mastery. Explanations of decisions show this threshold.
    kind : {"latent", "predicted"} or None
        The kind of mastery that the criterion accepts; None means that it accepts any kind.
    """

    threshold: float | None = None
    kind: MasteryKind | None = None
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {}

    def __post_init__(self) -> None:
        check_parameters(type(self).__name__, self._given(), self._constraints, self._problems())

    def _given(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def _problems(self) -> list[str]:
        """What is wrong with the arguments, apart from their ranges."""
        return []

    def met(self, context: Context) -> Bools:
        """Whether each student has mastered each skill, shape (n_students, n_skills)."""
        raise NotImplementedError

    def needed(self, context: Context) -> Floats | float | None:  # noqa: ARG002 - of those that vary
        """The mastery from which each skill counts as mastered; None if no mastery is enough.

        One number, or an array of shape (n_skills,) or (n_students, n_skills).
        """
        return self.threshold

    def worth(self, context: Context) -> Worth | None:  # noqa: ARG002 - of those that have a price
        """What the threshold costs in minutes; None if the criterion does not know a price."""
        return None

    def settings(self) -> dict[str, Any]:
        """The criterion's arguments by name."""
        return self._given()

    def described(self) -> dict[str, Any]:
        """The criterion's name and arguments, as values that JSON can store."""
        return {"criterion": type(self).__name__, **self.settings()}

    def __and__(self, other: Criterion) -> Criterion:
        return Both(self, other)

    def __or__(self, other: Criterion) -> Criterion:
        return Either(self, other)

    def _practice(self, context: Context) -> Practice:
        if context.practice is None:
            raise ParameterError(
                type(self).__name__,
                ["it reads what students did on each skill: MasteryTracker(model, practice=True)"],
            )
        return context.practice


def accepted_kind(*criteria: Criterion | None) -> MasteryKind | None:
    """The kind of mastery that criteria are for, by the first that says so; None: any."""
    kinds = (one.kind for one in criteria if one is not None and one.kind is not None)
    return next(kinds, None)


@dataclass(frozen=True)
class ProbabilityThreshold(Criterion):
    """A skill is mastered if its estimate is at least a threshold (Corbett & Anderson, 1995).

    Parameters
    ----------
    threshold : float, default 0.95
    kind : {"latent", "predicted"}, default "latent"
        The kind of mastery that the threshold is for. A threshold for P(known) does not fit
        P(correct), because slips keep P(correct) below 1.
    """

    threshold: float = 0.95
    kind: MasteryKind = "latent"
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "threshold": [_PROBABILITY],
        "kind": [_KIND],
    }

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        return context.mastery >= self.threshold


@dataclass(frozen=True)
class Anything(Criterion):
    """Every skill counts as known, whatever the student knows.

    As the rule `ready` of a policy, `Anything` lets students start skills without prerequisites.
    """

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        return np.ones(context.mastery.shape, bool)


@dataclass(frozen=True)
class LowerBound(Criterion):
    """A skill is mastered if the lower end of the mastery's interval is at least a threshold.

    After few answers, the interval is wide, so a high estimate alone is not enough.

    Parameters
    ----------
    threshold : float, default 0.8
    kind : {"latent", "predicted"}, default "latent"
    """

    threshold: float = 0.8
    kind: MasteryKind = "latent"
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "threshold": [_PROBABILITY],
        "kind": [_KIND],
    }

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        if context.lower is None:
            raise ParameterError(
                "LowerBound", ["the tracker gives no intervals; use ProbabilityThreshold"]
            )
        return context.lower >= self.threshold


@dataclass(frozen=True)
class NInARow(Criterion):
    """A skill is mastered after `n` right answers in a row (Kelly et al., 2015).

    Parameters
    ----------
    n : int, default 3
    """

    n: int = 3
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {"n": [_NUMBER]}

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        return self._practice(context).streak >= self.n


@dataclass(frozen=True)
class MovingAverage(Criterion):
    """A skill is mastered if the moving average of its answers is at least a threshold.

    The criterion uses an exponential moving average (Pelánek & Řihák, 2018).

    Parameters
    ----------
    average : float, default 0.9
        The threshold. The tracker's decay is 0.8 per answer, so the moving average of a new student
        rises from 0 to 0.9 after 11 right answers in a row.
    """

    average: float = 0.9
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {"average": [_PROBABILITY]}

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        return self._practice(context).average >= self.average


@dataclass(frozen=True)
class PredictiveStability(Criterion):
    """A skill is mastered if its estimate has become stable (Käser et al., 2016).

    The estimate also becomes stable if practice does not help the student. Combine this criterion
    with another criterion, or use it only to stop practice.

    Parameters
    ----------
    change : float, default 0.02
        An estimate is stable if the moving average of its change per answer is at most this number.
    answers : int, default 3
        The student must have given at least this many answers on the skill.
    """

    change: float = 0.02
    answers: int = 3
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "change": [_PROBABILITY],
        "answers": [_NUMBER],
    }

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        settled = self._practice(context).change <= self.change
        assert context.counts is not None
        return settled & (context.counts >= self.answers)


@dataclass(frozen=True)
class PredictiveSimilarity(Criterion):
    """A skill is mastered if the next answer can hardly change P(correct).

    The criterion is from Rollinson & Brunskill (2015).

    No answer can change P(correct) much if P(correct) is within `change` of its highest or lowest
    possible value. A student who makes no progress therefore also meets the criterion. Combine the
    criterion with another criterion, or use it only to stop practice.

    Parameters
    ----------
    change : float, default 0.05
    """

    change: float = 0.05
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {"change": [_PROBABILITY]}

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        # The expected move of a probability by one answer of its own is at most 2 p (1 - p).
        return 2 * context.mastery * (1 - context.mastery) <= self.change


@dataclass(frozen=True)
class Retention(Criterion):
    """A skill is mastered if the student probably still recalls it now.

    Parameters
    ----------
    recall : float, default 0.9
    """

    recall: float = 0.9
    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {"recall": [_PROBABILITY]}

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        if context.retention is None:
            raise ParameterError(
                "Retention", ["nothing tells what is recalled; give the sequencer a `review`"]
            )
        return context.retention >= self.recall


@dataclass(frozen=True)
class Combined(Criterion):
    """Two criteria together; `Both` and `Either` say how."""

    first: Criterion
    second: Criterion

    def __post_init__(self) -> None:
        kinds = {part.kind for part in (self.first, self.second) if part.kind is not None}
        if len(kinds) > 1:
            raise ParameterError(
                type(self).__name__, [f"its parts are for different kinds of mastery: {kinds}"]
            )
        object.__setattr__(self, "kind", kinds.pop() if kinds else None)
        thresholds = (self.first.threshold, self.second.threshold)
        object.__setattr__(self, "threshold", _of_first(thresholds))

    def needed(self, context: Context) -> Floats | float | None:  # noqa: D102 - the base's
        found: Floats | float | None = _of_first(
            part.needed(context) for part in (self.first, self.second)
        )
        return found

    def worth(self, context: Context) -> Worth | None:  # noqa: D102 - the base's
        # Of the part whose threshold is said: the other one's minutes are not what is left to it.
        for part in (self.first, self.second):
            if part.needed(context) is not None:
                return part.worth(context)
        return None

    def described(self) -> dict[str, Any]:  # noqa: D102 - the base's
        return {
            "criterion": type(self).__name__,
            "first": self.first.described(),
            "second": self.second.described(),
        }


class Both(Combined):
    """A skill is mastered if two criteria are both met; ``a & b`` creates this criterion."""

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        return self.first.met(context) & self.second.met(context)


class Either(Combined):
    """A skill is mastered if any of two criteria is met; ``a | b`` creates this criterion."""

    def met(self, context: Context) -> Bools:  # noqa: D102 - the base's
        return self.first.met(context) | self.second.met(context)


def _of_first(parts: Iterable[Any]) -> Any:
    """The first that is there."""
    return next((part for part in parts if part is not None), None)


@dataclass(frozen=True)
class WheelSpinning:
    """A student is stuck on a skill if many answers on the skill have not led to mastery.

    A student is not stuck on a skill that the student knows well enough to go on (by the policy's
    `ready`).

    Parameters
    ----------
    answers : int, default 10
        A student is stuck on a skill after this many answers on it. Beck & Gong (2013) define
        wheel-spinning as ten opportunities without mastery.
    teacher_after : int, default 20
        After this many answers on the skill, a teacher should help the student.

    References
    ----------
    J. Beck, Y. Gong (2013). Wheel-spinning: students who fail to master a skill. Artificial
    Intelligence in Education 2013, 431-440.
    """

    answers: int = 10
    teacher_after: int = 20

    def __post_init__(self) -> None:
        check_parameters(
            "WheelSpinning",
            {"answers": self.answers, "teacher_after": self.teacher_after},
            {"answers": [_NUMBER], "teacher_after": [_NUMBER]},
            [] if self.teacher_after >= self.answers else ["teacher_after is less than answers"],
        )

    def stuck(self, context: Context) -> Bools:
        """The skills on which students are stuck, shape (n_students, n_skills)."""
        return self._since(context, self.answers)

    def needs_teacher(self, context: Context) -> Bools:
        """The skills on which a teacher should help."""
        return self._since(context, self.teacher_after)

    @staticmethod
    def _since(context: Context, answers: int) -> Bools:
        assert context.mastered is not None
        if context.counts is None:
            return np.zeros(context.mastery.shape, bool)
        often = context.counts >= answers
        if not often.any():  # most blocks of students
            return often
        stuck = ~context.mastered & often
        return stuck if context.ready is None else stuck & ~context.ready
