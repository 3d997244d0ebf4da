"""The answers that memory predicts, and how well P(recall) tells them: the loss, its gradient."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from adaptlearn.models.memory.equations import AGAIN
from adaptlearn.models.memory.noise import Noise
from adaptlearn.models.memory.reviews import Reviews
from adaptlearn.numerics import Bools, Floats, Ints, dot

Loss = Literal["log", "squared"]

SURE = 1e-4
"""P(correct) keeps this distance from 0 and 1: that of the half-life regression's authors."""


class Answers(NamedTuple):
    """The answers that are predicted from memory: those of responses on a card reviewed before.

    P(correct) of a response is the mean over its cards.

    Attributes
    ----------
    correct : float array, shape (n_answers,)
    known : float array, shape (n_answers,)
        What cards that are met for the first time contribute to P(correct).
    review, answer : int arrays, shape (n_entries,)
        A review that says something of an answer.
    share : float array, shape (n_entries,)
        One over the cards of the answer's response.
    """

    correct: Floats
    known: Floats
    review: Ints
    answer: Ints
    share: Floats

    def predicted(self, recall: Floats, noise: Noise) -> Floats:
        """P(correct) of each answer, shape (n_answers,), from P(recall) at every review."""
        parts = self.share * noise.chance(recall[self.review])
        return self.known + np.bincount(self.answer, weights=parts, minlength=len(self.known))


def answers_of(reviews: Reviews, first: Floats, scored: Bools) -> Answers:
    """The answers of reviews.

    Parameters
    ----------
    reviews : Reviews
    first : float array, shape (n_first,)
        P(correct) of each first review.
    scored : bool array, shape (n,)
        Which reviews make their response count; first ones never do.
    """
    n_rows = int(reviews.row.max(initial=-1)) + 1
    later = np.arange(len(reviews.row)) >= reviews.n_first
    counted = np.bincount(reviews.row[later & scored], minlength=n_rows) > 0
    place = np.cumsum(counted) - 1
    share = 1 / np.maximum(np.bincount(reviews.row, minlength=n_rows), 1)
    correct = np.zeros(n_rows)
    correct[reviews.row] = reviews.rating > AGAIN
    met = reviews.row[: reviews.n_first]
    known = np.bincount(met, weights=share[met] * first, minlength=n_rows).astype(np.float64)
    review = np.flatnonzero(later & counted[reviews.row])
    row = reviews.row[review]
    return Answers(correct[counted], known[counted], review, place[row], share[row])


class Scored(NamedTuple):
    """A loss and its derivatives.

    Attributes
    ----------
    loss : float
    by_chance : float array, shape (n_reviews,)
        By what each review's card says of P(correct).
    by_recall : float array, shape (n_reviews,)
    by_noise : float array, shape (2,)
    weight : float array, shape (n_reviews,)
        The second derivative by what each review's card says of P(correct), as it is expected
        to be; the sum over them is no less than that of the answers.
    """

    loss: float
    by_chance: Floats
    by_recall: Floats
    by_noise: Floats
    weight: Floats


def score(answers: Answers, recall: Floats, noise: Noise, loss: Loss) -> Scored:
    """The loss of all answers, summed.

    Parameters
    ----------
    answers : Answers
    recall : float array, shape (n_reviews,)
    noise : Noise
    loss : {"log", "squared"}
    """
    plain = answers.predicted(recall, noise)
    p = np.clip(plain, SURE, 1 - SURE)
    inside = p == plain
    if loss == "log":
        total = -float(np.log(np.where(answers.correct == 1, p, 1 - p)).sum())
        bend = inside / (p * (1 - p))
        slope = (p - answers.correct) * bend
    else:
        total = float(((p - answers.correct) ** 2).sum())
        bend = 2.0 * inside
        slope = (p - answers.correct) * bend
    by_chance, weight = np.zeros((2, len(recall)))
    by_chance[answers.review] = slope[answers.answer] * answers.share
    # The square of a mean is no more than the mean of squares.
    weight[answers.review] = bend[answers.answer] * answers.share
    by_noise = np.array([dot(by_chance, 1 - recall), -dot(by_chance, recall)])
    by_recall = by_chance * (1 - noise.guess - noise.slip)
    return Scored(total, by_chance, by_recall, by_noise, weight)


def mean_log_loss(answers: Answers, recall: Floats, noise: Noise) -> float:
    """The mean log loss of the answers; nan where there are none."""
    if not len(answers.correct):
        return float("nan")
    return score(answers, recall, noise, "log").loss / len(answers.correct)
