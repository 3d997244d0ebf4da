"""A picture of a curriculum, with matplotlib (the extra ``plot``)."""

from __future__ import annotations

import textwrap
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.curriculum.curriculum import Curriculum, curriculum_problems
from adaptlearn.curriculum.graph.matrices import row
from adaptlearn.curriculum.graph.requirements import Attaining, without_groups
from adaptlearn.curriculum.picture.layout import Layout, layered, stops_of
from adaptlearn.errors import ParameterError
from adaptlearn.labels import Label
from adaptlearn.media import terminal_text
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.plotting import new_axes
from adaptlearn.validation import Interval, check_parameters

_BOX = (2.1, 0.46)  # a skill's box, in inches
_PITCH = (2.75, 0.6)  # from box to box
_STOPS = 20_000  # of lines, at the layers between their ends
_LETTERS = 25  # of a line within a box
_EDGE = "#8a8f98"
_RIMS = {False: ("#5c6068", 0.8), True: ("#d9720f", 2.4)}  # of skills that are ready to learn
_UNKNOWN = "#f1f1ef"


def plot_curriculum(
    curriculum: Curriculum,
    mastery: Any = None,
    *,
    skill: Label | None = None,
    steps: int = 2,
    threshold: float = 0.95,
    most: int = 120,
    ax: Any = None,
) -> Any:
    """Draw the skills from left to right, coloured by what one student has mastered.

    A line connects a prerequisite to the skill that needs it; for an alternative, the line is
    dashed. Skills that the student is ready to learn have a thick orange rim.

    Parameters
    ----------
    curriculum : Curriculum
    mastery : array, shape (n_skills,), optional
        The mastery of one student on each skill: numbers from 0 to 1 (NaN if unknown), or bools.
    skill : label, optional
        If you name a skill, the picture shows only the skills that come before it and the skills
        that build on it.
    steps : int, default 2
        The largest distance of a drawn skill from `skill`, in edges.
    threshold : float, default 0.95
        A skill counts as mastered if its mastery is at least `threshold`. If the curriculum has its
        own threshold for a skill, the picture uses the threshold of the curriculum.
    most : int, default 120
        The largest number of skills in a picture.
    ax : matplotlib axes, optional
        The axes to draw on; by default new axes, as large as the picture needs.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ParameterError
        The error is raised if `mastery` does not fit the curriculum, if there are more skills than
        `most`, or if there are too many lines to draw.
    UnknownLabelError
        The error is raised if `skill` is not a skill of the curriculum.
    MissingDependency
        The error is raised if matplotlib is not installed.
    """
    if wrong := [*curriculum_problems(curriculum)]:
        raise ParameterError("plot_curriculum", wrong)
    values = _mastery(curriculum, mastery)
    check_parameters(
        "plot_curriculum",
        {"steps": steps, "most": most, "threshold": threshold},
        {
            "steps": [Interval(0, 10**6, integer=True)],
            "most": [Interval(1, 10**6, integer=True)],
            "threshold": [Interval(0, 1, closed="right")],
        },
    )
    shown = _shown(curriculum, skill, steps)
    if len(shown) > most:
        hint = "take fewer steps" if skill is not None else "name a skill to draw what is near it"
        raise ParameterError(
            "plot_curriculum",
            [f"{len(shown)} skills do not fit into one picture; {hint}, or raise most={most}"],
        )
    edges, dashed = _edges(curriculum, shown)
    layers = _layers(curriculum, shown)
    if (n_stops := stops_of(layers, edges)) > _STOPS:
        raise ParameterError(
            "plot_curriculum",
            [
                f"the {len(edges):,} lines pass {n_stops:,} times by other skills, {_STOPS:,} can "
                "be drawn; leave out what follows from other prerequisites, or "
                + ("take fewer steps" if skill is not None else "name a skill")
            ],
        )
    layout = layered(layers, edges)
    ax = new_axes(ax, _size(layout), bare=True)
    _draw_edges(ax, layout, dashed)
    ready = _ready(curriculum, values, threshold)
    centre = -1 if skill is None else curriculum.skill_index.code(skill)
    titles = [_wrapped(curriculum.skill_titles[code]) for code in shown.tolist()]
    for number, code in enumerate(shown.tolist()):
        at = _at(float(layout.layer[number]), float(layout.place[number]))
        _draw_box(ax, at, float(values[code]), bool(ready[code]))
        bold = "bold" if code == centre else "normal"
        _write(ax, at, titles[number], float(values[code]), bold)
    _frame(ax, layout)
    if mastery is not None:
        _legend(ax, bool(np.isnan(values[shown]).any()), bool(ready[shown].any()))
    return ax


