"""The latent classes of students of a fitted model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.models.bkt.parameters import Parameters
from adaptlearn.numerics import Floats
from adaptlearn.validation import Numbers, number_array

MOST = 20
"""Classes that a model may have."""

_FARTHEST = 100.0
"""A shift's log-odds lie this far from 0 at most, in a file."""


class StudentClasses(NamedTuple):
    """Classes of students, from the weakest to the strongest.

    Attributes
    ----------
    weights : float array, shape (n_classes,)
        The share of students in each class, above 0; they sum to 1.
    prior_shift, learn_shift : float arrays, shape (n_classes,)
        By how much a class's log odds of `prior` and `learn` differ from those of the table. The
        weighted means are 0.
    prior, learn : float arrays, shape (n_classes, n_cells)
        Each class's probabilities: of the skills, and then the common one.
    """

    weights: Floats
    prior_shift: Floats
    learn_shift: Floats
    prior: Floats
    learn: Floats

    @property
    def n_classes(self) -> int:
        """How many there are."""
        return len(self.weights)

    def table(self, place: int, common: Parameters) -> Parameters:
        """One class's table of cells; guess, slip and forget are those of all students."""
        return common._replace(prior=self.prior[place], learn=self.learn[place])

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it; numbers exactly."""
        return {
            "weights": self.weights.tolist(),
            "shifts": {"prior": self.prior_shift.tolist(), "learn": self.learn_shift.tolist()},
            "prior": self.prior.tolist(),
            "learn": self.learn.tolist(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | None, n_cells: int) -> StudentClasses | None:
        """What `to_json` wrote; None from None."""
        if content is None:
            return None
        n = len(content["weights"])
        if not 2 <= n <= MOST:
            raise ValueError(f"it has {n} classes of students; expected 2 to {MOST}")
        shift = Numbers((n,), -_FARTHEST, _FARTHEST)
        weights = number_array(content["weights"], "weights", Numbers((n,), 1e-300, 1))
        if abs(weights.sum() - 1) > 1e-9:
            raise ValueError("the weights of its classes of students do not sum to 1")
        return cls(
            weights,
            *(number_array(content["shifts"][name], name, shift) for name in ("prior", "learn")),
            *(
                number_array(content[name], name, Numbers((n, n_cells), 0, 1))
                for name in ("prior", "learn")
            ),
        )


def shares(evidence: Floats, weights: Floats) -> Floats:
    """P(class) of students, shape (n_classes, n).

    Parameters
    ----------
    evidence : float array, shape (n_classes, n)
        Each class's log-likelihood of each student's answers, up to a constant.
    weights : float array, shape (n_classes,)
    """
    joint = evidence + np.log(weights)[:, None]
    share = np.exp(joint - joint.max(axis=0))
    return np.asarray(share / reduce(np.add, share))


def mixed(share: Floats, chances: Iterable[Floats]) -> Floats:
    """The probability of something, from that of each class and the classes' shares.

    Both are summed in the order of the classes, so that a student's number does not depend on who
    else is asked for.
    """
    total: Any = 0.0
    for weight, chance in zip(share, chances, strict=True):
        total = total + weight * chance
    return np.asarray(np.minimum(total, 1.0))  # which rounding may pass
