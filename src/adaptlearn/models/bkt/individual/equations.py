"""Individualised BKT: students' abilities couple their chains, so all skills run together.

A student's responses are taken in order of time. Each names one or several skills; every pair
of student and skill has a chain, as in plain BKT. With ``S`` the logistic function, ``theta``
the student's ability, ``r`` a recency-weighted mean of residuals and ``l = log(answers of the
student since the skill was last practised)``, the parameters of an opportunity are::

    P(known at the first)   S(a + w_prior theta)
    P(learn)                S(b + w_learn theta + v_learn l)
    P(forget)               S(f + v_forget l)
    P(correct | unknown)    S(c + d + w_answer theta + w_residual r)               = guess
    P(correct | known)      S(c + exp(q) + d + w_answer theta + w_residual r)      = 1 - slip

where ``a, b, f, c, q`` belong to the skill (or its class) and ``d`` to the item; guess + slip is
below 1 by construction. After an answer ``y`` predicted with probability ``p``::

    theta <- theta + (alpha / (1 + beta n) + gamma) (y - p)        n <- n + 1
    r     <- rho r + (1 - rho) (y - p)

from 0, 0 and 0. So ``theta`` is a running sum of what the model failed to foresee about the
student, in O(1) per answer; its scale is set by ``alpha``, its zero by a student of whom
nothing is known.

References
----------
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of
  procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- M. Khajah, R. Lindsey, M. Mozer (2016). How deep is knowledge tracing? EDM 2016, 94-101
  (forgetting, abilities and skills in BKT).
- R. Pelanek (2016). Applications of the Elo rating system in adaptive educational systems.
  Computers & Education 98, 169-179 (the online ability and its decaying step).
"""

from __future__ import annotations

import math
import sys
from typing import Literal, NamedTuple, get_args

import numpy as np

from adaptlearn.models.bkt.individual.layout import Layout
from adaptlearn.numerics import Floats

Rule = Literal["full", "shared", "conjunctive", "compensatory"]
RULES: tuple[Rule, ...] = get_args(Rule)


SMALL = 1e-100
"""In place of a smaller factor, so that the product of the others can be had by division."""

FARTHEST = math.log(sys.float_info.max)
"""Log odds against learning are no larger: the last of which the exponential is finite."""


class Weights(NamedTuple):
    """How much abilities, recent residuals and lags count; each 0 where the term is unused."""

    prior: float = 0.0
    learn: float = 0.0
    answer: float = 0.0
    residual: float = 0.0
    learn_lag: float = 0.0
    forget_lag: float = 0.0


class Dynamics(NamedTuple):
    """How ability and residual follow a student's answers: alpha, beta, gamma and rho."""

    alpha: float = 1.0
    beta: float = 0.1
    gamma: float = 0.06
    rho: float = 0.85


class CoupledParameters(NamedTuple):
    """What is fitted; all on the logit scale, except `slip`.

    Attributes
    ----------
    prior, learn, guess : float arrays, shape (n_cells,) of each
        ``a``, ``b`` and ``c`` of the module's formulas.
    forget : float array, shape (n_cells,), or None
        ``f``; None: nothing is forgotten.
    slip : float array, shape (n_cells,)
        ``q``: the log of the distance between the logits of guess and of 1 - slip.
    item : float array, shape (n_items,)
        ``d``, an item's easiness; 0 for an item that is not among them.
    weights : Weights
    dynamics : Dynamics
    """

    prior: Floats
    learn: Floats
    forget: Floats | None
    guess: Floats
    slip: Floats
    item: Floats
    weights: Weights
    dynamics: Dynamics


class Coefficients(NamedTuple):
    """What a pass needs of the parameters, before abilities are known.

    A *unit* is what is answered with one guess and one slip: an entry where the rule keeps
    skills apart, a row where it joins them.

    Attributes
    ----------
    drive, weight : float arrays, shape (n_entries,)
        The logit of the prior or of learning, without ability, and the weight of ability in it;
        both negated.
    forget, keep : float arrays, shape (n_entries,), or None
        P(forget) and 1 - P(forget), of no effect at a chain's first; None: nothing is forgotten.
    guess, lift : float arrays, shape (n_units,)
        The logit of guess, without ability, and how far that of 1 - slip is above it.
    odds : float array, shape (2, n_units)
        Odds against the answer given, where unknown and where known, without ability.
    gain : float array, shape (n_rows,)
        Step of the ability per unit of P(the answer that was not given), with its sign.
    parameters, rule
        What they were gathered from, and by which rule.
    """

    drive: Floats
    weight: Floats
    forget: Floats | None
    keep: Floats | None
    guess: Floats
    lift: Floats
    odds: Floats
    gain: Floats
    parameters: CoupledParameters
    rule: Rule


def joins(rule: Rule) -> bool:
    """Whether a rule answers a row with one guess and one slip."""
    return rule in ("conjunctive", "compensatory")


def to_units(layout: Layout, values: Floats, rule: Rule) -> Floats:
    """Values of rows, given to each of their units."""
    return values if joins(rule) else layout.to_entries(values)


def logistic(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), several times faster than SciPy's."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x)))


def coefficients(layout: Layout, parameters: CoupledParameters, rule: Rule) -> Coefficients:
    """Gather the parameters of every entry, unit and row."""
    weights, dynamics = parameters.weights, parameters.dynamics
    drive = np.concatenate((parameters.prior, parameters.learn)).take(layout.drive)
    drive += weights.learn_lag * layout.lag
    forget = keep = None
    if parameters.forget is not None:
        logit = parameters.forget.take(layout.forget)
        logit += weights.forget_lag * layout.lag
        forget = logistic(logit)
        keep = 1 - forget
    guess = parameters.guess.take(layout.guess)
    lift = np.exp(parameters.slip).take(layout.slip)
    if joins(rule):
        guess, lift = layout.to_rows(guess) / layout.size, layout.to_rows(lift) / layout.size
    if layout.item is not None and len(parameters.item):
        ease = np.append(parameters.item, 0).take(layout.item)
        guess += to_units(layout, ease, rule)
    odds = np.stack((guess, guess + lift))
    odds *= -to_units(layout, layout.sign, rule)
    with np.errstate(over="ignore"):
        np.exp(odds, out=odds)
    return Coefficients(
        drive=-drive,
        weight=np.where(layout.first, -weights.prior, -weights.learn),
        forget=forget,
        keep=keep,
        guess=guess,
        lift=lift,
        odds=odds,
        gain=layout.sign * (dynamics.alpha / (1 + dynamics.beta * layout.clock) + dynamics.gamma),
        parameters=parameters,
        rule=rule,
    )
