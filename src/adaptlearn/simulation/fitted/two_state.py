"""Two-state students in latent classes, fitted to a log by expectation and maximisation.

A skill is known or not, and is not forgotten. Skills differ in prior, learn, guess and slip.
Students belong to a few classes, which differ in the odds of knowing a skill at the start and in
the odds of learning it; a class is the same for all skills of a student.

References
----------
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural
  knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- A. Dempster, N. Laird, D. Rubin (1977). Maximum likelihood from incomplete data via the EM
  algorithm. Journal of the Royal Statistical Society B 39, 1-38.
- Z. Pardos, N. Heffernan (2010). Modeling individualization in a Bayesian networks implementation
  of knowledge tracing. UMAP 2010, 255-266, for a prior by student.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, softmax

from adaptlearn.errors import ConvergenceWarning, warn
from adaptlearn.numerics import Floats, Ints
from adaptlearn.simulation.fitted.histories import Histories

_STEPS = 500
_TOLERANCE = 1e-7  # gain of log-likelihood per student and skill ...
_LEAST = 1e-4  # ... and of all together, below which a step is the last
_ANSWERS = 20.0  # how many answers of the average skill each skill's guess and slip are given
_HIGHEST = 0.5  # of guess and of slip: who knows the skill is right more often than not
_SKILLS = 1.0  # 1 / variance over skills of the log-odds of prior and learn
_CLASSES = 0.1  # 1 / variance over classes of the same


class TwoStateFit(NamedTuple):
    """The fitted parameters of skills and of classes.

    Attributes
    ----------
    prior, learn : float array, shape (n_skills,)
        For a student whose class adds nothing to the log-odds.
    guess, slip : float array, shape (n_skills,)
    share, start, pace : float array, shape (n_classes,)
        The share of students in each class, and what the class adds to the log-odds of prior and of
        learn. The means of both over students are 0. The class with the lowest `start` comes first.
    """

    prior: Floats
    learn: Floats
    guess: Floats
    slip: Floats
    share: Floats
    start: Floats
    pace: Floats


class _Counts(NamedTuple):
    """Expected counts, each of shape (n_histories, n_classes), of one student with the history."""

    known_first: Floats
    learned: Floats
    could_learn: Floats
    known: Floats
    slipped: Floats
    unknown: Floats
    guessed: Floats


def fit_two_state(histories: Histories, n_skills: int, n_classes: int) -> TwoStateFit:
    """Fit the skills' parameters and the classes of students.

    The likelihood is penalised: a skill with few answers is drawn towards the average skill. So
    skills that few students practised still get parameters, and skills without answers get those
    of the average skill.

    Parameters
    ----------
    histories : Histories
    n_skills, n_classes : int

    Returns
    -------
    TwoStateFit
    """
    fit = _first_guess(n_skills, n_classes)
    member = _by_success(histories, n_classes)
    fit = fit._replace(share=_shares(member))
    before = -np.inf
    for step in range(_STEPS):
        log_likelihood, counts = expected_counts(histories, fit)
        by_class = histories.whose @ log_likelihood + np.log(fit.share)
        top = by_class.max(axis=1)
        total = float((top + np.log(np.exp(by_class - top[:, None]).sum(axis=1))).sum())
        if step:  # the first classes are those by success
            member = softmax(by_class, axis=1)
        if total - before < max(_TOLERANCE * histories.whose.nnz, _LEAST):
            break
        before = total if step else -np.inf
        fit = _maximised(histories, fit, member, counts)
    else:
        warn(f"the classes of students did not converge in {_STEPS} steps", ConvergenceWarning)
    order = np.argsort(fit.start)
    return fit._replace(share=fit.share[order], start=fit.start[order], pace=fit.pace[order])


def _first_guess(n_skills: int, n_classes: int) -> TwoStateFit:
    each, level = np.ones(n_skills), np.zeros(n_classes)
    return TwoStateFit(0.4 * each, 0.15 * each, 0.2 * each, 0.1 * each, level, level, level)


def _by_success(histories: Histories, n_classes: int) -> Floats:
    """Classes of students by how many more answers are right than is usual on their skills."""
    right = np.zeros(len(histories.skill))
    for level in histories.levels:
        right[: len(level)] += level
    times = np.asarray(histories.whose.sum(axis=0)).ravel()
    skill, n_skills = histories.skill, int(histories.skill.max()) + 1
    usual = np.bincount(skill, times * right, n_skills) / np.maximum(
        np.bincount(skill, times * histories.lengths, n_skills), 1
    )
    surplus = histories.whose @ (right - usual[skill] * histories.lengths)
    answers = histories.whose @ histories.lengths.astype(np.float64)
    rank = np.argsort(np.argsort(surplus / np.sqrt(answers + 1.0)))
    member = np.zeros((len(rank), n_classes))
    member[np.arange(len(rank)), rank * n_classes // len(rank)] = 1
    return member


def expected_counts(histories: Histories, fit: TwoStateFit) -> tuple[Floats, _Counts]:
    """Forward and backward over all histories at once, for each class.

    Returns
    -------
    log_likelihood : float array, shape (n_histories, n_classes)
    counts : tuple of float arrays of the same shape
    """
    skill, shape = histories.skill, (len(histories.skill), len(fit.share))
    known = expit(logit(fit.prior)[:, None] + fit.start)[skill]
    learn = expit(logit(fit.learn)[:, None] + fit.pace)[skill]
    log_likelihood = np.zeros(shape)
    passed = []
    for right in histories.levels:
        n = len(right)
        guess, slip = fit.guess[skill[:n]], fit.slip[skill[:n]]
        if_known = np.where(right, 1 - slip, slip)[:, None]
        if_unknown = np.where(right, guess, 1 - guess)[:, None]
        seen = known[:n] * if_known + (1 - known[:n]) * if_unknown
        after = known[:n] * if_known / seen
        log_likelihood[:n] += np.log(seen)
        passed.append((after, if_known / seen, if_unknown / seen))
        known = after + (1 - after) * learn[:n]
    counts = _Counts(*(np.zeros(shape) for _ in _Counts._fields))
    later_known, later_unknown = np.ones(shape), np.ones(shape)
    for t in range(len(histories.levels) - 1, -1, -1):
        right = histories.levels[t][:, None]
        after, by_known, by_unknown = passed[t]
        n = len(after)
        is_known = after * later_known[:n]
        is_unknown = (1 - after) * later_unknown[:n]
        counts.known[:n] += is_known
        counts.slipped[:n] += is_known * ~right
        counts.unknown[:n] += is_unknown
        counts.guessed[:n] += is_unknown * right
        if t == 0:
            counts.known_first[:] = is_known
            break
        # One answer back: what was seen from here on, given the state after the answer before.
        by_known, by_unknown = by_known * later_known[:n], by_unknown * later_unknown[:n]
        before = passed[t - 1][0][:n]
        learns = learn[:n] * by_known
        later_known[:n] = by_known
        later_unknown[:n] = learns + (1 - learn[:n]) * by_unknown
        counts.learned[:n] += (1 - before) * learns
        counts.could_learn[:n] += (1 - before) * later_unknown[:n]
    return log_likelihood, counts


def _maximised(
    histories: Histories, fit: TwoStateFit, member: Floats, counts: _Counts
) -> TwoStateFit:
    """The parameters that fit the expected counts best."""
    weight = histories.whose.T @ member  # how many students of each class have the history
    n_skills = len(fit.prior)

    def by_skill(values: Floats) -> Floats:
        return _sums(histories.skill, weight * values, n_skills)

    share = _shares(member)
    first = by_skill(np.ones_like(weight))
    prior, start = additive_odds(
        by_skill(counts.known_first), first, logit(fit.prior), fit.start, share
    )
    learn, pace = additive_odds(
        by_skill(counts.learned), by_skill(counts.could_learn), logit(fit.learn), fit.pace, share
    )
    rates = []
    for hits, chances in ((counts.guessed, counts.unknown), (counts.slipped, counts.known)):
        hit, chance = by_skill(hits).sum(axis=1), by_skill(chances).sum(axis=1)
        usual = (hit.sum() + 0.5) / (chance.sum() + 1)
        rates.append(np.clip((hit + _ANSWERS * usual) / (chance + _ANSWERS), 1e-3, _HIGHEST - 1e-3))
    guess, slip = rates
    return TwoStateFit(expit(prior), expit(learn), guess, slip, share, start, pace)


def _shares(member: Floats) -> Floats:
    """The classes' shares of the students; none is quite 0, for the logarithm."""
    sizes = member.sum(axis=0) + 1e-9
    return np.asarray(sizes / sizes.sum())


