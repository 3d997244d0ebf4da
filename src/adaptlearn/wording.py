"""How names and numbers are put into sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adaptlearn.media import terminal_text


def quoted(name: object) -> str:
    """A name in quotation marks: titles hold colons and spaces of their own."""
    return f'"{terminal_text(name)}"'


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


def duration(minutes: float) -> str:
    """Minutes in words; from two hours on, hours.

    Examples
    --------
    >>> duration(1), duration(16.2), duration(90), duration(300), duration(150)
    ('1 minute', '16 minutes', '90 minutes', '5 hours', '2.5 hours')
    """
    if minutes < 120:
        return counted(max(1, round(minutes)), "minute")
    hours = round(minutes / 60, 1)
    return f"{hours:,.0f} hours" if hours >= 10 or hours == int(hours) else f"{hours} hours"


def named(labels: Sequence[Any], noun: str) -> str:
    """``3 skills ('a', 'b', 'c')``; of many labels the first five."""
    first = ", ".join(map(shown, labels[:5])) + (", …" if len(labels) > 5 else "")
    return f"{counted(len(labels), noun)} ({first})"


def shown(label: Any) -> str:
    """A label as Python writes it, cut where it is long."""
    text = repr(label)
    return text if len(text) <= 50 else f"{text[:48]}…{text[-1]}"
