"""Kinds of students that people know by name, for one course."""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptlearn.numerics import Ints
from adaptlearn.randomness import Randomness, generator_of
from adaptlearn.simulation.course import Course
from adaptlearn.simulation.students.base import Simulator, StudentDifferences
from adaptlearn.simulation.students.disengaging import Disengaging
from adaptlearn.simulation.students.forgetting import FadingPractice, StabilityMemory
from adaptlearn.simulation.students.misconceptions import MisconceptionLearners
from adaptlearn.simulation.students.power_law import PowerLawLearners
from adaptlearn.simulation.students.practice_factors import PracticeFactors
from adaptlearn.simulation.students.sessions import SessionLearners
from adaptlearn.simulation.students.stages import StageLearners
from adaptlearn.simulation.students.two_state import TwoState


def simulators(course: Course, random_state: Randomness = 0) -> dict[str, Simulator]:
    """Simulators of ten kinds of students for one course, by name.

    The parameters differ between skills.

    ``population``: a skill is known or not, and all students are alike. ``individual``: students
    learn slowly or fast, and start low or high. ``prerequisites``: students who do not know the
    prerequisites of a skill learn this skill slowly. ``disengaging``: students sometimes do not
    try. ``additive_factors``: the log-odds of a right answer grow with practice.
    ``performance_factors``: the log-odds of a right answer grow by different amounts after right
    and after wrong answers. ``fading``: the effect of practice fades with time. ``stability``:
    students remember longer if they space their practice. ``stages``: a skill is new, shaky or
    fluent. A shaky skill may become new again, and a new skill is hard to learn without its
    prerequisites. ``power_law``: the error rate is a power function of practice, and practice of a
    skill also helps the skills that build on it.

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
    edges = _edges(course)
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
        # A generator of its own: the draws do not depend on how many the others take.
        **_gradual(course, generator_of(random_state)),
    }


def _gradual(course: Course, rng: np.random.Generator) -> dict[str, Simulator]:
    """Students whose skills pass through stages, or whose errors fall as a power of practice."""
    n, edges = course.n_skills, _edges(course)
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


def held_out_simulators(course: Course, random_state: Randomness = 0) -> dict[str, Simulator]:
    """Simulators of two more kinds of students, whose equations `simulators` does not use.

    They are separate on purpose. Tune a policy on `simulators`, and use the two held-out simulators
    only once, at the end. The result on the held-out simulators shows whether the policy also works
    for students with other equations.

    ``misconceptions``: many students hold a misconception of a skill and answer wrongly almost
    always. A misconception takes longer to correct than a skill takes to learn, and it may come
    back. ``sessions``: students have good and bad days and grow tired. What a student learnt today
    can be lost again if the student practises similar skills on the same day. Two skills are
    similar if they have a direct prerequisite in common. In both simulators, students learn slowly
    or fast, and start low or high.

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
    ['misconceptions', 'sessions']
    """
    rng = generator_of(random_state)
    n = course.n_skills
    before = course.curriculum.prerequisites
    return {
        "misconceptions": MisconceptionLearners(
            n,
            prior=rng.uniform(0.1, 0.35, n),
            held=rng.uniform(0.28, 0.55, n),
            learn=rng.uniform(0.15, 0.35, n),
            acquire=rng.uniform(0.05, 0.15, n),
            unlearn=rng.uniform(0.06, 0.16, n),
            relapse=rng.uniform(0.002, 0.01, n),
            guess=rng.uniform(0.15, 0.3, n),
            misled_guess=rng.uniform(0.03, 0.12, n),
            slip=rng.uniform(0.05, 0.12, n),
            prerequisites=_edges(course),
        ),
        "sessions": SessionLearners(
            n,
            strength=rng.uniform(0.3, 0.65, n),
            gain=rng.uniform(0.08, 0.2, n),
            guess=rng.uniform(0.1, 0.25, n),
            slip=rng.uniform(0.03, 0.08, n),
            similar=np.stack((before @ before.T).nonzero(), axis=1),
        ),
    }


def _edges(course: Course) -> Ints:
    """Pairs (first, then) of skill numbers, shape (n_edges, 2)."""
    return np.stack(course.curriculum.prerequisites.nonzero()[::-1], axis=1).astype(np.intp)
