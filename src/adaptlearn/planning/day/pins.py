"""Lessons that teachers pinned to blocks: what they break, and what they leave free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from adaptlearn.curriculum.curriculum import Curriculum
from adaptlearn.labels import Label
from adaptlearn.numerics import Floats, Ints
from adaptlearn.planning.day.limits import KINDS, Limits, Pin, kind_of, levels_of


class Pinned(NamedTuple):
    """What is needed to check pins.

    Attributes
    ----------
    pins : list of Pin
    students : sequence of labels
    blocks : sequence of str
    limits : Limits
    step : int
    resources : sequence of str
    resource : int array, shape (n_lessons,)
    seats : int array, shape (n_resources, n_blocks)
    spans : float array, shape (n_students, 2)
        The lowest and the highest level of each student.
    """

    pins: list[Pin]
    students: Sequence[Label]
    blocks: Sequence[str]
    limits: Limits
    step: int
    resources: Sequence[str]
    resource: Ints
    seats: Ints
    spans: Floats


def pin_problems(given: Pinned, curriculum: Curriculum) -> Iterator[str]:
    """Limits that pins break, with the numbers on both sides."""
    limits, step, teaches = given.limits, given.step, curriculum.teaches
    used: Counter[tuple[str, int, int]] = Counter()
    for pin in given.pins:
        kind = kind_of(curriculum)[pin.lesson]
        used["lesson", pin.student, pin.lesson] += 1
        used["block", pin.student, pin.block] += pin.steps
        used["kind", pin.student, int(kind)] += pin.steps
        if curriculum.lesson_modes[pin.lesson] == "device":
            used["device", pin.student, 0] += pin.steps
        for skill in teaches.indices[teaches.indptr[pin.lesson] : teaches.indptr[pin.lesson + 1]]:
            used["skill", pin.student, int(skill)] += pin.steps
        if given.resource[pin.lesson] >= 0:
            used["seat", int(given.resource[pin.lesson]), pin.block] += 1
        if not limits.allowed[kind, pin.block]:
            yield (
                f"pin of {curriculum.lessons[pin.lesson]!r}: block {given.blocks[pin.block]!r} "
                f"does not allow {KINDS[kind]}"
            )
        yield from _level(pin, given, curriculum)
    for (what, one, two), much in used.items():
        yield from _over(what, one, two, much, given=given, curriculum=curriculum, step=step)


def _level(pin: Pin, given: Pinned, curriculum: Curriculum) -> Iterator[str]:
    low, high = levels_of(curriculum)
    span = given.spans[pin.student]
    if low[pin.lesson] > span[1] or high[pin.lesson] < span[0]:
        yield (
            f"pin of {curriculum.lessons[pin.lesson]!r}: it has levels "
            f"{low[pin.lesson]:g} to {high[pin.lesson]:g}, and {given.students[pin.student]!r} has "
            f"levels {span[0]:g} to {span[1]:g}"
        )


def _over(
    what: str, one: int, two: int, much: int, *, given: Pinned, curriculum: Curriculum, step: int
) -> Iterator[str]:
    """What is pinned beyond a limit."""
    limits = given.limits
    if what == "seat":
        if much > given.seats[one, two]:
            yield (
                f"{much} pins need a seat of {given.resources[one]!r} in block "
                f"{given.blocks[two]!r}, which has {given.seats[one, two]}"
            )
        return
    student = f"pins of {given.students[one]!r}"
    if what == "lesson":
        if much > 1:
            yield f"{student} hold {curriculum.lessons[two]!r} {much} times; once is allowed"
        return
    if what == "block":
        most, whose = int(limits.rooms[two]), f"block {given.blocks[two]!r}, which has"
    elif what == "kind":
        most, whose = int(limits.caps[two]), f"{KINDS[two]}, whose cap is"
    elif what == "device":
        most, whose = limits.device, "device time, whose cap is"
    else:
        most, whose = limits.skill, f"the skill {curriculum.skills[two]!r}, whose cap is"
    if much > most:
        yield f"{student} take {much * step} minutes of {whose} {most * step}"


def days_with(
    pins: Sequence[Pin], limits: Limits, n_students: int, curriculum: Curriculum
) -> tuple[tuple[Limits, ...], Ints]:
    """What pins leave of the day: the different days, and which of them is each student's."""
    if not pins:
        return (limits,), np.zeros(n_students, np.intp)
    n_blocks, n_kinds = len(limits.rooms), len(limits.caps)
    used = np.zeros((n_students, n_blocks + n_kinds + 1), np.intp)
    for pin in pins:
        used[pin.student, pin.block] += pin.steps
        used[pin.student, n_blocks + kind_of(curriculum)[pin.lesson]] += pin.steps
        used[pin.student, -1] += pin.steps * (curriculum.lesson_modes[pin.lesson] == "device")
    distinct, day = np.unique(used, axis=0, return_inverse=True)
    days = tuple(
        limits._replace(
            rooms=limits.rooms - row[:n_blocks],
            floors=np.maximum(limits.floors - row[n_blocks:-1], 0),
            caps=limits.caps - row[n_blocks:-1],
            device=int(limits.device - row[-1]),
        )
        for row in distinct
    )
    return days, day.ravel()
