"""The four pages on disk, and a browser that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reporting.test_district import even

from adaptlearn import Curriculum, MasteryTracker, Sequencer
from adaptlearn.models import BKT
from adaptlearn.reporting import (
    Figures,
    figures_of,
    report_class,
    report_district,
    report_family,
    report_student,
)
from adaptlearn.simulation import simulate_school

PAGES = ("class", "district", "family", "student")


def class_figures(n_students: int, n_standards: int = 60, *, skills: int = 1) -> Figures:
    """A simulated class, with so many skills in each standard."""
    school = simulate_school(
        n_students=n_students,
        n_skills=n_standards * skills,
        n_responses_per_skill=6,
        random_state=1,
    )
    labels = school.skills.tolist()
    standards = {f"4.{k}": labels[k * skills : (k + 1) * skills] for k in range(n_standards)}
    model = BKT(random_state=0).fit(school.responses)
    tracker = MasteryTracker(model).update(school.responses)
    content = Curriculum.from_dict(school.curriculum | {"standards": standards})
    return figures_of(Sequencer(content, tracker, random_state=0), school.responses)


def district_rows() -> dict[str, list[str]]:
    """Eight schools, of which one is too small to be shown."""
    rows = even([f"School {k}" for k in range(1, 8)], ["algebra", "geometry"], ["5", "6", "7"])
    tiny = dict(zip(rows, ("few", "School 8", "algebra", "5", "nearly"), strict=True))
    few = {name: [one] * 6 for name, one in tiny.items()}
    few["student"] = [f"few {k}" for k in range(6)]
    return {name: [*column, *few[name]] for name, column in rows.items()}


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``class.html`` (35 students, 60 standards), ``district.html`` and a student's two pages."""
    folder = tmp_path_factory.mktemp("pages")
    figures = class_figures(35)
    report_class(figures, "4b").save(folder / "class.html")
    report_district(district_rows()).save(folder / "district.html")
    for name, make in (("student", report_student), ("family", report_family)):
        make(figures, figures.students[0]).save(folder / f"{name}.html")
    return folder
