"""What makes an answer differ from the memory: guess and slip."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Floats

NOISE = 0.45
"""The most that a fitted guess or slip can be."""

PULL = 1 / 0.3**2
"""The curvature of the penalty on each, at strength 1: they are expected about 0.3 from 0."""


class Noise(NamedTuple):
    """What makes an answer differ from the memory: P(right | forgotten), P(wrong | recalled)."""

    guess: float
    slip: float

    def chance(self, recall: Floats) -> Floats:
        """P(correct) where P(recall) is given."""
        return self.guess + (1 - self.guess - self.slip) * recall


class NoisePrior(NamedTuple):
    """Where a search for guess and slip begins, within what bounds, and what they cost.

    Attributes
    ----------
    start : float array, shape (2,)
    bounds : list of (float, float)
        Both the same for one that is given.
    """

    start: Floats
    bounds: list[tuple[float, float]]

    @classmethod
    def of(cls, guess: float | None, slip: float | None) -> NoisePrior:
        """None is what is to be fitted."""
        given = (guess, slip)
        return cls(
            np.array([0.1 if value is None else value for value in given]),
            [(0.0, NOISE) if value is None else (value, value) for value in given],
        )

    def cost(self, noise: Floats, strength: float) -> tuple[float, Floats]:
        """A quadratic penalty toward none, and its gradient."""
        pull = strength * PULL * noise
        return float(pull @ noise) / 2, pull
