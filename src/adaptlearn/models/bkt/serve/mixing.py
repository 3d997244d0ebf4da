"""Classes of students along a log: what each answer says about its student's class.

A student's answers under one class are those of plain BKT. What joins the classes is a vector per
student: the sum over the answers so far of each class's log-likelihood, less that of the first
class. It is the student's *evidence*. With the logarithms of the classes' weights it gives
P(class).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.models.bkt.serve.beliefs import narrow_from
from adaptlearn.models.bkt.student_classes import mixed, shares
from adaptlearn.numerics import Floats, Sequences, group_pairs, longest_first
from adaptlearn.responses import ResponseLog

_LEAST = 1e-300
"""The least likelihood of an answer, where a probability has become too small for a number."""


class Mixed(NamedTuple):
    """What the classes predict together.

    Attributes
    ----------
    p_correct : float array, shape (n_entries,)
        P(correct) of each entry before its row's own answer is seen.
    evidence : float array, shape (n_labels, n_classes)
        Of each student after the last row.
    begun, told : float arrays, shape (n_classes, n_rows)
        Of each row's student as the row begins; and what the row's answer adds.
    """

    p_correct: Floats
    evidence: Floats
    begun: Floats
    told: Floats


def mix(
    log: ResponseLog, chances: Sequence[tuple[Floats, Floats]], weights: Floats, before: Floats
) -> Mixed:
    """Predict each entry by all classes, and weigh these by the student's earlier answers.

    Parameters
    ----------
    log : ResponseLog
    chances : sequence of pairs of float arrays, shape (n_entries,)
        Each class's P(correct) and P(wrong) of each entry.
    weights : float array, shape (n_classes,)
    before : float array, shape (n_labels, n_classes)
        Each student's evidence before the log.
    """
    correct = log.correct if log.skill_rows is None else log.correct[log.skill_rows]
    right, wrong = (np.array(each) for each in zip(*chances, strict=True))
    likely = np.where(correct == 1, right, wrong)
    told = np.where(correct < 0, 0.0, np.log(np.maximum(likely, _LEAST)))
    told -= told[0].copy()
    if log.skill_rows is not None:
        told = np.array([np.bincount(log.skill_rows, each, len(log)) for each in told])
    none = np.zeros(len(log), np.int64)
    rows = group_pairs(none, 1, log.student.codes, log.n_students, log.chronological)
    begun, evidence = _running(rows, told, before)
    share = shares(begun, weights)
    if log.skill_rows is not None:
        share = share[:, log.skill_rows]
    return Mixed(mixed(share, right), evidence, begun, told)


def _running(rows: Sequences, told: Floats, before: Floats) -> tuple[Floats, Floats]:
    """Sums along each student's rows: as each row begins, (n_classes, n_rows), and at the end.

    The additions are in order of the rows, so that a log in parts gives the same numbers.
    """
    students, reach = longest_first(rows)
    starts, ends = rows.starts[students], (rows.starts + rows.lengths)[students]
    told = told[:, rows.order]
    begun = np.empty(told.shape)
    current = np.ascontiguousarray(before[rows.minor[students]].T)
    narrow = narrow_from(reach)
    for level, m in enumerate(reach[:narrow].tolist()):
        place = starts[:m] + level
        begun[:, place] = current[:, :m]
        current[:, :m] += told[:, place]
    left = int(reach[narrow]) if narrow < len(reach) else 0
    for student in range(left):
        places = slice(int(starts[student]) + narrow, int(ends[student]))
        sums = np.cumsum(np.hstack((current[:, [student]], told[:, places])), axis=1)
        begun[:, places], current[:, student] = sums[:, :-1], sums[:, -1]
    found, after = np.empty(told.shape), before.copy()
    found[:, rows.order] = begun
    after[rows.minor[students]] = current.T
    return found, after
