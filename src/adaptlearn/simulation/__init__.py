"""Simulation: students with known hidden states, by equations of their own.

Nothing here calls an estimator, so a wrong estimator cannot be confirmed by a copy of itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
