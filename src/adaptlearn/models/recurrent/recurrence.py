"""The equations of the model: its logit over many students, and the exact gradient of its loss.

With a response's reading vector q and writing vector x, sums of rows of two tables that its
skills, its item and its answer select,

    logit_t = q_t · (1, u_t, f_t)        u_t = h_t / (Σ d^age + prior)
    h_{t+1} = d h_t + x_t                h_0 = 0

where f_t are the numbers of `history`, and d runs over a bank of decays, with a block of `rank`
coordinates each.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.sequential.chains import filtered
from adaptlearn.models.sequential.levels import narrow_from, rest_of_each
from adaptlearn.numerics import Floats, Ints

_MANY = 500  # levels of few students, from which on each of these is followed alone

N_WRITTEN = 3
"""Vectors that an answer writes for a skill: if wrong, if right, and by how much it surprised."""


class Bank(NamedTuple):
    """The recurrent state's shape.

    Attributes
    ----------
    decays : float array, shape (n_decays,)
    rank : int
        Coordinates per decay.
    prior : float
        Answers of no effect that every student begins with.
    """

    decays: Floats
    rank: int
    prior: float

    @property
    def width(self) -> int:
        """Coordinates in all."""
        return len(self.decays) * self.rank

    @property
    def decay(self) -> Floats:
        """Of each coordinate, shape (width,)."""
        return np.repeat(self.decays, self.rank)

    def scale(self, answers: NDArray[Any]) -> Floats:
        """``1 / (Σ d^age + prior)`` after so many answers, shape (n, n_decays)."""
        n = np.asarray(answers, np.float64)[:, None]
        forgetful = np.where(self.decays < 1, self.decays, 0.0)
        weight = np.where(self.decays < 1, (1 - forgetful**n) / (1 - forgetful), n)
        return np.asarray(1 / (weight + self.prior))

    def scaled(self, sums: NDArray[Any], scale: NDArray[Any]) -> NDArray[Any]:
        """Each decay's coordinates times its scale, shape (n, width)."""
        blocks = sums.reshape(len(sums), len(self.decays), self.rank) * scale[:, :, None]
        return np.asarray(blocks.reshape(len(sums), self.width))


class Batch(NamedTuple):
    """Responses of some students in level-major order (see `sequential.Encoded`).

    Attributes
    ----------
    bounds : int array, shape (n_levels + 1,)
    read, write : sparse arrays, shape (n, n_read_rows) and (n, n_write_rows)
        Which rows of the two tables each response sums, with what weights.
    read_rows, write_rows : sparse arrays
        Their transposes.
    scale : float array, shape (n, n_decays)
        Of `Bank.scale`.
    history : float array, shape (n, n_history)
    correct : float array, shape (n,)
    """

    bounds: Ints
    read: Any
    read_rows: Any
    write: Any
    write_rows: Any
    scale: NDArray[Any]
    history: NDArray[Any]
    correct: NDArray[Any]


class Tables(NamedTuple):
    """The model's parameters: rows that responses select and sum.

    Attributes
    ----------
    read : float array, shape (n_read_rows, 1 + width + n_history)
        Of each skill, then of each item, then of all.
    write : float array, shape (n_write_rows, width)
        Of each skill if wrong, if right, by surprise; then the same of all.
    """

    read: NDArray[Any]
    write: NDArray[Any]


def states(batch: Batch, decay: NDArray[Any], written: NDArray[Any]) -> NDArray[Any]:
    """The sums h before each answer, shape (n, width)."""
    before = np.empty_like(written)
    bounds, n_wide = batch.bounds.tolist(), _n_wide(batch.bounds)
    h = np.zeros((bounds[1] if len(bounds) > 1 else 0, written.shape[1]), written.dtype)
    for lo, hi in pairwise(bounds[: n_wide + 1]):
        here = h[: hi - lo]
        before[lo:hi] = here
        here *= decay
        here += written[lo:hi]
    for student, places in enumerate(rest_of_each(batch.bounds, n_wide)):
        found = _filtered(written[places], h[student], decay)
        before[places[0]], before[places[1:]] = h[student], found[:-1]
    return before


def states_gradient(batch: Batch, decay: NDArray[Any], of_states: NDArray[Any]) -> NDArray[Any]:
    """The gradient in what was written, from that in the sums: the same recursion, backward."""
    of_written = np.empty_like(of_states)
    bounds, n_wide = batch.bounds.tolist(), _n_wide(batch.bounds)
    g = np.zeros((bounds[1] if len(bounds) > 1 else 0, of_states.shape[1]), of_states.dtype)
    for student, places in enumerate(rest_of_each(batch.bounds, n_wide)):
        found = _filtered(of_states[places[::-1]], g[student], decay)
        of_written[places[-1]], of_written[places[-2::-1]] = g[student], found[:-1]
        g[student] = found[-1]
    for lo, hi in reversed(list(pairwise(bounds[: n_wide + 1]))):
        here = g[: hi - lo]
        of_written[lo:hi] = here
        here *= decay
        here += of_states[lo:hi]
    return of_written


def _n_wide(bounds: Ints) -> int:
    """How many levels are gone along one by one: all, unless many of them have few responses."""
    n_levels, narrow = len(bounds) - 1, narrow_from(bounds)
    return narrow if n_levels - narrow > _MANY else n_levels


def _filtered(values: NDArray[Any], before: NDArray[Any], decay: NDArray[Any]) -> NDArray[Any]:
    """One student's sums after each answer, from what the answers add."""
    found = np.empty_like(values)
    changes = np.flatnonzero(np.diff(decay)) + 1
    for lo, hi in pairwise([0, *changes.tolist(), len(decay)]):
        found[:, lo:hi] = filtered(values[:, lo:hi], before[lo:hi], decay[lo])
    return found


def logits(batch: Batch, bank: Bank, tables: Tables) -> NDArray[Any]:
    """One step ahead, shape (n,)."""
    return _forward(batch, bank, tables)[0]


def loss_and_gradient(batch: Batch, bank: Bank, tables: Tables) -> tuple[float, Tables]:
    """The summed log loss of a batch, and its derivative in every number of the tables."""
    logit, query, content = _forward(batch, bank, tables)
    loss = float(np.sum(np.logaddexp(0, logit) - batch.correct * logit))
    error = (1 / (1 + np.exp(-np.clip(logit, -60, 60))) - batch.correct)[:, None]
    # As wide as the tables: the columns of u are 1 … width.
    content *= error
    columns = slice(1, 1 + bank.width)
    of_states = bank.scaled(query[:, columns] * error, batch.scale)
    of_written = states_gradient(batch, bank.decay.astype(of_states.dtype), of_states)
    return loss, Tables(batch.read_rows @ content, batch.write_rows @ of_written)


def _forward(
    batch: Batch, bank: Bank, tables: Tables
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    query = batch.read @ tables.read
    written = batch.write @ tables.write
    content = np.empty_like(query)
    content[:, 0] = 1
    h = states(batch, bank.decay.astype(written.dtype), written)
    content[:, 1 : 1 + bank.width] = bank.scaled(h, batch.scale)
    content[:, 1 + bank.width :] = batch.history
    return np.einsum("ij,ij->i", query, content), query, content
