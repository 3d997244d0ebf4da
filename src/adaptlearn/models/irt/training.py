"""What a log says to item response theory, and what it cannot say."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adaptlearn.models.irt.mml import DIFFICULTY, SLOPES, Answers, Items
from adaptlearn.models.irt.prior import ItemPrior, Sparse
from adaptlearn.models.sequential.tracer import training_labels
from adaptlearn.numerics import Floats, Ints, distinct
from adaptlearn.responses import ResponseLog

FEWEST_POINTS, MOST_POINTS = 61, 241
_EDGE = 1e-6


class Training(NamedTuple):
    """A log in codes.

    Attributes
    ----------
    skills, items : list
        Labels, sorted; no items where the log has none, and skills are what is answered.
    n_answers : int array, shape (n_skills,)
    answers : Answers
        By student and item, or skill.
    groups : sparse array, shape (n_units, n_groups)
        The skills of each item; one group of all where skills are answered.
    """

    skills: list[Any]
    items: list[Any]
    n_answers: Ints
    answers: Answers
    groups: Sparse

    @property
    def labels(self) -> list[Any]:
        """What has a difficulty: items, or skills."""
        return self.items or self.skills

    @property
    def alone(self) -> bool:
        """Whether no student answered twice, so that discrimination does not show."""
        return bool(self.answers.count.sum(axis=1).max() <= 1)

    @property
    def all_answers(self) -> Floats:
        """Answers to each of them, shape (n_units,)."""
        return np.asarray(self.answers.count_by_item.sum(axis=1), np.float64)

    @property
    def right_answers(self) -> Floats:
        """Right answers to each of them, shape (n_units,)."""
        return np.asarray(self.answers.right_by_item.sum(axis=1), np.float64)


def training_of(log: ResponseLog) -> Training:
    """The answers of a log by item; by skill where it has no items.

    There a response with several skills counts once in all, in equal parts.
    """
    skills, items, n_answers = training_labels(log)
    rows: Ints = np.arange(len(log)) if log.skill_rows is None else log.skill_rows
    kept: Ints
    skill = _places(log.skill.codes)
    if log.item is not None:
        item = _places(log.item.codes)
        groups = _shares(item[rows], skill, (len(items), len(skills)))
        kept = np.flatnonzero(log.answered)
        unit, weight = item[kept], np.ones(len(kept))
    else:
        groups = _shares(np.arange(len(skills)), np.zeros(len(skills), int), (len(skills), 1))
        sizes = np.bincount(rows, minlength=len(log))
        entries = np.flatnonzero(log.answered[rows])
        kept, unit = rows[entries], skill[entries]
        weight = 1 / sizes[kept]
    present, student = distinct(log.student.codes[kept].astype(np.int64))
    shape = (len(present), groups.shape[0])
    answers = Answers.of(student, unit, log.correct[kept], weight, shape)
    return Training(skills, items, n_answers, answers, groups)


def points_for(answers: Answers) -> int:
    """How many points resolve the posterior of students with many answers.

    Between points that lie farther apart than a posterior is wide, its width goes unseen, and
    slopes grow without a price. An answer's information is at most 1/4 at slope 1.
    """
    per_student = np.asarray(answers.count.sum(axis=1))
    spacing = 1.5 / np.sqrt(1 + float(np.quantile(per_student, 0.9)) / 4)
    return int(np.clip(2 * np.ceil(6 / spacing) + 1, FEWEST_POINTS, MOST_POINTS))


def typical_items(training: Training, items: Items, prior: ItemPrior) -> Items:
    """What stands for an item that is not known: one per skill, and one for unknown skills."""
    centre, slope = prior.centre(items.difficulty), items.log_slope.mean()
    if not training.items:
        return Items(np.append(items.log_slope, slope), np.append(items.difficulty, centre.overall))
    return Items(np.full(len(centre.skill) + 1, slope), np.append(centre.skill, centre.overall))


def doubts(items: Items, count: Floats, right: Floats, alone: bool) -> dict[int, str]:
    """Items whose answers leave a parameter to the prior, or to a limit, and why."""
    low, high = np.log(SLOPES)
    at_limit = (
        (items.log_slope <= low + _EDGE)
        | (items.log_slope >= high - _EDGE)
        | (np.abs(items.difficulty) >= DIFFICULTY - _EDGE)
    )
    reasons = (
        (count == 0, "no answers, only exposures"),
        (right == count, "all answers are right"),
        (right == 0, "all answers are wrong"),
        (np.full(len(count), alone), "no student answered twice"),
        (at_limit, "a parameter ended at its limit"),
    )
    found: dict[int, str] = {}
    for applies, why in reasons:
        for place in np.flatnonzero(applies).tolist():
            found.setdefault(place, why)
    return dict(sorted(found.items()))


def _places(codes: Ints) -> Ints:
    """Codes as places among those that occur."""
    return np.cumsum(np.bincount(codes) > 0)[codes] - 1


def _shares(item: Ints, group: Ints, shape: tuple[int, int]) -> Sparse:
    from scipy.sparse import csr_array

    matrix = csr_array((np.ones(len(item)), (item, group)), shape=shape)
    matrix.sum_duplicates()
    totals = np.bincount(item, minlength=shape[0])
    matrix.data /= np.repeat(totals, np.diff(matrix.indptr))
    return matrix
