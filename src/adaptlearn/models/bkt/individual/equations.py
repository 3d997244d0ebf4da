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

from typing import Literal, NamedTuple, get_args

import numpy as np

from adaptlearn.models.bkt.individual.layout import ChainVectors, CoupledLog, Layout, lay_out
from adaptlearn.models.bkt.state import StudentVectors
from adaptlearn.numerics import Floats, Ints

Rule = Literal["full", "shared", "conjunctive", "compensatory"]
RULES: tuple[Rule, ...] = get_args(Rule)
TINY = 1e-100
"""In place of a factor of exactly 0, so that the product of the others can be had by division."""


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


class FilteredStudents(NamedTuple):
    """What a pass along the students' responses finds.

    Attributes
    ----------
    p_correct : float array, shape (n_rows,)
        P(correct) of each row before its own answer is seen; given for exposures too.
    p_known : float array, shape (n_entries,)
        P(known) as each entry begins.
    ability : float array, shape (n_rows,)
        The student's ability as each row begins.
    students, chains : StudentVectors, ChainVectors
        The state after the last row.
    """

    p_correct: Floats
    p_known: Floats
    ability: Floats
    students: StudentVectors
    chains: ChainVectors


def filter_students(
    log: CoupledLog,
    parameters: CoupledParameters,
    students: StudentVectors,
    chains: ChainVectors,
    *,
    rule: Rule = "full",
) -> FilteredStudents:
    """Predict and update along every student's responses at once, one position at a time.

    Parameters
    ----------
    log : CoupledLog
    parameters : CoupledParameters
    students, chains : StudentVectors, ChainVectors
        The state to begin from; it is not changed.
    rule : {"full", "shared", "conjunctive", "compensatory"}
        What a response with several skills says of them.

        - ``"full"``: each skill predicts and learns from the answer as if it were alone; the
          response's prediction is the mean of theirs.
        - ``"shared"``: as ``"full"``, but the answer counts as one observation in all: of m
          skills each takes its likelihood to the power 1/m.
        - ``"conjunctive"``: guess applies unless all skills are known.
        - ``"compensatory"``: guess applies unless one of the skills is known.

        Under the last two the response has one guess and one slip: the logit of guess and
        ``exp(q)`` are the means over its skills. Each skill's belief becomes its exact marginal
        posterior, given that the skills were independent before; the dependence that the
        answer creates between them is dropped.

    Raises
    ------
    ValueError
        A row has no entry.

    Examples
    --------
    One student answers right, wrong, right on one skill without items. Cell 1 of each field
    would serve a skill that was not seen when the parameters were fitted.

    >>> logits = np.zeros(2)
    >>> parameters = CoupledParameters(
    ...     prior=logits, learn=logits - 2, forget=None, guess=logits - 1, slip=logits + 1,
    ...     item=np.zeros(0), weights=Weights(answer=0.5), dynamics=Dynamics(),
    ... )
    >>> one = np.zeros(3, np.int64)
    >>> log = CoupledLog(
    ...     student=one, order=None, answer=np.array([1, 0, 1], np.int8), item=None,
    ...     entry_rows=None, sequence=one, prior=np.zeros(1, np.int64),
    ...     learn=one, forget=one, guess=one, slip=one,
    ... )
    >>> found = filter_students(log, parameters, StudentVectors.new(1), ChainVectors.new(1))
    >>> found.p_correct.round(3)
    array([0.558, 0.757, 0.522])
    >>> found.students.answers
    array([3])
    """
    layout = lay_out(log, len(students.ability), chains, students.answers, len(parameters.prior))
    local = coefficients(layout, parameters, rule)
    # Where nothing is known yet, the step into the first opportunity is the prior by itself.
    p_begun = np.where(chains.last < 0, 0.0, chains.p_known)
    path = run(layout, local, parameters, students, p_begun, rule=rule)

    p_correct, ability = np.empty(len(log.student)), np.empty(len(log.student))
    p_known = np.empty(len(log.sequence))
    p_correct[layout.rows] = _predictions(layout, local, parameters.weights, path, rule)
    ability[layout.rows] = path.ability
    p_known[layout.entries] = path.p_known
    answers = np.bincount(log.student[log.answer < 2], minlength=len(students.answers))
    after = StudentVectors(
        students.ability.copy(), students.residual.copy(), students.answers + answers
    )
    after.ability[layout.students] = path.last_ability
    after.residual[layout.students] = path.last_residual
    begun = np.append(chains.last, layout.clock.take(layout.row_of_entry))
    return FilteredStudents(
        p_correct,
        p_known,
        ability,
        after,
        ChainVectors(path.posterior[layout.final], begun[layout.final]),
    )


