"""Logged decisions as arrays: what was chosen with which probability, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.off_policy.records import rows_of_records
from adaptlearn.numerics import Floats, Ints
from adaptlearn.validation import label_problems, shape_problems, value_problems

_SLACK = 1e-9
"""Target probability beyond the log's support that is taken for rounding."""


@dataclass(frozen=True, eq=False)
class LoggedDecisions:
    """Checked decisions with their propensities and outcomes, in the order that you passed.

    Build the log with `from_arrays` or `from_records`. `from_arrays` and `from_records` raise an
    error if the log contains no information about the target policy.

    Attributes
    ----------
    weight : float array, shape (n,)
        The importance weight of each decision. The weight is the target policy's probability of the
        action that was taken, divided by the logged probability.
    reward : float array, shape (n,)
        The reward of each decision; nan if the outcome is not known.
    student : integer array, shape (n,)
        The number of each decision's student (or episode), from 0 to ``n_students - 1``.
    step : integer array, shape (n,)
        The position of the decision among the student's decisions, from 0.
    q, v : float arrays, shape (n,), or None
        The predictions of a reward model, which doubly robust estimates use.
    support_checked : bool
        Whether the log was checked to support all actions of the target policy, including actions
        that were not taken.
    left_out : dict of str to int
        For each reason, how many decisions were left out.
    """

    weight: Floats
    reward: Floats
    student: Ints
    step: Ints
    q: Floats | None
    v: Floats | None
    support_checked: bool
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def n_students(self) -> int:
        """The number of students with a decision."""
        return int(self.student.max()) + 1

    @classmethod
    def from_arrays(
        cls,
        propensity: ArrayLike,
        target: ArrayLike,
        reward: ArrayLike,
        student: ArrayLike,
        *,
        order: ArrayLike | None = None,
        unsupported: ArrayLike | None = None,
        override: ArrayLike | None = None,
        q: ArrayLike | None = None,
        v: ArrayLike | None = None,
    ) -> Self:
        """Build a log from arrays with one entry per decision.

        Parameters
        ----------
        propensity : array, shape (n,)
            The probability with which the logged policy chose the action; nan if unknown.
        target : array, shape (n,)
            The probability with which the target policy, which you want to evaluate, would have
            chosen the same action in the same situation.
        reward : array, shape (n,)
            The reward that followed the action; nan if unknown.
        student : array, shape (n,)
            The student of the decision, or the episode if a student has several.
        order : array, shape (n,), optional
            Times or numbers that sort each student's decisions. Decisions with equal values stay in
            the order of the rows.
        unsupported : array, shape (n,), optional
            For each decision, the target policy's total probability of all actions whose logged
            propensity was 0 or unknown. Without this array, support can only be estimated from the
            weights.
        override : bool array, shape (n,), optional
            Which decisions a person made instead of the policy. These decisions are left out; the
            result contains their number.
        q, v : arrays, shape (n,), optional
            The predictions of a reward model. `q` is the prediction for the action that was taken.
            `v` is the mean of the predictions over all actions, weighted by the target policy's
            probabilities. In a sequence, the model must predict the sum of all rewards from this
            decision on. Fit the model on students who are not in the log, or use cross-fitting.

        Raises
        ------
        ParameterError
            The error lists all problems: wrong shapes, values that are not probabilities, and a
            target policy that the log does not support. The log does not support a target policy
            that may take actions with logged propensity 0 or unknown, because the log contains no
            reward of these actions. The log also does not support a target policy if a propensity
            is so close to 0 that the weight does not fit into a float.

        Examples
        --------
        >>> log = LoggedDecisions.from_arrays(
        ...     propensity=[.5, .5, .8], target=[1., 0., 1.], reward=[1, 0, 1],
        ...     student=["ann", "ann", "bob"], override=[False, False, True])
        >>> log.weight.tolist(), log.left_out
        ([2.0, 0.0], {'made by an override': 1})
        """
        given: dict[str, ArrayLike | None] = {
            "propensity": propensity,
            "target": target,
            "reward": reward,
            "unsupported": unsupported,
            "q": q,
            "v": v,
        }
        columns = {
            name: np.asarray(values, np.float64)
            for name, values in given.items()
            if values is not None
        }
        whose = np.asarray(student)
        when = np.zeros(whose.shape) if order is None else np.asarray(order)
        made = np.zeros(whose.shape, bool) if override is None else np.asarray(override)
        _check_columns({**columns, "student": whose, "order": when, "override": made}, q, v)
        kept = np.flatnonzero(~made)
        columns = {name: values[kept] for name, values in columns.items()}
        problems = _value_problems(columns, kept)
        problems += label_problems({"student": whose[kept], "order": when[kept]}, kept)
        if not len(kept):
            problems.append("no decision of the policy is left")
        if problems:
            raise ParameterError("logged decisions", problems)
        _, code = np.unique(whose[kept], return_inverse=True)
        overrides = int(made.sum())
        return cls(
            _weights(columns),
            columns["reward"],
            code,
            _steps(code, when[kept]),
            columns.get("q"),
            columns.get("v"),
            unsupported is not None,
            {"made by an override": overrides} if overrides else {},
        )

    @classmethod
    def from_records(
        cls,
        decisions: Iterable[Mapping[str, Any]],
        outcomes: Mapping[str, float],
        target: Callable[[Mapping[str, Any]], Mapping[Any, float]],
        *,
        expected: Callable[[Mapping[str, Any]], Mapping[Any, float]] | None = None,
    ) -> Self:
        """Build a log from decision records and their rewards.

        Parameters
        ----------
        decisions : iterable of mappings
            Decisions as ``Decision.to_dict()`` returns them. The keys ``id``, ``student``,
            ``lesson``, ``propensity``, ``propensity_method``, ``candidates`` and ``time`` are read,
            and also ``rank`` if the record has this key. Records with the same id count as one
            decision.
        outcomes : mapping of str to float
            The reward of each decision, by the decision's id.
        target : callable
            A function that takes a record and returns a mapping: the probability with which the
            target policy would choose each lesson. The probabilities add up to 1. Lessons that are
            not in the mapping have probability 0.
        expected : callable, optional
            A function that takes a record and returns a mapping: the reward that a model expects
            for each lesson. The mapping must contain every lesson that the target policy may
            choose, and the lesson that was chosen.

        Returns
        -------
        LoggedDecisions
            The checked decisions. Support is checked with the candidates of each decision: the
            logged policy could not have chosen a lesson that is not a candidate or has propensity
            0. Overrides and decisions without a lesson are left out; the result contains their
            number. Decisions without an outcome have the reward nan.

        Raises
        ------
        ParameterError
            The error lists all problems, as in `from_arrays`. The error is also raised if a record
            lacks a key, or if probabilities do not add up to 1.

        Examples
        --------
        >>> record = {"id": "a1", "student": "ann", "lesson": "add", "time": 0.,
        ...           "propensity": .5, "propensity_method": "exact",
        ...           "candidates": [{"lesson": "add", "propensity": .5},
        ...                          {"lesson": "halve", "propensity": .5}]}
        >>> log = LoggedDecisions.from_records([record], {"a1": 1.}, lambda record: {"add": 1.})
        >>> log.weight.tolist(), log.reward.tolist()
        ([2.0], [1.0])
        """
        found = rows_of_records(decisions, outcomes, target, expected)
        log = cls.from_arrays(**found.arrays)
        return cls(**{**vars(log), "left_out": {**found.left_out, **log.left_out}})


