"""A picture of how far simulated answers resemble a log, with matplotlib (the extra ``plot``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adaptlearn.numerics import Floats
from adaptlearn.plotting import new_axes


def draw_resemblance(
    aspects: Sequence[str], names: Sequence[str], log: Floats, simulated: Floats, ax: Any = None
) -> Any:
    """Draw figures as points in lines, the log's and the simulated ones: see `Resemblance.plot`."""
    told = np.flatnonzero(~np.isnan(log))
    log, simulated = log[told], simulated[told]
    # A gap stands between two aspects.
    _, aspect = np.unique(np.array(aspects)[told], return_inverse=True)
    new = np.cumsum(np.diff(aspect, prepend=aspect[:1]) != 0)
    y = np.arange(len(told)) + 0.8 * new
    ax = new_axes(ax, (5.6, 1.0 + 0.2 * float(y[-1])))
    ax.hlines(y, log, simulated, color="0.7", linewidth=1.2, zorder=1)
    ax.plot(log, y, "o", markersize=6, color="0.15", label="log")
    ax.plot(simulated, y, "D", markersize=4, color="tab:orange", label="simulated")
    ax.set_yticks(y, [names[k] for k in told.tolist()], fontsize="small")
    ax.invert_yaxis()
    ax.set(xlim=(-0.02, 1.02), xlabel="share")
    ax.grid(axis="x", color="0.9", zorder=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="best", fontsize="small", frameon=False)
    return ax
