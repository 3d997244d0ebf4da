"""The lessons each student may be given now, and what for."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.curriculum.graph.bits import any_of, pack
from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Bits, Bools, Floats, Ints, bounds_of, places_of, stable_group
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.review_schedule import sparing_reviews
from adaptlearn.sequencing.policies.shortlist import counts_of, minutes_of_lessons


class Purpose(IntEnum):
    """What a lesson is for.

    ``NEW``: the lesson teaches an unmastered skill, and the student knows all prerequisites well
    enough for the policy. ``REVIEW``: all skills of the lesson are mastered, and a review is due.
    The due review may be of a skill of the lesson, or of several other skills that the lesson also
    practises. If no skill of the lesson itself is due, the lesson must be worth more than a review
    of any one of the due skills. ``REMEDIATION``: the student is stuck on a skill, and the lesson
    teaches a prerequisite of this skill that was practised less. ``ENRICHMENT``: an elective or
    enrichment lesson for which the student is ready. ``ASSIGNED``: a teacher wants the lesson.
    """

    NEW = 0
    REVIEW = 1
    REMEDIATION = 2
    ENRICHMENT = 3
    ASSIGNED = 4


class Candidates:
    """Pairs of a student and a lesson that the student may do, with the data that scorers need.

    Attributes
    ----------
    context : Context
    student, lesson : int arrays, shape (n,)
        The row of the student in the context, and the position of the lesson. The pairs are sorted
        by student, then by lesson.
    purpose : int8 array, shape (n,)
        The `Purpose` of each candidate.
    score : float array, shape (n,), or None
        The scores of the candidates, if the policy that found the candidates also computed scores.
    left_out : int array, shape (n_students,), or None
        How many further lessons each student may do that cannot be among the best ones.
    """

    def __init__(
        self,
        context: Context,
        pairs: Pairs,
        purpose: NDArray[np.int8],
        score: Floats | None = None,
        left_out: Ints | None = None,
    ) -> None:
        self.context = context
        self.student, self.lesson = pairs
        self.purpose = purpose
        self.score = score
        self.left_out = left_out

    def __len__(self) -> int:
        return len(self.student)

    def take(self, kept: Ints | Bools) -> Candidates:
        """Select some of the candidates; their order stays the same."""
        pairs = Pairs(self.student[kept], self.lesson[kept])
        score = None if self.score is None else self.score[kept]
        return Candidates(self.context, pairs, self.purpose[kept], score)

    @cached_property
    def bounds(self) -> Ints:
        """The position of each student's first candidate, shape (n_students + 1,)."""
        return bounds_of(np.bincount(self.student, minlength=len(self.context.students)))

    @cached_property
    def sizes(self) -> Ints:
        """How many skills each candidate's lesson teaches."""
        starts = self.context.curriculum.teaches.indptr
        return starts[self.lesson + 1] - starts[self.lesson]

    @cached_property
    def _entries(self) -> tuple[Ints, Ints]:
        """Each candidate's skills, one after the other: places in a table, and places of skills."""
        teaches = self.context.curriculum.teaches
        place = places_of(teaches.indptr[self.lesson], self.sizes)
        skill = teaches.indices[place]
        return self.student.repeat(self.sizes) * teaches.shape[1] + skill, skill

    @cached_property
    def _single(self) -> bool:
        return bool(len(self.sizes)) and int(self.sizes.max()) == 1

    @property
    def skills(self) -> Ints:
        """Positions of each candidate's skills, one candidate after another."""
        return self._entries[1]

    def of_skills(self, table: NDArray[np.generic]) -> NDArray[np.generic]:
        """The values of a table (n_students, n_skills) for each candidate's student and skills."""
        flat = table.reshape(-1)
        return flat[self._entries[0]]

    def of_every_skill(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """The values of an array (n_skills,) for each candidate's skills."""
        return values[self._entries[1]]

    def total(self, by_entry: NDArray[np.generic]) -> Floats:
        """The sum of the values from `of_skills` over each candidate's skills."""
        if self._single or not len(self):
            return by_entry.astype(np.float64)
        starts = self.sizes.cumsum() - self.sizes
        return np.add.reduceat(by_entry, starts, dtype=np.float64)

    def mean(self, table: NDArray[np.generic]) -> Floats:
        """For each candidate, the mean of a table's values over the candidate's skills."""
        return self.total(self.of_skills(table)) / self.sizes

    @cached_property
    def missing(self) -> Bools:
        """For each entry of `skills`, whether the student has not mastered the skill."""
        assert self.context.mastered is not None
        return ~self.of_skills(self.context.mastered).astype(np.bool_, copy=False)

    def mean_missing(self, table: NDArray[np.generic]) -> Floats:
        """For each candidate, the mean over unmastered skills; 0 if there are none."""
        values = self.of_skills(table).astype(np.float64) * self.missing
        number = self.total(self.missing)
        return self.total(values) / np.maximum(number, 1)

    @cached_property
    def minutes(self) -> Floats:
        """The minutes of each candidate's lesson.

        If the minutes of a lesson are unknown, the mean over the curriculum's lessons is used, or 1
        if no lesson has minutes.
        """
        return minutes_of_lessons(self.context.curriculum)[self.lesson]


def find_candidates(
    context: Context, pools: tuple[str, ...], keep: Callable[[Bits], Bits] | None = None
) -> Candidates:
    """Find all lessons that students may do for the given purposes.

    If a lesson serves several purposes, the purpose that comes first in `Purpose` is used.

    Parameters
    ----------
    context : Context
        The context must have `mastered`, and may have `ready`. Reviews are found only if the
        context has `urgency`. Remediation is found only if the context has `stuck`.
    pools : tuple of {"new", "review", "remediation", "enrichment"}
    keep : callable, optional
        Returns the candidates to look at, of all candidates as bits; the others are only counted.

    Raises
    ------
    ParameterError
        The error is raised if the context does not contain the mastered skills.
    """
    pooled, left_out, n = _by_purpose(context, pools), None, len(context.students)
    any_purpose = np.zeros((len(context.curriculum.lessons), -(-n // 8)), np.uint8)
    for bits in pooled.values():
        any_purpose |= bits
    kept = any_purpose if keep is None else keep(any_purpose)
    if kept is not any_purpose:
        left_out, any_purpose = counts_of(any_purpose & ~kept, n), kept
    pairs = pairs_of(any_purpose, n)
    last = next(reversed(pooled), Purpose.NEW)
    purpose = np.full(len(pairs.student), last, np.int8)
    for kind, bits in [*reversed(pooled.items())][1:]:
        byte, shift = pairs.student >> 3, 7 - (pairs.student & 7)
        purpose[(bits[pairs.lesson, byte] >> shift & 1) == 1] = kind
    return Candidates(context, pairs, purpose, left_out=left_out)


def _by_purpose(context: Context, pools: tuple[str, ...]) -> dict[Purpose, Bits]:
    """The lessons for each purpose, as bits of shape (n_lessons, n_bytes)."""
    curriculum = context.curriculum
    if context.mastered is None:
        raise ParameterError(
            "find_candidates", ["it is not known what is mastered: give the policy a criterion"]
        )
    missing = pack(~context.mastered)
    unready = None if context.ready is None else pack(~(context.ready | context.mastered))
    found = curriculum.standing(missing, unready)
    pooled: dict[Purpose, Bits] = {}
    asked = None if context.goal is None else pack(context.goal > 0)  # the rest is left out
    if "new" in pools:
        wanted = found.unfinished
        if asked is not None:
            wanted = any_of(curriculum.teaches, missing & asked)
        pooled[Purpose.NEW] = found.open & wanted & _of_kind(curriculum, elective=False)
    if "review" in pools and context.urgency is not None:
        due = any_of(curriculum.teaches, pack(context.urgency > 0))
        if curriculum.encompasses.nnz:
            due |= pack(sparing_reviews(curriculum, context.urgency))
        pooled[Purpose.REVIEW] = due & ~found.unfinished
    if "remediation" in pools and context.stuck is not None and context.stuck.any():
        alone = context.needs_teacher
        back = pack(remedial(context, context.stuck if alone is None else context.stuck & ~alone))
        pooled[Purpose.REMEDIATION] = any_of(curriculum.teaches, back) & found.ready
    if "enrichment" in pools:
        extra = found.ready & _of_kind(curriculum, elective=True)
        pooled[Purpose.ENRICHMENT] = (
            extra if asked is None else extra & any_of(curriculum.teaches, asked)
        )
    return pooled


def remedial(context: Context, stuck: Bools) -> Bools:
    """Skills to go back to: what comes before a stuck one and has been practised less.

    It comes in bouts, and ends: with every bout of answers on the stuck skill, each prerequisite
    that is known may be brought up to as many; then it is that skill's turn again. What a teacher
    has granted is left alone.
    """
    counts = np.zeros(stuck.shape) if context.counts is None else context.counts
    enough = np.zeros(stuck.shape)
    needs = context.curriculum.may_need
    for skill in np.flatnonzero(stuck.any(axis=0)).tolist():
        before = needs.indices[needs.indptr[skill] : needs.indptr[skill + 1]]
        bouts = counts[:, skill] // context.bout * context.bout
        wanted = np.where(stuck[:, skill], bouts, 0)[:, None]
        enough[:, before] = np.maximum(enough[:, before], wanted)
    back = counts < enough
    known = context.mastered if context.ready is None else context.ready
    for table in (known, None if context.goal is None else context.goal > 0):
        if table is not None:
            back &= table
    return np.asarray(back if context.granted is None else back & ~context.granted)


def _of_kind(curriculum: Curriculum, *, elective: bool) -> Bits:
    """All bits of the lessons that are electives, or of those that are not."""
    chosen = curriculum.is_elective if elective else ~curriculum.is_elective
    return np.where(chosen, np.uint8(255), np.uint8(0))[:, None]


class Pairs(NamedTuple):
    """Students and lessons that go together, by student, then by lesson.

    Attributes
    ----------
    student, lesson : int arrays, shape (n_pairs,)
        Rows of the block, and places of lessons.
    """

    student: Ints
    lesson: Ints


def pairs_of(bits: Bits, n_students: int) -> Pairs:
    """The marked pairs of lessons' bits."""
    # Few pairs are marked: bytes without any are never unpacked.
    flat = bits.reshape(-1)
    filled = flat.nonzero()[0]
    lesson, byte = np.divmod(filled, bits.shape[1])
    at = np.unpackbits(flat[filled]).nonzero()[0]
    student, lesson = byte[at >> 3] * 8 + (at & 7), lesson[at >> 3]
    if n_students % 8:  # the last byte has room for more
        marked = student < n_students
        student, lesson = student[marked], lesson[marked]
    if n_students > 1:
        order, _ = stable_group(student, n_students)
        student, lesson = student[order], lesson[order]
    return Pairs(student, lesson)


def pairs_of_table(eligible: Any) -> Pairs:
    """The marked pairs of a bool table, shape (n_students, n_lessons)."""
    return Pairs(*np.nonzero(eligible))
