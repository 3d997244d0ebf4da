"""When to stop teaching a skill: the least sum of minutes and of a price for what stays unknown.

A skill is known or not, and the belief b is P(known). To stop costs price x (1 - b); a further
lesson costs its minutes c, and the answers lead to a new belief. So the least bill of a skill is
V(b) = min{price x (1 - b), c + E V(b')}, over all patterns of right and wrong answers of a lesson.
V is concave in b, and at b = 1 it is best to stop. So it is best to stop from some belief on.

References
----------
- R. Smallwood, E. Sondik (1973). The optimal control of partially observable Markov processes over
  a finite horizon. Operations Research 21(5), 1071-1088.
- R. Howard (1960). Dynamic programming and Markov processes. MIT Press (policy iteration).
- D. Brown, J. Smith, P. Sun (2010). Information relaxations and duality in stochastic dynamic
  programs. Operations Research 58(4), 785-801.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats, Ints
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.students.base import (
    Simulator,
    StudentClasses,
    StudentDifferences,
    more_likely,
)
from adaptlearn.simulation.students.parameters import by_skill, probabilities
from adaptlearn.simulation.students.two_state import TwoState
from adaptlearn.simulation.teachers.estimators import (
    Judgement,
    Rule,
    knowledge_tracing,
    traced,
)
from adaptlearn.validation import Interval, check_parameters

_PRICE = Interval(0, 1e9, "right")
_MOST_ITEMS = 12  # of a lesson: two to that power patterns of answers
_POINTS = 200  # of the grid of beliefs; twice as many change a bill by less than .01%
_LOWEST = 1e-6
_HALVINGS = 40
_NODES = 9  # of Gauss and Hermite, for how students differ


def stopping(
    course: Course,
    *,
    price: float,
    prior: ArrayLike = 0.3,
    learn: ArrayLike = 0.15,
    guess: ArrayLike = 0.2,
    slip: ArrayLike = 0.1,
    forget: ArrayLike = 0.0,
) -> Rule:
    """A skill is mastered if one more lesson costs more than it is worth.

    `stopping` computes the costs of both choices (one more lesson, or no more practice) by dynamic
    programming.

    The rule `stopping` is the rule `knowledge_tracing` with one threshold for each skill. The bill
    of a student is the minutes of practice, plus the price of each skill that is unknown at the
    end. If the parameters are true and each lesson teaches one skill, no other rule has a lower
    mean bill.

    Parameters
    ----------
    course : Course
        The course, which determines how many items the lesson on a skill has, and how long the
        items take. If there are several lessons on a skill, the first lesson counts. A lesson on
        several skills is divided equally among its skills.
    price : float
        The price of one unknown skill at the end, in minutes of practice.
    prior, learn, guess, slip, forget : float or array, shape (n_skills,)

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range. The error is also raised if a lesson
        has more than 12 items on a skill.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course
    >>> from adaptlearn.simulation.teachers import stopping
    >>> course = Course.of(Curriculum.from_dict({"skills": ["add", "draw"]}))
    >>> stopping(course, price=300).name
    'stopping at a price of 300'
    """
    given = {"prior": prior, "learn": learn, "guess": guess, "slip": slip, "forget": forget}
    check_parameters("stopping", {"price": price}, {"price": [_PRICE]})
    of: dict[str, Any] = by_skill("stopping", course.n_skills, probabilities(**given))
    thresholds = np.array([skill.threshold() for skill in _skills(course, of, price)])
    return knowledge_tracing(course.n_skills, **of)._replace(
        name=f"stopping at a price of {price:g}",
        read=lambda known: Judgement(known, known >= thresholds),
    )


def least_bill(simulator: Simulator, course: Course, price: float) -> float:
    """Compute the lowest possible mean bill of a student, or a lower bound of it.

    The bill is the minutes of practice, plus the price of each skill that is unknown at the end.
    If all students of a `TwoState` simulator are alike, the result is the Bayes optimum: no policy
    has a lower mean bill, and `stopping` with the true parameters reaches this bill. The time
    budget must be large enough that it does not end the teaching. If students differ, the result is
    the optimum for a teacher who knows each student's own parameters. A policy that does not know
    each student's own parameters cannot be better (Brown, Smith & Sun, 2010).

    Parameters
    ----------
    simulator : Simulator
    course : Course
    price : float
        The price of one unknown skill at the end, in minutes of practice.

    Returns
    -------
    float
        The mean bill in minutes; nan if the optimum is not known. The optimum is not known for
        simulators other than `TwoState`, if learning depends on prerequisites, or if lessons teach
        several skills.

    Raises
    ------
    ParameterError
        The error is raised if the price is out of range, or if a lesson has more than 12 items on a
        skill.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> from adaptlearn.simulation import Course, TwoState
    >>> from adaptlearn.simulation.teachers import least_bill
    >>> course = Course.of(Curriculum.from_dict({"skills": ["add", "draw"]}))
    >>> round(least_bill(TwoState(2), course, price=300), 1)
    43.9
    """
    check_parameters("least_bill", {"price": price}, {"price": [_PRICE]})
    if not isinstance(simulator, TwoState) or simulator.parents.shape[1] or _mixed(course):
        return np.nan
    total = 0.0
    for share, tables, chances in _kinds_of_students(simulator):
        for skill, priors in zip(_skills(course, tables, price), tables["prior"].T, strict=True):
            total += float(share) * skill.bill(priors, chances)
    return total


class _Skill(NamedTuple):
    """One skill as a problem of stopping.

    Attributes
    ----------
    price, minutes : float
        The price, and how long a lesson takes.
    n_items : int
        How many items a lesson has; 0: there is no lesson.
    own : dict of str to float
        ``learn``, ``guess``, ``slip``, ``forget``.
    """

    price: float
    minutes: float
    n_items: int
    own: dict[str, Any]

    def after_lesson(self, belief: Floats) -> tuple[Floats, Floats]:
        """Beliefs after each pattern of answers, and the patterns' probabilities.

        Both of shape (n, 2 ** n_items).
        """
        known, chance = belief[:, None], np.ones((len(belief), 1))
        right = np.array([True, False])
        for _ in range(self.n_items):
            correct = known * (1 - self.own["slip"]) + (1 - known) * self.own["guess"]
            chance = np.concatenate([chance * correct, chance * (1 - correct)], axis=1)
            both = [traced(known, np.full(known.shape, answer), **self.own) for answer in right]
            known = np.concatenate(both, axis=1)
        return known, chance

    def values(self) -> tuple[Floats, Floats]:
        """Beliefs, and the least bill from each of them on."""
        grid = self._grid()
        stop = self.price * (1 - grid)
        steps = _transitions(grid, *self.after_lesson(grid))
        teach = np.zeros(len(grid), bool)
        value = stop
        while True:  # policy iteration: beliefs from which to teach are only added, so it ends
            wanted = teach | (self.minutes + steps @ value < stop - 1e-9 * self.price)
            if (wanted == teach).all():
                return grid, value
            teach = wanted
            inner = np.eye(int(teach.sum())) - steps[np.ix_(teach, teach)]
            cost = self.minutes + steps[np.ix_(teach, ~teach)] @ stop[~teach]
            value = stop.copy()
            value[teach] = np.linalg.solve(inner, cost)

    def _grid(self) -> Floats:
        """Beliefs that a lesson can lead to, up to where one lesson costs more than it can gain.

        Between these points V is nearly linear, and beyond the last but one it is linear.
        """
        lowest = min(self.own["learn"], 1 - self.own["forget"])
        highest = 1 - self.minutes / self.price
        ends = np.clip([lowest, highest], _LOWEST, 1 - _LOWEST)
        low, high = logit(np.sort(ends)).tolist()
        inner = expit(np.linspace(low, high, _POINTS))
        return np.unique(np.concatenate([[0.0], inner, [1.0]]))

    def bill(self, belief: Floats, chance: Floats) -> float:
        """The least bill on average, if students begin with these beliefs."""
        stop = self.price * (1 - belief)
        if not self.n_items:
            return float(chance @ stop)
        grid, value = self.values()
        return float(chance @ np.minimum(stop, self._teaching(belief, grid, value)))

    def _teaching(self, belief: Floats, grid: Floats, value: Floats) -> Floats:
        """The least bill if one more lesson is given."""
        known, chance = self.after_lesson(belief)
        return self.minutes + np.asarray((chance * np.interp(known, grid, value)).sum(axis=1))

    def threshold(self) -> float:
        """The belief from which on it is best to stop; 0: no lesson is worth its minutes."""
        if not self.n_items:
            return 0.0
        grid, value = self.values()
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = np.array([(low + high) / 2])
            teach = self._teaching(middle, grid, value) < self.price * (1 - middle)
            low, high = (float(middle[0]), high) if teach[0] else (low, float(middle[0]))
        return high if high > 2.0**-_HALVINGS else 0.0


def _transitions(grid: Floats, known: Floats, chance: Floats) -> Floats:
    """The probability of each step between beliefs of the grid; those between are shared out."""
    above = np.clip(np.searchsorted(grid, known), 1, len(grid) - 1)
    share = np.clip((known - grid[above - 1]) / (grid[above] - grid[above - 1]), 0.0, 1.0)
    rows = np.arange(len(grid))[:, None] * len(grid)
    steps = np.bincount((rows + above).ravel(), (chance * share).ravel(), len(grid) ** 2)
    steps += np.bincount((rows + above - 1).ravel(), (chance * (1 - share)).ravel(), len(grid) ** 2)
    return np.asarray(steps.reshape(len(grid), len(grid)), np.float64)


def _skills(course: Course, of: dict[str, Floats], price: float) -> Iterator[_Skill]:
    """Each skill of a course, with the items and minutes of its first lesson."""
    items, minutes = _first_lessons(course)
    if items.max(initial=0) > _MOST_ITEMS:
        raise ParameterError(
            "stopping",
            [f"a lesson has {items.max()} items on one skill; at most {_MOST_ITEMS} can be "
             "computed: make the course with fewer items in a lesson"],
        )  # fmt: skip
    for k in range(course.n_skills):
        own = {name: of[name][k] for name in ("learn", "guess", "slip", "forget")}
        yield _Skill(price, float(minutes[k]), int(items[k]), own)


def _first_lessons(course: Course) -> tuple[Ints, Floats]:
    """Of each skill, how many items its first lesson has on it, and how long these take."""
    taught = course.curriculum.teaches
    lengths = (course.practice >= 0).sum(axis=1)
    items, minutes = np.zeros(course.n_skills, np.intp), np.zeros(course.n_skills)
    for lesson in reversed(range(course.n_lessons)):
        skills = taught.indices[taught.indptr[lesson] : taught.indptr[lesson + 1]]
        items[skills] = np.ceil(lengths[lesson] / len(skills))
        minutes[skills] = course.minutes[lesson] * items[skills]
    return items, minutes


def _mixed(course: Course) -> bool:
    """Whether lessons practise several skills, or what they teach is tagged wrongly."""
    taught = course.curriculum.teaches
    if (np.diff(taught.indptr) != 1).any() or len(set(taught.indices.tolist())) < course.n_lessons:
        return True
    own = np.where(course.practice >= 0, taught.indices[:, None], -1)
    return bool((course.practice != own).any() or (course.tags != own).any())


def _kinds_of_students(
    simulator: TwoState,
) -> Iterator[tuple[float, dict[str, Floats], Floats]]:
    """Students of equal pace: their share, their parameters, and the chances of their priors.

    ``prior`` has shape (n_starts, n_skills), with one chance for each start; the others have
    shape (n_skills,).
    """
    draws = simulator.draws
    for row in range(len(draws["prior"])):
        of = {name: table[row] for name, table in draws.items()}
        for share, pace, starts, chances in _paces(simulator.differences):
            learn = more_likely(of["learn"], np.exp(pace))
            priors = more_likely(of["prior"], np.exp(starts)[:, None])
            yield share / len(draws["prior"]), {**of, "learn": learn, "prior": priors}, chances


def _paces(
    differences: StudentDifferences | StudentClasses | None,
) -> Iterator[tuple[float, float, Floats, Floats]]:
    """Students of equal pace: their share, their pace, and their starts with the chances of these.

    Pace and starts are logarithms of odds.
    """
    if differences is None:
        yield 1.0, 0.0, np.zeros(1), np.ones(1)
    elif isinstance(differences, StudentClasses):
        of_classes = zip(differences.share, differences.start, differences.pace, strict=True)
        for share, start, pace in of_classes:
            yield share, pace, *_normal([start], [1.0], differences.spread)
    else:
        slow, low, spread = differences.slow, differences.low, differences.spread
        own = _normal([0.0, np.log(differences.low_start)], [1 - low, low], spread)
        paces = _normal([0.0, np.log(differences.slow_pace)], [1 - slow, slow], spread)
        for pace, share in zip(*paces, strict=True):
            yield float(share), float(pace), *own


def _normal(
    means: Sequence[float], shares: Sequence[float], spread: float
) -> tuple[Floats, Floats]:
    """Values and chances of a mixture of normal distributions, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES if spread else 1)
    values = np.asarray(means)[:, None] + spread * nodes
    chances = np.asarray(shares)[:, None] * weights / weights.sum()
    return values.ravel(), chances.ravel()
