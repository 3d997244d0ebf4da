"""Simulation: students with known hidden states, by equations of their own.

Nothing here calls an estimator, so a wrong estimator cannot be confirmed by a copy of itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptlearn.lazy import lazy_names

if TYPE_CHECKING:
    from adaptlearn.simulation.dynamics import answer as answer
    from adaptlearn.simulation.dynamics import learn as learn
    from adaptlearn.simulation.dynamics import probability_correct as probability_correct
    from adaptlearn.simulation.dynamics import ready as ready
    from adaptlearn.simulation.school import School as School
    from adaptlearn.simulation.school import simulate_school as simulate_school

_HOMES = {
    "School": "school",
    "answer": "dynamics",
    "learn": "dynamics",
    "probability_correct": "dynamics",
    "ready": "dynamics",
    "simulate_school": "school",
}

__all__ = ["School", "answer", "learn", "probability_correct", "ready", "simulate_school"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
