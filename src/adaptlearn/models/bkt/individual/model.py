"""Individualised BKT behind the same estimator: logs, states and parameters, to and fro."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.labels import saved_labels
from adaptlearn.models.bkt.belief import next_opportunity
from adaptlearn.models.bkt.entries import first_entries, of_sequences, row_answers
from adaptlearn.models.bkt.individual.equations import (
    RULES,
    CoupledParameters,
    Dynamics,
    Rule,
    Weights,
    logistic,
)
from adaptlearn.models.bkt.individual.filtering import FilteredStudents, filter_students
from adaptlearn.models.bkt.individual.layout import ChainVectors, CoupledLog
from adaptlearn.models.bkt.parameters import Cells, Parameters
from adaptlearn.models.bkt.records import StudentVectors
from adaptlearn.models.bkt.state import BKTState
from adaptlearn.numerics import Floats, Ints
from adaptlearn.responses import ResponseLog
from adaptlearn.validation import Numbers, number_array

_FAR = 700.0
"""The farthest that log odds may be from 0, so that exponentials are finite."""


class Individual(NamedTuple):
    """What an individualised model has beside its tables of cells.

    Attributes
    ----------
    parameters : CoupledParameters
    rule : {"full", "shared", "conjunctive", "compensatory"}
    items : dict of label to int
        The place of each item's easiness.
    """

    parameters: CoupledParameters
    rule: Rule
    items: dict[Any, int]

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it; numbers exactly."""
        content: dict[str, Any] = {"rule": self.rule, "items": list(self.items)}
        for name, value in self.parameters._asdict().items():
            if isinstance(value, (Weights, Dynamics)):
                content[name] = value._asdict()
            else:
                content[name] = None if value is None else value.tolist()
        return content

    @classmethod
    def from_json(
        cls, content: Mapping[str, Any] | None, sizes: Mapping[str, int]
    ) -> Individual | None:
        """What `to_json` wrote; None from None.

        Parameters
        ----------
        content : mapping, optional
        sizes : mapping of str to int
            How many cells each parameter has.
        """
        if content is None:
            return None
        if content["rule"] not in RULES:
            raise ValueError(f"its rule is {content['rule']!r}; expected one of {RULES}")
        items = saved_labels(content["items"], "items")
        lengths = {**sizes, "item": len(items)}
        arrays: dict[str, Any] = {
            name: number_array(content[name], name, Numbers((length,), -_FAR, _FAR))
            for name, length in lengths.items()
            if content[name] is not None or name != "forget"
        }
        parameters = CoupledParameters(
            **{"forget": None, **arrays},
            weights=Weights(*_numbers(content["weights"], Weights._fields, -_FAR, _FAR)),
            dynamics=Dynamics(*_numbers(content["dynamics"], Dynamics._fields, 0, _FAR)),
        )
        if parameters.dynamics.rho > 1:
            raise ValueError("rho is above 1")
        return cls(parameters, content["rule"], {label: code for code, label in enumerate(items)})

    def typical(self, n_skills: int, guess_of_slip: Ints) -> Parameters:
        """Every cell's probabilities for a student of ability 0, on an item of easiness 0.

        `guess_of_slip` is the guess cell that goes with each slip cell.
        """
        own = self.parameters
        none = np.zeros(n_skills + 1)
        return Parameters(
            prior=logistic(own.prior),
            learn=logistic(own.learn),
            forget=none if own.forget is None else logistic(own.forget),
            guess=logistic(own.guess),
            slip=logistic(-own.guess[guess_of_slip] - np.exp(own.slip)),
        )


def _numbers(content: Any, names: tuple[str, ...], low: float, high: float) -> list[float]:
    """Named numbers, in the order of their names."""
    if not isinstance(content, dict) or set(content) != set(names):
        raise ValueError(f"expected {', '.join(names)} and nothing else")
    values = [content[name] for name in names]
    number_array(values, names[0], Numbers((len(names),), low, high))
    return values


def coupled_log(log: ResponseLog, cells: Cells, items: Mapping[Any, int]) -> CoupledLog:
    """A response log as the coupled engine takes it.

    Parameters
    ----------
    log : ResponseLog
    cells : Cells
        Of every entry, fields of shape (n_entries,).
    items : mapping of label to int
        Empty where difficulty is not modelled.
    """
    sequences = log.sequences
    item = None
    if items and log.item is not None:
        known = [items.get(label, len(items)) for label in log.item.labels.tolist()]
        item = np.array(known, np.int64)[log.item.codes]
    return CoupledLog(
        student=log.student.codes,
        order=log.chronological,
        answer=row_answers(log),
        item=item,
        entry_rows=log.skill_rows,
        sequence=of_sequences(sequences, np.arange(len(sequences.starts))),
        prior=cells.prior[first_entries(sequences)],
        learn=cells.learn,
        forget=cells.forget,
        guess=cells.guess,
        slip=cells.slip,
    )


