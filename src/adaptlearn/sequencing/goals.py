"""What students aim at: weights on skills, spread over all that comes before them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import logit, ndtri

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label, label_list, label_of, near_spellings, refuse_other_kind
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.lessons import minutes_of_skills
from adaptlearn.sequencing.knowledge.lessons_left import LessonsLeft, lessons_until
from adaptlearn.sequencing.knowledge.stopping import Rates
from adaptlearn.wording import counted

USUAL_LEARN = 0.15
"""P(learn) of a skill for which the model has none."""

_LEAST = 1e-6  # P(learn), so that every skill is learnt some time

Target = Label | Iterable[Label] | Mapping[Label, float]


class Goals:
    """The goals of students: skills or lessons with weights, and all prerequisites of these skills.

    The weight of a target also counts for its prerequisites, direct and indirect. If several
    targets need a skill, the weight of the skill is the highest weight of these targets. A skill
    that no target needs has weight 0, and the sequencer leaves this skill out. If a student has no
    targets, all skills have the same weight.

    Parameters
    ----------
    curriculum : Curriculum
    targets : mapping of student to target
        A target is a skill, several skills, or a mapping of skills to weights above 0 (for example
        a career path). If a target is the label of a lesson, the targets are the skills that the
        lesson teaches.
    default : target, optional
        The target of students who are not in `targets`.

    Raises
    ------
    ParameterError
        The error lists every target that is neither a skill nor a lesson, and every weight that is
        not positive.
    UnknownLabelError
        The error is raised if a student is not a valid label, or if some labels are integers and
        others are text. JSON turns integer keys into text. If the students' labels are integers,
        ``weights`` therefore raises an error for goals of a student ``"1"``.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> school = Curriculum.from_dict({"prerequisites": [["add", "multiply"], ["add", "measure"]]})
    >>> goals = Goals(school, {"ann": {"multiply": 2.0}})
    >>> goals.weights(["ann"]).tolist(), school.skills.tolist()
    ([[2.0, 2.0, 0.0]], ['add', 'multiply', 'measure'])
    """

    def __init__(
        self,
        curriculum: Curriculum,
        targets: Mapping[Label, Target] | None = None,
        *,
        default: Target | None = None,
    ) -> None:
        if wrong := [*curriculum_problems(curriculum)]:
            raise ParameterError("goals", wrong)
        self.curriculum = curriculum
        self._before = curriculum.ancestry
        problems: list[str] = []
        given = targets or {}
        students = [label_of(student, "student with a goal") for student in given]
        refuse_other_kind(students, [], "student with a goal")
        self._kinds: dict[tuple[tuple[int, float], ...], int] = {}
        self._kind = {
            student: self._read(target, f"goal of {student!r}", problems)
            for student, target in zip(students, given.values(), strict=True)
        }
        self._default = -1
        if default is not None:
            self._default = self._read(default, "default goal", problems)
        if problems:
            raise ParameterError("goals", problems)
        rows = [self._spread(kind) for kind in self._kinds]
        self._table = np.array([*rows, np.ones(len(curriculum.skills))])
        self._aims = np.zeros(self._table.shape, bool)
        for row, kind in enumerate(self._kinds):
            self._aims[row, [skill for skill, _ in kind]] = True
        self._aims[-1] = True

    def __repr__(self) -> str:
        others = "" if self._default < 0 else ", and a default for all others"
        return f"Goals({counted(len(self._kind), 'student')}{others})"

    def _read(self, target: Target, what: str, problems: list[str]) -> int:
        """The number of a target's kind, by the skills and weights it comes to."""
        if isinstance(target, Mapping):
            given = {label_of(label, what): weight for label, weight in target.items()}
        else:
            given = dict.fromkeys(label_list(target, what), 1.0)
        if not given:
            problems.append(f"{what} is empty; name a skill")
        weights: dict[int, float] = {}
        for label, weight in given.items():
            usable = isinstance(weight, (int, float)) and not isinstance(weight, bool)
            if not usable or not 0 < weight < float("inf"):
                problems.append(f"{what}: the weight of {label!r} is {weight!r}; expected above 0")
                continue
            for skill in self._skills(label, what, problems):
                weights[skill] = max(float(weight), weights.get(skill, 0.0))
        return self._kinds.setdefault(tuple(sorted(weights.items())), len(self._kinds))

    def _skills(self, label: Label, what: str, problems: list[str]) -> list[int]:
        skills, lessons = self.curriculum.skill_index.place, self.curriculum.lesson_index.place
        if label in skills:
            return [skills[label]]
        if label in lessons:
            taught = self.curriculum.teaches
            at = lessons[label]
            found: list[int] = taught.indices[taught.indptr[at] : taught.indptr[at + 1]].tolist()
            return found
        near = near_spellings(label, skills)
        problems.append(f"{what}: {label!r} is neither a skill nor a lesson{near}")
        return []

    def _spread(self, kind: tuple[tuple[int, float], ...]) -> Floats:
        weight = np.zeros(len(self.curriculum.skills))
        for skill, value in kind:
            first, last = self._before.indptr[skill : skill + 2]
            needed = np.append(self._before.indices[first:last], skill)
            weight[needed] = np.maximum(weight[needed], value)
        return weight

    def _rows(self, students: Sequence[Label]) -> Ints:
        labels = label_list(students, "student")
        if labels and self._kind and type(labels[0]) is not type(next(iter(self._kind))):
            refuse_other_kind([*self._kind], labels, "student with a goal")
        return np.array([self._kind.get(who, self._default) for who in labels], np.intp)

    def weights(self, students: Sequence[Label]) -> Floats:
        """The weight of each skill for each student, shape (n_students, n_skills)."""
        return self._table[self._rows(students)]

    def reached(self, students: Sequence[Label], mastered: Bools) -> Bools:
        """For each student, whether the student has mastered all goals, shape (n_students,)."""
        return np.asarray((mastered | ~self._aims[self._rows(students)]).all(axis=1))


