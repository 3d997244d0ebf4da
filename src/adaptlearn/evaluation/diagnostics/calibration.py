"""Calibration curves: how often it happened, beside how often it was expected to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.bootstrap import cell_means
from adaptlearn.evaluation.diagnostics.answers import scored_answers
from adaptlearn.evaluation.intervals import check_bootstrap, rate_interval
from adaptlearn.evaluation.metrics import Scored, bin_edges, tally, tally_calibration
from adaptlearn.evaluation.results import Estimate, interval_title
from adaptlearn.media import picture_text
from adaptlearn.numerics import Floats
from adaptlearn.plotting import new_axes
from adaptlearn.randomness import Randomness
from adaptlearn.tables import Parts, Printed, number, plain_columns
from adaptlearn.validation import Interval


@dataclass(frozen=True, eq=False, repr=False)
class CalibrationCurve(Printed):
    """Observed and predicted rates in bins; printing shows a table with one row per bin.

    Attributes
    ----------
    predicted, observed : float arrays, shape (n_bins,)
        The mean prediction and the fraction of correct answers of each bin, sorted by prediction.
        Bins contain about equally many answers. There are fewer bins if many predictions are equal.
    lower, upper : float arrays, shape (n_bins,)
        For each bin, the interval of `observed` over students. The interval is never shorter than
        Wilson's interval for equally many answers of different students. The interval is nan if a
        bin has only one student.
    n, n_students : integer arrays, shape (n_bins,)
        The numbers of answers and of students in each bin.
    error : float
        The `calibration_error` with the bins of the curve.
    confidence : float
        The coverage of the intervals.
    """

    predicted: Floats
    observed: Floats
    lower: Floats
    upper: Floats
    n: NDArray[np.int64]
    n_students: NDArray[np.int64]
    error: float
    confidence: float

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per bin, as columns for any dataframe library."""
        names = ("predicted", "observed", "lower", "upper", "n", "n_students")
        return {name: getattr(self, name) for name in names}

    def to_dict(self) -> dict[str, Any]:
        """The columns as lists and the other attributes, as a dict for JSON (None for nan)."""
        return {
            "calibration_error": self.error,
            "confidence": self.confidence,
            "bins": plain_columns(self.table()),
        }

    def plot(self, ax: Any = None) -> Any:
        """Draw the curve: see `adaptlearn.evaluation.diagnostics.plot_calibration`."""
        return plot_calibration(self, ax)

    def _parts(self) -> Parts:
        head = ["predicted", "observed", interval_title(self.confidence)]
        rows = [
            [number(p), number(o), Estimate(o, low, high).interval(), f"{n:,}", f"{students:,}"]
            for p, o, low, high, n, students in zip(*self.table().values(), strict=True)
        ]
        caption = f"calibration error {self.error:.4f}, of {self.n.sum():,} answers"
        return Parts(caption, [*head, "answers", "students"], rows, [])

    def __repr__(self) -> str:
        return f"CalibrationCurve({len(self.n)} bins, error {self.error:.4f})"


def calibration_curve(
    log: Any,
    predicted: ArrayLike,
    *,
    n_bins: int = 10,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: Randomness = 0,
) -> CalibrationCurve:
    """Compare predicted rates with observed rates, in bins of about equally many answers.

    Parameters
    ----------
    log : ResponseLog, or a frame with the standard column names
    predicted : array, shape (n_responses,)
        P(correct) of each row, predicted before the row's answer. Use ``model.predict_proba(log)[:,
        1]`` for students whose answers were not used to fit the model, or
        ``cross_validate(…).predictions[name]``. Rows with nan are left out.
    n_bins : int, default 10
        The number of bins; the bins are computed as in `calibration_error`.
    n_bootstrap, confidence, random_state
        As in `evaluate`. The bins are the same in every resample of students.

    Returns
    -------
    CalibrationCurve

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range, or if predictions do not fit the log.
    ResponseDataError
        The error is raised if the log is malformed, or if no answer has a prediction.

    Examples
    --------
    >>> log = {"student": [1, 1, 2, 2], "skill": ["add"] * 4, "correct": [0, 1, 1, 1]}
    >>> curve = calibration_curve(log, [.4, .8, .4, .8], n_bins=2)
    >>> curve.observed.tolist()
    [0.5, 1.0]
    """
    check_bootstrap(
        "calibration_curve",
        n_bootstrap,
        confidence,
        n_bins=(n_bins, Interval(1, 100_000, integer=True)),
    )
    answers = scored_answers(log, predicted, "calibration_curve")
    correct, p = answers.correct, answers.predicted
    counts = tally(Scored(correct, p, np.ones(len(p))))
    # Of the values at which bins begin; where ties leave a bin empty, it is dropped.
    starts = np.unique([start for start in bin_edges(counts, n_bins) if start < len(counts.right)])
    place = np.searchsorted(starts, np.searchsorted(counts.predicted, p), side="right") - 1
    found = cell_means(
        [p, correct],
        place,
        answers.student,
        len(starts),
        n_bootstrap=n_bootstrap,
        random_state=random_state,
    )
    lower, upper = rate_interval(
        found.mean[1], found.spread[1], found.effective, found.n, confidence
    )
    return CalibrationCurve(
        predicted=found.mean[0],
        observed=found.mean[1],
        lower=lower,
        upper=upper,
        n=found.n,
        n_students=found.n_students,
        error=tally_calibration(counts, n_bins),
        confidence=confidence,
    )


def plot_calibration(
    curves: CalibrationCurve | Mapping[str, CalibrationCurve], ax: Any = None
) -> Any:
    """Draw observed against predicted rates, with a band that shows the intervals over students.

    Parameters
    ----------
    curves : CalibrationCurve, or mapping of str to CalibrationCurve
        One calibration curve, or one curve per model.
    ax : matplotlib axes, optional

    Returns
    -------
    matplotlib axes

    Raises
    ------
    MissingDependency
        The error is raised if matplotlib is not installed.
    """
    several = isinstance(curves, Mapping)
    named = curves if isinstance(curves, Mapping) else {"": curves}
    given: list[Any] = [*named.values()]
    for curve in given:
        if not isinstance(curve, CalibrationCurve):
            told = f"got a {type(curve).__name__}; give a CalibrationCurve, or a mapping of them"
            raise ParameterError("plot_calibration", [told])
    ax = new_axes(ax, (4.8, 4.8))
    ax.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", zorder=1)
    for name, curve in named.items():
        label = (
            f"{picture_text(name)} ({curve.error:.3f})" if several else f"error {curve.error:.3f}"
        )
        (line,) = ax.plot(curve.predicted, curve.observed, marker="o", markersize=3.5, label=label)
        ax.fill_between(
            curve.predicted,
            curve.lower,
            curve.upper,
            color=line.get_color(),
            alpha=0.2,
            linewidth=0,
        )
    ax.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="predicted P(correct)",
        ylabel="fraction correct",
        title="calibration",
    )
    ax.set_aspect("equal")
    ax.legend(frameon=False, fontsize="small", title="calibration error" if several else None)
    return ax
