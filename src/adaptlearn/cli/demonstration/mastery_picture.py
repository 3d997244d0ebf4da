"""The demo's picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from adaptlearn.media import picture_text
from adaptlearn.models.mastery import Mastery
from adaptlearn.plotting import new_figure, write_picture
from adaptlearn.sequencing.decisions.decisions import Decisions

MOST_STUDENTS, MOST_SKILLS = 15, 40


def draw_mastery(mastery: Mastery, decisions: Decisions, path: Path) -> None:
    """Draw P(known) of students and skills, with a mark at each next lesson.

    Parameters
    ----------
    mastery : Mastery
        At most 15 students, spread from least to most mastery, and forty skills are drawn.
    decisions : Decisions
    path : Path
        Where to write the PNG.

    Raises
    ------
    MissingDependency
        The error is raised if matplotlib is not installed.
    """
    skills = np.argsort(-mastery.value.mean(axis=0), kind="stable")[:MOST_SKILLS]
    order = np.argsort(-mastery.value.mean(axis=1), kind="stable")
    few = np.linspace(0, len(order) - 1, min(MOST_STUDENTS, len(order))).round().astype(int)
    students = order[few]
    value = mastery.value[np.ix_(students, skills)]

    height = 2.2 + 0.2 * len(students)
    figure = new_figure((3.0 + 0.45 * len(skills), height))
    axes = figure.add_subplot()
    image = axes.imshow(value, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    figure.colorbar(image, ax=axes, label="probability that it is known", shrink=0.8)
    row_of = {mastery.students[s]: row for row, s in enumerate(students)}
    column_of = {mastery.skills[k]: column for column, k in enumerate(skills)}
    marks = [
        (column_of[taught.skill], row_of[decision.student])
        for decision in decisions
        if decision.student in row_of
        for taught in decision.reason.skills
        if taught.skill in column_of
    ]
    if marks:
        across, down = zip(*marks, strict=True)
        axes.scatter(
            across, down, s=24, color="white", edgecolor="black", linewidth=0.8, label="next lesson"
        )
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, borderaxespad=0.2)
    axes.set_xticks(
        range(len(skills)),
        [picture_text(mastery.skills[k]) for k in skills],
        rotation=40,
        ha="right",
        rotation_mode="anchor",
    )
    names = [picture_text(mastery.students[s]) for s in students]
    axes.set_yticks(range(len(students)), names, fontsize=9)
    shown, total = len(students), len(mastery.students)
    axes.set_ylabel(
        f"{shown} of {total:,} students, most mastery first"
        if shown < total
        else "students, most mastery first"
    )
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    write_picture(figure, path)
