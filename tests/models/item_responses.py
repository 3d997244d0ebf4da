"""Answers to a test by students of known ability, for tests of models of items."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Planted(NamedTuple):
    log: dict[str, np.ndarray]
    ability: np.ndarray
    difficulty: np.ndarray
    discrimination: np.ndarray


def log_of(right: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of a log, from the answers of students (rows) to items."""
    student, item = np.indices(right.shape).reshape(2, -1)
    return {"student": student, "item": item, "skill": item * 0, "correct": right.ravel()}


def planted(n_students: int, n_items: int, seed: int) -> Planted:
    """A test of the 2PL."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=n_students)
    difficulty = rng.permutation(np.linspace(-1.8, 1.8, n_items))
    discrimination = rng.permutation(np.geomspace(0.6, 2.2, n_items))
    log_odds = discrimination * (ability[:, None] - difficulty)
    right = rng.random(log_odds.shape) < 1 / (1 + np.exp(-log_odds))
    return Planted(log_of(right.astype(int)), ability, difficulty, discrimination)
