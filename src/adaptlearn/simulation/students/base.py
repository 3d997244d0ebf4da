"""What every simulator of students has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.students.streams import Draws
from adaptlearn.validation import Interval, check_parameters

Family = Literal["bkt", "logistic", "memory", "stages", "power_law", "misconceptions", "sessions"]

DAY = 86_400.0  # seconds


class Simulator(Protocol):
    """Makes students.

    Attributes
    ----------
    n_skills : int
    family : {"bkt", "logistic", "memory", "stages", "power_law", "misconceptions", "sessions"}
        The kind of the simulator's equations. An estimator has an advantage on a simulator with the
        same kind of equations.
    """

    @property
    def n_skills(self) -> int:
        """Skills are numbered from 0."""
        ...

    @property
    def family(self) -> Family:
        """The kind of the equations."""
        ...

    def start(self, n: int, rng: Draws) -> Students:
        """Make `n` students who have not practised yet."""
        ...


class Students(ABC):
    """Simulated students whose true knowledge is known; they answer one item at a time.

    Attributes
    ----------
    n, n_skills : int
    groups : dict of str to str array, shape (n,)
        How students differ: ``"learning"`` (slow, fast), ``"start"`` (low, high).
    level : float
        A skill counts as known if its `knowledge` is at least `level`.
    reach : int array, shape (n_skills, most), or None
        For each skill, the other skills that may become known through practice of this skill.
        Shorter rows are filled up with ``n_skills``.
    """

    level: float = 0.5
    reach: Ints | None = None

    def __init__(self, n: int, n_skills: int, groups: Mapping[str, NDArray[Any]] | None) -> None:
        self.n = n
        self.n_skills = n_skills
        self.groups = dict(groups or {})

    def answer(self, skills: Ints, rng: Draws, rows: Ints | None = None) -> Bools:
        """Each student answers one item, and the answer may change what the student knows.

        Parameters
        ----------
        skills : int array, shape (n,)
        rng : numpy.random.Generator or other `Draws`
        rows : int array, shape (n,), optional
            The students who answer, each student once; by default all students.

        Returns
        -------
        bool array, shape (n,)
            Whether each answer is right.
        """
        rows = np.arange(self.n) if rows is None else rows
        correct: Bools = rng.random(len(rows)) < self.p_correct(skills, rows)
        self.practise(skills, correct, rng.random(len(rows)), rows)
        return correct

    def p_correct(self, skills: Ints, rows: Ints | None = None) -> Floats:
        """P(right answer) on the next item, shape (n,); by default for all students."""
        return self._p_correct(skills, np.arange(self.n) if rows is None else rows)

    @abstractmethod
    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        """What `p_correct` gives."""

    @abstractmethod
    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:
        """Apply the effect of an answer; `luck` contains one uniform random number per student."""

    @abstractmethod
    def knowledge(self) -> Floats:
        """How well each skill is known now, from 0 to 1, shape (n, n_skills)."""

    @abstractmethod
    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:
        """For some students, the `knowledge` of one skill per student, shape (n,)."""

    def knows(self) -> Bools:
        """Which skills are known now, shape (n, n_skills)."""
        return self.knowledge() >= self.level

    def wait(self, seconds: ArrayLike, rows: Ints | None = None) -> None:  # noqa: B027 - may do nothing
        """Let time pass; nothing changes if the equations do not depend on time.

        Parameters
        ----------
        seconds : float, or array of shape (n,)
        rows : int array, shape (n,), optional
        """

    def later(self, seconds: float) -> Self:
        """A copy of the students after a time without practice."""
        aged = deepcopy(self)
        aged.wait(seconds)
        return aged


class TimedStudents(Students):
    """Students who each have a clock of their own, in seconds since the start."""

    def __init__(self, n: int, n_skills: int, groups: Mapping[str, NDArray[Any]] | None) -> None:
        super().__init__(n, n_skills, groups)
        self._clock = np.zeros(n)

    def wait(self, seconds: ArrayLike, rows: Ints | None = None) -> None:  # noqa: D102 - the base's
        self._clock[slice(None) if rows is None else rows] += np.asarray(seconds, np.float64)


@dataclass(frozen=True)
class StudentDifferences:
    """How students differ: slow or fast, low or high start, and at random within these groups.

    Parameters
    ----------
    slow, low : float, default 0.3
        The share of students who learn slowly, and the share of students who start with low
        knowledge. Whether a student is slow does not depend on whether the student starts low.
    slow_pace : float, default 0.4
        The odds of learning (or the effect of practice) of slow students, divided by the same
        quantity of fast students.
    low_start : float, default 0.3
        The odds that a student with a low start knows a skill, divided by the same odds of a
        student with a high start.
    spread : float, default 0.4
        The standard deviation, within each group, of the logarithms of the two factors that are
        drawn for each student: the start factor and the learning factor.
    """

    slow: float = 0.3
    slow_pace: float = 0.4
    low: float = 0.3
    low_start: float = 0.3
    spread: float = 0.4
    _constraints: ClassVar = {
        "slow": [Interval(0, 1)],
        "slow_pace": [Interval(0, 1, "right")],
        "low": [Interval(0, 1)],
        "low_start": [Interval(0, 1, "right")],
        "spread": [Interval(0, 5)],
    }

    def __post_init__(self) -> None:
        check_parameters("StudentDifferences", vars(self), self._constraints)

    def draw(self, n: int, rng: Draws) -> tuple[Floats, Floats, dict[str, NDArray[Any]]]:
        """Draw students' groups, and the logarithms of their start factors and learning factors."""
        luck = rng.random((n, 4))
        slow, low = luck[:, 0] < self.slow, luck[:, 1] < self.low
        start = np.log(self.low_start) * low + self.spread * normal(luck[:, 2])
        pace = np.log(self.slow_pace) * slow + self.spread * normal(luck[:, 3])
        groups = {
            "learning": np.where(slow, "slow", "fast"),
            "start": np.where(low, "low", "high"),
        }
        return start, pace, groups


