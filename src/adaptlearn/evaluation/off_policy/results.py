"""What off-policy evaluation hands back: a value per estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.results import Estimate, interval_title
from adaptlearn.tables import Parts, Printed, number

ESTIMATORS = {
    "logged": "logged policy",
    "ips": "IPS",
    "snips": "self-normalised IPS",
    "dr": "doubly robust",
    "pdis": "per-decision IS",
    "wpdis": "weighted per-decision IS",
    "wdr": "weighted doubly robust",
}
"""How tables call each."""


@dataclass(frozen=True, eq=False, repr=False)
class OffPolicyValue(Printed):
    """The value of a policy that did not run; prints as a table, one row per estimator.

    Attributes
    ----------
    per : str
        ``"decision"``: the value is the mean reward of a decision. ``"student"``: it is the mean,
        over students, of the (discounted) sum of rewards.
    estimates : dict of str to Estimate
        By estimator: ``logged`` (what the logged policy earned), then ``ips``, ``snips`` and
        ``dr``; or ``pdis``, ``wpdis``, ``dr`` and ``wdr``.
    gains : dict of str to Estimate
        By estimator: its value minus the value of the logged policy, on the same students.
    n_decisions, n_students : int
        How many decisions and students the estimates use.
    effective_size : float
        This many decisions made by the target policy itself would be as informative (students, if
        `per` is ``"student"``): ``sum(w)**2 / sum(w**2)``. In sequences, it is the smallest value
        over all steps.
    mean_weight : Estimate
        The mean of the weights; in sequences, at the last step. It is near 1 if the propensities
        are right and the log supports the target.
    clip : float or None
        The largest weight that was allowed; None if no weight was cut.
    clipped : int
        How many weights were larger and were cut.
    clip_bias : dict of str to float
        By estimator: the estimated bias from cutting weights. It is the estimate minus the estimate
        without cutting.
    confidence : float
        The coverage of the intervals.
    notes : tuple of str
        What was left out, and why a number may mislead.
    """

    per: str
    estimates: Mapping[str, Estimate]
    gains: Mapping[str, Estimate]
    n_decisions: int
    n_students: int
    effective_size: float
    mean_weight: Estimate
    clip: float | None
    clipped: int
    clip_bias: Mapping[str, float]
    confidence: float
    notes: tuple[str, ...] = ()

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per estimator, as columns any dataframe library takes."""
        nothing = Estimate(0.0, 0.0, 0.0)
        gains = [self.gains.get(name, nothing) for name in self.estimates]
        columns: dict[str, NDArray[Any]] = {"estimator": np.array(list(self.estimates), str)}
        for prefix, found in (("", list(self.estimates.values())), ("gain", gains)):
            for what in ("value", "lower", "upper"):
                name = "_".join(filter(None, [prefix, what])).replace("gain_value", "gain")
                columns[name] = np.array([getattr(estimate, what) for estimate in found])
        return columns

    def to_dict(self) -> dict[str, Any]:
        """Everything as numbers, strings, lists and dicts: ready for JSON (None for nan)."""
        return {
            **{name: value for name, value in vars(self).items() if name != "notes"},
            "estimates": {name: one.to_dict() for name, one in self.estimates.items()},
            "gains": {name: one.to_dict() for name, one in self.gains.items()},
            "mean_weight": self.mean_weight.to_dict(),
            "clip_bias": dict(self.clip_bias),
            "notes": list(self.notes),
        }

    def _parts(self) -> Parts:
        level = interval_title(self.confidence)
        head = [f"value per {self.per}", "value", level, "gain", level]
        rows = []
        for name, one in self.estimates.items():
            gain = self.gains.get(name)
            more = ["", ""] if gain is None else [number(gain.value, signed=True), gain.interval()]
            rows.append([ESTIMATORS[name], number(one.value), one.interval(), *more])
        caption = (
            f"{self.n_decisions:,} decisions, {self.n_students:,} students; as good as "
            f"{self.effective_size:,.0f} {self.per}s under the target policy"
        )
        return Parts(caption, head, rows, self.notes)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={number(one.value)}" for name, one in self.estimates.items())
        return f"OffPolicyValue({shown})"
