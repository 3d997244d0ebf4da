"""A picture of the robust evaluation matrix, with matplotlib (the extra ``plot``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.media import picture_text
from adaptlearn.numerics import Floats
from adaptlearn.plotting import new_axes
from adaptlearn.simulation.episodes.outcomes import OUTCOMES
from adaptlearn.simulation.matrix.text import (
    NEAR,
    caption_of,
    cells_of,
    column_names,
    notes_of,
)
from adaptlearn.simulation.matrix.values import MatrixValues

_DARK = 0.55  # of the colour map, from where letters are white


def draw_heat_map(matrix: MatrixValues, outcome: str, ax: Any = None) -> Any:
    """Draw a matrix: see `Matrix.heat_map`."""
    behind = shortfall(matrix, outcome)
    ax = new_axes(ax, (3.2 + 1.1 * len(matrix.simulators), 2.4 + 0.4 * len(matrix.policies)))
    most = float(np.nanmax(behind, initial=0.0)) or 1.0
    image = ax.imshow(np.ma.masked_invalid(behind), cmap="YlOrBr", vmin=0, vmax=most, aspect="auto")
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
    bar.set_label("behind the best of the simulator")
    bar.outline.set_visible(False)
    for row, cells in enumerate(cells_of(matrix, outcome)):
        for column, cell in enumerate(cells):
            dark = behind[row, column] > _DARK * most
            ax.text(
                column,
                row,
                cell.replace(NEAR, ""),
                ha="center",
                va="center",
                fontsize="small",
                weight="bold" if NEAR in cell else "normal",
                color="white" if dark else "0.1",
            )
    names = [picture_text(name).strip().replace("_", "\n") for name in column_names(matrix)]
    ax.set_xticks(range(len(names)), names, fontsize="small")
    policies = [*map(picture_text, matrix.policies)]
    ax.set_yticks(range(len(policies)), policies, fontsize="small")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    notes = "\n".join(
        picture_text(f"bold: {note[2:]}" if note[0] == NEAR else note, 500)
        for note in notes_of(matrix, outcome)
    )
    ax.set_xlabel(notes, fontsize="x-small", loc="left", labelpad=10)
    ax.set_title(caption_of(matrix, outcome), fontsize="medium", loc="left")
    return ax


def draw_frontier(matrix: MatrixValues, simulator: str, ax: Any = None) -> Any:
    """Draw minutes against the share known: see `Matrix.frontier`."""
    ax = new_axes(ax, (6.4, 4.0))
    column = matrix.simulators.index(simulator)
    minutes, share = (matrix.mean(name)[:, column] for name in ("minutes", "known_share"))
    families: dict[str, list[int]] = {}
    for row, name in enumerate(matrix.policies):
        families.setdefault(name.partition(":")[0], []).append(row)
    for place, (family, rows) in enumerate(families.items()):
        ordered = sorted(rows, key=minutes.__getitem__)
        marker = "os^vDPX*"[place % 8]
        ax.plot(minutes[ordered], share[ordered], marker=marker, label=picture_text(family))
        for row in ordered:
            constant = matrix.policies[row].partition(":")[2]
            at, shift = (minutes[row], share[row]), (3, -9)
            ax.annotate(constant, at, shift, textcoords="offset points", fontsize="x-small")
    ax.set(xlabel="minutes of practice", ylabel="share known at the end")
    ax.set_title(picture_text(simulator), fontsize="medium", loc="left")
    ax.legend(fontsize="small", frameon=False, loc="lower right")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def shortfall(matrix: MatrixValues, outcome: str) -> Floats:
    """How far each policy is behind the best of a simulator, in the outcome's unit.

    Shape (n_policies, n_simulators), 0 for the best; nan for the oracle, and without a mean.
    """
    mean = matrix.mean(outcome)
    mean = mean if OUTCOMES[outcome].better == "higher" else -mean
    aside = [name == matrix.oracle for name in matrix.policies]
    mean[aside] = np.nan
    best = np.where(np.isnan(mean), -np.inf, mean).max(axis=0)
    return np.where(np.isnan(mean), np.nan, best - mean)
