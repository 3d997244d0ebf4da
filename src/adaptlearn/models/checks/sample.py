"""Answers of simulated students whose parameters are known, for models to be tried on."""

from __future__ import annotations

from typing import Any

import numpy as np

TRUTH = {  # prior, learn, guess, slip
    "add": (0.4, 0.2, 0.2, 0.08),
    "halve": (0.2, 0.1, 0.1, 0.15),
    "times": (0.6, 0.3, 0.3, 0.05),
}


Columns = dict[str, Any]


def answers(n_students: int, n_rounds: int, seed: int, forget: float = 0.0) -> Columns:
    """Columns of a log in chronological order: each round, every student meets each skill.

    Parameters
    ----------
    n_students, n_rounds, seed : int
    forget : float
        P(a known skill is lost from one round to the next).
    """
    rng = np.random.default_rng(seed)
    prior, learn, guess, slip = (np.array(column) for column in zip(*TRUTH.values(), strict=True))
    known = rng.random((n_students, len(TRUTH))) < prior
    pairs = np.arange(n_students * len(TRUTH))
    rows = []
    for _ in range(n_rounds):
        right = np.where(known, rng.random(known.shape) >= slip, rng.random(known.shape) < guess)
        order = rng.permutation(pairs)
        rows.append((order // len(TRUTH), order % len(TRUTH), right.ravel()[order]))
        gained, lost = rng.random(known.shape) < learn, rng.random(known.shape) < forget
        known = np.where(known, ~lost, gained)
    student, skill, correct = (np.concatenate(column) for column in zip(*rows, strict=True))
    return {
        "student": student,
        "skill": np.array(list(TRUTH))[skill],
        "correct": correct.astype(int),
    }


def with_items(columns: Columns) -> Columns:
    """The same answers as given to four items, each of which comes with every skill and student."""
    return {**columns, "item": np.arange(len(columns["correct"])) * 7 // 3 % 4}


def with_times(columns: Columns) -> Columns:
    """The same answers, given 40 minutes apart."""
    return {**columns, "time": np.arange(len(columns["correct"])) * 2400.0}
