"""Reviews for tests of the models of memory, and slopes by finite differences."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from adaptlearn import ResponseLog

DAY = 86400.0
START = datetime(2024, 1, 1, tzinfo=UTC)


def rated_log(n_students=12, n_items=4, n_each=40, seed=0, several=False):
    """Reviews with ratings, a few minutes to some weeks apart."""
    rng = np.random.default_rng(seed)
    n = n_students * n_each
    rating = rng.choice([1, 2, 3, 4], n, p=[0.3, 0.15, 0.4, 0.15])
    skill = [
        [int(a), int(b)] if several and a != b else [int(a)] for a, b in rng.integers(0, 3, (n, 2))
    ]
    columns = {
        "student": rng.permutation(np.repeat(np.arange(n_students), n_each)),
        "skill": skill,
        "item": rng.integers(0, n_items, n),
        "time": START.timestamp() + np.cumsum(np.round(rng.exponential(5000.0, n))),
        "correct": (rating > 1).astype(int),
        "rating": rating,
    }
    return ResponseLog.from_frame(columns, extra=["rating"])


def slope_of(function, at, step=1e-6):
    return np.array(
        [
            (function(at + step * unit) - function(at - step * unit)) / (2 * step)
            for unit in np.eye(len(at))
        ]
    )
