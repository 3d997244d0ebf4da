"""Lessons that give way: to a fresh one on the same skills, to what comes before, to a teacher.

A policy says what it wants; a teacher would not give the same lesson for the sixtieth time. So,
whatever the policy:

- Of a student's lessons that teach the same skills, those come first that were done less often.
- Who does not get on with a skill is given another lesson on it, then what comes before it (in
  bouts: see `remedial`), and after so many answers no lesson on it until a teacher has looked.
- A student's second lesson is of other skills than the first, where there is one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from adaptlearn.curriculum.graph.bits import any_of, pack
from adaptlearn.numerics import Bools, Floats, Ints
from adaptlearn.sequencing.policies.candidates import (
    BOUT,
    Candidates,
    Pairs,
    Purpose,
    pairs_of,
    remedial,
)

_GETTING_ON = 0.5  # who probably knows a skill is let to finish it


class Way(IntEnum):
    """Where a candidate stands: it may be given (0), or what it gives way to."""

    STAYS = 0
    FRESHER = 1
    BEFORE = 2
    TEACHER = 3


class Detour(NamedTuple):
    """What is left to choose from, and what gave way.

    Attributes
    ----------
    candidates : Candidates
    value : float array, shape (n_candidates,)
    waiting : Pairs
        The students and lessons that gave way.
    to : int array
        What each of these gave way to, a `Way`.
    """

    candidates: Candidates
    value: Floats
    waiting: Pairs
    to: Ints


def detour(candidates: Candidates, value: Floats, *, barred: Bools | None = None) -> Detour:
    """Let lessons give way to others.

    Parameters
    ----------
    candidates : Candidates
        What the policy lets be given.
    value : float array, shape (n_candidates,)
        Their scores. What comes before takes over the score of what gives way to it.
    barred : bool array, shape (n_students, n_lessons), or None
        Lessons that teachers do not want.
    """
    context = candidates.context
    halted = None
    if context.stuck is not None and context.stuck.any():
        halted = context.stuck & (context.mastery < _GETTING_ON)
    spinning = np.zeros(len(candidates), bool) if halted is None else _all(candidates, halted)
    if not spinning.any() and context.lessons_done is None:
        nobody = np.zeros(0, np.intp)
        return Detour(candidates, value, Pairs(nobody, nobody), nobody)
    n_own, back = len(candidates), None
    if halted is not None and spinning.any():
        back = np.asarray(remedial(context, halted))
        candidates, value = _with_remedial(candidates, value, spinning, back, barred)
        spinning = _all(candidates, halted)
    group = _same_skills(candidates)
    done = _times_done(candidates)
    if spinning.any():  # where nobody says what was done, the answers tell how much was
        unsaid = spinning & (_most(done, group) == 0)
        done = np.where(unsaid, _bouts_done(candidates, value, group), done)
    way = np.where(done > -_most(-done, group), Way.FRESHER, Way.STAYS)
    if back is not None:
        value = _send_back(candidates, value, way, spinning & (done > 0), back)
        if context.needs_teacher is not None:
            asks = _all(candidates, context.needs_teacher)
            way[spinning & (done > 0) & (way == Way.STAYS) & asks] = Way.TEACHER
    kept = (way == Way.STAYS) & np.isfinite(value)
    gone = way[:n_own] != Way.STAYS
    waiting = Pairs(candidates.student[:n_own][gone], candidates.lesson[:n_own][gone])
    order = np.flatnonzero(kept)
    if len(candidates) > n_own:
        order = order[np.lexsort((candidates.lesson[kept], candidates.student[kept]))]
    return Detour(candidates.take(order), value[order], waiting, way[:n_own][gone])


def without_repeats(candidates: Candidates, covered: Bools) -> Bools:
    """Which candidates are of other skills than a student's earlier lessons, or all there is.

    Parameters
    ----------
    candidates : Candidates
    covered : bool array, shape (n_students, n_skills)
        The skills of the earlier lessons.
    """
    fresh = candidates.total(candidates.of_skills(covered)) < candidates.sizes
    n_fresh = np.bincount(candidates.student[fresh], minlength=len(covered))
    return np.asarray(fresh | (n_fresh[candidates.student] == 0))


def _all(candidates: Candidates, table: Bools) -> Bools:
    """New lessons of which every skill that is not mastered is marked in a table."""
    marked = candidates.of_skills(table).astype(np.bool_) & candidates.missing
    n_marked, n_missing = candidates.total(marked), candidates.total(candidates.missing)
    new = candidates.purpose == Purpose.NEW
    return np.asarray(new & (n_missing > 0) & (n_marked == n_missing))


def _with_remedial(
    candidates: Candidates, value: Floats, spinning: Bools, back: Bools, barred: Bools | None
) -> tuple[Candidates, Floats]:
    """Candidates, followed by what comes before what students are stuck on, of score -inf."""
    context = candidates.context
    rows = np.unique(candidates.student[spinning])
    assert context.mastered is not None
    missing = ~context.mastered[rows]
    unready = None if context.ready is None else pack(~context.ready[rows] & missing)
    curriculum = context.curriculum
    ready = curriculum.standing(pack(missing), unready).ready
    row, lesson = pairs_of(any_of(curriculum.teaches, pack(back[rows])) & ready, len(rows))
    student, n_lessons = rows[row], len(curriculum.lessons)
    new = ~np.isin(student * n_lessons + lesson, candidates.student * n_lessons + candidates.lesson)
    if barred is not None:
        new &= ~barred[student, lesson]
    n_new = int(new.sum())
    more = Candidates(
        context,
        Pairs(
            np.concatenate([candidates.student, student[new]]),
            np.concatenate([candidates.lesson, lesson[new]]),
        ),
        np.concatenate([candidates.purpose, np.full(n_new, Purpose.REMEDIATION, np.int8)]),
    )
    return more, np.concatenate([value, np.full(n_new, -np.inf)])


def _same_skills(candidates: Candidates) -> Ints:
    """Numbers of groups: of one student, for one purpose, on the same skills still to learn."""
    n_skills = len(candidates.context.curriculum.skills)
    marks = np.random.default_rng(0).integers(1 << 63, size=n_skills, dtype=np.uint64)
    mark = candidates.of_every_skill(marks)
    if candidates.context.mastered is not None:  # of new lessons, what is mastered is no matter
        new = np.repeat(candidates.purpose == Purpose.NEW, candidates.sizes)
        mark = np.where(new & ~candidates.missing, np.uint64(0), mark)
    # Sums of random marks, which wrap around: equal for the same sets, and only for these.
    starts = np.cumsum(candidates.sizes) - candidates.sizes
    key = np.add.reduceat(mark, starts) if len(mark) else np.zeros(0, np.uint64)
    found = np.empty(len(key), [("student", np.intp), ("purpose", np.int8), ("key", np.uint64)])
    found["student"], found["purpose"] = candidates.student, candidates.purpose
    found["key"] = key
    return np.asarray(np.unique(found, return_inverse=True)[1].reshape(-1))


def _times_done(candidates: Candidates) -> Ints:
    done = candidates.context.lessons_done
    if done is None:
        return np.zeros(len(candidates), np.intp)
    return np.asarray(done[candidates.student, candidates.lesson])


def _most(number: Ints, group: Ints) -> Ints:
    """The highest number of each candidate's group."""
    most = np.full(len(group), np.iinfo(np.intp).min)
    np.maximum.at(most, group, number)
    return most[group]


