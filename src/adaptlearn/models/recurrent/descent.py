"""Fitting: batches of students, and gradient steps of a decaying size (Adam)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.models.recurrent.recurrence import (
    N_WRITTEN,
    Bank,
    Batch,
    Tables,
    logits,
    loss_and_gradient,
)
from adaptlearn.models.recurrent.responses import Responses
from adaptlearn.numerics import Floats, Ints
from adaptlearn.progress import report

_BATCH = 10_000  # responses, about
_FEWEST_BATCHES = 20  # each epoch takes that many steps, however small the log
_MOMENTA = (0.9, 0.99)
_WARM_UP = 0.05  # of all steps
_RATE_PRIOR = 5.0  # answers, of a rate's weight toward the wider one
_START = 0.1  # standard deviation of the rows that a fit starts from
_COMMON_PENALTY, _LEVEL_PENALTY = 0.1, 1.0


class Rates(NamedTuple):
    """How often an average student is right: what an answer's surprise is measured from.

    Attributes
    ----------
    overall : float
    skill : float array, shape (n_skills,)
        Shrunk toward the overall rate.
    item : float array, shape (n_items,)
        Shrunk toward the rate of its skills.
    """

    overall: float
    skill: Floats
    item: Floats


class Parameters(NamedTuple):
    """What a fit finds.

    Attributes
    ----------
    tables : Tables
    unnamed : float array, shape (n_skills, n_columns)
        What a response reads in place of an item's row where none is named or known: the mean
        of those of the skill's answers.
    rates : Rates
    answers : int array, shape (n_items,)
        Of each item; one without is not known.
    losses : float array, shape (n_epochs,)
        The mean log loss of each epoch's answers as they were met, penalties left out.
    """

    tables: Tables
    unnamed: Floats
    rates: Rates
    answers: Ints
    losses: Floats


class Settings(NamedTuple):
    """How to fit; see `LinearRecurrentTracer`."""

    bank: Bank
    skill_penalty: float
    item_penalty: float
    history_penalty: float
    scarcity: float
    n_epochs: int
    learning_rate: float
    seed: int


def rates_of(responses: Responses) -> Rates:
    """Shrunk rates of right answers."""
    right, skills = responses.correct, responses.skills
    # Add-one, so that a log of right answers alone does not make a wrong one a miracle.
    overall = float((right.sum() + 1) / (len(right) + 2))
    n, k = skills.sum(axis=0), _RATE_PRIOR
    skill = (skills.T @ right + k * overall) / (n + k)
    named = responses.item >= 0
    item, size = responses.item[named], responses.n_items
    counts = np.bincount(item, minlength=size)
    usual = np.bincount(item, (skills @ skill)[named], minlength=size) / np.maximum(counts, 1)
    usual = np.where(counts > 0, usual, overall)
    wins = np.bincount(item, right[named], minlength=size)
    return Rates(overall, skill, (wins + k * usual) / (counts + k))


def surprises(responses: Responses, rates: Rates) -> Floats:
    """By how much each answer was better than an average student's, shape (n,)."""
    usual = np.asarray(responses.skills @ rates.skill)
    named = responses.item >= 0
    usual[named] = rates.item[responses.item[named]]
    return np.asarray(responses.correct - usual)


def batch_of(responses: Responses, rates: Rates, bank: Bank, dtype: Any = np.float32) -> Batch:
    """Responses as the equations take them."""
    from scipy.sparse import csr_array, hstack

    n, skills = len(responses.correct), responses.skills
    right, surprise = responses.correct, surprises(responses, rates)
    channels = np.stack((1 - right, right, surprise), axis=1)
    named = responses.item >= 0
    of_item = csr_array(
        (
            np.ones(int(named.sum())),
            np.asarray(responses.item[named]),
            np.concatenate(([0], np.cumsum(named))),
        ),
        shape=(n, responses.n_items),
    )
    read = hstack((skills, of_item, csr_array(np.ones((n, 1)))), format="csr", dtype=dtype)
    by_channel = [_times(skills, channel) for channel in channels.T]
    write = hstack((*by_channel, csr_array(channels)), format="csr", dtype=dtype)
    write.eliminate_zeros()
    return Batch(
        bounds=np.concatenate(([0], np.cumsum(np.bincount(responses.level)))),
        read=read,
        read_rows=read.T.tocsr(),
        write=write,
        write_rows=write.T.tocsr(),
        scale=bank.scale(responses.level).astype(dtype),
        history=responses.history.astype(dtype),
        correct=right.astype(dtype),
    )


