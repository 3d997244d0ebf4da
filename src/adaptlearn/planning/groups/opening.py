"""Which skill each slot is on: opened one after another, then exchanged while that helps.

To open a skill in the slot in which it meets most of the need that is still open is the greedy
rule for a submodular aim, which is never below 63% of the best (Nemhauser, Wolsey & Fisher, 1978);
in practice it comes much nearer.

References
----------
- G. Nemhauser, L. Wolsey, M. Fisher (1978). An analysis of approximations for maximizing submodular
  set functions. Mathematical Programming 14, 265-294.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adaptlearn.numerics import Floats, Ints
from adaptlearn.planning.groups.seating import Seating, feasible, seated
from adaptlearn.planning.groups.week import FREE, Week

_GAIN = 1e-7  # of need: what an exchange must bring, beyond rounding


def opened(week: Week) -> Seating | None:
    """Skills opened greedily, and the students seated; None if the limits allow no seating."""
    found = seated(week, greedy(week))
    return feasible_first(week) if found is None else found


def feasible_first(week: Week) -> Seating | None:
    """Any skills that allow a seating, and the best seating with these."""
    found = feasible(week)
    return None if found is None else seated(week, found.skill)


def greedy(week: Week) -> Ints:
    """The skill of each slot, shape (m,): the largest slots first."""
    m = len(week.largest)
    skill = np.full(m, FREE)
    left = week.need.astype(np.float64)
    best = np.zeros((len(left), week.at_most))  # the needs that are met so far, largest last
    able = None if week.tutors is None else week.tutors.any(axis=0)
    for slot in np.argsort(-week.largest, kind="stable"):
        choices = np.flatnonzero(week.allowed[slot] & (True if able is None else able))
        if not len(choices):
            continue
        seats = week.largest[slot] - (week.tutors is not None)
        # A student's own slots are few: what a further one brings is what it has over the least.
        more = np.maximum(left[:, choices] - best[:, :1], 0.0)
        order = np.sort(more, axis=0)[::-1]
        total = order[:seats].sum(axis=0)
        pick = int(total.argmax())
        skill[slot] = choices[pick]
        who = np.argsort(-more[:, pick], kind="stable")[:seats]
        who = who[more[who, pick] > 0]
        best[who, 0] = left[who, choices[pick]]
        best[who] = np.sort(best[who], axis=1)
        left[who, choices[pick]] = 0.0
    return skill


def exchanged(week: Week, start: Seating) -> Seating:
    """Put slots on other skills, one or two at a time, while more need is met."""
    best = start
    improved = True
    while improved:
        improved = False
        for skill in _neighbours(week, best):
            found = seated(week, skill)
            if found is not None and found.value > best.value + _GAIN:
                best, improved = found, True
                break
    return best


def _neighbours(week: Week, current: Seating) -> Iterator[Ints]:
    """Skills of slots with one changed or two swapped that could meet more, most promising first.

    What a change can bring is bounded twice: by the best students of each slot, whatever else
    they do, and by the best slots of each student, whoever else is there.
    """
    proposals = []
    seats = np.minimum(week.largest, len(week.need))
    for slot in range(len(seats)):
        for skill in np.flatnonzero(week.allowed[slot]):
            if skill != current.skill[slot]:
                changed = current.skill.copy()
                changed[slot] = skill
                proposals.append(changed)
    alike = np.stack([week.smallest, week.largest, week.time, week.station])
    for one in range(len(seats)):
        for other in range(one):
            swapped = current.skill.copy()
            swapped[[one, other]] = swapped[[other, one]]
            fits = all(
                swapped[slot] == FREE or week.allowed[slot, swapped[slot]] for slot in (one, other)
            )
            if fits and (alike[:, one] != alike[:, other]).any():
                proposals.append(swapped)
    bounds = [bound(week, skill, seats) for skill in proposals]
    for place in np.argsort(-np.array(bounds), kind="stable"):
        if bounds[place] > current.value + _GAIN:
            yield proposals[place]


def bound(week: Week, skill: Ints, seats: Ints) -> float:
    """More need than this cannot be met with these skills."""
    on = np.flatnonzero(skill != FREE)
    worth: Floats = week.need[:, skill[on]].astype(np.float64)
    top = -np.sort(-worth, axis=0)
    by_slot = sum(float(top[: seats[slot], place].sum()) for place, slot in enumerate(on))
    once = week.need[:, np.unique(skill[on])]
    by_student = float(-np.sort(-once, axis=1)[:, : week.at_most].sum())
    return min(by_slot, by_student)
