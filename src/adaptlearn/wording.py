"""How names and numbers are put into sentences."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(name: object) -> str:
    """A name in quotation marks: titles hold colons and spaces of their own."""
    return f'"{name}"'


def listed(parts: Iterable[str]) -> str:
    """``a, b and c``; nothing of nothing."""
    *most, last = [*parts] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def level(mastery: float, threshold: float | None) -> str:
    """Mastery to two decimals, or as many as tell it from the threshold.

    Examples
    --------
    >>> level(0.9, 0.95), level(0.9496, 0.95)
    ('0.90', '0.9496')
    """
    for digits in range(2, 17):
        text = f"{mastery:.{digits}f}"
        if threshold is None or (float(text) < threshold) == (mastery < threshold):
            return text
    return repr(mastery)
