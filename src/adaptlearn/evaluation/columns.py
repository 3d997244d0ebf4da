"""Checks of columns that come as plain arrays: one sentence per problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Ints
from adaptlearn.validation import some


def shape_problems(columns: Mapping[str, NDArray[Any]]) -> list[str]:
    """Columns that are not of one dimension, and as long as the first."""
    first, whole = next(iter(columns.items()))
    if whole.ndim != 1:
        return [f"{first} must be of shape (n,), got {whole.shape}"]
    return [
        f"{name} must be of shape {whole.shape}, as {first}, got {values.shape}"
        for name, values in columns.items()
        if values.shape != whole.shape
    ]


def value_problems(wrong: Mapping[str, Bools], rows: Ints) -> list[str]:
    """What was expected, and the rows that are otherwise.

    Parameters
    ----------
    wrong : mapping of str to bool array, shape (n,)
        Where each expectation fails.
    rows : integer array, shape (n,)
        The caller's numbers of the rows.
    """
    return [
        f"{expected}: {bad.sum():,} of {len(bad):,} rows, {some(rows[bad])}"
        for expected, bad in wrong.items()
        if bad.any()
    ]


def label_problems(columns: Mapping[str, NDArray[Any]], rows: Ints) -> list[str]:
    """Labels that cannot be sorted: some are missing, or they are of several kinds."""
    problems = []
    for name, values in columns.items():
        missing, kinds = values != values, set()  # noqa: PLR0124 - nan alone differs from itself
        if values.dtype == object:
            missing = missing | np.array([value is None for value in values], bool)
            kinds = {type(value).__name__ for value in values[~missing]}
        problems += value_problems({f"{name} is missing": missing}, rows)
        if len(kinds) > 1:
            problems.append(f"{name} must be of one kind, got {', '.join(sorted(kinds))}")
    return problems