def _bouts_done(candidates: Candidates, value: Floats, group: Ints) -> Ints:
    """1 for the lessons that the answers on their skills have already been spent on, else 0.

    A bout of answers to each, in the order in which the policy prefers them.
    """
    context = candidates.context
    assert context.counts is not None
    starts = np.cumsum(candidates.sizes) - candidates.sizes
    answers = np.where(candidates.missing, candidates.of_skills(context.counts), 0)
    bouts = np.maximum.reduceat(answers, starts) // BOUT
    order = np.lexsort((candidates.lesson, -value, group))
    first = np.searchsorted(group[order], group)
    place = np.empty(len(group), np.intp)
    place[order] = np.arange(len(group))
    return np.asarray(place - first < bouts).astype(np.intp)


def _send_back(
    candidates: Candidates, value: Floats, way: Ints, tried: Bools, back: Bools
) -> Floats:
    """Let lessons that were tried give way to what comes before them: marks `way` and purposes.

    Returns the scores: of what comes before at least the highest of what gives way to it.
    """
    needs = candidates.context.curriculum.may_need
    helped = np.asarray((needs @ back.T.astype(np.float64)).T > 0)
    remedies = (candidates.total(candidates.of_skills(back)) > 0) & (way == Way.STAYS) & ~tried
    n_remedies = np.bincount(candidates.student[remedies], minlength=len(back))
    waits = tried & (way == Way.STAYS) & _all(candidates, helped)
    waits &= n_remedies[candidates.student] > 0
    way[waits] = Way.BEFORE
    wanted = np.full(len(back), -np.inf)
    np.maximum.at(wanted, candidates.student[waits], value[waits])
    remedies &= np.isfinite(wanted[candidates.student])
    candidates.purpose[remedies] = Purpose.REMEDIATION
    return np.where(remedies, np.maximum(value, wanted[candidates.student]), value)
