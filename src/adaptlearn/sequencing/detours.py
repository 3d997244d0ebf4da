"""Lessons that give way: to a fresh one on the same skills, to what comes before, to a teacher.

A policy says which lessons may be given, and how good each is. Where the policy says what counts as
mastered, these rules come on top of it:

- Of a student's lessons on the same skills, those that were done less often come first.
- A student who is making no progress with a skill gets another lesson on it, then what comes before
  it (see `remedial`). From some number of answers on, the student gets no lesson on the skill until
  a teacher has looked.
- A student's second lesson is on other skills than the first, where there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.curriculum.graph.bits import any_of, pack
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.sequencing.policies.candidates import (
    Candidates,
    Pairs,
    Purpose,
    pairs_of,
    remedial,
)

_GETTING_ON = 0.8  # whoever probably knows a skill may finish it, however many answers it took


class Way(IntEnum):
    """What a candidate gives way to.

    ``NOTHING``: it may be given. ``FRESHER``: to a lesson on the same skills that was done less
    often; it comes back once that one is given. ``BEFORE``: to what comes before a skill with which
    the student is making no progress. ``TEACHER``: to a teacher, who should look first.
    ``BARRED``: teachers do not want it now.
    """

    NOTHING = 0
    FRESHER = 1
    BEFORE = 2
    TEACHER = 3
    BARRED = 4


class Left(NamedTuple):
    """What is left to choose from; arrays of shape (n_candidates,) unless said otherwise.

    Attributes
    ----------
    candidates : Candidates
    value : float array
    offered : bool array
        Whether the policy offered it; else it came in because something gave way to it.
    group, done : int arrays
        Which candidates are lessons of one student on the same skills, and how often each was done.
    held : Pairs
        The students and lessons that are held back, for the ways in `to`.
    to : int array, shape (n_held,)
        A `Way` each.
    left_out : int array, shape (n_students,), or None
        How many further candidates each student has, which cannot be among the best.
    """

    candidates: Candidates
    value: Floats
    offered: Bools
    group: Ints
    done: Ints
    held: Pairs
    to: Ints
    left_out: Ints | None = None

    def take(self, kept: Bools) -> Left:
        """Some of the candidates; what is held back stays."""
        return self._replace(
            candidates=self.candidates.take(kept),
            value=self.value[kept],
            offered=self.offered[kept],
            group=self.group[kept],
            done=self.done[kept],
        )

    def fresh(self) -> Left:
        """Those that were done least often of the ones on the same skills."""
        if not self.done.any():
            return self
        return self.take(self.done == _extreme(np.minimum, self.done, self.group))

    def varied(self, covered: Bools) -> Left:
        """Lessons on other skills than a student's earlier lessons; all lessons if there are none.

        An extra is never preferred for that to a new lesson.

        Parameters
        ----------
        covered : bool array, shape (n_students, n_skills)
            The skills of the earlier lessons.
        """
        candidates = self.candidates
        other = ~candidates.of_skills(covered).astype(np.bool_)
        if candidates.context.mastered is not None:  # of a new lesson, what is left to learn counts
            new = np.repeat(candidates.purpose == Purpose.NEW, candidates.sizes)
            other &= candidates.missing | ~new
        varied = candidates.total(other) > 0
        better = varied & (candidates.purpose != Purpose.ENRICHMENT)
        n_better = np.bincount(candidates.student[better], minlength=len(covered))
        return self.take(varied | (n_better[candidates.student] == 0))


def detour(candidates: Candidates, value: Floats, barred: Bools | None = None) -> Left:
    """Hold lessons back, and let what comes before them in.

    Parameters
    ----------
    candidates : Candidates
        What the policy lets be given, without what teachers do not want.
    value : float array, shape (n_candidates,)
        Their scores. What comes before takes over the score of what gives way to it.
    barred : bool array, shape (n_students, n_lessons), or None
        Lessons that teachers do not want.
    """
    context, whole = candidates.context, _as_it_is(candidates, value)
    halted = None
    if context.stuck is not None and context.stuck.any():
        halted = context.stuck & (context.mastery < _GETTING_ON)
    tables = [table for table in (halted, context.lessons_done) if table is not None]
    if not tables or not len(candidates):
        return whole
    concerned = np.logical_or.reduce([table.any(axis=1) for table in tables])
    some = concerned[candidates.student]
    part = _of_concerned(whole.take(some), halted, barred)
    return _joined(whole.take(~some), part)


def _as_it_is(candidates: Candidates, value: Floats) -> Left:
    n = len(candidates)
    nobody = np.zeros(0, np.intp)
    return Left(
        candidates, value, np.ones(n, bool), np.full(n, -1), np.zeros(n, np.intp),
        Pairs(nobody, nobody), nobody,
    )  # fmt: skip


def _of_concerned(left: Left, halted: Bools | None, barred: Bools | None) -> Left:
    """The same for students who are stuck or have done lessons."""
    candidates = left.candidates
    if halted is None:
        return left._replace(group=_same_skills(candidates), done=_times_done(candidates))
    context = candidates.context
    needs_teacher = halted if context.needs_teacher is None else halted & context.needs_teacher
    back = np.asarray(remedial(context, halted & ~needs_teacher))
    left = _with_remedies(left, back, barred)
    candidates, group = left.candidates, _same_skills(left.candidates)
    stuck = _on_nothing_else(candidates, halted)
    done = _times_done(candidates)
    # Where nobody says what was done, the answers tell how much was.
    unsaid = np.flatnonzero(stuck & (_extreme(np.maximum, done, group) == 0))
    done[unsaid] = _bouts_done(candidates.take(unsaid), left.value[unsaid], group[unsaid])
    to = np.full(len(candidates), int(Way.NOTHING))
    alone = candidates.of_skills(needs_teacher).astype(np.bool_) & candidates.missing
    to[candidates.total(alone) > 0] = Way.TEACHER
    tried = stuck & (to == Way.NOTHING) & (_extreme(np.minimum, done, group) > 0)
    value, purpose = _sent_back(candidates, left.value, to == Way.NOTHING, tried, back)
    to[tried & ~np.isfinite(value)] = Way.BEFORE
    held = left.offered & (to != Way.NOTHING)
    kept = (to == Way.NOTHING) & np.isfinite(value)
    pairs = Pairs(candidates.student, candidates.lesson)
    score = None if candidates.score is None else value
    return Left(
        Candidates(context, pairs, purpose, score), value, left.offered, group, done,
        Pairs(candidates.student[held], candidates.lesson[held]), to[held],
    ).take(kept)  # fmt: skip


def _with_remedies(left: Left, back: Bools, barred: Bools | None) -> Left:
    """With all lessons on skills to go back to; those that the policy did not offer score -inf."""
    candidates = left.candidates
    context, curriculum = candidates.context, candidates.context.curriculum
    rows = np.flatnonzero(back.any(axis=1))
    if not len(rows):
        return left
    assert context.mastered is not None
    missing = ~context.mastered[rows]
    unready = None if context.ready is None else pack(~context.ready[rows] & missing)
    ready = curriculum.standing(pack(missing), unready).ready
    row, lesson = pairs_of(any_of(curriculum.teaches, pack(back[rows])) & ready, len(rows))
    student, n_lessons = rows[row], len(curriculum.lessons)
    have = candidates.student * n_lessons + candidates.lesson
    new = ~np.isin(student * n_lessons + lesson, have) & ~curriculum.is_elective[lesson]
    if barred is not None:
        new &= ~barred[student, lesson]
    pairs, n = Pairs(student[new], lesson[new]), int(new.sum())
    purpose = np.full(n, Purpose.REMEDIATION, np.int8)
    score = None if candidates.score is None else np.full(n, -np.inf)
    more = _as_it_is(Candidates(context, pairs, purpose, score), np.full(n, -np.inf))
    return _joined(left, more._replace(offered=np.zeros(n, bool)))


def _sent_back(
    candidates: Candidates, value: Floats, open_: Bools, tried: Bools, back: Bools
) -> tuple[Floats, NDArray[np.int8]]:
    """Scores and purposes once lessons that were `tried` have given way to what comes before.

    What gives way has the score -inf then, and what it gives way to at least its old one.
    """
    context = candidates.context
    needs, skill = context.curriculum.may_need, candidates.skills
    starts = np.cumsum(candidates.sizes) - candidates.sizes
    ends, bounds = starts + candidates.sizes, candidates.bounds
    value, purpose = value.copy(), candidates.purpose.copy()
    for one in np.flatnonzero(tried).tolist():
        student = candidates.student[one]
        first, last = bounds[student], bounds[student + 1]
        mine = slice(first, last)
        before = np.zeros(needs.shape[1], bool)
        for place in range(starts[one], ends[one]):
            if candidates.missing[place]:
                row = slice(*needs.indptr[skill[place] : skill[place] + 2])
                before[needs.indices[row]] = True
        helps = (before & back[student])[skill[starts[first] : ends[last - 1]]]
        helps = np.logical_or.reduceat(helps, starts[mine] - starts[first])
        helps &= open_[mine] & ~tried[mine]
        if helps.any():
            places = first + np.flatnonzero(helps)
            value[places] = np.maximum(value[places], value[one])
            purpose[places] = Purpose.REMEDIATION
            value[one] = -np.inf
    return value, purpose


def _joined(one: Left, other: Left) -> Left:
    """Two parts as one, by student, then by lesson."""
    if not len(one.candidates):
        return other
    if not len(other.candidates) and not len(other.to):
        return one
    parts = one.candidates, other.candidates
    student = np.concatenate([part.student for part in parts])
    lesson = np.concatenate([part.lesson for part in parts])
    order = np.lexsort((lesson, student))
    scores = [part.score for part in parts if part.score is not None]
    candidates = Candidates(
        one.candidates.context,
        Pairs(student[order], lesson[order]),
        np.concatenate([part.purpose for part in parts])[order],
        np.concatenate(scores)[order] if len(scores) == len(parts) else None,
    )

    def both(of: Callable[[Left], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([of(one), of(other)])

    return Left(
        candidates,
        both(lambda part: part.value)[order],
        both(lambda part: part.offered)[order],
        both(lambda part: part.group)[order],
        both(lambda part: part.done)[order],
        Pairs(both(lambda part: part.held.student), both(lambda part: part.held.lesson)),
        both(lambda part: part.to),
    )


def _on_nothing_else(candidates: Candidates, table: Bools) -> Bools:
    """New lessons of which every skill that is left to learn is marked in a table."""
    marked = candidates.of_skills(table).astype(np.bool_) & candidates.missing
    n_marked, n_missing = candidates.total(marked), candidates.total(candidates.missing)
    new = candidates.purpose == Purpose.NEW
    return np.asarray(new & (n_missing > 0) & (n_marked == n_missing))


@lru_cache(maxsize=16)
def _marks(n_skills: int) -> NDArray[np.uint64]:
    """A random mark for each skill, always the same."""
    return np.random.default_rng(0).integers(1 << 63, size=n_skills, dtype=np.uint64)


def _same_skills(candidates: Candidates) -> Ints:
    """Numbers of groups: of one student, for one purpose, on the same skills still to learn."""
    mark = _marks(len(candidates.context.curriculum.skills))[candidates.skills]
    if candidates.context.mastered is not None:  # of a new lesson, what is left to learn counts
        new = np.repeat(candidates.purpose == Purpose.NEW, candidates.sizes)
        mark = np.where(new & ~candidates.missing, np.uint64(0), mark)
    # Sums of random marks, which wrap around: equal for the same sets, and only for these.
    starts = np.cumsum(candidates.sizes) - candidates.sizes
    keys = np.add.reduceat(mark, starts), candidates.purpose, candidates.student
    order = np.lexsort(keys)
    begins = np.zeros(len(order), bool)
    for key in keys:
        begins[1:] |= key[order[1:]] != key[order[:-1]]
    group = np.empty(len(order), np.intp)
    group[order] = begins.cumsum()
    return group


def _times_done(candidates: Candidates) -> Ints:
    done = candidates.context.lessons_done
    if done is None:
        return np.zeros(len(candidates), np.intp)
    return np.asarray(done[candidates.student, candidates.lesson])


def _extreme(of: np.ufunc, number: Ints, group: Ints) -> Ints:
    """The least or the most (`numpy.minimum`, `numpy.maximum`) in each candidate's group."""
    found = np.empty(int(group.max(initial=-1)) + 2, number.dtype)
    found[group] = number
    of.at(found, group, number)
    return found[group]


def _bouts_done(candidates: Candidates, value: Floats, group: Ints) -> Ints:
    """1 for the lessons that the answers on their skills have already been spent on, else 0.

    A bout of answers to each, in the order in which the policy prefers them.
    """
    context = candidates.context
    counts = np.zeros(context.mastery.shape) if context.counts is None else context.counts
    starts = np.cumsum(candidates.sizes) - candidates.sizes
    answers = np.where(candidates.missing, candidates.of_skills(counts), 0)
    bouts = np.maximum.reduceat(answers, starts) // context.bout if len(starts) else starts
    order = np.lexsort((candidates.lesson, -value, group))
    first = np.searchsorted(group[order], group)
    place = np.empty(len(group), np.intp)
    place[order] = np.arange(len(group))
    return np.asarray(place - first < bouts).astype(np.intp)
