"""Other models whose predictions are features: fitted so that none has seen what it predicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import quiet
from adaptlearn.models.base import KnowledgeTracer
from adaptlearn.numerics import Floats
from adaptlearn.progress import report
from adaptlearn.responses import ResponseLog


def unfitted(model: KnowledgeTracer) -> KnowledgeTracer:
    """A model of the same kind with the same arguments."""
    return type(model)(**model.get_params())


def log_odds(p: Floats) -> Floats:
    """Of probabilities; 0 and 1 as if a little less sure."""
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return np.log(p / (1 - p))


def out_of_fold(
    models: Sequence[KnowledgeTracer], log: ResponseLog, fold: NDArray[np.int64], n_folds: int
) -> Floats:
    """Each model's log odds of every row, fitted to the students of the other folds.

    Parameters
    ----------
    models : sequence of KnowledgeTracer
        They are left as they are.
    log : ResponseLog
    fold : int array, shape (n,)
        The fold of each row's student.
    n_folds : int

    Returns
    -------
    array, shape (n_models, n)
    """
    found = np.empty((len(models), len(log)))
    for of in range(n_folds if models else 0):
        held = np.flatnonzero(fold == of)
        if not len(held):
            continue
        rest, part = log[fold != of], log[held]
        with quiet():
            for row, model in enumerate(models):
                if rest.answered.any():
                    p = unfitted(model).fit(rest).predict_proba(part)[:, 1]
                    found[row, held] = log_odds(p)
                else:
                    found[row, held] = np.nan
        report("fitting other models", "folds", of + 1, n_folds)
    return found