class Coefficients(NamedTuple):
    """What a pass needs of the parameters, before abilities are known.

    A *unit* is what is answered with one guess and one slip: an entry where the rule keeps
    skills apart, a row where it joins them.

    Attributes
    ----------
    drive, weight : float arrays, shape (n_entries,)
        The logit of the prior or of learning, without ability, and the weight of ability in it;
        both negated.
    keep : float array, shape (n_entries,)
        1 - P(forget); of no effect at a chain's first.
    guess, lift : float arrays, shape (n_units,)
        The logit of guess, without ability, and how far that of 1 - slip is above it.
    odds : float array, shape (2, n_units)
        Odds against the answer given, where unknown and where known, without ability.
    gain : float array, shape (n_rows,)
        Step of the ability per unit of P(the answer that was not given), with its sign.
    """

    drive: Floats
    weight: Floats
    keep: Floats
    guess: Floats
    lift: Floats
    odds: Floats
    gain: Floats


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
    keep = np.ones(1)
    if parameters.forget is not None:
        logit = parameters.forget.take(layout.forget)
        logit += weights.forget_lag * layout.lag
        keep = 1 - logistic(logit)
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
        keep=np.broadcast_to(keep, drive.shape),
        guess=guess,
        lift=lift,
        odds=odds,
        gain=layout.sign * (dynamics.alpha / (1 + dynamics.beta * layout.clock) + dynamics.gamma),
    )


class Path(NamedTuple):
    """Everything along one pass.

    Attributes
    ----------
    ability, residual : float arrays, shape (n_rows,)
        As each row begins.
    rise, p_known : float arrays, shape (n_entries,)
        The prior or P(learn), and P(known) as the entry begins.
    likelihood : float array, shape (2, n_units)
        P(the answer given), where unknown and where known; 1/2 both for an exposure.
    scale : float array, shape (n_units,)
        P(the answer given).
    posterior : float array, shape (n_sequences + n_entries,)
        The chains' old beliefs, then those after each entry.
    last_ability, last_residual : float arrays, shape (n_present,)
    """

    ability: Floats
    residual: Floats
    rise: Floats
    p_known: Floats
    likelihood: Floats
    scale: Floats
    posterior: Floats
    last_ability: Floats
    last_residual: Floats


def run(
    layout: Layout,
    local: Coefficients,
    parameters: CoupledParameters,
    students: StudentVectors,
    p_known: Floats,
    *,
    rule: Rule,
) -> Path:
    """The forward pass, level by level.

    Parameters
    ----------
    layout, local : Layout, Coefficients
    parameters : CoupledParameters
    students : StudentVectors
        Before the log.
    p_known : float array, shape (n_sequences,)
        P(known) after each chain's last response before the log; 0 where it has none.
    rule : see `filter_students`
    """
    path = _empty(layout, local, students, p_known)
    weights, rho = parameters.weights, parameters.dynamics.rho
    joined, single, n_chains = joins(rule), layout.single, len(p_known)
    power = layout.to_entries(1 / layout.size) if rule == "shared" and not single else None
    row_levels, entry_levels = layout.row_levels, layout.entry_levels
    unit_levels = row_levels if joined else entry_levels
    with np.errstate(over="ignore"):
        for level in range(len(row_levels) - 1):
            rows = slice(row_levels[level], row_levels[level + 1])
            entries = slice(entry_levels[level], entry_levels[level + 1])
            units = slice(unit_levels[level], unit_levels[level + 1])
            owner, starts = layout.owner[entries], layout.local_starts[rows]
            m = rows.stop - rows.start
            ability, residual = path.last_ability[:m], path.last_residual[:m]
            path.ability[rows], path.residual[rows] = ability, residual
            sign = layout.sign[rows]
            # The chains' step into this opportunity.
            rise, known = path.rise[entries], path.p_known[entries]
            np.multiply(local.weight[entries], ability if single else ability.take(owner), out=rise)
            rise += local.drive[entries]
            _one_of_odds(np.exp(rise, out=rise))
            np.subtract(local.keep[entries], rise, out=known)
            known *= path.posterior.take(layout.before[entries])
            known += rise
            # The likelihood of the answer.
            odds = ability * -weights.answer
            odds -= residual * weights.residual
            odds *= sign
            np.exp(odds, out=odds)
            if not (single or joined):
                odds = odds.take(owner)
            likelihood = path.likelihood[:, units]
            _one_of_odds(np.multiply(local.odds[:, units], odds, out=likelihood))
            # The answer's probability, and the beliefs after it.
            scale = path.scale[units]
            after = path.posterior[n_chains + entries.start : n_chains + entries.stop]
            if joined and not single:
                _join(known, likelihood, scale, after, owner=owner, starts=starts, rule=rule)
            else:
                _keep_apart(
                    known, likelihood, scale, after, None if power is None else power[entries]
                )
            # The student's step.
            missed = 1 - scale
            if not (single or joined):
                missed = np.add.reduceat(missed, starts) / layout.size[rows]
            ability += local.gain[rows] * missed
            missed *= sign
            missed -= residual
            missed *= sign * sign  # an exposure leaves no residual
            missed *= 1 - rho
            residual += missed
    return path


