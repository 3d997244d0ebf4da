"""Kinds of students that people know by name, for one course."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.students.base import Simulator, StudentDifferences
from adaptlearn.simulation.students.disengaging import Disengaging
from adaptlearn.simulation.students.forgetting import FadingPractice, StabilityMemory
from adaptlearn.simulation.students.power_law import PowerLawLearners
from adaptlearn.simulation.students.practice_factors import PracticeFactors
from adaptlearn.simulation.students.stages import StageLearners
from adaptlearn.simulation.students.two_state import TwoState


def simulators(course: Course, random_state: Randomness = 0) -> dict[str, Simulator]:
    """Simulators of eight kinds of students for one course, by name.

    The parameters differ between skills.

    ``population``: a skill is known or not, and all students are alike. ``individual``: students
    learn slowly or fast, and start low or high. ``prerequisites``: students who do not know the
    prerequisites of a skill learn this skill slowly. ``disengaging``: students sometimes do not
    try. ``additive_factors``: the log-odds of a right answer grow with practice.
    ``performance_factors``: the log-odds of a right answer grow by different amounts after right
    and after wrong answers. ``fading``: the effect of practice fades with time. ``stability``:
    students remember longer if they space their practice.

    Parameters
    ----------
    course : Course
        The simulators use the prerequisites of the course's curriculum, so pass the course with the
        true curriculum.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Draws the parameters of skills.

    Returns
    -------
    dict of str to Simulator
    """
    rng = generator_of(random_state)
    n = course.n_skills

    def between(low: float, high: float) -> np.ndarray[Any, np.dtype[np.float64]]:
        return rng.uniform(low, high, n)

    state: dict[str, Any] = {"prior": between(0.1, 0.5), "learn": between(0.1, 0.3),
                             "guess": between(0.1, 0.3), "slip": between(0.05, 0.15)}  # fmt: skip
    ease = between(-1.2, 0.4)
    then, first = course.curriculum.prerequisites.nonzero()
    edges = np.stack([first, then], axis=1).astype(np.intp)
    usual = StudentDifferences()
    return {
        "population": TwoState(n, **state),
        "individual": TwoState(n, **state, differences=usual),
        "prerequisites": TwoState(n, **state, differences=usual, prerequisites=edges),
        "disengaging": Disengaging(TwoState(n, **state, differences=usual)),
        "additive_factors": PracticeFactors(n, ease=ease),
        "performance_factors": PracticeFactors(n, ease=ease, right=0.35, wrong=0.12),
        "fading": FadingPractice(n, ease=ease),
        "stability": StabilityMemory(n, prior=state["prior"] / 2, learn=state["learn"]),
    }


def held_out_simulators(course: Course, random_state: Randomness = 0) -> dict[str, Simulator]:
    """Simulators of two more kinds of students, whose equations `simulators` does not use.

    They are separate on purpose. Tune a policy on `simulators`, and use the two held-out simulators
    only once, at the end. The result on the held-out simulators shows whether the policy also works
    for students with other equations.

    ``stages``: a skill is new, shaky or fluent. A shaky skill may become new again, and a new skill
    is hard to learn without its prerequisites. ``power_law``: the error rate is a power function of
    practice, and practice of a skill also helps the skills that build on it. In both simulators,
    students learn slowly or fast, and start low or high.

    Parameters
    ----------
    course : Course
        As in `simulators`.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Draws the parameters of skills.

    Returns
    -------
    dict of str to Simulator

    Examples
    --------
    >>> from adaptlearn.simulation import random_course
    >>> sorted(held_out_simulators(random_course(6)))
    ['power_law', 'stages']
    """
    rng = generator_of(random_state)
    n = course.n_skills
    edges = np.stack(course.curriculum.prerequisites.nonzero()[::-1], axis=1)
    return {
        "stages": StageLearners(
            n,
            prior=rng.uniform(0.05, 0.3, n),
            prior_shaky=rng.uniform(0.1, 0.4, n),
            grasp=rng.uniform(0.35, 0.65, n),
            settle=rng.uniform(0.3, 0.6, n),
            fall_back=rng.uniform(0.1, 0.3, n),
            guess=rng.uniform(0.1, 0.3, n),
            shaky=rng.uniform(0.5, 0.7, n),
            slip=rng.uniform(0.03, 0.08, n),
            prerequisites=edges,
        ),
        "power_law": PowerLawLearners(
            n,
            error=rng.uniform(0.5, 0.8, n),
            slip=rng.uniform(0.03, 0.08, n),
            rate=rng.uniform(0.8, 1.3, n),
            experience=rng.uniform(0.2, 1, n),
            prerequisites=edges,
        ),
    }
