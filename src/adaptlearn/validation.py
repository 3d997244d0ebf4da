"""Checks of arguments: constraints as data, every problem in one message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from adaptlearn.errors import ParameterError


@dataclass(frozen=True)
class Interval:
    """Numbers from `low` to `high`; the ends belong to it as `closed` says."""

    low: float
    high: float
    closed: str = "both"
    integer: bool = False

    def accepts(self, value: Any) -> bool:
        """Whether the value lies in the interval and is of the right kind."""
        if isinstance(value, bool) or not isinstance(value, Integral if self.integer else Real):
            return False
        number: Any = value  # compared as it is: a float would not hold every integer
        above = number >= self.low if self.closed in ("both", "left") else number > self.low
        below = number <= self.high if self.closed in ("both", "right") else number < self.high
        return bool(above and below)

    def __str__(self) -> str:
        left = "[" if self.closed in ("both", "left") else "("
        right = "]" if self.closed in ("both", "right") else ")"
        kind = "an integer" if self.integer else "a number"
        return f"{kind} in {left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True)
class OneOf:
    """One of a few values."""

    values: tuple[Any, ...]

    def accepts(self, value: Any) -> bool:
        """Whether the value is one of them; ``1`` is not ``True``."""
        if type(value).__module__ == "numpy" and hasattr(value, "item"):
            value = value.item()
        return any(
            value is allowed or (type(value) is type(allowed) and value == allowed)
            for allowed in self.values
        )

    def __str__(self) -> str:
        return "one of " + ", ".join(repr(value) for value in self.values)


Constraint = Interval | OneOf


def check_parameters(
    subject: str,
    values: Mapping[str, Any],
    constraints: Mapping[str, Sequence[Constraint]],
    others: Sequence[str] = (),
) -> None:
    """Raise one `ParameterError` that lists every value outside its constraints, and `others`."""
    problems = [
        f"{name} must be {' or '.join(map(str, allowed))}, got {values[name]!r}"
        for name, allowed in constraints.items()
        if not any(constraint.accepts(values[name]) for constraint in allowed)
    ]
    if problems or others:
        raise ParameterError(subject, [*problems, *others])


def some(values: Iterable[Any], limit: int = 5) -> str:
    """The first few of many, for a message: ``'a', 'b', … (7 in all)``."""
    items = [getattr(value, "item", lambda value=value: value)() for value in values]
    text = ", ".join(repr(item) for item in items[:limit])
    return text if len(items) <= limit else f"{text}, … ({len(items)} in all)"