class TimeToGoal(NamedTuple):
    """Minutes until students reach their goals; fields of shape (n_students,).

    Attributes
    ----------
    median, lower, upper : float arrays
        The median and both ends of the interval. All three are inf if the curriculum has no way to
        the goal.
    """

    median: Floats
    lower: Floats
    upper: Floats


def time_to_goal(
    context: Context,
    *,
    threshold: float | None = None,
    confidence: float = 0.9,
    samples: int = 400,
    random_state: Randomness = 0,
) -> TimeToGoal:
    """How long students may need, if every opportunity teaches as the model says.

    Each skill that the goal needs and that is not mastered takes opportunities until it is
    learnt: none with probability `mastery`, else as many as a geometric distribution with
    P(learn) says, and so many right answers more as lift the belief to the threshold, from even
    odds or from where it is. An opportunity takes the minutes of the shortest lesson that teaches
    the skill.

    Parameters
    ----------
    context : Context
        With `mastered`, and `goal` where not everything is aimed at.
    threshold : float, optional
        A skill counts as mastered at this mastery or above; .95 if there is no threshold.
    confidence : float
    samples : int
        Draws behind the interval.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None

    Returns
    -------
    TimeToGoal
    """
    assert context.mastered is not None
    curriculum = context.curriculum
    needed = ~context.mastered
    if context.goal is not None:
        needed &= context.goal > 0
    minutes = minutes_of_skills(curriculum)
    learn = np.broadcast_to(USUAL_LEARN if context.learn is None else context.learn, minutes.shape)
    learn = np.clip(learn, _LEAST, 1.0)
    rng = generator_of(random_state)
    drawn = np.zeros((samples, len(needed)))
    row, skill = np.nonzero(needed)
    known = context.mastery[row, skill]
    showing = _showing(known, 0.95 if threshold is None else threshold)
    for draw in drawn:
        opportunities = showing + (rng.random(len(row)) >= known) * rng.geometric(learn[skill])
        draw[:] = np.bincount(row, opportunities * minutes[skill], len(needed))
    tail = (1 - confidence) / 2
    lower, median, upper = np.quantile(drawn, [tail, 0.5, 1 - tail], axis=0, method="nearest")
    return TimeToGoal(median, lower, upper)


def _showing(known: Floats, threshold: Floats | float) -> Floats:
    """Right answers that lift a belief to a threshold, with a guess of .2 and a slip of .1."""
    start, end = (logit(np.clip(p, 0.5, 1 - 1e-9)) for p in (known, threshold))
    return np.asarray(np.ceil(np.maximum(end - start, 0.0) / np.log(0.9 / 0.2)))


USUAL_THRESHOLD = 0.95
"""The mastery from which a skill counts as mastered, where the policy has no threshold."""

_NEVER = 1e5  # lessons


