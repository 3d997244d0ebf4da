"""Pictures of evaluation results, with matplotlib (the extra ``plot``).

Each function draws into the axes it is given, or into new ones, and returns them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptlearn.errors import ParameterError
from adaptlearn.evaluation.cross_validation.comparison import CrossValidation
from adaptlearn.evaluation.diagnostics.calibration import CalibrationCurve, plot_calibration
from adaptlearn.evaluation.results import TITLES
from adaptlearn.plotting import new_axes, new_figure
from adaptlearn.validation import some


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
    ax = new_axes(ax, (5.6, 1.4 + 0.35 * len(names)))
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
