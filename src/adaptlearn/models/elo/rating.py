"""One pass along the answers of all students, in which students and items rate each other."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from adaptlearn.models.sequential.encoding import Encoded
from adaptlearn.numerics import Floats, Ints

START = (0.5, 0.05)
"""Where the search for alpha and beta begins."""

_FACTORS = (2.0, 2**0.5)  # how far the search steps, first and last
_RANGE = ((0.02, 5.0), (0.0005, 2.0))
_SURE = 1e-12


class Contest(NamedTuple):
    """Answers in the order they are rated.

    Attributes
    ----------
    student, item, correct : lists, one entry per answer
        An item of -1 stands for none.
    skills, pairs : lists of lists, one per answer
        The response's skills, and the pairs of student and skill.
    sizes : tuple of int
        How many students, items, skills and pairs there are.
    """

    student: list[int]
    item: list[int]
    correct: list[int]
    skills: list[list[int]]
    pairs: list[list[int]]
    sizes: tuple[int, int, int, int]

    @classmethod
    def of(cls, encoded: Encoded, n_skills: int, n_items: int) -> Contest:
        """From an encoded log: in order of time; without times, round by round.

        In a round every student gives one answer. So the order of rows of other students
        does not matter where nothing says that it does.
        """
        n = len(encoded.rows)
        order = np.arange(n)
        if encoded.time is not None:
            order = np.argsort(encoded.time, kind="stable")
        order = order[encoded.correct[order] >= 0]

        def by_answer(entries: Ints) -> list[list[int]]:
            if encoded.starts is None:
                return [[entry] for entry in entries[order].tolist()]
            flat, bounds = entries.tolist(), encoded.starts.tolist()
            return [flat[bounds[row] : bounds[row + 1]] for row in order.tolist()]

        return cls(
            student=encoded.student[order].tolist(),
            item=encoded.item[order].tolist(),
            correct=encoded.correct[order].tolist(),
            skills=by_answer(encoded.skill),
            pairs=by_answer(encoded.pair),
            sizes=(len(encoded.students), n_items, n_skills, len(encoded.pairs)),
        )

    def of_every(self, step: int) -> Contest:
        """The answers of every `step`-th student."""
        kept = [row for row, student in enumerate(self.student) if student % step == 0]
        return Contest(
            student=[self.student[row] for row in kept],
            item=[self.item[row] for row in kept],
            correct=[self.correct[row] for row in kept],
            skills=[self.skills[row] for row in kept],
            pairs=[self.pairs[row] for row in kept],
            sizes=self.sizes,
        )


class Ratings(NamedTuple):
    """What a pass leaves.

    Attributes
    ----------
    skill : float array, shape (n_skills,)
        Difficulties.
    item : float array, shape (n_items,)
        How much harder than its skill an item is.
    skill_answers, item_answers : int arrays
        What they rest on.
    log_loss : float
        The mean over the answers, each predicted before it was rated.
    """

    skill: Floats
    item: Floats
    skill_answers: Ints
    item_answers: Ints
    log_loss: float


def rate(contest: Contest, alpha: float, beta: float, *, offsets: bool) -> Ratings:
    """Rate students and items by every answer in turn.

    Each rating moves by the residual of the prediction times ``alpha / (1 + beta n)``, where
    ``n`` counts the answers it rests on already. Skills start as hard as all answers are.
    """
    n_students, n_items, n_skills, n_pairs = contest.sizes
    share = (sum(contest.correct) + 1) / (len(contest.correct) + 2)
    ability, n_ability = [0.0] * n_students, [0] * n_students
    offset, n_offset = [0.0] * n_pairs, [0] * n_pairs
    difficulty, n_difficulty = [-math.log(share / (1 - share))] * n_skills, [0] * n_skills
    # The last place takes what is said of no item at all, and stays at 0.
    extra, n_extra = [0.0] * (n_items + 1), [0] * (n_items + 1)
    loss = 0.0
    for student, item, correct, skills, pairs in zip(*contest[:5], strict=True):
        balance = 0.0
        for skill, pair in zip(skills, pairs, strict=True):
            balance += offset[pair] - difficulty[skill]
        chance = 1 / (1 + math.exp(extra[item] - ability[student] - balance / len(skills)))
        loss -= math.log(max(chance if correct else 1 - chance, _SURE))
        step = alpha * (correct - chance)
        n = n_ability[student]
        ability[student] += step / (1 + beta * n)
        n_ability[student] = n + 1
        for skill, pair in zip(skills, pairs, strict=True):
            n = n_difficulty[skill]
            difficulty[skill] -= step / (1 + beta * n)
            n_difficulty[skill] = n + 1
            if offsets:
                n = n_offset[pair]
                offset[pair] += step / (1 + beta * n)
                n_offset[pair] = n + 1
        if item >= 0:
            n = n_extra[item]
            extra[item] -= step / (1 + beta * n)
            n_extra[item] = n + 1
    return Ratings(
        skill=np.array(difficulty),
        item=np.array(extra[:-1]),
        skill_answers=np.array(n_difficulty),
        item_answers=np.array(n_extra[:-1], np.int64),
        log_loss=loss / len(contest.correct),
    )


def choose(
    contest: Contest, alpha: float | None, beta: float | None, *, offsets: bool
) -> tuple[float, float]:
    """The alpha and beta of the lowest log loss; what is given is kept.

    A search along both axes of a logarithmic grid, from `START`, with a coarse and a fine step.
    """
    free = [alpha is None, beta is None]
    best = (START[0] if alpha is None else alpha, START[1] if beta is None else beta)
    seen: dict[tuple[float, float], float] = {}

    def loss_at(point: tuple[float, float]) -> float:
        key = (round(point[0], 9), round(point[1], 9))
        if key not in seen:
            seen[key] = rate(contest, *key, offsets=offsets).log_loss
        return seen[key]

    for factor in _FACTORS:
        moved = any(free)
        while moved:
            moved = False
            for axis in np.flatnonzero(free).tolist():
                for by in (factor, 1 / factor):
                    ahead = list(best)
                    ahead[axis] = float(np.clip(best[axis] * by, *_RANGE[axis]))
                    while loss_at((ahead[0], ahead[1])) < loss_at(best):
                        best, moved = (ahead[0], ahead[1]), True
                        ahead[axis] = float(np.clip(best[axis] * by, *_RANGE[axis]))
    return best
