"""What holds items together: each is like the others of its skill, as far as its answers allow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.numerics import Floats

Sparse = Any
"""A SciPy sparse array in rows; SciPy's own types differ from version to version."""


class Centre(NamedTuple):
    """What difficulties scatter around.

    Attributes
    ----------
    item : float array, shape (n_items,)
        The mean of each item's skills.
    skill : float array, shape (n_skills,)
    overall : float
        The mean of the skills.
    """

    item: Floats
    skill: Floats
    overall: float


class ItemPrior:
    """Normal densities of items' parameters around means that are found with them.

    Difficulties scatter around the mean of their skills with standard deviation
    `difficulty_sd`, the skills' means around the overall mean with the same; logarithms of slopes
    scatter around their mean with `slope_sd`. None stands for no density at all.

    A difficulty's distance counts in log odds on an item of average slope. So the density says
    nothing about where abilities lie and how far they scatter: whoever has more items than
    students would otherwise find that the items decide it.

    Parameters
    ----------
    skills : sparse array, shape (n_items, n_skills)
        Weights of each item's skills; rows sum to 1.
    difficulty_sd, slope_sd : float or None
    """

    def __init__(self, skills: Sparse, difficulty_sd: float | None, slope_sd: float | None) -> None:
        from scipy.sparse import csc_array
        from scipy.sparse.linalg import splu

        self._skills = skills
        self._of_difficulty = 0.0 if difficulty_sd is None else difficulty_sd**-2
        self._of_slope = 0.0 if slope_sd is None else slope_sd**-2
        n_skills = skills.shape[1]
        one = csc_array((np.ones(n_skills), np.arange(n_skills), np.arange(n_skills + 1)))
        self._solve = splu(csc_array(skills.T @ skills) + one).solve
        self._lift = np.asarray(self._solve(np.ones(n_skills)))

    def centre(self, difficulty: Floats) -> Centre:
        """The means that make the density of the items highest.

        A skill's mean is that of its items and of one more, which is as hard as all skills.
        """
        own = np.asarray(self._solve(np.asarray(self._skills.T @ difficulty)))
        # With m the overall mean, skills stand at own + m * lift, and m is their mean.
        overall = float(own.sum() / (len(own) - self._lift.sum()))
        skill = own + overall * self._lift
        return Centre(np.asarray(self._skills @ skill), skill, overall)

    def penalty(self, log_slope: Floats, difficulty: Floats) -> float:
        """Minus the logarithm of the density, up to a constant."""
        of_slope = self._of_slope * float(np.sum((log_slope - log_slope.mean()) ** 2)) / 2
        return of_slope + self._apart(log_slope, difficulty)[0]

    def gradient(self, log_slope: Floats, difficulty: Floats) -> tuple[Floats, Floats]:
        """The derivatives of the penalty by each logarithm of a slope and each difficulty."""
        apart, weight, away = self._apart(log_slope, difficulty)
        of_slope = self._of_slope * (log_slope - log_slope.mean())
        return of_slope + 2 * apart / len(log_slope), weight * away

    def curvature(self, log_slope: Floats, difficulty: Floats) -> tuple[float, float]:
        """Diagonals that are nowhere below the second derivatives of the two."""
        apart, weight, _ = self._apart(log_slope, difficulty)
        return self._of_slope + 4 * apart / len(log_slope), weight

    def _apart(self, log_slope: Floats, difficulty: Floats) -> tuple[float, float, Floats]:
        """The difficulties' part of the penalty, its weight, and their distances."""
        centre = self.centre(difficulty)
        away = difficulty - centre.item
        weight = self._of_difficulty * float(np.exp(2 * log_slope.mean()))
        squares = float(np.sum(away**2) + np.sum((centre.skill - centre.overall) ** 2))
        return weight * squares / 2, weight, away