@dataclass(frozen=True)
class StudentClasses:
    """How students differ: each student belongs to one of a few classes, the same for all skills.

    `simulators_from_log` fits classes of students to a log.

    Parameters
    ----------
    share : sequence of float
        The share of students in each class. The sum of the shares is 1.
    start : sequence of float
        What each class adds to the log-odds of knowing a skill at the start.
    pace : sequence of float
        What each class adds to the log-odds of learning (or to the logarithm of the effect of
        practice).
    spread : float, default 0
        The standard deviation within each class of the log-odds of knowing a skill at the start.
        Within a class, these log-odds are normally distributed.

    Raises
    ------
    ParameterError
        The error lists everything that is wrong with the arguments.

    Examples
    --------
    >>> import numpy as np
    >>> two = StudentClasses(share=(0.25, 0.75), start=(-1.2, 0.4), pace=(-0.6, 0.2))
    >>> start, pace, groups = two.draw(4, np.random.default_rng(0))
    >>> start.tolist(), groups["class"].tolist()
    ([0.4, -1.2, 0.4, 0.4], ['2', '1', '2', '2'])
    """

    share: Sequence[float]
    start: Sequence[float]
    pace: Sequence[float]
    spread: float = 0.0

    def __post_init__(self) -> None:
        tables = [np.asarray(column, np.float64) for column in (self.share, self.start, self.pace)]
        share, *moves = tables
        problems = []
        if len({table.shape for table in tables}) > 1 or share.ndim != 1 or not len(share):
            problems.append("share, start and pace must have one number for each class")
        if not ((share >= 0).all() and abs(share.sum() - 1) < 1e-6):
            problems.append(f"share must add up to 1, none below 0, got {self.share!r:.80}")
        if not all((np.abs(move) <= 50).all() for move in moves):
            problems.append("start and pace must be numbers in [-50, 50]")
        check_parameters(
            "StudentClasses", {"spread": self.spread}, {"spread": [Interval(0, 5)]}, problems
        )

    def draw(self, n: int, rng: Draws) -> tuple[Floats, Floats, dict[str, NDArray[Any]]]:
        """Draw students' classes, and the logarithms of their start factors and learning factors.

        If there are several classes, the group ``"class"`` contains the number of each student's
        class, from 1. If there is a spread, the group ``"start"`` is ``"low"`` for the lowest 30%
        of each class, and ``"high"`` for the other students.
        """
        luck = rng.random((n, 2))
        ends = np.cumsum(self.share)[:-1]
        which = np.searchsorted(ends, luck[:, 0], side="right")
        start = np.asarray(self.start, np.float64)[which] + self.spread * normal(luck[:, 1])
        groups = {}
        if len(ends):
            groups["class"] = np.arange(1, len(ends) + 2).astype(str)[which]
        if self.spread:
            groups["start"] = np.where(luck[:, 1] < 0.3, "low", "high")
        return start, np.asarray(self.pace, np.float64)[which], groups


def differing(
    differences: StudentDifferences | StudentClasses | None, n: int, rng: Draws
) -> tuple[Floats, Floats, dict[str, NDArray[Any]]]:
    """What `draw` gives; of None, students who are all alike, without groups."""
    if differences is None:
        return np.zeros(n), np.zeros(n), {}
    return differences.draw(n, rng)


def normal(uniform: Floats) -> Floats:
    """Standard normal numbers from uniform ones in [0, 1)."""
    # Half a step of the draws keeps 0 from minus infinity.
    return np.asarray(ndtri(uniform + 2.0**-54))


def more_likely(p: Floats, odds: Floats) -> Floats:
    """Probabilities with their odds multiplied; 0 and 1 stay."""
    return np.asarray(p * odds / (1 - p + p * odds))
