"""Students who pass through stages: new, then shaky, then fluent.

References
----------
- R. Atkinson, E. Crothers (1964). A comparison of paired-associate learning models having
  different acquisition and retention axioms. Journal of Mathematical Psychology 1, 285-315.
- G. Bower, J. Theios (1964). A learning model for discrete performance levels. In R. Atkinson
  (ed.), Studies in Mathematical Psychology, 1-31. Stanford University Press.
- C. Brainerd, M. Howe, A. Desrochers (1982). The general theory of two-stage learning: a
  mathematical review with illustrations from memory and intellectual development. Psychological
  Bulletin 91, 634-665.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.students.base import (
    Family,
    StudentDifferences,
    Students,
    differing,
    more_likely,
)
from adaptlearn.simulation.students.parameters import by_skill, must_hold, parents_of, probabilities
from adaptlearn.simulation.students.streams import Draws

_NEW, _FLUENT = 0, 2  # shaky is between them


class StageLearners:
    """Each skill is new, shaky (right at times) or fluent; a shaky skill may become new again.

    P(right answer) is ``guess`` for a new skill, ``shaky`` for a shaky skill, and ``1 - slip`` for
    a fluent skill. After an answer, a new skill becomes shaky with probability ``grasp``. After a
    right answer, a shaky skill becomes fluent with probability ``settle``. After a wrong answer, a
    shaky skill becomes new again with probability ``fall_back``. A fluent skill stays fluent.
    `Students.knowledge` is 0 for a new, 0.5 for a shaky and 1 for a fluent skill. A skill counts as
    known if it is fluent.

    Parameters
    ----------
    n_skills : int
    prior : float or array, shape (n_skills,), default 0.15
        P(fluent at the start).
    prior_shaky : float or array, shape (n_skills,), default 0.25
        For a skill that is not fluent at the start, the probability that it is shaky.
    grasp, settle, fall_back : float or array, shape (n_skills,), default 0.5, 0.45 and 0.2
    guess, shaky, slip : float or array, shape (n_skills,), default 0.2, 0.6 and 0.05
        Probabilities; they must satisfy ``guess <= shaky <= 1 - slip``.
    differences : StudentDifferences or None
        How students differ. A student's start factor (from `StudentDifferences`) multiplies the
        odds of ``prior`` and ``prior_shaky``. A student's learning factor multiplies the odds of
        ``grasp`` and ``settle``. None: all students are alike.
    prerequisites : pairs (first, then) of skill numbers, or bool array (n_skills, n_skills)
        As in `TwoState`.
    unready : float, default 0.2
        Each direct prerequisite that is not fluent multiplies ``grasp`` by this factor.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> sure = StageLearners(
    ...     1, prior=0, prior_shaky=0, grasp=1, settle=1, guess=0, shaky=1, slip=0
    ... )
    >>> students = sure.start(1, rng)
    >>> for _ in range(3):
    ...     print(students.answer(np.array([0]), rng), students.knowledge(), students.knows())
    [False] [[0.5]] [[False]]
    [ True] [[1.]] [[ True]]
    [ True] [[1.]] [[ True]]
    """

    family: ClassVar[Family] = "stages"

    def __init__(
        self,
        n_skills: int,
        *,
        prior: ArrayLike = 0.15,
        prior_shaky: ArrayLike = 0.25,
        grasp: ArrayLike = 0.5,
        settle: ArrayLike = 0.45,
        fall_back: ArrayLike = 0.2,
        guess: ArrayLike = 0.2,
        shaky: ArrayLike = 0.6,
        slip: ArrayLike = 0.05,
        differences: StudentDifferences | None = StudentDifferences(),  # noqa: B008 - it is frozen
        prerequisites: Sequence[tuple[int, int]] | ArrayLike | None = None,
        unready: float = 0.2,
    ) -> None:
        values = by_skill(
            "StageLearners",
            n_skills,
            probabilities(prior=prior, prior_shaky=prior_shaky, grasp=grasp, settle=settle,
                          fall_back=fall_back, guess=guess, shaky=shaky, slip=slip),
            {"unready": unready},
        )  # fmt: skip
        # In the order of the stages.
        self.p_right = np.stack([values["guess"], values["shaky"], 1 - values["slip"]])
        falls = np.diff(self.p_right, axis=0) < 0
        must_hold("StageLearners", "guess <= shaky <= 1 - slip must hold", falls)
        self.parameters = values
        self.n_skills = n_skills
        self.differences = differences
        self.parents = parents_of(prerequisites, n_skills)
        self.unready = unready

    def start(self, n: int, rng: Draws) -> AdvancingStudents:
        """Make `n` students who have not practised yet."""
        begin, pace, groups = differing(self.differences, n, rng)
        odds = np.exp(begin)[:, None]
        fluent = more_likely(self.parameters["prior"], odds)
        shaky = (1 - fluent) * more_likely(self.parameters["prior_shaky"], odds)
        luck = rng.random((n, self.n_skills))
        stage = (luck < fluent).astype(np.int8) + (luck < fluent + shaky)
        return AdvancingStudents(self, stage, np.exp(pace), groups)


class AdvancingStudents(Students):
    """Students of `StageLearners`."""

    level = 1.0

    def __init__(
        self,
        simulator: StageLearners,
        stage: NDArray[np.int8],
        pace: Floats,
        groups: Mapping[str, NDArray[Any]],
    ) -> None:
        super().__init__(stage.shape[0], stage.shape[1], groups)
        # One column more that is always fluent stands for the prerequisite that is not there.
        self._width = self.n_skills + 1
        self._stage = np.full((self.n, self._width), _FLUENT, np.int8)
        self._stage[:, :-1] = stage
        self._simulator, self._pace = simulator, pace

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        stage = self._stage.take(rows * self._width + skills)
        return self._simulator.p_right[stage, skills]

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: D102
        cell, made = rows * self._width + skills, self._simulator
        grasp, settle, fall_back = (
            made.parameters[name][skills] for name in ("grasp", "settle", "fall_back")
        )
        pace = self._pace[rows]
        grasp, settle = more_likely(grasp, pace), more_likely(settle, pace)
        if made.parents.shape[1]:
            before = (rows * self._width)[:, None] + made.parents[skills]
            grasp = grasp * made.unready ** (self._stage.take(before) < _FLUENT).sum(axis=1)
        stage = self._stage.take(cell)
        new = stage == _NEW
        chance = np.where(new, grasp, np.where(correct, settle, fall_back))
        moves = (stage < _FLUENT) & (luck < chance)
        self._stage.put(cell, stage + np.where(new | correct, 1, -1) * moves)

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        return self._stage[:, :-1] / _FLUENT

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        return self._stage.take(rows * self._width + skills) / _FLUENT
