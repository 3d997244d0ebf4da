"""What students' mastery says of prerequisites: who has the later skill without the earlier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from adaptlearn.curriculum.graph.bits import all_marked, any_of, pack
from adaptlearn.curriculum.graph.matrices import row
from adaptlearn.curriculum.graph.requirements import Requirements
from adaptlearn.errors import ParameterError
from adaptlearn.labels import plain
from adaptlearn.numerics import Bits, Bools, Floats, Ints
from adaptlearn.responses import ResponseLog

_ONES = np.array([number.bit_count() for number in range(256)], np.uint8)
_CELLS = 1 << 24


class Marks(NamedTuple):
    """Which students have mastered which skills, and which have not; the rest is unknown.

    Attributes
    ----------
    has, lacks : uint8 array, shape (n_skills, n_bytes)
        A bit per student, as `numpy.packbits` packs them.
    """

    has: Bits
    lacks: Bits


def marks_of_matrix(mastered: Any, n_skills: int) -> Marks:
    """Marks of a matrix (n_students, n_skills): bools, or 0 and 1 with NaN where unknown."""
    array = np.asarray(mastered)
    problems = []
    if array.ndim != 2 or array.shape[1] != n_skills:
        problems.append(f"mastered must be of shape (n_students, {n_skills}), got {array.shape}")
    elif array.dtype.kind not in "biuf" or not np.isin(array[~np.isnan(array)], (0, 1)).all():
        problems.append(
            "mastered must hold bools, or 0 and 1 with NaN where unknown; compare estimates with "
            "a threshold first"
        )
    if problems:
        raise ParameterError("audit_curriculum", problems)
    return Marks(pack(array == 1), pack(array == 0))


def marks_of_log(log: ResponseLog, skills: Sequence[Any], streak: int) -> Marks:
    """Marks of answers: mastered where the last `streak` were right, unknown below as many."""
    place = {label: code for code, label in enumerate(skills)}
    code = np.array([place.get(plain(label), -1) for label in log.skill.labels], np.intp)
    chains = log.sequences
    rows = chains.order if log.skill_rows is None else log.skill_rows[chains.order]
    answers = log.correct[rows]
    chain = np.repeat(np.arange(len(chains.starts)), chains.lengths)[answers >= 0]
    answers = answers[answers >= 0]
    number = np.bincount(chain, minlength=len(chains.starts))
    right = np.concatenate(([0], np.cumsum(answers, dtype=np.int64)))
    end = np.cumsum(number)
    known = (number >= streak) & (code[chains.major] >= 0)
    all_right = right[end[known]] - right[end[known] - streak] == streak
    skill, student = code[chains.major[known]], chains.minor[known]
    has, lacks = (np.zeros((len(skills), -(-log.n_students // 8)), np.uint8) for _ in range(2))
    for bits, marked in ((has, all_right), (lacks, ~all_right)):
        where = skill[marked], student[marked] >> 3
        np.bitwise_or.at(bits, where, (128 >> (student[marked] & 7)).astype(np.uint8))
    return Marks(has, lacks)


class EdgeEvidence(NamedTuple):
    """How many students have mastered a skill without its prerequisites; one row per requirement.

    A requirement is a prerequisite or a group of alternatives. A student does not meet a group if
    the student has mastered none of its alternatives.

    Attributes
    ----------
    before : tuple of tuple of labels
        For each requirement, the prerequisite or the alternatives.
    skill : array of labels, shape (n,)
        For each requirement, the skill that has the requirement.
    students : int array, shape (n,)
        The number of students who have mastered `skill`. `students` leaves out students if it is
        unknown whether they meet the requirement.
    without : int array, shape (n,)
        The number of students who have mastered `skill` but do not meet the requirement.
    rate, lower, upper : float arrays, shape (n,)
        The share ``without / students`` and its exact (Clopper-Pearson) interval; NaN if there are
        no students.
    others : float array, shape (n,)
        For comparison: of the students who have *not* mastered `skill`, the share who do not meet
        the requirement. If `others` is not higher than `rate`, the data do not show that `skill`
        needs the requirement.
    contradicted : bool array, shape (n,)
        Whether the requirement is contradicted: there are enough students, and the interval lies
        above the tolerated share.
    """

    before: tuple[tuple[Any, ...], ...]
    skill: NDArray[Any]
    students: Ints
    without: Ints
    rate: Floats
    lower: Floats
    upper: Floats
    others: Floats
    contradicted: Bools

    def table(self) -> dict[str, NDArray[Any]]:
        """A table with one row per requirement, as columns for any dataframe library."""
        before = np.array([" or ".join(map(str, labels)) for labels in self.before], str)
        return {"before": before, **{name: getattr(self, name) for name in self._fields[1:]}}


def evidence_of(
    requirements: Requirements,
    skills: NDArray[Any],
    marks: Marks,
    *,
    confidence: float,
    tolerance: float,
    min_students: int,
) -> EdgeEvidence:
    """Count, for each requirement, the students who speak against it (see `EdgeEvidence`)."""
    all_of, groups, _ = requirements
    needs = np.repeat(np.arange(len(skills)), np.diff(all_of.indptr))
    later = np.concatenate([needs, requirements.owner])
    # Groups stand below the skills: one of them is had if a member is, lacked if all are.
    earlier = np.concatenate([all_of.indices, len(skills) + np.arange(groups.shape[0])])
    has = np.concatenate([marks.has, any_of(groups, marks.has)])
    lacks = np.concatenate([marks.lacks, all_marked(groups, marks.lacks)])
    step = max(1, _CELLS // max(1, has.shape[1]))
    counts = np.zeros((4, len(later)), np.int64)
    for start in range(0, len(later), step):
        part = slice(start, start + step)
        for number, (first, second) in enumerate(
            ((has, marks.has), (lacks, marks.has), (has, marks.lacks), (lacks, marks.lacks))
        ):
            both = first[earlier[part]] & second[later[part]]
            counts[number, part] = _ONES[both].sum(axis=1, dtype=np.int64)
    with_it, without, others_with, others_without = counts
    students = with_it + without
    lower, upper = exact_interval(without, students, confidence)
    members = [(plain(skills[code]),) for code in all_of.indices]
    members += [tuple(skills[row(groups, group)].tolist()) for group in range(groups.shape[0])]
    return EdgeEvidence(
        tuple(members),
        skills[later],
        students,
        without,
        _share(without, students),
        lower,
        upper,
        _share(others_without, others_with + others_without),
        (students >= min_students) & (lower > tolerance),
    )


def _share(part: Ints, whole: Ints) -> Floats:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def exact_interval(successes: Ints, trials: Ints, confidence: float) -> tuple[Floats, Floats]:
    """The interval of a proportion after Clopper & Pearson (1934, Biometrika 26); NaN of none.

    Examples
    --------
    >>> low, high = exact_interval(np.array([0, 5]), np.array([10, 10]), 0.95)
    >>> low.round(3), high.round(3)
    (array([0.   , 0.187]), array([0.308, 0.813]))
    """
    tail, failures = (1 - confidence) / 2, trials - successes
    lower = betaincinv(np.maximum(successes, 1), failures + 1, tail)
    upper = betaincinv(successes + 1, np.maximum(failures, 1), 1 - tail)
    lower = np.where(successes > 0, lower, 0.0)
    upper = np.where(failures > 0, upper, 1.0)
    return np.where(trials > 0, lower, np.nan), np.where(trials > 0, upper, np.nan)
