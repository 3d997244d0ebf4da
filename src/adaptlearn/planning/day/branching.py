"""Exact days: the programme's best, and where it breaks a limit that it does not see, branches.

The programme of `knapsack` sees kinds, blocks and floors. It does not see the cap on minutes per
skill, nor blocks whose kinds cross; the cap on device minutes it sees if asked. Where its best day
breaks one of these, one of the lessons that break it must go: each is left out in turn, and the
programme is asked again (branch and bound; Land & Doig, 1960, Econometrica 28). What no branch can
beat is the best day. All open branches of all students are solved together.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from adaptlearn.numerics import Bools, Floats, Ints, places_of
from adaptlearn.planning.day.knapsack import Days, Offers, best_days
from adaptlearn.planning.day.limits import Limits, overfull, tree_of

_ROUNDS = 60  # of branching; then what is best so far is taken, with its bound
_BRANCHES = 400  # open at a time, for each student
_SLACK = 1e-9  # relative: sums of the same values in another order


class Held(NamedTuple):
    """Steps on skills that are taken already, by lessons that a teacher pinned.

    Attributes
    ----------
    student, skill, steps : int arrays, shape (n_held,)
        The row, the place of the skill, and how many steps.
    """

    student: Ints
    skill: Ints
    steps: Ints


NOTHING_HELD = Held(*(np.zeros(0, np.intp) for _ in range(3)))


class Best(NamedTuple):
    """The best day of each row.

    Attributes
    ----------
    chosen : bool array, shape (n, n_offers)
    worth : float array, shape (n,)
        The value of what is chosen, less the penalty for what lacks to floors.
    bound : float array, shape (n,)
        No day has more worth than this; it equals `worth` unless branching was cut short.
    """

    chosen: Bools
    worth: Floats
    bound: Floats


class Problem(NamedTuple):
    """Students, what they may be given, and the limits of their days.

    Attributes
    ----------
    offers : Offers
    days : tuple of Limits
        The different days; they differ by what teachers pinned.
    day : int array, shape (n,)
        Which of the days is each student's.
    penalty : float
        What one step below a floor costs.
    teaches : sparse array, shape (n_lessons, n_skills)
    held : Held
    """

    offers: Offers
    days: tuple[Limits, ...]
    day: Ints
    penalty: float
    teaches: csr_array
    held: Held = NOTHING_HELD

    def take(self, rows: Ints) -> Problem:
        """Some of the students."""
        held = self.held
        if len(held.student):
            place = np.full(len(self.day), -1)
            place[rows] = np.arange(len(rows))
            now = place[held.student]
            held = Held(now[now >= 0], held.skill[now >= 0], held.steps[now >= 0])
        return self._replace(offers=self.offers.take(rows), day=self.day[rows], held=held)

    def by_day(self) -> Iterator[tuple[Ints, Problem]]:
        """The students of each day."""
        for place, limits in enumerate(self.days):
            rows = np.flatnonzero(self.day == place)
            if len(rows) == len(self.day):
                yield rows, self._replace(days=(limits,), day=np.zeros_like(self.day))
            elif len(rows):
                part = self.take(rows)
                yield rows, part._replace(days=(limits,), day=np.zeros_like(part.day))


class _Branches(NamedTuple):
    """Open branches: of which student, which offers are open, whether device minutes are seen."""

    student: Ints
    open: Bools
    device: Bools


def exact_days(problem: Problem, open_: Bools, n_jobs: int = 1) -> Best:
    """The best day of each student, under all limits.

    Parameters
    ----------
    problem : Problem
    open_ : bool array, shape (n, n_offers)
        Which of the offers may be chosen.
    n_jobs : int
        How many parts of the students are solved at the same time, in threads.
    """
    n = len(open_)
    if n_jobs > 1:
        parts = np.array_split(np.arange(n), n_jobs)
        with ThreadPoolExecutor(n_jobs) as workers:
            found = workers.map(lambda rows: exact_days(problem.take(rows), open_[rows]), parts)
            columns: list[Any] = [*map(np.concatenate, zip(*found, strict=True))]
        return Best(*columns)
    best = Best(np.zeros(open_.shape, bool), np.full(n, -np.inf), np.full(n, -np.inf))
    for rows, part in problem.by_day():
        for whole, table in zip(best, _exact(part, open_[rows]), strict=True):
            whole[rows] = table
    return best


def relaxed_days(problem: Problem, open_: Bools) -> Days:
    """The best day of each student but for skills, device minutes and kinds that cross."""
    n = len(open_)
    found = Days(np.zeros(open_.shape, bool), np.zeros(n))
    for rows, part in problem.by_day():
        days = best_days(part.offers, open_[rows], part.days[0], part.penalty, device=False)
        found.chosen[rows], found.worth[rows] = days
    return found


def _exact(problem: Problem, open_: Bools) -> Best:
    """The same for students of one day."""
    n = len(open_)
    # Most students need no tables of two dimensions, so device minutes are seen only if asked.
    branches = _Branches(np.arange(n), open_, np.zeros(n, bool))
    best = Best(np.zeros(open_.shape, bool), np.full(n, -np.inf), np.full(n, -np.inf))
    worth = best.worth[:0]
    for _ in range(_ROUNDS):
        if not len(branches.student):
            break
        branches, worth = _round(problem, branches, best)
    bound = best.worth.copy()
    if len(branches.student):
        np.maximum.at(bound, branches.student, worth)
    return best._replace(bound=bound)


def _round(problem: Problem, branches: _Branches, best: Best) -> tuple[_Branches, Floats]:
    """Solve all open branches, keep what is better, and branch where a limit is broken."""
    student = branches.student
    chosen, worth = np.zeros(branches.open.shape, bool), np.empty(len(student))
    for device in (False, True):
        rows = np.flatnonzero(branches.device == device)
        if len(rows):
            chosen[rows], worth[rows] = best_days(
                problem.offers.take(student[rows]), branches.open[rows], problem.days[0],
                problem.penalty, device=device,
            )  # fmt: skip
    left = _promising(worth, best.worth[student])
    rows = np.flatnonzero(left)
    broken = broken_limits(problem, student[rows], chosen[rows], branches.device[rows])
    sound = np.ones(len(rows), bool)
    sound[broken.row] = False
    _keep(best, student, chosen, worth, rows[sound])
    still = _promising(worth[rows[broken.row]], best.worth[student[rows[broken.row]]])
    row = rows[broken.row[still]]
    made = [*_children(branches, row, broken, still)]
    if not made:
        return _Branches(student[:0], branches.open[:0], branches.device[:0]), worth[:0]
    columns: list[Any] = [*map(np.concatenate, zip(*made, strict=True))]
    parent, open_, seen = _distinct(student, *columns)
    return _fewer(_Branches(student[parent], open_, seen), worth[parent])


def _promising(worth: Floats, held: Floats) -> Bools:
    """Branches that may be better than what is held."""
    finite = np.where(np.isfinite(held), held, 0.0)
    return np.asarray((worth > held + _SLACK * (1 + np.abs(finite))) & (worth > -np.inf))


def _keep(best: Best, student: Ints, chosen: Bools, worth: Floats, rows: Ints) -> None:
    """Keep for each student the best of the sound branches."""
    rows = rows[np.lexsort((worth[rows], student[rows]))]
    who = student[rows]
    last = rows[np.append(who[1:] != who[:-1], True)[: len(who)]]
    last = last[worth[last] > best.worth[student[last]]]
    best.chosen[student[last]], best.worth[student[last]] = chosen[last], worth[last]


class Broken(NamedTuple):
    """Limits that choices break.

    Attributes
    ----------
    row : int array, shape (n_broken,)
        Each row once.
    cover : bool array, shape (n_broken, n_offers)
        Chosen lessons of which one must go.
    device : bool array, shape (n_broken,)
        Whether it is the cap on device minutes that is broken.
    """

    row: Ints
    cover: Bools
    device: Bools


def broken_limits(problem: Problem, student: Ints, chosen: Bools, seen: Bools) -> Broken:
    """Where choices of students of one day break a limit that the programme does not see.

    Parameters
    ----------
    problem : Problem
    student : int array, shape (n,)
        The row of the problem of each choice.
    chosen : bool array, shape (n, n_offers)
    seen : bool array, shape (n,)
        Whether the programme saw device minutes.
    """
    n, limits = len(student), problem.days[0]
    broken, by_device = np.zeros(n, bool), np.zeros(n, bool)
    cover = np.zeros(chosen.shape, bool)
    row, place = np.nonzero(chosen)
    at = student[row], place
    steps, lesson = problem.offers.steps[at].astype(np.int64), problem.offers.lesson[at]
    kind, on = problem.offers.kind[at], problem.offers.device[at]
    if limits.device < limits.total:
        over = np.bincount(row, steps * on, n) > limits.device
        broken |= over & ~seen
        by_device |= over & ~seen
    if not tree_of(limits).whole:
        taken = np.zeros((n, len(limits.caps)), np.int64)
        np.add.at(taken, (row, kind), steps)
        rows, kinds = overfull(limits, taken)
        cover[rows] = chosen[rows] & np.take_along_axis(
            kinds, problem.offers.kind[student[rows]].astype(np.intp), 1
        )
        broken[rows] = True
    rows, skill = _over_skill(problem, student, row, lesson, steps)
    fresh = ~broken[rows]
    rows, skill = rows[fresh], skill[fresh]
    wanted = np.full(n, -1)
    wanted[rows] = skill
    hit = _teach(problem.teaches, lesson, wanted[row])
    cover[row[hit], place[hit]] = True
    broken[rows] = True
    found = np.flatnonzero(broken)
    return Broken(found, cover[found], by_device[found])


def _over_skill(
    problem: Problem, student: Ints, row: Ints, lesson: Ints, steps: Ints
) -> tuple[Ints, Ints]:
    """Choices with too many steps on a skill, each once, and the first such skill."""
    if problem.days[0].skill >= problem.days[0].total and not len(problem.held.student):
        return row[:0], row[:0]
    n_skills, teaches = problem.teaches.shape[1], problem.teaches
    entries, sizes = _entries(teaches, lesson)
    key = row.repeat(sizes) * n_skills + teaches.indices[entries]
    used = steps.repeat(sizes)
    held = problem.held
    if len(held.student):
        choices = [np.flatnonzero(student == who) for who in held.student.tolist()]
        times = [len(found) for found in choices]
        own = np.concatenate(choices) * n_skills + held.skill.repeat(times)
        # Held steps count where something chosen is on the same skill.
        keep = np.isin(own, key)
        key = np.concatenate([key, own[keep]])
        used = np.concatenate([used, held.steps.repeat(times)[keep]])
    distinct, place = np.unique(key, return_inverse=True)
    over = distinct[np.bincount(place, used, len(distinct)) > problem.days[0].skill]
    rows, first = np.unique(over // n_skills, return_index=True)
    return rows, over[first] % n_skills


def _entries(teaches: csr_array, lesson: Ints) -> tuple[Ints, Ints]:
    first = teaches.indptr[lesson]
    sizes = teaches.indptr[lesson + 1] - first
    return places_of(first, sizes), sizes


def _teach(teaches: csr_array, lesson: Ints, skill: Ints) -> Bools:
    """Whether each lesson teaches a skill, -1 for none."""
    entries, sizes = _entries(teaches, lesson)
    same = teaches.indices[entries] == skill.repeat(sizes)
    return np.bincount(np.arange(len(lesson)).repeat(sizes), same, len(lesson)) > 0


def _children(
    branches: _Branches, row: Ints, broken: Broken, still: Bools
) -> Iterator[tuple[Ints, Bools, Bools]]:
    """The branches that take the place of one: with one lesson less, or with device minutes."""
    by_device = broken.device[still]
    if by_device.any():
        rows = row[by_device]
        yield rows, branches.open[rows], np.ones(len(rows), bool)
    at, place = np.nonzero(broken.cover[still] & ~by_device[:, None])
    if len(at):
        open_ = branches.open[row[at]].copy()
        open_[np.arange(len(at)), place] = False
        yield row[at], open_, branches.device[row[at]]


def _distinct(
    student: Ints, parent: Ints, open_: Bools, device: Bools
) -> tuple[Ints, Bools, Bools]:
    """Each branch once: lessons may be left out in any order."""
    marks = np.packbits(np.column_stack([open_, device]), axis=1)
    whole = np.column_stack([student[parent].astype(np.int64).view(np.uint8).reshape(-1, 8), marks])
    key = np.ascontiguousarray(whole).view(np.dtype((np.void, whole.shape[1]))).ravel()
    first = np.unique(key, return_index=True)[1]
    return parent[first], open_[first], device[first]


def _fewer(branches: _Branches, worth: Floats) -> tuple[_Branches, Floats]:
    """The most promising branches of each student, if there are very many."""
    order = np.lexsort((-worth, branches.student))
    who = branches.student[order]
    first = np.searchsorted(who, who)
    kept = order[np.arange(len(who)) - first < _BRANCHES]
    tables: list[Any] = [table[kept] for table in branches]
    return _Branches(*tables), worth[kept]
