"""How many lessons a skill still takes until it counts as mastered: mean and variance.

A student either knows a skill or does not, answers as Bayesian knowledge tracing says, and the
belief P(known) follows the answers. The number of lessons until the belief reaches the threshold is
the time to absorption of a Markov chain over beliefs.

References
----------
- A. Corbett, J. Anderson (1995). Knowledge tracing: modeling the acquisition of procedural
  knowledge. User Modeling and User-Adapted Interaction 4, 253-278.
- J. Kemeny, J. Snell (1960). Finite Markov chains. Van Nostrand (times to absorption).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logit

from adaptlearn.numerics import Floats
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.stopping import GRID, Rates, lesson_table

USUAL_THRESHOLD, USUAL_LEARN = 0.95, 0.15
"""Where the policy has no threshold, and where the model has no P(learn)."""

_TOGETHER = 32  # skills whose tables are held at once
_NEVER = 1e5  # lessons from which a threshold counts as out of reach


class LessonsLeft(NamedTuple):
    """How many lessons each skill still takes; both of shape (n_students, n_skills).

    Attributes
    ----------
    mean, variance : float arrays
        0 for a skill that counts as mastered; inf if practice never reaches the threshold.
    """

    mean: Floats
    variance: Floats


def lessons_left(context: Context, *, n_items: int = 5) -> LessonsLeft:
    """How many lessons each student still needs until each skill counts as mastered.

    If the model has P(learn), P(forget), P(guess) and P(slip) of a skill, the numbers are those of
    Bayesian knowledge tracing. The student does whole lessons. For other skills, the number of
    answers is a geometric number with P(learn), and then as many right answers as lift the belief
    to the threshold (see `right_answers`).

    Parameters
    ----------
    context : Context
        With `mastered`.
    n_items : int, default 5
        Answers in a lesson.

    Examples
    --------
    >>> from adaptlearn import Curriculum
    >>> school = Curriculum.from_dict({"skills": ["add", "draw"]})
    >>> known = np.array([[0.3, 0.99]])
    >>> rates = {"learn": 0.2, "forget": 0.0, "guess": 0.2, "slip": 0.1}
    >>> context = Context(
    ...     school, np.array(["ann"]), known, "latent", mastered=known >= 0.95, threshold=0.95,
    ...     rates={name: np.full(2, rate) for name, rate in rates.items()},
    ... )
    >>> found = lessons_left(context, n_items=1)
    >>> found.mean.round(1).tolist(), found.variance.round(1).tolist()
    ([[6.5, 0.0]], [[17.9, 0.0]])
    """
    assert context.mastered is not None
    shape = context.mastery.shape
    needed = np.broadcast_to(
        USUAL_THRESHOLD if context.threshold is None else context.threshold, shape
    )
    mean, variance = _by_geometric(context, needed, n_items)
    modelled = _rates_of(context)
    if modelled is not None and context.kind == "latent":
        rates, skills = modelled
        kinds, kind = np.unique(needed[:, skills], axis=0, return_inverse=True)
        for number, thresholds in enumerate(kinds):
            rows = np.flatnonzero(kind.ravel() == number)
            found = _by_chain(rates, thresholds, n_items, context.mastery[np.ix_(rows, skills)])
            mean[np.ix_(rows, skills)], variance[np.ix_(rows, skills)] = found
    never = ~(mean < _NEVER)
    mean[never] = variance[never] = np.inf
    mean[context.mastered] = variance[context.mastered] = 0.0
    return LessonsLeft(mean, variance)


def right_answers(known: Floats, threshold: Floats | float) -> Floats:
    """Right answers that lift a belief to a threshold, with a guess of .2 and a slip of .1."""
    start, end = (logit(np.clip(p, 0.5, 1 - 1e-9)) for p in (known, threshold))
    return np.asarray(np.ceil(np.maximum(end - start, 0.0) / np.log(0.9 / 0.2)))


def _by_geometric(context: Context, needed: Floats, n_items: int) -> tuple[Floats, Floats]:
    """Mean and variance without the rates of a model, shape (n_students, n_skills)."""
    given = USUAL_LEARN if context.learn is None else context.learn
    learn = np.clip(np.nan_to_num(given, nan=USUAL_LEARN), 1e-6, 1.0)
    unknown = 1 - context.mastery
    answers = right_answers(context.mastery, needed) + unknown / learn
    spread = unknown * (2 - learn) / learn**2 - (unknown / learn) ** 2
    # The lesson in which the skill is mastered is done to its end: half a lesson on average.
    left = np.maximum(answers / n_items + 0.5 * (n_items > 1), 1.0)
    return left, np.maximum(spread, 0.0) / n_items**2 + np.zeros(left.shape)


def _rates_of(context: Context) -> tuple[Rates, np.ndarray] | None:
    """The rates of the skills that have all of them, and which skills these are."""
    if context.rates is None:
        return None
    table = np.stack([np.asarray(context.rates[name], float) for name in Rates._fields])
    skills = np.flatnonzero(~np.isnan(table).any(axis=0))
    if not len(skills):
        return None
    table = table[:, skills]
    table[0] = np.maximum(table[0], 1e-6)
    return Rates(*table), skills


def _by_chain(
    rates: Rates, thresholds: Floats, n_items: int, belief: Floats
) -> tuple[Floats, Floats]:
    """Mean and variance along the chain of beliefs, at beliefs of shape (n_students, n_skills)."""
    mean, variance = np.empty(belief.shape), np.empty(belief.shape)
    for start in range(0, len(thresholds), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        table = lesson_table(Rates(*(rate[part] for rate in rates)), n_items)
        below = thresholds[part, None] > GRID
        inner = np.eye(len(GRID)) - table * (below[:, :, None] & below[:, None, :])
        first = np.linalg.solve(inner, below[:, :, None].astype(float))
        second = np.linalg.solve(inner, 2 * first - below[:, :, None])  # E T² of a whole number
        for place in range(len(table)):
            of_grid, squares = first[place, :, 0], second[place, :, 0]
            at = belief[:, start + place]
            mean[:, start + place] = np.interp(at, GRID, of_grid)
            variance[:, start + place] = np.interp(at, GRID, squares - of_grid**2)
    # A belief next to its threshold lies between a point that takes a lesson and one that does not.
    return np.maximum(mean, 1.0), np.maximum(variance, 0.0)
