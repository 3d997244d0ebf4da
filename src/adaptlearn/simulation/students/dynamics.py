"""How a simulated student answers and learns: one step, for many students at once.

A skill is known or not. The answer depends on that alone; after it, the student may learn
the skill or forget it (Corbett & Anderson 1995). The functions are pure but for the generator
they draw from, and broadcast: students along the first axis, or any other shape.

References
----------
Corbett & Anderson (1995), Knowledge tracing: modeling the acquisition of procedural knowledge.
User Modeling and User-Adapted Interaction 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.numerics import Bools, Floats, Ints


def probability_correct(known: ArrayLike, guess: ArrayLike, slip: ArrayLike) -> Floats:
    """P(correct answer): ``1 - slip`` if the student knows the skill, ``guess`` if not.

    Parameters
    ----------
    known : bool array
        Whether each student knows the skill (the hidden state).
    guess, slip : float arrays
        Probabilities, broadcast with `known`.

    Examples
    --------
    >>> probability_correct([True, False], guess=.2, slip=.1).tolist()
    [0.9, 0.2]
    """
    return np.where(
        np.asarray(known, bool),
        1 - np.asarray(slip, np.float64),
        np.asarray(guess, np.float64),
    )


def answer(known: ArrayLike, guess: ArrayLike, slip: ArrayLike, rng: np.random.Generator) -> Bools:
    """Draw whether each answer is correct.

    Parameters
    ----------
    known, guess, slip
        As in `probability_correct`.
    rng : numpy.random.Generator

    Returns
    -------
    bool array, of the broadcast shape

    Examples
    --------
    >>> import numpy as np
    >>> answer([True, False], guess=0, slip=0, rng=np.random.default_rng(0)).tolist()
    [True, False]
    """
    p = probability_correct(known, guess, slip)
    drawn: Bools = rng.random(p.shape) < p
    return drawn


def learn(
    known: ArrayLike,
    learn: ArrayLike,
    forget: ArrayLike,
    rng: np.random.Generator,
    *,
    ready: ArrayLike = True,
) -> Bools:
    """Draw whether each student knows the skill after a practice opportunity.

    Parameters
    ----------
    known : bool array
        Whether each student knew the skill before the practice opportunity.
    learn, forget : float arrays
        P(an unknown skill becomes known) and P(a known skill becomes unknown), broadcast with
        `known`.
    rng : numpy.random.Generator
    ready : bool array, default True
        Which students can learn; see the function `ready`.

    Returns
    -------
    bool array, of the broadcast shape

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> learn([False, False, True], learn=1, forget=0, rng=rng, ready=[True, False, True]).tolist()
    [True, False, True]
    """
    stays = 1 - np.asarray(forget, np.float64)
    rises = np.where(ready, np.asarray(learn, np.float64), 0.0)
    p = np.where(np.asarray(known, bool), stays, rises)
    drawn: Bools = rng.random(p.shape) < p
    return drawn


def ready(known: Bools, skill: Ints, prerequisites: Bools) -> Bools:
    """For each student, whether the student knows every direct prerequisite of the practised skill.

    Parameters
    ----------
    known : bool array, shape (n_students, n_skills)
    skill : integer array, shape (n_students,)
        The skill each student practises.
    prerequisites : bool array, shape (n_skills, n_skills)
        Row k marks the direct prerequisites of skill k.

    Returns
    -------
    bool array, shape (n_students,)

    Examples
    --------
    >>> import numpy as np
    >>> before = np.array([[False, False], [True, False]])  # skill 0 comes before skill 1
    >>> known = np.array([[True, False], [False, False]])
    >>> ready(known, np.array([1, 1]), before).tolist()
    [True, False]
    """
    met: Bools = np.all(~prerequisites[skill] | known, axis=1)
    return met