def _mastery(curriculum: Curriculum, mastery: Any) -> Floats:
    n = len(curriculum.skills)
    if mastery is None:
        return np.full(n, np.nan)
    values = np.asarray(mastery, np.float64)
    known = values[~np.isnan(values)]
    if values.shape != (n,) or ((known < 0) | (known > 1)).any():
        raise ParameterError(
            "plot_curriculum",
            [f"mastery must be numbers from 0 to 1 of shape ({n},), one student's, got shape "
             f"{values.shape}"],
        )  # fmt: skip
    return values


def _shown(curriculum: Curriculum, skill: Label | None, steps: int) -> Ints:
    if skill is None:
        return np.arange(len(curriculum.skills))
    code = curriculum.skill_index.code(skill)
    found = {code}
    for edges in (curriculum.may_need, curriculum.required_by):
        fresh = {code}
        for _ in range(steps):
            fresh = {other for node in fresh for other in row(edges, node)}
            found |= fresh
    return np.array(sorted(found))


def _layers(curriculum: Curriculum, shown: Ints) -> Ints:
    """Columns so chosen that edges lead to the right, as far as alternatives allow."""
    among = csr_array(curriculum.may_need[shown][:, shown])
    front = Attaining(without_groups(among), by_step=True)
    front.advance()
    if front.blocked():  # alternatives on a cycle
        return np.unique(curriculum.depth[shown], return_inverse=True)[1].reshape(-1)
    return np.array(front.step, np.intp)


def _edges(curriculum: Curriculum, shown: Ints) -> tuple[list[tuple[int, int]], list[bool]]:
    """Edges among the skills shown, by their places there, and whether each is an alternative."""
    place = {code: number for number, code in enumerate(shown.tolist())}
    edges, dashed = [], []
    for after, number in place.items():
        plain = set(row(curriculum.prerequisites, after))
        for before in row(curriculum.may_need, after):
            if before in place:
                edges.append((place[before], number))
                dashed.append(before not in plain)
    return edges, dashed


def _ready(curriculum: Curriculum, values: Floats, threshold: float) -> Bools:
    if np.isnan(values).all():
        return np.zeros(len(values), bool)
    limit = np.where(np.isnan(curriculum.thresholds), threshold, curriculum.thresholds)
    with np.errstate(invalid="ignore"):
        mastered = values >= limit
    return np.asarray(curriculum.outer_fringe(mastered[None])[0])


def _size(layout: Layout) -> tuple[float, float]:
    """Of the whole picture, in inches."""
    low, high = _extent(layout)
    width = int(layout.layer.max()) * _PITCH[0] + _BOX[0] + 0.4
    return max(width, 5.5), (high - low) * _PITCH[1] + _BOX[1] + 0.9


def _extent(layout: Layout) -> tuple[float, float]:
    places = [place for stops in layout.stops for _, place in stops] + layout.place.tolist()
    return min(places), max(places)


def _at(layer: float, place: float) -> tuple[float, float]:
    """A point of the picture, in inches, downwards."""
    return layer * _PITCH[0], -place * _PITCH[1]


