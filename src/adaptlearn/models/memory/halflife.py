"""Half-life regression as a knowledge-tracing model."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.memory.answers import SURE, Answers, Loss, mean_log_loss, score
from adaptlearn.models.memory.equations import AGAIN
from adaptlearn.models.memory.noise import Noise, NoisePrior
from adaptlearn.models.memory.reviews import DAY, CardKind, Reviews
from adaptlearn.models.memory.search import search
from adaptlearn.models.memory.tracer import COMMON, MemoryTracer
from adaptlearn.models.sequential.chains import Chains, summed
from adaptlearn.numerics import Floats, Ints, dot
from adaptlearn.serialization import Arrays
from adaptlearn.validation import Interval, Numbers, OneOf

_LN2 = float(np.log(2))
_OCTAVES = 100.0  # 2 to this power is neither 0 nor infinite


def features(right: Floats, wrong: Floats) -> Floats:
    """What log half-lives are linear in: 1, and the roots of one more than the counts.

    Parameters
    ----------
    right, wrong : float arrays, shape (n,)
        Earlier answers on the card.

    Returns
    -------
    float array, shape (n, 3)
    """
    return np.stack((np.ones(len(right)), np.sqrt(1 + right), np.sqrt(1 + wrong)), axis=1)


def recall_after(days: Floats, half_life: Floats) -> Floats:
    """P(recall) after some days: it halves with every half-life."""
    return np.asarray(2.0 ** (-days / half_life))


def counts_of(reviews: Reviews) -> tuple[Floats, Floats]:
    """Right and wrong answers on the card before each review, shape (n,) each."""
    recalled = reviews.rating > AGAIN
    sizes = np.diff(reviews.bounds)
    card = np.arange(len(recalled)) - np.repeat(reviews.bounds[:-1], sizes)
    chains = Chains.of(card, reviews.n_first, np.ones(len(recalled), bool))
    right, wrong = (
        summed(np.zeros(reviews.n_first), chains, counted.astype(np.float64))
        for counted in (recalled, ~recalled)
    )
    return right, wrong


class Regression(NamedTuple):
    """What a half-life is estimated from, and how estimates are judged.

    Attributes
    ----------
    features : float array, shape (n, 3)
    code : int array, shape (n,)
        The item or skill of each review.
    days : float array, shape (n,)
    answers : Answers
    bounds : (float, float)
        Of half-lives, in days.
    loss : {"log", "squared"}
    half_life_weight, penalty : float
        Of the two further terms.
    """

    features: Floats
    code: Ints
    days: Floats
    answers: Answers
    bounds: tuple[float, float]
    loss: Loss
    half_life_weight: float
    penalty: float

    def half_lives(self, weights: Floats) -> Floats:
        """Of each review, in days; weights are of the features, then of the items."""
        return half_life(self.features, self.code, weights[:3], weights[3:], self.bounds)

    def objective(self, weights: Floats, noise: Floats) -> tuple[float, Floats, Floats]:
        """The penalised loss, and its gradients by weights and by noise."""
        lives = self.half_lives(weights)
        recall = recall_after(self.days, lives)
        found = score(self.answers, recall, Noise(*noise), self.loss)
        free = (lives > self.bounds[0]) & (lives < self.bounds[1])
        slope = found.by_recall * recall * _LN2**2 * self.days / lives
        total = found.loss
        if self.half_life_weight:
            distance = self._distance(lives)
            total += self.half_life_weight * dot(distance, distance)
            slope = slope + 2 * self.half_life_weight * distance * _LN2 * lives
        slope = slope * free
        # The intercept is free: what all cards have in common is no deviation.
        drawn = np.append(0, weights[1:])
        total += self.penalty * dot(drawn, drawn)
        by_item = np.bincount(self.code, weights=slope, minlength=len(weights) - 3)
        gradient = (
            np.append(np.einsum("ij,i->j", self.features, slope), by_item)
            + 2 * self.penalty * drawn
        )
        return total, np.asarray(gradient, np.float64), found.by_noise

    def _distance(self, lives: Floats) -> Floats:
        """From the half-life at which the answer would have been certain, or all but."""
        at = self.answers.review
        sure = np.clip(self.answers.correct[self.answers.answer], SURE, 1 - SURE)
        distance = np.zeros(len(lives))
        distance[at] = lives[at] - np.clip(-self.days[at] / np.log2(sure), *self.bounds)
        return distance


def half_life(
    columns: Floats, code: Ints, weights: Floats, bias: Floats, bounds: tuple[float, float]
) -> Floats:
    """Half-lives in days, shape (n,); a code beyond `bias` has none.

    Parameters
    ----------
    columns : float array, shape (n, 3)
        `features`.
    code : int array, shape (n,)
    weights : float array, shape (3,)
    bias : float array, shape (n_codes,)
    bounds : (float, float)
    """
    known = (code >= 0) & (code < len(bias))
    of_code = np.append(bias, 0)[np.where(known, code, -1)]
    # A sum of products: a matrix product's last bit depends on how many rows there are.
    octaves = np.clip((columns * weights).sum(axis=1) + of_code, -_OCTAVES, _OCTAVES)
    return np.asarray(np.clip(2.0**octaves, *bounds))


class HalfLifeRegression(MemoryTracer):
    """Half-life regression: P(recall) of a card halves in a time that depends on practice.

    t days after the last answer on a card, with r earlier right and w earlier wrong answers,

        P(recall) = 2^(-t / h),  h = 2^(θ + θ_r √(1 + r) + θ_w √(1 + w) + θ_card)

    The probability of a right answer is P(correct) = guess + (1 - guess - slip) P(recall).

    Parameters
    ----------
    card : {"item", "skill"} or None
        What a card is: an item or a skill that a student remembers. With ``card=None``, cards are
        items if the training log has items; otherwise cards are skills.
    guess, slip : float, optional
        `guess` is P(right answer | not recalled), and `slip` is P(wrong answer | recalled). If
        `guess` or `slip` is None, the fit estimates this parameter, from 0 to 0.45. If `guess` and
        `slip` are 0, P(correct) is P(recall).
    loss : {"log", "squared"}
        Which loss the fit minimises for each answer.
    half_life_weight : float
        The weight of the half-lives in the loss (alpha in the paper). Each answer has its own
        half-life: the half-life at which the answer would have been almost certain. The fit adds
        `half_life_weight` times the squared distance between h (in days) and the answer's own
        half-life to the loss.
    min_half_life, max_half_life : float
        The bounds of the half-life h, in seconds; by default a minute and nine months.
    penalty : float
        The penalty on the square of each weight except the intercept (lambda in the paper). The
        penalty on the squares of guess and slip, in units of 0.3, is half as strong as the penalty
        on the weights.
    max_iter : int
        The largest number of steps of L-BFGS.
    tol : float
        The fit stops if a step changes the objective by less than `tol` times the objective.

    Attributes
    ----------
    weights_ : dict of str to float
        The weights of ``intercept``, ``right`` and ``wrong``: θ, θ_r and θ_w in the formula.
    card_weights_ : dict of str to array
        The weight of each card, as columns ``item`` (or ``skill``) and ``value``.
    guess_, slip_, card_, log_loss_, n_iter_, converged_ : see `FSRS`

    Notes
    -----
    First answers, ratings (1 is wrong, 2 to 4 are right), several skills, exposures, times and
    mastery work as in `FSRS`.

    To use the paper's loss, write ``HalfLifeRegression(guess=0, slip=0, loss="squared",
    half_life_weight=0.01, min_half_life=900)``, with ``penalty=0.1``. The paper's loss is made for
    practice sessions, in which the share of right answers is between 0 and 1. A single answer is 0
    or 1, so the half-life of the answer is at one of the bounds.

    References
    ----------
    B. Settles & B. Meeder (2016). A trainable spaced repetition model for language learning. ACL.

    Examples
    --------
    >>> from adaptlearn.models.memory import HalfLifeRegression
    >>> log = {"student": [0, 0, 0, 1, 1, 1], "skill": ["irregular verbs"] * 6,
    ...        "item": ["go", "go", "see", "go", "go", "see"],
    ...        "time": [0.0, 9e5, 9e5, 0.0, 9e4, 9e4], "correct": [1, 0, 0, 0, 1, 1]}
    >>> model = HalfLifeRegression(guess=0, slip=0).fit(log)
    >>> state = model.update_state(model.init_state(2), log)
    >>> halved = model.interval(state, [1], ["go"], retention=0.5)[0, 0]
    >>> float(model.retrievability(state, [1], ["go"], 9e4 + halved)[0, 0].round(3))
    0.5
    """

    _constraints: ClassVar = {
        "loss": [OneOf(("log", "squared"))],
        "half_life_weight": [Interval(0, 1e9)],
        "min_half_life": [Interval(0, 1e12, closed="neither")],
        "max_half_life": [Interval(0, 1e12, closed="neither")],
        **COMMON,
    }
    _n_kept = 3  # answers, right ones, wrong ones

    def __init__(
        self,
        *,
        card: CardKind | None = None,
        guess: float | None = None,
        slip: float | None = None,
        loss: Loss = "log",
        half_life_weight: float = 0.0,
        min_half_life: float = 60.0,
        max_half_life: float = 274 * DAY,
        penalty: float = 0.1,
        max_iter: int = 1000,
        tol: float = 1e-8,
    ) -> None:
        self.card: CardKind | None = card
        self.guess = guess
        self.slip = slip
        self.loss: Loss = loss
        self.half_life_weight = half_life_weight
        self.min_half_life = min_half_life
        self.max_half_life = max_half_life
        self.penalty = penalty
        self.max_iter = max_iter
        self.tol = tol

    def _problems(self) -> list[str]:
        low: Any = self.min_half_life
        high: Any = self.max_half_life
        numbers = all(isinstance(value, (int, float)) for value in (low, high))
        if numbers and low > high:
            return [f"min_half_life must not exceed max_half_life, got {low!r} and {high!r}"]
        return []

    def _estimate(self, reviews: Reviews, answers: Answers, n_codes: int) -> Noise:
        self._bounds = (self.min_half_life / DAY, self.max_half_life / DAY)
        regression = Regression(
            features(*counts_of(reviews)),
            reviews.code,
            reviews.days,
            answers,
            self._bounds,
            self.loss,
            self.half_life_weight,
            self.penalty,
        )
        prior = NoisePrior.of(self.guess, self.slip)

        def objective(at: Floats) -> tuple[float, Floats]:
            total, by_weights, by_noise = regression.objective(at[:-2], at[-2:])
            cost, drawn = prior.cost(at[-2:], self.penalty)
            return total + cost, np.append(by_weights, by_noise + drawn)

        start = np.append(np.zeros(3 + n_codes), prior.start)
        limits = [*[(None, None)] * (3 + n_codes), *prior.bounds]
        end = search(objective, start, limits, max_iter=self.max_iter, tol=self.tol)
        self._weights, self._bias = end.at[:3], end.at[3:-2]
        self.n_iter_, self.converged_ = end.n_iter, end.converged
        noise = Noise(*end.at[-2:].tolist())
        recall = recall_after(reviews.days, regression.half_lives(end.at[:-2]))
        self.log_loss_ = mean_log_loss(answers, recall, noise)
        return noise

    def _lives(self, code: Ints, kept: Floats) -> Floats:
        columns = features(kept[:, 1], kept[:, 2])
        return half_life(columns, code, self._weights, self._bias, self._bounds)

    def _recall(self, code: Ints, kept: Floats, days: Floats) -> Floats:
        return recall_after(days, self._lives(code, kept))

    def _days_until(self, code: Ints, kept: Floats, retention: float) -> Floats:
        return np.asarray(-self._lives(code, kept) * np.log2(retention))

    def _reviewed(self, code: Ints, kept: Floats, days: Floats, rating: Ints) -> Floats:  # noqa: ARG002
        recalled = rating > AGAIN
        return np.asarray(kept + np.stack((np.ones(len(kept)), recalled, ~recalled), axis=1))

    def _review_all(
        self,
        kept: Floats,
        chains: Chains,
        code: Ints,  # noqa: ARG002
        days: Floats,  # noqa: ARG002
        rating: Ints,
    ) -> None:
        # Whole numbers alone are kept: sums in any order are the same.
        starts = chains.starts(1)
        recalled = rating > AGAIN
        added = np.stack((np.ones(len(kept)), recalled, ~recalled), axis=1)
        added[starts[:-1]] = kept[starts[:-1]]
        total = np.concatenate((np.zeros((1, 3)), np.cumsum(added, axis=0)))
        kept[:] = total[1:] - np.repeat(total[starts[:-1]], np.diff(starts), axis=0)

    @property
    def weights_(self) -> dict[str, float]:
        """The weights that are the same for all cards: ``intercept``, ``right`` and ``wrong``."""
        self._check_fitted()
        return dict(zip(("intercept", "right", "wrong"), self._weights.tolist(), strict=True))

    @property
    def card_weights_(self) -> dict[str, NDArray[Any]]:
        """The weight of each item, or skill."""
        self._check_fitted()
        labels = self.items_ if self.card_ == "item" else self.skills_
        return {self.card_: labels.copy(), "value": self._bias.copy()}

    def _own_arrays(self) -> dict[str, NDArray[Any]]:
        return {"weights": self._weights, "bias": self._bias, "bounds": np.array(self._bounds)}

    def _expected_own(self, n_codes: int) -> dict[str, Numbers]:
        return {
            "weights": Numbers((3,)),
            "bias": Numbers((n_codes,)),
            "bounds": Numbers((2,), low=1e-100, high=1e12),
        }

    def _restore_own(self, arrays: Arrays) -> None:
        self._weights, self._bias = arrays["weights"], arrays["bias"]
        low, high = arrays["bounds"].tolist()
        self._bounds = (low, high)
        if low > high:
            raise ValueError("bounds are not those of a half-life")
