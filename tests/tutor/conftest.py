"""A small school for tutors: a model, a curriculum, and answers."""

from __future__ import annotations

import pytest

from adaptlearn import Curriculum
from adaptlearn.models import BKT
from adaptlearn.storage import MemoryStore, PostgresStore, SQLiteStore
from adaptlearn.tutor import Store

SKILLS = ["add", "subtract", "multiply", "divide"]


def a_model(learn=0.2):
    n = len(SKILLS)
    return BKT.from_parameters({
        "skill": SKILLS, "prior": [0.3] * n, "learn": [learn] * n, "guess": [0.2] * n,
        "slip": [0.1] * n,
    })  # fmt: skip


def a_curriculum():
    return Curriculum.from_dict({
        "prerequisites": [["add", "multiply"], ["subtract", "divide"], ["multiply", "divide"]],
        "lessons": {f"{skill} {k}": [skill] for skill in SKILLS for k in (1, 2)},
        "items": {f"{skill} #{k}": [skill] for skill in SKILLS for k in range(4)},
    })  # fmt: skip


@pytest.fixture(scope="session")
def model():
    return a_model()


@pytest.fixture(scope="session")
def curriculum():
    return a_curriculum()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request, tmp_path):
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "sqlite":
        made = SQLiteStore(tmp_path / "school.db")
    else:
        made = PostgresStore(request.getfixturevalue("postgres").new())
    yield made
    made.close()
