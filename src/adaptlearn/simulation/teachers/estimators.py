"""What a policy believes of students: light estimators, and an oracle.

References
----------
- K. Kelly, Y. Wang, T. Thompson, N. Heffernan (2015). Defining mastery: knowledge tracing versus
  n-consecutive correct responses. EDM 2015.
- R. Pelánek, J. Řihák (2018). Analysis and design of mastery learning criteria. New Review of
  Hypermedia and Multimedia 24(3), 133-159.
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural
  knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- B. Clement, D. Roy, P.-Y. Oudeyer, M. Lopes (2015). Multi-armed bandits for intelligent tutoring
  systems. Journal of Educational Data Mining 7(2), 20-48.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.students.base import Students
from adaptlearn.simulation.students.parameters import by_skill, probabilities
from adaptlearn.validation import Interval, OneOf, check_parameters

_PROBABILITY = Interval(0.0, 1.0, closed="right")
_NUMBER = Interval(1, 10**4, integer=True)


class Judgement(NamedTuple):
    """What an estimator believes about some students; two arrays of shape (n, n_skills).

    Attributes
    ----------
    value : float array
        How well the student knows the skill, from 0 to 1.
    mastered : bool array
        What the estimator declares mastered.
    """

    value: Floats
    mastered: Bools


class Belief(Protocol):
    """The state of an estimator over the students of one block."""

    def update(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:
        """Update the belief with one answer of each given student; `time` is in seconds."""
        ...

    def estimate(self, rows: Ints) -> Judgement:
        """What the estimator believes about some students."""
        ...


class Estimator(Protocol):
    """Makes beliefs.

    Attributes
    ----------
    name : str
    family : str or None
        The kind of the estimator's equations, or None. Results mark simulators with the same kind
        of equations.
    """

    @property
    def name(self) -> str:
        """The name of the estimator."""
        ...

    @property
    def family(self) -> str | None:
        """The kind of the equations."""
        ...

    def start(self, course: Course, students: Students) -> Belief:
        """Make the belief about the students of an episode before their first answer."""
        ...


class Rule(NamedTuple):
    """An estimator that stores a few numbers per student and skill; each answer changes them.

    Attributes
    ----------
    name : str
    width : int
        How many numbers the estimator stores for each student and skill.
    first : callable
        A function that takes the number of skills and returns the numbers before the first answer,
        shape (n_skills, width).
    after : callable
        A function that takes numbers (n, width), correct (n,) and skills (n,), and returns the
        numbers after these answers, shape (n, width).
    read : callable
        ``(numbers (…, width),) -> Judgement``.
    family : str or None
    """

    name: str
    width: int
    first: Callable[[int], Floats]
    after: Callable[[Floats, Bools, Ints], Floats]
    read: Callable[[Floats], Judgement]
    family: str | None = None

    def start(self, course: Course, students: Students) -> Numbers:
        """Make the belief about the students of an episode before their first answer."""
        return Numbers(self, course, students.n)


class Numbers:
    """The belief of a `Rule`."""

    def __init__(self, rule: Rule, course: Course, n: int) -> None:
        self._rule, self._n_skills = rule, course.n_skills
        first = rule.first(course.n_skills)
        self._numbers = np.tile(first, (n, 1)) if rule.width > 1 else np.tile(first[:, 0], n)

    def update(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:  # noqa: ARG002, D102
        cell = rows * self._n_skills + skills
        self._numbers[cell] = self._rule.after(self._numbers[cell], correct, skills)

    def estimate(self, rows: Ints) -> Judgement:  # noqa: D102 - the protocol's
        shape = (-1, self._n_skills, *self._numbers.shape[1:])
        table = self._numbers.reshape(shape)
        return self._rule.read(table if len(rows) == len(table) else table[rows])


def in_a_row(n: int = 3) -> Rule:
    """A skill is mastered after `n` right answers in a row (Kelly et al., 2015)."""
    check_parameters("in_a_row", {"n": n}, {"n": [_NUMBER]})
    return Rule(
        f"{n} in a row",
        1,
        lambda n_skills: np.zeros((n_skills, 1)),
        lambda streak, correct, _: (streak + 1) * correct,
        lambda streak: Judgement(np.minimum(streak / n, 1.0), streak >= n),
    )


def moving_average(threshold: float = 0.9, decay: float = 0.8) -> Rule:
    """A skill is mastered if the moving average of its answers is high (Pelánek & Řihák, 2018).

    The moving average is 0 before the first answer.
    """
    check_parameters(
        "moving_average",
        {"threshold": threshold, "decay": decay},
        {"threshold": [_PROBABILITY], "decay": [Interval(0, 1, "neither")]},
    )
    return Rule(
        "moving average",
        1,
        lambda n_skills: np.zeros((n_skills, 1)),
        lambda average, correct, _: decay * average + (1 - decay) * correct,
        lambda average: Judgement(average, average >= threshold),
    )


def seat_time(n: int = 10) -> Rule:
    """A skill is mastered after `n` answers, right or wrong (seat time)."""
    check_parameters("seat_time", {"n": n}, {"n": [_NUMBER]})
    return Rule(
        f"{n} answers",
        1,
        lambda n_skills: np.zeros((n_skills, 1)),
        lambda count, _correct, _skills: count + 1,
        lambda count: Judgement(np.minimum(count / n, 1.0), count >= n),
    )


def traced(
    known: Floats, correct: Bools, *, learn: Floats, guess: Floats, slip: Floats, forget: Floats
) -> Floats:
    """P(known) after an answer and the practice it was, of P(known) before; all of one shape."""
    if_known = known * np.where(correct, 1 - slip, slip)
    if_not = (1 - known) * np.where(correct, guess, 1 - guess)
    total = if_known + if_not
    # An answer that the parameters rule out says nothing.
    seen = np.where(total > 0, if_known / np.where(total > 0, total, 1), known)
    return np.asarray(seen * (1 - forget) + (1 - seen) * learn)


def knowledge_tracing(
    n_skills: int,
    *,
    prior: ArrayLike = 0.3,
    learn: ArrayLike = 0.15,
    guess: ArrayLike = 0.2,
    slip: ArrayLike = 0.1,
    forget: ArrayLike = 0.0,
    threshold: float = 0.95,
) -> Rule:
    """A skill is mastered if P(known) is high, with given parameters (Corbett & Anderson, 1995).

    Parameters
    ----------
    n_skills : int
    prior, learn, guess, slip, forget : float or array, shape (n_skills,)
    threshold : float, default 0.95

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.
    """
    given = {"prior": prior, "learn": learn, "guess": guess, "slip": slip, "forget": forget}
    check_parameters("knowledge_tracing", {"threshold": threshold}, {"threshold": [_PROBABILITY]})
    of = by_skill("knowledge_tracing", n_skills, probabilities(**given))

    def after(known: Floats, correct: Bools, skills: Ints) -> Floats:
        own = {name: of[name][skills] for name in ("learn", "guess", "slip", "forget")}
        return traced(known, correct, **own)

    return Rule(
        f"knowledge tracing at {threshold:g}",
        1,
        lambda _n: of["prior"][:, None],
        after,
        lambda known: Judgement(known, known >= threshold),
        "bkt",
    )


def learning_progress(n: int = 3, window: int = 8) -> Rule:
    """Estimate recent growth of success; a skill is mastered after `n` right answers in a row.

    The growth is computed over the last `window` answers on a skill. The growth is the share of
    right answers in the later half of the window minus the share in the earlier half. A negative
    growth counts as 0. Before the second answer on the skill, the growth of success is 1. Clement
    et al. (2015) use the growth as the reward of a lesson; `empirical_success` also implements the
    rest of their method.
    """
    check_parameters(
        "learning_progress",
        {"n": n, "window": window},
        {"n": [_NUMBER], "window": [Interval(2, 64, integer=True)]},
    )

    def first(n_skills: int) -> Floats:
        # Progress, streak, and the latest answers, the last one first; nan: none yet.
        return np.tile([1.0, 0.0, *[np.nan] * window], (n_skills, 1))

    def after(numbers: Floats, correct: Bools, _skills: Ints) -> Floats:
        latest = np.concatenate([correct[:, None], numbers[:, 2:-1]], axis=1)
        right = np.nan_to_num(latest).cumsum(axis=1)
        number = (~np.isnan(latest)).sum(axis=1)
        half = number // 2
        late = np.where(half > 0, right[np.arange(len(right)), half - 1], 0.0)
        grown = late / np.maximum(half, 1) - (right[:, -1] - late) / (number - half)
        progress = np.where(number < 2, 1.0, np.maximum(grown, 0.0))
        streak = (numbers[:, 1] + 1) * correct
        return np.concatenate([progress[:, None], streak[:, None], latest], axis=1)

    return Rule(
        "learning progress",
        window + 2,
        first,
        after,
        lambda numbers: Judgement(numbers[..., 0], numbers[..., 1] >= n),
    )


def empirical_success(
    share: float = 5 / 6, window: int = 6, keep: float = 0.9, gain: float = 0.4
) -> Rule:
    """An estimator for a bandit; a skill is mastered if most of its last answers are right.

    `empirical_success` computes the weights of the bandit ZPDES (Clement et al., 2015).

    The reward of an answer is the growth of success over the last `window` answers. The growth is
    the share of right answers in the later half of the window, minus the share in the earlier half.
    Answers that were not yet given count as wrong. The weight of a skill is 1 before the first
    answer. After each answer, the weight becomes ``keep x weight + gain x reward``, at least 0.

    Parameters
    ----------
    share : float, default 5/6
        A skill is mastered if at least this share of the last `window` answers is right.
    window : int, default 6
        An even number of answers.
    keep, gain : float, default 0.9 and 0.4
    """
    check_parameters(
        "empirical_success",
        {"share": share, "window": window, "keep": keep, "gain": gain},
        {
            "share": [_PROBABILITY],
            "window": [OneOf(tuple(range(2, 33, 2)))],
            "keep": [Interval(0, 1)],
            "gain": [Interval(0, 1)],
        },
    )

    half = window // 2

    def after(numbers: Floats, correct: Bools, _skills: Ints) -> Floats:
        # The weight, and the latest answers, the last one first.
        latest = np.concatenate([correct[:, None], numbers[:, 1:-1]], axis=1)
        reward = (latest[:, :half].sum(axis=1) - latest[:, half:].sum(axis=1)) / half
        weight = np.maximum(keep * numbers[:, 0] + gain * reward, 0.0)
        return np.concatenate([weight[:, None], latest], axis=1)

    return Rule(
        "empirical success",
        window + 1,
        lambda n_skills: np.tile([1.0, *[0.0] * window], (n_skills, 1)),
        after,
        # Shares such as 5 / 6 are reached in spite of rounding.
        lambda numbers: Judgement(
            numbers[..., 0], numbers[..., 1:].sum(axis=-1) >= share * window - 1e-9
        ),
    )


class Oracle:
    """An estimator that sees what students really know, so its mastery decisions are always right.

    A policy with the oracle may still be slower than a policy with another order of lessons. If
    students forget, a policy with the oracle may also be slower than a policy that does not return
    to forgotten skills.

    Parameters
    ----------
    unpractised : float or array, shape (n_skills,), optional
        The value of a skill that the student has not yet practised. The value of `unpractised` must
        be below the level from which a skill counts as known. If you pass `unpractised`, the oracle
        sees only the skills that the student has practised. The result of an oracle with
        `unpractised` is an upper bound for policies that know students only from their answers. By
        default the oracle sees all skills from the start.

    Raises
    ------
    ParameterError
        The error is raised at the start of an episode if `unpractised` is outside [0, 1], or does
        not have one value for each skill.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course, TwoState
    >>> from adaptlearn.simulation.teachers import Oracle
    >>> course = Course.of(Curriculum.from_dict({"skills": ["add", "draw"]}))
    >>> students = TwoState(2, prior=1).start(1, np.random.default_rng(0))
    >>> belief = Oracle(unpractised=0.3).start(course, students)
    >>> everybody = np.array([0])
    >>> belief.update(everybody, np.array([1]), np.array([True]), np.zeros(1))
    >>> belief.estimate(everybody).value.tolist()
    [[0.3, 1.0]]
    """

    name = "oracle"
    family: str | None = None

    def __init__(self, unpractised: ArrayLike | None = None) -> None:
        self._unpractised = unpractised

    def start(self, course: Course, students: Students) -> Belief:
        """Make the belief about the students of an episode: it equals what they really know."""
        if self._unpractised is None:
            return _Seeing(students)
        believed = by_skill("Oracle", course.n_skills, probabilities(unpractised=self._unpractised))
        return _Looking(students, believed["unpractised"])


class _Seeing:
    def __init__(self, students: Students) -> None:
        self._students = students

    def update(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:
        """Nothing to learn from an answer."""

    def estimate(self, rows: Ints) -> Judgement:
        value = self._students.knowledge()[rows]
        return Judgement(value, value >= self._students.level)


class _Looking:
    def __init__(self, students: Students, unpractised: Floats) -> None:
        self._seeing, self._unpractised = _Seeing(students), unpractised
        self._practised = np.zeros((students.n, students.n_skills), bool)

    def update(self, rows: Ints, skills: Ints, correct: Bools, time: Floats) -> None:  # noqa: ARG002
        self._practised[rows, skills] = True

    def estimate(self, rows: Ints) -> Judgement:
        practised, truth = self._practised[rows], self._seeing.estimate(rows)
        value = np.where(practised, truth.value, self._unpractised)
        return Judgement(value, truth.mastered & practised)
