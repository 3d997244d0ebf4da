"""From scores to choices: which lesson is drawn, and the probability that it was.

Scores come by candidate, those of a student one after the other; `bounds` says where each
student's begin. A chooser gives every candidate its probability; one uniform number per
student then draws.

References
----------
- W. Thompson (1933). On the likelihood that one unknown probability exceeds another in view of
  the evidence of two samples. Biometrika 25, 285-294.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.validation import Interval, check_parameters

# Sums of the same numbers in another order differ by this much, relatively.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Ragged:
    """Candidates, grouped by student. A student may have no candidates.

    Attributes
    ----------
    bounds : int array, shape (n_students + 1,)
    row : int array, shape (n,)
        The student of each candidate.
    """

    bounds: Ints
    row: Ints

    @cached_property
    def filled(self) -> Ints:
        """Which students have candidates."""
        return self.sizes.nonzero()[0]

    @cached_property
    def sizes(self) -> Ints:
        """How many candidates each student has."""
        return self.bounds[1:] - self.bounds[:-1]

    def most(self, values: NDArray[Any]) -> Floats:
        """The highest of each student's values, shape (n_students,); -inf without values."""
        starts, filled = self.bounds[:-1], self.filled
        if len(filled) == len(starts):
            return np.asarray(np.maximum.reduceat(values, starts))
        found = np.full(len(starts), -np.inf)
        if len(filled):
            found[filled] = np.maximum.reduceat(values, starts[filled])
        return found

    def total(self, values: NDArray[Any]) -> Floats:
        """The sum of each student's values, shape (n_students,)."""
        return np.bincount(self.row, values, len(self.bounds) - 1).astype(np.float64)


class Odds(NamedTuple):
    """The probabilities that a chooser computes for scored lessons.

    Attributes
    ----------
    weight : float array, shape (n,)
        The probability of each candidate, multiplied by the student's value in `whole`.
    whole : float array, shape (n_students,)
    error : float array, shape (n,), or None
        The standard error of each probability if the probabilities were sampled; None if they are
        exact.
    best : bool array, shape (n,), or None
        Which candidates have their student's best score, if the chooser has found it.
    """

    weight: Floats
    whole: Floats
    error: Floats | None = None
    best: Bools | None = None


class Chooser(Protocol):
    """Turns scores into probabilities."""

    method: ClassVar[str]

    def odds(self, value: Floats, ragged: Ragged, rng: np.random.Generator) -> Odds:
        """Compute the probability of each candidate from the scores."""
        ...

    def described(self) -> dict[str, Any]:
        """The chooser's name and settings."""
        ...


@dataclass(frozen=True)
class Greedy:
    """Choose the lesson with the best score; equal best scores are equally probable."""

    method: ClassVar[str] = "exact"

    def odds(self, value: Floats, ragged: Ragged, rng: np.random.Generator) -> Odds:  # noqa: ARG002, D102
        # Ones, not shares: their sums are exact, so that the draw can be followed by hand.
        best = is_best(value, ragged)
        tied = best.astype(np.float64)
        return Odds(tied, ragged.total(tied), best=best)

    def described(self) -> dict[str, Any]:  # noqa: D102 - the protocol's
        return {"chooser": "greedy"}


@dataclass(frozen=True)
class Softmax:
    """Choose each lesson with a probability proportional to ``exp(score / temperature)``.

    Parameters
    ----------
    temperature : float, default 0.1
    """

    temperature: float = 0.1
    method: ClassVar[str] = "exact"

    def __post_init__(self) -> None:
        _check(self, {"temperature": [Interval(0, 1e6, closed="right")]})

    def odds(self, value: Floats, ragged: Ragged, rng: np.random.Generator) -> Odds:  # noqa: ARG002, D102
        below = value - ragged.most(value)[ragged.row]
        weight = np.exp(below / self.temperature)
        return Odds(weight, ragged.total(weight))

    def described(self) -> dict[str, Any]:  # noqa: D102 - the protocol's
        return {"chooser": "softmax", **asdict(self)}


@dataclass(frozen=True)
class EpsilonGreedy:
    """Choose the best candidate, or with probability `epsilon` any candidate at random.

    Parameters
    ----------
    epsilon : float, default 0.1
    """

    epsilon: float = 0.1
    method: ClassVar[str] = "exact"

    def __post_init__(self) -> None:
        _check(self, {"epsilon": [Interval(0, 1)]})

    def odds(self, value: Floats, ragged: Ragged, rng: np.random.Generator) -> Odds:  # noqa: ARG002, D102
        tied = is_best(value, ragged).astype(np.float64)
        share = tied / ragged.total(tied)[ragged.row]
        number = ragged.sizes[ragged.row]
        weight = (1 - self.epsilon) * share + self.epsilon / number
        return Odds(weight, ragged.total(weight))

    def described(self) -> dict[str, Any]:  # noqa: D102 - the protocol's
        return {"chooser": "epsilon", **asdict(self)}


