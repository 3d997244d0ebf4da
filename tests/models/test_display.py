"""What a notebook shows of models and of mastery."""

from __future__ import annotations

import numpy as np
import pytest
from tests.models.students import answers
from tests.pages import Page

from adaptlearn.models import BKT, FSRS, Elo, Mastery
from adaptlearn.models.memory import FSRS_DEFAULTS

SCRIPT = "<script>alert(1)</script>"


def bkt(skills):
    n = len(skills)
    table = {"prior": [0.3] * n, "learn": [0.2] * n, "guess": [0.2] * n, "slip": [0.12345] * n}
    return BKT.from_parameters({"skill": list(skills), **table})


def test_a_model_that_is_not_fitted_shows_its_options():
    page = Page(BKT(forgetting=True)._repr_html_())
    assert page.text.split("\n")[:2] == ["BKT(forgetting=True)", "not fitted"]
    assert "details" not in page.tags


def test_parameters_stand_in_a_folded_table():
    page = Page(bkt(["add", SCRIPT])._repr_html_())
    assert page.tags.index("summary") < page.tags.index("table")
    assert "parameters_ (2 rows)" in page.text
    assert "0.1235" in page.text
    assert SCRIPT in page.text
    assert "script" not in page.tags


def test_of_many_rows_the_first_are_shown():
    page = Page(bkt([f"skill {k:04}" for k in range(1234)])._repr_html_())
    assert "parameters_ (1,234 rows)" in page.text
    assert "skill 0019" in page.text
    assert "skill 0020" not in page.text
    assert "… and 1,214 more" in page.text


def test_numbers_without_a_table_are_facts():
    page = Page(Elo(alpha=1.0, beta=0.05).fit(answers(30, 4, seed=1))._repr_html_())
    facts = page.text.split("\n")[1]
    assert facts.startswith("3 skills · 360 answers · ")
    assert "beta_ = 0.05" in facts
    assert "fingerprint_" not in facts


def test_weights_without_names_are_numbered():
    columns = {"student": [1, 1, 1], "skill": ["add"] * 3, "correct": [1, 0, 1]}
    model = FSRS(parameters=FSRS_DEFAULTS, guess=0.2, slip=0.1)
    model.fit({**columns, "time": [0.0, 1e5, 3e5]})
    assert "parameters_ (21 rows)" in Page(model._repr_html_()).text


def mastery(n_students, n_skills, skill="skill"):
    value = np.arange(n_students * n_skills).reshape(n_students, n_skills) / 1000
    students, skills = (np.array([f"{name}{k}" for k in range(n)], object)
                        for name, n in (("s", n_students), (skill, n_skills)))  # fmt: skip
    return Mastery(students, skills, value, None, None, "latent", "after_response")


def test_mastery_prints_as_a_table():
    assert repr(mastery(2, 3)).splitlines() == [
        "P(known) after the last response: 2 students, 3 skills",
        "student  skill0  skill1  skill2",
        "s0         0.00    0.00    0.00",
        "s1         0.00    0.00    0.01",
    ]


def test_much_mastery_is_cut_in_the_middle():
    lines = str(mastery(345, 30)).splitlines()
    assert len(lines) == 13
    assert lines[1].split() == [
        "student", "skill0", "skill1", "skill2", "skill3", "…",
        "skill26", "skill27", "skill28", "skill29",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[6:9]] == ["s4", "…", "s340"]


@pytest.mark.parametrize(("n_students", "n_skills"), [(2, 2), (50, 50), (0, 3)])
def test_mastery_is_a_table_in_a_notebook(n_students, n_skills):
    page = Page(mastery(n_students, n_skills, SCRIPT)._repr_html_())
    assert page.tags[0] == "table"
    assert "script" not in page.tags
