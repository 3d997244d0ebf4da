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
    """The estimated value of a policy that did not run; printing shows one row per estimator.

    Attributes
    ----------
    per : str
        ``"decision"``: the value is the mean reward of a decision. ``"student"``: the value is the
        mean, over students, of the (discounted) sum of rewards.
    estimates : dict of str to Estimate
        The estimates by name. The first estimate is ``logged``, the value of the logged policy. The
        other estimates are ``ips``, ``snips`` and ``dr`` per decision, or ``pdis``, ``wpdis``,
        ``dr`` and ``wdr`` per student.
    gains : dict of str to Estimate
        For each estimator, the estimated value minus the value of the logged policy, on the same
        students.
    n_decisions, n_students : int
        How many decisions and students the estimates use.
    effective_size : float
        The effective sample size, ``sum(w)**2 / sum(w**2)``. If the target policy itself had made
        the decisions, `effective_size` decisions would give as much information as the log. If
        `per` is ``"student"``, `effective_size` is a number of students, and is the smallest value
        over all steps.
    mean_weight : Estimate
        The mean of the weights; for `off_policy_return`, the mean of the products of weights at the
        last step. The mean weight is near 1 if the propensities are right and the log supports the
        target policy.
    clip : float or None
        The largest weight that was allowed; None if no weight was cut.
    clipped : int
        How many weights were larger than `clip` and were cut.
    clip_bias : dict of str to float
        For each estimator, the estimated bias from cutting weights. The bias is the estimate with
        cutting minus the estimate without cutting.
    confidence : float
        The coverage of the intervals.
    notes : tuple of str
        Notes on which decisions were left out, and on why a number may be misleading.
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
        """A table with one row per estimator, as columns for any dataframe library."""
        nothing = Estimate(0.0, 0.0, 0.0)
        gains = [self.gains.get(name, nothing) for name in self.estimates]
        columns: dict[str, NDArray[Any]] = {"estimator": np.array(list(self.estimates), str)}
        for prefix, found in (("", list(self.estimates.values())), ("gain", gains)):
            for what in ("value", "lower", "upper"):
                name = "_".join(filter(None, [prefix, what])).replace("gain_value", "gain")
                columns[name] = np.array([getattr(estimate, what) for estimate in found])
        return columns

    def to_dict(self) -> dict[str, Any]:
        """The result as a dict that can be stored as JSON, with None in place of nan."""
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