def _sums(skill: Ints, values: Floats, n_skills: int) -> Floats:
    """Sums by skill, shape (n_skills, n_classes)."""
    columns = [np.bincount(skill, column, n_skills) for column in values.T]
    return np.stack(columns, axis=1)


def additive_odds(
    hits: Floats, chances: Floats, row: Floats, column: Floats, share: Floats
) -> tuple[Floats, Floats]:
    """Log-odds ``row + column`` of a table of counts, a few penalised Newton steps on.

    Parameters
    ----------
    hits, chances : float array, shape (n_rows, n_columns)
    row, column : float array, shapes (n_rows,) and (n_columns,)
        Where to begin.
    share : float array, shape (n_columns,)
        They add up to 1; the mean of `column` by them is kept at 0.
    """
    for _ in range(3):
        p = expit(row[:, None] + column)
        slope = (hits - chances * p).sum(axis=1) - _SKILLS * (row - row.mean())
        bend = (chances * p * (1 - p)).sum(axis=1) + _SKILLS
        row = row + np.clip(slope / bend, -1, 1)
        p = expit(row[:, None] + column)
        slope = (hits - chances * p).sum(axis=0) - _CLASSES * column
        bend = (chances * p * (1 - p)).sum(axis=0) + _CLASSES
        column = column + np.clip(slope / bend, -1, 1)
        middle = share @ column
        row, column = row + middle, column - middle
    return row, column
