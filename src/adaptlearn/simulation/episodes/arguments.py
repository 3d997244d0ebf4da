"""What may be asked of an episode, wherever policies teach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adaptlearn.simulation.course import Course
from adaptlearn.simulation.students.base import Simulator
from adaptlearn.validation import Constraint, Interval

LIMITS: dict[str, list[Constraint]] = {
    "n_students": [Interval(1, 10**8, integer=True)],
    "budget": [Interval(0, 1e9, "right")],
    "minutes_per_day": [Interval(0, 1440, "right")],
}


def skill_problems(
    simulator: Simulator, course: Course, called: str = "the simulator"
) -> list[str]:
    """What is wrong with a simulator for a course."""
    if simulator.n_skills == course.n_skills:
        return []
    return [f"{called} has {simulator.n_skills} skills, the course {course.n_skills}"]


def seed_problems(seeds: Any) -> list[str]:
    """What is wrong with seeds, or a number of them."""
    allowed = Interval(0, 2**62, integer=True)
    several = isinstance(seeds, Iterable) and not isinstance(seeds, str)
    listed = list(seeds) if several else [seeds]
    if not listed or not all(map(allowed.accepts, listed)) or (not several and seeds == 0):
        why = "" if seeds is not None else ": by a seed every policy meets the same students"
        return [f"seeds must be a positive integer or some from 0 on, got {seeds!r:.80}{why}"]
    return ["seeds: some occur twice"] if len(set(listed)) < len(listed) else []