@dataclass(frozen=True)
class Thompson:
    """Draw a random score around each candidate's score, and choose the highest drawn score.

    Scores are drawn from normal distributions. There is no formula for the probability that a
    candidate has the highest drawn score, so this probability is estimated by sampling, with a
    standard error. The lesson is drawn with the estimated probabilities, so these are the exact
    propensities of the draw.

    Parameters
    ----------
    spread : float, default 0.1
        Standard deviation of the drawn scores.
    samples : int, default 1000
    """

    spread: float = 0.1
    samples: int = 1000
    method: ClassVar[str] = "monte_carlo"

    def __post_init__(self) -> None:
        _check(
            self,
            {
                "spread": [Interval(0, 1e6, closed="right")],
                "samples": [Interval(10, 10**6, integer=True)],
            },
        )

    def odds(self, value: Floats, ragged: Ragged, rng: np.random.Generator) -> Odds:  # noqa: D102
        wins = np.zeros(len(value))
        for _ in range(self.samples):
            drawn = value + self.spread * rng.standard_normal(len(value))
            wins += drawn == ragged.most(drawn)[ragged.row]
        share = wins / self.samples
        error = np.sqrt(share * (1 - share) / self.samples)
        return Odds(wins, ragged.total(wins), error)

    def described(self) -> dict[str, Any]:  # noqa: D102 - the protocol's
        return {"chooser": "thompson", **asdict(self)}


def _check(chooser: Any, constraints: Any) -> None:
    check_parameters(type(chooser).__name__, asdict(chooser), constraints)


def is_best(value: Floats, ragged: Ragged) -> Bools:
    """Which candidates have their student's best score, up to rounding."""
    best = ragged.most(value)
    floor = best - _ROUNDING * np.maximum(1.0, abs(best))
    return np.asarray(value >= floor[ragged.row])


def draw_one(odds: Odds, ragged: Ragged, draw: Floats) -> Ints:
    """The candidate each student's uniform number draws; -1 for students without.

    Candidates stand in their order; the first whose cumulative weight exceeds
    ``draw * whole`` wins.

    Parameters
    ----------
    odds : Odds
    ragged : Ragged
    draw : float array, shape (n_students,)
        Uniform in [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> ragged = Ragged(np.array([0, 3]), np.zeros(3, int))
    >>> odds = Greedy().odds(np.array([0.7, 0.2, 0.7]), ragged, np.random.default_rng(0))
    >>> draw_one(odds, ragged, np.array([0.6])).tolist()
    [2]
    """
    chosen = np.full(len(draw), -1)
    filled = ragged.filled
    if not len(filled):
        return chosen
    starts = ragged.bounds[:-1][filled]
    running = odds.weight.cumsum()
    before = running[starts] - odds.weight[starts]
    within = running - before.repeat(ragged.sizes[filled])
    target = (draw * odds.whole)[ragged.row]
    place = np.arange(len(within))
    # Rounding must not carry the draw past the last candidate that can win.
    possible = odds.weight > 0
    last = np.maximum.reduceat(np.where(possible, place, -1), starts)
    ahead = np.where(possible & (within > target), place, len(place))
    chosen[filled] = np.minimum(np.minimum.reduceat(ahead, starts), last)
    return chosen


def runners_up(value: Floats, ragged: Ragged, taken: Bools, n: int) -> Bools:
    """Mark the `n` best candidates of each student that are not taken."""
    marked = np.zeros(len(value), bool)
    left = np.where(taken, -np.inf, value)
    filled = ragged.filled
    starts = ragged.bounds[:-1][filled]
    place = np.arange(len(value))
    for _ in range(n if len(filled) else 0):
        best = ragged.most(left)
        at = np.where(left == best[ragged.row], place, len(place))
        first = np.minimum.reduceat(at, starts)[best[filled] > -np.inf]
        if not len(first):
            break
        marked[first], left[first] = True, -np.inf
    return marked


CHOOSERS: dict[str, type[Any]] = {
    "greedy": Greedy,
    "softmax": Softmax,
    "epsilon": EpsilonGreedy,
    "thompson": Thompson,
}
