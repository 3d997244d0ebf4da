"""How probable it is that enough of several skills are known: the Poisson binomial distribution.

References
----------
Y. Hong (2013). On computing the distribution function for the Poisson binomial distribution.
Computational Statistics & Data Analysis 59, 41-51.
"""

from __future__ import annotations

import numpy as np

from adaptlearn.numerics import Floats


def probability_of_enough(known: Floats, need: int) -> Floats:
    """P(at least so many skills are known), if the skills are independent of each other.

    Parameters
    ----------
    known : float array, shape (n_skills, n_students)
        P(known) of each skill.
    need : int
        From 0 to n_skills.

    Returns
    -------
    float array, shape (n_students,)

    Notes
    -----
    Skills of one student are not independent: who knows one probably knows another. If all skills
    are needed, the true probability is then mostly higher than this one.

    Examples
    --------
    >>> import numpy as np
    >>> probability_of_enough(np.array([[0.9], [0.8], [0.5]]), 2).round(2).tolist()
    [0.85]
    """
    n_skills, n_students = known.shape
    if need == n_skills:
        return np.asarray(known.prod(axis=0))
    # Column k: P(k of the skills so far are known); those who have enough are no longer followed.
    short = np.zeros((need, n_students))
    short[:1] = 1.0
    for p in known:
        lost = short * (1 - p)
        lost[1:] += short[:-1] * p
        short = lost
    return np.asarray(1.0 - short.sum(axis=0))


def least_of_enough(level: Floats, need: int) -> Floats:
    """The level that so many skills reach: the `need`-th highest, shape (n_students,).

    `level` has the shape (n_skills, n_students).
    For P(correct), which is no P(known): a skill counts when its own level is high enough.

    Examples
    --------
    >>> import numpy as np
    >>> least_of_enough(np.array([[0.9], [0.8], [0.5]]), 2).tolist()
    [0.8]
    """
    return np.asarray(np.sort(level, axis=0)[len(level) - need])