def lessons_left(context: Context, *, n_items: int) -> LessonsLeft:
    """How many lessons each student still needs until each skill counts as mastered.

    If the model has P(learn), P(forget), P(guess) and P(slip) of a skill, the numbers are those of
    Bayesian knowledge tracing (see `lessons_until`). For other skills, the number of answers is a
    geometric number with P(learn), and then as many right answers as lift the belief to the
    threshold.

    Parameters
    ----------
    context : Context
        With `mastered`.
    n_items : int
        Answers in a lesson.

    Returns
    -------
    LessonsLeft
        0 for a skill that counts as mastered; inf if practice never reaches the threshold.
    """
    assert context.mastered is not None
    shape = context.mastery.shape
    given = USUAL_THRESHOLD if context.threshold is None else context.threshold
    needed = np.broadcast_to(given, shape)
    mean, variance = np.empty(shape), np.empty(shape)
    modelled = _rates_of(context) if context.kind == "latent" else None
    others = np.setdiff1d(np.arange(shape[1]), [] if modelled is None else modelled[1])
    if len(others):
        mean[:, others], variance[:, others] = _by_geometric(context, needed, others, n_items)
    if modelled is not None:
        rates, skills = modelled
        own = needed if np.ndim(given) == 2 else needed[:1]  # thresholds of each student
        kinds, kind = np.unique(own[:, skills], axis=0, return_inverse=True)
        for number, thresholds in enumerate(kinds):
            rows = np.flatnonzero(np.broadcast_to(kind.ravel(), shape[:1]) == number)
            there = np.ix_(rows, skills)
            found = lessons_until(rates, thresholds, context.mastery[there], n_items)
            mean[there], variance[there] = found
    never = ~(mean < _NEVER)
    mean[never] = variance[never] = np.inf
    mean[context.mastered] = variance[context.mastered] = 0.0
    return LessonsLeft(mean, variance)


def lessons_to_goal(context: Context, *, confidence: float, n_items: int) -> TimeToGoal:
    """How long students may need for whole lessons; log-normal with the mean and variance left.

    Parameters
    ----------
    context : Context
        With `mastered`, and `goal` where not everything is aimed at.
    confidence : float
    n_items : int
        Answers in a lesson.
    """
    left = lessons_left(context, n_items=n_items)
    needed = left.mean > 0
    if context.goal is not None:
        needed &= context.goal > 0
    minutes = np.broadcast_to(minutes_of_skills(context.curriculum), needed.shape)
    mean, variance = np.zeros(len(needed)), np.zeros(len(needed))
    row, skill = np.nonzero(needed)
    np.add.at(mean, row, left.mean[row, skill] * minutes[row, skill])
    np.add.at(variance, row, left.variance[row, skill] * minutes[row, skill] ** 2)
    ends = ndtri([(1 - confidence) / 2, 0.5, (1 + confidence) / 2])
    known = (mean > 0) & np.isfinite(mean)
    found = np.where(mean > 0, np.inf, np.zeros((3, len(mean))))
    noise = np.log1p(variance[known] / mean[known] ** 2)
    found[:, known] = mean[known] * np.exp(ends[:, None] * np.sqrt(noise) - noise / 2)
    lower, median, upper = found
    return TimeToGoal(median, lower, upper)


def _by_geometric(
    context: Context, needed: Floats, skills: Ints, n_items: int
) -> tuple[Floats, Floats]:
    """Mean and variance of some skills without the rates of a model, (n_students, n_skills)."""
    given = np.full(needed.shape[1], USUAL_LEARN) if context.learn is None else context.learn
    learn = np.clip(np.nan_to_num(given, nan=USUAL_LEARN), _LEAST, 1.0)[skills]
    known = context.mastery[:, skills]
    unknown = 1 - known
    answers = _showing(known, needed[:, skills]) + unknown / learn
    spread = unknown * (2 - learn) / learn**2 - (unknown / learn) ** 2
    # The lesson in which the skill is mastered is done to its end: half a lesson on average.
    left = np.maximum(answers / n_items + 0.5 * (n_items > 1), 1.0)
    return left, np.maximum(spread, 0.0) / n_items**2 + np.zeros(left.shape)


def _rates_of(context: Context) -> tuple[Rates, Ints] | None:
    """The rates of the skills that have all of them, and which skills these are."""
    if context.rates is None:
        return None
    table = np.stack([np.asarray(context.rates[name], float) for name in Rates._fields])
    skills = np.flatnonzero(~np.isnan(table).any(axis=0))
    if not len(skills):
        return None
    learn, *others = table[:, skills]
    return Rates(np.maximum(learn, _LEAST), *others), skills
