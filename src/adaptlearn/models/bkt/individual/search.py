"""Fitting coupled BKT: L-BFGS on the exact gradient, with quadratic penalties.

What is maximised is the log-likelihood of the one-step-ahead predictions less ``strength * x**2``
summed over the *offsets* ``x``: of a skill's parameter from the one common to all skills, of a
class's from its skill's, of an item's from 0. In Bayesian terms each offset has a normal prior of
variance ``1 / (2 strength)``. The common parameters are free, but for a trace of penalty that
keeps them finite where all answers are alike. So a skill that was never seen has the mean of the
skills, and a class that was never seen has its skill's parameters. The constants of ability and
recency have a weak prior around their defaults, on the log and logit scale.

The steps are taken in offsets and common parameters, not in the skills' parameters, and each in
units of its rough standard error: in these coordinates the objective is nearly round, and some
sixty steps do what several hundred do otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.models.bkt.individual.descent import minimise
from adaptlearn.models.bkt.individual.equations import (
    Coefficients,
    CoupledParameters,
    Dynamics,
    Rule,
    Weights,
    coefficients,
    joins,
)
from adaptlearn.models.bkt.individual.forward import Path, run
from adaptlearn.models.bkt.individual.gradient import effects_of, gradient, log_likelihood
from adaptlearn.models.bkt.individual.layout import ChainVectors, CoupledLog, dot, lay_out
from adaptlearn.models.bkt.individual.links import Links
from adaptlearn.models.bkt.individual.newton import Near, path_near, pays
from adaptlearn.models.bkt.parameters import Cells
from adaptlearn.models.bkt.records import StudentVectors
from adaptlearn.numerics import Floats, Ints

_FIELDS = ("prior", "learn", "forget", "guess", "slip")
_COMMON_START = {"prior": -0.3, "learn": -2.0, "forget": -3.5, "guess": 0.0, "slip": 0.7}
_WEIGHTS_START = Weights(prior=0.3, learn=0.1, answer=0.6, residual=0.1)
_TRACE = 0.001
"""Penalty on what is common to all: nothing beside a hundred answers."""

_SCALE = 2e4
"""The objective of a log that is not small. Of a small one, a gain that would be nothing there
(at the default `tol`, .02 of log-likelihood) is nothing either."""

_STILL = 1e3
"""How far a path may be from its equations, in units of `tol`: what it would still move changes the
log-likelihood as the adjoint says, but for the square of that."""

_FAR = 1e100
"""What the objective is called where it is no number: worse than anything that is."""

# Rough information that one observation holds on a logit; only the units of steps rest on it.
_INFORMATION = {"prior": 0.1, "learn": 0.03, "forget": 0.03, "guess": 0.12, "slip": 0.1}
_ITEM_INFORMATION = 0.15
_WEIGHTS_INFORMATION = Weights(0.1, 0.03, 0.15, 0.02, 0.03, 0.03)
_DYNAMICS_INFORMATION = 0.01


class Terms(NamedTuple):
    """What a model has beside skills that are learned.

    Attributes
    ----------
    ability : bool
        The student's ability, in prior, learning and answers.
    recency : bool
        How much better or worse than predicted the student's recent answers were, in answers.
    lag : bool
        The answers since the skill was last practised, in learning and forgetting.
    forgetting : bool
    """

    ability: bool = True
    recency: bool = True
    lag: bool = True
    forgetting: bool = True


class Penalties(NamedTuple):
    """Strengths, per field of the parameters; see the module."""

    prior: float = 1.0
    learn: float = 1.0
    forget: float = 1.0
    guess: float = 1.0
    slip: float = 2.0
    item: float = 0.7


class CoupledFit(NamedTuple):
    """What `fit` found.

    Attributes
    ----------
    parameters : CoupledParameters
    log_likelihood : float
        Without the penalties.
    objective : float
        With them.
    n_iter : int
    converged : bool
    """

    parameters: CoupledParameters
    log_likelihood: float
    objective: float
    n_iter: int
    converged: bool


def fit(
    log: CoupledLog,
    parents: Cells,
    n_skills: int,
    n_items: int = 0,
    *,
    terms: Terms = Terms(),  # noqa: B008 - immutable
    penalties: Penalties = Penalties(),  # noqa: B008 - immutable
    dynamics: Dynamics | None = None,
    rule: Rule = "full",
    max_iter: int = 300,
    tol: float = 1e-6,
    on_step: Callable[[int], None] | None = None,
) -> CoupledFit:
    """Estimate the parameters from a log of students who all begin in it.

    Parameters
    ----------
    log : CoupledLog
    parents : Cells
        Of each field, the skill of every cell after cell `n_skills`, shape
        ``(n_cells - n_skills - 1,)``. Cells before it are the skills; it is itself what is
        common to all.
    n_skills, n_items : int
        Without items (0) difficulty is not modelled.
    terms : Terms
    penalties : Penalties
    dynamics : Dynamics, optional
        Fixed; by default ``alpha`` is 1, which sets the scale of abilities, and the rest is
        fitted as far as the terms use it.
    rule : see `adaptlearn.models.bkt.individual.filtering.filter_students`
    max_iter : int
    tol : float
        Stop when steps lower the objective by less than this share of it.
    on_step : callable, optional
        Called after each step with the number of steps so far.
    """
    space = _Space(
        log, parents, n_skills, n_items, terms=terms, penalties=penalties, dynamics=dynamics
    )
    n_students = int(log.student.max(initial=-1)) + 1
    students, chains = StudentVectors.new(n_students), ChainVectors.new(len(log.prior))
    layout = lay_out(log, n_students, chains, students.answers, len(parents.prior) + n_skills + 1)
    links = Links.of(layout, len(log.prior), joined=joins(rule))
    at_once = pays(layout)
    best: list[tuple[float, Path]] = []

    def follow(local: Coefficients) -> Near:
        """The path of these parameters, from the best so far if near."""
        found = None
        if best:
            # Not from the last: a step may have been tried far out, and the next begins here.
            near = Path(*(values.copy() for values in best[0][1]))
            found = path_near(layout, local, links, near, still=min(_STILL * tol, 1e-3))
        return found or Near(run(layout, local, students, chains), [])

    def objective(point: Floats) -> tuple[float, Floats]:
        # A step may be tried so far out that logits leave the range of floats: it is refused.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            value, slope = objective_at(point)
        if np.isfinite(value) and np.isfinite(slope).all():
            return value, slope
        return _FAR, np.zeros_like(slope)

    def objective_at(point: Floats) -> tuple[float, Floats]:
        vector = space.vector(point)
        parameters = space.parameters(vector)
        local = coefficients(layout, parameters, rule)
        path, left = follow(local)
        effects = effects_of(layout, local, path, links)
        value = log_likelihood(layout, path, rule)
        value += sum(dot(effects.adjoint[places], moves) for places, moves in left)
        if at_once and np.isfinite(value) and (not best or value > best[0][0]):
            best[:] = [(value, path)]
        slope = space.pull_back(gradient(layout, local, path, links, effects=effects), vector)
        penalty, of_penalty = space.penalty(vector)
        return penalty - value, ((of_penalty - slope) * space.unit)[space.free]

    start = np.zeros(int(space.free.sum()))
    result = minimise(objective, start, max_iter=max_iter, tol=tol, scale=_SCALE, on_step=on_step)
    vector = space.vector(result.point)
    penalty, _ = space.penalty(vector)
    return CoupledFit(
        parameters=space.parameters(vector),
        log_likelihood=penalty - result.value,
        objective=-result.value,
        n_iter=result.n_iter,
        converged=result.converged and result.value < _FAR,
    )


class _Space:
    """The coordinates in which the fit moves: offsets, common parameters, weights, dynamics.

    Attributes
    ----------
    start, unit, strength : float arrays, shape (n,)
        Where the fit begins, the length of a unit step, and the penalty.
    free : bool array, shape (n,)
        What is fitted.
    """

    def __init__(
        self,
        log: CoupledLog,
        parents: Cells,
        n_skills: int,
        n_items: int,
        *,
        terms: Terms,
        penalties: Penalties,
        dynamics: Dynamics | None,
    ) -> None:
        self.n_skills, self.n_items, self.parents = n_skills, n_items, parents
        self.fields = [name for name in _FIELDS if name != "forget" or terms.forgetting]
        self.base = Dynamics() if dynamics is None else dynamics
        start: list[Any] = []
        information: list[Any] = []
        strength: list[Any] = []
        for name in self.fields:
            owners: Ints = getattr(parents, name)
            n_cells = n_skills + 1 + len(owners)
            counts = np.bincount(getattr(log, name), minlength=n_cells).astype(np.float64)
            value, penalty = np.zeros(n_cells), np.full(n_cells, getattr(penalties, name))
            value[n_skills], penalty[n_skills] = _COMMON_START[name], _TRACE
            start.append(value)
            strength.append(penalty)
            information.append(self._collect(counts * _INFORMATION[name], owners))
        counts = np.zeros(n_items)
        if n_items and log.item is not None:
            counts = np.bincount(log.item, minlength=n_items + 1)[:n_items].astype(np.float64)
        start.append(np.zeros(n_items))
        strength.append(np.full(n_items, penalties.item))
        information.append(counts * _ITEM_INFORMATION)
        of_chains = np.array([len(log.prior)] + 5 * [len(log.student)])
        used = np.array([terms.ability] * 3 + [terms.recency] + [terms.lag] * 2)
        used[5] &= terms.forgetting
        start.append(used * np.array(_WEIGHTS_START))
        strength.append(np.full(6, _TRACE))
        information.append(of_chains * np.array(_WEIGHTS_INFORMATION))
        moves = np.array([terms.ability, terms.ability, terms.recency]) & (dynamics is None)
        start.append(np.zeros(3))
        strength.append(np.full(3, 1.0))
        information.append(np.full(3, len(log.student) * _DYNAMICS_INFORMATION))

        self.start = np.concatenate(start)
        self.strength = np.concatenate(strength)
        self.unit = 1 / np.sqrt(np.concatenate(information) + 2 * self.strength)
        self.free = np.ones(len(self.start), bool)
        self.free[-9:] = np.concatenate((used, moves))

    def vector(self, point: Floats) -> Floats:
        """All coordinates, from the free ones in units of steps from the start."""
        vector = self.start.copy()
        vector[self.free] += point * self.unit[self.free]
        return vector

    def parameters(self, vector: Floats) -> CoupledParameters:
        """What the coordinates stand for."""
        values: dict[str, Any] = {"forget": None}
        at, n_skills = 0, self.n_skills
        for name in self.fields:
            owners: Ints = getattr(self.parents, name)
            cells = vector[at : at + n_skills + 1 + len(owners)].copy()
            cells[:n_skills] += cells[n_skills]
            cells[n_skills + 1 :] += cells[owners]
            values[name] = cells
            at += len(cells)
        beta, gamma, rho = vector[-3:]
        base = self.base
        return CoupledParameters(
            **values,
            item=vector[at : at + self.n_items].copy(),
            weights=Weights(*vector[-9:-3].tolist()),
            dynamics=Dynamics(
                base.alpha,
                base.beta * float(np.exp(beta)),
                base.gamma * float(np.exp(gamma)),
                base.rho / (base.rho + (1 - base.rho) * float(np.exp(-rho))),
            ),
        )

    def pull_back(self, slope: CoupledParameters, vector: Floats) -> Floats:
        """A gradient with respect to the parameters, with respect to the coordinates."""
        dynamics = self.parameters(vector).dynamics
        return np.concatenate(
            [
                self._collect(getattr(slope, name), getattr(self.parents, name))
                for name in self.fields
            ]
            + [slope.item, np.array(slope.weights)]
            + [
                np.array(
                    [
                        slope.dynamics.beta * dynamics.beta,
                        slope.dynamics.gamma * dynamics.gamma,
                        slope.dynamics.rho * dynamics.rho * (1 - dynamics.rho),
                    ]
                )
            ]
        )

    def penalty(self, vector: Floats) -> tuple[float, Floats]:
        """The penalty and its derivatives."""
        pull = self.strength * vector
        return dot(pull, vector), 2 * pull

    def _collect(self, values: Floats, owners: Ints) -> Floats:
        """Add classes' values to their skills', and skills' to the common one."""
        n_skills = self.n_skills
        total = values.astype(np.float64)
        total[:n_skills] += np.bincount(owners, total[n_skills + 1 :], n_skills)
        total[n_skills] += total[:n_skills].sum()
        return total
