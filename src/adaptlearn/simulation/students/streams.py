"""Random numbers by student: what befalls a student does not depend on who is simulated beside.

A number is a hash of its seed, student, occasion (say, the fourth practice of a skill) and place.
So a student's luck at an occasion is the same under every policy, which makes comparisons of
policies sharp (common random numbers), and the same in blocks of any size.

References
----------
- G. Steele, D. Lea, C. Flood (2014). Fast splittable pseudorandom number generators. OOPSLA 2014,
  for the mixing function.
- P. L'Ecuyer (2006). Uniform random number generation. Handbooks in Operations Research and
  Management Science 13, for common random numbers.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats, Ints

Words = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_START, _CHOICE = 0, 1  # occasions that are no practice; skills come after them


class Draws(Protocol):
    """What simulators draw from: a `numpy.random.Generator`, or a student's own numbers."""

    def random(self, size: Any, /) -> Any:
        """Uniform numbers in [0, 1); students along the first axis."""
        ...


class Occasion:
    """The numbers of some students at one occasion each, one call after the other."""

    def __init__(self, base: Words) -> None:
        self._base = base
        self._drawn = 0

    def random(self, size: int | tuple[int, ...], /) -> Floats:
        """Uniform numbers in [0, 1), shape (n_students,) or (n_students, n)."""
        shape = (size,) if isinstance(size, int) else size
        n = int(np.prod(shape[1:]))
        place = np.arange(self._drawn + 1, self._drawn + 1 + n, dtype=np.uint64) * _STEP
        self._drawn += n
        base = self._base if len(shape) == 1 else self._base[:, None]
        words = _mixed(base + place)
        # The 53 bits that a float holds.
        words >>= np.uint64(11)
        return np.asarray((words * 2.0**-53).reshape(shape), np.float64)


class StudentStreams:
    """The random numbers of students.

    Parameters
    ----------
    seed : int array, shape (n_students,)
        Of each student's replicate.
    student : int array, shape (n_students,)
        Numbers that tell students of one replicate apart.

    Examples
    --------
    >>> import numpy as np
    >>> both = StudentStreams(np.array([7, 7]), np.array([0, 1])).start().random(2)
    >>> alone = StudentStreams(np.array([7]), np.array([1])).start().random(1)
    >>> bool(both[1] == alone[0])
    True
    """

    def __init__(self, seed: Ints, student: Ints) -> None:
        of_seed = _mixed(np.asarray(seed).astype(np.uint64) + _STEP)
        self._key = _mixed(of_seed + np.asarray(student).astype(np.uint64) * _STEP)

    def __len__(self) -> int:
        return len(self._key)

    def start(self) -> Occasion:
        """What students begin with."""
        return self._at(np.arange(len(self._key)), _START, 0)

    def choice(self, rows: Ints, number: Ints | int) -> Occasion:
        """A policy's choice; `number` counts the student's choices."""
        return self._at(rows, _CHOICE, number)

    def practice(self, rows: Ints, skills: Ints, number: Ints) -> Occasion:
        """The practice of a skill; `number` counts the student's answers on it."""
        return self._at(rows, skills + 2, number)

    def _at(self, rows: Ints, occasion: Ints | int, number: Ints | int) -> Occasion:
        place = np.atleast_1d((np.asarray(occasion, np.int64) << 32) + number)
        return Occasion(_mixed(self._key[rows] + place.astype(np.uint64) * _SECOND))


def _mixed(words: Words) -> Words:
    """Words so changed that every bit depends on all; in place."""
    words ^= words >> np.uint64(30)
    words *= _FIRST
    words ^= words >> np.uint64(27)
    words *= _SECOND
    words ^= words >> np.uint64(31)
    return words
