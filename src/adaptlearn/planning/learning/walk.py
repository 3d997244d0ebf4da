"""From lesson to lesson as the policy chooses, if learning goes as the model expects.

The walk does whole lessons until a skill's expected lessons are done. Between lessons, the belief
in a skill moves in log-odds from where it is to its threshold. No student's future is drawn at
random: the policy sees one middle course.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from adaptlearn.numerics import Bools, Floats, Ints, places_of
from adaptlearn.planning.learning.arrays import rows_of
from adaptlearn.progress import report
from adaptlearn.sequencing.goals import USUAL_THRESHOLD
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.knowledge.lessons_left import LessonsLeft
from adaptlearn.sequencing.overrides import Applied
from adaptlearn.sequencing.policies.candidates import Purpose
from adaptlearn.sequencing.policies.policy import Policy
from adaptlearn.sequencing.ranks import available

_LEAST, _DONE = 1e-6, 1e-9


class Task(NamedTuple):
    """What a walk begins with.

    Attributes
    ----------
    context : Context
        With `mastered`.
    applied : Applied
        What teachers decided, and which lessons are out of bounds.
    left : LessonsLeft
        How many lessons each skill takes each student, at the student's pace.
    wanted : bool array, shape (n_students, n_skills)
        The skills to be mastered.
    targets : bool array, shape (n_targets, n_skills)
        Groups of skills whose end is asked for.
    minutes : float array, shape (n_lessons,)
    horizon : float
        Minutes after which the walk ends.
    """

    context: Context
    applied: Applied
    left: LessonsLeft
    wanted: Bools
    targets: Bools
    minutes: Floats
    horizon: float


class Walk(NamedTuple):
    """Lessons in the order in which students do them, and when what is reached.

    Attributes
    ----------
    student, lesson : int arrays, shape (n_steps,)
    purpose : int8 array, shape (n_steps,)
        A `Purpose`.
    start, end : float arrays, shape (n_steps,)
        Minutes since the beginning.
    reached : float array, shape (n_students, n_targets)
        Minutes until all wanted skills of a target are mastered: 0 if they are now, inf if the walk
        does not get there.
    variance : float array of the same shape
        The variance of these minutes, from that of the lessons done until then.
    """

    student: Ints
    lesson: Ints
    purpose: NDArray[np.int8]
    start: Floats
    end: Floats
    reached: Floats
    variance: Floats


class Reviews(Protocol):
    """When mastered skills are due for review, in minutes since the beginning."""

    def due(self, rows: Ints, clock: Floats) -> Bools:
        """Which skills are due now, shape (n_rows, n_skills)."""
        ...

    def done(self, row: Ints, skill: Ints, clock: Floats) -> None:
        """Take note of practice of skills that are mastered now."""
        ...


def walk(task: Task, policy: Policy, reviews: Reviews | None) -> Walk:
    """Do lesson after lesson until all that is wanted is mastered, or the horizon is reached."""
    on_the_way = _Walking(task, policy, reviews)
    n = len(task.wanted)
    rows: Ints = np.flatnonzero((task.wanted & ~on_the_way.mastered).any(axis=1))
    while len(rows):
        rows = on_the_way.step(rows)
        report("planning lessons", "students", n - len(rows), n)
    return on_the_way.result()


class _Walking:
    def __init__(self, task: Task, policy: Policy, reviews: Reviews | None) -> None:
        self.task, self.policy, self.reviews = task, policy, reviews
        context = task.context
        assert context.mastered is not None
        self.mastered, self.mastery = context.mastered.copy(), context.mastery.copy()
        needed = USUAL_THRESHOLD if context.threshold is None else context.threshold
        self.needed = np.broadcast_to(needed, self.mastery.shape)
        ends = self.mastery, np.maximum(self.needed, self.mastery)
        self.from_, self.to = (logit(np.clip(p, _LEAST, 1 - _LEAST)) for p in ends)
        self.progress = np.zeros(self.mastery.shape)  # lessons done on each skill
        n, n_lessons = len(self.mastery), len(task.minutes)
        done = context.lessons_done
        self.times = np.zeros((n, n_lessons), np.int32) if done is None else done.astype(np.int32)
        self.clock = np.zeros(n)
        self.pins = {row: [lesson for lesson, _ in pins] for row, pins in task.applied.pins.items()}
        self.steps: list[tuple[NDArray[np.generic], ...]] = []
        missing = (task.wanted & ~self.mastered).astype(np.int32)
        self.missing = missing @ task.targets.T.astype(np.int32)
        self.reached = np.where(self.missing > 0, np.inf, 0.0)
        self.variance = np.zeros(self.reached.shape)
        # Of a lesson on a skill: what it adds to the variance, over its progress squared.
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(task.left.mean > 0, task.left.variance / task.left.mean**2, 0.0)
        self.spread = np.where(np.isfinite(share), share, 0.0)
        self.spent = np.zeros(self.mastery.shape)  # minutes on each skill

    def step(self, rows: Ints) -> Ints:
        """One lesson for each of some students; who goes on."""
        lesson, purpose = self._chosen(rows)
        some = lesson >= 0
        rows, lesson, purpose = rows[some], lesson[some], purpose[some]
        if not len(rows):
            return rows
        taught = self.task.context.curriculum.teaches
        first = taught.indptr[lesson]
        sizes = taught.indptr[lesson + 1] - first
        entry = np.repeat(np.arange(len(rows)), sizes)
        row, skill = rows[entry], taught.indices[places_of(first, sizes)]
        left = np.where(self.mastered[row, skill], 0.0, self.task.left.mean[row, skill])
        left = np.maximum(left - self.progress[row, skill], 0.0) * sizes[entry]
        most = np.zeros(len(rows))
        np.maximum.at(most, entry, left)
        # The last lesson on a skill takes its share: the sum is that of the expected lessons.
        part = np.where(most > _DONE, np.minimum(most, 1.0), 1.0)
        minutes = part * self.task.minutes[lesson]
        start, self.clock[rows] = self.clock[rows], self.clock[rows] + minutes
        self.times[rows, lesson] += 1
        self.steps.append((rows, lesson, purpose, start, self.clock[rows]))
        self._learn(row, skill, (part / sizes)[entry], (minutes / sizes)[entry])
        open_ = (self.task.wanted[rows] & ~self.mastered[rows]).any(axis=1)
        return rows[open_ & (self.clock[rows] < self.task.horizon)]

    def _chosen(self, rows: Ints) -> tuple[Ints, NDArray[np.int8]]:
        """The best lesson of each student, -1 where there is none, and what it is for."""
        context = self._context(rows)
        applied = self.task.applied
        barred = None if applied.barred is None else applied.barred[rows]
        left, _ = available(self.policy, context, Applied(None, barred, {}, {}))
        candidates, value = left.candidates, left.value
        most = np.full(len(rows), -np.inf)
        some = np.flatnonzero(np.diff(candidates.bounds) > 0)
        most[some] = np.maximum.reduceat(value, candidates.bounds[some]) if len(some) else 0.0
        tied = np.flatnonzero(value == most[candidates.student])
        student, lesson = candidates.student[tied], candidates.lesson[tied]
        # Of lessons that are equally good, the one that was done less often comes first.
        order = np.lexsort((lesson, self.times[rows[student], lesson], student))
        best = tied[order[np.flatnonzero(np.diff(student[order], prepend=-1))]]
        lesson, purpose = np.full(len(rows), -1), np.zeros(len(rows), np.int8)
        lesson[candidates.student[best]] = candidates.lesson[best]
        purpose[candidates.student[best]] = candidates.purpose[best]
        for row, pins in self.pins.items():
            place = np.flatnonzero(rows == row)
            if len(place) and pins:
                lesson[place], purpose[place] = pins.pop(0), Purpose.ASSIGNED
        return lesson, purpose

    def _context(self, rows: Ints) -> Context:
        """What the policy reads of some students."""
        given, mastered = self.task.context, self.mastered[rows]
        due = None if self.reviews is None else self.reviews.due(rows, self.clock[rows])
        own: dict[str, Any] = {name: rows_of(getattr(given, name), rows) for name in _KEPT}
        made = replace(
            given,
            students=given.students[rows],
            mastery=self.mastery[rows],
            mastered=mastered,
            urgency=None if due is None else (due & mastered).astype(np.float64),
            **own,
            **_DROPPED,
        )
        if self.policy.ready is None:
            return made
        return replace(made, ready=self.policy.ready.met(made) | mastered)

    def _learn(self, row: Ints, skill: Ints, part: Floats, minutes: Floats) -> None:
        """Take in what each student did on each skill, as shares of lessons and minutes."""
        fresh = ~self.mastered[row, skill]
        self._review(row[~fresh], skill[~fresh])
        row, skill, part, minutes = row[fresh], skill[fresh], part[fresh], minutes[fresh]
        self.progress[row, skill] += part
        self.spent[row, skill] += minutes
        done, whole = self.progress[row, skill], self.task.left.mean[row, skill]
        share = np.minimum(done / whole, 1.0)
        at = self.from_[row, skill] * (1 - share) + self.to[row, skill] * share
        below = np.minimum(self.needed[row, skill] - _LEAST, expit(at))
        ended = done >= whole - _DONE
        self.mastery[row, skill] = np.where(
            ended, np.maximum(self.needed[row, skill], self.mastery[row, skill]), below
        )
        row, skill = row[ended], skill[ended]
        self.mastered[row, skill] = True
        self._review(row, skill)
        self._reach(row, skill)

    def _review(self, row: Ints, skill: Ints) -> None:
        if self.reviews is not None:
            self.reviews.done(row, skill, self.clock[row])

    def _reach(self, row: Ints, skill: Ints) -> None:
        """Note which targets are reached, once skills are mastered."""
        wanted = self.task.wanted[row, skill]
        row, skill = row[wanted], skill[wanted]
        np.subtract.at(self.missing, row, self.task.targets.T[skill].astype(np.int32))
        touched = np.unique(row)
        place, target = np.nonzero((self.missing[touched] == 0) & np.isinf(self.reached[touched]))
        student = touched[place]
        self.reached[student, target] = self.clock[student]
        ends, which = np.unique(student, return_inverse=True)
        noise = (self.spread[ends] * self.spent[ends] ** 2).sum(axis=1)
        self.variance[student, target] = noise[which]

    def result(self) -> Walk:
        """All steps, by student and then in order."""
        if not self.steps:
            nothing = np.zeros(0, np.intp)
            steps = (nothing, nothing, nothing.astype(np.int8), np.zeros(0), np.zeros(0))
        else:
            joined = [np.concatenate(column) for column in zip(*self.steps, strict=True)]
            order = np.argsort(joined[0], kind="stable")
            steps = tuple(column[order] for column in joined)  # type: ignore[assignment]
        return Walk(*steps, self.reached, self.variance)


_KEPT = ("p_correct", "counts", "lower", "practice", "time_since", "goal", "granted", "retention")
# A student who is stuck is on the teacher's list: the plan supposes that the teacher helps.
_STUCK = ("stuck", "needs_teacher", "lessons_done", "unreviewed", "reviewed")
_DROPPED: dict[str, Any] = dict.fromkeys(_STUCK)
