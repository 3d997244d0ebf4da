"""Students whose log-odds grow with practice, fitted to a log by marginal likelihood.

``logit P(right) = ease + ability + chance + growth * log(1 + answers before)``: ease and growth are
the skill's, ability is the student's, chance belongs to a student and a skill. Ability and chance
are normally distributed, and are integrated out.

References
----------
- H. Cen, K. Koedinger, B. Junker (2006). Learning factors analysis. ITS 2006, 164-175.
- R. D. Bock, M. Aitkin (1981). Marginal maximum likelihood estimation of item parameters.
  Psychometrika 46, 443-459.
- T. Louis (1982). Finding the observed information matrix when using the EM algorithm. Journal of
  the Royal Statistical Society B 44, 226-233, for the gradient by posterior means.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import log_expit, logsumexp

from adaptlearn.errors import ConvergenceWarning, warn
from adaptlearn.numerics import Floats, Ints
from adaptlearn.simulation.fitted.histories import Histories

# Where ability, and ability + chance, are looked at: the same places, so that a vanishing chance
# is no trouble.
_PLACES = np.linspace(-6, 6, 49)
_EASE = 1.0  # 1 / variance over skills of ease
_GROWTH = 4.0  # 1 / variance over skills of the logarithm of growth
_DEVIATIONS = (-3.0, 1.0)  # bounds of the logarithms of both standard deviations
_LOG_GROWTH = (-9.0, 2.0)
_STEPS = 300


class GrowthFit(NamedTuple):
    """The fitted parameters of skills and of students.

    Attributes
    ----------
    ease, growth : float array, shape (n_skills,)
    ability, chance : float
        Standard deviations.
    """

    ease: Floats
    growth: Floats
    ability: float
    chance: float


class _Design(NamedTuple):
    """Answers as counts of cells; a cell is a skill and a number of answers before.

    `practice` is the logarithm of 1 and this number. `answers` counts the wrong and the right
    answers in each cell, shape (n_histories, 2 * n_cells).
    """

    skill: Ints
    practice: Floats
    answers: csr_array
    whose: csr_array


def fit_growth(histories: Histories, n_skills: int) -> GrowthFit:
    """Fit the skills' parameters, and how much students differ.

    The likelihood is penalised: a skill with few answers is drawn towards the average skill.
    Growth is never negative.

    Parameters
    ----------
    histories : Histories
    n_skills : int

    Returns
    -------
    GrowthFit
    """
    design = _design(histories, n_skills)
    begin = np.concatenate([np.full(n_skills, 0.5), np.full(n_skills, -0.7), [-0.2, -0.4]])
    bounds = [(-8.0, 8.0)] * n_skills + [_LOG_GROWTH] * n_skills + [_DEVIATIONS] * 2
    found = minimize(
        _objective, begin, (design, n_skills), "L-BFGS-B", jac=True, bounds=bounds,
        options={"maxiter": _STEPS, "ftol": 1e-8},
    )  # fmt: skip
    if not found.success:
        warn(f"the growth of skills did not converge: {found.message}", ConvergenceWarning)
    ease, log_growth, deviations = np.split(found.x, [n_skills, 2 * n_skills])
    ability, chance = np.exp(deviations).tolist()
    return GrowthFit(ease, np.exp(log_growth), ability, chance)


def _design(histories: Histories, n_skills: int) -> _Design:
    longest = np.zeros(n_skills, np.intp)
    np.maximum.at(longest, histories.skill, histories.lengths)
    first = np.cumsum(longest) - longest
    rows = np.concatenate([np.arange(len(level)) for level in histories.levels])
    time = np.repeat(np.arange(len(histories.levels)), [*map(len, histories.levels)])
    column = 2 * (first[histories.skill[rows]] + time) + np.concatenate(histories.levels)
    shape = (len(histories.skill), 2 * int(longest.sum()))
    answers = csr_array((np.ones(len(rows)), (rows, column)), shape=shape)
    skill = np.repeat(np.arange(n_skills), longest)
    practice = np.log1p(np.arange(len(skill)) - first[skill])
    return _Design(skill, practice, answers, histories.whose)


def _objective(values: Floats, design: _Design, n_skills: int) -> tuple[float, Floats]:
    """The penalised negative log-likelihood and its gradient, per student."""
    ease, log_growth = values[:n_skills], values[n_skills : 2 * n_skills]
    growth = np.exp(log_growth)
    odds = ease[design.skill] + growth[design.skill] * design.practice
    total, by_odds, by_deviations = marginal(
        odds, design.answers, design.whose, np.exp(values[2 * n_skills :])
    )
    slope = np.concatenate(
        [
            np.bincount(design.skill, by_odds, n_skills),
            growth * np.bincount(design.skill, by_odds * design.practice, n_skills),
            by_deviations,
        ]
    )
    for part, penalty, at in ((ease, _EASE, 0), (log_growth, _GROWTH, n_skills)):
        off = part - part.mean()
        total -= 0.5 * penalty * float(off @ off)
        slope[at : at + n_skills] -= penalty * off
    n = design.whose.shape[0]
    return -total / n, -slope / n


def marginal(
    odds: Floats, answers: csr_array, whose: csr_array, deviations: Floats
) -> tuple[float, Floats, Floats]:
    """The log-likelihood of all students, with ability and chance integrated out.

    The gradient is the posterior mean of the complete data's (Louis 1982). Histories that several
    students share are looked at once: sums over students are linear.

    Parameters
    ----------
    odds : float array, shape (n_cells,)
    answers : sparse array, shape (n_histories, 2 * n_cells)
    whose : sparse array, shape (n_students, n_histories)
    deviations : float array, shape (2,)
        Standard deviations of ability and of chance.

    Returns
    -------
    log_likelihood : float
    by_odds : float array, shape (n_cells,)
        Its derivative.
    by_deviations : float array, shape (2,)
        Its derivative by the logarithms of the deviations.
    """
    ability, ability_slope = _normal(_PLACES, deviations[0])
    moved, moved_slope = _normal(_PLACES[:, None] - _PLACES, deviations[1])
    at = odds[:, None] + _PLACES
    table = np.stack([log_expit(-at), log_expit(at)], axis=1).reshape(2 * len(odds), -1)
    of_history = answers @ table
    top = of_history.max(axis=1, keepdims=True)
    likelihood = np.exp(of_history - top)  # by ability + chance
    mixed = likelihood @ moved  # by ability
    of_student = whose @ (np.log(mixed) + top) + np.log(ability)
    whole = logsumexp(of_student, axis=1)
    posterior = np.exp(of_student - whole[:, None])
    share = (whose.T @ posterior) / mixed
    counts = answers.T @ (likelihood * (share @ moved.T))
    wrong, right = counts[0::2], counts[1::2]
    by_odds = (right - (wrong + right) * np.exp(table[1::2])).sum(axis=1)
    joint = (likelihood.T @ share) * moved
    by_deviations = [posterior.sum(axis=0) @ ability_slope, (joint * moved_slope).sum()]
    return float(whole.sum()), by_odds, np.array(by_deviations)


def _normal(distance: Floats, deviation: float) -> tuple[Floats, Floats]:
    """Normal weights that add up to 1 along the first axis, and the slope of their logarithms.

    The slope is the derivative by the logarithm of the deviation.
    """
    squares = (distance / deviation) ** 2
    weights = np.exp(-0.5 * squares) + 1e-300
    weights /= weights.sum(axis=0)
    return weights, squares - (weights * squares).sum(axis=0)