def pass_along(
    model: Individual,
    log: ResponseLog,
    cells: Cells,
    state: BKTState | None,
    *,
    students: Ints | None,
    slots: Ints,
    told: Floats | None = None,
    trail: bool = False,
) -> FilteredStudents:
    """Predict a log, and where its students then stand.

    Parameters
    ----------
    model : Individual
    log : ResponseLog
    cells : Cells
        Of every entry.
    state : BKTState, optional
        Where the students begin; by default every one is new.
    students : int array, shape (n_labels,), optional
        The state's number for each of the log's student labels.
    slots : int array, shape (n_sequences,)
        Each sequence's pair in the state; -1 where it is new.
    told : float array, shape (n_sequences,), optional
        P(known) as each new sequence begins; 0 where the model says it.
    trail : bool
        Whether `FilteredStudents.trail` is wanted.
    """
    vectors, chains = StudentVectors.new(log.n_students), ChainVectors.new(len(slots))
    if state is not None and students is not None and state.vectors is not None:
        vectors = state.vectors.take(students)
        met = slots >= 0
        chains.known[met], chains.unknown[met] = state.beliefs(slots[met])
        chains.last[met] = state.last_clock[slots[met]]
    found = coupled_log(log, cells, model.items)
    how: dict[str, Any] = {"rule": model.rule, "told": told, "trail": trail}
    return filter_students(found, model.parameters, vectors, chains, **how)


def store(
    state: BKTState, after: FilteredStudents, students: Ints, present: Ints, slots: Ints
) -> None:
    """Take where students stand after a pass into their state.

    Parameters
    ----------
    students : int array, shape (n_labels,)
        The state's numbers of the log's student labels.
    present : int array
        The labels that have rows in the log.
    slots : int array, shape (n_sequences,)
    """
    state.note_individuals()
    assert state.vectors is not None
    for field, values in zip(state.vectors, after.students, strict=True):
        field[students[present]] = values[present]
    state.last_clock[slots] = after.chains.last


def known_next(
    model: Individual, standing: StudentVectors, cells: Cells, met: Ints, chains: ChainVectors
) -> Floats:
    """P(known) as the next response of each pair begins.

    Parameters
    ----------
    model : Individual
    standing : StudentVectors, shape (n,)
        Of each pair's student.
    cells : Cells, fields of shape (n,)
    met : int array, shape (n_met,)
        The places of the pairs that had a response; for the others, the prior is meant.
    chains : ChainVectors, shape (n_met,)
    """
    own, weights = model.parameters, model.parameters.weights
    ability, _, clock = standing
    known = logistic(own.prior[cells.prior] + weights.prior * ability)
    student = ability[met]
    lag = np.log(np.maximum(clock[met] - chains.last, 1))
    learn = logistic(
        own.learn[cells.learn[met]] + weights.learn * student + weights.learn_lag * lag
    )
    forget = np.zeros(len(met))
    if own.forget is not None:
        forget = logistic(own.forget[cells.forget[met]] + weights.forget_lag * lag)
    known[met] = next_opportunity(chains.beliefs, learn, forget).p_known
    return known


def chance_of_right(
    model: Individual, standing: StudentVectors, cells: Cells, *, items: Ints, known: Floats
) -> Floats:
    """P(correct) of a next response on one skill; `items` as codes, the last for an unseen one."""
    own, weights = model.parameters, model.parameters.weights
    ability, residual, _ = standing
    ease = np.append(own.item, 0.0)[items]
    logit = own.guess[cells.guess] + ease + weights.answer * ability + weights.residual * residual
    right = logistic(logit + np.exp(own.slip[cells.slip]))
    return np.asarray(known * right + (1 - known) * logistic(logit))


def chains_of(state: BKTState, slots: Ints) -> ChainVectors:
    """What a state knows of touched pairs."""
    return ChainVectors(*state.beliefs(slots), state.last_clock[slots])


def standing_of(state: BKTState, students: Ints) -> StudentVectors:
    """What a state knows of students apart from their skills."""
    if state.vectors is None:
        return StudentVectors.new(len(students))
    return state.vectors.take(students)
