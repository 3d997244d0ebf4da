"""Growing the trees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.boosting.trees import Trees
from adaptlearn.numerics import Floats, Ints
from adaptlearn.progress import report


class Growth(NamedTuple):
    """How trees are grown: arguments of scikit-learn's HistGradientBoostingClassifier."""

    max_iter: int
    learning_rate: float
    max_leaf_nodes: int
    min_samples_leaf: int
    l2_regularization: float
    max_features: float
    random_state: int


def grow(
    matrix: Floats,
    correct: NDArray[np.int8],
    growth: Growth,
    *,
    n_seeds: int = 1,
    n_jobs: int | None = None,
) -> Trees:
    """Boost trees for the log odds of a right answer.

    With several seeds, trees are boosted once from each, and their log odds averaged.

    Parameters
    ----------
    matrix : float array, shape (n_features, n)
        NaN is a value of its own.
    correct : int array, shape (n,)
        1 and 0.
    growth : Growth
    n_seeds : int
        ``growth.random_state`` is the first.
    n_jobs : int, optional
        Threads; by default as many as OpenMP takes.
    """
    n, right = len(correct), int(correct.sum())
    # Some releases of scikit-learn cannot take a feature that is always missing.
    told = np.array([k for k, row in enumerate(matrix) if not np.isnan(row).all()], np.int64)
    if right in (0, n) or not len(told):
        return Trees.constant(float(np.log((right + 0.5) / (n - right + 0.5))))
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    features = (matrix if len(told) == len(matrix) else matrix[told]).T
    nodes = []
    for seed in range(growth.random_state, growth.random_state + n_seeds):
        settings = growth._replace(random_state=seed % 2**32)._asdict()
        found = HistGradientBoostingClassifier(early_stopping=False, **settings)
        with threadpool_limits(limits=n_jobs, user_api="openmp"):
            found.fit(features, correct)
        # Not public, but the same in the oldest and newest release: a test in both compares what
        # is made of it with predict_proba.
        nodes += [trees[0].nodes for trees in found._predictors]  # noqa: SLF001
        report("growing trees", "seeds", seed - growth.random_state + 1, n_seeds)
        baseline = np.ravel(found._baseline_prediction)  # noqa: SLF001
    return Trees.of_nodes(float(baseline[0]), nodes, told, share=1 / n_seeds)


def grown_out_of_fold(
    matrix: Floats,
    correct: NDArray[np.int8],
    fold: Ints,
    growth: Growth,
    *,
    n_jobs: int | None = None,
) -> Floats:
    """The log odds of every row by trees that were grown on the other folds.

    Parameters
    ----------
    matrix, correct, growth, n_jobs
        As `grow` takes them.
    fold : int array, shape (n,)

    Returns
    -------
    float array, shape (n,)
    """
    found = np.empty(len(fold))
    folds = np.unique(fold)
    for done, of in enumerate(folds, 1):
        held = fold == of
        trees = grow(matrix[:, ~held], correct[~held], growth, n_jobs=n_jobs)
        found[held] = trees.predict(matrix[:, held])
        report("growing trees without a fold", "folds", done, len(folds))
    return found
