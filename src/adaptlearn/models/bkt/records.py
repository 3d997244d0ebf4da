"""What a state keeps besides beliefs: of each pair's last response, and of each student."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats, Ints


class LastResponses(NamedTuple):
    """Of each touched pair's last response, what the next transition's class depends on.

    Attributes
    ----------
    time : float array
    learn, forget : int arrays
        Codes of what it may have taught, as the model's classes number them; -1 for unseen.
    """

    time: Floats
    learn: NDArray[np.int64]
    forget: NDArray[np.int64]

    @classmethod
    def new(cls, n_pairs: int) -> LastResponses:
        """Pairs of which nothing is known."""
        return cls(np.zeros(n_pairs), np.full(n_pairs, -1), np.full(n_pairs, -1))

    def take(self, slots: Any) -> LastResponses:
        """Those of some pairs."""
        return LastResponses(self.time[slots], self.learn[slots], self.forget[slots])

    def grown(self, n_pairs: int) -> LastResponses:
        """The same with room for more pairs."""
        more = LastResponses.new(n_pairs - len(self.time))
        return LastResponses(
            np.concatenate((self.time, more.time)),
            np.concatenate((self.learn, more.learn)),
            np.concatenate((self.forget, more.forget)),
        )


class StudentVectors(NamedTuple):
    """What is known of students apart from their skills, each of shape (n_students,).

    Attributes
    ----------
    ability : float array
        theta.
    residual : float array
        r.
    answers : int array
        n; exposures do not count.
    """

    ability: Floats
    residual: Floats
    answers: NDArray[np.int64]

    @classmethod
    def new(cls, n_students: int) -> StudentVectors:
        """Students who have not answered yet."""
        return cls(np.zeros(n_students), np.zeros(n_students), np.zeros(n_students, np.int64))

    def take(self, students: Ints) -> StudentVectors:
        """Those of some students."""
        return StudentVectors(
            self.ability[students], self.residual[students], self.answers[students]
        )
