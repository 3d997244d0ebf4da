"""What the calibration of a mastery threshold hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.results import Estimate, Estimates, interval_title
from adaptlearn.evaluation.thresholds.rates import CRITERIA
from adaptlearn.numerics import Floats
from adaptlearn.tables import Parts, Printed, number, plain_columns

ALL = "all students"


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """False mastery and needless practice at each threshold, for one group of students.

    Attributes
    ----------
    threshold : float array, shape (n_thresholds,)
        A skill is declared mastered if the estimate is at least this threshold.
    declared : float array, shape (n_thresholds,)
        The share of the estimates that are declared mastered.
    false_mastery : Estimates
        Of the skills declared mastered, the share that is not mastered; nan if nothing is declared
        mastered.
    needless_practice : Estimates
        Of the skills still practised, the share that is already mastered; nan if nothing is
        practised.
    """

    threshold: Floats
    declared: Floats
    false_mastery: Estimates
    needless_practice: Estimates

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per threshold, as columns for any dataframe library."""
        return {
            "threshold": self.threshold,
            "declared": self.declared,
            **self.false_mastery.columns("false_mastery"),
            **self.needless_practice.columns("needless_practice"),
        }

    def at(self, place: int) -> ErrorRates:
        """The error rates at ``threshold[index]``."""
        rates = [getattr(self, one).at(place) for one in CRITERIA]
        return ErrorRates(float(self.declared[place]), *rates)


class ErrorRates(NamedTuple):
    """The error rates of a threshold.

    Attributes
    ----------
    declared : float
        The share of the estimates that are declared mastered.
    false_mastery, needless_practice : Estimate
        As in `ThresholdCurve`.
    """

    declared: float
    false_mastery: Estimate
    needless_practice: Estimate


@dataclass(frozen=True, eq=False)
class GroupThreshold:
    """The threshold of one group of students, or the reason why there is no threshold.

    Attributes
    ----------
    n, n_students : int
        The numbers of estimates and of students in the group.
    threshold : Estimate
        The threshold; nan if the group gets no threshold.
    refused : str
        The reason why there is no threshold; empty if there is a threshold.
    own : ErrorRates or None
        The group's error rates with its own threshold.
    common : ErrorRates
        The group's error rates with the threshold of all students.
    curve : ThresholdCurve
    """

    n: int
    n_students: int
    threshold: Estimate
    refused: str
    own: ErrorRates | None
    common: ErrorRates
    curve: ThresholdCurve


@dataclass(frozen=True, eq=False, repr=False)
class ThresholdCalibration(Printed):
    """Thresholds that keep an error rate low; printing shows a table with one row per group.

    Attributes
    ----------
    criterion : str
        The error rate that was kept low: ``"false_mastery"`` or ``"needless_practice"``.
    wanted : float
    common : GroupThreshold
        The result for all students together, with one threshold for everybody.
    groups : dict of label to GroupThreshold
        The result for each group. Each group has its own threshold, and the highest accepted error
        rate is the same for all groups.
    equalised : ErrorRates or None
        The error rates of all students together if each group has its own threshold. Compare these
        rates with ``common.own``. A group without its own threshold keeps the common threshold.
        `equalised` is None if there are no groups.
    confidence : float
        The coverage of the intervals.
    notes : tuple of str
    """

    criterion: str
    wanted: float
    common: GroupThreshold
    groups: Mapping[Any, GroupThreshold]
    equalised: ErrorRates | None
    confidence: float
    notes: tuple[str, ...] = ()

    def table(self) -> dict[str, NDArray[Any]]:
        """A table for any dataframe library: one row for all students, and one row per group."""
        everyone = [(ALL, self.common), *self.groups.items()]
        columns: dict[str, NDArray[Any]] = {
            "group": np.array([str(label) for label, _ in everyone]),
            "n": np.array([group.n for _, group in everyone]),
            "n_students": np.array([group.n_students for _, group in everyone]),
        }
        for part in ("value", "lower", "upper"):
            name = "threshold" if part == "value" else f"threshold_{part}"
            columns[name] = np.array([getattr(group.threshold, part) for _, group in everyone])
        for which in ("own", "common"):
            rates = [getattr(group, which) for _, group in everyone]
            for name in CRITERIA:
                columns[f"{which}_{name}"] = np.array(
                    [np.nan if one is None else getattr(one, name).value for one in rates]
                )
        columns["refused"] = np.array([group.refused for _, group in everyone])
        return columns

    def to_dict(self) -> dict[str, Any]:
        """The result, without the curves, as a dict for JSON, with None in place of nan."""
        return {
            "criterion": self.criterion,
            "wanted": self.wanted,
            "confidence": self.confidence,
            "groups": plain_columns(self.table()),
            "equalised": None if self.equalised is None else _plain(self.equalised),
            "notes": list(self.notes),
        }

    def _parts(self) -> Parts:
        level = interval_title(self.confidence)
        head = ["group", "estimates", "students", "threshold", level]
        head += ["false mastery", "needless practice", "at common: false", "needless"]
        rows = []
        notes = list(self.notes)
        for label, group in [(ALL, self.common), *self.groups.items()]:
            rates = [
                "-" if one is None else number(getattr(one, name).value)
                for one in (group.own, group.common)
                for name in CRITERIA
            ]
            value = "-" if group.refused else number(group.threshold.value)
            rows.append(
                [str(label), f"{group.n:,}", f"{group.n_students:,}", value,
                 group.threshold.interval(), *rates]
            )  # fmt: skip
            if group.refused:
                notes.append(f"{label}: {group.refused}")
        if self.equalised is not None:
            rates = [number(getattr(self.equalised, name).value) for name in CRITERIA]
            rows.append(["own thresholds", "", "", "", "", *rates, "", ""])
        wanted = self.criterion.replace("_", " ")
        return Parts(f"thresholds for {self.wanted:.1%} {wanted}", head, rows, notes)

    def __repr__(self) -> str:
        return (
            f"ThresholdCalibration({self.criterion} {self.wanted:g}, common "
            f"{self.common.threshold}, {len(self.groups)} groups)"
        )


def _plain(rates: ErrorRates) -> dict[str, Any]:
    return {
        "declared": rates.declared,
        **{name: getattr(rates, name).to_dict() for name in CRITERIA},
    }