def _draw_edges(ax: Any, layout: Layout, dashed: list[bool]) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for stops, is_dashed in zip(layout.stops, dashed, strict=True):
        points = [_at(*stop) for stop in stops]
        forward = 1 if points[-1][0] >= points[0][0] else -1
        half = forward * _BOX[0] / 2
        # From the end of the one box to the start of the other; level within their columns.
        track = [(points[0][0] + half, points[0][1])]
        for x, y in points[1:-1]:
            track += [(x - half, y), (x + half, y)]
        track.append((points[-1][0] - half, points[-1][1]))
        vertices, codes = [track[0]], [Path.MOVETO]
        for number, ((x0, y0), (x1, y1)) in enumerate(pairwise(track)):
            if number % 2:
                vertices.append((x1, y1))
                codes.append(Path.LINETO)
            else:
                middle = (x0 + x1) / 2
                vertices += [(middle, y0), (middle, y1), (x1, y1)]
                codes += [Path.CURVE4] * 3
        style = {"linestyle": (0, (3, 2))} if is_dashed else {}
        ax.add_patch(
            PathPatch(Path(vertices, codes), fill=False, edgecolor=_EDGE, linewidth=1.0, zorder=1,
                      **style)
        )  # fmt: skip


def _face(value: float) -> Any:
    import matplotlib as mpl

    return _UNKNOWN if np.isnan(value) else mpl.colormaps["YlGn"](0.85 * value)


def _draw_box(ax: Any, at: tuple[float, float], value: float, ready: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    rim, width = _RIMS[ready]
    ax.add_patch(
        FancyBboxPatch(
            (at[0] - _BOX[0] / 2, at[1] - _BOX[1] / 2),
            *_BOX,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=_face(value),
            edgecolor=rim,
            linewidth=width,
            zorder=2,
        )
    )


def _write(ax: Any, at: tuple[float, float], title: str, value: float, weight: str) -> None:
    ax.text(
        *at,
        title,
        ha="center",
        va="center",
        fontsize=9,
        fontweight=weight,
        linespacing=1.0,
        color="white" if value > 0.75 else "#1c1e21",  # NaN is not above
        zorder=3,
        parse_math=False,
    )


def _frame(ax: Any, layout: Layout) -> None:
    low, high = _extent(layout)
    right = int(layout.layer.max()) * _PITCH[0]
    ax.set_xlim(-_BOX[0] / 2 - 0.2, right + _BOX[0] / 2 + 0.2)
    ax.set_ylim(-high * _PITCH[1] - _BOX[1] / 2 - 0.2, -low * _PITCH[1] + _BOX[1] / 2 + 0.6)
    ax.set_aspect("equal")
    ax.axis("off")


def _wrapped(title: str) -> str:
    """A title in two lines of a box; what does not fit ends in an ellipsis."""
    words = terminal_text(" ".join(title.replace("_", " ").split()))
    lines = textwrap.wrap(words, _LETTERS, max_lines=2, placeholder="\u2026")
    return "\n".join(lines)


def _legend(ax: Any, any_unknown: bool, any_ready: bool) -> None:
    from matplotlib.lines import Line2D

    entries = [(_face(value), False, f"mastery {value:g}") for value in (0.0, 0.5, 1.0)]
    if any_unknown:
        entries.append((_UNKNOWN, False, "unknown"))
    if any_ready:
        entries.append(("white", True, "ready to learn"))
    handles = [
        Line2D([], [], marker="s", linestyle="", markersize=9, markerfacecolor=face,
               markeredgecolor=_RIMS[ready][0], markeredgewidth=_RIMS[ready][1], label=label)
        for face, ready, label in entries
    ]  # fmt: skip
    ax.legend(handles=handles, loc="upper left", ncols=len(handles), frameon=False, fontsize=9,
              borderaxespad=0.2, handletextpad=0.2, columnspacing=1.2)  # fmt: skip
