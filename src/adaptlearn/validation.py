"""Checks of arguments: constraints as data, every problem in one message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from adaptlearn.errors import ParameterError

if TYPE_CHECKING:  # commands that only print need no NumPy
    from numpy.typing import NDArray

    from adaptlearn.numerics import Bools, Ints


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
    import numpy as np

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
