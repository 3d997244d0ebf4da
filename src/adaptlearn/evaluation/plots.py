"""Figures that put several results side by side; each result draws itself with its ``plot``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaptlearn.evaluation.cross_validation.comparison import CrossValidation, plot_comparison
from adaptlearn.evaluation.diagnostics.calibration import CalibrationCurve, plot_calibration
from adaptlearn.plotting import new_figure


def comparison_figure(result: CrossValidation, calibrations: Mapping[str, CalibrationCurve]) -> Any:
    """Make a figure that compares models: AUC and log loss of each model, and calibration.

    Parameters
    ----------
    result : CrossValidation
    calibrations : mapping of str to CalibrationCurve
        The calibration curve of each model, by the name of the model.

    Returns
    -------
    matplotlib figure
        The figure has its own canvas, so ``savefig`` works without a display.

    Raises
    ------
    MissingDependency
        The error is raised if matplotlib is not installed.
    """
    figure = new_figure((13.5, max(4.6, 1.6 + 0.35 * len(result.pooled))))
    first, second, third = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    plot_comparison(result, first)
    plot_comparison(result, second, metric="log_loss")
    second.set_yticklabels([])
    plot_calibration({name: calibrations[name] for name in result.ranked().pooled}, third)
    return figure
