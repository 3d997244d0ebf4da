"""Pictures of evaluation results, with matplotlib (the extra ``plot``).

Each function draws into the axes it is given, or into new ones, and returns them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptlearn.errors import MissingDependency, ParameterError
from adaptlearn.evaluation.calibration import CalibrationCurve
from adaptlearn.evaluation.comparison import CrossValidation
from adaptlearn.evaluation.groups import GroupErrors
from adaptlearn.evaluation.learning import LearningCurve
from adaptlearn.evaluation.results import TITLES
from adaptlearn.validation import some


def plot_calibration(
    curves: CalibrationCurve | Mapping[str, CalibrationCurve], ax: Any = None
) -> Any:
    """Draw observed against predicted rates, with a band over students.

    Parameters
    ----------
    curves : CalibrationCurve, or mapping of str to CalibrationCurve
        One curve, or one per model.
    ax : matplotlib axes, optional

    Returns
    -------
    matplotlib axes

    Raises
    ------
    MissingDependency
        Without matplotlib.
    """
    ax = _axes(ax, (4.8, 4.8))
    several = isinstance(curves, Mapping)
    named = curves if isinstance(curves, Mapping) else {"": curves}
    ax.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", zorder=1)
    for name, curve in named.items():
        label = f"{name} ({curve.error:.3f})" if several else f"error {curve.error:.3f}"
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


def plot_gaps(result: GroupErrors, ax: Any = None, *, most: int = 30) -> Any:
    """Draw predicted minus observed rate of each group, with its interval.

    Parameters
    ----------
    result : GroupErrors
    ax : matplotlib axes, optional
    most : int
        Groups drawn: those of the surest gaps.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    MissingDependency
        Without matplotlib.
    """
    order = np.lexsort((-result.n, -result.sureness))[:most]
    order = order[np.argsort(result.gap.value[order], kind="stable")]
    ax = _axes(ax, (5.6, 1.4 + 0.22 * len(order)))
    gap, down = result.gap, np.arange(len(order))
    ax.axvline(0, color="0.6", linewidth=1, linestyle="--", zorder=1)
    # An interval need not hold its value where a group has few students.
    ax.hlines(down, gap.lower[order], gap.upper[order], linewidth=1.2, zorder=2)
    ax.scatter(gap.value[order], down, s=14, zorder=3)
    names = [f"{result.groups[[k]].tolist()[0]} (n = {result.n[k]:,})" for k in order.tolist()]
    ax.set_yticks(down, names, fontsize="small")
    ax.set_ylim(-0.8, len(order) - 0.2)
    shown, total = len(order), len(result.groups)
    which = f", {shown} of {total} groups" if shown < total else ""
    ax.set(xlabel="predicted - observed P(correct)", title=f"gaps by {result.by}{which}")
    return ax


def plot_learning_curve(result: LearningCurve, ax: Any = None, *, skill: Any = None) -> Any:
    """Draw observed and predicted error rates by opportunity, with the answers behind each.

    Parameters
    ----------
    result : LearningCurve
    ax : matplotlib axes, optional
    skill : label, optional
        Of a result by skill: whose curve.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ParameterError
        The result is by skill, and no skill of it was named; or the other way round.
    MissingDependency
        Without matplotlib.
    """
    labels = [] if result.skill is None else result.skill.tolist()
    if (skill is None) != (result.skill is None) or (skill is not None and skill not in labels):
        asked = "one curve of all skills" if result.skill is None else some(dict.fromkeys(labels))
        raise ParameterError("plot_learning_curve", [f"skill is {skill!r}; the result has {asked}"])
    ax = _axes(ax, (5.6, 4.0))
    at = np.array([label == skill for label in labels], bool) if labels else slice(None)
    x = result.opportunity[at]
    (line,) = ax.plot(x, result.observed[at], marker="o", markersize=4, label="observed")
    ax.fill_between(
        x, result.lower[at], result.upper[at], color=line.get_color(), alpha=0.2, linewidth=0
    )
    ax.plot(x, result.predicted[at], marker="s", markersize=3.5, linestyle="--", label="predicted")
    top = float(np.nanmax([result.observed[at], result.predicted[at], result.upper[at]]))
    for place, students in zip(x.tolist(), result.n_students[at].tolist(), strict=True):
        ax.annotate(
            f"{students:,}", (place, 0), (0, 3), textcoords="offset points", ha="center",
            fontsize="x-small", color="0.4",
        )  # fmt: skip
    ax.set(
        ylim=(0, min(1.0, 1.15 * top)),
        xlabel="opportunity (grey: students who had it)",
        ylabel="error rate",
        title=f"learning curve{'' if skill is None else f', {skill}'} ({result.students} students)",
    )
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(frameon=False)
    return ax


def plot_comparison(result: CrossValidation, ax: Any = None, *, metric: str = "auc") -> Any:
    """Draw each model's metric with its interval and its folds, the best on top.

    Parameters
    ----------
    result : CrossValidation
    ax : matplotlib axes, optional
    metric : {"auc", "log_loss", "rmse", "accuracy", "calibration_error"}

    Returns
    -------
    matplotlib axes

    Raises
    ------
    MissingDependency
        Without matplotlib.
    """
    if metric not in TITLES:
        raise ParameterError("plot_comparison", [f"no metric {metric!r}; there are {some(TITLES)}"])
    names = list(result.ranked().pooled)[::-1]
    ax = _axes(ax, (5.6, 1.4 + 0.35 * len(names)))
    for down, name in enumerate(names):
        estimate = getattr(result.pooled[name], metric)
        by_fold = result.folds[name][metric]
        color = f"C{(len(names) - 1 - down) % 10}"  # as its calibration curve's
        ax.scatter(by_fold, np.full(len(by_fold), down - 0.22), s=10, color="0.7")
        ax.hlines(down, estimate.lower, estimate.upper, linewidth=2, color=color)
        ax.scatter([estimate.value], [down], s=28, color=color)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(-0.7, len(names) - 0.3)
    ax.set(
        xlabel=f"{TITLES[metric]} (grey: single folds)",
        title=f"{len(result.test_rows)} folds {result.scheme}",
    )
    return ax


def comparison_figure(result: CrossValidation, calibrations: Mapping[str, CalibrationCurve]) -> Any:
    """A figure of a whole comparison: AUC and log loss of each model, and calibration.

    Parameters
    ----------
    result : CrossValidation
    calibrations : mapping of str to CalibrationCurve
        By model.

    Returns
    -------
    matplotlib figure
        With a canvas of its own, so that ``savefig`` works without a display.

    Raises
    ------
    MissingDependency
        Without matplotlib.
    """
    figure = new_figure((13.5, max(4.6, 1.6 + 0.35 * len(result.pooled))))
    first, second, third = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    plot_comparison(result, first)
    plot_comparison(result, second, metric="log_loss")
    second.set_yticklabels([])
    plot_calibration({name: calibrations[name] for name in result.ranked().pooled}, third)
    return figure


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise _missing() from error
    return plt.subplots(figsize=size, layout="constrained")[1]


def new_figure(size: tuple[float, float]) -> Any:
    """A figure that needs no display and that no window keeps."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise _missing() from error
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _missing() -> MissingDependency:
    return MissingDependency("plots need matplotlib: pip install 'adaptlearn[plot]'")
