"""The robust evaluation matrix in words: tables as text and as a page, and what the marks mean."""

from __future__ import annotations

from itertools import zip_longest
from typing import Literal

import numpy as np

from adaptlearn.media import terminal_text
from adaptlearn.numerics import Floats
from adaptlearn.simulation.episodes.outcomes import OUTCOMES
from adaptlearn.simulation.matrix.statistics import Intervals
from adaptlearn.simulation.matrix.values import MatrixValues
from adaptlearn.tables import aligned, html_table, latex_table, text_table

NEAR, OWN, APART = "*", "†", "‡"


def caption_of(matrix: MatrixValues, outcome: str) -> str:
    """What the numbers are."""
    kind = OUTCOMES[outcome]
    several = len(matrix.seeds) != 1
    return (
        f"{kind.title} ({kind.better} is better): mean of {len(matrix.seeds)} seed{'s' * several} "
        f"of {matrix.n_students:,} students, {matrix.budget:g} minutes each"
    )


def notes_of(matrix: MatrixValues, outcome: str) -> list[str]:
    """What the marks mean, of those that occur, and how far simulators agree."""
    several = len(matrix.seeds) > 1
    notes = []
    if matrix.within_noise_of_best(outcome).any():
        noise = (
            f", or within noise of it: the {matrix.confidence:.0%} interval of the paired "
            "difference holds 0"
        )
        notes.append(f"{NEAR} the best of the simulator{noise * several}")
    if not several:
        notes.append("one seed: no intervals")
    if matrix.same_family.any():
        notes.append(f"{OWN} the estimator's own kind of equations: flattered")
    if matrix.held_out:
        notes.append(f"{APART} kept apart from tuning")
    if matrix.oracle is not None:
        notes.append(f"{matrix.oracle} sees the truth, and is not compared")
    tau = matrix.rank_stability(outcome).mean_tau
    if not np.isnan(tau):
        notes.append(f"agreement of simulators on the order: mean Kendall's tau {tau:.2f}")
    return [*notes, *_cut_short(matrix, outcome)]


def _cut_short(matrix: MatrixValues, outcome: str) -> list[str]:
    """Where the budget ends most students' way to mastery: a mean of minutes then says little."""
    if outcome != "minutes_to_mastery" or "mastery_in_budget" not in matrix.outcomes:
        return []
    mastered = matrix.mean("mastery_in_budget")
    cut, cells = int((mastered < 0.5).sum()), int((~np.isnan(mastered)).sum())
    return [f"{cut} of {cells} cells reach the budget for more than half of the students"] * (
        cut > 0
    )


def column_names(matrix: MatrixValues) -> list[str]:
    """Simulators, those held out with their mark."""
    return [f"{name}{APART}" if name in matrix.held_out else name for name in matrix.simulators]


def cells_of(matrix: MatrixValues, outcome: str) -> list[list[str]]:
    """Means with their marks, a row per policy."""
    mean, near = matrix.mean(outcome), matrix.within_noise_of_best(outcome)
    decimals = decimals_of(mean)
    return [
        [
            shown(mean[row, column], decimals)
            + NEAR * bool(near[row, column])
            + OWN * bool(matrix.same_family[row, column])
            for column in range(len(matrix.simulators))
        ]
        for row in range(len(matrix.policies))
    ]


def table_of(matrix: MatrixValues, outcome: str) -> str:
    """The means of an outcome as text."""
    rows = [
        [policy, *(_marks_apart(cell) for cell in cells)]
        for policy, cells in zip(matrix.policies, cells_of(matrix, outcome), strict=True)
    ]
    # Names of several words take several lines, so that columns stay narrow.
    words = [name.replace("_", "_ ").split() for name in column_names(matrix)]
    lines = zip_longest(*(reversed(word) for word in words), fillvalue="")
    head = [["", *(cell + "  " for cell in line)] for line in lines][::-1]
    head[-1][0] = "policy"
    notes = map(terminal_text, notes_of(matrix, outcome))
    return "\n".join([caption_of(matrix, outcome), *aligned([*head, *rows]), *notes])


def worst_of(matrix: MatrixValues, outcome: str, by: Literal["difference", "value"]) -> str:
    """The worst case of each policy as text."""
    decimals = decimals_of(matrix.mean(outcome))
    cases = matrix.worst(outcome, by)
    compared = by == "difference" and any(case.baseline for case in cases)
    which = "against the best baseline" if compared else "by its mean"
    head = ["policy", "simulator", "mean", "best baseline", "less it", "less the oracle"]
    rows = []
    for case in cases:
        row = matrix.policies.index(case.policy)
        own = matrix.same_family[row, matrix.simulators.index(case.simulator)]
        marks = OWN * bool(own) + APART * (case.simulator in matrix.held_out)
        rows.append(
            [
                case.policy,
                case.simulator + marks,
                shown(case.value, decimals),
                case.baseline or "-",
                difference_shown(case.to_baseline, decimals),
                difference_shown(case.to_oracle, decimals),
            ]
        )
    kind = OUTCOMES[outcome]
    title = f"worst simulator of each policy, {which}: {kind.title} ({kind.better} is better)"
    return f"{title}\n{text_table(head, rows)}"


def page_of(matrix: MatrixValues, outcome: str) -> str:
    """The means of an outcome as HTML."""
    rows = [
        [policy, *cells]
        for policy, cells in zip(matrix.policies, cells_of(matrix, outcome), strict=True)
    ]
    head = ["policy", *column_names(matrix)]
    return html_table(caption_of(matrix, outcome), head, rows, notes_of(matrix, outcome))


def latex_of(matrix: MatrixValues, outcome: str) -> str:
    """The means of an outcome for a paper, in bold what text marks as the best."""
    rows, bold = [], []
    for policy, cells in zip(matrix.policies, cells_of(matrix, outcome), strict=True):
        rows.append([policy, *(cell.replace(NEAR, "") for cell in cells)])
        bold.append([False, *(NEAR in cell for cell in cells)])
    notes = [note.replace(f"{NEAR} the", "in bold: the") for note in notes_of(matrix, outcome)]
    head = ["policy", *column_names(matrix)]
    return latex_table(caption_of(matrix, outcome), head, rows, notes, bold=bold)


def decimals_of(values: Floats) -> int:
    """As many decimals as leave about three figures of the largest value."""
    known = np.abs(values[~np.isnan(values)])
    largest = known.max(initial=0.0)
    return 0 if largest >= 1000 else 1 if largest >= 100 else 2 if largest >= 10 else 3


def shown(value: float, decimals: int) -> str:
    """A number, or a dash."""
    return "-" if np.isnan(value) else f"{value:.{decimals}f}"


def difference_shown(found: Intervals, decimals: int) -> str:
    """A difference with its sign and its interval, or a dash."""
    value, lower, upper = (float(end) for end in found)
    if np.isnan(value):
        return "-"
    text = f"{value:+.{decimals}f}"
    return text if np.isnan(lower) else f"{text} [{lower:+.{decimals}f}, {upper:+.{decimals}f}]"


def _marks_apart(cell: str) -> str:
    """A cell whose marks take two places, so that numbers stand below each other."""
    number = cell.rstrip(NEAR + OWN)
    return number + cell[len(number) :].ljust(2)
