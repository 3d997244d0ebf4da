"""Checks of arguments: constraints as data, every problem in one message."""

from __future__ import annotations

import re
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


@dataclass(frozen=True)
class Pattern:
    """Texts that a regular expression fits from end to end; a dot is any letter."""

    expression: str

    def accepts(self, value: Any) -> bool:
        """Whether the value is such a text."""
        return isinstance(value, str) and bool(re.fullmatch(self.expression, value, re.DOTALL))

    def __str__(self) -> str:
        return "a text" if self.expression in (".*", ".+") else f"a text like {self.expression}"


@dataclass(frozen=True)
class RandomSource:
    """What may be a ``random_state``: None, a seed from 0 to `high`, or one of NumPy's sources."""

    high: float = float("inf")

    def accepts(self, value: Any) -> bool:
        """Whether random numbers can be drawn from the value."""
        import numpy as np

        numpys = np.random.Generator, np.random.RandomState, np.random.BitGenerator
        return (
            value is None
            or isinstance(value, (*numpys, np.random.SeedSequence))
            or Interval(0, self.high, integer=True).accepts(value)
        )

    def __str__(self) -> str:
        seed = Interval(0, self.high, integer=True)
        return f"None, {seed}, a numpy.random.Generator or a numpy.random.RandomState"


Constraint = Interval | OneOf | Pattern | RandomSource


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


@dataclass(frozen=True)
class Numbers:
    """An array of numbers of a shape, all of them from `low` to `high`.

    `gaps`: nan may stand among them. `whole`: they are whole, and kept as integers.
    """

    shape: tuple[int, ...]
    low: float = -1e9
    high: float = 1e9
    gaps: bool = False
    whole: bool = False

    def problem(self, name: str, array: NDArray[Any]) -> str | None:
        """What is wrong with an array, or None."""
        if array.dtype.kind not in ("iub" if self.whole else "iubf"):
            kind = "whole numbers" if self.whole else "numbers"
            return f"{name} holds {array.dtype} values, expected {kind}"
        if array.dtype.kind == "f" and array.dtype.itemsize != 8:
            return f"{name} holds {array.dtype} values, expected float64"
        if array.shape != self.shape:
            return f"{name} has shape {array.shape}, expected {self.shape}"
        inside = (array >= self.low) & (array <= self.high)
        if self.gaps:
            inside |= array != array  # noqa: PLR0124 - nan alone differs from itself
        if not inside.all():
            return f"{name} holds values outside [{self.low:g}, {self.high:g}]"
        return None


def number_array(values: Any, name: str, expected: Numbers) -> NDArray[Any]:
    """Numbers as JSON holds them, lists within lists, as an array.

    Raises
    ------
    ValueError
        There is something else among them, or they are not as expected; None stands for nan.
    """
    import numpy as np

    level = [values]
    for _ in expected.shape:
        if not all(isinstance(part, list) for part in level):
            raise ValueError(f"{name} is not a list of numbers")
        level = [value for part in level for value in part]
    kinds = {int} if expected.whole else {int, float}
    if not {type(value) for value in level} - {type(None)} <= kinds:
        raise ValueError(f"{name} holds something that is no {'whole ' * expected.whole}number")
    array = np.array(values, np.float64)
    if expected.whole and np.all(array == array) and np.all(np.abs(array) < 2**53):  # noqa: PLR0124
        array = array.astype(np.int64)
    if problem := expected.problem(name, array):
        raise ValueError(problem)
    return array


def array_problems(
    arrays: Mapping[str, NDArray[Any]], expected: Mapping[str, Numbers]
) -> list[str]:
    """Arrays that are missing, not asked for, or not as expected."""
    missing = [f"{name} is missing" for name in expected if name not in arrays]
    more = [f"{name} is not a part of it" for name in arrays if name not in expected]
    told = [
        numbers.problem(name, arrays[name]) for name, numbers in expected.items() if name in arrays
    ]
    return [*missing, *more, *filter(None, told)]


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
