"""Growing the trees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.boosting.trees import Trees
from adaptlearn.numerics import Floats


class Growth(NamedTuple):
    """How trees are grown: arguments of scikit-learn's HistGradientBoostingClassifier."""

    max_iter: int
    learning_rate: float
    max_leaf_nodes: int
    min_samples_leaf: int
    l2_regularization: float
    max_features: float
    random_state: int


def grow(matrix: Floats, correct: NDArray[np.int8], growth: Growth) -> Trees:
    """Boost trees for the log odds of a right answer.

    Parameters
    ----------
    matrix : float array, shape (n_features, n)
        NaN is a value of its own.
    correct : int array, shape (n,)
        1 and 0.
    growth : Growth
    """
    n, right = len(correct), int(correct.sum())
    # Some releases of scikit-learn cannot take a feature that is always missing.
    told = np.array([k for k, row in enumerate(matrix) if not np.isnan(row).all()], np.int64)
    if right in (0, n) or not len(told):
        return Trees.constant(float(np.log((right + 0.5) / (n - right + 0.5))))
    from sklearn.ensemble import HistGradientBoostingClassifier

    found = HistGradientBoostingClassifier(early_stopping=False, **growth._asdict())
    found.fit((matrix if len(told) == len(matrix) else matrix[told]).T, correct)
    # Not public, but the same in the oldest and newest release: a test in both compares what is
    # made of it with predict_proba.
    nodes = [trees[0].nodes for trees in found._predictors]  # noqa: SLF001
    baseline = np.ravel(found._baseline_prediction)  # noqa: SLF001
    return Trees.of_nodes(float(baseline[0]), nodes, told)
