"""Answers of simulated students with known parameters, for tests of the estimators."""

from __future__ import annotations

import numpy as np

TRUTH = {  # prior, learn, guess, slip
    "add": (0.4, 0.2, 0.2, 0.08),
    "halve": (0.2, 0.1, 0.1, 0.15),
    "times": (0.6, 0.3, 0.3, 0.05),
}


def answers(n_students, n_rounds, seed, forget=0.0):
    """Columns of a log in chronological order: each round, every student meets each skill."""
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
