"""Errors by skill or by group of students: for whom a model is wrong, and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.bootstrap import cell_means
from adaptlearn.evaluation.custom_metrics import Metric, checked_metrics, value_or_nan
from adaptlearn.evaluation.diagnostics.answers import Answers, scored_answers
from adaptlearn.evaluation.intervals import MOST_LOSS, check_bootstrap, normal_quantile
from adaptlearn.evaluation.metrics import answer_losses, auc
from adaptlearn.evaluation.results import Estimates, interval_title
from adaptlearn.media import picture_text, terminal_text
from adaptlearn.numerics import Floats, Ints
from adaptlearn.plotting import new_axes
from adaptlearn.randomness import Randomness
from adaptlearn.responses import ResponseLog
from adaptlearn.tables import Parts, Printed, number, plain_columns
from adaptlearn.validation import some

_SHOWN = 15


@dataclass(frozen=True, eq=False, repr=False)
class GroupErrors(Printed):
    """Errors of predictions by group; printing shows a table with the most certain gaps first.

    Attributes
    ----------
    by : str
        The grouping of the answers, for example ``"skill"``.
    groups : array, shape (n_groups,)
        The labels of the groups, sorted.
    n, n_students : integer arrays, shape (n_groups,)
        How many answers and students each group has. An answer on several skills counts for each of
        these skills.
    observed, predicted : float arrays, shape (n_groups,)
        The fraction of right answers, and the mean prediction, of each group.
    gap : Estimates
        For each group, the mean prediction minus the fraction of right answers. If the gap is above
        0, the predictions for the group are too high. If the gap is below 0, the predictions are
        too low.
    log_loss, rmse : Estimates
    auc : float array, shape (n_groups,)
        The AUC of a group is nan if all its answers are equal.
    confidence : float
        The coverage of each single interval, not of all intervals together.
    notes : tuple of str
    custom : dict of str to float array, shape (n_groups,)
        Your own metrics by name; nan if a metric is undefined for a group.

    Notes
    -----
    The interval of a gap is computed by a bootstrap of students. It is never shorter than the
    interval that chance alone causes. The interval of chance is computed for equally many
    independent answers and a model that is right. The intervals of log loss and RMSE are computed
    by the bootstrap only. Like the intervals of `evaluate`, all intervals are wider if a group has
    few students. The intervals are nan if a group has only one student.
    """

    by: str
    groups: NDArray[Any]
    n: NDArray[np.int64]
    n_students: NDArray[np.int64]
    observed: Floats
    predicted: Floats
    gap: Estimates
    log_loss: Estimates
    rmse: Estimates
    auc: Floats
    confidence: float
    notes: tuple[str, ...]
    custom: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def sureness(self) -> Floats:
        """The distance of each gap's interval from 0; 0 if the interval contains 0 or is nan."""
        return np.nan_to_num(np.maximum(0, np.maximum(self.gap.lower, -self.gap.upper)))

    @property
    def worst(self) -> Any:
        """The group whose interval is farthest from 0; None if every interval contains 0.

        The group with the largest gap is often a group with only a few answers. So the interval of
        the gap determines the worst group, not the gap itself.
        """
        surest = int(np.argmax(self.sureness))
        return self.groups[[surest]].tolist()[0] if self.sureness[surest] > 0 else None

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per group, as columns for any dataframe library."""
        columns = {"group": self.groups}
        for name in ("n", "n_students", "observed", "predicted"):
            columns[name] = getattr(self, name)
        for name in ("gap", "log_loss", "rmse"):
            columns.update(getattr(self, name).columns(name))
        return {**columns, "auc": self.auc, **self.custom}

    def to_dict(self) -> dict[str, Any]:
        """The columns as lists and the other attributes, as a dict for JSON (None for nan)."""
        return {
            "by": self.by,
            "confidence": self.confidence,
            "worst": self.worst,
            "groups": plain_columns(self.table()),
            "notes": list(self.notes),
        }

    def plot(self, ax: Any = None, *, most: int = 30) -> Any:
        """Draw the gaps: see `adaptlearn.evaluation.diagnostics.plot_gaps`."""
        return plot_gaps(self, ax, most=most)

    def _parts(self) -> Parts:
        level = interval_title(self.confidence)
        head = [self.by, "answers", "students", "observed", "predicted", "gap", level]
        order = np.lexsort((-self.n, -self.sureness))
        rows = []
        for k in order[:_SHOWN].tolist():
            gap = self.gap.at(k)
            rows.append(
                [
                    str(self.groups[k]),
                    f"{self.n[k]:,}",
                    f"{self.n_students[k]:,}",
                    number(self.observed[k]),
                    number(self.predicted[k]),
                    number(gap.value, signed=True),
                    gap.interval(signed=True),
                    number(self.log_loss.value[k]),
                    number(self.auc[k]),
                    *(number(values[k]) for values in self.custom.values()),
                ]
            )
        notes = list(self.notes)
        if (more := len(order) - _SHOWN) > 0:
            notes.append(f"{more:,} more groups are in table()")
        caption = f"errors by {self.by}: {len(self.groups):,} groups, the surest gaps first"
        return Parts(caption, [*head, "log loss", "AUC", *self.custom], rows, notes)

    def __repr__(self) -> str:
        by = terminal_text(self.by)
        return f"GroupErrors(by {by}, {len(self.groups)} groups, worst {self.worst!r})"


def group_errors(
    log: Any,
    predicted: ArrayLike,
    by: str | ArrayLike = "skill",
    *,
    metrics: Mapping[str, Metric] | None = None,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: Randomness = 0,
) -> GroupErrors:
    """Errors of predictions by skill, by item, or by any other grouping of the answers.

    Parameters
    ----------
    log : ResponseLog, or a frame with the standard column names
    predicted : array, shape (n_responses,)
        As in `calibration_curve`.
    by : {"skill", "item", "student"}, name of one of the log's ``extra`` columns, or array
        The grouping of the answers. An array of shape (n_responses,) contains the group of each
        row.
    metrics : mapping of str to function, optional
        Your own metrics by name, as in `evaluate`, but without intervals.
    n_bootstrap, confidence, random_state
        As in `evaluate`. The resamples of students are the same for every group.

    Returns
    -------
    GroupErrors
        `GroupErrors.worst` is the group whose gap between predicted and observed rate is most
        certain.

    Raises
    ------
    ParameterError
        The error is raised if an argument is out of range, or if predictions or groups do not fit
        the log.
    ResponseDataError
        The error is raised if the log is malformed, or if no answer has a prediction.

    Examples
    --------
    >>> log = {"student": [1, 1, 2, 2, 3, 3], "skill": ["add", "halve"] * 3,
    ...        "correct": [0, 1, 0, 1, 0, 1]}
    >>> result = group_errors(log, [.9, .9] * 3)
    >>> result.gap.value.round(3).tolist(), result.worst
    ([0.9, -0.1], 'add')
    """
    check_bootstrap("group_errors", n_bootstrap, confidence)
    own = checked_metrics("group_errors", metrics)
    answers = scored_answers(log, predicted, "group_errors")
    name, groups, place, cell = _grouped(answers, by)
    correct, p = answers.correct[place], answers.predicted[place]
    values = [correct, p, p - correct, answer_losses(correct, p), (p - correct) ** 2]
    found = cell_means(
        values,
        cell,
        answers.student[place],
        len(groups),
        n_bootstrap=n_bootstrap,
        random_state=random_state,
    )
    order = np.argsort(cell, kind="stable")
    bounds = np.cumsum(found.n)[:-1]
    parts = list(zip(np.split(correct[order], bounds), np.split(p[order], bounds), strict=True))
    ranking = [auc(y, q) for y, q in parts]
    custom = {
        name: np.array([value_or_nan(name, metric, y, q) for y, q in parts])
        for name, metric in own.items()
    }
    notes = []
    if len(place) > len(answers.rows):
        notes.append("an answer on several skills counts in each of them")
    if n_bootstrap and len(groups) >= 10:
        by_chance = (1 - confidence) * len(groups)
        notes.append(
            f"of {len(groups):,} intervals up to {by_chance:.0f} miss 0 by chance alone, "
            "were the model right about every group"
        )
    # What chance alone does to the gap of a model that is right; resampling a few answers that
    # are all alike would show none of it.
    chance = np.sqrt(np.bincount(cell, p * (1 - p), len(groups))) / found.n
    reach = normal_quantile(confidence) * chance
    value, (lower, upper) = found.mean[2], found.interval(2, confidence)
    gap = Estimates(
        value,
        np.maximum(found.mean[1] - 1, np.minimum(lower, value - reach)),
        np.minimum(found.mean[1], np.maximum(upper, value + reach)),
    )
    loss, square = (found.interval(row, confidence, "positive") for row in (3, 4))
    return GroupErrors(
        by=name,
        groups=groups,
        n=found.n,
        n_students=found.n_students,
        observed=found.mean[0],
        predicted=found.mean[1],
        gap=gap,
        log_loss=Estimates(found.mean[3], loss.lower, np.minimum(loss.upper, MOST_LOSS)),
        rmse=Estimates(
            np.sqrt(found.mean[4]), np.sqrt(square.lower), np.sqrt(np.minimum(square.upper, 1))
        ),
        auc=np.array(ranking),
        confidence=confidence,
        notes=tuple(notes),
        custom=custom,
    )


def _grouped(answers: Answers, by: str | ArrayLike) -> tuple[str, NDArray[Any], Ints, Ints]:
    """What groups are of, their labels; and, as pairs, answers and the groups they count in."""
    log, rows = answers.log, answers.rows
    if isinstance(by, str) and by == "skill" and log.skill_rows is not None:
        place_of = np.full(len(log), -1)
        place_of[rows] = np.arange(len(rows))
        place = place_of[log.skill_rows]
        scored = place >= 0
        groups, cell = np.unique(log.skill.codes[scored], return_inverse=True)
        return by, log.skill.labels[groups], place[scored], cell
    name, values = _column(log, by)
    try:
        groups, cell = np.unique(values[rows], return_inverse=True)
    except TypeError:
        kinds = sorted({type(value).__name__ for value in values[rows].tolist()})
        raise ParameterError(
            "group_errors", [f"groups must all be of one kind, got {', '.join(kinds)}"]
        ) from None
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        gaps = int(np.isnan(values[rows]).sum())
        raise ParameterError("group_errors", [f"{gaps} scored rows have no group, but nan"])
    return name, groups, np.arange(len(rows)), cell


def _column(log: ResponseLog, by: str | ArrayLike) -> tuple[str, NDArray[Any]]:
    """A name for the groups, and the group of each row."""
    if not isinstance(by, str):
        values = np.asarray(by)
        if values.shape != (len(log),):
            raise ParameterError(
                "group_errors",
                [f"an array of groups must be of shape ({len(log)},), got {values.shape}"],
            )
        return "group", values
    if by in ("student", "skill", "item") and getattr(log, by) is not None:
        column = getattr(log, by)
        return by, column.values
    if by in log.extra:
        return by, log.extra[by]
    known = [name for name in ("skill", "item", "student") if getattr(log, name) is not None]
    raise ParameterError(
        "group_errors",
        [
            f"the log has no column {by!r}; there are {some([*known, *log.extra], 30)}. Further "
            "columns are kept with ResponseLog.from_frame(…, extra=[…])"
        ],
    )


def plot_gaps(result: GroupErrors, ax: Any = None, *, most: int = 30) -> Any:
    """Draw each group's gap (predicted minus observed rate), with an interval.

    Parameters
    ----------
    result : GroupErrors
    ax : matplotlib axes, optional
    most : int
        The largest number of groups to draw. The picture shows the groups with the most certain
        gaps.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    MissingDependency
        The error is raised if matplotlib is not installed.
    """
    order = np.lexsort((-result.n, -result.sureness))[:most]
    order = order[np.argsort(result.gap.value[order], kind="stable")]
    ax = new_axes(ax, (5.6, 1.4 + 0.22 * len(order)))
    gap, down = result.gap, np.arange(len(order))
    ax.axvline(0, color="0.6", linewidth=1, linestyle="--", zorder=1)
    # An interval need not hold its value where a group has few students.
    ax.hlines(down, gap.lower[order], gap.upper[order], linewidth=1.2, zorder=2)
    ax.scatter(gap.value[order], down, s=14, zorder=3)
    groups = map(picture_text, result.groups[order].tolist())
    names = [f"{name} (n = {n:,})" for name, n in zip(groups, result.n[order], strict=True)]
    ax.set_yticks(down, names, fontsize="small")
    ax.set_ylim(-0.8, len(order) - 0.2)
    shown, total = len(order), len(result.groups)
    which = f", {shown} of {total} groups" if shown < total else ""
    ax.set(
        xlabel="predicted - observed P(correct)", title=f"gaps by {picture_text(result.by)}{which}"
    )
    return ax
