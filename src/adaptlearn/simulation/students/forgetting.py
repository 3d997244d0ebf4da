"""Students who forget: counts of practice that fade, and memories that grow more stable.

References
----------
- B. Choffin, F. Popineau, Y. Bourda, J.-J. Vie (2019). DAS3H: modeling student learning and
  forgetting for optimally scheduling distributed practice of skills. EDM 2019.
- J. Anderson, L. Schooler (1991). Reflections of the environment in memory. Psychological
  Science 2, 396-408, for the power law.
- J. Ye, J. Su, Y. Cao (2022). A stochastic shortest path algorithm for optimizing spaced
  repetition scheduling. KDD 2022, for stability that grows with spaced practice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.students.base import (
    DAY,
    Family,
    StudentDifferences,
    TimedStudents,
    differing,
    more_likely,
    normal,
)
from adaptlearn.simulation.students.parameters import by_skill, must_hold, probabilities
from adaptlearn.simulation.students.streams import Draws
from adaptlearn.validation import Interval

_UNIT = Interval(0, 1)


class FadingPractice:
    """The effect of practice fades with time, in several windows of different length.

    The equation is ``logit P(right) = ease + ability + chance + pace * sum_w gain_w log(1 +
    trace_w)``. The trace of a window is ``trace_w = sum over past answers of weight * exp(-age /
    window_w)``. The weight of an answer is 1 if the answer was right, and `wrong` if not. The sum
    over windows from an hour to a year fades about like a power of time. A skill counts as known if
    P(right) is at least `level`.

    Parameters
    ----------
    n_skills : int
    ease : float or array, shape (n_skills,), default -0.8
    gain : sequence of float, default (0.2, 0.3, 0.4, 0.5, 0.6)
        The gain of each window.
    windows : sequence of float, default (1/24, 1, 7, 30, 365)
        The lengths of the windows in days.
    wrong : float, default 0.6
        The weight of a wrong answer.
    chance : float, default 0.7
        The standard deviation of the term ``chance`` in the equation: a random deviation of each
        student on each skill, in log-odds.
    differences : StudentDifferences or None
        As in `PracticeFactors`.
    level : float, default 0.85

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> students = FadingPractice(1).start(1, rng)
    >>> for _ in range(20):
    ...     _ = students.answer(np.array([0]), rng)
    >>> fresh, month = students.knowledge(), students.later(30 * 86_400).knowledge()
    >>> bool((month < fresh).all())
    True
    """

    family: ClassVar[Family] = "memory"

    def __init__(
        self,
        n_skills: int,
        *,
        ease: ArrayLike = -0.8,
        gain: Sequence[float] = (0.2, 0.3, 0.4, 0.5, 0.6),
        windows: Sequence[float] = (1 / 24, 1, 7, 30, 365),
        wrong: float = 0.6,
        chance: float = 0.7,
        differences: StudentDifferences | None = StudentDifferences(),  # noqa: B008 - it is frozen
        level: float = 0.85,
    ) -> None:
        self.ease = by_skill(
            "FadingPractice",
            n_skills,
            {"ease": (ease, -20, 20)},
            {"wrong": wrong, "chance": chance, "level": level},
            own={"wrong": [_UNIT]},
            others=_window_problems(gain, windows),
        )["ease"]
        self.n_skills = n_skills
        self.gain, self.windows = np.array(gain, np.float64), np.array(windows, np.float64) * DAY
        self.wrong, self.chance, self.level = wrong, chance, level
        self.differences = differences

    def start(self, n: int, rng: Draws) -> FadingStudents:
        """Make `n` students who have not practised yet."""
        ability, pace, groups = differing(self.differences, n, rng)
        own = self.chance * normal(rng.random((n, self.n_skills)))
        return FadingStudents(self, self.ease + ability[:, None] + own, np.exp(pace), groups)


def _window_problems(gain: Sequence[float], windows: Sequence[float]) -> list[str]:
    problems = []
    if len(gain) != len(windows) or not len(gain):
        problems.append(f"gain and windows differ in length: {len(gain)} and {len(windows)}")
    for name, values, low in (("gain", gain, 0), ("windows", windows, 1e-6)):
        if not all(Interval(low, 1e6).accepts(value) for value in values):
            problems.append(f"{name} must be numbers from {low:g} on, got {values!r:.80}")
    return problems


class _Aging(TimedStudents):
    """Students whose knowledge of a skill depends on the time since they last practised it."""

    def __init__(self, n: int, n_skills: int, groups: Mapping[str, NDArray[Any]]) -> None:
        super().__init__(n, n_skills, groups)
        self._last = np.zeros(n * n_skills)

    def _age(self, cell: Ints, rows: Ints) -> Floats:
        """Seconds since the last practice."""
        return np.asarray(self._clock[rows] - self._last[cell])


class FadingStudents(_Aging):
    """Students of `FadingPractice`."""

    def __init__(
        self,
        simulator: FadingPractice,
        odds: Floats,
        pace: Floats,
        groups: Mapping[str, NDArray[Any]],
    ) -> None:
        super().__init__(odds.shape[0], odds.shape[1], groups)
        self.level = simulator.level
        self._gain, self._windows = simulator.gain, simulator.windows
        self._wrong = simulator.wrong
        self._odds, self._pace = odds.ravel(), pace
        self._trace = np.zeros((odds.size, len(self._gain)))

    def _faded(self, cell: Ints, rows: Ints) -> Floats:
        left = np.exp(-self._age(cell, rows)[:, None] / self._windows)
        return np.asarray(self._trace[cell] * left)

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        cell = rows * self.n_skills + skills
        strength = np.log1p(self._faded(cell, rows)) @ self._gain
        return np.asarray(expit(self._odds[cell] + self._pace[rows] * strength))

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        return self.knowledge_of(skills, rows)

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: ARG002, D102
        cell = rows * self.n_skills + skills
        weight = np.where(correct, 1.0, self._wrong)
        self._trace[cell] = self._faded(cell, rows) + weight[:, None]
        self._last[cell] = self._clock[rows]

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        rows = np.repeat(np.arange(self.n), self.n_skills)
        skills = np.tile(np.arange(self.n_skills), self.n)
        return self.knowledge_of(skills, rows).reshape(self.n, self.n_skills)


class StabilityMemory:
    """Recall fades as a power of time; it fades more slowly if the memory is more stable.

    P(recall) after ``t`` days is ``(1 + t / (9 stability))^-1``, so P(recall) is .9 after
    ``stability`` days. If a student has not yet learnt a skill, the student guesses, and learns the
    skill with probability ``learn``. A skill that was just learnt has the stability ``first``. If
    the student recalls the skill in practice, the stability is multiplied by ``1 + growth *
    stability^-saturation * (exp(spacing * (1 - recall)) - 1)``. The factor for the stability models
    the effect of spacing: it is close to 1 if answers follow each other quickly. If the student
    does not recall the skill, the stability becomes ``max(first, lapse * stability)``. A skill
    counts as known if P(recall) is at least `level`.

    Parameters
    ----------
    n_skills : int
    prior, learn, guess, slip : float or array, shape (n_skills,)
        The probabilities of BKT for each skill: knowing at the start, learning, guessing and
        slipping. Skills that are known at the start have ten times the stability `first`.
    first : float, default 3
        The first stability in days, before the student's learning factor multiplies it.
    growth, saturation, spacing : float, default 8, 0.1 and 3
    lapse : float, default 0.3
    differences : StudentDifferences or None
        How students differ. A student's learning factor (from `StudentDifferences`) multiplies the
        odds of ``learn``, and also ``first``. None: all students are alike.
    level : float, default 0.85

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> students = StabilityMemory(1, prior=0, learn=1, differences=None).start(1, rng)
    >>> _ = students.answer(np.array([0]), rng)
    >>> students.later(3 * 86_400).knowledge().round(3).tolist()
    [[0.9]]
    """

    family: ClassVar[Family] = "memory"

    def __init__(
        self,
        n_skills: int,
        *,
        prior: ArrayLike = 0.2,
        learn: ArrayLike = 0.2,
        guess: ArrayLike = 0.2,
        slip: ArrayLike = 0.05,
        first: float = 3.0,
        growth: float = 8.0,
        saturation: float = 0.1,
        spacing: float = 3.0,
        lapse: float = 0.3,
        differences: StudentDifferences | None = StudentDifferences(),  # noqa: B008 - it is frozen
        level: float = 0.85,
    ) -> None:
        self.settings = {"first": first, "growth": growth, "saturation": saturation,
                         "spacing": spacing, "lapse": lapse, "level": level}  # fmt: skip
        self.parameters = by_skill(
            "StabilityMemory",
            n_skills,
            probabilities(prior=prior, learn=learn, guess=guess, slip=slip),
            self.settings,
            own={
                "first": [Interval(0, 1e4, "right")],
                "growth": [Interval(0, 1e3)],
                "saturation": [_UNIT],
                "spacing": [Interval(0, 20)],
                "lapse": [_UNIT],
            },
        )
        above = self.parameters["guess"] + self.parameters["slip"] >= 1
        must_hold("StabilityMemory", "guess + slip must stay below 1", above)
        self.n_skills = n_skills
        self.differences = differences

    def start(self, n: int, rng: Draws) -> RememberingStudents:
        """Make `n` students who have not practised yet."""
        begin, pace, groups = differing(self.differences, n, rng)
        prior = more_likely(self.parameters["prior"], np.exp(begin)[:, None])
        known = rng.random((n, self.n_skills)) < prior
        return RememberingStudents(self, known, np.exp(pace), groups)


class RememberingStudents(_Aging):
    """Students of `StabilityMemory`."""

    def __init__(
        self,
        simulator: StabilityMemory,
        known: Bools,
        pace: Floats,
        groups: Mapping[str, NDArray[Any]],
    ) -> None:
        super().__init__(known.shape[0], known.shape[1], groups)
        self.level = simulator.settings["level"]
        self._settings, self._parameters = simulator.settings, simulator.parameters
        self._pace = pace
        first = self._settings["first"] * pace[:, None]
        self._stability = np.where(known, 10 * first, 0.0).ravel()  # 0: not learnt

    def _recall(self, cell: Ints, rows: Ints) -> Floats:
        stability = self._stability[cell]
        days = self._age(cell, rows) / DAY
        learnt = stability > 0
        return np.where(learnt, 1 / (1 + days / (9 * np.where(learnt, stability, 1.0))), 0.0)

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        return self._recall(rows * self.n_skills + skills, rows)

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        guess, slip = (self._parameters[name][skills] for name in ("guess", "slip"))
        return guess + (1 - guess - slip) * self.knowledge_of(skills, rows)

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: D102
        cell, settings = rows * self.n_skills + skills, self._settings
        stability, recall = self._stability[cell], self._recall(cell, rows)
        learnt = stability > 0
        # The answer does not say for sure whether it was recalled, or guessed or slipped.
        slip, p = self._parameters["slip"][skills], self.p_correct(skills, rows)
        recalled = luck < recall * np.where(
            correct, (1 - slip) / np.maximum(p, 1e-300), slip / np.maximum(1 - p, 1e-300)
        )
        first = settings["first"] * self._pace[rows]
        learns = luck < more_likely(self._parameters["learn"][skills], self._pace[rows])
        spaced = np.expm1(settings["spacing"] * (1 - recall))
        slower = np.where(learnt, stability, 1.0) ** -settings["saturation"]
        grown = stability * (1 + settings["growth"] * slower * spaced)
        lapsed = np.maximum(first, settings["lapse"] * stability)
        old = np.where(recalled, grown, lapsed)
        self._stability[cell] = np.where(learnt, old, np.where(learns, first, 0.0))
        self._last[cell] = self._clock[rows]

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        cell = np.arange(self.n * self.n_skills)
        return self._recall(cell, cell // self.n_skills).reshape(self.n, self.n_skills)
