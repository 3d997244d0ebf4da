"""The fitted model, a level at a time: what it reads of a memory and what an answer changes.

The memory of a student is the number of answers, then the recurrent sums; those of a pair and of
an item are of `history`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.models.recurrent.descent import Parameters
from adaptlearn.models.recurrent.history import follow_history, learn_history, look_history
from adaptlearn.models.recurrent.recurrence import N_WRITTEN, Bank
from adaptlearn.models.sequential.chains import Chains, faded
from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.models.sequential.levels import Level, Memory, level_of
from adaptlearn.numerics import Floats

_BLOCK = 1 << 12  # responses whose vectors are made together


class Server:
    """A fit, with a row at the end of each table for skills and items it does not know."""

    def __init__(self, parameters: Parameters, bank: Bank) -> None:
        n_skills, n_items = len(parameters.rates.skill), len(parameters.rates.item)
        read, write = parameters.tables
        self.bank, self.decay = bank, bank.decay
        self.n_skills, self.n_items = n_skills, n_items
        self.common, self.common_written = read[-1], write[-N_WRITTEN:]
        self.of_skill = _with_none(read[:n_skills])
        self.unnamed = _with_none(parameters.unnamed)
        self.of_item = _with_none(read[n_skills:-1])
        self.known_item = np.append(parameters.answers > 0, False)
        # Of each skill the three vectors, one after the other.
        by_skill = write[:-N_WRITTEN].reshape(N_WRITTEN, n_skills, -1).transpose(1, 0, 2)
        self.written = _with_none(by_skill)
        self.skill_rate = np.append(parameters.rates.skill, parameters.rates.overall)
        self.item_rate = np.append(parameters.rates.item, 0.0)

    def look(self, level: Level, memory: Memory) -> Floats:
        """The logit of each response, shape (n, 1)."""
        answers, sums = memory.student[:, 0], memory.student[:, 1:]
        return self._logit(level, answers, sums, look_history(level, memory))

    def learn(self, level: Level, memory: Memory) -> None:
        """Take the answers into the memory, in place; exposures change nothing."""
        sums = memory.student[:, 1:] * self.decay + self._written(level)
        answered = (level.correct >= 0)[:, None]
        memory.student[:, 1:] = np.where(answered, sums, memory.student[:, 1:])
        learn_history(level, memory)

    def follow(self, encoded: Encoded, memory: Memory) -> Floats:
        """The logits of all responses of a log, shape (n, 1); the memory takes the answers in.

        What `look` and `learn` give level by level, however few students there are.
        """
        n, rank = len(encoded.rows), self.bank.rank
        blocks = [np.arange(lo, min(lo + _BLOCK, n)) for lo in range(0, n, _BLOCK)]
        sums = np.concatenate([self._written(level_of(encoded, rows)[0]) for rows in blocks])
        student = encoded.student
        chains = Chains.of(student, len(memory.student), encoded.correct >= 0)
        answers = memory.student[student, 0] + chains.before
        for place, decay in enumerate(self.bank.decays.tolist()):
            own = slice(place * rank, (place + 1) * rank)
            held = memory.student[:, 1:][:, own]
            sums[:, own] = faded(held, chains, sums[:, own], decay)
        history = follow_history(encoded, memory)
        logits = [
            self._logit(level_of(encoded, rows)[0], answers[rows], sums[rows], history[rows])
            for rows in blocks
        ]
        return np.concatenate(logits)

    def _logit(self, level: Level, answers: Floats, sums: Floats, history: Floats) -> Floats:
        skill, item, known = self._places(level)
        content = np.concatenate(
            (
                np.ones((len(item), 1)),
                self.bank.scaled(sums, self.bank.scale(answers)),
                history,
            ),
            axis=1,
        )
        query = level.mean(self.of_skill[skill])
        query = query + self.common
        query += np.where(known[:, None], self.of_item[item], level.mean(self.unnamed[skill]))
        query *= content
        return np.asarray(query.sum(axis=1, keepdims=True))

    def _written(self, level: Level) -> Floats:
        """What each answer adds to the sums, shape (n, width)."""
        skill, item, known = self._places(level)
        usual = np.where(known, self.item_rate[item], level.mean(self.skill_rate[skill]))
        right = (level.correct == 1).astype(np.float64)
        channels = np.stack((1 - right, right, right - usual), axis=1)
        vectors = level.mean(self.written[skill]) + self.common_written
        return np.asarray((channels[:, :, None] * vectors).sum(axis=1))

    def _places(self, level: Level) -> tuple[Any, Any, Any]:
        """Rows of the tables of each skill and item, and whether the item is known."""
        skill = np.minimum(level.skill, self.n_skills)
        item = np.where((level.item < 0) | (level.item > self.n_items), self.n_items, level.item)
        return skill, item, self.known_item[item]


def _with_none(table: Floats) -> Floats:
    """A table with a row of zeros after its last."""
    return np.concatenate((table, np.zeros((1, *table.shape[1:]))))
