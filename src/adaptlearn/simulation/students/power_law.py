"""Students whose error rate falls as a power of practice, some of which carries over.

References
----------
- A. Newell, P. Rosenbloom (1981). Mechanisms of skill acquisition and the law of practice. In
  J. Anderson (ed.), Cognitive Skills and Their Acquisition, 1-55. Erlbaum.
- A. Heathcote, S. Brown, D. Mewhort (2000). The power law repealed: the case for an exponential law
  of practice. Psychonomic Bulletin & Review 7, 185-207.
- M. Singley, J. Anderson (1989). The Transfer of Cognitive Skill. Harvard University Press.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.students.base import (
    Family,
    StudentDifferences,
    Students,
    differing,
    normal,
)
from adaptlearn.simulation.students.parameters import by_skill, must_hold, parents_of, probabilities
from adaptlearn.simulation.students.streams import Draws
from adaptlearn.validation import Interval, OneOf


class PowerLawLearners:
    """The error rate is a power function of practice; practice also helps skills that build on it.

    ``P(wrong) = slip + (error - slip) (1 + practice)^-rate``. A student's practice of a skill
    starts at ``experience``, and grows with each answer. An answer adds 1 to the practice of its
    own skill. The answer also adds to the practice of each skill that has the answered skill as a
    direct prerequisite. If a skill has ``n`` direct prerequisites, an answer on one of them adds
    ``transfer / n`` to the practice of the skill. `Students.knowledge` is ``1 - (P(wrong) -
    slip)``. A skill counts as known if its knowledge is at least `level`.

    Parameters
    ----------
    n_skills : int
    error : float or array, shape (n_skills,), default 0.7
        P(wrong) without any practice.
    slip : float or array, shape (n_skills,), default 0.05
        The part of P(wrong) that no practice removes; at most ``error``.
    rate : float or array, shape (n_skills,), default 1.0
    experience : float or array, shape (n_skills,), default 0.5
        The median over students of their practice before the start, as a number of answers.
    chance : float, default 0.8
        The standard deviation of the logarithm of ``experience`` over students and skills.
    transfer : float, default 0.25
    prerequisites : pairs (first, then) of skill numbers, or bool array (n_skills, n_skills)
        As in `TwoState`.
    shape : {"power", "exponential"}, default "power"
        ``"exponential"`` uses ``exp(-rate practice)`` instead of a power of practice. The errors of
        individual students may follow the exponential curve more closely than the power curve
        (Heathcote et al., 2000). With the same rate, the exponential curve falls faster than the
        power curve. An exponential rate of 0.35 is similar to a power of 1.
    differences : StudentDifferences or None
        How students differ. A student's start factor (from `StudentDifferences`) multiplies the
        student's experience. A student's learning factor multiplies the practice that an answer
        adds. With ``differences=None``, students differ only by chance.
    level : float, default 0.9

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> simulator = PowerLawLearners(
    ...     2, error=0.8, slip=0, experience=0, transfer=0.5, prerequisites=[(0, 1)],
    ...     differences=None,
    ... )
    >>> students = simulator.start(1, rng)
    >>> for _ in range(3):
    ...     _ = students.answer(np.array([0]), rng)
    >>> students.knowledge()  # 1 - 0.8 / (1 + 3), and 1 - 0.8 / (1 + 1.5)
    array([[0.8 , 0.68]])
    """

    family: ClassVar[Family] = "power_law"

    def __init__(
        self,
        n_skills: int,
        *,
        error: ArrayLike = 0.7,
        slip: ArrayLike = 0.05,
        rate: ArrayLike = 1.0,
        experience: ArrayLike = 0.5,
        chance: float = 0.8,
        transfer: float = 0.25,
        prerequisites: Sequence[tuple[int, int]] | ArrayLike | None = None,
        shape: Literal["power", "exponential"] = "power",
        differences: StudentDifferences | None = StudentDifferences(),  # noqa: B008 - it is frozen
        level: float = 0.9,
    ) -> None:
        self.parameters = by_skill(
            "PowerLawLearners",
            n_skills,
            {**probabilities(error=error, slip=slip), "rate": (rate, 0, 20),
             "experience": (experience, 0, 1e6)},
            {"chance": chance, "transfer": transfer, "shape": shape, "level": level},
            own={"transfer": [Interval(0, 1)], "shape": [OneOf(("power", "exponential"))]},
        )  # fmt: skip
        below = self.parameters["error"] < self.parameters["slip"]
        must_hold("PowerLawLearners", "slip must be at most error", below)
        self.n_skills = n_skills
        self.chance, self.level, self.differences = chance, level, differences
        self.exponential = shape == "exponential"
        self.children, self.share = _carried(parents_of(prerequisites, n_skills), transfer)

    def start(self, n: int, rng: Draws) -> ImprovingStudents:
        """Make `n` students who have not practised yet."""
        begin, pace, groups = differing(self.differences, n, rng)
        own = np.exp(begin[:, None] + self.chance * normal(rng.random((n, self.n_skills))))
        return ImprovingStudents(self, self.parameters["experience"] * own, np.exp(pace), groups)

    def left(self, practice: Floats, skills: Ints) -> Floats:
        """Of the errors that practice can remove, the share that is left, shape (n,)."""
        rate = self.parameters["rate"][skills]
        return np.asarray(np.exp(-rate * practice) if self.exponential else (1 + practice) ** -rate)


def _carried(parents: Ints, transfer: float) -> tuple[Ints, Floats]:
    """The skills each skill leads to, as `parents_of` lays them out, and what each gets."""
    n_skills = len(parents)
    then, place = np.nonzero(parents < n_skills)
    children = parents_of(np.stack([then, parents[then, place]], axis=1), n_skills)
    share = np.append(transfer / np.maximum((parents < n_skills).sum(axis=1), 1), 0.0)
    return children, share


class ImprovingStudents(Students):
    """Students of `PowerLawLearners`."""

    def __init__(
        self,
        simulator: PowerLawLearners,
        experience: Floats,
        pace: Floats,
        groups: Mapping[str, NDArray[Any]],
    ) -> None:
        super().__init__(experience.shape[0], experience.shape[1], groups)
        self.level, self.reach = simulator.level, simulator.children
        # One column more takes what is carried over to the skill that is not there.
        self._width = self.n_skills + 1
        self._practice = np.zeros((self.n, self._width))
        self._practice[:, :-1] = experience
        self._simulator, self._pace = simulator, pace

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        left = self._simulator.left(self._practice.take(rows * self._width + skills), skills)
        error, slip = (self._simulator.parameters[name][skills] for name in ("error", "slip"))
        return np.asarray(left * (1 - error) + (1 - left) * (1 - slip))

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: ARG002, D102
        first, pace = rows * self._width, self._pace[rows]
        self._add(first + skills, pace)
        for child in self._simulator.children[skills].T:
            self._add(first + child, pace * self._simulator.share[child])

    def _add(self, cell: Ints, amount: Floats) -> None:
        self._practice.put(cell, self._practice.take(cell) + amount)

    def _known(self, practice: Floats, skills: Ints) -> Floats:
        error, slip = (self._simulator.parameters[name][skills] for name in ("error", "slip"))
        return np.asarray(1 - (error - slip) * self._simulator.left(practice, skills))

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        skills = np.tile(np.arange(self.n_skills), self.n)
        return self._known(self._practice[:, :-1].ravel(), skills).reshape(self.n, self.n_skills)

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        return self._known(self._practice.take(rows * self._width + skills), skills)
