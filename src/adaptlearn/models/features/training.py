"""Features of a training log, in which nothing of a row rests on its own fold of students."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.features.difficulty import Rates, count_rates
from adaptlearn.models.features.encodings import Encoding, SituationRates, count_situations
from adaptlearn.models.features.plan import FEW, MANY_LEVELS, Plan
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import Memory, narrow_from, scan
from adaptlearn.numerics import Floats, Ints


class Training(NamedTuple):
    """The features and rates that a pass through a training log computes.

    Attributes
    ----------
    matrix : float array, shape (n_features, n)
        Features of each response, in the order of the encoded log.
    rates : Rates
        Rates over all training students, for predictions.
    tables : dict of str to SituationRates
        For each encoding, the rates of its situations over all training students.
    """

    matrix: Floats
    rates: Rates
    tables: dict[str, SituationRates]


def training_features(
    plan: Plan,
    encoded: Encoded,
    fold: NDArray[np.int64],
    *,
    n_folds: int,
    n_skills: int,
    n_items: int,
) -> Training:
    """The features of a training log; the rates in a row leave out the fold of the row's student.

    Parameters
    ----------
    plan : Plan
    encoded : Encoded
    fold : int array, shape (n,)
        The fold of each response's student, in the order of `encoded`.
    n_folds, n_skills, n_items : int
    """
    rates = count_rates(encoded, fold, n_folds, n_skills, n_items)
    memory = Memory(
        np.zeros((len(encoded.students), plan.widths.student)),
        np.zeros((len(encoded.pairs), plan.widths.pair)),
        np.zeros((len(encoded.item_pairs), plan.widths.item)),
    )
    n_levels, n_wide = len(encoded.bounds) - 1, narrow_from(encoded.bounds, FEW)
    n_wide = n_wide if n_levels - n_wide >= MANY_LEVELS else n_levels
    folds = fold[:, None].astype(np.float64)
    read = scan(
        encoded,
        memory,
        extra=folds,
        look=lambda level, memory: plan.look(level, memory, rates),
        learn=lambda level, memory: plan.learn(level, memory, rates),
        width=plan.n_read,
        by_entry=True,
        n_levels=n_wide,
    )
    if n_wide < n_levels:
        rest = encoded.after(n_wide)
        read[-len(rest.skill) :] = plan.follow(rest, memory, rates, folds[-len(rest.rows) :])
    tables = {}
    of_entries, correct = encoded.entries_of(fold), encoded.entries_of(encoded.correct)

    def rate_of(encoding: Encoding, keys: NDArray[np.int64], prior: Floats) -> Floats:
        counted = count_situations(keys, correct, of_entries, n_folds)
        tables[encoding.name] = counted.whole
        return (counted.right + encoding.weight * prior) / (counted.answers + encoding.weight)

    matrix = plan.matrix(read, rate_of)
    return Training(mean_by_response(matrix, encoded.starts), rates.whole, tables)


def mean_by_response(matrix: Floats, starts: Ints | None) -> Floats:
    """Features by entry, averaged over the skills of each response.

    Parameters
    ----------
    matrix : float array, shape (n_features, n_entries)
    starts : int array, shape (n + 1,), or None
        Where each response's entries begin.
    """
    if starts is None:
        return matrix
    sizes = np.diff(starts)
    return np.add.reduceat(matrix, starts[:-1], axis=1) / sizes
