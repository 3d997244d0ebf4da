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
    """A loss and its derivatives."""

    loss: float
    by_recall: Floats
    by_noise: Floats


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
    if loss == "log":
        total = -float(np.log(np.where(answers.correct == 1, p, 1 - p)).sum())
        slope = (p - answers.correct) / (p * (1 - p)) * (p == plain)
    else:
        total = float(((p - answers.correct) ** 2).sum())
        slope = 2 * (p - answers.correct) * (p == plain)
    by_chance = slope[answers.answer] * answers.share
    mine = recall[answers.review]
    by_recall = np.zeros(len(recall))
    by_recall[answers.review] = by_chance * (1 - noise.guess - noise.slip)
    return Scored(total, by_recall, np.array([dot(by_chance, 1 - mine), -dot(by_chance, mine)]))


def mean_log_loss(answers: Answers, recall: Floats, noise: Noise) -> float:
    """The mean log loss of the answers; nan where there are none."""
    if not len(answers.correct):
        return float("nan")
    return score(answers, recall, noise, "log").loss / len(answers.correct)
