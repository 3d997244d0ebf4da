"""Days of single students against brute force, and what always holds of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from tests.conftest import trials

from adaptlearn.planning.day.branching import Held, Problem, exact_days
from adaptlearn.planning.day.exact import best_plan
from adaptlearn.planning.day.knapsack import Offers
from adaptlearn.planning.day.limits import KINDS, Limits
from adaptlearn.planning.day.seats import Seats, shared_days
from adaptlearn.planning.day.timetable import in_blocks

K = len(KINDS)
PENALTY = 1000.0


def problem_of(seed: int, n: int = 3, n_offers: int = 7, skill: int | None = None) -> Problem:
    """Random students: their lessons, blocks whose kinds may cross, floors and caps."""
    rng = np.random.default_rng(seed)
    n_blocks, n_skills = int(rng.integers(1, 4)), 4
    kind = np.sort(rng.integers(0, 4, (n, n_offers)), axis=1)
    device = rng.random((n, n_offers)) < 0.6
    order = np.argsort(2 * kind + device, axis=1)
    device = np.take_along_axis(device, order, axis=1)
    lesson = np.array([rng.permutation(12)[:n_offers] for _ in range(n)])
    lesson[rng.random(n) < 0.3, -1] = -1
    steps = rng.integers(1, 5, (n, n_offers))
    value = np.round(rng.random((n, n_offers)) * steps, 3 if seed % 2 else 0)
    teaches = rng.random((12, n_skills)) < 0.35
    teaches[np.arange(12), rng.integers(0, n_skills, 12)] = True
    allowed = rng.random((K, n_blocks)) < 0.7
    rooms = rng.integers(1, 6, n_blocks)
    caps = np.minimum(rng.integers(2, 12, K), rooms.sum())
    floors = np.where(rng.random(K) < 0.4, rng.integers(0, 4, K), 0)
    floors[4:] = 0
    limits = Limits(
        rooms,
        allowed,
        np.minimum(floors, caps),
        caps,
        int(rng.integers(1, rooms.sum() + 1)),
        int(rng.integers(2, 7)) if skill is None else skill,
    )
    lessons = csr_array(teaches.astype(float))
    offers = Offers(lesson, steps, value, kind, device)
    day = np.zeros(n, np.intp)
    return Problem(offers, (limits,), day, PENALTY, lessons)


def fits(limits: Limits, taken: Any) -> bool:
    """Whether minutes of kinds can be spread over the blocks: every set of kinds has room."""
    for size in range(1, K + 1):
        for some in itertools.combinations(range(K), size):
            room = limits.rooms[limits.allowed[[*some]].any(axis=0)].sum()
            if taken[[*some]].sum() > room:
                return False
    return True


def worth_of(problem: Problem, row: int, chosen: Any) -> float | None:
    """The worth of a day by the definition; None if it breaks a limit."""
    limits, offers = problem.days[problem.day[row]], problem.offers
    steps, kind = offers.steps[row] * chosen, offers.kind[row]
    taken = np.bincount(kind, steps, K)
    skills = (problem.teaches.toarray() > 0)[offers.lesson[row]]
    on_skills = (steps[:, None] * skills).sum(axis=0)
    held = problem.held
    mine = held.student == row
    np.add.at(on_skills, held.skill[mine], held.steps[mine])
    touched = (chosen[:, None] & skills).any(axis=0)
    if (
        (taken > limits.caps).any()
        or (steps * offers.device[row]).sum() > limits.device
        or (on_skills[touched] > limits.skill).any()
        or not fits(limits, taken)
    ):
        return None
    below = np.maximum(limits.floors - taken, 0).sum()
    return float((offers.value[row] * chosen)[chosen].sum() - PENALTY * below)


def brute(problem: Problem, row: int) -> float:
    """The best worth of any set of lessons."""
    n = problem.offers.lesson.shape[1]
    found = []
    for marks in itertools.product((False, True), repeat=n):
        chosen = np.array(marks)
        if (problem.offers.lesson[row][chosen] < 0).any():
            continue
        found.append(worth_of(problem, row, chosen))
    return max(worth for worth in found if worth is not None)


@settings(max_examples=trials(2000))
@given(st.integers(0, 10**9))
def test_days_are_the_best_of_all_and_keep_every_limit(seed: int) -> None:
    problem = problem_of(seed)
    if seed % 3 == 0:
        problem = problem._replace(held=Held(*np.array([[0, 1], [2, 3], [1, 2]])))
    best = exact_days(problem, problem.offers.lesson >= 0)
    assert np.array_equal(best.bound, best.worth)
    for row in range(len(best.worth)):
        worth = worth_of(problem, row, best.chosen[row])
        assert worth is not None
        assert abs(worth - best.worth[row]) < 1e-6
        assert abs(brute(problem, row) - worth) < 1e-6


@settings(max_examples=trials(2000))
@given(st.integers(0, 10**9))
def test_chosen_lessons_stand_in_their_blocks_and_minutes_add_up(seed: int) -> None:
    problem = problem_of(seed, n=4)
    limits, offers = problem.days[0], problem.offers
    best = exact_days(problem, offers.lesson >= 0)
    none = np.full(best.chosen.shape, -1)
    used = np.zeros((4, len(limits.rooms)), np.intp)
    found, left = in_blocks(best.chosen, offers.steps, offers.kind, limits, seated=none, used=used)
    placed = np.zeros(best.chosen.shape, np.intp)
    np.add.at(placed, (found.student, found.place), found.steps)
    assert np.array_equal(placed, offers.steps * best.chosen)
    assert limits.allowed[offers.kind[found.student, found.place], found.block].all()
    assert (found.steps > 0).all()
    for student in range(4):
        for block, room in enumerate(limits.rooms.tolist()):
            mine = (found.student == student) & (found.block == block)
            taken = [
                step
                for first, steps in zip(found.first[mine], found.steps[mine], strict=True)
                for step in range(first, first + steps)
            ]
            assert sorted(taken) == [*range(room - left[student, block])]


def seats_of(problem: Problem, seed: int) -> Seats:
    rng = np.random.default_rng([seed, 1])
    needs = np.where(rng.random(12) < 0.5, rng.integers(0, 2, 12), -1)
    free = rng.integers(0, 3, (2, len(problem.days[0].rooms)))
    return Seats(np.append(needs, -1)[problem.offers.lesson], free)


@settings(max_examples=trials(500))
@given(st.integers(0, 10**9))
def test_seats_are_kept_and_the_bound_is_never_below_the_best(seed: int) -> None:
    problem = problem_of(seed, n=5)
    seats, open_ = seats_of(problem, seed), problem.offers.lesson >= 0
    best, near = best_plan(problem, seats, open_), shared_days(problem, seats, open_, 10)
    worths = []
    for shared in (best, near):
        needs = shared.chosen & (seats.resource >= 0)
        assert np.array_equal(needs, shared.seated >= 0)
        load = np.zeros_like(seats.free)
        np.add.at(load, (seats.resource[needs], shared.seated[needs]), 1)
        assert (load <= seats.free).all()
        found = [worth_of(problem, row, shared.chosen[row]) for row in range(5)]
        assert None not in found
        worths.append(sum(worth for worth in found if worth is not None))
        used = np.zeros((5, len(problem.days[0].rooms)), np.intp)
        stretches, left = in_blocks(
            shared.chosen, problem.offers.steps, problem.offers.kind, problem.days[0],
            seated=shared.seated, used=used,
        )  # fmt: skip
        assert (left >= 0).all()
        assert stretches.steps.sum() == (problem.offers.steps * shared.chosen).sum()
    assert worths[1] <= worths[0] + 1e-4
    assert near.bound >= worths[0] - 1e-4


def test_students_do_not_depend_on_their_order() -> None:
    problem = problem_of(3, n=40)
    order = np.random.default_rng(0).permutation(40)
    one = exact_days(problem, problem.offers.lesson >= 0)
    other = exact_days(problem.take(order), problem.offers.lesson[order] >= 0)
    assert np.array_equal(one.worth[order], other.worth)
    assert np.array_equal(one.chosen[order], other.chosen)
