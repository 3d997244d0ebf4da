"""Students who hold misconceptions, which are hard to correct and may come back.

References
----------
- J. Brown, K. VanLehn (1980). Repair theory: a generative theory of bugs in procedural skills.
  Cognitive Science 4, 379-426, for misconceptions that students invent when they are stuck.
- D. Sleeman (1984). An attempt to understand students' understanding of basic algebra. Cognitive
  Science 8, 387-412, for consistent wrong answers.
- K. VanLehn (1990). Mind Bugs: The Origins of Procedural Misconceptions. MIT Press, for
  misconceptions that come and go.
- A. Shtulman, J. Valcarcel (2012). Scientific knowledge suppresses but does not supplant earlier
  intuitions. Cognition 124, 209-215, for misconceptions that come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.students.base import (
    DAY,
    Family,
    StudentDifferences,
    TimedStudents,
    differing,
    more_likely,
)
from adaptlearn.simulation.students.parameters import by_skill, must_hold, parents_of, probabilities
from adaptlearn.simulation.students.streams import Draws

_BLANK, _MISLED, _KNOWN = 0, 1, 2


class MisconceptionLearners:
    """A student has no idea of a skill, has a misconception of it, or knows it.

    P(right answer) is ``guess`` without an idea, ``misled_guess`` with a misconception, and ``1 -
    slip`` if the skill is known. After an answer, a student without an idea learns the skill with
    probability ``learn``. If the student does not learn the skill and the answer was wrong, the
    student acquires a misconception with probability ``acquire``. After an answer, a student with a
    misconception corrects the misconception with probability ``unlearn``, and then knows the skill.
    A corrected misconception comes back after a random time; the time is exponentially distributed
    with the rate ``relapse`` per day. A skill that was learned without a misconception stays known.
    `Students.knowledge` is 1 for a known skill, and 0 otherwise.

    Parameters
    ----------
    n_skills : int
    prior : float or array, shape (n_skills,), default 0.2
        P(known at the start).
    held : float or array, shape (n_skills,), default 0.4
        For a skill that is not known at the start, the probability of a misconception.
    learn, acquire, unlearn : float or array, shape (n_skills,), default 0.25, 0.1 and 0.1
    relapse : float or array, shape (n_skills,), default 0.005
        How often a corrected misconception comes back, per day.
    guess, misled_guess, slip : float or array, shape (n_skills,), default 0.2, 0.08 and 0.08
        Probabilities; they must satisfy ``misled_guess <= guess <= 1 - slip``.
    differences : StudentDifferences or None
        How students differ. A student's start factor (from `StudentDifferences`) multiplies the
        odds of ``prior``. A student's learning factor multiplies the odds of ``learn`` and
        ``unlearn``. None: all students are alike.
    prerequisites : pairs (first, then) of skill numbers, or bool array (n_skills, n_skills)
        As in `TwoState`.
    unready : float, default 0.2
        Each direct prerequisite that is not known multiplies ``learn`` and ``unlearn`` by this
        factor.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> simulator = MisconceptionLearners(
    ...     1, prior=0, held=1, unlearn=1, relapse=0.1, misled_guess=0, differences=None
    ... )
    >>> students = simulator.start(1000, rng)
    >>> right = students.answer(np.zeros(1000, int), rng)
    >>> int(right.sum()), int(students.knows().sum())
    (0, 1000)
    >>> round(float(students.later(10 * 86_400).knows().mean()), 1)  # exp(-0.1 * 10)
    0.4
    """

    family: ClassVar[Family] = "misconceptions"

    def __init__(
        self,
        n_skills: int,
        *,
        prior: ArrayLike = 0.2,
        held: ArrayLike = 0.4,
        learn: ArrayLike = 0.25,
        acquire: ArrayLike = 0.1,
        unlearn: ArrayLike = 0.1,
        relapse: ArrayLike = 0.005,
        guess: ArrayLike = 0.2,
        misled_guess: ArrayLike = 0.08,
        slip: ArrayLike = 0.08,
        differences: StudentDifferences | None = StudentDifferences(),  # noqa: B008 - it is frozen
        prerequisites: Sequence[tuple[int, int]] | ArrayLike | None = None,
        unready: float = 0.2,
    ) -> None:
        values = by_skill(
            "MisconceptionLearners",
            n_skills,
            {**probabilities(prior=prior, held=held, learn=learn, acquire=acquire, unlearn=unlearn,
                             guess=guess, misled_guess=misled_guess, slip=slip),
             "relapse": (relapse, 0, 1e6)},
            {"unready": unready},
        )  # fmt: skip
        # In the order of the states.
        self.p_right = np.stack([values["guess"], values["misled_guess"], 1 - values["slip"]])
        falls = np.diff(self.p_right[[_MISLED, _BLANK, _KNOWN]], axis=0) < 0
        must_hold(
            "MisconceptionLearners", "misled_guess <= guess <= 1 - slip must hold", falls
        )  # fmt: skip
        self.parameters = values
        self.n_skills = n_skills
        self.differences = differences
        self.parents = parents_of(prerequisites, n_skills)
        self.unready = unready

    def start(self, n: int, rng: Draws) -> MisledStudents:
        """Make `n` students who have not practised yet."""
        begin, pace, groups = differing(self.differences, n, rng)
        known = more_likely(self.parameters["prior"], np.exp(begin)[:, None])
        luck = rng.random((n, self.n_skills))
        misled = luck < known + (1 - known) * self.parameters["held"]
        state = np.where(luck < known, _KNOWN, np.where(misled, _MISLED, _BLANK)).astype(np.int8)
        return MisledStudents(self, state, np.exp(pace), groups)


class MisledStudents(TimedStudents):
    """Students of `MisconceptionLearners`."""

    def __init__(
        self,
        simulator: MisconceptionLearners,
        state: NDArray[np.int8],
        pace: Floats,
        groups: Mapping[str, NDArray[Any]],
    ) -> None:
        super().__init__(state.shape[0], state.shape[1], groups)
        # One column more that is always known stands for the prerequisite that is not there.
        self._width = self.n_skills + 1
        self._left = np.full((self.n, self._width), _KNOWN, np.int8)
        self._left[:, :-1] = state
        # When the misconception comes back, by the student's clock.
        self._back = np.full((self.n, self._width), np.inf)
        self._simulator, self._pace = simulator, pace

    def _state(self, cell: Ints, rows: Ints) -> NDArray[np.int8]:
        """The state now: as the last answer left it, unless the misconception has come back."""
        back = self._clock[rows] >= self._back.take(cell)
        return np.where(back, np.int8(_MISLED), self._left.take(cell))

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        state = self._state(rows * self._width + skills, rows)
        return np.asarray(self._simulator.p_right[state, skills])

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: D102
        cell, made = rows * self._width + skills, self._simulator
        ready = self._ready(skills, rows)
        learn, unlearn = (
            more_likely(made.parameters[name][skills], self._pace[rows]) * ready
            for name in ("learn", "unlearn")
        )
        acquire = made.parameters["acquire"][skills] * ~correct
        state = self._state(cell, rows)
        blank, corrected = state == _BLANK, (state == _MISLED) & (luck < unlearn)
        learned = corrected | (blank & (luck < learn))
        misled = blank & ~learned & (luck < learn + (1 - learn) * acquire)
        self._left.put(cell, np.where(learned, _KNOWN, np.where(misled, _MISLED, state)))
        # Luck below `unlearn` is uniform up to it, so it also tells when the misconception is back.
        share = (luck[corrected] + 2.0**-54) / unlearn[corrected]
        rate = made.parameters["relapse"][skills[corrected]] / DAY
        with np.errstate(divide="ignore"):
            seconds = np.maximum(-np.log(share), 2.0**-54) / rate
        self._back.put(cell[corrected], self._clock[rows[corrected]] + seconds)

    def _ready(self, skills: Ints, rows: Ints) -> Floats:
        """The factor of learning for lack of prerequisites, shape (n,)."""
        before = (rows * self._width)[:, None] + self._simulator.parents[skills]
        missing = (self._state(before, rows[:, None]) != _KNOWN).sum(axis=1)
        return np.asarray(self._simulator.unready**missing, np.float64)

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        rows = np.repeat(np.arange(self.n), self.n_skills)
        skills = np.tile(np.arange(self.n_skills), self.n)
        return self.knowledge_of(skills, rows).reshape(self.n, self.n_skills)

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        known = self._state(rows * self._width + skills, rows) == _KNOWN
        return np.asarray(known, np.float64)
