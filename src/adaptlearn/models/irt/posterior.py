"""What answers say of a student's ability, on a grid of abilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from adaptlearn.models.irt.mml import Grid, Items
from adaptlearn.numerics import Floats

_TABLED = 1 << 12  # answers whose items are tabled together
_AT_ONCE = 1 << 8  # answers whose posteriors are held together


def posterior(log_likelihood: Floats, grid: Grid) -> Floats:
    """Weights of the points, shape (n, n_points); each row sums to 1."""
    joint = log_likelihood + grid.log_prior
    joint -= joint.max(axis=1, keepdims=True)
    weight: Floats = np.exp(joint, out=joint)
    weight /= weight.sum(axis=1, keepdims=True)
    return weight


def expected(log_likelihood: Floats, chance: Floats, grid: Grid) -> Floats:
    """The mean over the posterior of what is given at each point, shape (n,)."""
    weight = posterior(log_likelihood, grid)
    weight *= chance
    return np.asarray(weight.sum(axis=1))


def said(items: Items, correct: NDArray[np.int8], grid: Grid) -> Floats:
    """What each answer adds to the log-likelihood of every ability, shape (n, n_points)."""
    logits = items.logits(grid.points)
    right, answered = (correct == 1)[:, None], (correct >= 0)[:, None]
    return np.where(answered, right * logits - np.logaddexp(0, logits), 0)


def follow(
    items: Items, correct: NDArray[np.int8], memory: Floats, grid: Grid, *, look: bool
) -> Floats | None:
    """Take in one student's answers, and with `look` say what was expected of each.

    Log-likelihoods are sums, in order: those before all answers are known at once. What comes
    out is the same as answer by answer, to the last bit.

    Parameters
    ----------
    items : Items
        That of each answer.
    correct : int8 array, shape (n,)
        1, 0, and -1 for an exposure.
    memory : float array, shape (n_points,)
        The log-likelihood of the answers so far. Changes in place.
    grid : Grid
    look : bool
    """
    found = np.empty(len(correct))
    for lo in range(0, len(correct), _TABLED):
        part = slice(lo, lo + _TABLED)
        own, at = _distinct(Items(*(field[part] for field in items)))
        logits = own.logits(grid.points)
        wrong = -np.logaddexp(0, logits)
        table = np.concatenate((wrong, logits + wrong, np.zeros((1, len(memory)))))
        chance = expit(logits)
        kind = correct[part]
        row = np.where(kind < 0, 2 * len(wrong), at + len(wrong) * (kind == 1))
        for begin in range(0, len(row), _AT_ONCE):
            here = slice(begin, begin + _AT_ONCE)
            sums = np.concatenate((memory[None], table[row[here]]))
            np.add.accumulate(sums, axis=0, out=sums)
            memory[:] = sums[-1]
            if look:
                found[part][here] = expected(sums[:-1], chance[at[here]], grid)
    return found if look else None


def _distinct(items: Items) -> tuple[Items, NDArray[Any]]:
    """The items that differ, and the place of each among them."""
    both = items.log_slope + 1j * items.difficulty
    values, places = np.unique(both, return_inverse=True)
    return Items(values.real.copy(), values.imag.copy()), places
