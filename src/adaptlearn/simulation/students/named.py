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
    """Eight kinds of students for one course, by name; skills differ in their parameters.

    ``population``: skills are known or not, and all students are alike. ``individual``: slow and
    fast learners, low and high starts. ``prerequisites``: learning without the prerequisites is
    slow. ``disengaging``: students who sometimes do not try. ``additive_factors`` and
    ``performance_factors``: log-odds grow with practice, or with success and failure. ``fading``:
    practice long ago counts less. ``stability``: spaced practice makes memories last.

    Parameters
    ----------
    course : Course
        The simulators use the prerequisites of its curriculum, so pass the course with the true
        curriculum.
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
    """Two more kinds of students, with other equations than the students of `simulators`.

    They are separate on purpose. Tune a policy on `simulators`, and use these two only once, at the
    end. So you learn whether the policy also works for students with other equations. ``stages``:
    skills are new, shaky or fluent. A shaky skill may be lost again, and a new skill is hard to
    learn without its prerequisites. ``power_law``: errors become rarer as a power of practice, and
    practice partly helps the skills that build on the practised skill. Both kinds have slow and
    fast learners, and low and high starts.

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