def fit(responses: Responses, settings: Settings) -> Parameters:
    """The tables that minimise the penalised log loss, nearly: a fixed number of steps.

    The objective is ``Σ log loss + Σ λ/2 · row²``. A row of an item costs ``1 + scarcity /
    answers`` times as much, so that rare items say little.
    """
    rng = np.random.default_rng(settings.seed)
    bank = settings.bank
    rates = rates_of(responses)
    centre = responses.history.mean(axis=0)
    spread = responses.history.std(axis=0)
    spread[spread < 1e-9] = 1.0
    standard = responses._replace(history=(responses.history - centre) / spread)
    batches = [
        batch_of(standard.of(rows), rates, bank) for rows in _in_batches(responses.student, rng)
    ]
    tables = _start(responses, rates, bank, rng)
    prices = _prices(responses, settings)
    losses = _descend(batches, tables, prices, settings, rng)
    read, write = (table.astype(np.float64) for table in tables)
    per_skill = np.asarray(responses.skills.sum(axis=0))
    n_skills, unseen = len(per_skill), np.flatnonzero(per_skill == 0)
    read[unseen] = 0
    write[: N_WRITTEN * n_skills].reshape(N_WRITTEN, n_skills, -1)[:, unseen] = 0
    # Back from standardised numbers to the numbers themselves.
    slopes = read[:, 1 + bank.width :]
    slopes /= spread
    read[:, 0] -= slopes @ centre
    named = responses.item[responses.item >= 0]
    return Parameters(
        tables=Tables(read, write),
        unnamed=_mean_items(responses, read[n_skills:-1]),
        rates=rates,
        answers=np.bincount(named, minlength=responses.n_items),
        losses=losses,
    )


def predict(responses: Responses, parameters: Parameters, bank: Bank) -> Floats:
    """The logit of each response, one step ahead, shape (n,)."""
    from scipy.sparse import hstack

    known = responses.item >= 0
    known[known] = parameters.answers[responses.item[known]] > 0
    responses = responses._replace(item=np.where(known, responses.item, -1))
    batch = batch_of(responses, parameters.rates, bank, np.float64)
    unnamed = _times(responses.skills, (~known).astype(np.float64))
    batch = batch._replace(read=hstack((batch.read, unnamed), format="csr"))
    read = np.concatenate((parameters.tables.read, parameters.unnamed))
    return logits(batch, bank, parameters.tables._replace(read=read))


def out_of_fold(responses: Responses, settings: Settings, fold: Ints) -> Floats:
    """The logit of each response by a fit to the students of the other folds, shape (n,).

    `fold` gives each response its student's; NaN where there are no others.
    """
    found = np.full(len(fold), np.nan)
    for held in np.unique(fold):
        inside = fold == held
        if not inside.all():
            fitted = fit(responses.of(~inside), settings)
            found[inside] = predict(responses.of(inside), fitted, settings.bank)
    return found


def _times(matrix: Any, factors: Floats) -> Any:
    """A sparse array, each of its rows times a factor."""
    from scipy.sparse import csr_array

    data = matrix.data * np.repeat(factors, np.diff(matrix.indptr))
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _mean_items(responses: Responses, rows: Floats) -> Floats:
    """Each skill's mean row of the items it was answered on, shape (n_skills, n_columns)."""
    named = np.flatnonzero(responses.item >= 0)
    if not len(named):
        return np.zeros((responses.skills.shape[1], rows.shape[1]))
    of_skill = responses.skills[named].T.tocsr()
    totals = of_skill @ rows[responses.item[named]]
    return np.asarray(totals / np.maximum(of_skill.sum(axis=1), 1e-9)[:, None])


def _in_batches(student: Ints, rng: np.random.Generator) -> list[Ints]:
    """Rows of students drawn together, about as many in each."""
    lengths = np.bincount(student)
    present = np.flatnonzero(lengths)
    drawn = rng.permutation(present)
    n_batches = min(len(present), max(_FEWEST_BATCHES, round(len(student) / _BATCH)))
    before = np.cumsum(lengths[drawn]) - lengths[drawn]
    batch = np.zeros(len(lengths), np.int64)
    batch[drawn] = before * n_batches // len(student)
    rows = [np.flatnonzero(batch[student] == b) for b in range(n_batches)]
    return [chosen for chosen in rows if len(chosen)]


