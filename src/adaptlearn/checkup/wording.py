"""Numbers and labels in the sentences of findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def counted(n: int, noun: str) -> str:
    """``1 skill``, ``1,204 skills``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def share(part: float, whole: float) -> str:
    """Per cent; a little is not nothing, and nearly all is not all.

    Examples
    --------
    >>> share(1, 3), share(1, 10_000), share(9_999, 10_000), share(2, 2)
    ('33.3%', 'under 0.1%', 'over 99.9%', '100%')
    """
    ratio = part / whole if whole else 0.0
    if ratio in (0.0, 1.0):
        return f"{ratio:.0%}"
    if ratio < 0.001:
        return "under 0.1%"
    return "over 99.9%" if ratio > 0.999 else f"{ratio:.1%}"


def named(labels: Sequence[Any], noun: str) -> str:
    """``3 skills ('a', 'b', 'c')``; of many labels the first five."""
    first = ", ".join(map(shown, labels[:5])) + (", …" if len(labels) > 5 else "")
    return f"{counted(len(labels), noun)} ({first})"


def shown(label: Any) -> str:
    """A label as Python writes it, cut where it is long."""
    text = repr(label)
    return text if len(text) <= 50 else f"{text[:48]}…{text[-1]}"


def labels_at(labels: NDArray[Any], places: NDArray[Any]) -> tuple[Any, ...]:
    """Labels as plain Python values, given a mask or their places."""
    return tuple(np.asarray(labels[places]).tolist())
