"""Students who at times do not try: around any simulator.

References
----------
J. Beck (2005). Engagement tracing: using response times to model student disengagement. Artificial
Intelligence in Education 2005, 88-95.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.students.base import Family, Simulator, Students
from adaptlearn.simulation.students.streams import Draws
from adaptlearn.validation import Interval, check_parameters

_UNIT = Interval(0, 1)


class Disengaging:
    """Students who sometimes stop trying; while they do not try, they guess and learn nothing.

    Parameters
    ----------
    simulator : Simulator
        How the students answer and learn when they try.
    leave, back : float, default 0.05 and 0.3
        Before each answer, the probability that a student stops trying, and that a student tries
        again.
    guess : float, default 0.2
        P(right answer) of a student who does not try.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from adaptlearn.simulation import TwoState
    >>> rng = np.random.default_rng(0)
    >>> asleep = Disengaging(TwoState(2, prior=1, slip=0), leave=1, back=0, guess=0)
    >>> asleep.start(3, rng).answer(np.array([0, 1, 0]), rng).tolist()
    [False, False, False]
    """

    def __init__(
        self, simulator: Simulator, *, leave: float = 0.05, back: float = 0.3, guess: float = 0.2
    ) -> None:
        check_parameters(
            "Disengaging",
            {"leave": leave, "back": back, "guess": guess},
            {"leave": [_UNIT], "back": [_UNIT], "guess": [_UNIT]},
        )
        self.simulator = simulator
        self.leave, self.back, self.guess = leave, back, guess

    @property
    def n_skills(self) -> int:
        """As in the simulator of students who try."""
        return self.simulator.n_skills

    @property
    def family(self) -> Family:
        """As in the simulator of students who try."""
        return self.simulator.family

    def start(self, n: int, rng: Draws) -> DisengagingStudents:
        """Make `n` students who have not practised yet; at the start, all of them try."""
        return DisengagingStudents(self, self.simulator.start(n, rng))


class DisengagingStudents(Students):
    """Students of `Disengaging`."""

    def __init__(self, simulator: Disengaging, students: Students) -> None:
        super().__init__(students.n, students.n_skills, students.groups)
        self.level, self.reach = students.level, students.reach
        self._students, self._simulator = students, simulator
        self.tries = np.ones(self.n, bool)

    def _chance(self, rows: Ints) -> Floats:
        """P(trying at the next answer)."""
        return np.where(self.tries[rows], 1 - self._simulator.leave, self._simulator.back)

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        chance, trying = self._chance(rows), self._students.p_correct(skills, rows)
        return chance * trying + (1 - chance) * self._simulator.guess

    def answer(self, skills: Ints, rng: Draws, rows: Ints | None = None) -> Bools:  # noqa: D102
        rows = np.arange(self.n) if rows is None else rows
        tries = rng.random(len(rows)) < self._chance(rows)
        self.tries[rows] = tries
        p = np.where(tries, self._students.p_correct(skills, rows), self._simulator.guess)
        correct: Bools = rng.random(len(rows)) < p
        self.practise(skills, correct, rng.random(len(rows)), rows)
        return correct

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: D102
        tries = self.tries[rows]
        self._students.practise(skills[tries], correct[tries], luck[tries], rows[tries])

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        return self._students.knowledge()

    def knows(self) -> Bools:  # noqa: D102 - the base's
        return self._students.knows()

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        return self._students.knowledge_of(skills, rows)

    def wait(self, seconds: ArrayLike, rows: Ints | None = None) -> None:  # noqa: D102 - the base's
        self._students.wait(seconds, rows)
