"""A block of students, rank by rank: from what may be given to decisions as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.labels import plain
from adaptlearn.numerics import Bools, Floats, Ints, bounds_of, places_of
from adaptlearn.sequencing.alerts import with_alerts
from adaptlearn.sequencing.decisions.arrays import Columns
from adaptlearn.sequencing.decisions.decision import PINNED, NoLesson
from adaptlearn.sequencing.detours import Left, Way, detour
from adaptlearn.sequencing.goals import Goals
from adaptlearn.sequencing.knowledge.context import Context
from adaptlearn.sequencing.overrides import Applied
from adaptlearn.sequencing.policies.candidates import Candidates, Pairs, Purpose
from adaptlearn.sequencing.policies.choosers import (
    Greedy,
    Odds,
    Ragged,
    draw_one,
    is_best,
    runners_up,
)
from adaptlearn.sequencing.policies.policy import Policy, offered, reasons_of
from adaptlearn.sequencing.policies.reasons import Choices

_NOTHING = Columns.empty()


class Rules(NamedTuple):
    """What decides beside what is known of the students.

    Attributes
    ----------
    policy : Policy
    goals : Goals or None
    runners_up : int
        How many of the best lessons that could not be drawn each decision keeps.
    """

    policy: Policy
    goals: Goals | None
    runners_up: int


def decide(
    context: Context,
    applied: Applied,
    rules: Rules,
    *,
    ahead: Floats | None,
    draws: Floats,
    first: int,
    rng: np.random.Generator,
) -> Iterator[Columns]:
    """Decide about a block of students, rank by rank.

    Parameters
    ----------
    context : Context
        Of the block.
    applied : Applied
        What teachers decided about these students.
    rules : Rules
    ahead : float array, shape (n_students,), or None
        By how many seconds each student's last answer is dated after the decisions' time.
    draws : float array, shape (n_students, n_ranks)
        Uniform in [0, 1).
    first : int
        The place of the block's first student among all that were asked for.
    rng : Generator
        For propensities that are sampled.
    """
    greedy = type(rules.policy.chooser) is Greedy and draws.shape[1] == 1
    left, shut_out = available(
        rules.policy, context, applied, best=rules.runners_up + 1 if greedy else None
    )
    pins = _Pins(applied.pins)
    given = _Given(context) if draws.shape[1] > 1 else None
    for rank in range(draws.shape[1]):
        # Who has nothing left gets no further rank; who never had anything is told so.
        pinned = pins.next()
        rows = np.arange(len(draws))
        if rank:
            some_left = np.diff(left.candidates.bounds) > 0
            some_left[list(pinned)] = True
            rows = np.flatnonzero(some_left)
        if not len(rows):
            return
        now = left.fresh()
        if given is not None and rank:
            now = now.varied(given.skills)
        candidates, value = now.candidates, now.value
        ragged = Ragged(candidates.bounds, candidates.student)
        odds = rules.policy.chooser.odds(value, ragged, rng)
        part, chosen = _rank(
            candidates,
            value,
            odds,
            ragged=ragged,
            rows=rows,
            draw=draws[:, rank],
            pinned=pinned,
            n_runners_up=rules.runners_up,
        )
        bounds = left.candidates.bounds
        n_waiting = (bounds[1:] - bounds[:-1])[rows] - part.n_candidates
        if left.left_out is not None:
            part = part._replace(n_candidates=part.n_candidates + left.left_out[rows])
        part, taught = _described(part, context, applied, rows)
        part = with_alerts(part, context, rows, taught=taught, ahead=ahead)
        code, n_unmastered = _reasons(part, now, chosen[rows], rules, rows=rows, shut_out=shut_out)
        yield part._replace(
            code=code,
            n_unmastered=n_unmastered,
            n_waiting=n_waiting,
            student=rows + first,
            rank=np.full(len(rows), rank + 1),
            draw=draws[rows, rank],
        )
        if given is not None:
            given.add(rows, part.lesson)
            left = left.take(~given.lessons[left.candidates.student, left.candidates.lesson])


def available(
    policy: Policy, context: Context, applied: Applied, best: int | None = None
) -> tuple[Left, Bools]:
    """What may be given to a block of students, and to whom teachers leave nothing of it.

    With `best`, lessons that cannot be among so many best ones of a student may be left out.
    """
    candidates, value = offered(policy, context, best if applied.barred is None else None)
    if candidates.left_out is not None and candidates.left_out.any():
        ragged = Ragged(candidates.bounds, candidates.student)
        if (ragged.total(is_best(value, ragged)) > 1).any():  # then more are needed than the best
            candidates, value = offered(policy, context)
    if applied.barred is None:
        left = detour(candidates, value)._replace(left_out=candidates.left_out)
        return left, np.zeros(len(context.students), bool)
    had = np.diff(candidates.bounds) > 0
    barred = applied.barred[candidates.student, candidates.lesson]
    gone, candidates, value = candidates.take(barred), candidates.take(~barred), value[~barred]
    shut_out = had & (np.diff(candidates.bounds) == 0)
    left = detour(candidates, value, applied.barred)
    held = map(np.concatenate, zip(left.held, (gone.student, gone.lesson), strict=True))
    to = np.concatenate([left.to, np.full(len(gone), int(Way.BARRED))])
    return left._replace(held=Pairs(*held), to=to), shut_out


def _rank(
    candidates: Candidates,
    value: Floats,
    odds: Odds,
    *,
    ragged: Ragged,
    rows: Ints,
    draw: Floats,
    pinned: dict[int, tuple[int, int]],
    n_runners_up: int,
) -> tuple[Columns, Ints]:
    """One choice for each student of `rows`, and which candidates they are."""
    chosen = draw_one(odds, ragged, draw)
    for row in pinned:
        chosen[row] = -1
    share = odds.weight / odds.whole[candidates.student]
    best = is_best(value, ragged) if odds.best is None else odds.best
    drawable = odds.weight > 0
    kept = drawable | runners_up(value, ragged, drawable, n_runners_up)
    at, n = chosen[rows], len(rows)
    some_lesson = (at >= 0).nonzero()[0]
    at = at[some_lesson]

    def of_chosen(values: NDArray[Any] | None, nothing: float) -> NDArray[Any]:
        found = np.full(n, nothing)
        if values is not None:
            found[some_lesson] = values[at]
        return found

    lesson, purpose = of_chosen(candidates.lesson, -1), of_chosen(candidates.purpose, -1)
    pin = np.full(n, -1)
    place_of = {row: place for place, row in enumerate(rows.tolist())} if pinned else {}
    for row, (pinned_lesson, override) in pinned.items():
        place = place_of[row]
        lesson[place], purpose[place], pin[place] = pinned_lesson, Purpose.ASSIGNED, override
    in_rows = kept if n == len(draw) else kept & np.isin(candidates.student, rows)
    sizes = np.bincount(candidates.student[in_rows], minlength=len(draw))[rows]
    return (
        _NOTHING._replace(
            lesson=lesson,
            purpose=purpose,
            pin=pin,
            score=of_chosen(value, np.nan),
            propensity=of_chosen(share, 1.0),
            error=of_chosen(odds.error, 0.0),
            n_candidates=ragged.sizes[rows],
            n_tied=ragged.total(best)[rows].astype(np.intp),
            candidate_bounds=bounds_of(sizes),
            candidate=candidates.lesson[in_rows],
            candidate_score=value[in_rows],
            candidate_propensity=share[in_rows],
        ),
        chosen,
    )


def _described(
    part: Columns, context: Context, applied: Applied, rows: Ints
) -> tuple[Columns, tuple[Ints, Ints]]:
    """Choices for `rows` of the block, with what their reasons will need.

    Also the entries and the skills that they teach, one after the other.
    """
    n = len(rows)
    taught = context.curriculum.teaches
    chosen = (part.lesson >= 0).nonzero()[0]
    first = taught.indptr[part.lesson[chosen]]
    n_taught = np.zeros(n, np.intp)
    n_taught[chosen] = taught.indptr[part.lesson[chosen] + 1] - first
    place = places_of(first, n_taught[chosen])
    entry, skill = np.arange(n).repeat(n_taught), taught.indices[place]
    at = rows[entry], skill
    mastered, counts, practice = context.mastered, context.counts, context.practice
    ready = mastered if context.ready is None else context.ready
    needed = np.nan if context.threshold is None else context.threshold
    none_kept, none_known = np.zeros(len(place), np.intp), np.zeros(len(place), bool)
    overrides = [applied.by_row.get(row, []) for row in rows.tolist()] if applied.by_row else []
    described = part._replace(
        skill_bounds=bounds_of(n_taught),
        skill_mastery=context.mastery[at],
        skill_mastered=none_known if mastered is None else mastered[at],
        skill_ready=none_known if ready is None else ready[at],
        skill_threshold=np.broadcast_to(needed, context.mastery.shape)[at],
        skill_unreviewed=_at(context.unreviewed, at),
        skill_reviewed=_at(context.reviewed, at),
        skill_answers=none_kept if counts is None else counts[at],
        skill_recent=none_kept if practice is None else practice.recent[at],
        override_bounds=bounds_of(np.array([*map(len, overrides)] or [0] * n, np.intp)),
        override=np.array([place for places in overrides for place in places], np.intp),
    )
    return described, (entry, skill)


def _at(table: Floats | None, at: tuple[Ints, Ints]) -> Floats:
    return np.full(len(at[0]), np.nan) if table is None else table[at]


def _reasons(
    part: Columns,
    left: Left,
    chosen: Ints,
    rules: Rules,
    *,
    rows: Ints,
    shut_out: Bools,
) -> tuple[NDArray[Any], Ints]:
    """The code of each choice, and how many skills are not mastered where there is no lesson.

    `chosen`: the candidates, -1 where the policy chose none; `shut_out`: by teachers, of the block.
    """
    code, n_unmastered = np.empty(len(rows), object), np.full(len(rows), -1)
    by_policy = chosen >= 0
    by_policy[by_policy] = left.offered[chosen[by_policy]]
    if by_policy.any():
        choices = Choices(
            left.candidates.take(chosen[by_policy]),
            part.score[by_policy],
            part.n_candidates[by_policy],
            part.n_tied[by_policy],
        )
        code[by_policy] = reasons_of(rules.policy, choices)
    code[(part.lesson >= 0) & (part.purpose == Purpose.REMEDIATION)] = "remediation"
    code[part.pin >= 0] = PINNED
    none, context = (part.lesson < 0).nonzero()[0], left.candidates.context
    if len(none):
        code[none], n_unmastered[none] = _why_none(context, rules, rows[none], shut_out)
    return code, n_unmastered


def _why_none(
    context: Context, rules: Rules, rows: Ints, shut_out: Bools
) -> tuple[NDArray[Any], Ints]:
    """Why students are given no lesson, a value of `NoLesson` each, and what is unmastered."""
    barred, code = shut_out[rows], np.empty(len(rows), object)
    if context.mastered is None:
        code[:] = NoLesson.NONE_ELIGIBLE.value
        code[barred] = NoLesson.BARRED.value
        return code, np.full(len(rows), -1)
    missing = ~context.mastered[rows]
    code[:] = NoLesson.NONE_OPEN.value
    if context.needs_teacher is not None:
        alone = context.needs_teacher[rows]
        if context.goal is not None:
            alone = alone & (context.goal[rows] > 0)
        code[alone.any(axis=1)] = NoLesson.ASK_TEACHER.value
    code[barred] = NoLesson.BARRED.value
    if rules.goals is not None:
        labels = [plain(context.students[row]) for row in rows]
        reached = rules.goals.reached(labels, context.mastered[rows])
        code[reached] = NoLesson.GOAL_REACHED.value
    code[~missing.any(axis=1)] = NoLesson.ALL_MASTERED.value
    if context.goal is not None:  # the rest is not asked for
        missing &= context.goal[rows] > 0
    return code, missing.sum(axis=1)


class _Given:
    """What the earlier ranks gave the students of a block."""

    def __init__(self, context: Context) -> None:
        self._teaches = context.curriculum.teaches
        self.lessons = np.zeros((len(context.students), self._teaches.shape[0]), bool)
        self.skills = np.zeros((len(context.students), self._teaches.shape[1]), bool)

    def add(self, rows: Ints, lesson: Ints) -> None:
        """Take in the lessons of one rank, -1 for none."""
        rows, lesson = rows[lesson >= 0], lesson[lesson >= 0]
        self.lessons[rows, lesson] = True
        first = self._teaches.indptr[lesson]
        n_taught = self._teaches.indptr[lesson + 1] - first
        skill = self._teaches.indices[places_of(first, n_taught)]
        self.skills[np.repeat(rows, n_taught), skill] = True


class _Pins:
    """Teachers' pins of a block of students, one for each rank."""

    def __init__(self, pins: dict[int, list[tuple[int, int]]]) -> None:
        self._waiting = {row: list(lessons) for row, lessons in pins.items() if lessons}

    def next(self) -> dict[int, tuple[int, int]]:
        """By row, the lesson that comes at this rank, and the override that says so."""
        taken = {row: lessons.pop(0) for row, lessons in self._waiting.items()}
        self._waiting = {row: lessons for row, lessons in self._waiting.items() if lessons}
        return taken
