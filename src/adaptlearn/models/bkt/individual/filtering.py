"""What individualised BKT predicts of a log, and where it leaves the students."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.bkt.individual.equations import (
    Coefficients,
    CoupledParameters,
    Rule,
    Weights,
    coefficients,
    joins,
    logistic,
    to_units,
)
from adaptlearn.models.bkt.individual.forward import Path, run
from adaptlearn.models.bkt.individual.layout import ChainVectors, CoupledLog, Layout, lay_out
from adaptlearn.models.bkt.records import StudentVectors
from adaptlearn.numerics import Floats, Ints


class Trail(NamedTuple):
    """Where students stand along a pass.

    Attributes
    ----------
    begun, left : StudentVectors, shape (n_rows,)
        Of each row's student, before the row and after it.
    chains : ChainVectors, shape (n_entries,)
        Of each entry's chain, after the entry.
    """

    begun: StudentVectors
    left: StudentVectors
    chains: ChainVectors


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
    trail : Trail, optional
        Where it is wanted.
    """

    p_correct: Floats
    p_known: Floats
    ability: Floats
    students: StudentVectors
    chains: ChainVectors
    trail: Trail | None = None


def filter_students(
    log: CoupledLog,
    parameters: CoupledParameters,
    students: StudentVectors,
    chains: ChainVectors,
    *,
    rule: Rule = "full",
    told: Floats | None = None,
    trail: bool = False,
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
    told : float array, shape (n_sequences,), optional
        P(known) at a chain's first response, in place of the prior; 0 where the prior counts.
    trail : bool
        Whether the trail is wanted.

    Raises
    ------
    ValueError
        A row has no entry.

    Examples
    --------
    One student answers right, wrong, right on one skill without items. Cell 1 of each field
    would serve a skill that was not seen when the parameters were fitted.

    >>> from adaptlearn.models.bkt.individual.equations import Dynamics
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
    if told is not None and told.any():
        begin = np.flatnonzero(layout.first)
        begin = begin[told[layout.before[begin]] > 0]
        p_first = told[layout.before[begin]]
        local.drive[begin], local.weight[begin] = np.log1p(-p_first) - np.log(p_first), 0.0
    path = run(layout, local, students, chains)

    p_correct, ability = np.empty(len(log.student)), np.empty(len(log.student))
    p_known = np.empty(len(log.sequence))
    p_correct[layout.rows] = _predictions(layout, local, parameters.weights, path, rule)
    ability[layout.rows] = path.ability
    p_known[layout.entries] = np.maximum(path.begun[1], 0)
    answers = np.bincount(log.student[log.answer < 2], minlength=len(students.answers))
    after = StudentVectors(
        students.ability.copy(), students.residual.copy(), students.answers + answers
    )
    after.ability[layout.students] = path.last_ability
    after.residual[layout.students] = path.last_residual
    begun = np.append(chains.last, layout.clock.take(layout.row_of_entry))
    unknown, known = path.posterior[:, layout.final]
    return FilteredStudents(
        p_correct,
        p_known,
        ability,
        after,
        ChainVectors(known, unknown, begun[layout.final]),
        _trail(layout, path) if trail else None,
    )


def _trail(layout: Layout, path: Path) -> Trail:
    """Where students stand along a pass, by the log's rows and entries."""
    n, sizes = len(layout.rows), np.diff(layout.row_levels)
    begun = (path.ability, path.residual, layout.clock)
    rank = np.arange(n) - np.repeat(layout.row_levels[:-1], sizes)
    later = np.arange(int(sizes[0]), n)
    earlier = later - np.repeat(sizes[:-1], sizes[1:])
    left = [path.last_ability[rank], path.last_residual[rank]]
    for values, before in zip(left, begun[:2], strict=True):
        values[earlier] = before[later]
    unknown, known = path.posterior[:, path.n_chains :]
    of_entries = (known, unknown, layout.clock.take(layout.row_of_entry))
    return Trail(
        StudentVectors(*(_in_place(layout.rows, values) for values in begun)),
        StudentVectors(
            *(_in_place(layout.rows, v) for v in (*left, layout.clock + (layout.sign != 0)))
        ),
        ChainVectors(*(_in_place(layout.entries, values) for values in of_entries)),
    )


def _in_place(places: Ints, values: NDArray[Any]) -> NDArray[Any]:
    """Values in level order, in the log's."""
    found = np.empty_like(values)
    found[places] = values
    return found


def _predictions(
    layout: Layout, local: Coefficients, weights: Weights, path: Path, rule: Rule
) -> Floats:
    """P(correct) of each row, in level order: the same bits whatever its own answer is."""
    unknown, enough = np.maximum(path.begun, 0)
    if rule == "conjunctive":
        enough = np.multiply.reduceat(enough, layout.starts)
    elif rule == "compensatory":
        enough = 1 - np.multiply.reduceat(unknown, layout.starts)
    shift = weights.answer * path.ability + weights.residual * path.residual
    logit = local.guess + to_units(layout, shift, rule)
    guess, right = logistic(logit), logistic(logit + local.lift)
    p = guess + enough * (right - guess)
    return p if joins(rule) else layout.to_rows(p) / layout.size