def _check_columns(columns: Mapping[str, NDArray[Any]], q: object, v: object) -> None:
    problems = shape_problems(columns)
    if columns["override"].dtype != bool:
        problems.append(f"override must hold bool, got {columns['override'].dtype}")
    if (q is None) != (v is None):
        problems.append("q and v must be given together")
    if problems:
        raise ParameterError("logged decisions", problems)


def _value_problems(columns: Mapping[str, Floats], kept: Ints) -> list[str]:
    """Every value that cannot be, and what the log does not support; rows as the caller's."""
    propensity, target = columns["propensity"], columns["target"]
    beyond = columns.get("unsupported", np.zeros(len(kept)))
    wrong = {
        "propensity must lie in (0, 1] (what was taken was possible), or be nan where unknown": (
            ~np.isnan(propensity) & ~((propensity > 0) & (propensity <= 1 + _SLACK))
        ),
        "target must lie in [0, 1]": ~((target >= 0) & (target <= 1 + _SLACK)),
        "unsupported must lie in [0, 1]": ~((beyond >= 0) & (beyond <= 1 + _SLACK)),
        "reward must be finite, or nan where unknown": np.isinf(columns["reward"]),
        "q must be finite": ~np.isfinite(columns.get("q", beyond)),
        "v must be finite": ~np.isfinite(columns.get("v", beyond)),
        "target over propensity is more than a float holds: no policy draws with a propensity so "
        "small (correct it, or leave the decision out)": (
            np.isinf(_weights(columns)) & (propensity > 0)
        ),
        "no support: the target gives probability to actions whose logged propensity is unknown": (
            np.isnan(propensity) & (target > 0)
        ),
        "no support: the target gives probability to actions whose logged propensity is 0 or "
        "unknown": beyond > _SLACK,
    }
    return value_problems(wrong, kept)


def _weights(columns: Mapping[str, Floats]) -> Floats:
    """Target over propensity; what the target never does has weight 0, even if that is unknown."""
    chance, wanted = columns["propensity"], columns["target"]
    with np.errstate(over="ignore", divide="ignore"):
        return np.divide(wanted, chance, out=np.zeros(len(wanted)), where=wanted > 0)


def _steps(student: Ints, order: NDArray[Any]) -> Ints:
    """The place of each decision among its student's."""
    sorted_rows = np.lexsort((np.arange(len(order)), order, student))
    counts = np.bincount(student)
    step = np.empty(len(order), np.intp)
    step[sorted_rows] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return step
