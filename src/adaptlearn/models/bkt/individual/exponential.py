"""The exponential of arrays and of single numbers, to the same bits.

What a student's answers leave must not depend on how many students are followed at once. NumPy's
exponential of an array need not be that of `math` to the last bit, and for a single number it
takes ten times as long. SciPy has one for arrays that calls the same C library as `math`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import inv_boxcox

from adaptlearn.numerics import Floats


def exponential(x: Floats, out: Floats | None = None) -> Floats:
    """``e**x`` of an array.

    Parameters
    ----------
    x : float array
    out : float array of the same shape, optional
        Takes the result; it may be `x`.
    """
    found = inv_boxcox(x, 0.0, out=out) if _of_one_library() else np.exp(x, out=out)
    return np.asarray(found, np.float64)


def of_numbers() -> Callable[[float], float]:
    """The function that finds the same of one number.

    Where the result is too large, the function raises OverflowError or returns infinity.

    Examples
    --------
    >>> exp = of_numbers()
    >>> exp(1.5) == float(exponential(np.array([1.5]))[0])
    True
    """
    return math.exp if _of_one_library() else _by_numpy


def or_infinite(x: float) -> float:
    """The same of one number; infinite where it is too large.

    Examples
    --------
    >>> or_infinite(0.0), or_infinite(1e3)
    (1.0, inf)
    """
    try:
        return of_numbers()(x)
    except OverflowError:
        return math.inf


def _by_numpy(x: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(x))


@lru_cache(maxsize=1)
def _of_one_library() -> bool:
    """Whether SciPy's exponential is that of `math`, bit for bit; neither promises it.

    Another library's differs in some percent of all numbers at the least, or in its limits.
    """
    some = np.concatenate((np.linspace(-745.0, 709.0, 4096), np.linspace(-4.0, 4.0, 4096)))
    return bool(inv_boxcox(some, 0.0).tolist() == [math.exp(x) for x in some.tolist()])
