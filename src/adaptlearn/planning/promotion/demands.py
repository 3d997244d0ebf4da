"""What a rule asks of skills: a standard, and when it counts as met."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.labels import Label
from adaptlearn.numerics import Ints
from adaptlearn.validation import Constraint, Interval, OneOf

_OPEN = Interval(0, 1, closed="neither")
_SHARE = Interval(0, 1, closed="right")
_COUNT = Interval(0, 10_000, integer=True)

CONSTRAINTS: Mapping[str, Sequence[Constraint]] = {
    "confidence": [_OPEN],
    "share": [_SHARE],
    "answers": [_COUNT],
    "days": [_COUNT],
    "review_after": [Interval(0, 10_000), OneOf((None,))],
    "recall": [_SHARE],
}


class Settings(NamedTuple):
    """When a standard counts as met.

    Attributes
    ----------
    confidence : float
        P(the required share of its skills is known) must be at least this.
    share : float
        The required share of its skills.
    answers, days : int
        The least number of answers on its skills, and of days with such answers.
    review_after : float or None
        A review counts so many days after first mastery. None: nothing has to be retained.
    recall : float
        P(recall) from which a skill counts as retained without a review.
    """

    confidence: float = 0.9
    share: float = 1.0
    answers: int = 5
    days: int = 2
    review_after: float | None = 14
    recall: float = 0.8


class Demand(NamedTuple):
    """A standard, or the skills that a unit lists besides its standards, and when it is met.

    Attributes
    ----------
    label : label, or pair of labels
        Of the standard; of a unit (course, unit).
    skills : int array, shape (n,)
        Their places in the curriculum.
    need : int
        How many of them are required.
    settings : Settings
    """

    label: Label | tuple[Label, Label]
    skills: Ints
    need: int
    settings: Settings

    @classmethod
    def of(cls, label: Any, skills: Ints, settings: Settings) -> Demand:
        """With the share of skills as a number of them."""
        # 0.6 times 5 is a little above 3.
        return cls(label, skills, math.ceil(settings.share * len(skills) - 1e-9), settings)

    @property
    def target(self) -> float:
        """P(known) of each skill from which on they are enough, whatever the others are."""
        return float(self.settings.confidence ** (1 / self.need))


def setting_problems(given: Mapping[str, Any], path: str) -> Iterator[str]:
    """What is wrong with the settings of a rule; `path` says where they stand."""
    for name, value in given.items():
        allowed = CONSTRAINTS[name]
        if any(constraint.accepts(value) for constraint in allowed):
            continue
        expected = " or ".join(map(str, allowed))
        yield f"{path}{name} is {value!r}, expected {expected}{_meant(name, value)}"


def _meant(name: str, value: Any) -> str:
    """A percentage where a share is expected."""
    if name not in ("confidence", "share", "recall") or isinstance(value, bool):
        return ""
    if not isinstance(value, (int, float)) or not 1 < value <= 100:
        return ""
    return f"; did you mean {value / 100:g}?"


def membership(demands: Sequence[Demand], n_skills: int) -> csr_array:
    """Which skills each demand is about: a sparse 0/1 array, shape (n_demands, n_skills)."""
    bounds = np.cumsum([0, *(len(one.skills) for one in demands)])
    columns = np.concatenate([np.zeros(0, np.intp), *(one.skills for one in demands)])
    values = np.ones(len(columns), np.float32)
    return csr_array((values, columns, bounds), shape=(len(demands), n_skills))