def _empty(layout: Layout, local: Coefficients, students: StudentVectors, p_known: Floats) -> Path:
    n_rows, n_entries = len(layout.rows), len(layout.entries)
    return Path(
        ability=np.empty(n_rows),
        residual=np.empty(n_rows),
        rise=np.empty(n_entries),
        p_known=np.empty(n_entries),
        likelihood=np.empty(local.odds.shape),
        scale=np.empty(local.odds.shape[1]),
        posterior=np.concatenate((p_known, np.empty(n_entries))),
        last_ability=students.ability[layout.students],
        last_residual=students.residual[layout.students],
    )


def _one_of_odds(odds_against: Floats) -> None:
    """Make probabilities of odds against them, in place."""
    odds_against += 1
    np.reciprocal(odds_against, out=odds_against)


def _keep_apart(
    known: Floats, likelihood: Floats, scale: Floats, after: Floats, power: Floats | None
) -> None:
    """P(the answer) and the posterior of each entry by itself, into `scale` and `after`."""
    unknown_by, known_by = likelihood
    np.subtract(known_by, unknown_by, out=scale)
    scale *= known
    scale += unknown_by
    if power is None:
        np.multiply(known, known_by, out=after)
        after /= scale
    else:
        joint = known * known_by**power
        np.divide(joint, joint + (1 - known) * unknown_by**power, out=after)


def _join(
    known: Floats,
    likelihood: Floats,
    scale: Floats,
    after: Floats,
    *,
    owner: Ints,
    starts: Ints,
    rule: Rule,
) -> None:
    """P(the answer) of each row, and each skill's posterior, into `scale` and `after`."""
    unknown_by, known_by = likelihood
    factor = np.maximum(known if rule == "conjunctive" else 1 - known, TINY)
    product = np.multiply.reduceat(factor, starts)
    difference = known_by - unknown_by
    np.multiply(difference, product if rule == "conjunctive" else 1 - product, out=scale)
    scale += unknown_by
    if rule == "conjunctive":
        # Where this one is known, the others decide.
        given = product.take(owner) / factor
        given *= difference.take(owner)
        given += unknown_by.take(owner)
    else:
        given = known_by.take(owner)
    np.multiply(known, given, out=after)
    after /= scale.take(owner)


def _predictions(
    layout: Layout, local: Coefficients, weights: Weights, path: Path, rule: Rule
) -> Floats:
    """P(correct) of each row, in level order: the same bits whatever its own answer is."""
    enough = path.p_known
    if rule == "conjunctive":
        enough = np.multiply.reduceat(enough, layout.starts)
    elif rule == "compensatory":
        enough = 1 - np.multiply.reduceat(1 - enough, layout.starts)
    shift = weights.answer * path.ability + weights.residual * path.residual
    logit = local.guess + to_units(layout, shift, rule)
    guess, right = logistic(logit), logistic(logit + local.lift)
    p = guess + enough * (right - guess)
    return p if joins(rule) else layout.to_rows(p) / layout.size
