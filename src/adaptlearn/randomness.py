"""What a ``random_state`` stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.validation import RandomSource, check_parameters

Randomness = int | np.integer[Any] | np.random.Generator | np.random.RandomState | None
"""A ``random_state``, as `generator_of` takes it."""


def generator_of(random_state: Randomness) -> np.random.Generator:
    """What draws, from what may be given as a ``random_state``.

    Parameters
    ----------
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        An int draws the same in every call. A generator goes on from where it stands, and so does
        a ``RandomState``: it gives a seed. None draws something else in every call.

    Raises
    ------
    ParameterError
        It is something else.

    Examples
    --------
    >>> generator_of(3).integers(100, size=2).tolist()
    [81, 8]
    """
    given = {"random_state": random_state}
    check_parameters("random_state", given, {"random_state": [RandomSource()]})
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(1 << 32, size=4, dtype=np.uint32))
    return np.random.default_rng(random_state)


def seed_of(random_state: Randomness) -> int:
    """A seed that repeats what is drawn: an int is one; from everything else, one is drawn."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(generator_of(random_state).integers(1 << 32))
