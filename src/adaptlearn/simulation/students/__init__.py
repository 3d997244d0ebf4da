"""Simulated students, by equations of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation.students.base import StudentClasses as StudentClasses
    from adaptlearn.simulation.students.base import StudentDifferences as StudentDifferences
    from adaptlearn.simulation.students.base import Students as Students
    from adaptlearn.simulation.students.disengaging import Disengaging as Disengaging
    from adaptlearn.simulation.students.dynamics import answer as answer
    from adaptlearn.simulation.students.dynamics import learn as learn
    from adaptlearn.simulation.students.dynamics import probability_correct as probability_correct
    from adaptlearn.simulation.students.dynamics import ready as ready
    from adaptlearn.simulation.students.forgetting import FadingPractice as FadingPractice
    from adaptlearn.simulation.students.forgetting import StabilityMemory as StabilityMemory
    from adaptlearn.simulation.students.misconceptions import (
        MisconceptionLearners as MisconceptionLearners,
    )
    from adaptlearn.simulation.students.power_law import PowerLawLearners as PowerLawLearners
    from adaptlearn.simulation.students.practice_factors import PracticeFactors as PracticeFactors
    from adaptlearn.simulation.students.sessions import SessionLearners as SessionLearners
    from adaptlearn.simulation.students.stages import StageLearners as StageLearners
    from adaptlearn.simulation.students.two_state import parameter_draws as parameter_draws

_HOMES = {
    "Disengaging": "disengaging",
    "FadingPractice": "forgetting",
    "MisconceptionLearners": "misconceptions",
    "PowerLawLearners": "power_law",
    "PracticeFactors": "practice_factors",
    "SessionLearners": "sessions",
    "StabilityMemory": "forgetting",
    "StageLearners": "stages",
    "StudentClasses": "base",
    "StudentDifferences": "base",
    "Students": "base",
    "answer": "dynamics",
    "learn": "dynamics",
    "parameter_draws": "two_state",
    "probability_correct": "dynamics",
    "ready": "dynamics",
}

__all__ = [  # noqa: PLE0604 - the homes are all names, in one place
    *_HOMES,
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