def _start(responses: Responses, rates: Rates, bank: Bank, rng: np.random.Generator) -> Tables:
    n_skills = responses.skills.shape[1]
    n_rows = n_skills + responses.n_items + 1
    read = np.zeros((n_rows, 1 + bank.width + responses.history.shape[1]), np.float32)
    known = np.append(np.arange(n_skills), n_rows - 1)
    read[known, 1 : 1 + bank.width] = rng.normal(0, _START, (n_skills + 1, bank.width))
    read[-1, 0] = np.log(rates.overall / (1 - rates.overall))
    write = rng.normal(0, _START, (N_WRITTEN * (n_skills + 1), bank.width))
    # Nothing is known yet of surprise.
    write[2 * n_skills : -N_WRITTEN] = write[-1] = 0
    return Tables(read, write.astype(np.float32))


def _prices(responses: Responses, settings: Settings) -> Tables:
    """λ of every number of the tables."""
    n_skills, width = responses.skills.shape[1], settings.bank.width
    n_history = responses.history.shape[1]
    counts = np.bincount(responses.item[responses.item >= 0], minlength=responses.n_items)
    scarce = 1 + settings.scarcity / np.maximum(counts, 1)[:, None]

    def row(level: float, vector: float, slopes: float) -> Floats:
        return np.repeat([level, vector, slopes], [1, width, n_history])[None, :]

    slopes = settings.history_penalty
    read = np.concatenate(
        (
            np.repeat(row(_LEVEL_PENALTY, settings.skill_penalty, slopes), n_skills, axis=0),
            row(_LEVEL_PENALTY, settings.item_penalty, slopes) * scarce,
            row(0.0, _COMMON_PENALTY, _COMMON_PENALTY),
        )
    )
    write = np.full((N_WRITTEN * (n_skills + 1), width), settings.skill_penalty)
    write[-N_WRITTEN:] = _COMMON_PENALTY
    return Tables(read.astype(np.float32), write.astype(np.float32))


def _descend(
    batches: list[Batch],
    tables: Tables,
    prices: Tables,
    settings: Settings,
    rng: np.random.Generator,
) -> Floats:
    """Change the tables in place; the mean log loss of each epoch."""
    n = sum(len(batch.correct) for batch in batches)
    n_steps = settings.n_epochs * len(batches)
    losses = np.zeros(settings.n_epochs)
    steps = [_Adam(table) for table in tables]
    for epoch in range(settings.n_epochs):
        for b in rng.permutation(len(batches)):
            loss, gradients = loss_and_gradient(batches[b], settings.bank, tables)
            losses[epoch] += loss / n
            done = (steps[0].taken + 1) / n_steps
            rate = settings.learning_rate * min(1.0, done / _WARM_UP) * (1 + np.cos(np.pi * done))
            for step, gradient, price in zip(steps, gradients, prices, strict=True):
                # Per response, as the price of a number is shared by all of them.
                slope = gradient / len(batches[b].correct)
                slope += step.table * (price / n)
                step.take(slope, float(rate / 2))
        report("fitting LinearRecurrentTracer", "epochs", epoch + 1, settings.n_epochs)
    return losses


class _Adam:
    """Steps of Adam (Kingma & Ba 2015) on one table, which changes in place."""

    def __init__(self, table: NDArray[Any]) -> None:
        self.table, self.taken = table, 0
        self._mean, self._square = np.zeros_like(table), np.zeros_like(table)

    def take(self, gradient: NDArray[Any], rate: float) -> None:
        """One step; the gradient is used up."""
        self.taken += 1
        b1, b2 = _MOMENTA
        self._mean *= b1
        self._mean += (1 - b1) * gradient
        gradient *= gradient
        self._square *= b2
        self._square += (1 - b2) * gradient
        spread = np.sqrt(self._square / (1 - b2**self.taken))
        spread += 1e-8
        self.table -= (rate / (1 - b1**self.taken)) * self._mean / spread
