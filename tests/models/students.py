"""Answers of simulated students with known parameters, for tests of the estimators."""

from __future__ import annotations

import numpy as np

from adaptlearn.models.checks.sample import TRUTH, answers, with_items, with_times

__all__ = ["TRUTH", "answers", "log_with", "with_items", "with_times"]


def log_with(**more):
    """A log with items in which some responses have two skills."""
    columns = with_items(answers(40, 6, seed=3))
    second = np.roll(columns["skill"], 1)
    pairs = zip(columns["skill"], second, strict=True)
    columns["skill"] = [[a, b] if n % 3 == 0 and a != b else [a] for n, (a, b) in enumerate(pairs)]
    return {**columns, **more}
