"""BKT's five probabilities, as arrays of cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptlearn.numerics import Floats, Ints

MARGIN = 1e-6
"""How far below 1 guess + slip is held."""

FLOOR = 1e-5
"""How near 0 or 1 a free probability may come, so that no answer ever becomes impossible."""


class Parameters(NamedTuple):
    """BKT's probabilities; the last axis of each field counts its cells.

    A cell is a skill, or a class of a skill where a parameter differs by class. Without classes
    all fields have the same shape.
    """

    prior: Floats
    learn: Floats
    forget: Floats
    guess: Floats
    slip: Floats

    def take(self, cells: Cells | Ints | slice) -> Parameters:
        """The values of some cells on the last axis: the same of all fields, or each its own."""
        if isinstance(cells, Cells):
            pairs = zip(self, cells, strict=True)
            return Parameters(*(field[..., index] for field, index in pairs))
        return Parameters(*(field[..., cells] for field in self))

    def stacked(self) -> Parameters:
        """The same with a leading axis of one restart."""
        return Parameters(*(field[None] for field in self))


class Cells(NamedTuple):
    """Integers per field of `Parameters`: which cell applies where, or whose each cell is."""

    prior: Ints
    learn: Ints
    forget: Ints
    guess: Ints
    slip: Ints

    @classmethod
    def same(cls, index: Ints) -> Cells:
        """One numbering for all fields."""
        return cls(index, index, index, index, index)

    def take(self, rows: Ints | slice) -> Cells:
        """The cells of some rows; fields that are one array stay so."""
        taken: dict[int, Ints] = {}
        for field in self:
            if id(field) not in taken:
                taken[id(field)] = field[rows]
        return Cells(*(taken[id(field)] for field in self))


class Limits(NamedTuple):
    """How far each probability may go; fields of shape (n_cells,). Equal ends fix a value."""

    low: Parameters
    high: Parameters

    @classmethod
    def widest(cls, owner: Cells) -> Limits:
        """The floor and ceiling of free probabilities."""
        return cls(
            Parameters(*(np.full(len(field), FLOOR) for field in owner)),
            Parameters(*(np.full(len(field), 1 - FLOOR) for field in owner)),
        )

    def take(self, cells: Cells) -> Limits:
        """The limits of some cells."""
        return Limits(self.low.take(cells), self.high.take(cells))


def unknown_likelihood(guess: Floats) -> Floats:
    """P(wrong), P(right), P(exposure) while not known: a new last axis."""
    return _likelihood(1 - guess, guess)


def known_likelihood(slip: Floats) -> Floats:
    """P(wrong), P(right), P(exposure) while known: a new last axis."""
    return _likelihood(slip, 1 - slip)


def _likelihood(wrong: Floats, right: Floats) -> Floats:
    # An exposure says nothing about the state: its likelihood is 1 in both.
    return np.stack((wrong, right, np.ones_like(wrong)), axis=-1)
