"""Students whose log-odds of a right answer grow with practice.

References
----------
- H. Cen, K. Koedinger, B. Junker (2006). Learning factors analysis. ITS 2006, 164-175.
- P. Pavlik, H. Cen, K. Koedinger (2009). Performance factors analysis. AIED 2009, 531-538.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.simulation.students.base import (
    Family,
    StudentClasses,
    StudentDifferences,
    Students,
    differing,
    normal,
)
from adaptlearn.simulation.students.parameters import by_skill, skill_numbers
from adaptlearn.simulation.students.streams import Draws
from adaptlearn.validation import OneOf


class PracticeFactors:
    """The log-odds of a right answer change with each answer: additive or performance factors.

    The equation is ``logit P(right) = ease + ability + chance + pace (right * rights + wrong *
    wrongs)``. Each student has an ``ability`` and a ``pace``, and each pair of a student and a
    skill has a random ``chance``. If ``right == wrong``, right and wrong answers have the same
    effect (Cen et al., 2006). If ``right != wrong``, right and wrong answers have different effects
    (Pavlik et al., 2009). A skill counts as known if P(right) is at least `level`.

    With ``counts="log"``, each answer has less effect than the previous answer: after ``n`` answers
    on the skill, the next answer adds ``log((n + 2) / (n + 1))`` times `right` or `wrong`. So if
    all answers are right, the log-odds grow with ``log(1 + n)``.

    Parameters
    ----------
    n_skills : int
    ease : float or array, shape (n_skills,), default -0.5
        Log-odds of a right answer before practice, for a student with ability 0.
    right, wrong : float or array, shape (n_skills,), default 0.25
        How much a right or a wrong answer adds to the log-odds.
    chance : float, default 0.7
        The standard deviation of the term ``chance`` in the equation: a random deviation of each
        student on each skill, in log-odds.
    differences : StudentDifferences, StudentClasses or None
        How students differ. A student's ability is the logarithm of the student's start factor. The
        student's learning factor is the pace, which multiplies the effect of practice. None: all
        students are alike.
    level : float, default 0.85
    counts : {"linear", "log"}, default "linear"
        With ``"linear"``, every answer adds the same amount to the log-odds. With ``"log"``, each
        answer adds less than the previous answer.

    Raises
    ------
    ParameterError
        The error lists every argument that is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> students = PracticeFactors(1, ease=0, chance=0, differences=None).start(1, rng)
    >>> students.answer(np.array([0]), rng).tolist()
    [True]
    >>> students.p_correct(np.array([0])).round(3).tolist()
    [0.562]
    """

    family: ClassVar[Family] = "logistic"

    def __init__(
        self,
        n_skills: int,
        *,
        ease: ArrayLike = -0.5,
        right: ArrayLike = 0.25,
        wrong: ArrayLike = 0.25,
        chance: float = 0.7,
        differences: StudentDifferences | StudentClasses | None = StudentDifferences(),  # noqa: B008 - it is frozen
        level: float = 0.85,
        counts: Literal["linear", "log"] = "linear",
    ) -> None:
        self.parameters = by_skill(
            "PracticeFactors",
            n_skills,
            {"ease": (ease, -20, 20), "right": (right, 0, 20), "wrong": (wrong, 0, 20)},
            {"chance": chance, "level": level, "counts": counts},
            own={"counts": [OneOf(("linear", "log"))]},
        )
        self.n_skills = n_skills
        self.chance = chance
        self.differences = differences
        self.level = level
        self.counts: Literal["linear", "log"] = counts

    def with_skills(self, skills: ArrayLike) -> Self:
        """Make a simulator of the same students, with new skills.

        Each new skill takes its parameters from one of this simulator's skills.

        Parameters
        ----------
        skills : int array, shape (n,)
            For each new skill, the number of the skill in this simulator whose parameters the new
            skill gets. The same number may occur several times.

        Raises
        ------
        ParameterError
            The error is raised if a number in `skills` is out of range.
        """
        chosen = skill_numbers("PracticeFactors.with_skills", skills, self.n_skills)
        return type(self)(
            len(chosen),
            **{name: values[chosen] for name, values in self.parameters.items()},
            chance=self.chance,
            differences=self.differences,
            level=self.level,
            counts=self.counts,
        )

    def start(self, n: int, rng: Draws) -> PractisingStudents:
        """Make `n` students who have not practised yet."""
        ability, pace, groups = differing(self.differences, n, rng)
        own = self.chance * normal(rng.random((n, self.n_skills)))
        odds = self.parameters["ease"] + ability[:, None] + own
        answers = np.zeros(odds.shape, np.int32) if self.counts == "log" else None
        return PractisingStudents(
            odds, np.exp(pace), self.parameters, self.level, groups, answers=answers
        )


class PractisingStudents(Students):
    """Students of `PracticeFactors`."""

    def __init__(
        self,
        odds: Floats,
        pace: Floats,
        parameters: Mapping[str, Floats],
        level: float,
        groups: Mapping[str, NDArray[Any]],
        *,
        answers: NDArray[np.int32] | None,
    ) -> None:
        super().__init__(odds.shape[0], odds.shape[1], groups)
        self._odds, self._pace, self._answers = odds, pace, answers
        self._right, self._wrong = parameters["right"], parameters["wrong"]
        self.level = level

    def _p_correct(self, skills: Ints, rows: Ints) -> Floats:
        return self.knowledge_of(skills, rows)

    def practise(self, skills: Ints, correct: Bools, luck: Floats, rows: Ints) -> None:  # noqa: ARG002, D102
        cell = rows * self.n_skills + skills
        gain = np.where(correct, self._right[skills], self._wrong[skills])
        if self._answers is not None:
            before = self._answers.take(cell)
            gain *= np.log((before + 2) / (before + 1))
            self._answers.put(cell, before + 1)
        self._odds.put(cell, self._odds.take(cell) + self._pace[rows] * gain)

    def knowledge(self) -> Floats:  # noqa: D102 - the base's
        return np.asarray(expit(self._odds))

    def knows(self) -> Bools:  # noqa: D102 - the base's
        return np.asarray(self._odds >= logit(self.level))

    def knowledge_of(self, skills: Ints, rows: Ints) -> Floats:  # noqa: D102 - the base's
        return np.asarray(expit(self._odds.take(rows * self.n_skills + skills)))
