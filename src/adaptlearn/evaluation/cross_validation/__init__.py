"""Honest splits, and models compared on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.evaluation.cross_validation.comparison import CrossValidation as CrossValidation
    from adaptlearn.evaluation.cross_validation.comparison import (
        PairedDifferences as PairedDifferences,
    )
    from adaptlearn.evaluation.cross_validation.comparison import plot_comparison as plot_comparison

_HOMES = {
    "CrossValidation": "comparison",
    "PairedDifferences": "comparison",
    "plot_comparison": "comparison",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
