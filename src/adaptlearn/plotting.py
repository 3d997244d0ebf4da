"""Axes and figures to draw on, with matplotlib (the extra ``plot``)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from adaptlearn.errors import MissingDependency
from adaptlearn.files import write_bytes


def new_axes(ax: Any, size: tuple[float, float], *, bare: bool = False) -> Any:
    """The axes given, or those of a new figure of a size in inches.

    `bare` axes fill their figure, without room for ticks and labels.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise _missing() from error
    if bare:
        return plt.figure(figsize=size).add_axes((0.0, 0.0, 1.0, 1.0))
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


def write_picture(figure: Any, path: Path, kind: str = "png") -> None:
    """Write a figure to a file, whole or not at all."""
    stream = io.BytesIO()
    figure.savefig(stream, dpi=150, format=kind)
    write_bytes(path, stream.getvalue())


def _missing() -> MissingDependency:
    return MissingDependency("a picture", "matplotlib")
