"""How much each of several predictions is worth, where answers are few."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Floats

MOST_ANSWERS = 50_000
"""With more answers than these the trees need nobody to lean on: on 56,000 of statics they hold .85
of the weight, and what the others add is .0005 of log loss."""


def weights(log_odds: Floats, correct: NDArray[np.int8]) -> Floats:
    """Shares of several predictions in one whose log loss is the least.

    The prediction is the mean of their log odds by these shares.

    Parameters
    ----------
    log_odds : float array, shape (n_models, n)
        By models that have not seen the row's student.
    correct : int array, shape (n,)
        1 and 0.

    Returns
    -------
    float array, shape (n_models,)
        Not below 0; the sum is 1.

    References
    ----------
    Wolpert (1992). Stacked generalization. Neural Networks 5. Breiman (1996). Stacked
    regressions. Machine Learning 24: why the weights are not negative.
    """
    from scipy.optimize import LinearConstraint, minimize
    from scipy.special import expit

    n_models, n = log_odds.shape

    def loss(shares: Floats) -> tuple[float, Floats]:
        odds = shares @ log_odds
        lost = float(np.mean(np.logaddexp(0, odds) - correct * odds))
        return lost, log_odds @ (expit(odds) - correct) / n

    found = minimize(
        loss,
        np.full(n_models, 1 / n_models),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * n_models,
        constraints=[LinearConstraint(np.ones((1, n_models)), 1, 1)],
    )
    # Rounded: what the solver leaves in the last digits differs by machine.
    shares = np.round(np.clip(found.x, 0, 1), 3)
    return np.asarray(shares / shares.sum())
